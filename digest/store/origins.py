"""What each source of a paper said, as rows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from digest.core.identifiers import PaperId
from digest.core.origins import Origin
from digest.core.papers import MERGED_FIELDS, Provenance
from digest.store.chunks import chunks
from digest.store.columns import Time
from digest.store.tables import paper_sources

Origins = dict[str, Origin]
_LISTS = ("authors", "categories")
_TIME = Time()


def load(conn: sa.Connection, ids: Iterable[int]) -> dict[PaperId, Origins]:
    """The sources of each paper by name, in the order in which they came."""
    found: dict[PaperId, Origins] = defaultdict(dict)
    for chunk in chunks(ids):
        rows = conn.execute(
            sa.select(paper_sources)
            .where(paper_sources.c.paper_id.in_(chunk))
            .order_by(paper_sources.c.first_seen_at, paper_sources.c.source)
        )
        for row in rows:
            found[PaperId(row.paper_id)][row.source] = Origin(
                ids=list(row.ids),
                fields=_from_json(row.fields),
                given=row.given,
                authority=row.authority,
                version=row.version,
            )
    return found


def columns(origin: Origin) -> dict[str, Any]:
    """The columns of `paper_sources` that say what the source said."""
    return {
        "ids": origin.ids,
        "fields": _to_json(origin.fields) if origin.fields else {},
        "given": origin.given,
        "authority": origin.authority,
    }


def save(conn: sa.Connection, paper_id: PaperId, origins: Mapping[str, Origin]) -> None:
    """Writes down anew what these sources of a paper say; their rows are there already."""
    for source, origin in origins.items():
        conn.execute(
            sa.update(paper_sources)
            .where(paper_sources.c.paper_id == paper_id, paper_sources.c.source == source)
            .values(columns(origin) | {"version": origin.version})
        )


def fields_of(row: sa.RowMapping) -> dict[str, Any]:
    """The fields that a row of `papers` shows, lists as tuples."""
    return {name: tuple(row[name]) if name in _LISTS else row[name] for name in MERGED_FIELDS}


def provenance_of(row: sa.RowMapping) -> dict[str, Provenance]:
    return {name: Provenance(**origin) for name, origin in row["provenance"].items()}


def provenance_json(provenance: Mapping[str, Provenance]) -> dict[str, dict[str, Any]]:
    return {  # written out: dataclasses.asdict copies deeply, which took a sixth of storing a paper
        name: {"source": origin.source, "authority": origin.authority, "version": origin.version}
        for name, origin in provenance.items()
    }


def _to_json(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _TIME.process_bind_param(value, None) if isinstance(value, datetime) else value
        for name, value in fields.items()
    }


def _from_json(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(name, value) for name, value in fields.items()}


def _value(name: str, value: Any) -> Any:
    if name in _LISTS:
        return tuple(value)
    return datetime.fromisoformat(value) if name == "published_at" else value
