"""Authors by whole name, in the forms in which names are printed.

`Kaiming He`, `K. He`, `He, Kaiming`, `He K` (PubMed) and `Kaiming HE` may be one person;
`Kaiming Hess` is not. A name may be read in several ways; two names agree when some reading
of one agrees with some reading of the other.
"""

import functools
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from digest.ranking.text import fold, listed

# How sure two forms are the same person.
SAME_NAME = 1.0
SAME_INITIALS = 0.65

_SUFFIX = re.compile(r"(?i)^(?:jr|sr|ii|iii|iv|ph\.?d|m\.?d)\.?$")
_PARTICLES = listed(
    "al bin da dal de dei del della den der di do dos du el ibn ten ter van vom von zu zur"
)
_INITIALS = re.compile(r"^[A-Z]{1,3}$")
_GIVEN_PART = re.compile(r"\w+")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})


@dataclass(frozen=True, slots=True)
class NameReading:
    """Folded given names or initials in order, and the family name without spaces. The first so
    many given names are one: of Jun-Ho two."""

    given: tuple[str, ...]
    family: str
    first: int = 1


@functools.lru_cache(maxsize=100_000)
def readings(name: str) -> frozenset[NameReading]:
    """The ways to read a printed name; empty when it has no letters.

    A name of one word, such as a collaboration's, is a family name without given names.
    """
    found = _spelled(name)
    if (transcribed := name.lower().translate(_UMLAUTS)) != name.lower():
        found |= _spelled(transcribed)
    return frozenset(found)


def _spelled(name: str) -> set[NameReading]:
    family, comma, given = name.partition(",")
    if comma and not _SUFFIX.match(given.strip()):
        return _reading(_words(given.split(",")[0]), _words(family))
    words = _words(family)
    if len(words) < 2:
        return _reading([], words)
    found = _reading(words[:-1], words[-1:])
    if len(words) > 2:  # two family names, or one written in two words
        found |= _reading(words[:-2], words[-2:])
    if _INITIALS.match(words[-1]):
        found |= _reading(list(words[-1]), words[:-1])
    return found


def _words(text: str) -> list[str]:
    return [word for word in text.split() if not _SUFFIX.match(word)]


def _reading(given: Sequence[str], family: Sequence[str]) -> set[NameReading]:
    of_each = [tuple(_GIVEN_PART.findall(fold(word))) for word in given]
    parts = tuple(itertools.chain.from_iterable(of_each))
    kept = [word for word in map(_letters, family) if word not in _PARTICLES]
    joined = "".join(kept or map(_letters, family))
    # "Bin" and "Di" are first names as well; a particle follows a given name: Maaten, L. van der.
    own = parts[:1] + tuple(part for part in parts[1:] if part not in _PARTICLES)
    first = len(of_each[0]) if of_each and min(map(len, of_each[0]), default=0) > 1 else 1
    return {NameReading(own, joined, first)} if joined else set()


def _letters(word: str) -> str:
    return "".join(_GIVEN_PART.findall(fold(word)))


def agreement(one: str, other: str) -> float:
    """How sure two printed names are the same person's: SAME_NAME, SAME_INITIALS or 0.

    Family names must be equal, given names too as far as both print them; a missing middle
    name is no objection, but Jun-Ho is not Jun. Where one prints initials only, those must agree.
    """
    return max(
        (
            _given_agreement(left, right)
            for left in readings(one)
            for right in readings(other)
            if left.family == right.family
        ),
        default=0.0,
    )


def _given_agreement(left: NameReading, right: NameReading) -> float:
    one, other = left.given, right.given
    if one == other or "".join(one) == "".join(other):
        return SAME_NAME
    if not one or not other:
        return 0.0
    first = _part_agreement(one[0], other[0])
    if first == SAME_NAME and min(len(one), len(other)) < max(left.first, right.first):
        return 0.0
    shorter, longer = sorted((one[1:], other[1:]), key=len)
    rest = iter(longer)
    if not all(any(_part_agreement(part, known) for known in rest) for part in shorter):
        return 0.0
    return first


def _part_agreement(one: str, other: str) -> float:
    if one == other:
        return SAME_INITIALS if len(one) == 1 else SAME_NAME
    if 1 in (len(one), len(other)) and one[0] == other[0]:
        return SAME_INITIALS
    return 0.0


class AuthorIndex:
    """Which rows have an author of a family name; names are compared only among those."""

    def __init__(self, authors: Sequence[Sequence[str]]) -> None:
        self._by_family: dict[str, set[tuple[int, str]]] = {}
        for row, names in enumerate(authors):
            for name in names:
                for reading in readings(name):
                    self._by_family.setdefault(reading.family, set()).add((row, name))

        self.find = functools.lru_cache(maxsize=512)(self._find)

    def _find(self, name: str) -> Mapping[int, tuple[float, str]]:
        """The rows with an author who may be `name`: how sure, and the name as printed there."""
        found: dict[int, tuple[float, str]] = {}
        for family in sorted({reading.family for reading in readings(name)}):
            for row, printed in sorted(self._by_family.get(family, ())):
                sureness = agreement(name, printed)
                if sureness > found.get(row, (0.0, ""))[0]:
                    found[row] = (sureness, printed)
        return found
