"""Documents as sparse vectors, compared by cosine."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int32]


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
        self._weights = np.asarray(weights / np.maximum(norms, 1e-9)[owners], np.float32)
        self._places = places
        self._starts = starts
        self._vocabulary = vocabulary

    def among(self, rows: Sequence[int]) -> Callable[[int], npt.NDArray[np.float64]]:
        """For these rows, a function from one row to its cosine with each of them, in order."""
        spans = [slice(self._starts[row], self._starts[row + 1]) for row in rows]
        places = np.concatenate([self._places[span] for span in spans])
        weights = np.concatenate([self._weights[span] for span in spans])
        owners = np.repeat(np.arange(len(rows)), [span.stop - span.start for span in spans])

        def cosines(row: int) -> npt.NDArray[np.float64]:
            span = slice(self._starts[row], self._starts[row + 1])
            dense = np.zeros(self._vocabulary, np.float32)
            dense[self._places[span]] = self._weights[span]
            return np.asarray(
                np.bincount(owners, dense[places] * weights, minlength=len(rows)), np.float64
            )

        return cosines
