"""The ledger: which papers each reader has been sent, or is about to be."""

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from digest.core.identifiers import PaperId
from digest.core.subscribers import SubscriberId
from digest.store.tables import sent_papers


def seen_papers(
    conn: sa.Connection, ids: Sequence[SubscriberId], candidates: Collection[PaperId] | None = None
) -> dict[SubscriberId, set[PaperId]]:
    """For each subscriber the papers of the ledger, or those of them among `candidates`.

    Candidates are the papers of some days: reading from the oldest of them on keeps this small,
    however long the ledger has grown.
    """
    seen: dict[SubscriberId, set[PaperId]] = {key: set() for key in ids}
    statement = sa.select(sent_papers.c.subscriber_id, sent_papers.c.paper_id).where(
        sent_papers.c.subscriber_id.in_(ids)
    )
    if candidates is not None:
        oldest = min(candidates, default=PaperId(0))
        statement = statement.where(sent_papers.c.paper_id >= oldest)
    for subscriber_id, paper_id in conn.execute(statement):
        if candidates is None or paper_id in candidates:
            seen[SubscriberId(subscriber_id)].add(PaperId(paper_id))
    return seen


def give_back(conn: sa.Connection, ids: Sequence[int]) -> None:
    """Strikes out what these deliveries were to bring: it never reached the reader."""
    if ids:
        conn.execute(sa.delete(sent_papers).where(sent_papers.c.delivery_id.in_(ids)))
