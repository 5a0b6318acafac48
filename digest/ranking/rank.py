"""Readers' papers from an edition's candidates.

`prepare` once per edition, then `rank_all` for a batch of readers. All arithmetic, the same for
the same input, whatever the order of the candidates or the company of other readers.
"""

from collections.abc import Callable, Sequence

import numpy as np

from digest.core.interests import Interest, InterestKind
from digest.core.places import Place
from digest.ranking.choosing import Prepared, Reader, choose_all, take_away
from digest.ranking.corpus import Corpus, RankingPaper
from digest.ranking.fit import Wishes
from digest.ranking.lexical import Background
from digest.ranking.meaning import Meaning
from digest.ranking.saying import Ranked, said_of
from digest.ranking.static_table import StaticTable
from digest.ranking.vectors import Floats

__all__ = [
    "Place",
    "Prepared",
    "Ranked",
    "Reader",
    "prepare",
    "rank",
    "rank_all",
    "score_all",
    "score_query",
]

# Sums of vectors are right to so many digits; what differs less is equal.
_SURE_DIGITS = 5


def prepare(
    candidates: Sequence[RankingPaper],
    *,
    background: Background | None = None,
    table: StaticTable | None = None,
    model: Callable[[Sequence[RankingPaper]], Meaning] | None = None,
) -> Prepared:
    """The candidates of one edition, each with its own id, indexed for ranking.

    `background` tells how common terms are in papers beyond these, for editions of few. With a
    `table`, texts are compared by meaning, too; with a `model` by what it says: given the papers
    in the order of their rows it gives the space they lie in.
    """
    corpus = Corpus(candidates, background, table=table, model=model)
    return Prepared(corpus, [paper.paper_id for paper in candidates])


def rank_all(
    prepared: Prepared, readers: Sequence[Reader], *, diversity: float
) -> list[tuple[Ranked, ...]]:
    """For each reader their papers, best first, at most `limit`; pure.

    Equal scores go by trend, then by PaperId. Below the relevance floor no paper is given,
    unless the dial is at 1 or there are no interests (then trend decides alone), but for the
    places of `Place.EVERYWHERE` and `Place.EXPLORE`, which come behind. `seen` is never given,
    nor what an exclusion names. `diversity`, 0 to 1, keeps papers apart that are alike. Empty
    when nothing is left.
    """
    return [
        said_of(prepared, chosen) for chosen in choose_all(prepared, readers, diversity=diversity)
    ]


def rank(prepared: Prepared, reader: Reader, *, diversity: float) -> tuple[Ranked, ...]:
    """The papers of one reader, as `rank_all` gives them."""
    return rank_all(prepared, [reader], diversity=diversity)[0]


def score_query(prepared: Prepared, text: str) -> Floats:
    """How well each candidate answers a search, in the order in which `prepare` was given them: as
    an interest in the same words, or as an author of that name, would be met."""
    asked = (Interest(InterestKind.TEXT, text), Interest(InterestKind.AUTHOR, text))
    (scores,) = score_all(prepared, [Wishes(interests=asked, liked={})])
    return np.asarray(scores)


def score_all(prepared: Prepared, asked: Sequence[Wishes]) -> Floats:
    """The relevance of each candidate for each one's interests and likes, without a floor: askers
    x candidates in the order in which `prepare` was given them; -inf for what an exclusion names.

    More is better; only the order has a meaning: whether a text is met well enough for a mail is
    a question of the floor, and not asked here. O(askers x interests x candidates).
    """
    known = prepared.fitter.texts([one.interests for one in asked], with_evidence=False)
    totals = prepared.fitter.fit_all(asked, known).totals
    for number, one in enumerate(asked):
        eligible = np.ones(totals.shape[1], np.bool_)
        take_away(prepared, one.interests, (), eligible)
        totals[number, ~eligible] = -np.inf
    return np.round(totals[:, prepared.given], _SURE_DIGITS).astype(np.float32)
