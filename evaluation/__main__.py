"""`make eval`: the quality of ranking beside BM25 and a classifier per person, and of trend.

Reads the judged collections of $DIGEST_RECORDINGS: `relevance/SET/` and `trend/cases.jsonl`.
Prints tables and writes eval.json; the baselines' results are kept beside it. Costs are the
processor's time for a query, one thread each, without making the papers ready.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from digest.evaluation import runs
from evaluation import sets, trend
from evaluation.means import mean_of
from evaluation.measuring import BASELINES, PARTS, Job, joined, measure
from evaluation.tables import comparison, print_kind, print_table, row_of

_METHODS = (*BASELINES, *runs.METHODS)
_TREND = "trend"
# The longest first, so that no process is left with it at the end.
_LONGEST = ("cult_users", "cula_users", "cult_tags", "cula_tags")


def main() -> None:
    arguments = _arguments()
    recordings = os.environ.get("DIGEST_RECORDINGS")
    if not recordings:
        sys.exit("DIGEST_RECORDINGS must name the folder with relevance/ and trend/")
    chosen = arguments.set or [*sets.NAMES, _TREND]
    if missing := _missing(Path(recordings), arguments.set):
        sys.exit(f"DIGEST_RECORDINGS is {recordings}, where there is no {', '.join(missing)}")
    found = _relevance(Path(recordings) / "relevance", chosen, arguments)
    document: dict[str, Any] = {"relevance": {}}
    for kind, names in sets.KINDS.items():
        if rows := {name: found[name] for name in names if name in found}:
            print_kind(kind, rows)
            document["relevance"][kind] = {"sets": rows, "ratios": comparison(rows)}
    if _TREND in chosen:
        document[_TREND] = _trend(Path(recordings) / "trend" / "cases.jsonl")
    arguments.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document, indent=2)
    (arguments.out / "eval.json").write_text(f"{text}\n", encoding="utf-8")


def _missing(recordings: Path, named: list[str] | None) -> list[str]:
    """What is not there of what was asked for by name; without names, of the two folders."""
    if named is None:
        return [name for name in ("relevance", _TREND) if not (recordings / name).is_dir()]
    places = (_TREND if name == _TREND else f"relevance/{name}" for name in named)
    return [place for place in places if not (recordings / place).is_dir()]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="evaluation", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("eval-out"))
    parser.add_argument("--set", choices=[*sets.NAMES, _TREND], action="append")
    parser.add_argument("--method", choices=_METHODS, action="append")
    parser.add_argument("--queries", type=int, metavar="N", help="only the first N of each set")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    return parser.parse_args()


def _relevance(
    folder: Path, chosen: list[str], arguments: argparse.Namespace
) -> dict[str, dict[str, Any]]:
    """By collection and method, what was measured; nothing of collections that are not there."""
    jobs = list(_jobs(folder, chosen, arguments))
    found: dict[str, dict[str, list[Any]]] = {}
    with ExitStack() as stack:
        run = map
        if arguments.processes > 1:
            run = stack.enter_context(ProcessPoolExecutor(arguments.processes)).map
        for job, result in zip(jobs, run(measure, jobs), strict=True):
            print(f"{job.collection} {job.method}", file=sys.stderr, flush=True)
            found.setdefault(job.collection, {}).setdefault(job.method, []).append(result)
    return {
        name: {m: row_of(joined(results[m])) for m in _METHODS if m in results}
        for name, results in found.items()
    }


def _jobs(folder: Path, chosen: list[str], arguments: argparse.Namespace) -> Iterator[Job]:
    names = sorted(
        (name for name in sets.NAMES if name in chosen and (folder / name).is_dir()),
        key=lambda name: (name not in _LONGEST, name),
    )
    for method in reversed(_METHODS):
        if arguments.method and method not in arguments.method:
            continue
        for name in names:
            if method == "svm" and name not in sets.KINDS["liked papers"]:
                continue
            for part in range(PARTS.get(method, 1)):
                yield Job(
                    folder=folder,
                    cache=arguments.out / "cache",
                    collection=name,
                    method=method,
                    most=arguments.queries,
                    part=part,
                )


def _trend(path: Path) -> dict[str, Any]:
    cases = trend.read_cases(path)
    document: dict[str, Any] = {"moments": len(cases)}
    table = [["nDCG@10 [95 %]", "final votes", "votes still to come"]]
    for name, method in trend.METHODS.items():
        means = {gain: mean_of(values) for gain, values in trend.quality(cases, method).items()}
        table.append([name, *map(str, means.values())])
        document[name] = {
            gain: {"ndcg@10": mean.value, "interval": [mean.low, mean.high]}
            for gain, mean in means.items()
        }
    print(f"\ntrend, {len(cases)} moments")
    print_table(table)
    return document


if __name__ == "__main__":
    main()
