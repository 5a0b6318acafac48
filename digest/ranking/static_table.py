"""A table of meaning: one vector for each of the commonest stems of papers' texts.

The weighted mean of a text's vectors imitates what a sentence-embedding model would say of it
(docs/DESIGN.md, "Ranking"): meaning without a model, for the price of a sum.
"""

import zlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from io import BytesIO
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from digest.ranking.vectors import Floats

# Two stems that begin with the same letters, and whose vectors are this near, are of one word.
# Judged by eye on a recorded week: of pairs nearer than .75 nearly all are, below .7 many are not.
_SAME_LETTERS = 5
_RELATED_LEAST = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticTable:
    """`vectors` are int8, one row a stem, each to be multiplied by its scale."""

    terms: tuple[str, ...]
    vectors: npt.NDArray[np.int8]
    scales: Floats
    _places: dict[str, int] = field(init=False, repr=False, compare=False)
    _families: dict[str, list[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        places = {term: place for place, term in enumerate(self.terms)}
        families: defaultdict[str, list[str]] = defaultdict(list)
        for term in self.terms:
            families[term[:_SAME_LETTERS]].append(term)
        object.__setattr__(self, "_places", places)
        object.__setattr__(self, "_families", dict(families))

    @property
    def dimensions(self) -> int:
        return int(self.vectors.shape[1])

    def rows(self, terms: Iterable[str]) -> Floats:
        """The vectors of terms, in order; zeros for one that the table lacks."""
        places = np.fromiter((self._places.get(term, -1) for term in terms), np.intp)
        rows = self.vectors[places].astype(np.float32) * self.scales[places][:, np.newaxis]
        rows[places < 0] = 0.0
        return rows

    def relatives(self, term: str) -> tuple[str, ...]:
        """The other stems of the same word, which Porter's rules leave apart: of `molecul`
        (molecules) `molecular`, of `epidemiologi` (epidemiology) `epidemiolog`."""
        if term not in self._places or len(term) < _SAME_LETTERS or not term.isalpha():
            return ()
        family = self._families[term[:_SAME_LETTERS]]
        rows = self.rows(family)
        rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
        near = rows @ rows[family.index(term)] >= _RELATED_LEAST
        return tuple(
            other for other, is_near in zip(family, near, strict=True) if is_near and other != term
        )


def parse_table(content: bytes) -> StaticTable:
    """A table as `dump_table` wrote it. Raises ValueError when it is something else."""
    try:
        with np.load(BytesIO(content), allow_pickle=False) as arrays:
            said, vectors, scales = (arrays[name] for name in ("terms", "vectors", "scales"))
    # An archive that is cut off, a bare array, an archive of others: NumPy says each in its way.
    except (ValueError, KeyError, EOFError, TypeError, OSError, BadZipFile, zlib.error) as error:
        raise ValueError(f"no table of meaning: {error}") from None
    terms = tuple(said.tobytes().decode().split("\n"))
    if vectors.dtype != np.int8 or vectors.ndim != 2 or scales.shape != vectors.shape[:1]:
        raise ValueError("no table of meaning: its vectors are none in eight bits, a scale to each")
    if len(terms) != len(vectors):
        raise ValueError(f"a table of {len(terms):,} terms, but {len(vectors):,} vectors")
    return StaticTable(terms=terms, vectors=vectors, scales=scales.astype(np.float32))


def dump_table(table: StaticTable) -> bytes:
    """The table as a compressed NumPy archive of plain arrays."""
    out = BytesIO()
    np.savez_compressed(
        out,
        terms=np.frombuffer("\n".join(table.terms).encode(), np.uint8),
        vectors=table.vectors,
        scales=table.scales.astype(np.float16),
    )
    return out.getvalue()
