"""Plan who gets which papers: one delivery per edition and subscriber, or a reason for none."""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import structlog
from sqlalchemy.exc import IntegrityError

from digest.core.editions import Edition, edition_window
from digest.core.subscribers import Subscriber, SubscriberId, next_slot, slot_day
from digest.pipeline.app import App
from digest.pipeline.edition import Issue, freeze, gather, is_weekly
from digest.pipeline.outcomes import missing_sources
from digest.pipeline.planning import (
    NO_EDITION,
    edition_of,
    is_skipped,
    plan_batch,
    plans_for,
    skipped,
)
from digest.pipeline.turns import turn
from digest.store import cursors, editions, outbox
from digest.store import subscribers as members
from digest.store.outbox import NewDelivery

log = structlog.get_logger()

STEP = "assemble"
_LEASE_FOR = timedelta(minutes=10)
_WAIT_S = 60.0

Progress = Callable[[int], None]


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


def assemble(
    app: App, day: date, *, emails: Sequence[str] = (), progress: Progress | None = None
) -> AssembleReport:
    """Plans the edition of `day` for all active subscribers, or the active ones among `emails`,
    that have no delivery of it yet. Whoever was to get nothing is looked at again: papers may
    have come since. `progress` hears how many were looked at so far."""
    if not _anybody_left(app, day, emails):
        return AssembleReport(days=(day,))
    issues = Issues(app)
    with turn(app, STEP, lease_for=_LEASE_FOR, wait_s=_WAIT_S) as renew:
        issue, edition = issues.of(day)
        report = AssembleReport(days=(day,))
        for batch in _active_batches(app, edition, emails):
            report += issues.plan(day, batch)
            if progress is not None:
                progress(report.planned + report.skipped)
            renew()
    _log(report, len(issue.candidates))
    return report


def _anybody_left(app: App, day: date, emails: Sequence[str]) -> bool:
    """Whether anybody is without a decision: asked first, as gathering an issue is dear."""
    return next(_active_batches(app, edition_of(app, day), emails), None) is not None


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
                    for weekly, group in _by_week(batch)
                    for plan in plan_batch(self._app, *self._for(day, weekly=weekly), group)
                ]
                return _count(day, plans)
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


def rehearse(app: App, day: date, *, emails: Sequence[str] = ()) -> AssembleReport:
    """What `assemble` would plan; writes nothing."""
    issues: dict[bool, Issue] = {}
    report = AssembleReport(days=(day,))
    for batch in _active_batches(app, edition_of(app, day), emails):
        report += _rehearsed(app, day, batch, issues)
    return report


def _rehearsed(
    app: App, day: date, batch: Sequence[Subscriber], issues: dict[bool, Issue]
) -> AssembleReport:
    """What is planned for a batch; the issues of the day are gathered when they are needed."""
    report = AssembleReport(days=(day,))
    for weekly, group in _by_week(batch):
        issue = issues.get(weekly) or issues.setdefault(weekly, gather(app, day, weekly=weekly))
        report += _count(day, plans_for(app, issue, NO_EDITION, group))
    return report


def _by_week(batch: Sequence[Subscriber]) -> Iterator[tuple[bool, list[Subscriber]]]:
    """Those who look back upon a week apart from the others; no group is empty."""
    for weekly in (False, True):
        if group := [one for one in batch if is_weekly(one) is weekly]:
            yield weekly, group


def rehearse_due(app: App) -> AssembleReport:
    """What `assemble_due` would plan; writes nothing."""
    now, report = app.clock.now(), AssembleReport()
    oldest = now - app.rules.catch_up_within
    issues: dict[date, dict[bool, Issue]] = {}
    with app.store.read() as conn:
        waiting = members.due(conn, now, limit=None)
    for day, group in _by_day(slot for one in waiting for slot in _slots_until(one, now)):
        decided = _decided(app, day, group)
        punctual = [s for s in group if _slot(s) >= oldest and s.id not in decided]
        missed = sum(_slot(s) < oldest and s.id not in decided for s in group)
        report += AssembleReport(days=(day,), missed=missed)
        if punctual:
            report += _rehearsed(app, day, punctual, issues.setdefault(day, {}))
    return report


def _slots_until(subscriber: Subscriber, now: datetime) -> Iterator[Subscriber]:
    """The subscriber as they are at each of their slots up to `now`."""
    slot = _slot(subscriber)
    while slot <= now:
        yield replace(subscriber, next_due_at=slot)
        slot = next_slot(subscriber.preferences, slot)


def _decided(app: App, day: date, group: Sequence[Subscriber]) -> Collection[SubscriberId]:
    edition = edition_of(app, day)
    if edition is None:
        return ()
    with app.store.read() as conn:
        return outbox.decided(conn, edition.id, [s.id for s in group])


def assemble_due(
    app: App, *, stop: threading.Event | None = None, issues: Issues | None = None
) -> AssembleReport:
    """Plans for everybody whose slot has come, and moves them on to their next one.

    The edition is that of the subscriber's own calendar day. A slot more than
    `catch_up_within` ago is recorded as missed: yesterday's mail does not come at midnight.
    At a `stop` the next batch waits for the next run. `issues` are kept from run to run.
    """
    if not _due(app):
        return AssembleReport()
    report, issues = AssembleReport(), issues or Issues(app)
    issues.drop_stale()
    with turn(app, STEP, lease_for=_LEASE_FOR, wait_s=_WAIT_S) as renew:
        while not (stop is not None and stop.is_set()) and (batch := _due(app)):
            for day, group in _by_day(batch):
                report += _plan_slots(app, day, group, issues)
            renew()
    _log(report, issues.candidate_count)
    return report


def _due(app: App) -> list[Subscriber]:
    with app.store.read() as conn:
        return members.due(conn, app.clock.now())


def _by_day(batch: Iterable[Subscriber]) -> Iterator[tuple[date, list[Subscriber]]]:
    days: dict[date, list[Subscriber]] = {}
    for subscriber in batch:
        days.setdefault(slot_day(subscriber.preferences, _slot(subscriber)), []).append(subscriber)
    yield from sorted(days.items())


def _slot(subscriber: Subscriber) -> datetime:
    assert subscriber.next_due_at is not None
    return subscriber.next_due_at


def _plan_slots(app: App, day: date, group: Sequence[Subscriber], issues: Issues) -> AssembleReport:
    oldest = app.clock.now() - app.rules.catch_up_within
    late = [s for s in group if _slot(s) < oldest]
    punctual = [s for s in group if _slot(s) >= oldest]
    report = AssembleReport(days=(day,))
    if punctual:
        report += issues.plan(day, punctual)
    if late:
        report += _record_missed(app, day, late)
    _move_on(app, group)
    return report


def _move_on(app: App, group: Sequence[Subscriber]) -> None:
    """Gives each their next slot; whoever changed their timetable meanwhile has one already."""
    with app.store.write() as conn:
        there = members.many(conn, [s.id for s in group])
        moments = [
            (s.id, next_slot(there[s.id].preferences, _slot(s)))
            for s in group
            if s.id in there and there[s.id].next_due_at == s.next_due_at
        ]
        members.set_next_due(conn, moments)


def _record_missed(app: App, day: date, late: Sequence[Subscriber]) -> AssembleReport:
    window = edition_window(day, app.rules.timezone, app.rules.lookback_days)
    with app.store.write() as conn:
        editions.create(conn, day, window)
        edition = editions.by_date(conn, day)
        assert edition is not None
        why = "missed: nothing ran at {:%H:%M} UTC, nor within the time to catch up"
        there = members.many(conn, [s.id for s in late])
        plans = [skipped(app, s, edition.id, why.format(_slot(s))) for s in late if s.id in there]
        missed = outbox.enqueue(conn, plans, app.clock.now())
    if missed:
        log.warning("assemble.slots_missed", edition=day.isoformat(), missed_count=missed)
    return AssembleReport(days=(day,), missed=missed)


def _active_batches(
    app: App, edition: Edition | None, emails: Sequence[str]
) -> Iterator[list[Subscriber]]:
    """A few hundred at a time, each read for itself: planning writes in between."""
    after = SubscriberId(0)
    while True:
        with app.store.read() as conn:
            batch = members.active_batch(
                conn,
                after=after,
                without_edition=edition.id if edition else NO_EDITION,
                emails=emails,
            )
        if not batch:
            return
        yield batch
        after = batch[-1].id


def _count(day: date, plans: Sequence[NewDelivery]) -> AssembleReport:
    unsent = sum(map(is_skipped, plans))
    return AssembleReport(days=(day,), planned=len(plans) - unsent, skipped=unsent)


def _log(report: AssembleReport, candidate_count: int) -> None:
    log.info(
        "assemble.finished",
        editions=[day.isoformat() for day in report.days],
        candidate_count=candidate_count,
        planned_count=report.planned,
        skipped_count=report.skipped,
        missed_count=report.missed,
    )
