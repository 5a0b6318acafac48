"""Entries of feeds of any kind, RSS, RDF, Atom and JSON Feed, as one shape and as records."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from digest.core.identifiers import ARXIV, DOI, Identifier, parse_arxiv, parse_doi
from digest.core.papers import SourceRecord
from digest.sources.text import clean_abstract, clean_name, clean_title, safe_url

AUTHORITY = 30
_HASH_CHARS = 20
_MAX_CATEGORIES = 20
_SEVERAL = re.compile(r"\s*;\s*")
_LISTED = re.compile(r",\s*(?:and\s+)?|\s+and\s+")
# "ada@example.org (Ada)", as RSS 2.0 has it, "Ada <ada@example.org>", "Ada (ada@example.org)".
_ADDRESS = re.compile(r"[<(]?[^\s<>()]+@[^\s<>()]+[>)]?")
_WRAPPED = re.compile(r"\((.*)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One entry as its feed gives it, not cleaned yet. `date_text` is what `published` was read
    from; `hints` are further fields that may name the paper, such as prism:doi."""

    guid: str = ""
    link: str = ""
    title: str = ""
    abstract: str = ""
    authors: tuple[str, ...] = ()
    published: datetime | None = None
    updated: datetime | None = None
    date_text: str = ""
    venue: str = ""
    categories: tuple[str, ...] = ()
    pdf_url: str = ""
    hints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFeed:
    """What a feed holds. `partial` says that it breaks off and more was meant to come."""

    records: tuple[SourceRecord, ...]
    bad: tuple[str, ...] = ()
    partial: bool = False


def to_records(name: str, items: Iterable[Item], base: str, now: datetime) -> ParsedFeed:
    """Each item as a record of the source `feeds.NAME`, in order, each paper once.

    Relative links start at `base`. An item without a date appears `now`; so does one whose
    date says no more than the year, and one dated in the future. An item without a title, or
    with nothing to tell it from others, becomes one line of `bad`.
    """
    records: dict[tuple[Identifier, ...], SourceRecord] = {}
    bad = []
    for number, item in enumerate(items, start=1):
        title = clean_title(item.title)
        link = safe_url(item.link, base)
        ids = _identifiers(name, item, link)
        if not title:
            bad.append(f"entry {number} has no title")
        elif not ids:
            bad.append(f"entry {number} has neither id nor link")
        else:
            records.setdefault(ids, _record(name, item, ids, title, link, base, now))
    return ParsedFeed(records=tuple(records.values()), bad=tuple(bad))


def _record(
    name: str,
    item: Item,
    ids: tuple[Identifier, ...],
    title: str,
    link: str,
    base: str,
    now: datetime,
) -> SourceRecord:
    arxiv = next((i.value for i in ids if i.kind == ARXIV), None)
    published = min(item.published, now) if item.published else None
    vague = published is None or item.date_text.strip().isdigit()
    return SourceRecord(
        source=f"feeds.{name}",
        ids=ids,
        title=title,
        abstract=clean_abstract(item.abstract),
        authors=_authors(item.authors),
        appeared_at=now if vague or published is None else published,
        published_at=published,
        updated_at=min(item.updated, now) if item.updated else None,
        version=next((a.version for a in map(parse_arxiv, (item.guid, link)) if a), None),
        authority=AUTHORITY,
        url=f"https://arxiv.org/abs/{arxiv}" if arxiv else link,
        pdf_url=safe_url(item.pdf_url, base),
        venue=clean_name(item.venue),
        categories=_cleaned(item.categories)[:_MAX_CATEGORIES],
    )


def _identifiers(name: str, item: Item, link: str) -> tuple[Identifier, ...]:
    """The arXiv id and the DOI found where an entry names itself, else the feed's own name."""
    places = (item.guid, link, *item.hints)
    found = []
    if arxiv := next((a for a in map(parse_arxiv, places) if a), None):
        found.append(Identifier(ARXIV, arxiv.base))
    if doi := next((d for d in map(parse_doi, places) if d), None):
        found.append(Identifier(DOI, doi))
    own = item.guid.strip() or link
    if not found and own:
        digest = hashlib.sha256(own.encode("utf-8", "replace")).hexdigest()
        found.append(Identifier(f"feed:{name}", digest[:_HASH_CHARS]))
    return tuple(found)


def _authors(given: tuple[str, ...]) -> tuple[str, ...]:
    """One name each, though some feeds put all of them into one field; addresses are left out."""
    names: list[str] = []
    for text in given:
        plain = _ADDRESS.sub("", text).strip()
        plain = wrapped[1] if (wrapped := _WRAPPED.fullmatch(plain)) else plain
        names += _SEVERAL.split(plain) if ";" in plain else _full_names(plain)
    return _cleaned(names)


def _full_names(text: str) -> list[str]:
    """`Ada Lovelace, Alan Turing and Kurt Gödel` in pieces, but `Lovelace, Ada` as it is."""
    pieces = _LISTED.split(text) if "," in text else [text]
    return pieces if all(len(piece.split()) > 1 for piece in pieces) else [text]


def _cleaned(texts: Iterable[str]) -> tuple[str, ...]:
    cleaned = (clean_name(text).strip(" ,<>") for text in texts)
    return tuple(dict.fromkeys(text for text in cleaned if text))


def utc(moment: datetime) -> datetime | None:
    """`moment` in UTC, taken for UTC when it has no zone; None when no calendar reaches it."""
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (OverflowError, ValueError):
        return None
