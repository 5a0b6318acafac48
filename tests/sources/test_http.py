import gzip
import socket
import zlib
from datetime import timedelta

import httpx
import pytest

from digest.core.errors import SourceMalformed, SourceThrottled, SourceUnavailable
from digest.core.pacing import Validators
from digest.sources.answers import Answer, Unchanged
from digest.sources.body import Expect
from digest.sources.etiquette import Pace
from digest.sources.http import PoliteClient
from tests.fakes import NOON, FakeClock, MemoryPaces
from tests.sources.conftest import MakeClient
from tests.sources.site import Reply, Site

PACE = Pace(name="site", interval_s=3.0)
JSON = {"Content-Type": "application/json"}
OK = Reply(body=b"[]", headers=JSON)
PAGE = b"<!-- hi -->\n<!DOCTYPE html><html><body>Please verify you are human</body></html>"


def get(client: PoliteClient, url: str, **options: object) -> Answer:
    asked = {"pace": PACE, "accept": "application/json", "expect": Expect.JSON} | options
    answer = client.get(url, **asked)  # type: ignore[call-overload]
    assert isinstance(answer, Answer)
    return answer


def test_an_answer_is_given_as_bytes_and_asked_for_by_name(
    site: Site, client: PoliteClient
) -> None:
    site.answers(Reply(body='["é"]'.encode(), headers=JSON))
    answer = get(client, site.url, params={"date": "2026-03-20", "limit": 100})
    assert (answer.status, answer.body) == (200, b'["\xc3\xa9"]')
    assert site.asked[0].params == {"date": "2026-03-20", "limit": "100"}
    assert site.asked[0].headers["user-agent"].startswith("digest/1.0 (+https://digest.example")
    assert site.asked[0].headers["accept"] == "application/json"


# --- pace


def test_the_interval_is_kept_between_requests_and_across_clients(
    site: Site, make_client: MakeClient, clock: FakeClock
) -> None:
    site.answers(OK)
    get(make_client(), site.url)
    clock.advance(1)
    get(make_client(), site.url)
    assert clock.naps == [2.0]


def test_groups_of_hosts_do_not_wait_for_each_other(
    site: Site, client: PoliteClient, clock: FakeClock
) -> None:
    site.answers(OK)
    get(client, site.url)
    get(client, site.url, pace=Pace(name="other", interval_s=3.0))
    assert clock.naps == []


def test_a_clock_that_was_put_back_waits_no_longer_than_the_interval(
    site: Site, client: PoliteClient, clock: FakeClock, paces: MemoryPaces
) -> None:
    site.answers(OK)
    paces.save_next_request("site", NOON + timedelta(days=200))
    get(client, site.url)
    assert clock.naps == [3.0]


# --- throttling


def throttled(status: int = 429, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, body=b"Rate exceeded.", headers=named)


def test_a_short_pause_is_waited_out_in_place_and_forgotten_after_a_success(
    site: Site, client: PoliteClient, clock: FakeClock, paces: MemoryPaces
) -> None:
    site.answers(throttled(Retry_After="7"), throttled(Retry_After="7"), OK)
    assert get(client, site.url).body == b"[]"
    assert clock.naps == [7.0, 7.0]
    assert paces.standing("site").throttled_in_a_row == 0
    assert paces.standing("site").paused_until is None


def test_a_short_pause_is_waited_out_three_times_at_most(
    site: Site, client: PoliteClient, clock: FakeClock, paces: MemoryPaces
) -> None:
    site.answers(throttled(Retry_After="5"))
    with pytest.raises(SourceThrottled) as caught:
        get(client, site.url)
    assert clock.naps == [5.0, 5.0, 5.0]
    assert len(site.asked) == 4
    assert caught.value.retry_after_s == 240  # the host's 5 s have not helped
    assert paces.standing("site").throttled_in_a_row == 4


@pytest.mark.parametrize(
    ("reply", "pause_s"),
    [
        (throttled(Retry_After="600"), 600),
        (throttled(status=503, Retry_After="Fri, 20 Mar 2026 12:10:00 GMT"), 600),
        (throttled(status=406, Retry_After="31"), 31),
        (throttled(RateLimit='"api";r=0;t=123'), 123),
        (throttled(RateLimit='"pages";r=7;t=9, "api";r=0;t=45'), 45),
        (throttled(status=403, X_RateLimit_Remaining="0", Retry_After="90"), 90),
        (throttled(Retry_After="99999999999"), 24 * 3600),
    ],
)
def test_a_long_pause_is_kept_and_reported_at_once(
    site: Site,
    client: PoliteClient,
    clock: FakeClock,
    paces: MemoryPaces,
    reply: Reply,
    pause_s: float,
) -> None:
    site.answers(reply)
    with pytest.raises(SourceThrottled, match=r"127\.0\.0\.1 asked us to wait") as caught:
        get(client, site.url)
    assert caught.value.retry_after_s == pause_s
    assert paces.standing("site").paused_until == NOON + timedelta(seconds=pause_s)
    assert len(site.asked) == 1
    assert clock.naps == []


def test_without_a_hint_each_throttling_in_a_row_doubles_the_pause(
    site: Site, client: PoliteClient, clock: FakeClock
) -> None:
    site.answers(throttled())
    pauses = []
    for _ in range(12):
        with pytest.raises(SourceThrottled) as caught:
            get(client, site.url)
        pauses.append(caught.value.retry_after_s)
        clock.advance(caught.value.retry_after_s)
    assert pauses[:4] == [30, 60, 120, 240]
    assert pauses[-1] == 6 * 3600


def test_a_pause_holds_for_another_client_without_asking(
    site: Site, make_client: MakeClient, clock: FakeClock
) -> None:
    site.answers(throttled(Retry_After="600"), OK)
    with pytest.raises(SourceThrottled):
        get(make_client(), site.url)
    clock.advance(200)
    with pytest.raises(SourceThrottled, match="not asked again for 7 min") as caught:
        get(make_client(), site.url)
    assert caught.value.retry_after_s == 400
    assert len(site.asked) == 1
    clock.advance(400)
    assert get(make_client(), site.url).body == b"[]"


def test_a_pause_kept_by_a_clock_that_was_months_ahead_does_not_hold(
    site: Site, client: PoliteClient, paces: MemoryPaces
) -> None:
    site.answers(OK)
    paces.save_pause("site", until=NOON + timedelta(days=200), reason="", throttled_in_a_row=1)
    assert get(client, site.url).body == b"[]"
    assert paces.standing("site").paused_until is None


# --- faults


def test_passing_faults_are_tried_twice_more_with_growing_waits(
    site: Site, client: PoliteClient, clock: FakeClock
) -> None:
    site.answers(Reply(status=502), Reply(hang_up=True), OK)
    assert get(client, site.url, pace=Pace(name="site", interval_s=0.0)).body == b"[]"
    assert clock.naps == [2.0, 4.0]


def test_a_host_that_stays_at_fault_is_unavailable(site: Site, client: PoliteClient) -> None:
    site.answers(Reply(status=500, body=b"oops"))
    with pytest.raises(SourceUnavailable, match=r"answered 500.*tried 3 times"):
        get(client, site.url)
    assert len(site.asked) == 3


def test_a_host_that_cannot_be_reached_is_unavailable(client: PoliteClient) -> None:
    with pytest.raises(SourceUnavailable, match="cannot be reached"):
        get(client, "http://127.0.0.1:9/feed?token=s3cret-token")


def test_a_host_that_does_not_answer_in_time_is_unavailable(make_client: MakeClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = make_client(read_s=0.05)
        with pytest.raises(SourceUnavailable, match="did not answer in time"):
            get(client, f"http://127.0.0.1:{silent.getsockname()[1]}/")


@pytest.mark.parametrize(
    "cut",
    [
        Reply(body=b"[1, 2", headers=JSON, claimed_bytes=100),
        Reply(body=gzip.compress(b"[]" * 500)[:-9], headers=JSON | {"Content-Encoding": "gzip"}),
    ],
)
def test_a_body_that_breaks_off_is_fetched_again(
    site: Site, client: PoliteClient, cut: Reply
) -> None:
    site.answers(cut, OK)
    assert get(client, site.url).body == b"[]"
    site.answers(cut)
    with pytest.raises(SourceUnavailable, match="broke off in the middle"):
        get(client, site.url)


def test_a_body_that_never_ends_is_given_up(site: Site, make_client: MakeClient) -> None:
    site.answers(OK)
    with pytest.raises(SourceUnavailable, match="took too long"):
        get(make_client(total_s=-1.0), site.url)


def test_a_refusal_is_told_with_its_words_but_without_secrets(
    site: Site, client: PoliteClient
) -> None:
    body = b"<html><head><title>No</title></head><body>bad key s3cret-token at " + b"x" * 200
    site.answers(Reply(status=401, body=body))
    with pytest.raises(SourceUnavailable) as caught:
        get(client, site.url.replace("//", "//ada:passw0rd@") + "?token=s3cret-token")
    assert "127.0.0.1 answered 401: No bad key … at xxx" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert len(str(caught.value)) < 160


def test_a_refusal_that_the_caller_reads_is_no_error(site: Site, client: PoliteClient) -> None:
    site.answers(Reply(status=400, body=b"{}"))
    answer = get(client, site.url, readable=(400,))
    assert answer.status == 400
    assert "answered 400: {}" in str(answer.refusal())


def test_an_address_that_is_no_url_is_unavailable(client: PoliteClient) -> None:
    for url in ("http://[half", "ftp://127.0.0.1/x", "not an address", "http://"):
        with pytest.raises(SourceUnavailable):
            get(client, url)


# --- bodies


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body=PAGE, headers={"Content-Type": "text/html; charset=utf-8"}),
        Reply(body=PAGE, headers=JSON),
        Reply(body=b"verify", headers={"Content-Type": "text/html"}),
    ],
)
def test_a_web_page_in_place_of_data_is_malformed(
    site: Site, client: PoliteClient, reply: Reply
) -> None:
    site.answers(reply)
    with pytest.raises(SourceMalformed, match="web page instead of data, perhaps a robot check"):
        get(client, site.url)


def test_a_feed_sent_as_a_web_page_is_still_a_feed(site: Site, client: PoliteClient) -> None:
    site.answers(Reply(body=b"<?xml version='1.0'?><rss/>", headers={"Content-Type": "text/html"}))
    assert get(client, site.url, expect=Expect.FEED).body.endswith(b"<rss/>")


def test_a_body_over_the_limit_is_malformed(site: Site, client: PoliteClient) -> None:
    site.answers(Reply(body=b"[" + b" " * 3000 + b"]", headers=JSON))
    with pytest.raises(SourceMalformed, match=r"more than 0\.002 MB"):
        get(client, site.url, max_bytes=2000)


def test_a_small_body_that_unpacks_to_gigabytes_is_malformed(
    site: Site, client: PoliteClient
) -> None:
    packer = zlib.compressobj(wbits=31)
    bomb = b"".join(packer.compress(bytes(1_000_000)) for _ in range(200)) + packer.flush()
    assert len(bomb) < 250_000
    site.answers(Reply(body=bomb, headers=JSON | {"Content-Encoding": "gzip"}))
    with pytest.raises(SourceMalformed, match="more than 10 MB"):
        get(client, site.url)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(b"[1,", mtime=0) + gzip.compress(b"2]", mtime=0)),
        ("deflate", zlib.compress(b"[1,2]")),
        ("identity", b"[1,2]"),
        ("gzip", b""),
    ],
)
def test_packed_bodies_are_unpacked(
    site: Site, client: PoliteClient, encoding: str, body: bytes
) -> None:
    site.answers(Reply(body=body, headers=JSON | {"Content-Encoding": encoding}))
    assert get(client, site.url).body == (b"[1,2]" if body else b"")


@pytest.mark.parametrize("encoding", ["br", "gzip"])
def test_a_body_that_cannot_be_unpacked_is_malformed(
    site: Site, client: PoliteClient, encoding: str
) -> None:
    site.answers(Reply(body=b"not packed", headers=JSON | {"Content-Encoding": encoding}))
    with pytest.raises(SourceMalformed, match=r"encoding 'br'|cannot be unpacked"):
        get(client, site.url)


# --- redirects


def moved(location: str, status: int = 302) -> Reply:
    return Reply(status=status, headers={"Location": location})


def test_redirects_are_followed_one_by_one_at_the_hosts_pace(
    site: Site, client: PoliteClient, clock: FakeClock
) -> None:
    site.answers(moved("/b?x=1"), moved("c", 307), OK)
    answer = get(client, site.url)
    assert answer.url.endswith("/c")
    assert [request.path for request in site.asked] == ["/feed", "/b", "/c"]
    assert clock.naps == [3.0, 3.0]
    assert answer.moved_to == ""


def test_a_move_for_good_is_noted_up_to_the_first_detour(site: Site, client: PoliteClient) -> None:
    site.answers(moved("/new", 301), moved("/newer", 308), moved("/today", 302), OK)
    assert get(client, site.url).moved_to.endswith("/newer")


def test_endless_redirects_are_given_up(site: Site, client: PoliteClient) -> None:
    site.answers(moved("/again"))
    with pytest.raises(SourceUnavailable, match="redirected more than 5 times"):
        get(client, site.url)
    assert len(site.asked) == 6


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("https://inside.example/", "private network"),
        ("https://metadata.example/latest", "private network"),
        ("https://wrapped.example/", "private network"),
        ("https://127.0.0.1:6379/", "private network"),
        ("https://[::1]/", "private network"),
        ("https://unknown.example/", "cannot be found"),
        ("http://mirror.example/", "from https to http"),
        ("file:///etc/passwd", "no web address"),
        ("https://[half", "no URL"),
    ],
)
def test_a_public_host_cannot_lead_us_where_we_should_not_go(
    site: Site, public_client: PoliteClient, location: str, why: str
) -> None:
    site.answers(moved(location), OK)
    with pytest.raises(SourceUnavailable, match=why):
        get(public_client, "https://public.example/feed")
    assert len(site.asked) == 1


def test_a_public_host_may_lead_to_another_and_from_http_to_https(
    site: Site, public_client: PoliteClient
) -> None:
    site.answers(moved("https://mirror.example/", 301), OK)
    assert get(public_client, "http://public.example/feed").moved_to == "https://mirror.example/"


def test_a_configured_host_inside_may_lead_to_another_inside(
    site: Site, public_client: PoliteClient
) -> None:
    site.answers(moved("http://inside.example/"), OK)
    assert get(public_client, "http://metadata.example/").body == b"[]"


def test_cookies_hold_for_one_chain_of_redirects_only(site: Site, client: PoliteClient) -> None:
    site.answers(Reply(status=302, headers={"Location": "/b", "Set-Cookie": "a=1"}), OK)
    get(client, site.url)
    get(client, site.url)
    assert [request.headers.get("cookie") for request in site.asked] == [None, "a=1", None]


# --- conditional requests


TAGGED = {"ETag": 'W/"v1"', "Last-Modified": "Fri, 20 Mar 2026 08:00:00 GMT"}


def test_what_was_remembered_is_asked_for_only_when_it_changed(
    site: Site, client: PoliteClient, make_client: MakeClient
) -> None:
    site.answers(Reply(body=b"[]", headers=JSON | TAGGED), Reply(status=304))
    get(client, site.url, conditional=True).remember()
    again = make_client().get(
        site.url, pace=PACE, accept="*/*", expect=Expect.JSON, conditional=True
    )
    assert isinstance(again, Unchanged)
    assert site.asked[1].headers["if-none-match"] == 'W/"v1"'
    assert site.asked[1].headers["if-modified-since"] == "Fri, 20 Mar 2026 08:00:00 GMT"


def test_what_was_not_remembered_is_fetched_in_full(site: Site, client: PoliteClient) -> None:
    site.answers(Reply(body=b"[]", headers=JSON | TAGGED))
    get(client, site.url, conditional=True)
    get(client, site.url, conditional=True).remember()
    get(client, site.url)
    assert not any("if-none-match" in request.headers for request in site.asked)


def test_validators_are_kept_for_the_url_at_the_end_and_without_its_password(
    site: Site, client: PoliteClient, paces: MemoryPaces
) -> None:
    site.answers(moved("/b", 301), Reply(body=b"[]", headers=JSON | {"ETag": '"x"'}))
    url = site.url.replace("//", "//ada:passw0rd@")
    get(client, url, conditional=True).remember()
    assert paces.kept == {site.url.replace("/feed", "/b"): Validators(etag='"x"')}


def test_a_304_that_nobody_asked_for_is_a_refusal(site: Site, client: PoliteClient) -> None:
    site.answers(Reply(status=304))
    with pytest.raises(SourceUnavailable, match="answered 304"):
        get(client, site.url)


def test_a_url_that_is_gone_should_be_removed(site: Site, client: PoliteClient) -> None:
    site.answers(Reply(status=410))
    with pytest.raises(SourceUnavailable, match="remove it from the configuration"):
        get(client, site.url)


def test_a_host_that_is_known_to_be_slow_is_given_its_time(make_client: MakeClient) -> None:
    heard: list[float] = []

    def answer(request: httpx.Request) -> httpx.Response:
        heard.append(request.extensions["timeout"]["read"])
        return httpx.Response(200, stream=httpx.ByteStream(b"{}"))

    client = make_client(httpx.MockTransport(answer), read_s=20.0)
    get(client, "http://slow.example/")
    get(client, "http://slow.example/", silence_s=100.0)
    assert heard == [20.0, 100.0]
