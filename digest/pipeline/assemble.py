"""Plan who gets which papers: one delivery per edition and subscriber, or a reason for none."""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial

import structlog

from digest.core.editions import Edition, edition_window
from digest.core.subscribers import Status, Subscriber, SubscriberId, next_slot, slot_day
from digest.pipeline.app import App
from digest.pipeline.crew import AssembleReport, Planner, planned
from digest.pipeline.edition import Issue, gather
from digest.pipeline.issues import Issues, by_week, counted
from digest.pipeline.planning import (
    NO_EDITION,
    edition_of,
    plans_for,
    skipped,
)
from digest.pipeline.turns import turn
from digest.store import editions, outbox, waiting
from digest.store import subscribers as members

log = structlog.get_logger()

STEP = "assemble"
_LEASE_FOR = timedelta(minutes=10)
_WAIT_S = 60.0

Progress = Callable[[int], None]


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
        batches = _active_batches(app, edition, emails)
        planners = _called(app, waiting.without(edition.id)) if not emails else ()
        for each in planned(batches, partial(issues.plan, day), planners, day):
            report += each
            if progress is not None:
                progress(report.planned + report.skipped)
            renew()
    _log(report, len(issue.candidates))
    return report


def plan_named(
    app: App, issues: Issues, day: date | None, ids: Sequence[SubscriberId]
) -> AssembleReport:
    """Plans those of these readers who are active for the edition of a day; without one, those
    whose slot has come for that, as `assemble_due` does."""
    with app.store.read() as conn:
        there = members.many(conn, ids)
    active = [there[key] for key in ids if key in there and there[key].status is Status.ACTIVE]
    if day is not None:
        return issues.plan(day, active)
    now = app.clock.now()
    return _plan_due(
        app, issues, [one for one in active if one.next_due_at is not None and _slot(one) <= now]
    )


def _called(app: App, whom: waiting.Conditions) -> Sequence[Planner]:
    if app.crew is None:
        return ()
    with app.store.read() as conn:
        count = waiting.count(conn, whom)
    return app.crew.called(count)


def _anybody_left(app: App, day: date, emails: Sequence[str]) -> bool:
    """Whether anybody is without a decision: asked first, as gathering an issue is dear."""
    return next(_active_batches(app, edition_of(app, day), emails), None) is not None


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
    for weekly, group in by_week(batch):
        issue = issues.get(weekly) or issues.setdefault(weekly, gather(app, day, weekly=weekly))
        report += counted(day, plans_for(app, issue, NO_EDITION, group))
    return report


def rehearse_due(app: App) -> AssembleReport:
    """What `assemble_due` would plan; writes nothing."""
    now, report = app.clock.now(), AssembleReport()
    oldest = now - app.rules.catch_up_within
    issues: dict[date, dict[bool, Issue]] = {}
    with app.store.read() as conn:
        found = members.due(conn, now, limit=None)
    for day, group in _by_day(slot for one in found for slot in _slots_until(one, now)):
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
    stop = stop or threading.Event()
    if not _due(app):
        return AssembleReport()
    report, issues = AssembleReport(), issues or Issues(app)
    issues.drop_stale()
    with turn(app, STEP, lease_for=_LEASE_FOR, wait_s=_WAIT_S) as renew:
        while not stop.is_set() and _due(app):
            planners = _called(app, waiting.due(app.clock.now()))
            here = partial(_plan_due, app, issues)
            for each in planned(_due_batches(app, stop), here, planners, None):
                report += each
                renew()
    if report.missed:
        since = report.days[0].isoformat()
        log.warning("assemble.slots_missed", missed_count=report.missed, since=since)
    _log(report, issues.candidate_count)
    return report


def _due_batches(app: App, stop: threading.Event) -> Iterator[list[Subscriber]]:
    """A few hundred at a time, the longest waiting first, each once; whoever is moved on to a slot
    that has come, too, comes up again behind the others, or when this is asked anew."""
    last: Subscriber | None = None
    while not stop.is_set() and (batch := _due(app, after=last)):
        yield batch
        last = batch[-1]


def _due(app: App, after: Subscriber | None = None) -> list[Subscriber]:
    with app.store.read() as conn:
        return members.due(conn, app.clock.now(), after=after)


def _plan_due(app: App, issues: Issues, batch: Sequence[Subscriber]) -> AssembleReport:
    report = AssembleReport()
    for day, group in _by_day(batch):
        report += _plan_slots(app, day, group, issues)
    return report


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


def _log(report: AssembleReport, candidate_count: int) -> None:
    log.info(
        "assemble.finished",
        editions=[day.isoformat() for day in report.days],
        candidate_count=candidate_count,
        planned_count=report.planned,
        skipped_count=report.skipped,
        missed_count=report.missed,
    )
