"""Reading papers back: one, many, those of a stretch of time, those that a search finds."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from digest.core.identifiers import Identifier, PaperId, possible_names
from digest.core.papers import Paper, Provenance, Signal
from digest.store.chunks import chunks
from digest.store.columns import Time
from digest.store.papers import identifiers_of
from digest.store.tables import paper_ids, paper_sources, papers, signals

_BEGINNING = datetime(1000, 1, 1, tzinfo=UTC)  # before any paper; a year of four digits
_NUMBER = re.compile(r"[0-9]{1,9}")  # what an id of the database can be


def by_ids(conn: sa.Connection, ids: Iterable[int], *, signals: bool = True) -> list[Paper]:
    """The papers in the order of `ids`; unknown ids are left out. Without `signals`, of which there
    may be hundreds for a paper, they have none."""
    wanted = list(ids)
    found: dict[int, Paper] = {}
    for chunk in chunks(wanted):
        rows = conn.execute(sa.select(papers).where(papers.c.id.in_(chunk))).mappings().all()
        found.update((paper.id, paper) for paper in _papers(conn, rows, signals))
    return [found[key] for key in wanted if key in found]


def by_identifier(conn: sa.Connection, identifier: Identifier) -> Paper | None:
    key = conn.scalar(
        sa.select(paper_ids.c.paper_id).where(
            paper_ids.c.kind == identifier.kind, paper_ids.c.value == identifier.value
        )
    )
    return next(iter(by_ids(conn, [key])), None) if key is not None else None


def find(conn: sa.Connection, name: str) -> Paper | None:
    """A paper by what a person calls it: its number here, an arXiv id, a DOI, a link to one, or
    any identifier as `kind:value`."""
    if _NUMBER.fullmatch(name.strip()):
        return next(iter(by_ids(conn, [int(name)])), None)
    found = (by_identifier(conn, identifier) for identifier in possible_names(name))
    return next((paper for paper in found if paper is not None), None)


def latest(
    conn: sa.Connection, *, since: datetime | None = None, limit: int | None = None
) -> list[Paper]:
    """Newest publication first."""
    statement = (
        sa.select(papers.c.id)
        .order_by(papers.c.published_at.desc(), papers.c.id.desc())
        .limit(limit)
    )
    if since is not None:
        statement = statement.where(papers.c.published_at >= since)
    return by_ids(conn, conn.scalars(statement).all())


def appeared_between(
    conn: sa.Connection, start: datetime, end: datetime
) -> dict[PaperId, datetime]:
    """Papers that came up at some source in [start, end), with when they last did so."""
    rows = conn.execute(
        sa.select(paper_sources.c.paper_id, sa.func.max(paper_sources.c.appeared_at))
        .where(paper_sources.c.appeared_at >= start, paper_sources.c.appeared_at < end)
        .group_by(paper_sources.c.paper_id)
        .order_by(paper_sources.c.paper_id)
    )
    return {PaperId(key): at for key, at in rows}


def appearances(conn: sa.Connection, ids: Sequence[int]) -> dict[PaperId, dict[str, datetime]]:
    """For each paper, when it appeared at each source."""
    found: dict[PaperId, dict[str, datetime]] = defaultdict(dict)
    for chunk in chunks(ids):
        rows = conn.execute(
            sa.select(paper_sources.c.paper_id, paper_sources.c.source, paper_sources.c.appeared_at)
            .where(paper_sources.c.paper_id.in_(chunk))
            .order_by(paper_sources.c.source)
        )
        for row in rows:
            found[PaperId(row.paper_id)][row.source] = row.appeared_at
    return found


def search(
    conn: sa.Connection, query: str, limit: int, *, since: datetime | None = None
) -> list[Paper]:
    """Papers whose title or abstract has any word of the query, best match first; one in the
    title counts three times as much. With `since`, of those published from then on.

    The database's own full-text index and ranking (SQLite FTS5, PostgreSQL tsvector).
    """
    words = re.findall(r"\w+", query.casefold())
    if not words:
        return []
    if conn.dialect.name == "sqlite":
        statement = sa.text(
            "SELECT papers.id FROM papers_search JOIN papers ON papers.id = papers_search.rowid "
            "WHERE papers_search MATCH :query AND published_at >= :since "
            "ORDER BY bm25(papers_search, 3.0, 1.0), papers.id DESC LIMIT :limit"
        )
        wanted = " OR ".join(f'"{word}"' for word in words)
    else:
        statement = sa.text(
            "SELECT id FROM papers, to_tsquery('english', :query) AS query "
            "WHERE to_tsvector('english', title || ' ' || abstract) @@ query "
            "AND published_at >= :since ORDER BY ts_rank_cd('{0, 0, 0.33, 1}', "
            "setweight(to_tsvector('english', title), 'A') || "
            "setweight(to_tsvector('english', abstract), 'B'), query) DESC, id DESC LIMIT :limit"
        )
        wanted = " | ".join(words)
    values = {"query": wanted, "since": since or _BEGINNING, "limit": limit}
    typed = statement.bindparams(sa.bindparam("since", type_=Time))
    return by_ids(conn, conn.scalars(typed, values).all())


def titles_of(conn: sa.Connection, ids: Iterable[int]) -> dict[PaperId, str]:
    found: dict[PaperId, str] = {}
    for chunk in chunks(ids):
        rows = conn.execute(sa.select(papers.c.id, papers.c.title).where(papers.c.id.in_(chunk)))
        found.update((PaperId(row.id), row.title) for row in rows)
    return found


def addresses_of(conn: sa.Connection, ids: Iterable[int]) -> dict[PaperId, tuple[str, str]]:
    """Title and link of each paper that there is."""
    return _pairs(conn, ids, papers.c.url)


def texts_of(conn: sa.Connection, ids: Iterable[int]) -> dict[PaperId, tuple[str, str]]:
    """Title and abstract of each paper that there is."""
    return _pairs(conn, ids, papers.c.abstract)


def _pairs(
    conn: sa.Connection, ids: Iterable[int], column: sa.Column[Any]
) -> dict[PaperId, tuple[str, str]]:
    found: dict[PaperId, tuple[str, str]] = {}
    for chunk in chunks(ids):
        wanted = sa.select(papers.c.id, papers.c.title, column).where(papers.c.id.in_(chunk))
        found.update((PaperId(key), (title, text)) for key, title, text in conn.execute(wanted))
    return found


def count(conn: sa.Connection) -> int:
    return conn.execute(sa.select(sa.func.count()).select_from(papers)).scalar_one()


def signals_of(conn: sa.Connection, ids: Iterable[int]) -> dict[int, list[Signal]]:
    """All readings of each paper, in the order of their time."""
    found: dict[int, list[Signal]] = defaultdict(list)
    for chunk in chunks(ids):
        rows = conn.execute(
            sa.select(signals)
            .where(signals.c.paper_id.in_(chunk))
            .order_by(signals.c.at, signals.c.source, signals.c.metric)
        )
        for row in rows:
            found[row.paper_id].append(
                Signal(source=row.source, metric=row.metric, at=row.at, value=row.value)
            )
    return found


def _papers(conn: sa.Connection, rows: Sequence[sa.RowMapping], with_signals: bool) -> list[Paper]:
    ids = [row["id"] for row in rows]
    names, series = identifiers_of(conn, ids), signals_of(conn, ids if with_signals else ())
    where = appearances(conn, ids)
    return [_paper(row, names[row["id"]], series[row["id"]], where[row["id"]]) for row in rows]


def _paper(
    row: sa.RowMapping,
    names: Sequence[Identifier],
    series: Sequence[Signal],
    where: dict[str, datetime],
) -> Paper:
    provenance: dict[str, dict[str, Any]] = row["provenance"]
    return Paper(
        id=PaperId(row["id"]),
        title=row["title"],
        abstract=row["abstract"],
        authors=tuple(row["authors"]),
        published_at=row["published_at"],
        first_seen_at=row["first_seen_at"],
        url=row["url"],
        pdf_url=row["pdf_url"],
        code_url=row["code_url"],
        discussion_url=row["discussion_url"],
        summary=row["summary"],
        venue=row["venue"],
        categories=tuple(row["categories"]),
        ids=tuple(names),
        sources=tuple(where),
        signals=tuple(series),
        provenance={name: Provenance(**origin) for name, origin in provenance.items()},
    )
