"""What feed readers are shown: the papers that trend, for everybody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from digest.core.editions import Edition
from digest.core.identifiers import PaperId
from digest.core.papers import Paper
from digest.pipeline import browse
from digest.pipeline.app import App
from digest.store import editions, library

MOST_ENTRIES = 50
# Whoever looks in once a week misses nothing but what trended on one day alone.
_MOST_EDITIONS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Trending:
    """Papers, what was first seen last comes first; `changed_at` is when they were last chosen,
    None while there is no edition that chooses."""

    papers: tuple[Paper, ...]
    changed_at: datetime | None


def trending(app: App) -> Trending:
    """What the front page shows of the latest editions, each paper once, at most MOST_ENTRIES;
    without an edition the latest papers.

    Votes decide which papers there are, but not their order: a reader sorts by time.
    """
    with app.store.read() as conn:
        latest = editions.latest(conn, _MOST_EDITIONS)
        papers = library.by_ids(conn, _on_front_pages(conn, latest))
    if not latest:
        days = app.rules.lookback_days
        papers = [s.paper for s in browse.latest(app, days=days, limit=browse.FRONT_PAPERS)]
    papers.sort(key=lambda paper: (paper.first_seen_at, paper.id), reverse=True)
    return Trending(
        papers=tuple(papers),
        changed_at=max((edition.frozen_at for edition in latest), default=None),
    )


def _on_front_pages(conn: sa.Connection, latest: Sequence[Edition]) -> list[PaperId]:
    """The papers of these editions that trend most, those of the first edition first."""
    found: dict[PaperId, None] = {}
    for edition in latest:
        if len(found) >= MOST_ENTRIES:
            break
        top = editions.top(conn, edition.id, browse.FRONT_PAPERS)
        found.update(dict.fromkeys(candidate.paper_id for candidate in top))
    return list(found)[:MOST_ENTRIES]
