"""Deliveries that are tried again on an operator's word."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from digest.core.deliveries import DeliveryId, DeliveryStatus
from digest.core.subscribers import Status
from digest.store.chunks import chunks
from digest.store.tables import bounces, deliveries, delivery_papers, sent_papers, subscribers
from digest.store.upserts import upsert

_BROUGHT = sa.join(deliveries, delivery_papers, delivery_papers.c.delivery_id == deliveries.c.id)


def retriable(conn: sa.Connection, statuses: Collection[DeliveryStatus]) -> list[DeliveryId]:
    """The deliveries of these statuses that can be tried again, oldest first; only reads.

    None to a suppressed address, and a digest only while no other one has brought the reader, or
    would now bring them, any of its papers.
    """
    ids = conn.scalars(
        sa.select(deliveries.c.id)
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .where(deliveries.c.status.in_(statuses), subscribers.c.status != Status.SUPPRESSED)
        .order_by(deliveries.c.id)
    ).all()
    found: list[DeliveryId] = []
    promised: set[tuple[int, int]] = set()
    for chunk in chunks(ids):
        overtaken, brings = _overtaken(conn, chunk), _brings(conn, chunk)
        for key in chunk:
            if key not in overtaken and promised.isdisjoint(brings.get(key, ())):
                promised.update(brings.get(key, ()))
                found.append(DeliveryId(key))
    return found


def _overtaken(conn: sa.Connection, ids: Collection[int]) -> set[int]:
    """Those of which another delivery has brought a paper."""
    statement = (
        sa.select(deliveries.c.id)
        .distinct()
        .select_from(_BROUGHT)
        .join(
            sent_papers,
            sa.and_(
                sent_papers.c.subscriber_id == deliveries.c.subscriber_id,
                sent_papers.c.paper_id == delivery_papers.c.paper_id,
            ),
        )
        .where(
            deliveries.c.id.in_(ids), sent_papers.c.delivery_id.is_distinct_from(deliveries.c.id)
        )
    )
    return set(conn.scalars(statement))


def _brings(conn: sa.Connection, ids: Collection[int]) -> dict[int, set[tuple[int, int]]]:
    """The (subscriber, paper) of each delivery that brings papers."""
    statement = (
        sa.select(deliveries.c.id, deliveries.c.subscriber_id, delivery_papers.c.paper_id)
        .select_from(_BROUGHT)
        .where(deliveries.c.id.in_(ids))
    )
    brings: dict[int, set[tuple[int, int]]] = {}
    for key, subscriber_id, paper_id in conn.execute(statement):
        brings.setdefault(key, set()).add((subscriber_id, paper_id))
    return brings


def retry(conn: sa.Connection, statuses: Collection[DeliveryStatus], now: datetime) -> int:
    """Queues what is `retriable` anew, as if it had never been tried; how many."""
    again = retriable(conn, statuses)
    for chunk in chunks(again):
        papers = (
            sa.select(deliveries.c.subscriber_id, delivery_papers.c.paper_id, deliveries.c.id)
            .select_from(_BROUGHT)
            .where(deliveries.c.id.in_(chunk))
        )
        entered = upsert(conn, sent_papers).from_select(
            ["subscriber_id", "paper_id", "delivery_id"], papers
        )
        conn.execute(entered.on_conflict_do_nothing())
        conn.execute(sa.delete(bounces).where(bounces.c.delivery_id.in_(chunk)))
        conn.execute(
            sa.update(deliveries)
            .where(deliveries.c.id.in_(chunk))
            .values(
                status=DeliveryStatus.QUEUED,
                attempts=0,
                next_attempt_at=now,
                smtp_code=None,
                smtp_reply="",
                detail="",
            )
        )
    return len(again)
