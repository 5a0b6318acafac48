"""The issues at hand, each gathered once, and batches of readers planned from them."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import structlog
from sqlalchemy.exc import IntegrityError

from digest.core.editions import Edition
from digest.core.subscribers import Subscriber
from digest.pipeline.app import App
from digest.pipeline.crew import AssembleReport
from digest.pipeline.edition import Issue, freeze, gather, is_weekly
from digest.pipeline.outcomes import missing_sources
from digest.pipeline.planning import is_skipped, plan_batch
from digest.store import cursors
from digest.store import subscribers as members
from digest.store.outbox import NewDelivery

log = structlog.get_logger()


class Issues:
    """The issues at hand, each gathered and frozen when its day first comes up.

    Gathering reads and indexes every paper of a week: a daemon keeps one of these between its
    ticks, and lets go of what is stale at the start of each run.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._by_day: dict[date, tuple[Issue, Edition]] = {}
        self._weeks: dict[date, Issue] = {}
        self._stamp: object = None

    def drop_stale(self) -> None:
        """Forgets all when papers or trouble have come since, or another hour has begun."""
        hour = self._app.clock.now().replace(minute=0, second=0, microsecond=0)
        with self._app.store.read() as conn:
            stored_at = cursors.last_stored_at(conn)
        meanings = self._app.meanings
        encoded_at = meanings.stamp() if meanings is not None else None
        stamp = (hour, stored_at, encoded_at, missing_sources(self._app))
        if stamp != self._stamp:
            self._by_day.clear()
            self._weeks.clear()
            self._stamp = stamp

    def of(self, day: date) -> tuple[Issue, Edition]:
        if day not in self._by_day:
            # Slots come in the order of time: of a day before yesterday no more will.
            for past in [known for known in self._by_day if known < day - timedelta(days=1)]:
                del self._by_day[past]
                self._weeks.pop(past, None)
            self._by_day[day] = self._gathered(day)
        return self._by_day[day]

    def _for(self, day: date, *, weekly: bool) -> tuple[Issue, Edition]:
        """The issue for those who read each day, or for those who look back upon a week."""
        issue, edition = self.of(day)
        if not weekly:
            return issue, edition
        if day not in self._weeks:
            self._weeks[day] = gather(self._app, day, weekly=True)
        return self._weeks[day], edition

    def _gathered(self, day: date) -> tuple[Issue, Edition]:
        issue = gather(self._app, day)
        try:
            return issue, freeze(self._app, issue)
        except IntegrityError:  # a fetch has just merged two of these papers
            issue = gather(self._app, day)
            return issue, freeze(self._app, issue)

    @property
    def candidate_count(self) -> int:
        """How many papers could be chosen from, in all the days still at hand."""
        return sum(len(issue.candidates) for issue, _ in self._by_day.values())

    def plan(self, day: date, batch: Sequence[Subscriber]) -> AssembleReport:
        """Plans a batch; what has changed under our hands is read anew and planned again."""
        for is_last_try in (False, True):
            try:
                plans = [
                    plan
                    for weekly, group in by_week(batch)
                    for plan in plan_batch(self._app, *self._for(day, weekly=weekly), group)
                ]
                return counted(day, plans)
            except IntegrityError:
                if is_last_try:
                    raise
                log.info("assemble.planned_again", edition=day.isoformat())
                self._by_day.pop(day, None)
                self._weeks.pop(day, None)
                with self._app.store.read() as conn:
                    there = members.many(conn, [s.id for s in batch])
                batch = [there[s.id] for s in batch if s.id in there]
        raise AssertionError("the last try returns or raises")


def by_week(batch: Sequence[Subscriber]) -> Iterator[tuple[bool, list[Subscriber]]]:
    """Those who look back upon a week apart from the others; no group is empty."""
    for weekly in (False, True):
        if group := [one for one in batch if is_weekly(one) is weekly]:
            yield weekly, group


def counted(day: date, plans: Sequence[NewDelivery]) -> AssembleReport:
    """What came of planning these for an edition."""
    unsent = sum(map(is_skipped, plans))
    return AssembleReport(days=(day,), planned=len(plans) - unsent, skipped=unsent)
