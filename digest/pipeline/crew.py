"""Many readers planned by several processes: batches are handed out, and reports come back.

Choosing papers is arithmetic, and one interpreter does it on one processor. Each process has the
app to itself and writes what it planned; what is handed out are the ids of readers alone.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from queue import SimpleQueue
from typing import Protocol

import structlog

from digest.core.errors import DigestError
from digest.core.subscribers import Subscriber, SubscriberId

log = structlog.get_logger()

# Another process must read and index the papers first, which takes as long as planning so many.
READERS_FOR_ANOTHER = 20_000

Batch = Sequence[Subscriber]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssembleReport:
    """What was planned; `days` are the dates of the editions, `missed` the slots of an outage."""

    days: tuple[date, ...] = ()
    planned: int = 0
    skipped: int = 0
    missed: int = 0

    def __add__(self, other: "AssembleReport") -> "AssembleReport":
        return AssembleReport(
            days=tuple(sorted({*self.days, *other.days})),
            planned=self.planned + other.planned,
            skipped=self.skipped + other.skipped,
            missed=self.missed + other.missed,
        )


class PlannerLost(DigestError):
    """A planner came to its end with a batch in hand: whoever hands out plans it again."""

    code = "planner_lost"


class Planner(Protocol):
    """A process that plans beside this one."""

    def plan(self, day: date | None, ids: Sequence[SubscriberId]) -> AssembleReport:
        """Plans these readers for the edition of a day, or without one for the slots that have
        come; waits for it. Raises PlannerLost."""
        ...

    def close(self) -> None:
        """Lets it end, and waits for that."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """How to start another planner, and how many processes may plan in all, this one among
    them."""

    start: Callable[[], Planner]
    most: int

    def called(self, waiting: int) -> list[Planner]:
        """As many planners as are worth their start, where so many readers wait; fewer where the
        system has no room for more processes."""
        found: list[Planner] = []
        try:
            while len(found) < min(self.most - 1, waiting // READERS_FOR_ANOTHER):
                found.append(self.start())
        except OSError as error:
            log.warning("assemble.planner_not_started", why=str(error))
        return found


def planned(
    batches: Iterator[Batch],
    here: Callable[[Batch], AssembleReport],
    planners: Sequence[Planner],
    day: date | None,
) -> Iterator[AssembleReport]:
    """What came of each batch, each planned `here` or by one of the planners, as reports come in.

    A batch whose planner was lost is planned here; whatever else fails is raised here. Planners
    are closed at the end, however it comes: they finish what they have in hand.
    """
    shared, reports = _Shared(batches), _Reports()
    threads = [
        threading.Thread(target=_hand_out, args=(planner, day, shared, reports))
        for planner in planners
    ]
    for thread in threads:
        thread.start()
    working = len(threads)
    try:
        while True:
            if reports.empty() and (batch := shared.take()) is not None:
                yield here(batch)
            elif not working:
                return
            elif (report := reports.get()) is None:
                working -= 1
            elif isinstance(report, Exception):
                raise report
            else:
                yield report
    finally:
        shared.end()
        for thread in threads:
            thread.join()


# What a planner did, what went wrong, or that it does no more.
_Reports = SimpleQueue[AssembleReport | Exception | None]


class _Shared:
    """Batches for whoever asks next, until the end."""

    def __init__(self, batches: Iterator[Batch]) -> None:
        self._batches = batches
        self._returned: list[Batch] = []
        self._lock = threading.Lock()
        self._ended = False

    def take(self) -> Batch | None:
        with self._lock:
            if self._ended:
                return None
            return self._returned.pop() if self._returned else next(self._batches, None)

    def give_back(self, batch: Batch) -> None:
        with self._lock:
            self._returned.append(batch)

    def end(self) -> None:
        with self._lock:
            self._ended = True


def _hand_out(planner: Planner, day: date | None, shared: _Shared, reports: _Reports) -> None:
    try:
        while (batch := shared.take()) is not None:
            try:
                reports.put(planner.plan(day, [one.id for one in batch]))
            except PlannerLost as error:
                log.warning("assemble.planner_lost", why=str(error))
                shared.give_back(batch)
                return
    except Exception as error:
        reports.put(error)
    finally:
        try:
            planner.close()
        finally:
            reports.put(None)
