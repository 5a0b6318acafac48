"""What most commands start from: the settings, the clock, the app."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Annotated

import typer

from digest.cli.options import Globals, globals_of
from digest.core.editions import edition_day
from digest.core.errors import ConfigError, InvalidInput
from digest.pipeline.app import App
from digest.pipeline.crew import Crew
from digest.planner import PlannerProcess
from digest.settings import Settings, environment, find_config, load_settings
from digest.wiring import SystemClock, build_app, build_store, configured_sources

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, change nothing.")]


def settings_of(ctx: typer.Context) -> Settings:
    return load_settings(find_config(globals_of(ctx).config, environment()), environment())


def clock_of(ctx: typer.Context) -> SystemClock:
    return SystemClock(globals_of(ctx).now)


@contextmanager
def opened_app(ctx: typer.Context) -> Iterator[App]:
    """The app on the configured database, closed at the end."""
    options = globals_of(ctx)
    settings, clock = settings_of(ctx), clock_of(ctx)
    _require_secret(settings, options)
    with (
        build_store(settings) as store,
        configured_sources(settings, store, clock) as sources,
    ):
        app = build_app(settings, store, clock, sources.enabled, sources.stand_ins)
        yield replace(app, crew=_crew(settings, options, clock))


def _crew(settings: Settings, options: Globals, clock: SystemClock) -> Crew:
    """Further processes of this program, with the options that this one was given."""

    def start() -> PlannerProcess:
        config = find_config(options.config, environment())
        given = {
            "--config": str(config) if config else None,
            "--now": clock.now().isoformat() if options.now else None,
            "--log-level": options.log_level,
            "--log-format": options.log_format,
        }
        words = [word for name, value in given.items() if value for word in (name, value)]
        return PlannerProcess([sys.executable, "-m", "digest", *words, "_plan"])

    return Crew(start=start, most=settings.ranking.processes or _processors())


def _processors() -> int:
    """Those that this process may use, where the system tells."""
    told = getattr(os, "sched_getaffinity", None)
    return len(told(0)) if told else os.cpu_count() or 1


def _require_secret(settings: Settings, options: Globals) -> None:
    """Asked for before the database is opened: what cannot run leaves no file behind."""
    if settings.security.secret_key:
        return
    if find_config(options.config, environment()) is None:
        raise ConfigError(
            ["there is no config.toml here: `digest init` writes one, or name one with --config"]
        )
    raise ConfigError(["security.secret_key: missing; `digest init DIR` shows what one looks like"])


def parse_day(text: str | None) -> date | None:
    """A date as YYYY-MM-DD. Raises InvalidInput."""
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise InvalidInput(f"{text!r} is not a date: write it as 2026-03-20") from None


def day_or_today(app: App, text: str | None) -> date:
    """The date that was given, else today's in the schedule's time zone."""
    return parse_day(text) or edition_day(app.clock.now(), app.rules.timezone)
