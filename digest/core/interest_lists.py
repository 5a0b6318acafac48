"""Lines of a mail that state all that somebody is interested in: "interests: drones; robots"."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from digest.core.inbound import fold
from digest.core.phrases import THANKS, is_sentence


@dataclass(frozen=True, slots=True)
class InterestList:
    """`text` has interests as `digest.core.interests.parse_interests` reads them; "" where somebody
    says that there are none."""

    text: str


_LABEL = re.compile(
    r"(?i)^(?:please\s+)?(?:set\s+)?(?:(?:my|our|meine|unsere)\s+)?(?:new\s+|neuen?\s+)?"
    r"(?:(?:research\s+)?interests|topics|interessen|themen)"
    r"(?:\s*[:=]|\s+(?:are|to|sind)\s*:)\s*(?P<rest>.*)$"
)
_BULLET = re.compile(r"^(?:[-*•–·+]|\d{1,2}[.)])\s+")
_GOES_ON = re.compile(r"[;,]\s*$")
_NONE = frozenset(("none", "nothing", "-", "keine", "nichts"))
_NO_INTEREST = re.compile(r"[?!@]|://|www\.")


def read_interest_list(line: str, below: Iterator[str]) -> tuple[InterestList, int] | None:
    """The list that a line begins, and how many lines it takes; None where it begins none. Of the
    lines `below` it no more are read than it takes.

    Behind the label a list ends with its line, unless that ends with a separator; below it, at an
    empty line. A question, a link and an address are no interest, and make it none.
    """
    found = _LABEL.match(line)
    if found is None:
        return None
    items, taken = _items(found["rest"].strip(), below)
    text = _tidy(items)
    if not text or any(map(_NO_INTEREST.search, items)):
        return None
    none = fold(text).strip(" .") in _NONE
    return InterestList("" if none else text), taken


def _items(first: str, below: Iterator[str]) -> tuple[list[str], int]:
    """What stands behind a label, or below it, and how many lines that takes with the label's."""
    items, taken = [first], 1
    if first:
        while _GOES_ON.search(items[-1]) and (line := next(below, None)) is not None:
            items.append(line)
        return items, len(items)
    for line in below:
        if not line and any(items):
            break
        items.append(line)
        taken += 1
    return items, taken


def read_plain_list(lines: Sequence[str]) -> InterestList | None:
    """The list that all `lines` are, below a subject that says so: topics, and no sentence."""
    items = [line for line in lines if line]
    if not items or any(_NO_INTEREST.search(each) or is_sentence(each) for each in items):
        return None
    return InterestList(_tidy(items))


def without_bullet(line: str) -> str:
    """The line without the mark or number of a list in front."""
    return _BULLET.sub("", line)


def _tidy(items: Sequence[str]) -> str:
    bare = (THANKS.sub("", without_bullet(item.strip())).strip(" ,;") for item in items)
    return "\n".join(filter(None, bare))
