"""`digest init`: a configuration with a secret of its own, and a database."""

import os
import secrets
from pathlib import Path
from typing import Annotated

import typer

from digest.cli.output import say
from digest.core.errors import InvalidInput
from digest.settings import load_settings
from digest.wiring import build_store

_PACKAGE = Path(__file__).resolve().parent.parent
# In a wheel the example lies inside the package; in a checkout beside it.
_EXAMPLES = (_PACKAGE / "_config.example.toml", _PACKAGE.parent / "config.example.toml")
_PLACEHOLDER = 'secret_key = ""'


def init(
    directory: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Where to put them [here].", show_default=False),
    ] = Path(),
) -> None:
    """Write config.toml, with a generated secret, and the database.

    The file is for your eyes only (mode 600); one that is there already is left as it is.

    Example: digest init /srv/digest
    """
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / "config.toml"
    text = next(place for place in _EXAMPLES if place.is_file()).read_text(encoding="utf-8")
    text = text.replace(_PLACEHOLDER, f'secret_key = "{secrets.token_urlsafe(48)}"')
    try:
        descriptor = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        raise InvalidInput(f"{target} exists already and is left as it is") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    with build_store(load_settings(target, {})):
        pass
    say(f"wrote {target} and the database beside it")
    say("next: set [mail] from, [smtp] and [web] base_url in it, then run `digest doctor`")
