"""How good a ranking is, by ir-measures: https://ir-measur.es, which counts as trec_eval does."""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType

from digest.core.errors import InvalidInput
from digest.evaluation.files import Judgements

# What a judged query is measured on, whatever is shown of it; the depth of trec_eval's runs.
DEPTH = 1000
_MEASURES = {"ndcg@10": "nDCG@10", "map": f"AP@{DEPTH}", "recall@100": "R@100"}
MEASURES = tuple(_MEASURES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """By measure the mean over judged queries, in [0, 1], and for each of them by its id."""

    means: Mapping[str, float]
    by_query: Mapping[str, Mapping[str, float]]


def require_measures() -> None:
    """Raises InvalidInput, saying how to install them, where the measures are not installed."""
    _library()


def quality(rankings: Mapping[str, Sequence[str]], judgements: Judgements) -> Quality:
    """The quality of rankings: by query the ids of papers, best first.

    A query is judged when some paper was found relevant for it; a judged one of the rankings
    with no paper ranked counts as 0. All means are 0 where no query is judged. Gains are linear.
    Raises InvalidInput where the measures are not installed.
    """
    library = _library()
    by_query: dict[str, dict[str, float]] = {
        query: dict.fromkeys(MEASURES, 0.0)
        for query in rankings
        if any(grade > 0 for grade in judgements.get(query, {}).values())
    }
    names = {library.parse_measure(theirs): ours for ours, theirs in _MEASURES.items()}
    # The place is the score, so that equal scores stay in the order in which they were ranked.
    run = {
        query: {paper: -float(place) for place, paper in enumerate(rankings[query])}
        for query in by_query
        if rankings[query]
    }
    judged = {query: dict(judgements[query]) for query in by_query}
    if run:
        for metric in library.iter_calc(list(names), judged, run):
            by_query[metric.query_id][names[metric.measure]] = metric.value
    count = max(len(by_query), 1)
    means = {name: sum(each[name] for each in by_query.values()) / count for name in MEASURES}
    return Quality(means=means, by_query=by_query)


def _library() -> ModuleType:
    try:
        return importlib.import_module("ir_measures")
    except ImportError:
        raise InvalidInput("--qrels needs ir-measures: pip install 'digest[eval]'") from None
