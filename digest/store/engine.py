"""Opening a database, and the two ways to speak to it: reading, and writing in one transaction."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from enum import Enum, auto
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError, OperationalError

from digest.core.errors import ConfigError, StoreError

BUSY_TIMEOUT_MS = 30_000
_PRIVATE_FILE = 0o600
# For each connection. With SQLite's own 2 MB, storing a paper among a million takes 1.4 times as
# long as among ten thousand, for want of the upper pages of the indexes; more gains nothing.
_CACHE_KIB = 16_000
# 32 MB of log before its pages are written into the database: a page of papers touches leaves of
# its indexes all over, and the same ones again soon. Measured at a million papers: a fifth faster.
_CHECKPOINT_PAGES = 8_000
# undefined_table and undefined_column, as PostgreSQL numbers its errors.
_NOT_IN_SCHEMA = ("42P01", "42703")


class _Use(Enum):
    READ = auto()
    WRITE = auto()


class Store:
    """One database. A connection from `read` sees one moment of it and cannot write; one from
    `write` is a transaction that commits at the end or leaves nothing behind.

    On SQLite writes take turns (`BEGIN IMMEDIATE`), waiting up to 30 s for another process.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        # Threads of one process queue here, where waiting is fair and wakes at once; SQLite's
        # own waiting polls.
        self._turn = threading.Lock() if self.is_sqlite else nullcontext()

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        with self._translated(), self.engine.connect() as conn, self._for(conn, _Use.READ):
            yield conn

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        with (
            self._turn,
            self._translated(),
            self.engine.connect() as conn,
            self._for(conn, _Use.WRITE),
            conn.begin(),
        ):
            yield conn

    @contextmanager
    def _for(self, conn: sa.Connection, use: "_Use") -> Iterator[None]:
        """Prepares a connection for its use, before its transaction begins."""
        if not self.is_sqlite:
            if use is _Use.READ:
                conn.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield
            return
        info = conn.info
        info["use"] = use
        try:
            yield
        finally:
            info.pop("use", None)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (DatabaseError, sqlite3.DatabaseError) as error:
            # Its subclasses but one say that a statement is wrong: mistakes of the program.
            unlike = type(error) not in (OperationalError, DatabaseError, sqlite3.DatabaseError)
            if unlike and not _is_of_another_schema(error):
                raise
            raise StoreError(f"the database cannot be used: {_first_line(error)}") from error

    def close(self) -> None:
        self.engine.dispose()


def parse_url(url: str) -> URL:
    """The URL of a database. Raises ConfigError for what is neither SQLite nor PostgreSQL."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigError(["database.url: not a database URL, e.g. sqlite:///digest.db"]) from None
    backend = parsed.get_backend_name()
    if backend == "postgresql" and parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if backend not in ("sqlite", "postgresql"):
        raise ConfigError(
            [f"database.url: {backend} is not supported, use sqlite:/// or postgresql+psycopg://"]
        )
    return parsed


def sqlite_path(url: URL) -> Path | None:
    """The file of a SQLite URL; None for PostgreSQL or a database in memory."""
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    return Path(str(url.database))


def open_store(url: str) -> Store:
    """A store on `url`. Nothing is created or checked but the driver; see `schema.guard`.

    Raises ConfigError when the URL or the driver is wrong.
    """
    parsed = parse_url(url)
    try:
        if parsed.get_backend_name() == "sqlite":
            return Store(_sqlite_engine(parsed))
        return Store(sa.create_engine(parsed, pool_pre_ping=True, pool_size=10, max_overflow=20))
    except (NoSuchModuleError, ModuleNotFoundError):
        raise ConfigError(
            ["database.url: PostgreSQL needs its driver: pip install 'digest[postgres]'"]
        ) from None


def _sqlite_engine(url: URL) -> sa.Engine:
    path = sqlite_path(url)
    if path is not None:
        _create_private(path)
    engine = sa.create_engine(
        url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False}
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _create_private(path: Path) -> None:
    """Makes the file readable by its owner only, before SQLite would create it for everybody."""
    if not path.parent.is_dir():
        raise ConfigError(
            [f"database.url: the folder {path.parent} does not exist, create it first"]
        )
    try:
        path.touch(mode=_PRIVATE_FILE, exist_ok=True)
    except OSError as error:
        raise ConfigError([f"database.url: {path} cannot be written: {error.strerror}"]) from error


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy's begin event below opens transactions
    for pragma in (
        "journal_mode = WAL",
        "synchronous = NORMAL",
        f"wal_autocheckpoint = {_CHECKPOINT_PAGES}",
        "foreign_keys = ON",
        f"cache_size = -{_CACHE_KIB}",
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(conn: sa.Connection) -> None:
    use = conn.info.get("use")
    conn.exec_driver_sql(f"PRAGMA query_only = {'ON' if use is _Use.READ else 'OFF'}")
    conn.exec_driver_sql("BEGIN IMMEDIATE" if use is _Use.WRITE else "BEGIN")


def _is_of_another_schema(error: DatabaseError | sqlite3.DatabaseError) -> bool:
    """Whether PostgreSQL lacks a table or a column; SQLite's error for it is an operational one."""
    return getattr(getattr(error, "orig", None), "sqlstate", "") in _NOT_IN_SCHEMA


def _first_line(error: DatabaseError | sqlite3.DatabaseError) -> str:
    cause = error.orig if isinstance(error, DatabaseError) else None
    lines = str(cause or error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
