"""All commands by their names. Each is imported when it is called: what they work with takes
seconds to load, and neither a help text nor a shell that completes a line should wait for it."""

import importlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from digest.cli.calls import Commands


class Place(NamedTuple):
    """Where a command is, and the line that says what it does. Without a `function` it is the
    group `app` of its module; without a line it is not for people."""

    module: str
    function: str
    line: str = ""


PLACES: Mapping[str, Place] = {
    "init": Place("setup", "init", "Write config.toml, with a generated secret, and the database."),
    "demo": Place("demo", "demo", "Do the whole work on this machine alone, and show the mails."),
    "run": Place("daemons", "run", "Run the service: scheduler, delivery, mailbox and web pages."),
    "worker": Place(
        "daemons", "worker", "Deliver only: further processes on one PostgreSQL database."
    ),
    "web": Place("daemons", "web", "Serve the web pages only."),
    "_plan": Place("daemons", "planner"),
    "fetch": Place("sending", "fetch", "Fetch new papers and their signals from all sources."),
    "send": Place(
        "sending", "send", "Rank an edition for each subscriber who is due, and deliver."
    ),
    "preview": Place("sending", "preview", "Show the mail that a subscriber would get."),
    "explain": Place("sending", "explain", "Say why somebody got, or did not get, the mail."),
    "papers": Place("papers", "", "Look at the papers that are stored, and correct."),
    "subscribers": Place("subscribers", "", "Who gets the digest, and how."),
    "deliveries": Place("deliveries", "", "What was sent, what waits, what failed."),
    "sources": Place("sources", "", "Where papers come from, and how it went last."),
    "stats": Place("stats", "stats", "Count what happened in the last days."),
    "doctor": Place("doctor", "doctor", "Check everything that mail depends on, with what to do."),
    "mailbox": Place("mailbox", "", "Mail that came in."),
    "model": Place("models", "", "The model that understands texts, if any."),
    "templates": Place("templates", "", "The look of the mails."),
    "db": Place("database", "", "Migrations, backup and restore."),
    "rank": Place("rank", "rank", "Rank the papers of a file, and measure it."),
    "trend": Place("trend", "trend", "Score papers on file by how they rise."),
}


class Program(TyperGroup):
    """The group of all commands, which knows of each no more than its line until it is called."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for name, place in PLACES.items():
            self.add_command(
                TyperCommand(name, short_help=place.line, help=place.line, hidden=not place.line)
            )

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, found, rest = super().resolve_command(ctx, args)
        return name, load(name) if found and name else None, rest


def load(name: str) -> Any:
    """The command or group itself."""
    place = PLACES[name]
    module = importlib.import_module(f"digest.cli.{place.module}")
    only = Commands(add_completion=False, rich_markup_mode=None)
    only.callback()(_nothing)
    if place.function:
        function = getattr(module, place.function)
        only.command(name, short_help=place.line or None, hidden=not place.line)(function)
    else:
        only.add_typer(module.app, name=name)
    return getattr(get_command(only), "commands", {})[name]


def _nothing() -> None:
    """A group is one of commands, however few, where it has something to do before them."""
