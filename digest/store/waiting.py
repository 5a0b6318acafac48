"""Who waits to be planned for: which subscribers these are, and how many."""

from datetime import datetime

import sqlalchemy as sa

from digest.core.deliveries import DeliveryStatus
from digest.core.editions import EditionId
from digest.core.subscribers import Status
from digest.store.tables import deliveries, subscribers

Conditions = tuple[sa.ColumnElement[bool], ...]


def without(edition_id: EditionId) -> Conditions:
    """Active, with no delivery of an edition, or only with the decision to send them nothing."""
    has_delivery = sa.exists().where(
        deliveries.c.subscriber_id == subscribers.c.id,
        deliveries.c.edition_id == edition_id,
        deliveries.c.status != DeliveryStatus.SKIPPED,
    )
    return subscribers.c.status == Status.ACTIVE, ~has_delivery


def due(now: datetime) -> Conditions:
    """Active, with a slot that has come."""
    return subscribers.c.status == Status.ACTIVE, subscribers.c.next_due_at <= now


def count(conn: sa.Connection, which: Conditions) -> int:
    statement = sa.select(sa.func.count()).select_from(subscribers).where(*which)
    return conn.execute(statement).scalar_one()
