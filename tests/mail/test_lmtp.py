"""Mail that a mail server hands over: a reply for each recipient, and nothing lost."""

import os
import smtplib
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from digest.core.errors import ConfigError, StoreError
from digest.mail.lmtp import MAX_TAKEN_BYTES, LmtpPlace, LmtpServer, greeting_at

OURS = ("commands@papers.example.org", "bounces+x@papers.example.org")
MAIL = b"From: ada@example.net\r\nSubject: help\r\n\r\nhelp\r\n"
SOON_S = 10.0


@dataclass
class Taker:
    """Keeps what it is given; breaks as told."""

    troubles: list[Exception] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)
    while_taking: Callable[[], object] = lambda: None

    def take(self, mail: bytes) -> None:
        self.while_taking()
        if self.troubles:
            raise self.troubles.pop(0)
        self.mails.append(mail)


@contextmanager
def serving(taker: Taker, place: LmtpPlace | None = None) -> Iterator[LmtpPlace]:
    server = LmtpServer(
        place or LmtpPlace(),
        hostname="papers.example.org",
        accepts=lambda address: address in OURS,
        take=taker.take,
    )
    server.start()
    try:
        yield server.place
    finally:
        server.stop()


class Client:
    """What a mail server says, a line at a time."""

    def __init__(self, place: LmtpPlace) -> None:
        self.sock = socket.create_connection((place.host, place.port), SOON_S)
        self.file = self.sock.makefile("rb")
        self.reply()

    def reply(self) -> str:
        """The last line of one reply."""
        while True:
            line = self.file.readline().decode().strip()
            if line[3:4] != "-":
                return line

    def say(self, *lines: str) -> list[str]:
        """The replies to lines that are sent in one go."""
        self.sock.sendall("".join(f"{line}\r\n" for line in lines).encode())
        return [self.reply() for _ in lines]

    def hand_over(self, sender: str, recipients: list[str], mail: bytes = MAIL) -> list[str]:
        """The replies to the end of the mail, one for each recipient that was accepted."""
        asked = self.say(f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{one}>" for one in recipients))
        assert self.say("DATA")[0].startswith("354")
        self.sock.sendall(mail + b".\r\n")
        return [self.reply() for reply in asked[1:] if reply.startswith("250")]

    def close(self) -> None:
        self.file.close()
        self.sock.close()


@contextmanager
def talking(place: LmtpPlace) -> Iterator[Client]:
    client = Client(place)
    try:
        client.say("LHLO mx.example.org")
        yield client
    finally:
        client.close()


@pytest.fixture
def taker() -> Taker:
    return Taker()


def test_a_mail_is_taken_with_what_its_envelope_says(taker: Taker) -> None:
    with serving(taker) as place, smtplib.LMTP(place.host, place.port) as server:
        server.sendmail("ada@example.net", OURS[0], MAIL)
    head = b"Return-Path: <ada@example.net>\r\nDelivered-To: commands@papers.example.org\r\n"
    assert taker.mails == [head + MAIL]


def test_returned_mail_has_no_sender_and_keeps_the_address_it_came_to(taker: Taker) -> None:
    with serving(taker) as place, talking(place) as client:
        assert client.hand_over("", [OURS[1]])[0].startswith("250")
    assert taker.mails[0].startswith(b"Return-Path: <>\r\nDelivered-To: bounces+x@papers.exam")


def test_every_accepted_recipient_gets_a_reply_and_the_mail_is_handled_once(taker: Taker) -> None:
    with serving(taker) as place, talking(place) as client:
        replies = client.hand_over("ada@example.net", [OURS[0], "who@papers.example.org", OURS[1]])
        assert [reply[:3] for reply in replies] == ["250", "250"]
        assert client.say("NOOP")[0].startswith("250")
    assert len(taker.mails) == 1
    assert taker.mails[0].count(b"Delivered-To: ") == 2


def test_only_recipients_of_ours_are_accepted(taker: Taker) -> None:
    with serving(taker) as place, talking(place) as client:
        replies = client.say("MAIL FROM:<ada@example.net>", "RCPT TO:<who@papers.example.org>")
        assert replies[1].startswith("550 5.1.1")
        assert client.say("DATA")[0].startswith("503")


def test_several_mails_go_over_one_connection_in_one_go(taker: Taker) -> None:
    with serving(taker) as place, talking(place) as client:
        for _ in range(3):
            assert len(client.hand_over("ada@example.net", list(OURS))) == 2
    assert len(taker.mails) == 3


@pytest.mark.parametrize("error", [StoreError("the database is locked"), RuntimeError("a bug")])
def test_whatever_breaks_here_the_server_keeps_the_mail_and_tries_again(
    taker: Taker, error: Exception
) -> None:
    taker.troubles.append(error)
    with serving(taker) as place, talking(place) as client, capture_logs() as logs:
        replies = client.hand_over("ada@example.net", list(OURS))
        assert [reply[:9] for reply in replies] == ["451 4.3.0", "451 4.3.0"]
        assert str(error) not in replies[0]
        again = client.hand_over("ada@example.net", list(OURS))
        assert [reply[:3] for reply in again] == ["250", "250"]
    assert len(taker.mails) == 1
    told = [log for log in logs if log["log_level"] != "debug"]
    assert [(log["event"], log["error"]) for log in told] == [
        ("lmtp.deferred", type(error).__name__)
    ]


def test_the_size_limit_is_announced_and_kept_to(taker: Taker) -> None:
    with serving(taker) as place, smtplib.LMTP(place.host, place.port) as server:
        server.ehlo()
        assert server.esmtp_features["size"] == str(MAX_TAKEN_BYTES)
        assert server.has_extn("pipelining")
    with serving(taker) as place, talking(place) as client:
        said = client.say(f"MAIL FROM:<a@example.net> SIZE={MAX_TAKEN_BYTES + 1}")
        assert said[0].startswith("552")
        replies = client.hand_over("ada@example.net", list(OURS), (b"x" * 998 + b"\r\n") * 11_000)
        assert [reply[:3] for reply in replies] == ["552", "552"]
    assert taker.mails == []


def test_a_line_longer_than_the_rules_allow_is_taken(taker: Taker) -> None:
    with serving(taker) as place, talking(place) as client:
        client.hand_over("ada@example.net", [OURS[0]], MAIL + b"x" * 100_000 + b"\r\n")
    assert len(taker.mails) == 1


def test_a_server_that_speaks_smtp_is_told_that_this_is_none(taker: Taker) -> None:
    with serving(taker) as place, talking(place) as client:
        assert client.say("EHLO mx.example.org")[0].startswith("500")


def test_a_connection_that_ends_within_a_mail_hands_nothing_over(taker: Taker) -> None:
    with serving(taker) as place:
        with talking(place) as client:
            client.say("MAIL FROM:<a@example.net>", f"RCPT TO:<{OURS[0]}>", "DATA")
            client.sock.sendall(MAIL)
        with talking(place) as client:
            client.hand_over("ada@example.net", [OURS[0]])
    assert len(taker.mails) == 1


def test_mails_are_handled_one_after_the_other(taker: Taker) -> None:
    at_once: list[bool] = []
    inside = threading.Semaphore(1)

    def slow() -> None:
        at_once.append(inside.acquire(blocking=False))
        threading.Event().wait(0.05)
        inside.release()

    taker.while_taking = slow
    with serving(taker) as place:

        def one() -> None:
            with talking(place) as client:
                client.hand_over("ada@example.net", [OURS[0]])

        threads = [threading.Thread(target=one) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(SOON_S)
    assert at_once == [True] * 4


def test_a_stop_waits_for_the_mail_in_hand(taker: Taker) -> None:
    begun = threading.Event()

    def slow() -> None:
        begun.set()
        threading.Event().wait(0.2)

    taker.while_taking = slow
    with serving(taker) as place, talking(place) as client:
        client.say("MAIL FROM:<a@example.net>", f"RCPT TO:<{OURS[0]}>", "DATA")
        client.sock.sendall(MAIL + b".\r\n")
        assert begun.wait(SOON_S)
    assert len(taker.mails) == 1


# --- the place ------------------------------------------------------------------------------------


def test_a_unix_socket_is_for_this_user_and_its_group_and_goes_at_the_end(
    taker: Taker, tmp_path: Path
) -> None:
    path = tmp_path / "lmtp.sock"
    with serving(taker, LmtpPlace(socket_path=str(path))) as place:
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        with smtplib.LMTP(str(path)) as server:
            server.sendmail("ada@example.net", OURS[0], MAIL)
        assert greeting_at(place).startswith("220 papers.example.org")
    assert len(taker.mails) == 1
    assert not path.exists()
    assert greeting_at(place) == ""


def test_a_socket_that_a_dead_process_left_is_replaced_and_a_living_one_is_not(
    taker: Taker, tmp_path: Path
) -> None:
    path = tmp_path / "lmtp.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    place = LmtpPlace(socket_path=str(path))
    with (
        serving(taker, place),
        pytest.raises(ConfigError, match=r"mailbox.path: .* cannot be used: Address already"),
        serving(taker, place),
    ):
        pass


def test_a_file_of_somebody_is_not_removed(taker: Taker, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    with (
        pytest.raises(ConfigError, match=r"mailbox\.path"),
        serving(taker, LmtpPlace(socket_path=str(tmp_path / "mine"))),
    ):
        pass
    assert os.listdir(tmp_path) == ["mine"]


@pytest.mark.parametrize("path", ["nowhere/lmtp.sock", "x" * 120])
def test_a_path_that_cannot_be_a_socket_is_named(taker: Taker, tmp_path: Path, path: str) -> None:
    with (
        pytest.raises(ConfigError, match=r"mailbox.path: .* cannot be used: "),
        serving(taker, LmtpPlace(socket_path=str(tmp_path / path))),
    ):
        pass


def test_a_port_that_somebody_has_is_named(taker: Taker) -> None:
    with (
        serving(taker) as place,
        pytest.raises(ConfigError, match=f"mailbox.port: 127.0.0.1:{place.port} cannot be used"),
        serving(taker, place),
    ):
        pass
