"""What came back of deliveries, and of whom how much."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from digest.core.bounces import HELD_FOR, BounceClass, BounceEffect, Fate, Toll
from digest.core.deliveries import DeliveryId, DeliveryStatus
from digest.core.editions import EditionId
from digest.core.messages import MailKind
from digest.core.subscribers import Status, SubscriberId, address_key
from digest.store.tables import bounces, deliveries, subscribers
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
    """Keeps what came back of a delivery, and marks one that was sent as bounced; False where
    that is known.

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
    """What came of a reader's latest digests that were taken, or refused, since then, newest
    first."""
    tried_at = sa.func.coalesce(deliveries.c.sent_at, bounces.c.at)
    rows = conn.execute(
        sa.select(tried_at, bounces.c.bounce_class)
        .outerjoin(bounces, bounces.c.delivery_id == deliveries.c.id)
        .where(
            deliveries.c.subscriber_id == subscriber_id,
            deliveries.c.kind == MailKind.DIGEST,
            tried_at >= since,
        )
        .order_by(deliveries.c.id.desc())
        .limit(_LOOKED_AT)
    )
    return [Fate(at, BounceClass(found) if found else None) for at, found in rows]


# --- many at once -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A reader whose suppression is held back, and by which of their bounces."""

    subscriber_id: SubscriberId
    email: str
    delivery_id: DeliveryId
    at: datetime
    status: str


def toll(
    conn: sa.Connection, edition_id: EditionId, domain: str, classes: Collection[BounceClass]
) -> Toll:
    """How the digests of an edition to a domain fared, or to everybody where it is ""."""
    came_back = sa.func.count().filter(bounces.c.bounce_class.in_(classes))
    row = conn.execute(
        sa.select(sa.func.count(), came_back)
        .select_from(_of_edition(edition_id, domain, isouter=True))
        .where(
            *_which(edition_id, domain),
            sa.or_(
                deliveries.c.status.in_((DeliveryStatus.SENT, DeliveryStatus.BOUNCED)),
                bounces.c.delivery_id.is_not(None),
            ),
        )
    ).one()
    return Toll(*row)


def led_to(
    conn: sa.Connection, edition_id: EditionId, domain: str, effect: BounceEffect
) -> list[tuple[DeliveryId, SubscriberId]]:
    """The deliveries of an edition to a domain, or to anybody, whose bounce had this effect."""
    rows = conn.execute(
        sa.select(deliveries.c.id, deliveries.c.subscriber_id)
        .select_from(_of_edition(edition_id, domain))
        .where(*_which(edition_id, domain), bounces.c.effect == effect)
        .order_by(deliveries.c.subscriber_id)
    )
    return [(DeliveryId(row.id), SubscriberId(row.subscriber_id)) for row in rows]


def holds_back(conn: sa.Connection, edition_id: EditionId, domain: str) -> bool:
    """Whether anything is held back of what an edition sent to a domain, or to anybody."""
    found = (
        sa.select(deliveries.c.id)
        .select_from(_of_edition(edition_id, domain))
        .where(*_which(edition_id, domain), bounces.c.effect == BounceEffect.HELD)
    )
    return conn.execute(found.limit(1)).first() is not None


def _of_edition(edition_id: EditionId, domain: str, *, isouter: bool = False) -> sa.FromClause:
    found = deliveries.join(bounces, bounces.c.delivery_id == deliveries.c.id, isouter=isouter)
    return found.join(subscribers) if domain else found


def _which(edition_id: EditionId, domain: str) -> list[sa.ColumnElement[bool]]:
    there = subscribers.c.email_key.endswith(f"@{address_key(domain)}", autoescape=True)
    return [deliveries.c.edition_id == edition_id, *([there] if domain else ())]


def mark(conn: sa.Connection, delivery_id: DeliveryId, effect: BounceEffect | None) -> None:
    """Keeps what a bounce led to."""
    conn.execute(
        sa.update(bounces).where(bounces.c.delivery_id == delivery_id).values(effect=effect)
    )


def held(conn: sa.Connection, now: datetime) -> list[Held]:
    """What is held back and still counts, oldest first; a reader stands there for each digest."""
    rows = conn.execute(
        sa.select(
            subscribers.c.id,
            subscribers.c.email,
            bounces.c.delivery_id,
            bounces.c.at,
            bounces.c.status,
        )
        .select_from(bounces.join(deliveries).join(subscribers))
        .where(*_still_held(now))
        .order_by(bounces.c.at, bounces.c.delivery_id)
    )
    return [
        Held(
            subscriber_id=SubscriberId(row.id),
            email=row.email,
            delivery_id=DeliveryId(row.delivery_id),
            at=row.at,
            status=row.status,
        )
        for row in rows
    ]


def held_readers(conn: sa.Connection, now: datetime) -> int:
    """Of how many readers the suppression is held back."""
    readers = sa.func.count(sa.distinct(subscribers.c.id))
    chosen = sa.select(readers).select_from(bounces.join(deliveries).join(subscribers))
    return conn.execute(chosen.where(*_still_held(now))).scalar_one()


def _still_held(now: datetime) -> list[sa.ColumnElement[bool]]:
    return [
        bounces.c.effect == BounceEffect.HELD,
        bounces.c.at > now - HELD_FOR,
        subscribers.c.status != Status.SUPPRESSED,
    ]
