"""From scores to a digest's papers: the best, but not ten times the same.

Maximal marginal relevance: J. Carbonell, J. Goldstein, "The use of MMR, diversity-based
reranking for reordering documents and producing summaries", SIGIR 1998. Many readers' papers
are chosen at once: one step takes the next paper of each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from digest.ranking.vectors import DocumentVectors, Floats

# Diversity chooses among this many times the papers wanted, and at least so many.
POOL_FACTOR = 4
POOL_LEAST = 40

Places = npt.NDArray[np.intp]


class Likeness(Protocol):
    """How much papers repeat each other, in [0, 1]."""

    def columns(self, pools: Places, chosen: Places) -> Floats:
        """For each reader, how much each paper of their pool (readers x papers, rows of the
        corpus, -1 where it is shorter) repeats the chosen row."""
        ...


@dataclass(frozen=True, slots=True)
class ByMeaning:
    """Points of length 1: twins have nearly 1, papers of one subject about a quarter, any two
    papers 0. For some thousand papers all pairs are kept."""

    points: Floats
    pairs: Floats | None

    @classmethod
    def of(cls, points: Floats, *, most_kept: int = 4_096) -> "ByMeaning":
        pairs = _squared(points @ points.T) if len(points) <= most_kept else None
        return cls(points, pairs)

    def columns(self, pools: Places, chosen: Places) -> Floats:
        if self.pairs is not None:
            return np.asarray(self.pairs[chosen[:, np.newaxis], pools], np.float32)
        return _squared(np.einsum("bpd,bd->bp", self.points[pools], self.points[chosen]))


def _squared(cosines: Floats) -> Floats:
    return np.asarray(np.square(np.maximum(cosines, 0.0)), np.float32)


@dataclass(frozen=True, slots=True)
class ByWords:
    """Sparse vectors of words, where there is no space of meaning."""

    vectors: DocumentVectors

    def columns(self, pools: Places, chosen: Places) -> Floats:
        rows = [
            self.vectors.among([int(row) for row in pool])(int(row))
            for pool, row in zip(pools, chosen, strict=True)
        ]
        return np.asarray(rows, np.float32)


def blended(relevance: Floats, trend: Floats, dial: float) -> Floats:
    """The score of each row: dial 0 is relevance alone, 1 is trend alone."""
    return np.asarray((1.0 - dial) * relevance + dial * trend, np.float32)


def best_rows(
    scores: Floats, trend: Floats, eligible: npt.NDArray[np.bool_], most: int | None = None
) -> Places:
    """The eligible rows, best first; equal scores by trend, then in the order of the rows.

    With `most`, so many of them, and all that are equal to the last.
    """
    rows = np.flatnonzero(eligible)
    if most is not None and most < len(rows):
        if most < 1:
            return rows[:0]
        cut = len(rows) - most
        rows = rows[scores[rows] >= np.partition(scores[rows], cut)[cut]]
    return rows[np.lexsort((rows, -trend[rows], -scores[rows]))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One reader's candidates: rows `ranked` best first, the score and the topic (the number of
    an interest, -1 for none) of every row, and how many are wanted."""

    ranked: Places
    scores: Floats
    topics: Places
    limit: int


def diverse_rows(choices: Sequence[Choice], likeness: Likeness, diversity: float) -> list[Places]:
    """For each reader at most `limit` of the rows, still best first.

    Each is chosen for its score, times 1 - diversity, less diversity times what it repeats: its
    likeness to the nearest row chosen before, and the share of the digest that rows of the same
    topic already have, so that an interest with many papers leaves room for the others. The
    best row is always among them. With diversity 0, or no more rows than wanted, these are
    simply the first.
    """
    chosen = [choice.ranked[: max(choice.limit, 0)] for choice in choices]
    if diversity <= 0:
        return chosen
    crowded = [n for n, c in enumerate(choices) if c.limit > 1 and len(c.ranked) > c.limit]
    pools = [pool_of(choices[n]) for n in crowded]
    found = _marginal([choices[n] for n in crowded], pools, likeness, diversity)
    for number, rows in zip(crowded, found, strict=True):
        chosen[number] = rows
    return chosen


def _marginal(
    choices: Sequence[Choice], pools: Sequence[Places], likeness: Likeness, diversity: float
) -> list[Places]:
    if not choices:
        return []
    readers, widest = np.arange(len(choices)), max(map(len, pools))
    rows = np.zeros((len(choices), widest), np.intp)
    worth = np.full((len(choices), widest), -np.inf)
    topics = np.full((len(choices), widest), -1, np.intp)
    for n, (choice, pool) in enumerate(zip(choices, pools, strict=True)):
        rows[n, : len(pool)] = pool
        worth[n, : len(pool)] = (1.0 - diversity) * choice.scores[pool].astype(np.float64)
        topics[n, : len(pool)] = choice.topics[pool]
    limits = np.array([choice.limit for choice in choices])
    taken = np.zeros(worth.shape, np.bool_)
    repeated, place = np.zeros(worth.shape), np.zeros(len(choices), np.intp)
    crowding = np.zeros(worth.shape)
    for step in range(int(limits.max())):
        going = step < limits
        taken[readers[going], place[going]] = True
        np.maximum(repeated, likeness.columns(rows, rows[readers, place]), out=repeated)
        topic = topics[readers, place][:, np.newaxis]
        crowding += ((topics == topic) & (topic >= 0)) / limits[:, np.newaxis]
        left = np.where(taken, -np.inf, worth - diversity * (repeated + crowding))
        place = left.argmax(axis=1)
    return [row[mask] for row, mask in zip(rows, taken, strict=True)]


def pool_of(choice: Choice) -> Places:
    """The rows to choose among, best first: the first of all, and the first of each topic."""
    ranked, topics, limit = choice.ranked, choice.topics, choice.limit
    first = max(POOL_FACTOR * limit, POOL_LEAST)
    if len(ranked) <= first:
        return ranked
    in_pool = np.arange(len(ranked)) < first
    of_rank = topics[ranked]
    for topic in np.unique(of_rank[first:]):
        places = np.flatnonzero(of_rank == topic)
        in_pool[places[:limit]] = True
    return ranked[in_pool]
