"""Deliveries as a queue: planned, claimed with a lease, and kept with what came of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from digest.core.deliveries import Delivery, DeliveryId, DeliveryStatus, PlannedPaper
from digest.core.editions import EditionId
from digest.core.identifiers import PaperId
from digest.core.messages import MailKind
from digest.core.subscribers import SubscriberId, address_key
from digest.store.chunks import chunks
from digest.store.papers import upsert
from digest.store.tables import deliveries, delivery_papers, editions, sent_papers, subscribers

WAITING = (DeliveryStatus.QUEUED, DeliveryStatus.DEFERRED)
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
    rows = [
        {
            "delivery_id": key,
            "position": position,
            "paper_id": paper.paper_id,
            "score": paper.score,
            "relevance": paper.relevance,
            "trend": paper.trend,
            "reason": paper.reason,
            "subscriber_id": new.subscriber_id,
        }
        for key, new in kept
        for position, paper in enumerate(new.papers)
    ]
    if not rows:
        return
    ledger = ("subscriber_id", "paper_id", "delivery_id")
    conn.execute(sa.insert(sent_papers), [{name: row[name] for name in ledger} for row in rows])
    conn.execute(
        sa.insert(delivery_papers),
        [{name: row[name] for name in row if name != "subscriber_id"} for row in rows],
    )


def claim(
    conn: sa.Connection, *, now: datetime, limit: int, owner: str, lease_until: datetime
) -> list[Delivery]:
    """Takes up to `limit` deliveries that are due, most urgent first, for `owner` alone."""
    due = [row for condition in _due(now) for row in _first(conn, condition, limit)]
    chosen = sorted(due, key=_urgency)[:limit]
    if not chosen:
        return []
    rows = conn.execute(
        sa.update(deliveries)
        .where(deliveries.c.id.in_([row.id for row in chosen]))
        .values(status=DeliveryStatus.SENDING, lease_owner=owner, lease_until=lease_until)
        .returning(deliveries)
    )
    return [_delivery(row) for row in sorted(rows, key=_urgency)]


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
        _give_back(conn, [delivery.id])
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
    _give_back(conn, ids)
    return len(ids)


def retry(conn: sa.Connection, statuses: Collection[DeliveryStatus], now: datetime) -> int:
    """Queues deliveries of these statuses anew; how many.

    A digest comes back only while no later one has brought the reader any of its papers.
    """
    ids = conn.scalars(sa.select(deliveries.c.id).where(deliveries.c.status.in_(statuses))).all()
    again = [key for key in ids if _take_back(conn, key)]
    for chunk in chunks(again):
        conn.execute(
            sa.update(deliveries)
            .where(deliveries.c.id.in_(chunk))
            .values(status=DeliveryStatus.QUEUED, attempts=0, next_attempt_at=now, detail="")
        )
    return len(again)


def _give_back(conn: sa.Connection, ids: Sequence[int]) -> None:
    if ids:
        conn.execute(sa.delete(sent_papers).where(sent_papers.c.delivery_id.in_(ids)))


def _take_back(conn: sa.Connection, delivery_id: int) -> bool:
    rows = conn.execute(
        sa.select(deliveries.c.subscriber_id, delivery_papers.c.paper_id)
        .join(delivery_papers, delivery_papers.c.delivery_id == deliveries.c.id)
        .where(deliveries.c.id == delivery_id)
    ).all()
    if not rows:
        return True
    wanted = [row.paper_id for row in rows]
    taken = conn.execute(
        sa.select(sa.func.count())
        .select_from(sent_papers)
        .where(
            sent_papers.c.subscriber_id == rows[0].subscriber_id,
            sent_papers.c.paper_id.in_(wanted),
            sent_papers.c.delivery_id.is_distinct_from(delivery_id),
        )
    ).scalar_one()
    if taken:
        return False
    ledger = upsert(conn, sent_papers).on_conflict_do_nothing()
    conn.execute(
        ledger,
        [
            {"subscriber_id": r.subscriber_id, "paper_id": r.paper_id, "delivery_id": delivery_id}
            for r in rows
        ],
    )
    return True


def seen_papers(
    conn: sa.Connection, ids: Sequence[SubscriberId], candidates: Collection[PaperId] | None = None
) -> dict[SubscriberId, set[PaperId]]:
    """For each subscriber the papers of the ledger."""
    seen: dict[SubscriberId, set[PaperId]] = {key: set() for key in ids}
    rows = conn.execute(
        sa.select(sent_papers.c.subscriber_id, sent_papers.c.paper_id).where(
            sent_papers.c.subscriber_id.in_(ids)
        )
    )
    for subscriber_id, paper_id in rows:
        if candidates is None or paper_id in candidates:
            seen[SubscriberId(subscriber_id)].add(PaperId(paper_id))
    return seen


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
            )
        )
    return found


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
            delivery=_delivery(row),
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
    return None if row is None else _delivery(row)


def of_edition(
    conn: sa.Connection, edition_id: EditionId, subscriber_id: SubscriberId
) -> Delivery | None:
    row = conn.execute(
        sa.select(deliveries).where(
            deliveries.c.edition_id == edition_id, deliveries.c.subscriber_id == subscriber_id
        )
    ).one_or_none()
    return None if row is None else _delivery(row)


def status_counts(
    conn: sa.Connection, edition_ids: Collection[EditionId] | None = None
) -> dict[DeliveryStatus, int]:
    """How many deliveries of these editions (all mail without) are in each status."""
    statement = sa.select(deliveries.c.status, sa.func.count()).group_by(deliveries.c.status)
    if edition_ids is not None:
        statement = statement.where(deliveries.c.edition_id.in_(edition_ids))
    return {DeliveryStatus(status): number for status, number in conn.execute(statement)}


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


def _delivery(row: Any) -> Delivery:
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
