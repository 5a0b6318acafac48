"""From scores to a digest's papers: the best, but not ten times the same, for many readers at once.

Maximal marginal relevance: J. Carbonell, J. Goldstein, "The use of MMR, diversity-based
reranking for reordering documents and producing summaries", SIGIR 1998. One step takes the next
paper of each reader. All arrays are readers x rows of the corpus, or readers x places of a pool.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from digest.ranking.order import PLACE_BITS, SCORE_BITS, Keys, Mask, Order, Places, best
from digest.ranking.repeats import Likeness
from digest.ranking.vectors import Floats

# Diversity chooses among this many times the papers wanted, and at least so many.
POOL_FACTOR = 4
POOL_LEAST = 40


def blended(relevance: Floats, trend: Floats, dial: float | Floats) -> Floats:
    """The score of each row: dial 0 is relevance alone, 1 is trend alone."""
    return np.asarray((1.0 - dial) * relevance + dial * trend, np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to choose from for each reader: `keys` of the rows that may be chosen, else 0; the
    score and the topic (the number of an interest, -1 for none) of every row; which rows are to
    be `kept`: the best of each interest; and how many are wanted."""

    keys: Keys
    scores: Floats
    topics: npt.NDArray[np.int16]
    kept: Mask
    limits: Places

    def of(self, readers: Places) -> "Wanted":
        return Wanted(
            keys=self.keys[readers],
            scores=self.scores[readers],
            topics=self.topics[readers],
            kept=self.kept[readers],
            limits=self.limits[readers],
        )


def diverse_rows(
    wanted: Wanted, order: Order, likeness: Likeness, diversity: float
) -> list[Places]:
    """For each reader at most `limit` of the rows, best first.

    Each is chosen for its score, times 1 - diversity, less diversity times what it repeats: its
    likeness to the nearest row chosen before, and the share of the digest that rows of the same
    topic already have, so that an interest with many papers leaves room for the others. The
    best row is always among them, and so are those to be kept, as far as there are places. With
    diversity 0, or no more rows than wanted, these are simply the first.
    """
    limits = np.maximum(wanted.limits, 0)
    there = np.count_nonzero(wanted.keys, axis=1)
    top = best(wanted.keys, int(_first(limits).max(initial=0)))
    rows = order.rows(top)
    chosen = [rows[n, : min(most, there[n])] for n, most in enumerate(limits.tolist())]
    crowded = np.flatnonzero((limits > 1) & (there > limits))
    if diversity > 0 and len(crowded):
        some = wanted.of(crowded)
        pools = pool_of(some, top[crowded])
        found = _marginal(some, pools, order, likeness, diversity)
        for number, picked in zip(crowded.tolist(), found, strict=True):
            chosen[number] = picked
    return chosen


def _first(limits: Places) -> Places:
    """How many of the best rows are to choose from."""
    return np.maximum(POOL_FACTOR * limits, POOL_LEAST)


def _marginal(
    wanted: Wanted, keys: Keys, order: Order, likeness: Likeness, diversity: float
) -> list[Places]:
    pools = order.rows(keys)
    readers = np.arange(len(keys))
    worth = np.float32(1.0 - diversity) * np.take_along_axis(wanted.scores, pools, axis=1)
    worth[keys == 0] = -np.inf
    topics = np.take_along_axis(wanted.topics, pools, axis=1)
    kept = np.take_along_axis(wanted.kept, pools, axis=1) & (keys > 0)
    # Where there are no topics, no room needs to be left.
    share = np.float32(diversity) * (topics >= 0)[:, :1] / wanted.limits[:, np.newaxis]
    share = share.astype(np.float32)
    repeats = likeness.among(pools)
    taken, place = np.zeros(keys.shape, np.bool_), np.zeros(len(keys), np.intp)
    repeated = np.zeros(keys.shape, np.float32)
    waiting = np.count_nonzero(kept, axis=1)
    for step in range(int(wanted.limits.max())):
        going = step < wanted.limits
        taken[readers[going], place[going]] = True
        worth[readers, place] = -np.inf
        waiting -= kept[readers, place]
        kept[readers, place] = False
        np.maximum(repeated, repeats(place), out=repeated)
        topic = topics[readers, place][:, np.newaxis]
        worth -= share * (topics == topic)
        left = worth - np.float32(diversity) * repeated
        # Where no more places are left than rows to be kept, nothing else may be taken.
        full = (waiting > 0) & (waiting >= wanted.limits - step - 1)
        if full.any():
            left[full[:, np.newaxis] & ~kept] = -np.inf
        place = left.argmax(axis=1)
    return [row[mask] for row, mask in zip(pools, taken, strict=True)]


def pool_of(wanted: Wanted, top: Keys) -> Keys:
    """The keys of the rows to choose among, best first, then 0: the first of all, which are among
    the `top`, and of each topic, and the kept."""
    first = _first(wanted.limits)[:, np.newaxis]
    last = np.take_along_axis(top, np.minimum(first, top.shape[1]) - 1, axis=1)
    more = wanted.kept & (wanted.keys > 0)
    wide = np.flatnonzero((last[:, 0] > 0) & (wanted.topics.max(axis=1) > 0))
    if len(wide):
        more[wide] |= _first_of_each_topic(wanted.of(wide))
    more &= wanted.keys < last
    firsts = top * (np.arange(top.shape[1]) < first)
    most = int(np.count_nonzero(more, axis=1).max())
    if not most:
        return firsts
    both = np.concatenate([firsts, best(wanted.keys * more, most)], axis=1)
    return best(both, int(np.count_nonzero(both, axis=1).max()))


def _first_of_each_topic(wanted: Wanted) -> Mask:
    """The rows that are among the first `limit` of their topic."""
    bits = PLACE_BITS + SCORE_BITS
    by_topic = ((wanted.topics.astype(np.int64) + 1) << bits) | wanted.keys
    by_topic *= wanted.keys > 0
    order = np.argsort(-by_topic, axis=1)
    topics = np.take_along_axis(by_topic, order, axis=1) >> bits
    places = np.arange(by_topic.shape[1])
    starts = np.zeros_like(by_topic)
    starts[:, 1:] = places[1:] * (topics[:, 1:] != topics[:, :-1])
    rank = places - np.maximum.accumulate(starts, axis=1)
    among = (rank < wanted.limits[:, np.newaxis]) & (topics > 0)
    found = np.zeros(wanted.keys.shape, np.bool_)
    np.put_along_axis(found, order, among, axis=1)
    return found
