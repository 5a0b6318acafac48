"""What readers say of papers: one row for a reader, a paper and a kind."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from digest.core.feedback import OPPOSITE, FeedbackKind, Vote
from digest.core.identifiers import PaperId
from digest.core.subscribers import SubscriberId
from digest.store.chunks import chunks
from digest.store.papers import upsert
from digest.store.tables import feedback


def record(
    conn: sa.Connection,
    subscriber_id: SubscriberId,
    paper_id: PaperId,
    kind: FeedbackKind,
    now: datetime,
) -> None:
    """Keeps what somebody says of a paper; more takes the place of less, and less of more.

    Said again, it keeps the time when it was first said.
    """
    if kind in OPPOSITE:
        withdraw(conn, subscriber_id, paper_id, OPPOSITE[kind])
    conn.execute(
        upsert(conn, feedback)
        .values(
            subscriber_id=subscriber_id, paper_id=paper_id, kind=kind, first_at=now, last_at=now
        )
        .on_conflict_do_update(
            index_elements=[feedback.c.subscriber_id, feedback.c.paper_id, feedback.c.kind],
            set_={"last_at": now},
        )
    )


def withdraw(
    conn: sa.Connection, subscriber_id: SubscriberId, paper_id: PaperId, kind: FeedbackKind
) -> bool:
    """Takes back what somebody said of a paper; whether there was anything."""
    deleted = conn.execute(
        sa.delete(feedback).where(
            feedback.c.subscriber_id == subscriber_id,
            feedback.c.paper_id == paper_id,
            feedback.c.kind == kind,
        )
    )
    return deleted.rowcount > 0


def forget(conn: sa.Connection, subscriber_id: SubscriberId) -> int:
    """Erases all that somebody said of papers; how many rows it was."""
    where = feedback.c.subscriber_id == subscriber_id
    return conn.execute(sa.delete(feedback).where(where)).rowcount


def of(conn: sa.Connection, ids: Sequence[SubscriberId]) -> dict[SubscriberId, tuple[Vote, ...]]:
    """What each of these subscribers says, the newest first; one query for each few hundred."""
    found: dict[SubscriberId, list[Vote]] = {key: [] for key in ids}
    for chunk in chunks(ids):
        rows = conn.execute(
            sa.select(feedback)
            .where(feedback.c.subscriber_id.in_(chunk))
            .order_by(feedback.c.last_at.desc(), feedback.c.paper_id, feedback.c.kind)
        )
        for row in rows:
            found[SubscriberId(row.subscriber_id)].append(
                Vote(paper_id=PaperId(row.paper_id), kind=FeedbackKind(row.kind), at=row.last_at)
            )
    return {key: tuple(votes) for key, votes in found.items()}


def first_said(
    conn: sa.Connection, subscriber_id: SubscriberId
) -> dict[tuple[PaperId, FeedbackKind], datetime]:
    """When somebody said each thing for the first time."""
    rows = conn.execute(
        sa.select(feedback.c.paper_id, feedback.c.kind, feedback.c.first_at).where(
            feedback.c.subscriber_id == subscriber_id
        )
    )
    return {(PaperId(row.paper_id), FeedbackKind(row.kind)): row.first_at for row in rows}


def counts(
    conn: sa.Connection,
    *,
    subscriber_id: SubscriberId | None = None,
    since: datetime | None = None,
) -> dict[FeedbackKind, int]:
    """How many rows there are of each kind: of one subscriber, or last said at `since` or later."""
    statement = sa.select(feedback.c.kind, sa.func.count()).group_by(feedback.c.kind)
    if subscriber_id is not None:
        statement = statement.where(feedback.c.subscriber_id == subscriber_id)
    if since is not None:
        statement = statement.where(feedback.c.last_at >= since)
    found = {FeedbackKind(kind): number for kind, number in conn.execute(statement)}
    return {kind: found.get(kind, 0) for kind in FeedbackKind}
