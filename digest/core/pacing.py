"""What is remembered of the hosts we ask, so that a restart does not make us impolite."""

from dataclasses import dataclass
from datetime import datetime, timedelta

# No queue of callers that share one limit is longer: a moment beyond is from a clock put back.
_LONGEST_QUEUE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How we stand with a host or a group of them; all moments aware, in UTC.

    `failed_in_a_row` counts calls that found no answer, over all runs and processes.
    """

    next_request_at: datetime | None = None
    paused_until: datetime | None = None
    pause_reason: str = ""
    throttled_in_a_row: int = 0
    failed_in_a_row: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What a conditional request sends back (RFC 9110, 13.1.2 and 13.1.3), as it was given."""

    etag: str = ""
    last_modified: str = ""


def turn_at(next_at: datetime | None, now: datetime, interval: timedelta) -> datetime:
    """When the next caller may ask: `next_at` as it is kept, at once where that is past or so
    far ahead that it must have been written by a clock that was ahead."""
    if next_at is None or next_at <= now:
        return now
    if next_at - now > _LONGEST_QUEUE * interval:
        return now + interval
    return next_at
