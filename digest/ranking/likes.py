"""How well each candidate fits what a person liked, and did not like: a taste in closed form.

A taste is the weighted mean of the liked papers, as saturated words and as points in the spaces
of meaning, less a share of the mean of the papers that were voted down. Words are compared as
BM25 would with the mean as its query; points by a discriminant with one covariance for all
(`space.Space.towards`). Both are linear: a person's likes cost a few additions of rows that
are worked out once per liked paper.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from digest.ranking.analysis import Analysis, analyse
from digest.ranking.corpus import Corpus
from digest.ranking.lexical import K1
from digest.ranking.meaning import LikedPaper
from digest.ranking.space import PAPERS_TO_JUDGE_BY, standardised
from digest.ranking.text import fold
from digest.ranking.vectors import Floats, Rows, drawn_positive

# Calibrated on days of arXiv listings: papers near to one liked paper get about 0.4 to 0.7.
LIKE_STEEPNESS = 2.8
# How much of the mean of papers voted down is taken off.
DISLIKE_SHARE = 0.5
# What one deviation of likeness to the nearest like counts, one of the words counting 1.
NEAREST_WEIGHT = 0.5
# A near twin of one paper stands out further than any other likeness.
NEAREST_MOST = 15.0
# What one deviation of the words is taken for, where likes have little in common with any paper.
LEAST_SPREAD, MOST_SPREAD = 0.005, 0.3
# So many deviations, of all together, lie between the nearest papers and those by chance.
USUAL_DEVIATIONS = 2.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Kin:
    """A liked paper beside the candidates: `scores` is BM25 of each row with the paper as query,
    `own` what it would get itself. `points` are its places in the spaces of the corpus."""

    scores: Floats
    own: float
    places: Rows
    saturation: Floats
    points: tuple[Floats, ...]

    @property
    def likeness(self) -> Floats:
        """Of every row, in [0, 1]: its score as a share of the paper's own."""
        return np.asarray(np.clip(self.scores / np.float32(self.own or 1.0), 0.0, 1.0), np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """A paper that was liked, or with a negative weight disliked; |weight| in (0, 1] or more."""

    kin: Kin
    weight: float = 1.0


@functools.lru_cache(maxsize=4_096)
def analysed(liked: LikedPaper) -> Analysis:
    """A liked paper's text as the index counts it; the most recent are kept, some 10 MB."""
    return analyse(liked.title, liked.abstract)


def kin_of(corpus: Corpus, liked: LikedPaper) -> Kin:
    """A liked paper, which need not be a candidate. Where it is one, its own row scores 0:
    nobody needs to be told of it again."""
    counts = analysed(liked).counts
    index = corpus.index
    saturated = index.saturated(counts)
    scores = index.scores(saturated)
    own = index.self_score(saturated)
    title = fold(liked.title)
    for row in np.flatnonzero(scores > 0.5 * own):
        if title and fold(corpus.papers[row].title) == title:
            scores[row] = 0.0
    known = [(place, s) for t, s in saturated.items() if (place := index.place(t)) is not None]
    return Kin(
        scores=scores,
        own=own,
        places=np.array([place for place, _ in known], np.int32),
        saturation=np.array([value for _, value in known], np.float32),
        points=tuple(meaning.of_paper(liked, counts) for meaning in corpus.meanings),
    )


def strengths(corpus: Corpus, tastes: Sequence[Sequence[Opinion]]) -> Floats:
    """The strength of every row for each person's opinions: tastes x rows, in [0, 1].

    0 for a taste that holds no liked paper.
    """
    out = np.zeros((len(tastes), len(corpus)), np.float32)
    people = [n for n, opinions in enumerate(tastes) if any(o.weight > 0 for o in opinions)]
    if not people or not len(corpus):
        return out
    said = np.stack([_words(corpus, tastes[n]) for n in people])
    spread = np.clip(said.std(axis=1, keepdims=True), LEAST_SPREAD, MOST_SPREAD)
    for number, meaning in enumerate(corpus.meanings):
        means = np.stack([_mean_point(tastes[n], number) for n in people])
        said += np.float32(meaning.like_weight) * spread * meaning.space.towards(means)
    by_chance = USUAL_DEVIATIONS * min(len(corpus) / PAPERS_TO_JUDGE_BY, 1.0)
    said -= np.float32(by_chance) * spread
    nearest = np.stack([_nearest(tastes[n]) for n in people])
    said += np.float32(NEAREST_WEIGHT) * spread * standardised(nearest, NEAREST_MOST)
    out[people] = -np.expm1(-LIKE_STEEPNESS * drawn_positive(said))
    return out


def _nearest(opinions: Sequence[Opinion]) -> Floats:
    """Of each row, its likeness to the nearest liked paper: of a narrow library it says most."""
    likeness = np.max([o.kin.likeness for o in opinions if o.weight > 0], axis=0)
    return np.asarray(likeness, np.float32)


def _shares(opinions: Sequence[Opinion]) -> Floats:
    """What each opinion counts: those for papers 1 together, those against DISLIKE_SHARE."""
    weights = np.array([opinion.weight for opinion in opinions], np.float32)
    for_, against = weights > 0, weights < 0
    shares = np.zeros_like(weights)
    shares[for_] = weights[for_] / weights[for_].sum()
    if against.any():
        # A single old vote against weighs less than several fresh ones.
        total = -float(weights[against].sum())
        shares[against] = DISLIKE_SHARE * weights[against] / max(total, 1.0)
    return shares


def _words(corpus: Corpus, opinions: Sequence[Opinion]) -> Floats:
    """Of each row, how far it is from any paper (0) to the mean of the likes themselves (1)."""
    shares = _shares(opinions)
    total = np.zeros(len(corpus), np.float32)
    for opinion, share in zip(opinions, shares, strict=True):
        total += share * opinion.kin.scores
    usual = float(total.mean())
    coherence = _coherence(corpus, opinions, shares)
    share = (total - np.float32(usual)) / np.float32(max(coherence - usual, 1e-6))
    return np.asarray(share, np.float32)


def _coherence(corpus: Corpus, opinions: Sequence[Opinion], shares: Floats) -> float:
    """What the liked papers score on average for the mean of them."""
    liked = [(o.kin, share) for o, share in zip(opinions, shares, strict=True) if share > 0]
    places = np.concatenate([kin.places for kin, _ in liked])
    values = np.concatenate([kin.saturation * share for kin, share in liked])
    mean = np.bincount(places, values, minlength=len(corpus.index.rarities))
    known = (K1 + 1) * float(np.sum(corpus.index.rarities * mean**2))
    # Words that no candidate has count for a paper's own score alone.
    unknown = (share**2 * max(kin.own - _known_own(corpus, kin), 0.0) for kin, share in liked)
    return known + float(sum(unknown))


def _known_own(corpus: Corpus, kin: Kin) -> float:
    return (K1 + 1) * float(np.sum(corpus.index.rarities[kin.places] * kin.saturation**2))


def _mean_point(opinions: Sequence[Opinion], space: int) -> Floats:
    points = np.stack([opinion.kin.points[space] for opinion in opinions])
    return np.asarray(_shares(opinions) @ points, np.float32)
