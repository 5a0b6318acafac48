"""One word of an interest in an index: where it is found, in whichever spelling, and its worth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from digest.ranking.lexical import LexicalIndex, inverse_frequency
from digest.ranking.query import Alternative
from digest.ranking.text import GENERIC_TERMS
from digest.ranking.vectors import Floats, Rows

# A word weighs as if at least this share of all papers had it: one that few papers or none have
# must not be worth the whole interest.
RARE_SHARE = 0.01
# As evidence it is held for rarer: where no paper has "CRISPR", "screens" alone are not enough. On
# made-up days of judged papers 145 fewer of 8,016 are shown, 3 of which fit.
RARE_SHARE_AS_EVIDENCE = 0.005
# A generic word ("learning") weighs as if so many papers had it; it shows even less that an
# interest is met than its rarity says.
GENERIC_SHARE = 0.02
GENERIC_SHARE_AS_EVIDENCE = 0.25
# Parts of compounds with so few letters say nothing elsewhere: the k of k-means, the 3 of SE(3).
_BRIEF_CHARS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """The rows where a word is found, ascending, how much each says it, and how much of it is
    there, both in [0, 1]; what finding it is worth for a score, as evidence that an interest is
    met, and in a search; whether any abstract may have it, whatever it is about (`generic`), or as
    many papers have it as if it were so (`common`)."""

    rows: Rows
    saturation: Floats
    presence: Floats
    worth: float
    evidence: float
    plain_worth: float
    generic: bool
    common: bool


def word_of(
    index: LexicalIndex,
    own: Sequence[Alternative],
    joined: Sequence[str],
    others: Sequence[tuple[Rows, Floats]] = (),
) -> Word:
    """A word in any of its own spellings, or written as one with a neighbour, or said in `others`,
    rows and the saturation in each; each row counts by its best. Its worth is its rarity in
    whichever of its spellings is commonest."""
    alternatives = (*own, *((term,) for term in joined))
    holding = max(_holding(index, alternative) for alternative in alternatives)
    generic = GENERIC_TERMS.issuperset(own[0])

    def worth(generic_share: float, rare_share: float = RARE_SHARE) -> float:
        least = round((generic_share if generic else rare_share) * index.documents)
        return inverse_frequency(max(holding, least, 1), index.documents)

    rows, saturation, presence = _found(index, alternatives, others)
    return Word(
        rows=rows,
        saturation=saturation,
        presence=presence,
        worth=worth(GENERIC_SHARE),
        evidence=worth(GENERIC_SHARE_AS_EVIDENCE, RARE_SHARE_AS_EVIDENCE),
        plain_worth=worth(0.0),
        generic=generic,
        common=holding >= GENERIC_SHARE * index.documents,
    )


def _holding(index: LexicalIndex, alternative: Alternative) -> int:
    return min((index.frequency(term) for term in alternative), default=0)


def _found(
    index: LexicalIndex,
    alternatives: Sequence[Alternative],
    others: Sequence[tuple[Rows, Floats]],
) -> tuple[Rows, Floats, Floats]:
    if len(alternatives) == 1 and len(alternatives[0]) == 1 and not others:
        rows, saturation = index.postings(alternatives[0][0])
        return rows, saturation, np.ones(len(rows), np.float32)
    saturation = np.zeros(index.size, np.float32)
    presence = np.zeros(index.size, np.float32)
    for alternative in alternatives:
        said, there = _alternative(index, alternative)
        np.maximum(saturation, said, out=saturation)
        np.maximum(presence, there, out=presence)
    for rows, said in others:
        saturation[rows] = np.maximum(saturation[rows], said)
        presence[rows] = 1.0
    rows = np.flatnonzero(presence).astype(np.int32)
    return rows, saturation[rows], presence[rows]


def _alternative(index: LexicalIndex, alternative: Alternative) -> tuple[Floats, Floats]:
    said = np.zeros(index.size, np.float32)
    there = np.zeros(index.size, np.float32)
    rarities = [index.rarity(term) for term in alternative]
    for term, rarity in zip(alternative, rarities, strict=True):
        share = np.float32(rarity / sum(rarities))
        rows, saturation = index.postings(term)
        if len(alternative) > 1 and len(term) <= _BRIEF_CHARS:
            in_place = np.isin(rows, index.rows_in_a_row(alternative))
            rows, saturation = rows[in_place], saturation[in_place]
        said[rows] += share * saturation
        there[rows] += share
    return said, there
