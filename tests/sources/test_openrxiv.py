"""bioRxiv and medRxiv fetched page by page, from a server that miscounts."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from typing import Any

import pytest

from digest.core.errors import SourceMalformed, SourceThrottled, SourceUnavailable
from digest.core.fetching import EmptyShelf, FetchRequest, KnownWork, Page
from digest.core.identifiers import DOI, Identifier, PaperId
from digest.sources.http import PoliteClient
from digest.sources.openrxiv import Biorxiv, Medrxiv
from tests.fakes import NOON, FakeClock, MemoryPaces
from tests.sources.conftest import collect
from tests.sources.site import Reply, Request, Site

TODAY = NOON.date()
FIVE_DAYS = FetchRequest(now=NOON, since=date(2026, 3, 1), until=date(2026, 3, 5))


def entry(number: int, posted: date = TODAY, **changes: Any) -> dict[str, Any]:
    return {
        "title": f"What cell {number} does at night",
        "authors": "Lovelace, A.; Turing, A.",
        "doi": f"10.64898/2026.03.01.{600_000 + number}",
        "date": posted.isoformat(),
        "version": "1",
        "category": "cell biology",
        "abstract": f"Cells do things at night, as cell {number} shows.",
        "funder": "NA",
        "published": "NA",
        "server": "bioRxiv",
    } | changes


@dataclass(slots=True)
class Archive:
    """The API with these entries, whatever the days; it says `total` where that is given."""

    entries: list[dict[str, Any]]
    page_size: int = 100
    total: int | str | None = None
    fails_at: dict[int, list[Reply]] = field(default_factory=dict)

    def answer(self, request: Request) -> Reply:
        at = int(request.path.split("/")[-2])
        if self.fails_at.get(at):
            return self.fails_at[at].pop(0)
        category = request.params.get("category", "")
        found = [e for e in self.entries if not category or e["category"] == spoken(category)]
        page = found[at : at + self.page_size]
        message: dict[str, Any] = {"status": "no posts found"}
        if page:
            total = len(found) if self.total is None else self.total
            message = {"status": "ok", "category": spoken(category) or "all", "cursor": at}
            message |= {"count": len(page), "total": str(total), "count_new_papers": "1"}
        return reply(page, message)


def spoken(category: str) -> str:
    return category.replace("_", " ")


def reply(page: list[dict[str, Any]], message: dict[str, Any]) -> Reply:
    return Reply(body=json.dumps({"messages": [message], "collection": page}).encode())


MakeArchive = Callable[..., Archive]


@pytest.fixture
def make_archive(site: Site) -> MakeArchive:
    def make(count: int = 0, **how: Any) -> Archive:
        archive = Archive(how.pop("entries", [entry(n) for n in range(count)]), **how)
        site.answering = archive.answer
        return archive

    return make


def source(client: PoliteClient, site: Site, **options: Any) -> Biorxiv:
    return Biorxiv(client, url=site.url, interval_seconds=0, **options)


def numbers(pages: list[Page]) -> list[int]:
    records = chain.from_iterable(page.records for page in pages)
    return [int(record.ids[0].value[-6:]) - 600_000 for record in records]


def asked(site: Site) -> list[str]:
    return [request.path.removeprefix("/feed/") for request in site.asked]


def nap(**cursor: Any) -> FetchRequest:
    return FetchRequest(now=NOON, cursor=cursor)


# --- pages ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page_size", "places"),
    [(100, [0, 100, 200]), (30, [0, 30, 60, 90, 120, 150, 180, 210, 240]), (500, [0])],
)
def test_the_next_page_starts_behind_what_was_received(
    client: PoliteClient, site: Site, make_archive: MakeArchive, page_size: int, places: list[int]
) -> None:
    make_archive(250, page_size=page_size)
    pages = list(source(client, site).fetch(FIVE_DAYS))
    assert asked(site) == [f"2026-03-01/2026-03-05/{at}/json" for at in places]
    assert numbers(pages) == list(range(250))


def test_pages_may_differ_in_size(client: PoliteClient, site: Site) -> None:
    sizes = {0: 3, 3: 1, 4: 2}

    def answer(request: Request) -> Reply:
        at = int(request.path.split("/")[-2])
        page = [entry(n) for n in range(at, at + sizes[at])]
        return reply(page, {"status": "ok", "cursor": str(at), "total": "6"})

    site.answering = answer
    assert numbers(list(source(client, site).fetch(FIVE_DAYS))) == list(range(6))


def test_the_part_that_is_done_is_told_page_by_page(
    client: PoliteClient, site: Site, make_archive: MakeArchive
) -> None:
    make_archive(250)
    pages = list(source(client, site).fetch(FIVE_DAYS))
    assert [page.done for page in pages] == [0.4, 0.8, 1.0]


def test_a_last_page_that_is_empty_although_more_was_announced_is_the_end(
    client: PoliteClient, site: Site, make_archive: MakeArchive
) -> None:
    make_archive(120, total=151)
    pages = list(source(client, site).fetch(FIVE_DAYS))
    assert numbers(pages) == list(range(120))
    assert pages[-1].cursor == {}
    assert asked(site)[-2:] == ["2026-03-01/2026-03-05/120/json"] * 2


def test_an_empty_page_that_is_a_passing_fault_is_asked_for_again(
    client: PoliteClient, site: Site, make_archive: MakeArchive
) -> None:
    make_archive(250, fails_at={100: [reply([], {"status": "no posts found"})]})
    assert numbers(list(source(client, site).fetch(FIVE_DAYS))) == list(range(250))


def test_a_list_that_stops_long_before_its_end_fails_and_is_read_again(
    client: PoliteClient, site: Site, make_archive: MakeArchive
) -> None:
    archive = make_archive(200, total=1400)
    kept = {"read_to": "2026-03-17", "backfill": {"kept": True}}
    pages, error = collect(source(client, site), nap(**kept))
    assert isinstance(error, SourceMalformed)
    assert "stopped after 200 of 1400 entries" in str(error)
    assert numbers(pages) == list(range(200))
    assert pages[-1].cursor == kept | {
        "days": ["2026-03-15", "2026-03-20"],
        "list": "",
        "at": 0,
        "short": {"days": ["2026-03-15", "2026-03-20"], "list": "", "at": 200},
    }
    archive.total = None
    again = list(source(client, site).fetch(nap(**pages[-1].cursor)))
    assert numbers(again) == list(range(200))
    assert again[-1].cursor == {"read_to": "2026-03-19", "backfill": {"kept": True}}


def test_a_total_that_stays_too_high_does_not_hold_up_the_days_for_good(
    client: PoliteClient, site: Site, make_archive: MakeArchive
) -> None:
    make_archive(200, total=1400)
    pages, error = collect(source(client, site), nap(read_to="2026-03-17"))
    assert isinstance(error, SourceMalformed)
    again = list(source(client, site).fetch(nap(**pages[-1].cursor)))
    assert again[-1].note == (
        "bioRxiv stopped after 200 of 1400 entries, as the last time: there seem to be no more"
    )
    assert again[-1].cursor == {"read_to": "2026-03-19"}


def test_a_list_that_stops_elsewhere_the_second_time_is_read_a_third_time(
    client: PoliteClient, site: Site, make_archive: MakeArchive
) -> None:
    archive = make_archive(200, total=1400)
    pages, _ = collect(source(client, site), nap())
    archive.entries += [entry(n) for n in range(200, 300)]
    pages, error = collect(source(client, site), nap(**pages[-1].cursor))
    assert isinstance(error, SourceMalformed)
    assert pages[-1].cursor["short"]["at"] == 300
    pages, error = collect(source(client, site), nap(**pages[-1].cursor))
    assert error is None


def test_where_a_list_came_short_is_remembered_by_a_second_reading_that_breaks_off(
    client: PoliteClient, site: Site, make_archive: MakeArchive
) -> None:
    archive = make_archive(200, total=1400)
    pages, _ = collect(source(client, site), nap())
    archive.fails_at = {100: [Reply(status=404)]}
    pages, error = collect(source(client, site), nap(**pages[-1].cursor))
    assert error is not None
    pages, error = collect(source(client, site), nap(**pages[-1].cursor))
    assert error is None
    assert pages[-1].cursor == {"read_to": "2026-03-19"}


def test_two_categories_that_come_short_are_each_read_twice_and_no_more(
    client: PoliteClient, site: Site, make_archive: MakeArchive
) -> None:
    kinds = ("cell biology", "zoology")
    make_archive(entries=[entry(n, category=kinds[n % 2]) for n in range(8)], total=1400)
    chosen = source(client, site, categories=kinds)
    cursor, errors = {}, []
    for _ in range(3):
        pages, error = collect(chosen, nap(**cursor))
        cursor = dict(pages[-1].cursor)
        errors.append(error is not None)
    assert errors == [True, True, False]
    assert cursor == {"read_to": "2026-03-19"}


def test_a_fetch_of_chosen_days_that_comes_short_twice_ends_too(
    client: PoliteClient, site: Site, make_archive: MakeArchive
) -> None:
    make_archive(200, total=1400)
    pages, error = collect(source(client, site), FIVE_DAYS)
    assert error is not None
    again = replace(FIVE_DAYS, cursor=pages[-1].cursor)
    pages, error = collect(source(client, site), again)
    assert error is None
    assert pages[-1].cursor == {}


@pytest.mark.parametrize(("faults", "expected_runs"), [(2, 3), (4, 4)])
def test_no_posts_found_where_a_run_goes_on_does_not_skip_the_rest(
    client: PoliteClient, site: Site, make_archive: MakeArchive, faults: int, expected_runs: int
) -> None:
    nothing = reply([], {"status": "no posts found"})
    make_archive(250, fails_at={100: [Reply(status=404), *[nothing] * faults]})
    pages, error = collect(source(client, site), nap())
    runs = 1
    while error is not None:
        pages, error = collect(source(client, site), nap(**pages[-1].cursor))
        runs += 1
    assert runs == expected_runs
    assert numbers(pages) == list(range(250))
    assert pages[-1].cursor == {"read_to": "2026-03-19"}


def test_a_total_that_grows_meanwhile_is_followed(client: PoliteClient, site: Site) -> None:
    def answer(request: Request) -> Reply:
        at = int(request.path.split("/")[-2])
        total = "4" if at < 4 else "6"
        page = [entry(n) for n in range(at, min(at + 2, 6))]
        return reply(page, {"status": "ok", "cursor": at, "total": "6" if at == 2 else total})

    site.answering = answer
    assert numbers(list(source(client, site).fetch(FIVE_DAYS))) == list(range(6))


def test_without_a_total_the_list_ends_with_an_empty_page(
    client: PoliteClient, site: Site, make_archive: MakeArchive
) -> None:
    make_archive(150, total="many")
    assert numbers(list(source(client, site).fetch(FIVE_DAYS))) == list(range(150))
    assert asked(site)[-1].endswith("/150/json")


@pytest.mark.parametrize("page", [[entry(1), entry(2)], [{}]])
def test_the_same_page_again_and_again_ends_the_run(
    client: PoliteClient, site: Site, page: list[dict[str, Any]]
) -> None:
    site.answers(reply(page, {"status": "ok", "total": "999999999"}))
    pages, error = collect(source(client, site), FIVE_DAYS)
    assert "does not come to an end" in str(error)
    assert len(pages) == 1
    assert len(site.asked) == 2


def test_a_page_from_another_place_in_the_list_is_malformed(
    client: PoliteClient, site: Site
) -> None:
    site.answers(reply([entry(1)], {"status": "ok", "cursor": "40", "total": "50"}))
    _, error = collect(source(client, site), FIVE_DAYS)
    assert str(error) == "bioRxiv gave entries 40, not 0"


def test_days_without_posts_are_empty_and_no_failure(
    client: PoliteClient, site: Site, make_archive: MakeArchive
) -> None:
    make_archive(0)
    (page,) = source(client, site).fetch(nap())
    assert (page.records, page.bad, page.note) == ((), (), "")
    assert page.cursor == {"read_to": "2026-03-19"}


def test_a_web_page_in_its_place_is_no_quiet_day(client: PoliteClient, site: Site) -> None:
    site.answers(Reply(body=b"<!DOCTYPE html><html>down for maintenance</html>"))
    _, error = collect(source(client, site), nap())
    assert isinstance(error, SourceMalformed)


# --- categories -----------------------------------------------------------------------------------


def test_categories_are_read_one_after_another_with_underscores(
    client: PoliteClient, site: Site, make_archive: MakeArchive
) -> None:
    kinds = ("cell biology", "neuroscience", "zoology")
    make_archive(entries=[entry(n, category=kinds[n % 3]) for n in range(9)])
    chosen = source(client, site, categories=("Cell  Biology", "zoology", "cell_biology"))
    pages = list(chosen.fetch(FIVE_DAYS))
    assert [r.params for r in site.asked] == [{"category": "cell_biology"}, {"category": "zoology"}]
    assert numbers(pages) == [0, 3, 6, 2, 5, 8]
    assert [page.done for page in pages] == [0.5, 1.0]


def test_without_categories_there_is_no_filter(
    client: PoliteClient, site: Site, make_archive: MakeArchive
) -> None:
    make_archive(1)
    list(source(client, site).fetch(FIVE_DAYS))
    assert site.asked[0].params == {}


def test_a_category_that_the_server_ignores_is_named(client: PoliteClient, site: Site) -> None:
    site.answers(reply([entry(1)], {"status": "ok", "category": "all", "total": "1"}))
    _, error = collect(source(client, site, categories=("sell biology",)), FIVE_DAYS)
    assert str(error) == (
        "bioRxiv knows no category sell_biology: correct sources.biorxiv.categories"
    )


def test_a_run_that_broke_off_goes_on_in_its_category(
    client: PoliteClient, site: Site, make_archive: MakeArchive
) -> None:
    kinds = ("cell biology", "zoology")
    archive = make_archive(entries=[entry(n, category=kinds[n % 2]) for n in range(8)], page_size=2)
    archive.fails_at = {2: [Reply(status=404)]}
    chosen = source(client, site, categories=("zoology", "cell biology"))
    pages, error = collect(chosen, nap())
    assert error is not None
    site.asked.clear()
    pages += chosen.fetch(nap(**pages[-1].cursor))
    assert asked(site)[0].endswith("/2/json")
    assert numbers(pages) == [1, 3, 5, 7, 0, 2, 4, 6]


# --- days -----------------------------------------------------------------------------------------


def test_the_first_run_reads_a_week(
    client: PoliteClient, site: Site, make_archive: MakeArchive
) -> None:
    make_archive(1)
    pages = list(source(client, site).fetch(nap()))
    assert asked(site) == ["2026-03-13/2026-03-20/0/json"]
    assert pages[-1].cursor == {"read_to": "2026-03-19"}


def test_later_runs_begin_two_days_before_the_last_day_that_was_read_whole(
    client: PoliteClient, site: Site, make_archive: MakeArchive
) -> None:
    make_archive(1)
    list(source(client, site).fetch(nap(read_to="2026-03-18")))
    list(source(client, site).fetch(nap(read_to="2027-01-01")))
    assert asked(site) == ["2026-03-16/2026-03-20/0/json", "2026-03-18/2026-03-20/0/json"]


def test_after_a_long_absence_a_month_is_read_and_noted(
    client: PoliteClient, site: Site, make_archive: MakeArchive
) -> None:
    make_archive(1)
    (page,) = source(client, site).fetch(nap(read_to="2025-01-01"))
    assert asked(site) == ["2026-02-18/2026-03-20/0/json"]
    assert page.note == "only papers since 2026-02-18; fetch older ones with --since"


def test_a_run_that_broke_off_is_finished_before_newer_days_are_read(
    client: PoliteClient, site: Site, make_archive: MakeArchive
) -> None:
    archive = make_archive(250)
    archive.fails_at = {100: [Reply(status=429)]}
    pages, error = collect(source(client, site), nap(read_to="2026-03-18"))
    assert isinstance(error, SourceThrottled)
    cursor = pages[-1].cursor
    assert cursor == {
        "read_to": "2026-03-18",
        "days": ["2026-03-16", "2026-03-20"],
        "list": "",
        "at": 100,
    }


@pytest.mark.parametrize("later", [timedelta(), timedelta(days=2)])
def test_what_is_left_is_read_from_where_it_broke_off(
    client: PoliteClient, site: Site, make_archive: MakeArchive, later: timedelta
) -> None:
    make_archive(250)
    place = {"days": ["2026-03-16", "2026-03-20"], "list": "", "at": 100}
    request = FetchRequest(now=NOON + later, cursor={"read_to": "2026-03-18", **place})
    pages = list(source(client, site).fetch(request))
    left = [f"2026-03-16/2026-03-20/{at}/json" for at in (100, 200)]
    new = [f"2026-03-17/2026-03-22/{at}/json" for at in (0, 100, 200)]
    assert asked(site) == (left + new if later else left)
    assert numbers(pages)[:150] == list(range(100, 250))
    assert pages[1].cursor == {"read_to": "2026-03-19"}
    assert pages[-1].cursor == {"read_to": "2026-03-21" if later else "2026-03-19"}


def test_chosen_days_are_read_exactly_and_leave_the_rest_of_the_cursor_alone(
    client: PoliteClient, site: Site, make_archive: MakeArchive
) -> None:
    archive = make_archive(250)
    archive.fails_at = {200: [Reply(status=404)]}
    request = FetchRequest(
        now=NOON, since=FIVE_DAYS.since, until=FIVE_DAYS.until, cursor={"read_to": "2026-03-18"}
    )
    pages, error = collect(source(client, site), request)
    assert error is not None
    assert pages[-1].cursor == {
        "read_to": "2026-03-18",
        "backfill": {"days": ["2026-03-01", "2026-03-05"], "list": "", "at": 200},
    }
    site.asked.clear()
    again = FetchRequest(
        now=NOON, since=FIVE_DAYS.since, until=FIVE_DAYS.until, cursor=pages[-1].cursor
    )
    pages += source(client, site).fetch(again)
    assert asked(site) == ["2026-03-01/2026-03-05/200/json"]
    assert numbers(pages) == list(range(250))
    assert pages[-1].cursor == {"read_to": "2026-03-18"}


def test_other_days_do_not_go_on_with_a_broken_fetch_of_chosen_ones(
    client: PoliteClient, site: Site, make_archive: MakeArchive
) -> None:
    make_archive(1)
    place = {"days": ["2026-03-01", "2026-03-05"], "list": "", "at": 200}
    request = FetchRequest(now=NOON, since=date(2026, 3, 2), cursor={"backfill": place})
    list(source(client, site).fetch(request))
    assert asked(site) == ["2026-03-02/2026-03-20/0/json"]


def test_days_to_come_are_not_asked_for(client: PoliteClient, site: Site) -> None:
    request = FetchRequest(now=NOON, since=date(2026, 4, 1), until=date(2026, 4, 2))
    (page,) = source(client, site).fetch(request)
    assert (site.asked, page.note) == ([], "these days are still to come")


@pytest.mark.parametrize(
    "cursor",
    [
        {"read_to": 5},
        {"days": ["x", "y"], "list": "", "at": 3},
        {"days": ["2026-03-05", "2026-03-01"], "list": "", "at": 3},
        {"days": ["2026-03-01", "2026-03-05"], "list": "gone", "at": 3},
        {"days": ["2026-03-01", "2026-03-05"], "list": "", "at": -3},
        {"days": ["2026-03-01", "2026-03-05"], "list": []},
        {"days": 7, "list": "", "at": 0},
    ],
)
def test_a_cursor_that_cannot_be_read_starts_anew(
    client: PoliteClient, site: Site, make_archive: MakeArchive, cursor: dict[str, Any]
) -> None:
    make_archive(1)
    list(source(client, site).fetch(nap(**cursor)))
    assert asked(site) == ["2026-03-13/2026-03-20/0/json"]


# --- versions -------------------------------------------------------------------------------------


class OnePaper(EmptyShelf):
    """A shelf with one paper, first published on a day."""

    def __init__(self, name: Identifier, published_at: datetime) -> None:
        self._name = name
        self._work = KnownWork(
            paper_id=PaperId(1),
            ids=(name,),
            title="Known",
            published_at=published_at,
            appeared_at=NOON,
        )

    def named(self, ids: Any) -> dict[Identifier, KnownWork]:
        return {self._name: self._work} if self._name in ids else {}


def test_a_revised_paper_appears_as_of_its_first_version_where_that_is_known(
    client: PoliteClient, site: Site, make_archive: MakeArchive
) -> None:
    make_archive(entries=[entry(1, version="2"), entry(2, version="2")])
    first = datetime(2026, 3, 4, tzinfo=UTC)
    shelf = OnePaper(Identifier(DOI, "10.1101/2026.03.01.600001"), first)
    (page,) = source(client, site).fetch(FetchRequest(now=NOON, shelf=shelf))
    assert [r.appeared_at for r in page.records] == [first, datetime(2026, 3, 1, tzinfo=UTC)]


def test_a_first_version_on_the_same_page_dates_the_second(
    client: PoliteClient, site: Site, make_archive: MakeArchive
) -> None:
    day_before = TODAY - timedelta(days=1)
    make_archive(entries=[entry(1, version="2"), entry(1, day_before)])
    (page,) = source(client, site).fetch(nap())
    assert [r.appeared_at.date() for r in page.records] == [day_before, day_before]


def test_nothing_appears_in_the_future(
    client: PoliteClient, site: Site, make_archive: MakeArchive
) -> None:
    make_archive(entries=[entry(1, date(2030, 1, 1))])
    (page,) = source(client, site).fetch(nap())
    assert page.records[0].appeared_at == NOON


# --- etiquette ------------------------------------------------------------------------------------


def test_both_servers_share_a_request_a_second_and_a_pause(
    client: PoliteClient,
    site: Site,
    clock: FakeClock,
    paces: MemoryPaces,
    make_archive: MakeArchive,
) -> None:
    archive = make_archive(101)
    list(Biorxiv(client, url=site.url).fetch(FIVE_DAYS))
    list(Medrxiv(client, url=f"{site.url}/").fetch(FIVE_DAYS))
    assert clock.naps == [1.0, 1.0, 1.0]
    archive.fails_at = {0: [Reply(status=429)]}
    _, error = collect(Biorxiv(client, url=site.url), FIVE_DAYS)
    assert isinstance(error, SourceThrottled)
    count = len(site.asked)
    _, error = collect(Medrxiv(client, url=site.url), FIVE_DAYS)
    assert isinstance(error, SourceThrottled)
    assert len(site.asked) == count


def test_a_refusal_is_told_in_its_words(client: PoliteClient, site: Site) -> None:
    site.answers(Reply(status=404, body=b"no such server"))
    _, error = collect(source(client, site), nap())
    assert isinstance(error, SourceUnavailable)
    assert str(error) == "127.0.0.1 answered 404: no such server"
