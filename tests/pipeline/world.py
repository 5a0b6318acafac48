"""What the tests of the steps share: a service with readers and papers, and looks at its rows."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from digest.core.bounces import BounceClass, BounceEffect
from digest.core.deliveries import Delivery, DeliveryStatus
from digest.core.messages import MailKind
from digest.core.subscribers import Status, Subscriber
from digest.pipeline.app import App
from digest.pipeline.assemble import assemble
from digest.store import bounces, outbox, subscribers
from digest.store.engine import Store
from digest.store.outbox import DeliveryRow
from digest.store.tables import metadata
from tests.builders import NOW, TODAY, make_new_delivery, store_papers, store_subscriber


def planned(app: App, *emails: str, papers: int = 3) -> list[Delivery]:
    """Digests of today's edition, queued for these readers in this order."""
    store_papers(app.store, papers)
    for number, email in enumerate(emails, 1_001):
        store_subscriber(app.store, number, email=email)
    assemble(app, TODAY)
    return deliveries(app.store)


def rows(store: Store, **which: Any) -> list[DeliveryRow]:
    """Deliveries as listings show them, in the order they were planned."""
    with store.read() as conn:
        return outbox.listed(conn, **which)[::-1]


def deliveries(store: Store, kind: MailKind = MailKind.DIGEST) -> list[Delivery]:
    return [row.delivery for row in rows(store, kind=kind)]


def statuses(store: Store, kind: MailKind = MailKind.DIGEST) -> list[DeliveryStatus]:
    return [delivery.status for delivery in deliveries(store, kind)]


def member(store: Store, email: str) -> Subscriber:
    with store.read() as conn:
        found = subscribers.by_email(conn, email)
    assert found is not None
    return found


def set_status(store: Store, email: str, status: Status) -> None:
    with store.write() as conn:
        subscribers.set_status(conn, member(store, email).id, status)


def everything(store: Store) -> dict[str, Sequence[object]]:
    """Every row of every table."""
    with store.read() as conn:
        return {
            table.name: sorted((tuple(row) for row in conn.execute(sa.select(table))), key=repr)
            for table in metadata.sorted_tables
        }


def hold_back(store: Store, number: int = 1) -> Subscriber:
    """A reader whose suppression is held back."""
    reader = store_subscriber(store, number)
    with store.write() as conn:
        outbox.enqueue(conn, [make_new_delivery(reader.id, number)], NOW)
        (row,) = outbox.listed(conn, email=reader.email)
        bounces.record(conn, row.delivery.id, BounceClass.HARD, "5.1.1", "gone", NOW)
        bounces.mark(conn, row.delivery.id, BounceEffect.HELD)
    return reader
