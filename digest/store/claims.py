"""Deliveries as a queue: claimed with a lease, and kept with what came of them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from digest.core.deliveries import Delivery, DeliveryId, DeliveryStatus
from digest.core.messages import MailKind
from digest.core.subscribers import SubscriberId
from digest.store.ledger import give_back
from digest.store.outbox import delivery_of
from digest.store.tables import deliveries, subscribers


def claim(
    conn: sa.Connection,
    *,
    now: datetime,
    limit: int,
    owner: str,
    lease_until: datetime,
    only: Collection[SubscriberId] | None = None,
) -> list[Delivery]:
    """Takes up to `limit` deliveries that are due, most urgent first, for `owner` alone.

    With `only`, just those to these subscribers.
    """
    whose = sa.true() if only is None else deliveries.c.subscriber_id.in_(only)
    due = [row for one in _due(now) for row in _first(conn, sa.and_(one, whose), limit)]
    chosen = sorted(due, key=_urgency)[:limit]
    if not chosen:
        return []
    rows = conn.execute(
        sa.update(deliveries)
        .where(deliveries.c.id.in_([row.id for row in chosen]))
        .values(status=DeliveryStatus.SENDING, lease_owner=owner, lease_until=lease_until)
        .returning(deliveries)
    )
    return [delivery_of(row) for row in sorted(rows, key=_urgency)]


def anything_due(conn: sa.Connection, now: datetime) -> bool:
    """Whether there is anything to claim, or to take back: what a quiet tick asks first."""
    sending = deliveries.c.status == DeliveryStatus.SENDING
    conditions = (*_due(now), sending)
    return any(
        conn.execute(sa.select(deliveries.c.id).where(condition).limit(1)).first() is not None
        for condition in conditions
    )


def _due(now: datetime) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    """Queued means now, whatever the clock says: it may have been set back since."""
    deferred = deliveries.c.status == DeliveryStatus.DEFERRED
    return (
        deliveries.c.status == DeliveryStatus.QUEUED,
        sa.and_(deferred, deliveries.c.next_attempt_at <= now),
    )


def _first(conn: sa.Connection, due: sa.ColumnElement[bool], limit: int) -> Sequence[Any]:
    """The most urgent of one status: read off the index in its order, however long the queue."""
    return conn.execute(
        sa.select(deliveries.c.id, deliveries.c.priority, deliveries.c.next_attempt_at)
        .where(due)
        .order_by(deliveries.c.priority, deliveries.c.next_attempt_at, deliveries.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)  # SQLite has one writer at a time and no such words
    ).all()


def _urgency(row: Any) -> tuple[int, datetime, int]:
    return row.priority, row.next_attempt_at, row.id


def save(conn: sa.Connection, delivery: Delivery, owner: str) -> bool:
    """Records what came of an attempt; False when the lease was lost to somebody else.

    A failed or cancelled delivery gives its papers back: they never reached the reader.
    """
    saved = conn.execute(
        sa.update(deliveries)
        .where(deliveries.c.id == delivery.id, deliveries.c.lease_owner == owner)
        .values(
            status=delivery.status,
            attempts=delivery.attempts,
            next_attempt_at=delivery.next_attempt_at,
            smtp_code=delivery.smtp_code,
            smtp_reply=delivery.smtp_reply,
            sent_at=delivery.sent_at,
            detail=delivery.detail,
            lease_owner=None,
            lease_until=None,
        )
    ).rowcount
    if saved and delivery.status in (DeliveryStatus.FAILED, DeliveryStatus.CANCELLED):
        give_back(conn, [delivery.id])
    if saved and delivery.status is DeliveryStatus.SENT and delivery.kind is MailKind.DIGEST:
        conn.execute(
            sa.update(subscribers)
            .where(subscribers.c.id == delivery.subscriber_id)
            .values(last_sent_at=delivery.sent_at)
        )
    return bool(saved)


def release(conn: sa.Connection, *, now: datetime, dead_owners: Collection[str]) -> int:
    """Returns to the queue what expired leases and owners known to be dead were sending."""
    lost = sa.or_(deliveries.c.lease_until < now, deliveries.c.lease_owner.in_(dead_owners))
    return conn.execute(
        sa.update(deliveries)
        .where(deliveries.c.status == DeliveryStatus.SENDING, lost)
        .values(status=_waiting_again(), lease_owner=None, lease_until=None)
    ).rowcount


def put_back(conn: sa.Connection, ids: Sequence[DeliveryId], owner: str) -> None:
    """Returns claimed deliveries untouched."""
    if ids:
        conn.execute(
            sa.update(deliveries)
            .where(deliveries.c.id.in_(ids), deliveries.c.lease_owner == owner)
            .values(status=_waiting_again(), lease_owner=None, lease_until=None)
        )


def postpone(conn: sa.Connection, delivery_id: DeliveryId, until: datetime, owner: str) -> None:
    """Returns a claimed delivery untried, not to be tried before a moment."""
    conn.execute(
        sa.update(deliveries)
        .where(deliveries.c.id == delivery_id, deliveries.c.lease_owner == owner)
        .values(
            status=DeliveryStatus.DEFERRED,
            next_attempt_at=until,
            lease_owner=None,
            lease_until=None,
        )
    )


def _waiting_again() -> sa.Case[str]:
    return sa.case(
        (deliveries.c.attempts > 0, DeliveryStatus.DEFERRED.value),
        else_=DeliveryStatus.QUEUED.value,
    )


def owners(conn: sa.Connection) -> list[str]:
    """Who holds leases on deliveries."""
    statement = (
        sa.select(deliveries.c.lease_owner)
        .where(deliveries.c.status == DeliveryStatus.SENDING, deliveries.c.lease_owner.is_not(None))
        .distinct()
    )
    return [str(owner) for owner in conn.scalars(statement)]
