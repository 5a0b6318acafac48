"""What the entries of all kinds of libraries have in common: names, years, people."""

import re
from collections.abc import Callable, Iterable
from datetime import date

from digest.core.errors import InvalidInput
from digest.core.identifiers import (
    ARXIV,
    DOI,
    OPENREVIEW,
    Identifier,
    parse_arxiv,
    parse_doi,
)
from digest.core.references import Reference, References
from digest.sources.text import clean, clean_abstract, clean_name, clean_title

# Some physics papers have thousands; who is to be told apart is told by the first.
MOST_AUTHORS = 100
MOST_ENTRIES = 20_000

_FIELD_CHARS = 2_000
_ARXIV_IN_WORDS = re.compile(r"(?i)(?<![\w.-])arxiv\s?:\s?")
_DOI_IN_WORDS = re.compile(r"(?i)(?<![\w.-])doi\s?:\s?")
_OPENREVIEW = re.compile(r"(?i)(?<![\w-])openreview\.net/(?:forum|pdf)\?id=([\w-]{6,40})(?![\w-])")
_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?!\d)")
_DAY = re.compile(r"(?<!\d)(\d{4})[-./](\d{1,2})[-./](\d{1,2})(?!\d)")


class Entries:
    """The entries of a file as they are read, good and bad."""

    def __init__(self, form: str) -> None:
        self._form = form
        self._found: list[Reference] = []
        self._bad: list[str] = []

    def add(self, reference: Reference) -> None:
        self._found.append(reference)
        self._count()

    def refuse(self, where: str, reason: object) -> None:
        self._bad.append(f"{where}: {reason}")
        self._count()

    def read(self, where: str, build: Callable[[], Reference]) -> None:
        """Takes what `build` makes, or the reason of the ValueError that it raises."""
        try:
            self.add(build())
        except ValueError as error:
            self.refuse(where, error)

    def _count(self) -> None:
        refuse_excess(len(self._found) + len(self._bad))

    def all(self) -> References:
        return References(form=self._form, found=tuple(self._found), bad=tuple(self._bad))


def refuse_excess(entries: int) -> None:
    """Raises InvalidInput for more entries than a library is read with."""
    if entries > MOST_ENTRIES:
        raise InvalidInput(f"it has more than {MOST_ENTRIES:,} entries: export it in parts")


def identifiers(links: Iterable[str], words: Iterable[str] = ()) -> tuple[Identifier, ...]:
    """The arXiv id, the DOI and the OpenReview id that an entry has, one of each at most.

    `links` are fields that hold nothing but a name or a link; in `words`, such as a note or a
    journal, a name counts only where it is called one: `arXiv preprint arXiv:2401.00001`.
    """
    texts = [link[:_FIELD_CHARS] for link in links if link]
    for text in words:
        short = text[:_FIELD_CHARS]
        texts += [f"arxiv:{rest}" for rest in _ARXIV_IN_WORDS.split(short)[1:]]
        texts += [rest.split()[0] for rest in _DOI_IN_WORDS.split(short)[1:] if rest.strip()]
    firsts = (next(filter(None, map(named, texts)), None) for named in (_arxiv, _doi, _forum))
    return tuple(name for name in firsts if name is not None)


def _arxiv(text: str) -> Identifier | None:
    found = parse_arxiv(text)
    return Identifier(ARXIV, found.base) if found else None


def _doi(text: str) -> Identifier | None:
    found = parse_doi(text)
    return Identifier(DOI, found) if found else None


def _forum(text: str) -> Identifier | None:
    found = _OPENREVIEW.search(text)
    return Identifier(OPENREVIEW, found[1]) if found else None


def make_reference(
    where: str,
    *,
    ids: tuple[Identifier, ...],
    title: str,
    abstract: str,
    authors: Iterable[str],
    year: str,
    added: str = "",
) -> Reference:
    """An entry from its fields as text; what TeX is left stays, as in the papers of sources.

    Raises ValueError, with what is wrong, when nothing tells what paper it is.
    """
    tidy = clean_title(title)
    people = tuple(name for name in (clean_name(person(author)) for author in authors) if name)
    if not ids and not any(character.isalnum() for character in tidy):
        raise ValueError("it has no title, no arXiv id and no DOI")
    return Reference(
        where=where,
        ids=ids,
        title=tidy,
        abstract=clean_abstract(abstract),
        authors=people[:MOST_AUTHORS],
        year=year_of(year),
        added_on=day_of(added),
    )


def place(line: int, key: str = "") -> str:
    """`line 12`, or `line 12, bell2020`."""
    tidy = clean(key, 60)
    return f"line {line}, {tidy}" if tidy else f"line {line}"


def person(name: str) -> str:
    """A name in the order in which it is spoken: `Bell, Ada` is Ada Bell, `Bell, Jr., Ada` too."""
    family, *rest = (part.strip() for part in name[:_FIELD_CHARS].split(","))
    return f"{rest[-1]} {family}".strip() if rest else family


def year_of(text: str) -> int | None:
    """The first year in `text`, from 1500 to 2099."""
    found = _YEAR.search(text[:_FIELD_CHARS])
    return int(found[1]) if found else None


def day_of(text: str) -> date | None:
    """The first date in `text`, written from year to day: `2023-04-05 12:33:21`, `2023/4/5`."""
    found = _DAY.search(text[:_FIELD_CHARS])
    try:
        return date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        return None
