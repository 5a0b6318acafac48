"""Puts the commands together, and turns every error into one line and an exit code."""

import gc
import os
import re
import sys
import traceback
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import typer

from digest import __version__
from digest.cli.calls import Commands, WrongCall
from digest.cli.options import Globals, parse_now
from digest.cli.output import warn
from digest.cli.program import Program
from digest.core.errors import ConfigError, DigestError, InvalidInput
from digest.logs import LogFormat, LogLevel, configure_logs

FAILED, USAGE = 1, 2
INTERRUPTED = 130  # as a shell says it, and Typer: 128 and the number of SIGINT
_STOPPED = "stopped: what was done until now is kept, and the same command goes on from here"
# What the argument parser says, in the words of this program.
_WORDING = (
    (r"Value error, ", ""),
    (r"Input should be (.*?)(, unable to parse .*)?$", r"it should be \1"),
    (r"\. Did you mean (.*?)\??$", r", did you mean \1?"),
    (r" \(Possible options: (.*)\)$", r", did you mean \1?"),
    (r"Got unexpected extra argument(?:s|\(s\))? \((.*)\)$", r"nothing more is expected: \1"),
)

app = Commands(
    name="digest",
    cls=Program,
    help="Every subscriber gets, once a day, the trending research papers that matter to them.",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain text, as wide as it needs to be; markup would eat [brackets]
    pretty_exceptions_enable=False,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"digest {__version__}")
        raise typer.Exit


@app.callback()
def options(
    ctx: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Configuration file [$DIGEST_CONFIG, then ./config.toml]."
        ),
    ] = None,
    now: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Let the program's clock start here (ISO 8601)."),
    ] = None,
    log_level: Annotated[LogLevel, typer.Option(help="What to log on stderr.")] = "warning",
    log_format: Annotated[LogFormat, typer.Option(help="How to log.")] = "console",
    _version_wanted: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    configure_logs(log_level, log_format)
    ctx.obj = Globals(
        config=config,
        now=parse_now(now) if now else None,
        log_level=log_level,
        log_format=log_format,
    )


def main() -> None:
    """Runs the command line and exits: 0 done, 1 failed, 2 usage or configuration, 3 partly."""
    collect_seldom()
    sys.exit(run_command(sys.argv[1:]))


def collect_seldom() -> None:
    """Has Python look seldom for garbage that holds itself.

    Planning makes a million small rows that hold nothing, and after every 700 of them an edition's
    papers and all that was imported might be looked through: a fifth of the time. After 50,000 it
    takes a few megabytes more.
    """
    gc.set_threshold(50_000, 20, 20)


def run_command(arguments: list[str]) -> int:
    """Runs one command line; its exit code."""
    try:
        return _ran(arguments)
    except typer.Abort:
        warn(_STOPPED)
        return FAILED
    except typer.TyperException as error:
        _show_usage(error)
        return USAGE
    except ConfigError as error:
        for mistake in error.mistakes:
            warn(f"configuration: {mistake}")
        return USAGE
    except InvalidInput as error:
        warn(f"error: {error}")
        return USAGE
    except BrokenPipeError:
        # Whoever read has enough, as `head` has; the interpreter must not flush into it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except DigestError as error:
        _trace(arguments)
        warn(f"error: {error}")
        return FAILED
    except OSError as error:
        _trace(arguments)
        place = f"{error.filename}: " if error.filename else ""
        warn(f"error: {place}{error.strerror or error}")
        return FAILED
    except Exception as error:  # a bug: still one line, with the traceback on request
        _trace(arguments)
        warn(
            f"error: {type(error).__name__}: {' '.join(str(error).split())[:300]} "
            "(this is a bug: please report it with the output of --log-level debug)"
        )
        return FAILED


def _ran(arguments: list[str]) -> int:
    result = app(args=arguments, prog_name="digest", standalone_mode=False)
    sys.stdout.flush()
    if result == INTERRUPTED:
        warn(_STOPPED)
    return result if isinstance(result, int) else 0


def _show_usage(error: typer.TyperException) -> None:
    """A line for each thing wrong with the call; nothing where the help was shown."""
    if isinstance(error, WrongCall):
        for mistake in error.mistakes:
            _show_usage(mistake)
        return
    message = error.format_message().rstrip(".")
    for pattern, better in _WORDING:
        message = re.sub(pattern, better, message)
    if "\n" in message:  # a group called without a command: the message is its help
        typer.echo(message, err=True)
    elif message:
        context = getattr(error, "ctx", None)
        command = context.command_path if context is not None else "digest"
        warn(f"error: {message[:1].lower()}{message[1:]}; see `{command} --help`")


def _trace(arguments: Sequence[str]) -> None:
    """The traceback, for who asked for `--log-level debug` before the command."""
    if ("--log-level", "debug") in pairwise(arguments) or "--log-level=debug" in arguments:
        traceback.print_exc()
