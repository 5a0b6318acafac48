"""The papers of a date: gathered, judged for how fast they rise, and made ready to be ranked."""

import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from digest.core.editions import Edition, Window, edition_window
from digest.core.feedback import FeedbackKind
from digest.core.identifiers import PaperId
from digest.core.interests import Interest, InterestKind
from digest.core.papers import Paper
from digest.core.subscribers import Subscriber
from digest.pipeline.app import App
from digest.pipeline.outcomes import missing_sources
from digest.ranking.corpus import RankingPaper
from digest.ranking.learnt import VotedPaper
from digest.ranking.rank import Prepared, Ranked, prepare, rank
from digest.ranking.relevance import LikedPaper
from digest.ranking.trending import TrendPaper, trends
from digest.store import cursors, editions, library
from digest.store.editions import Candidate

# Votes that are weighed; older ones hardly count any more.
_MOST_LIKES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """The candidates of one date, ready to be ranked for anybody; prepared once for all."""

    day: date
    window: Window
    papers: Mapping[PaperId, Paper]
    candidates: tuple[Candidate, ...]
    prepared: Prepared
    missing: tuple[str, ...]
    liked: dict[str, LikedPaper | None] = field(default_factory=dict)


def gather(app: App, day: date) -> Issue:
    """What the edition of `day` holds, by what is known now or was at the end of that day.

    Only reads. A paper belongs when it came up at some source within the window.
    """
    window = edition_window(day, app.rules.timezone, app.rules.lookback_days)
    known_at = min(app.clock.now(), window.end)
    with app.store.read() as conn:
        appeared = library.appeared_between(conn, window.start, window.end)
        papers = {paper.id: paper for paper in library.by_ids(conn, appeared)}
        listed = library.appearances(conn, list(appeared))
    candidates = judge(papers, appeared, listed, known_at)
    return Issue(
        day=day,
        window=window,
        papers=papers,
        candidates=candidates,
        prepared=prepare([ranking_paper(papers[c.paper_id], c) for c in candidates]),
        missing=missing_sources(app),
    )


def judge(
    papers: Mapping[PaperId, Paper],
    appeared: Mapping[PaperId, datetime],
    listed: Mapping[PaperId, Mapping[str, datetime]],
    known_at: datetime,
) -> tuple[Candidate, ...]:
    """Each paper with its trend among the others, in the order of their ids."""
    judged = trends(
        [
            TrendPaper(
                paper_id=paper.id,
                appeared_at=appeared[paper.id],
                signals=paper.signals,
                listed_at=listed[paper.id],
            )
            for paper in papers.values()
        ],
        now=known_at,
    )
    return tuple(
        Candidate(paper_id=paper_id, trend=trend.score, trend_reason=trend.reason)
        for paper_id, trend in sorted(judged.items())
    )


def ranking_paper(paper: Paper, candidate: Candidate) -> RankingPaper:
    return RankingPaper(
        paper_id=paper.id,
        title=paper.title,
        abstract=paper.abstract,
        authors=paper.authors,
        categories=paper.categories,
        venue=paper.venue,
        trend=candidate.trend,
        trend_reason=candidate.trend_reason,
    )


def freeze(app: App, issue: Issue) -> Edition:
    """Writes the edition down; what it held before stays, what has come since is added."""
    with app.store.write() as conn:
        editions.create(conn, issue.day, issue.window)
        edition = editions.by_date(conn, issue.day)
        assert edition is not None
        stored_at = cursors.last_stored_at(conn)
        fresh = edition.candidate_count != len(issue.candidates) or (
            stored_at is not None and stored_at > edition.frozen_at
        )
        if fresh:
            editions.freeze(
                conn,
                edition.id,
                issue.candidates,
                missing=issue.missing,
                now=app.clock.now(),
            )
            edition = editions.by_date(conn, issue.day)
            assert edition is not None
    return edition


def choose(
    app: App,
    issue: Issue,
    subscriber: Subscriber,
    seen: Collection[PaperId],
    votes: Sequence[VotedPaper],
) -> tuple[Ranked, ...]:
    """The papers of this person's digest, best first; nothing they have been sent before.

    Of `votes`, newest first, those for a paper count as likes that fade with time; those
    against one are not weighed yet. Whoever names no interests gets what is like their votes,
    and then what trends.
    """
    likes = _likes_by_votes(votes)
    best = functools.partial(
        rank,
        issue.prepared,
        liked={like.value: paper for like, paper in likes} | _liked(app, issue, subscriber),
        dial=subscriber.preferences.dial,
        diversity=app.rules.diversity,
    )
    limit = subscriber.preferences.max_papers
    wishes = (*subscriber.interests, *(like for like, _ in likes))
    chosen = best(interests=wishes, seen=seen, limit=limit)
    if not likes or any(i.kind is not InterestKind.EXCLUDE for i in subscriber.interests):
        return chosen
    shown = {*seen, *(ranked.paper_id for ranked in chosen)}
    return (*chosen, *best(interests=subscriber.interests, seen=shown, limit=limit - len(chosen)))


def _likes_by_votes(votes: Sequence[VotedPaper]) -> list[tuple[Interest, LikedPaper]]:
    for_ = [vote for vote in votes if vote.kind is FeedbackKind.MORE][:_MOST_LIKES]
    return [
        (
            Interest(InterestKind.LIKE, str(vote.paper_id), vote.weight),
            LikedPaper(title=vote.title, abstract=vote.abstract),
        )
        for vote in for_
    ]


def _liked(app: App, issue: Issue, subscriber: Subscriber) -> dict[str, LikedPaper]:
    names = [i.value for i in subscriber.interests if i.kind is InterestKind.LIKE]
    _load_liked(app, issue, [name for name in names if name not in issue.liked])
    found = ((name, issue.liked[name]) for name in names)
    return {name: paper for name, paper in found if paper is not None}


def _load_liked(app: App, issue: Issue, names: Sequence[str]) -> None:
    if not names:
        return
    with app.store.read() as conn:
        for name in names:
            paper = library.find(conn, name)
            if paper is None:
                issue.liked[name] = None
            else:
                issue.liked[name] = LikedPaper(title=paper.title, abstract=paper.abstract)
