"""Recorded answers of Hacker News, GitHub and Reddit: nothing in them may be lost."""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from digest.core.errors import SourceMalformed
from digest.sources.feeds import parse_feed
from digest.sources.github import parse_repositories
from digest.sources.hacker_news import parse_stories
from digest.sources.reddit import parse_listing, parse_token
from tests.fakes import NOON

pytestmark = pytest.mark.recordings


def found(recordings: Path, service: str, pattern: str) -> list[Path]:
    """The recordings of a service, wherever the variable points."""
    inner = recordings / "recordings"
    folder = (inner if inner.is_dir() else recordings) / service
    paths = sorted(path for path in folder.rglob(pattern) if path.is_file())
    assert paths
    return paths


def body(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def test_every_story_of_hacker_news_is_read(recordings: Path) -> None:
    for path in found(recordings, "hn_algolia", "*.json*"):
        answer = json.loads(body(path))
        page = parse_stories(body(path))
        hits = answer.get("hits", [answer])
        assert page.bad == ()
        assert [s.key for s in page.stories] == [str(h.get("objectID") or h["id"]) for h in hits]
        for story, hit in zip(page.stories, hits, strict=True):
            assert story.points == hit["points"]
            assert story.created_at.timestamp() == hit["created_at_i"]
            url = hit.get("url") or ""
            assert bool(story.mentions.ids) >= bool(re.search(r"arxiv\.org/(abs|pdf)/\d", url))
            in_repository = re.match(r"https?://github\.com/[\w-]+/[\w.-]+", url)
            assert bool(story.mentions.repositories) >= bool(in_repository)


def test_the_tree_of_a_story_has_its_comments_but_for_deleted_ones(recordings: Path) -> None:
    paths = found(recordings, "hn_algolia", "*.json*")
    stories = [(path, story) for path in paths for story in parse_stories(body(path)).stories]
    told = {s.key: s.comments or 0 for p, s in stories if not p.name.startswith("items_")}
    for path, story in stories:
        if path.name.startswith("items_"):
            assert 0 < story.comments <= body(path).count(b'"type":"comment"')
            assert story.comments <= told.get(story.key, story.comments)


def test_the_repositories_of_a_search_on_github_are_read(recordings: Path) -> None:
    for path in found(recordings, "github", "*.json*"):
        items = json.loads(body(path))["items"]
        page = parse_repositories(body(path))
        assert page.bad == ()
        assert [(r.name, r.stars) for r in page.repositories] == [
            (item["full_name"], item["stargazers_count"]) for item in items
        ]


def test_a_page_of_github_for_people_is_malformed(recordings: Path) -> None:
    for path in found(recordings, "github", "*.html*"):
        with pytest.raises(SourceMalformed):
            parse_repositories(body(path))


def cassette(path: Path) -> Iterator[Any]:
    for interaction in json.loads(body(path))["interactions"]:
        yield interaction["request"]["uri"], interaction["response"]["body"]["string"].encode()


def test_a_search_on_reddit_is_read_and_so_is_the_token_before_it(recordings: Path) -> None:
    for path in found(recordings, "reddit", "*.json*"):
        for address, answer in cassette(path):
            if address.endswith("/access_token"):
                assert parse_token(answer)
                continue
            children = json.loads(answer)["data"]["children"]
            page = parse_listing(answer)
            assert page.bad == ()
            assert page.received == len(children)
            assert [(p.key, p.points, p.comments) for p in page.posts] == [
                (c["data"]["id"], c["data"]["score"], c["data"]["num_comments"]) for c in children
            ]


def test_every_entry_of_reddits_feeds_is_read_as_any_feed(recordings: Path) -> None:
    for path in found(recordings, "reddit", "*.xml"):
        feed = parse_feed(body(path), name="reddit", now=NOON, url="https://www.reddit.com/.rss")
        assert feed.bad == ()
        assert not feed.partial
        assert len(feed.records) == body(path).count(b"<entry>")
        for record in feed.records:
            assert record.title
            assert record.url.startswith("https://www.reddit.com/r/")
            assert record.published_at
        # Who deleted the account is not named.
        assert sum(map(bool, (r.authors for r in feed.records))) == body(path).count(b"<author>")
