"""Editions, their candidates and cards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from digest.core.editions import Card, Edition, EditionId, Window
from digest.core.identifiers import PaperId
from digest.core.subscribers import Language
from digest.store.tables import candidates, cards, editions
from digest.store.upserts import upsert


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A paper that an edition may show; `trend` in [0, 1], the same for every reader."""

    paper_id: PaperId
    trend: float
    trend_reason: str


def by_date(conn: sa.Connection, day: date) -> Edition | None:
    row = conn.execute(sa.select(editions).where(editions.c.date == day.isoformat())).one_or_none()
    return None if row is None else _edition(row)


def many(conn: sa.Connection, ids: Sequence[EditionId]) -> dict[EditionId, Edition]:
    rows = conn.execute(sa.select(editions).where(editions.c.id.in_(ids)))
    return {edition.id: edition for edition in map(_edition, rows)}


def newest(conn: sa.Connection) -> Edition | None:
    """The edition of the latest date that holds any paper."""
    return next(iter(latest(conn, 1)), None)


def latest(conn: sa.Connection, limit: int) -> list[Edition]:
    """The editions that hold any paper, of the latest date first."""
    rows = conn.execute(
        sa.select(editions)
        .where(editions.c.candidate_count > 0)
        .order_by(editions.c.date.desc())
        .limit(limit)
    )
    return [_edition(row) for row in rows]


def create(conn: sa.Connection, day: date, window: Window) -> None:
    """Makes the edition of a date; nothing happens when it exists."""
    conn.execute(
        upsert(conn, editions)
        .values(
            date=day.isoformat(),
            window_start=window.start,
            window_end=window.end,
            frozen_at=window.start,
            candidate_count=0,
            missing=[],
        )
        .on_conflict_do_nothing()
    )


def freeze(
    conn: sa.Connection,
    edition_id: EditionId,
    chosen: Sequence[Candidate],
    *,
    missing: Sequence[str],
    now: datetime,
) -> None:
    """Sets the candidates to what is known at `now`; none goes, and each gets its newest trend."""
    if chosen:
        statement = upsert(conn, candidates)
        conn.execute(
            statement.on_conflict_do_update(
                index_elements=[candidates.c.edition_id, candidates.c.paper_id],
                set_={
                    "trend": statement.excluded.trend,
                    "trend_reason": statement.excluded.trend_reason,
                },
            ),
            [
                {
                    "edition_id": edition_id,
                    "paper_id": c.paper_id,
                    "trend": c.trend,
                    "trend_reason": c.trend_reason,
                }
                for c in chosen
            ],
        )
    total = sa.select(sa.func.count()).where(candidates.c.edition_id == edition_id)
    conn.execute(
        sa.update(editions)
        .where(editions.c.id == edition_id)
        .values(frozen_at=now, missing=list(missing), candidate_count=total.scalar_subquery())
    )


def candidates_of(conn: sa.Connection, edition_id: EditionId) -> list[Candidate]:
    rows = conn.execute(
        sa.select(candidates)
        .where(candidates.c.edition_id == edition_id)
        .order_by(candidates.c.paper_id)
    )
    return [_candidate(row) for row in rows]


def top(conn: sa.Connection, edition_id: EditionId, limit: int) -> list[Candidate]:
    """The candidates that trend most, best first; ties by paper id."""
    rows = conn.execute(
        sa.select(candidates)
        .where(candidates.c.edition_id == edition_id)
        .order_by(candidates.c.trend.desc(), candidates.c.paper_id)
        .limit(limit)
    )
    return [_candidate(row) for row in rows]


def add_cards(conn: sa.Connection, edition_id: EditionId, rendered: Sequence[Card]) -> None:
    """Keeps cards; one that exists stays as it is, so that what was sent can be made again.

    They are written in one order everywhere: of two processes that add the same ones, neither
    waits for a row that the other, waiting for it, holds."""
    if rendered:
        conn.execute(
            upsert(conn, cards).on_conflict_do_nothing(),
            [
                {
                    "edition_id": edition_id,
                    "paper_id": c.paper_id,
                    "language": c.language,
                    "html": c.html,
                    "text": c.text,
                }
                for c in sorted(rendered, key=lambda card: (card.paper_id, card.language))
            ],
        )


def cards_of(
    conn: sa.Connection,
    edition_id: EditionId,
    ids: Sequence[PaperId],
    language: Language = Language.ENGLISH,
) -> Mapping[PaperId, Card]:
    rows = conn.execute(
        sa.select(cards).where(
            cards.c.edition_id == edition_id,
            cards.c.paper_id.in_(ids),
            cards.c.language == language,
        )
    )
    return {
        PaperId(row.paper_id): Card(
            paper_id=PaperId(row.paper_id), language=language, html=row.html, text=row.text
        )
        for row in rows
    }


def carded(
    conn: sa.Connection, edition_id: EditionId, language: Language = Language.ENGLISH
) -> set[PaperId]:
    """The papers of an edition that have a card in this language."""
    rows = conn.scalars(
        sa.select(cards.c.paper_id).where(
            cards.c.edition_id == edition_id, cards.c.language == language
        )
    )
    return {PaperId(key) for key in rows}


def forget(conn: sa.Connection, before: date) -> int:
    """Drops editions of earlier dates, with their candidates, cards and deliveries.

    The ledger stays: what was sent long ago must not be sent again.
    """
    return conn.execute(sa.delete(editions).where(editions.c.date < before.isoformat())).rowcount


def _candidate(row: sa.Row[tuple[object, ...]]) -> Candidate:
    columns = row._mapping
    return Candidate(
        paper_id=PaperId(columns["paper_id"]),
        trend=columns["trend"],
        trend_reason=columns["trend_reason"],
    )


def _edition(row: sa.Row[tuple[object, ...]]) -> Edition:
    columns = row._mapping
    return Edition(
        id=EditionId(columns["id"]),
        date=date.fromisoformat(columns["date"]),
        window=Window(start=columns["window_start"], end=columns["window_end"]),
        frozen_at=columns["frozen_at"],
        candidate_count=columns["candidate_count"],
        missing=tuple(columns["missing"]),
    )
