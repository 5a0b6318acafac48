"""Which documents have two terms side by side."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from digest.ranking.vectors import Rows

_NONE = -1


class Neighbours:
    """All pairs of terms that stand side by side in some text, in one sorted array: 12 bytes for
    each pair of a document. Only terms that have a place count: stop words keep others apart."""

    def __init__(self, texts: Iterable[str], places: Mapping[str, int]) -> None:
        """`texts` are those of `text.phrase_text`, one a document."""
        self._places = places
        self._width = len(places)
        left, right, rows = _adjoining(texts, places)
        keys = left * np.int64(self._width) + right
        order = np.lexsort((rows, keys))
        keys, rows = keys[order], rows[order]
        once = np.ones(len(keys), np.bool_)
        once[1:] = (keys[1:] != keys[:-1]) | (rows[1:] != rows[:-1])
        self._keys, self._rows = keys[once], rows[once]

    def rows(self, pairs: Sequence[tuple[str, str]]) -> list[Rows]:
        """For each two terms the documents where the second stands right behind the first,
        ascending."""
        place = self._places.get
        places = [(place(term, _NONE), place(follower, _NONE)) for term, follower in pairs]
        left, right = np.array(places, np.int64).reshape(-1, 2).T
        keys = np.where((left != _NONE) & (right != _NONE), left * self._width + right, _NONE)
        firsts = self._keys.searchsorted(keys).tolist()
        lasts = self._keys.searchsorted(keys, "right").tolist()
        return [self._rows[first:last] for first, last in zip(firsts, lasts, strict=True)]


def _adjoining(
    texts: Iterable[str], places: Mapping[str, int]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Rows]:
    """The places of every two terms that adjoin, and the document of each two."""
    found: list[int] = []
    lengths: list[int] = []
    place = places.get
    for text in texts:
        words = text.replace("|", " | ").split()
        found.extend([place(word, _NONE) for word in words])
        found.append(_NONE)
        lengths.append(len(words) + 1)
    numbers = np.array(found, np.int64)
    rows = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
    both = np.flatnonzero((numbers[:-1] != _NONE) & (numbers[1:] != _NONE))
    return numbers[both], numbers[both + 1], rows[both]
