"""How papers fare at other places, from the answers of a site to the rows of a real store."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest

from digest.core.fetching import Outcome
from digest.core.identifiers import PaperId
from digest.pipeline.app import App
from digest.pipeline.housekeeping import housekeeping
from digest.pipeline.refresh import refresh
from digest.sources.github import GitHub
from digest.sources.hacker_news import HackerNews
from digest.sources.http import PoliteClient
from digest.sources.reddit import Reddit
from digest.sources.registry import Source
from digest.store import library
from digest.store.cursors import Fetch
from digest.store.engine import Store
from tests.builders import NOW, make_app, make_record, store_records
from tests.fakes import FakeClock, MemoryPaces
from tests.pipeline.world import everything
from tests.sources.site import Reply, Request, Site, running_site

CODE = "https://github.com/lab/walker"
PAPER = "https://arxiv.org/abs/2603.00001"


class World:
    """A site that is Hacker News, GitHub and Reddit at once; `numbers` are what it shows."""

    def __init__(self, site: Site) -> None:
        self.numbers = (0, 0)
        self.link = PAPER
        site.answering = self.reply

    def reply(self, request: Request) -> Reply:
        return Reply(body=json.dumps(self._answer(request)).encode())

    def _answer(self, request: Request) -> Any:
        big, small = self.numbers
        created_s = NOW.timestamp() - 3600
        if "query" in request.params:
            story = {"objectID": "1", "points": big, "num_comments": small, "url": self.link}
            return {"hits": [story | {"created_at_i": int(created_s)}], "hitsPerPage": 1000}
        if request.path.startswith("/feed/repos/"):
            return {"full_name": "lab/walker", "stargazers_count": big}
        if request.method == "POST":
            return {"access_token": "tok"}
        post = {"id": "p1", "url": self.link, "score": big, "num_comments": small}
        child = {"kind": "t3", "data": post | {"created_utc": created_s}}
        return {"kind": "Listing", "data": {"after": None, "children": [child]}}


@pytest.fixture
def site() -> Iterator[Site]:
    with running_site() as running:
        yield running


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def client(clock: FakeClock) -> Iterator[PoliteClient]:
    made = PoliteClient(user_agent="digest/1.0", paces=MemoryPaces(), clock=clock)
    yield made
    made.close()


def hacker_news(client: PoliteClient, url: str) -> Source:
    return HackerNews(client, url=url, interval_seconds=0)


def github(client: PoliteClient, url: str) -> Source:
    return GitHub(client, url=url, interval_seconds=0)


def reddit(client: PoliteClient, url: str) -> Source:
    return Reddit(
        client,
        url=url,
        token_url=url,
        client_id="invented",
        client_secret="invented",
        interval_seconds=0,
    )


Build = Callable[[PoliteClient, str], Source]
SOURCES = [
    (hacker_news, {"points": 0, "comments": 1}),
    (github, {"stars": 0}),
    (reddit, {"score": 0, "comments": 1}),
]


def app_of(store: Store, clock: FakeClock, source: Source) -> App:
    store_records(store, [make_record(1, code_url=CODE), make_record(2)])
    return make_app(store, clock=clock, sources={source.name: source})


def fetched(app: App) -> Fetch:
    (fetch,) = refresh(app).fetches
    return fetch


def values(store: Store, metric: str) -> Sequence[float]:
    with store.read() as conn:
        told = library.signals_of(conn, [1, 2])
    assert not told.get(PaperId(2))
    return [one.value for one in told.get(PaperId(1), ()) if one.metric == metric]


@pytest.mark.parametrize(("build", "metrics"), SOURCES)
def test_numbers_become_a_series_that_also_shows_when_they_fall(
    store: Store,
    clock: FakeClock,
    client: PoliteClient,
    site: Site,
    build: Build,
    metrics: dict[str, int],
) -> None:
    world = World(site)
    app = app_of(store, clock, build(client, site.url))
    shown = [(10, 2), (312, 80), (300, 79)]
    for numbers in shown:
        world.numbers = numbers
        fetch = fetched(app)
        assert (fetch.outcome, fetch.fetched, fetch.new) == (Outcome.OK, 1, 0)
        clock.advance(12 * 3600)
    for metric, place in metrics.items():
        assert values(store, metric) == [numbers[place] for numbers in shown]


@pytest.mark.parametrize("build", [hacker_news, reddit])
def test_a_paper_that_is_not_stored_changes_nothing_but_the_sources_own_rows(
    sqlite_store: Store, clock: FakeClock, client: PoliteClient, site: Site, build: Build
) -> None:
    world = World(site)
    world.link = "https://arxiv.org/abs/2603.99999"
    world.numbers = (500, 90)
    app = app_of(sqlite_store, clock, build(client, site.url))
    before = everything(sqlite_store)
    fetch = fetched(app)
    assert (fetch.outcome, fetch.fetched) == (Outcome.OK, 0)
    assert fetch.reason.startswith("none of 1 ")
    after = everything(sqlite_store)
    changed = {name for name in after if after[name] != before[name]}
    assert changed <= {"sources", "fetches", "leases"}


def test_reddit_without_credentials_fails_with_what_to_set(
    sqlite_store: Store, clock: FakeClock, client: PoliteClient, site: Site
) -> None:
    fetch = fetched(app_of(sqlite_store, clock, Reddit(client, url=site.url)))
    assert fetch.outcome is Outcome.FAILED
    assert "set sources.reddit.client_id and sources.reddit.client_secret" in fetch.reason
    assert site.asked == []


def test_housekeeping_thins_old_readings_and_forgets_those_past_their_retention(
    store: Store, clock: FakeClock, client: PoliteClient, site: Site
) -> None:
    world = World(site)
    app = app_of(store, clock, hacker_news(client, site.url))
    for points in (1, 2, 3):
        world.numbers = (points, 0)
        fetched(app)
        clock.advance(2 * 3600)
    assert housekeeping(app).readings == 0
    clock.advance(timedelta(days=app.rules.readings_days + 1).total_seconds())
    assert housekeeping(app).readings == 4
    assert values(store, "points") == [3]
    clock.advance(timedelta(days=app.rules.signal_retention_days).total_seconds())
    assert housekeeping(app).readings == 2
    assert values(store, "points") == []
