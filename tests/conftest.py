"""What all tests stand on: no network but loopback, and real databases on both engines."""

import logging
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import structlog
from hypothesis import settings as hypothesis_settings

from digest.embedding.shipped import table_bytes
from digest.ranking.static_table import StaticTable, parse_table
from digest.store import schema
from digest.store.engine import Store, open_store
from digest.store.tables import metadata
from tests.dovecot import Dovecot, NoDovecot
from tests.dovecot import running as running_dovecot
from tests.postgres import TEMPLATE, NoServer, Server, shared_server

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_ENGINES = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))

hypothesis_settings.register_profile("default", deadline=None)
hypothesis_settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis_settings.load_profile("ci" if os.environ.get("CI") else "default")


@pytest.fixture(scope="session")
def shipped() -> StaticTable:
    """The table of meaning that comes with the program."""
    return parse_table(table_bytes())


# --- network --------------------------------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """pytest-socket lets a test speak to this machine alone."""
    config.option.allow_hosts = ",".join(_LOOPBACK)
    config.option.allow_unix_socket = True


@pytest.fixture(autouse=True, scope="session")
def _names_are_not_looked_up() -> Iterator[None]:
    """Names resolve as on a machine without a network, wherever the tests run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", _offline(socket.getaddrinfo))
        yield


def _offline(real: Callable[..., Any]) -> Callable[..., Any]:
    def getaddrinfo(host: str | bytes | None, *args: Any, **options: Any) -> Any:
        name = host.decode("ascii") if isinstance(host, bytes) else host
        if name and name not in _LOOPBACK and not _is_numeric(name):
            raise socket.gaierror(socket.EAI_NONAME, "names are not looked up in tests")
        return real(host, *args, **options)

    return getaddrinfo


def _is_numeric(host: str) -> bool:
    return ":" in host or all(part.isdigit() for part in host.split("."))


# --- logs -----------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _logs_as_they_come() -> Iterator[None]:
    """A test, or a fixture of many, that runs the program configures its logs, to a stream that
    ends with it: every test starts and ends with the defaults."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


# --- databases ------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The session's own PostgreSQL server, started by the first test that asks for it."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    try:
        with shared_server(folder) as server:
            yield server
    except NoServer as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def _migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "digest.db"
    store = open_store(f"sqlite:///{path}")
    schema.upgrade(store)
    store.close()
    return path


@pytest.fixture(scope="session")
def _migrated_postgres(postgres_server: Server) -> Iterator[Store]:
    """One database for all tests of this worker; see `_clear`."""
    name = f"digest_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    postgres_server.create(name, TEMPLATE)
    store = open_store(postgres_server.url(name))
    yield store
    store.close()
    postgres_server.drop(name)


@pytest.fixture
def sqlite_store(tmp_path: Path, _migrated_sqlite: Path) -> Iterator[Store]:
    """A migrated, empty SQLite database in a file: for tests to which the engine is all one."""
    store = open_store(f"sqlite:///{shutil.copy(_migrated_sqlite, tmp_path / 'digest.db')}")
    yield store
    store.close()


@pytest.fixture
def postgres_store(_migrated_postgres: Store) -> Iterator[Store]:
    """A migrated, empty PostgreSQL database; skipped where no server can be had."""
    yield _migrated_postgres
    _migrated_postgres.close()
    _clear(_migrated_postgres)


@pytest.fixture(params=_ENGINES)
def store(request: pytest.FixtureRequest) -> Store:
    """A migrated, empty database, once on each engine."""
    found = request.getfixturevalue(f"{request.param}_store")
    assert isinstance(found, Store)
    return found


@pytest.fixture(params=_ENGINES)
def blank_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A database without any table, once on each engine."""
    if request.param == "sqlite":
        store = open_store(f"sqlite:///{tmp_path / 'blank.db'}")
        yield store
        store.close()
        return
    server: Server = request.getfixturevalue("postgres_server")
    name = f"blank_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    server.create(name)
    store = open_store(server.url(name))
    yield store
    store.close()
    server.drop(name)


def _clear(store: Store) -> None:
    """Empties every table that holds rows and starts its numbers anew."""
    with store.engine.begin() as conn:
        conn.execute(sa.text("SET LOCAL lock_timeout = '10s'"))
        names = ", ".join(table.name for table in metadata.sorted_tables)
        conn.execute(sa.text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))


# --- mail servers ---------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """The worker's own IMAP server, in which every test has accounts of its own."""
    try:
        with running_dovecot() as server:
            yield server
    except NoDovecot as reason:
        pytest.skip(str(reason))


# --- recordings -----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of recorded answers of real sources; the tests that read it are marked."""
    folder = os.environ.get("DIGEST_RECORDINGS")
    if not folder:
        pytest.skip("set DIGEST_RECORDINGS to the folder of recordings to run this")
    return Path(folder)
