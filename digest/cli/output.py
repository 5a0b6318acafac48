"""How answers reach a person or a program: tables and lines, or one JSON document."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table

# Tables in a pipe are as wide as they need to be: a cut column is no use to grep.
_PIPE_WIDTH = 240


def stdout() -> Console:
    """A console on today's stdout; wide and without colours where that is not a terminal."""
    return Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH, highlight=False)


def stderr() -> Console:
    return Console(stderr=True, highlight=False)


def print_json(document: Any) -> None:
    """One JSON document, nothing else."""
    print(json.dumps(document, ensure_ascii=False, indent=2, default=_plain))  # noqa: T201


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


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, empty: str) -> None:
    """A table of plain text; `empty` is the line to print instead when there are no rows."""
    console = stdout()
    if not rows:
        console.print(escape(empty))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(escape(str(cell)) for cell in row))
    console.print(table)


def say(line: str) -> None:
    """One line of an answer."""
    stdout().print(escape(line), soft_wrap=True)


def note(line: str) -> None:
    """One line beside the answer, on stderr."""
    stderr().print(escape(line), soft_wrap=True)


def warn(line: str) -> None:
    """One line of trouble, on stderr."""
    stderr().print(f"[bold red]{escape(line)}[/]", soft_wrap=True)


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
