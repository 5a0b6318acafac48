"""The options before the command."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import typer

from digest.core.errors import InvalidInput
from digest.logs import LogFormat, LogLevel


@dataclass(frozen=True, slots=True, kw_only=True)
class Globals:
    """Those that were given."""

    config: Path | None = None
    now: datetime | None = None
    log_level: LogLevel = "warning"
    log_format: LogFormat = "console"


def globals_of(ctx: typer.Context) -> Globals:
    found = ctx.find_object(Globals)
    assert found is not None
    return found


def parse_now(text: str) -> datetime:
    """A moment in ISO 8601; without a zone it is UTC. Raises InvalidInput."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"{text!r} is not a time: write it as 2026-03-20T21:00:00Z") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
