"""Numbers between any two candidates, worked out row by row when they are asked for, and kept."""

import functools
from collections.abc import Callable

import numpy as np

from digest.ranking.vectors import Floats, Places

# Where not all can be kept, at least so many rows are.
_ROWS_LEAST = 16


class KeptRows:
    """The rows of a square matrix of `size` that `row` works out one by one. Of a few thousand
    all are kept, of more the most recent: `most_kept` numbers of 4 bytes. Safe to share between
    threads: what two of them work out at once is the same."""

    def __init__(self, size: int, row: Callable[[int], Floats], *, most_kept: int) -> None:
        self._row = row
        whole = size**2 <= most_kept
        self._matrix = np.empty((size if whole else 0, size), np.float32)
        self._is_there = np.zeros(len(self._matrix), np.bool_)
        self._recent = functools.lru_cache(max(most_kept // max(size, 1), _ROWS_LEAST))(row)

    def of(self, numbers: Places) -> Floats:
        """These rows, in their order: numbers x size."""
        if not len(self._matrix):
            return np.stack([self._recent(number) for number in numbers.tolist()])
        for number in set(numbers[~self._is_there[numbers]].tolist()):
            self._matrix[number] = self._row(number)
            self._is_there[number] = True
        return self._matrix[numbers]
