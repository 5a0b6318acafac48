"""A week of the daemon's fetches, as the hosts see it: how often, how much, and how they ask.

One week is lived through for all the checks, so they are one test.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise

import pytest

from digest.pipeline.refresh import refresh
from digest.sources.http import PoliteClient
from digest.sources.registry import SOURCES, build_sources
from digest.store.engine import Store
from tests.builders import make_app
from tests.e2e.internet import MONDAY, PREFIXES, Asked, Internet, configuration, running_internet
from tests.fakes import FakeClock, MemoryPaces

USER_AGENT = "digest/1.0 (+https://digest.example; mailto:ops@digest.example)"
TICK = timedelta(minutes=30)
ARXIV = ("arxiv", "arxiv_rss", "arxiv_oai")
DAYS = 7


@pytest.fixture
def week(sqlite_store: Store) -> Iterator[Internet]:
    """Everything that was asked from Monday to Sunday, by all sources at their own pace."""
    clock = FakeClock(datetime.combine(MONDAY, time(0, 10), UTC))
    with running_internet(clock) as internet:
        client = PoliteClient(
            user_agent=USER_AGENT, paces=MemoryPaces(), clock=clock, jitter=lambda: 0.5
        )
        sources = build_sources(client, configuration(internet, *PREFIXES))
        app = make_app(sqlite_store, clock=clock, sources=sources)
        every = {name: SOURCES[name].every for name in SOURCES} | {"feeds.lab": timedelta(hours=1)}
        for name in sources:
            app.every[name] = every[name]  # type: ignore[index]
        end = clock.now() + timedelta(days=DAYS)
        while clock.now() < end:
            refresh(app, patient=True)
            clock.advance(TICK.total_seconds())
        client.close()
        yield internet


def asked(week: Internet, *hosts: str) -> list[Asked]:
    return [one for one in week.asked if one.host in hosts]


def least_gap(requests: Sequence[Asked]) -> float:
    return min((b.at - a.at).total_seconds() for a, b in pairwise(requests))


def busiest(requests: Sequence[Asked], span: timedelta) -> int:
    """The most requests in any stretch of this length."""
    times = [one.at for one in requests]
    return max(sum(start <= at < start + span for at in times) for start in times)


def every_host_was_asked_and_none_was_refused_anything(week: Internet) -> None:
    assert {one.host for one in week.asked} == set(PREFIXES)


def every_request_names_the_program_and_a_contact(week: Internet) -> None:
    names = {(one.host, one.request.headers.get("user-agent")) for one in week.asked}
    # https://github.com/reddit-archive/reddit/wiki/API asks for a form of its own.
    assert {name for host, name in names if host != "reddit"} == {USER_AGENT}
    assert {name for host, name in names if host == "reddit"} == {
        "python:digest:0.1.0 (by /u/digest)"
    }


def all_of_arxiv_is_asked_at_most_once_in_three_seconds(week: Internet) -> None:
    """https://info.arxiv.org/help/api/tou.html"""
    requests = asked(week, *ARXIV)
    assert {one.host for one in requests} == set(ARXIV)
    assert least_gap(requests) >= 3


def arxiv_is_asked_for_pages_of_its_size_and_a_few_times_a_day(week: Internet) -> None:
    requests = asked(week, "arxiv")
    assert {one.request.params["max_results"] for one in requests} <= {"200"}
    assert busiest(requests, timedelta(days=1)) <= 8
    assert busiest(asked(week, "arxiv_oai"), timedelta(days=1)) <= 4


def an_announcement_is_read_once_and_then_asked_for_only_if_it_changed(
    week: Internet,
) -> None:
    requests = asked(week, "arxiv_rss")
    assert busiest(requests, timedelta(days=1)) <= 5
    by_day: dict[object, list[Asked]] = defaultdict(list)
    for one in requests:
        by_day[one.at.date()].append(one)
    for day, those in by_day.items():
        if day.weekday() < 5:  # type: ignore[attr-defined]
            conditions = ["if-none-match" in one.request.headers for one in those]
            assert all(conditions[1:]), day


def a_feed_is_asked_hourly_and_on_condition(week: Internet) -> None:
    requests = asked(week, "feeds.lab")
    assert len(requests) <= 24 * DAYS + 1
    assert ["if-none-match" in one.request.headers for one in requests].count(False) == 1


def a_list_of_hugging_face_is_asked_for_whole_and_within_its_limit(week: Internet) -> None:
    """500 requests in 5 minutes: https://huggingface.co/docs/hub/rate-limits"""
    requests = asked(week, "huggingface")
    assert {one.request.params["limit"] for one in requests} == {"100"}
    assert busiest(requests, timedelta(minutes=5)) <= 20
    lists = Counter((one.request.params["date"], one.at.date()) for one in requests)
    assert max(lists.values()) <= 25
    assert all(one.request.params["date"] <= str(one.at.date()) for one in requests)


def preprint_servers_are_asked_at_most_once_a_second(week: Internet) -> None:
    requests = asked(week, "biorxiv", "medrxiv")
    assert least_gap(requests) >= 1
    assert busiest(requests, timedelta(days=1)) <= 150


def github_is_asked_within_what_strangers_may(week: Internet) -> None:
    """60 requests an hour: https://docs.github.com/en/rest/using-the-rest-api/rate-limits"""
    assert busiest(asked(week, "github"), timedelta(hours=1)) <= 60


def papers_are_asked_about_in_batches_of_the_allowed_size(week: Internet) -> None:
    batches = [json.loads(one.request.body)["ids"] for one in asked(week, "semantic_scholar")]
    assert 1 <= len(batches) <= 40
    assert all(1 <= len(batch) <= 500 for batch in batches)
    works = [one.request.params for one in asked(week, "openalex")]
    assert all(int(params["per_page"]) <= 100 for params in works)
    assert len(works) <= 60


def stories_are_asked_for_by_time_and_never_by_page(week: Internet) -> None:
    requests = asked(week, "hacker_news")
    assert busiest(requests, timedelta(hours=1)) <= 20
    for one in requests:
        assert "created_at_i>" in one.request.params["numericFilters"]
        assert int(one.request.params["hitsPerPage"]) <= 1000
        assert "page" not in one.request.params


def keys_are_sent_to_those_who_gave_them_alone(week: Internet) -> None:
    for one in week.asked:
        told = json.dumps([one.request.params, one.request.headers, one.request.body.decode()])
        assert ("k3y" in told) == (one.host == "openalex")
        assert "s3cret" not in told or one.host in ("openreview", "reddit")


def no_key_is_part_of_an_address(week: Internet) -> None:
    assert not any("k3y" in one.request.path for one in week.asked)


CHECKS = (
    every_host_was_asked_and_none_was_refused_anything,
    every_request_names_the_program_and_a_contact,
    all_of_arxiv_is_asked_at_most_once_in_three_seconds,
    arxiv_is_asked_for_pages_of_its_size_and_a_few_times_a_day,
    an_announcement_is_read_once_and_then_asked_for_only_if_it_changed,
    a_feed_is_asked_hourly_and_on_condition,
    a_list_of_hugging_face_is_asked_for_whole_and_within_its_limit,
    preprint_servers_are_asked_at_most_once_a_second,
    github_is_asked_within_what_strangers_may,
    papers_are_asked_about_in_batches_of_the_allowed_size,
    stories_are_asked_for_by_time_and_never_by_page,
    keys_are_sent_to_those_who_gave_them_alone,
    no_key_is_part_of_an_address,
)


def test_a_week_of_fetches_keeps_to_what_every_host_asks_for(week: Internet) -> None:
    broken = []
    for check in CHECKS:
        try:
            check(week)
        except AssertionError as error:
            broken.append(f"{check.__name__}: {error}")
    assert broken == []
