"""Rows in the order of their scores, for many readers at once: as whole numbers, which processors
sort fast, and in one order on every machine."""

import numpy as np
import numpy.typing as npt

from digest.core.errors import InvalidInput
from digest.ranking.vectors import Floats

Places = npt.NDArray[np.intp]
Keys = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

# A key's lower bits are a row's place among equals, its upper bits the score.
PLACE_BITS = 20
SCORE_BITS = 31
MOST_ROWS = (1 << PLACE_BITS) - 1


class Order:
    """Rows by score, equal scores by trend, then in the order of the rows: a row's score and its
    place among equals as one whole number, its key, of which the larger comes first.

    Raises InvalidInput for more than MOST_ROWS.
    """

    def __init__(self, trend: Floats) -> None:
        if len(trend) > MOST_ROWS:
            raise InvalidInput(f"{len(trend):,} papers are more than can be ranked: {MOST_ROWS:,}")
        self._rows = np.lexsort((np.arange(len(trend)), -trend))
        self._place = np.empty(len(trend), np.int64)
        self._place[self._rows] = np.arange(len(trend), 0, -1)

    def keys(self, scores: Floats, eligible: Mask) -> Keys:
        """The keys of scores, which are at least 0; 0 for rows that are not eligible."""
        # The bits of floats that are not negative are ordered as the floats are.
        keys = np.maximum(scores, np.float32(0.0)).view(np.int32).astype(np.int64)
        keys <<= PLACE_BITS
        keys |= self._place
        keys *= eligible
        return keys

    def first(self, scores: Floats, eligible: Mask) -> tuple[Places, Places]:
        """The readers who have any eligible row, and which is the first of each."""
        if not eligible.size:
            return np.zeros(0, np.intp), np.zeros(0, np.intp)
        held = np.where(eligible, np.maximum(scores, np.float32(0.0)), np.float32(-1.0))
        found, readers = held.argmax(axis=1), np.arange(len(held))
        equal = held == held[readers, found][:, np.newaxis]
        # Of equal ones the first is found: rows are looked through in the order of equals.
        several = np.flatnonzero(np.count_nonzero(equal, axis=1) > 1)
        found[several] = self._rows[equal[several].take(self._rows, axis=1).argmax(axis=1)]
        who = np.flatnonzero(eligible[readers, found])
        return who, found[who]

    def rows(self, keys: Keys) -> Places:
        """The rows of keys; of a key that is 0, any."""
        place = keys & ((1 << PLACE_BITS) - 1)
        return np.asarray(self._rows[len(self._rows) - np.maximum(place, 1)], np.intp)


def best(keys: Keys, most: int) -> Keys:
    """Of each row of keys the largest, at most so many, the largest first."""
    size = keys.shape[1]
    if most < 1:
        return keys[:, :0]
    # Taking them apart is faster than sorting all, but not where most are equal, as 0 is.
    if most < size and 2 * np.count_nonzero(keys) > keys.size:
        keys = np.partition(keys, size - most, axis=1)[:, size - most :]
    return np.ascontiguousarray(np.sort(keys, axis=1)[:, : -most - 1 : -1])


def first_of_all(scores: Floats, count: int) -> tuple[Places, Floats]:
    """The rows with the largest scores, so few that they are found one by one, the largest first
    and equal ones in the order of the rows; and their scores, at least 0. For several such sets of
    scores (sets x rows) at once: sets x `count`, both."""
    left, sets = scores.copy(), np.arange(len(scores))
    rows = np.empty((len(scores), count), np.intp)
    for place in range(count):
        rows[:, place] = left.argmax(axis=1)
        left[sets, rows[:, place]] = -np.inf
    return rows, np.maximum(np.take_along_axis(scores, rows, axis=1), np.float32(0.0))
