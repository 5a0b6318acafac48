"""OpenReview fetched venue by venue, with and without an account."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any

import pytest

from digest.core.errors import SourceMalformed, SourceThrottled, SourceUnavailable
from digest.core.fetching import FetchRequest, Page
from digest.sources import openreview
from digest.sources.http import PoliteClient
from digest.sources.openreview import OpenReview
from tests.fakes import NOON, FakeClock
from tests.sources.conftest import collect
from tests.sources.site import Reply, Request, Site

ICLR = "ICLR.cc/2026/Conference"
TMLR = "TMLR"
TOKEN = "a.token-that_nobody-keeps"
CHALLENGE = {
    "name": "ChallengeRequiredError",
    "message": "Challenge verification required (2026-09-19-36043)",
    "status": 403,
    "details": {"challengeUrl": "https://openreview.net/challenge?token=abc"},
}
ONLY_PEOPLE = "OpenReview asks for a check that only people can pass"


def ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def note(number: int, days_ago: float = 1, venue: str = ICLR, **changes: Any) -> dict[str, Any]:
    """A paper handed in half a year ago and accepted some days ago."""
    moment = ms(NOON - timedelta(days=days_ago))
    forum = f"forum{number:05d}"
    return {
        "id": forum,
        "forum": forum,
        "readers": ["everyone"],
        "cdate": ms(NOON - timedelta(days=180)),
        "pdate": moment,
        "tmdate": moment,
        "content": {
            "title": {"value": f"Learning to learn, part {number}"},
            "authors": {"value": ["Ada Lovelace"]},
            "venue": {"value": "Some Venue 2026"},
            "venueid": {"value": venue},
        },
    } | changes


@dataclass(slots=True)
class Api:
    """The API with these notes per venue, newest change first; `refusals` are given first, and
    pages of `empty_at` hold nothing so many times."""

    notes: dict[str, list[dict[str, Any]]]
    account: tuple[str, str] | None = None
    refusals: list[Reply] = field(default_factory=list)
    fails_at: dict[tuple[str, int], Reply] = field(default_factory=dict)
    empty_at: dict[tuple[str, int], int] = field(default_factory=dict)

    def answer(self, request: Request) -> Reply:
        if self.refusals:
            return self.refusals.pop(0)
        if request.path.endswith("/login"):
            return self._login(json.loads(request.body))
        if self.account and request.headers.get("authorization") != f"Bearer {TOKEN}":
            return refusal(403, CHALLENGE)
        venue, at = request.params["content.venueid"], int(request.params["offset"])
        if (venue, at) in self.fails_at:
            return self.fails_at.pop((venue, at))
        found = sorted(self.notes.get(venue, ()), key=lambda n: -n["tmdate"])
        page = found[at : at + int(request.params["limit"])]
        if self.empty_at.get((venue, at)):
            self.empty_at[venue, at] -= 1
            page = []
        return Reply(body=json.dumps({"notes": page, "count": len(found)}).encode())

    def _login(self, given: dict[str, str]) -> Reply:
        if (given["id"], given["password"]) != self.account:
            return refusal(400, {"name": "Error", "message": "Invalid username or password"})
        return Reply(body=json.dumps({"token": TOKEN, "user": {}}).encode())


def refusal(status: int, error: dict[str, Any]) -> Reply:
    return Reply(status=status, body=json.dumps(error).encode())


MakeApi = Callable[..., Api]


@pytest.fixture
def make_api(site: Site, monkeypatch: pytest.MonkeyPatch) -> MakeApi:
    monkeypatch.setattr(openreview, "_LIMIT", 10)

    def make(*notes: dict[str, Any], **how: Any) -> Api:
        by_venue: dict[str, list[dict[str, Any]]] = {}
        for one in notes:
            by_venue.setdefault(one["content"]["venueid"]["value"], []).append(one)
        api = Api(by_venue, **how)
        site.answering = api.answer
        return api

    return make


def source(client: PoliteClient, site: Site, *venues: str, **options: Any) -> OpenReview:
    chosen = venues or (ICLR,)
    return OpenReview(client, url=site.url, venues=chosen, interval_seconds=0, **options)


def logged_in(client: PoliteClient, site: Site, *venues: str, **options: Any) -> OpenReview:
    options = {"username": "ada@lab.example", "password": "s3cret-word"} | options
    return source(client, site, *venues, **options)


def run(**cursor: Any) -> FetchRequest:
    return FetchRequest(now=NOON, cursor=cursor)


def numbers(pages: list[Page]) -> list[int]:
    records = chain.from_iterable(page.records for page in pages)
    return [int(record.ids[0].value[-5:]) for record in records]


def asked(site: Site) -> list[tuple[str, str]]:
    return [(r.params["content.venueid"], r.params["offset"]) for r in site.asked if r.params]


# --- what is asked --------------------------------------------------------------------------------


def test_the_list_of_a_venue_is_asked_for_last_changed_first(
    client: PoliteClient, site: Site
) -> None:
    site.answers(Reply(body=b'{"notes":[],"count":0}'))
    list(source(client, site).fetch(run()))
    (request,) = site.asked
    assert (request.method, request.path) == ("GET", "/feed/notes")
    assert request.params == {
        "content.venueid": ICLR,
        "limit": "1000",
        "offset": "0",
        "sort": "tmdate:desc",
    }


def test_a_paper_accepted_now_is_new_whenever_it_was_handed_in(
    client: PoliteClient, site: Site, make_api: MakeApi
) -> None:
    make_api(note(1, 1), note(2, 29), note(3, 31))
    (page,) = source(client, site).fetch(run())
    assert numbers([page]) == [1, 2]
    assert page.cursor == {"read_to": {ICLR: "2026-03-20"}}


@pytest.mark.parametrize("known", [{}, {"read_to": {ICLR: "2026-03-18"}}])
def test_an_accepted_paper_without_a_day_of_publication_is_not_dropped_as_old(
    client: PoliteClient, site: Site, make_api: MakeApi, known: dict[str, Any]
) -> None:
    make_api(note(1, 2, pdate=None), note(2, 40, pdate=None))
    (page,) = source(client, site).fetch(run(**known))
    (record,) = page.records
    assert numbers([page]) == [1]
    assert record.appeared_at == NOON - timedelta(days=2)
    assert record.published_at == NOON - timedelta(days=180)


def test_a_change_in_the_future_does_not_date_a_paper_there(
    client: PoliteClient, site: Site, make_api: MakeApi
) -> None:
    make_api(note(1, -1, pdate=None))
    (page,) = source(client, site).fetch(run())
    assert page.records[0].appeared_at == NOON


def test_of_chosen_days_a_paper_without_a_day_of_publication_has_that_of_writing(
    client: PoliteClient, site: Site, make_api: MakeApi
) -> None:
    make_api(note(1, 2, pdate=None))
    written = NOON.date() - timedelta(days=180)
    (page,) = source(client, site).fetch(FetchRequest(now=NOON, since=written, until=written))
    assert page.records[0].appeared_at == NOON - timedelta(days=180)


def test_all_pages_are_read_and_how_far_is_told(
    client: PoliteClient, site: Site, make_api: MakeApi
) -> None:
    make_api(*(note(n, 1 + n / 10) for n in range(25)))
    pages = list(source(client, site).fetch(run()))
    assert numbers(pages) == list(range(25))
    assert [page.done for page in pages] == [0.4, 0.8, 1.0]
    assert asked(site) == [(ICLR, "0"), (ICLR, "10"), (ICLR, "20")]


def test_later_runs_stop_where_nothing_changed_since_the_last_one(
    client: PoliteClient, site: Site, make_api: MakeApi
) -> None:
    make_api(*(note(n, n) for n in range(25)))
    pages = list(source(client, site).fetch(run(read_to={ICLR: "2026-03-17"})))
    assert numbers(pages) == [0, 1, 2, 3, 4]
    assert asked(site) == [(ICLR, "0")]
    assert pages[-1].cursor == {"read_to": {ICLR: "2026-03-20"}}


def test_a_list_that_is_not_in_order_is_read_to_its_end(client: PoliteClient, site: Site) -> None:
    notes = [note(n, 24 - n) for n in range(25)]

    def answer(request: Request) -> Reply:
        at = int(request.params["offset"])
        return Reply(body=json.dumps({"notes": notes[at : at + 10], "count": 25}).encode())

    site.answering = answer
    pages = list(source(client, site).fetch(run(read_to={ICLR: "2026-03-17"})))
    assert numbers(pages) == [20, 21, 22, 23, 24]


def test_a_venue_added_later_begins_like_a_first_run(
    client: PoliteClient, site: Site, make_api: MakeApi
) -> None:
    make_api(note(1, 20), note(2, 20, TMLR))
    pages = list(source(client, site, ICLR, TMLR).fetch(run(read_to={ICLR: "2026-03-19"})))
    assert numbers(pages) == [2]
    assert pages[-1].cursor == {"read_to": {ICLR: "2026-03-20", TMLR: "2026-03-20"}}


def test_after_an_absence_all_of_it_is_read(
    client: PoliteClient, site: Site, make_api: MakeApi
) -> None:
    make_api(note(1, 60), note(2, 70))
    pages = list(source(client, site).fetch(run(read_to={ICLR: "2026-01-15"})))
    assert numbers(pages) == [1]


def test_what_is_not_of_the_venue_or_was_turned_down_does_not_appear(
    client: PoliteClient, site: Site
) -> None:
    notes = [
        note(1),
        note(2, venue=TMLR),
        note(3, venue=f"{ICLR}/Rejected_Submission"),
        note(4, venue=f"{ICLR}/Withdrawn_Submission"),
    ]
    site.answers(Reply(body=json.dumps({"notes": notes, "count": 4}).encode()))
    assert numbers(list(source(client, site).fetch(run()))) == [1]
    (page,) = source(client, site, f"{ICLR}/Rejected_Submission").fetch(run())
    assert page.records == ()


def test_chosen_days_are_read_from_the_whole_list(
    client: PoliteClient, site: Site, make_api: MakeApi
) -> None:
    make_api(*(note(n, n) for n in range(25)))
    request = FetchRequest(
        now=NOON,
        since=date(2026, 3, 1),
        until=date(2026, 3, 3),
        cursor={"read_to": {ICLR: "2026-03-19"}},
    )
    pages = list(source(client, site).fetch(request))
    assert numbers(pages) == [17, 18, 19]
    assert len(pages) == 3
    assert pages[-1].cursor == {"read_to": {ICLR: "2026-03-19"}}


def test_days_to_come_are_not_asked_for(client: PoliteClient, site: Site) -> None:
    (page,) = source(client, site).fetch(FetchRequest(now=NOON, since=date(2026, 4, 1)))
    assert (site.asked, page.note) == ([], "these days are still to come")


# --- breaking off ---------------------------------------------------------------------------------


def test_a_run_that_broke_off_goes_on_in_its_venue(
    client: PoliteClient, site: Site, make_api: MakeApi
) -> None:
    api = make_api(note(90, venue=TMLR), *(note(n, 1 + n / 10) for n in range(25)))
    api.fails_at = {(ICLR, 10): Reply(status=429)}
    pages, error = collect(source(client, site, TMLR, ICLR), run())
    assert isinstance(error, SourceThrottled)
    cursor = pages[-1].cursor
    assert cursor == {
        "read_to": {TMLR: "2026-03-20"},
        "days": ["2026-02-18", "2026-03-20"],
        "list": ICLR,
        "at": 10,
    }


def test_what_is_left_is_read_from_where_it_broke_off(
    client: PoliteClient, site: Site, make_api: MakeApi
) -> None:
    make_api(*(note(n, 1 + n / 10) for n in range(25)))
    place = {"days": ["2026-02-18", "2026-03-20"], "list": ICLR, "at": 10}
    pages = list(source(client, site, TMLR, ICLR).fetch(run(read_to={TMLR: "2026-03-20"}, **place)))
    assert asked(site) == [(ICLR, "10"), (ICLR, "20")]
    assert numbers(pages) == list(range(10, 25))
    assert pages[-1].cursor == {"read_to": {TMLR: "2026-03-20", ICLR: "2026-03-20"}}


def test_a_fetch_of_chosen_days_keeps_a_place_of_its_own(
    client: PoliteClient, site: Site, make_api: MakeApi
) -> None:
    api = make_api(*(note(n, n) for n in range(25)))
    api.fails_at = {(ICLR, 20): Reply(status=404)}
    days = {"now": NOON, "since": date(2026, 2, 1), "until": date(2026, 3, 20)}
    kept = {"read_to": {ICLR: "2026-03-19"}}
    pages, error = collect(source(client, site), FetchRequest(**days, cursor=kept))
    assert error is not None
    cursor = pages[-1].cursor
    assert cursor["read_to"] == kept["read_to"]
    assert cursor["backfill"]["at"] == 20
    pages += source(client, site).fetch(FetchRequest(**days, cursor=cursor))
    assert numbers(pages) == list(range(25))
    assert pages[-1].cursor == kept


@pytest.mark.parametrize("at", [0, 10])
def test_an_empty_page_in_the_middle_does_not_end_a_venue_and_lose_the_rest(
    client: PoliteClient, site: Site, make_api: MakeApi, at: int
) -> None:
    api = make_api(*(note(n, 1 + n / 10) for n in range(25)), empty_at={(ICLR, at): 2})
    pages, error = collect(source(client, site), run())
    assert isinstance(error, SourceMalformed)
    assert str(error) == (
        f"OpenReview gave nothing after {at} of 25 notes of {ICLR}; the rest is asked for next time"
    )
    cursor = pages[-1].cursor if pages else {}
    assert "read_to" not in cursor or ICLR not in cursor["read_to"]
    assert api.empty_at == {(ICLR, at): 0}
    pages += source(client, site).fetch(run(**cursor))
    assert numbers(pages) == list(range(25))


def test_an_empty_page_that_is_a_passing_fault_is_asked_for_again(
    client: PoliteClient, site: Site, make_api: MakeApi
) -> None:
    make_api(*(note(n, 1 + n / 10) for n in range(25)), empty_at={(ICLR, 20): 1})
    assert numbers(list(source(client, site).fetch(run()))) == list(range(25))


@pytest.mark.parametrize(
    "cursor",
    [
        {"read_to": "2026-03-19"},
        {"read_to": {ICLR: 5, "gone": "2020-01-01"}},
        {"days": ["x"], "list": ICLR, "at": 1},
        {"days": ["2026-03-01", "2026-03-20"], "list": "gone", "at": 1},
    ],
)
def test_a_cursor_that_cannot_be_read_starts_anew(
    client: PoliteClient, site: Site, make_api: MakeApi, cursor: dict[str, Any]
) -> None:
    make_api(note(1), note(2, 29))
    pages = list(source(client, site).fetch(run(**cursor)))
    assert asked(site) == [(ICLR, "0")]
    assert numbers(pages) == [1, 2]


@pytest.mark.parametrize("one", [note(1), note(1, venue="X/Rejected_Submission"), {}])
def test_the_same_page_again_and_again_ends_the_run(
    client: PoliteClient, site: Site, one: dict[str, Any]
) -> None:
    site.answers(Reply(body=json.dumps({"notes": [one], "count": 10**8}).encode()))
    _, error = collect(source(client, site), run())
    assert "does not come to an end" in str(error)
    assert len(site.asked) == 2


def test_without_a_count_a_short_page_is_the_last(
    client: PoliteClient, site: Site, make_api: MakeApi
) -> None:
    site.answers(Reply(body=json.dumps({"notes": [note(1)]}).encode()))
    assert numbers(list(source(client, site).fetch(run()))) == [1]
    assert len(site.asked) == 1


# --- what the operator is told --------------------------------------------------------------------


def test_without_venues_the_operator_is_told_where_to_name_them(
    client: PoliteClient, site: Site
) -> None:
    _, error = collect(OpenReview(client, url=site.url, venues=(" ",)), run())
    assert isinstance(error, SourceUnavailable)
    assert "set sources.openreview.venues" in str(error)
    assert site.asked == []


def test_a_venue_that_lists_nothing_is_named(
    client: PoliteClient, site: Site, make_api: MakeApi
) -> None:
    make_api(note(1))
    pages = list(source(client, site, "ICLR.cc/2062/Conference", ICLR).fetch(run()))
    assert pages[-1].note == (
        "OpenReview lists nothing for ICLR.cc/2062/Conference: is that the venue's id?"
    )


def test_nothing_new_is_said_so_that_it_is_no_suspicious_silence(
    client: PoliteClient, site: Site, make_api: MakeApi
) -> None:
    make_api(note(1, 100))
    (page,) = source(client, site).fetch(run())
    assert page.note == "nothing was published from 2026-02-18 to 2026-03-20"


# --- logging in -----------------------------------------------------------------------------------


def test_a_login_is_made_once_a_run_and_its_token_sent_with_each_request(
    client: PoliteClient, site: Site, make_api: MakeApi
) -> None:
    make_api(*(note(n, 1 + n / 10) for n in range(25)), account=("ada@lab.example", "s3cret-word"))
    openreview_source = logged_in(client, site)
    pages = list(openreview_source.fetch(run()))
    assert numbers(pages) == list(range(25))
    assert [r.path for r in site.asked] == ["/feed/login"] + ["/feed/notes"] * 3
    login = site.asked[0]
    assert login.method == "POST"
    assert json.loads(login.body) == {"id": "ada@lab.example", "password": "s3cret-word"}
    assert TOKEN not in json.dumps([dict(page.cursor) for page in pages])
    assert TOKEN not in str(vars(openreview_source))


def test_a_check_for_people_is_reported_with_what_to_do_and_left_alone(
    client: PoliteClient, site: Site
) -> None:
    site.answers(refusal(403, CHALLENGE))
    pages, error = collect(source(client, site), run())
    assert pages == []
    assert isinstance(error, SourceUnavailable)
    assert str(error) == f"{ONLY_PEOPLE}: set sources.openreview.username and password"
    assert len(site.asked) == 1


def test_a_check_for_people_in_spite_of_a_login_is_reported(
    client: PoliteClient, site: Site, make_api: MakeApi
) -> None:
    api = make_api(account=("ada@lab.example", "s3cret-word"))
    api.fails_at = {(ICLR, 0): refusal(403, CHALLENGE)}
    _, error = collect(logged_in(client, site), run())
    assert str(error) == f"{ONLY_PEOPLE}, even when logged in"


def test_a_check_for_people_at_the_login_is_not_reported_as_a_wrong_password(
    client: PoliteClient, site: Site
) -> None:
    site.answers(refusal(403, CHALLENGE))
    _, error = collect(logged_in(client, site), run())
    assert isinstance(error, SourceUnavailable)
    assert str(error) == f"{ONLY_PEOPLE}, even to log in"
    assert [request.path for request in site.asked] == ["/feed/login"]


def test_the_page_of_the_check_is_no_empty_list(client: PoliteClient, site: Site) -> None:
    site.answers(Reply(body=b"<!DOCTYPE html><title>Verifying your browser</title>"))
    _, error = collect(source(client, site), run())
    assert isinstance(error, SourceMalformed)
    assert str(error).endswith(
        "perhaps a robot check; set sources.openreview.username and password"
    )
    assert len(site.asked) == 1


def test_a_login_that_is_refused_is_told_without_its_secrets(
    client: PoliteClient, site: Site, make_api: MakeApi
) -> None:
    make_api(account=("ada@lab.example", "another"))
    _, error = collect(logged_in(client, site), run())
    assert isinstance(error, SourceUnavailable)
    assert str(error) == (
        "OpenReview refused the login (Error: Invalid username or password): "
        "check sources.openreview.username and password"
    )
    assert len(site.asked) == 1


def test_a_refusal_that_repeats_the_secrets_does_not_get_them_told(
    client: PoliteClient, site: Site
) -> None:
    site.answers(refusal(401, {"message": "no ada@lab.example with s3cret-word"}))
    _, error = collect(logged_in(client, site), run())
    assert "no … with …" in str(error)


@pytest.mark.parametrize("answer", [{}, {"token": None}, {"token": "two\nlines"}, {"token": "ü"}])
def test_a_login_without_a_token_says_what_may_be_the_matter(
    client: PoliteClient, site: Site, answer: dict[str, Any]
) -> None:
    site.answers(Reply(body=json.dumps(answer).encode()))
    _, error = collect(logged_in(client, site), run())
    assert "use an account without a second factor" in str(error)


@pytest.mark.parametrize("half", [{"username": ""}, {"password": ""}])
def test_half_a_login_is_not_sent(client: PoliteClient, site: Site, half: dict[str, str]) -> None:
    _, error = collect(logged_in(client, site, **half), run())
    assert "set sources.openreview.username and password" in str(error)
    assert site.asked == []


def test_another_refusal_is_told_in_its_words(client: PoliteClient, site: Site) -> None:
    error_body = {"name": "ValidationError", "message": "limit must be <= 1000"}
    site.answers(refusal(400, error_body))
    _, error = collect(source(client, site), run())
    assert str(error) == "OpenReview answered 400: ValidationError: limit must be <= 1000"
    site.answers(Reply(status=401, body=b"who?"))
    _, error = collect(source(client, site), run())
    assert str(error) == "127.0.0.1 answered 401: who?"


def test_requests_are_no_more_than_500_an_hour_as_the_configuration_says(
    client: PoliteClient, site: Site, make_api: MakeApi, clock: FakeClock
) -> None:
    make_api(*(note(n, 1 + n / 10) for n in range(25)))
    list(OpenReview(client, url=site.url, venues=(ICLR,)).fetch(run()))
    assert [round(3600 / nap) for nap in clock.naps] == [500, 500]


def test_a_run_stops_at_its_most_requests_and_the_next_one_goes_on(
    client: PoliteClient, site: Site, make_api: MakeApi
) -> None:
    make_api(*(note(n, 1 + n / 10) for n in range(25)), note(90, venue=TMLR))
    capped = source(client, site, ICLR, TMLR, requests_per_run=3)
    pages = list(capped.fetch(run()))
    assert asked(site) == [(ICLR, "0"), (ICLR, "10"), (ICLR, "20")]
    assert pages[-1].note == "stopped after 3 requests; the rest is read next time"
    pages += capped.fetch(run(**pages[-1].cursor))
    assert numbers(pages) == [*range(25), 90]
    assert pages[-1].cursor == {"read_to": {ICLR: "2026-03-20", TMLR: "2026-03-20"}}


def test_chosen_days_that_take_more_requests_are_told_to_be_unfinished(
    client: PoliteClient, site: Site, make_api: MakeApi
) -> None:
    make_api(*(note(n, 1 + n / 10) for n in range(25)))
    capped = source(client, site, requests_per_run=2)
    days = {"now": NOON, "since": date(2026, 2, 1), "until": date(2026, 3, 20)}
    pages, error = collect(capped, FetchRequest(**days))
    assert isinstance(error, SourceUnavailable)
    assert "fetch the same dates again to go on" in str(error)
    pages += capped.fetch(FetchRequest(**days, cursor=pages[-1].cursor))
    assert numbers(pages) == list(range(25))
