"""An IMAP folder as an inbox, on a real server and on one that misbehaves as told."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from imapclient import FLAGGED, SEEN

from digest.core.errors import ConfigError, InboxUnavailable, UnreadableMail
from digest.mail.imap import ImapInbox
from digest.mail.imap_config import ImapConfig
from digest.mail.mime import MAX_MAIL_BYTES
from digest.mail.smtp import Security
from tests.dovecot import PASSWORD, Dovecot
from tests.mail.imap_server import ImapServer, serving
from tests.mail.relay import Certificate, make_certificate

SECRET = "open-sesame"
MAIL = b"From: ada@example.net\r\nSubject: help\r\n\r\nhelp\r\n"


# --- a real server --------------------------------------------------------------------------------


def of_dovecot(dovecot: Dovecot, username: str, **changes: Any) -> ImapInbox:
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": dovecot.imaps_port,
        "username": username,
        "password": PASSWORD,
        "ca_file": dovecot.ca_file,
        "timeout_s": 10,
    }
    return ImapInbox(ImapConfig(**(values | changes)))


def put(dovecot: Dovecot, username: str, *mails: bytes, folder: str = "INBOX") -> None:
    with dovecot.client(username) as client:
        for mail in mails:
            client.append(folder, mail)


def flags_in(dovecot: Dovecot, username: str, folder: str = "INBOX") -> list[set[bytes]]:
    with dovecot.client(username) as client:
        client.select_folder(folder, readonly=True)
        flags = client.get_flags(client.search())
        return [set(flags[uid]) & {SEEN, FLAGGED} for uid in sorted(flags)]


def read_all(inbox: ImapInbox) -> list[bytes | None]:
    with inbox.opened() as mails:
        return [mail.read() for mail in mails]


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
def test_mail_is_read_in_order_and_stays_unseen_until_it_is_handled(
    dovecot: Dovecot, security: Security
) -> None:
    user = f"order-{security}"
    put(dovecot, user, MAIL, MAIL.replace(b"help", b"stop"))
    port = dovecot.imaps_port if security is Security.TLS else dovecot.imap_port
    inbox = of_dovecot(dovecot, user, security=security, port=port)
    assert read_all(inbox) == [MAIL, MAIL.replace(b"help", b"stop")]
    assert flags_in(dovecot, user) == [set(), set()]
    with inbox.opened() as mails:
        next(iter(mails)).mark_handled()
    assert flags_in(dovecot, user) == [{SEEN}, set()]
    assert read_all(inbox) == [MAIL.replace(b"help", b"stop")]


def test_handled_mail_moves_to_its_folder_which_is_made_when_missing(dovecot: Dovecot) -> None:
    put(dovecot, "mover", MAIL, MAIL)
    with of_dovecot(dovecot, "mover", handled_folder="Erledigt für immer").opened() as mails:
        for mail in mails:
            mail.mark_handled()
    assert flags_in(dovecot, "mover") == []
    assert flags_in(dovecot, "mover", "Erledigt für immer") == [{SEEN}, {SEEN}]


def test_mail_that_breaks_moves_to_the_quarantine_unseen(dovecot: Dovecot) -> None:
    put(dovecot, "breaker", MAIL)
    with of_dovecot(dovecot, "breaker").opened() as mails:
        assert [mail.set_aside() for mail in mails] == ["moved to Quarantine"]
    assert flags_in(dovecot, "breaker") == []
    assert flags_in(dovecot, "breaker", "Quarantine") == [set()]


def test_of_a_huge_mail_only_the_beginning_is_fetched(dovecot: Dovecot) -> None:
    put(dovecot, "huge", MAIL + b"x" * 76 * 40_000)
    (content,) = read_all(of_dovecot(dovecot, "huge"))
    assert content is not None
    assert len(content) == MAX_MAIL_BYTES + 1
    assert content.startswith(MAIL)


def test_a_mail_that_another_program_removed_is_gone_and_no_error(dovecot: Dovecot) -> None:
    put(dovecot, "gone", MAIL, MAIL)
    with of_dovecot(dovecot, "gone").opened() as mails:
        first, second = mails
        with dovecot.client("gone") as client:
            client.select_folder("INBOX")
            client.delete_messages([first.uid])
            client.expunge()
        assert first.read() is None
        first.mark_handled()
        assert second.read() == MAIL


def test_mail_that_arrives_during_a_look_waits_for_the_next(dovecot: Dovecot) -> None:
    put(dovecot, "late", MAIL)
    inbox = of_dovecot(dovecot, "late")
    with inbox.opened() as mails:
        put(dovecot, "late", MAIL)
        for mail in mails:
            mail.mark_handled()
    assert len(read_all(inbox)) == 1


def test_a_folder_of_any_name_is_read(dovecot: Dovecot) -> None:
    with dovecot.client("folders") as client:
        client.create_folder("Befehle & Rückläufer")
    put(dovecot, "folders", MAIL, folder="Befehle & Rückläufer")
    assert read_all(of_dovecot(dovecot, "folders", folder="Befehle & Rückläufer")) == [MAIL]


def test_a_look_counts_what_waits_and_changes_nothing(dovecot: Dovecot) -> None:
    put(dovecot, "looker", MAIL, MAIL)
    inbox = of_dovecot(dovecot, "looker", handled_folder="Done")
    assert inbox.look() == f"INBOX of 127.0.0.1:{dovecot.imaps_port}: 2 waiting, TLSv1.3"
    with dovecot.client("looker") as client:
        assert not client.folder_exists("Done")
    assert flags_in(dovecot, "looker") == [set(), set()]


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"password": "wrong"}, "refuses the login: "),
        ({"folder": "Nowhere"}, "does not open the folder Nowhere: "),
        ({"ca_file": ""}, "cannot be spoken to over TLS: .*certificate verify failed"),
        ({"security": Security.STARTTLS, "timeout_s": 0.2}, "cannot be reached: .*timed out"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_what_to_do(
    dovecot: Dovecot, changes: dict[str, Any], what: str
) -> None:
    with pytest.raises(InboxUnavailable, match=what) as caught:
        of_dovecot(dovecot, "somebody", **changes).look()
    assert "check mailbox." in caught.value.todo or "set mailbox.folder" in caught.value.todo
    assert "\n" not in str(caught.value)
    assert not {PASSWORD, "wrong"} & set(str(caught.value).split())


# --- a server that misbehaves ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls"), datetime.now(UTC))


@pytest.fixture
def server(certificate: Certificate) -> Iterator[ImapServer]:
    with serving(ImapServer(), certificate.server_context) as started:
        yield started


@pytest.fixture
def inbox(server: ImapServer, certificate: Certificate) -> ImapInbox:
    return inbox_of(server, certificate)


def inbox_of(server: ImapServer, certificate: Certificate, **changes: Any) -> ImapInbox:
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": server.port,
        "username": "ada@example.org",
        "password": SECRET,
        "ca_file": str(certificate.path),
        "timeout_s": 5,
    }
    return ImapInbox(ImapConfig(**(values | changes)))


def test_a_connection_that_breaks_within_a_mail_is_made_anew(
    server: ImapServer, inbox: ImapInbox
) -> None:
    server.add(MAIL)
    server.add(MAIL)
    server.answers["FETCH"] = ["drop after 10"]
    assert read_all(inbox) == [MAIL, MAIL]
    assert server.log.count("LOGIN") == 2


def test_a_mail_that_breaks_every_connection_does_not_hold_up_the_next(
    server: ImapServer, inbox: ImapInbox
) -> None:
    server.add(MAIL)
    server.add(MAIL)
    server.answers["FETCH"] = ["drop after 10"] * 3
    with inbox.opened() as mails:
        for mail in mails:
            try:
                mail.read()
                mail.mark_handled()
            except UnreadableMail:
                mail.set_aside()
    assert server.folders["Quarantine"] == [MAIL]
    assert server.flags[2] == {r"\Seen"}


def test_a_mail_that_the_server_refuses_to_give_is_told_from_a_server_that_is_down(
    server: ImapServer, inbox: ImapInbox
) -> None:
    server.add(MAIL)
    server.add(MAIL)
    server.answers["FETCH"] = ["NO [SERVERBUG] internal error"]
    with inbox.opened() as mails:
        first, second = mails
        with pytest.raises(UnreadableMail, match="SERVERBUG"):
            first.read()
        assert second.read() == MAIL
    assert server.log.count("LOGIN") == 1


def test_a_mail_of_which_the_server_gives_nothing_is_gone(
    server: ImapServer, inbox: ImapInbox
) -> None:
    server.add(MAIL)
    server.answers["FETCH"] = ["nothing"]
    assert read_all(inbox) == [None]


def test_a_mark_that_was_lost_with_its_connection_is_set_again(
    server: ImapServer, inbox: ImapInbox
) -> None:
    server.add(MAIL)
    server.answers["STORE"] = ["drop"]
    with inbox.opened() as mails:
        for mail in mails:
            mail.mark_handled()
    assert server.flags[1] == {r"\Seen"}


def test_a_server_that_goes_away_for_good_ends_the_look(
    server: ImapServer, inbox: ImapInbox
) -> None:
    server.add(MAIL)
    server.answers["FETCH"] = ["drop"]
    with inbox.opened() as mails:
        (mail,) = mails
        server.greeting = "* BYE shutting down"
        with pytest.raises(InboxUnavailable, match="does not want to talk to us"):
            mail.read()


def test_a_folder_that_was_numbered_anew_is_read_from_the_beginning_next_time(
    server: ImapServer, inbox: ImapInbox
) -> None:
    server.add(MAIL)
    server.answers["FETCH"] = ["drop"]
    with inbox.opened() as mails:
        (mail,) = mails
        assert mail.name == "7/1"
        server.uid_validity = 8
        with pytest.raises(InboxUnavailable, match="numbered INBOX anew"):
            mail.read()
    assert server.flags[1] == set()
    assert read_all(inbox) == [MAIL]


@pytest.mark.parametrize(
    ("step", "answer", "what"),
    [
        ("LOGIN", "NO [AUTHENTICATIONFAILED] no such user", "refuses the login: .AUTHENTICATIONF"),
        ("LOGIN", "drop", "cannot be reached"),
        ("SELECT", "NO not yours", "does not open the folder INBOX: .*not yours"),
        ("SELECT", "OK [READ-ONLY] look only", "lets nobody mark mail in INBOX"),
        ("SEARCH", "BAD what?", "does not search: .*what?"),
    ],
)
def test_each_refusal_has_its_line(
    server: ImapServer, inbox: ImapInbox, step: str, answer: str, what: str
) -> None:
    server.answers[step] = [answer] * 3
    if "READ-ONLY" in answer:
        server.answers[step] = ["OK [READ-ONLY] look only"]
    with pytest.raises(InboxUnavailable, match=what):
        inbox.look()


def test_a_server_that_greets_with_bye_is_quoted(server: ImapServer, inbox: ImapInbox) -> None:
    server.greeting = "* BYE too many connections"
    with pytest.raises(InboxUnavailable, match=r"does not want to talk to us: .*too many connect"):
        inbox.look()


def test_nobody_listening_is_said_with_the_address(certificate: Certificate) -> None:
    with serving(ImapServer()) as stopped:
        pass
    with pytest.raises(InboxUnavailable, match=f"127.0.0.1:{stopped.port} cannot be reached"):
        inbox_of(stopped, certificate).look()


def test_where_no_quarantine_can_be_made_the_mail_stays_flagged_and_does_not_wait(
    server: ImapServer, inbox: ImapInbox
) -> None:
    server.add(MAIL)
    server.answers["CREATE"] = ["NO only below INBOX."]
    with inbox.opened() as mails:
        assert [mail.set_aside() for mail in mails] == [
            "flagged in INBOX, as there is no folder Quarantine"
        ]
    assert server.flags[1] == {r"\Seen", r"\Flagged"}
    assert read_all(inbox) == []


def test_a_folder_for_handled_mail_that_cannot_be_made_is_named_before_any_mail_is_taken(
    server: ImapServer, certificate: Certificate
) -> None:
    server.add(MAIL)
    server.answers["CREATE"] = ["NO only below INBOX."]
    inbox = inbox_of(server, certificate, handled_folder="Done")
    with pytest.raises(InboxUnavailable, match=r"only below INBOX.*mailbox.handled_folder"):
        read_all(inbox)
    assert "FETCH" not in server.log


@pytest.mark.parametrize("capabilities", ["IMAP4rev1 UIDPLUS", "IMAP4rev1"])
def test_without_move_mail_is_copied_and_only_that_mail_removed(
    server: ImapServer, certificate: Certificate, capabilities: str
) -> None:
    server.capabilities = capabilities
    server.add(MAIL)
    with inbox_of(server, certificate, handled_folder="Done").opened() as mails:
        for mail in mails:
            mail.mark_handled()
    assert server.folders["Done"] == [MAIL]
    assert r"\Deleted" in server.flags[1]
    assert ("EXPUNGE" in server.log) is ("UIDPLUS" in capabilities)


def test_starttls_that_is_not_offered_sends_no_password(certificate: Certificate) -> None:
    with serving(ImapServer()) as server:
        inbox = inbox_of(server, certificate, security=Security.STARTTLS)
        with pytest.raises(InboxUnavailable, match="cannot be spoken to over TLS"):
            inbox.look()
    assert SECRET not in str(server.lines)
    assert "LOGIN" not in server.log


def test_a_password_is_in_no_error_whatever_the_server_repeats(
    server: ImapServer, inbox: ImapInbox
) -> None:
    server.answers["LOGIN"] = [f"BAD LOGIN ada@example.org {SECRET} makes no sense"]
    with pytest.raises(InboxUnavailable) as caught:
        inbox.look()
    assert any(SECRET in line for line in server.lines)
    assert SECRET not in str(caught.value) + repr(inbox._config)
    assert "ada@" not in str(caught.value)


# --- configuration --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "mistake"),
    [
        ({"host": ""}, "mailbox.host is missing"),
        ({"security": Security.NONE}, "none would send the password in clear"),
        ({"password": ""}, "mailbox.username and mailbox.password belong together"),
        ({"username": "", "password": ""}, "mailbox.username and mailbox.password are missing"),
        ({"password": "a\r\nb"}, "mailbox.password has characters"),
        ({"handled_folder": "INBOX"}, "has to go to another folder"),
    ],
)
def test_what_cannot_work_is_refused(values: dict[str, Any], mistake: str) -> None:
    whole = {"host": "imap.example.org", "username": "u", "password": SECRET, **values}
    with pytest.raises(ConfigError, match=mistake) as caught:
        ImapConfig(**whole)
    assert SECRET not in str(caught.value)


def test_a_ca_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    for content in (None, b"nothing"):
        if content:
            file.write_bytes(content)
        config = ImapConfig(host="h", username="u", password=SECRET, ca_file=str(file))
        with pytest.raises(ConfigError, match=r"mailbox.ca_file: .*ca.pem cannot be used"):
            ImapInbox(config)


def test_certificates_and_host_names_are_checked() -> None:
    tls = ImapInbox(ImapConfig(host="h", username="u", password=SECRET))._tls
    assert tls.verify_mode is ssl.CERT_REQUIRED
    assert tls.check_hostname
