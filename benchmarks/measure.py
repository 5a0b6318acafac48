"""Running a measurement in a process of its own, for a clean clock and a clean peak of memory."""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any


def in_process(module: str, *arguments: str) -> dict[str, Any]:
    """The JSON that `python -m benchmarks.MODULE ARGUMENTS` prints."""
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{module}", *arguments],
        check=True,
        capture_output=True,
        text=True,
    )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def timed(work: Callable[[], object]) -> float:
    """Seconds that `work` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def peak_mb() -> float:
    """The largest resident size of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Stopwatch:
    """Counts the seconds spent inside `with watch:`, however often, and those that the processor
    was at it: the latter stay the same when others keep the machine busy."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.cpu_seconds = 0.0
        self._started = (0.0, 0.0)

    def __enter__(self) -> None:
        self._started = (time.perf_counter(), time.process_time())

    def __exit__(self, *_: object) -> None:
        started, cpu_started = self._started
        self.seconds += time.perf_counter() - started
        self.cpu_seconds += time.process_time() - cpu_started
