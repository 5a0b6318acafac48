"""How fast papers rise, from readings of votes, stars, points and citations over time.

Votes are projected to where they will end, not decayed: a reading is multiplied by the median
growth that papers of its age still had (measured on Hugging Face votes of a year). Numbers of
different sources are made comparable by their place among the readings of the same source and
metric, so that a field with few voters is not drowned. A source that was out leaves an older
reading, which counts as what it is; no reading is ever taken for a zero.
"""

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from digest.core.identifiers import PaperId
from digest.core.papers import Signal
from digest.core.source_names import source_name

# (age of the reading in hours, factor from there to the end); straight lines in between.
GROWTH = ((12.0, 2.1), (24.0, 1.3), (36.0, 1.3), (48.0, 1.1), (72.0, 1.0))
# How far the growth still to come follows the last day's own speed instead of the median.
SPEED_SHARE = 0.6

# A paper that anybody voted for is above every paper that nobody did.
SILENT_MOST = 0.15
VOTED_LEAST = 0.2
SILENT_HALF_LIFE = timedelta(days=2)
# Each further metric that speaks for a paper closes this share of the gap to 1.
AGREEMENT_SHARE = 0.25

RISING_FACTOR = 1.25
RISING_VOTES = 3
NEW_WITHIN = timedelta(days=3)
STALE_AFTER = timedelta(hours=36)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """What is counted, in words, how much it says of a paper, and whether it grows for days only
    (votes) or for years (citations), where a projection to the end makes no sense.

    `place` is the source where it is counted, whichever sources repeat it: it speaks once.
    """

    one: str
    many: str
    worth: float = 1.0
    settles: bool = True
    place: str = ""


_METRICS = {
    "upvotes": Metric(one="vote", many="votes"),
    "votes": Metric(one="vote", many="votes"),
    "points": Metric(one="point", many="points"),
    "score": Metric(one="point", many="points"),
    "likes": Metric(one="like", many="likes"),
    "comments": Metric(one="comment", many="comments", worth=0.6),
    "stars": Metric(one="star", many="stars", worth=0.6, settles=False, place="github"),
    "github_stars": Metric(one="GitHub star", many="GitHub stars", worth=0.6, settles=False),
    "citations": Metric(one="citation", many="citations", worth=0.6, settles=False),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendPaper:
    """`listed_at` says when each source showed the paper first; `appeared_at` stands in."""

    paper_id: PaperId
    appeared_at: datetime
    signals: tuple[Signal, ...] = ()
    listed_at: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """`score` in [0, 1]; `reason` in words with numbers; `parts` are the names and values used:
    per `source/metric` its share in [0, 1], or `recency`."""

    score: float
    reason: str
    parts: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Series:
    """The readings of one metric of one paper at one source, in order of time."""

    source: str
    metric: Metric
    listed_at: datetime
    readings: tuple[Signal, ...]

    @property
    def last(self) -> Signal:
        return self.readings[-1]

    def day_before(self) -> Signal | None:
        """The earlier reading that is nearest to a day before the last, at least 6 hours off."""
        day = timedelta(days=1)
        earlier = [r for r in self.readings if self.last.at - r.at >= timedelta(hours=6)]
        return min(earlier, key=lambda r: abs(self.last.at - r.at - day), default=None)

    def projected(self) -> float:
        """Where the count is going to end; never less than what was read."""
        if not self.metric.settles:
            return self.last.value
        to_come = growth(self.last.at - self.listed_at) - 1.0
        speed = self.last.value
        if before := self.day_before():
            days = (self.last.at - before.at) / timedelta(days=1)
            per_day = max(0.0, self.last.value - before.value) / days
            speed = (1 - SPEED_SHARE) * speed + SPEED_SHARE * 2 * per_day
        return self.last.value + to_come * speed


def growth(age: timedelta) -> float:
    """The median factor from a reading at this age to the final count: 2.1 falling to 1."""
    hours = age / timedelta(hours=1)
    for (early, high), (late, low) in pairwise(GROWTH):
        if hours <= late:
            return high + (low - high) * max(0.0, hours - early) / (late - early)
    return GROWTH[-1][1]


def trends(papers: Sequence[TrendPaper], *, now: datetime) -> dict[PaperId, Trend]:
    """The trend of each paper among these papers, as it could be known at `now`.

    Only readings up to `now` count; of a series that has none, the earliest later one stands in
    (a backfill). More votes never lower a score, and neither does a reading that is old because
    its source was out. A paper without votes scores by its newness, below every paper with one.
    """
    series = {paper.paper_id: _voted(paper, now) for paper in papers}
    field_of: dict[tuple[str, Metric], list[float]] = defaultdict(list)
    for each in series.values():
        for one in each:
            field_of[one.source, one.metric].append(one.projected())
    for values in field_of.values():
        values.sort()
    return {
        paper.paper_id: _voted_trend(series[paper.paper_id], field_of, now)
        if series[paper.paper_id]
        else _silent_trend(paper, now)
        for paper in papers
    }


def _voted(paper: TrendPaper, now: datetime) -> list[_Series]:
    by_metric: dict[tuple[str, str], list[Signal]] = defaultdict(list)
    for signal in sorted(paper.signals, key=lambda signal: (signal.at, signal.value)):
        by_metric[signal.source, signal.metric].append(signal)
    found = []
    for source, name in sorted(by_metric):
        readings = by_metric[source, name]
        metric = _METRICS.get(name) or _unknown_metric(name)
        if metric.place and source != _teller(metric.place, name, by_metric):
            continue
        known = [reading for reading in readings if reading.at <= now] or readings[:1]
        if known[-1].value > 0:
            found.append(
                _Series(
                    source=metric.place or source,
                    metric=metric,
                    listed_at=paper.listed_at.get(source, paper.appeared_at),
                    readings=tuple(known),
                )
            )
    return found


def _teller(place: str, name: str, by_metric: Mapping[tuple[str, str], Sequence[Signal]]) -> str:
    """Which source is believed about a count of another place: that place itself, else the one
    that looked there last."""
    sources = [source for source, metric in by_metric if metric == name]
    if place in sources:
        return place
    return max(sources, key=lambda source: (by_metric[source, name][-1].at, source))


def _unknown_metric(name: str) -> Metric:
    words = name.replace("_", " ")
    return Metric(one=words.removesuffix("s"), many=words, worth=0.5)


def _voted_trend(
    series: Sequence[_Series], field_of: Mapping[tuple[str, Metric], Sequence[float]], now: datetime
) -> Trend:
    shares = sorted(
        (
            (each.metric.worth * _standing(each.projected(), field_of[each.source, each.metric]), n)
            for n, each in enumerate(series)
        ),
        key=lambda entry: (-entry[0], entry[1]),
    )
    strength = shares[0][0]
    for share, _ in shares[1:]:
        strength += (1 - strength) * AGREEMENT_SHARE * share
    return Trend(
        score=VOTED_LEAST + (1 - VOTED_LEAST) * strength,
        reason=_words(series[shares[0][1]], now),
        parts=tuple((f"{series[n].source}/{series[n].metric.many}", share) for share, n in shares),
    )


def _standing(value: float, others: Sequence[float]) -> float:
    """Where a value stands among sorted `others`, itself among them: in (0, 1], rising.

    Half of it is its percentile, with ties shared and drawn to the middle where there are few;
    half is its size on a logarithmic scale, so that a run-away leader stays one.
    """
    below, up_to = bisect_left(others, value), bisect_right(others, value)
    percentile = (below + (up_to - below) / 2 + 0.5) / (len(others) + 1)
    return (percentile + math.log1p(value) / math.log1p(others[-1])) / 2


def _silent_trend(paper: TrendPaper, now: datetime) -> Trend:
    age = max(now - paper.appeared_at, timedelta())
    recency = 0.5 ** (age / SILENT_HALF_LIFE)
    source = min(paper.listed_at, key=lambda name: (paper.listed_at[name], name), default="")
    where = f" on {source_name(source)}" if source else ""
    reason = f"new{where}" if age <= NEW_WITHIN else f"{age.days} days old, no votes yet"
    return Trend(score=SILENT_MOST * recency, reason=reason, parts=(("recency", recency),))


def _words(series: _Series, now: datetime) -> str:
    last, before = series.last, series.day_before()
    count = f"{last.value:,.0f}"
    noun = series.metric.one if round(last.value) == 1 else series.metric.many
    if before and _is_rising(before, last) and now - last.at <= STALE_AFTER:
        return f"rising: {before.value:,.0f} → {count} {noun} {_since(before.at, now)}"
    name = source_name(series.source)
    return f"{count} {noun}" if name in noun else f"{count} {noun} on {name}"


def _is_rising(before: Signal, last: Signal) -> bool:
    gained = last.value - before.value
    return gained >= RISING_VOTES and last.value >= RISING_FACTOR * before.value


def _since(moment: datetime, now: datetime) -> str:
    days = (now.astimezone(UTC).date() - moment.astimezone(UTC).date()).days
    match max(days, 0):
        case 0:
            hours = round((now - moment) / timedelta(hours=1))
            return f"in {max(hours, 1)} h"
        case 1:
            return "since yesterday"
        case _:
            return f"in {days} days"
