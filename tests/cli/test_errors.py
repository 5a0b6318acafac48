"""Mistakes, of the operator and of the program: one clear line, and the right exit code."""

import gc
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import digest.__main__
from digest import __version__
from digest.cli.main import main, run_command
from tests.cli.conftest import DAY, NOW, Operator

Capture = pytest.CaptureFixture[str]


def program(*arguments: str, folder: Path, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
    """`python -m digest` in a process of its own."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith("DIGEST")}
    root = Path(__file__).resolve().parents[2]
    return subprocess.run(
        [sys.executable, "-m", "digest", *arguments],
        cwd=folder,
        env=environ | {"PYTHONPATH": str(root)},
        input=stdin.decode(),
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )


def test_the_module_is_the_command(tmp_path: Path) -> None:
    ran = program("--version", folder=tmp_path)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, f"digest {__version__}\n", "")


def test_a_folder_without_a_configuration_says_what_to_do_and_stays_empty(tmp_path: Path) -> None:
    ran = program("subscribers", "list", folder=tmp_path)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == (
        "configuration: there is no config.toml here: "
        "`digest init` writes one, or name one with --config\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("papers list --limt 3", "no such option: --limt, did you mean --limit?"),
        ("papers list --limit x", "invalid value for '--limit': it should be a valid integer"),
        ("papers list extra", "nothing more is expected: extra"),
        ("paper list", "no such command 'paper', did you mean 'papers'?"),
        ("subscribers ad", "no such command 'ad', did you mean 'add'?"),
        ("preview", "missing argument 'EMAIL'"),
        ("preview a@b.example --format pdf", "'pdf' is not one of 'html', 'text', 'eml'"),
        ("deliveries list --status lost", "'lost' is not one of 'queued', 'sending',"),
        ("--log-level loud db status", "'loud' is not one of 'debug', 'info',"),
        ("--now soon db status", "'soon' is not a time: write it as 2026-03-20T21:00:00Z"),
        ("send --date today", "'today' is not a date: write it as 2026-03-20"),
        ("send --to nobody", "'nobody' is not an e-mail address"),
        ("fetch --source nowhere", "there are: huggingface, arxiv"),
        ("fetch --since 2026-03-22", "--since is after today, 2026-03-20"),
        ("fetch --since 2026-03-20 --until 2026-03-19", "--until is before --since"),
        ("mailbox process", "give files, - for stdin, --maildir DIR, or --imap"),
        ("subscribers pause ada@reader.example --until 2026-03-20", "has begun already"),
        ("subscribers edit ada@reader.example", "nothing to change: name an option"),
        ("subscribers edit ada@reader.example --timezone Mars/Base", "is not a time zone"),
        ("subscribers edit ada@reader.example --dial 2", "it should be less than or equal to 1"),
        ("subscribers edit ada@reader.example --like 9999.99999", "there is no paper 9999.99999"),
        ("subscribers add ada@reader.example", "is here already, active: use `edit`"),
    ],
)
def test_a_mistake_in_the_call_is_one_line_and_exit_code_2(
    operator: Operator, arguments: str, line: str
) -> None:
    before = operator.rows()
    said = operator.refused(*arguments.split())
    assert said.startswith("error: ")
    assert line in said
    assert operator.rows() == before


def test_all_mistakes_of_a_call_are_told_at_once_each_with_its_name(operator: Operator) -> None:
    before = operator.rows()
    wrong = {
        "--interest": " ",
        "--category": "",
        "--frequency": "hourly",
        "--at": "25:00",
        "--timezone": "Mars/Base",
        "--max-papers": "99",
        "--dial": "7",
    }
    options = [word for option in wrong.items() for word in option]
    ran = operator.run("subscribers", "add", "nobody", *options)
    assert (ran.code, ran.out) == (2, "")
    told = [line.split("invalid value for ")[1].split("'")[1] for line in ran.err.splitlines()]
    assert sorted(told) == sorted(["EMAIL", *wrong])
    assert operator.rows() == before


def test_all_options_that_are_missing_are_told_at_once(operator: Operator) -> None:
    told = operator.run("rank").err.splitlines()
    assert [line.split("'")[1] for line in told] == ["--papers", "--queries"]


def test_all_liked_papers_that_are_not_there_are_named(operator: Operator) -> None:
    said = operator.refused("subscribers", "edit", "ada@reader.example", "--like=1.1", "--like=2.2")
    assert "there is no paper 1.1, 2.2 here" in said


def test_who_stops_the_program_while_it_loads_sees_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    class Stopped:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "digest.cli.main":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "digest.cli.main")
    monkeypatch.setattr(sys, "meta_path", [Stopped(), *sys.meta_path])
    with pytest.raises(SystemExit) as stopped:
        digest.__main__.main()
    assert stopped.value.code == 130
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("subscribers show no@reader.example", "there is no subscriber no@reader.example"),
        ("papers show 9999.99999", "there is no paper 9999.99999 here"),
        ("deliveries show nope", "there is no delivery nope: `digest deliveries list`"),
        (f"send --date {DAY} --to carl@reader.example", "is pending, not active: nothing to send"),
        ("db restore nowhere.sqlite", "nowhere.sqlite: there is no such file"),
        (f"preview ada@reader.example --date {DAY} --output no/such.txt", "no/such.txt: No such"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_1(
    operator: Operator, arguments: str, line: str
) -> None:
    assert line in operator.refused(*arguments.split(), code=1)


def test_all_mistakes_of_the_configuration_come_at_once(
    operator: Operator, capsys: Capture
) -> None:
    text = operator.config.read_text(encoding="utf-8")
    broken = text.replace("[smtp]", '[smtp]\nsecurty = "tls"').replace("[web]", "[web]\nport = 0.5")
    operator.config.write_text(broken + "[edition]\npapers = 99\n", encoding="utf-8")
    ran = operator.run("papers", "list", "--json")
    assert (ran.code, ran.out) == (2, "")
    lines = ran.err.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("configuration: ") for line in lines)
    assert "smtp.securty: unknown key, did you mean smtp.security?" in ran.err
    assert "web.port" in ran.err
    assert "edition.papers" in ran.err


@pytest.mark.parametrize("text", ["[web", "x = \udcff".encode("utf-8", "surrogateescape")])
def test_a_file_that_is_no_toml_is_named(operator: Operator, text: str | bytes) -> None:
    operator.config.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert "config.toml" in operator.refused("papers", "list")


def test_a_configuration_that_is_named_must_exist(tmp_path: Path, capsys: Capture) -> None:
    assert run_command(["--config", str(tmp_path / "no.toml"), "papers", "list"]) == 2
    assert "no.toml: there is no such file; `digest init` writes one" in capsys.readouterr().err


@pytest.mark.parametrize("level", ["info", "debug"])
def test_a_traceback_is_for_those_who_debug(operator: Operator, level: str) -> None:
    (operator.folder / "digest.db").write_bytes(b"this is no database " * 500)
    ran = operator.run("--log-level", level, "papers", "search", "debug")
    assert ran.code == 1
    assert ("Traceback" in ran.err) is (level == "debug")
    assert ran.err.splitlines()[-1].startswith("error: ")


def test_whoever_reads_half_of_it_and_leaves_sees_no_complaint(operator: Operator) -> None:
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-m", "digest", "--now", NOW, "papers", "list", "--json"]
    reader, writer = os.pipe()
    os.close(reader)
    ran = subprocess.run(
        [*command, "--limit", "48"],
        cwd=operator.folder,
        env=os.environ | {"PYTHONPATH": str(root)},
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    os.close(writer)
    assert (ran.returncode, ran.stderr) == (1, b"")


def test_the_clock_starts_where_now_says(operator: Operator) -> None:
    later = ["--config", str(operator.config), "--now", "2026-03-30T00:00:00+02:00"]
    assert operator.json("papers", "list") != []
    assert run_command([*later, "papers", "list", "--json"]) == 0
    assert operator.capture.readouterr().out == "[]\n"


def test_json_leaves_stdout_to_the_document_whatever_is_logged(operator: Operator) -> None:
    ran = operator.run("--log-level", "debug", "--log-format", "json", "send", "--json")
    assert json.loads(ran.out)["edition"] == DAY
    assert all(json.loads(line) for line in ran.err.splitlines())


def test_an_interruption_says_that_nothing_is_lost(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("digest.cli.sending.refresh", interrupted)
    code, out, err = operator.run("fetch", "--since", "2026-03-16")
    assert (code, out) == (130, "")
    assert err.startswith("stopped: what was done until now is kept")


def test_the_program_looks_less_often_for_garbage_than_python_does(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    usual = gc.get_threshold()
    monkeypatch.setattr(sys, "argv", ["digest", "--version"])
    try:
        with pytest.raises(SystemExit):
            main()
        assert gc.get_threshold()[0] > usual[0]
    finally:
        gc.set_threshold(*usual)
    assert capsys.readouterr().out.strip()
