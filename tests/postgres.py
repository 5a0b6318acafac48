"""A PostgreSQL server that belongs to one test session, shared by its workers.

It runs as an unprivileged user in a temporary folder, on a port of its own, and keeps nothing:
whoever uses it last stops it.
"""

import fcntl
import json
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from digest.store import schema
from digest.store.engine import open_store

TEMPLATE = "digest_template"
_HOW_TO_HAVE_IT = "to run these tests: apt-get install postgresql"
# Nothing here outlives the session, so nothing needs to survive a power cut.
_OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "200",
    "listen_addresses": "127.0.0.1",
}


class NoServer(Exception):
    """Why there is no server, and how to have one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    folder: str
    port: int
    password: str

    def url(self, database: str) -> str:
        """For SQLAlchemy, through loopback."""
        return f"postgresql+psycopg://postgres:{self.password}@127.0.0.1:{self.port}/{database}"

    def run(self, statement: str, database: str = "postgres", **names: str) -> None:
        """Runs one statement, through the Unix socket; `{name}` stands for a quoted name."""
        quoted = {key: sql.Identifier(name) for key, name in names.items()}
        with psycopg.connect(
            host=self.folder,
            port=self.port,
            user="postgres",
            password=self.password,
            dbname=database,
            autocommit=True,
        ) as conn:
            conn.execute(sql.SQL(statement).format(**quoted))  # type: ignore[arg-type]

    def create(self, database: str, template: str = "template1") -> None:
        self.run(
            "CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy",
            name=database,
            template=template,
        )

    def drop(self, database: str) -> None:
        self.run("DROP DATABASE {name} WITH (FORCE)", name=database)


@contextmanager
def shared_server(folder: Path) -> Iterator[Server]:
    """The server of the session whose workers share `folder`. Raises NoServer."""
    server = _join(folder)
    try:
        yield server
    finally:
        _leave(folder)


def _join(folder: Path) -> Server:
    with _locked_state(folder) as state:
        if "server" not in state:
            state["server"] = asdict(_start())
        state["users"] = state.get("users", 0) + 1
        return Server(**state["server"])


def _leave(folder: Path) -> None:
    with _locked_state(folder) as state:
        state["users"] -= 1
        if state["users"] == 0:
            _stop(Server(**state.pop("server")))


@contextmanager
def _locked_state(folder: Path) -> Iterator[dict[str, Any]]:
    with (folder / "postgres.json").open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        state = json.loads(file.read() or "{}")
        yield state
        file.truncate(0)
        file.write(json.dumps(state))


def _start() -> Server:
    programs = _programs()
    server = Server(
        folder=tempfile.mkdtemp(prefix="digest-postgres-"),
        port=_free_port(),
        password=secrets.token_hex(16),
    )
    try:
        _initialise(server, programs)
        _migrate_template(server)
    except BaseException:
        _stop(server)
        raise
    return server


def _initialise(server: Server, programs: Path) -> None:
    folder = Path(server.folder)
    password_file = folder / "password"
    password_file.write_text(server.password, encoding="ascii")
    for path in (folder, password_file):
        os.chown(path, *_account())
    options = ("--no-sync", "--auth=password", "--encoding=UTF8", "--locale=C.UTF-8")
    who = ("-U", "postgres", f"--pwfile={password_file}")
    _run([programs / "initdb", "-D", folder / "data", *who, *options], folder)
    conf = _OPTIONS | {"unix_socket_directories": server.folder}
    lines = [f"{name} = '{value}'\n" for name, value in conf.items()]
    with (folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.writelines([*lines, f"port = {server.port}\n"])
    _run([programs / "pg_ctl", "start", "-D", folder / "data", "-l", folder / "log", "-w"], folder)


def _migrate_template(server: Server) -> None:
    server.create(TEMPLATE)
    store = open_store(server.url(TEMPLATE))
    try:
        schema.upgrade(store)
    finally:
        store.close()


def _stop(server: Server) -> None:
    folder = Path(server.folder)
    if (folder / "data" / "postmaster.pid").exists():
        _run([_programs() / "pg_ctl", "stop", "-D", folder / "data", "-m", "fast", "-w"], folder)
    shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    """The folder of initdb and pg_ctl; of several versions the newest."""
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    places = sorted(installed, key=lambda place: place.parent.name.zfill(4), reverse=True)
    on_path = shutil.which("initdb")
    for place in [*places, *([Path(on_path).parent] if on_path else [])]:
        if (place / "initdb").exists() and (place / "pg_ctl").exists():
            return place
    raise NoServer(f"PostgreSQL is not installed; {_HOW_TO_HAVE_IT}")


def _account() -> tuple[int, int]:
    """User and group that the server runs as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise NoServer("PostgreSQL refuses to run as root and there is no other user to run it as")


def _run(command: Sequence[str | Path], folder: Path) -> None:
    user, group = _account()
    as_root = os.geteuid() == 0
    # What pg_ctl starts inherits its output, so a pipe would never end: a file does.
    output = folder / "output"
    with output.open("wb") as file:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            cwd=folder,
            timeout=120,
            check=False,
            user=user if as_root else None,
            group=group if as_root else None,
            extra_groups=[] if as_root else None,
        )
    if done.returncode != 0:
        lines = output.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        last = lines[-1] if lines else f"exit status {done.returncode}"
        raise NoServer(f"PostgreSQL did not start: {Path(command[0]).name}: {last}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
