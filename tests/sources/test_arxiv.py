import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from digest.core.errors import SourceMalformed, SourceThrottled, SourceUnavailable
from digest.core.fetching import FetchRequest, Page
from digest.sources import arxiv
from digest.sources.arxiv import Arxiv
from digest.sources.http import PoliteClient
from tests.fakes import NOON, FakeClock
from tests.sources.conftest import collect
from tests.sources.site import Reply, Request, Site

DAY = date(2026, 3, 18)
WHOLE_DAY = FetchRequest(now=NOON, since=DAY, until=DAY)
QUERY = {"query": "cat:cs.AI OR cat:stat.ML"}
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom" '
    'xmlns:o="http://a9.com/-/spec/opensearch/1.1/">'
)


def at(minute: int) -> datetime:
    return datetime(2026, 3, 18, tzinfo=UTC) + timedelta(minutes=minute)


def entry(number: int, published: datetime, updated: datetime | None = None) -> str:
    return (
        f"<entry><id>http://arxiv.org/abs/2603.{number:05}v1</id><title>Paper {number}</title>"
        f"<published>{published:%Y-%m-%dT%H:%M:%SZ}</published>"
        f"<updated>{updated or published:%Y-%m-%dT%H:%M:%SZ}</updated></entry>"
    )


def feed(entries: Sequence[str], total: int | None) -> Reply:
    counted = "" if total is None else f"<o:totalResults>{total}</o:totalResults>"
    return Reply(body=f"{HEAD}{counted}{''.join(entries)}</feed>".encode())


class Archive:
    """Answers a site as the API does, from papers one a minute; `faults` come first."""

    def __init__(self, site: Site, count: int) -> None:
        self.papers = [(number, at(number)) for number in range(count)]
        self.faults: list[Reply] = []
        self.most = 10_000
        site.answering = self.reply

    def reply(self, request: Request) -> Reply:
        if self.faults:
            return self.faults.pop(0)
        start, size = int(request.params["start"]), int(request.params["max_results"])
        found = re.search(r"\[(\d{12}) TO (\d{12})\]", request.params["search_query"])
        assert found
        inside = [p for p in self.papers if found[1] <= f"{p[1]:%Y%m%d%H%M}" <= found[2]]
        page = inside[start : start + min(size, self.most)]
        return feed([entry(*paper) for paper in page], len(inside))


@pytest.fixture
def archive(site: Site) -> Archive:
    return Archive(site, 25)


def source(client: PoliteClient, site: Site, page_size: int = 10) -> Arxiv:
    return Arxiv(
        client,
        url=site.url,
        categories=("cs.AI", "stat.ML"),
        page_size=page_size,
        interval_seconds=0.0,
    )


def numbers(pages: Sequence[Page]) -> list[int]:
    return [int(r.ids[0].value[5:]) for page in pages for r in page.records]


def starts(site: Site) -> list[int]:
    return [int(request.params["start"]) for request in site.asked]


def test_whole_days_are_read_page_by_page_oldest_first(
    client: PoliteClient, site: Site, archive: Archive
) -> None:
    pages = list(source(client, site).fetch(WHOLE_DAY))
    assert numbers(pages) == list(range(25))
    assert starts(site) == [0, 10, 20]
    assert site.asked[0].params | {"start": ""} == {
        "search_query": "(cat:cs.AI OR cat:stat.ML) AND "
        "submittedDate:[202603180000 TO 202603182359]",
        "sortBy": "submittedDate",
        "sortOrder": "ascending",
        "start": "",
        "max_results": "10",
    }


def test_a_first_run_takes_a_week_and_the_next_one_overlaps_it(
    client: PoliteClient, site: Site, archive: Archive
) -> None:
    pages = list(source(client, site, 100).fetch(FetchRequest(now=NOON)))
    assert "[202603131200 TO 202603201200]" in site.asked[0].params["search_query"]
    assert pages[-1].cursor == {"watermark": "2026-03-18T00:24:00+00:00"} | QUERY
    later = FetchRequest(now=NOON + timedelta(days=1), cursor=pages[-1].cursor)
    list(source(client, site, 100).fetch(later))
    assert "[202603140024 TO 202603211200]" in site.asked[1].params["search_query"]


def test_while_nothing_new_is_announced_the_window_keeps_its_start(
    client: PoliteClient, site: Site, archive: Archive
) -> None:
    archive.papers.clear()
    cursor = {"watermark": "2026-03-18T00:24:00+00:00"}
    (page,) = source(client, site).fetch(FetchRequest(now=NOON + timedelta(days=3), cursor=cursor))
    assert page.cursor == cursor
    assert page.records == ()


@pytest.mark.parametrize("left", [1, 24])
def test_a_list_without_the_newest_paper_of_the_last_one_is_no_quiet_day(
    client: PoliteClient, site: Site, archive: Archive, left: int
) -> None:
    *_, last = source(client, site, 100).fetch(FetchRequest(now=NOON))
    del archive.papers[left:]
    request = FetchRequest(now=NOON + timedelta(hours=6), cursor=last.cursor)
    pages, error = collect(source(client, site, 100), request)
    assert isinstance(error, SourceMalformed)
    assert "arXiv's list ends before 2026-03-18 00:24 UTC" in str(error)
    assert numbers(pages) == list(range(left))
    assert pages[-1].cursor == last.cursor


def test_an_empty_list_is_empty_and_changes_nothing(
    client: PoliteClient, site: Site, archive: Archive
) -> None:
    *_, last = source(client, site, 100).fetch(FetchRequest(now=NOON))
    archive.papers.clear()
    request = FetchRequest(now=NOON + timedelta(hours=6), cursor=last.cursor)
    (page,) = source(client, site, 100).fetch(request)
    assert (page.records, page.note, page.cursor) == ((), "", last.cursor)


def test_a_first_run_that_finds_nothing_says_so_and_expects_nothing(
    client: PoliteClient, site: Site, archive: Archive
) -> None:
    archive.papers.clear()
    (first,) = source(client, site).fetch(FetchRequest(now=NOON))
    request = FetchRequest(now=NOON + timedelta(hours=6), cursor=first.cursor)
    (second,) = source(client, site).fetch(request)
    assert (second.records, second.note) == ((), "")


def test_a_watermark_of_other_categories_is_none(
    client: PoliteClient, site: Site, archive: Archive
) -> None:
    window = {"window": [at(0).isoformat(), at(1439).isoformat()], "start": 10}
    cursor = {"watermark": at(24).isoformat(), "query": "cat:math.OC", **window}
    list(source(client, site, 100).fetch(FetchRequest(now=NOON, cursor=cursor)))
    assert starts(site) == [0]
    assert "[202603131200 TO 202603201200]" in site.asked[0].params["search_query"]


def test_a_broken_fetch_of_chosen_days_of_other_categories_begins_anew(
    client: PoliteClient, site: Site, archive: Archive
) -> None:
    first = next(iter(source(client, site).fetch(WHOLE_DAY)))
    site.asked.clear()
    other = Arxiv(client, url=site.url, categories=("math.OC",), interval_seconds=0.0)
    list(other.fetch(FetchRequest(now=NOON, since=DAY, until=DAY, cursor=first.cursor)))
    assert starts(site) == [0]


def test_how_far_a_fetch_is_grows_to_the_whole_with_its_pages(
    client: PoliteClient, site: Site, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [page.done for page in source(client, site).fetch(WHOLE_DAY)] == [0.4, 0.8, 1.0]
    archive.papers = [(number, at(number * 48)) for number in range(30)]
    monkeypatch.setattr(arxiv, "_DEEPEST", 12)
    parts = [page.done or 0.0 for page in source(client, site).fetch(WHOLE_DAY)]
    assert parts == sorted(parts)
    assert parts[-1] == 1.0
    archive.papers.clear()
    assert [page.done for page in source(client, site).fetch(WHOLE_DAY)] == [1.0]


def test_after_a_long_absence_only_a_month_is_read_and_it_says_so(
    client: PoliteClient, site: Site, archive: Archive
) -> None:
    cursor = {"watermark": "2025-01-01T00:00:00+00:00"}
    (page,) = source(client, site, 100).fetch(FetchRequest(now=NOON, cursor=cursor))
    assert "[202602181200 TO 202603201200]" in site.asked[0].params["search_query"]
    assert "fetch older ones with --since" in page.note


def test_a_page_with_holes_is_asked_for_again(
    client: PoliteClient, site: Site, archive: Archive
) -> None:
    archive.faults = [
        feed([], 25),
        feed([entry(n, at(n)) for n in range(7)], 25),
        Reply(body=b""),
    ]
    assert numbers(list(source(client, site).fetch(WHOLE_DAY))) == list(range(25))
    assert starts(site) == [0, 0, 0, 0, 10, 20]


def test_when_asking_again_does_not_help_a_smaller_page_may(
    client: PoliteClient, site: Site, archive: Archive
) -> None:
    archive.papers = [(number, at(number)) for number in range(130)]
    archive.most = 60
    pages = list(source(client, site, 100).fetch(WHOLE_DAY))
    assert numbers(pages) == list(range(130))
    sizes = [request.params["max_results"] for request in site.asked]
    assert sizes[:4] == ["100", "100", "100", "50"]
    assert starts(site)[3:5] == [0, 50]


def test_a_list_that_keeps_its_holes_fails_loudly(
    client: PoliteClient, site: Site, archive: Archive
) -> None:
    archive.most = 3
    pages, error = collect(source(client, site), WHOLE_DAY)
    assert pages == []
    assert isinstance(error, SourceMalformed)
    assert "arXiv gave 3 of 10 entries at 0, 6 times" in str(error)


def test_a_total_of_nothing_in_the_middle_of_a_list_is_not_its_end(
    client: PoliteClient, site: Site
) -> None:
    site.answers(feed([entry(n, at(n)) for n in range(10)], 25), feed([], 0))
    pages, error = collect(source(client, site), WHOLE_DAY)
    assert numbers(pages) == list(range(10))
    assert isinstance(error, SourceMalformed)


def test_a_broken_fetch_of_chosen_days_goes_on_where_it_stopped(
    client: PoliteClient, site: Site, archive: Archive
) -> None:
    broken = FetchRequest(now=NOON, since=DAY, until=DAY, cursor={"watermark": "w"})
    pages = [next(iter(source(client, site).fetch(broken)))]
    cursor = pages[0].cursor
    assert cursor["watermark"] == "w"
    assert cursor["backfill"]["start"] == 10
    again = FetchRequest(now=NOON, since=DAY, until=DAY, cursor=cursor)
    site.asked.clear()
    pages += source(client, site).fetch(again)
    assert starts(site) == [10, 20]
    assert numbers(pages) == list(range(25))
    assert pages[-1].cursor == {"watermark": "w"}


def test_other_days_do_not_go_on_with_a_broken_fetch(
    client: PoliteClient, site: Site, archive: Archive
) -> None:
    window = {"window": [at(0).isoformat(), at(1439).isoformat()], "start": 10}
    request = FetchRequest(
        now=NOON, since=DAY - timedelta(days=1), until=DAY, cursor={"backfill": window}
    )
    list(source(client, site).fetch(request))
    assert starts(site)[0] == 0


def test_a_broken_run_is_finished_before_the_new_one_starts(
    client: PoliteClient, site: Site, archive: Archive
) -> None:
    cursor = {
        "watermark": at(9).isoformat(),
        "window": [at(0).isoformat(), at(19).isoformat()],
        "start": 10,
        "backfill": {"kept": True},
    }
    pages = list(source(client, site, 100).fetch(FetchRequest(now=NOON, cursor=cursor)))
    queries = [request.params["search_query"][-30:] for request in site.asked]
    assert queries == ["[202603180000 TO 202603180019]", "[202603140019 TO 202603201200]"]
    assert numbers(pages[:1]) == list(range(10, 20))
    assert numbers(pages[1:]) == list(range(25))
    assert pages[-1].cursor == {"watermark": at(24).isoformat(), "backfill": {"kept": True}} | QUERY


def test_throttling_keeps_the_pages_before_it_and_the_place(
    client: PoliteClient, site: Site
) -> None:
    site.answers(feed([entry(n, at(n)) for n in range(10)], 25), Reply(status=429))
    pages, error = collect(source(client, site), FetchRequest(now=NOON))
    assert isinstance(error, SourceThrottled)
    assert pages[-1].cursor["start"] == 10
    assert pages[-1].cursor["watermark"] == at(9).isoformat()


def test_paging_never_goes_deeper_than_the_server_does(
    client: PoliteClient, site: Site, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arxiv, "_DEEPEST", 12)
    archive.papers = [(number, at(number // 2)) for number in range(30)]
    pages = list(source(client, site).fetch(WHOLE_DAY))
    assert sorted(set(numbers(pages))) == list(range(30))
    assert all(int(r.params["start"]) + int(r.params["max_results"]) <= 12 for r in site.asked)
    assert pages[-1].cursor == {}


def test_more_papers_of_one_minute_than_can_be_paged_fail_loudly(
    client: PoliteClient, site: Site, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arxiv, "_DEEPEST", 12)
    archive.papers = [(number, at(0)) for number in range(30)]
    _, error = collect(source(client, site), WHOLE_DAY)
    assert "ask for fewer categories" in str(error)


@pytest.mark.parametrize(
    "entries",
    [
        [entry(1, at(5)), entry(2, at(3))],
        [entry(1, datetime(2020, 1, 1, tzinfo=UTC)), entry(2, at(3))],
        [entry(1, at(1)), entry(2, at(24 * 60))],
    ],
)
def test_dates_out_of_order_or_out_of_the_window_fail_loudly(
    client: PoliteClient, site: Site, entries: list[str]
) -> None:
    site.answers(feed(entries, 2))
    pages, error = collect(source(client, site), WHOLE_DAY)
    assert pages == []
    assert isinstance(error, SourceMalformed)
    assert "ignored the dates or the order" in str(error)


def test_the_order_may_be_that_of_later_versions(client: PoliteClient, site: Site) -> None:
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    site.answers(feed([entry(1, at(1)), entry(2, long_ago, updated=at(3))], 2))
    pages, error = collect(source(client, site), WHOLE_DAY)
    assert (numbers(pages), error) == ([1, 2], None)


@pytest.mark.parametrize("status", [200, 400])
def test_an_error_in_the_shape_of_a_feed_is_reported_whatever_the_status(
    client: PoliteClient, site: Site, status: int
) -> None:
    body = (
        f"{HEAD}<o:totalResults>1</o:totalResults><entry><id>https://arxiv.org/api/errors#bad</id>"
        "<title>Error</title><summary>start must be non-negative</summary></entry></feed>"
    )
    site.answers(Reply(status=status, body=body.encode()))
    _, error = collect(source(client, site), WHOLE_DAY)
    assert isinstance(error, SourceUnavailable)
    assert str(error) == "arXiv refused the query: start must be non-negative"


def test_a_page_from_another_place_in_the_list_is_malformed(
    client: PoliteClient, site: Site
) -> None:
    reply = feed([entry(1, at(1))], 1)
    site.answers(
        Reply(body=reply.body.replace(b"</feed>", b"<o:startIndex>50</o:startIndex></feed>"))
    )
    _, error = collect(source(client, site), WHOLE_DAY)
    assert str(error) == "arXiv gave entries 50, not 0"


def test_a_robot_check_is_not_asked_again(client: PoliteClient, site: Site) -> None:
    site.answers(Reply(body=b"<html>Are you human?</html>"))
    _, error = collect(source(client, site), WHOLE_DAY)
    assert "robot check" in str(error)
    assert len(site.asked) == 1


def test_a_refusal_that_is_no_feed_is_told_in_its_words(client: PoliteClient, site: Site) -> None:
    site.answers(Reply(status=400, body=b"Bad Request"))
    _, error = collect(source(client, site), WHOLE_DAY)
    assert str(error) == "127.0.0.1 answered 400: Bad Request"


def test_an_answer_without_a_total_is_malformed(client: PoliteClient, site: Site) -> None:
    site.answers(feed([], None))
    _, error = collect(source(client, site), WHOLE_DAY)
    assert "does not say how many results" in str(error)


def test_requests_keep_the_pace_that_all_of_arxiv_shares(
    client: PoliteClient, site: Site, archive: Archive, clock: FakeClock
) -> None:
    list(Arxiv(client, url=site.url, page_size=10).fetch(WHOLE_DAY))
    assert clock.naps == [3.0, 3.0]


def test_days_to_come_are_asked_for_until_today(
    client: PoliteClient, site: Site, archive: Archive
) -> None:
    list(source(client, site, 100).fetch(FetchRequest(now=NOON, since=DAY, until=date.max)))
    assert "TO 202603202359]" in site.asked[0].params["search_query"]


@pytest.mark.parametrize(
    "cursor", [{"watermark": 5}, {"window": [1, 2]}, {"window": ["x"], "start": "y"}]
)
def test_a_cursor_that_cannot_be_read_starts_anew(
    client: PoliteClient, site: Site, archive: Archive, cursor: dict[str, object]
) -> None:
    list(source(client, site, 100).fetch(FetchRequest(now=NOON, cursor=cursor)))
    assert "[202603131200 TO 202603201200]" in site.asked[0].params["search_query"]
