"""Discussions of papers, and how their numbers become one series of readings a paper.

A paper may be discussed several times. Its reading is the largest of any one discussion, not
the sum: "312 points on Hacker News" is a number that a reader finds on a page there. A discussion
that is too old to be asked about is remembered for a month, so that a second, smaller one does
not make the numbers fall.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self

from digest.core.fetching import Observation, Shelf
from digest.core.identifiers import Identifier, PaperId
from digest.core.papers import Reading
from digest.sources.mentions import Mentions, papers_of

REMEMBERED_FOR = timedelta(days=30)
# Nobody discusses a repository whose papers came up longer ago than this for their sake.
CODE_WITHIN = timedelta(days=30)
_MOST_REMEMBERED = 2_000
_LARGEST_COUNT = 10**12


@dataclass(frozen=True, slots=True, kw_only=True)
class Discussion:
    """A story or post: `key` is its name at the source, a count None where it is not told."""

    key: str
    created_at: datetime
    points: float | None
    comments: float | None
    mentions: Mentions


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What is remembered of a discussion of one paper; `created_s` is in Unix time.

    `name` is the one by which it spoke of the paper, None where that was by its repository.
    """

    paper_id: PaperId
    key: str
    created_s: int
    points: float | None
    comments: float | None
    name: Identifier | None = None

    def to_json(self) -> list[Any]:
        name = str(self.name or "")
        return [self.paper_id, self.key, self.created_s, self.points, self.comments, name]

    @classmethod
    def from_json(cls, value: Any) -> Self | None:
        try:
            paper_id, key, created_s, points, comments, *names = value
            (told,) = names or ("",)
            kind, _, name = str(told).partition(":")
            return cls(
                paper_id=PaperId(int(paper_id)),
                key=str(key),
                created_s=int(created_s),
                points=count(points),
                comments=count(comments),
                name=Identifier(kind, name) if name else None,
            )
        except (TypeError, ValueError, OverflowError):
            return None


class Memory:
    """The discussions of stored papers, as a cursor holds them, and those met in this fetch.

    `metric` names the points in readings; `seen_count` counts the discussions met, whatever
    they are about.
    """

    def __init__(self, kept: Any, shelf: Shelf, *, now: datetime, metric: str) -> None:
        self._shelf = shelf
        self._now = now
        self._metric = metric
        self._rows = {(row.paper_id, row.key): row for row in _kept_rows(kept, shelf)}
        self._met: set[PaperId] = set()
        self._seen: set[str] = set()

    @property
    def seen_count(self) -> int:
        return len(self._seen)

    def meet(self, discussions: Sequence[Discussion]) -> None:
        """Takes in what one answer tells; a discussion met again counts as it is told last."""
        self._seen.update(one.key for one in discussions)
        known = papers_of(
            [one.mentions for one in discussions],
            self._shelf,
            code_since=self._now - CODE_WITHIN,
        )
        names = _named(frozenset().union(*(one.mentions.ids for one in discussions)), self._shelf)
        for one, papers in zip(discussions, known, strict=True):
            by_name = {names[name]: name for name in sorted(one.mentions.ids) if name in names}
            for paper_id in papers:
                self._met.add(paper_id)
                self._rows[paper_id, one.key] = _Kept(
                    paper_id=paper_id,
                    key=one.key,
                    created_s=int(one.created_at.timestamp()),
                    points=one.points,
                    comments=one.comments,
                    name=by_name.get(paper_id),
                )

    def observations(self) -> tuple[Observation, ...]:
        """The readings of every paper met in this fetch, by paper."""
        found = ((paper_id, self._readings(paper_id)) for paper_id in sorted(self._met))
        return tuple(
            Observation(paper_id=paper_id, readings=readings)
            for paper_id, readings in found
            if readings
        )

    def _readings(self, paper_id: PaperId) -> tuple[Reading, ...]:
        rows = [row for row in self._rows.values() if row.paper_id == paper_id]
        largest = (
            (self._metric, max((r.points for r in rows if r.points is not None), default=None)),
            ("comments", max((r.comments for r in rows if r.comments is not None), default=None)),
        )
        return tuple(Reading(metric=m, value=value) for m, value in largest if value is not None)

    def to_json(self) -> list[list[Any]]:
        """What the cursor is to keep: the discussions of the last month, newest first."""
        oldest_s = (self._now - REMEMBERED_FOR).timestamp()
        rows = [row for row in self._rows.values() if row.created_s >= oldest_s]
        rows.sort(key=lambda row: (-row.created_s, row.key, row.paper_id))
        return [row.to_json() for row in rows[:_MOST_REMEMBERED]]


def _kept_rows(kept: Any, shelf: Shelf) -> Iterable[_Kept]:
    """The rows of a cursor, each of the paper that has its name by now: two papers may have become
    one since, whose number is not that of the row."""
    rows = [row for row in map(_Kept.from_json, kept if isinstance(kept, list) else ()) if row]
    papers = _named({row.name for row in rows if row.name}, shelf)
    return (
        replace(row, paper_id=papers.get(row.name, row.paper_id)) if row.name else row
        for row in rows
    )


def _named(names: Collection[Identifier], shelf: Shelf) -> dict[Identifier, PaperId]:
    return {name: work.paper_id for name, work in shelf.named(names).items()} if names else {}


def count(value: Any) -> float | None:
    """A number of votes, stars or the like; None for anything that cannot be one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return float(value) if 0 <= value <= _LARGEST_COUNT else None


def text_of(values: Mapping[str, Any], *names: str) -> str:
    """The first of these values that is a text with something in it, else ""."""
    return next((v for v in map(values.get, names) if isinstance(v, str) and v.strip()), "")
