"""What happened on each day, counted: for tables and charts. Days are those of UTC."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from digest.core.feedback import FeedbackKind
from digest.core.fetching import Outcome
from digest.store.tables import consents, feedback, fetches, papers, suppressions

# An erased person has left no consents to count against.
_ERASED = "erased"
_JOINED, _LEFT = "confirmed", "unsubscribed"


class Membership(NamedTuple):
    """Those who became readers on one day, and those who ceased to be."""

    joined: int = 0
    unsubscribed: int = 0
    suppressed: int = 0

    @property
    def left(self) -> int:
        return self.unsubscribed + self.suppressed


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDay:
    """The fetches begun on one day: what came of them, and the papers that were new."""

    outcomes: Mapping[Outcome, int]
    new: int


def day_of(column: sa.Column[Any]) -> sa.Label[str]:
    """The date of a moment, as `day`: the first ten characters of what is stored."""
    return sa.func.substr(sa.type_coerce(column, sa.String), 1, 10).label("day")


def membership(conn: sa.Connection, since: datetime) -> dict[date, Membership]:
    """The days on which people joined or left. Who left before they confirmed never was a reader;
    who was erased since is in none of the counts."""
    joined = _count(conn, consents.c.at, since, consents.c.event == _JOINED)
    unsubscribed = _count(
        conn, consents.c.at, since, consents.c.event == _LEFT, _was_before() == _JOINED
    )
    suppressed = _count(conn, suppressions.c.at, since, suppressions.c.reason != _ERASED)
    return {
        day: Membership(joined.get(day, 0), unsubscribed.get(day, 0), suppressed.get(day, 0))
        for day in joined.keys() | unsubscribed.keys() | suppressed.keys()
    }


def _was_before() -> sa.ScalarSelect[str]:
    """What somebody last did before a consent: that they joined, or that they left."""
    earlier = consents.alias()
    return (
        sa.select(earlier.c.event)
        .where(
            earlier.c.subscriber_id == consents.c.subscriber_id,
            earlier.c.event.in_((_JOINED, _LEFT)),
            earlier.c.id < consents.c.id,
        )
        .order_by(earlier.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )


def new_papers(conn: sa.Connection, since: datetime) -> dict[date, int]:
    """The papers first seen on each day that has any."""
    return _count(conn, papers.c.first_seen_at, since)


def said(conn: sa.Connection, since: datetime) -> dict[date, dict[FeedbackKind, int]]:
    """What readers last said of papers, and opened, by day and kind."""
    rows = conn.execute(
        sa.select(day_of(feedback.c.last_at), feedback.c.kind, sa.func.count().label("number"))
        .where(feedback.c.last_at >= since)
        .group_by("day", feedback.c.kind)
    )
    return _nested((row.day, FeedbackKind(row.kind), row.number) for row in rows)


def fetched(conn: sa.Connection, since: datetime) -> dict[str, dict[date, SourceDay]]:
    """The days on which each source was fetched from."""
    rows = conn.execute(
        sa.select(
            fetches.c.source,
            day_of(fetches.c.started_at),
            fetches.c.outcome,
            sa.func.count().label("number"),
            sa.func.sum(fetches.c.new).label("new"),
        )
        .where(fetches.c.started_at >= since)
        .group_by(fetches.c.source, "day", fetches.c.outcome)
        .order_by(fetches.c.source, "day", fetches.c.outcome)
    )
    by_source: dict[str, dict[date, SourceDay]] = {}
    for row in rows:
        days, day = by_source.setdefault(row.source, {}), date.fromisoformat(row.day)
        before = days.get(day, SourceDay(outcomes={}, new=0))
        days[day] = SourceDay(
            outcomes={**before.outcomes, Outcome(row.outcome): row.number},
            new=before.new + row.new,
        )
    return by_source


def _count(
    conn: sa.Connection, at: sa.Column[Any], since: datetime, *where: sa.ColumnElement[bool]
) -> dict[date, int]:
    rows = conn.execute(
        sa.select(day_of(at), sa.func.count().label("number"))
        .where(at >= since, *where)
        .group_by("day")
    )
    return {date.fromisoformat(row.day): row.number for row in rows}


def _nested(
    rows: Iterable[tuple[str, FeedbackKind, int]],
) -> dict[date, dict[FeedbackKind, int]]:
    by_day: dict[date, dict[FeedbackKind, int]] = {}
    for day, kind, number in rows:
        by_day.setdefault(date.fromisoformat(day), {})[kind] = number
    return by_day
