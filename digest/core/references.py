"""References: papers as a person's own library names them, whatever file they come from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from digest.core.dedupe import title_fingerprint
from digest.core.identifiers import Identifier
from digest.core.likeness import surname

# A library of a lifetime has more; what was read last says most of what is wanted next.
MOST_KEPT = 2_000
# The kind of name that a paper without identifiers has.
TITLE = "title"

_TITLE_CHARS, _SURNAME_CHARS = 400, 60
_HALF_LIFE_DAYS = 5 * 365.25
_FADED_LEAST = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One entry of a library, cleaned to plain text; it has an identifier or a title.

    `where` is its place in the file, for a person: `line 12, bell2020`. `added_on` is the day it
    came into the library, where the file tells.
    """

    where: str
    ids: tuple[Identifier, ...] = ()
    title: str = ""
    abstract: str = ""
    authors: tuple[str, ...] = ()
    year: int | None = None
    added_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """What a file holds. `form` says what it is read as; `bad` has a line for each entry that
    cannot be used."""

    form: str
    found: tuple[Reference, ...]
    bad: tuple[str, ...] = ()


def names_of(
    ids: Sequence[Identifier], title: str, authors: Sequence[str]
) -> tuple[Identifier, ...]:
    """All names by which entries are told to be one: the identifiers, and last the title with
    the family name of the first author, without case, marks or TeX."""
    letters = title_fingerprint(title)[:_TITLE_CHARS]
    if not letters:
        return tuple(ids)
    family = surname(authors[0])[:_SURNAME_CHARS] if authors else ""
    return (*ids, Identifier(TITLE, f"{letters}|{family}"))


def liked_at(reference: Reference, now: datetime) -> datetime:
    """When somebody came to like a paper: the day it was added, else the middle of the year it
    appeared in, else `now`; never later than `now`."""
    if reference.added_on is not None:
        day = reference.added_on
    elif reference.year is not None:
        day = date(reference.year, 7, 1)
    else:
        return now
    return min(datetime.combine(day, time(), UTC), now)


def fading(since: datetime, now: datetime) -> float:
    """What a paper of a library still weighs, 1 for a new one: half after five years, and never
    less than a fifth, for what somebody keeps they have not done with."""
    days = max((now - since).total_seconds() / 86_400, 0.0)
    return max(float(0.5 ** (days / _HALF_LIFE_DAYS)), _FADED_LEAST)
