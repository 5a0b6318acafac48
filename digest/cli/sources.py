"""`digest sources`: where papers come from, and how it went last."""

from datetime import datetime, timedelta
from typing import Any

import typer

from digest.cli.calls import Commands
from digest.cli.context import Json, opened_app
from digest.cli.output import iso, print_json, print_table, short_time
from digest.core.pacing import Standing
from digest.pipeline.app import App
from digest.pipeline.outcomes import known_names, oddly_empty, reason_of
from digest.store import cursors, paces

_NONE = "no source is enabled: see [sources] in config.toml"

app = Commands(help="Where papers come from, and how it went last.", no_args_is_help=True)


@app.command("list")
def list_sources(ctx: typer.Context, json: Json = False) -> None:
    """List the sources that are enabled.

    Each with how it went last, when it is next due, and why it is paused.

    Example: digest sources list
    """
    with opened_app(ctx) as service:
        every = {name: int(service.every[name].total_seconds()) for name in service.sources}
        rows = [
            row | {"every_seconds": every[row["source"]]}
            for row in _status_rows(service)
            if row["source"] in every
        ]
    if json:
        print_json(rows)
        return
    print_table(
        ("source", "asked every", "outcome", "next due", "paused"),
        [
            (
                row["source"],
                f"{row['every_seconds'] // 60} min",
                row["outcome"],
                _due(row),
                row["paused"] or "-",
            )
            for row in rows
        ],
        empty=_NONE,
        fold=("paused",),
    )


def _due(row: dict[str, Any]) -> str:
    return short_time(row["next_due_at"]) if row["next_due_at"] else "now"


@app.command("status")
def status(ctx: typer.Context, json: Json = False) -> None:
    """Say how each source went last, and when it is next due.

    A source that is paused says why, and until when.

    Example: digest sources status
    """
    with opened_app(ctx) as service:
        rows = _status_rows(service)
    if json:
        print_json(rows)
        return
    print_table(
        ("source", "outcome", "at", "fetched", "new", "next due", "reason"),
        [
            (
                row["source"],
                row["outcome"],
                short_time(row["at"]),
                row["fetched"],
                row["new"],
                _due(row),
                row["paused"] or row["reason"],
            )
            for row in rows
        ],
        empty=_NONE,
        fold=("reason",),
    )


def _pause(standing: Standing, now: datetime) -> tuple[datetime, str] | None:
    if standing.paused_until is None or standing.paused_until <= now:
        return None
    return standing.paused_until, standing.pause_reason


def _until(moment: datetime, now: datetime) -> str:
    """To the second where the minute would be the one that it is now."""
    if moment - now < timedelta(minutes=1):
        return f"until {moment:%Y-%m-%d %H:%M:%S} UTC"
    return f"until {short_time(moment)} UTC"


def _status_rows(service: App) -> list[dict[str, Any]]:
    now = service.clock.now()
    sources = {one.source.name: one.source for group in service.stand_ins.values() for one in group}
    sources |= service.sources
    with service.store.read() as conn:
        last = cursors.last_fetches(conn, known_names(service))
        # A stand-in is nobody's business until it had to be asked.
        names = [n for n in known_names(service) if n in service.sources or n in last]
        states = {name: cursors.state(conn, name) for name in names}
        paused = {
            name: _pause(paces.standing(conn, sources[name].standing_name), now) for name in names
        }
        odd = oddly_empty(conn, last.values())
    rows = []
    for name in names:
        fetch, pause = last.get(name), paused[name]
        rows.append(
            {
                "source": name,
                "outcome": fetch.outcome.value if fetch else "never fetched",
                "reason": reason_of(fetch, odd) if fetch else "",
                "at": fetch.started_at if fetch else None,
                "fetched": fetch.fetched if fetch else 0,
                "new": fetch.new if fetch else 0,
                "updated": fetch.updated if fetch else 0,
                "merged": fetch.merged if fetch else 0,
                "failures": states[name].failures,
                "next_due_at": states[name].next_due_at,
                "paused_until": iso(pause[0]) if pause else None,
                "paused": f"{_until(pause[0], now)}: {pause[1]}" if pause else "",
            }
        )
    return rows
