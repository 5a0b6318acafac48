"""Works as OpenAlex gives them: https://developers.openalex.org/api-reference/works."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from digest.core.errors import SourceMalformed
from digest.core.identifiers import ARXIV, DOI, Identifier, parse_arxiv, parse_doi
from digest.core.papers import SourceRecord
from digest.sources.citation_sweep import UNDATED, citations, publication_moment
from digest.sources.json_body import json_object
from digest.sources.text import clean, clean_abstract, clean_name, clean_title, safe_url

NAME = "openalex"
AUTHORITY = 40
OPENALEX = "openalex"
# Only keys of a work's top level can be selected.
FIELDS = (
    "id,doi,ids,title,display_name,publication_date,type,authorships,primary_location,locations,"
    "cited_by_count,primary_topic,topics,is_retracted,is_paratext,abstract_inverted_index"
)
_WORK = re.compile(r"(?i)(?:https?://(?:api\.)?openalex\.org/(?:works/)?)?(W[0-9]{1,18})/?")
_CURSOR = re.compile(r"[!-~]{1,2000}")
_MOST_LOCATIONS = 50
_MOST_AUTHORS = 5_000
_MOST_TOPICS = 5
_MOST_WORDS = 20_000
_LAST_POSITION = 1_000_000
_WORD_CHARS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkList:
    """One page of works. `received` counts all works in it, `omitted_count` those left out
    because they are retracted or parts of a journal such as its cover; `total` is what the whole
    list holds, `next_cursor` where it goes on ("" at its end)."""

    records: tuple[SourceRecord, ...]
    bad: tuple[str, ...]
    received: int
    omitted_count: int = 0
    total: int | None = None
    next_cursor: str = ""


def parse_works(body: bytes, *, one_preprint: bool = False) -> WorkList:
    """The works of a list, or the one work of an answer, in the order given.

    A work lies at places with several arXiv ids at times, which name papers of their own: with
    `one_preprint` it gets none of them then, but that of its own DOI.

    A work that cannot be read becomes one line of `bad`. Raises SourceMalformed when the whole
    is neither.
    """
    answer = json_object(body, "OpenAlex's answer")
    items = answer.get("results")
    if items is None and "id" in answer:
        items = [answer]
    if not isinstance(items, list):
        what = clean(answer.get("message") or answer.get("error"), 200)
        raise SourceMalformed(
            f"OpenAlex answered with an error: {what}" if what else "OpenAlex gave no list of works"
        )
    records, bad, omitted = [], [], 0
    for number, item in enumerate(items, start=1):
        try:
            record = _record(item, one_preprint=one_preprint)
        except ValueError as error:
            bad.append(f"work {number} {error}")
            continue
        if record is None:
            omitted += 1
        else:
            records.append(record)
    meta = answer.get("meta")
    meta = meta if isinstance(meta, dict) else {}
    return WorkList(
        records=tuple(records),
        bad=tuple(bad),
        received=len(items),
        omitted_count=omitted,
        total=_total(meta.get("count")),
        next_cursor=_next_cursor(meta.get("next_cursor")),
    )


def _total(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _next_cursor(value: Any) -> str:
    if value is None or value == "":
        return ""
    if not isinstance(value, str) or not _CURSOR.fullmatch(value):
        raise SourceMalformed("OpenAlex does not say how its list goes on")
    return value


def _record(item: Any, *, one_preprint: bool) -> SourceRecord | None:
    """None for what is no paper to recommend. Raises ValueError with what is wrong."""
    found = _WORK.fullmatch(clean(item.get("id"), 100)) if isinstance(item, dict) else None
    if found is None:
        raise ValueError("has no OpenAlex id")
    if item.get("is_retracted") is True or item.get("is_paratext") is True:
        return None
    key = found[1].upper()
    title = clean_title(item.get("title")) or clean_title(item.get("display_name"))
    if not title:
        raise ValueError(f"({key}) has no title")
    own, arxiv, doi = _names(item)
    if one_preprint and len(arxiv) > 1:
        arxiv = own
    published_at = publication_moment(item.get("publication_date"), item.get("publication_year"))
    return SourceRecord(
        source=NAME,
        ids=(*arxiv, *doi, Identifier(OPENALEX, key)),
        title=title,
        abstract=abstract_text(item.get("abstract_inverted_index")),
        authors=_authors(item.get("authorships")),
        appeared_at=published_at or UNDATED,
        published_at=published_at,
        authority=AUTHORITY,
        url=_url(arxiv, doi, item),
        pdf_url=_pdf_url(arxiv, item),
        venue=_venue(item.get("primary_location")),
        categories=_categories(item),
        readings=citations(item.get("cited_by_count")),
    )


def _names(item: dict[str, Any]) -> tuple[tuple[Identifier, ...], ...]:
    """The arXiv id of its DOI, all its arXiv ids by DOI and the places where it lies, and its
    other DOI; each as a tuple that may be empty."""
    ids = item.get("ids")
    given = [item.get("doi"), ids.get("doi") if isinstance(ids, dict) else None]
    dois = [clean(value, 300) for value in given]
    pages = [clean(where.get("landing_page_url"), 500) for where in _locations(item)]
    files = [clean(where.get("pdf_url"), 500) for where in _locations(item)]
    own = _arxiv_ids(dois)
    doi = next((found for text in dois if (found := parse_doi(text))), "")
    return own[:1], _arxiv_ids([*dois, *pages, *files]), (Identifier(DOI, doi),) if doi else ()


def _arxiv_ids(texts: list[str]) -> tuple[Identifier, ...]:
    found = (parse_arxiv(text) for text in texts if text)
    return tuple(dict.fromkeys(Identifier(ARXIV, one.base) for one in found if one))


def _locations(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The primary one first."""
    others = item.get("locations")
    every = [item.get("primary_location"), *(others if isinstance(others, list) else ())]
    return (where for where in islice(every, _MOST_LOCATIONS) if isinstance(where, dict))


def _authors(value: Any) -> tuple[str, ...]:
    """As they signed: `display_name` is the spelling of another of their papers at times."""
    names = []
    for one in islice(value if isinstance(value, list) else (), _MOST_AUTHORS):
        if isinstance(one, dict):
            author = one.get("author")
            known = author.get("display_name") if isinstance(author, dict) else None
            names.append(clean_name(one.get("raw_author_name")) or clean_name(known))
    return tuple(name for name in names if name)


def _url(arxiv: tuple[Identifier, ...], doi: tuple[Identifier, ...], item: dict[str, Any]) -> str:
    if arxiv:
        return f"https://arxiv.org/abs/{arxiv[0].value}"
    if doi:
        return safe_url(f"https://doi.org/{doi[0].value}")
    pages = (safe_url(where.get("landing_page_url")) for where in _locations(item))
    return next(filter(None, pages), "")


def _pdf_url(arxiv: tuple[Identifier, ...], item: dict[str, Any]) -> str:
    if arxiv:
        return f"https://arxiv.org/pdf/{arxiv[0].value}"
    return next(filter(None, (safe_url(w.get("pdf_url")) for w in _locations(item))), "")


def _venue(location: Any) -> str:
    """The journal or the conference; a repository such as arXiv is none."""
    source = location.get("source") if isinstance(location, dict) else None
    if not isinstance(source, dict) or source.get("type") == "repository":
        return ""
    return clean_name(source.get("display_name"))


def _categories(item: dict[str, Any]) -> tuple[str, ...]:
    others = item.get("topics")
    topics = [item.get("primary_topic"), *(others if isinstance(others, list) else ())]
    names = (
        clean_name(topic.get("display_name"))
        for topic in islice(topics, _MOST_TOPICS)
        if isinstance(topic, dict)
    )
    return tuple(dict.fromkeys(name for name in names if name))


def abstract_text(index: Any) -> str:
    """The text of an `abstract_inverted_index`: each word with the places where it stands.

    Places that are no numbers, or out of bounds, are left out; holes close up; where two words
    claim one place, the first has it.
    """
    if not isinstance(index, dict):
        return ""
    places = islice(_placed(index), _MOST_WORDS)
    words: dict[int, str] = {}
    for place, word in places:
        words.setdefault(place, word)
    return clean_abstract(" ".join(words[place] for place in sorted(words)))


def _placed(index: dict[str, Any]) -> Iterator[tuple[int, str]]:
    for word, places in index.items():
        for place in places if isinstance(places, list) else ():
            if type(place) is int and 0 <= place <= _LAST_POSITION:
                yield place, word[:_WORD_CHARS]
