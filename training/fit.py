"""A vector for each stem, so that their weighted mean imitates a sentence model.

The idea of static embeddings (model2vec, https://github.com/MinishLab/model2vec): the work of a
transformer is done once, for words, and a text is a sum. There a word's vector is what the model
says of the word alone, made shorter by principal components and weighted by rarity. Here it is
learnt from whole sentences, by ridge regression (Hoerl and Kennard, Technometrics 12, 1970, p. 55):
`||A X - Y||² + ridge ||X||²` is least, where a row of A holds the weights of a sentence's stems
and the row of Y what the model says of it. Single words are further rows that count little: they
place the stems that the sentences lack.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from digest.ranking.static_table import StaticTable
from digest.ranking.text import read, terms
from digest.ranking.vectors import Floats, SparseRows

_LEAST_SENTENCES = 2
_TINY = np.float32(1e-12)
_LARGEST = 127  # int8, the same on both sides of 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`rounds` of the solver: more change no cosine by a thousandth."""

    dimensions: int = 256
    most_terms: int = 30_000
    ridge: float = 0.003
    word_weight: float = 0.1
    rounds: int = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """Texts and what the model says of them, row by row."""

    texts: Sequence[str]
    vectors: Floats

    def at(self, places: Sequence[int]) -> "Examples":
        chosen = list(places)
        return Examples(texts=[self.texts[n] for n in chosen], vectors=self.vectors[chosen])


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighting:
    """The stems that have a vector, and how much each counts in a text."""

    terms: tuple[str, ...]
    rarities: Floats

    def rows(self, bags: Sequence[Sequence[str]]) -> SparseRows:
        """The weights of each bag's stems, which sum to 1; nothing of stems without a vector."""
        places = {term: place for place, term in enumerate(self.terms)}
        known = [[places[term] for term in bag if term in places] for bag in bags]
        flat = np.array([place for row in known for place in row], np.int32)
        sizes = np.array([len(row) for row in known], np.intp)
        owners = np.repeat(np.arange(len(known)), sizes)
        weights = self.rarities[flat]
        totals = np.bincount(owners, weights, minlength=len(known))
        return SparseRows(
            places=flat,
            values=np.asarray(weights / totals[owners], np.float32),
            starts=np.concatenate(([0], np.cumsum(sizes))),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """The principal components of vectors: where their middle is, and columns of length 1."""

    middle: Floats
    columns: Floats

    def placed(self, vectors: Floats) -> Floats:
        return np.asarray((vectors - self.middle) @ self.columns, np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    table: StaticTable
    weighting: Weighting
    axes: Axes

    def cosines(self, examples: Examples) -> Floats:
        """How near the table comes to the model, for each text; 0 where it knows no word."""
        rows = self.weighting.rows(bags_of(examples.texts))
        said = _sums(rows, self.table.rows(self.table.terms))
        meant = self.axes.placed(examples.vectors)
        lengths = np.linalg.norm(said, axis=1) * np.linalg.norm(meant, axis=1)
        return np.asarray((said * meant).sum(axis=1) / np.maximum(lengths, _TINY), np.float32)


def fit(sentences: Examples, words: Examples, options: Options) -> Fitted:
    """The table that imitates the model of the examples best; the same for the same input."""
    bags, word_bags = bags_of(sentences.texts), bags_of(words.texts)
    weighting = weigh(bags, word_bags, options.most_terms)
    axes = principal_axes(sentences.vectors, options.dimensions)
    # Words have a middle of their own: they are no sentences, and all lie to one side.
    of_words = axes.placed(words.vectors)
    of_words -= of_words.mean(axis=0)
    strength = np.float32(options.word_weight**0.5)
    rows = _stacked(weighting.rows(bags), weighting.rows(word_bags), strength)
    goal = np.concatenate([axes.placed(sentences.vectors), of_words * strength])
    found = solve_ridge(
        rows, goal, width=len(weighting.terms), ridge=options.ridge, rounds=options.rounds
    )
    return Fitted(table=quantised(weighting.terms, found), weighting=weighting, axes=axes)


def bags_of(texts: Iterable[str]) -> list[list[str]]:
    """The stems of each text, as ranking reads them."""
    return [terms(read(text)) for text in texts]


def weigh(
    bags: Sequence[Sequence[str]], word_bags: Iterable[Iterable[str]], most: int
) -> Weighting:
    """Stems of two sentences or more, the commonest first, then those of single words alone;
    a stem counts as log(1 + sentences / sentences with it)."""
    counts = Counter(term for bag in bags for term in set(bag))
    common = sorted(
        (term for term, count in counts.items() if count >= _LEAST_SENTENCES),
        key=lambda term: (-counts[term], term),
    )
    others = (term for bag in word_bags for term in bag if term not in counts)
    chosen = tuple(dict.fromkeys((*common, *others)))[:most]
    return Weighting(terms=chosen, rarities=_rarities(chosen, counts, len(bags)))


def _rarities(chosen: Sequence[str], counts: Mapping[str, int], total: int) -> Floats:
    seen = np.array([max(counts.get(term, 0), 1) for term in chosen], np.float32)
    return np.asarray(np.log1p(np.float32(total) / seen), np.float32)


def principal_axes(vectors: Floats, most: int) -> Axes:
    """The `most` directions in which vectors differ most, best first; each points to where its
    largest number is positive, which makes them the same on every run."""
    middle = vectors.mean(axis=0)
    spread = (vectors - middle).astype(np.float64)
    _, columns = np.linalg.eigh(spread.T @ spread)
    columns = columns[:, ::-1][:, :most]
    largest = np.abs(columns).argmax(axis=0)
    signs = np.sign(columns[largest, np.arange(columns.shape[1])])
    return Axes(middle=middle, columns=np.asarray(columns * signs, np.float32))


def solve_ridge(rows: SparseRows, goal: Floats, *, width: int, ridge: float, rounds: int) -> Floats:
    """The matrix X (width x columns of `goal`) for which `||rows X - goal||² + ridge ||X||²` is
    least, column by column, by conjugate gradients on the normal equations (Hestenes and Stiefel,
    J. Res. Nat. Bur. Stand. 49, 1952, p. 409): these are sparse, their inverse is not."""
    columns = _transposed(rows, width)
    found = np.zeros((width, goal.shape[1]), np.float32)
    left = _sums(columns, goal)
    way = left.copy()
    size = (left**2).sum(axis=0)
    for _ in range(rounds):
        image = _sums(columns, _sums(rows, way)) + np.float32(ridge) * way
        step = size / ((way * image).sum(axis=0) + _TINY)
        found += step * way
        left -= step * image
        before, size = size, (left**2).sum(axis=0)
        way = left + size / (before + _TINY) * way
    return found


def quantised(names: tuple[str, ...], vectors: Floats) -> StaticTable:
    """The vectors in eight bits, each with a scale of its own, their mean length 1."""
    scaled = vectors / max(float(np.linalg.norm(vectors, axis=1).mean()), float(_TINY))
    # As they are stored: what a scale loses in half precision, the whole numbers make good.
    scales = (np.abs(scaled).max(axis=1) / _LARGEST).astype(np.float16).astype(np.float32)
    whole = np.rint(scaled / np.where(scales > 0, scales, 1)[:, np.newaxis])
    limited = np.clip(whole, -_LARGEST, _LARGEST).astype(np.int8)
    return StaticTable(terms=names, vectors=limited, scales=scales)


def _sums(rows: SparseRows, vectors: Floats) -> Floats:
    return rows.sums(np.ones(len(vectors), np.float32), vectors)


def _stacked(upper: SparseRows, lower: SparseRows, strength: np.float32) -> SparseRows:
    """Two matrices, one below the other, the lower times `strength`."""
    return SparseRows(
        places=np.concatenate([upper.places, lower.places]),
        values=np.concatenate([upper.values, lower.values * strength]),
        starts=np.concatenate([upper.starts, lower.starts[1:] + upper.starts[-1]]),
    )


def _transposed(rows: SparseRows, width: int) -> SparseRows:
    owners = np.repeat(np.arange(len(rows), dtype=np.int32), np.diff(rows.starts))
    order = np.argsort(rows.places, kind="stable")
    sizes = np.bincount(rows.places, minlength=width)
    return SparseRows(
        places=owners[order],
        values=rows.values[order],
        starts=np.concatenate(([0], np.cumsum(sizes))).astype(np.intp),
    )
