"""How well each candidate fits interests in free prose: words, words side by side, meaning.

A strength is absolute, in [0, 1]: a share of what the best words of an interest could give, so
that a day without a fitting paper has none above the floor. Meaning, and what the best papers
have in common, add to it in units of the words' own spread, as z-scores added up are the best
of the ways to join them that were measured (docs/DESIGN.md, "Ranking").
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from digest.ranking.corpus import Corpus
from digest.ranking.lexical import Bag, LexicalIndex
from digest.ranking.order import Order, best
from digest.ranking.space import PAPERS_TO_JUDGE_BY, deviations, standardised
from digest.ranking.text import query_words, read, terms
from digest.ranking.vectors import Floats, Places, Rows, saturated
from digest.ranking.words import Word

# The score is a share of what this many of an interest's best words could give: long prose
# cannot be matched whole.
WORDS_OF_AN_INTEREST = 5
# A match fades away steeply when less is found than this share of the interest's two best
# words, or of all words of a brief interest; prose says much that need not be there. Words are
# evidence by the square of their worth: of "graph neural networks for molecules" the molecules
# must be there, as judged papers show (docs/DESIGN.md, "Ranking").
NEEDED_SHARE_OF_TWO = 0.9
NEEDED_SHARE_OF_ALL = 0.6
BRIEF_WORDS = 6
# With this share of what is needed a match counts in full.
NEEDED_AT_LEAST = 0.9
# How much of the strength neighbouring words give by standing together in the paper too.
NEIGHBOUR_SHARE = 0.1
# Calibrated on days of arXiv listings: papers on the subject get about 0.5 to 0.8.
TEXT_STEEPNESS = 2.0
# One deviation of likeness to the best papers, against one of the words.
FEEDBACK_WEIGHT = 0.25
FEEDBACK_PAPERS = 10
# What one deviation of the words is taken for, where few papers or very many have them.
LEAST_SPREAD, MOST_SPREAD = 0.01, 0.15
# Meaning stands in for words that are not there, the more of it from this many deviations on.
MEANING_FROM, MEANING_RANGE, MEANING_MOST = 2.5, 3.0, 0.7

_ALL = np.ones((1, 1), np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledText:
    """An interest in a corpus: its words with their weights, for the score and as evidence; the
    rows of its neighbouring words; and the terms as plain BM25 counts them."""

    words: tuple[Word, ...]
    weights: tuple[float, ...]
    evidence: tuple[float, ...]
    pairs: tuple[Rows, ...]
    pair_weights: tuple[float, ...]
    terms: Bag


def strengths(corpus: Corpus, texts: Sequence[str], *, with_evidence: bool = True) -> Floats:
    """The strength of every row for each text: texts x rows.

    With evidence, papers in which too little of a text is found fade away, so that the floor
    means something; without, nothing is asked but which paper fits better. A text's strengths do
    not hang on the others, to the last bit.
    """
    size = len(corpus)
    if not size or not texts:
        return np.zeros((len(texts), size), np.float32)
    interests = [_compiled(corpus, text) for text in texts]
    said, found = _words(corpus, interests)
    spread = np.clip(deviations(said), LEAST_SPREAD, MOST_SPREAD)
    bags = [interest.terms for interest in interests]
    for meaning in corpus.meanings:
        near = meaning.space.near(meaning.of_texts(texts, bags))
        stand_in = np.clip((near - MEANING_FROM) / MEANING_RANGE, 0.0, MEANING_MOST)
        found += np.float32(min(size / PAPERS_TO_JUDGE_BY, 1.0)) * stand_in
        near *= np.float32(meaning.text_weight) * spread
        said += near
    shown = np.minimum(found / np.float32(NEEDED_AT_LEAST), 1.0) if with_evidence else _ALL
    fading = shown * shown * shown
    likeness = standardised(_feedback(corpus, said * fading))
    said += np.float32(FEEDBACK_WEIGHT) * spread * likeness
    return saturated(said * fading, TEXT_STEEPNESS)


def _words(corpus: Corpus, interests: Sequence[CompiledText]) -> tuple[Floats, Floats]:
    """By interest and row, the share of the words' score that is reached, and of the evidence
    that is needed."""
    shape = len(interests), len(corpus)
    said = _summed(
        shape,
        [[word.saturation for word in i.words] for i in interests],
        [[word.rows for word in i.words] for i in interests],
        [i.weights for i in interests],
    )
    found = _summed(
        shape,
        [[word.presence for word in i.words] for i in interests],
        [[word.rows for word in i.words] for i in interests],
        [i.evidence for i in interests],
    )
    pairs = _summed(shape, None, [i.pairs for i in interests], [i.pair_weights for i in interests])
    with_pairs = np.array([bool(i.pairs) for i in interests])
    said[with_pairs] *= 1.0 - NEIGHBOUR_SHARE
    said += NEIGHBOUR_SHARE * np.minimum(pairs, 1.0)
    return _averaged(said, _plain(corpus.index, interests)), found


def _averaged(said: Floats, plain: Floats) -> Floats:
    """The mean of two scores, the second brought to the first one's spread: two readings of the
    same words err less than either."""
    spread, of_plain = deviations(said), deviations(plain)
    both = (said + plain * (spread / np.maximum(of_plain, 1e-9))) / 2
    return np.where(of_plain > 0, both, said)


def _summed(
    shape: tuple[int, int],
    values: Sequence[Sequence[Floats]] | None,
    rows: Sequence[Sequence[Rows]],
    weights: Sequence[Sequence[float]],
) -> Floats:
    """For each interest the sum of values at rows, each times its weight, spread over all rows;
    every value is 1 where none are given."""
    all_rows = list(chain.from_iterable(rows))
    if not all_rows:
        return np.zeros(shape, np.float32)
    lengths = np.fromiter(map(len, all_rows), np.intp, len(all_rows))
    shares = np.fromiter(chain.from_iterable(weights), np.float32, len(all_rows))
    owners = np.repeat(np.arange(shape[0]), [len(each) for each in rows])
    places = np.concatenate(all_rows) + np.repeat(owners * shape[1], lengths)
    said = np.repeat(shares, lengths)
    if values is not None:
        said *= np.concatenate(list(chain.from_iterable(values)))
    return _counted(shape, places, said)


def _plain(index: LexicalIndex, interests: Sequence[CompiledText]) -> Floats:
    """BM25 of each row for the terms of each interest, but for a constant factor."""
    shape, entries = (len(interests), index.size), index.by_term
    places = np.concatenate([interest.terms.places for interest in interests])
    counts = np.concatenate([interest.terms.weights for interest in interests])
    owners = np.repeat(np.arange(shape[0]), [len(interest.terms.places) for interest in interests])
    worth = counts * index.rarities[places]
    lengths, at = entries.lengths(places), entries.spread(places)
    return _counted(
        shape,
        entries.places[at] + np.repeat(owners * shape[1], lengths),
        entries.values[at] * np.repeat(worth, lengths),
    )


def _counted(shape: tuple[int, int], places: Places, values: Floats) -> Floats:
    total = np.bincount(places, values, minlength=shape[0] * shape[1])
    return total.astype(np.float32).reshape(shape)


def _feedback(corpus: Corpus, scores: Floats) -> Floats:
    """How much each paper is like those that fit best: pseudo-relevance feedback, after
    V. Lavrenko, W. B. Croft, "Relevance-based language models", SIGIR 2001."""
    count = min(FEEDBACK_PAPERS, scores.shape[1])
    order = Order(np.zeros(scores.shape[1], np.float32))
    rows = np.sort(order.rows(best(order.keys(scores, _ALL > 0), count)), axis=1)
    weights = np.maximum(np.take_along_axis(scores, rows, axis=1), 0.0)
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
    likeness = np.empty_like(scores)
    for number, nearest in enumerate(rows):
        likeness[number] = corpus.kin(nearest, weights[number])
    return likeness


def _compiled(corpus: Corpus, text: str) -> CompiledText:
    asked = query_words(text)
    words = tuple(map(corpus.word, asked))
    evidence = [word.evidence**2 for word in words]
    highest = _best([word.worth for word in words], WORDS_OF_AN_INTEREST) or 1.0
    needed = _needed(evidence) or 1.0
    pairs = [
        (corpus.neighbour_rows(spelled.spelling, spelled.followed_by), word.evidence)
        for spelled, word in zip(asked, words, strict=True)
        if spelled.followed_by
    ]
    together = _best([worth for _, worth in pairs], WORDS_OF_AN_INTEREST - 1) or 1.0
    return CompiledText(
        words=words,
        weights=tuple(a.times * w.worth / highest for a, w in zip(asked, words, strict=True)),
        evidence=tuple(worth / needed for worth in evidence),
        pairs=tuple(rows for rows, _ in pairs),
        pair_weights=tuple(worth / together for _, worth in pairs),
        terms=corpus.index.bag(Counter(terms(read(text)))),
    )


def _needed(evidence: Sequence[float]) -> float:
    of_two = NEEDED_SHARE_OF_TWO * _best(evidence, 2)
    return (
        of_two if len(evidence) > BRIEF_WORDS else max(of_two, NEEDED_SHARE_OF_ALL * sum(evidence))
    )


def _best(weights: Sequence[float], count: int) -> float:
    return sum(weights if len(weights) <= count else sorted(weights)[-count:])
