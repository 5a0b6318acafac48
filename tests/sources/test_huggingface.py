import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.errors import SourceMalformed, SourceThrottled
from digest.core.fetching import FetchRequest
from digest.core.identifiers import Identifier
from digest.core.papers import Reading
from digest.sources.http import PoliteClient
from digest.sources.huggingface import DailyList, HuggingFace, parse_daily
from tests.fakes import NOON, FakeClock
from tests.sources.conftest import collect
from tests.sources.site import Reply, Site

FIXTURE = Path(__file__).parent / "fixtures" / "huggingface" / "2026-03-20.json"
FRIDAY = date(2026, 3, 20)


@pytest.fixture
def daily() -> DailyList:
    return parse_daily(FIXTURE.read_bytes(), listed_on=FRIDAY)


def changed(**paper: Any) -> bytes:
    """The first item of the fixture alone, with some keys of its `paper` replaced."""
    item = json.loads(FIXTURE.read_bytes())[0]
    item["paper"] |= paper
    return json.dumps([item]).encode()


# --- parsing


def test_a_paper_is_named_by_its_arxiv_id_and_links_to_its_places(daily: DailyList) -> None:
    paper = daily.records[0]
    assert paper.source == "huggingface"
    assert paper.ids == (Identifier("arxiv", "2603.10001"),)
    assert paper.url == "https://arxiv.org/abs/2603.10001"
    assert paper.pdf_url == "https://arxiv.org/pdf/2603.10001"
    assert paper.discussion_url == "https://huggingface.co/papers/2603.10001"
    assert paper.authority == 50


def test_votes_are_read_inside_and_comments_outside_of_the_paper(daily: DailyList) -> None:
    assert daily.records[0].readings == (
        Reading(metric="upvotes", value=55),
        Reading(metric="comments", value=3),
        Reading(metric="stars", value=20),
    )
    assert [r.metric for r in daily.records[1].readings] == ["upvotes", "comments"]


def test_the_inner_date_is_taken_because_the_outer_one_is_eastern_time(daily: DailyList) -> None:
    assert daily.records[0].published_at == datetime(2026, 3, 19, 17, 59, 58, tzinfo=UTC)


def test_a_paper_appears_when_it_was_submitted_to_the_list(daily: DailyList) -> None:
    assert daily.records[0].appeared_at == datetime(2026, 3, 20, 0, 47, 57, 997000, tzinfo=UTC)


def test_without_a_time_of_submission_midnight_of_the_list_date_stands_in(
    daily: DailyList,
) -> None:
    midnight = datetime(2026, 3, 20, tzinfo=UTC)
    assert [r.appeared_at for r in daily.records[1:]] == [midnight, midnight]
    wrong = parse_daily(changed(submittedOnDailyAt="2031-01-01T00:00:00Z"), listed_on=FRIDAY)
    assert wrong.records[0].appeared_at == midnight


def test_the_papers_own_title_is_taken_not_the_submitters(daily: DailyList) -> None:
    assert daily.records[0].title == "Sparse Attention for $n < 10^6$ Tokens"
    assert daily.records[2].title == "An Old Item Without Dates, Authors or Summary"


def test_a_paper_listed_twice_is_given_once(daily: DailyList) -> None:
    assert [r.ids[0].value for r in daily.records] == ["2603.10001", "2603.10002", "2402.10003"]
    assert daily.item_count == 4
    assert daily.bad == ()


def test_a_project_page_on_github_is_the_code_where_no_repository_is_given(
    daily: DailyList,
) -> None:
    assert [r.code_url for r in daily.records] == [
        "https://github.com/lab/sparse",
        "https://github.com/noether/symmetry",
        "",
    ]


def test_authors_who_are_hidden_stay_hidden(daily: DailyList) -> None:
    assert daily.records[0].authors == ("Ada Lovelace", "Kurt Gödel")


def test_what_is_absent_is_empty(daily: DailyList) -> None:
    old = daily.records[2]
    assert (old.abstract, old.authors, old.published_at, old.summary) == ("", (), None, "")
    assert daily.records[0].summary == "Sparse attention reads long texts."
    assert daily.records[0].abstract.startswith("We show that a < b holds. Code at")


@pytest.mark.parametrize(
    "paper",
    [
        {"upvotes": "55", "githubStars": None},
        {"upvotes": True, "githubStars": -1},
        {"upvotes": 10**400, "githubStars": float("nan")},
    ],
)
def test_counts_that_are_none_are_left_out(paper: dict[str, Any]) -> None:
    page = parse_daily(changed(**paper), listed_on=FRIDAY)
    assert [r.metric for r in page.records[0].readings] == ["comments"]


@pytest.mark.parametrize(
    ("item", "why"),
    [
        ("a string", "holds no paper"),
        ({"title": "no paper"}, "holds no paper"),
        ({"paper": {"title": "no id"}}, "has no arXiv id"),
        ({"paper": {"id": ["2603.10001"], "title": "odd id"}}, "has no arXiv id"),
        ({"paper": {"id": "2603.10001"}}, r"\(2603.10001\) has no title"),
    ],
)
def test_an_ill_formed_item_is_counted_and_the_others_are_read(item: object, why: str) -> None:
    items = [item, *json.loads(FIXTURE.read_bytes())]
    page = parse_daily(json.dumps(items).encode(), listed_on=FRIDAY)
    assert len(page.records) == 3
    assert len(page.bad) == 1
    assert page.bad[0].startswith("item 1 of 2026-03-20 ")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"error":"Too big: expected number to be <=100"}', "Too big"),
        (b'{"error": {"odd": 1}}', "no list"),
        (b'"a string"', "no JSON array"),
        (b"", "not readable JSON"),
        (b"[1, 2", "not readable JSON"),
        (b"\xff\xfe\xfa", "not readable JSON"),
        (b"[" * 100_000, "not readable JSON"),
        (b"[" + b"9" * 5000 + b"]", "not readable JSON"),
    ],
)
def test_what_is_no_list_is_malformed(body: bytes, why: str) -> None:
    with pytest.raises(SourceMalformed, match=why):
        parse_daily(body, listed_on=FRIDAY)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
PAPERS = st.fixed_dictionaries(
    {"id": st.just("2603.10001") | JSON_VALUES, "title": st.just("T") | JSON_VALUES},
    optional=dict.fromkeys(
        "authors summary upvotes publishedAt submittedOnDailyAt projectPage githubRepo".split(),
        JSON_VALUES,
    ),
)
ITEMS = st.fixed_dictionaries(
    {"paper": PAPERS | JSON_VALUES}, optional={"numComments": JSON_VALUES}
)


@given(st.binary() | st.lists(ITEMS | JSON_VALUES).map(lambda items: json.dumps(items).encode()))
def test_any_bytes_are_a_list_or_malformed(body: bytes) -> None:
    try:
        page = parse_daily(body, listed_on=FRIDAY)
    except SourceMalformed:
        return
    assert len(page.records) + len(page.bad) <= page.item_count
    assert all(record.title and record.ids for record in page.records)


# --- fetching


def listing(*numbers: int) -> Reply:
    items = [{"paper": {"id": f"2603.{n:05}", "title": f"Paper {n}"}} for n in numbers]
    return Reply(body=json.dumps(items).encode(), headers={"Content-Type": "application/json"})


EMPTY = listing()


def source(client: PoliteClient, site: Site, repoll_days: int = 2) -> HuggingFace:
    return HuggingFace(client, url=site.url, repoll_days=repoll_days, interval_seconds=0.0)


def dates(site: Site) -> list[str]:
    return [request.params["date"] for request in site.asked]


def test_today_and_the_last_lists_are_read_again_and_weekends_are_left_out(
    client: PoliteClient, site: Site
) -> None:
    site.answers(EMPTY)
    monday = datetime(2026, 3, 23, 12, tzinfo=UTC)
    pages = list(source(client, site).fetch(FetchRequest(now=monday)))
    assert dates(site) == ["2026-03-19", "2026-03-20", "2026-03-23"]
    assert {request.params["limit"] for request in site.asked} == {"100"}
    assert len(pages) == 3
    assert pages[-1].cursor == {"polled_to": "2026-03-23"}


def test_on_a_sunday_only_earlier_lists_are_read(client: PoliteClient, site: Site) -> None:
    site.answers(EMPTY)
    sunday = datetime(2026, 3, 22, 12, tzinfo=UTC)
    list(source(client, site).fetch(FetchRequest(now=sunday)))
    assert dates(site) == ["2026-03-19", "2026-03-20"]


def test_pages_are_read_until_a_short_one(client: PoliteClient, site: Site) -> None:
    site.answers(listing(*range(100)), listing(*range(95, 195)), listing(195))
    request = FetchRequest(now=NOON, since=FRIDAY, until=FRIDAY)
    (page,) = source(client, site).fetch(request)
    assert [r.params["p"] for r in site.asked] == ["0", "1", "2"]
    assert len(page.records) == 196


def test_a_server_that_repeats_its_page_is_not_asked_for_ever(
    client: PoliteClient, site: Site
) -> None:
    site.answers(listing(*range(100)))
    (page,) = source(client, site).fetch(FetchRequest(now=NOON, since=FRIDAY, until=FRIDAY))
    assert len(site.asked) == 2
    assert len(page.records) == 100


def test_dates_asked_for_are_read_exactly_and_never_beyond_today(
    client: PoliteClient, site: Site
) -> None:
    site.answers(EMPTY)
    request = FetchRequest(
        now=NOON,
        since=date(2026, 3, 18),
        until=date(2026, 4, 30),
        cursor={"polled_to": "2026-03-01"},
    )
    pages = list(source(client, site).fetch(request))
    assert dates(site) == ["2026-03-18", "2026-03-19", "2026-03-20"]
    assert pages[-1].cursor == {"polled_to": "2026-03-01"}


def test_after_an_absence_the_lists_missed_are_read_too(client: PoliteClient, site: Site) -> None:
    site.answers(EMPTY)
    list(source(client, site).fetch(FetchRequest(now=NOON, cursor={"polled_to": "2026-03-12"})))
    assert dates(site)[0] == "2026-03-12"
    site.asked.clear()
    list(source(client, site).fetch(FetchRequest(now=NOON, cursor={"polled_to": "2020-01-01"})))
    assert dates(site)[0] == "2026-02-18"


def test_a_weekday_with_an_empty_list_is_noted_unless_all_are_empty(
    client: PoliteClient, site: Site
) -> None:
    request = FetchRequest(now=NOON, since=date(2026, 3, 18), until=FRIDAY)
    site.answers(EMPTY, listing(1), EMPTY)
    pages = list(source(client, site).fetch(request))
    assert [page.note for page in pages] == ["", "", "nothing was listed on 2026-03-18"]
    site.answers(EMPTY)
    assert not any(page.note for page in source(client, site).fetch(request))


def test_a_run_that_broke_off_goes_on_where_it_stopped(client: PoliteClient, site: Site) -> None:
    window = {"now": NOON, "since": date(2026, 3, 16), "until": date(2026, 3, 19)}
    site.answers(EMPTY, EMPTY, Reply(status=404))
    pages, error = collect(source(client, site), FetchRequest(**window))
    assert "answered 404" in str(error)
    cursor = pages[-1].cursor
    assert cursor == {"backfill": {"window": ["2026-03-16", "2026-03-19"], "next": "2026-03-18"}}
    site.asked.clear()
    site.answers(EMPTY)
    pages, _ = collect(source(client, site), FetchRequest(**window, cursor=cursor))
    assert dates(site) == ["2026-03-18", "2026-03-19"]
    assert pages[-1].cursor == {}


def test_a_run_of_other_dates_does_not_go_on_with_a_broken_one(
    client: PoliteClient, site: Site
) -> None:
    site.answers(EMPTY)
    cursor = {"backfill": {"window": ["2026-03-16", "2026-03-19"], "next": "2026-03-18"}}
    request = FetchRequest(now=NOON, since=date(2026, 3, 16), until=FRIDAY, cursor=cursor)
    list(source(client, site).fetch(request))
    assert dates(site)[0] == "2026-03-16"


def test_the_hourly_run_and_a_run_of_chosen_dates_do_not_lose_each_others_place(
    client: PoliteClient, site: Site
) -> None:
    site.answers(EMPTY)
    chosen = {"window": ["2026-02-02", "2026-02-27"], "next": "2026-02-18"}
    hourly = {"window": ["2026-03-18", "2026-03-20"], "next": "2026-03-19"}
    cursor = hourly | {"backfill": chosen, "polled_to": "2026-03-19"}
    pages = list(source(client, site).fetch(FetchRequest(now=NOON, cursor=cursor)))
    assert dates(site) == ["2026-03-19", "2026-03-20"]
    assert pages[-1].cursor == {"polled_to": "2026-03-20", "backfill": chosen}
    february = {"now": NOON, "since": date(2026, 2, 2), "until": date(2026, 2, 27)}
    pages = list(source(client, site).fetch(FetchRequest(**february, cursor=cursor)))
    assert dates(site)[2] == "2026-02-18"
    assert pages[-1].cursor == hourly | {"polled_to": "2026-03-19"}


@pytest.mark.parametrize("cursor", [{"polled_to": 5}, {"window": "x", "next": []}, {"a": None}])
def test_a_cursor_that_cannot_be_read_starts_anew(
    client: PoliteClient, site: Site, cursor: dict[str, Any]
) -> None:
    site.answers(EMPTY)
    pages = list(source(client, site).fetch(FetchRequest(now=NOON, cursor=cursor)))
    assert pages[-1].cursor == {"polled_to": "2026-03-20"}


def test_throttling_in_the_middle_keeps_the_pages_before_it(
    client: PoliteClient, site: Site, clock: FakeClock
) -> None:
    site.answers(listing(1), Reply(status=429, headers={"RateLimit": '"api";r=0;t=200'}))
    pages, error = collect(source(client, site), FetchRequest(now=NOON))
    assert isinstance(error, SourceThrottled)
    assert len(pages) == 1
    assert pages[0].cursor["next"] == "2026-03-19"
