"""Readers' papers from an edition's candidates.

`prepare` once per edition, then `rank_all` for a batch of readers. All arithmetic, the same for
the same input, whatever the order of the candidates or the company of other readers.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from digest.core.identifiers import PaperId
from digest.core.interests import Interest, InterestKind, format_interest
from digest.core.places import Place
from digest.ranking import explain, relevance, select
from digest.ranking.corpus import Corpus, RankingPaper
from digest.ranking.fit import Fit, Fitter, Vote, Wishes
from digest.ranking.lexical import Background
from digest.ranking.meaning import LikedPaper, Meaning
from digest.ranking.relevance import FLOOR
from digest.ranking.select import Choice, Places
from digest.ranking.static_table import StaticTable
from digest.ranking.trending import VOTED_LEAST
from digest.ranking.vectors import Floats

# Sums of vectors are right to so many digits; what differs less is equal.
_SURE_DIGITS = 5
# What a second interest, or trend, must weigh in the score to be named beside the first.
_WORTH_NAMING = 0.05
# An interest is said to match a paper from this strength on: less is in any paper.
MATCHED_LEAST = 0.05
# How many of the places go to what trends everywhere: this share of the dial's share.
EVERYWHERE_SHARE = 0.5
# A digest of so many papers, of which so many fit, has a place to explore; a paper there fits a
# little, but less than the floor.
EXPLORE_FROM_LIMIT, EXPLORE_FROM_FITTING = 8, 3
EXPLORE_LEAST = 0.08


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Whom to rank for. `liked` has the papers that interests of kind `like` name by their value;
    one that is not there matches nothing. `dial` is 0 for relevance alone to 1 for trend alone;
    `seen` is never given again; at most `limit` papers are wanted, one of them to explore where
    `explore` allows it."""

    interests: Sequence[Interest]
    liked: Mapping[str, LikedPaper] = field(default_factory=dict)
    votes: Sequence[Vote] = ()
    dial: float = 0.3
    seen: Collection[PaperId] = ()
    limit: int = 10
    explore: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """One paper of a digest. All numbers are in [0, 1].

    `parts` are the names and values that `score` was made of: `relevance`, `trend` and `dial`,
    then each interest that matched, as a person writes it, best first. `fitting` is how many
    papers fit the reader in all, 0 where trend alone decides.
    """

    paper_id: PaperId
    score: float
    relevance: float
    trend: float
    reason: str
    parts: tuple[tuple[str, float], ...]
    place: Place = Place.FITS
    fitting: int = 0


class Prepared:
    """The candidates of an edition, ready to be ranked for many readers. Safe to share between
    threads."""

    def __init__(self, corpus: Corpus, given: Sequence[PaperId]) -> None:
        self.corpus = corpus
        self.rows: Mapping[PaperId, int] = {p.paper_id: n for n, p in enumerate(corpus.papers)}
        self.given = np.array([self.rows[paper_id] for paper_id in given], np.intp)
        self.trend: Floats = np.clip([p.trend for p in corpus.papers], 0.0, 1.0).astype(np.float32)
        self.fitter = Fitter(corpus)
        meanings = corpus.meanings
        self.likeness: select.Likeness = (
            select.ByMeaning.of(meanings[-1].space.papers)
            if meanings
            else select.ByWords(corpus.index.vectors)
        )


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
    when nothing is left. Memory: some 4 bytes per distinct text interest and candidate.
    """
    return [
        tuple(_ranked(prepared, draft, int(row), place) for place, rows in placed for row in rows)
        for draft, placed in _selected(prepared, readers, diversity)
    ]


def rank(prepared: Prepared, reader: Reader, *, diversity: float) -> tuple[Ranked, ...]:
    """The papers of one reader, as `rank_all` gives them."""
    return rank_all(prepared, [reader], diversity=diversity)[0]


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

    More is better; only the order has a meaning: whether a text is met well enough for a mail is
    a question of the floor, and not asked here. `liked` as for `Reader`; O(candidates x
    interests).
    """
    known = prepared.fitter.texts([interests], with_evidence=False)
    total = prepared.fitter.fit(interests, liked, known=known).total
    allowed = np.where(_eligible(prepared, interests, ()), total, np.float32(-np.inf))
    return np.round(allowed[prepared.given], _SURE_DIGITS).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A reader's scores before papers are chosen. `others` are the rows that do not fit but may
    be shown."""

    reader: Reader
    dial: float
    fit: Fit
    choice: Choice
    others: npt.NDArray[np.bool_]
    everywhere: int


def _selected(
    prepared: Prepared, readers: Sequence[Reader], diversity: float
) -> Iterator[tuple[_Draft, tuple[tuple[Place, Places], ...]]]:
    texts = prepared.fitter.texts([reader.interests for reader in readers])
    wishes = [Wishes(interests=r.interests, liked=r.liked, votes=r.votes) for r in readers]
    fits = prepared.fitter.fit_all(wishes, texts)
    drafts = [_draft(prepared, reader, fit) for reader, fit in zip(readers, fits, strict=True)]
    chosen = select.diverse_rows(
        [draft.choice for draft in drafts], prepared.likeness, min(max(diversity, 0.0), 1.0)
    )
    for draft, fitting in zip(drafts, chosen, strict=True):
        yield draft, _placed(prepared, draft, fitting)


def _draft(prepared: Prepared, reader: Reader, fit: Fit) -> _Draft:
    wants = bool(fit.named) or fit.taste is not None
    wants = wants or _says_interests(reader)
    dial = min(max(reader.dial, 0.0), 1.0) if wants else 1.0
    eligible = _eligible(prepared, reader.interests, reader.seen)
    fitting = eligible & (fit.total >= FLOOR) if dial < 1.0 else eligible
    scores = select.blended(fit.total, prepared.trend, dial)
    limit = max(reader.limit, 0)
    others = eligible & ~fitting
    # A place that nothing can fill is left to what fits.
    voted = int(np.count_nonzero(others & (prepared.trend >= VOTED_LEAST)))
    everywhere = min(int(limit * dial * EVERYWHERE_SHARE), voted) if dial < 1.0 else 0
    topical = dial < 1.0 and (bool(fit.named) or fit.taste is not None)
    topics = fit.topics() if topical else np.full(len(scores), -1, np.intp)
    ranked = select.best_rows(scores, prepared.trend, fitting)
    near = int(np.count_nonzero(others & (fit.total >= EXPLORE_LEAST)))
    explore = _explores(reader, dial, len(ranked)) and near > everywhere
    return _Draft(
        reader=reader,
        dial=dial,
        fit=fit,
        choice=Choice(
            ranked=ranked,
            scores=scores,
            topics=topics,
            limit=limit - everywhere - int(explore),
            kept=_best_of_each(fit, prepared.trend, dial, fitting),
        ),
        others=others,
        everywhere=everywhere,
    )


def _says_interests(reader: Reader) -> bool:
    return any(interest.kind is not InterestKind.EXCLUDE for interest in reader.interests)


def _best_of_each(
    fit: Fit, trend: Floats, dial: float, fitting: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """For each interest, and for taste, which row would be the first if it were alone."""
    best = np.zeros(len(trend), np.bool_)
    for strength in (*(strength for _, strength in fit.named), fit.taste):
        if strength is not None and dial < 1.0:
            fits = fitting & (strength >= FLOOR)
            scores = select.blended(strength, trend, dial) * fits
            firsts = np.flatnonzero((scores == scores.max(initial=0.0)) & fits)
            best[firsts[np.argsort(-trend[firsts], kind="stable")[:1]]] = True
    return best


def _explores(reader: Reader, dial: float, fitting: int) -> bool:
    roomy = reader.limit >= EXPLORE_FROM_LIMIT and fitting >= EXPLORE_FROM_FITTING
    return reader.explore and dial < 1.0 and roomy


def _placed(prepared: Prepared, draft: _Draft, fitting: Places) -> tuple[tuple[Place, Places], ...]:
    """The rows of each place. Who gets no paper that fits gets none that does not."""
    trend, left = prepared.trend, draft.reader.limit - len(fitting)
    if draft.dial < 1.0 and not _says_interests(draft.reader):
        # Whoever says no interests, but votes, gets what is like their votes, then what trends.
        return (
            (Place.FITS, fitting),
            (Place.EVERYWHERE, select.best_rows(trend, trend, draft.others)[: max(left, 0)]),
        )
    if draft.dial == 1.0 or not len(fitting):
        return ((Place.FITS, fitting),)
    voted = draft.others & (trend >= VOTED_LEAST)
    everywhere = select.best_rows(trend, draft.fit.total, voted, draft.everywhere)
    everywhere = everywhere[: draft.everywhere]
    explored = fitting[:0]
    if _explores(draft.reader, draft.dial, len(draft.choice.ranked)):
        near = draft.others & (draft.fit.total >= EXPLORE_LEAST)
        near[everywhere] = False
        room = min(max(left - len(everywhere), 0), 1)
        explored = select.best_rows(draft.choice.scores, trend, near, 1)[:room]
    return (
        (Place.FITS, fitting),
        (Place.EVERYWHERE, everywhere),
        (Place.EXPLORE, explored),
    )


def _eligible(
    prepared: Prepared, interests: Sequence[Interest], seen: Collection[PaperId]
) -> npt.NDArray[np.bool_]:
    eligible = np.ones(len(prepared.corpus), np.bool_)
    for interest in interests:
        if interest.kind is InterestKind.EXCLUDE:
            eligible[prepared.fitter.excluded(interest.value)] = False
    eligible[[row for paper_id in seen if (row := prepared.rows.get(paper_id)) is not None]] = False
    return eligible


def _ranked(prepared: Prepared, draft: _Draft, row: int, place: Place) -> Ranked:
    fit, dial = draft.fit, draft.dial
    total, trend = float(fit.total[row]), float(prepared.trend[row])
    matched = _matched(prepared.corpus, fit, row)
    return Ranked(
        paper_id=prepared.corpus.papers[row].paper_id,
        score=min(max(float(draft.choice.scores[row]), 0.0), 1.0),
        relevance=total,
        trend=trend,
        reason=_reason(prepared, row, matched, dial, place),
        parts=(
            ("relevance", total),
            ("trend", trend),
            ("dial", dial),
            *((match.name, match.strength) for match in matched),
        ),
        place=place,
        fitting=len(draft.choice.ranked) if dial < 1.0 else 0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Match:
    name: str
    strength: float
    says: Callable[[], str]


def _matched(corpus: Corpus, fit: Fit, row: int) -> list[_Match]:
    """What matches a row, strongest first; of liked papers the nearest."""
    found = [
        _Match(
            name=format_interest(interest),
            strength=float(strength[row]),
            says=lambda interest=interest: explain.in_words(corpus, row, interest),  # type: ignore[misc]
        )
        for interest, strength in fit.named
        if strength[row] >= MATCHED_LEAST
    ]
    if fit.taste is not None and fit.liked and fit.taste[row] >= MATCHED_LEAST:
        nearest = max(fit.liked, key=lambda one: float(one.likeness[row]))
        name = format_interest(nearest.interest) if nearest.interest else "liked papers"
        found.append(
            _Match(
                name=name,
                strength=float(fit.taste[row]),
                says=lambda: explain.liking(nearest.paper, nearest.saying),
            )
        )
    return sorted(found, key=lambda match: -match.strength)


def _reason(
    prepared: Prepared, row: int, matched: Sequence[_Match], dial: float, place: Place
) -> str:
    """The strongest matching interest, then trend where it counts; trend alone without a match."""
    paper = prepared.corpus.papers[row]
    if place is Place.EVERYWHERE:
        return explain.joined(f"trending everywhere: {paper.trend_reason}")
    if dial == 1.0 or not matched:
        says = paper.trend_reason if dial > 0 else ""
        return explain.joined(f"to explore: {says}" if place is Place.EXPLORE and says else says)
    says = matched[0].says()
    if place is Place.EXPLORE:
        says = f"to explore: {says}"
    voted = paper.trend >= VOTED_LEAST and dial * paper.trend >= _WORTH_NAMING
    return explain.joined(says, paper.trend_reason if voted else "")
