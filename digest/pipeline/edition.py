"""The papers of a date: gathered, judged for how fast they rise, and made ready to be ranked."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from digest.core.editions import Edition, Window, edition_window
from digest.core.identifiers import PaperId
from digest.core.papers import Paper
from digest.core.subscribers import Frequency, Subscriber, SubscriberId
from digest.pipeline import analyses
from digest.pipeline.app import App
from digest.pipeline.learning import known_growths
from digest.pipeline.likes import Texts
from digest.pipeline.model_space import model_space
from digest.pipeline.outcomes import missing_sources
from digest.ranking.corpus import RankingPaper
from digest.ranking.growth import Growths
from digest.ranking.rank import Prepared, prepare
from digest.ranking.trending import TrendPaper, area_of, trends
from digest.store import cursors, editions, libraries, library
from digest.store.editions import Candidate

# Of a weekly digest: the week since the last one, and the whole of that day, of which the last
# one saw the morning.
WEEK_DAYS = 8
# Of these, so many are no longer news: whoever reads elsewhere, too, may have missed what came up
# before the last days.
NEWS_DAYS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """The candidates of one date, ready to be ranked for anybody; prepared once for all.

    `earlier` holds, where a week is looked back upon, those that came up before its last days.
    `known_terms` says in how many papers beyond the candidates a term occurs; it learns those of
    interests when they come up. `owned` are the candidates that are in somebody's library."""

    day: date
    window: Window
    weekly: bool = False
    earlier: frozenset[PaperId] = frozenset()
    papers: Mapping[PaperId, Paper]
    candidates: tuple[Candidate, ...]
    prepared: Prepared
    missing: tuple[str, ...]
    known_terms: dict[str, int]
    liked: Texts = field(default_factory=dict)
    library_owners: frozenset[SubscriberId] = frozenset()
    owned: Mapping[SubscriberId, Collection[PaperId]] = field(default_factory=dict)


def gather(app: App, day: date, *, weekly: bool = False) -> Issue:
    """What the edition of `day` holds, by what is known now or was at the end of that day; a
    `weekly` one at least the last week.

    Only reads. A paper belongs when it came up at some source within the window.
    """
    lookback_days = max(app.rules.lookback_days, WEEK_DAYS if weekly else 0)
    window = edition_window(day, app.rules.timezone, lookback_days)
    news = edition_window(day, app.rules.timezone, NEWS_DAYS)
    known_at = min(app.clock.now(), window.end)
    with app.store.read() as conn:
        appeared = library.appeared_between(conn, window.start, window.end)
        papers = {paper.id: paper for paper in library.by_ids(conn, appeared)}
        listed = library.appearances(conn, list(appeared))
        library_owners = libraries.owners(conn)
        owned = libraries.owned_among(conn, papers) if library_owners else {}
        found, background = analyses.analysed(conn, papers)
    candidates = judge(papers, appeared, listed, known_at, known_growths(app))
    rated = [
        replace(
            ranking_paper(papers[one.paper_id]),
            trend=one.trend,
            trend_reason=one.trend_reason,
            analysis=found[one.paper_id],
        )
        for one in candidates
    ]
    return Issue(
        day=day,
        window=window,
        weekly=weekly,
        earlier=frozenset(key for key, at in appeared.items() if weekly and at < news.start),
        papers=papers,
        candidates=candidates,
        prepared=prepare(
            rated,
            background=background,
            table=app.table(),
            model=model_space(app, list(papers)),
        ),
        missing=missing_sources(app),
        library_owners=library_owners,
        owned=owned,
        known_terms=background.counts,
    )


def is_weekly(subscriber: Subscriber) -> bool:
    """Whether their digests look back upon a week."""
    return subscriber.preferences.frequency is Frequency.WEEKLY


def judge(
    papers: Mapping[PaperId, Paper],
    appeared: Mapping[PaperId, datetime],
    listed: Mapping[PaperId, Mapping[str, datetime]],
    known_at: datetime,
    growths: Growths,
) -> tuple[Candidate, ...]:
    """Each paper with its trend among the others, in the order of their ids."""
    judged = trends(
        [
            TrendPaper(
                paper_id=paper.id,
                appeared_at=appeared[paper.id],
                signals=paper.signals,
                listed_at=listed[paper.id],
                area=area_of(paper.categories),
            )
            for paper in papers.values()
        ],
        now=known_at,
        growths=growths,
    )
    return tuple(
        Candidate(paper_id=paper_id, trend=trend.score, trend_reason=trend.reason)
        for paper_id, trend in sorted(judged.items())
    )


def ranking_paper(paper: Paper) -> RankingPaper:
    """What ranking reads of a paper, without its trend and before its text is analysed."""
    return RankingPaper(
        paper_id=paper.id,
        title=paper.title,
        abstract=paper.abstract,
        authors=paper.authors,
        categories=paper.categories,
        venue=paper.venue,
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
