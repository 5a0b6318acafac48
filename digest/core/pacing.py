"""What is remembered of the hosts we ask, so that a restart does not make us impolite."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How we stand with a group of hosts; all moments aware, in UTC."""

    next_request_at: datetime | None = None
    paused_until: datetime | None = None
    pause_reason: str = ""
    throttled_in_a_row: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What a conditional request sends back (RFC 9110, 13.1.2 and 13.1.3), as it was given."""

    etag: str = ""
    last_modified: str = ""
