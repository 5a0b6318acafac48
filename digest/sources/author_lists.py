"""Authors that come as one text, told apart: arXiv's feeds and raw records give them so."""

import re
from collections.abc import Iterator

from digest.core.latex import readable
from digest.sources.text import clean, clean_name

_LIST_CHARS = 100_000
_AND = re.compile(r"(?:^|\s+)(?:and|&)\s+|\s*;\s*")
_SUFFIX = re.compile(r"(?i)(?:jr|sr|ii|iii|iv|esq|ph\.?\s?d|m\.?d)\.?")
_INITIALS = re.compile(r"(?:[^\W\d_a-z]\.?(?:\s|-)*){1,4}")
_PARTICLES = frozenset(
    {"al", "bin", "da", "de", "del", "della", "den", "der", "di", "dos", "du", "el", "la", "le",
     "ten", "ter", "van", "von", "zu"}
)  # fmt: skip


def split_authors(text: str, *, conjunctions: bool = False) -> tuple[str, ...]:
    """The names in a list with commas, in its order, without affiliations in parentheses.

    "Smith, Jr." is one name and so is "Smith, J.", which comes out as "J. Smith"; TeX accents
    become letters. With `conjunctions`, "and" and semicolons part names too. A collaboration is
    a name like any other.
    """
    plain = clean(_without_parentheses(text[:_LIST_CHARS]), _LIST_CHARS)
    if conjunctions:
        plain = _AND.sub(", ", plain)
    names: list[str] = []
    for piece in (part.strip(" :") for part in plain.split(",")):
        if names and _SUFFIX.fullmatch(piece):
            names[-1] = f"{names[-1]} {piece}"
        elif names and _INITIALS.fullmatch(piece) and _is_surname(names[-1]):
            names[-1] = f"{piece} {names[-1]}"
        elif piece and piece.casefold() not in ("et al", "et al."):
            names.append(piece)
    read = (clean_name(readable(name)) for name in names)
    return tuple(name for name in read if name)


def _is_surname(name: str) -> bool:
    """One word, or several with a particle in front, such as "van der Berg"."""
    *before, _ = name.split()
    return all(word.casefold() in _PARTICLES for word in before)


def _without_parentheses(text: str) -> str:
    return "".join(_outside(text))


def _outside(text: str) -> Iterator[str]:
    """What stands outside all parentheses; one that nothing closes is text like any other."""
    depth, start = 0, 0
    for at, char in enumerate(text):
        if char == "(":
            if depth == 0:
                yield text[start:at]
                start = at
            depth += 1
        elif char == ")" and depth:
            depth -= 1
            if depth == 0:
                start = at + 1
    yield text[start:]
