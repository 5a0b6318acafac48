"""`digest trend`: the trend of papers on file, to be measured against what happened later."""

from pathlib import Path
from typing import Annotated

import typer

from digest.cli.output import print_json_line
from digest.evaluation.lines import numbered_lines
from digest.evaluation.moments import read_moments, scores


def trend(
    cases: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help='Moments, one a line: {"at", "papers": [{"id", "listed_at", "readings"}]}.',
        ),
    ],
    _json: Annotated[
        bool, typer.Option("--json", help="The same lines: they are JSON already.")
    ] = False,
) -> None:
    """Score papers at moments of the past by their readings until then.

    Prints a line for each moment: {"at", "scores": {id: score}}. It is the score that editions
    are made with, by the growth curves that are shipped; no database is used. The file may be
    compressed (.gz), or -, stdin.

    Example: digest trend --cases moments.jsonl
    """
    for moment in read_moments(numbered_lines(cases)):
        print_json_line({"at": moment.name, "scores": scores(moment)})
