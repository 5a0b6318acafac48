"""What happened over time, counted: for the operator who asks how it goes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from digest.core.deliveries import DeliveryStatus
from digest.core.fetching import Outcome
from digest.store.outbox import PRIORITIES, WAITING
from digest.store.tables import (
    consents,
    deliveries,
    editions,
    fetches,
    papers,
    subscribers,
    suppressions,
)
from digest.store.timeline import day_of

# Why an address is suppressed is kept in words; these are the words it begins with.
_REASONS = {"erased": "erased", "bounce": "bounce", "complaint": "complaint"}
_BY_OPERATOR = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperCounts:
    """Papers in the store, and those first seen since the moment asked for."""

    stored: int
    new: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionCounts:
    """One edition: its candidates, and its deliveries by status (only those that occur)."""

    day: date
    candidates: int
    missing: tuple[str, ...]
    by_status: Mapping[DeliveryStatus, int] = field(default_factory=dict)

    @property
    def planned(self) -> int:
        """The digests that were to be sent, whatever came of them."""
        return sum(
            n for status, n in self.by_status.items() if status is not DeliveryStatus.SKIPPED
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCounts:
    """The mails of all kinds that were queued on one day (UTC), by what became of them."""

    day: date
    by_status: Mapping[DeliveryStatus, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCounts:
    """How the fetches from one source went, and what they brought."""

    source: str
    last_at: datetime
    outcomes: Mapping[Outcome, int]
    fetched: int
    new: int
    updated: int
    merged: int
    bad: int


def paper_counts(conn: sa.Connection, since: datetime) -> PaperCounts:
    fresh = sa.func.count().filter(papers.c.first_seen_at >= since)
    row = conn.execute(sa.select(sa.func.count(), fresh).select_from(papers)).one()
    return PaperCounts(stored=row[0], new=row[1])


def edition_counts(conn: sa.Connection, since: date) -> list[EditionCounts]:
    """The editions of `since` and later, newest first."""
    rows = conn.execute(
        sa.select(editions)
        .where(editions.c.date >= since.isoformat())
        .order_by(editions.c.date.desc())
    ).all()
    by_edition: dict[int, dict[DeliveryStatus, int]] = {row.id: {} for row in rows}
    counted = conn.execute(
        sa.select(deliveries.c.edition_id, deliveries.c.status, sa.func.count())
        .where(deliveries.c.edition_id.in_(by_edition))
        .group_by(deliveries.c.edition_id, deliveries.c.status)
    )
    for edition_id, status, number in counted:
        by_edition[edition_id][DeliveryStatus(status)] = number
    return [
        EditionCounts(
            day=date.fromisoformat(row.date),
            candidates=row.candidate_count,
            missing=tuple(row.missing),
            by_status=by_edition[row.id],
        )
        for row in rows
    ]


def delivery_days(conn: sa.Connection, since: datetime) -> list[DayCounts]:
    """The days since `since` on which a mail was queued, newest first."""
    rows = conn.execute(
        sa.select(day_of(deliveries.c.created_at), deliveries.c.status, sa.func.count())
        .where(deliveries.c.created_at >= since)
        .group_by("day", deliveries.c.status)
    )
    by_day: dict[str, dict[DeliveryStatus, int]] = {}
    for text, status, number in rows:
        by_day.setdefault(text, {})[DeliveryStatus(status)] = number
    return [
        DayCounts(day=date.fromisoformat(text), by_status=by_day[text])
        for text in sorted(by_day, reverse=True)
    ]


def consent_events(conn: sa.Connection, since: datetime) -> dict[str, int]:
    """How often each event of consent happened; who was erased since is not in it."""
    rows = conn.execute(
        sa.select(consents.c.event, sa.func.count().label("number"))
        .where(consents.c.at >= since)
        .group_by(consents.c.event)
        .order_by(consents.c.event)
    )
    return {row.event: row.number for row in rows}


def suppression_counts(conn: sa.Connection, since: datetime) -> dict[str, int]:
    """The suppressions since a moment by reason: bounce, complaint, erased or operator."""
    why = sa.case(
        *((suppressions.c.reason.startswith(word), name) for word, name in _REASONS.items()),
        else_=_BY_OPERATOR,
    ).label("why")
    rows = conn.execute(
        sa.select(why, sa.func.count().label("number"))
        .where(suppressions.c.at >= since)
        .group_by("why")  # by its name: PostgreSQL takes two expressions with parameters for unlike
    )
    found = {row.why: row.number for row in rows}
    return {name: found.get(name, 0) for name in (*_REASONS.values(), _BY_OPERATOR)}


def suppressed_total(conn: sa.Connection) -> int:
    return conn.execute(sa.select(sa.func.count()).select_from(suppressions)).scalar_one()


def source_counts(conn: sa.Connection, since: datetime) -> list[SourceCounts]:
    """Every source that was fetched from since a moment, by name."""
    sums = [
        sa.func.sum(fetches.c[name]).label(name)
        for name in ("fetched", "new", "updated", "merged", "bad")
    ]
    rows = conn.execute(
        sa.select(
            fetches.c.source,
            fetches.c.outcome,
            sa.func.count().label("number"),
            sa.func.max(fetches.c.finished_at).label("last_at"),
            *sums,
        )
        .where(fetches.c.started_at >= since)
        .group_by(fetches.c.source, fetches.c.outcome)
        .order_by(fetches.c.source, fetches.c.outcome)
    ).all()
    return [
        _source_counts(name, [row for row in rows if row.source == name])
        for name in dict.fromkeys(row.source for row in rows)
    ]


def _source_counts(name: str, rows: list[Any]) -> SourceCounts:
    return SourceCounts(
        source=name,
        last_at=max(row.last_at for row in rows),
        outcomes={Outcome(row.outcome): row.number for row in rows},
        fetched=sum(row.fetched for row in rows),
        new=sum(row.new for row in rows),
        updated=sum(row.updated for row in rows),
        merged=sum(row.merged for row in rows),
        bad=sum(row.bad for row in rows),
    )


def newest_moment(conn: sa.Connection) -> datetime | None:
    """The latest moment at which anything was written; None in an empty database."""
    written = (
        fetches.c.finished_at,
        papers.c.first_seen_at,
        subscribers.c.created_at,
        consents.c.at,
        deliveries.c.created_at,
        deliveries.c.sent_at,
    )
    moments = [conn.scalar(sa.select(sa.func.max(column))) for column in written]
    return max((moment for moment in moments if moment is not None), default=None)


def oldest_waiting(conn: sa.Connection, now: datetime) -> datetime | None:
    """Since when the delivery that is due longest has been due; None when none is.

    The first of each status and priority is read off the index, however long the queue.
    """
    firsts = [
        conn.scalar(
            sa.select(sa.func.min(deliveries.c.next_attempt_at)).where(
                deliveries.c.status == status,
                deliveries.c.priority == priority,
                deliveries.c.next_attempt_at <= now,
            )
        )
        for status in WAITING
        for priority in PRIORITIES
    ]
    return min((moment for moment in firsts if moment is not None), default=None)
