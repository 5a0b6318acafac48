"""Feeds of any kind: RSS 0.9x, 1.0 (RDF) and 2.0, Atom (RFC 4287), JSON Feed 1.x.

The parsers turn bytes into records; the source asks politely whether anything changed.
"""

import io
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlsplit

import feedparser

from digest.core.errors import SourceMalformed
from digest.core.fetching import FetchRequest, Page
from digest.sources.answers import Answer, Unchanged
from digest.sources.body import Expect
from digest.sources.etiquette import pace_of
from digest.sources.feed_items import Item, ParsedFeed, to_records, utc
from digest.sources.http import PoliteClient
from digest.sources.markup import refuse_declarations, refuse_excess
from digest.sources.text import clean

_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, "
    "application/json;q=0.8, text/xml;q=0.8, */*;q=0.1"
)
_MAX_ITEMS = 5_000
_JUNK_BYTES = 2_000
_ROOT_END = re.compile(rb"(?is)</(?:[\w.-]+:)?(?:rss|feed|rdf)\s*>\s*(?:<!--.*)?$")
_ENTRY_START = re.compile(rb"(?i)<(?:[\w.-]+:)?(?:item|entry)[\s>/]")
_ENTRY_END = re.compile(rb"(?i)</(?:[\w.-]+:)?(?:item|entry)\s*>|<(?:item|entry)\s[^<>]*/>")


def parse_feed(
    body: bytes, *, name: str, now: datetime, url: str = "", content_type: str = ""
) -> ParsedFeed:
    """The records of the feed NAME in `body`, fetched from `url`, in the feed's order.

    A feed that breaks off gives the entries before the break and is `partial`. Raises
    SourceMalformed when it is no feed, or declares entities of its own.
    """
    if not body.strip(b"\0\xef\xbb\xbf\xfe\xff \t\r\n"):
        raise SourceMalformed("the feed is empty, without even a frame")
    if body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")):
        return to_records(name, _json_items(body), url, now)
    refuse_declarations(body)
    refuse_excess(body)
    items, partial = _xml_items(body, url, content_type)
    parsed = to_records(name, items, url, now)
    if not partial:
        return parsed
    bad = (*parsed.bad, f"the feed breaks off after {len(items)} entries")
    return ParsedFeed(records=parsed.records, bad=bad, partial=True)


# --- JSON Feed, https://www.jsonfeed.org/version/1.1/


def _json_items(body: bytes) -> list[Item]:
    try:
        feed = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise SourceMalformed(f"the JSON feed is not readable: {error}") from None
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list):
        raise SourceMalformed("the JSON is no JSON Feed: it has no items")
    return [_json_item(item if isinstance(item, dict) else {}) for item in items[:_MAX_ITEMS]]


def _json_item(item: Mapping[str, Any]) -> Item:
    people = item.get("authors")
    authors = people if isinstance(people, list) else [item.get("author")]
    tags = item.get("tags")
    link = _string(item.get("url"))
    return Item(
        guid=_string(item.get("id")) or link,
        link=link or _string(item.get("external_url")),
        title=_string(item.get("title")),
        abstract=_string(*(item.get(k) for k in ("summary", "content_text", "content_html"))),
        authors=tuple(_string(a.get("name")) for a in authors if isinstance(a, dict)),
        published=_iso(item.get("date_published")),
        updated=_iso(item.get("date_modified")),
        date_text=_string(item.get("date_published")),
        categories=tuple(t for t in tags if isinstance(t, str)) if isinstance(tags, list) else (),
        hints=(_string(item.get("external_url")),),
    )


def _iso(value: Any) -> datetime | None:
    try:
        return utc(datetime.fromisoformat(value))
    except (TypeError, ValueError):
        return None


# --- XML


def _xml_items(body: bytes, url: str, content_type: str) -> tuple[list[Item], bool]:
    """The items, and whether the feed breaks off; the entry in which it does is left out."""
    headers = {"content-location": url}
    if content_type:
        headers["content-type"] = content_type
    try:
        feed = feedparser.parse(
            io.BytesIO(_without_junk(body)), response_headers=headers, sanitize_html=False
        )
    except Exception as error:  # what a parser of malformed feeds raises on the worst is open
        raise SourceMalformed(f"the feed cannot be read ({type(error).__name__})") from error
    if not feed.version and not feed.entries:
        raise SourceMalformed(f"the answer is no feed{_reason(feed)}")
    entries = feed.entries[:_MAX_ITEMS]
    flat = body.replace(b"\0", b"")
    partial = bool(feed.bozo) and not _ROOT_END.search(flat[-1000:].rstrip())
    if partial and len(_ENTRY_START.findall(flat)) > len(_ENTRY_END.findall(flat)):
        entries = entries[:-1]
    if partial and not entries:
        raise SourceMalformed(f"the feed breaks off before its first entry{_reason(feed)}")
    return [_xml_item(entry) for entry in entries], partial


def _reason(feed: Any) -> str:
    said = clean(str(feed.get("bozo_exception") or ""), 120)
    return f": {said}" if said else ""


def _without_junk(body: bytes) -> bytes:
    """Drops what some servers print before the XML declaration, where nothing may stand."""
    start = body.find(b"<?xml", 0, _JUNK_BYTES)
    return body[start:] if start > 0 and b"<" not in body[:start] else body


def _xml_item(entry: dict[str, Any]) -> Item:
    contents = [c for c in entry.get("content") or () if isinstance(c, Mapping)]
    links = [link for link in entry.get("links") or () if isinstance(link, Mapping)]
    # Past feedparser's own lookup, which gives one date for the other with a warning.
    published, updated = dict.get(entry, "published_parsed"), dict.get(entry, "updated_parsed")
    hints = map(entry.get, ("prism_doi", "dc_identifier", "prism_url", "doi", "arxiv_doi"))
    return Item(
        guid=_string(entry.get("id")),
        link=_string(entry.get("link")),
        title=_string(entry.get("title")),
        abstract=_string(entry.get("summary")) or _string(*(c.get("value") for c in contents)),
        authors=_xml_authors(entry),
        published=_moment(published) or _moment(updated),
        updated=_moment(updated),
        date_text=_string(dict.get(entry, "published"), dict.get(entry, "updated")),
        venue=_string(entry.get("prism_publicationname")),
        categories=tuple(_string(tag.get("term")) for tag in entry.get("tags") or ()),
        pdf_url=_string(*(k.get("href") for k in links if k.get("type") == "application/pdf")),
        hints=(*map(_string, hints), *(_string(link.get("href")) for link in links)),
    )


def _xml_authors(entry: dict[str, Any]) -> tuple[str, ...]:
    """One author as written: feedparser cuts the addresses in such fields at the wrong place."""
    people = [person for person in entry.get("authors") or () if isinstance(person, Mapping)]
    if len(people) < 2:
        return (_string(entry.get("author")),)
    return tuple(_string(person.get("name")) for person in people)


def _string(*values: Any) -> str:
    """The first of `values` that is a text with something in it."""
    return next((value for value in values if isinstance(value, str) and value.strip()), "")


def _moment(value: Any) -> datetime | None:
    """The UTC moment of a struct_time; a leap second counts as the second before."""
    try:
        year, month, day, hour, minute, second = value[:6]
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except (TypeError, ValueError):
        return None


class Feed:
    """One feed, asked only whether it changed; its records are named after `feeds.NAME`."""

    def __init__(self, client: PoliteClient, name: str, *, url: str) -> None:
        self.name = f"feeds.{name}"
        self._client = client
        self._short_name = name
        self._url = url
        self._pace = pace_of(urlsplit(url).hostname or name)

    @property
    def standing_name(self) -> str:
        return self._pace.standing_name

    def fetch(self, request: FetchRequest) -> Iterator[Page]:
        """One page; with dates asked for, only what the feed still holds of them."""
        windowed = request.since is not None or request.until is not None
        answer = self._client.get(
            self._url,
            pace=self._pace,
            accept=_ACCEPT,
            expect=Expect.FEED,
            conditional=not windowed,
        )
        if isinstance(answer, Unchanged):
            yield Page(records=(), cursor=request.cursor, note="unchanged since the last fetch")
            return
        feed = parse_feed(
            answer.body,
            name=self._short_name,
            now=request.now,
            url=answer.url,
            content_type=answer.content_type,
        )
        records = tuple(r for r in feed.records if _within(r.appeared_at.date(), request))
        yield Page(records=records, cursor=request.cursor, bad=feed.bad, note=_moved(answer))
        # Only now is the page stored; a feed that broke off, or that is oddly empty, is to be
        # fetched again as a whole.
        if not windowed and not feed.partial and feed.records:
            answer.remember()


def _within(day: date, request: FetchRequest) -> bool:
    first, last = request.since or date.min, request.until or date.max
    return first <= day <= last


def _moved(answer: Answer) -> str:
    parts = urlsplit(answer.moved_to)
    if not parts.hostname:
        return ""
    host = parts.netloc.rpartition("@")[2]
    return f"moved for good to {parts.scheme}://{host}{parts.path}: change its url"
