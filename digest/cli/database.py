"""`digest db`: migrations, backup, restore, check."""

from pathlib import Path
from typing import Annotated

import typer

from digest.cli.calls import Commands
from digest.cli.context import Json, settings_of
from digest.cli.output import print_json, say, shares_progress
from digest.core.errors import StoreError
from digest.pipeline.analyses import catch_up
from digest.store import backup as backups
from digest.store import checks, schema
from digest.store.engine import Store
from digest.wiring import build_store, open_database

app = Commands(help="Migrations, backup and restore.", no_args_is_help=True)


@app.command("upgrade")
def upgrade(ctx: typer.Context) -> None:
    """Bring the database to the schema of this program. Safe to repeat.

    Example: digest db upgrade
    """
    with open_database(settings_of(ctx)) as store:
        before, after = schema.upgrade(store)
        say(f"schema {after}" + ("" if before == after else f" (was {before or 'empty'})"))
        _analyse(store)


@app.command("reindex")
def reindex(ctx: typer.Context) -> None:
    """Analyse the papers whose texts are not analysed yet.

    After an upgrade the service does so by itself, little by little, and nothing
    waits for it. Can be ended at any moment; goes on from there.

    Example: digest db reindex
    """
    with build_store(settings_of(ctx)) as store:
        if not _analyse(store):
            say("every paper is analysed")


@app.command("status")
def status(ctx: typer.Context, json: Json = False) -> None:
    """Say which schema the database has, and which this program needs.

    Example: digest db status
    """
    with open_database(settings_of(ctx)) as store:
        found, needed = schema.current_revision(store), schema.newest_revision()
        engine = store.engine.dialect.name
    if json:
        print_json(
            {"engine": engine, "schema": found, "needed": needed, "current": found == needed}
        )
        return
    advice = "" if found == needed else "; run `digest db upgrade`"
    say(f"{engine}, schema {found or 'empty'}, this program needs {needed}{advice}")


@app.command("backup")
def backup(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A new file; it is a SQLite database.")
    ],
) -> None:
    """Copy the database into one file while it is in use.

    The copy is a SQLite database whatever the engine, and is verified.

    Example: digest db backup /backups/digest-2026-03-20.sqlite
    """
    with build_store(settings_of(ctx)) as store:
        report = backups.backup(store, file)
    rows = sum(report.rows.values())
    say(f"wrote {file}: {rows:,} rows, {report.size_bytes / 1e6:.1f} MB, verified")


@app.command("restore")
def restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `backup` wrote.")],
    force: Annotated[
        bool, typer.Option("--force", help="Replace what the database holds.")
    ] = False,
) -> None:
    """Fill the database from a backup, and verify it.

    A backup fits every engine: so one moves from SQLite to PostgreSQL. Stop the
    service first: what it writes meanwhile would be lost.

    Example: digest db restore /backups/digest-2026-03-20.sqlite --force
    """
    with open_database(settings_of(ctx)) as store:
        report = backups.restore(store, file, force=force)
    say(f"restored {sum(report.rows.values()):,} rows from {file}, verified")


@app.command("check")
def check(ctx: typer.Context) -> None:
    """Look for damage, and for rows that contradict each other.

    Example: digest db check
    """
    with build_store(settings_of(ctx)) as store:
        problems = checks.problems(store)
    if problems:
        raise StoreError("; ".join(problems))
    say("no problem found")


def _analyse(store: Store) -> int:
    with shares_progress("analysing") as bar:
        done = catch_up(store, progress=lambda done, total: bar("papers", done, done / total))
    if done:
        say(f"analysed {done:,} papers")
    return done
