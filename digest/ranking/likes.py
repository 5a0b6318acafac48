"""How well each candidate fits what a person liked, and did not like: a taste in closed form.

A taste is the weighted mean of the liked papers, as saturated words and as points in the spaces
of meaning, less a share of the mean of the papers that were voted down. Words are compared as
BM25 would with the mean as its query; points by a discriminant with one covariance for all
(`space.Space.towards`). Both are linear: a person's likes cost a few additions of rows that
are worked out once per liked paper.
"""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from digest.ranking import bags
from digest.ranking.analysis import Analysis, analyse, unpack
from digest.ranking.corpus import Corpus
from digest.ranking.lexical import K1
from digest.ranking.meaning import LikedPaper
from digest.ranking.space import PAPERS_TO_JUDGE_BY, deviations, standardised
from digest.ranking.text import fold
from digest.ranking.vectors import Floats, Places, Rows, saturated

# Calibrated on days of arXiv listings: papers near to one liked paper get about 0.4 to 0.7.
LIKE_STEEPNESS = 2.8
# How much of the mean of papers voted down is taken off.
DISLIKE_SHARE = 0.5
# How much a paper loses, whatever brings it, that is as near as can be to what was voted down:
# enough to make room for others, not so much that one vote would end a subject.
AVERSION_SHARE = 0.5
# What one deviation of likeness to the nearest like counts, one of the words counting 1.
NEAREST_WEIGHT = 0.7
# A near twin of one paper stands out further than any other likeness.
NEAREST_MOST = 15.0
# A row without words is like nothing.
LEAST_LENGTH = np.float32(1e-6)
# What one deviation of the words is taken for, where likes have little in common with any paper.
LEAST_SPREAD, MOST_SPREAD = 0.005, 0.3
# So many deviations, of all together, lie between the nearest papers and those by chance.
USUAL_DEVIATIONS = 2.5
# What a deviation of words and of one meaning counts together. Where more is added up, as with a
# model, all of it is taken for so much less, lest everything near be as near as can be.
USUAL_WEIGHT = 2.0
# Liked papers that are compared with all candidates in one go: so many numbers.
NUMBERS_AT_ONCE = 262_144


@dataclass(frozen=True, slots=True, kw_only=True)
class Kin:
    """A liked paper beside the candidates: `scores` is BM25 of each row with the paper as query,
    `own` what it would get itself, `known_own` what of it comes from words that candidates have;
    `lengths` are those of the rows (`LexicalIndex.lengths`), which all liked papers share.
    `points` are its places in the spaces of the corpus, `rows` where it is a candidate itself."""

    scores: Floats
    own: float
    known_own: float
    lengths: Floats
    places: Rows
    saturation: Floats
    points: tuple[Floats, ...]
    rows: tuple[int, ...] = ()

    @property
    def likeness(self) -> Floats:
        """Of every row, in [0, 1]: the cosine of its words and the paper's."""
        return self.likeness_of(slice(None))

    def likeness_of(self, rows: Places | slice) -> Floats:
        """The likeness of some rows."""
        norms = np.float32(np.sqrt(self.own or 1.0)) * np.maximum(self.lengths[rows], LEAST_LENGTH)
        return np.asarray(np.minimum(self.scores[rows] / norms, 1.0), np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """A paper that was liked, or with a negative weight disliked; |weight| in (0, 1] or more."""

    kin: Kin
    weight: float = 1.0


def analysed(liked: LikedPaper) -> Analysis:
    """A liked paper's text as the index counts it; the most recent are kept, some 10 MB."""
    return liked.analysis if isinstance(liked.analysis, Analysis) else _analysed(liked)


@functools.lru_cache(maxsize=4_096)
def _analysed(liked: LikedPaper) -> Analysis:
    if isinstance(liked.analysis, bytes):
        return unpack(liked.analysis)
    return analyse(liked.title, liked.abstract)


def all_kin(corpus: Corpus, liked: Sequence[LikedPaper]) -> Iterator[Kin]:
    """Liked papers, which need not be candidates. Where one is, by its title, or where it has none
    by its abstract, its own row scores 0: nobody needs to be told of it again."""
    at_once = max(NUMBERS_AT_ONCE // max(len(corpus), 1), 1)
    for first in range(0, len(liked), at_once):
        yield from _kin(corpus, liked[first : first + at_once])


def _kin(corpus: Corpus, liked: Sequence[LikedPaper]) -> Iterator[Kin]:
    index, counts = corpus.index, [analysed(one).counts for one in liked]
    said = bags.saturated(index, bags.bags_of(index, counts, [each.values() for each in counts]))
    scores = bags.scores(index, said.known)
    own, known_own = bags.self_scores(index, said)
    points = [meaning.of_papers(liked, said) for meaning in corpus.meanings]
    near = scores > 0.5 * own[:, np.newaxis]
    for number, one in enumerate(liked):
        rows = _own_rows(corpus, one, np.flatnonzero(near[number]))
        scores[number, list(rows)] = 0.0
        places, saturation = said.known.row(number)
        # Copies: a row of many would keep them all.
        yield Kin(
            scores=scores[number].copy(),
            own=float(own[number]),
            known_own=float(known_own[number]),
            lengths=index.lengths,
            places=places.copy(),
            saturation=saturation.copy(),
            points=tuple(each[number].copy() for each in points),
            rows=rows,
        )


def _own_rows(corpus: Corpus, liked: LikedPaper, near: Places) -> tuple[int, ...]:
    if title := fold(liked.title):
        return tuple(row for row in near.tolist() if fold(corpus.papers[row].title) == title)
    abstract = fold(liked.abstract)
    return tuple(row for row in near.tolist() if fold(corpus.papers[row].abstract) == abstract)


def strengths(corpus: Corpus, tastes: Sequence[Sequence[Opinion]]) -> Floats:
    """The strength of every row for each person's opinions: tastes x rows, in [0, 1].

    0 for a taste that holds no liked paper. A person's strengths do not hang on the others',
    but for the last bit of sums (`space`).
    """
    out = np.zeros((len(tastes), len(corpus)), np.float32)
    people = [n for n, opinions in enumerate(tastes) if any(o.weight > 0 for o in opinions)]
    if not people or not len(corpus):
        return out
    held = [tastes[n] for n in people]
    shares = [_shares(opinions) for opinions in held]
    total, nearest = _scores(corpus, held, shares)
    said = _beyond_usual(corpus, total, held, shares)
    spread = np.clip(deviations(said), LEAST_SPREAD, MOST_SPREAD)
    for number, meaning in enumerate(corpus.meanings):
        means = np.stack([_mean_point(*one, number) for one in zip(held, shares, strict=True)])
        said += np.float32(meaning.like_weight) * spread * meaning.space.towards(means)
        if meaning.nearest_weight:
            points = [_liked_points(opinions, number) for opinions in held]
            said += np.float32(meaning.nearest_weight) * spread * meaning.space.nearest(points)
    weight = 1.0 + sum(one.like_weight + one.nearest_weight for one in corpus.meanings)
    scale = max(weight / USUAL_WEIGHT, 1.0)
    by_chance = USUAL_DEVIATIONS * scale * min(len(corpus) / PAPERS_TO_JUDGE_BY, 1.0)
    said -= np.float32(by_chance) * spread
    said += np.float32(NEAREST_WEIGHT) * spread * standardised(nearest, NEAREST_MOST)
    out[people] = saturated(said, LIKE_STEEPNESS / scale)
    for number, opinions in zip(people, held, strict=True):
        for opinion in opinions:
            if opinion.kin.rows:
                out[number, list(opinion.kin.rows)] = 0.0
    return out


def aversions(corpus: Corpus, tastes: Sequence[Sequence[Opinion]]) -> list[Floats | None]:
    """What every row loses for each person by being like papers that they voted down: a share in
    [0, AVERSION_SHARE], which fades as the votes do; None where nothing was voted down.

    It is the taste of the other side: of what was voted down, less what was liked.
    """
    out: list[Floats | None] = [None] * len(tastes)
    people = [n for n, opinions in enumerate(tastes) if any(o.weight < 0 for o in opinions)]
    turned = [[replace(o, weight=-o.weight) for o in tastes[n]] for n in people]
    for n, opinions, strength in zip(people, turned, strengths(corpus, turned), strict=True):
        said = min(sum(o.weight for o in opinions if o.weight > 0), 1.0)
        out[n] = np.float32(AVERSION_SHARE * said) * strength
    return out


def _scores(
    corpus: Corpus, tastes: Sequence[Sequence[Opinion]], shares: Sequence[Floats]
) -> tuple[Floats, Floats]:
    """Of each taste and row, the score of all opinions by their shares, and the likeness to the
    nearest liked paper, which of a narrow library says most."""
    total = np.zeros((len(tastes), len(corpus)), np.float32)
    nearest = np.zeros_like(total)
    for place in range(max(map(len, tastes))):
        people = [n for n, opinions in enumerate(tastes) if place < len(opinions)]
        opinions = [tastes[n][place] for n in people]
        who = slice(None) if len(people) == len(tastes) else people
        scores = np.stack([opinion.kin.scores for opinion in opinions])
        total[who] += np.array([[shares[n][place]] for n in people], np.float32) * scores
        # Nothing is near to a paper that was not liked.
        own = [o.kin.own or 1.0 if o.weight > 0 else np.inf for o in opinions]
        scores /= np.sqrt(np.array(own, np.float32))[:, np.newaxis]
        nearest[who] = np.maximum(nearest[who], scores)
    nearest /= np.maximum(corpus.index.lengths, LEAST_LENGTH)
    return total, np.minimum(nearest, np.float32(1.0), out=nearest)


def _shares(opinions: Sequence[Opinion]) -> Floats:
    """What each opinion counts: those for papers 1 together, those against DISLIKE_SHARE."""
    if len(opinions) == 1:
        return np.ones(1, np.float32)
    weights = np.array([opinion.weight for opinion in opinions], np.float32)
    for_, against = weights > 0, weights < 0
    shares = np.zeros_like(weights)
    shares[for_] = weights[for_] / weights[for_].sum()
    if against.any():
        # A single old vote against weighs less than several fresh ones.
        total = -float(weights[against].sum())
        shares[against] = DISLIKE_SHARE * weights[against] / max(total, 1.0)
    return shares


def _beyond_usual(
    corpus: Corpus,
    total: Floats,
    tastes: Sequence[Sequence[Opinion]],
    shares: Sequence[Floats],
) -> Floats:
    """Of each row, how far it is from any paper (0) to the mean of the likes themselves (1)."""
    usual = total.mean(axis=1, keepdims=True)
    coherence = np.array(
        [[_coherence(corpus, *one)] for one in zip(tastes, shares, strict=True)], np.float32
    )
    return np.asarray((total - usual) / np.maximum(coherence - usual, 1e-6), np.float32)


def _coherence(corpus: Corpus, opinions: Sequence[Opinion], shares: Floats) -> float:
    """What the liked papers score on average for the mean of them."""
    liked = [(o.kin, float(share)) for o, share in zip(opinions, shares, strict=True) if share > 0]
    # Words that no candidate has count for a paper's own score alone.
    unknown = sum(share**2 * max(kin.own - kin.known_own, 0.0) for kin, share in liked)
    if len(liked) == 1:
        kin, share = liked[0]
        return share**2 * kin.known_own + unknown
    places = np.concatenate([kin.places for kin, _ in liked])
    values = np.concatenate([kin.saturation * share for kin, share in liked])
    mean = np.bincount(places, values, minlength=len(corpus.index.rarities))
    return (K1 + 1) * float(np.sum(corpus.index.rarities * mean**2)) + unknown


def _mean_point(opinions: Sequence[Opinion], shares: Floats, space: int) -> Floats:
    if len(opinions) == 1:
        return opinions[0].kin.points[space]
    points = np.stack([opinion.kin.points[space] for opinion in opinions])
    return np.asarray(shares @ points, np.float32)


def _liked_points(opinions: Sequence[Opinion], space: int) -> Floats:
    return np.stack([opinion.kin.points[space] for opinion in opinions if opinion.weight > 0])
