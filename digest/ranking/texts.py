"""How well each candidate fits interests in free prose: words, words side by side, meaning.

A strength is absolute, in [0, 1]: a share of what the best words of an interest could give, so
that a day without a fitting paper has none above the floor. Meaning, and what the best papers
have in common, add to it in units of the words' own spread, as z-scores added up are the best
of the ways to join them that were measured (docs/DESIGN.md, "Ranking").
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from digest.ranking.corpus import Corpus
from digest.ranking.space import PAPERS_TO_JUDGE_BY, standardised
from digest.ranking.text import query_words, read, terms
from digest.ranking.vectors import Floats, Rows, drawn_positive
from digest.ranking.words import Posting

# A generic word ("learning") weighs as if so many papers had it; it shows even less that an
# interest is met than its rarity says.
GENERIC_SHARE = 0.02
GENERIC_SHARE_AS_EVIDENCE = 0.25
# The score is a share of what this many of an interest's best words could give: long prose
# cannot be matched whole.
WORDS_OF_AN_INTEREST = 5
# A match fades away steeply when less is found than this share of the interest's two best
# words, or of all words of a brief interest; prose says much that need not be there.
NEEDED_SHARE_OF_TWO = 0.9
NEEDED_SHARE_OF_ALL = 0.6
BRIEF_WORDS = 6
# With this share of what is needed a match counts in full.
NEEDED_AT_LEAST = 0.8
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


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledText:
    """An interest as postings with weights: its words, in whichever spelling, for the score and
    as evidence; its neighbouring words; and its terms as plain BM25 counts them."""

    postings: tuple[Posting, ...]
    weights: tuple[float, ...]
    evidence: tuple[float, ...]
    pairs: tuple[Rows, ...]
    pair_weights: tuple[float, ...]
    terms: tuple[tuple[Rows, Floats], ...]
    term_weights: tuple[float, ...]


def strengths(corpus: Corpus, texts: Sequence[str], *, with_evidence: bool = True) -> Floats:
    """The strength of every row for each text: texts x rows.

    With evidence, papers in which too little of a text is found fade away, so that the floor
    means something; without, nothing is asked but which paper fits better.
    """
    size = len(corpus)
    if not size or not texts:
        return np.zeros((len(texts), size), np.float32)
    interests = [_compiled(corpus, text) for text in texts]
    said, found = _words(interests, size)
    spread = np.clip(said.std(axis=1, keepdims=True), LEAST_SPREAD, MOST_SPREAD)
    for meaning in corpus.meanings:
        near = meaning.space.near(meaning.of_texts(texts))
        said += np.float32(meaning.text_weight) * spread * near
        stand_in = np.clip((near - MEANING_FROM) / MEANING_RANGE, 0.0, MEANING_MOST)
        found += np.float32(min(size / PAPERS_TO_JUDGE_BY, 1.0)) * stand_in
    evidence = np.minimum(found / NEEDED_AT_LEAST, 1.0) ** 3 if with_evidence else np.float32(1.0)
    likeness = standardised(_feedback(corpus, said * evidence))
    said += np.float32(FEEDBACK_WEIGHT) * spread * likeness
    return np.asarray(-np.expm1(-TEXT_STEEPNESS * drawn_positive(said * evidence)), np.float32)


def _words(interests: Sequence[CompiledText], size: int) -> tuple[Floats, Floats]:
    """By interest and row, the share of the words' score that is reached, and of the evidence
    that is needed."""
    shape = len(interests), size
    said = _summed(
        shape,
        ([(p.rows, p.saturation) for p in i.postings] for i in interests),
        (i.weights for i in interests),
    )
    found = _summed(
        shape,
        ([(p.rows, p.presence) for p in i.postings] for i in interests),
        (i.evidence for i in interests),
    )
    pairs = _summed(
        shape,
        ([(rows, np.ones(len(rows), np.float32)) for rows in i.pairs] for i in interests),
        (i.pair_weights for i in interests),
    )
    with_pairs = np.array([bool(i.pairs) for i in interests])
    said[with_pairs] *= 1.0 - NEIGHBOUR_SHARE
    said += NEIGHBOUR_SHARE * np.minimum(pairs, 1.0)
    plain = _summed(shape, (i.terms for i in interests), (i.term_weights for i in interests))
    return _averaged(said, plain), found


def _averaged(said: Floats, plain: Floats) -> Floats:
    """The mean of two scores, the second brought to the first one's spread: two readings of the
    same words err less than either."""
    spread, of_plain = (each.std(axis=1, keepdims=True) for each in (said, plain))
    return np.where(of_plain > 0, (said + plain * spread / np.maximum(of_plain, 1e-9)) / 2, said)


def _summed(
    shape: tuple[int, int],
    postings: Iterable[Sequence[tuple[Rows, Floats]]],
    weights: Iterable[Sequence[float]],
) -> Floats:
    """For each interest the sum of its postings' values times their weights, spread over rows."""
    places: list[npt.NDArray[np.int64]] = []
    values: list[Floats] = []
    for number, (each, shares) in enumerate(zip(postings, weights, strict=True)):
        for (rows, value), share in zip(each, shares, strict=True):
            places.append(rows + np.int64(number * shape[1]))
            values.append(value * np.float32(share))
    if not places:
        return np.zeros(shape, np.float32)
    total = np.bincount(
        np.concatenate(places), np.concatenate(values), minlength=shape[0] * shape[1]
    )
    return total.reshape(shape).astype(np.float32)


def _feedback(corpus: Corpus, scores: Floats) -> Floats:
    """How much each paper is like those that fit best: pseudo-relevance feedback, after
    V. Lavrenko, W. B. Croft, "Relevance-based language models", SIGIR 2001."""
    count = min(FEEDBACK_PAPERS, scores.shape[1])
    best = np.argpartition(-scores, count - 1, axis=1)[:, :count]
    likeness = np.empty_like(scores)
    for number, rows in enumerate(np.sort(best, axis=1)):
        weights = np.maximum(scores[number, rows], 0.0)
        likeness[number] = corpus.kin(rows, weights / max(float(weights.sum()), 1e-9))
    return likeness


def _compiled(corpus: Corpus, text: str) -> CompiledText:
    words = query_words(text)
    weights = [corpus.worth(word, GENERIC_SHARE) for word in words]
    evidence = [corpus.worth(word, GENERIC_SHARE_AS_EVIDENCE) for word in words]
    best, needed = _best(weights, WORDS_OF_AN_INTEREST) or 1.0, _needed(evidence) or 1.0
    pairs = [
        (f"{word.spelling} {word.followed_by}", worth)
        for word, worth in zip(words, evidence, strict=True)
        if word.followed_by
    ]
    counts = Counter(terms(read(text)))
    together = _best([worth for _, worth in pairs], WORDS_OF_AN_INTEREST - 1) or 1.0
    return CompiledText(
        postings=tuple(corpus.postings(word) for word in words),
        weights=tuple(w.count * weight / best for w, weight in zip(words, weights, strict=True)),
        evidence=tuple(worth / needed for worth in evidence),
        pairs=tuple(corpus.phrase_rows(phrase) for phrase, _ in pairs),
        pair_weights=tuple(worth / together for _, worth in pairs),
        terms=tuple(corpus.index.postings(term) for term in counts),
        term_weights=tuple(n * corpus.index.rarity(term) for term, n in counts.items()),
    )


def _needed(evidence: Sequence[float]) -> float:
    of_two = NEEDED_SHARE_OF_TWO * _best(evidence, 2)
    return (
        of_two if len(evidence) > BRIEF_WORDS else max(of_two, NEEDED_SHARE_OF_ALL * sum(evidence))
    )


def _best(weights: Sequence[float], count: int) -> float:
    return sum(sorted(weights, reverse=True)[:count])
