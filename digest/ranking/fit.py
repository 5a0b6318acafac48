"""How well every candidate fits a reader: each of their interests, and their taste, competing."""

import functools
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from digest.core.interests import Interest, InterestKind
from digest.ranking import likes, relevance, texts
from digest.ranking.corpus import Corpus
from digest.ranking.likes import Kin, Opinion
from digest.ranking.meaning import LikedPaper
from digest.ranking.vectors import Floats

# Texts whose strengths are worked out in one go: small enough for the processor's cache.
TEXTS_AT_ONCE = 64
# What is kept of an edition, the most recent: strengths of interests, at 5,000 papers 10 MB, and
# so many numbers of how papers fit what many say alike, and are like what many liked.
KEPT_STRENGTHS = 512
KEPT_TEXTS = 4_000_000
KEPT_KIN = 2_000_000


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
    `taste`, that of all liked papers together, explained by the nearest of `liked`."""

    named: tuple[tuple[Interest, Floats], ...] = ()
    taste: Floats | None = None
    liked: tuple[Liked, ...] = ()

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


class _Recent:
    """What was worked out for texts, the most recent. Safe to share between threads: what is gone
    is worked out again."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[str, Floats] = {}

    def known(self, texts: Sequence[str]) -> dict[str, Floats]:
        """Of these texts those that are kept."""
        found = {text: kept for text in texts if (kept := self._kept.pop(text, None)) is not None}
        self._kept.update(found)
        return found

    def keep(self, found: Mapping[str, Floats]) -> None:
        # A copy: a row of many would keep them all.
        self._kept.update({text: strengths.copy() for text, strengths in found.items()})
        for text in list(itertools.islice(self._kept, max(len(self._kept) - self._most, 0))):
            self._kept.pop(text, None)


class Fitter:
    """Fits readers to the candidates of one corpus. Safe to share between threads; what was
    worked out for an interest is kept for the most recent of them."""

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus
        kept = functools.lru_cache(maxsize=KEPT_STRENGTHS)
        self._matches = kept(functools.partial(relevance.matches, corpus))
        self._texts = _Recent(KEPT_TEXTS // max(len(corpus), 1))
        most_kin = max(KEPT_KIN // max(len(corpus), 1), 64)
        self._kin = functools.lru_cache(most_kin)(functools.partial(likes.kin_of, corpus))
        self.excluded = kept(functools.partial(relevance.excluded_rows, corpus))

    def texts(
        self, interests: Sequence[Sequence[Interest]], *, with_evidence: bool = True
    ) -> dict[str, Floats]:
        """The strengths of all distinct texts among the interests, worked out together."""
        all_texts = (i.value for each in interests for i in each if i.kind is InterestKind.TEXT)
        wanted = list(dict.fromkeys(all_texts))
        found = self._texts.known(wanted) if with_evidence else {}
        missing = [text for text in wanted if text not in found]
        for first in range(0, len(missing), TEXTS_AT_ONCE):
            block = missing[first : first + TEXTS_AT_ONCE]
            strengths = texts.strengths(self.corpus, block, with_evidence=with_evidence)
            found.update(zip(block, strengths, strict=True))
        if with_evidence:
            self._texts.keep({text: found[text] for text in missing})
        return found

    def fit_all(self, readers: Sequence[Wishes], known: Mapping[str, Floats]) -> Fits:
        """Every reader's fit. `known` are strengths of texts that are worked out already."""
        said = [self._opinions(each.interests, each.liked, each.votes) for each in readers]
        tastes = likes.strengths(self.corpus, [opinions for opinions, _ in said])
        fits = [
            self._fit(each.interests, known, opinions, taste, shown)
            for each, (opinions, shown), taste in zip(readers, said, tastes, strict=True)
        ]
        return Fits(fits, len(self.corpus))

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
        said = sum(opinion.weight for opinion in opinions if opinion.weight > 0)
        if said <= 0:
            return Fit(named=named)
        # A taste is a mean: that all votes are old, or few and faint, it does not show.
        return Fit(named=named, taste=relevance.weighted(taste, min(said, 1.0)), liked=shown)

    def _strength(self, interest: Interest, known: Mapping[str, Floats]) -> Floats:
        if interest.kind is InterestKind.TEXT and interest.value in known:
            plain = known[interest.value]
        else:
            plain = self._matches(Interest(interest.kind, interest.value))
        return relevance.weighted(plain, interest.weight)

    def _opinions(
        self,
        interests: Sequence[Interest],
        liked: Mapping[str, LikedPaper],
        votes: Sequence[Vote],
    ) -> tuple[list[Opinion], tuple[Liked, ...]]:
        said: list[tuple[Vote, Interest | None]] = [
            (Vote(paper=liked[one.value], weight=one.weight), one)
            for one in interests
            if one.kind is InterestKind.LIKE and one.value in liked
        ]
        said += [(vote, None) for vote in votes]
        kin = [self._kin(vote.paper) for vote, _ in said]
        shown = tuple(
            Liked(paper=vote.paper, saying=vote.saying, interest=one, kin=each)
            for each, (vote, one) in zip(kin, said, strict=True)
            if vote.weight > 0
        )
        opinions = [
            Opinion(kin=each, weight=vote.weight) for each, (vote, _) in zip(kin, said, strict=True)
        ]
        return opinions, shown
