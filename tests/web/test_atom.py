"""A feed is well-formed whatever its texts hold, and reads back as it was said."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import feedparser
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from digest.web.atom import Entry, Feed, Link, storable, written

AT = datetime(2026, 3, 20, 9, 0, tzinfo=UTC)
ATOM = {"a": "http://www.w3.org/2005/Atom"}
FORBIDDEN = {*map(chr, range(0x20)), "\ufffe", "\uffff", *map(chr, range(0xD800, 0xE000))}
FORBIDDEN -= {"\t", "\n", "\r"}

ENTRY = Entry(
    id="https://digest.example/papers/1",
    title="A calm paper",
    at=AT,
    links=(Link(href="https://digest.example/papers/1", rel="alternate"),),
)
FEED = Feed(
    id="https://digest.example/feed.xml",
    title="Trending papers",
    subtitle="What trends",
    at=AT,
    author="Paper Digest",
    icon="https://digest.example/icon.svg",
    language="en",
    links=(Link(href="https://digest.example/feed.xml", rel="self"),),
    entries=(ENTRY,),
)


def with_entry(**changes: object) -> Feed:
    return replace(FEED, entries=(replace(ENTRY, **changes),))  # type: ignore[arg-type]


def read_back(feed: Feed, path: str) -> list[str]:
    return [str(found) for found in etree.fromstring(written(feed)).xpath(path, namespaces=ATOM)]


# Any code point at all, also those that no encoding has.
TEXTS = st.text(st.characters(codec=None, exclude_categories=()))


@given(TEXTS)
def test_any_text_reads_back_without_the_characters_that_xml_forbids(text: str) -> None:
    kept = "".join(c for c in text if c not in FORBIDDEN)
    assert storable(text) == kept
    feed = with_entry(title=text, summary=text, content=text, authors=(text,), categories=(text,))
    wanted = [kept] if kept else []
    for path in ("a:title/text()", "a:author/a:name/text()"):
        assert read_back(feed, f"a:entry/{path}") == wanted
    for path in ("a:summary/text()", "a:content/text()"):
        assert read_back(feed, f"a:entry/{path}") == wanted
    assert read_back(feed, "a:entry/a:category/@term") == [kept]


# feedparser takes letters of Latin-1 in a row for UTF-8 that was read wrongly, and mends them.
_TAKEN_AS_THEY_ARE = st.characters(
    codec=None, exclude_categories=("Cc",), exclude_characters="".join(map(chr, range(0x80, 0x100)))
)


@given(st.text(_TAKEN_AS_THEY_ARE))
def test_a_feed_reader_takes_a_title_for_text_never_for_markup(text: str) -> None:
    title = f"<script>{text}</script> &amp; so on"
    found = feedparser.parse(written(with_entry(title=title, summary=title)))
    assert not found.bozo
    (entry,) = found.entries
    assert entry.title_detail.type == entry.summary_detail.type == "text/plain"
    assert entry.title == entry.summary == storable(title)


def test_a_feed_says_what_the_standard_asks_for() -> None:
    found = feedparser.parse(written(FEED))
    assert (found.bozo, found.version) == (False, "atom10")
    assert (found.feed.id, found.feed.title) == (FEED.id, FEED.title)
    assert (found.feed.updated, found.feed.author) == ("2026-03-20T09:00:00Z", "Paper Digest")
    (entry,) = found.entries
    assert (entry.id, entry.title, entry.link) == (ENTRY.id, ENTRY.title, ENTRY.id)
    assert entry.updated == entry.published == "2026-03-20T09:00:00Z"


def test_moments_are_told_in_utc() -> None:
    berlin = AT.astimezone(timezone(timedelta(hours=1)))
    assert written(with_entry(at=berlin)) == written(with_entry(at=AT))


def test_a_title_in_another_language_than_the_feed_says_so() -> None:
    feed = replace(with_entry(language="en"), language="de")
    assert read_back(feed, "@xml:lang") == ["de"]
    assert read_back(feed, "a:entry/a:title/@xml:lang") == ["en"]
    assert read_back(FEED, "a:entry/a:title/@xml:lang") == []
