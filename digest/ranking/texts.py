"""How well each candidate fits interests in free prose: words, words side by side, meaning.

A strength is absolute, in [0, 1]: a share of what the best words of an interest could give, so
that a day without a fitting paper has none above the floor. Meaning, and what the best papers
have in common, add to it in units of the words' own spread, as z-scores added up are the best
of the ways to join them that were measured (docs/DESIGN.md, "Ranking").
"""

from collections.abc import Sequence

import numpy as np

from digest.ranking import bags
from digest.ranking.compiled import Compiled, compiled
from digest.ranking.corpus import Corpus
from digest.ranking.order import first_of_all
from digest.ranking.space import PAPERS_TO_JUDGE_BY, deviations, standardised
from digest.ranking.vectors import Floats, Places, Rows, saturated

# With this share of what is needed a match counts in full.
NEEDED_AT_LEAST = 0.9
# How much of the strength neighbouring words give by standing together in the paper too.
NEIGHBOUR_SHARE = 0.1
# Calibrated on days of arXiv listings: papers on the subject get about 0.5 to 0.8.
TEXT_STEEPNESS = 2.0
# What one deviation of likeness to the best papers, by words, counts, one of the words counting 1.
# The first of them says twice what the second says, thrice what the third: measured on judged
# collections, five papers so weighted are worth more than ten by their scores alone.
FEEDBACK_WEIGHT = 0.25
FEEDBACK_PAPERS = 5
# What one deviation of the words is taken for, where few papers or very many have them.
LEAST_SPREAD, MOST_SPREAD = 0.01, 0.15
# What a deviation of words, meaning and feedback counts together in the default install. Where more
# is added up, as with a model, all of it is taken for so much less: of papers that judged days show
# .13 are relevant then, .10 if not.
USUAL_WEIGHT = 2.0
# Meaning stands in for words that are not there, the more of it from this many deviations on.
MEANING_FROM, MEANING_RANGE, MEANING_MOST = 2.5, 3.0, 0.7

_ALL = np.ones((1, 1), np.float32)


def strengths(corpus: Corpus, texts: Sequence[str], *, with_evidence: bool = True) -> Floats:
    """The strength of every row for each text: texts x rows.

    With evidence, papers in which too little of a text is found fade away, so that the floor
    means something; without, nothing is asked but which paper fits better. A text's strengths do
    not hang on the others, but for the last bit of sums (`space`).
    """
    size = len(corpus)
    if not size or not texts:
        return np.zeros((len(texts), size), np.float32)
    interests = compiled(corpus, texts)
    said, found = _words(corpus, interests)
    spread = np.clip(deviations(said), LEAST_SPREAD, MOST_SPREAD)
    weights = np.full((len(texts), 1), 1.0 + FEEDBACK_WEIGHT, np.float32)
    for meaning in corpus.meanings:
        vectors = meaning.of_texts(texts, interests.terms)
        # One without a vector has the likeness to the papers that fit best alone.
        weights += meaning.feedback_weight
        weights += meaning.text_weight * vectors.any(axis=1, keepdims=True)
        near = meaning.space.near(vectors)
        stand_in = np.clip((near - MEANING_FROM) / MEANING_RANGE, 0.0, MEANING_MOST)
        found += np.float32(min(size / PAPERS_TO_JUDGE_BY, 1.0)) * stand_in
        near *= np.float32(meaning.text_weight) * spread
        said += near
    shown = np.minimum(found / np.float32(NEEDED_AT_LEAST), 1.0) if with_evidence else _ALL
    fading = shown * shown * shown
    said += spread * _feedback(corpus, said * fading)
    said /= np.maximum(weights / np.float32(USUAL_WEIGHT), 1.0)
    return _saturated(said * fading)


def _saturated(shares: Floats) -> Floats:
    """As `vectors.saturated`, for shares of which most are 0."""
    nothing = saturated(np.zeros(1, np.float32), TEXT_STEEPNESS)
    found, flat = np.full(shares.size, nothing, np.float32), shares.ravel()
    there = np.flatnonzero(flat)
    found[there] = saturated(flat[there], TEXT_STEEPNESS)
    return found.reshape(shares.shape)


def _words(corpus: Corpus, interests: Compiled) -> tuple[Floats, Floats]:
    """By interest and row, the share of the words' score that is reached, and of the evidence
    that is needed."""
    shape, words = (interests.size, len(corpus)), interests.words
    spread = _Spread(shape, interests.owners, [word.rows for word in words])
    said = spread.summed(interests.weights, [word.saturation for word in words])
    found = spread.summed(interests.evidence, [word.presence for word in words])
    found += _pair_evidence(shape, interests)
    pairs = _Spread(shape, interests.pair_owners, interests.pairs).summed(interests.pair_weights)
    with_pairs = np.bincount(interests.pair_owners, minlength=interests.size) > 0
    said[with_pairs] *= 1.0 - NEIGHBOUR_SHARE
    said += NEIGHBOUR_SHARE * np.minimum(pairs, 1.0)
    return _averaged(said, bags.scores(corpus.index, interests.terms.known)), found


def _pair_evidence(shape: tuple[int, int], interests: Compiled) -> Floats:
    """What words side by side show by being so, which few texts ask for."""
    asked = np.flatnonzero(interests.pair_evidence)
    rows = [interests.pairs[n] for n in asked.tolist()]
    spread = _Spread(shape, interests.pair_owners[asked], rows)
    return spread.summed(interests.pair_evidence[asked])


def _averaged(said: Floats, plain: Floats) -> Floats:
    """The mean of two scores, the second brought to the first one's spread: two readings of the
    same words err less than either."""
    spread, of_plain = deviations(said), deviations(plain)
    both = (said + plain * (spread / np.maximum(of_plain, 1e-9))) / 2
    return np.where(of_plain > 0, both, said)


class _Spread:
    """The rows of each word of an interest, among all rows of all interests (interests x rows);
    one array of rows for each word of an owner."""

    def __init__(self, shape: tuple[int, int], owners: Places, rows: Sequence[Rows]) -> None:
        self._shape = shape
        self._lengths = np.fromiter(map(len, rows), np.intp, len(rows))
        all_rows = np.concatenate(rows) if rows else np.zeros(0, np.intp)
        self._places = all_rows + np.repeat(owners * shape[1], self._lengths)

    def summed(self, weights: Floats, values: Sequence[Floats] | None = None) -> Floats:
        """For each interest and row the sum of its words' values there, each times the word's
        weight; every value is 1 where none are given."""
        if not len(self._places):
            return np.zeros(self._shape, np.float32)
        said = np.repeat(weights, self._lengths)
        if values is not None:
            said *= np.concatenate(values)
        total = np.bincount(self._places, said, minlength=self._shape[0] * self._shape[1])
        return total.astype(np.float32).reshape(self._shape)


def _feedback(corpus: Corpus, scores: Floats) -> Floats:
    """How much each paper is like those that fit best, in words and in meaning, in deviations by
    their weights: pseudo-relevance feedback, after V. Lavrenko, W. B. Croft, "Relevance-based
    language models", SIGIR 2001."""
    count = min(FEEDBACK_PAPERS, scores.shape[1])
    rows, weights = first_of_all(scores, count)
    weights /= np.arange(1, count + 1, dtype=np.float32)
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
    likeness = np.float32(FEEDBACK_WEIGHT) * standardised(corpus.kin(rows, weights))
    for meaning in corpus.meanings:
        near = meaning.space.near_papers(rows, weights)
        likeness += np.float32(meaning.feedback_weight) * near
    return likeness
