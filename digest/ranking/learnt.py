"""What a reader's votes say of their interests: how much each counts, and all of them in words."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from digest.core.feedback import FeedbackKind
from digest.core.identifiers import PaperId
from digest.core.latex import readable
from digest.ranking.text import GENERIC_TERMS, STOP_WORDS, read, stem

# Interests change: a vote counts half after this time, and half of that after as long again.
HALF_LIFE_DAYS = 120.0
# Of somebody who votes every day, older ones change nothing any more.
MOST_WEIGHED = 200
# What each kind says, beside a vote.
_SAYS = {FeedbackKind.MORE: 1.0, FeedbackKind.LESS: 1.0, FeedbackKind.OPEN: 0.3}
MOST_WORDS = 8

# A word of a title says more of what a paper is about than one of the abstract.
_TITLE_COUNTS = 2.0
# What is held of a word before any vote: that as many of the papers have it as of all papers, and
# this share at least, as firmly as if one abstract had been read. With it old votes fade away, one
# vote of many is no habit, and what most abstracts say is nobody's taste.
_PRIOR_COUNT = 1.0
_PRIOR_LEAST, _PRIOR_MOST = 0.05, 0.95
# By how much the log-odds of a word must differ for it to be named.
_LEAST_LEANING = 0.5
_LEAST_CHARS = 3

_SPELLED = re.compile(r"[^\W_]+(?:[-‐‑][^\W_]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class VotedPaper:
    """A paper that a reader voted for or against, or opened, `age_days` ago."""

    paper_id: PaperId
    kind: FeedbackKind
    title: str
    abstract: str = ""
    age_days: float = 0.0

    @property
    def weight(self) -> float:
        """How much it still counts, in (0, 1]: 1 for a vote that was just given."""
        return float(_SAYS[self.kind] * 0.5 ** (max(self.age_days, 0.0) / HALF_LIFE_DAYS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """Words that tell the papers voted for from those voted against, the strongest first."""

    more: tuple[str, ...] = ()
    less: tuple[str, ...] = ()

    def __str__(self) -> str:
        """more of: diffusion, manipulation; less of: surveys"""
        sides = (("more of", self.more), ("less of", self.less))
        return "; ".join(f"{name}: {', '.join(words)}" for name, words in sides if words)


def title_terms(papers: Iterable[VotedPaper]) -> frozenset[str]:
    """The words that may be named of papers, as the index counts them."""
    return frozenset(term for paper in papers for term, _ in _words(paper.title))


def in_words(
    more: Sequence[VotedPaper],
    less: Sequence[VotedPaper],
    shares: Mapping[str, float] = MappingProxyType({}),
) -> Learnt:
    """At most eight words for either side, as the titles spell them; pure.

    They are words of voted titles that the papers of one side have more often than those of the
    other, by the difference of their log-odds, each vote by its weight (with what is known of all
    papers as the prior, as in B. Monroe, M. Colaresi, K. Quinn, "Fightin' words", Political
    Analysis 2008): `shares` is how many of all papers have each of the `title_terms`. Words of
    any paper are left out. The same for the same votes in any order.
    """
    for_, against = _Side(more), _Side(less)
    leanings = {
        term: _leaning(for_, against, term, shares.get(term, 0.0))
        for term in for_.spellings.keys() | against.spellings
    }
    strongest = sorted(leanings, key=lambda term: (-abs(leanings[term]), term))
    return Learnt(
        more=_named(for_, [term for term in strongest if leanings[term] >= _LEAST_LEANING]),
        less=_named(against, [term for term in strongest if leanings[term] <= -_LEAST_LEANING]),
    )


class _Side:
    """The papers of one side: how many, by weight, have each term, and how titles spell it."""

    def __init__(self, papers: Sequence[VotedPaper]) -> None:
        self.total = math.fsum(_TITLE_COUNTS * paper.weight for paper in papers)
        self.spellings: Mapping[str, Counter[str]] = defaultdict(Counter)
        found: dict[str, list[float]] = defaultdict(list)
        for paper in papers:
            said = dict.fromkeys((term for term, _ in _words(paper.abstract)), 1.0)
            for term, spelling in _words(paper.title):
                said[term] = _TITLE_COUNTS
                self.spellings[term][spelling] += 1
            for term, counts in said.items():
                found[term].append(counts * paper.weight)
        self.counts = {term: math.fsum(parts) for term, parts in found.items()}

    def spelled(self, term: str) -> str:
        """As most titles spell it; of equals the one that is first in the alphabet."""
        known = self.spellings[term]
        return min(known, key=lambda spelling: (-known[spelling], spelling.casefold(), spelling))


def _named(side: _Side, terms: Sequence[str]) -> tuple[str, ...]:
    return tuple(side.spelled(term) for term in terms if term in side.spellings)[:MOST_WORDS]


def _words(text: str) -> Iterator[tuple[str, str]]:
    """The words of a text that say what it is about: each as its stem and as it is spelled."""
    for spelling in _SPELLED.findall(readable(text)):
        for parts in (parts for chunk in read(spelling) for parts in chunk.words):
            term = stem("".join(parts))
            if len(term) >= _LEAST_CHARS and not term.isdecimal() and not _is_common(parts, term):
                yield term, spelling if any(map(str.isupper, spelling[1:])) else spelling.lower()


def _is_common(parts: tuple[str, ...], term: str) -> bool:
    return STOP_WORDS.issuperset(parts) or term in GENERIC_TERMS


def _leaning(for_: _Side, against: _Side, term: str, share: float) -> float:
    """How much a term leans to the papers voted for (positive) or against."""
    prior = min(max(share, _PRIOR_LEAST), _PRIOR_MOST)
    return _log_odds(for_, term, prior) - _log_odds(against, term, prior)


def _log_odds(side: _Side, term: str, prior: float) -> float:
    has = side.counts.get(term, 0.0)
    lacks = side.total - has
    return math.log((has + _PRIOR_COUNT * prior) / (lacks + _PRIOR_COUNT * (1 - prior)))
