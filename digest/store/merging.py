"""Joining two rows that turned out to be one paper, with all that hangs on them."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from digest.core.dedupe import title_block
from digest.core.feedback import OPPOSITE
from digest.core.identifiers import PaperId
from digest.core.interests import InterestKind
from digest.core.origins import Origin, all_said, chosen, keep_differing
from digest.core.papers import Provenance
from digest.store import analyses
from digest.store import origins as saying
from digest.store.origins import Origins, fields_of, provenance_json, provenance_of
from digest.store.tables import (
    candidates,
    cards,
    delivery_papers,
    embeddings,
    feedback,
    interests,
    paper_ids,
    paper_sources,
    papers,
    sent_papers,
    signals,
)

# What hangs on a paper, and by what else its rows are told apart: a row that the kept paper has
# already is dropped.
_KEYS = {
    paper_sources: ("source",),
    signals: ("source", "metric", "at"),
    candidates: ("edition_id",),
    cards: ("edition_id", "language"),
    sent_papers: ("subscriber_id",),
    delivery_papers: ("delivery_id",),
    feedback: ("subscriber_id", "kind"),
}


def merge_rows(conn: sa.Connection, ids: Sequence[PaperId]) -> int:
    """Makes the first of `ids` the only row; how many rows went away.

    Its fields are what all sources of both say; what is not shown is kept under its source.
    Whoever was sent one of them counts as having been sent the paper, whoever likes one by its
    number likes the paper, and what was said of either is said of it: of more and less the last.
    """
    kept, *others = ids
    for other in others:
        values, origins = _joined(conn, kept, other)
        _keep_first_appearances(conn, other, kept)
        _keep_all_times(conn, other, kept)
        names = sa.update(paper_ids).where(paper_ids.c.paper_id == other)
        conn.execute(names.values(paper_id=kept))
        for table, keys in _KEYS.items():
            _move(conn, table, keys, other, kept)
        _move_likes(conn, other, kept)
        _keep_last_votes(conn, kept)
        conn.execute(sa.delete(papers).where(papers.c.id == other))
        saying.save(conn, kept, origins)
        if values:
            conn.execute(sa.update(papers).where(papers.c.id == kept).values(values))
        if not analyses.READ_FIELDS.isdisjoint(values):
            analyses.outdate(conn, [kept])
        if not {"title", "abstract"}.isdisjoint(values):  # a vector is of the text before
            conn.execute(sa.delete(embeddings).where(embeddings.c.paper_id == kept))
    return len(others)


def _joined(conn: sa.Connection, kept: PaperId, other: PaperId) -> tuple[dict[str, Any], Origins]:
    """The columns that the kept row is given, and what its sources then say."""
    rows = {row["id"]: row for row in _rows(conn, kept, other)}
    if len(rows) < 2:
        return {}, {}
    found = saying.load(conn, (kept, other))
    shown, lost = fields_of(rows[kept]), fields_of(rows[other])
    known, theirs = provenance_of(rows[kept]), provenance_of(rows[other])
    mine, others = all_said(found[kept], shown, known), all_said(found[other], lost, theirs)
    origins, said = dict(found[kept]), dict(mine)
    for source, origin in found[other].items():
        if source in origins:
            origins[source] = _both(origins[source], origin, others[source])
            said[source] = others[source] | mine[source]
        else:
            origins[source], said[source] = origin, others[source]
    values, provenance = chosen(origins, said, theirs | known)
    values = {**lost, **{name: value for name, value in shown.items() if value}, **values}
    keep_differing(origins, said, values)
    return _columns(values, shown, theirs | known | provenance), origins


def _rows(conn: sa.Connection, *ids: PaperId) -> Sequence[sa.RowMapping]:
    """Locked, so that nobody hangs anything on a row that is about to go."""
    wanted = sa.select(papers).where(papers.c.id.in_(ids)).order_by(papers.c.id)
    return conn.execute(wanted.with_for_update()).mappings().all()


def _both(one: Origin, other: Origin, said: dict[str, Any]) -> Origin:
    """A source of both rows: what it said of the other is kept where it says two things."""
    return Origin(
        ids=[*one.ids, *(name for name in other.ids if name not in one.ids)],
        fields=other.fields | said | one.fields,
        given=one.given | other.given,
        authority=max(one.authority, other.authority),
        version=max((v for v in (one.version, other.version) if v is not None), default=None),
    )


def _columns(
    values: dict[str, Any], shown: dict[str, Any], provenance: dict[str, Provenance]
) -> dict[str, Any]:
    changed = {name: value for name, value in values.items() if value != shown[name]}
    if "title" in changed:
        changed["title_block"] = title_block(changed["title"])
    return changed | {"provenance": provenance_json(provenance)}


def _move_likes(conn: sa.Connection, other: PaperId, kept: PaperId) -> None:
    """Likes name a paper by any of its names; a number here is the only one that ends."""
    twin = interests.alias()
    both = sa.exists().where(
        twin.c.subscriber_id == interests.c.subscriber_id,
        twin.c.kind == InterestKind.LIKE,
        twin.c.value == str(kept),
    )
    like_other = (interests.c.kind == InterestKind.LIKE, interests.c.value == str(other))
    conn.execute(sa.delete(interests).where(*like_other, both))
    conn.execute(sa.update(interests).where(*like_other).values(value=str(kept)))


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


def _keep_all_times(conn: sa.Connection, other: PaperId, kept: PaperId) -> None:
    """Where somebody said the same of both, they said it first and last when they did of any."""
    twin = feedback.alias()
    same = (
        twin.c.paper_id == other,
        twin.c.subscriber_id == feedback.c.subscriber_id,
        twin.c.kind == feedback.c.kind,
    )
    first, last = (
        sa.select(twin.c[name]).where(*same).scalar_subquery() for name in ("first_at", "last_at")
    )
    said_of_both = sa.update(feedback).where(feedback.c.paper_id == kept)
    conn.execute(said_of_both.where(first < feedback.c.first_at).values(first_at=first))
    conn.execute(said_of_both.where(last > feedback.c.last_at).values(last_at=last))


def _keep_last_votes(conn: sa.Connection, kept: PaperId) -> None:
    """Of more and less about one paper the later stays; said at one moment, less does."""
    twin = feedback.alias()
    for kind, opposite in OPPOSITE.items():
        overruled = sa.exists().where(
            twin.c.paper_id == kept,
            twin.c.subscriber_id == feedback.c.subscriber_id,
            twin.c.kind == opposite,
            twin.c.last_at >= feedback.c.last_at,
        )
        conn.execute(
            sa.delete(feedback).where(
                feedback.c.paper_id == kept, feedback.c.kind == kind, overruled
            )
        )


def _move(
    conn: sa.Connection, table: sa.Table, keys: Sequence[str], other: PaperId, kept: PaperId
) -> None:
    twin = table.alias()
    already = sa.exists().where(
        twin.c.paper_id == kept, *(twin.c[name] == table.c[name] for name in keys)
    )
    conn.execute(sa.update(table).where(table.c.paper_id == other, ~already).values(paper_id=kept))
    conn.execute(sa.delete(table).where(table.c.paper_id == other))
