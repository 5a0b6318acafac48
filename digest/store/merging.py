"""Joining two rows that turned out to be one paper, with all that hangs on them."""

from collections.abc import Sequence

import sqlalchemy as sa

from digest.core.identifiers import PaperId
from digest.store.tables import (
    candidates,
    cards,
    delivery_papers,
    paper_ids,
    paper_sources,
    papers,
    sent_papers,
    signals,
)

# Tables whose primary key holds the paper: a row that the kept paper has already is dropped.
_KEYED = (paper_sources, signals, candidates, cards, sent_papers)
_PLAIN = (paper_ids, delivery_papers)


def merge_rows(conn: sa.Connection, ids: Sequence[PaperId]) -> int:
    """Makes the first of `ids` the only row; how many rows went away.

    Whoever was sent one of them counts as having been sent the paper.
    """
    kept, *others = ids
    for other in others:
        _keep_first_appearances(conn, other, kept)
        for table in _PLAIN:
            conn.execute(sa.update(table).where(table.c.paper_id == other).values(paper_id=kept))
        for table in _KEYED:
            _move(conn, table, other, kept)
        conn.execute(sa.delete(papers).where(papers.c.id == other))
    return len(others)


def _keep_first_appearances(conn: sa.Connection, other: PaperId, kept: PaperId) -> None:
    """Where both came up at a source, the paper did so when the first of them did."""
    twin = paper_sources.alias()
    appeared_at = (
        sa.select(twin.c.appeared_at)
        .where(twin.c.paper_id == other, twin.c.source == paper_sources.c.source)
        .scalar_subquery()
    )
    conn.execute(
        sa.update(paper_sources)
        .where(paper_sources.c.paper_id == kept, appeared_at < paper_sources.c.appeared_at)
        .values(appeared_at=appeared_at)
    )


def _move(conn: sa.Connection, table: sa.Table, other: PaperId, kept: PaperId) -> None:
    twin = table.alias()
    rest = [c.name for c in table.primary_key if c.name != "paper_id"]
    already = sa.exists().where(
        twin.c.paper_id == kept, *(twin.c[name] == table.c[name] for name in rest)
    )
    conn.execute(sa.update(table).where(table.c.paper_id == other, ~already).values(paper_id=kept))
    conn.execute(sa.delete(table).where(table.c.paper_id == other))
