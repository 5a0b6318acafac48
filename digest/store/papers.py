"""Papers, where they came from, and their signals over time."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from digest.core.dedupe import Group, KnownPaper, common_kinds, merged_fields, title_block
from digest.core.identifiers import Identifier, PaperId
from digest.core.origins import hear
from digest.core.papers import Provenance, SourceRecord
from digest.store import analyses
from digest.store import origins as saying
from digest.store.chunks import chunks
from digest.store.merging import merge_rows
from digest.store.origins import Origins, provenance_json, provenance_of
from digest.store.tables import paper_ids, paper_sources, papers, rulings, signals
from digest.store.upserts import upsert

_TEXT_FIELDS = (
    "title",
    "abstract",
    "url",
    "pdf_url",
    "code_url",
    "discussion_url",
    "summary",
    "venue",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCounts:
    """How many papers were new, changed in some field, or joined from several rows."""

    new: int = 0
    updated: int = 0
    merged: int = 0


def known(conn: sa.Connection, records: Sequence[SourceRecord]) -> list[KnownPaper]:
    """Every stored paper that shares an identifier or a title block with any of the records,
    less those that `dedupe.common_kinds` tells apart: of a million papers, many start alike."""
    values = defaultdict(set)
    for record in records:
        for identifier in record.ids:
            values[identifier.kind].add(identifier.value)
    found: set[int] = set()
    for kind, wanted in values.items():
        found.update(
            conn.scalars(
                sa.select(paper_ids.c.paper_id).where(
                    paper_ids.c.kind == kind, paper_ids.c.value.in_(wanted)
                )
            )
        )
    blocks = {title_block(record.title) for record in records} - {""}
    alike = sa.select(papers.c.id).where(papers.c.title_block.in_(blocks))
    if kinds := common_kinds(records):
        named = paper_ids.c.paper_id == papers.c.id, paper_ids.c.kind.in_(kinds)
        alike = alike.where(~sa.exists().where(*named))
    found.update(conn.scalars(alike))
    return [one for chunk in chunks(sorted(found)) for one in _known_papers(conn, chunk)]


def _known_papers(conn: sa.Connection, ids: Sequence[int]) -> list[KnownPaper]:
    names, apart = identifiers_of(conn, ids), _ruled_apart(conn, ids)
    rows = conn.execute(
        sa.select(
            papers.c.id, papers.c.title, papers.c.abstract, papers.c.authors, papers.c.published_at
        )
        .where(papers.c.id.in_(ids))
        .order_by(papers.c.id)
    )
    return [
        KnownPaper(
            id=PaperId(row.id),
            ids=frozenset(names[row.id]),
            title=row.title,
            abstract=row.abstract,
            authors=tuple(row.authors),
            published_at=row.published_at,
            apart=frozenset(apart[row.id]),
        )
        for row in rows
    ]


def _ruled_apart(conn: sa.Connection, ids: Iterable[int]) -> dict[int, set[Identifier]]:
    """For each paper the identifiers that were ruled to be of others."""
    found: dict[int, set[Identifier]] = defaultdict(set)
    rows = conn.execute(
        sa.select(paper_ids.c.paper_id, rulings.c.other_kind, rulings.c.other_value)
        .join(
            rulings,
            sa.and_(rulings.c.kind == paper_ids.c.kind, rulings.c.value == paper_ids.c.value),
        )
        .where(paper_ids.c.paper_id.in_(list(ids)))
    )
    for row in rows:
        found[row.paper_id].add(Identifier(row.other_kind, row.other_value))
    return found


def identifiers_of(conn: sa.Connection, ids: Iterable[int]) -> dict[int, list[Identifier]]:
    found: dict[int, list[Identifier]] = defaultdict(list)
    rows = conn.execute(
        sa.select(paper_ids)
        .where(paper_ids.c.paper_id.in_(list(ids)))
        .order_by(paper_ids.c.kind, paper_ids.c.value)
    )
    for row in rows:
        found[row.paper_id].append(Identifier(row.kind, row.value))
    return found


def apply(conn: sa.Connection, groups: Sequence[Group], now: datetime) -> StoredCounts:
    """Writes what `dedupe.plan` decided. Signals are appended with time `now`.

    The connection must be a write, the one that `known` was asked on: nobody else may have
    stored the same paper in between.
    """
    merged = sum(merge_rows(conn, group.known) for group in groups if len(group.known) > 1)
    fresh = [group for group in groups if not group.known]
    old = {group.known[0]: group for group in groups if group.known}
    said: list[Origins] = [{} for _ in fresh]
    placed = list(zip(_insert(conn, fresh, said, now), fresh, said, strict=True))
    known_before = saying.load(conn, old)
    updated = _update(conn, old, known_before, now)
    placed.extend((key, group, known_before[key]) for key, group in old.items())
    _attach(conn, placed, now)
    return StoredCounts(new=len(fresh), updated=updated, merged=merged)


def _insert(
    conn: sa.Connection, groups: Sequence[Group], said: Sequence[Origins], now: datetime
) -> list[PaperId]:
    if not groups:
        return []
    ids = _take_ids(conn, len(groups))
    rows = [
        {"id": key, **_new_row(group.records, origins, now)}
        for key, group, origins in zip(ids, groups, said, strict=True)
    ]
    # One statement for many rows, which SQLAlchemy only makes of one that returns something: at
    # each statement SQLite writes out what its full-text index holds, a segment to merge later.
    conn.execute(sa.insert(papers).returning(papers.c.id), rows)
    analyses.expect(conn, ids)
    return ids


def _take_ids(conn: sa.Connection, count: int) -> list[PaperId]:
    """Ids for new papers, taken beforehand: with them a page is one statement, where asking for
    each new id in turn (no engine promises the order of RETURNING) is one for each paper."""
    if conn.dialect.name == "sqlite":  # nobody else writes until this transaction ends
        last = conn.scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'papers'")) or 0
        return [PaperId(key) for key in range(last + 1, last + 1 + count)]
    taken = conn.scalars(
        sa.text(
            "SELECT nextval(pg_get_serial_sequence('papers', 'id')) FROM generate_series(1, :count)"
        ),
        {"count": count},
    )
    return [PaperId(key) for key in taken]


def _new_row(records: Sequence[SourceRecord], origins: Origins, now: datetime) -> dict[str, Any]:
    fields, provenance = _merge_all({}, {}, records, origins)
    empty = dict.fromkeys(_TEXT_FIELDS, "") | {"authors": (), "categories": ()}
    first = min(record.published_at or record.appeared_at for record in records)
    row = empty | {"published_at": first} | fields
    return row | {
        "first_seen_at": now,
        "updated_at": now,
        "provenance": provenance_json(provenance),
        "title_block": title_block(row["title"]),
    }


def _merge_all(
    fields: dict[str, Any],
    provenance: dict[str, Provenance],
    records: Sequence[SourceRecord],
    origins: Origins,
) -> tuple[dict[str, Any], dict[str, Provenance]]:
    """The fields that the records change altogether, and the provenance of all fields; `origins`
    hears what each of them says."""
    changes: dict[str, Any] = {}
    for record in records:
        shown = fields | changes
        changed, sources, aside = merged_fields(shown, provenance, record)
        hear(origins, record, shown, changed, aside)
        changes |= changed
        provenance = provenance | sources
    return changes, provenance


def _update(
    conn: sa.Connection,
    groups: dict[PaperId, Group],
    said: dict[PaperId, Origins],
    now: datetime,
) -> int:
    if not groups:
        return 0
    rows = conn.execute(sa.select(papers).where(papers.c.id.in_(groups))).mappings().all()
    updated = 0
    reworded: list[PaperId] = []
    for row in rows:
        current = dict(row) | {
            "authors": tuple(row["authors"]),
            "categories": tuple(row["categories"]),
        }
        provenance = provenance_of(row)
        records = groups[PaperId(row["id"])].records
        changes, provenance = _merge_all(current, provenance, records, said[PaperId(row["id"])])
        if not changes:
            continue
        if "title" in changes:
            changes["title_block"] = title_block(changes["title"])
        if not analyses.READ_FIELDS.isdisjoint(changes):
            reworded.append(PaperId(row["id"]))
        changes |= {"provenance": provenance_json(provenance), "updated_at": now}
        conn.execute(sa.update(papers).where(papers.c.id == row["id"]).values(changes))
        updated += 1
    analyses.outdate(conn, reworded)
    return updated


def _attach(
    conn: sa.Connection, placed: Sequence[tuple[PaperId, Group, Origins]], now: datetime
) -> None:
    names: list[dict[str, Any]] = []
    seen: dict[tuple[PaperId, str], dict[str, Any]] = {}
    readings: dict[tuple[PaperId, str, str], float] = {}
    for paper_id, group, origins in placed:
        speakers = {record.source for record in group.records}
        silent = {s: o for s, o in origins.items() if o.touched and s not in speakers}
        saying.save(conn, paper_id, silent)
        for record in group.records:
            names.extend(
                {"kind": i.kind, "value": i.value, "paper_id": paper_id} for i in record.ids
            )
            seen[paper_id, record.source] = {
                **_source_row(paper_id, record, seen.get((paper_id, record.source)), now),
                **saying.columns(origins[record.source]),
                "version": origins[record.source].version,
            }
            for reading in record.readings:
                readings[paper_id, record.source, reading.metric] = reading.value
    if names:
        conn.execute(upsert(conn, paper_ids).on_conflict_do_nothing(), names)
    if seen:
        conn.execute(_source_upsert(conn), list(seen.values()))
    if readings:
        rows = [
            {"paper_id": p, "source": s, "metric": m, "at": now, "value": value}
            for (p, s, m), value in readings.items()
        ]
        conn.execute(upsert(conn, signals).on_conflict_do_nothing(), rows)


def _source_row(
    paper_id: PaperId, record: SourceRecord, earlier: dict[str, Any] | None, now: datetime
) -> dict[str, Any]:
    appeared = record.appeared_at
    if earlier is not None:  # two records of one page: the paper came up with the first
        appeared = min(appeared, earlier["appeared_at"])
    return {
        "paper_id": paper_id,
        "source": record.source,
        "appeared_at": appeared,
        "first_seen_at": now,
        "last_seen_at": now,
        "version": record.version,
    }


def _source_upsert(conn: sa.Connection) -> sa.Insert:
    statement = upsert(conn, paper_sources)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=[paper_sources.c.paper_id, paper_sources.c.source],
        set_={
            "last_seen_at": new.last_seen_at,
            "version": sa.func.coalesce(new.version, paper_sources.c.version),
            **{name: new[name] for name in ("ids", "fields", "given", "authority")},
            # A paper appears once at a source; a later version of it is not a new appearance.
            "appeared_at": sa.case(
                (new.appeared_at < paper_sources.c.appeared_at, new.appeared_at),
                else_=paper_sources.c.appeared_at,
            ),
        },
    )
