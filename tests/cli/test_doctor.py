"""`digest doctor`: every check in one list, an exit code to go by, and no secret in sight."""

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from digest.cli.doctor import ask_dns
from digest.cli.main import run_command
from digest.pipeline.health import Level
from digest.settings import load_settings
from tests.mail.nameserver import serving
from tests.mail.relay import Relay, running

SECRET = "a-secret-that-is-only-for-tests-32+"
PASSWORD = "open-sesame"

Capture = pytest.CaptureFixture[str]
WriteConfig = Callable[..., Path]


@pytest.fixture
def relay() -> Iterator[Relay]:
    with running(Relay()) as started:
        yield started


@pytest.fixture
def write_config(tmp_path: Path, relay: Relay) -> WriteConfig:
    """Writes a configuration that has everything, with `changes` to its text."""

    def write(**changes: str) -> Path:
        values = {
            "from": "digest@papers.example.org",
            "base_url": "https://papers.example.org",
            "port": str(relay.port),
            "security": "none",
            "login": "",
            "secret": SECRET,
            "dkim": _dkim(tmp_path),
            "url": "sqlite:///digest.db",
            **changes,
        }
        path = tmp_path / "config.toml"
        path.touch(mode=0o600)
        for part in ("cur", "new", "tmp"):
            (tmp_path / "mail" / part).mkdir(parents=True, exist_ok=True)
        path.write_text(
            f"""
            [database]
            url = "{values["url"]}"
            [smtp]
            host = "127.0.0.1"
            port = {values["port"]}
            security = "{values["security"]}"
            {values["login"]}
            [mail]
            from = "{values["from"]}"
            bounce_address = "bounces@papers.example.org"
            postal_address = "Example Institute, 1 Example Street"
            [web]
            base_url = "{values["base_url"]}"
            [security]
            secret_key = "{values["secret"]}"
            [mailbox]
            kind = "maildir"
            path = "mail"
            {values["dkim"]}
            """,
            encoding="utf-8",
        )
        return path

    return write


def _dkim(folder: Path) -> str:
    key = generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "dkim.pem").touch(mode=0o600)
    (folder / "dkim.pem").write_bytes(pem)
    return """
            [dkim]
            domain = "papers.example.org"
            selector = "s1"
            private_key_file = "dkim.pem"
    """


def diagnosed(config: Path, capsys: Capture) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit code and checks by name."""
    code = run_command(["--config", str(config), "doctor", "--json"])
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is (code == 0)
    return code, {check["name"]: check for check in document["checks"]}


def names_at(checks: dict[str, dict[str, Any]], level: Level) -> set[str]:
    return {name for name, check in checks.items() if check["level"] == level.value}


def test_a_new_installation_that_is_set_up_well_has_only_to_fetch(
    write_config: WriteConfig, capsys: Capture
) -> None:
    config = write_config()
    assert run_command(["--config", str(config), "db", "upgrade"]) == 0
    capsys.readouterr()
    code, checks = diagnosed(config, capsys)
    assert code == 0
    assert names_at(checks, Level.WARN) == {"sources.huggingface", "sources.arxiv"}
    assert {"configuration", "database", "database.file", "disk", "clock"} < set(checks)
    assert {"templates", "smtp", "sender.from", "dkim.s1", "outbox", "dns"} < set(checks)


def test_doctor_creates_no_database(write_config: WriteConfig, capsys: Capture) -> None:
    config = write_config()
    code, checks = diagnosed(config, capsys)
    assert code == 0
    assert checks["database"]["level"] == "warn"
    assert not (config.parent / "digest.db").exists()


def test_everything_that_must_be_mended_is_said_at_once(
    write_config: WriteConfig, capsys: Capture
) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))  # without listening: whoever connects is refused
        config = write_config(
            secret="",
            url="sqlite:///nowhere/digest.db",
            port=str(deaf.getsockname()[1]),
            **{"from": "someone@gmail.com"},
        )
        (config.parent / "dkim.pem").write_text("no key", encoding="utf-8")
        code, checks = diagnosed(config, capsys)
    assert code == 1
    failed = names_at(checks, Level.FAIL)
    assert failed == {"configuration", "database", "dkim.s1", "sender.from", "smtp"}
    assert all(checks[name]["todo"] for name in failed)


def test_a_login_that_the_relay_cannot_take_fails(
    write_config: WriteConfig, capsys: Capture
) -> None:
    login = f'username = "ada"\npassword = "{PASSWORD}"'
    code, checks = diagnosed(write_config(security="starttls", login=login), capsys)
    assert code == 1
    assert names_at(checks, Level.FAIL) == {"smtp"}


def test_a_mistake_in_the_configuration_is_a_usage_error_as_everywhere(
    write_config: WriteConfig, capsys: Capture
) -> None:
    config = write_config(security="perhaps", base_url="papers")
    assert run_command(["--config", str(config), "doctor"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "smtp.security" in captured.err
    assert "web.base_url" in captured.err


def test_files_that_other_users_can_read_are_named(
    write_config: WriteConfig, capsys: Capture
) -> None:
    config = write_config()
    run_command(["--config", str(config), "db", "upgrade"])
    capsys.readouterr()
    for name in ("config.toml", "digest.db", "dkim.pem"):
        (config.parent / name).chmod(0o644)
    _, checks = diagnosed(config, capsys)
    assert {"configuration", "database.file", "dkim.s1.file"} < names_at(checks, Level.WARN)
    assert "dkim.s1" in names_at(checks, Level.OK)


def test_a_clock_that_was_put_back_fails(write_config: WriteConfig, capsys: Capture) -> None:
    config = write_config()
    later = ["--config", str(config), "--now", "2030-01-01T00:00:00Z"]
    assert run_command([*later, "subscribers", "add", "ada@example.org"]) == 0
    capsys.readouterr()
    code = run_command(
        ["--config", str(config), "--now", "2026-03-20T12:00:00Z", "doctor", "--json"]
    )
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert code == 1
    assert checks["clock"]["level"] == "fail"


def test_no_secret_is_in_the_output(write_config: WriteConfig, capsys: Capture) -> None:
    login = f'username = "ada"\npassword = "{PASSWORD}"'
    config = write_config(security="starttls", login=login)
    for form in ([], ["--json"]):
        run_command(["--config", str(config), "doctor", *form])
    captured = capsys.readouterr()
    private = "".join((config.parent / "dkim.pem").read_text().splitlines()[1:-1])
    shown = captured.out + captured.err
    assert SECRET not in shown
    assert PASSWORD not in shown
    assert private[40:80] not in shown


def test_people_get_a_line_for_each_check_and_what_to_do_below(
    write_config: WriteConfig, capsys: Capture
) -> None:
    assert run_command(["--config", str(write_config()), "doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("warn  database: "))
    assert lines[at + 1] == "      → `digest db upgrade` creates it"
    assert lines[-1].endswith("1 warn, 0 fail")


def test_dns_is_asked_about_every_key_and_mailbox(write_config: WriteConfig) -> None:
    settings = load_settings(write_config(), {})
    with serving({("papers.example.org", "MX"): ("10 mx.example.org.",)}) as names:
        found = {check.name: check.level for check in ask_dns(settings, names)}
    assert found == {
        "dns.spf": Level.FAIL,
        "dns.dkim.s1": Level.FAIL,
        "dns.dmarc": Level.FAIL,
        "dns.mx.papers.example.org": Level.OK,
        "dns.ptr": Level.WARN,
    }
