"""Trend against what happened later: votes at the end, and votes that were still to come.

A line of the cases is a moment as `digest trend` reads it (`digest.evaluation.moments`), with
the `final` count of each paper, and the readings that were known at that moment only.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from digest.evaluation import moments

_HOUR = timedelta(hours=1)
Case = Mapping[str, Any]
Scores = Sequence[float]


def read_cases(path: Path) -> list[Case]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def of_product(case: Case) -> Scores:
    """The product's trend of each paper of a moment."""
    found = moments.scores(moments.moment_of(case))
    return [found[row["id"]] for row in case["papers"]]


def _simple(score: Callable[[float, float], float]) -> Callable[[Case], Scores]:
    """Scores from a paper's last count of votes and its age in hours."""

    def scores(case: Case) -> Scores:
        at = datetime.fromisoformat(case["at"])
        return [
            score(_last(row), (at - datetime.fromisoformat(row["listed_at"])) / _HOUR)
            for row in case["papers"]
        ]

    return scores


def _last(row: Mapping[str, Any]) -> float:
    return float(row["readings"][-1][2])


METHODS: Mapping[str, Callable[[Case], Scores]] = {
    "newest first": _simple(lambda _votes, hours: -hours),
    "votes / (hours + 2)^1.5": _simple(lambda votes, hours: votes / (hours + 2) ** 1.5),
    "votes / (hours + 1)": _simple(lambda votes, hours: votes / (hours + 1)),
    "votes": _simple(lambda votes, _hours: votes),
    "digest": of_product,
}


def quality(cases: Sequence[Case], method: Callable[[Case], Scores]) -> dict[str, list[float]]:
    """nDCG@10 of every moment, by votes at the end (`final`) and those still to come (`gain`)."""
    found: dict[str, list[float]] = {"final": [], "gain": []}
    for case in cases:
        scores, papers = method(case), case["papers"]
        order = sorted(range(len(scores)), key=lambda n: -scores[n])
        for name, votes in (
            ("final", [row["final"] for row in papers]),
            ("gain", [max(0, row["final"] - _last(row)) for row in papers]),
        ):
            found[name].append(ndcg(order, [math.log1p(count) for count in votes]))
    return found


def ndcg(order: Sequence[int], gains: Sequence[float], depth: int = 10) -> float:
    """nDCG of places in the order in which they are ranked; 1 where nothing can be gained."""
    best = _discounted(sorted(gains, reverse=True)[:depth])
    return _discounted([gains[n] for n in order[:depth]]) / best if best else 1.0


def _discounted(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(place + 2) for place, gain in enumerate(gains))
