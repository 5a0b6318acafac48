"""`make bench`: every benchmark, as lines for people and as JSON in a folder."""

import argparse
import json
import os
from pathlib import Path
from typing import Any

from benchmarks.measure import in_process

_RUNS: dict[str, tuple[str, ...]] = {
    "ingest": ("ingest", "100000"),
    "growth": ("growth", "5000"),
    "statistics_10000": ("statistics", "10000"),
    "statistics_100000": ("statistics", "100000"),
    "ranking_1000": ("ranking", "1000", "1", "0"),
    "ranking_100000": ("ranking", "100000", "1", "0"),
    "ranking_100000_in_two": ("ranking", "100000", "1", "0", "2"),
    "ranking_100000_half_alike": ("ranking", "100000", "1", "0.5"),
    "ranking_1000_mixed": ("ranking", "1000", "20", "0"),
    "ranking_10000_mixed": ("ranking", "10000", "20", "0"),
    "compose_1000": ("compose", "1000"),
    "compose_10000": ("compose", "10000"),
    "returned_500": ("returned", "500"),
    "returned_2000": ("returned", "2000"),
    "delivery_1000": ("delivery", "1000"),
    "delivery_10000": ("delivery", "10000"),
}
if RECORDINGS := os.environ.get("DIGEST_RECORDINGS"):
    _RUNS["dedupe"] = ("dedupe", RECORDINGS)
_KINDS = tuple(dict.fromkeys(module for module, *_ in _RUNS.values()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("bench-out"))
    parser.add_argument("--only", choices=_KINDS, action="append", help="run this, not all")
    arguments = parser.parse_args()
    results: dict[str, dict[str, Any]] = {}
    for name, (module, *arguments_of_it) in _RUNS.items():
        if arguments.only and module not in arguments.only:
            continue
        results[name] = in_process(module, *arguments_of_it)
        print(
            f"{name}: " + ", ".join(f"{key} {value}" for key, value in results[name].items()),
            flush=True,
        )
    if "delivery_1000" in results:
        ratio = results["delivery_10000"]["peak_mb"] / results["delivery_1000"]["peak_mb"]
        results["memory"] = {"ratio_10000_to_1000_readers": round(ratio, 3)}
        print(f"memory: peak at 10,000 readers is {ratio:.2f} times that at 1,000")
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "bench.json").write_text(json.dumps(results, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
