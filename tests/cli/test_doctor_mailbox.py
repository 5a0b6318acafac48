"""`digest doctor` tries the way in that mail to us takes."""

from pathlib import Path

import pytest

from digest.cli.main import run_command
from digest.mail.lmtp import LmtpPlace
from tests.cli.test_doctor import Capture, WriteConfig, diagnosed, relay, write_config
from tests.dovecot import PASSWORD, Dovecot
from tests.mail.test_lmtp import Taker, serving

__all__ = ["relay", "write_config"]  # fixtures


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> "Mailbox":
    return Mailbox(monkeypatch)


class Mailbox:
    """Sets keys of [mailbox]."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch

    def set(self, **keys: object) -> None:
        for key, value in keys.items():
            self._patch.setenv(f"DIGEST__MAILBOX__{key.upper()}", str(value))


def checked(config: Path, capsys: Capture) -> tuple[int, str, str, str]:
    """Exit code, level, what was found, and what to do."""
    code, checks = diagnosed(config, capsys)
    check = checks["mailbox"]
    return code, check["level"], check["what"], check["todo"]


def test_where_no_mail_is_waited_for_it_is_said_how_it_could(
    write_config: WriteConfig, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    mailbox.set(kind="none")
    monkeypatch.setenv("DIGEST__MAIL__BOUNCE_ADDRESS", "")
    code, level, _, todo = checked(write_config(), capsys)
    assert (code, level) == (0, "ok")
    assert "mailbox.kind" in todo


def test_addresses_to_which_no_mail_is_ever_handled_are_told(
    write_config: WriteConfig, mailbox: Mailbox, capsys: Capture
) -> None:
    mailbox.set(kind="none", address="commands@papers.example.org")
    config = write_config()
    code, level, what, todo = checked(config, capsys)
    assert (code, level) == (0, "warn")
    assert "commands@papers.example.org and bounces@papers.example.org" in what
    assert "digest mailbox process" in todo
    mail = config.parent / "one.eml"
    mail.write_bytes(b"From: a@example.org\r\nTo: commands@papers.example.org\r\n\r\nwhatever\r\n")
    assert run_command(["--config", str(config), "mailbox", "process", str(mail)]) == 0
    capsys.readouterr()
    code, level, what, _ = checked(config, capsys)
    assert (code, level) == (0, "ok")
    assert "is handed to us, last on" in what


def test_an_imap_folder_is_logged_in_to(
    write_config: WriteConfig, mailbox: Mailbox, dovecot: Dovecot, capsys: Capture
) -> None:
    with dovecot.client("doctor") as client:
        client.append("INBOX", b"From: a@example.org\r\n\r\nhelp\r\n")
    mailbox.set(kind="imap", host="127.0.0.1", port=dovecot.imaps_port, ca_file=dovecot.ca_file)
    mailbox.set(username="doctor", password=PASSWORD)
    code, level, what, _ = checked(write_config(), capsys)
    assert (code, level) == (0, "ok")
    assert "1 waiting, TLSv1.3" in what
    mailbox.set(password="wrong")
    code, level, what, todo = checked(write_config(), capsys)
    assert (code, level) == (1, "fail")
    assert "refuses the login" in what
    assert todo == "check mailbox.username and mailbox.password"


def test_a_maildir_that_is_not_there_fails(
    write_config: WriteConfig, mailbox: Mailbox, capsys: Capture
) -> None:
    mailbox.set(kind="maildir", path="nowhere")
    code, level, what, todo = checked(write_config(), capsys)
    assert (code, level) == (1, "fail")
    assert "there is no such folder" in what
    assert "mailbox.path" in todo


def test_a_ca_file_that_is_none_fails_only_this_check(
    write_config: WriteConfig, mailbox: Mailbox, capsys: Capture
) -> None:
    mailbox.set(kind="imap", host="h", username="u", password="p", ca_file="nowhere.pem")
    code, level, what, _ = checked(write_config(), capsys)
    assert (code, level) == (1, "fail")
    assert "mailbox.ca_file" in what


def test_what_takes_mail_by_lmtp_must_be_there(
    write_config: WriteConfig, mailbox: Mailbox, capsys: Capture
) -> None:
    mailbox.set(kind="lmtp", path="lmtp.sock")
    config = write_config()
    code, level, what, todo = checked(config, capsys)
    assert (code, level, todo) == (0, "warn", "start `digest run`")
    place = LmtpPlace(socket_path=str(config.parent / "lmtp.sock"))
    with serving(Taker(), place):
        _, level, what, _ = checked(config, capsys)
    assert (level, what) == ("ok", f"mail is taken at {place}, by LMTP")


def test_mail_that_any_machine_may_hand_in_is_a_warning(
    write_config: WriteConfig, mailbox: Mailbox, capsys: Capture
) -> None:
    mailbox.set(kind="lmtp", path="", host="0.0.0.0")
    _, level, what, todo = checked(write_config(), capsys)
    assert level == "warn"
    assert "anybody's name" in what
    assert "127.0.0.1" in todo
