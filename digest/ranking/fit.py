"""How well every candidate fits a reader: each of their interests, and their taste, competing."""

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from digest.core.interests import Interest, InterestKind
from digest.ranking import likes, relevance, texts
from digest.ranking.corpus import Corpus
from digest.ranking.likes import Kin, Opinion
from digest.ranking.meaning import LikedPaper
from digest.ranking.recent import Recent
from digest.ranking.vectors import Floats

# Texts whose strengths are worked out in one go: small enough for the processor's cache.
TEXTS_AT_ONCE = 64
# What is kept of an edition, the most recent: strengths of interests, at 5,000 papers 10 MB, and
# so many numbers of how papers fit what many say alike, and are like what many liked. Of few papers
# these are few, but a liked paper takes 4 kB more: never more than so many.
KEPT_STRENGTHS = 512
KEPT_TEXTS = 4_000_000
KEPT_KIN = 2_000_000
KEPT_AT_MOST = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """What a reader said of a paper but by an interest: `weight` above 0 for it, below against.

    `saying` goes into the reason behind the title: `which you voted for`.
    """

    paper: LikedPaper
    weight: float
    saying: str = "which you liked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Liked:
    """A liked paper by which a candidate may be explained; `interest` where one says it."""

    paper: LikedPaper
    saying: str
    kin: Kin
    interest: Interest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What one reader said: `liked` has the papers that their interests of that kind name."""

    interests: Sequence[Interest]
    liked: Mapping[str, LikedPaper]
    votes: Sequence[Vote] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """What one reader's fit is made of: the strengths of each row for `named` interests, and for
    `taste`, that of all liked papers together, explained by the nearest of `liked`. `against` is
    the share that they have lost for what each row has of papers voted down, None without such.
    `own` are the rows of papers that the reader spoke of."""

    named: tuple[tuple[Interest, Floats], ...] = ()
    taste: Floats | None = None
    liked: tuple[Liked, ...] = ()
    against: Floats | None = None
    own: tuple[int, ...] = ()

    @property
    def strengths(self) -> tuple[Floats, ...]:
        """Those that compete, the taste behind the named."""
        named = tuple(strength for _, strength in self.named)
        return named if self.taste is None else (*named, self.taste)


Who = npt.NDArray[np.intp] | slice
"""Readers of a batch: all of them, or their numbers."""


class Fits:
    """The fits of a batch of readers, each a `Fit`, and `totals`, the relevance of each row for
    each of them (readers x rows)."""

    def __init__(self, fits: Sequence[Fit], size: int) -> None:
        self.each = tuple(fits)
        self._layers = tuple(self._stacked())
        self.totals = np.zeros((len(fits), size), np.float32)
        unmatched = np.ones_like(self.totals)
        for who, strengths in self._layers:
            self.totals[who] = np.maximum(self.totals[who], strengths)
            unmatched[who] *= 1.0 - strengths
        self.totals = relevance.agreed(self.totals, unmatched)

    def _stacked(self) -> Iterator[tuple[Who, Floats]]:
        """The first strength of each reader who has one, then the second of each who has two,
        and so on, each with these readers."""
        each = [fit.strengths for fit in self.each]
        for place in range(max(map(len, each), default=0)):
            who = [n for n, strengths in enumerate(each) if len(strengths) > place]
            stacked = np.stack([each[n][place] for n in who])
            yield slice(None) if len(who) == len(each) else np.array(who, np.intp), stacked

    def competing(self) -> Iterator[tuple[Who, Floats]]:
        """The strengths that compete with others, as layers: readers, and one strength of each."""
        several = np.array([len(fit.strengths) > 1 for fit in self.each], np.bool_)
        for who, strengths in self._layers:
            chosen = several[who]
            if chosen.all():
                yield who, strengths
            elif chosen.any():
                yield np.arange(len(several))[who][chosen], strengths[chosen]

    def topics(self) -> npt.NDArray[np.int16]:
        """For each reader and row, the number of the interest or liked paper that it fits best;
        -1 for a reader who has neither (readers x rows)."""
        topics = np.full(self.totals.shape, -1, np.int16)
        best = np.full(self.totals.shape, -1.0, np.float32)
        for place, (who, strengths) in enumerate(self._layers):
            better = strengths > best[who]
            topics[who] = np.where(better, np.int16(place), topics[who]) if place else 0
            best[who] = np.maximum(strengths, best[who])
        for number, fit in enumerate(self.each):
            if len(fit.liked) > 1:
                nearest = np.argmax([one.kin.likeness for one in fit.liked], axis=0)
                tasted = topics[number] == len(fit.named)
                topics[number] += np.where(tasted, nearest, 0).astype(np.int16)
        return topics


_Voted = tuple[Vote, Interest | None]
"""A vote, and the interest that says it, if it is one."""


class Fitter:
    """Fits readers to the candidates of one corpus. Safe to share between threads; what was
    worked out for an interest is kept for the most recent of them."""

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus
        kept = functools.lru_cache(maxsize=KEPT_STRENGTHS)
        self._matches = kept(functools.partial(relevance.matches, corpus))
        size = max(len(corpus), 1)
        self._texts = Recent(min(KEPT_TEXTS // size, KEPT_AT_MOST), self._worked_out)
        most_kin = min(max(KEPT_KIN // size, 64), KEPT_AT_MOST)
        self._kin = Recent(most_kin, functools.partial(likes.all_kin, corpus))
        self._alone = Recent(most_kin, self._tastes_of_one)
        self.excluded = kept(functools.partial(relevance.excluded_rows, corpus))

    def texts(
        self, interests: Sequence[Sequence[Interest]], *, with_evidence: bool = True
    ) -> dict[str, Floats]:
        """The strengths of all distinct texts among the interests, worked out together."""
        all_texts = (i.value for each in interests for i in each if i.kind is InterestKind.TEXT)
        if with_evidence:
            return self._texts.of(all_texts)
        wanted = list(dict.fromkeys(all_texts))
        return dict(zip(wanted, self._worked_out(wanted, with_evidence=False), strict=True))

    def _worked_out(self, wanted: Sequence[str], *, with_evidence: bool = True) -> Iterator[Floats]:
        for first in range(0, len(wanted), TEXTS_AT_ONCE):
            block = wanted[first : first + TEXTS_AT_ONCE]
            found = texts.strengths(self.corpus, block, with_evidence=with_evidence)
            # Copies: a row of many would keep them all.
            for text, strengths in zip(block, found, strict=True):
                yield relevance.with_field(self.corpus, text, strengths)

    def fit_all(self, readers: Sequence[Wishes], known: Mapping[str, Floats]) -> Fits:
        """Every reader's fit. `known` are strengths of texts that are worked out already."""
        votes = [_votes(each) for each in readers]
        kin = self._kin.of(vote.paper for each in votes for vote, _ in each)
        said = [_opinions(each, kin) for each in votes]
        opinions = [each for each, _ in said]
        tastes = self._tastes(votes, opinions)
        against = likes.aversions(self.corpus, opinions)
        fits = [
            _lessened(self._fit(each.interests, known, opinions, taste, shown), less)
            for each, (opinions, shown), taste, less in zip(
                readers, said, tastes, against, strict=True
            )
        ]
        return Fits(fits, len(self.corpus))

    def _tastes(
        self, votes: Sequence[Sequence[_Voted]], opinions: Sequence[Sequence[Opinion]]
    ) -> list[Floats]:
        """As `likes.strengths`. Of one liked paper, however strongly, many have the same taste."""
        of_one = {n: each[0][0].paper for n, each in enumerate(votes) if _is_one_like(each)}
        alone = self._alone.of(of_one.values())
        others = [each for n, each in enumerate(opinions) if n not in of_one]
        found = iter(likes.strengths(self.corpus, others))
        return [alone[of_one[n]] if n in of_one else next(found) for n in range(len(votes))]

    def _tastes_of_one(self, papers: Sequence[LikedPaper]) -> Iterator[Floats]:
        kin = self._kin.of(papers)
        tastes = [[Opinion(kin=kin[paper])] for paper in papers]
        # Copies: a row of many would keep them all.
        yield from (each.copy() for each in likes.strengths(self.corpus, tastes))

    def _fit(
        self,
        interests: Sequence[Interest],
        known: Mapping[str, Floats],
        opinions: Sequence[Opinion],
        taste: Floats,
        shown: tuple[Liked, ...],
    ) -> Fit:
        named = tuple(
            (one, self._strength(one, known))
            for one in interests
            if one.kind is not InterestKind.LIKE and one.kind is not InterestKind.EXCLUDE
        )
        own = tuple([row for opinion in opinions for row in opinion.kin.rows])
        said = sum(opinion.weight for opinion in opinions if opinion.weight > 0)
        if said <= 0:
            return Fit(named=named, own=own)
        # A taste is a mean: that all votes are old, or few and faint, it does not show.
        weighted = relevance.weighted(taste, min(said, 1.0))
        return Fit(named=named, taste=weighted, liked=shown, own=own)

    def _strength(self, interest: Interest, known: Mapping[str, Floats]) -> Floats:
        if interest.kind is InterestKind.TEXT and interest.value in known:
            plain = known[interest.value]
        else:
            plain = self._matches(Interest(interest.kind, interest.value))
        return relevance.weighted(plain, interest.weight)


def _lessened(fit: Fit, against: Floats | None) -> Fit:
    if against is None:
        return fit
    left = np.float32(1.0) - against
    return replace(
        fit,
        named=tuple((interest, strengths * left) for interest, strengths in fit.named),
        taste=None if fit.taste is None else fit.taste * left,
        against=against,
    )


def _is_one_like(votes: Sequence[_Voted]) -> bool:
    return len(votes) == 1 and votes[0][0].weight > 0


def _votes(wishes: Wishes) -> list[_Voted]:
    liked = wishes.liked
    said: list[_Voted] = [
        (Vote(paper=liked[one.value], weight=one.weight), one)
        for one in wishes.interests
        if one.kind is InterestKind.LIKE and one.value in liked
    ]
    return [*said, *((vote, None) for vote in wishes.votes)]


def _opinions(
    votes: Sequence[_Voted], kin: Mapping[LikedPaper, Kin]
) -> tuple[list[Opinion], tuple[Liked, ...]]:
    opinions: list[Opinion] = []
    shown: list[Liked] = []
    for vote, one in votes:
        found = kin[vote.paper]
        opinions.append(Opinion(kin=found, weight=vote.weight))
        if vote.weight > 0:
            shown.append(Liked(paper=vote.paper, saying=vote.saying, interest=one, kin=found))
    return opinions, tuple(shown)
