"""Readings over time: appended, thinned when they are old, and dropped in the end."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from digest.core.fetching import Observation
from digest.store.chunks import chunks
from digest.store.tables import papers, signals
from digest.store.upserts import upsert

_THINNED_BY_THEN = timedelta(days=60)
_DATE_CHARS = 10  # of a time as it is stored: the day, in UTC


def observe(
    conn: sa.Connection, source: str, observations: Sequence[Observation], now: datetime
) -> int:
    """Appends what `source` shows at `now`; how many of the papers were there to take it.

    A paper that has meanwhile been joined with another takes nothing.
    """
    there: set[int] = set()
    for chunk in chunks(one.paper_id for one in observations):
        there.update(conn.scalars(sa.select(papers.c.id).where(papers.c.id.in_(chunk))))
    values = {
        (one.paper_id, reading.metric): reading.value
        for one in observations
        if one.paper_id in there
        for reading in one.readings
    }
    if values:
        rows = [
            {"paper_id": key, "source": source, "metric": metric, "at": now, "value": value}
            for (key, metric), value in values.items()
        ]
        conn.execute(upsert(conn, signals).on_conflict_do_nothing(), rows)
    return len({key for key, _ in values})


def thin(conn: sa.Connection, before: datetime) -> int:
    """Leaves of the readings older than `before` the last of each day (UTC) and series; how many
    were dropped. A day that `before` cuts in two is left for the next time; what is older than
    that by 60 days was thinned long ago, and is not looked at."""
    later = signals.alias()
    # One look into the primary key for each reading. As EXISTS, PostgreSQL would make a join of
    # every reading with every other of its series.
    next_at = (
        sa.select(sa.func.min(sa.type_coerce(later.c.at, sa.String)))
        .where(
            later.c.paper_id == signals.c.paper_id,
            later.c.source == signals.c.source,
            later.c.metric == signals.c.metric,
            later.c.at > signals.c.at,
        )
        .correlate(signals)
        .scalar_subquery()
    )
    end_of_day = sa.func.substr(sa.type_coerce(signals.c.at, sa.String), 1, _DATE_CHARS) + "T24"
    midnight = before.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    of_late = signals.c.at >= midnight - _THINNED_BY_THEN
    superseded = next_at < end_of_day
    return conn.execute(
        sa.delete(signals).where(of_late, signals.c.at < midnight, superseded)
    ).rowcount


def forget(conn: sa.Connection, before: datetime) -> int:
    """Drops readings older than `before` altogether; how many."""
    return conn.execute(sa.delete(signals).where(signals.c.at < before)).rowcount
