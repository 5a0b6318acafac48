"""Answers of arXiv's OAI-PMH interface, read from their bytes: pages of records in the formats
arXiv, arXivRaw and oai_dc, from the server of 2025 and the one before.

https://www.openarchives.org/OAI/openarchivesprotocol.html, https://info.arxiv.org/help/oa.
Elements go by their local names: not every server, and no proxy, gets the namespaces right.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from lxml import etree

from digest.core.errors import SourceMalformed
from digest.core.identifiers import ARXIV, DOI, Identifier, parse_arxiv, parse_doi
from digest.core.papers import SourceRecord
from digest.sources.author_lists import split_authors
from digest.sources.markup import parse_xml
from digest.sources.text import clean, clean_abstract, clean_name, clean_title, github_repository

NAME = "arxiv_oai"
# The same texts as the API's, but days in place of times and mostly no version.
AUTHORITY = 85
_ROOTS = ("OAI-PMH", "record")
_VERSION = re.compile(r"v([0-9]{1,3})")
_COMMENT = re.compile(r"(?i)comments?:\s*")
_TOKEN_CHARS = 2_000
_COMMENT_CHARS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Harvest:
    """One page of a list. `token` asks for the next one, "" when this is the last; `position` is
    how many records came before, of `total`, where the server says so. `error` is the code of
    what is wrong with the request, `words` what is said of it."""

    records: tuple[SourceRecord, ...] = ()
    bad: tuple[str, ...] = ()
    deleted: int = 0
    token: str = ""
    position: int | None = None
    total: int | None = None
    responded_at: datetime | None = None
    error: str = ""
    words: str = ""

    @property
    def received(self) -> int:
        return len(self.records) + len(self.bad) + self.deleted


def parse_harvest(body: bytes) -> Harvest:
    """The page in `body`, records in its order; deleted ones are only counted.

    A record that cannot be read becomes one line of `bad`. Raises SourceMalformed when the body
    is no answer of OAI-PMH, or breaks off.
    """
    root = parse_xml(body)
    if _local(root) not in _ROOTS:
        raise SourceMalformed("the answer is XML, but not of OAI-PMH")
    responded_at = _moment(_text(root, "responseDate"))
    error = root.find("{*}error")
    if error is not None:
        return Harvest(
            responded_at=responded_at,
            error=clean_name(error.get("code")) or "unknown",
            words=clean("".join(error.itertext()), 200),
        )
    records, bad, deleted = [], [], 0
    for number, element in enumerate(root.iter("{*}record"), start=1):
        if _is_deleted(element):
            deleted += 1
            continue
        try:
            records.append(_record(element))
        except ValueError as problem:
            bad.append(f"record {number} {problem}")
    token = next(root.iter("{*}resumptionToken"), None)
    return Harvest(
        records=tuple(records),
        bad=tuple(bad),
        deleted=deleted,
        token=_token(token),
        position=_number(token, "cursor"),
        total=_number(token, "completeListSize"),
        responded_at=responded_at,
    )


def _is_deleted(element: Any) -> bool:
    header = element.find("{*}header")
    return header is not None and header.get("status") == "deleted"


def _token(element: Any) -> str:
    text = "" if element is None else "".join(element.itertext()).strip()
    if len(text) > _TOKEN_CHARS:
        raise SourceMalformed("the resumptionToken is too long to be sent back")
    return text


def _number(element: Any, name: str) -> int | None:
    text = "" if element is None else (element.get(name) or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


# --- records


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fields:
    """What the formats have in common, as text that is not cleaned yet."""

    name: str
    title: str
    abstract: str
    authors: tuple[str, ...]
    created: datetime | None
    updated: datetime | None
    categories: Sequence[str]
    comments: str = ""
    venue: str = ""
    doi: str = ""
    version: int | None = None


def _record(element: Any) -> SourceRecord:
    """Raises ValueError with what is wrong, to follow the words "record N"."""
    header = element.find("{*}header")
    label = clean(_text(header, "identifier"), 100) or "without a name"
    content = next(iter(element.iterfind("{*}metadata/{*}*")), None)
    read = None if content is None else _FORMATS.get(_local(content))
    if read is None:
        raise ValueError(f"({label}) has no metadata that can be read")
    fields = read(content, header)
    names = (fields.name, _text(header, "identifier"))
    arxiv = next((a for a in (parse_arxiv(clean(name, 200)) for name in names) if a), None)
    if arxiv is None:
        raise ValueError(f"({label}) has no arXiv id")
    title = clean_title(fields.title)
    if not title:
        raise ValueError(f"({arxiv.base}) has no title")
    if fields.created is None:
        raise ValueError(f"({arxiv.base}) has no date")
    abstract, comments = clean_abstract(fields.abstract), clean(fields.comments, _COMMENT_CHARS)
    doi = parse_doi(clean(fields.doi, 300))
    ids = (Identifier(ARXIV, arxiv.base), *([Identifier(DOI, doi)] if doi else []))
    return SourceRecord(
        source=NAME,
        ids=ids,
        title=title,
        abstract=abstract,
        authors=fields.authors,
        appeared_at=fields.created,
        published_at=fields.created,
        updated_at=fields.updated or fields.created,
        version=fields.version,
        authority=AUTHORITY,
        url=f"https://arxiv.org/abs/{arxiv.base}",
        pdf_url=f"https://arxiv.org/pdf/{arxiv.base}",
        code_url=github_repository(comments, abstract),
        venue=clean_name(fields.venue),
        categories=_cleaned(fields.categories),
    )


def _arxiv(content: Any, _header: Any) -> _Fields:
    return _Fields(
        **_shared(content),
        authors=_cleaned(_people(content)),
        created=_moment(_text(content, "created")),
        updated=_moment(_text(content, "updated")),
    )


def _people(content: Any) -> Iterator[str]:
    """ "Forenames Keyname Suffix" of each; a collaboration has a keyname only."""
    for author in content.iterfind("{*}authors/{*}author"):
        parts = (_text(author, part).strip() for part in ("forenames", "keyname", "suffix"))
        yield " ".join(part for part in parts if part)


def _arxiv_raw(content: Any, _header: Any) -> _Fields:
    versions = sorted(_versions(content), key=lambda version: version[0])
    moments = [moment for _, moment in versions if moment is not None]
    return _Fields(
        **_shared(content),
        authors=split_authors(_text(content, "authors"), conjunctions=True),
        created=moments[0] if moments else None,
        updated=moments[-1] if moments else None,
        version=versions[-1][0] if versions else None,
    )


def _versions(content: Any) -> Iterator[tuple[int, datetime | None]]:
    for element in content.iterfind("{*}version"):
        if found := _VERSION.fullmatch((element.get("version") or "").strip()):
            yield int(found[1]), _moment(_text(element, "date"))


def _shared(content: Any) -> dict[str, Any]:
    """What is spelled alike in arXiv's own two formats."""
    return {
        "name": _text(content, "id"),
        "title": _text(content, "title"),
        "abstract": _text(content, "abstract"),
        "categories": _text(content, "categories").split(),
        "comments": _text(content, "comments"),
        "venue": _text(content, "journal-ref"),
        "doi": _text(content, "doi"),
    }


def _dublin_core(content: Any, header: Any) -> _Fields:
    """oai_dc: the links, the journal and the DOI are all identifiers, the comment a second
    description, and the categories are written out; their codes are in the header."""
    names = _texts(content, "identifier")
    descriptions = _texts(content, "description")
    comments = [text for text in descriptions if _COMMENT.match(text)]
    moments = sorted(moment for text in _texts(content, "date") if (moment := _moment(text)))
    return _Fields(
        name=next((name for name in names if parse_arxiv(name)), ""),
        title=_text(content, "title"),
        abstract=next((text for text in descriptions if text not in comments), ""),
        authors=_cleaned(_turned(name) for name in _texts(content, "creator")),
        created=moments[0] if moments else None,
        updated=moments[-1] if moments else None,
        categories=[_category(spec) for spec in _texts(header, "setSpec")],
        comments=" ".join(comments),
        venue=next((n for n in names if not parse_arxiv(n) and not _is_link(n)), ""),
        doi=next((name for name in names if parse_doi(name)), ""),
    )


def _is_link(name: str) -> bool:
    return name.lower().startswith(("http:", "https:", "doi:"))


def _turned(name: str) -> str:
    """`Lovelace, Ada` as `Ada Lovelace`, `King, Martin, Jr.` as `Martin King Jr.`"""
    surname, *rest = (part.strip() for part in name.split(","))
    return " ".join([*rest[:1], surname, *rest[1:]])


def _category(spec: str) -> str:
    """`cs:cs:AI` is cs.AI, `physics:hep-th` hep-th, and the `cs` of old a whole archive."""
    _, _, inner = spec.strip().partition(":")
    return (inner or spec.strip()).replace(":", ".")


_FORMATS: Mapping[str, Callable[[Any, Any], _Fields]] = {
    "arXiv": _arxiv,
    "arXivRaw": _arxiv_raw,
    "dc": _dublin_core,
}


def _cleaned(texts: Iterator[str] | Sequence[str]) -> tuple[str, ...]:
    """Each once, in the order given."""
    return tuple(dict.fromkeys(text for text in map(clean_name, texts) if text))


# --- elements


def _local(element: Any) -> str:
    return str(etree.QName(element).localname)


def _text(element: Any, name: str) -> str:
    return next(iter(_texts(element, name)), "")


def _texts(element: Any, name: str) -> list[str]:
    if element is None:
        return []
    return ["".join(child.itertext()).strip() for child in element.iterfind(f"{{*}}{name}")]


def _moment(text: str) -> datetime | None:
    """A day or a moment in ISO 8601, or the date of a mail, in UTC."""
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(text.strip())
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError, TypeError, IndexError):
            continue
    return None
