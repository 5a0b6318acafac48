"""What subscribers keep in libraries of their own: papers that sources may never have brought.

One row for all who have a paper, by one of its names, with what the first file said of it. Where
the paper is among those of the sources, what is known there is given instead.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from digest.core.dedupe import title_block, title_fingerprint
from digest.core.identifiers import Identifier, PaperId
from digest.core.likeness import Wording, same_work
from digest.core.subscribers import SubscriberId
from digest.store.chunks import chunks
from digest.store.papers import identifiers_of
from digest.store.tables import libraries, library_papers, paper_ids, papers
from digest.store.upserts import upsert


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryPaper:
    """A paper of somebody's library. `name` is what its row goes by, `ids` are all names known,
    without one made from its title; `kept` tells that sources have brought it."""

    name: Identifier
    ids: tuple[Identifier, ...]
    title: str
    abstract: str
    authors: tuple[str, ...]
    year: int | None
    liked_at: datetime
    kept: bool = False


def of_subscriber(
    conn: sa.Connection, subscriber_id: SubscriberId, *, limit: int | None = None
) -> list[LibraryPaper]:
    """The latest liked first."""
    own = (papers.c.id.label("paper_id"), papers.c.title.label("own_title"))
    named = sa.and_(
        paper_ids.c.kind == library_papers.c.kind, paper_ids.c.value == library_papers.c.value
    )
    rows = conn.execute(
        sa.select(library_papers, libraries.c.liked_at, *own, papers.c.abstract.label("own"))
        .join(libraries, libraries.c.library_paper_id == library_papers.c.id)
        .outerjoin(paper_ids, named)
        .outerjoin(papers, papers.c.id == paper_ids.c.paper_id)
        .where(libraries.c.subscriber_id == subscriber_id)
        .order_by(libraries.c.liked_at.desc(), library_papers.c.id.desc())
        .limit(limit)
    ).all()
    names: dict[int, list[Identifier]] = {}
    for chunk in chunks(row.paper_id for row in rows if row.paper_id is not None):
        names |= identifiers_of(conn, chunk)
    found = [_paper(row, names) for row in rows]
    return _with_kept_by_title(conn, found)


def _paper(row: sa.Row[tuple[object, ...]], names: dict[int, list[Identifier]]) -> LibraryPaper:
    name = Identifier(row.kind, row.value)
    kept = row.paper_id is not None
    return LibraryPaper(
        name=name,
        ids=tuple(names[row.paper_id]) if kept else (name,),
        title=row.own_title if kept else row.title,
        abstract=row.own if kept and row.own else row.abstract,
        authors=tuple(row.authors),
        year=row.year,
        liked_at=row.liked_at,
        kept=kept,
    )


def _with_kept_by_title(conn: sa.Connection, listed: Sequence[LibraryPaper]) -> list[LibraryPaper]:
    """With what sources say of those papers that they have brought under another name."""
    unkept = {p.name: title_block(p.title) for p in listed if not p.kept and p.title and p.year}
    alike: dict[str, list[tuple[int, Wording]]] = defaultdict(list)
    for chunk in chunks(sorted({*unkept.values()} - {""})):
        columns = (papers.c.id, papers.c.title, papers.c.abstract, papers.c.authors)
        rows = conn.execute(
            sa.select(*columns, papers.c.published_at, papers.c.title_block)
            .where(papers.c.title_block.in_(chunk))
            .order_by(papers.c.id)
        )
        for row in rows:
            wording = _wording(row.title, row.abstract, tuple(row.authors), row.published_at)
            alike[row.title_block].append((row.id, wording))
    return [_as_kept(conn, paper, alike.get(unkept.get(paper.name, ""), ())) for paper in listed]


def _as_kept(
    conn: sa.Connection, paper: LibraryPaper, alike: Iterable[tuple[int, Wording]]
) -> LibraryPaper:
    for paper_id, wording in alike:
        middle = datetime(paper.year or 1, 7, 1, tzinfo=UTC)
        if same_work(_wording(paper.title, paper.abstract, paper.authors, middle), wording):
            return replace(
                paper,
                ids=(*paper.ids, *identifiers_of(conn, [paper_id])[paper_id]),
                title=wording.title,
                abstract=wording.abstract or paper.abstract,
                kept=True,
            )
    return paper


def _wording(title: str, abstract: str, authors: tuple[str, ...], at: datetime) -> Wording:
    return Wording(title_fingerprint(title), title, abstract, authors, at)


def put(conn: sa.Connection, subscriber_id: SubscriberId, added: Sequence[LibraryPaper]) -> None:
    """Adds to a library; each paper by a name of its own. What it has already stays, also what
    was said of a paper before, but where nothing was."""
    for chunk in chunks(added):
        keys = conn.execute(_stored(conn, chunk)).all()
        row_of = {Identifier(row.kind, row.value): row.id for row in keys}
        links = [
            {
                "subscriber_id": subscriber_id,
                "library_paper_id": row_of[paper.name],
                "liked_at": paper.liked_at,
            }
            for paper in chunk
        ]
        conn.execute(upsert(conn, libraries).values(links).on_conflict_do_nothing())


def _stored(conn: sa.Connection, wanted: Sequence[LibraryPaper]) -> sa.Executable:
    insert = upsert(conn, library_papers).values(
        [
            {
                "kind": paper.name.kind,
                "value": paper.name.value,
                "title": paper.title,
                "abstract": paper.abstract,
                "authors": list(paper.authors),
                "year": paper.year,
            }
            for paper in wanted
        ]
    )
    columns = library_papers.c
    key = [columns.kind, columns.value]
    return insert.on_conflict_do_update(index_elements=key, set_=_filled(insert)).returning(
        columns.id, *key
    )


def _filled(insert: "sqlite.Insert | postgresql.Insert") -> dict[str, sa.ColumnElement[object]]:
    """What is empty, from the new row; a title comes with its people and its year."""
    columns, new = library_papers.c, insert.excluded
    untitled = columns.title == ""
    whole = {
        name: sa.case((untitled, new[name]), else_=columns[name])
        for name in ("title", "authors", "year")
    }
    unread = columns.abstract == ""
    return whole | {"abstract": sa.case((unread, new.abstract), else_=columns.abstract)}


def take_out(
    conn: sa.Connection, subscriber_id: SubscriberId, names: Iterable[Identifier] | None = None
) -> int:
    """Takes papers out of a library, or all there are; how many. What nobody has is forgotten."""
    mine = sa.select(libraries.c.library_paper_id, library_papers.c.kind, library_papers.c.value)
    rows = conn.execute(
        mine.join(library_papers, library_papers.c.id == libraries.c.library_paper_id).where(
            libraries.c.subscriber_id == subscriber_id
        )
    ).all()
    going = None if names is None else set(names)
    keys = [r[0] for r in rows if going is None or Identifier(r.kind, r.value) in going]
    for chunk in chunks(keys):
        conn.execute(
            sa.delete(libraries).where(
                libraries.c.subscriber_id == subscriber_id,
                libraries.c.library_paper_id.in_(chunk),
            )
        )
        conn.execute(sa.delete(library_papers).where(library_papers.c.id.in_(chunk), _unread()))
    return len(keys)


def forget_unread(conn: sa.Connection) -> int:
    """Forgets the papers that are in nobody's library any more; how many."""
    return conn.execute(sa.delete(library_papers).where(_unread())).rowcount


def _unread() -> sa.ColumnElement[bool]:
    return ~sa.exists().where(libraries.c.library_paper_id == library_papers.c.id)


def owners(conn: sa.Connection) -> frozenset[SubscriberId]:
    """Whoever has a library."""
    return frozenset(
        map(SubscriberId, conn.scalars(sa.select(libraries.c.subscriber_id).distinct()))
    )


def owned_among(
    conn: sa.Connection, candidates: Iterable[PaperId]
) -> dict[SubscriberId, set[PaperId]]:
    """Which of these papers are in whose library, by any of their names; whoever has none of them
    is not there."""
    found: dict[SubscriberId, set[PaperId]] = defaultdict(set)
    named = sa.and_(
        paper_ids.c.kind == library_papers.c.kind, paper_ids.c.value == library_papers.c.value
    )
    owned = (
        sa.select(libraries.c.subscriber_id, paper_ids.c.paper_id)
        .join(library_papers, named)
        .join(libraries, libraries.c.library_paper_id == library_papers.c.id)
    )
    for chunk in chunks(candidates):
        for subscriber_id, paper_id in conn.execute(owned.where(paper_ids.c.paper_id.in_(chunk))):
            found[SubscriberId(subscriber_id)].add(PaperId(paper_id))
    return dict(found)


def size(conn: sa.Connection, subscriber_id: SubscriberId) -> int:
    """How many papers somebody's library has."""
    mine = libraries.c.subscriber_id == subscriber_id
    return conn.execute(sa.select(sa.func.count()).where(mine)).scalar_one()
