"""Which papers each reader of a batch gets, and in which place of their digest.

Arrays are readers x rows of the corpus; what one reader gets does not hang on the others.
"""

import functools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat

import numpy as np
import numpy.typing as npt

from digest.core.identifiers import PaperId
from digest.core.interests import Interest, InterestKind
from digest.core.places import Place
from digest.ranking import repeats, select
from digest.ranking.corpus import Corpus
from digest.ranking.explain import saying
from digest.ranking.fit import Fit, Fits, Fitter, Vote, Wishes
from digest.ranking.meaning import LikedPaper
from digest.ranking.order import Mask, Order, Places, best
from digest.ranking.relevance import FLOOR
from digest.ranking.select import Wanted
from digest.ranking.trending import VOTED_LEAST
from digest.ranking.vectors import Floats

# How many of the places go to what trends everywhere: this share of the dial's share.
EVERYWHERE_SHARE = 0.5
# A digest of so many papers, of which so many fit, has a place to explore; a paper there fits a
# little, but less than the floor.
EXPLORE_FROM_LIMIT, EXPLORE_FROM_FITTING = 8, 3
EXPLORE_LEAST = 0.08
# Readers whose scores are worked out in one go: so many numbers.
NUMBERS_AT_ONCE = 262_144
# Interests of which is kept what they say of papers, the most recent.
KEPT_SAYINGS = 2_048


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Whom to rank for. `liked` has the papers that interests of kind `like` name by their value;
    one that is not there matches nothing. `dial` is 0 for relevance alone to 1 for trend alone;
    `seen` is never given again, nor what the reader spoke of, by `liked` and `votes`; at most
    `limit` papers are wanted, one of them to explore where `explore` allows it."""

    interests: Sequence[Interest]
    liked: Mapping[str, LikedPaper] = field(default_factory=dict)
    votes: Sequence[Vote] = ()
    dial: float = 0.3
    seen: Collection[PaperId] = ()
    limit: int = 10
    explore: bool = True

    @property
    def says_interests(self) -> bool:
        """Whether there is anything beside exclusions."""
        return any(interest.kind is not InterestKind.EXCLUDE for interest in self.interests)


class Prepared:
    """The candidates of an edition, ready to be ranked for many readers. Safe to share between
    threads."""

    def __init__(self, corpus: Corpus, given: Sequence[PaperId]) -> None:
        self.corpus = corpus
        self.rows: Mapping[PaperId, int] = {p.paper_id: n for n, p in enumerate(corpus.papers)}
        self.given = np.array([self.rows[paper_id] for paper_id in given], np.intp)
        self.trend: Floats = np.clip([p.trend for p in corpus.papers], 0.0, 1.0).astype(np.float32)
        self.order = Order(self.trend)
        voted = np.flatnonzero(self.trend >= VOTED_LEAST)
        self.voted = voted[np.argsort(-self.trend[voted], kind="stable")]
        self.fitter = Fitter(corpus)
        # What was found out for a reader's interest is known for the next who says the same.
        self.saying = functools.lru_cache(maxsize=KEPT_SAYINGS)(functools.partial(saying, corpus))
        meanings = corpus.meanings
        self.likeness: repeats.Likeness = (
            repeats.ByMeaning.of(meanings[-1].space.papers)
            if meanings
            else repeats.ByWords(corpus.index.vectors)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The rows of one reader's digest, best first, with the place and the score of each; `total`
    is the relevance of every row, and `fit` what it is made of. `fitting` is how many rows fit
    the reader in all, 0 where trend alone decides."""

    reader: Reader
    dial: float
    rows: Places
    places: tuple[Place, ...]
    scores: Floats
    total: Floats
    fit: Fit
    fitting: int


def choose_all(
    prepared: Prepared, readers: Sequence[Reader], *, diversity: float
) -> Iterator[Chosen]:
    """What each reader gets, in the order of the readers. Memory: for some dozens of readers at
    a time, 4 bytes per distinct interest and candidate."""
    at_once = max(NUMBERS_AT_ONCE // max(len(prepared.corpus), 1), 1)
    for start in range(0, len(readers), at_once):
        yield from _chosen(prepared, readers[start : start + at_once], diversity)


def take_away(
    prepared: Prepared, interests: Sequence[Interest], seen: Collection[PaperId], eligible: Mask
) -> None:
    """Of the rows that are eligible those that are excluded or seen."""
    for interest in interests:
        if interest.kind is InterestKind.EXCLUDE:
            eligible[prepared.fitter.excluded(interest.value)] = False
    if seen:
        known = [row for paper_id in seen if (row := prepared.rows.get(paper_id)) is not None]
        eligible[known] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A batch before papers are chosen: `trend` is what counts of it for each reader; `others` do
    not fit but may be shown, in so many places for what trends `everywhere`; who `explores` may
    get one of them, for whom it is `reserved` a place is held."""

    readers: Sequence[Reader]
    dials: npt.NDArray[np.float64]
    totals: Floats
    trend: Floats
    scores: Floats
    fitting: Mask
    others: Mask
    everywhere: Places
    explores: Mask
    reserved: Mask


def _chosen(prepared: Prepared, readers: Sequence[Reader], diversity: float) -> Iterator[Chosen]:
    texts = prepared.fitter.texts([reader.interests for reader in readers])
    wishes = [Wishes(interests=r.interests, liked=r.liked, votes=r.votes) for r in readers]
    fits = prepared.fitter.fit_all(wishes, texts)
    draft = _draft(prepared, readers, fits)
    fit_in_all = np.count_nonzero(draft.fitting, axis=1) * (draft.dials < 1.0)
    fitting = select.diverse_rows(
        _wanted(prepared, draft, fits),
        prepared.order,
        prepared.likeness,
        min(max(diversity, 0.0), 1.0),
    )
    for number, placed in enumerate(_placed(prepared, draft, fitting)):
        rows = np.concatenate([rows for _, rows in placed])
        places = chain.from_iterable(repeat(place, len(rows)) for place, rows in placed)
        yield Chosen(
            reader=readers[number],
            dial=float(draft.dials[number]),
            rows=rows,
            places=tuple(places),
            scores=draft.scores[number].take(rows),
            total=draft.totals[number],
            fit=fits.each[number],
            fitting=int(fit_in_all[number]),
        )


def _draft(prepared: Prepared, readers: Sequence[Reader], fits: Fits) -> _Draft:
    dials = np.array([_dial(*one) for one in zip(readers, fits.each, strict=True)])
    eligible = np.ones(fits.totals.shape, np.bool_)
    for one, fit, rows in zip(readers, fits.each, eligible, strict=True):
        take_away(prepared, one.interests, one.seen, rows)
        if fit.own:
            rows[list(fit.own)] = False
    trend = _trend(prepared, fits)
    by_trend = (dials == 1.0)[:, np.newaxis]
    fitting = eligible & ((fits.totals >= FLOOR) | by_trend)
    others = eligible & ~fitting
    # A place that nothing can fill is left to what fits.
    shares = dials * EVERYWHERE_SHARE * (dials < 1.0)
    places = (np.array([max(r.limit, 0) for r in readers]) * shares).astype(np.intp)
    voted = np.count_nonzero(others[:, prepared.voted], axis=1)
    everywhere = np.minimum(places, voted)
    roomy = np.array([r.explore and r.limit >= EXPLORE_FROM_LIMIT for r in readers])
    near = np.count_nonzero(others & (fits.totals >= EXPLORE_LEAST), axis=1)
    fit_enough = np.count_nonzero(fitting, axis=1) >= EXPLORE_FROM_FITTING
    explores = roomy & (dials < 1.0) & fit_enough
    return _Draft(
        readers=readers,
        dials=dials,
        totals=fits.totals,
        trend=trend,
        scores=select.blended(fits.totals, trend, _column(dials)),
        fitting=fitting,
        others=others,
        everywhere=everywhere,
        explores=explores,
        reserved=explores & (near > everywhere),
    )


def _trend(prepared: Prepared, fits: Fits) -> Floats:
    """How each row trends, for each reader less what it loses by their votes against its like."""
    trend = np.broadcast_to(prepared.trend, fits.totals.shape)
    if any(fit.against is not None for fit in fits.each):
        left = [1.0 if fit.against is None else 1.0 - fit.against for fit in fits.each]
        trend = np.stack([prepared.trend * share for share in left])
    return np.asarray(trend, np.float32)


def _column(dials: npt.NDArray[np.float64]) -> Floats:
    return dials.astype(np.float32)[:, np.newaxis]


def _dial(reader: Reader, fit: Fit) -> float:
    wants = reader.says_interests or fit.taste is not None
    return min(max(reader.dial, 0.0), 1.0) if wants else 1.0


def _wanted(prepared: Prepared, draft: _Draft, fits: Fits) -> Wanted:
    topics = fits.topics()
    topics[draft.dials == 1.0] = -1
    limits = np.array([max(reader.limit, 0) for reader in draft.readers])
    return Wanted(
        keys=prepared.order.keys(draft.scores, draft.fitting),
        scores=draft.scores,
        topics=topics,
        kept=_best_of_each(prepared, draft, fits),
        limits=limits - draft.everywhere - draft.reserved,
    )


def _best_of_each(prepared: Prepared, draft: _Draft, fits: Fits) -> Mask:
    """For each interest, and for taste, which row would be the first if it were alone; of a
    single one that is the first of all."""
    kept = np.zeros(draft.fitting.shape, np.bool_)
    everybody = np.arange(len(draft.readers))
    for who, strengths in fits.competing():
        dials = draft.dials[who]
        scores = select.blended(strengths, draft.trend[who], _column(dials))
        fitting = draft.fitting[who] & (strengths >= FLOOR) & (dials < 1.0)[:, np.newaxis]
        numbers, rows = prepared.order.first(scores, fitting)
        kept[everybody[who][numbers], rows] = True
    return kept


_Placed = tuple[tuple[Place, Places], ...]


def _placed(prepared: Prepared, draft: _Draft, fitting: Sequence[Places]) -> Iterator[_Placed]:
    """The rows of each place, reader by reader. Who gets no paper that fits gets none that does
    not."""
    wanted = draft.everywhere * np.fromiter(map(len, fitting), np.bool_)
    everywhere = _everywhere(prepared, draft, wanted)
    explored = _explored(prepared, draft, everywhere)
    for number, (reader, rows) in enumerate(zip(draft.readers, fitting, strict=True)):
        left = max(reader.limit - len(rows), 0)
        if draft.dials[number] < 1.0 and not reader.says_interests:
            # Whoever says no interests, but votes, gets what is like their votes, then what trends.
            trending = _trending(prepared, draft.others[number], left)
            yield (Place.FITS, rows), (Place.EVERYWHERE, trending)
        else:
            room = left - len(everywhere[number])
            yield (
                (Place.FITS, rows),
                (Place.EVERYWHERE, everywhere[number]),
                (Place.EXPLORE, explored[number][:room]),
            )


def _trending(prepared: Prepared, others: Mask, most: int) -> Places:
    most = min(most, int(np.count_nonzero(others)))
    keys = prepared.order.keys(prepared.trend, others)[np.newaxis]
    return prepared.order.rows(best(keys, most)[0])


def _everywhere(prepared: Prepared, draft: _Draft, wanted: Places) -> list[Places]:
    """What trends most of the rows that do not fit each reader, so many as are wanted, at most
    all; equal ones by how much they fit, then in order."""
    voted, trend = prepared.voted, prepared.trend[prepared.voted]
    if not wanted.any():
        return [voted[:0]] * len(wanted)
    enough = np.cumsum(draft.others[:, voted], axis=1, dtype=np.int32) >= wanted[:, np.newaxis]
    last = int(np.argmax(enough, axis=1)[wanted > 0].max())
    # Whoever wants most of what trends finds it among these; the last of them has its equals.
    width = int(np.searchsorted(-trend, -trend[last], "right"))
    among = draft.others[:, voted[:width]]
    fall = np.where(among, -trend[:width], np.float32(np.inf))
    rows = np.broadcast_to(voted[:width], among.shape)
    best_first = np.lexsort((rows, -draft.totals[:, voted[:width]], fall), axis=1)
    ordered = np.take_along_axis(rows, best_first, axis=1)
    return [each[:most] for each, most in zip(ordered, wanted.tolist(), strict=True)]


def _explored(prepared: Prepared, draft: _Draft, everywhere: Sequence[Places]) -> list[Places]:
    """For each reader who explores, the best row that nearly fits and is in no other place.

    There relevance counts by how far it is on the way to the floor: as it is it would count for
    next to nothing beside the trend.
    """
    near = draft.others & (draft.totals >= EXPLORE_LEAST) & draft.explores[:, np.newaxis]
    for number, rows in enumerate(everywhere):
        near[number, rows] = False
    explored = [prepared.voted[:0]] * len(near)
    fit = np.clip((draft.totals - EXPLORE_LEAST) / np.float32(FLOOR - EXPLORE_LEAST), 0.0, 1.0)
    scores = select.blended(fit, prepared.trend, _column(draft.dials))
    who, rows = prepared.order.first(scores, near)
    for place, number in enumerate(who.tolist()):
        explored[number] = rows[place : place + 1]
    return explored
