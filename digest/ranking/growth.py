"""How a count goes on growing with the age of a paper, learnt from readings of the past.

A curve is a handful of factors, from a reading at an age to the count in the end. What is shipped
was measured on Hugging Face votes of a year; one's own readings take its place, source by source
and metric by metric, as far as there are enough of them.
"""

import json
import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate, pairwise
from statistics import median

VERSION = 1

# Ages in hours at which a curve is known; straight lines in between, flat outside.
KNOTS = (12.0, 24.0, 36.0, 48.0, 72.0, 120.0, 240.0)
# A reading speaks for the knot whose span it falls into; the last knot is where growth ends.
_SPANS = (18.0, 30.0, 42.0, 60.0, 96.0, 180.0)
_SHIPPED_FACTORS = (2.1, 1.3, 1.25, 1.2, 1.15, 1.08, 1.0)
_MOST_FACTOR = 50.0

# As many papers as make what was learnt weigh as much as what is shipped.
TRUST = 200
# What counts as the end: a reading at this age, and so long after the one that grew.
_END_AGE = timedelta(days=4)
_END_AFTER = timedelta(hours=30)
# Small counts grow relatively more: this much of the median count of the first day is added to
# each before it is multiplied.
_HEAD_START_OF_MEDIAN = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """`factors` from a reading at each of `KNOTS` to the end, at least 1 and never rising;
    `head_start` is how many votes more every paper is credited with when growth is foreseen."""

    factors: tuple[float, ...] = _SHIPPED_FACTORS
    head_start: float = 2.0

    def factor(self, age: timedelta) -> float:
        """From a reading at this age to the final count."""
        hours = age / timedelta(hours=1)
        after = bisect_left(KNOTS, hours)
        if after == 0:
            return self.factors[0]
        if after == len(KNOTS):
            return self.factors[-1]
        early, late = KNOTS[after - 1], KNOTS[after]
        high, low = self.factors[after - 1], self.factors[after]
        return high + (low - high) * (hours - early) / (late - early)


@dataclass(frozen=True, slots=True, kw_only=True)
class Growths:
    """The curve of each (source, metric); of one that nothing is known about, what is shipped."""

    known: Mapping[tuple[str, str], Growth] = field(default_factory=dict)

    def of(self, source: str, metric: str) -> Growth:
        key = source, metric
        return self.known.get(key) or _SHIPPED.get(key) or _ANY

    def to_json(self) -> bytes:
        rows = [
            [source, metric, list(curve.factors), curve.head_start]
            for (source, metric), curve in sorted(self.known.items())
        ]
        return json.dumps(rows).encode()


_ANY = Growth()
_SHIPPED = {("huggingface", "upvotes"): Growth(head_start=9.0)}
SHIPPED = Growths()


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The readings (time, count) of one metric of one paper at one source, in order of time."""

    source: str
    metric: str
    listed_at: datetime
    readings: tuple[tuple[datetime, float], ...]


@dataclass(slots=True)
class _Sample:
    """What is remembered of the papers of one source and metric."""

    first_day: list[float] = field(default_factory=list)
    ratios: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))


def learn_growths(histories: Iterable[History]) -> Growths:
    """The curves that these readings show, each blended with what is shipped by the number of
    papers it rests on. The order of the histories does not matter; they are read once."""
    samples: dict[tuple[str, str], _Sample] = defaultdict(_Sample)
    for history in histories:
        _remember(samples[history.source, history.metric], history)
    return Growths(
        known={key: _learnt(sample, SHIPPED.of(*key)) for key, sample in sorted(samples.items())}
    )


def _remember(sample: _Sample, history: History) -> None:
    """One ratio for each span of age: a paper that is read hourly says no more than others."""
    if not history.readings:
        return
    end, final = history.readings[-1]
    at_span: dict[int, float] = {}
    for at, value in history.readings:
        span = bisect_left(_SPANS, (at - history.listed_at) / timedelta(hours=1))
        if value > 0 and span < len(_SPANS) and end - at >= _END_AFTER:
            at_span[span] = value
    if end - history.listed_at < _END_AGE:
        return
    for span, value in at_span.items():
        sample.ratios[span].append((final + 1) / (value + 1))
    if 0 in at_span:
        sample.first_day.append(at_span[0])


def _learnt(sample: _Sample, shipped: Growth) -> Growth:
    factors = [
        _blend(_middle(sample.ratios[span]), factor, len(sample.ratios[span]))
        if span in sample.ratios
        else factor
        for span, factor in enumerate(shipped.factors)
    ]
    # Later readings have less to come: from the end backwards, no factor below the next.
    falling = tuple(accumulate(reversed(factors), max))[::-1]
    head_start = shipped.head_start
    if sample.first_day:
        typical = _HEAD_START_OF_MEDIAN * median(sample.first_day)
        head_start = _blend(typical, head_start, len(sample.first_day))
    return Growth(factors=falling, head_start=head_start)


def _middle(ratios: list[float]) -> float:
    return min(max(median(ratios), 1.0), _MOST_FACTOR)


def _blend(own: float, shipped: float, papers: int) -> float:
    share = papers / (papers + TRUST)
    return math.exp(share * math.log(own) + (1 - share) * math.log(shipped))


def decode(version: int, payload: bytes) -> Growths:
    """What `Growths.to_json` wrote; what is shipped, where it is of another version or damaged."""
    if version != VERSION:
        return SHIPPED
    try:
        return Growths(
            known={
                (str(source), str(metric)): _checked(factors, head_start)
                for source, metric, factors, head_start in json.loads(payload)
            }
        )
    except (ValueError, TypeError, OverflowError, RecursionError):
        return SHIPPED


def _checked(factors: Sequence[float], head_start: float) -> Growth:
    found = Growth(factors=tuple(map(float, factors)), head_start=float(head_start))
    if len(found.factors) != len(KNOTS):
        raise ValueError("no curve of these ages")
    falling = all(high >= low for high, low in pairwise(found.factors))
    # Written so that no comparison with NaN passes.
    sound = found.factors[-1] >= 1.0 and found.factors[0] <= _MOST_FACTOR and falling
    if not sound or not 0.0 <= found.head_start < math.inf:
        raise ValueError("no curve")
    return found
