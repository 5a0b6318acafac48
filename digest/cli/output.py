"""How answers reach a person or a program: tables and lines, or one JSON document."""

import json
import re
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

# What a stranger wrote must not move a cursor or set a colour (ECMA-48): titles are printed.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_GAP = 2
# A folded column narrower than this is no longer read; the terminal wraps the line instead.
_LEAST_FOLDED = 14
# One title of a thousand words must not push all others apart.
_MOST_PADDED = 120


def stdout(width: int | None = None) -> Console:
    return Console(width=width, highlight=False)


def stderr() -> Console:
    return Console(stderr=True, highlight=False)


def _harmless(text: str) -> str:
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


def print_json(document: Any) -> None:
    """One JSON document, nothing else."""
    print(json.dumps(document, ensure_ascii=False, indent=2, default=_plain))  # noqa: T201


def print_json_line(document: Any) -> None:
    """One JSON document on one line, in plain ASCII: an answer may have many of them."""
    print(json.dumps(document, default=_plain))  # noqa: T201


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def iso(moment: datetime | None) -> str | None:
    """A moment as `2026-03-20T21:00:00Z`."""
    if moment is None:
        return None
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def short_time(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "-"


def print_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    empty: str,
    fold: Collection[str] = (),
) -> None:
    """A table of plain text; `empty` is the line to print instead when there are no rows.

    On a terminal the columns of `fold` share what is left of its width; no other is ever broken,
    for an address or a number in two pieces cannot be copied. In a pipe a row is always one line.
    """
    if not rows:
        say(empty)
        return
    cells = [[" ".join(_harmless(str(cell)).split()) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(columns, *cells, strict=True)]
    if not sys.stdout.isatty():
        padded_to = [min(width, _MOST_PADDED) for width in widths]
        for row in (columns, *cells):
            print(_padded(row, padded_to))  # noqa: T201
        return
    least, terminal = _least_width(columns, widths, fold), stdout().width
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column, width in zip(columns, widths, strict=True):
        if column not in fold:
            table.add_column(column, min_width=width, no_wrap=True)
        elif least <= terminal:
            table.add_column(column, overflow="fold")
        else:  # the terminal wraps anyway: rows of one line each stay readable
            shown = min(width, _LEAST_FOLDED)
            table.add_column(
                column, min_width=shown, max_width=shown, overflow="ellipsis", no_wrap=True
            )
    for row in cells:
        table.add_row(*map(escape, row))
    stdout(max(terminal, least)).print(table)


def _padded(row: Sequence[str], widths: Sequence[int]) -> str:
    padded = (
        cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)
    )
    return (" " * _GAP).join(padded).rstrip()


def _least_width(columns: Sequence[str], widths: Sequence[int], fold: Collection[str]) -> int:
    least = (
        min(width, _LEAST_FOLDED) if column in fold else width
        for column, width in zip(columns, widths, strict=True)
    )
    return sum(least) + _GAP * (len(columns) - 1)


def say(line: str) -> None:
    """One line of an answer."""
    stdout().print(escape(_harmless(line)), soft_wrap=True)


def note(line: str) -> None:
    """One line beside the answer, on stderr."""
    stderr().print(escape(_harmless(line)), soft_wrap=True)


def warn(line: str) -> None:
    """One line of trouble, on stderr."""
    stderr().print(f"[bold red]{escape(_harmless(line))}[/]", soft_wrap=True)


def counted(number: int, noun: str) -> str:
    """`1 delivery`, `2 deliveries`."""
    many = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else many}"


@contextmanager
def shares_progress(label: str) -> Iterator[Callable[[str, int, float | None], None]]:
    """As `progress`, for work that can tell how large a part of it is done.

    What it yields is told who is at work, a count, and the part that is done, in [0, 1], or None
    where that is not known; each at work has a bar of its own, with the time that is left.
    """
    console = stderr()
    if not console.is_terminal:
        yield lambda _who, _count, _part: None
        return
    bars = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[count]:,}"),
        TimeRemainingColumn(elapsed_when_finished=True),
        console=console,
        transient=True,
    )
    tasks: dict[str, TaskID] = {}

    def show(who: str, count: int, part: float | None) -> None:
        if who not in tasks:
            tasks[who] = bars.add_task(f"{label} {who}", total=None, count=0)
        total = None if part is None else 1.0
        bars.update(tasks[who], total=total, completed=part or 0.0, count=count)

    with bars:
        yield show


@contextmanager
def progress(label: str, total: int | None = None) -> Iterator[Callable[[str, int], None]]:
    """A bar on stderr while something takes its time; nothing where stderr is no terminal.

    What it yields is told a label and how much is done so far.
    """
    console = stderr()
    if not console.is_terminal:
        yield lambda _label, _done: None
        return
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        transient=True,
    )
    with bar:
        task = bar.add_task(label, total=total)
        yield lambda text, done: bar.update(task, description=text or label, completed=done)
