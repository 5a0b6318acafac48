"""RIS, as EndNote, Mendeley, Zotero and publishers write it: a tag, two spaces, a dash, a value.

https://en.wikipedia.org/wiki/RIS_(file_format) lists the tags. Writers disagree on which tag
holds the title, the abstract and the year, end lines anywhere, and forget the `ER` of an entry.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from digest.core.references import Reference, References
from digest.sources.reference_fields import Entries, identifiers, make_reference, place

START = re.compile(r"(?m)^[ \t]*TY {1,2}-")

_MOST_VALUES = 200  # of one tag
_TAGGED = re.compile(r"^[ \t]*([A-Z][A-Z0-9]) {1,2}-(?: (.*)|$)")
_TITLES, _ABSTRACTS, _YEARS = ("TI", "T1", "CT", "BT"), ("AB", "N2"), ("PY", "Y1", "DA")
_LINKS = ("DO", "DI", "UR", "LK", "L1", "L2", "L3")
_WORDS = ("N1", "M1", "M3", "C1", "JO", "JF", "T2", "AN", "PB")


@dataclass(slots=True)
class _Draft:
    """An entry while it is read: the lines of each tag's values."""

    line: int
    values: dict[str, list[list[str]]] = field(default_factory=lambda: defaultdict(list))

    def all(self, *tags: str) -> Iterator[str]:
        for tag in tags:
            yield from (" ".join(lines).strip() for lines in self.values.get(tag, ()))

    def first(self, *tags: str) -> str:
        return next((value for value in self.all(*tags) if value), "")


def parse_ris(text: str) -> References:
    """The entries of a RIS text, in their order."""
    entries = Entries("RIS")
    for draft in _drafts(text):
        where = place(draft.line, draft.first("ID"))
        if "TY" in draft.values:
            entries.read(where, partial(_reference, where, draft))
        else:
            entries.refuse(where, "this stands in no entry, TY begins one")
    return entries.all()


def _drafts(text: str) -> Iterator[_Draft]:
    """Each entry; also one, without TY, for tags between the entries."""
    draft: _Draft | None = None
    lines: list[str] | None = None
    for number, line in enumerate(text.split("\n"), start=1):
        tagged = _TAGGED.match(line)
        if tagged is None:
            if lines is not None and line.strip():
                lines.append(line.strip())
            continue
        tag = tagged[1]
        if draft is not None and tag in ("TY", "ER"):
            yield draft
            draft = lines = None
        if tag != "ER":
            draft = draft or _Draft(number)
            lines = [(tagged[2] or "").strip()]
            if len(draft.values[tag]) < _MOST_VALUES:
                draft.values[tag].append(lines)
    if draft is not None:
        yield draft


def _reference(where: str, draft: _Draft) -> Reference:
    return make_reference(
        where,
        ids=identifiers(draft.all(*_LINKS), draft.all(*_WORDS)),
        title=draft.first(*_TITLES),
        abstract=draft.first(*_ABSTRACTS),
        authors=draft.all("AU", "A1"),
        year=draft.first(*_YEARS),
    )
