"""How fast mail may go out: one number for the relay, one for each recipient domain."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Wait:
    """Seconds to wait before this message; `elsewhere` when only its domain is the reason."""

    seconds: float
    elsewhere: bool


class RateLimits:
    """Hands out moments at which messages may start, evenly spaced; 0 means no limit.

    Safe to share between threads. A moment that was handed out counts, used or not.
    """

    def __init__(self, per_second: float, per_domain: float) -> None:
        self._interval = _interval(per_second)
        self._domain_interval = _interval(per_domain)
        self._next: datetime | None = None
        self._next_by_domain: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def reserve(self, domain: str, now: datetime, patience_s: float) -> Wait:
        """When the next message to `domain` may start, as seconds from `now`.

        Where the domain alone would keep it waiting longer than `patience_s`, nothing is
        reserved and the caller should come back with it later.
        """
        with self._lock:
            at_domain = max(now, self._next_by_domain.get(domain, now))
            if (at_domain - now).total_seconds() > patience_s:
                return Wait((at_domain - now).total_seconds(), elsewhere=True)
            start = max(at_domain, self._next or now)
            if self._interval:
                self._next = start + self._interval
            if self._domain_interval:
                self._next_by_domain[domain] = start + self._domain_interval
            return Wait((start - now).total_seconds(), elsewhere=False)


def _interval(rate: float) -> timedelta:
    return timedelta(seconds=1 / rate) if rate > 0 else timedelta(0)
