"""Looking for damage: what the engine finds, and rows that contradict each other."""

import sqlalchemy as sa

from digest.core.deliveries import DeliveryStatus
from digest.core.messages import MailKind
from digest.store.engine import Store
from digest.store.tables import (
    deliveries,
    delivery_papers,
    paper_ids,
    papers,
    rulings,
    sent_papers,
)


def problems(store: Store) -> list[str]:
    """One line for each kind of damage found; empty for a sound database."""
    with store.read() as conn:
        found = _engine_problems(conn) if store.is_sqlite else []
        for what, statement in _CONTRADICTIONS.items():
            number = conn.execute(sa.select(sa.func.count()).select_from(statement.subquery()))
            if count := number.scalar_one():
                found.append(f"{count} {what}")
    return found


def _engine_problems(conn: sa.Connection) -> list[str]:
    lines = [str(row[0]) for row in conn.exec_driver_sql("PRAGMA integrity_check(20)")]
    found = [f"SQLite: {line}" for line in lines if line != "ok"]
    orphans = conn.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    return [*found, *([f"{len(orphans)} rows refer to rows that are gone"] if orphans else [])]


_other_ids = paper_ids.alias()
_CONTRADICTIONS = {
    "papers without any identifier": sa.select(papers.c.id).where(
        ~sa.exists().where(paper_ids.c.paper_id == papers.c.id)
    ),
    "digests sent without a line in the ledger": sa.select(delivery_papers.c.paper_id)
    .join(deliveries, deliveries.c.id == delivery_papers.c.delivery_id)
    .where(
        deliveries.c.kind == MailKind.DIGEST,
        deliveries.c.status == DeliveryStatus.SENT,
        ~sa.exists().where(
            sent_papers.c.paper_id == delivery_papers.c.paper_id,
            sent_papers.c.subscriber_id == deliveries.c.subscriber_id,
        ),
    ),
    "deliveries being sent without a lease": sa.select(deliveries.c.id).where(
        deliveries.c.status == DeliveryStatus.SENDING, deliveries.c.lease_owner.is_(None)
    ),
    "rulings between identifiers of one paper": sa.select(rulings.c.kind)
    .join(
        paper_ids,
        sa.and_(paper_ids.c.kind == rulings.c.kind, paper_ids.c.value == rulings.c.value),
    )
    .join(
        _other_ids,
        sa.and_(
            _other_ids.c.kind == rulings.c.other_kind,
            _other_ids.c.value == rulings.c.other_value,
        ),
    )
    .where(paper_ids.c.paper_id == _other_ids.c.paper_id),
}
