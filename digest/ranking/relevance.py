"""How well each candidate fits what a subscriber says: one strength in [0, 1] per interest.

Interests compete: a paper that is good for one of them is good, whatever the others say. What
several agree on gets a little more. Strengths are absolute, not relative to the day's papers,
so that a day without a fitting paper has none above the floor.
"""

import re
from typing import assert_never

import numpy as np

from digest.core.interests import Interest, InterestKind
from digest.ranking import texts
from digest.ranking.corpus import Corpus
from digest.ranking.vectors import Floats, Rows

# A category by its form: cs.CR, math.*, quant-ph.
_CATEGORY = re.compile(r"(?i)^[a-z]+(?:-[a-z]+)?\.(?:[a-z-]{2,}|\*)$|^[a-z]+-[a-z]+$")

# A paper with less is not sent, unless trend alone decides.
FLOOR = 0.25

CATEGORY_STRENGTH = 0.35
AUTHOR_STRENGTH = 0.95
KEYWORD_STRENGTH = 0.55  # said once; the rest comes with how much the paper is about it
AGREEMENT_SHARE = 0.1


def matches(corpus: Corpus, interest: Interest) -> Floats:
    """The strength of every row for one interest of any kind but `like`; 0 for an exclusion."""
    match interest.kind:
        case InterestKind.TEXT:
            (strengths,) = texts.strengths(corpus, [interest.value])
            return with_field(corpus, interest.value, strengths)
        case InterestKind.KEYWORD:
            return keyword_strengths(corpus, interest.value)
        case InterestKind.CATEGORY:
            strengths = np.zeros(len(corpus), np.float32)
            strengths[corpus.category_rows(interest.value)] = CATEGORY_STRENGTH
            return strengths
        case InterestKind.AUTHOR:
            strengths = np.zeros(len(corpus), np.float32)
            for row, (sureness, _) in corpus.authors.find(interest.value).items():
                strengths[row] = AUTHOR_STRENGTH * sureness
            return strengths
        case InterestKind.EXCLUDE | InterestKind.LIKE:
            return np.zeros(len(corpus), np.float32)
        case _:
            assert_never(interest.kind)


def with_field(corpus: Corpus, text: str, strengths: Floats) -> Floats:
    """The strengths of a text, and where it is the name of a field, more for what is filed there:
    papers on number theory do not say so."""
    found = strengths.copy()
    if len(rows := corpus.field_rows(text)):
        found[rows] += CATEGORY_STRENGTH * (1.0 - found[rows])
    return found


def keyword_strengths(corpus: Corpus, phrase: str) -> Floats:
    """A phrase that title or abstract must say, in full or in a short form of it; the more a paper
    says its words, the more."""
    strengths = np.zeros(len(corpus), np.float32)
    rows = corpus.rows_meaning(phrase)
    words = corpus.query_words(phrase)
    if not len(rows) or not words:
        strengths[rows] = KEYWORD_STRENGTH
        return strengths
    said = np.zeros(len(corpus), np.float32)
    for word in words:
        found = corpus.word(word)
        said[found.rows] += found.saturation / len(words)
    said = said[rows]
    strengths[rows] = KEYWORD_STRENGTH + (1 - KEYWORD_STRENGTH) * said
    return strengths


def excluded_rows(corpus: Corpus, value: str) -> Rows:
    """The rows that an exclusion takes away, ascending.

    These are the rows whose title or abstract holds the phrase in any form of its words, and
    the rows of the category or author that it names: `cs.CR`, `category: math.*`, `author: …`.
    """
    prefix, _, rest = (piece.strip() for piece in value.partition(":"))
    match prefix.casefold(), rest:
        case "category", str(category) if category:
            return corpus.category_rows(category)
        case "author" | "by", str(author) if author:
            return np.array(sorted(corpus.authors.find(author)), np.int32)
        case "keyword", str(phrase) if phrase:
            return corpus.rows_meaning(phrase)
    rows = corpus.rows_meaning(value)
    return np.union1d(rows, corpus.category_rows(value)) if _CATEGORY.match(value) else rows


def weighted(strengths: Floats, weight: float) -> Floats:
    """Strengths as a weight changes them: still in [0, 1], still in the same order."""
    if weight == 1.0:
        return strengths
    return np.asarray(1.0 - (1.0 - strengths) ** weight, np.float32)


def agreed(best: Floats, unmatched: Floats) -> Floats:
    """The relevance of rows: their best strength, and a little for what others add to it.

    `unmatched` is the product of 1 - strength over all strengths. Never lower for one more.
    """
    return np.asarray(
        np.clip(best + np.float32(AGREEMENT_SHARE) * (1.0 - best - unmatched), best, 1.0),
        np.float32,
    )
