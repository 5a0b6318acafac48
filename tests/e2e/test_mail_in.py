"""`digest run` and the mail that comes to it: read by IMAP, or handed over by LMTP."""

import os
import signal
import smtplib
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from imapclient import SEEN

from digest.demo.catcher import CaughtMail, caught_mails
from tests.dovecot import PASSWORD, Dovecot
from tests.e2e.world import World, serving, write_config

SOON_S = 30.0
HELP = (
    b"From: eve@reader.example\r\nTo: commands@digest.example\r\nSubject: help\r\n"
    b"Message-ID: <1@reader.example>\r\n\r\nhelp\r\n"
)


@contextmanager
def running(folder: Path, **mailbox: str) -> Iterator[list[CaughtMail]]:
    """The daemon with these keys of [mailbox]; the mails that it sends. It must end cleanly."""
    keys = {f"DIGEST__MAILBOX__{key.upper()}": value for key, value in mailbox.items()}
    with (
        serving(World()) as world,
        caught_mails() as (port, mails),
        (folder / "log").open("wb") as log,
    ):
        config = write_config(folder, world, port)
        process = subprocess.Popen(
            [sys.executable, "-m", "digest", "--config", str(config), "run"],
            env=os.environ | keys | {"DIGEST__WEB__PORT": "0"},
            stderr=log,
        )
        try:
            yield mails
            process.send_signal(signal.SIGTERM)
            assert process.wait(SOON_S) == 0
        finally:
            process.kill()
            process.wait()


def soon(happens: Callable[[], bool], folder: Path) -> None:
    pause = threading.Event()
    for _ in range(int(SOON_S / 0.05)):
        if happens():
            return
        pause.wait(0.05)
    raise AssertionError((folder / "log").read_text(encoding="utf-8"))


def test_a_mail_that_waits_at_an_imap_server_is_answered(tmp_path: Path, dovecot: Dovecot) -> None:
    with dovecot.client("running") as client:
        client.append("INBOX", HELP)
    keys = {
        "kind": "imap",
        "host": "127.0.0.1",
        "port": str(dovecot.imaps_port),
        "username": "running",
        "password": PASSWORD,
        "ca_file": dovecot.ca_file,
    }
    with running(tmp_path, **keys) as mails:
        soon(lambda: len(mails) == 1, tmp_path)
    assert mails[0].recipient == "eve@reader.example"
    with dovecot.client("running") as client:
        client.select_folder("INBOX")
        assert client.search(["SEEN"]) == [1]
        assert SEEN in client.get_flags([1])[1]
    log = (tmp_path / "log").read_text(encoding="utf-8")
    assert PASSWORD not in log
    assert "eve@" not in log


def test_a_mail_that_is_handed_over_is_answered(tmp_path: Path) -> None:
    path = tmp_path / "lmtp.sock"
    with running(tmp_path, kind="lmtp", path="lmtp.sock") as mails:
        soon(path.exists, tmp_path)
        with smtplib.LMTP(str(path)) as server:
            server.sendmail("eve@reader.example", "commands@digest.example", HELP)
        soon(lambda: len(mails) == 1, tmp_path)
    assert mails[0].recipient == "eve@reader.example"
    assert not path.exists()
    assert "eve@" not in (tmp_path / "log").read_text(encoding="utf-8")
