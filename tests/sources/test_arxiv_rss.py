"""arXiv's RSS feed as a source: what is new today, and what the feed cannot tell any more."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from digest.core.errors import SourceMalformed, SourceThrottled, SourceUnavailable
from digest.core.fetching import Cursor, EmptyShelf, FetchRequest, KnownWork, Page, Shelf
from digest.core.identifiers import Identifier, PaperId
from digest.sources import arxiv_rss
from digest.sources.arxiv_rss import ArxivRss
from digest.sources.http import PoliteClient
from tests.fakes import FakeClock, MemoryPaces
from tests.sources.arxiv_answers import Submission, rss, rss_error
from tests.sources.conftest import collect
from tests.sources.site import Reply, Site

FRIDAY = date(2026, 3, 20)
THURSDAY, MONDAY = FRIDAY - timedelta(days=1), FRIDAY + timedelta(days=3)
WEDNESDAY = datetime(2026, 3, 18, 9, 30, tzinfo=UTC)
LONG_AGO = datetime(2025, 11, 5, tzinfo=UTC)


class Kept(EmptyShelf):
    """A shelf that knows these papers, first published long ago."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def named(self, ids: Collection[Identifier]) -> Mapping[Identifier, KnownWork]:
        return {
            name: KnownWork(
                paper_id=PaperId(1), ids=(name,), title="T", published_at=LONG_AGO,
                appeared_at=LONG_AGO,
            )
            for name in ids
            if name.value in self._names
        }  # fmt: skip


def papers(*numbers: int, kind: str = "new", version: int = 1) -> list[Submission]:
    return [
        Submission(number=n, submitted_at=WEDNESDAY, kind=kind, version=version) for n in numbers
    ]


def at(day: date, hour: int = 12, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def request(
    now: datetime, cursor: Cursor | None = None, shelf: Shelf | None = None
) -> FetchRequest:
    return FetchRequest(now=now, cursor=cursor or {}, shelf=shelf or EmptyShelf())


def source(client: PoliteClient, site: Site) -> ArxivRss:
    return ArxivRss(client, url=site.url, categories=("cs.AI", "stat.ML"), interval_seconds=0.0)


def ids(pages: Sequence[Page]) -> list[str]:
    return [record.ids[0].value for page in pages for record in page.records]


def one_page(client: PoliteClient, site: Site, asked: FetchRequest) -> Page:
    (page,) = source(client, site).fetch(asked)
    return page


def test_one_request_asks_for_all_categories(client: PoliteClient, site: Site) -> None:
    site.answers(Reply(body=rss(FRIDAY, papers(1, 2))))
    page = one_page(client, site, request(at(FRIDAY)))
    assert [one.path for one in site.asked] == ["/feed/cs.AI+stat.ML"]
    assert site.asked[0].params == {}
    assert ids([page]) == ["2603.00001", "2603.00002"]
    assert (page.note, page.bad, page.cursor["announced"]) == ("", (), "2026-03-20")


def test_cross_lists_are_new_and_replacements_only_where_the_paper_is_kept(
    client: PoliteClient, site: Site
) -> None:
    feed = [
        *papers(1),
        *papers(2, kind="cross"),
        *papers(3, 4, kind="replace", version=2),
        *papers(5, 6, kind="replace-cross", version=3),
    ]
    site.answers(Reply(body=rss(FRIDAY, feed)))
    shelf = Kept("2603.00004", "2603.00006")
    page = one_page(client, site, request(at(FRIDAY), shelf=shelf))
    assert ids([page]) == [f"2603.0000{n}" for n in (1, 2, 4, 6)]
    assert [record.version for record in page.records] == [1, 1, 2, 3]
    assert [record.appeared_at for record in page.records[2:]] == [LONG_AGO, LONG_AGO]


def test_a_feed_of_replacements_of_strangers_says_so(client: PoliteClient, site: Site) -> None:
    site.answers(Reply(body=rss(FRIDAY, papers(3, kind="replace"))))
    page = one_page(client, site, request(at(FRIDAY)))
    assert (page.records, page.note) == (
        (),
        "announced were new versions only, none of a paper kept here",
    )


@pytest.mark.parametrize("day", [FRIDAY, FRIDAY + timedelta(days=1), FRIDAY + timedelta(days=2)])
def test_an_empty_feed_of_today_is_a_page_with_nothing_to_say(
    client: PoliteClient, site: Site, day: date
) -> None:
    site.answers(Reply(body=rss(day, [])))
    kept = {"announced": (day - timedelta(days=1)).isoformat(), "papers": "x"}
    page = one_page(client, site, request(at(day), kept))
    assert (page.records, page.note) == ((), "")


def test_sundays_feed_on_an_early_monday_is_no_odd_day(client: PoliteClient, site: Site) -> None:
    sunday = FRIDAY + timedelta(days=2)
    site.answers(Reply(body=rss(sunday, [])))
    page = one_page(client, site, request(at(MONDAY, 2)))
    assert page.note == "the feed is still that of 2026-03-22, when nothing is announced"


# --- unchanged, stale, missed


def test_what_did_not_change_is_not_sent_again_once_it_was_stored(
    client: PoliteClient, site: Site
) -> None:
    site.answers(Reply(body=rss(FRIDAY, papers(1)), headers={"ETag": '"abc"'}), Reply(status=304))
    first = one_page(client, site, request(at(FRIDAY)))
    second = one_page(client, site, request(at(FRIDAY, 18), first.cursor))
    assert site.asked[1].headers["if-none-match"] == '"abc"'
    assert second == Page(cursor=first.cursor, note="unchanged since the last fetch")


def test_validators_are_not_kept_for_a_page_that_was_not_stored(
    client: PoliteClient, site: Site, paces: MemoryPaces
) -> None:
    site.answers(Reply(body=rss(FRIDAY, papers(1)), headers={"ETag": '"abc"'}))
    pages = source(client, site).fetch(request(at(FRIDAY)))
    next(pages)
    pages.close()  # type: ignore[attr-defined]
    assert paces.kept == {}


STALE = "still the announcement of 2026-03-19: arXiv has not built its feed anew"


def test_a_feed_that_was_not_built_anew_says_so_when_it_must_have_been(
    client: PoliteClient, site: Site
) -> None:
    site.answers(Reply(body=rss(THURSDAY, papers(1)), headers={"ETag": '"a"'}), Reply(status=304))
    first = one_page(client, site, request(at(THURSDAY)))
    assert first.note == ""
    early = one_page(client, site, request(at(FRIDAY, 5, 9), first.cursor))
    assert early.note == "unchanged since the last fetch"
    late = one_page(client, site, request(at(FRIDAY, 5, 10), first.cursor))
    assert (late.note, late.records, late.cursor) == (STALE, (), first.cursor)


def test_the_same_papers_under_a_new_date_are_a_stale_feed_too(
    client: PoliteClient, site: Site
) -> None:
    site.answers(Reply(body=rss(THURSDAY, papers(1, 2))), Reply(body=rss(FRIDAY, papers(2, 1))))
    first = one_page(client, site, request(at(THURSDAY)))
    second = one_page(client, site, request(at(FRIDAY), first.cursor))
    assert (second.note, second.records, second.cursor) == (STALE, (), first.cursor)


def test_the_feed_that_follows_a_stale_one_is_new(client: PoliteClient, site: Site) -> None:
    site.answers(Reply(body=rss(THURSDAY, papers(1))), Reply(body=rss(FRIDAY, papers(2))))
    first = one_page(client, site, request(at(FRIDAY)))
    assert first.note == STALE
    second = one_page(client, site, request(at(FRIDAY, 14), first.cursor))
    assert (ids([second]), second.note) == (["2603.00002"], "")


def test_on_a_weekend_nothing_newer_than_fridays_can_be_missing(
    client: PoliteClient, site: Site
) -> None:
    site.answers(Reply(body=rss(FRIDAY, papers(1))))
    assert one_page(client, site, request(at(FRIDAY + timedelta(days=2)))).note == ""
    assert one_page(client, site, request(at(MONDAY, 5, 0))).note == ""
    assert "of 2026-03-20" in one_page(client, site, request(at(MONDAY, 5, 10))).note


def test_a_missed_announcement_is_named_with_what_brings_it(
    client: PoliteClient, site: Site
) -> None:
    site.answers(Reply(body=rss(FRIDAY, papers(1))))
    kept = {"announced": "2026-03-18", "papers": "x"}
    page = one_page(client, site, request(at(FRIDAY), kept))
    assert page.note == (
        "never read what was announced on 2026-03-19, which is gone from the feed; unless `arxiv` "
        "brought it, run `digest fetch --source arxiv_oai --since 2026-03-15`"
    )
    assert ids([page]) == ["2603.00001"]


@pytest.mark.parametrize(
    ("kept", "missed"),
    [
        ("2026-03-20", ""),
        ("2026-03-22", ""),
        ("2026-03-19", "on 2026-03-20,"),
        ("2026-03-13", "from 2026-03-16 to 2026-03-20,"),
    ],
)
def test_weekends_are_no_missed_announcements(
    client: PoliteClient, site: Site, kept: str, missed: str
) -> None:
    site.answers(Reply(body=rss(MONDAY, papers(1))))
    page = one_page(client, site, request(at(MONDAY), {"announced": kept, "papers": "x"}))
    assert missed in page.note
    assert bool(missed) == bool(page.note)


def test_a_full_feed_says_that_more_may_have_been_announced(
    client: PoliteClient, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arxiv_rss, "_MOST_ENTRIES", 3)
    site.answers(Reply(body=rss(FRIDAY, papers(1, 2, 3))))
    assert "ask for fewer categories" in one_page(client, site, request(at(FRIDAY))).note


@pytest.mark.parametrize("cursor", [{"announced": 5, "papers": []}, {"announced": "soon"}])
def test_a_cursor_that_cannot_be_read_is_none(
    client: PoliteClient, site: Site, cursor: dict[str, object]
) -> None:
    site.answers(Reply(body=rss(FRIDAY, papers(1))))
    page = one_page(client, site, request(at(FRIDAY), cursor))
    assert (ids([page]), page.note) == (["2603.00001"], "")


# --- chosen days


def test_chosen_days_get_what_the_feed_still_holds_and_leave_the_cursor_alone(
    client: PoliteClient, site: Site, paces: MemoryPaces
) -> None:
    site.answers(Reply(body=rss(FRIDAY, papers(1)), headers={"ETag": '"abc"'}))
    asked = FetchRequest(now=at(FRIDAY), since=THURSDAY, until=FRIDAY, cursor={"announced": "x"})
    page = one_page(client, site, asked)
    assert (ids([page]), page.note, page.cursor) == (["2603.00001"], "", {"announced": "x"})
    assert page.done == 1.0
    assert paces.kept == {}


def test_other_days_are_not_to_be_had_and_it_says_from_whom_they_are(
    client: PoliteClient, site: Site
) -> None:
    site.answers(Reply(body=rss(FRIDAY, papers(1))))
    asked = FetchRequest(now=at(FRIDAY), since=date(2026, 3, 2), until=date(2026, 3, 3))
    page = one_page(client, site, asked)
    assert page.records == ()
    assert page.note == (
        "the feed holds 2026-03-20 only; fetch other days with --source arxiv or --source arxiv_oai"
    )


# --- trouble


@pytest.mark.parametrize("status", [200, 400])
def test_an_error_in_the_shape_of_a_feed_is_reported_whatever_the_status(
    client: PoliteClient, site: Site, status: int
) -> None:
    site.answers(Reply(status=status, body=rss_error("Bad archive 'xx'.")))
    _, error = collect(source(client, site), request(at(FRIDAY)))
    assert isinstance(error, SourceUnavailable)
    assert str(error) == "arXiv refused the feed: Bad archive 'xx'."


def test_a_refusal_that_is_no_feed_is_told_in_its_words(client: PoliteClient, site: Site) -> None:
    site.answers(Reply(status=400, body=b"Bad Request"))
    _, error = collect(source(client, site), request(at(FRIDAY)))
    assert str(error) == "127.0.0.1 answered 400: Bad Request"


@pytest.mark.parametrize(
    "body", [b"", b"<html>Are you human?</html>", rss(FRIDAY, papers(1))[:-40], b"<rss/>"]
)
def test_what_is_no_whole_feed_is_malformed_and_not_remembered(
    client: PoliteClient, site: Site, paces: MemoryPaces, body: bytes
) -> None:
    site.answers(Reply(body=body, headers={"ETag": '"abc"'}))
    pages, error = collect(source(client, site), request(at(FRIDAY)))
    assert pages == []
    assert isinstance(error, SourceMalformed)
    assert paces.kept == {}


def test_throttling_is_throttling(client: PoliteClient, site: Site) -> None:
    site.answers(Reply(status=429, headers={"Retry-After": "900"}))
    _, error = collect(source(client, site), request(at(FRIDAY)))
    assert isinstance(error, SourceThrottled)


def test_requests_keep_the_pace_that_all_of_arxiv_shares(
    client: PoliteClient, site: Site, clock: FakeClock
) -> None:
    site.answers(Reply(body=rss(FRIDAY, [])))
    for _ in range(3):
        list(ArxivRss(client, url=site.url).fetch(request(at(FRIDAY))))
    assert clock.naps == [3.0, 3.0]
    assert ArxivRss(client).standing_name == "rss.arxiv.org"


@pytest.mark.parametrize("year", ["0001", "9999", "1066"])
def test_an_entry_dated_beyond_any_calendar_is_dated_by_the_feed(
    client: PoliteClient, site: Site, year: str
) -> None:
    channel, item = rss(FRIDAY, papers(1)).split(b"<item>")
    start, _, rest = item.partition(b"<pubDate>")
    _, _, end = rest.partition(b"</pubDate>")
    date_of_old = b"<pubDate>%s-01-05T00:00:00Z</pubDate>" % year.encode()
    site.answers(Reply(body=b"".join((channel, b"<item>", start, date_of_old, end))))
    page = one_page(client, site, request(at(FRIDAY)))
    assert [record.appeared_at.date() for record in page.records] == [FRIDAY]


def test_an_announcement_of_a_day_to_come_is_taken_for_todays(
    client: PoliteClient, site: Site
) -> None:
    site.answers(Reply(body=rss(date(2026, 12, 31), papers(1))))
    page = one_page(client, site, request(at(FRIDAY)))
    assert page.cursor["announced"] == str(FRIDAY)
    assert "2026-12" not in page.note
    kept = request(at(FRIDAY), {"announced": "2099-01-01", "papers": ""})
    site.answers(Reply(body=rss(FRIDAY, papers(2))))
    assert one_page(client, site, kept).cursor["announced"] == str(FRIDAY)
