"""How often a host may be asked, what it says when that was too often, and what to remember."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Protocol

from digest.core.pacing import Standing, Validators

# No pause is longer: a host that asks for a year is asked again tomorrow.
LONGEST_PAUSE = timedelta(hours=24)
_FIRST_BACKOFF_S = 30.0
_LONGEST_BACKOFF_S = 6 * 3600.0
# A host that failed so often in a row rests, and is then tried with one request.
FAILURES_TO_REST = 3
_FIRST_REST_S = 300.0
_LONGEST_REST_S = 3600.0
# Above this a reset time is a moment in Unix time, not a number of seconds from now.
_A_MOMENT_S = 1e9
_SECONDS = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,6})?")
_RATE_LIMIT_ITEM = re.compile(r"(?:^|,)\s*\"?[^\",;]*\"?((?:\s*;\s*\w+=\"?[\w.]+\"?)+)")
_RATE_LIMIT_FIELD = re.compile(r"(\w+)=\"?([0-9]{1,12})\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """A group of hosts that share one limit, and the least time between two requests to it.

    `service` is the one host that is asked, the whole group when "": a pause that one asks for,
    or its being down, does not keep us from the others. A host that answered 403 has blocked us
    and is left alone for `blocked_s`; 0 where that only means that a password is wrong.
    """

    name: str
    interval_s: float
    service: str = ""
    blocked_s: float = 0

    @property
    def standing_name(self) -> str:
        """Where pauses and failures are kept."""
        return self.service or self.name


ARXIV_PACE = "arxiv.org"
HUGGING_FACE_PACE = "huggingface.co"
# Seconds between two requests. All of arXiv's older interfaces share one limit, over all hosts
# (https://info.arxiv.org/help/api/tou.html).
_GROUPS = {ARXIV_PACE: 3.0, HUGGING_FACE_PACE: 0.2}
_INTERVAL_S = 1.0
ARXIV_BLOCKED_S = 6 * 3600.0


def pace_of(host: str) -> Pace:
    """The group of a host that no source has to itself: `rss.arxiv.org` shares with all arXiv."""
    for name, interval_s in _GROUPS.items():
        if host == name or host.endswith(f".{name}"):
            return Pace(name=name, interval_s=interval_s, service=host)
    return Pace(name=host, interval_s=_INTERVAL_S)


def arxiv_pace(service: str, interval_s: float) -> Pace:
    """One limit for all of arXiv; a 403 there follows abuse (https://arxiv.org/robots.txt)."""
    return Pace(name=ARXIV_PACE, interval_s=interval_s, service=service, blocked_s=ARXIV_BLOCKED_S)


class PaceState(Protocol):
    """Etiquette that outlives the process; every change is kept at once."""

    def standing(self, name: str) -> Standing:
        """How we stand with the group; an empty Standing when it was never asked."""

    def reserve(self, name: str, *, now: datetime, interval: timedelta) -> datetime:
        """The moment at which the group may be asked next, taken by the caller: whoever comes
        after, in this process or another, is given a moment at least `interval` later."""

    def save_next_request(self, name: str, at: datetime) -> None:
        """Not to be asked again before `at`; the pause stays as it is."""

    def save_pause(
        self,
        name: str,
        *,
        until: datetime,
        reason: str,
        throttled_in_a_row: int,
        failed_in_a_row: int = 0,
    ) -> None:
        """Not to be asked at all before `until`; the next request's moment stays as it is."""

    def save_failures(self, name: str, failed_in_a_row: int) -> None:
        """So many calls in a row found no answer; all else stays as it is."""

    def clear_pause(self, name: str) -> None:
        """No pause, no throttling and no failures in a row; the next request's moment stays."""

    def validators(self, url: str) -> Validators | None:
        """What was kept for this URL, or None."""

    def save_validators(self, url: str, kept: Validators) -> None:
        """Kept for this URL in place of what was there."""


def is_throttling(status: int, headers: Mapping[str, str]) -> bool:
    """Whether the answer says "too often": 429, 406 or 503, and GitHub's 403 with nothing left
    or with a time to wait."""
    if status == 403:
        return _nothing_left(headers) or "retry-after" in headers
    return status in (406, 429, 503)


def asked_pause_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """The seconds that a throttling answer asks for, at least 1; None when it does not say.

    Reads Retry-After as seconds or as an HTTP-date (RFC 9110, 10.2.3), else the reset time `t`
    of the exhausted policies in a RateLimit header, as Hugging Face sends it, else
    X-RateLimit-Reset where nothing is left: GitHub gives a moment, Reddit and OpenAlex seconds.
    """
    hint = _retry_after_s(headers.get("retry-after", ""), now)
    if hint is None:
        hint = _rate_limit_s(headers.get("ratelimit", ""))
    if hint is None and _nothing_left(headers):
        hint = _reset_s(headers.get("x-ratelimit-reset", ""), now)
    return None if hint is None else min(max(hint, 1.0), LONGEST_PAUSE.total_seconds())


def _retry_after_s(value: str, now: datetime) -> float | None:
    value = value.strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
        if moment.tzinfo is None:  # "-0000", which email takes for an unknown zone; HTTP means UTC
            moment = moment.replace(tzinfo=UTC)
        return (moment - now).total_seconds()
    except (ValueError, OverflowError, IndexError, TypeError):
        return None


def _rate_limit_s(value: str) -> float | None:
    waits = []
    for item in _RATE_LIMIT_ITEM.finditer(value[:500]):
        fields = dict(_RATE_LIMIT_FIELD.findall(item[1]))
        if fields.get("r") == "0" and "t" in fields:
            waits.append(float(fields["t"]))
    return max(waits, default=None)


def _nothing_left(headers: Mapping[str, str]) -> bool:
    left = headers.get("x-ratelimit-remaining", "").strip()
    return bool(_SECONDS.fullmatch(left)) and float(left) == 0


def _reset_s(value: str, now: datetime) -> float | None:
    if not _SECONDS.fullmatch(value.strip()):
        return None
    reset = float(value)
    return reset - now.timestamp() if reset > _A_MOMENT_S else reset


def failure_pause_s(failed_in_a_row: int, jitter: float) -> float:
    """How long a host that gives no answer is left alone: not at all at first, from the third
    call in a row on 5 minutes, then 10, 20, 40, and an hour at most. `jitter` as below."""
    doublings = failed_in_a_row - FAILURES_TO_REST
    if doublings < 0:
        return 0
    pause_s = _FIRST_REST_S * math.ldexp(1, min(doublings, 20))
    return min(pause_s * (1 + jitter / 4), _LONGEST_REST_S)


def backoff_s(throttled_in_a_row: int, jitter: float) -> float:
    """How long to leave a host alone that gives no hint: 30 s, 60 s, 120 s and so on up to 6 h.

    `throttled_in_a_row` counts this time, from 1; `jitter` in [0, 1) adds up to a quarter.
    """
    doublings = min(max(throttled_in_a_row - 1, 0), 20)
    return min(_FIRST_BACKOFF_S * math.ldexp(1, doublings) * (1 + jitter / 4), _LONGEST_BACKOFF_S)


def duration_text(span: timedelta) -> str:
    """A length of time as a person says it, at least a second."""
    seconds = max(round(span.total_seconds()), 1)
    if seconds < 120:
        return f"{seconds} s"
    return f"{round(seconds / 60)} min" if seconds < 7200 else f"{round(seconds / 3600)} h"
