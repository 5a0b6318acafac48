"""How much candidates are like each other, worked out when it is asked for, and kept."""

import functools

import numpy as np

from digest.ranking.lexical import LexicalIndex
from digest.ranking.vectors import Floats, Rows

# Where not all can be kept, at least the likenesses of so many papers are.
_ROWS_LEAST = 16


class Kinship:
    """`LexicalIndex.kin` of rows. Of a few thousand papers all are kept in one matrix, of more
    the most recent; `most_kept` numbers of 4 bytes. Safe to share between threads: what two of
    them work out at once is the same."""

    def __init__(self, index: LexicalIndex, *, most_kept: int) -> None:
        self._index = index
        whole = index.size**2 <= most_kept
        self._matrix = np.empty((index.size if whole else 0, index.size), np.float32)
        self._is_there = np.zeros(len(self._matrix), np.bool_)
        at_once = max(most_kept // max(index.size, 1), _ROWS_LEAST)
        self._recent = functools.lru_cache(maxsize=at_once)(index.kin)

    def of(self, rows: Rows) -> Floats:
        """How much every paper is like each of these: rows x papers."""
        if not len(self._matrix):
            return np.stack([self._recent(row) for row in rows.tolist()])
        for row in rows[~self._is_there[rows]].tolist():
            self._matrix[row] = self._index.kin(row)
            self._is_there[row] = True
        return np.asarray(self._matrix[rows], np.float32)
