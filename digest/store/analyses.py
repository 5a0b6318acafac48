"""The analysed texts of papers, and in how many of them each term occurs.

Every paper has a row in `analyses`, of version 0 until its text is analysed. `term_counts` is
what a recount of all these rows would give, at any moment: whatever happens to papers only marks
rows (`outdate`) or leaves them without a paper, and `settle` alone exchanges rows and counts.

A transaction settles last, and with one term for all papers first: so those that settle take
turns, and none waits for rows that another, waiting for it, holds.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from digest.core.analyses import Analysis, ShortForm, unpack
from digest.core.identifiers import PaperId
from digest.store.chunks import chunks
from digest.store.tables import analyses, papers, term_counts
from digest.store.upserts import upsert

# Written down under a term that is no word: the number of papers counted.
ALL_PAPERS = ""
# A longer term is none that anybody asks for, and an index takes no key of any length.
MOST_COUNTED_CHARS = 64
_LACKING = 0
# The columns of a paper that are analysed.
READ_FIELDS = frozenset({"title", "abstract"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """What of a paper is to be analysed."""

    paper_id: PaperId
    title: str
    abstract: str


def expect(conn: sa.Connection, ids: Collection[PaperId]) -> None:
    """Says of new papers that their texts are to be analysed."""
    rows = [{"paper_id": key, "version": _LACKING, "payload": b""} for key in ids]
    if rows:
        conn.execute(sa.insert(analyses), rows)


def outdate(conn: sa.Connection, ids: Collection[PaperId]) -> None:
    """Says that the texts of these papers have changed."""
    for chunk in chunks(ids):
        conn.execute(
            sa.update(analyses).where(analyses.c.paper_id.in_(chunk)).values(version=_LACKING)
        )


def lacking(conn: sa.Connection, version: int, limit: int) -> list[Text]:
    """Papers whose analysis is missing or older than `version`, those stored last first. Papers
    that somebody else is writing to are left out."""
    rows = conn.execute(
        sa.select(papers.c.id, papers.c.title, papers.c.abstract)
        .join(analyses, analyses.c.paper_id == papers.c.id)
        .where(analyses.c.version < version)
        .order_by(analyses.c.version.desc(), analyses.c.paper_id.desc())
        .limit(limit)
        .with_for_update(of=papers, skip_locked=True)
    )
    return [Text(paper_id=PaperId(row.id), title=row.title, abstract=row.abstract) for row in rows]


def count_lacking(conn: sa.Connection, version: int) -> int:
    wanted = sa.select(sa.func.count()).where(analyses.c.version < version)
    return conn.execute(wanted.select_from(analyses)).scalar_one()


def settle(conn: sa.Connection, fresh: Mapping[PaperId, Analysis], version: int) -> None:
    """Writes the analyses of papers and counts their terms, and no longer those of what they
    replace, nor of papers that are gone. The last thing that a transaction does."""
    if not fresh and not _anything_left_behind(conn):
        return
    conn.execute(_adding(conn), [{"term": ALL_PAPERS, "papers": 0}])
    changes: Counter[str] = Counter()
    for payload in _taken_out(conn, fresh):
        if payload:
            changes.subtract(_counted(unpack(payload)))
    for analysis in fresh.values():
        changes.update(_counted(analysis))
    rows = [
        {"paper_id": key, "version": version, "payload": one.pack()} for key, one in fresh.items()
    ]
    if rows:
        conn.execute(sa.insert(analyses), rows)
    _count(conn, changes)


def _anything_left_behind(conn: sa.Connection) -> bool:
    left = sa.select(analyses.c.id).where(analyses.c.paper_id.is_(None)).limit(1)
    return conn.scalar(left) is not None


def _taken_out(conn: sa.Connection, ids: Iterable[PaperId]) -> list[bytes]:
    """The payloads of the rows of these papers, and of those without a paper, now deleted."""
    conditions = [
        analyses.c.paper_id.is_(None),
        *(analyses.c.paper_id.in_(chunk) for chunk in chunks(ids)),
    ]
    found: list[bytes] = []
    for condition in conditions:
        deleting = sa.delete(analyses).where(condition).returning(analyses.c.payload)
        found.extend(conn.scalars(deleting))
    return found


def _counted(analysis: Analysis) -> list[str]:
    terms = (*analysis.counts, *(f"({short}) {long}" for short, long in analysis.short_forms))
    return [ALL_PAPERS, *(term for term in terms if len(term) <= MOST_COUNTED_CHARS)]


def _count(conn: sa.Connection, changes: Mapping[str, int]) -> None:
    rows = [{"term": term, "papers": by} for term, by in sorted(changes.items()) if by]
    if rows:
        conn.execute(_adding(conn), rows)
    rarer = [term for term, by in changes.items() if by < 0 and term != ALL_PAPERS]
    for chunk in chunks(sorted(rarer)):
        conn.execute(
            sa.delete(term_counts).where(term_counts.c.term.in_(chunk), term_counts.c.papers == 0)
        )


def _adding(conn: sa.Connection) -> sa.Executable:
    statement = upsert(conn, term_counts)
    return statement.on_conflict_do_update(
        index_elements=[term_counts.c.term],
        set_={"papers": term_counts.c.papers + statement.excluded.papers},
    )


def by_ids(conn: sa.Connection, ids: Iterable[PaperId], version: int) -> dict[PaperId, Analysis]:
    """The analyses of these papers that are of the version asked for, in the order of `ids`."""
    return {key: unpack(payload) for key, payload in packed(conn, ids, version).items()}


def packed(conn: sa.Connection, ids: Iterable[PaperId], version: int) -> dict[PaperId, bytes]:
    """`by_ids`, each as it is kept: some 800 bytes."""
    found: dict[PaperId, bytes] = {}
    for chunk in chunks(ids):
        rows = conn.execute(
            sa.select(analyses.c.paper_id, analyses.c.payload).where(
                analyses.c.paper_id.in_(chunk), analyses.c.version == version
            )
        )
        payloads = {row.paper_id: row.payload for row in rows}
        found.update((key, payloads[key]) for key in chunk if key in payloads)
    return found


def marks(conn: sa.Connection, version: int, most: int) -> dict[PaperId, tuple[int, int]]:
    """For the papers stored last, at most so many, what changes when their text is analysed anew:
    the number of the row, which SQLite may give again, and its length."""
    rows = conn.execute(
        sa.select(analyses.c.paper_id, analyses.c.id, sa.func.length(analyses.c.payload))
        .where(analyses.c.version == version, analyses.c.paper_id.is_not(None))
        .order_by(analyses.c.paper_id.desc())
        .limit(most)
    )
    return {PaperId(key): (number, length) for key, number, length in rows}


def frequencies(conn: sa.Connection, terms: Iterable[str]) -> dict[str, int]:
    """In how many papers each of the terms occurs; those that none has are left out."""
    wanted = sa.select(term_counts).where(term_counts.c.term.in_(_listed(conn, list(terms))))
    return {row.term: row.papers for row in conn.execute(wanted)}


def short_forms(conn: sa.Connection, least: int) -> dict[ShortForm, int]:
    """How many papers introduce each short form, of those that at least so many do."""
    # Counted as terms, which no word begins as.
    is_form = sa.func.substr(term_counts.c.term, 1, 1) == "("
    found = conn.execute(sa.select(term_counts).where(is_form, term_counts.c.papers >= least))
    pairs = ((row.term[1:].partition(") "), row.papers) for row in found)
    return {ShortForm(short, long): papers for (short, _, long), papers in pairs}


def _listed(conn: sa.Connection, terms: list[str]) -> sa.Select[tuple[str]]:
    """The terms as rows, all in one value: an edition asks for the fifty thousand it holds, which
    as values of their own take longer to name than to look up."""
    if conn.dialect.name == "sqlite":
        listed = sa.func.json_each(json.dumps(terms)).table_valued("value")
        return sa.select(listed.c.value)
    return sa.select(sa.func.unnest(sa.literal(terms, postgresql.ARRAY(sa.String))))


def count(conn: sa.Connection) -> int:
    """How many papers are counted."""
    return frequencies(conn, [ALL_PAPERS]).get(ALL_PAPERS, 0)
