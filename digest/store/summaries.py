"""Summaries that a language model wrote, one a paper, so that each is asked for once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from digest.core.identifiers import PaperId
from digest.store.chunks import chunks
from digest.store.tables import paper_sources, papers, summaries
from digest.store.upserts import upsert


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsummarized:
    """A paper of which no source gives a summary."""

    paper_id: PaperId
    title: str
    abstract: str


def wanted(conn: sa.Connection, since: datetime, model: str, limit: int) -> list[Unsummarized]:
    """Papers that came up since then without a summary, newest first: those that this model was
    not asked for since their text last changed."""
    asked = sa.exists().where(
        summaries.c.paper_id == papers.c.id,
        summaries.c.model == model,
        summaries.c.made_at >= papers.c.updated_at,
    )
    recent = sa.select(paper_sources.c.paper_id).where(paper_sources.c.appeared_at >= since)
    rows = conn.execute(
        sa.select(papers.c.id, papers.c.title, papers.c.abstract)
        .where(papers.c.id.in_(recent), papers.c.summary == "", papers.c.abstract != "", ~asked)
        .order_by(papers.c.id.desc())
        .limit(limit)
    )
    return [
        Unsummarized(paper_id=PaperId(key), title=title, abstract=abstract)
        for key, title, abstract in rows
    ]


def save(conn: sa.Connection, paper_id: PaperId, model: str, text: str, now: datetime) -> None:
    """Keeps what a model wrote; "" where it gave nothing to show."""
    statement = upsert(conn, summaries).values(
        paper_id=paper_id, model=model, text=text, made_at=now
    )
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=[summaries.c.paper_id],
            set_={name: statement.excluded[name] for name in ("model", "text", "made_at")},
        )
    )


def of(conn: sa.Connection, ids: Iterable[int]) -> dict[PaperId, str]:
    """The summaries there are of these papers, unless their text has changed since."""
    found: dict[PaperId, str] = {}
    for chunk in chunks(ids):
        rows = conn.execute(
            sa.select(summaries.c.paper_id, summaries.c.text)
            .join(papers, papers.c.id == summaries.c.paper_id)
            .where(
                summaries.c.paper_id.in_(chunk),
                summaries.c.text != "",
                summaries.c.made_at >= papers.c.updated_at,
            )
        )
        found.update((PaperId(key), text) for key, text in rows)
    return found
