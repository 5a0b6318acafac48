"""Plan who gets which papers: one delivery per edition and subscriber, or a reason for none."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog

from digest.core.editions import Edition, edition_window
from digest.core.subscribers import Subscriber, SubscriberId, next_slot, slot_day
from digest.pipeline.app import App
from digest.pipeline.edition import Issue, freeze, gather
from digest.pipeline.planning import (
    NO_EDITION,
    edition_of,
    is_skipped,
    plan_batch,
    plans_for,
    skipped,
)
from digest.pipeline.turns import turn
from digest.store import editions, outbox
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
    that have no delivery of it yet. `progress` hears how many were looked at so far."""
    with turn(app, STEP, lease_for=_LEASE_FOR, wait_s=_WAIT_S) as renew:
        issue = gather(app, day)
        edition = freeze(app, issue)
        report = AssembleReport(days=(day,))
        for batch in _active_batches(app, edition, emails):
            report += _count(day, plan_batch(app, issue, edition, batch))
            if progress is not None:
                progress(report.planned + report.skipped)
            renew()
    _log(report, len(issue.candidates))
    return report


def rehearse(app: App, day: date, *, emails: Sequence[str] = ()) -> AssembleReport:
    """What `assemble` would plan; writes nothing."""
    issue, edition = gather(app, day), edition_of(app, day)
    report = AssembleReport(days=(day,))
    for batch in _active_batches(app, edition, emails):
        report += _count(day, plans_for(app, issue, NO_EDITION, batch))
    return report


def assemble_due(app: App, *, emails: Sequence[str] = ()) -> AssembleReport:
    """Plans for everybody whose slot has come, and moves them on to their next one.

    The edition is that of the subscriber's own calendar day. A slot more than
    `catch_up_within` ago is recorded as missed: yesterday's mail does not come at midnight.
    """
    if not _due(app, emails):
        return AssembleReport()
    report = AssembleReport()
    with turn(app, STEP, lease_for=_LEASE_FOR, wait_s=_WAIT_S) as renew:
        issues: dict[date, tuple[Issue, Edition]] = {}
        while batch := _due(app, emails):
            for day, group in _by_day(batch):
                report += _plan_slots(app, day, group, issues)
            renew()
    _log(report, sum(len(issue.candidates) for issue, _ in issues.values()))
    return report


def _due(app: App, emails: Sequence[str]) -> list[Subscriber]:
    with app.store.read() as conn:
        return members.due(conn, app.clock.now(), emails=emails)


def _by_day(batch: Iterable[Subscriber]) -> Iterator[tuple[date, list[Subscriber]]]:
    days: dict[date, list[Subscriber]] = {}
    for subscriber in batch:
        days.setdefault(slot_day(subscriber.preferences, _slot(subscriber)), []).append(subscriber)
    yield from sorted(days.items())


def _slot(subscriber: Subscriber) -> datetime:
    assert subscriber.next_due_at is not None
    return subscriber.next_due_at


def _plan_slots(
    app: App,
    day: date,
    group: Sequence[Subscriber],
    issues: dict[date, tuple[Issue, Edition]],
) -> AssembleReport:
    oldest = app.clock.now() - app.rules.catch_up_within
    late = [s for s in group if _slot(s) < oldest]
    punctual = [s for s in group if _slot(s) >= oldest]
    report = AssembleReport(days=(day,))
    if punctual:
        if day not in issues:
            issue = gather(app, day)
            issues[day] = issue, freeze(app, issue)
        issue, edition = issues[day]
        report += _count(day, plan_batch(app, issue, edition, punctual))
    if late:
        report += _record_missed(app, day, late)
    with app.store.write() as conn:
        members.set_next_due(conn, [(s.id, next_slot(s.preferences, _slot(s))) for s in group])
    return report


def _record_missed(app: App, day: date, late: Sequence[Subscriber]) -> AssembleReport:
    window = edition_window(day, app.rules.timezone, app.rules.lookback_days)
    with app.store.write() as conn:
        editions.create(conn, day, window)
        edition = editions.by_date(conn, day)
        assert edition is not None
        why = "missed: nothing ran at {:%H:%M} UTC, nor within the time to catch up"
        plans = [skipped(app, s, edition.id, why.format(_slot(s))) for s in late]
        missed = outbox.enqueue(conn, plans, app.clock.now())
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
