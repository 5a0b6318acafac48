"""Questions with a body, headers that hold secrets, and hosts that do not answer."""

import json
from datetime import timedelta

import pytest

from digest.core.errors import SourceThrottled, SourceUnavailable
from digest.core.pacing import turn_at
from digest.sources.body import Expect
from digest.sources.etiquette import ARXIV_BLOCKED_S, Pace, arxiv_pace, failure_pause_s
from digest.sources.http import PoliteClient
from tests.fakes import NOON, FakeClock, MemoryPaces
from tests.sources.conftest import MakeClient
from tests.sources.site import Reply, Site

PACE = Pace(name="site", interval_s=0.0)
JSON = {"Content-Type": "application/json"}
OK = Reply(body=b"[]", headers=JSON)
DOWN = Reply(status=500, body=b"oops")
SECRET = {"Authorization": "Bearer s3cret"}


def get(client: PoliteClient, url: str, pace: Pace = PACE, **options: object) -> bytes:
    asked = {"accept": "application/json", "expect": Expect.JSON} | options
    return client.get(url, pace=pace, **asked).body  # type: ignore[call-overload, no-any-return]


# --- questions


def test_a_body_is_sent_as_json_and_answered_in_json(site: Site, client: PoliteClient) -> None:
    site.answers(OK)
    asked = client.post(site.url, body={"ids": ["é"]}, params={"fields": "title"}, pace=PACE)
    assert asked.body == b"[]"
    (request,) = site.asked
    assert (request.method, request.params) == ("POST", {"fields": "title"})
    assert json.loads(request.body) == {"ids": ["é"]}
    assert request.headers["content-type"] == "application/json"


def test_a_form_is_sent_as_a_browser_would(site: Site, client: PoliteClient) -> None:
    site.answers(OK)
    client.post(site.url, form={"grant_type": "a b"}, pace=PACE, headers=SECRET)
    (request,) = site.asked
    assert request.body == b"grant_type=a+b"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["authorization"] == "Bearer s3cret"


def test_a_question_waits_and_is_asked_again_like_any_other(
    site: Site, client: PoliteClient, clock: FakeClock
) -> None:
    site.answers(Reply(status=429, headers={"Retry-After": "7"}), DOWN, OK)
    assert client.post(site.url, body={}, pace=PACE).body == b"[]"
    assert clock.naps == [7.0, 2.0]
    assert [request.body for request in site.asked] == [b"{}"] * 3


def test_a_question_is_not_carried_elsewhere(site: Site, client: PoliteClient) -> None:
    site.answers(Reply(status=307, headers={"Location": "/other"}), OK)
    with pytest.raises(SourceUnavailable, match="moved what was asked for elsewhere"):
        client.post(site.url, body={"password": "s3cret"}, pace=PACE)
    assert len(site.asked) == 1


def test_a_secret_is_for_the_host_alone_that_it_was_given_for(
    site: Site, public_client: PoliteClient
) -> None:
    moved = Reply(status=302, headers={"Location": "https://mirror.example/feed"})
    site.answers(moved, OK)
    get(public_client, "https://public.example/feed", headers=SECRET)
    first, second = site.asked
    assert first.headers["authorization"] == "Bearer s3cret"
    assert "authorization" not in second.headers


@pytest.mark.parametrize(
    "location", ["https://public.example:8443/feed", "https://public.example:444/"]
)
def test_another_port_of_the_host_is_somebody_else(
    site: Site, public_client: PoliteClient, location: str
) -> None:
    site.answers(Reply(status=302, headers={"Location": location}), OK)
    get(public_client, "https://public.example/feed", headers=SECRET)
    assert "authorization" not in site.asked[1].headers


@pytest.mark.parametrize("key", ["s3cret\n", "s3cr\u00e9t", "s3cret\r\nX: y"])
def test_a_key_that_cannot_be_sent_is_not_told(site: Site, client: PoliteClient, key: str) -> None:
    site.answers(OK)
    with pytest.raises(SourceUnavailable, match="not written as one") as caught:
        get(client, site.url, headers={"Authorization": key})
    assert "s3cr" not in str(caught.value)
    assert site.asked == []


def test_a_refusal_after_a_redirect_does_not_tell_the_key_either(
    site: Site, client: PoliteClient
) -> None:
    moved = Reply(status=302, headers={"Location": "/other"})
    site.answers(moved, Reply(status=400, body=b"no such key: s3cret"))
    with pytest.raises(SourceUnavailable) as caught:
        get(client, site.url, params={"api_key": "s3cret"})
    assert "answered 400: no such key: …" in str(caught.value)


# --- limits as GitHub, OpenAlex and Reddit tell them


@pytest.mark.parametrize(
    ("status", "headers", "pause_s"),
    [
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(NOON.timestamp() + 90)}, 90),
        (429, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "3600"}, 3600),
        (429, {"X-RateLimit-Remaining": "0.0", "X-RateLimit-Reset": "45"}, 45),
        (403, {"Retry-After": "60"}, 60),
        (429, {"X-RateLimit-Remaining": "5", "X-RateLimit-Reset": "3600"}, 30),
        (429, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "soon"}, 30),
    ],
)
def test_a_limit_is_kept_until_it_is_reset(
    site: Site, client: PoliteClient, status: int, headers: dict[str, str], pause_s: float
) -> None:
    site.answers(Reply(status=status, headers=headers))
    with pytest.raises(SourceThrottled) as caught:
        get(client, site.url)
    assert caught.value.retry_after_s == pause_s
    assert len(site.asked) == 1


def test_a_pause_of_one_service_leaves_the_others_of_its_group_alone(
    site: Site, client: PoliteClient, clock: FakeClock
) -> None:
    site.answers(Reply(status=429, headers={"Retry-After": "600"}), OK)
    with pytest.raises(SourceThrottled):
        get(client, site.url, arxiv_pace("export.arxiv.org", 3.0))
    assert get(client, site.url, arxiv_pace("rss.arxiv.org", 3.0)) == b"[]"
    assert clock.naps == [3.0]
    with pytest.raises(SourceThrottled):
        get(client, site.url, arxiv_pace("export.arxiv.org", 3.0))


# --- hosts that do not answer


def fail(client: PoliteClient, url: str, pace: Pace = PACE) -> SourceUnavailable:
    with pytest.raises(SourceUnavailable) as caught:
        get(client, url, pace)
    return caught.value


def test_a_host_that_failed_three_times_in_a_row_rests(
    site: Site, make_client: MakeClient, clock: FakeClock, paces: MemoryPaces
) -> None:
    site.answers(DOWN)
    errors = [fail(make_client(), site.url) for _ in range(3)]
    assert [error.retry_after_s for error in errors] == [0, 0, 300]
    assert "3 times in a row; not asked again for 5 min" in str(errors[2])
    asked = len(site.asked)
    clock.advance(100)
    again = fail(make_client(), site.url)
    assert not isinstance(again, SourceThrottled)
    assert again.retry_after_s == 200
    assert len(site.asked) == asked


def test_after_its_rest_one_request_tells_how_a_host_is(
    site: Site, client: PoliteClient, clock: FakeClock, paces: MemoryPaces
) -> None:
    site.answers(DOWN)
    for _ in range(3):
        fail(client, site.url)
    asked = len(site.asked)
    clock.advance(300)
    assert fail(client, site.url).retry_after_s == 600
    assert len(site.asked) == asked + 1
    clock.advance(600)
    site.answers(OK)
    assert get(client, site.url) == b"[]"
    assert paces.standing("site").failed_in_a_row == 0
    assert paces.standing("site").paused_until is None


def test_an_answer_between_two_failures_ends_the_row(
    site: Site, client: PoliteClient, paces: MemoryPaces
) -> None:
    for _ in range(4):
        site.answers(DOWN)
        assert fail(client, site.url).retry_after_s == 0
        site.answers(Reply(status=404))
        fail(client, site.url)
    assert paces.standing("site").failed_in_a_row == 0


def test_rests_grow_to_an_hour_and_no_further() -> None:
    rests = [failure_pause_s(row, 0.0) for row in range(1, 9)]
    assert rests == [0, 0, 300, 600, 1200, 2400, 3600, 3600]
    assert failure_pause_s(3, 0.999) <= 375
    assert failure_pause_s(10_000, 0.999) == 3600


def test_a_host_that_blocks_us_is_left_alone_where_that_follows_abuse(
    site: Site, client: PoliteClient, clock: FakeClock
) -> None:
    site.answers(Reply(status=403, body=b"Forbidden"))
    pace = arxiv_pace("export.arxiv.org", 0.0)
    assert fail(client, site.url, pace).retry_after_s == ARXIV_BLOCKED_S
    clock.advance(3600)
    assert "answered 403: Forbidden; not asked again for 5 h" in str(fail(client, site.url, pace))
    assert len(site.asked) == 1
    assert fail(client, site.url).retry_after_s == 0  # elsewhere a key may be wrong
    assert len(site.asked) == 2


# --- turns


def test_a_turn_is_now_or_when_the_last_one_said() -> None:
    second = timedelta(seconds=1)
    assert turn_at(None, NOON, second) == NOON
    assert turn_at(NOON - second, NOON, second) == NOON
    assert turn_at(NOON + 5 * second, NOON, second) == NOON + 5 * second


def test_a_turn_kept_by_a_clock_that_was_ahead_is_the_next_one() -> None:
    second = timedelta(seconds=1)
    assert turn_at(NOON + timedelta(days=9), NOON, second) == NOON + second
