"""Documents as sparse vectors, compared by cosine."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

# Many small matrices are multiplied: among threads that wait for each other, and for whatever
# else a small machine does, that takes up to thirty times as long. NumPy is loaded by now.
threadpool_limits(limits=1, user_api="blas")

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int32]
Places = npt.NDArray[np.integer]


SMALL = np.float32(0.03)


def drawn_positive(shares: Floats) -> Floats:
    """Shares as they are, but for those below 0.03, which are drawn into (0, 0.03): nothing is
    negative, and their order stays."""
    # Without a choice for each number: processors guess such choices, mostly wrongly.
    small = np.minimum(shares, SMALL)
    small /= SMALL
    small -= np.float32(1.0)
    np.exp(small, out=small)
    small *= SMALL
    small -= SMALL
    small += np.maximum(shares, SMALL)
    return np.asarray(small, np.float32)


def saturated(shares: Floats, steepness: float) -> Floats:
    """Shares, drawn positive, as strengths in [0, 1): 1 - exp(-steepness share)."""
    strengths = drawn_positive(shares)
    strengths *= np.float32(-steepness)
    np.exp(strengths, out=strengths)
    return np.subtract(np.float32(1.0), strengths, out=strengths)


# Entries whose vectors are in memory at once, while rows are summed: some 16 MB.
_ENTRIES_AT_ONCE = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class SparseRows:
    """A sparse matrix: row r has `values` at `places` from starts[r] up to starts[r + 1]."""

    places: Rows
    values: Floats
    starts: npt.NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def owners(self) -> Places:
        """The row of each entry."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))

    def row(self, number: int) -> tuple[Rows, Floats]:
        span = slice(self.starts[number], self.starts[number + 1])
        return self.places[span], self.values[span]

    def spread(self, numbers: Places) -> Places:
        """Where the entries of rows lie in `places` and `values`, row after row."""
        firsts, lengths = self.starts[numbers], self.lengths(numbers)
        before = np.cumsum(lengths) - lengths
        inside = np.arange(int(lengths.sum()), dtype=np.intp)
        return np.asarray(inside + np.repeat(firsts - before, lengths), np.intp)

    def lengths(self, numbers: Places) -> Places:
        """How many entries rows have."""
        return np.asarray(self.starts[numbers + 1] - self.starts[numbers], np.intp)

    def combined(self, numbers: Places, weights: Floats, width: int) -> Floats:
        """The sum of rows, each times its weight, as a dense vector of `width`."""
        entries = self.spread(numbers)
        values = self.values[entries] * np.repeat(weights, self.lengths(numbers))
        return np.bincount(self.places[entries], values, minlength=width).astype(np.float32)

    def sums(self, weights: Floats, table: npt.NDArray[np.floating | np.integer]) -> Floats:
        """For each row the sum of the table's rows at its places, each times its value and the
        place's weight: rows x columns of the table; zeros for an empty row."""
        out = np.zeros((len(self), table.shape[1]), np.float32)
        for first, last in blocks(self.starts, _ENTRIES_AT_ONCE):
            bounds = (self.starts[first : last + 1] - self.starts[first]).tolist()
            places = self.places[self.starts[first] : self.starts[last]]
            scales = self.values[self.starts[first] : self.starts[last]] * weights[places]
            vectors = table[places].astype(np.float32)
            for row, (start, end) in enumerate(pairwise(bounds), first):
                np.matmul(scales[start:end], vectors[start:end], out=out[row])
        return out


def blocks(starts: npt.NDArray[np.integer], most: int) -> Iterator[tuple[int, int]]:
    """All rows, some at a time: from which to before which, with at most so many entries, but for
    a single row that has more. `starts` bounds the entries of each row."""
    first, count = 0, len(starts) - 1
    while first < count:
        last = max(int(np.searchsorted(starts, starts[first] + most, "right")) - 1, first + 1)
        yield first, last
        first = last


class DocumentVectors:
    """One sparse vector of length 1 per document; `starts` bounds the entries of each row."""

    def __init__(
        self,
        places: Rows,
        weights: Floats,
        starts: npt.NDArray[np.intp],
        vocabulary: int,
    ) -> None:
        owners = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        norms = np.sqrt(np.bincount(owners, weights**2, minlength=len(starts) - 1))
        values = np.asarray(weights / np.maximum(norms, 1e-9)[owners], np.float32)
        self._rows = SparseRows(places=places, values=values, starts=starts)
        by_place = np.argsort(places, kind="stable")
        self._by_place = SparseRows(
            places=owners[by_place].astype(np.int32),
            values=values[by_place],
            starts=np.searchsorted(places[by_place], np.arange(vocabulary + 1)),
        )

    def __len__(self) -> int:
        return len(self._rows)

    def cosines(self, row: int) -> Floats:
        """The cosine of a row with every row."""
        return self._by_place.combined(*self._rows.row(row), len(self))
