"""Results as tables for people and rows for programs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from evaluation.means import Mean, mean_of
from evaluation.measuring import BASELINES, Result


def row_of(result: Result) -> dict[str, Any]:
    """What is written down of one method on one collection."""
    ndcg = mean_of([row["ndcg@10"] for row in result.by_query.values()])
    return {
        "queries": len(result.by_query),
        "ndcg@10": ndcg.value,
        "interval": [ndcg.low, ndcg.high],
        **{
            name: float(np.mean([row[name] for row in result.by_query.values()] or [0.0]))
            for name in ("map", "recall@100")
        },
        "ms_per_query": 1000 * result.seconds / max(result.asked, 1),
        "prepare_seconds": result.prepare_s,
    }


Rows = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""By collection and method, what `row_of` says."""


def comparison(rows: Rows) -> dict[str, dict[str, float]]:
    """By method of ours: the mean of its ratios to BM25 and to the better baseline of each
    collection, the least of the latter, and the mean of its cost's ratios to the SVM's."""
    found: dict[str, dict[str, float]] = {}
    for method in dict.fromkeys(m for row in rows.values() for m in row if m not in BASELINES):
        ratios: dict[str, list[float]] = {}
        for row in rows.values():
            if method in row:
                for name, ratio in _ratios(row, method).items():
                    ratios.setdefault(name, []).append(ratio)
        found[method] = {name: float(np.mean(each)) for name, each in ratios.items()}
        if better := ratios.get("to_better"):
            found[method]["to_better_least"] = min(better)
    return found


def _ratios(row: Mapping[str, Mapping[str, Any]], method: str) -> dict[str, float]:
    ours, found = row[method]["ndcg@10"], {}
    others = {name: row[name]["ndcg@10"] for name in BASELINES if name in row}
    if others.get("bm25"):
        found["to_bm25"] = ours / others["bm25"]
    if others and max(others.values()):
        found["to_better"] = ours / max(others.values())
    if "svm" in row:
        found["cost_to_svm"] = row[method]["ms_per_query"] / row["svm"]["ms_per_query"]
    return found


def print_kind(kind: str, rows: Rows) -> None:
    methods = list(dict.fromkeys(method for row in rows.values() for method in row))
    table = [["nDCG@10 [95 %]", "queries", *methods, *(f"{m} ms" for m in methods), "ratio"]]
    for name, row in rows.items():
        cells = [name, str(next(iter(row.values()))["queries"])]
        cells += [_quality(row[m]) if m in row else "-" for m in methods]
        cells += [f"{row[m]['ms_per_query']:.1f}" if m in row else "-" for m in methods]
        table.append([*cells, _against(row)])
    print(f"\n{kind}")
    print_table(table)
    for method, ratios in comparison(rows).items():
        told = ", ".join(f"{name.replace('_', ' ')} x {r:.3f}" for name, r in ratios.items())
        print(f"{method}: {told}" if told else method)


def _quality(row: Mapping[str, Any]) -> str:
    low, high = row["interval"]
    return str(Mean(value=row["ndcg@10"], low=low, high=high))


def _against(row: Mapping[str, Mapping[str, Any]]) -> str:
    """The ratio of each method of ours to the better baseline."""
    ours = [method for method in row if method not in BASELINES]
    ratios = [_ratios(row, method).get("to_better") for method in ours]
    return " ".join(f"x {ratio:.3f}" for ratio in ratios if ratio is not None) or "-"


def print_table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())
