"""Writes docs/CLI.md from the program's own help: `make docs`."""

import io
import os
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

from digest.cli.main import run_command
from digest.cli.program import PLACES, load

PLACE = Path(__file__).with_name("CLI.md")
_INTRODUCTION = """# The command line

Written by `make docs` from the program's own help: change it there.

stdout carries the answer, stderr logs, progress and errors. With `--json` stdout is one JSON
document. Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 partly done (some source or
some delivery failed; the rest is done and recorded).
"""


def reference() -> str:
    """The whole of docs/CLI.md: the help of every command, each under its name."""
    os.environ["COLUMNS"] = "80"
    sections = (f"## `{' '.join(('digest', *words))}`\n\n{_help(words)}" for words in _commands())
    return "\n".join((_INTRODUCTION, *sections))


def _commands() -> Iterator[tuple[str, ...]]:
    """The words that call each command that is for people; the program itself first."""
    yield ()
    for name, place in PLACES.items():
        if not place.line:
            continue
        inner = getattr(load(name), "commands", None)
        yield from [(name, each) for each in inner] if inner else [(name,)]


def _help(words: tuple[str, ...]) -> str:
    with redirect_stdout(io.StringIO()) as shown:
        run_command([*words, "--help"])
    return f"```text\n{shown.getvalue().rstrip()}\n```\n"


if __name__ == "__main__":
    PLACE.write_text(reference(), encoding="utf-8")
