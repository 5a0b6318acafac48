"""The papers that somebody likes: those they name among their interests, and their library."""

from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from digest.core.interests import InterestKind
from digest.core.latex import readable
from digest.core.references import fading
from digest.core.subscribers import Subscriber
from digest.store import libraries, library

# Of a library, so many papers are compared with each candidate: the latest liked.
LIBRARY_LIKES = 100

# Title and abstract of a paper by what a person calls it; None for one that is not here.
Texts = MutableMapping[str, tuple[str, str] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Like:
    """A liked paper. `value` is that of the interest that names it, or for a paper of a library
    its title; `liked_at` is None for an interest, which never fades. `weight` is in (0, 1] for
    the library, and what they chose for an interest."""

    value: str
    title: str
    abstract: str
    weight: float
    liked_at: datetime | None = None


def likes_of(
    conn: sa.Connection,
    subscriber: Subscriber,
    *,
    now: datetime,
    library_limit: int | None = None,
    known: Texts | None = None,
) -> tuple[Like, ...]:
    """The interests of kind `like` in their order, then the library, the latest liked first and
    `library_limit` of it at most; each title once, and none without a title.

    `known` keeps what interests name from one person to the next.
    """
    known = {} if known is None else known
    found: dict[str, Like] = {}
    for wish in subscriber.interests:
        if wish.kind is InterestKind.LIKE and (text := _text_of(conn, wish.value, known)):
            title, abstract = text
            like = Like(value=wish.value, title=title, abstract=abstract, weight=wish.weight)
            found.setdefault(title.casefold(), like)
    if library_limit != 0:
        for paper in libraries.of_subscriber(conn, subscriber.id, limit=library_limit):
            if paper.title:
                like = Like(
                    value=readable(paper.title),
                    title=paper.title,
                    abstract=paper.abstract,
                    weight=fading(paper.liked_at, now),
                    liked_at=paper.liked_at,
                )
                found.setdefault(paper.title.casefold(), like)
    return tuple(found.values())


def _text_of(conn: sa.Connection, value: str, known: Texts) -> tuple[str, str] | None:
    if value not in known:
        paper = library.find(conn, value)
        known[value] = (paper.title, paper.abstract) if paper else None
    return known[value]
