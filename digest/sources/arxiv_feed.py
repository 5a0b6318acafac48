"""The Atom feed of the arXiv API, old format and new, read from its bytes.

https://info.arxiv.org/help/api/user-manual.html#3-structure-of-the-api. The body is UTF-8 by its
own declaration; the Content-Type names no charset, so it must never be decoded by its headers.
"""

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
_ERROR = "/api/errors#"


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
        if _ERROR in _text(entry, f"{_ATOM}id"):
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
    arxiv = parse_arxiv(clean(_text(entry, f"{_ATOM}id"), 200))
    if arxiv is None:
        raise ValueError("has no arXiv id")
    title = clean_title(_text(entry, f"{_ATOM}title"))
    if not title:
        raise ValueError(f"({arxiv.base}) has no title")
    published = _moment(_text(entry, f"{_ATOM}published"))
    if published is None:
        raise ValueError(f"({arxiv.base}) has no date")
    abstract = clean_abstract(_text(entry, f"{_ATOM}summary"))
    comment = clean(_text(entry, f"{_ARXIV}comment"), 2000)
    doi = parse_doi(clean(_text(entry, f"{_ARXIV}doi"), 300))
    ids = [Identifier(ARXIV, arxiv.base)] + ([Identifier(DOI, doi)] if doi else [])
    return SourceRecord(
        source=NAME,
        ids=tuple(ids),
        title=title,
        abstract=abstract,
        authors=_authors(entry),
        appeared_at=published,
        published_at=published,
        updated_at=_moment(_text(entry, f"{_ATOM}updated")),
        version=arxiv.version,
        authority=AUTHORITY,
        url=f"https://arxiv.org/abs/{arxiv.base}",
        pdf_url=f"https://arxiv.org/pdf/{arxiv.base}",
        code_url=github_repository(comment, abstract),
        venue=clean_name(_text(entry, f"{_ARXIV}journal_ref")),
        categories=_categories(entry),
    )


def _authors(entry: Any) -> tuple[str, ...]:
    names = (clean_name(_text(a, f"{_ATOM}name")) for a in entry.iterchildren(f"{_ATOM}author"))
    return tuple(name for name in names if name)


def _categories(entry: Any) -> tuple[str, ...]:
    """The primary one first, each once."""
    primary = entry.iterchildren(f"{_ARXIV}primary_category")
    others = entry.iterchildren(f"{_ATOM}category")
    terms = (clean_name(element.get("term")) for part in (primary, others) for element in part)
    return tuple(dict.fromkeys(term for term in terms if term))


def _error(entry: Any) -> str:
    said = clean(_text(entry, f"{_ATOM}summary"), 200)
    code = clean(_text(entry, f"{_ATOM}id").partition("#")[2], 200)
    return said or code.replace("_", " ") or "an error without words"


def _text(element: Any, tag: str) -> str:
    child = element.find(tag)
    return "" if child is None else "".join(child.itertext())


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
