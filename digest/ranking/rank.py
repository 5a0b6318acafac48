"""A subscriber's papers from an edition's candidates.

`prepare` once per edition, then `rank` once per subscriber. All arithmetic, the same for the
same input, whatever the order of the candidates.
"""

import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from digest.core.identifiers import PaperId
from digest.core.interests import Interest, InterestKind, format_interest
from digest.ranking import explain, relevance, select
from digest.ranking.corpus import KEPT_RESULTS, Corpus, RankingPaper
from digest.ranking.lexical import Background
from digest.ranking.relevance import FLOOR, LikedPaper
from digest.ranking.trending import VOTED_LEAST
from digest.ranking.vectors import Floats

# What a second interest, or trend, must weigh in the score to be named beside the first.
_WORTH_NAMING = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """One paper of a digest. All numbers are in [0, 1].

    `parts` are the names and values that `score` was made of: `relevance`, `trend` and `dial`,
    then each interest that matched, as a person writes it, best first.
    """

    paper_id: PaperId
    score: float
    relevance: float
    trend: float
    reason: str
    parts: tuple[tuple[str, float], ...]


class Prepared:
    """The candidates of an edition, ready to be ranked for many subscribers. Safe to share
    between threads; what interests match is kept for the most recent of them."""

    def __init__(self, candidates: Sequence[RankingPaper], background: Background | None) -> None:
        self.corpus = Corpus(candidates, background)
        rows = {paper.paper_id: row for row, paper in enumerate(self.corpus.papers)}
        self.rows: Mapping[PaperId, int] = rows
        self.given = np.array([rows[paper.paper_id] for paper in candidates], np.intp)
        self.trend: Floats = np.clip([p.trend for p in self.corpus.papers], 0.0, 1.0).astype(
            np.float32
        )
        kept = functools.lru_cache(maxsize=KEPT_RESULTS)
        self.matches = kept(functools.partial(relevance.matches, self.corpus))
        self.likeness = kept(functools.partial(relevance.likeness, self.corpus))
        self.excluded = kept(functools.partial(relevance.excluded_rows, self.corpus))


@dataclass(frozen=True, slots=True)
class _Fit:
    """How a subscriber's interests fit each row. `named` are the strengths to explain by: each
    like alone, though `total` takes likes together."""

    total: Floats
    named: tuple[tuple[Interest, Floats], ...]


def prepare(
    candidates: Sequence[RankingPaper], *, background: Background | None = None
) -> Prepared:
    """The candidates of one edition, each with its own id, indexed for `rank`.

    `background` tells how common terms are in papers beyond these, for editions of few.
    """
    return Prepared(candidates, background)


def rank(
    prepared: Prepared,
    *,
    interests: Sequence[Interest],
    liked: Mapping[str, LikedPaper],
    dial: float,
    diversity: float,
    seen: Collection[PaperId],
    limit: int,
) -> tuple[Ranked, ...]:
    """Best first, at most `limit`; equal scores by trend, then by PaperId; pure.

    `liked` has the papers that interests of kind `like` name by their value; one that is not
    there matches nothing. `dial` is 0 for relevance alone to 1 for trend alone. Below the
    relevance floor no paper is given, unless the dial is at 1 or there are no interests (then
    trend decides alone). `seen` is never given, nor what an exclusion names. `diversity`, 0 to
    1, keeps papers apart that are alike. Empty when nothing is left.
    """
    wanted = [interest for interest in interests if interest.kind is not InterestKind.EXCLUDE]
    dial = min(max(dial, 0.0), 1.0) if wanted else 1.0
    fit = _fit(prepared, wanted, liked)
    eligible = _eligible(prepared, interests, seen)
    if dial < 1.0:
        eligible &= fit.total >= FLOOR
    scores = select.blended(fit.total, prepared.trend, dial)
    ranked = select.best_rows(scores, prepared.trend, eligible)
    rows = select.diverse_rows(
        ranked,
        scores,
        lambda: prepared.corpus.index.vectors,
        topics=_topics(fit) if dial < 1.0 else np.full(len(scores), -1, np.intp),
        diversity=min(max(diversity, 0.0), 1.0),
        limit=limit,
    )
    return tuple(_ranked(prepared, row, float(scores[row]), fit, liked, dial) for row in rows)


def score_query(prepared: Prepared, text: str) -> Floats:
    """BM25 of a search for each candidate, in the order in which `prepare` was given them.

    Looks into title, abstract, authors, venue and categories. 0 where nothing is found.
    """
    return np.asarray(relevance.query_scores(prepared.corpus, text)[prepared.given], np.float32)


def score_interests(
    prepared: Prepared, interests: Sequence[Interest], liked: Mapping[str, LikedPaper]
) -> Floats:
    """The relevance of each candidate for one subscriber's interests, without a floor, in the
    order in which `prepare` was given them; -inf for what an exclusion names.

    More is better; only the order has a meaning. `liked` as for `rank`; O(candidates x interests).
    """
    wanted = [interest for interest in interests if interest.kind is not InterestKind.EXCLUDE]
    total = _fit(prepared, wanted, liked).total
    allowed = np.where(_eligible(prepared, interests, ()), total, np.float32(-np.inf))
    return np.asarray(allowed[prepared.given], np.float32)


def _fit(
    prepared: Prepared, interests: Sequence[Interest], liked: Mapping[str, LikedPaper]
) -> _Fit:
    size = len(prepared.corpus)
    named: list[tuple[Interest, Floats]] = []
    likenesses: list[Floats] = []
    for interest in interests:
        if interest.kind is not InterestKind.LIKE:
            plain = Interest(interest.kind, interest.value)
            named.append((interest, relevance.weighted(prepared.matches(plain), interest.weight)))
        elif paper := liked.get(interest.value):
            likeness = prepared.likeness(paper) * np.float32(interest.weight)
            likenesses.append(likeness)
            named.append((interest, relevance.like_strength(likeness[np.newaxis])))
        else:
            named.append((interest, np.zeros(size, np.float32)))
    competing = [strength for one, strength in named if one.kind is not InterestKind.LIKE]
    if likenesses:
        competing.append(relevance.like_strength(np.stack(likenesses)))
    return _Fit(relevance.combined(competing, size), tuple(named))


def _topics(fit: _Fit) -> npt.NDArray[np.intp]:
    """For each row, the number of the interest that it fits best."""
    return np.asarray(np.argmax([strength for _, strength in fit.named], axis=0), np.intp)


def _eligible(
    prepared: Prepared, interests: Sequence[Interest], seen: Collection[PaperId]
) -> npt.NDArray[np.bool_]:
    eligible = np.ones(len(prepared.corpus), np.bool_)
    for interest in interests:
        if interest.kind is InterestKind.EXCLUDE:
            eligible[prepared.excluded(interest.value)] = False
    eligible[[row for paper_id in seen if (row := prepared.rows.get(paper_id)) is not None]] = False
    return eligible


def _ranked(
    prepared: Prepared,
    row: int,
    score: float,
    fit: _Fit,
    liked: Mapping[str, LikedPaper],
    dial: float,
) -> Ranked:
    paper = prepared.corpus.papers[row]
    total, trend = float(fit.total[row]), float(prepared.trend[row])
    matched = sorted(
        ((interest, float(strength[row])) for interest, strength in fit.named if strength[row] > 0),
        key=lambda entry: -entry[1],
    )
    return Ranked(
        paper_id=paper.paper_id,
        score=min(max(score, 0.0), 1.0),
        relevance=total,
        trend=trend,
        reason=_reason(prepared, row, matched, liked, dial),
        parts=(
            ("relevance", total),
            ("trend", trend),
            ("dial", dial),
            *((format_interest(interest), strength) for interest, strength in matched),
        ),
    )


def _reason(
    prepared: Prepared,
    row: int,
    matched: Sequence[tuple[Interest, float]],
    liked: Mapping[str, LikedPaper],
    dial: float,
) -> str:
    """The strongest matching interest, then trend where it counts; trend alone without a match."""
    paper = prepared.corpus.papers[row]
    if dial == 1.0 or not matched:
        return explain.joined(paper.trend_reason if dial > 0 else "")
    says = explain.in_words(prepared.corpus, row, matched[0][0], liked)
    voted = paper.trend >= VOTED_LEAST and dial * paper.trend >= _WORTH_NAMING
    return explain.joined(says, paper.trend_reason if voted else "")
