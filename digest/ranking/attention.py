"""The readings of one metric of one paper at one source, and where its count is going to end."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter

from digest.core.papers import Signal
from digest.ranking.growth import Growth, Growths

# How far the growth still to come follows the last day's own speed instead of the count.
SPEED_SHARE = 0.6
# A day's votes go for half of the count at the age of a day: twice the pace is level with it.
_PACE_OF_COUNT = 2.0
_DAY = timedelta(days=1)
_LEAST_APART = timedelta(hours=6)
# What a few hours brought is not taken for a pace that lasts.
_LEAST_PACED = timedelta(hours=12)
_IN_ORDER = attrgetter("at", "value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """What is counted, in words, how much it says of a paper, and whether it grows for days only
    (votes) or for years (citations), where a projection to the end makes no sense.

    `place` is the source where it is counted, whichever sources repeat it: it speaks once. What is
    `aside` is named only where nothing else can be.
    """

    one: str
    many: str
    worth: float = 1.0
    settles: bool = True
    place: str = ""
    aside: bool = False


_METRICS = {
    "upvotes": Metric(one="vote", many="votes"),
    "votes": Metric(one="vote", many="votes"),
    "points": Metric(one="point", many="points"),
    "score": Metric(one="point", many="points"),
    "likes": Metric(one="like", many="likes"),
    "comments": Metric(one="comment", many="comments", worth=0.6, aside=True),
    "stars": Metric(one="star", many="stars", worth=0.6, settles=False, place="github"),
    "github_stars": Metric(one="GitHub star", many="GitHub stars", worth=0.6, settles=False),
    "citations": Metric(one="citation", many="citations", worth=0.6, settles=False),
}


def metric_of(name: str) -> Metric:
    """What a source calls by this name; one that nobody knows is worth half."""
    return _METRICS.get(name) or _unknown_metric(name)


def _unknown_metric(name: str) -> Metric:
    words = name.replace("_", " ")
    return Metric(one=words.removesuffix("s"), many=words, worth=0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """`last` is above zero; `before` is the earlier reading that is nearest to a day before it,
    at least 6 hours off. `projected` is where the count is going to end, never less than `last`.
    """

    source: str
    metric: Metric
    listed_at: datetime
    last: Signal
    before: Signal | None
    projected: float

    @property
    def age(self) -> timedelta:
        """Of the paper, at its last reading."""
        return self.last.at - self.listed_at


def attention(
    signals: Iterable[Signal],
    listed_at: Mapping[str, datetime],
    appeared_at: datetime,
    *,
    now: datetime,
    growths: Growths,
) -> tuple[Series, ...]:
    """One series for each source and metric that has votes as known at `now`, in that order.

    Of readings that are all later than `now`, the earliest stands in (a backfill).
    """
    by_metric: dict[tuple[str, str], list[Signal]] = defaultdict(list)
    for signal in signals:
        by_metric[signal.source, signal.metric].append(signal)
    found = []
    for source, name in sorted(by_metric):
        metric = metric_of(name)
        if metric.place and source != _teller(metric.place, name, by_metric):
            continue
        readings = sorted(by_metric[source, name], key=_IN_ORDER)
        known = [reading for reading in readings if reading.at <= now] or readings[:1]
        last = known[-1]
        if last.value > 0:
            before = _day_before(known)
            listed = listed_at.get(source, appeared_at)
            found.append(
                Series(
                    source=metric.place or source,
                    metric=metric,
                    listed_at=listed,
                    last=last,
                    before=before,
                    projected=_projected(last, before, listed, growths.of(source, name))
                    if metric.settles
                    else last.value,
                )
            )
    return tuple(found)


def _teller(place: str, name: str, by_metric: Mapping[tuple[str, str], Sequence[Signal]]) -> str:
    """Which source is believed about a count of another place: that place itself, else the one
    that looked there last."""
    sources = [source for source, metric in by_metric if metric == name]
    if place in sources:
        return place
    return max(sources, key=lambda one: (max(s.at for s in by_metric[one, name]), one))


def _day_before(readings: Sequence[Signal]) -> Signal | None:
    last = readings[-1]
    earlier = [one for one in readings if last.at - one.at >= _LEAST_APART]
    return min(earlier, key=lambda one: abs(last.at - one.at - _DAY), default=None)


def _projected(last: Signal, before: Signal | None, listed_at: datetime, growth: Growth) -> float:
    """The count, and what papers of its age and pace still got; small counts get more."""
    pace = last.value
    if before is not None:
        days = max(last.at - before.at, _LEAST_PACED) / _DAY
        per_day = max(0.0, last.value - before.value) / days
        pace = (1 - SPEED_SHARE) * pace + SPEED_SHARE * _PACE_OF_COUNT * per_day
    to_come = growth.factor(last.at - listed_at) - 1.0
    return last.value + to_come * (pace + growth.head_start)
