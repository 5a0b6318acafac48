"""A service that has worked for three days, as its operator meets it: a folder and commands."""

import io
import json
import shutil
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa

from digest.cli.main import run_command
from digest.demo.catcher import caught_mails
from digest.store.engine import open_store
from digest.store.tables import metadata
from tests.e2e import conftest as e2e
from tests.e2e.world import World, serving, write_config

NOW = "2026-03-20T21:00:00Z"
DAY = "2026-03-20"

service = e2e.service  # with sources and a relay that answer


class Ran(NamedTuple):
    code: int
    out: str
    err: str


@dataclass
class Operator:
    """Runs commands on a folder; its sources and its relay are down."""

    folder: Path
    capture: pytest.CaptureFixture[str]

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    def run(self, *arguments: str) -> Ran:
        code = run_command(["--config", str(self.config), "--now", NOW, *arguments])
        return Ran(code, *self.capture.readouterr())

    def ok(self, *arguments: str) -> str:
        ran = self.run(*arguments)
        assert ran.code == 0, ran.err
        return ran.out

    def json(self, *arguments: str) -> Any:
        return json.loads(self.ok(*arguments, "--json"))

    def refused(self, *arguments: str, code: int = 2) -> str:
        """The one line that says why: on stderr, with nothing on stdout."""
        ran = self.run(*arguments)
        assert (ran.code, ran.out) == (code, ""), ran
        assert ran.err.count("\n") == 1, ran.err
        return ran.err.strip()

    def rows(self) -> Mapping[str, int]:
        """How many rows each table has."""
        return rows_of(self.folder)


def rows_of(folder: Path) -> Mapping[str, int]:
    store = open_store(f"sqlite:///{folder / 'digest.db'}")
    with store.read() as conn:
        counts = {
            table.name: conn.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for table in metadata.sorted_tables
        }
    store.close()
    return counts


@pytest.fixture(scope="session")
def _worked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """48 papers; ada and ben got a digest, carl was asked to confirm."""
    folder = tmp_path_factory.mktemp("worked")
    with serving(World()) as world, caught_mails() as (port, _):
        config = write_config(folder, world, port)
        for day in ("2026-03-18", "2026-03-19", DAY):
            world.publish(day)
        for command in (
            f"fetch --since 2026-03-18 --until {DAY}",
            "subscribers add ada@reader.example --keyword robot --frequency weekdays --confirmed",
            "subscribers add ben@reader.example --interest graphs --dial 0.5 --confirmed",
            "subscribers add carl@reader.example",
            f"send --date {DAY}",
        ):
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()) as trouble:
                code = run_command(["--config", str(config), "--now", NOW, *command.split()])
            assert code == 0, trouble.getvalue()
    return folder


@pytest.fixture
def operator(_worked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Operator:
    folder = Path(shutil.copytree(_worked, tmp_path / "service"))
    return Operator(folder=folder, capture=capsys)


@pytest.fixture
def fresh(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Operator:
    """What `digest init` makes."""
    assert run_command(["init", str(tmp_path / "new")]) == 0
    capsys.readouterr()
    return Operator(folder=tmp_path / "new", capture=capsys)
