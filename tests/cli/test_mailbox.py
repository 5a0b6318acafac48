"""`digest mailbox`: mail from files, from a pipe, from a Maildir and by IMAP."""

import email
import email.policy
import json
import mailbox
import re
from pathlib import Path

import pytest

from tests.cli.conftest import DAY, Operator
from tests.cli.test_errors import program
from tests.dovecot import PASSWORD, Dovecot
from tests.e2e.conftest import Service
from tests.e2e.test_day import a_week

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


# --- IMAP -----------------------------------------------------------------------------------------


@pytest.fixture
def imap(dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """The name of an account of its own, in which the commands find their mail."""
    user = request.node.name
    settings = {
        "KIND": "imap",
        "HOST": "127.0.0.1",
        "PORT": str(dovecot.imaps_port),
        "USERNAME": user,
        "PASSWORD": PASSWORD,
        "CA_FILE": dovecot.ca_file,
    }
    for key, value in settings.items():
        monkeypatch.setenv(f"DIGEST__MAILBOX__{key}", value)
    return user


def test_the_new_mail_of_an_imap_folder_is_handled_once(
    operator: Operator, dovecot: Dovecot, imap: str
) -> None:
    with dovecot.client(imap) as client:
        client.append("INBOX", HELP)
        client.append("INBOX", HELP.replace(b"<1@", b"<2@"))
    assert operator.ok("mailbox", "process", "--imap").count("help") == 2
    assert operator.ok("mailbox", "process", "--imap") == "no new mail\n"


def test_a_mail_that_came_by_two_ways_is_handled_once(
    operator: Operator, dovecot: Dovecot, imap: str, mail: Path
) -> None:
    operator.ok("mailbox", "process", str(mail))
    with dovecot.client(imap) as client:
        client.append("INBOX", HELP)
    assert operator.ok("mailbox", "process", "--imap") == "repeated: nothing (handled before)\n"


def test_without_an_imap_folder_in_the_configuration_there_is_none_to_read(
    operator: Operator,
) -> None:
    said = operator.refused("mailbox", "process", "--imap")
    assert said.endswith('mailbox.kind: --imap needs "imap", it is "none"')


def test_a_refused_login_is_one_line_and_fails(
    operator: Operator, imap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGEST__MAILBOX__PASSWORD", "hunter2")
    ran = operator.run("mailbox", "process", "--imap")
    assert (ran.code, ran.out) == (1, "")
    assert "refuses the login" in ran.err
    assert "check mailbox.username and mailbox.password" in ran.err
    assert "hunter2" not in ran.err


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


def test_a_digest_that_comes_back_ends_the_mail_to_a_dead_address(service: Service) -> None:
    """As the relay was handed it, returned by it with the headers alone."""
    a_week(service)
    service.ok("subscribers", "add", "eve@reader.example", "--interest", "robots", "--confirmed")
    service.ok("send", "--date", DAY)
    to_eve = [mail for mail in service.mails if mail.recipient == "eve@reader.example"]
    headers = to_eve[-1].message.partition(b"\r\n\r\n")[0]
    file = service.folder / "bounce.eml"
    file.write_bytes(BOUNCE.replace(b"ada@", b"eve@") + b"\r\n--- Below is a copy.\r\n" + headers)
    assert service.ok("mailbox", "process", str(file)) == "bounce: suppressed (hard 5.1.1)\n"
    assert service.json("subscribers", "show", "eve@reader.example")["status"] == "suppressed"
    (row,) = service.json("deliveries", "list", "--status", "bounced")
    assert row["email"] == "eve@reader.example"
    assert row["detail"].startswith("came back: ")
    assert "came back" in service.ok("deliveries", "list", "--status", "bounced")
    assert "bounced (came back" in service.ok("explain", "eve@reader.example", "--date", DAY)
    assert service.ok("mailbox", "process", str(file)).startswith("repeated: nothing")


# --- what a mail is, without doing anything ---------------------------------------------------

BOUNCE = (
    b"From: MAILER-DAEMON@relay.example\r\nTo: b@digest.example\r\nSubject: failure notice\r\n\r\n"
    b"I wasn't able to deliver your message to the following addresses.\r\n\r\n"
    b"<ada@reader.example>:\r\n550 5.1.1 user unknown\r\n"
)


def test_a_bounce_is_told_with_its_recipients(operator: Operator) -> None:
    file = operator.folder / "bounce.eml"
    file.write_bytes(BOUNCE)
    (row,) = operator.json("mailbox", "classify", str(file))
    assert (row["file"], row["kind"], row["command"]) == (str(file), "bounce", None)
    (ada,) = row["recipients"]
    wanted = {"address": "ada@reader.example", "permanence": "hard", "status": "5.1.1"}
    assert wanted.items() <= ada.items()
    assert "user unknown" in ada["reason"]


@pytest.mark.parametrize(
    ("subject", "body", "wanted"),
    [
        ("subscribe", "graphs\nat 7:30", {"intent": "subscribe", "interests": ["graphs"]}),
        ("Re: confirm", "yes", {"intent": "confirm", "has_token": False}),
        ("stop", "", {"intent": "unsubscribe", "has_token": False}),
        ("help", "", {"intent": "help"}),
        ("export", "", {"intent": "export"}),
        ("subscribe", "unsubscribe", {"intent": "contradictory"}),
        ("x", "more graphs", {"wishes": [{"wish": "more", "topic": "graphs"}]}),
        ("x", "resume", {"wishes": [{"wish": "resume"}]}),
        ("x", "pause 3 days", {"wishes": [{"wish": "pause", "days": 3, "until": ""}]}),
        (
            "x",
            "weekly",
            {"wishes": [{"wish": "timetable", "frequency": "weekly", "at": "", "timezone": ""}]},
        ),
    ],
)
def test_a_command_is_told_in_full(
    operator: Operator, subject: str, body: str, wanted: dict[str, object]
) -> None:
    file = operator.folder / "command.eml"
    head = f"From: ada@reader.example\r\nSubject: {subject}\r\n\r\n"
    file.write_bytes(f"{head}{body}\r\n".encode())
    (row,) = operator.json("mailbox", "classify", str(file))
    assert (row["kind"], row["recipients"]) == ("command", [])
    assert wanted.items() <= row["command"].items()


def test_each_of_several_mails_has_its_line_and_nothing_changes(operator: Operator) -> None:
    mails = {
        "bounce.eml": BOUNCE,
        "help.eml": HELP,
        "away.eml": b"From: a@b.example\r\nSubject: Automatic reply: x\r\n\r\nAway.\r\n",
        "spam.eml": b"From: a@b.example\r\nSubject: x\r\n\r\nhttps://b.example\r\n",
    }
    for name, raw in mails.items():
        (operator.folder / name).write_bytes(raw)
    rows = operator.rows()
    said = operator.ok("mailbox", "classify", *(str(operator.folder / name) for name in mails))
    kinds = ("bounce: ada@reader.example hard 5.1.1", "command: help", "auto_reply", "other")
    for line, kind in zip(said.splitlines(), kinds, strict=True):
        assert kind in line
    assert operator.rows() == rows


def test_a_mail_is_classified_from_a_pipe_where_nothing_is_set_up(tmp_path: Path) -> None:
    ran = program("mailbox", "classify", "-", "--json", folder=tmp_path, stdin=BOUNCE)
    assert [row["file"] for row in json.loads(ran.stdout)] == ["-"], ran.stderr
    assert list(tmp_path.iterdir()) == []


def test_every_file_that_cannot_be_read_is_named(operator: Operator) -> None:
    said = operator.refused("mailbox", "classify", "nowhere.eml", "nobody.eml")
    assert "nowhere.eml cannot be read" in said
    assert "nobody.eml cannot be read" in said
