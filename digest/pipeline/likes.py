"""The papers that somebody likes: those they name among their interests, and their library."""

from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from digest.core.interests import InterestKind
from digest.core.latex import readable
from digest.core.references import fading
from digest.core.subscribers import Subscriber
from digest.pipeline import analyses
from digest.ranking.meaning import LikedPaper
from digest.store import libraries, library

# Of a library, so many papers are compared with each candidate: the latest liked.
LIBRARY_LIKES = 100

# A paper of the store by what a person calls it; None for one that is not here.
Texts = MutableMapping[str, LikedPaper | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Like:
    """A liked paper. `value` is that of the interest that names it, or for a paper of a library
    its title; `liked_at` is None for an interest, which never fades. `weight` is in (0, 1] for
    the library, and what they chose for an interest."""

    value: str
    paper: LikedPaper
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
        if wish.kind is InterestKind.LIKE and (paper := _named(conn, wish.value, known)):
            like = Like(value=wish.value, paper=paper, weight=wish.weight)
            found.setdefault(paper.title.casefold(), like)
    if library_limit != 0:
        for owned in libraries.of_subscriber(conn, subscriber.id, limit=library_limit):
            if owned.title:
                like = Like(
                    value=readable(owned.title),
                    paper=LikedPaper(title=owned.title, abstract=owned.abstract),
                    weight=fading(owned.liked_at, now),
                    liked_at=owned.liked_at,
                )
                found.setdefault(owned.title.casefold(), like)
    return tuple(found.values())


def _named(conn: sa.Connection, value: str, known: Texts) -> LikedPaper | None:
    if value not in known:
        known[value] = _stored(conn, value)
    return known[value]


def _stored(conn: sa.Connection, value: str) -> LikedPaper | None:
    paper = library.find(conn, value)
    if paper is None:
        return None
    analysis = analyses.kept(conn, [paper.id]).get(paper.id)
    return LikedPaper(title=paper.title, abstract=paper.abstract, analysis=analysis)
