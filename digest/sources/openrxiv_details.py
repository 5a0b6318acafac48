"""What the API of bioRxiv and medRxiv says of preprints.

https://api.biorxiv.org: `/details/SERVER/FROM/TO/CURSOR/json` gives `messages`, of which the first
tells how it went, and `collection`, with an entry for every version posted on these days.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from digest.core.errors import SourceMalformed, SourceUnavailable
from digest.core.identifiers import DOI, Identifier, parse_doi
from digest.core.papers import SourceRecord
from digest.sources.json_body import json_object
from digest.sources.lists import count_of, day_of, midnight
from digest.sources.text import clean, clean_abstract, clean_name, clean_title, safe_url

# Below arXiv and the lists people choose from, above a feed, whose abstracts are often cut.
AUTHORITY = 40
_NOTHING_FOUND = re.compile(r"(?i)\bno\b.*\bfound\b")
# Since December 2019 a DOI names the day of submission, a little before the first posting.
_DOI_DAY = re.compile(r"^10\.\d+/(20\d\d)\.(\d\d)\.(\d\d)\.\d+$")
_LAST_DAY_WITHOUT = date(2019, 12, 11)
_ABSTRACT_TITLE = re.compile(r"(?i)<(?:jats:)?title>\s*abstract\s*</(?:jats:)?title>")
_NEW_PREFIX = "10.64898/"
_MAX_VERSION = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One of the two servers: the name of its source, what people call it, and its site."""

    name: str
    venue: str
    site: str


BIORXIV = Server(name="biorxiv", venue="bioRxiv", site="https://www.biorxiv.org")
MEDRXIV = Server(name="medrxiv", venue="medRxiv", site="https://www.medrxiv.org")


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """One page. `received` counts the entries, read or not; `total`, all versions of these days,
    and `at`, where the page starts, are None where it does not say; `category` is the filter."""

    records: tuple[SourceRecord, ...]
    bad: tuple[str, ...]
    received: int
    total: int | None
    at: int | None
    category: str


def parse_details(body: bytes, *, server: Server) -> Details:
    """Every version of the page, in its order; an entry that cannot be read is a line of `bad`.

    A later version appears as of the day of submission, which is the first thing known of its
    paper here: its own date is that of a revision. Days without posts are no error, although
    their status is not "ok". Raises SourceUnavailable with any other status, SourceMalformed
    when this is no page at all.
    """
    page = json_object(body, f"{server.venue}'s list")
    said, items = _message(page), page.get("collection")
    status = clean(said.get("status"), 200)
    empty = not items and _NOTHING_FOUND.search(status) is not None
    if status and status.lower() != "ok" and not empty:
        raise SourceUnavailable(f"{server.venue} answered: {status}")
    if empty:
        items = []
    if not isinstance(items, list) or not (items or status):
        raise SourceMalformed(f"{server.venue}'s list holds no collection")
    records, bad = [], []
    for number, item in enumerate(items, start=1):
        try:
            records.append(_record(item, server))
        except ValueError as error:
            bad.append(f"entry {number} {error}")
    return Details(
        records=tuple(records),
        bad=tuple(bad),
        received=len(items),
        total=count_of(said.get("total")),
        at=count_of(said.get("cursor")),
        category=clean_name(said.get("category")),
    )


def _message(page: dict[str, Any]) -> dict[str, Any]:
    messages = page.get("messages")
    first = messages[0] if isinstance(messages, list) and messages else None
    return first if isinstance(first, dict) else {}


def _record(item: Any, server: Server) -> SourceRecord:
    """Raises ValueError with what is wrong, to follow the words "entry N"."""
    if not isinstance(item, dict):
        raise ValueError("is no object")
    given = clean(item.get("doi"), 200)
    doi = parse_doi(given)
    if doi is None:
        raise ValueError("has no DOI")
    title = clean_title(item.get("title"))
    if not title:
        raise ValueError(f"({doi}) has no title")
    posted = day_of(item.get("date"))
    if posted is None:
        raise ValueError(f"({doi}) has no date")
    version = _version(item.get("version"))
    page = safe_url(f"{server.site}/content/{_as_given(given, doi)}v{version or 1}")
    revised = (version or 1) > 1
    posted_at = midnight(posted)
    return SourceRecord(
        source=server.name,
        ids=_identifiers(doi, item.get("published")),
        title=title,
        abstract=_abstract(item.get("abstract")),
        authors=_authors(item.get("authors")),
        appeared_at=min(posted_at, _submitted_at(doi)) if revised else posted_at,
        published_at=None if revised else posted_at,
        updated_at=posted_at,
        version=version,
        authority=AUTHORITY,
        url=page,
        pdf_url=f"{page}.full.pdf",
        venue=server.venue,
        categories=tuple(filter(None, (clean_name(item.get("category")),))),
    )


def _version(value: Any) -> int | None:
    number = count_of(value.strip() if isinstance(value, str) else value)
    return number if number is not None and 1 <= number <= _MAX_VERSION else None


def _as_given(text: str, doi: str) -> str:
    """The DOI with the prefix under which the site knows it: papers are told apart without."""
    suffix = doi.partition("/")[2]
    return f"{_NEW_PREFIX}{suffix}" if _NEW_PREFIX in text else doi


def _submitted_at(doi: str) -> datetime:
    """When a preprint was handed in, or a moment before which that must have been."""
    found = _DOI_DAY.match(doi)
    day = day_of("-".join(found.groups())) if found else None
    return midnight(day or _LAST_DAY_WITHOUT)


def _identifiers(doi: str, published: Any) -> tuple[Identifier, ...]:
    """The preprint's DOI, and the article's once a journal has it ("NA" before); what names a
    preprint is no article's."""
    article = parse_doi(clean(published, 300))
    if article is None or article == doi or _DOI_DAY.match(article):
        return (Identifier(DOI, doi),)
    return Identifier(DOI, doi), Identifier(DOI, article)


def _abstract(value: Any) -> str:
    return clean_abstract(_ABSTRACT_TITLE.sub(" ", value) if isinstance(value, str) else value)


def _authors(value: Any) -> tuple[str, ...]:
    """`Lovelace, A.; Gödel, K. F.` as people are called: A. Lovelace, K. F. Gödel."""
    people = value.split(";") if isinstance(value, str) else ()
    names = (_natural(clean_name(person)) for person in people)
    return tuple(name for name in names if name)


def _natural(name: str) -> str:
    family, *given = (part.strip() for part in name.split(","))
    return " ".join(part for part in (*given[:1], family, *given[1:]) if part)
