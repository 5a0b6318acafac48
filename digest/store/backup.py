"""A backup is always one SQLite file, whatever the engine: it can be looked into with any SQLite
shell, and restoring it into PostgreSQL is how a service outgrows its first machine."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from digest.core.errors import StoreError
from digest.store import schema
from digest.store.engine import Store, open_store, sqlite_path
from digest.store.tables import metadata

_CHUNK = 1000
# What every version has, and what makes a database worth asking before it is replaced.
_CONTENT = ("papers", "subscribers", "editions", "deliveries")


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupReport:
    """What a backup holds: its schema, and the rows of each table."""

    path: Path
    revision: str
    rows: dict[str, int]
    size_bytes: int


def backup(store: Store, path: Path) -> BackupReport:
    """Writes the whole database to `path` while it is in use, and verifies what was written.

    The file appears under its name only once it is complete. Raises StoreError when it exists.
    """
    if path.exists():
        raise StoreError(f"{path} exists already: choose another name, backups are never replaced")
    if not path.parent.is_dir():
        raise StoreError(f"the folder {path.parent} does not exist, create it first")
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.unlink(missing_ok=True)
    os.close(os.open(unfinished, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600))
    try:
        if store.is_sqlite:
            _copy_sqlite(store, unfinished)
        else:
            _copy_rows_out(store, unfinished)
        report = verify(unfinished)
        unfinished.rename(path)
    finally:
        for leftover in (unfinished, *_side_files(unfinished)):
            leftover.unlink(missing_ok=True)
    return BackupReport(
        path=path, revision=report.revision, rows=report.rows, size_bytes=report.size_bytes
    )


def verify(path: Path) -> BackupReport:
    """Checks that a file is a sound backup: pages, foreign keys, schema. Raises StoreError."""
    if not path.is_file():
        raise StoreError(f"{path}: there is no such file")
    try:
        with _open_file(path) as connection:
            problem = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            orphan = connection.execute("PRAGMA foreign_key_check").fetchone()
            revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            rows = _row_counts(connection)
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{path} is not a sound backup of digest: {error}") from error
    if not rows.keys() >= set(_CONTENT):
        raise StoreError(f"{path} is not a backup of digest: it lacks its tables")
    if problem != "ok" or orphan is not None or revision is None:
        raise StoreError(f"{path} is damaged: {problem if problem != 'ok' else 'rows are missing'}")
    return BackupReport(path=path, revision=revision[0], rows=rows, size_bytes=path.stat().st_size)


def _row_counts(connection: sqlite3.Connection) -> dict[str, int]:
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    return {
        table.name: connection.execute(f'SELECT count(*) FROM "{table.name}"').fetchone()[0]  # noqa: S608 (our own names)
        for table in metadata.sorted_tables
        if table.name in tables
    }


def restore(store: Store, path: Path, *, force: bool = False) -> BackupReport:
    """Fills the database from a backup, after verifying it, and verifies the result.

    A database with subscribers or papers is replaced only with `force`. An older schema is
    upgraded. The old content stays until the new is complete.
    """
    report = verify(path)
    _refuse_newer(report)
    if not force and not _is_empty(store):
        raise StoreError("the database holds data: add --force to replace it with the backup")
    schema.upgrade(store)
    with _upgraded_copy(path) as source:
        _copy_rows_in(source, store)
    _compare(report, store)
    return report


def _refuse_newer(report: BackupReport) -> None:
    if report.revision > schema.newest_revision():
        raise StoreError(
            f"the backup has schema {report.revision}, made by a newer digest: upgrade the program"
        )


def _is_empty(store: Store) -> bool:
    if schema.current_revision(store) is None:
        return True
    with store.read() as conn:
        return all(
            conn.execute(sa.select(sa.func.count()).select_from(metadata.tables[name])).scalar()
            == 0
            for name in _CONTENT
        )


@contextmanager
def _upgraded_copy(path: Path) -> Iterator[Store]:
    """The backup as a store of the current schema, leaving the file itself as it is."""
    copy = path.with_name(f".{path.name}.restoring")
    copy.unlink(missing_ok=True)
    os.close(os.open(copy, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600))
    store = None
    try:
        with _open_file(path) as source, _open_file(copy) as target:
            source.backup(target)
        store = open_store(f"sqlite:///{copy}")
        schema.upgrade(store)
        yield store
    finally:
        if store is not None:
            store.close()
        for leftover in (copy, *_side_files(copy)):
            leftover.unlink(missing_ok=True)


def _copy_sqlite(store: Store, path: Path) -> None:
    database = sqlite_path(store.engine.url)
    if database is None:
        raise StoreError("a database in memory cannot be backed up")
    with _open_file(database) as source, _open_file(path) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")


def _copy_rows_out(store: Store, path: Path) -> None:
    revision = schema.current_revision(store)
    if revision is None:
        raise StoreError("the database is empty: there is nothing to back up")
    target = open_store(f"sqlite:///{path}")
    try:
        schema.upgrade(target, revision)
        with store.read() as source, target.write() as into:
            _copy_tables(source, into)
    finally:
        target.close()
    with _open_file(path) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


def _copy_rows_in(source: Store, store: Store) -> None:
    with source.read() as rows, store.write() as into:
        for table in reversed(metadata.sorted_tables):
            into.execute(sa.delete(table))
        _copy_tables(rows, into)
        if not store.is_sqlite:
            _continue_serials(into)


def _copy_tables(source: sa.Connection, target: sa.Connection) -> None:
    for table in metadata.sorted_tables:
        for chunk in _chunks(source, table):
            target.execute(sa.insert(table), chunk)


def _chunks(conn: sa.Connection, table: sa.Table) -> Iterator[list[dict[str, object]]]:
    rows = conn.execution_options(yield_per=_CHUNK).execute(sa.select(table)).mappings()
    for partition in rows.partitions():
        yield [dict(row) for row in partition]


def _continue_serials(conn: sa.Connection) -> None:
    """Lets PostgreSQL's sequences go on behind the restored ids."""
    for table in metadata.sorted_tables:
        if "id" in table.c:
            conn.execute(
                sa.select(
                    sa.func.setval(
                        sa.func.pg_get_serial_sequence(table.name, "id"),
                        sa.select(
                            sa.func.coalesce(sa.func.max(table.c.id), 0) + 1
                        ).scalar_subquery(),
                        False,
                    )
                )
            )


def _compare(report: BackupReport, store: Store) -> None:
    with store.read() as conn:
        for name, expected in report.rows.items():
            table = metadata.tables[name]
            found = conn.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            if found != expected:
                raise StoreError(
                    f"the restore is not complete: {name} has {found} rows instead of {expected}"
                )


def _open_file(path: Path) -> "closing[sqlite3.Connection]":
    return closing(sqlite3.connect(path, timeout=30))


def _side_files(path: Path) -> tuple[Path, Path]:
    return path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")
