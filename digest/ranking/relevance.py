"""How well each candidate fits what a subscriber says: one strength in [0, 1] per interest.

Interests compete: a paper that is good for one of them is good, whatever the others say. What
several agree on gets a little more. Strengths are absolute, not relative to the day's papers,
so that a day without a fitting paper has none above the floor.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

import numpy as np

from digest.core.interests import Interest, InterestKind
from digest.ranking.analysis import analyse
from digest.ranking.corpus import Corpus
from digest.ranking.lexical import K1, inverse_frequency, name_terms
from digest.ranking.text import GENERIC_TERMS, Alternative, QueryWord, fold, query_words
from digest.ranking.vectors import Floats, Rows

# A category by its form: cs.CR, math.*, quant-ph.
_CATEGORY = re.compile(r"(?i)^[a-z]+(?:-[a-z]+)?\.(?:[a-z-]{2,}|\*)$|^[a-z]+-[a-z]+$")

# A paper with less is not sent, unless trend alone decides.
FLOOR = 0.25

CATEGORY_STRENGTH = 0.35
AUTHOR_STRENGTH = 0.95
KEYWORD_STRENGTH = 0.55  # said once; the rest comes with how much the paper is about it
AGREEMENT_SHARE = 0.1

# A word weighs as if at least this share of all papers had it: one that few papers or none have
# must not be worth the whole interest. A generic one ("learning") shows even less that an
# interest is met than its rarity says.
RARE_SHARE = 0.01
GENERIC_SHARE = 0.1
GENERIC_SHARE_AS_EVIDENCE = 0.25
# The score is a share of what this many of an interest's best words could give: long prose
# cannot be matched whole.
WORDS_OF_AN_INTEREST = 5
# A match fades away steeply when less is found than this share of the interest's two best
# words, or of all words of a brief interest; prose says much that need not be there.
NEEDED_SHARE_OF_TWO = 0.9
NEEDED_SHARE_OF_ALL = 0.6
BRIEF_WORDS = 6
# How much of the strength neighbouring words give by standing together in the paper too.
NEIGHBOUR_SHARE = 0.15
# Calibrated on days of arXiv listings: papers on the subject get about 0.5 to 0.8.
TEXT_STEEPNESS = 2.0
# Any two abstracts share this much of their own score by common words; the nearest papers of a
# day share 0.2 to 0.4.
LIKE_NOISE = 0.06
LIKE_STEEPNESS = 2.2
NEAREST_LIKES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class LikedPaper:
    """What is known of a paper that a subscriber liked."""

    title: str
    abstract: str = ""


def matches(corpus: Corpus, interest: Interest) -> Floats:
    """The strength of every row for one interest of any kind but `like`; 0 for an exclusion."""
    match interest.kind:
        case InterestKind.TEXT:
            return text_strengths(corpus, interest.value)
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


def text_strengths(corpus: Corpus, text: str) -> Floats:
    """Free prose: BM25 and neighbouring words as a share of what they could be, where enough of
    the interest's words are found.

    The shares are weighted by rarity, so one common word of several matches nothing.
    """
    words = query_words(text)
    weights = [word_weight(corpus, word, GENERIC_SHARE) for word in words]
    evidence = [word_weight(corpus, word, GENERIC_SHARE_AS_EVIDENCE) for word in words]
    score = np.zeros(len(corpus), np.float32)
    found = np.zeros(len(corpus), np.float32)
    for word, weight, worth in zip(words, weights, evidence, strict=True):
        saturation, presence = word_match(corpus, word)
        score += np.float32(word.count * weight) * saturation
        found += np.float32(worth) * presence
    said = score / np.float32(_best(weights, WORDS_OF_AN_INTEREST) or 1.0)
    together = neighbour_share(corpus, words, evidence)
    if together is not None:
        said = (1 - NEIGHBOUR_SHARE) * said + NEIGHBOUR_SHARE * together
    share = said * np.minimum(found / np.float32(_needed(evidence) or 1.0), 1.0) ** 3
    return np.asarray(1.0 - np.exp(-TEXT_STEEPNESS * share), np.float32)


def _needed(evidence: Sequence[float]) -> float:
    of_two = NEEDED_SHARE_OF_TWO * _best(evidence, 2)
    return (
        of_two if len(evidence) > BRIEF_WORDS else max(of_two, NEEDED_SHARE_OF_ALL * sum(evidence))
    )


def _best(weights: Sequence[float], count: int) -> float:
    return sum(sorted(weights, reverse=True)[:count])


def query_scores(corpus: Corpus, text: str) -> Floats:
    """BM25 of every row for a search: title and abstract, and whole words of authors, venue and
    categories. At least 0, without an upper bound; 0 where nothing is found."""
    score = np.zeros(len(corpus), np.float32)
    for word in query_words(text):
        saturation, _ = word_match(corpus, word)
        score += np.float32(word.count * word_weight(corpus, word, 0.0) * (K1 + 1)) * saturation
    return score + corpus.index.scores(dict.fromkeys(name_terms(text), 1.0))


def neighbour_share(
    corpus: Corpus, words: Sequence[QueryWord], weights: Sequence[float]
) -> Floats | None:
    """For every row, the weighted share of neighbouring words that stand together there too.

    None where no two words of the query are neighbours.
    """
    pairs = [
        (f"{word.spelling} {word.followed_by}", weight)
        for word, weight in zip(words, weights, strict=True)
        if word.followed_by
    ]
    if not pairs:
        return None
    best = _best([weight for _, weight in pairs], WORDS_OF_AN_INTEREST - 1)
    together = np.zeros(len(corpus), np.float32)
    for phrase, weight in pairs:
        together[corpus.phrase_rows(phrase)] += np.float32(weight / best)
    return np.asarray(np.minimum(together, 1.0), np.float32)


def word_weight(corpus: Corpus, word: QueryWord, generic_share: float) -> float:
    """What finding a word is worth: its rarity in whichever spelling is commonest.

    A generic word counts as if at least `generic_share` of all papers had it.
    """
    index = corpus.index
    holding = max(_holding(corpus, alternative) for alternative in word.alternatives[:2])
    generic = GENERIC_TERMS.issuperset(word.alternatives[0])
    least = round((generic_share if generic else RARE_SHARE) * index.documents)
    return inverse_frequency(max(holding, least, 1), index.documents)


def _holding(corpus: Corpus, alternative: Alternative) -> int:
    return min(corpus.index.frequency(term) for term in alternative)


def word_match(corpus: Corpus, word: QueryWord) -> tuple[Floats, Floats]:
    """For every row, how much it says the word and how much of it is there, both in [0, 1]."""
    saturation = np.zeros(len(corpus), np.float32)
    presence = np.zeros(len(corpus), np.float32)
    for alternative in word.alternatives:
        said, there = _alternative_match(corpus, alternative)
        np.maximum(saturation, said, out=saturation)
        np.maximum(presence, there, out=presence)
    return saturation, presence


def _alternative_match(corpus: Corpus, alternative: Alternative) -> tuple[Floats, Floats]:
    said = np.zeros(len(corpus), np.float32)
    there = np.zeros(len(corpus), np.float32)
    rarities = [corpus.index.rarity(term) for term in alternative]
    for term, rarity in zip(alternative, rarities, strict=True):
        share = np.float32(rarity / sum(rarities))
        rows, saturation = corpus.index.postings(term)
        said[rows] += share * saturation
        there[rows] += share
    return said, there


def keyword_strengths(corpus: Corpus, phrase: str) -> Floats:
    """A phrase that must occur in title or abstract; the more a paper says its words, the more."""
    strengths = np.zeros(len(corpus), np.float32)
    rows = corpus.phrase_rows(phrase)
    words = query_words(phrase)
    if not len(rows) or not words:
        strengths[rows] = KEYWORD_STRENGTH
        return strengths
    said = np.mean([word_match(corpus, word)[0][rows] for word in words], axis=0)
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
            return corpus.phrase_rows(phrase)
    rows = corpus.phrase_rows(value)
    return np.union1d(rows, corpus.category_rows(value)) if _CATEGORY.match(value) else rows


def likeness(corpus: Corpus, liked: LikedPaper) -> Floats:
    """How much each row is like a liked paper: BM25 with it as the query, over its own score.

    In [0, 1], less what any two papers share. The liked paper itself is like nothing: nobody
    needs to be told of it again.
    """
    bag = analyse(liked.title, liked.abstract).counts
    query = {term: count / (count + 1.5) for term, count in bag.items()}
    own = corpus.index.self_score(bag, query)
    if not own:
        return np.zeros(len(corpus), np.float32)
    share = np.clip(corpus.index.scores(query) / own, 0.0, 1.0)
    title = fold(liked.title)
    for row in np.flatnonzero(share > 0.5):
        if fold(corpus.papers[row].title) == title:
            share[row] = 0.0
    return np.asarray(np.maximum(share - LIKE_NOISE, 0.0) / (1 - LIKE_NOISE), np.float32)


def like_strength(likenesses: Floats) -> Floats:
    """The strength of likes together, from their likeness (likes x rows): the nearest few count.

    The root of the sum of their squares: one very near like is enough, several add to it.
    """
    nearest = np.sort(likenesses, axis=0)[-NEAREST_LIKES:]
    return np.asarray(
        1.0 - np.exp(-LIKE_STEEPNESS * np.sqrt(np.sum(nearest**2, axis=0))), np.float32
    )


def weighted(strengths: Floats, weight: float) -> Floats:
    """Strengths as a weight changes them: still in [0, 1], still in the same order."""
    if weight == 1.0:
        return strengths
    return np.asarray(1.0 - (1.0 - strengths) ** weight, np.float32)


def combined(strengths: Sequence[Floats], size: int) -> Floats:
    """The relevance of each row: its best strength, and a little for what others add to it.

    Never lower for one interest more.
    """
    best = np.zeros(size, np.float32)
    unmatched = np.ones(size, np.float32)
    for each in strengths:
        np.maximum(best, each, out=best)
        unmatched *= 1.0 - each
    return np.asarray(
        np.clip(best + AGREEMENT_SHARE * (1.0 - best - unmatched), best, 1.0), np.float32
    )
