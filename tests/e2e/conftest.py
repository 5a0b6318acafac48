"""A service in a folder, its sources and its relay: all real, all on loopback."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from digest.cli.main import run_command
from digest.demo.catcher import CaughtMail, caught_mails
from tests.e2e.world import World, serving, write_config


@dataclass
class Service:
    """The program as its operator meets it: a folder and a command line."""

    folder: Path
    world: World
    mails: list[CaughtMail]
    config: Path
    capture: pytest.CaptureFixture[str]
    now: str = "2026-03-20T21:00:00Z"

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, stdout and stderr of one command line."""
        code = run_command(["--config", str(self.config), "--now", self.now, *arguments])
        out, err = self.capture.readouterr()
        return code, out, err

    def ok(self, *arguments: str) -> str:
        code, out, err = self.run(*arguments)
        assert code == 0, err or out
        return out

    def json(self, *arguments: str) -> Any:
        return json.loads(self.ok(*arguments, "--json"))


@pytest.fixture
def service(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Service]:
    with serving(World()) as world, caught_mails() as (port, mails):
        config = write_config(tmp_path, world, port)
        yield Service(folder=tmp_path, world=world, mails=mails, config=config, capture=capsys)
