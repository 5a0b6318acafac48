"""An operator's last word on what is one paper: rows taken apart, rulings, rows joined."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import product
from typing import Any

import sqlalchemy as sa

from digest.core.dedupe import title_block
from digest.core.identifiers import ARXIV, Identifier, PaperId
from digest.core.origins import Origin, Values, all_said, chosen, keep_differing
from digest.core.papers import Provenance
from digest.store import origins as saying
from digest.store.merging import merge_rows
from digest.store.origins import Origins, fields_of, provenance_json, provenance_of
from digest.store.papers import identifiers_of, upsert
from digest.store.tables import paper_ids, paper_sources, papers, rulings, signals

_EMPTY: Values = dict.fromkeys(
    ("abstract", "url", "pdf_url", "code_url", "discussion_url", "summary", "venue"), ""
) | {"authors": (), "categories": ()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A paper about to be taken apart: for either side its sources and the columns of its row.
    The sources of `moving` are about what goes, with all that they have read of it."""

    going: Origins
    staying: Origins
    moving: frozenset[str]
    new: Values
    left: Values


def split(
    conn: sa.Connection, paper_id: PaperId, names: Collection[Identifier], now: datetime
) -> PaperId:
    """Takes `names`, some but not all of a paper's identifiers, out into a paper of its own,
    with the sources that gave them, their signals and appearances; the new paper's number.

    Both sides then show what their own sources say. The two are ruled apart for ever, or until
    they are merged by hand. The ledger, cards, deliveries and what readers said stay with the
    paper that was there: the one taken out was hidden by the merge, so nobody has judged it, and
    it may still be mailed to anybody.
    """
    own = identifiers_of(conn, [paper_id])[paper_id]
    parts = parted(conn, paper_id, names)
    row = parts.new | {"first_seen_at": now, "updated_at": now}
    new = PaperId(conn.execute(sa.insert(papers).returning(papers.c.id), row).scalar_one())
    for name in names:
        conn.execute(_where_named(sa.update(paper_ids), name).values(paper_id=new))
    _move_sources(conn, paper_id, new, parts)
    conn.execute(
        sa.update(papers).where(papers.c.id == paper_id).values(parts.left | {"updated_at": now})
    )
    _rule_apart(conn, names, set(own) - set(names), now)
    return new


def parted(conn: sa.Connection, paper_id: PaperId, names: Collection[Identifier]) -> Parts:
    """What `split` would make of a paper; changes nothing."""
    wanted = sa.select(papers).where(papers.c.id == paper_id)
    row = conn.execute(wanted).mappings().one()
    own = identifiers_of(conn, [paper_id])[paper_id]
    origins = saying.load(conn, [paper_id])[paper_id]
    shown, provenance = fields_of(row), provenance_of(row)
    said = all_said(origins, shown, provenance)
    out = {str(name) for name in names}
    sides = {s: _side(s, o, out, [str(i) for i in own]) for s, o in origins.items()}
    going, said_there = _of_side(origins, said, sides, out, goes=True)
    rest = {str(i) for i in own} - out
    staying, said_here = _of_side(origins, said, sides, rest, goes=False)
    return Parts(
        going=going,
        staying=staying,
        moving=frozenset(source for source, goes in sides.items() if goes),
        new=_row(going, said_there, shown, provenance),
        left=_row(staying, said_here, shown, provenance),
    )


def _side(source: str, origin: Origin, out: Collection[str], own: Sequence[str]) -> bool:
    """Whether a source goes with the names that go out: it does so with its arXiv id, else with
    the first of the names that it gave; of old rows only the kind of a name can tell."""
    given = [name for name in origin.ids if name in own]
    if not given:
        given = [n for n in own if n.startswith(f"{source.replace('feeds.', 'feed:', 1)}:")]
    given.sort(key=lambda name: not name.startswith(f"{ARXIV}:"))
    return bool(given) and given[0] in out


def _of_side(
    origins: Origins,
    said: Mapping[str, Values],
    sides: Mapping[str, bool],
    names: Collection[str],
    *,
    goes: bool,
) -> tuple[Origins, dict[str, Values]]:
    """The sources of one side and what they say. A side that none goes with is spoken of by
    those that named it, with what they said of it before it was joined, if anything: as such
    hearsay gives way to whatever anybody says later, it has no authority."""
    found = {s: replace(o, fields={}) for s, o in origins.items() if sides[s] is goes}
    if found:
        for origin in found.values():
            origin.ids = [name for name in origin.ids if name in names]
        return found, {source: said[source] for source in found}
    speakers = [s for s, o in origins.items() if set(o.ids) & set(names)] or list(origins)[:1]
    found = {
        s: Origin(ids=[n for n in origins[s].ids if n in names], given=origins[s].given)
        for s in speakers
    }
    return found, {s: said[s] | origins[s].fields for s in speakers}


def _row(
    origins: Origins,
    said: Mapping[str, Values],
    shown: Mapping[str, Any],
    before: Mapping[str, Provenance],
) -> Values:
    """The columns of a side, whose `origins` are brought in line with them."""
    known = {name: p for name, p in before.items() if _still(p, origins)}
    values, provenance = chosen(origins, said, known)
    values = {**_EMPTY, "title": shown["title"], "published_at": shown["published_at"], **values}
    keep_differing(origins, said, values)
    return values | {
        "provenance": provenance_json(provenance),
        "title_block": title_block(values["title"]),
    }


def _still(known: Provenance, origins: Origins) -> bool:
    return known.source in origins and origins[known.source].authority == known.authority


def _move_sources(conn: sa.Connection, old: PaperId, new: PaperId, parts: Parts) -> None:
    """A source that only one side has goes there; one that speaks of both is in both, and its
    signals are with the side that it goes with."""
    for source in parts.going.keys() & parts.staying.keys():
        copied = [c for c in paper_sources.c if c.name not in ("paper_id",)]
        row = sa.select(sa.literal(new), *copied).where(
            paper_sources.c.paper_id == old, paper_sources.c.source == source
        )
        names = ["paper_id", *(c.name for c in copied)]
        conn.execute(sa.insert(paper_sources).from_select(names, row))
    alone = parts.going.keys() - parts.staying.keys()
    for table, moved in ((paper_sources, alone), (signals, parts.moving)):
        conn.execute(
            sa.update(table)
            .where(table.c.paper_id == old, table.c.source.in_(moved))
            .values(paper_id=new)
        )
    saying.save(conn, new, parts.going)
    saying.save(conn, old, parts.staying)


def _rule_apart(
    conn: sa.Connection, ones: Iterable[Identifier], others: Iterable[Identifier], now: datetime
) -> None:
    pairs = list(product(ones, others))
    rows = [
        {
            "kind": one.kind,
            "value": one.value,
            "other_kind": other.kind,
            "other_value": other.value,
            "at": now,
        }
        for one, other in [*pairs, *((other, one) for one, other in pairs)]
    ]
    conn.execute(upsert(conn, rulings).on_conflict_do_nothing(), rows)


def join(conn: sa.Connection, ids: Sequence[PaperId]) -> int:
    """Makes the first of `ids` the only paper whatever spoke against it, and takes back what was
    ruled between them; how many rows went away."""
    names = identifiers_of(conn, ids)
    for one, other in product(ids, ids):
        if one != other:
            for name in names[one]:
                _forget_ruling(conn, name, names[other])
    return merge_rows(conn, ids)


def _forget_ruling(conn: sa.Connection, name: Identifier, others: Iterable[Identifier]) -> None:
    for other in others:
        conn.execute(
            sa.delete(rulings).where(
                rulings.c.kind == name.kind,
                rulings.c.value == name.value,
                rulings.c.other_kind == other.kind,
                rulings.c.other_value == other.value,
            )
        )


def ruled_apart(conn: sa.Connection, one: Identifier, others: Iterable[Identifier]) -> bool:
    """Whether an identifier was ruled to be of another paper than any of `others`."""
    found = conn.execute(
        sa.select(rulings.c.other_kind, rulings.c.other_value).where(
            rulings.c.kind == one.kind, rulings.c.value == one.value
        )
    )
    return not {Identifier(*row) for row in found}.isdisjoint(others)


def _where_named(statement: sa.Update, name: Identifier) -> sa.Update:
    return statement.where(paper_ids.c.kind == name.kind, paper_ids.c.value == name.value)
