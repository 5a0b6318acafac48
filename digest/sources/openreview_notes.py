"""Submissions to conferences and journals as OpenReview's API writes them down: as notes.

https://docs.openreview.net/reference/api-v2/entities/note. Version 2 of the API wraps each value
of `content`, as in `{"title": {"value": "…"}}`, version 1 does not; both are read.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from digest.core.errors import SourceMalformed, SourceUnavailable
from digest.core.identifiers import (
    ARXIV,
    DOI,
    OPENREVIEW,
    Identifier,
    parse_arxiv,
    parse_doi,
)
from digest.core.papers import SourceRecord
from digest.sources.json_body import json_object
from digest.sources.lists import count_of
from digest.sources.text import (
    clean,
    clean_abstract,
    clean_name,
    clean_title,
    github_repository,
)

NAME = "openreview"
AUTHORITY = 40
_SITE = "https://openreview.net"
_FORUM = re.compile(r"[A-Za-z0-9_-]{4,64}")
_EVERYONE = "everyone"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_MS = 10**13
_MAX_KEYWORDS = 20
_SUMMARY_CHARS = 2000
# The last part of a venue id says what became of a submission, and so do the words for readers,
# which are all that version 1 has: "Submitted to ICLR 2023" is what was not accepted there.
_TURNED_DOWN = re.compile(r"(?i)reject|withdrawn?")
_UNDECIDED = re.compile(r"(?i)/[^/]*submission$")
_NOT_ACCEPTED = re.compile(r"(?i)\bsubmitted\b")
_MASKED = frozenset({"anonymous", "anonymous author", "anonymous authors"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A paper that anybody may see, in `venue_id`, and when anything about it changed last.
    `is_dated`: it says when it was published, and not only when it was written."""

    record: SourceRecord
    venue_id: str
    changed_at: datetime
    is_dated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """One page. `received` counts the notes, read or not, `total` those of the whole list (None
    where it does not say). `last_changed` holds when each note with a date changed, in order."""

    notes: tuple[Note, ...]
    bad: tuple[str, ...]
    received: int
    total: int | None
    last_changed: tuple[datetime, ...]


def parse_notes(body: bytes, *, now: datetime) -> Notes:
    """The papers of a page, in its order, each as of the day it was published, or else written,
    and never later than `now`.

    Left out without a word: what was rejected or withdrawn, replies, deleted notes, and what the
    account may see and not everybody. A note that cannot be read is a line of `bad`. Raises
    SourceUnavailable when the page is an error, SourceMalformed when it is no page at all.
    """
    page = json_object(body, "OpenReview's list")
    items = page.get("notes")
    if not isinstance(items, list):
        what = error_words(page)
        if what:
            raise SourceUnavailable(f"OpenReview answered: {what}")
        raise SourceMalformed("OpenReview's list holds no notes")
    notes, bad, changed = [], [], []
    for number, item in enumerate(items, start=1):
        try:
            note = _note(item, now)
        except ValueError as error:
            bad.append(f"note {number} {error}")
            note = None
        if isinstance(item, dict) and (moment := _changed_at(item)):
            changed.append(moment)
        if note is not None:
            notes.append(note)
    return Notes(
        notes=tuple(notes),
        bad=tuple(bad),
        received=len(items),
        total=count_of(page.get("count")),
        last_changed=tuple(changed),
    )


def error_words(answer: dict[str, Any]) -> str:
    """What an error of the API says, in one line; "" when it is none."""
    name, message = clean(answer.get("name"), 80), clean(answer.get("message"), 160)
    return ": ".join(part for part in (name, message) if part)


def _note(item: Any, now: datetime) -> Note | None:
    """None for what is no public paper of its venue. Raises ValueError with what is wrong, to
    follow the words "note N"."""
    if not isinstance(item, dict) or not isinstance(item.get("content"), dict):
        raise ValueError("is none")
    content = _Content(item["content"])
    forum = clean(item.get("forum") or item.get("id"), 100)
    venue_id, venue = content.text("venueid"), content.text("venue")
    if not _FORUM.fullmatch(forum):
        raise ValueError("has no id")
    if not _is_public_paper(item, forum) or _turned_down(venue_id, venue):
        return None
    title = clean_title(content.value("title"))
    if not title:
        raise ValueError(f"({forum}) has no title")
    dated = _moment(item.get("pdate"))
    published = dated or _moment(item.get("cdate")) or _moment(item.get("tcdate"))
    if published is None:
        raise ValueError(f"({forum}) has no date")
    published = min(published, now)
    abstract = clean_abstract(content.value("abstract"))
    record = SourceRecord(
        source=NAME,
        ids=_identifiers(forum, content),
        title=title,
        abstract=abstract,
        authors=tuple(a for a in content.people("authors") if a.lower() not in _MASKED),
        appeared_at=published,
        published_at=published,
        updated_at=_moment(item.get("mdate")),
        authority=AUTHORITY,
        url=f"{_SITE}/forum?id={forum}",
        pdf_url=f"{_SITE}/pdf?id={forum}" if content.text("pdf") else "",
        code_url=github_repository(content.text("code"), abstract),
        summary=content.first(("TLDR", "TL;DR", "one-sentence_summary")),
        venue=clean_name(venue),
        categories=content.words("keywords")[:_MAX_KEYWORDS],
    )
    return Note(
        record=record,
        venue_id=venue_id,
        changed_at=_changed_at(item) or published,
        is_dated=dated is not None,
    )


def _is_public_paper(item: dict[str, Any], forum: str) -> bool:
    """Whether a note is the submission itself, not deleted, and for everybody to read."""
    readers = item.get("readers")
    public = not isinstance(readers, list) or _EVERYONE in readers
    return public and not item.get("ddate") and item.get("id", forum) == forum


def _turned_down(venue_id: str, venue: str) -> bool:
    if _TURNED_DOWN.search(venue_id.rpartition("/")[2]) or _TURNED_DOWN.search(venue):
        return True
    return _NOT_ACCEPTED.search(venue) is not None and not _UNDECIDED.search(venue_id)


def _identifiers(forum: str, content: "_Content") -> tuple[Identifier, ...]:
    """The id here, and the arXiv id and the DOI where the note itself names or links to them."""
    places = [content.text(key) for key in ("pdf", "html", "doi", "arxiv", "url", "_bibtex")]
    found = [Identifier(OPENREVIEW, forum)]
    if arxiv := next((a for a in map(parse_arxiv, places) if a), None):
        found.append(Identifier(ARXIV, arxiv.base))
    # A BibTeX entry is in braces, which a DOI never is.
    if doi := next(
        (d for d in map(parse_doi, (re.sub("[{}]", " ", p) for p in places)) if d), None
    ):
        found.append(Identifier(DOI, doi))
    return tuple(found)


class _Content:
    """The `content` of a note in either form, without the values that not everybody may see."""

    def __init__(self, content: dict[str, Any]) -> None:
        self._content = content

    def value(self, key: str) -> Any:
        value = self._content.get(key)
        if not isinstance(value, dict):
            return value
        readers = value.get("readers")
        hidden = isinstance(readers, list) and _EVERYONE not in readers
        return None if hidden else value.get("value")

    def text(self, key: str) -> str:
        return clean(self.value(key), 5000)

    def first(self, keys: Iterable[str]) -> str:
        return next(filter(None, (clean(self.value(k), _SUMMARY_CHARS) for k in keys)), "")

    def words(self, key: str) -> tuple[str, ...]:
        """A list of short texts, which some venues write as one with commas; each once."""
        value = self.value(key)
        given = re.split(r"[,;]", value) if isinstance(value, str) else value
        words = (clean_name(word) for word in given) if isinstance(given, list) else ()
        return tuple(dict.fromkeys(word for word in words if word))

    def people(self, key: str) -> tuple[str, ...]:
        """Names; one text with all of them cannot be taken apart safely, and is left out."""
        value = self.value(key)
        given = value if isinstance(value, list) else ()
        names = (clean_name(p.get("fullname") if isinstance(p, dict) else p) for p in given)
        return tuple(name for name in names if name)


def _changed_at(item: dict[str, Any]) -> datetime | None:
    moments = (_moment(item.get(k)) for k in ("tmdate", "mdate", "pdate", "tcdate", "cdate"))
    return next((moment for moment in moments if moment), None)


def _moment(value: Any) -> datetime | None:
    """The moment that is so many milliseconds after 1970, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return _EPOCH + timedelta(milliseconds=int(value)) if 0 < value < _LONGEST_MS else None
