"""Where each source stands: its cursor, when it is due, how its fetches went, its etiquette."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from digest.core.fetching import Cursor, Outcome
from digest.store.tables import fetches, sources
from digest.store.upserts import upsert

_SATURDAY = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """Days asked for by date, first and last included, and when all of them had come."""

    since: date
    until: date
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """`failures` counts fetches in a row that gave nothing; `next_due_at` None means now."""

    cursor: Cursor
    next_due_at: datetime | None = None
    failures: int = 0
    backfill: Backfill | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """One attempt to fetch from a source, as recorded."""

    source: str
    started_at: datetime
    finished_at: datetime
    outcome: Outcome
    reason: str = ""
    fetched: int = 0
    new: int = 0
    updated: int = 0
    merged: int = 0
    bad: int = 0


def state(conn: sa.Connection, source: str) -> SourceState:
    row = conn.execute(sa.select(sources).where(sources.c.name == source)).one_or_none()
    if row is None:
        return SourceState(cursor={})
    return SourceState(
        cursor=row.cursor,
        next_due_at=row.next_due_at,
        failures=row.failures,
        backfill=_backfill(row.backfill),
    )


def _backfill(stored: dict[str, Any] | None) -> Backfill | None:
    if stored is None:
        return None
    return Backfill(
        since=date.fromisoformat(stored["since"]),
        until=date.fromisoformat(stored["until"]),
        finished_at=datetime.fromisoformat(stored["finished_at"])
        if stored["finished_at"]
        else None,
    )


def save_backfill(conn: sa.Connection, source: str, backfill: Backfill) -> None:
    days = {"since": backfill.since.isoformat(), "until": backfill.until.isoformat()}
    at = backfill.finished_at.isoformat() if backfill.finished_at else None
    statement = upsert(conn, sources).values(
        name=source, cursor={}, failures=0, backfill=days | {"finished_at": at}
    )
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=[sources.c.name], set_={"backfill": statement.excluded.backfill}
        )
    )


def save_cursor(conn: sa.Connection, source: str, cursor: Cursor) -> None:
    statement = upsert(conn, sources).values(name=source, cursor=dict(cursor), failures=0)
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=[sources.c.name], set_={"cursor": statement.excluded.cursor}
        )
    )


def save_due(conn: sa.Connection, source: str, *, next_due_at: datetime, failures: int) -> None:
    statement = upsert(conn, sources).values(
        name=source, cursor={}, next_due_at=next_due_at, failures=failures
    )
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=[sources.c.name],
            set_={"next_due_at": next_due_at, "failures": failures},
        )
    )


def record_fetch(conn: sa.Connection, fetch: Fetch) -> None:
    conn.execute(
        sa.insert(fetches).values(
            source=fetch.source,
            started_at=fetch.started_at,
            finished_at=fetch.finished_at,
            outcome=fetch.outcome,
            reason=fetch.reason,
            fetched=fetch.fetched,
            new=fetch.new,
            updated=fetch.updated,
            merged=fetch.merged,
            bad=fetch.bad,
        )
    )


def last_fetches(conn: sa.Connection, names: Sequence[str]) -> dict[str, Fetch]:
    """The last recorded fetch of each source that has one."""
    newest = (
        sa.select(sa.func.max(fetches.c.id))
        .where(fetches.c.source.in_(names))
        .group_by(fetches.c.source)
    )
    rows = conn.execute(sa.select(fetches).where(fetches.c.id.in_(newest)))
    return {row.source: _fetch(row) for row in rows}


def weekdays_of(
    conn: sa.Connection, source: str, start: datetime, end: datetime
) -> tuple[int, int]:
    """On how many weekdays (UTC) in [start, end) the source answered, and on how many of them it
    brought something new."""
    rows = conn.execute(
        sa.select(fetches.c.started_at, (fetches.c.new + fetches.c.updated).label("brought")).where(
            fetches.c.source == source,
            fetches.c.started_at >= start,
            fetches.c.started_at < end,
            fetches.c.outcome.in_((Outcome.OK, Outcome.EMPTY)),
        )
    ).all()
    days = {(row.started_at.date(), row.brought > 0) for row in rows}
    weekdays = {(day, brought) for day, brought in days if day.weekday() < _SATURDAY}
    return len({day for day, _ in weekdays}), sum(brought for _, brought in weekdays)


def last_worked_at(conn: sa.Connection, source: str) -> datetime | None:
    """When the source last gave all that it was asked for."""
    return conn.scalar(
        sa.select(fetches.c.started_at)
        .where(fetches.c.source == source, fetches.c.outcome == Outcome.OK)
        .order_by(fetches.c.started_at.desc())
        .limit(1)
    )


def last_brought_at(conn: sa.Connection, source: str) -> datetime | None:
    """When a fetch from the source last brought something."""
    return conn.scalar(
        sa.select(fetches.c.started_at)
        .where(fetches.c.source == source, fetches.c.fetched > 0)
        .order_by(fetches.c.started_at.desc())
        .limit(1)
    )


def brought_by(conn: sa.Connection, start: datetime, end: datetime) -> frozenset[str]:
    """The sources that brought something new in fetches begun in [start, end]."""
    found = conn.scalars(
        sa.select(fetches.c.source)
        .distinct()
        .where(fetches.c.started_at.between(start, end), fetches.c.new + fetches.c.updated > 0)
    )
    return frozenset(found)


def last_stored_at(conn: sa.Connection) -> datetime | None:
    """When a fetch last brought something, from whatever source."""
    return conn.scalar(
        sa.select(fetches.c.finished_at)
        .where(fetches.c.fetched > 0)
        .order_by(fetches.c.id.desc())
        .limit(1)
    )


def forget_fetches(conn: sa.Connection, before: datetime) -> int:
    return conn.execute(sa.delete(fetches).where(fetches.c.started_at < before)).rowcount


def _fetch(row: sa.Row[tuple[object, ...]]) -> Fetch:
    columns = row._mapping
    return Fetch(
        source=columns["source"],
        started_at=columns["started_at"],
        finished_at=columns["finished_at"],
        outcome=Outcome(columns["outcome"]),
        reason=columns["reason"],
        fetched=columns["fetched"],
        new=columns["new"],
        updated=columns["updated"],
        merged=columns["merged"],
        bad=columns["bad"],
    )
