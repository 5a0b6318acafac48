"""`make bench`: every benchmark, as lines for people and as JSON in a folder."""

import argparse
import json
import os
from pathlib import Path

from benchmarks.measure import in_process

_RUNS = {
    "ingest": ("ingest", "20000"),
    "delivery_1000": ("delivery", "1000"),
    "delivery_10000": ("delivery", "10000"),
}
if RECORDINGS := os.environ.get("DIGEST_RECORDINGS"):
    _RUNS["dedupe"] = ("dedupe", RECORDINGS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("bench-out"))
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    results = {}
    for name, (module, argument) in _RUNS.items():
        results[name] = in_process(module, argument)
        print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in results[name].items()))
    small, large = results["delivery_1000"]["peak_mb"], results["delivery_10000"]["peak_mb"]
    results["memory"] = {"ratio_10000_to_1000_readers": round(large / small, 3)}
    print(f"memory: peak at 10,000 readers is {large / small:.2f} times that at 1,000")
    (out / "bench.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
