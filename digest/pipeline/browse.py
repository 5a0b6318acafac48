"""Papers for people who look around: the latest, the trending, those that a search finds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from digest.core.papers import MERGED_FIELDS, Paper
from digest.pipeline import analyses
from digest.pipeline.app import App
from digest.pipeline.edition import judge, ranking_paper
from digest.pipeline.learning import known_growths
from digest.ranking.rank import prepare, score_query
from digest.store import library, origins

# How many papers the front page shows.
FRONT_PAPERS = 20
# What the database's full-text search hands to our own ranking.
_SEARCH_DEPTH = 200
# How many may come by their meaning; of these the last days have a share.
_NEAR_DEPTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A paper with a score in [0, 1], and in words where the score comes from."""

    paper: Paper
    score: float
    reason: str = ""


def trending(app: App, *, days: int, limit: int) -> list[Shown]:
    """What appeared in the last `days`, the fastest rising first."""
    now = app.clock.now()
    return _judged(app, now - timedelta(days=days), now)[:limit]


def latest(app: App, *, days: int, limit: int) -> list[Shown]:
    """What appeared in the last `days`, newest publication first."""
    now = app.clock.now()
    shown = _judged(app, now - timedelta(days=days), now)
    shown.sort(key=lambda one: (one.paper.published_at, one.paper.id), reverse=True)
    return shown[:limit]


def _judged(app: App, start: datetime, now: datetime) -> list[Shown]:
    with app.store.read() as conn:
        appeared = library.appeared_between(conn, start, now + timedelta(microseconds=1))
        papers = {paper.id: paper for paper in library.by_ids(conn, appeared)}
        listed = library.appearances(conn, list(appeared))
    shown = [
        Shown(paper=papers[c.paper_id], score=c.trend, reason=c.trend_reason)
        for c in judge(papers, appeared, listed, now, known_growths(app))
    ]
    shown.sort(key=lambda one: (-one.score, one.paper.id))
    return shown


def search(app: App, query: str, *, limit: int, days: int | None = None) -> list[Shown]:
    """Papers about what the query says, best match first, as mails would rank them; of the last
    `days` when given. Whoever names a paper, by its arXiv id, its DOI or a link, gets that one."""
    since = app.clock.now() - timedelta(days=days) if days is not None else None
    with app.store.read() as conn:
        named = _named(conn, query)
        found = [named] if named else _found(app, conn, query, since)
        texts, background = analyses.analysed(conn, {paper.id: paper for paper in found})
    candidates = [replace(ranking_paper(paper), analysis=texts[paper.id]) for paper in found]
    prepared = prepare(candidates, background=background, table=app.table())
    scores = score_query(prepared, query)
    best = max(scores, default=0.0) or 1.0
    shown = [
        Shown(paper=paper, score=1.0 if paper is named else float(score / best))
        for paper, score in zip(found, scores, strict=True)
    ]
    shown.sort(key=lambda one: (-one.score, one.paper.id))
    return shown[:limit]


def _found(app: App, conn: sa.Connection, query: str, since: datetime | None) -> list[Paper]:
    """What has words of a query, and what lies near to it in meaning."""
    found = library.search(conn, query, _SEARCH_DEPTH, since=since)
    near = app.nearby.find(conn, app.table, query, _NEAR_DEPTH)
    others = library.by_ids(conn, set(near).difference(paper.id for paper in found))
    return [*found, *(p for p in others if since is None or p.published_at >= since)]


def _named(conn: sa.Connection, query: str) -> Paper | None:
    """The paper that a query names; a mere number is a word."""
    return None if query.strip().isdecimal() else library.find(conn, query)


def one(app: App, name: str) -> Shown | None:
    """A paper by its number here, its arXiv id, its DOI, or a link to one of these; with its
    score among the papers of the days of an edition, 0 when it is not of these days."""
    with app.store.read() as conn:
        paper = library.find(conn, name)
    if paper is None:
        return None
    now = app.clock.now()
    around = _judged(app, now - timedelta(days=app.rules.lookback_days), now)
    found = next((shown for shown in around if shown.paper.id == paper.id), None)
    return found or Shown(paper=paper, score=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sayings:
    """`ids`: for each source the paper's identifiers that it gave. `also`: for each field, by
    source, what is said of it but not shown."""

    ids: Mapping[str, tuple[str, ...]]
    also: Mapping[str, Mapping[str, Any]]


def sayings(app: App, paper: Paper) -> Sayings:
    """What each source of a paper says, beside what is shown."""
    with app.store.read() as conn:
        said = origins.load(conn, [paper.id])[paper.id]
    names = set(map(str, paper.ids))
    also: dict[str, dict[str, Any]] = {}
    for source, origin in said.items():
        for name in MERGED_FIELDS:
            if name in origin.fields:
                also.setdefault(name, {})[source] = origin.fields[name]
    return Sayings(
        ids={s: tuple(name for name in o.ids if name in names) for s, o in sorted(said.items())},
        also=also,
    )


def latest_readings(paper: Paper) -> dict[str, float]:
    """The newest value of each metric, whichever source it is from."""
    return {signal.metric: signal.value for signal in sorted(paper.signals, key=lambda s: s.at)}


def series(paper: Paper) -> dict[tuple[str, str], Sequence[tuple[datetime, float]]]:
    """The readings of each (source, metric), in the order of their time."""
    found: dict[tuple[str, str], list[tuple[datetime, float]]] = {}
    for signal in paper.signals:
        found.setdefault((signal.source, signal.metric), []).append((signal.at, signal.value))
    return dict(found)
