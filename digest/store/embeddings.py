"""Vectors of texts, kept so that each text is encoded once: those of papers and of interests."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from digest.core.identifiers import Identifier, PaperId, possible_names
from digest.core.interests import InterestKind
from digest.store.chunks import chunks
from digest.store.tables import (
    embeddings,
    interests,
    paper_ids,
    paper_sources,
    papers,
    text_embeddings,
)
from digest.store.upserts import upsert

Floats: TypeAlias = NDArray[np.float32]

_STORED = np.dtype("<f2")
# That a text is used is written down once a day, not at every look.
_USE_COUNTS_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperText:
    """A paper whose vector is missing or may be out of date; `known_hash` is that of the text it
    was made of, "" when there is none."""

    paper_id: PaperId
    title: str
    abstract: str
    known_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVector:
    """`vector` is None where the model does not take the text."""

    paper_id: PaperId
    vector: Floats | None
    text_hash: str


# --- papers -----------------------------------------------------------------------------------


def wanted(
    conn: sa.Connection, since: datetime, made_before: datetime | None, model: str
) -> list[PaperId]:
    """The papers, in order, that came up at some source since then or that somebody likes, whose
    vector is missing or older than their text, or than `made_before`."""
    fresh = embeddings.c.made_at > papers.c.updated_at
    if made_before is not None:
        fresh = fresh & (embeddings.c.made_at >= made_before)
    have = sa.exists().where(
        embeddings.c.model == model, embeddings.c.paper_id == papers.c.id, fresh
    )
    recent = sa.select(paper_sources.c.paper_id).where(paper_sources.c.appeared_at >= since)
    found = set(conn.scalars(sa.select(papers.c.id).where(papers.c.id.in_(recent), ~have)))
    for chunk in chunks(liked(conn)):
        found.update(conn.scalars(sa.select(papers.c.id).where(papers.c.id.in_(chunk), ~have)))
    return sorted(map(PaperId, found))


def liked(conn: sa.Connection) -> set[PaperId]:
    """The papers kept here that somebody likes, by whatever name."""
    values = conn.scalars(
        sa.select(interests.c.value).where(interests.c.kind == InterestKind.LIKE).distinct()
    ).all()
    numbers = {int(value) for value in values if value.isascii() and value.isdigit()}
    found = {PaperId(number) for number in numbers if number < 2**31}
    by_kind: dict[str, set[str]] = {}
    for name in {name for value in values for name in possible_names(value)}:
        by_kind.setdefault(name.kind, set()).add(name.value)
    for kind, names in by_kind.items():
        for chunk in chunks(sorted(names)):
            found.update(_named(conn, [Identifier(kind, name) for name in chunk]))
    return found


def _named(conn: sa.Connection, names: Sequence[Identifier]) -> Iterable[PaperId]:
    """The papers of identifiers of one kind."""
    statement = sa.select(paper_ids.c.paper_id).where(
        paper_ids.c.kind == names[0].kind, paper_ids.c.value.in_([name.value for name in names])
    )
    return map(PaperId, conn.scalars(statement))


def texts(conn: sa.Connection, ids: Sequence[PaperId], model: str) -> list[PaperText]:
    """Of each paper that is still there the text, in the order of their ids."""
    rows = conn.execute(
        sa.select(papers.c.id, papers.c.title, papers.c.abstract, embeddings.c.text_hash)
        .outerjoin(
            embeddings, (embeddings.c.paper_id == papers.c.id) & (embeddings.c.model == model)
        )
        .where(papers.c.id.in_(ids))
        .order_by(papers.c.id)
    )
    return [
        PaperText(
            paper_id=PaperId(row.id),
            title=row.title,
            abstract=row.abstract,
            known_hash=row.text_hash or "",
        )
        for row in rows
    ]


def save(conn: sa.Connection, model: str, vectors: Sequence[NewVector], now: datetime) -> None:
    """Keeps these vectors in place of what there was; papers that are gone take none."""
    there = set(
        conn.scalars(sa.select(papers.c.id).where(papers.c.id.in_([v.paper_id for v in vectors])))
    )
    rows = [
        {
            "model": model,
            "paper_id": one.paper_id,
            "vector": b"" if one.vector is None else _packed(one.vector),
            "made_at": now,
            "text_hash": one.text_hash,
        }
        for one in vectors
        if one.paper_id in there
    ]
    if rows:
        statement = upsert(conn, embeddings)
        new = statement.excluded
        changed = {name: new[name] for name in ("vector", "made_at", "text_hash")}
        key = [embeddings.c.model, embeddings.c.paper_id]
        conn.execute(statement.on_conflict_do_update(index_elements=key, set_=changed), rows)


def confirm(conn: sa.Connection, model: str, ids: Sequence[PaperId], now: datetime) -> None:
    """These papers were changed, but not their text: their vectors hold from `now` on."""
    if ids:
        conn.execute(
            sa.update(embeddings)
            .where(embeddings.c.model == model, embeddings.c.paper_id.in_(ids))
            .values(made_at=now)
        )


def vectors(conn: sa.Connection, model: str, ids: Iterable[int]) -> dict[PaperId, Floats]:
    """The vectors there are of these papers, as they are stored: precise to three digits."""
    found: dict[PaperId, Floats] = {}
    for chunk in chunks(ids):
        rows = conn.execute(
            sa.select(embeddings.c.paper_id, embeddings.c.vector).where(
                embeddings.c.model == model, embeddings.c.paper_id.in_(chunk)
            )
        )
        found.update((PaperId(row.paper_id), _unpacked(row.vector)) for row in rows if row.vector)
    return found


def by_text(conn: sa.Connection, model: str, hashes: Collection[str]) -> dict[str, Floats]:
    """The vectors there are of papers whose texts have these hashes, by the hash."""
    found: dict[str, Floats] = {}
    for chunk in chunks(sorted(hashes)):
        rows = conn.execute(
            sa.select(embeddings.c.text_hash, embeddings.c.vector).where(
                embeddings.c.model == model, embeddings.c.text_hash.in_(chunk)
            )
        )
        found.update((row.text_hash, _unpacked(row.vector)) for row in rows if row.vector)
    return found


def newest_at(conn: sa.Connection, model: str) -> datetime | None:
    """When a vector of the model was last made."""
    return conn.scalar(
        sa.select(embeddings.c.made_at)
        .where(embeddings.c.model == model)
        .order_by(embeddings.c.made_at.desc())
        .limit(1)
    )


def dimensions(conn: sa.Connection, model: str) -> int:
    """The length of the model's vectors, by the newest of them; 0 when there is none."""
    packed: bytes | None = conn.scalar(
        sa.select(embeddings.c.vector)
        .where(embeddings.c.model == model, embeddings.c.vector != b"")
        .order_by(embeddings.c.made_at.desc())
        .limit(1)
    )
    return len(packed or b"") // _STORED.itemsize


# --- interests --------------------------------------------------------------------------------


def text_vectors(
    conn: sa.Connection, model: str, hashes: Collection[str]
) -> tuple[dict[str, Floats | None], datetime | None]:
    """The vectors there are of these texts, None for one that the model does not take, and when
    the one longest unused was last used."""
    found: dict[str, Floats | None] = {}
    oldest: datetime | None = None
    for chunk in chunks(sorted(hashes)):
        rows = conn.execute(
            sa.select(text_embeddings).where(
                text_embeddings.c.model == model, text_embeddings.c.text_hash.in_(chunk)
            )
        )
        for row in rows:
            found[row.text_hash] = _unpacked(row.vector) if row.vector else None
            oldest = row.last_used_at if oldest is None else min(oldest, row.last_used_at)
    return found, oldest


def known_texts(conn: sa.Connection, model: str, hashes: Collection[str]) -> set[str]:
    """Those of these texts that were encoded, or that the model does not take."""
    return _known(conn, text_embeddings, model, hashes)


def known_papers(conn: sa.Connection, model: str, hashes: Collection[str]) -> set[str]:
    """The same of the texts of papers."""
    return _known(conn, embeddings, model, hashes)


def _known(conn: sa.Connection, table: sa.Table, model: str, hashes: Collection[str]) -> set[str]:
    found: set[str] = set()
    for chunk in chunks(sorted(hashes)):
        same = table.c.model == model, table.c.text_hash.in_(chunk)
        found.update(conn.scalars(sa.select(table.c.text_hash).where(*same)))
    return found


def save_texts(
    conn: sa.Connection, model: str, vectors: Mapping[str, Floats | None], now: datetime
) -> None:
    """Keeps the vectors of texts by the hashes of these; None for one that the model does not
    take, which is not to be asked for again."""
    rows: list[dict[str, Any]] = [
        {
            "model": model,
            "text_hash": key,
            "vector": b"" if vector is None else _packed(vector),
            "last_used_at": now,
        }
        for key, vector in sorted(vectors.items())
    ]
    if rows:
        conn.execute(upsert(conn, text_embeddings).on_conflict_do_nothing(), rows)


def is_stale(used_at: datetime | None, now: datetime) -> bool:
    """Whether a use is to be written down, the last one being that long ago."""
    return used_at is not None and now - used_at >= _USE_COUNTS_FOR


def use_texts(conn: sa.Connection, model: str, hashes: Collection[str], now: datetime) -> None:
    """Writes down that these texts are in use."""
    for chunk in chunks(sorted(hashes)):
        conn.execute(
            sa.update(text_embeddings)
            .where(text_embeddings.c.model == model, text_embeddings.c.text_hash.in_(chunk))
            .values(last_used_at=now)
        )


def as_kept(vector: Floats) -> Floats:
    """A vector as precise as it is when it is read again."""
    return _unpacked(_packed(vector))


def forget_texts(conn: sa.Connection, model: str) -> None:
    """Drops the vectors of all texts by this model."""
    conn.execute(sa.delete(text_embeddings).where(text_embeddings.c.model == model))


# --- retention --------------------------------------------------------------------------------


def forget(conn: sa.Connection, model: str, *, unseen: datetime, unused: datetime) -> int:
    """Drops the vectors of other models, of papers that came up nowhere since `unseen` and that
    nobody likes, and of texts not used since `unused`; how many papers' vectors."""
    seen = sa.select(paper_sources.c.paper_id).where(paper_sources.c.appeared_at >= unseen)
    old = conn.scalars(
        sa.select(embeddings.c.paper_id).where(
            embeddings.c.model == model,
            embeddings.c.made_at < unseen,
            embeddings.c.paper_id.not_in(seen),
        )
    ).all()
    dropped = conn.execute(sa.delete(embeddings).where(embeddings.c.model != model)).rowcount
    for chunk in chunks(sorted(set(old) - liked(conn)) if old else ()):
        dropped += conn.execute(
            sa.delete(embeddings).where(
                embeddings.c.model == model, embeddings.c.paper_id.in_(chunk)
            )
        ).rowcount
    other = text_embeddings.c.model != model
    conn.execute(
        sa.delete(text_embeddings).where(other | (text_embeddings.c.last_used_at < unused))
    )
    return dropped


def _packed(vector: Floats) -> bytes:
    return vector.astype(_STORED).tobytes()


def _unpacked(packed: bytes) -> Floats:
    return np.frombuffer(packed, _STORED).astype(np.float32)
