"""Names, options and help of every command: what users and their scripts rely on."""

import re
import shlex
import subprocess
import sys

import pytest

from digest.cli.main import run_command
from digest.cli.program import PLACES
from tests.cli.tree import COMMANDS, TREE, check_call, options_of

# The commands and options that must never go away; more may come.
PROMISED = {
    "init": "",
    "demo": "--no-serve --out",
    "run": "",
    "worker": "",
    "web": "",
    "fetch": "--source --since --until --json",
    "send": "--date --to --dry-run --json",
    "preview": "--date --format --output",
    "explain": "--date --json",
    "papers list": "--limit --days --json",
    "papers show": "--json",
    "papers merge": "--dry-run --json",
    "papers split": "--dry-run --json",
    "papers trending": "--limit --days --json",
    "papers search": "--limit --days --json",
    "subscribers add": "--interest --keyword --exclude --category --author --like --frequency "
    "--at --timezone --max-papers --dial --confirmed",
    "subscribers list": "--status --query --limit --json",
    "subscribers show": "--json",
    "subscribers edit": "--interest --keyword --exclude --category --author --like --frequency "
    "--at --timezone --max-papers --dial",
    "subscribers confirm": "--dry-run",
    "subscribers pause": "--until --dry-run",
    "subscribers resume": "--dry-run",
    "subscribers unsubscribe": "--dry-run",
    "subscribers suppress": "--reason --dry-run",
    "subscribers unsuppress": "--reason --dry-run",
    "subscribers held": "--domain --suppress --drop --json",
    "subscribers import": "--confirmed --dry-run",
    "subscribers export": "--format",
    "subscribers erase": "--yes --dry-run",
    "deliveries list": "--date --status --email --json",
    "deliveries show": "",
    "deliveries retry": "--status --dry-run",
    "sources list": "--json",
    "sources status": "--json",
    "mailbox process": "--maildir --imap",
    "mailbox classify": "--json",
    "db upgrade": "",
    "db status": "",
    "db backup": "",
    "db restore": "",
    "db check": "",
    "doctor": "--json --network",
    "stats": "--days --json",
    "trend": "--cases --json",
}


def test_the_list_of_commands_says_what_each_says_of_itself() -> None:
    own_words = {"rank", "trend", "stats", "doctor"}  # theirs take more than a line
    for name, place in PLACES.items():
        if place.line and name not in own_words:
            said = TREE[name].help or ""  # type: ignore[attr-defined]
            assert said.startswith(place.line)


def test_a_list_of_commands_does_not_load_what_they_work_with() -> None:
    line = "import sys; from digest.cli.main import run_command as run; run(['-h']); "
    told = line + "print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "digest.cli.program" in loaded
    assert not {"numpy", "sqlalchemy", "flask", "digest.wiring"} & loaded


def help_of(name: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert run_command([*name.split(), "--help"]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("name", COMMANDS)
def test_help_names_what_to_write_and_no_type_of_python(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = help_of(name, capsys)
    assert not re.search(r"<(str|path|list|int|float)\b", text)
    assert not set("{}") & set(text.partition("\n")[0])


def example_of(text: str) -> list[str]:
    """The words of the example in a help text, without `digest`."""
    (line,) = [line.strip() for line in text.splitlines() if line.strip().startswith("Example: ")]
    return shlex.split(line.removeprefix("Example: digest ").partition(" > ")[0])


@pytest.fixture(autouse=True)
def _eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize("name", PROMISED)
def test_a_promised_command_has_its_promised_options(name: str) -> None:
    assert name in COMMANDS
    assert set(PROMISED[name].split()) <= options_of(name)


def test_the_global_options_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    text = help_of("", capsys)
    for option in ("--config", "--log-level", "--log-format", "--now", "--version", "--help"):
        assert option in text


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_one_example_that_calls_this_very_command(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check_call(example_of(help_of(name, capsys))) == name


@pytest.mark.parametrize("name", TREE)
def test_help_fits_eighty_columns_and_cuts_no_sentence(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = help_of(name, capsys).splitlines()
    assert [line for line in lines if len(line) > 80] == []
    assert [line for line in lines[1:] if line.endswith("...")] == []


@pytest.mark.parametrize("name", TREE)
def test_every_option_and_argument_says_what_it_is_for(name: str) -> None:
    for parameter in TREE[name].params:  # type: ignore[attr-defined]
        if parameter.name not in ("help", "install_completion", "show_completion"):
            assert parameter.help, parameter.name


def test_a_group_without_a_command_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["papers"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "trending" in shown.err
