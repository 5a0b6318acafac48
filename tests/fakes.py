"""Stand-ins for what leaves the machine; each satisfies the port it stands in for."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from digest.core.clock import Clock
from digest.core.pacing import Standing, Validators
from digest.sources.etiquette import PaceState

NOON = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)


class FakeClock:
    """Time that passes only when somebody sleeps or a test says so; `naps` keeps each sleep."""

    def __init__(self, start: datetime = NOON) -> None:
        self._now = start
        self.naps: list[float] = []

    def now(self) -> datetime:
        return self._now

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)

    def set(self, moment: datetime) -> None:
        self._now = moment


class MemoryPaces:
    """The etiquette that outlives a restart, kept in memory."""

    def __init__(self) -> None:
        self.standings: dict[str, Standing] = {}
        self.kept: dict[str, Validators] = {}

    def standing(self, name: str) -> Standing:
        return self.standings.get(name, Standing())

    def save_next_request(self, name: str, at: datetime) -> None:
        old = self.standing(name)
        self.standings[name] = Standing(
            next_request_at=at,
            paused_until=old.paused_until,
            pause_reason=old.pause_reason,
            throttled_in_a_row=old.throttled_in_a_row,
        )

    def save_pause(
        self, name: str, *, until: datetime, reason: str, throttled_in_a_row: int
    ) -> None:
        self.standings[name] = Standing(
            next_request_at=self.standing(name).next_request_at,
            paused_until=until,
            pause_reason=reason,
            throttled_in_a_row=throttled_in_a_row,
        )

    def clear_pause(self, name: str) -> None:
        self.standings[name] = Standing(next_request_at=self.standing(name).next_request_at)

    def validators(self, url: str) -> Validators | None:
        return self.kept.get(url)

    def save_validators(self, url: str, kept: Validators) -> None:
        self.kept[url] = kept


_fits: tuple[Callable[[], Clock], Callable[[], PaceState]] = (FakeClock, MemoryPaces)
