"""What a monitor asks every few seconds: each is answered from an index or a few rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from digest.core.deliveries import DeliveryStatus
from digest.core.fetching import Outcome
from digest.store.history import oldest_waiting
from digest.store.outbox import WAITING
from digest.store.tables import counters, deliveries, fetches

# Of which there are few at any time, as against all that were sent, skipped or cancelled.
FEW = (*WAITING, DeliveryStatus.SENDING, DeliveryStatus.FAILED, DeliveryStatus.BOUNCED)
COUNTED = (DeliveryStatus.SENT, DeliveryStatus.FAILED, DeliveryStatus.BOUNCED)
_ANSWERED = (Outcome.OK, Outcome.EMPTY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """The deliveries that are due, and since when the one that waits longest has been."""

    number: int
    since: datetime | None


def delivery_totals(conn: sa.Connection) -> Mapping[DeliveryStatus, int]:
    """How often deliveries were sent, failed and bounced since the database was made, those that
    retention has dropped included."""
    rows = conn.execute(
        sa.select(counters.c.name, sa.func.sum(counters.c.value).label("total"))
        .where(counters.c.name.in_(COUNTED))
        .group_by(counters.c.name)
    )
    found = {row.name: int(row.total) for row in rows}
    return {status: found.get(status, 0) for status in COUNTED}


def few_deliveries(conn: sa.Connection) -> Mapping[DeliveryStatus, int]:
    """The deliveries in each of the statuses in `FEW`."""
    rows = conn.execute(
        sa.select(deliveries.c.status, sa.func.count().label("number"))
        .where(deliveries.c.status.in_(FEW))
        .group_by(deliveries.c.status)
    )
    found = {row.status: row.number for row in rows}
    return {status: found.get(status, 0) for status in FEW}


def due(conn: sa.Connection, now: datetime) -> Due:
    number = conn.scalar(
        sa.select(sa.func.count()).where(
            deliveries.c.status.in_(WAITING), deliveries.c.next_attempt_at <= now
        )
    )
    return Due(number=number or 0, since=oldest_waiting(conn, now))


def last_answered_at(conn: sa.Connection, source: str) -> datetime | None:
    """When a source last answered in full, be it that it had nothing."""
    return conn.scalar(
        sa.select(fetches.c.finished_at)
        .where(fetches.c.source == source, fetches.c.outcome.in_(_ANSWERED))
        .order_by(fetches.c.started_at.desc())
        .limit(1)
    )
