"""Whose turn it is: waits between requests, pauses that hosts ask for, and rest for those that
do not answer, as they are kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from digest.core.clock import Clock
from digest.core.errors import SourceThrottled, SourceUnavailable
from digest.sources.etiquette import (
    FAILURES_TO_REST,
    LONGEST_PAUSE,
    Pace,
    PaceState,
    asked_pause_s,
    backoff_s,
    duration_text,
    failure_pause_s,
)

log = structlog.get_logger()

# A pause this short is waited out in place.
_WAITED_IN_PLACE_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer that says "too often"."""

    host: str
    status: int
    headers: Mapping[str, str]


class Turns:
    """Etiquette at work: what `paces` keeps, and waiting on `clock` for what it says."""

    def __init__(self, paces: PaceState, clock: Clock, jitter: Callable[[], float]) -> None:
        self._paces = paces
        self._clock = clock
        self._jitter = jitter

    def refuse_while_paused(self, pace: Pace) -> None:
        """Raises SourceThrottled while the host has us wait, SourceUnavailable while it rests."""
        standing = self._paces.standing(pace.standing_name)
        left = _left(standing.paused_until, self._clock.now())
        # A pause longer than any this program makes comes from a clock that was ahead.
        if not timedelta() < left <= LONGEST_PAUSE:
            return
        message = f"{standing.pause_reason}; not asked again for {duration_text(left)}"
        error = SourceThrottled if standing.throttled_in_a_row else SourceUnavailable
        raise error(message, retry_after_s=left.total_seconds())

    def is_on_trial(self, pace: Pace) -> bool:
        """Whether the host failed so often that one request must do to tell how it is."""
        return self._paces.standing(pace.standing_name).failed_in_a_row >= FAILURES_TO_REST

    def take(self, pace: Pace) -> None:
        """Waits until the group may be asked; a clock that was put back does not wait for long."""
        interval = timedelta(seconds=pace.interval_s)
        now = self._clock.now()
        left = self._paces.reserve(pace.name, now=now, interval=interval) - now
        if left > timedelta():
            self._clock.sleep(left.total_seconds())

    def end(self, pace: Pace) -> None:
        """The interval counts from the end of a request: only one is under way at a time."""
        at = self._clock.now() + timedelta(seconds=pace.interval_s)
        kept = self._paces.standing(pace.name).next_request_at
        if kept is None or kept < at:
            self._paces.save_next_request(pace.name, at)

    def pause(self, pace: Pace, refusal: Refusal, *, wait: bool) -> None:
        """Records the pause and waits it out when it is short, asked for, and `wait` holds."""
        row = self._paces.standing(pace.standing_name).throttled_in_a_row + 1
        asked_s = asked_pause_s(refusal.headers, self._clock.now())
        own_s = backoff_s(row, self._jitter())
        in_place = wait and asked_s is not None and asked_s <= _WAITED_IN_PLACE_S
        pause_s = asked_s if asked_s is not None and wait else max(asked_s or 0.0, own_s)
        reason = f"{refusal.host} asked us to wait (answered {refusal.status})"
        self._save_pause(pace, pause_s, reason, throttled_in_a_row=row)
        log.warning(
            "http.throttled",
            host=refusal.host,
            status=refusal.status,
            pause_s=round(pause_s, 1),
            in_a_row=row,
        )
        if not in_place:
            left = duration_text(timedelta(seconds=pause_s))
            raise SourceThrottled(f"{reason}; not asked again for {left}", retry_after_s=pause_s)
        self._clock.sleep(pause_s)

    def failed(self, pace: Pace, message: str) -> SourceUnavailable:
        """One more call in a row without an answer; from the third on the host rests a while."""
        row = self._paces.standing(pace.standing_name).failed_in_a_row + 1
        rest_s = failure_pause_s(row, self._jitter())
        if not rest_s:
            self._paces.save_failures(pace.standing_name, row)
            return SourceUnavailable(message)
        reason = f"{message}, {row} times in a row"
        self._save_pause(pace, rest_s, reason, failed_in_a_row=row)
        log.warning("http.resting", host=pace.standing_name, rest_s=round(rest_s), in_a_row=row)
        left = duration_text(timedelta(seconds=rest_s))
        return SourceUnavailable(f"{reason}; not asked again for {left}", retry_after_s=rest_s)

    def blocked(self, pace: Pace, error: SourceUnavailable) -> SourceUnavailable:
        """A 403 where that means that we are not wanted: no more requests for hours."""
        if not pace.blocked_s:
            return error
        self._save_pause(pace, pace.blocked_s, str(error), failed_in_a_row=1)
        left = duration_text(timedelta(seconds=pace.blocked_s))
        return SourceUnavailable(
            f"{error}; not asked again for {left}", retry_after_s=pace.blocked_s
        )

    def answered(self, pace: Pace) -> None:
        """The host gave a proper answer: whatever it asked for before is over."""
        standing = self._paces.standing(pace.standing_name)
        troubled = standing.throttled_in_a_row or standing.failed_in_a_row
        if troubled or standing.paused_until is not None:
            self._paces.clear_pause(pace.standing_name)

    def _save_pause(
        self,
        pace: Pace,
        seconds: float,
        reason: str,
        *,
        throttled_in_a_row: int = 0,
        failed_in_a_row: int = 0,
    ) -> None:
        self._paces.save_pause(
            pace.standing_name,
            until=self._clock.now() + timedelta(seconds=seconds),
            reason=reason,
            throttled_in_a_row=throttled_in_a_row,
            failed_in_a_row=failed_in_a_row,
        )


def _left(moment: datetime | None, now: datetime) -> timedelta:
    return timedelta() if moment is None else moment - now
