"""How fast mail may go out: one number for the relay, one for each recipient domain."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

# Above so many domains, those that may be written to at once are forgotten.
_DOMAINS_KEPT = 10_000


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
        self._asked_back_by_domain: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def reserve(
        self, domain: str, now: datetime, patience_s: float, *, urgent: bool = False
    ) -> Wait:
        """When the next message to `domain` may start, as seconds from `now`.

        Where the domain alone would keep it waiting longer than `patience_s`, nothing is
        reserved and the caller should come back with it later: each at a moment of its own, one
        that is `urgent` at the next there is.
        """
        with self._lock:
            at_domain = max(now, self._next_by_domain.get(domain, now))
            if (at_domain - now).total_seconds() > patience_s:
                back_at = at_domain if urgent else self._ask_back(domain, at_domain)
                return Wait((back_at - now).total_seconds(), elsewhere=True)
            start = max(at_domain, self._next or now)
            if self._interval:
                self._next = start + self._interval
            if self._domain_interval:
                self._next_by_domain[domain] = start + self._domain_interval
                self._forget(now)
            return Wait((start - now).total_seconds(), elsewhere=False)

    def _ask_back(self, domain: str, earliest: datetime) -> datetime:
        back_at = max(earliest, self._asked_back_by_domain.get(domain, earliest))
        self._asked_back_by_domain[domain] = back_at + self._domain_interval
        return back_at

    def _forget(self, now: datetime) -> None:
        for moments in (self._next_by_domain, self._asked_back_by_domain):
            if len(moments) > _DOMAINS_KEPT:
                for domain in [name for name, moment in moments.items() if moment <= now]:
                    del moments[domain]


def _interval(rate: float) -> timedelta:
    return timedelta(seconds=1 / rate) if rate > 0 else timedelta(0)
