"""The port through which everything learns the time and waits."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The present moment, aware, in UTC."""

    def sleep(self, seconds: float) -> None:
        """Returns once `seconds` have passed on this clock."""


@dataclass(frozen=True, slots=True)
class StandingClock:
    """A moment at which the clock stands: for what is worked out again as it was then."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        """Returns at once: here no time passes."""
