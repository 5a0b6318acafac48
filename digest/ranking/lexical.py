"""The words of an edition's candidates: BM25 in a few numpy arrays, and phrases.

The weighting is Okapi BM25 with an inverse document frequency that is never negative:
S. Robertson, H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009.
Postings lie term by term, as in a compressed sparse matrix; what does not depend on the query
is computed when the index is built.
"""

import functools
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from typing import overload

import numpy as np
import numpy.typing as npt

from digest.core.analyses import ShortForm
from digest.ranking.analysis import Analysis
from digest.ranking.neighbours import Neighbours
from digest.ranking.query import neighbour_forms, phrase_forms
from digest.ranking.text import STOP_STEMS, fold, spaced, stem
from digest.ranking.vectors import DocumentVectors, Floats, Rows, SparseRows

# Within the ranges that the paper recommends, 1.2 to 2 and 0.5 to 0.8.
K1 = 1.5
B = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What is indexed of a paper. `names` are authors, venue, categories: found, never mixed in."""

    analysis: Analysis
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """In how many of `documents` other papers each term occurs: what is rare in the long run.
    None of them is among the documents of the index. A term that is not in `counts` is in none.
    `short_forms` says how many papers introduce each, those of the index among them."""

    documents: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    short_forms: Mapping[ShortForm, int] = field(default_factory=dict)


NAME_MARK = "@"
_EDGES = ".,;:!?()[]\"'“”"


def name_terms(name: str) -> list[str]:
    """The terms under which a name, venue or category is indexed: its words, unstemmed, marked."""
    words = (word.strip(_EDGES) for word in fold(name).split())
    return [NAME_MARK + word for word in words if word]


class LexicalIndex:
    """Postings of documents, addressed by their place in the sequence given ("row").

    `saturation` of a term in a document is tf / (tf + k1 (1 - b + b length / mean length)),
    in [0, 1): BM25's share of a term without its rarity and its constant factor k1 + 1.
    """

    def __init__(
        self, documents: Iterable[Document], *, background: Background | None = None
    ) -> None:
        self._background = background or Background()
        self._phrases: list[str] = []
        rows, places, counts, lengths = self._count(documents)
        self.size = len(lengths)
        self.documents = self.size + self._background.documents
        self.mean_length = float(lengths.mean()) if lengths.any() else 1.0
        by_term = np.argsort(places, kind="stable")
        self._rows = rows[by_term]
        self._saturation = self._saturated(counts, lengths[rows])[by_term]
        self._starts = np.searchsorted(places[by_term], np.arange(len(self._places) + 1))
        self._frequencies = np.diff(self._starts)

    def _count(
        self, documents: Iterable[Document]
    ) -> tuple[Rows, Rows, Floats, npt.NDArray[np.float64]]:
        rows: list[int] = []
        places: list[int] = []
        counts: list[int] = []
        lengths: list[int] = []
        number: defaultdict[str, int] = defaultdict(count().__next__)
        for row, document in enumerate(documents):
            bag = document.analysis.counts
            lengths.append(document.analysis.length)
            self._phrases.append(document.analysis.phrases)
            named = dict.fromkeys(chain.from_iterable(map(name_terms, document.names)))
            places.extend(map(number.__getitem__, chain(bag, named)))
            counts.extend(bag.values())
            counts.extend([1] * len(named))
            rows.extend([row] * (len(bag) + len(named)))
        self._places = dict(number)
        return (
            np.array(rows, np.int32),
            np.array(places, np.int32),
            np.array(counts, np.float32),
            np.array(lengths, np.float64),
        )

    def _saturated(self, counts: Floats, lengths: npt.NDArray[np.float64]) -> Floats:
        relative = 1 - B + B * lengths / self.mean_length
        return np.asarray(counts / (counts + K1 * relative), np.float32)

    def postings(self, term: str) -> tuple[Rows, Floats]:
        """The rows that hold a term, ascending, and its saturation in each."""
        place = self._places.get(term)
        if place is None:
            return self._rows[:0], self._saturation[:0]
        span = slice(self._starts[place], self._starts[place + 1])
        return self._rows[span], self._saturation[span]

    def frequency(self, term: str) -> int:
        """In how many documents a term occurs, those of the background included."""
        place = self._places.get(term)
        own = 0 if place is None else int(self._frequencies[place])
        return own + self._background.counts.get(term, 0)

    def knows(self, term: str) -> bool:
        """Whether a term occurs anywhere, in the background too."""
        return term in self._places or self._background.counts.get(term, 0) > 0

    def known_of(self, terms: Iterable[str]) -> tuple[str, ...]:
        """Those of the terms that occur anywhere, in the background too."""
        places, counts = self._places, self._background.counts
        return tuple([term for term in terms if term in places or counts.get(term, 0) > 0])

    def rarity(self, term: str) -> float:
        """The inverse document frequency of a term: log(1 + (N - n + 1/2) / (n + 1/2)), > 0."""
        return inverse_frequency(self.frequency(term), self.documents)

    def scores(self, query: Mapping[str, float]) -> Floats:
        """The BM25 score of every row for weighted terms; O(postings of the terms)."""
        total = np.zeros(self.size, np.float32)
        for term, weight in query.items():
            rows, saturation = self.postings(term)
            if len(rows):
                total[rows] += np.float32(weight * self.rarity(term) * (K1 + 1)) * saturation
        return total

    def places(self, terms: Sequence[str]) -> Rows:
        """The places of terms in `terms` and `rarities`; -1 for one that no document has."""
        return np.array([self._places.get(term, -1) for term in terms], np.int32)

    def rarities_elsewhere(self, terms: Sequence[str]) -> Floats:
        """The rarity of terms that no document of the index has."""
        counts = (self._background.counts.get(term, 0) for term in terms)
        return inverse_frequency(np.fromiter(counts, np.int64), self.documents).astype(np.float32)

    def phrase_rows(self, phrase: str) -> Rows:
        """The rows whose title or abstract holds the phrase in any form of its words, ascending."""
        return self._rows_holding(phrase_forms(phrase))

    def rows_in_a_row(self, terms: Sequence[str]) -> Rows:
        """The rows where terms stand side by side in this order, ascending."""
        return self._rows_holding([spaced(terms)])

    def postings_in_a_row(self, terms: Sequence[str]) -> tuple[Rows, Floats]:
        """The rows where terms stand side by side in this order, ascending, and the mean of their
        saturations in each."""
        rows = self.rows_in_a_row(terms)
        total = np.zeros(self.size, np.float32)
        for each, saturation in map(self.postings, terms):
            total[each] += saturation / np.float32(len(terms))
        return rows, total[rows]

    def neighbour_rows(self, pairs: Sequence[tuple[str, str]]) -> list[Rows]:
        """For each two words of a query the rows where they stand side by side, or are written as
        one, ascending."""
        stems = [(stem(word), stem(follower)) for word, follower in pairs]
        found = self._neighbours.rows(stems)
        for number, (word, follower) in enumerate(pairs):
            if "-" in word or "-" in follower:
                found[number] = self._rows_holding(neighbour_forms(word, follower))
            elif (as_one := stem(word + follower)) in self._places:
                found[number] = np.union1d(found[number], self.postings(as_one)[0])
        return found

    @functools.cached_property
    def _neighbours(self) -> Neighbours:
        return Neighbours(self._phrases, self._places)

    def _rows_holding(self, forms: Iterable[str]) -> Rows:
        rows: set[int] = set()
        for form in forms:
            holding = self._rows_with_words(form)
            rows.update([row for row in holding if form in self._phrases[row]])
        return np.array(sorted(rows), np.int32)

    def _rows_with_words(self, form: str) -> Sequence[int]:
        """The rows that may hold a form, for they have all its words but stop words."""
        words = {word for word in form.split() if word not in STOP_STEMS}
        if not words:
            return range(self.size)
        common, *others = sorted((self.postings(word)[0] for word in words), key=len)
        for rows in others:
            if not len(common):
                break
            common = common[rows[np.minimum(rows.searchsorted(common), len(rows) - 1)] == common]
        return [int(row) for row in common]

    @property
    def terms(self) -> Collection[str]:
        """All terms, in the order of their places in `by_term` and `by_row`."""
        return self._places.keys()

    @functools.cached_property
    def rarities(self) -> Floats:
        """The rarity of each term; 0 for a name, which says nothing of what a paper is about."""
        is_word = np.array([not term.startswith(NAME_MARK) for term in self._places], np.bool_)
        totals = self._frequencies + np.fromiter(
            (self._background.counts.get(term, 0) for term in self._places), np.int64
        )
        return np.where(is_word, inverse_frequency(totals, self.documents), 0.0).astype(np.float32)

    @property
    def by_term(self) -> SparseRows:
        """For each term, the rows that hold it and its saturation in each."""
        return SparseRows(places=self._rows, values=self._saturation, starts=self._starts)

    @functools.cached_property
    def by_row(self) -> SparseRows:
        """For each row, the places of its terms and their saturations."""
        places = np.repeat(np.arange(len(self._places), dtype=np.int32), self._frequencies)
        order = np.argsort(self._rows, kind="stable")
        starts = np.searchsorted(self._rows[order], np.arange(self.size + 1))
        return SparseRows(places=places[order], values=self._saturation[order], starts=starts)

    def kin(self, row: int) -> Floats:
        """How much every document is like that of a row, as `scores` with its saturations; names
        count for nothing."""
        places, saturation = self.by_row.row(row)
        worth = saturation * self.rarities[places] * np.float32(K1 + 1)
        return self.by_term.combined(places, worth, self.size)

    @functools.cached_property
    def lengths(self) -> Floats:
        """Of each document as a vector: the root of what it scores for itself, were it the query.
        A score divided by the lengths of both is their cosine."""
        rows = self.by_row
        worth = np.square(rows.values) * self.rarities[rows.places]
        own = np.float32(K1 + 1) * np.bincount(rows.owners, worth, self.size)
        return np.asarray(np.sqrt(own), np.float32)

    @functools.cached_property
    def vectors(self) -> DocumentVectors:
        """The documents as vectors, for comparing them with each other. Names do not count."""
        rows = self.by_row
        weights = rows.values * self.rarities[rows.places]
        return DocumentVectors(rows.places, weights, rows.starts, len(self._places))


@overload
def inverse_frequency(holding: int, documents: int) -> float: ...
@overload
def inverse_frequency(
    holding: npt.NDArray[np.int64], documents: int
) -> npt.NDArray[np.float64]: ...
def inverse_frequency(
    holding: int | npt.NDArray[np.int64], documents: int
) -> float | npt.NDArray[np.float64]:
    """log(1 + (N - n + 1/2) / (n + 1/2)) for n of N documents that hold a term; more than 0."""
    few = np.minimum(holding, documents)
    rarity = np.log1p((documents - few + 0.5) / (few + 0.5))
    return rarity if isinstance(holding, np.ndarray) else float(rarity)
