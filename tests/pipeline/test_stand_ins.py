"""A day on which arXiv's API is in trouble, with the real sources and a real store."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from digest.core.fetching import Outcome
from digest.core.identifiers import ARXIV
from digest.pipeline.app import App, StandIn
from digest.pipeline.outcomes import missing_sources
from digest.pipeline.refresh import refresh
from digest.sources.arxiv import Arxiv
from digest.sources.arxiv_oai import ArxivOai
from digest.sources.arxiv_rss import ArxivRss
from digest.sources.http import PoliteClient
from digest.store.cursors import Fetch
from digest.store.engine import Store
from digest.store.paces import StoredPaces
from digest.store.tables import paper_ids, paper_sources
from tests.builders import make_app
from tests.fakes import FakeClock
from tests.sources.arxiv_answers import api_feed, rss
from tests.sources.arxiv_site import API, OAI, RSS, ArxivSite, submissions
from tests.sources.site import Reply, running_site

MONDAY = date(2026, 3, 16)
DAYS = [MONDAY + timedelta(days=n) for n in range(5)]
CATEGORIES = ("cs.AI", "cs.LG")
SIX_HOURS = timedelta(hours=6)
EVERY = {"arxiv": SIX_HOURS, "arxiv_rss": SIX_HOURS, "arxiv_oai": timedelta(hours=12)}


def at(day: int, hour: int) -> datetime:
    """A moment in that March; the 16th is a Monday."""
    return datetime(2026, 3, day, hour, tzinfo=UTC)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(at(18, 6))


@pytest.fixture
def arxiv(clock: FakeClock) -> Iterator[ArxivSite]:
    with running_site() as site:
        yield ArxivSite(site=site, clock=clock, papers=submissions(DAYS, 3))


@pytest.fixture
def app(sqlite_store: Store, clock: FakeClock, arxiv: ArxivSite) -> Iterator[App]:
    client = PoliteClient(
        user_agent="digest/1.0",
        paces=StoredPaces(sqlite_store),
        clock=clock,
        jitter=lambda: 0.0,
    )
    api = Arxiv(client, url=arxiv.base + API, categories=CATEGORIES)
    feed = ArxivRss(client, url=arxiv.base + RSS, categories=CATEGORIES)
    oai = ArxivOai(client, url=arxiv.base + OAI, categories=CATEGORIES)
    stand_ins = {
        "arxiv": (StandIn(source=feed, reach=timedelta(hours=30)), StandIn(source=oai)),
    }
    made = make_app(sqlite_store, clock=clock, sources={"arxiv": api})
    yield replace(made, stand_ins=stand_ins, every=EVERY)
    client.close()


Run = Callable[..., tuple[Fetch, ...]]


@pytest.fixture
def run(app: App, clock: FakeClock) -> Run:
    """A refresh at a moment, as the daemon does it."""

    def run(day: int, hour: int) -> tuple[Fetch, ...]:
        clock.set(at(day, hour))
        return refresh(app, patient=True).fetches

    return run


def stored(store: Store) -> Counter[str]:
    """How often each arXiv id names a row."""
    with store.read() as conn:
        rows = conn.execute(sa.select(paper_ids.c.value).where(paper_ids.c.kind == ARXIV))
        return Counter(row.value for row in rows)


def paper_count(store: Store) -> int:
    with store.read() as conn:
        return conn.scalar(sa.select(sa.func.count(paper_sources.c.paper_id.distinct()))) or 0


def sources_of(store: Store, source: str) -> int:
    with store.read() as conn:
        statement = sa.select(sa.func.count()).where(paper_sources.c.source == source)
        return conn.scalar(statement) or 0


def ids(arxiv: ArxivSite, *days: int) -> set[str]:
    return {paper.id for paper in arxiv.papers if paper.submitted_at.day in days}


HALF = api_feed(submissions(DAYS[:1], 3), total=3)[:-150]
TROUBLES = {
    "429": (Reply(status=429, body=b"Rate exceeded."), "asked us to wait"),
    "406": (Reply(status=406), "asked us to wait"),
    "503": (Reply(status=503, headers={"Retry-After": "7200"}), "asked us to wait"),
    "403": (Reply(status=403), "could not be read"),
    "html": (Reply(body=b"<html>Are you human?</html>"), "could not be read"),
    "half": (Reply(body=HALF), "could not be read"),
    "cut": (Reply(body=HALF, claimed_bytes=len(HALF) + 500), "could not be read"),
    "empty list": (Reply(body=api_feed([], total=0)), "oddly listed nothing"),
    "no body": (Reply(), "could not be read"),
    "hang up": (Reply(hang_up=True), "could not be read"),
}


@pytest.mark.parametrize("kind", TROUBLES)
def test_through_a_day_of_trouble_the_feed_stands_in_and_then_the_api_catches_up(
    kind: str, app: App, arxiv: ArxivSite, run: Run, sqlite_store: Store
) -> None:
    reply, trouble = TROUBLES[kind]
    assert [one.source for one in run(18, 18)] == ["arxiv"]
    assert set(stored(sqlite_store)) == ids(arxiv, 16, 17)

    arxiv.trouble = {API: reply}
    first, second = run(19, 6)
    assert first.outcome in (Outcome.FAILED, Outcome.THROTTLED, Outcome.EMPTY)
    assert (second.source, second.outcome, second.new) == ("arxiv_rss", Outcome.OK, 3)
    assert second.reason == "stands in for arxiv"
    for hour in (12, 18, 23):
        run(19, hour)
        assert set(stored(sqlite_store)) == ids(arxiv, 16, 17, 18)
        assert missing_sources(app) == (f"arXiv {trouble}; arXiv RSS stood in",)
    assert OAI not in arxiv.paths()

    arxiv.trouble = {}
    fetches = run(20, 12)
    assert [(one.source, one.outcome) for one in fetches] == [("arxiv", Outcome.OK)]
    assert stored(sqlite_store) == Counter(ids(arxiv, 16, 17, 18, 19))
    assert sources_of(sqlite_store, "arxiv") == paper_count(sqlite_store) == 12
    assert sources_of(sqlite_store, "arxiv_rss") == 3
    assert missing_sources(app) == ()


def test_when_the_feed_fails_too_the_harvest_stands_in(
    app: App, arxiv: ArxivSite, run: Run, sqlite_store: Store
) -> None:
    run(18, 6)
    arxiv.trouble = {API: Reply(status=429), RSS: Reply(status=503)}
    assert [one.source for one in run(19, 6)] == ["arxiv", "arxiv_rss", "arxiv_oai"]
    assert set(stored(sqlite_store)) == ids(arxiv, 16, 17, 18)
    assert missing_sources(app) == ("arXiv asked us to wait; arXiv OAI stood in",)


def test_a_feed_that_was_not_built_anew_is_no_help_for_longer_than_a_day(
    app: App, arxiv: ArxivSite, run: Run, sqlite_store: Store
) -> None:
    run(17, 6)
    arxiv.trouble = {API: Reply(status=429)}
    run(18, 6)
    arxiv.trouble[RSS] = Reply(body=rss(date(2026, 3, 18), arxiv.papers[3:6]))
    assert "arxiv_oai" in [one.source for one in run(19, 7)]
    assert set(stored(sqlite_store)) == ids(arxiv, 16, 17, 18)
    assert missing_sources(app) == ("arXiv asked us to wait; arXiv OAI stood in",)


def test_an_outage_longer_than_the_feed_reaches_is_for_the_harvest(
    app: App, arxiv: ArxivSite, run: Run, sqlite_store: Store
) -> None:
    run(17, 6)
    arxiv.trouble = {API: Reply(status=429), RSS: Reply(hang_up=True), OAI: Reply(hang_up=True)}
    run(18, 6)
    assert missing_sources(app) == ("arXiv asked us to wait",)
    arxiv.trouble = {API: Reply(status=429)}
    assert [one.source for one in run(20, 6)] == ["arxiv", "arxiv_oai"]
    # The feed of the 20th alone could not have told of the 17th and the 18th.
    assert set(stored(sqlite_store)) == ids(arxiv, 16, 17, 18, 19)
    assert missing_sources(app) == ("arXiv asked us to wait; arXiv OAI stood in",)

    arxiv.trouble = {}
    run(21, 6)
    assert stored(sqlite_store) == Counter(ids(arxiv, 16, 17, 18, 19))
    assert paper_count(sqlite_store) == 12


def test_a_stand_in_that_brought_nothing_does_not_keep_the_next_one_from_trying_again(
    app: App, arxiv: ArxivSite, run: Run, sqlite_store: Store
) -> None:
    run(18, 6)
    empty = Reply(body=rss(date(2026, 3, 19), []))
    arxiv.trouble = {API: Reply(status=429), RSS: empty, OAI: Reply(hang_up=True)}
    assert [one.source for one in run(19, 6)] == ["arxiv", "arxiv_rss", "arxiv_oai"]
    del arxiv.trouble[OAI]
    assert [one.source for one in run(19, 8)] == ["arxiv", "arxiv_oai"]
    assert set(stored(sqlite_store)) == ids(arxiv, 16, 17, 18)


@pytest.mark.parametrize(("day", "asked"), [(19, True), (21, False)])
def test_a_first_answer_with_nothing_in_it_is_held_against_a_stand_in_on_weekdays(
    app: App, arxiv: ArxivSite, run: Run, day: int, asked: bool
) -> None:
    arxiv.trouble = {API: Reply(body=api_feed([], total=0))}
    fetches = run(day, 6)
    assert fetches[0].outcome is Outcome.EMPTY
    assert ("arxiv_oai" in [one.source for one in fetches]) is asked
    expected = ("arXiv oddly listed nothing; arXiv OAI stood in",) if asked else ()
    assert missing_sources(app) == expected


def test_a_quiet_weekend_is_no_trouble(app: App, arxiv: ArxivSite, run: Run) -> None:
    run(20, 6)
    for day in (21, 22):
        assert [(one.source, one.outcome) for one in run(day, 12)] == [("arxiv", Outcome.OK)]
    assert missing_sources(app) == ()
    assert set(arxiv.paths()) == {API}


def test_a_source_that_only_stands_in_can_be_asked_for_by_name(
    app: App, arxiv: ArxivSite, clock: FakeClock, sqlite_store: Store
) -> None:
    clock.set(at(20, 6))
    since, until = date(2026, 3, 17), date(2026, 3, 18)
    (fetch,) = refresh(app, only=["arxiv_oai"], since=since, until=until).fetches
    assert (fetch.source, fetch.outcome) == ("arxiv_oai", Outcome.OK)
    assert set(stored(sqlite_store)) == ids(arxiv, 17, 18)
