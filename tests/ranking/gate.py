"""The quality of ranking and trend on a small set judged by hand, and what it was when last good.

`make gate` shows what a change did and writes the new values down: lower ones need a reason.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean

from digest.evaluation.files import read_judgements, read_papers, read_queries
from digest.evaluation.metrics import DEPTH, quality
from digest.evaluation.runs import METHODS, Collection
from evaluation import trend

FOLDER = Path(__file__).with_name("judged")
EXPECTED = FOLDER / "expected.json"

Values = dict[str, float]
"""nDCG@10 by group: the name of a query without its number, or what a trend is measured by."""


def relevance(method: str) -> Values:
    """The quality of a method by group of queries."""
    papers, bad = read_papers(FOLDER / "papers.jsonl")
    assert not bad
    queries = read_queries(FOLDER / "queries.jsonl")
    collection = Collection(papers, method)
    ranked = zip(queries, collection.ranked(queries, DEPTH), strict=True)
    rankings = {query.id: hits.papers for query, hits in ranked}
    groups: dict[str, list[float]] = defaultdict(list)
    for query, row in quality(rankings, read_judgements(FOLDER / "qrels.tsv")).by_query.items():
        groups[query.rpartition("-")[0]].append(row["ndcg@10"])
    return {name: fmean(values) for name, values in groups.items()}


def trends() -> Values:
    """The quality of trend over all moments, by votes at the end and by those still to come."""
    cases = trend.read_cases(FOLDER / "moments.jsonl")
    return {name: fmean(found) for name, found in trend.quality(cases, trend.of_product).items()}


def measured() -> dict[str, Values]:
    """What can be held against `expected`: by method, and `trend`."""
    return {**{method: relevance(method) for method in METHODS}, "trend": trends()}


def expected() -> dict[str, Values]:
    found: dict[str, Values] = json.loads(EXPECTED.read_text(encoding="utf-8"))
    return found


def _refresh() -> None:
    before: Mapping[str, Values] = expected() if EXPECTED.exists() else {}
    now = {
        part: {group: round(value, 4) for group, value in values.items()}
        for part, values in measured().items()
    }
    for part, values in now.items():
        for group, value in values.items():
            was = before.get(part, {}).get(group)
            change = "new" if was is None else f"{value - was:+.4f}"
            sys.stdout.write(f"{part:<9} {group:<10} {value:.4f} {change}\n")
    EXPECTED.write_text(json.dumps(now, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    _refresh()
