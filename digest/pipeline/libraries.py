"""Taking a person's own library in: what counts, what is there already, what is too old."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import sqlalchemy as sa

from digest.core.dedupe import plan
from digest.core.identifiers import ARXIV, DOI, Identifier
from digest.core.latex import readable
from digest.core.papers import Paper, SourceRecord
from digest.core.references import MOST_KEPT, Reference, liked_at, names_of
from digest.core.subscribers import Subscriber, SubscriberId
from digest.pipeline.app import App
from digest.store import libraries, library, papers
from digest.store import subscribers as members
from digest.store.chunks import chunks
from digest.store.libraries import LibraryPaper

_SOURCE = "library"
_NEWEST = 3
_NOBODY = SubscriberId(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryReport:
    """What became of the entries that could be read, each counted once.

    `kept` and `not_kept` are new in the library, by whether sources have brought the paper;
    `repeated` were there before, or earlier in the file; `left_out` are older than what a library
    holds. Of `not_kept`, `untitled` count only once some source brings them. `dropped` are older
    papers of the library that made room.
    """

    kept: int = 0
    not_kept: int = 0
    repeated: int = 0
    left_out: int = 0
    untitled: int = 0
    dropped: int = 0

    @property
    def imported(self) -> int:
        return self.kept + self.not_kept


@dataclass(slots=True)
class _Entry:
    """A paper of the library to be. `before` is None for one that is new."""

    reference: Reference
    liked_at: datetime
    before: LibraryPaper | None = None
    paper: Paper | None = None
    filled: bool = False


@dataclass(slots=True)
class _Shelf:
    """Papers, found by any of their names."""

    entries: list[_Entry] = field(default_factory=list)
    by_name: dict[Identifier, _Entry] = field(default_factory=dict)
    repeated: int = 0

    def place(self, entry: _Entry, more: Sequence[Identifier] = ()) -> bool:
        """Puts an entry in; False when it is there, which may tell more of it."""
        said = entry.reference
        names = (*names_of(said.ids, said.title, said.authors), *more)
        twin = next((self.by_name[name] for name in names if name in self.by_name), None)
        for name in names:
            self.by_name.setdefault(name, twin or entry)
        if twin is None:
            self.entries.append(entry)
        else:
            self.repeated += 1
            _tell(twin, said)
        return twin is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """How many papers a library has, and the titles, or else the names, of those liked last."""

    size: int
    newest: tuple[str, ...]


def shelf_of(app: App, subscriber: Subscriber) -> Shelf:
    """What somebody is told of their library."""
    with app.store.read() as conn:
        size = libraries.size(conn, subscriber.id)
        newest = libraries.of_subscriber(conn, subscriber.id, limit=_NEWEST) if size else []
    return Shelf(size=size, newest=tuple(readable(p.title) or str(p.name) for p in newest))


def empty(app: App, subscriber: Subscriber) -> int:
    """Forgets a library; how many papers it had."""
    with app.store.write() as conn:
        return libraries.take_out(conn, subscriber.id)


def import_library(
    app: App,
    subscriber: Subscriber | None,
    references: Sequence[Reference],
    *,
    forget: bool = False,
    dry_run: bool = False,
) -> LibraryReport:
    """Adds to a library, or to the empty one of somebody who is not there yet; safe to repeat.

    With `forget` it is emptied before. Of one person the 2,000 papers are kept that were added
    to their library last.
    """
    now = app.clock.now()
    if dry_run or subscriber is None:
        with app.store.read() as conn:
            key = _NOBODY if subscriber is None or forget else subscriber.id
            return _arranged(conn, key, references, now)[1]
    with app.store.write() as conn:
        if members.for_change(conn, subscriber.id) is None:  # erased at this very moment
            return LibraryReport()
        if forget:
            libraries.take_out(conn, subscriber.id)
        (added, gone), report = _arranged(conn, subscriber.id, references, now)
        libraries.put(conn, subscriber.id, added)
        if gone:
            libraries.take_out(conn, subscriber.id, gone)
    return report


def _arranged(
    conn: sa.Connection, key: SubscriberId, references: Sequence[Reference], now: datetime
) -> tuple[tuple[list[LibraryPaper], list[Identifier]], LibraryReport]:
    """What is to be put in or filled, and what is to go, with the account of it."""
    shelf = _Shelf()
    for paper in libraries.of_subscriber(conn, key):
        shelf.place(_Entry(_said(paper), paper.liked_at, before=paper))
    shelf.repeated = 0
    before = list(shelf.entries)
    for reference in references:
        shelf.place(_Entry(reference, liked_at(reference, now)))
    fresh = sorted(shelf.entries[len(before) :], key=lambda e: e.liked_at, reverse=True)
    told = _Shelf(
        entries=list(before), by_name={n: e for n, e in shelf.by_name.items() if e.before}
    )
    for entry in _recognised(conn, fresh[:MOST_KEPT], now):
        told.place(entry, entry.paper.ids if entry.paper else ())
    latest = sorted(told.entries, key=lambda e: e.liked_at, reverse=True)
    kept, gone = latest[:MOST_KEPT], latest[MOST_KEPT:]
    new = [entry for entry in kept if entry.before is None]
    report = LibraryReport(
        kept=sum(entry.paper is not None for entry in new),
        not_kept=sum(entry.paper is None for entry in new),
        repeated=shelf.repeated + told.repeated,
        left_out=len(fresh[MOST_KEPT:]) + sum(entry.before is None for entry in gone),
        untitled=sum(entry.paper is None and not entry.reference.title for entry in new),
        dropped=sum(entry.before is not None for entry in gone),
    )
    put = [_row(entry) for entry in kept if entry.before is None or entry.filled]
    return (put, [entry.before.name for entry in gone if entry.before]), report


def _said(paper: LibraryPaper) -> Reference:
    return Reference(
        where="",
        ids=(paper.name, *paper.ids),
        title=paper.title,
        abstract=paper.abstract,
        authors=paper.authors,
        year=paper.year,
    )


def _tell(entry: _Entry, said: Reference) -> None:
    """Fills in what was not known of a paper: a list of ids may come first, and words later."""
    known = entry.reference
    if not known.title and said.title:
        known = replace(known, title=said.title, authors=said.authors, year=said.year)
    if not known.abstract and said.abstract:
        known = replace(known, abstract=said.abstract)
    if known is not entry.reference:
        entry.reference, entry.filled = known, True


def _recognised(conn: sa.Connection, entries: Sequence[_Entry], now: datetime) -> Iterator[_Entry]:
    """The entries, each with the paper of the sources that it is, by the rules by which records
    of sources are told to be one paper."""
    for chunk in chunks(entries):
        records = [_record(entry.reference, now) for entry in chunk]
        of_record = {id(record): entry for record, entry in zip(records, chunk, strict=True)}
        groups = [g for g in plan(records, papers.known(conn, records)) if g.known]
        known = {p.id: p for p in library.by_ids(conn, [group.known[0] for group in groups])}
        for group in groups:
            for record in group.records:
                of_record[id(record)].paper = known[group.known[0]]
        yield from chunk


def _record(reference: Reference, now: datetime) -> SourceRecord:
    year = reference.year
    appeared = now if year is None else min(datetime(year, 7, 1, tzinfo=UTC), now)
    return SourceRecord(
        source=_SOURCE,
        ids=reference.ids or names_of((), reference.title, reference.authors),
        title=reference.title,
        abstract=reference.abstract,
        authors=reference.authors,
        appeared_at=appeared,
    )


def _row(entry: _Entry) -> LibraryPaper:
    said, paper = entry.reference, entry.paper
    name = entry.before.name if entry.before else _best_name(said, paper)
    return LibraryPaper(
        name=name,
        ids=(name,),
        title=said.title or (paper.title if paper else ""),
        abstract=said.abstract or (paper.abstract if paper else ""),
        authors=said.authors or (paper.authors if paper else ()),
        year=said.year or (paper.published_at.year if paper else None),
        liked_at=entry.liked_at,
        kept=paper is not None,
    )


def _best_name(said: Reference, paper: Paper | None) -> Identifier:
    """The name that finds the paper again among those of the sources, or will."""
    names = paper.ids if paper and paper.ids else names_of(said.ids, said.title, said.authors)
    return min(names, key=lambda name: (name.kind != ARXIV, name.kind != DOI))
