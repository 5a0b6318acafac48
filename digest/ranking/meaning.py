"""Meaning without a model: papers and texts placed by a static table of stems' vectors.

The table is made for papers at large; the candidates themselves teach it what their words mean
here. A stem's vector is moved towards the papers that say it, so that one which the table lacks
(a new method's name, a field's own jargon) gets a place, too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import numpy as np

from digest.ranking.analysis import Analysis
from digest.ranking.bags import Bags
from digest.ranking.lexical import LexicalIndex
from digest.ranking.space import MODEL_PLAIN_SHARE, MODEL_SHRINKAGE, Space, centre_of, placed, unit
from digest.ranking.static_table import StaticTable
from digest.ranking.vectors import Floats

# How much the papers that say a stem count in its vector, the table's own counting 1. Measured
# on judged collections: 1 to 2 are alike, without it the table alone is worth a fifth less.
CONTEXT_SHARE = 2.0
_LARGEST = np.iinfo(np.int16).max

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True, kw_only=True)
class LikedPaper:
    """What is known of a paper that a subscriber liked. `analysis` is that of title and abstract,
    where it is at hand, whole or packed as the store keeps it."""

    title: str
    abstract: str = ""
    analysis: Analysis | bytes | None = field(default=None, compare=False, repr=False)


class Meaning(Protocol):
    """A space with the candidates in it, and how other texts find their place there."""

    space: Space
    text_weight: float  # what a deviation of nearness counts, one of the words counting 1
    feedback_weight: float  # the same of nearness to the papers that fit best
    like_weight: float
    nearest_weight: float  # the same of nearness to the nearest likes; 0 where that is not asked

    def of_texts(self, texts: Sequence[str], bags: Bags) -> Floats:
        """The vectors of interests (texts x dimensions), `bags` being their terms; zeros where one
        is not known."""
        ...

    def of_papers(self, liked: Sequence[LikedPaper], bags: Bags) -> Floats:
        """The points of liked papers (papers x dimensions), `bags` being their terms with the
        saturation of each; zeros where one is not known."""
        ...


class StaticMeaning:
    """The space of a table of stems' vectors."""

    text_weight = 0.5
    feedback_weight = 0.25
    like_weight = 1.6
    nearest_weight = 0.0

    def __init__(self, index: LexicalIndex, table: StaticTable) -> None:
        self._index = index
        self._table = table
        own = table.rows(index.terms)
        self._scale = _mean_length(own)
        first = index.by_row.sums(index.rarities, own)
        by_term = index.by_term
        contexts = by_term.sums(np.ones(index.size, np.float32), placed(first, centre_of(first)))
        contexts /= np.maximum(_totals(index), 1e-6)[:, np.newaxis]
        own /= self._scale
        own += contexts * np.float32(CONTEXT_SHARE / _mean_length(contexts))
        # In 16 bits, each stem with a scale: half the memory, and as good as in 32.
        scales = np.maximum(np.abs(own).max(axis=1, initial=0.0), 1e-9) / np.float32(_LARGEST)
        own /= scales[:, np.newaxis]
        self._terms = np.rint(own, out=own).astype(np.int16)
        self._weights = index.rarities * scales
        self.space = Space(index.by_row.sums(self._weights, self._terms))

    def of_texts(self, texts: Sequence[str], bags: Bags) -> Floats:
        del texts
        return unit(self._sums(bags))

    def of_papers(self, liked: Sequence[LikedPaper], bags: Bags) -> Floats:
        del liked
        return self.space.placed(self._sums(bags))

    def _sums(self, bags: Bags) -> Floats:
        """The vectors of each text's terms, each by its weight and rarity, added up."""
        index, total = self._index, bags.known.sums(self._weights, self._terms)
        if bags.elsewhere:
            scales = bags.others * index.rarities_elsewhere(bags.elsewhere)
            vectors = self._table.rows(bags.elsewhere)
            vectors *= (scales / np.float32(self._scale))[:, np.newaxis]
            np.add.at(total, bags.owners, vectors)
        return total


def _mean_length(vectors: Floats) -> float:
    lengths = np.linalg.norm(vectors, axis=1)
    return float(lengths.mean()) or 1.0 if len(lengths) else 1.0


def _totals(index: LexicalIndex) -> Floats:
    """The saturations of each term over all documents, summed."""
    by_term = index.by_term
    owners = np.repeat(np.arange(len(by_term)), np.diff(by_term.starts))
    return np.bincount(owners, by_term.values, minlength=len(by_term)).astype(np.float32)


class ModelMeaning:
    """The space of a sentence-embedding model, whose vectors come from elsewhere.

    `papers` are the vectors of the candidates in the order of their rows, zeros where one is not
    known. Texts and liked papers are looked up; one without a vector lies nowhere.
    """

    text_weight = 2.0
    feedback_weight = 0.75
    like_weight = 3.0
    nearest_weight = 1.3

    def __init__(
        self,
        papers: Floats,
        *,
        texts: Callable[[Sequence[str]], Mapping[str, Floats]],
        liked: Callable[[Sequence[LikedPaper]], Mapping[LikedPaper, Floats]],
    ) -> None:
        self.space = Space(papers, shrinkage=MODEL_SHRINKAGE, plain_share=MODEL_PLAIN_SHARE)
        self._texts = texts
        self._liked = liked

    def of_texts(self, texts: Sequence[str], bags: Bags) -> Floats:
        del bags
        return self._rows(texts, self._texts(texts))

    def of_papers(self, liked: Sequence[LikedPaper], bags: Bags) -> Floats:
        del bags
        return self.space.placed(self._rows(liked, self._liked(liked)))

    def _rows(self, asked: Sequence[Key], known: Mapping[Key, Floats]) -> Floats:
        none = np.zeros(self.space.dimensions, np.float32)
        return np.stack([known.get(one, none) for one in asked]).astype(np.float32)
