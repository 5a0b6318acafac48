"""What a reader says of a paper: more like it, less like it, or that they opened it."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from digest.core.identifiers import PaperId


class FeedbackKind(StrEnum):
    """`more` and `less` exclude each other: the last word counts."""

    MORE = "more"
    LESS = "less"
    OPEN = "open"


# For each vote, the one that it takes the place of.
OPPOSITE = {
    FeedbackKind.MORE: FeedbackKind.LESS,
    FeedbackKind.LESS: FeedbackKind.MORE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One kind of feedback of one reader on one paper; `at` is when it was last said."""

    paper_id: PaperId
    kind: FeedbackKind
    at: datetime


@dataclass(frozen=True, slots=True)
class Choice:
    """What a link in a digest says: `token` names the digest, `position` its paper, from 0."""

    token: str
    position: int
    kind: FeedbackKind


_KINDS = "|".join(FeedbackKind)
_CHOICE = re.compile(rf"(.{{1,500}})\.(0|[1-9][0-9]{{0,3}})\.({_KINDS})", re.ASCII)


def choice_path(token: str, position: int) -> str:
    """The last part of a link's path without the kind, which follows after a full stop.

    Only the digest is signed: whoever may judge one of its papers may judge each of them, and a
    digest needs one signature whatever the number of its papers.
    """
    return f"{token}.{position}"


def read_choice(text: str) -> Choice | None:
    """What such a path with its kind says; None for anything else. The token is not verified."""
    found = _CHOICE.fullmatch(text)
    return Choice(found[1], int(found[2]), FeedbackKind(found[3])) if found else None
