"""`digest trend`: the trend of papers on file, to be measured against what happened later."""

from pathlib import Path
from typing import Annotated

import typer

from digest.cli.output import print_json_line
from digest.core.errors import InvalidInput
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
    are made with, by the growth curves that are shipped; no database is used.

    Example: digest trend --cases moments.jsonl
    """
    try:
        with cases.open(encoding="utf-8") as file:
            for moment in read_moments(file):
                print_json_line({"at": moment.name, "scores": scores(moment)})
    except OSError as error:
        raise InvalidInput(f"{cases} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise InvalidInput(f"{cases} is not UTF-8 text") from None
    except InvalidInput as error:
        raise InvalidInput(f"{cases}, {error}") from None
