import base64
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given

from digest import __version__
from digest.core.errors import SourceError, SourceMalformed, SourceThrottled, SourceUnavailable
from digest.core.fetching import FetchRequest, Page
from digest.core.identifiers import ARXIV, Identifier
from digest.sources.http import PoliteClient
from digest.sources.reddit import Listing, Reddit, parse_listing, parse_token
from tests.fakes import NOON, FakeClock
from tests.sources.conftest import collect
from tests.sources.mutations import mutated, mutated_json
from tests.sources.shelf import MemoryShelf, work
from tests.sources.site import Reply, Request, Site

FIXTURE = Path(__file__).parent / "fixtures" / "reddit" / "new.json"
SPARSE = "https://arxiv.org/abs/2603.10001"
HOUR = timedelta(hours=1)
SECRET = "invented-secret"
TOKEN = b'{"access_token": "abc", "token_type": "bearer", "expires_in": 86400}'


def changed(**post: Any) -> bytes:
    """The first post of the fixture alone, with some of its keys replaced."""
    answer = json.loads(FIXTURE.read_bytes())
    answer["data"]["children"] = answer["data"]["children"][:1]
    answer["data"]["children"][0]["data"] |= post
    return json.dumps(answer).encode()


# --- parsing


@pytest.fixture
def listing() -> Listing:
    return parse_listing(FIXTURE.read_bytes())


def test_a_post_has_a_score_comments_and_what_it_links_to(listing: Listing) -> None:
    post = listing.posts[0]
    assert (post.key, post.points, post.comments) == ("inv0001", 215, 37)
    assert post.created_at == datetime(2026, 3, 20, 8, tzinfo=UTC)
    assert post.mentions.ids == {Identifier(ARXIV, "2603.10001")}


def test_a_post_of_words_speaks_of_what_its_text_or_title_names(listing: Listing) -> None:
    assert listing.posts[1].mentions.repositories == {"noether/symmetry"}
    assert listing.posts[2].mentions.ids == {Identifier(ARXIV, "2603.10002")}


def test_a_list_of_papers_speaks_of_none(listing: Listing) -> None:
    assert not listing.posts[3].mentions


def test_the_votes_stand_in_for_a_score_that_is_not_told(listing: Listing) -> None:
    assert listing.posts[2].points == 3


def test_comments_are_left_out_and_the_next_page_is_named(listing: Listing) -> None:
    assert [post.key for post in listing.posts] == ["inv0001", "inv0002", "inv0003", "inv0004"]
    assert (listing.received, listing.after, listing.bad) == (5, "t3_inv0004", ())


@pytest.mark.parametrize(
    ("post", "why"),
    [
        ({"id": None}, "post 1 has no id"),
        ({"id": 3}, "post 1 has no id"),
        ({"created_utc": None}, "post 1 (inv0001) has no date"),
        ({"created_utc": "soon"}, "post 1 (inv0001) has no date"),
        ({"created_utc": 999_999_999_999}, "post 1 (inv0001) has no date"),
    ],
)
def test_a_post_that_cannot_be_read_becomes_one_line(post: dict[str, Any], why: str) -> None:
    page = parse_listing(changed(**post))
    assert (page.bad, page.posts) == ((why,), ())


@pytest.mark.parametrize("score", ["215", None, True, -3, 10**400])
def test_a_score_that_is_no_number_is_left_out(score: object) -> None:
    (post,) = parse_listing(changed(score=score, ups=score, num_comments=score)).posts
    assert (post.points, post.comments) == (None, None)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "not readable JSON"),
        (b"[]", "Reddit gave no listing$"),
        (b'{"kind": "Listing", "data": {"children": 3}}', "Reddit gave no listing$"),
        (b'{"message": "Forbidden", "error": 403}', "no listing: Forbidden 403"),
        (b'{"reason": "banned", "message": "Not Found", "error": 404}', "banned Not Found 404"),
        (b"[" * 100_000, "not readable JSON"),
    ],
)
def test_what_is_no_listing_is_malformed(body: bytes, why: str) -> None:
    with pytest.raises(SourceMalformed, match=why):
        parse_listing(body)


@given(mutated_json(json.loads(FIXTURE.read_bytes())) | mutated(FIXTURE.read_bytes()))
def test_a_damaged_listing_is_read_or_malformed(body: bytes) -> None:
    try:
        parse_listing(body)
    except SourceError:
        return


@given(mutated_json(json.loads(TOKEN)) | mutated(TOKEN))
def test_a_damaged_token_is_read_or_refused(body: bytes) -> None:
    try:
        assert parse_token(body).isprintable()
    except SourceError:
        return


# --- fetching


def post(key: str, url: str, score: int, comments: int = 0, age: timedelta = HOUR) -> Any:
    data = {
        "id": key,
        "url": url,
        "title": "An invented post",
        "score": score,
        "num_comments": comments,
        "created_utc": (NOON - age).timestamp(),
    }
    return {"kind": "t3", "data": data}


class Forum:
    """Answers a site as Reddit does: a token for the right pair, then listings a page at a time."""

    def __init__(self, site: Site, **posts: list[Any]) -> None:
        self.posts = posts
        self.size = 100
        self.faults: dict[str, Reply] = {}
        site.answering = self.reply

    def reply(self, request: Request) -> Reply:
        if request.path in self.faults:
            return self.faults[request.path]
        if request.method == "POST":
            pair = base64.b64encode(f"invented-id:{SECRET}".encode()).decode()
            assert request.path == "/token"
            assert request.headers["authorization"] == f"Basic {pair}"
            assert parse_qs(request.body.decode()) == {"grant_type": ["client_credentials"]}
            return Reply(body=b'{"access_token": "tok", "token_type": "bearer", "expires_in": 9}')
        assert request.headers["authorization"] == "Bearer tok"
        assert (request.params["limit"], request.params["raw_json"]) == ("100", "1")
        _, base, r, subreddit, kind = request.path.split("/")
        assert (base, r, kind) == ("feed", "r", "new")
        posts = sorted(self.posts[subreddit], key=lambda p: -p["data"]["created_utc"])
        start = int(request.params.get("after", "t3_0").removeprefix("t3_"))
        end = start + self.size
        after = f"t3_{end}" if end < len(posts) else None
        data = {"after": after, "children": posts[start:end]}
        return Reply(body=json.dumps({"kind": "Listing", "data": data}).encode())


SHELF = MemoryShelf(
    work(1, "2603.10001"), work(2, "2603.10002", code="https://github.com/Noether/Symmetry")
)


def source(client: PoliteClient, site: Site, **options: Any) -> Reddit:
    given: dict[str, Any] = {
        "url": site.url,
        "token_url": site.url.replace("/feed", "/token"),
        "client_id": "invented-id",
        "client_secret": SECRET,
        "interval_seconds": 0,
    }
    return Reddit(client, **(given | options))


def asked(
    client: PoliteClient, site: Site, options: Mapping[str, Any] | None = None, **request: Any
) -> tuple[list[Page], SourceError | None]:
    given: dict[str, Any] = {"now": NOON, "shelf": SHELF} | request
    return collect(source(client, site, **(options or {})), FetchRequest(**given))


def fetched(client: PoliteClient, site: Site, **request: Any) -> Page:
    pages, error = asked(client, site, **request)
    assert error is None
    (page,) = pages
    return page


def readings(page: Page) -> dict[int, dict[str, float]]:
    return {one.paper_id: {r.metric: r.value for r in one.readings} for one in page.observations}


def test_posts_about_stored_papers_are_told_with_score_and_comments(
    client: PoliteClient, site: Site
) -> None:
    Forum(
        site,
        MachineLearning=[
            post("a", SPARSE, 215, 37),
            post("b", "https://arxiv.org/abs/2603.99999", 900),
            post("c", "https://github.com/noether/symmetry", 12),
        ],
    )
    page = fetched(client, site)
    assert readings(page) == {
        1: {"score": 215, "comments": 37},
        2: {"score": 12, "comments": 0},
    }
    assert (page.records, page.note) == ((), "")


def test_pages_are_read_until_they_are_older_than_what_is_wanted(
    client: PoliteClient, site: Site
) -> None:
    posts = [post(f"p{n}", SPARSE, n, age=n * timedelta(hours=12)) for n in range(1, 40)]
    Forum(site, MachineLearning=posts).size = 5
    page = fetched(client, site)
    assert readings(page)[1]["score"] == 14
    assert len(site.asked) == 1 + 4


def test_every_subreddit_is_read_and_the_largest_score_counts(
    client: PoliteClient, site: Site
) -> None:
    Forum(site, ML=[post("a", SPARSE, 20, 9)], robotics=[post("b", SPARSE, 7, 30)])
    page = fetched(client, site, options={"subreddits": ("ML", "robotics")})
    assert readings(page)[1] == {"score": 20, "comments": 30}


def test_an_older_larger_post_keeps_the_score_from_falling(
    client: PoliteClient, site: Site
) -> None:
    forum = Forum(site, MachineLearning=[post("a", SPARSE, 215)])
    first = fetched(client, site)
    forum.posts["MachineLearning"].append(post("b", SPARSE, 5, age=-timedelta(days=7)))
    second = fetched(client, site, now=NOON + timedelta(days=8), cursor=first.cursor)
    assert readings(second)[1]["score"] == 215


def test_that_no_post_is_about_a_stored_paper_is_said(client: PoliteClient, site: Site) -> None:
    Forum(site, MachineLearning=[post("a", "https://example.org", 3), post("b", "x", 4)])
    assert fetched(client, site).note == "none of 2 posts is about a paper kept here"


def test_days_asked_for_are_the_days_of_the_posts(client: PoliteClient, site: Site) -> None:
    ages = [timedelta(days=10, hours=hours) for hours in (-13, -11, 11, 13)]
    Forum(site, MachineLearning=[post(f"p{n}", SPARSE, n, age=a) for n, a in enumerate(ages)])
    day = date(2026, 3, 10)
    assert readings(fetched(client, site, since=day, until=day))[1]["score"] == 2


@pytest.mark.parametrize("last", [date(2026, 3, 20), date.max])
def test_days_that_reddit_does_not_reach_back_to_are_said(
    client: PoliteClient, site: Site, last: date
) -> None:
    posts = [post(f"p{n}", SPARSE, n, age=n * HOUR) for n in range(1, 201)]
    Forum(site, MachineLearning=posts)
    page = fetched(client, site, since=date(2026, 2, 1), until=last)
    assert readings(page)[1]["score"] == 200
    assert page.note == "r/MachineLearning gives no posts from before 2026-03-12 04:00 UTC"
    assert fetched(client, site).note == ""


def test_a_listing_with_more_pages_than_are_read_is_said(client: PoliteClient, site: Site) -> None:
    posts = [post(f"p{n}", SPARSE, n, age=n * timedelta(hours=1)) for n in range(1, 40)]
    Forum(site, MachineLearning=posts).size = 3
    page = fetched(client, site)
    assert page.note == "r/MachineLearning gives no posts from before 2026-03-19 03:00 UTC"
    assert len(site.asked) == 1 + 11


@pytest.mark.parametrize("day", [date(2026, 3, 21), date.max])
def test_days_to_come_hold_no_posts(client: PoliteClient, site: Site, day: date) -> None:
    Forum(site, MachineLearning=[post("a", SPARSE, 3)])
    for since in (day, None):
        page = fetched(client, site, since=since, until=day)
        assert page.note == "these days are still to come"
    assert site.asked == []


@pytest.mark.parametrize(
    ("missing", "keys"),
    [
        (("client_id",), "sources.reddit.client_id"),
        (("client_secret",), "sources.reddit.client_secret"),
        (
            ("client_id", "client_secret"),
            "sources.reddit.client_id and sources.reddit.client_secret",
        ),
    ],
)
def test_without_credentials_nobody_is_asked_and_the_missing_keys_are_named(
    client: PoliteClient, site: Site, missing: tuple[str, ...], keys: str
) -> None:
    pages, error = asked(client, site, dict.fromkeys(missing, ""))
    assert pages == []
    assert isinstance(error, SourceUnavailable)
    assert str(error).startswith(f"Reddit answers only with credentials: set {keys} (")
    assert site.asked == []


def test_reddit_is_told_who_runs_the_program(client: PoliteClient, site: Site) -> None:
    Forum(site, MachineLearning=[])
    asked(client, site, {"username": "ada_l"})
    agents = {request.headers["user-agent"] for request in site.asked}
    assert agents == {f"python:digest:{__version__} (by /u/ada_l)"}


def test_without_a_username_the_usual_name_is_given_and_never_a_browsers(
    client: PoliteClient, site: Site
) -> None:
    Forum(site, MachineLearning=[])
    asked(client, site)
    assert all(r.headers["user-agent"].startswith("digest/") for r in site.asked)


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(status=401, body=b'{"message": "Unauthorized", "error": 401}'), "answered 401"),
        (Reply(body=b'{"error": "invalid_grant"}'), "invalid_grant"),
        (Reply(body=b"[]"), "it gave no token"),
    ],
)
def test_credentials_that_are_refused_are_said_without_the_secret(
    client: PoliteClient, site: Site, reply: Reply, why: str
) -> None:
    Forum(site).faults["/token"] = reply
    pages, error = asked(client, site)
    assert pages == []
    assert str(error) == (
        f"Reddit did not accept the credentials ({why}): "
        "check sources.reddit.client_id and client_secret"
    )
    assert SECRET not in str(error)


WALL = b"<!doctype html><html><head><title>Blocked</title></head><body>whoa there, pardner!</body>"


def test_a_wall_in_place_of_the_token_is_one_clear_line(client: PoliteClient, site: Site) -> None:
    forum = Forum(site)
    forum.faults["/token"] = Reply(status=403, body=WALL)
    _, error = asked(client, site)
    assert isinstance(error, SourceUnavailable)
    assert str(error).startswith("127.0.0.1 answered 403: ")
    assert "pardner" in str(error)
    assert "\n" not in str(error)
    forum.faults["/token"] = Reply(body=WALL)
    _, error = asked(client, site)
    assert isinstance(error, SourceMalformed)
    assert "web page" in str(error)


def test_a_subreddit_that_is_closed_is_named_and_the_others_are_read(
    client: PoliteClient, site: Site
) -> None:
    forum = Forum(site, ML=[post("a", SPARSE, 20)])
    forum.faults["/feed/r/secret/new"] = Reply(
        status=403, body=b'{"reason": "private", "message": "Forbidden", "error": 403}'
    )
    pages, error = asked(client, site, {"subreddits": ("secret", "ML")})
    assert [readings(page) for page in pages] == [{1: {"score": 20, "comments": 0}}]
    assert str(error).startswith("r/secret is closed to us: ")
    forum.faults["/feed/r/secret/new"] = Reply(status=404, body=b"{}")
    _, error = asked(client, site, {"subreddits": ("secret", "ML")})
    assert str(error) == "there is no r/secret on Reddit: check sources.reddit.subreddits"


def test_a_token_that_is_not_accepted_is_said(client: PoliteClient, site: Site) -> None:
    Forum(site).faults["/feed/r/MachineLearning/new"] = Reply(status=401)
    _, error = asked(client, site)
    assert "answered 401 to the token it gave" in str(error)


@pytest.mark.parametrize(("reset", "waits"), [("12", True), ("540", False)])
def test_a_spent_quota_is_waited_for_as_long_as_reddit_says(
    client: PoliteClient, site: Site, clock: FakeClock, reset: str, waits: bool
) -> None:
    forum = Forum(site, MachineLearning=[post("a", SPARSE, 20)])
    spent = Reply(status=429, headers={"X-Ratelimit-Remaining": "0.0", "X-Ratelimit-Reset": reset})
    replies = [spent]
    site.answering = lambda r: replies.pop() if r.method == "GET" and replies else forum.reply(r)
    pages, error = asked(client, site)
    if waits:
        assert max(clock.naps) == 12
        assert len(pages) == 1
    else:
        assert isinstance(error, SourceThrottled)
        assert error.retry_after_s == 540


@pytest.mark.parametrize("kept", ["x", [1], [[None] * 5], {"a": 1}])
def test_a_cursor_that_cannot_be_read_is_begun_anew(
    client: PoliteClient, site: Site, kept: Any
) -> None:
    Forum(site, MachineLearning=[post("a", SPARSE, 20)])
    assert readings(fetched(client, site, cursor={"posts": kept}))[1]["score"] == 20
