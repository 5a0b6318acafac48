"""`digest mailbox process`: mail from files, from a pipe and from a Maildir."""

import email
import email.policy
import mailbox
import re
from pathlib import Path

import pytest

from tests.cli.conftest import DAY, Operator
from tests.cli.test_errors import program
from tests.e2e.conftest import Service

HELP = (
    b"From: ada@reader.example\r\nTo: commands@digest.example\r\nSubject: help\r\n"
    b"Message-ID: <1@reader.example>\r\n\r\nhelp\r\n"
)


@pytest.fixture
def mail(operator: Operator) -> Path:
    file = operator.folder / "mail.eml"
    file.write_bytes(HELP)
    return file


def test_a_file_is_a_mail(operator: Operator, mail: Path) -> None:
    said = operator.ok("mailbox", "process", str(mail))
    assert "help" in said
    assert said.count("\n") == 1


def test_each_of_several_files_has_its_line(operator: Operator, mail: Path) -> None:
    other = operator.folder / "other.eml"
    other.write_bytes(HELP.replace(b"<1@", b"<2@"))
    assert operator.ok("mailbox", "process", str(mail), str(other)).count("\n") == 2


def test_a_pipe_is_a_mail(operator: Operator) -> None:
    ran = program("mailbox", "process", "-", folder=operator.folder, stdin=HELP)
    assert (ran.returncode, ran.stdout.count("\n")) == (0, 1), ran.stderr


def test_in_a_pipe_a_database_in_trouble_asks_the_mail_server_to_try_again(
    operator: Operator,
) -> None:
    (operator.folder / "digest.db").write_bytes(b"this is no database " * 500)
    ran = program("mailbox", "process", "-", folder=operator.folder, stdin=HELP)
    assert (ran.returncode, ran.stdout) == (75, "")
    assert ran.stderr.startswith("error: ")


def test_the_new_mail_of_a_maildir_is_handled_once(operator: Operator) -> None:
    folder = operator.folder / "Maildir"
    mailbox.Maildir(str(folder), create=True).add(HELP)
    assert operator.ok("mailbox", "process", "--maildir", str(folder)).count("\n") == 1
    assert operator.ok("mailbox", "process", "--maildir", str(folder)) == "no new mail\n"


@pytest.mark.parametrize("place", ["nowhere.eml", "."])
def test_what_is_no_mail_file_is_named(operator: Operator, place: str) -> None:
    assert f"{place} cannot be read" in operator.refused("mailbox", "process", place)


def test_a_maildir_that_is_not_there_is_named(operator: Operator) -> None:
    folder = operator.folder / "nowhere"
    said = operator.refused("mailbox", "process", "--maildir", str(folder))
    assert f"{folder}: there is no such folder" in said
    assert not folder.exists()


def test_a_confirmation_by_mail_makes_a_member(service: Service) -> None:
    service.ok("subscribers", "add", "eve@reader.example")
    service.ok("send", "--date", DAY)
    asked = email.message_from_bytes(service.mails[0].message, policy=email.policy.default)
    body = asked.get_body(("plain",))
    assert body is not None
    token = re.search(r"/confirm/(\S+)", str(body.get_content()))
    assert token is not None
    file = service.folder / "yes.eml"
    file.write_bytes(
        HELP.replace(b"ada@", b"eve@").replace(b"help", b"confirm " + token[1].encode())
    )
    assert "confirm" in service.ok("mailbox", "process", str(file))
    assert service.json("subscribers", "show", "eve@reader.example")["status"] == "active"
