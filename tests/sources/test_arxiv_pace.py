"""All of arXiv is asked at most once in three seconds, by whomever and whichever way."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import pairwise

import pytest

from digest.core.errors import SourceThrottled
from digest.core.fetching import FetchRequest
from digest.sources.arxiv import Arxiv
from digest.sources.arxiv_oai import ArxivOai
from digest.sources.arxiv_rss import ArxivRss
from digest.sources.http import PoliteClient
from digest.sources.registry import Source
from digest.store.engine import Store
from digest.store.paces import StoredPaces
from tests.fakes import NOON, FakeClock
from tests.sources.arxiv_site import API, OAI, RSS, ArxivSite, submissions
from tests.sources.conftest import collect
from tests.sources.site import Reply, Site

DAYS = [date(2026, 3, 16) + timedelta(days=n) for n in range(4)]
THREE_S = timedelta(seconds=3)


@pytest.fixture
def make_stored_client(
    sqlite_store: Store, clock: FakeClock
) -> Iterator[Callable[[], PoliteClient]]:
    """Makes clients as two processes have them: they share nothing but the database."""
    made: list[PoliteClient] = []

    def make() -> PoliteClient:
        paces = StoredPaces(sqlite_store)
        made.append(
            PoliteClient(user_agent="digest/1.0", paces=paces, clock=clock, jitter=lambda: 0.0)
        )
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.mark.parametrize("slow_s", [0.0, 2.0, 20.0])
def test_never_two_requests_within_three_seconds_over_all_interfaces_and_processes(
    make_stored_client: Callable[[], PoliteClient], site: Site, clock: FakeClock, slow_s: float
) -> None:
    arxiv = ArxivSite(site=site, clock=clock, papers=submissions(DAYS, 3), slow_s=slow_s)
    one, other = make_stored_client(), make_stored_client()
    categories = ("cs.AI", "cs.LG")
    request = FetchRequest(now=NOON)
    fetches = [
        Arxiv(one, url=arxiv.base + API, categories=categories, page_size=2).fetch(request),
        ArxivOai(other, url=arxiv.base + OAI, categories=categories).fetch(request),
        ArxivRss(one, url=arxiv.base + RSS, categories=categories).fetch(request),
        Arxiv(other, url=arxiv.base + API, categories=categories, page_size=3).fetch(request),
        ArxivRss(other, url=arxiv.base + RSS, categories=categories).fetch(request),
    ]
    while fetches:  # a page from each in turn
        fetches = [one for one in fetches if next(one, None) is not None]
    assert {path: arxiv.paths().count(path) for path in (API, RSS, OAI)} == {
        API: 10,
        RSS: 2,
        OAI: 12,
    }
    for (_, _, over_at), (_, next_at, _) in pairwise(arxiv.asked):
        assert next_at - over_at >= THREE_S


def test_tries_after_a_fault_keep_the_pace_too(
    make_stored_client: Callable[[], PoliteClient], site: Site, clock: FakeClock
) -> None:
    arxiv = ArxivSite(site=site, clock=clock, papers=submissions(DAYS, 2))
    arxiv.trouble = {API: Reply(status=500), RSS: Reply(hang_up=True)}
    one, other = make_stored_client(), make_stored_client()
    sources: list[Source] = [
        Arxiv(one, url=arxiv.base + API),
        ArxivRss(other, url=arxiv.base + RSS),
        ArxivOai(one, url=arxiv.base + OAI, categories=("cs.AI",)),
    ]
    errors = [collect(source, FetchRequest(now=NOON))[1] for source in sources]
    assert ["tried 3 times" in str(error) for error in errors] == [True, True, False]
    assert arxiv.paths() == [API] * 3 + [RSS] * 3 + [OAI] * 4
    for (_, _, over_at), (_, next_at, _) in pairwise(arxiv.asked):
        assert next_at - over_at >= THREE_S


def test_that_one_interface_has_us_wait_does_not_keep_us_from_the_others(
    make_stored_client: Callable[[], PoliteClient], site: Site, clock: FakeClock
) -> None:
    arxiv = ArxivSite(site=site, clock=clock, papers=submissions(DAYS, 1))
    arxiv.trouble = {API: Reply(status=429, headers={"Retry-After": "3600"})}
    one, other = make_stored_client(), make_stored_client()
    request = FetchRequest(now=NOON)
    for client in (one, other):
        _, error = collect(Arxiv(client, url=arxiv.base + API), request)
        assert isinstance(error, SourceThrottled)
    assert next(iter(ArxivRss(other, url=arxiv.base + RSS).fetch(request))).records
    assert arxiv.paths() == [API, RSS]
