"""What a subscriber says they care about."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from digest.core.errors import InvalidInput

MAX_INTERESTS = 100
MAX_INTEREST_CHARS = 500


class InterestKind(StrEnum):
    """`text` is free prose; `keyword` a phrase that must occur; `exclude` one that must not;
    `category` an arXiv-like class (`cs.CL`, `math.*`); `author` a name; `like` a paper's id."""

    TEXT = "text"
    KEYWORD = "keyword"
    EXCLUDE = "exclude"
    CATEGORY = "category"
    AUTHOR = "author"
    LIKE = "like"


@dataclass(frozen=True, slots=True, order=True)
class Interest:
    """`weight` > 0 multiplies how much a match counts; 1 is neutral. An exclusion ignores it."""

    kind: InterestKind
    value: str
    weight: float = 1.0


_PREFIXES = {
    "author": InterestKind.AUTHOR,
    "by": InterestKind.AUTHOR,
    "category": InterestKind.CATEGORY,
    "keyword": InterestKind.KEYWORD,
    "not": InterestKind.EXCLUDE,
    "exclude": InterestKind.EXCLUDE,
    "like": InterestKind.LIKE,
    "text": InterestKind.TEXT,
}
# ASCII only: without case the letter i has forms that lower() does not bring back.
_PREFIXED = re.compile(rf"(?ia)^({'|'.join(_PREFIXES)})\s*:\s*(.+)$")


def make_interest(kind: InterestKind, value: str, weight: float = 1.0) -> Interest:
    """An interest with tidy text.

    Raises InvalidInput when it is empty, longer than 500 characters, or holds a `;`, which
    separates one interest from the next wherever several are written on a line.
    """
    tidy = " ".join("".join(c if c.isprintable() else " " for c in value).split())
    if not tidy:
        raise InvalidInput("an interest cannot be empty: write a few words")
    if ";" in tidy:
        raise InvalidInput(f"`;` separates interests, give them one by one: {tidy[:40]}")
    if len(tidy) > MAX_INTEREST_CHARS:
        raise InvalidInput(
            f"an interest is at most {MAX_INTEREST_CHARS} characters long, "
            f"this one is {len(tidy)}: {tidy[:40]}…"
        )
    return Interest(kind, tidy, weight)


def parse_interest(line: str) -> Interest:
    """One line as a person writes it: `author: Kaiming He`, `not: survey`, or just words."""
    if found := _PREFIXED.match(line.strip()):
        return make_interest(_PREFIXES[found[1].lower()], found[2])
    return make_interest(InterestKind.TEXT, line)


def parse_interests(text: str) -> tuple[Interest, ...]:
    """Interests from free text, one a line or separated by `;`, in order, without repetitions.

    Raises InvalidInput for an entry that is too long or more than 100 of them.
    """
    pieces = (piece.strip() for piece in re.split(r"[\n;]", text))
    return unique_interests(parse_interest(piece) for piece in pieces if piece)


def unique_interests(interests: Iterable[Interest]) -> tuple[Interest, ...]:
    """The first of each (kind, value without regard to case), in order."""
    seen: dict[tuple[InterestKind, str], Interest] = {}
    for interest in interests:
        seen.setdefault((interest.kind, interest.value.casefold()), interest)
    if len(seen) > MAX_INTERESTS:
        raise InvalidInput(f"at most {MAX_INTERESTS} interests can be kept, these are {len(seen)}")
    return tuple(seen.values())


def format_interest(interest: Interest) -> str:
    """The line that `parse_interest` reads back."""
    if interest.kind is InterestKind.TEXT and not _PREFIXED.match(interest.value):
        return interest.value
    prefix = "not" if interest.kind is InterestKind.EXCLUDE else interest.kind.value
    return f"{prefix}: {interest.value}"
