"""How much papers repeat each other: by meaning where there is a space of it, else by words."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from digest.ranking.kept_rows import KeptRows
from digest.ranking.vectors import DocumentVectors, Floats

# Numbers of likeness that are kept, 4 bytes each.
KEPT_COSINES = 8_000_000

Pools = npt.NDArray[np.intp]
Repeats = Callable[[Pools], Floats]
"""Given, for each reader, a place in their pool, how much every place of it repeats that one."""


class Likeness(Protocol):
    """How much papers repeat each other, in [0, 1]."""

    def among(self, pools: Pools) -> Repeats:
        """For pools of rows of the corpus (readers x places)."""
        ...


@dataclass(frozen=True, slots=True)
class ByMeaning:
    """Points of length 1: of twins much is repeated (.5 and more), of papers of one subject hardly
    anything, of any two papers nothing. For some thousand papers all pairs are kept."""

    points: Floats
    pairs: Floats | None

    @classmethod
    def of(cls, points: Floats, *, most_kept: int = 4_096) -> "ByMeaning":
        pairs = _repeated(points @ points.T) if len(points) <= most_kept else None
        return cls(points, pairs)

    def among(self, pools: Pools) -> Repeats:
        readers = np.arange(len(pools))
        if self.pairs is not None:
            flat, width = self.pairs.ravel(), self.pairs.shape[1]
            return lambda places: flat.take(
                (pools[readers, places] * width)[:, np.newaxis] + pools, mode="clip"
            )
        points = self.points[pools]
        return lambda places: _repeated(np.einsum("bpd,bd->bp", points, points[readers, places]))


def _repeated(cosines: Floats) -> Floats:
    """The sixth power of cosines: what says the same counts, and not what is of one subject, which
    a reader of that subject wants. With the square one of twenty papers that fit best was lost to
    one that fits less, and hardly fewer twins were shown (docs/DESIGN.md, "Ranking")."""
    squares = np.square(np.maximum(cosines, np.float32(0.0)))
    return np.asarray(squares * squares * squares, np.float32)


class ByWords:
    """Cosines of sparse vectors of words, worked out when they are asked for."""

    def __init__(self, vectors: DocumentVectors) -> None:
        self._rows = KeptRows(len(vectors), vectors.cosines, most_kept=KEPT_COSINES)

    def among(self, pools: Pools) -> Repeats:
        readers = np.arange(len(pools))
        return lambda places: np.take_along_axis(
            self._rows.of(pools[readers, places]), pools, axis=1
        )
