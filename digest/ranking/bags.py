"""Texts as bags of the terms that an index has, and of those that it has not, many in one go."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from digest.ranking.lexical import K1, B, LexicalIndex
from digest.ranking.vectors import Floats, Places, SparseRows, blocks

# Postings that are added up in one go: few enough for the processor's cache, which makes the scores
# of whole abstracts twice as fast.
_POSTINGS_AT_ONCE = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Bags:
    """The terms of texts, weighted: `known` at the places that they have in the index (texts x
    terms); `elsewhere` those that no document of it has, with the numbers of their texts
    (`owners`) and with `others` as their weights."""

    known: SparseRows
    elsewhere: tuple[str, ...]
    owners: Places
    others: Floats

    def __len__(self) -> int:
        return len(self.known)


def bags_of(
    index: LexicalIndex,
    texts: Sequence[Collection[str]],
    counts: Sequence[Collection[int]] | None = None,
) -> Bags:
    """The terms of texts, each weighing 1, or as often as it is said."""
    said = list(chain.from_iterable(texts))
    weights = (
        np.ones(len(said), np.float32)
        if counts is None
        else np.array(list(chain.from_iterable(counts)), np.float32)
    )
    owners = np.repeat(np.arange(len(texts)), list(map(len, texts)))
    places = index.places(said)
    there, missing = np.flatnonzero(places >= 0), np.flatnonzero(places < 0)
    return Bags(
        known=SparseRows(
            places=places[there],
            values=weights[there],
            starts=np.searchsorted(owners[there], np.arange(len(texts) + 1)),
        ),
        elsewhere=tuple(said[n] for n in missing.tolist()),
        owners=owners[missing],
        others=weights[missing],
    )


def saturated(index: LexicalIndex, bags: Bags) -> Bags:
    """With the saturation of each term in a document that has them so often, were it one of the
    index, for weights."""
    owners = bags.known.owners
    known = np.bincount(owners, bags.known.values, len(bags))
    lengths = known + np.bincount(bags.owners, bags.others, len(bags))
    norms = (K1 * (1 - B + B * lengths / index.mean_length)).astype(np.float32)
    values = bags.known.values / (bags.known.values + norms[owners])
    others = bags.others / (bags.others + norms[bags.owners])
    return replace(bags, known=replace(bags.known, values=values), others=others)


def self_scores(index: LexicalIndex, bags: Bags) -> tuple[Floats, Floats]:
    """What each text would score for itself, were it a document, given the saturation of its
    terms; and what of that comes from terms that the index has."""
    worth = index.rarities[bags.known.places] * np.square(bags.known.values)
    known = np.bincount(bags.known.owners, worth, len(bags))
    worth = index.rarities_elsewhere(bags.elsewhere) * np.square(bags.others)
    own = known + np.bincount(bags.owners, worth, len(bags))
    factor = np.float32(K1 + 1)
    return factor * own.astype(np.float32), factor * known.astype(np.float32)


def scores(index: LexicalIndex, terms: SparseRows) -> Floats:
    """BM25 of each row of the index for weighted terms, names counting for nothing: texts x rows
    for texts x terms. O(postings of the terms)."""
    entries, size = index.by_term, index.size
    worth = terms.values * index.rarities[terms.places] * np.float32(K1 + 1)
    lengths, owners = entries.lengths(terms.places), terms.owners
    out = np.empty((len(terms), size), np.float32)
    before = np.concatenate([[0], np.cumsum(lengths)])[terms.starts]
    for first, last in blocks(before, _POSTINGS_AT_ONCE):
        said = slice(terms.starts[first], terms.starts[last])
        at = entries.spread(terms.places[said])
        places = entries.places[at] + np.repeat((owners[said] - first) * size, lengths[said])
        values = entries.values[at] * np.repeat(worth[said], lengths[said])
        found = np.bincount(places, values, minlength=(last - first) * size)
        out[first:last] = found.reshape(last - first, size)
    return out
