"""One word of an interest in an index: where it is found, in whichever spelling, and its worth."""

from dataclasses import dataclass

import numpy as np

from digest.ranking.lexical import LexicalIndex, inverse_frequency
from digest.ranking.text import GENERIC_TERMS, Alternative, QueryWord
from digest.ranking.vectors import Floats, Rows

# A word weighs as if at least this share of all papers had it: one that few papers or none have
# must not be worth the whole interest.
RARE_SHARE = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """The rows where a word is found, ascending, how much each says it, and how much of it is
    there, both in [0, 1]."""

    rows: Rows
    saturation: Floats
    presence: Floats


def word_weight(index: LexicalIndex, word: QueryWord, generic_share: float) -> float:
    """What finding a word is worth: its rarity in whichever spelling is commonest.

    A generic word counts as if at least `generic_share` of all papers had it.
    """
    holding = max(_holding(index, alternative) for alternative in word.alternatives[:2])
    generic = GENERIC_TERMS.issuperset(word.alternatives[0])
    least = round((generic_share if generic else RARE_SHARE) * index.documents)
    return inverse_frequency(max(holding, least, 1), index.documents)


def _holding(index: LexicalIndex, alternative: Alternative) -> int:
    return min(index.frequency(term) for term in alternative)


def posting(index: LexicalIndex, word: QueryWord) -> Posting:
    """Where a word is found in any of its spellings; each row counts by its best."""
    saturation = np.zeros(index.size, np.float32)
    presence = np.zeros(index.size, np.float32)
    for alternative in word.alternatives:
        said, there = _alternative(index, alternative)
        np.maximum(saturation, said, out=saturation)
        np.maximum(presence, there, out=presence)
    rows = np.flatnonzero(presence).astype(np.int32)
    return Posting(rows=rows, saturation=saturation[rows], presence=presence[rows])


def _alternative(index: LexicalIndex, alternative: Alternative) -> tuple[Floats, Floats]:
    said = np.zeros(index.size, np.float32)
    there = np.zeros(index.size, np.float32)
    rarities = [index.rarity(term) for term in alternative]
    for term, rarity in zip(alternative, rarities, strict=True):
        share = np.float32(rarity / sum(rarities))
        rows, saturation = index.postings(term)
        said[rows] += share * saturation
        there[rows] += share
    return said, there
