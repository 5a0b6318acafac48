"""`digest init`, and the database commands: from an empty folder to a service and back."""

import stat
import tomllib
from pathlib import Path

import pytest

from digest.cli.main import run_command
from tests.cli.conftest import Operator

# Commands that only look, and so work in a service that has nothing yet.
LOOKING = (
    "papers list --json",
    "papers trending --json",
    "papers search x --json",
    "subscribers list --json",
    "subscribers export",
    "deliveries list --json",
    "sources list --json",
    "sources status --json",
    "send --dry-run --json",
    "stats --json",
    "db status --json",
    "db check",
    "db upgrade",
)


def test_init_makes_a_closed_configuration_with_a_secret_of_its_own(fresh: Operator) -> None:
    assert stat.S_IMODE(fresh.config.stat().st_mode) == 0o600
    assert (fresh.folder / "digest.db").is_file()
    secret = tomllib.loads(fresh.config.read_text(encoding="utf-8"))["security"]["secret_key"]
    assert len(secret) >= 32


def test_two_services_have_two_secrets(tmp_path: Path, fresh: Operator) -> None:
    assert run_command(["init", str(tmp_path / "other")]) == 0
    assert (tmp_path / "other" / "config.toml").read_bytes() != fresh.config.read_bytes()


def test_init_leaves_what_is_there_as_it_is(fresh: Operator) -> None:
    fresh.config.write_text("# mine\n", encoding="utf-8")
    assert run_command(["init", str(fresh.folder)]) == 2
    assert "exists already and is left as it is" in fresh.capture.readouterr().err
    assert fresh.config.read_text(encoding="utf-8") == "# mine\n"


def test_init_without_a_folder_means_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DIGEST_CONFIG", raising=False)
    assert run_command(["init"]) == 0
    assert "digest doctor" in capsys.readouterr().out
    assert run_command(["subscribers", "list"]) == 0
    assert capsys.readouterr().out.startswith("no subscribers")


@pytest.mark.parametrize("command", LOOKING)
def test_every_command_works_in_a_service_that_has_nothing_yet(
    fresh: Operator, command: str
) -> None:
    fresh.ok(*command.split())


def test_a_first_reader_can_be_added_and_looked_at(fresh: Operator) -> None:
    fresh.ok("subscribers", "add", "you@reader.example", "--interest", "robots", "--confirmed")
    assert fresh.json("subscribers", "show", "you@reader.example")["status"] == "active"
    assert "no paper appeared" in fresh.refused("preview", "you@reader.example", code=1)
    assert fresh.json("explain", "you@reader.example")["papers"] == []


def test_a_service_without_papers_shows_what_to_do(fresh: Operator) -> None:
    assert "`digest fetch` brings some" in fresh.ok("papers", "list")
    assert "never fetched" in fresh.ok("sources", "status")
    assert fresh.ok("deliveries", "list") == "no deliveries\n"


def test_the_schema_is_what_the_program_needs(operator: Operator) -> None:
    status = operator.json("db", "status")
    assert status.keys() == {"engine", "schema", "needed", "current"}
    assert (status["engine"], status["current"]) == ("sqlite", True)
    assert operator.ok("db", "upgrade").startswith("schema ")
    assert operator.ok("db", "check") == "no problem found\n"


def test_a_backup_comes_back_whole_and_is_never_written_over(operator: Operator) -> None:
    before, file = operator.rows(), operator.folder / "kept.sqlite"
    assert ", verified" in operator.ok("db", "backup", str(file))
    assert "exists already" in operator.refused("db", "backup", str(file), code=1)
    operator.ok("subscribers", "erase", "ada@reader.example", "--yes")
    assert operator.rows() != before
    assert "add --force" in operator.refused("db", "restore", str(file), code=1)
    operator.ok("db", "restore", str(file), "--force")
    assert operator.rows() == before


def test_a_file_that_is_no_backup_changes_nothing(operator: Operator) -> None:
    before, file = operator.rows(), operator.folder / "notes.txt"
    file.write_text("not a database\n" * 100, encoding="utf-8")
    operator.refused("db", "restore", str(file), "--force", code=1)
    assert operator.rows() == before
