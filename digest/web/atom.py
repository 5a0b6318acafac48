"""Feeds as Atom has them (RFC 4287), written as XML. Pure."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lxml import etree

MIMETYPE = "application/atom+xml"

_ATOM = "http://www.w3.org/2005/Atom"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
# All but the characters of XML 1.0 (2.2): with one of the others a feed cannot be read at all.
_NO_CHARACTER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    href: str
    rel: str
    title: str = ""
    mimetype: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """`at` is when it was there to be read, and last changed. `summary` is plain text, `content`
    HTML. `language` is that of title and summary (BCP 47), "" for that of the feed."""

    id: str
    title: str
    at: datetime
    links: tuple[Link, ...]
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    summary: str = ""
    content: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """`author` is whoever makes the feed, and stands in for entries that name nobody."""

    id: str
    title: str
    subtitle: str
    at: datetime
    author: str
    icon: str
    language: str
    links: tuple[Link, ...]
    entries: tuple[Entry, ...]


def written(feed: Feed) -> bytes:
    """The feed as a document in UTF-8. The same feed gives the same bytes; whatever a text holds,
    it reads back as it is but for characters that XML cannot hold."""
    root = etree.Element(f"{{{_ATOM}}}feed", nsmap={None: _ATOM})
    root.set(_LANG, feed.language)
    _add(root, "id", feed.id)
    _add(root, "title", feed.title)
    _add(root, "subtitle", feed.subtitle)
    _add(root, "updated", _time(feed.at))
    _add_person(root, feed.author)
    _add(root, "icon", feed.icon)
    _add_links(root, feed.links)
    for entry in feed.entries:
        _add_entry(root, entry)
    document: bytes = etree.tostring(
        root, encoding="utf-8", xml_declaration=True, pretty_print=True
    )
    return document


def storable(text: str) -> str:
    """`text` without the characters that XML 1.0 forbids."""
    return _NO_CHARACTER.sub("", text)


def _add_entry(root: Any, entry: Entry) -> None:
    element = _add(root, "entry")
    spoken = {_LANG: entry.language} if entry.language else {}
    _add(element, "id", entry.id)
    _add(element, "title", entry.title, {"type": "text", **spoken})
    _add(element, "published", _time(entry.at))
    _add(element, "updated", _time(entry.at))
    _add_links(element, entry.links)
    for name in entry.authors:
        _add_person(element, name)
    for term in entry.categories:
        _add(element, "category", attributes={"term": term})
    if entry.summary:
        _add(element, "summary", entry.summary, {"type": "text", **spoken})
    if entry.content:
        _add(element, "content", entry.content, {"type": "html"})


def _add_links(parent: Any, links: tuple[Link, ...]) -> None:
    for link in links:
        said = {"rel": link.rel, "type": link.mimetype, "href": link.href, "title": link.title}
        _add(parent, "link", attributes={name: value for name, value in said.items() if value})


def _add_person(parent: Any, name: str) -> None:
    _add(_add(parent, "author"), "name", name)


def _add(
    parent: Any, name: str, text: str | None = None, attributes: dict[str, str] | None = None
) -> Any:
    element = etree.SubElement(parent, f"{{{_ATOM}}}{name}")
    if text is not None:
        element.text = storable(text)
    for key, value in (attributes or {}).items():
        element.set(key, storable(value))
    return element


def _time(moment: datetime) -> str:
    """2026-03-20T09:00:00Z (RFC 3339)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
