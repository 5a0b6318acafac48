"""The language model that writes summaries, and its rest after a failure."""

from datetime import datetime, timedelta
from typing import Protocol

from digest.core.clock import Clock

_REST = timedelta(minutes=30)


class Writer(Protocol):
    """A language model."""

    @property
    def name(self) -> str: ...

    def summarize(self, title: str, abstract: str) -> str:
        """A summary, "" where there is none to show. Raises WriterUnavailable."""
        ...


class Summaries:
    """A writer that is left alone for a while after it failed, and is asked for at most `per_run`
    papers at a time."""

    def __init__(self, writer: Writer, clock: Clock, *, per_run: int) -> None:
        self.writer = writer
        self.per_run = per_run
        self._clock = clock
        self._rests_until: datetime | None = None

    @property
    def rests(self) -> bool:
        return self._rests_until is not None and self._clock.now() < self._rests_until

    def rest(self) -> None:
        self._rests_until = self._clock.now() + _REST
