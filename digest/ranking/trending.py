"""How fast papers rise, from readings of votes, stars, points and citations over time.

Votes are projected to where they will end, not decayed (`attention`, `growth`). Numbers of
different sources are made comparable by their place among the readings of the same source and
metric, and of the same area there, so that few voters are not drowned by many. A source that was
out leaves an older reading, which counts as what it is; no reading is ever taken for a zero.
"""

import math
import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from digest.core.identifiers import PaperId
from digest.core.papers import Signal
from digest.ranking.attention import Series, attention
from digest.ranking.growth import SHIPPED, Growths
from digest.ranking.momentum import Momentum, momentum, silent, words

# A paper that anybody voted for is above every paper that nobody did.
SILENT_MOST = 0.15
VOTED_LEAST = 0.2
SILENT_HALF_LIFE = timedelta(days=2)
# Each further metric that speaks for a paper closes this share of the gap to 1.
AGREEMENT_SHARE = 0.25
# The first of its own area stands as high as this in all; with few votes, less.
AREA_SHARE = 0.9
# With fewer papers that were voted for, being the first of an area is not worth a word.
AREA_NAMED_FROM = 3

_ARXIV_CATEGORY = re.compile(r"([a-z]+(?:-[a-z]+)?)\.[A-Za-z][A-Za-z-]*")

_Pool = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendPaper:
    """`listed_at` says when each source showed the paper first; `appeared_at` stands in.
    `field` is what `area_of` makes of its categories."""

    paper_id: PaperId
    appeared_at: datetime
    signals: tuple[Signal, ...] = ()
    listed_at: Mapping[str, datetime] = field(default_factory=dict)
    area: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """`score` in [0, 1]; `reason` in words with numbers; `parts` are the names and values used:
    per `source/metric` its share in [0, 1], or `recency`."""

    score: float
    state: Momentum
    reason: str
    parts: tuple[tuple[str, float], ...] = ()


def area_of(categories: Sequence[str]) -> str:
    """The area of a paper: of its first category the archive where arXiv has it (`math.AG` is
    `math`), else the category itself; empty without any."""
    first = categories[0] if categories else ""
    found = _ARXIV_CATEGORY.fullmatch(first)
    return found[1] if found else first


def trends(
    papers: Sequence[TrendPaper], *, now: datetime, growths: Growths = SHIPPED
) -> dict[PaperId, Trend]:
    """The trend of each paper among these papers, as it could be known at `now`.

    Only readings up to `now` count; of a series that has none, the earliest later one stands in
    (a backfill). More votes never lower a score, and neither does a reading that is old because
    its source was out. A paper without votes scores by its newness, below every paper with one.
    """
    spoken = [
        attention(one.signals, one.listed_at, one.appeared_at, now=now, growths=growths)
        for one in papers
    ]
    pools = _Pools(papers, spoken)
    return {
        paper.paper_id: _voted_trend(paper, series, pools, now)
        if series
        else _silent_trend(paper, now)
        for paper, series in zip(papers, spoken, strict=True)
    }


class _Pools:
    """Where each series stands among those of its source and metric, in all and in its area."""

    def __init__(self, papers: Sequence[TrendPaper], spoken: Sequence[tuple[Series, ...]]) -> None:
        self._projected: dict[_Pool, list[float]] = defaultdict(list)
        self._counts: dict[_Pool, list[float]] = defaultdict(list)
        for paper, series in zip(papers, spoken, strict=True):
            for one in series:
                self._projected[one.source, one.metric.many, ""].append(one.projected)
                if paper.area:
                    key = one.source, one.metric.many, paper.area
                    self._projected[key].append(one.projected)
                    self._counts[key].append(one.last.value)
        for values in (*self._projected.values(), *self._counts.values()):
            values.sort()

    def standing(self, one: Series, area: str) -> tuple[float, bool]:
        """In (0, 1], rising with the votes of `one`; and whether its area raised it there."""
        overall = _standing(one.projected, self._projected[one.source, one.metric.many, ""])
        if not area:
            return overall, False
        near = _standing(one.projected, self._projected[one.source, one.metric.many, area])
        certain = one.last.value / (one.last.value + 1)
        within = AREA_SHARE * certain * near
        return max(overall, within), within > overall

    def leads(self, one: Series, area: str) -> bool:
        """Whether no paper of its area was read with as many, among enough to say so."""
        counts = self._counts[one.source, one.metric.many, area]
        return len(counts) >= AREA_NAMED_FROM and counts[-2] < one.last.value


def _standing(value: float, others: Sequence[float]) -> float:
    """Where a value stands among sorted `others`, itself among them: in (0, 1], rising.

    Half of it is its percentile, with ties shared and drawn to the middle where there are few;
    half is its size on a logarithmic scale, so that a run-away leader stays one.
    """
    below, up_to = bisect_left(others, value), bisect_right(others, value)
    percentile = (below + (up_to - below) / 2 + 0.5) / (len(others) + 1)
    return (percentile + math.log1p(value) / math.log1p(others[-1])) / 2


def _voted_trend(
    paper: TrendPaper, series: Sequence[Series], pools: _Pools, now: datetime
) -> Trend:
    standings = [pools.standing(one, paper.area) for one in series]
    shares = sorted(
        ((one.metric.worth * standings[n][0], n) for n, one in enumerate(series)),
        key=lambda entry: (-entry[0], entry[1]),
    )
    strength = shares[0][0]
    for share, _ in shares[1:]:
        strength += (1 - strength) * AGREEMENT_SHARE * share
    named = next((n for _, n in shares if not series[n].metric.aside), shares[0][1])
    strongest, (standing, by_area) = series[named], standings[named]
    state = momentum(strongest, standing, now)
    most_in = paper.area if by_area and pools.leads(strongest, paper.area) else ""
    return Trend(
        score=VOTED_LEAST + (1 - VOTED_LEAST) * strength,
        state=state,
        reason=words(strongest, state, most_in, now),
        parts=tuple((f"{series[n].source}/{series[n].metric.many}", share) for share, n in shares),
    )


def _silent_trend(paper: TrendPaper, now: datetime) -> Trend:
    age = max(now - paper.appeared_at, timedelta())
    recency = 0.5 ** (age / SILENT_HALF_LIFE)
    source = min(paper.listed_at, key=lambda name: (paper.listed_at[name], name), default="")
    state, reason = silent(age, source)
    return Trend(
        score=SILENT_MOST * recency, state=state, reason=reason, parts=(("recency", recency),)
    )
