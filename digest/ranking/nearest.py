"""The papers that lie nearest to a few words in meaning, whether or not they have any of them.

What readers are chosen is compared by `meaning` among the candidates of an edition; this here is
for searches among many more, where only those far out matter: vectors of the table as they are.
"""

from collections.abc import Iterable, Mapping

import numpy as np

from digest.core.analyses import Analysis
from digest.core.identifiers import PaperId
from digest.ranking.lexical import K1, inverse_frequency
from digest.ranking.query import asked
from digest.ranking.space import unit
from digest.ranking.static_table import StaticTable
from digest.ranking.vectors import Floats

# What lies so many standard deviations nearer than papers do on average, and has this cosine at
# least, is near. Judged by eye for a dozen queries in two recorded fortnights of 4,156 and 1,181
# papers: of what lies further out most is about what was asked, of what does not little is.
NEAR_DEVIATIONS, NEAR_COSINE = 3.0, 0.3


class Nearest:
    """At most `capacity` papers, those with the largest ids. `counts` says in how many of
    `documents` papers each stem of the table occurs."""

    def __init__(
        self, table: StaticTable, counts: Mapping[str, int], documents: int, *, capacity: int
    ) -> None:
        frequencies = np.fromiter((counts.get(term, 0) for term in table.terms), np.int64)
        rarities = inverse_frequency(frequencies, documents)
        self._weights = dict(zip(table.terms, rarities.tolist(), strict=True))
        self._table = table
        self._capacity = capacity
        self._points: dict[PaperId, Floats] = {}
        self._ids = np.zeros(0, np.int64)
        self._rows = np.zeros((0, table.dimensions), np.float32)

    def put(self, papers: Iterable[tuple[PaperId, Analysis]]) -> None:
        """Adds papers, or places anew those that are here."""
        for paper_id, analysis in papers:
            saturated = {term: n / (n + K1) for term, n in analysis.counts.items()}
            self._points[paper_id] = self._vector(saturated)
        kept = sorted(self._points)[-self._capacity :]
        self._points = {paper_id: self._points[paper_id] for paper_id in kept}
        self._ids = np.array(kept, np.int64)
        rows = unit(np.stack(list(self._points.values()))) if kept else self._rows[:0]
        self._rows = unit(rows - rows.mean(axis=0)) if kept else rows
        self._points = dict(zip(kept, rows, strict=True))

    def to(self, text: str, most: int) -> list[PaperId]:
        """The papers that are near to a text, nearest first, at most so many; none where the
        table knows no word of it."""
        vector = self._vector(dict.fromkeys(asked(text).terms, 1.0))
        if not len(self._ids) or not vector.any():
            return []
        cosines = self._rows @ unit(vector[np.newaxis])[0]
        least = max(cosines.mean() + NEAR_DEVIATIONS * cosines.std(), NEAR_COSINE)
        order = np.lexsort((-self._ids, -cosines))[:most]
        return [PaperId(int(self._ids[n])) for n in order if cosines[n] > least]

    def _vector(self, weights: Mapping[str, float]) -> Floats:
        known = {term: by for term, by in weights.items() if term in self._weights}
        if not known:
            return np.zeros(self._table.dimensions, np.float32)
        each = np.array([by * self._weights[term] for term, by in known.items()], np.float32)
        return np.asarray(each @ self._table.rows(known), np.float32)
