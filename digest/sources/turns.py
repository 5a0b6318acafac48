"""Whose turn it is: waits between requests, and pauses that hosts ask for, as they are kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from digest.core.clock import Clock
from digest.core.errors import SourceThrottled
from digest.sources.etiquette import (
    LONGEST_PAUSE,
    Pace,
    PaceState,
    asked_pause_s,
    backoff_s,
    duration_text,
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
        standing = self._paces.standing(pace.name)
        left = _left(standing.paused_until, self._clock.now())
        # A pause longer than any this program makes comes from a clock that was ahead.
        if timedelta() < left <= LONGEST_PAUSE:
            raise SourceThrottled(
                f"{standing.pause_reason}; not asked again for {duration_text(left)}",
                retry_after_s=left.total_seconds(),
            )

    def take(self, pace: Pace) -> None:
        """Waits until the group may be asked; a clock that was put back does not wait for long."""
        interval = timedelta(seconds=pace.interval_s)
        left = _left(self._paces.standing(pace.name).next_request_at, self._clock.now())
        if left > timedelta():
            self._clock.sleep(min(left, interval).total_seconds())
        self._paces.save_next_request(pace.name, self._clock.now() + interval)

    def end(self, pace: Pace) -> None:
        """The interval counts from the end of a request: only one is under way at a time."""
        interval = timedelta(seconds=pace.interval_s)
        self._paces.save_next_request(pace.name, self._clock.now() + interval)

    def pause(self, pace: Pace, refusal: Refusal, *, wait: bool) -> None:
        """Records the pause and waits it out when it is short, asked for, and `wait` holds."""
        row = self._paces.standing(pace.name).throttled_in_a_row + 1
        asked_s = asked_pause_s(refusal.headers, self._clock.now())
        own_s = backoff_s(row, self._jitter())
        in_place = wait and asked_s is not None and asked_s <= _WAITED_IN_PLACE_S
        pause_s = asked_s if asked_s is not None and wait else max(asked_s or 0.0, own_s)
        reason = f"{refusal.host} asked us to wait (answered {refusal.status})"
        self._paces.save_pause(
            pace.name,
            until=self._clock.now() + timedelta(seconds=pause_s),
            reason=reason,
            throttled_in_a_row=row,
        )
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

    def answered(self, pace: Pace) -> None:
        """The host gave a proper answer: whatever it asked for before is over."""
        standing = self._paces.standing(pace.name)
        if standing.throttled_in_a_row or standing.paused_until is not None:
            self._paces.clear_pause(pace.name)


def _left(moment: datetime | None, now: datetime) -> timedelta:
    return timedelta() if moment is None else moment - now
