"""The stored papers as sources may look at them, to ask how those fare."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from digest.core.fetching import KnownWork
from digest.core.identifiers import Identifier, PaperId
from digest.store.chunks import chunks
from digest.store.engine import Store
from digest.store.papers import identifiers_of
from digest.store.tables import paper_ids, paper_sources, papers


class StoredShelf:
    """`core.fetching.Shelf` on a database; each question sees it as it is at that moment."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def recent(
        self,
        *,
        since: datetime,
        limit: int,
        before: PaperId | None = None,
        with_code: bool = False,
    ) -> tuple[KnownWork, ...]:
        statement = (
            sa.select(paper_sources.c.paper_id, sa.func.max(paper_sources.c.appeared_at))
            .where(paper_sources.c.appeared_at >= since)
            .group_by(paper_sources.c.paper_id)
            .order_by(paper_sources.c.paper_id.desc())
            .limit(limit)
        )
        if before is not None:
            statement = statement.where(paper_sources.c.paper_id < before)
        if with_code:
            statement = statement.join(papers).where(papers.c.code_url != "")
        with self._store.read() as conn:
            appeared = {row[0]: row[1] for row in conn.execute(statement)}
            return _works(conn, appeared)

    def named(self, ids: Collection[Identifier]) -> Mapping[Identifier, KnownWork]:
        with self._store.read() as conn:
            keys = _keys(conn, ids)
            works = {work.paper_id: work for work in _works(conn, _appeared(conn, keys.values()))}
        return {name: works[key] for name, key in keys.items()}


def _keys(conn: sa.Connection, ids: Collection[Identifier]) -> dict[Identifier, PaperId]:
    by_kind: dict[str, list[str]] = defaultdict(list)
    for name in ids:
        by_kind[name.kind].append(name.value)
    found: dict[Identifier, PaperId] = {}
    for kind, values in by_kind.items():
        for chunk in chunks(values):
            rows = conn.execute(
                sa.select(paper_ids.c.value, paper_ids.c.paper_id).where(
                    paper_ids.c.kind == kind, paper_ids.c.value.in_(chunk)
                )
            )
            found.update((Identifier(kind, row.value), PaperId(row.paper_id)) for row in rows)
    return found


def _appeared(conn: sa.Connection, keys: Iterable[PaperId]) -> dict[PaperId, datetime]:
    found: dict[PaperId, datetime] = {}
    for chunk in chunks(keys):
        rows = conn.execute(
            sa.select(paper_sources.c.paper_id, sa.func.max(paper_sources.c.appeared_at))
            .where(paper_sources.c.paper_id.in_(chunk))
            .group_by(paper_sources.c.paper_id)
        )
        found.update((PaperId(key), at) for key, at in rows)
    return found


def _works(conn: sa.Connection, appeared: Mapping[PaperId, datetime]) -> tuple[KnownWork, ...]:
    """In the order of `appeared`, which holds each paper's last appearance."""
    found: dict[int, KnownWork] = {}
    for chunk in chunks(appeared):
        names: Mapping[int, Sequence[Identifier]] = identifiers_of(conn, chunk)
        rows = conn.execute(
            sa.select(papers.c.id, papers.c.title, papers.c.published_at, papers.c.code_url).where(
                papers.c.id.in_(chunk)
            )
        )
        for row in rows:
            found[row.id] = KnownWork(
                paper_id=PaperId(row.id),
                ids=tuple(names[row.id]),
                title=row.title,
                published_at=row.published_at,
                appeared_at=appeared[PaperId(row.id)],
                code_url=row.code_url,
            )
    return tuple(found[key] for key in appeared)
