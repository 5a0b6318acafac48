"""A second process that plans: started by the one that hands out readers, and told by lines.

A line of JSON names readers; the answer is a line that says what came of them. At the end of its
input it ends, so it never outlives whoever started it.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from typing import Any

from digest.core.subscribers import SubscriberId
from digest.pipeline.app import App
from digest.pipeline.assemble import plan_named
from digest.pipeline.crew import AssembleReport, PlannerLost
from digest.pipeline.issues import Issues
from digest.settings import environment

_TIME_TO_END_S = 5.0
# The same as here: `python -m` would prefer modules that lie in the working directory.
_WHERE_MODULES_ARE = {"PYTHONSAFEPATH": "1", "PYTHONPATH": os.pathsep.join(sys.path)}


class PlannerProcess:
    """One that runs `command`, which answers as `answers` does. It begins at once; its log goes
    where this process's does. Ctrl-C is not told to it: it ends with whoever started it."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            env={**environment(), **_WHERE_MODULES_ARE},
            process_group=0,  # a terminal interrupts the group in front
        )

    def plan(self, day: date | None, ids: Sequence[SubscriberId]) -> AssembleReport:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = {"day": day.isoformat() if day else None, "ids": list(ids)}
        try:
            self._process.stdin.write(json.dumps(asked) + "\n")
            return _report(json.loads(self._process.stdout.readline()))
        # A broken pipe, or the end or others' words in its place.
        except (OSError, ValueError, KeyError, TypeError):
            raise PlannerLost(f"a process that planned ended with {self._ended()}") from None

    def kill(self) -> None:
        """Ends it at once, whatever it has in hand."""
        self._process.kill()

    def _ended(self) -> int:
        """Its exit code; one that is not at its end, as it should be, is brought to it."""
        try:
            return self._process.wait(timeout=_TIME_TO_END_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.wait()

    def close(self) -> None:
        # Closes its input, and waits for its end; what it was told when it was gone is lost.
        with suppress(OSError), self._process:
            pass


def answers(app: App, lines: Iterable[str]) -> Iterator[str]:
    """Plans what each line names, and says what came of it."""
    issues = Issues(app)
    for line in lines:
        asked = json.loads(line)
        day = date.fromisoformat(asked["day"]) if asked["day"] else None
        report = plan_named(app, issues, day, [SubscriberId(key) for key in asked["ids"]])
        yield json.dumps(_row(report))


def _report(row: Any) -> AssembleReport:
    return AssembleReport(
        days=tuple(map(date.fromisoformat, row["days"])),
        planned=row["planned"],
        skipped=row["skipped"],
        missed=row["missed"],
    )


def _row(report: AssembleReport) -> dict[str, Any]:
    return {
        "days": [day.isoformat() for day in report.days],
        "planned": report.planned,
        "skipped": report.skipped,
        "missed": report.missed,
    }
