"""Lines of a mail that state all that somebody is interested in: "interests: drones; robots"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

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


def read_interest_list(lines: Sequence[str]) -> tuple[InterestList, int] | None:
    """The list that `lines` begin with, and how many of them it takes; None where they begin with
    anything else.

    Behind the label a list ends with its line, unless that ends with a separator; below it, at an
    empty line. A question, a link and an address are no interest, and make it none.
    """
    found = _LABEL.match(lines[0]) if lines else None
    if found is None:
        return None
    items, taken = _items(found["rest"].strip(), lines[1:])
    text = _tidy(items)
    if not text or any(map(_NO_INTEREST.search, items)):
        return None
    none = fold(text).strip(" .") in _NONE
    return InterestList("" if none else text), taken


def _items(first: str, below: Sequence[str]) -> tuple[list[str], int]:
    """What stands behind a label, or below it, and how many lines that takes with the label's."""
    if not first:
        blank = sum(1 for _ in takewhile(lambda line: not line, below))
        items = list(takewhile(bool, below[blank:]))
        return items, 1 + blank + len(items)
    lines = [first, *below]
    last = next((n for n, line in enumerate(lines) if not _GOES_ON.search(line)), len(lines) - 1)
    return lines[: last + 1], last + 1


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
