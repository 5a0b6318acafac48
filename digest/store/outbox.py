"""Deliveries: planned once for each reader and edition, cancelled, and listed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from digest.core.deliveries import Delivery, DeliveryId, DeliveryStatus, PlannedPaper
from digest.core.editions import EditionId
from digest.core.identifiers import PaperId
from digest.core.messages import MailKind
from digest.core.places import Place, Section
from digest.core.subscribers import SubscriberId, address_key
from digest.store.chunks import chunks
from digest.store.ledger import give_back
from digest.store.tables import deliveries, delivery_papers, editions, sent_papers, subscribers
from digest.store.upserts import upsert

WAITING = (DeliveryStatus.QUEUED, DeliveryStatus.DEFERRED)
# What did not reach its reader, so that its papers may come again.
_NOTHING = (DeliveryStatus.SKIPPED, DeliveryStatus.CANCELLED, DeliveryStatus.FAILED)
PRIORITIES = (0, 1)
_PRIORITY = {MailKind.DIGEST: 1}  # everything else is waited for: 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """A delivery to be written; with status `skipped` only the decision, and why, is kept."""

    public_id: str
    kind: MailKind
    subscriber_id: SubscriberId
    message_id: str
    edition_id: EditionId | None = None
    status: DeliveryStatus = DeliveryStatus.QUEUED
    detail: str = ""
    payload: dict[str, str] | None = None
    papers: tuple[PlannedPaper, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """A delivery as listings show it."""

    delivery: Delivery
    email: str
    edition: date | None
    message_id: str
    papers: tuple[PaperId, ...]


def enqueue(conn: sa.Connection, planned: Sequence[NewDelivery], now: datetime) -> int:
    """Writes deliveries, with their papers in the ledger; how many.

    One for an (edition, subscriber) that has one already is left out. Raises IntegrityError,
    leaving nothing behind, when a paper was meanwhile sent to that subscriber by another
    edition: rank again.
    """
    if not planned:
        return 0
    statement = upsert(conn, deliveries).on_conflict_do_nothing(
        index_elements=[deliveries.c.edition_id, deliveries.c.subscriber_id]
    )
    inserted = conn.execute(
        statement.returning(deliveries.c.id, deliveries.c.public_id),
        [_row(new, now) for new in planned],
    ).all()
    ids = {public_id: key for key, public_id in inserted}
    kept = [(ids[new.public_id], new) for new in planned if new.public_id in ids]
    _write_papers(conn, kept)
    return len(kept)


def decided(
    conn: sa.Connection, edition_id: EditionId, ids: Sequence[SubscriberId]
) -> dict[SubscriberId, DeliveryStatus]:
    """What was decided of this edition for those of these subscribers that have a delivery."""
    rows = conn.execute(
        sa.select(deliveries.c.subscriber_id, deliveries.c.status).where(
            deliveries.c.edition_id == edition_id, deliveries.c.subscriber_id.in_(ids)
        )
    )
    return {SubscriberId(row.subscriber_id): DeliveryStatus(row.status) for row in rows}


def forget_skipped(conn: sa.Connection, edition_id: EditionId, ids: Sequence[SubscriberId]) -> None:
    """Takes back the decision to send these subscribers nothing of an edition."""
    conn.execute(
        sa.delete(deliveries).where(
            deliveries.c.edition_id == edition_id,
            deliveries.c.subscriber_id.in_(ids),
            deliveries.c.status == DeliveryStatus.SKIPPED,
        )
    )


def _row(new: NewDelivery, now: datetime) -> dict[str, Any]:
    return {
        "public_id": new.public_id,
        "kind": new.kind,
        "subscriber_id": new.subscriber_id,
        "edition_id": new.edition_id,
        "status": new.status,
        "priority": _PRIORITY.get(new.kind, 0),
        "created_at": now,
        "next_attempt_at": now,
        "attempts": 0,
        "message_id": new.message_id,
        "smtp_reply": "",
        "detail": new.detail,
        "payload": new.payload or {},
    }


def _write_papers(conn: sa.Connection, kept: Sequence[tuple[int, NewDelivery]]) -> None:
    each = [(key, new, *one) for key, new in kept for one in enumerate(new.papers)]
    if not each:
        return
    conn.execute(
        sa.insert(sent_papers),
        [
            {
                "subscriber_id": new.subscriber_id,
                "paper_id": paper.paper_id,
                "delivery_id": key,
            }
            for key, new, _, paper in each
        ],
    )
    conn.execute(
        sa.insert(delivery_papers),
        [
            {
                "delivery_id": key,
                "position": position,
                "paper_id": paper.paper_id,
                "score": paper.score,
                "relevance": paper.relevance,
                "trend": paper.trend,
                "reason": paper.reason,
                "place": paper.place,
                "section": paper.section,
            }
            for key, _, position, paper in each
        ],
    )


def cancel_waiting(
    conn: sa.Connection,
    subscriber_id: SubscriberId,
    detail: str,
    kinds: Collection[MailKind] = (MailKind.DIGEST,),
) -> int:
    """Cancels what still waits for a subscriber; how many."""
    ids = conn.scalars(
        sa.update(deliveries)
        .where(
            deliveries.c.subscriber_id == subscriber_id,
            deliveries.c.status.in_(WAITING),
            deliveries.c.kind.in_(kinds),
        )
        .values(status=DeliveryStatus.CANCELLED, detail=detail)
        .returning(deliveries.c.id)
    ).all()
    give_back(conn, ids)
    return len(ids)


def papers_of(
    conn: sa.Connection, ids: Sequence[DeliveryId]
) -> dict[DeliveryId, list[PlannedPaper]]:
    """The papers of each delivery, in the order of the mail."""
    found: dict[DeliveryId, list[PlannedPaper]] = {key: [] for key in ids}
    rows = (
        row
        for chunk in chunks(ids)
        for row in conn.execute(
            sa.select(delivery_papers)
            .where(delivery_papers.c.delivery_id.in_(chunk))
            .order_by(delivery_papers.c.delivery_id, delivery_papers.c.position)
        )
    )
    for row in rows:
        found[DeliveryId(row.delivery_id)].append(
            PlannedPaper(
                paper_id=PaperId(row.paper_id),
                score=row.score,
                relevance=row.relevance,
                trend=row.trend,
                reason=row.reason,
                place=Place(row.place),
                section=Section(row.section),
                position=row.position,
            )
        )
    return found


def paper_at(conn: sa.Connection, delivery_id: DeliveryId, position: int) -> PaperId | None:
    """The paper at a place of a digest, under its number of today; None where there is none."""
    found = conn.scalar(
        sa.select(delivery_papers.c.paper_id).where(
            delivery_papers.c.delivery_id == delivery_id, delivery_papers.c.position == position
        )
    )
    return None if found is None else PaperId(found)


def listed(
    conn: sa.Connection,
    *,
    day: date | None = None,
    status: DeliveryStatus | None = None,
    email: str = "",
    public_id: str = "",
    kind: MailKind | None = None,
    limit: int | None = None,
) -> list[DeliveryRow]:
    """Deliveries as listings show them, newest first."""
    statement = (
        sa.select(deliveries, subscribers.c.email, editions.c.date.label("edition"))
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .outerjoin(editions, editions.c.id == deliveries.c.edition_id)
        .order_by(deliveries.c.id.desc())
        .limit(limit)
    )
    conditions = (
        (day is not None, editions.c.date == (day.isoformat() if day else "")),
        (status is not None, deliveries.c.status == status),
        (bool(email), subscribers.c.email_key == address_key(email)),
        (bool(public_id), deliveries.c.public_id == public_id),
        (kind is not None, deliveries.c.kind == kind),
    )
    for wanted, condition in conditions:
        if wanted:
            statement = statement.where(condition)
    rows = conn.execute(statement).all()
    papers = papers_of(conn, [DeliveryId(row.id) for row in rows])
    return [
        DeliveryRow(
            delivery=delivery_of(row),
            email=row.email,
            edition=date.fromisoformat(row.edition) if row.edition else None,
            message_id=row.message_id,
            papers=tuple(paper.paper_id for paper in papers[DeliveryId(row.id)]),
        )
        for row in rows
    ]


def by_public_id(conn: sa.Connection, public_id: str) -> Delivery | None:
    row = conn.execute(
        sa.select(deliveries).where(deliveries.c.public_id == public_id)
    ).one_or_none()
    return None if row is None else delivery_of(row)


def of_edition(
    conn: sa.Connection, edition_id: EditionId, subscriber_id: SubscriberId
) -> Delivery | None:
    row = conn.execute(
        sa.select(deliveries).where(
            deliveries.c.edition_id == edition_id, deliveries.c.subscriber_id == subscriber_id
        )
    ).one_or_none()
    return None if row is None else delivery_of(row)


def latest_digests(conn: sa.Connection, subscriber_id: SubscriberId, limit: int) -> list[Delivery]:
    """The digests that a subscriber got or is about to get, newest first."""
    rows = conn.execute(
        sa.select(deliveries)
        .where(
            deliveries.c.subscriber_id == subscriber_id,
            deliveries.c.kind == MailKind.DIGEST,
            deliveries.c.status.not_in(_NOTHING),
        )
        .order_by(deliveries.c.id.desc())
        .limit(limit)
    )
    return [delivery_of(row) for row in rows]


def last_of_kind(
    conn: sa.Connection, subscriber_id: SubscriberId, kind: MailKind
) -> datetime | None:
    """When the newest mail of a kind was queued for a subscriber; a cancelled one never was."""
    moment: datetime | None = conn.scalar(
        sa.select(sa.func.max(deliveries.c.created_at)).where(
            deliveries.c.subscriber_id == subscriber_id,
            deliveries.c.kind == kind,
            deliveries.c.status != DeliveryStatus.CANCELLED,
        )
    )
    return moment


def delivery_of(row: Any) -> Delivery:
    return Delivery(
        id=DeliveryId(row.id),
        public_id=row.public_id,
        kind=MailKind(row.kind),
        subscriber_id=SubscriberId(row.subscriber_id),
        edition_id=None if row.edition_id is None else EditionId(row.edition_id),
        status=DeliveryStatus(row.status),
        created_at=row.created_at,
        next_attempt_at=row.next_attempt_at,
        attempts=row.attempts,
        smtp_code=row.smtp_code,
        smtp_reply=row.smtp_reply,
        sent_at=row.sent_at,
        detail=row.detail,
        payload=row.payload,
    )
