import json
import logging
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
import structlog

from digest.core.errors import SourceMalformed, SourceThrottled, SourceUnavailable
from digest.core.fetching import FetchRequest, KnownWork, Outcome
from digest.pipeline.refresh import refresh
from digest.sources.http import PoliteClient
from digest.sources.openalex import OpenAlex
from digest.store import library
from digest.store.engine import Store
from tests.builders import make_app, make_record, store_records
from tests.fakes import NOON, FakeClock, MemoryPaces
from tests.sources.conftest import collect
from tests.sources.shelf import MemoryShelf, arxiv, doi, known
from tests.sources.site import Reply, Request, Site

KEY = "a-very-secret-key"
KEPT = {"filter": "type:article", "window": ["2026-03-13", "2026-03-20"]}
SWEPT = {"sweep": {"began_at": NOON.isoformat()}}


def source(client: PoliteClient, site: Site, **options: Any) -> OpenAlex:
    return OpenAlex(client, url=site.url, **({"interval_seconds": 0.0, "filter": ""} | options))


def request(*works: KnownWork, **changes: Any) -> FetchRequest:
    return FetchRequest(**({"now": NOON, "shelf": MemoryShelf(*works)} | changes))


def work(number: int, **keys: Any) -> dict[str, Any]:
    return {
        "id": f"https://openalex.org/W{number}",
        "doi": f"https://doi.org/10.48550/arxiv.2603.{number:05}",
        "title": f"Paper {number}",
        "publication_date": "2026-03-18",
        "cited_by_count": number,
    } | keys


def listing(*works: Any, following: str | None = None, count: int | None = None) -> Reply:
    meta = {"count": len(works) if count is None else count, "next_cursor": following}
    return answer({"meta": meta, "results": list(works), "group_by": []})


def answer(document: Any, status: int = 200, **headers: str) -> Reply:
    headers |= {"Content-Type": "application/json"}
    return Reply(status=status, body=json.dumps(document).encode(), headers=headers)


# --- citations


def test_papers_are_asked_about_by_their_dois_in_one_filter(
    client: PoliteClient, site: Site
) -> None:
    site.answers(listing())
    works = (known(1, ids=(arxiv("2603.00001"), doi("10.1234/one"))), known(2))
    list(source(client, site).fetch(request(*works)))
    (asked,) = site.asked
    assert asked.params["filter"] == (
        "doi:10.48550/arxiv.2603.00002|10.48550/arxiv.2603.00001|10.1234/one"
    )
    assert (asked.params["per_page"], asked.params["page"]) == ("100", "1")
    assert "cursor" not in asked.params
    assert {"id", "doi", "cited_by_count", "locations"} <= set(asked.params["select"].split(","))


def test_dois_that_would_break_a_filter_are_not_asked_about(
    client: PoliteClient, site: Site
) -> None:
    site.answers(listing())
    works = (known(1, ids=(doi("10.1/a|b"),)), known(2, ids=(doi("10.1/a,b"), doi("10.1/c"))))
    list(source(client, site).fetch(request(*works)))
    assert [asked.params["filter"] for asked in site.asked] == ["doi:10.1/c"]


def test_no_filter_holds_more_than_a_hundred_values_or_is_too_long_to_be_sent(
    client: PoliteClient, site: Site
) -> None:
    site.answers(listing())
    works = [known(number) for number in range(1, 202)]
    works += [known(n, ids=(doi(f"10.1234/{n}-{'x' * 190}"),)) for n in range(300, 340)]
    list(source(client, site).fetch(request(*works)))
    values = [asked.params["filter"].removeprefix("doi:").split("|") for asked in site.asked]
    assert sum(map(len, values)) == 241
    assert max(map(len, values)) <= 100
    assert max(len(asked.params["filter"]) for asked in site.asked) <= 4004


def test_a_work_is_given_to_the_paper_of_its_arxiv_id_or_doi(
    client: PoliteClient, site: Site
) -> None:
    merged = work(
        7,
        doi="https://doi.org/10.1234/journal",
        locations=[{"landing_page_url": "https://arxiv.org/abs/2603.00001v2"}],
    )
    site.answers(listing(work(2), merged))
    (page,) = source(client, site).fetch(request(known(1), known(2), known(3)))
    assert [[str(name) for name in record.ids] for record in page.records] == [
        ["arxiv:2603.00002", "openalex:W2"],
        ["arxiv:2603.00001", "doi:10.1234/journal", "openalex:W7"],
    ]
    assert [record.readings[0].value for record in page.records] == [2, 7]


def test_a_work_that_nobody_asked_about_is_left_out(client: PoliteClient, site: Site) -> None:
    site.answers(listing(work(9), work(1)))
    (page,) = source(client, site).fetch(request(known(1)))
    assert [record.title for record in page.records] == ["Paper 1"]


def test_a_work_of_this_doi_and_another_arxiv_id_is_left_out_and_said(
    client: PoliteClient, site: Site
) -> None:
    other = work(
        9,
        doi="https://doi.org/10.1234/one",
        locations=[{"landing_page_url": "https://arxiv.org/abs/2603.00009"}],
    )
    site.answers(listing(other))
    paper = known(1, ids=(arxiv("2603.00001"), doi("10.1234/one")))
    (page,) = source(client, site).fetch(request(paper))
    assert page.records == ()
    assert page.bad == ("OpenAlex takes arxiv:2603.00001 for arxiv:2603.00009",)


def test_of_two_works_of_one_paper_the_more_cited_speaks_under_both_names(
    client: PoliteClient, site: Site
) -> None:
    journal = work(8, doi="https://doi.org/10.1234/one", cited_by_count=30)
    site.answers(listing(work(1), journal))
    paper = known(1, ids=(arxiv("2603.00001"), doi("10.1234/one")))
    (page,) = source(client, site).fetch(request(paper))
    (record,) = page.records
    assert record.readings[0].value == 30
    assert {str(name) for name in record.ids} == {
        "arxiv:2603.00001",
        "doi:10.1234/one",
        "openalex:W1",
        "openalex:W8",
    }


def test_preprints_of_the_new_prefix_are_found_under_the_old_one(
    client: PoliteClient, site: Site
) -> None:
    site.answers(listing(work(1, doi="https://doi.org/10.64898/2026.01.31.700001")))
    paper = known(1, ids=(doi("10.1101/2026.01.31.700001"),))
    (page,) = source(client, site).fetch(request(paper))
    assert "10.64898/2026.01.31.700001" in site.asked[0].params["filter"]
    assert page.records[0].ids[0] == doi("10.1101/2026.01.31.700001")


def test_more_works_than_a_page_holds_are_read_from_the_next_page(
    client: PoliteClient, site: Site
) -> None:
    site.answers(listing(work(1), count=2), listing(work(2), count=2))
    (page,) = source(client, site).fetch(request(known(1), known(2)))
    assert [asked.params["page"] for asked in site.asked] == ["1", "2"]
    assert len(page.records) == 2


def test_a_retracted_paper_is_counted_in_the_note(client: PoliteClient, site: Site) -> None:
    site.answers(listing(work(1, is_retracted=True), work(2)))
    (page,) = source(client, site).fetch(request(known(1), known(2)))
    assert [record.title for record in page.records] == ["Paper 2"]
    assert page.note == "left out retracted works and parts of journals: 1"


def test_a_run_puts_no_more_requests_than_it_may(client: PoliteClient, site: Site) -> None:
    site.answers(listing(count=500))
    works = [known(number) for number in range(1, 302)]
    pages = list(source(client, site, requests_per_run=2).fetch(request(*works)))
    assert len(site.asked) == 2
    assert "of the others next time" in pages[-1].note
    assert "before" in pages[-1].cursor["sweep"]


def test_one_doi_that_is_refused_does_not_block_the_sweep(client: PoliteClient, site: Site) -> None:
    def reply(asked: Request) -> Reply:
        names = asked.params["filter"].removeprefix("doi:").split("|")
        if "10.48550/arxiv.2603.00002" in names:
            return answer({"error": "Invalid filter", "message": "bad value"}, 400)
        return listing(*(work(int(name[-5:])) for name in names))

    site.answering = reply
    works = [known(number) for number in range(1, 5)]
    (page,) = source(client, site, requests_per_run=1).fetch(request(*works))
    assert [record.title for record in page.records] == ["Paper 4", "Paper 3", "Paper 1"]
    (line,) = page.bad
    assert line.startswith("10.48550/arxiv.2603.00002 cannot be asked about: 127.0.0.1 answered")


def test_until_a_week_has_passed_nothing_is_asked(client: PoliteClient, site: Site) -> None:
    (page,) = source(client, site).fetch(request(known(1), cursor=SWEPT))
    assert page.cursor == SWEPT
    assert page.note == "citations were counted since 2026-03-20, and are again after 7 days"
    assert site.asked == []


def test_a_count_of_citations_brings_no_paper_into_todays_edition(
    client: PoliteClient, site: Site, sqlite_store: Store
) -> None:
    old = NOON - timedelta(days=40)
    stored = store_records(sqlite_store, [make_record(1, appeared_at=old, published_at=old)], old)
    site.answers(listing(work(1, publication_date="2026-03-20"), work(5)))
    app = make_app(sqlite_store, sources={"openalex": source(client, site)})
    (fetch,) = refresh(app).fetches
    assert (fetch.outcome, fetch.fetched, fetch.new) == (Outcome.OK, 1, 0)
    with sqlite_store.read() as conn:
        today = library.appeared_between(conn, NOON - timedelta(days=7), NOON + timedelta(days=1))
        paper = library.by_identifier(conn, arxiv("2603.00001"))
    assert today == {}
    assert paper is not None
    assert paper.id == stored[0].id
    assert paper.published_at == old
    assert [(s.source, s.metric, s.value) for s in paper.signals] == [("openalex", "citations", 1)]


# --- new works


def lister(client: PoliteClient, site: Site, **options: Any) -> OpenAlex:
    return source(client, site, **({"filter": "type:article", "api_key": KEY} | options))


def test_without_a_filter_no_new_works_are_listed(client: PoliteClient, site: Site) -> None:
    site.answers(listing())
    list(source(client, site).fetch(request()))
    assert site.asked == []
    day = date(2026, 3, 1)
    (page,) = source(client, site).fetch(request(since=day, until=day, cursor=SWEPT))
    assert page.cursor == SWEPT
    assert page.note == "set sources.openalex.filter to have works listed"


def test_the_last_days_are_listed_page_by_page_until_no_cursor_is_given(
    client: PoliteClient, site: Site
) -> None:
    site.answers(
        listing(work(1), work(2), following="abc=", count=4),
        listing(work(3), following="def=", count=4),
        listing(work(4), count=4),
    )
    pages = list(lister(client, site).fetch(request(cursor=SWEPT)))
    assert [asked.params["cursor"] for asked in site.asked] == ["*", "abc=", "def="]
    assert {asked.params["filter"] for asked in site.asked} == {
        "type:article,from_publication_date:2026-03-13,to_publication_date:2026-03-20"
    }
    assert [page.done for page in pages] == [0.5, 0.75, 1.0]
    assert [len(page.records) for page in pages] == [2, 1, 1]
    assert pages[-1].cursor == {"listed_to": "2026-03-20"} | SWEPT


def test_a_list_ends_with_an_empty_page_too(client: PoliteClient, site: Site) -> None:
    site.answers(listing(work(1), following="abc="), listing(following="def="))
    pages = list(lister(client, site).fetch(request(cursor=SWEPT)))
    assert len(pages) == 2
    assert "listing" not in pages[-1].cursor


def test_new_works_have_no_reading_while_nobody_cites_them(
    client: PoliteClient, site: Site
) -> None:
    site.answers(listing(work(1, cited_by_count=0), work(2)))
    (page,) = lister(client, site).fetch(request(cursor=SWEPT))
    assert [len(record.readings) for record in page.records] == [0, 1]
    assert page.records[0].appeared_at.date() == date(2026, 3, 18)


def test_a_new_work_that_lies_with_two_preprints_does_not_join_their_papers(
    client: PoliteClient, site: Site
) -> None:
    places = [{"landing_page_url": f"https://arxiv.org/abs/2603.0000{n}"} for n in (7, 8)]
    journal = work(1, doi="https://doi.org/10.1234/one", locations=places)
    one_place = work(3, doi="https://doi.org/10.1234/three", locations=places[:1])
    site.answers(listing(journal, work(8, locations=places), one_place))
    (page,) = lister(client, site).fetch(request(cursor=SWEPT))
    assert [[str(name) for name in record.ids] for record in page.records] == [
        ["doi:10.1234/one", "openalex:W1"],
        ["arxiv:2603.00008", "openalex:W8"],
        ["arxiv:2603.00007", "doi:10.1234/three", "openalex:W3"],
    ]


def test_works_of_other_dates_are_bad(client: PoliteClient, site: Site) -> None:
    site.answers(listing(work(1, publication_date="2031-01-01"), work(2)))
    (page,) = lister(client, site).fetch(request(cursor=SWEPT))
    assert page.bad == ("W1 is of 2031-01-01, a date that was not asked for",)
    assert len(page.records) == 1


def test_a_list_without_end_is_malformed(client: PoliteClient, site: Site) -> None:
    site.answers(listing(work(1), following="abc="))
    _, error = collect(lister(client, site), request(cursor=SWEPT))
    assert isinstance(error, SourceMalformed)
    assert len(site.asked) == 2


def test_a_listing_that_broke_off_goes_on_and_then_up_to_today(
    client: PoliteClient, site: Site
) -> None:
    site.answers(listing(work(1), following="abc="), Reply(status=404))
    pages, error = collect(lister(client, site), request(cursor=SWEPT))
    assert isinstance(error, SourceUnavailable)
    cursor = pages[-1].cursor
    assert cursor["listing"]["next"] == "abc="
    site.asked.clear()
    site.answers(listing(work(2)))
    tomorrow = NOON + timedelta(days=1)
    pages = list(lister(client, site).fetch(request(cursor=cursor, now=tomorrow)))
    assert [(a.params["cursor"], a.params["filter"][-10:]) for a in site.asked] == [
        ("abc=", "2026-03-20"),
        ("*", "2026-03-21"),
    ]
    assert pages[-1].cursor == {"listed_to": "2026-03-21"} | SWEPT


def test_after_an_absence_the_days_missed_are_listed_too(client: PoliteClient, site: Site) -> None:
    site.answers(listing())
    list(lister(client, site).fetch(request(cursor={"listed_to": "2026-03-01"} | SWEPT)))
    assert "from_publication_date:2026-02-22," in site.asked[0].params["filter"]
    list(lister(client, site).fetch(request(cursor={"listed_to": "2020-01-01"} | SWEPT)))
    assert "from_publication_date:2026-01-19," in site.asked[1].params["filter"]


def test_a_cursor_that_openalex_no_longer_knows_starts_the_list_anew(
    client: PoliteClient, site: Site
) -> None:
    kept = {
        "filter": "type:article",
        "window": ["2026-03-13", "2026-03-20"],
        "next": "old=",
        "received": 100,
    }
    site.answers(answer({"error": "Invalid cursor", "message": "bad"}, 400), listing(work(1)))
    pages, error = collect(lister(client, site), request(cursor={"listing": kept} | SWEPT))
    assert error is None
    assert [asked.params["cursor"] for asked in site.asked] == ["old=", "*"]
    assert pages[-1].cursor == {"listed_to": "2026-03-20"} | SWEPT


def test_the_listing_comes_first_and_the_citations_have_what_is_left(
    client: PoliteClient, site: Site
) -> None:
    site.answers(listing(work(1), following="abc="), listing(work(2)), listing(work(3)))
    works = [known(number) for number in range(1, 302)]
    pages = list(lister(client, site, requests_per_run=3).fetch(request(*works)))
    assert ["doi:" in asked.params["filter"] for asked in site.asked] == [False, False, True]
    assert pages[-1].cursor["listed_to"] == "2026-03-20"
    assert "before" in pages[-1].cursor["sweep"]


def test_a_listing_that_used_up_its_requests_says_so_and_goes_on_next_time(
    client: PoliteClient, site: Site
) -> None:
    site.answers(listing(work(1), following="abc="))
    (page,) = lister(client, site, requests_per_run=1).fetch(request(known(1)))
    assert page.note == "stopped after 1 requests; the rest is listed next time"
    assert page.cursor["listing"]["next"] == "abc="


def test_citations_are_counted_though_the_listing_is_refused_without_a_key(
    client: PoliteClient, site: Site
) -> None:
    refused = answer({"error": "Invalid or missing API key"}, 401)
    site.answering = lambda asked: refused if "cursor" in asked.params else listing(work(1))
    pages, error = collect(lister(client, site, api_key=""), request(known(1)))
    assert [record.readings[0].value for page in pages for record in page.records] == [1]
    assert str(error) == "OpenAlex answered 401: set sources.openalex.api_key"
    assert "before" not in pages[-1].cursor["sweep"]


def test_a_listing_without_end_leaves_half_of_the_requests_to_the_citations(
    client: PoliteClient, site: Site
) -> None:
    count = iter(range(1, 100))
    site.answering = lambda asked: listing(work(1), following=f"c{next(count)}", count=5000)
    works = [known(number) for number in range(1, 302)]
    pages = list(lister(client, site, requests_per_run=4).fetch(request(*works)))
    assert ["cursor" in asked.params for asked in site.asked] == [True, True, False, False]
    assert pages[1].note == "stopped after 2 requests; the rest is listed next time"


def test_a_listing_of_another_filter_is_begun_anew(client: PoliteClient, site: Site) -> None:
    site.answers(listing(work(1), following="abc="), listing(work(2)))
    (page,) = lister(client, site, requests_per_run=1).fetch(request(cursor=SWEPT))
    list(lister(client, site, filter="type:book").fetch(request(cursor=page.cursor)))
    assert [asked.params["cursor"] for asked in site.asked] == ["*", "*"]


def test_an_empty_page_in_the_middle_of_a_list_is_asked_for_again(
    client: PoliteClient, site: Site
) -> None:
    first, empty = (
        listing(work(1), following="abc=", count=2),
        listing(following="def=", count=2),
    )
    site.answers(first, empty, listing(work(2), count=2))
    pages = list(lister(client, site).fetch(request(cursor=SWEPT)))
    assert [len(page.records) for page in pages] == [1, 1]
    assert [asked.params["cursor"] for asked in site.asked] == ["*", "abc=", "abc="]


def test_a_list_that_stays_empty_in_its_middle_is_not_called_finished(
    client: PoliteClient, site: Site
) -> None:
    site.answers(listing(work(1), following="abc=", count=5000), listing(following="d", count=5000))
    pages, error = collect(lister(client, site), request(cursor=SWEPT))
    assert isinstance(error, SourceMalformed)
    assert "an empty page after 1 of 5000 works" in str(error)
    assert pages[-1].cursor["listing"]["next"] == "abc="


def test_dates_asked_for_are_listed_exactly_and_leave_the_rest_alone(
    client: PoliteClient, site: Site
) -> None:
    site.answers(listing(work(1), following="abc="), Reply(status=404), listing(work(2)))
    dates = {"since": date(2026, 3, 17), "until": date(2026, 4, 30)}
    cursor = {"listed_to": "2026-03-10"} | SWEPT
    pages, error = collect(lister(client, site), request(cursor=cursor, **dates))
    assert isinstance(error, SourceUnavailable)
    broken = pages[-1].cursor
    assert broken == cursor | {
        "backfill": {
            "filter": "type:article",
            "window": ["2026-03-17", "2026-03-20"],
            "next": "abc=",
            "received": 1,
        }
    }
    pages = list(lister(client, site).fetch(request(cursor=broken, **dates)))
    assert site.asked[-1].params["cursor"] == "abc="
    assert pages[-1].cursor == cursor


def test_dates_that_take_more_requests_than_allowed_are_not_called_finished(
    client: PoliteClient, site: Site
) -> None:
    site.answers(listing(work(1), following="abc="))
    dates = {"since": date(2026, 3, 17), "until": date(2026, 3, 19)}
    pages, error = collect(lister(client, site, requests_per_run=1), request(**dates))
    assert len(pages) == 1
    assert "fetch the same dates again to go on" in str(error)


@pytest.mark.parametrize(
    "cursor",
    [
        {"listing": 5, "listed_to": []},
        {"listing": KEPT | {"window": ["x", "y"], "next": "a", "received": 1}},
        {
            "listing": {
                "filter": "type:article",
                "window": ["2026-03-13", "2026-03-20"],
                "next": 5,
                "received": 1,
            }
        },
        {
            "listing": {
                "filter": "type:article",
                "window": ["2026-03-13", "2026-03-20"],
                "next": "a",
                "received": None,
            }
        },
    ],
)
def test_a_cursor_that_cannot_be_read_starts_anew(
    client: PoliteClient, site: Site, cursor: dict[str, Any]
) -> None:
    site.answers(listing())
    pages = list(lister(client, site).fetch(request(cursor=cursor | SWEPT)))
    assert [asked.params["cursor"] for asked in site.asked] == ["*"]
    assert pages[-1].cursor == {"listed_to": "2026-03-20"} | SWEPT


# --- refusals and secrets


def test_without_a_key_a_refusal_says_which_key_to_set(client: PoliteClient, site: Site) -> None:
    refused = answer({"error": "Invalid or missing API key", "message": "API key not found"}, 401)
    site.answers(refused)
    _, error = collect(lister(client, site, api_key=""), request())
    assert str(error) == "OpenAlex answered 401: set sources.openalex.api_key"
    assert "api_key" not in site.asked[0].params
    _, error = collect(lister(client, site), request())
    assert "set sources.openalex.api_key anew" in str(error)
    assert site.asked[1].params["api_key"] == KEY


def test_a_filter_that_is_refused_is_said_in_its_words(client: PoliteClient, site: Site) -> None:
    site.answers(answer({"error": "Invalid filter", "message": "Unknown field: tpye"}, 400))
    _, error = collect(lister(client, site), request())
    assert "answered 400" in str(error)
    assert "Unknown field: tpye" in str(error)


def test_a_spent_budget_is_waited_for_as_long_as_it_takes(client: PoliteClient, site: Site) -> None:
    spent = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "41749"}
    site.answers(answer({"error": "Rate limit exceeded", "message": "spent"}, 429, **spent))
    _, error = collect(lister(client, site), request())
    assert isinstance(error, SourceThrottled)
    assert error.retry_after_s == 41749


def test_a_403_means_too_often_and_is_not_asked_again_for_an_hour(
    client: PoliteClient, site: Site, clock: FakeClock
) -> None:
    site.answers(answer({"error": "Rate limit exceeded", "message": "Slow down"}, 403))
    _, error = collect(lister(client, site), request())
    assert isinstance(error, SourceUnavailable)
    assert error.retry_after_s == 3600
    clock.advance(3000)
    _, error = collect(lister(client, site), request())
    assert error is not None
    assert len(site.asked) == 1


def test_the_key_is_in_no_message_no_log_and_nothing_that_is_kept(
    client: PoliteClient, site: Site, paces: MemoryPaces, caplog: pytest.LogCaptureFixture
) -> None:
    echo = {"error": f"no {KEY}", "message": f"the key {KEY} at {site.url}?api_key={KEY}"}
    headers = {"ETag": '"1"', "Last-Modified": "Fri, 20 Mar 2026 10:00:00 GMT"}
    messages = []
    with structlog.testing.capture_logs() as logs, caplog.at_level(logging.WARNING):
        for status in (200, 400, 401, 403, 404, 429, 500):
            paces.standings.clear()
            site.answers(answer(echo, status, **headers))
            pages, error = collect(lister(client, site), request(known(1)))
            assert error is not None
            messages += [line for page in pages for line in page.bad]
            messages.append(str(error))
    site.answers(answer(json.loads(listing(work(1)).body), **headers))
    paces.standings.clear()
    pages, _ = collect(lister(client, site), request(known(1)))
    kept = [page.cursor for page in pages]
    assert all(asked.params["api_key"] == KEY for asked in site.asked)
    assert KEY not in f"{messages}{logs}{caplog.text}{kept}{paces.standings}{paces.kept}"


def test_a_merged_work_may_be_moved(public_client: PoliteClient, site: Site) -> None:
    def reply(asked: Request) -> Reply:
        if asked.path == "/works":
            return Reply(
                status=301, headers={"Location": "/w?" + str(httpx.QueryParams(asked.params))}
            )
        return listing(work(1))

    site.answering = reply
    found = OpenAlex(
        public_client, url="https://public.example/works", filter="", interval_seconds=0.0
    )
    (page,) = found.fetch(request(known(1)))
    assert len(page.records) == 1
