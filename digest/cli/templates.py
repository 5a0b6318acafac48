"""`digest templates`: the look of the mails."""

from pathlib import Path
from typing import Annotated

import typer

from digest.cli.calls import Commands
from digest.cli.context import Json, settings_of
from digest.cli.output import counted, print_json, say
from digest.core.errors import InvalidInput
from digest.mail.theme_check import problems
from digest.wiring import TEMPLATES, templates_of

app = Commands(help="The look of the mails.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """So that `check` stays a word of its own."""


@app.command()
def check(
    ctx: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="A theme [the configured one].")
    ] = None,
    json: Json = False,
) -> None:
    """Say what is wrong with a theme before anybody gets it.

    Makes every kind of mail in every language with it, odd papers among them. Exits with 1 when
    something is wrong.

    Example: digest templates check mytheme
    """
    theme = folder or templates_of(settings_of(ctx))[0]
    if not theme.is_dir():
        raise InvalidInput(f"there is no folder {theme}")
    found = problems(theme, TEMPLATES)
    if json:
        print_json({"theme": str(theme), "problems": found})
    else:
        for line in found:
            say(line)
        if not found:
            say(f"nothing is wrong with {theme}")
        else:
            say(f"{counted(len(found), 'problem')} with {theme}")
    if found:
        raise typer.Exit(1)
