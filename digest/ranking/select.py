"""From scores to a digest's papers: the best, but not ten times the same.

Maximal marginal relevance: J. Carbonell, J. Goldstein, "The use of MMR, diversity-based
reranking for reordering documents and producing summaries", SIGIR 1998.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from digest.ranking.vectors import DocumentVectors, Floats

# Diversity chooses among this many times the papers wanted, and at least so many.
POOL_FACTOR = 4
POOL_LEAST = 40


def blended(relevance: Floats, trend: Floats, dial: float) -> Floats:
    """The score of each row: dial 0 is relevance alone, 1 is trend alone."""
    return np.asarray((1.0 - dial) * relevance + dial * trend, np.float32)


def best_rows(scores: Floats, trend: Floats, eligible: npt.NDArray[np.bool_]) -> list[int]:
    """The eligible rows, best first; equal scores by trend, then in the order of the rows."""
    rows = np.flatnonzero(eligible)
    order = np.lexsort((rows, -trend[rows], -scores[rows]))
    return [int(row) for row in rows[order]]


def diverse_rows(
    ranked: Sequence[int],
    scores: Floats,
    vectors: Callable[[], DocumentVectors],
    *,
    topics: npt.NDArray[np.intp],
    diversity: float,
    limit: int,
) -> list[int]:
    """At most `limit` of the rows, which are given best first, still best first.

    Each is chosen for its score, times 1 - diversity, less diversity times what it repeats: its
    likeness to the nearest row chosen before, and the share of the digest that rows of the same
    topic (`topics`: a number per row, -1 for none) already have, so that an interest with many
    papers leaves room for the others. The best row is always among them. With diversity 0, or
    no more rows than wanted, these are simply the first.
    """
    if diversity <= 0 or limit <= 1 or len(ranked) <= limit:
        return list(ranked[: max(limit, 0)])
    pool = _pool(ranked, topics, limit)
    cosines = vectors().among(pool)
    worth = (1.0 - diversity) * np.asarray(scores[pool], np.float64)
    topic = topics[pool]
    nearest, crowding = np.zeros(len(pool)), np.zeros(len(pool))
    chosen = np.zeros(len(pool), np.bool_)
    place = 0
    while True:
        chosen[place] = True
        if chosen.sum() == limit:
            return [pool[n] for n in np.flatnonzero(chosen)]
        np.maximum(nearest, cosines(pool[place]), out=nearest)
        crowding[(topic == topic[place]) & (topic >= 0)] += 1 / limit
        left = worth - diversity * (nearest + crowding)
        place = int(np.argmax(np.where(chosen, -np.inf, left)))


def _pool(ranked: Sequence[int], topics: npt.NDArray[np.intp], limit: int) -> list[int]:
    """The rows to choose among, best first: the first of all, and the first of each topic."""
    first = max(POOL_FACTOR * limit, POOL_LEAST)
    pool = list(ranked[:first])
    later = np.array(ranked[first:], np.intp)
    for topic in np.unique(topics[later]):
        missing = limit - int(np.sum(topics[pool[:first]] == topic))
        pool.extend(int(row) for row in later[topics[later] == topic][: max(missing, 0)])
    place = {row: n for n, row in enumerate(ranked)}
    return sorted(pool, key=place.__getitem__)
