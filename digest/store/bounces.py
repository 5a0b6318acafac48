"""What came back of deliveries, and of whom how much."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from digest.core.bounces import BounceClass, Fate
from digest.core.deliveries import DeliveryId, DeliveryStatus
from digest.core.messages import MailKind
from digest.core.subscribers import SubscriberId
from digest.store.tables import bounces, deliveries
from digest.store.upserts import upsert

_LOOKED_AT = 60


@dataclass(frozen=True, slots=True)
class Bounce:
    """`status` is that of RFC 3463, or ""."""

    at: datetime
    bounce_class: BounceClass
    status: str


def record(
    conn: sa.Connection,
    delivery_id: DeliveryId,
    bounce_class: BounceClass,
    status: str,
    detail: str,
    now: datetime,
) -> bool:
    """Keeps what came back of a delivery, and marks it as bounced; False where that is known.

    Of several bounces of one delivery a hard one is kept. The ledger keeps its papers: a copy of
    the mail may have arrived.
    """
    known = conn.scalar(
        sa.select(bounces.c.bounce_class).where(bounces.c.delivery_id == delivery_id)
    )
    worse = bounce_class is BounceClass.HARD and known != BounceClass.HARD
    if known is not None and not worse:
        return False
    row = {"at": now, "bounce_class": bounce_class, "status": status}
    statement = upsert(conn, bounces).values(delivery_id=delivery_id, **row)
    conn.execute(statement.on_conflict_do_update(index_elements=[bounces.c.delivery_id], set_=row))
    conn.execute(
        sa.update(deliveries)
        .where(
            deliveries.c.id == delivery_id,
            deliveries.c.status.in_((DeliveryStatus.SENT, DeliveryStatus.BOUNCED)),
        )
        .values(status=DeliveryStatus.BOUNCED, detail=detail)
    )
    return True


def of_subscriber(conn: sa.Connection, subscriber_id: SubscriberId) -> dict[DeliveryId, Bounce]:
    """What came back of a reader's deliveries."""
    rows = conn.execute(
        sa.select(bounces)
        .join(deliveries, deliveries.c.id == bounces.c.delivery_id)
        .where(deliveries.c.subscriber_id == subscriber_id)
    )
    return {
        DeliveryId(row.delivery_id): Bounce(row.at, BounceClass(row.bounce_class), row.status)
        for row in rows
    }


def fates(conn: sa.Connection, subscriber_id: SubscriberId, since: datetime) -> list[Fate]:
    """What came of a reader's latest digests that the relay took since then, newest first."""
    rows = conn.execute(
        sa.select(deliveries.c.sent_at, bounces.c.bounce_class)
        .outerjoin(bounces, bounces.c.delivery_id == deliveries.c.id)
        .where(
            deliveries.c.subscriber_id == subscriber_id,
            deliveries.c.kind == MailKind.DIGEST,
            deliveries.c.sent_at >= since,
        )
        .order_by(deliveries.c.id.desc())
        .limit(_LOOKED_AT)
    )
    return [Fate(at, BounceClass(found) if found else None) for at, found in rows]
