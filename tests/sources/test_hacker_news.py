import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from digest.core.errors import SourceError, SourceMalformed, SourceThrottled, SourceUnavailable
from digest.core.fetching import FetchRequest, Page
from digest.core.identifiers import ARXIV, Identifier
from digest.sources.hacker_news import PLACES, HackerNews, Stories, parse_stories
from digest.sources.http import PoliteClient
from tests.fakes import NOON
from tests.sources.conftest import collect
from tests.sources.mutations import mutated, mutated_json
from tests.sources.shelf import MemoryShelf, work
from tests.sources.site import Reply, Request, Site

FIXTURE = Path(__file__).parent / "fixtures" / "hacker_news" / "search.json"
SPARSE = "https://arxiv.org/abs/2603.10001"
CODE = "https://github.com/noether/symmetry"
HOUR = timedelta(hours=1)


def changed(**hit: Any) -> bytes:
    """The first hit of the fixture alone, with some of its keys replaced."""
    answer = json.loads(FIXTURE.read_bytes())
    answer["hits"] = [answer["hits"][0] | hit]
    return json.dumps(answer).encode()


# --- parsing


@pytest.fixture
def stories() -> Stories:
    return parse_stories(FIXTURE.read_bytes())


def test_a_story_has_points_comments_and_what_it_links_to(stories: Stories) -> None:
    story = stories.stories[0]
    assert (story.key, story.points, story.comments) == ("50000001", 120, 44)
    assert story.created_at == datetime(2026, 3, 20, 8, tzinfo=UTC)
    assert story.mentions.ids == {Identifier(ARXIV, "2603.10001")}


def test_a_story_without_a_link_speaks_of_what_its_text_links_to(stories: Stories) -> None:
    assert stories.stories[1].mentions.ids == {Identifier(ARXIV, "2603.10002")}


def test_points_that_are_not_told_are_none_and_not_zero(stories: Stories) -> None:
    assert stories.stories[1].points is None


def test_a_link_into_a_repository_names_it_whatever_its_letters(stories: Stories) -> None:
    assert stories.stories[2].mentions.repositories == {"noether/symmetry"}


def test_comments_among_the_hits_are_left_out(stories: Stories) -> None:
    assert [story.key for story in stories.stories] == ["50000001", "50000002", "50000003"]
    assert (stories.received, stories.bad, stories.is_cut) == (4, (), False)


def test_a_tree_of_comments_is_a_story_and_deleted_comments_do_not_count() -> None:
    child = {"id": 2, "type": "comment", "text": "Yes.", "points": None, "children": []}
    deleted = {"id": 3, "type": "comment", "text": None, "children": [child]}
    tree = {
        "id": 50000001,
        "type": "story",
        "created_at": "2026-03-20T08:00:00.000Z",
        "points": 120,
        "url": SPARSE,
        "text": None,
        "children": [deleted, child],
    }
    (story,) = parse_stories(json.dumps(tree).encode()).stories
    assert (story.key, story.points, story.comments) == ("50000001", 120, 2)
    assert story.created_at == datetime(2026, 3, 20, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    "hit",
    [
        {"points": "120", "num_comments": None},
        {"points": True, "num_comments": [3]},
        {"points": -1, "num_comments": 10**400},
        {"points": 1e300, "num_comments": float("nan")},
    ],
)
def test_counts_that_are_none_are_left_out(hit: dict[str, Any]) -> None:
    (story,) = parse_stories(changed(**hit)).stories
    assert (story.points, story.comments) == (None, None)


@pytest.mark.parametrize(
    ("hit", "why"),
    [
        ({"objectID": None, "story_id": None}, "hit 1 has no id"),
        ({"objectID": "x; rm", "story_id": True}, "hit 1 has no id"),
        ({"created_at": None, "created_at_i": None}, "hit 1 (50000001) has no date"),
        ({"created_at": "soon", "created_at_i": "soon"}, "hit 1 (50000001) has no date"),
        ({"created_at_i": 999_999_999_999}, "hit 1 (50000001) has no date"),
    ],
)
def test_a_hit_that_cannot_be_read_becomes_one_line(hit: dict[str, Any], why: str) -> None:
    page = parse_stories(changed(**hit))
    assert (page.bad, page.stories) == ((why,), ())


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "not readable JSON"),
        (b"[]", "no JSON object"),
        (b'{"hits": {}}', "no hits"),
        (b'{"message": "Invalid Application-ID", "status": 403}', "Invalid Application-ID"),
        (b"[" * 100_000, "not readable JSON"),
    ],
)
def test_what_is_no_list_of_stories_is_malformed(body: bytes, why: str) -> None:
    with pytest.raises(SourceMalformed, match=why):
        parse_stories(body)


@given(mutated_json(json.loads(FIXTURE.read_bytes())) | mutated(FIXTURE.read_bytes()))
def test_a_damaged_answer_is_read_or_malformed(body: bytes) -> None:
    try:
        parse_stories(body)
    except SourceError:
        return


# --- fetching


def story(key: int, url: str, points: int, comments: int = 0, age: timedelta = HOUR) -> Any:
    return {
        "objectID": str(key),
        "_tags": ["story"],
        "url": url,
        "points": points,
        "num_comments": comments,
        "created_at_i": int((NOON - age).timestamp()),
    }


class Index:
    """Answers a site as the search does: filters by link and date, newest first, up to `most`."""

    def __init__(self, site: Site, *stories: Any, most: int = 1000) -> None:
        self.stories = list(stories)
        self.most = most
        self.says_so = False
        self.faults: dict[str, Reply] = {}
        site.answering = self.reply

    def reply(self, request: Request) -> Reply:
        place = request.params["query"]
        if place in self.faults:
            return self.faults[place]
        assert request.params["tags"] == "story"
        assert request.params["restrictSearchableAttributes"] == "url"
        assert request.params["hitsPerPage"] == "1000"
        hits = [s for s in self.stories if place in s["url"] and _inside(s, request.params)]
        hits.sort(key=lambda s: -s["created_at_i"])
        answer: dict[str, Any] = {"hits": hits[: self.most], "nbHits": len(hits)}
        if self.says_so and len(hits) > self.most:
            answer |= {"hits": [], "message": "you can only fetch the 1000 hits for this query"}
        return Reply(body=json.dumps(answer | {"hitsPerPage": self.most, "page": 0}).encode())


def _inside(story: Mapping[str, Any], params: Mapping[str, str]) -> bool:
    filters = re.fullmatch(r"created_at_i>(\d+)(?:,created_at_i<(\d+))?", params["numericFilters"])
    assert filters
    return int(filters[1]) < story["created_at_i"] < int(filters[2] or 10**12)


SHELF = MemoryShelf(
    work(1, "2603.10001"), work(2, "2603.10002", code="https://github.com/Noether/Symmetry.git")
)


def source(client: PoliteClient, site: Site, **options: Any) -> HackerNews:
    return HackerNews(client, url=site.url, interval_seconds=0, **options)


def fetched(client: PoliteClient, site: Site, **request: Any) -> Page:
    asked: dict[str, Any] = {"now": NOON, "shelf": SHELF} | request
    pages, error = collect(source(client, site), FetchRequest(**asked))
    assert error is None
    (page,) = pages
    return page


def readings(page: Page) -> dict[int, dict[str, float]]:
    return {one.paper_id: {r.metric: r.value for r in one.readings} for one in page.observations}


def test_stories_of_stored_papers_are_told_with_points_and_comments(
    client: PoliteClient, site: Site
) -> None:
    Index(
        site,
        story(1, SPARSE + "v2", 312, 80),
        story(2, "https://arxiv.org/abs/2603.99999", 900),
        story(3, CODE, 50, 7),
    )
    page = fetched(client, site)
    assert readings(page) == {
        1: {"points": 312, "comments": 80},
        2: {"points": 50, "comments": 7},
    }
    assert page.records == ()
    assert page.note == ""


def test_each_place_is_asked_once_for_the_last_days(client: PoliteClient, site: Site) -> None:
    Index(site, story(1, SPARSE, 3))
    fetched(client, site)
    week_ago = int((NOON - timedelta(days=7)).timestamp())
    assert [(r.params["query"], r.params["numericFilters"]) for r in site.asked] == [
        (place, f"created_at_i>{week_ago}") for place in PLACES
    ]


def test_of_several_stories_the_largest_counts_and_not_their_sum(
    client: PoliteClient, site: Site
) -> None:
    Index(site, story(1, SPARSE, 312, 10), story(2, "https://huggingface.co/papers/2603.10001", 9))
    assert readings(fetched(client, site))[1] == {"points": 312, "comments": 10}


def test_a_second_story_after_the_first_has_grown_old_does_not_make_the_points_fall(
    client: PoliteClient, site: Site
) -> None:
    index = Index(site, story(1, SPARSE, 312, 80))
    first = fetched(client, site)
    later = NOON + timedelta(days=8)
    index.stories.append(story(2, SPARSE, 5, 90, age=-timedelta(days=7)))
    second = fetched(client, site, now=later, cursor=first.cursor)
    assert readings(second)[1] == {"points": 312, "comments": 90}
    month_later = fetched(client, site, now=NOON + timedelta(days=31), cursor=second.cursor)
    assert [row[1] for row in month_later.cursor["stories"]] == ["2"]


def test_points_do_not_fall_when_the_paper_of_an_old_story_became_one_with_another(
    client: PoliteClient, site: Site
) -> None:
    index = Index(site, story(1, SPARSE, 312, 80))
    first = fetched(client, site)
    index.stories.append(story(2, SPARSE, 5, 90, age=-timedelta(days=7)))
    merged = MemoryShelf(work(7, "2603.10001", "10.1234/sparse"))
    second = fetched(client, site, now=NOON + timedelta(days=8), cursor=first.cursor, shelf=merged)
    assert readings(second) == {7: {"points": 312, "comments": 90}}
    assert {row[0] for row in second.cursor["stories"]} == {7}


def test_what_was_remembered_without_a_name_still_counts(client: PoliteClient, site: Site) -> None:
    created_s = int((NOON - timedelta(days=9)).timestamp())
    Index(site, story(2, SPARSE, 5, 9))
    page = fetched(client, site, cursor={"stories": [[1, "1", created_s, 312, 80]]})
    assert readings(page)[1] == {"points": 312, "comments": 80}


def test_points_that_fall_are_told_as_they_are(client: PoliteClient, site: Site) -> None:
    index = Index(site, story(1, SPARSE, 312))
    first = fetched(client, site)
    index.stories[0]["points"] = 290
    assert readings(fetched(client, site, cursor=first.cursor))[1]["points"] == 290


@pytest.mark.parametrize("says_so", [False, True])
def test_where_one_answer_is_too_small_the_time_is_cut_in_halves(
    client: PoliteClient, site: Site, says_so: bool
) -> None:
    papers = [work(n, f"2603.{n:05}") for n in range(1, 41)]
    stories = [
        story(n, f"https://arxiv.org/abs/2603.{n:05}", n, age=timedelta(hours=4 * n))
        for n in range(1, 41)
    ]
    index = Index(site, *stories, most=10)
    index.says_so = says_so
    page = fetched(client, site, shelf=MemoryShelf(*papers))
    assert len(page.observations) == 40
    assert all(request.params.get("page", "0") == "0" for request in site.asked)
    assert page.note == ""


def test_more_stories_of_one_second_than_are_given_end_the_halving(
    client: PoliteClient, site: Site
) -> None:
    stories = [story(n, SPARSE, n) for n in range(30)]
    Index(site, *stories, most=10)
    page = fetched(client, site)
    assert len(page.observations) == 1
    assert page.note.startswith("there are more stories about arxiv.org than could be read")
    assert len(site.asked) <= 40


def test_a_fetch_has_an_end_however_many_stories_there_are_and_asks_at_every_place(
    client: PoliteClient, site: Site
) -> None:
    stories = [
        story(n, f"https://{place}/abs/{n}", n, age=n * timedelta(minutes=1))
        for place in PLACES
        for n in range(1, 1000)
    ]
    Index(site, story(0, SPARSE, 3, age=timedelta(seconds=5)), *stories, most=2)
    page = fetched(client, site)
    assert len(site.asked) == 40
    assert {request.params["query"] for request in site.asked} == set(PLACES)
    assert page.note.endswith("; stopped after 40 requests")
    assert len(page.observations) == 1


def test_a_search_that_ignores_the_dates_is_not_asked_on_and_on(
    client: PoliteClient, site: Site
) -> None:
    body = json.dumps({"hits": [story(1, SPARSE, 7)] * 20, "hitsPerPage": 20}).encode()
    site.answers(Reply(body=body))
    page = fetched(client, site)
    assert readings(page)[1]["points"] == 7
    assert page.note.startswith("the search ignores the dates asked for")
    assert len(site.asked) <= 40


def test_that_nobody_linked_to_arxiv_for_a_week_is_not_believed(
    client: PoliteClient, site: Site
) -> None:
    Index(site, story(1, CODE, 50))
    page = fetched(client, site)
    assert len(page.observations) == 1
    assert page.note.startswith("no story links to arxiv.org in 7 days, which is hard to believe")


def test_that_no_story_is_about_a_stored_paper_is_said(client: PoliteClient, site: Site) -> None:
    Index(site, *(story(n, f"https://arxiv.org/abs/2601.{n:05}", 9) for n in range(34)))
    page = fetched(client, site)
    assert page.observations == ()
    assert page.note == "none of 34 stories is about a paper kept here"


def test_a_refusal_with_status_200_is_said(client: PoliteClient, site: Site) -> None:
    site.answers(Reply(body=b'{"hits": [], "message": "This key is blocked", "hitsPerPage": 0}'))
    pages, error = collect(source(client, site), FetchRequest(now=NOON, shelf=SHELF))
    assert pages == []
    assert isinstance(error, SourceUnavailable)
    assert str(error) == "Hacker News refused the search: This key is blocked"


def test_what_was_learnt_before_a_place_broke_is_given(client: PoliteClient, site: Site) -> None:
    index = Index(site, story(1, SPARSE, 312))
    index.faults["biorxiv.org"] = Reply(status=429, headers={"Retry-After": "3600"})
    pages, error = collect(source(client, site), FetchRequest(now=NOON, shelf=SHELF))
    assert [readings(page) for page in pages] == [{1: {"points": 312, "comments": 0}}]
    assert isinstance(error, SourceThrottled)


def test_a_passing_fault_sent_as_a_web_page_is_tried_again(
    client: PoliteClient, site: Site
) -> None:
    index = Index(site, story(1, SPARSE, 312))
    replies = [Reply(status=500, body=b"<html>Oops</html>", headers={"Content-Type": "text/html"})]
    site.answering = lambda request: replies.pop() if replies else index.reply(request)
    assert len(fetched(client, site).observations) == 1


def test_a_web_page_in_place_of_an_answer_is_malformed(client: PoliteClient, site: Site) -> None:
    site.answers(Reply(body=b"<!doctype html><title>Hello</title>"))
    pages, error = collect(source(client, site), FetchRequest(now=NOON, shelf=SHELF))
    assert pages == []
    assert isinstance(error, SourceMalformed)


def test_days_asked_for_are_asked_for_to_the_second(client: PoliteClient, site: Site) -> None:
    day = date(2026, 3, 10)
    ages = (timedelta(days=9, hours=12), timedelta(days=10, hours=12), timedelta(days=10.6))
    midnight, before = story(1, SPARSE, 5, age=ages[1]), story(2, SPARSE, 99, age=ages[2])
    Index(site, midnight, before, story(3, SPARSE, 98, age=ages[0]))
    page = fetched(client, site, since=day, until=day)
    assert readings(page)[1]["points"] == 5
    start = int(datetime(2026, 3, 10, tzinfo=UTC).timestamp())
    assert site.asked[0].params["numericFilters"] == (
        f"created_at_i>{start - 1},created_at_i<{start + 86_400}"
    )


@pytest.mark.parametrize("first", [date(2026, 3, 21), None, date.max])
def test_days_to_come_hold_no_stories(client: PoliteClient, site: Site, first: date | None) -> None:
    Index(site, story(1, SPARSE, 5))
    page = fetched(client, site, since=first, until=date.max)
    assert page.note == "these days are still to come"
    assert site.asked == []


def test_days_up_to_the_end_of_time_are_those_until_today(client: PoliteClient, site: Site) -> None:
    Index(site, story(1, SPARSE, 5))
    fetched(client, site, since=date(2026, 3, 10), until=date.max)
    tomorrow = int(datetime(2026, 3, 21, tzinfo=UTC).timestamp())
    assert site.asked[0].params["numericFilters"].endswith(f",created_at_i<{tomorrow}")


@pytest.mark.parametrize(
    "kept",
    [
        "x",
        [1],
        [["a"]],
        [[1, "2", None, 3, 4]],
        [[1, "2", 10**400, 3, 4]],
        {"a": 1},
        [[1, "2", 3, 4, 5, 6, 7]],
    ],
)
def test_a_cursor_that_cannot_be_read_is_begun_anew(
    client: PoliteClient, site: Site, kept: Any
) -> None:
    Index(site, story(1, SPARSE, 312))
    page = fetched(client, site, cursor={"stories": kept})
    assert readings(page)[1]["points"] == 312
