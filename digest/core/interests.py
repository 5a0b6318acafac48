"""What a subscriber says they care about."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from digest.core.errors import InvalidInput
from digest.core.identifiers import identify
from digest.core.speech import heard, is_share, lines_told_apart, listed, listed_names

MAX_INTERESTS = 100
MAX_INTEREST_CHARS = 500
# Many of which may say the same.
_MOST_PIECES = 10 * MAX_INTERESTS


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
    "authors": InterestKind.AUTHOR,
    "by": InterestKind.AUTHOR,
    "category": InterestKind.CATEGORY,
    "categories": InterestKind.CATEGORY,
    "keyword": InterestKind.KEYWORD,
    "keywords": InterestKind.KEYWORD,
    "not": InterestKind.EXCLUDE,
    "no": InterestKind.EXCLUDE,
    "exclude": InterestKind.EXCLUDE,
    "like": InterestKind.LIKE,
    "text": InterestKind.TEXT,
    "autor": InterestKind.AUTHOR,
    "autorin": InterestKind.AUTHOR,
    "autoren": InterestKind.AUTHOR,
    "kategorie": InterestKind.CATEGORY,
    "kategorien": InterestKind.CATEGORY,
    "stichwort": InterestKind.KEYWORD,
    "nicht": InterestKind.EXCLUDE,
    "ohne": InterestKind.EXCLUDE,
}
# ASCII only: without case the letter i has forms that lower() does not bring back.
_PREFIXED = re.compile(rf"(?ia)^({'|'.join(_PREFIXES)})\s*:\s*(.+)$")
_MAY_BE_PARTED = re.compile(r"[,\"“”„«»]|\sand\s")
# "Papers by Kaiming He" means the person; names are written with capitals.
_BY = re.compile(
    r"^(?i:(?:(?:new|all|any|recent|the|more)\s+)*(?:papers?|articles?|publications?|works?|"
    r"everything|anything)\s+(?:written\s+|authored\s+)?by|authors?"
    r"|(?:(?:neue|alle)\s+)*(?:arbeiten|artikel|aufsätze|papers?|alles|neues)\s+von|autor(?:en|in)?)"
    r"\s+(?=[^\W\d_]*[A-ZÀ-Þ])(.+)$"
    r"|^(?i:by)\s+([A-ZÀ-Þ][\w.'’-]*(?:\s+[a-zà-þ]{2,3})*(?:\s+[A-ZÀ-Þ][\w.'’-]*)+)$"
)
# "cs.CL", "everything in math.NT", "https://arxiv.org/list/cs.CL/recent"; without a dot only what
# is the name of nothing else.
_ONE_CATEGORY = (
    r"(?:(?:astro-ph|cond-mat|cs|econ|eess|math|nlin|physics|q-bio|q-fin|stat)\.(?:\*|[A-Z]{2}(?![A-Za-z])"
    r"|(?:dis-nn|mes-hall|mtrl-sci|quant-gas|soft|stat-mech|str-el|supr-con|(?:[a-z]{2,5}-)?ph)(?![a-z-]))"
    r"|(?:astro-ph|cond-mat|gr-qc|hep-(?:ex|lat|ph|th)|math-ph|nucl-(?:ex|th)|q-bio|q-fin|quant-ph)(?![\w.-]))"
)
_CATEGORIES = re.compile(
    rf"^(?i:(?:(?:all|any|new|recent|the|papers?|articles?|preprints?|everything|anything|alles)\s+)*"
    rf"(?:(?:in|from|on|of|aus)\s+)?(?:arxiv[:\s]+)?)({_ONE_CATEGORY}"
    rf"(?:(?:\s*[,/&+|]\s*|\s+)(?:(?:and|or|und|oder)\s+)?{_ONE_CATEGORY})*)\.?$"
    rf"|^(?:https?://)?(?:www\.|export\.)?arxiv\.org/(?:list|archive)/({_ONE_CATEGORY})(?:/\S*)?$"
)
_EACH_CATEGORY = re.compile(_ONE_CATEGORY)
_LINK = re.compile(r"(?i)(?:https?://|arxiv:|doi:|10\.\d{4,9}/)\S+")


def make_interest(kind: InterestKind, value: str, weight: float = 1.0) -> Interest:
    """An interest with tidy text.

    Raises InvalidInput when it is empty, has neither letter nor digit, is longer than 500
    characters, or holds a `;`, which separates one interest from the next wherever several are
    written on a line.
    """
    tidy = " ".join("".join(c if c.isprintable() else " " for c in value).split())
    if not tidy:
        raise InvalidInput("an interest cannot be empty: write a few words")
    if ";" in tidy:
        raise InvalidInput(f"`;` separates interests, give them one by one: {tidy[:40]}")
    if not _says_anything(tidy):
        raise InvalidInput(f"an interest needs words, no paper can match {tidy[:40]!r}")
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


def read_interests(line: str) -> tuple[Interest, ...]:
    """All that one line says: "LLM evaluation, not code" is an interest and an exclusion,
    "RAG, KV cache, LoRA" three interests, and words in quotes a phrase that must occur.

    Never empty; raises InvalidInput as `make_interest` does. Behind `text:` a line is one
    interest, whatever it says.
    """
    line = line.strip()
    if found := _PREFIXED.match(line):
        return interests_of(_PREFIXES[found[1].lower()], found[2])
    if found := _BY.match(line):
        return interests_of(InterestKind.AUTHOR, found[1] or found[2])
    if _is_paper(line):
        return (make_interest(InterestKind.LIKE, line),)
    said = heard(line)
    return (
        *(each for topic in _telling(said.topics) for each in _of_topic(topic)),
        *(make_interest(InterestKind.KEYWORD, phrase) for phrase in _telling(said.phrases)),
        *(make_interest(InterestKind.EXCLUDE, term) for term in _telling(said.unwanted)),
    ) or (make_interest(InterestKind.TEXT, line),)


def _is_paper(line: str) -> bool:
    """Whether a line is nothing but the name of a paper, as a link to it."""
    return _LINK.fullmatch(line) is not None and identify(line) is not None


def _of_topic(topic: str) -> tuple[Interest, ...]:
    """A topic in words, or the categories that it is nothing but the names of."""
    if found := _CATEGORIES.match(topic):
        names = _EACH_CATEGORY.findall(found[1] or found[2])
        return tuple(make_interest(InterestKind.CATEGORY, name) for name in names)
    return (make_interest(InterestKind.TEXT, topic),)


def interests_of(kind: InterestKind, value: str) -> tuple[Interest, ...]:
    """What somebody gives as interests of one kind: all but prose may be a list with commas,
    and what stands in quotes is one of them, without these."""
    match kind:
        case InterestKind.TEXT:
            values: tuple[str, ...] = (value,)
        case InterestKind.AUTHOR:
            values = listed_names(value)
        case _:
            values = listed(value)
    return tuple(make_interest(kind, each) for each in tuple(_telling(values)) or (value,))


def parse_interests(text: str) -> tuple[Interest, ...]:
    """Interests from free text, one a line or separated by `;`, in order, without repetitions,
    each line as `read_interests` reads it; where one wants more and another less, the second is an
    exclusion. Lines drawn between others ("-----") are none.

    Raises InvalidInput for an entry that is too long or more than 100 of them.
    """
    pieces = [each.strip() for each in re.split(r"[\n;]", text) if _says_anything(each)]
    if len(pieces) > _MOST_PIECES:  # a megabyte of them takes seconds to read
        raise _too_many(len(pieces))
    lines = lines_told_apart(pieces)
    return unique_interests(each for line in lines for each in read_interests(line))


def _telling(pieces: Iterable[str]) -> Iterator[str]:
    return filter(_says_anything, pieces)


def _says_anything(text: str) -> bool:
    return any(char.isalnum() for char in text)


def unique_interests(interests: Iterable[Interest]) -> tuple[Interest, ...]:
    """The first of each (kind, value without regard to case), in order."""
    seen: dict[tuple[InterestKind, str], Interest] = {}
    for interest in interests:
        seen.setdefault((interest.kind, interest.value.casefold()), interest)
    if len(seen) > MAX_INTERESTS:
        raise _too_many(len(seen))
    return tuple(seen.values())


def _too_many(number: int) -> InvalidInput:
    return InvalidInput(f"at most {MAX_INTERESTS} interests can be kept, these are {number}")


def format_interest(interest: Interest) -> str:
    """The line that `read_interests` reads back."""
    if interest.kind is InterestKind.TEXT and _is_plain(interest.value):
        return interest.value
    prefix = "not" if interest.kind is InterestKind.EXCLUDE else interest.kind.value
    return f"{prefix}: {format_value(interest)}"


def format_value(interest: Interest) -> str:
    """What `interests_of` reads back: in quotes where its commas would part it."""
    as_it_is, in_quotes = interest.value, f'"{interest.value}"'
    if not _MAY_BE_PARTED.search(as_it_is):
        return as_it_is
    read = [
        [each.value for each in interests_of(interest.kind, value)]
        for value in (as_it_is, in_quotes)
    ]
    needs_quotes = read[0] != [as_it_is] and read[1] == [as_it_is]
    return in_quotes if needs_quotes else as_it_is


def _is_plain(prose: str) -> bool:
    """Whether words are read as one interest in just these words."""
    as_it_is = (Interest(InterestKind.TEXT, prose),)
    return not (_PREFIXED.match(prose) or is_share(prose)) and read_interests(prose) == as_it_is
