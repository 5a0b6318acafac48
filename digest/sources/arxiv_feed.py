"""The Atom feed of the arXiv API, old format and new, read from its bytes.

https://info.arxiv.org/help/api/user-manual.html#3-structure-of-the-api. The body is UTF-8 by its
own declaration; the Content-Type names no charset, so it must never be decoded by its headers.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from digest.core.errors import SourceMalformed
from digest.core.identifiers import ARXIV, DOI, Identifier, parse_arxiv, parse_doi
from digest.core.papers import SourceRecord
from digest.sources.markup import parse_xml
from digest.sources.text import clean, clean_abstract, clean_name, clean_title, github_repository

NAME = "arxiv"
AUTHORITY = 90
_ATOM = "{http://www.w3.org/2005/Atom}"
_ARXIV = "{http://arxiv.org/schemas/atom}"
_OPENSEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"
_ID, _TITLE, _SUMMARY = f"{_ATOM}id", f"{_ATOM}title", f"{_ATOM}summary"
_PUBLISHED, _UPDATED = f"{_ATOM}published", f"{_ATOM}updated"
_AUTHOR, _NAME, _CATEGORY = f"{_ATOM}author", f"{_ATOM}name", f"{_ATOM}category"
_COMMENT, _JOURNAL, _DOI = f"{_ARXIV}comment", f"{_ARXIV}journal_ref", f"{_ARXIV}doi"
_PRIMARY_CATEGORY = f"{_ARXIV}primary_category"
_ERROR = "/api/errors#"

# The elements of an entry by their tags; lxml is untyped.
Parts = dict[str, list[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArxivFeed:
    """One page of results. `error` is what the API says of the query, "" when it is content."""

    records: tuple[SourceRecord, ...]
    bad: tuple[str, ...] = ()
    total: int | None = None
    start: int | None = None
    items_per_page: int | None = None
    error: str = ""

    @property
    def received(self) -> int:
        """How many entries came, read or not: by so many the next page starts later."""
        return len(self.records) + len(self.bad)


def parse_feed(body: bytes) -> ArxivFeed:
    """The feed in `body`; records in the order given.

    An entry that cannot be read becomes one line of `bad`. Raises SourceMalformed when the body
    is no Atom feed, or breaks off.
    """
    root = parse_xml(body)
    if root.tag != f"{_ATOM}feed":
        raise SourceMalformed("the answer is XML, but no Atom feed")
    records, bad = [], []
    for number, entry in enumerate(root.iterchildren(f"{_ATOM}entry"), start=1):
        if _ERROR in _text(entry, _ID):
            return ArxivFeed(records=(), error=_error(entry))
        try:
            records.append(_record(entry))
        except ValueError as error:
            bad.append(f"entry {number} {error}")
    return ArxivFeed(
        records=tuple(records),
        bad=tuple(bad),
        total=_number(root, "totalResults"),
        start=_number(root, "startIndex"),
        items_per_page=_number(root, "itemsPerPage"),
    )


def _record(entry: Any) -> SourceRecord:
    """Raises ValueError with what is wrong, to follow the words "entry N"."""
    parts = _parts(entry)
    arxiv = parse_arxiv(clean(_first(parts, _ID), 200))
    if arxiv is None:
        raise ValueError("has no arXiv id")
    title = clean_title(_first(parts, _TITLE))
    if not title:
        raise ValueError(f"({arxiv.base}) has no title")
    published = _moment(_first(parts, _PUBLISHED))
    if published is None:
        raise ValueError(f"({arxiv.base}) has no date")
    abstract = clean_abstract(_first(parts, _SUMMARY))
    comment = clean(_first(parts, _COMMENT), 2000)
    doi = parse_doi(clean(_first(parts, _DOI), 300))
    ids = [Identifier(ARXIV, arxiv.base)] + ([Identifier(DOI, doi)] if doi else [])
    return SourceRecord(
        source=NAME,
        ids=tuple(ids),
        title=title,
        abstract=abstract,
        authors=_authors(parts),
        appeared_at=published,
        published_at=published,
        updated_at=_moment(_first(parts, _UPDATED)),
        version=arxiv.version,
        authority=AUTHORITY,
        url=f"https://arxiv.org/abs/{arxiv.base}",
        pdf_url=f"https://arxiv.org/pdf/{arxiv.base}",
        code_url=github_repository(comment, abstract),
        venue=clean_name(_first(parts, _JOURNAL)),
        categories=_categories(parts),
    )


def _parts(entry: Any) -> Parts:
    """The children of an entry by tag, in one pass: lxml would search them for each tag anew."""
    parts: Parts = defaultdict(list)
    for child in entry:
        parts[child.tag].append(child)
    return parts


def _first(parts: Parts, tag: str) -> str:
    return _content(parts[tag][0]) if tag in parts else ""


def _authors(parts: Parts) -> tuple[str, ...]:
    names = (clean_name(_text(author, _NAME)) for author in parts.get(_AUTHOR, ()))
    return tuple(name for name in names if name)


def _categories(parts: Parts) -> tuple[str, ...]:
    """The primary one first, each once."""
    elements = (*parts.get(_PRIMARY_CATEGORY, ()), *parts.get(_CATEGORY, ()))
    terms = (clean_name(element.get("term")) for element in elements)
    return tuple(dict.fromkeys(term for term in terms if term))


def _error(entry: Any) -> str:
    said = clean(_text(entry, _SUMMARY), 200)
    code = clean(_text(entry, _ID).partition("#")[2], 200)
    return said or code.replace("_", " ") or "an error without words"


def _text(element: Any, tag: str) -> str:
    child = next(element.iterchildren(tag), None)
    return "" if child is None else _content(child)


def _content(element: Any) -> str:
    """All text within; itertext is slow, and hardly any element has others inside."""
    return "".join(element.itertext()) if len(element) else element.text or ""


def _number(root: Any, name: str) -> int | None:
    text = _text(root, f"{_OPENSEARCH}{name}").strip()
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        return None
    return int(text)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
