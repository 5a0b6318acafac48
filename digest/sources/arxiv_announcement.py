"""arXiv's announcement of one day, read from its bytes: RSS 2.0 and Atom as rss.arxiv.org sends
them, and the RSS 1.0 (RDF) that it sent until January 2024.

https://info.arxiv.org/help/rss.html, https://info.arxiv.org/help/rss_specifications.html. Times
are those of Ithaca, New York: an announcement carries the midnight at which its feed is built.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from zoneinfo import ZoneInfo

from lxml import etree

from digest.core.errors import SourceMalformed
from digest.core.identifiers import ARXIV, DOI, ArxivId, Identifier, parse_arxiv, parse_doi
from digest.core.papers import SourceRecord
from digest.sources.author_lists import split_authors
from digest.sources.markup import parse_xml
from digest.sources.text import clean, clean_abstract, clean_name, clean_title, github_repository

NAME = "arxiv_rss"
# The same texts as the API's, but authors in one string and no date of submission.
AUTHORITY = 80
_ITHACA = ZoneInfo("America/New_York")
_ENTRIES = {"rss": "item", "rdf": "item", "feed": "entry"}
_ERROR = "feed error for query"
_NEW = ("new", "cross")
# "arXiv:2604.21935v1 Announce Type: new \nAbstract: ", with white space of any kind.
_PREFIX = re.compile(r"\s*(arXiv:\S+)\s+Announce\s+Type:\s*([\w-]+)\s*(?:Abstract:\s*)?")
# "Title. (arXiv:1805.06430v2 [nucl-th] UPDATED)"
_SUFFIX = re.compile(r"\.?\s*\((arXiv:\S+)\s+\[([^\]\s]+)\]\s*([A-Z ,]*)\)\s*$")
_TITLE_CHARS = 5_000
# What no calendar of arXiv's holds is a mistake, and may be beyond that of Python.
_YEARS = range(1991, 2100)
# The month in an id is that of its submission.
_MONTH = re.compile(r"(?:^|/)(\d\d)(\d\d)")
# An id that old was not submitted for this announcement; holds and weekends take days.
_STALE_ID = timedelta(days=10)

_Fields = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """A paper as announced; `kind` is new, cross, replace or replace-cross.

    The record of a paper that was submitted long before appears when it was submitted.
    """

    record: SourceRecord
    kind: str
    at: datetime

    @property
    def is_new(self) -> bool:
        return self.kind in _NEW


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """One feed. `day` is the day of the announcement in Ithaca, None when the feed names none;
    `error` is what arXiv says of the request, "" when it is content with it."""

    entries: tuple[Announced, ...] = ()
    bad: tuple[str, ...] = ()
    day: date | None = None
    error: str = ""


def parse_announcement(body: bytes) -> Announcement:
    """The announcement in `body`, in its order.

    An entry that cannot be read becomes one line of `bad`. Raises SourceMalformed when the body
    is no feed, or breaks off.
    """
    root = parse_xml(body)
    entry_name = _ENTRIES.get(_local(root).lower())
    if entry_name is None:
        raise SourceMalformed("the answer is XML, but no feed")
    head = _head(root, entry_name)
    if clean(_first(head, "title"), 200).lower().startswith(_ERROR):
        return Announcement(error=_complaint(head))
    built = _moment(head, "pubDate", "published", "date", "lastBuildDate", "updated")
    entries, bad = [], []
    for number, element in enumerate(root.iter(f"{{*}}{entry_name}"), start=1):
        try:
            entries.append(_announced(_fields(element), built))
        except ValueError as error:
            bad.append(f"entry {number} {error}")
    newest = max((one.at for one in entries), default=built)
    return Announcement(
        entries=tuple(entries),
        bad=tuple(bad),
        day=newest.astimezone(_ITHACA).date() if newest else None,
    )


def _complaint(head: _Fields) -> str:
    said = clean(_first(head, "description") or _first(head, "subtitle"), 200)
    return said or "an error without words"


def _announced(fields: _Fields, built: datetime | None) -> Announced:
    """Raises ValueError with what is wrong, to follow the words "entry N"."""
    text = _first(fields, "description") or _first(fields, "summary")
    title = " ".join(_first(fields, "title")[:_TITLE_CHARS].split())
    prefix, suffix = _PREFIX.match(text), _SUFFIX.search(title)
    arxiv = _identifier(fields, prefix, suffix)
    if suffix:
        title = title[: suffix.start()]
    title = clean_title(title)
    if not title:
        raise ValueError(f"({arxiv.base}) has no title")
    announced_at = _moment(fields, "pubDate", "published") or built
    if announced_at is None:
        raise ValueError(f"({arxiv.base}) has no date")
    kind = _kind(fields, prefix, suffix)
    abstract = clean_abstract(text[prefix.end() :] if prefix else text)
    submitted_by = _submitted_by(arxiv, announced_at)
    record = SourceRecord(
        source=NAME,
        ids=_ids(arxiv, fields),
        title=title,
        abstract=abstract,
        authors=split_authors(", ".join(fields.get("creator", ()))),
        appeared_at=submitted_by or announced_at,
        published_at=submitted_by,
        version=arxiv.version,
        authority=AUTHORITY,
        url=f"https://arxiv.org/abs/{arxiv.base}",
        pdf_url=f"https://arxiv.org/pdf/{arxiv.base}",
        code_url=github_repository(abstract),
        venue=clean_name(_first(fields, "journal_reference")),
        categories=_categories(fields, suffix),
    )
    return Announced(record=record, kind=kind, at=announced_at)


def _identifier(
    fields: _Fields, prefix: re.Match[str] | None, suffix: re.Match[str] | None
) -> ArxivId:
    """The id with the version where any place gives one: links come without."""
    marks = [found[1] for found in (prefix, suffix) if found]
    places = [*(_first(fields, name) for name in ("guid", "id")), *marks, _first(fields, "link")]
    found = [arxiv for place in places if (arxiv := parse_arxiv(clean(place, 300)))]
    if not found:
        raise ValueError("has no arXiv id")
    return next((arxiv for arxiv in found if arxiv.version), found[0])


def _ids(arxiv: ArxivId, fields: _Fields) -> tuple[Identifier, ...]:
    doi = parse_doi(clean(_first(fields, "DOI"), 300))
    return (Identifier(ARXIV, arxiv.base), *([Identifier(DOI, doi)] if doi else []))


def _kind(fields: _Fields, prefix: re.Match[str] | None, suffix: re.Match[str] | None) -> str:
    said = clean_name(_first(fields, "announce_type")) or (prefix[2] if prefix else "")
    if said or suffix is None:
        return said.lower() or "new"
    cross = "cross" if "CROSS" in suffix[3] else ""
    replaced = "replace" if "UPDATED" in suffix[3] else ""
    return "-".join(filter(None, (replaced, cross))) or "new"


def _categories(fields: _Fields, suffix: re.Match[str] | None) -> tuple[str, ...]:
    """As given, which is the primary one first."""
    given = [*fields.get("category", ()), *([suffix[2]] if suffix else [])]
    return tuple(dict.fromkeys(name for name in map(clean_name, given) if name))


def _submitted_by(arxiv: ArxivId, announced_at: datetime) -> datetime | None:
    """The end of the month in an id that is older than the announcement, as of papers that are
    listed in another category years later; None for a paper that may be new."""
    found = _MONTH.search(arxiv.base)
    if not found or not 1 <= int(found[2]) <= 12:
        return None
    year = int(found[1]) + (1900 if int(found[1]) > 90 else 2000)
    next_month = datetime(year + int(found[2]) // 12, int(found[2]) % 12 + 1, 1, tzinfo=UTC)
    end = next_month - timedelta(seconds=1)
    return end if end < announced_at - _STALE_ID else None


# --- elements


def _local(element: Any) -> str:
    return str(etree.QName(element).localname)


def _fields(element: Any) -> _Fields:
    """The texts of the children by their local names; a link or category may be an attribute."""
    fields: defaultdict[str, list[str]] = defaultdict(list)
    for child in element.iterchildren(etree.Element):
        text = "".join(child.itertext()) or child.get("href") or child.get("term") or ""
        fields[_local(child)].append(text)
    return fields


def _head(root: Any, entry_name: str) -> _Fields:
    """The fields of the feed itself."""
    channel = root.find("{*}channel") if entry_name == "item" else root
    return _fields(channel) if channel is not None else {}


def _first(fields: _Fields, name: str) -> str:
    return next(iter(fields.get(name, ())), "")


def _moment(fields: _Fields, *names: str) -> datetime | None:
    """The first of these fields that is a date, as RFC 822 or ISO 8601 writes it, in UTC."""
    readers: tuple[Callable[[str], datetime], ...] = (
        datetime.fromisoformat,
        parsedate_to_datetime,
    )
    for text in (_first(fields, name).strip() for name in names):
        for read in readers:
            try:
                moment = read(text)
                if moment.year in _YEARS:
                    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
            except (ValueError, OverflowError, TypeError, IndexError):
                continue
    return None
