"""A Dovecot of the tests' own: an unprivileged user's, in a temporary folder, on free ports."""

import grp
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from imapclient import IMAPClient

from tests.mail.relay import make_certificate

PASSWORD = 'open "sesame" \\ ü'
_HOW_TO_HAVE_IT = "to run these tests: apt-get install dovecot-imapd (2.3)"
_START_S = 10.0


class NoDovecot(Exception):
    """Why there is no server, and how to have one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dovecot:
    """Every username is an account, with `PASSWORD`."""

    imap_port: int
    imaps_port: int
    ca_file: str

    @contextmanager
    def client(self, username: str) -> Iterator[IMAPClient]:
        """A mail program of that user."""
        with IMAPClient("127.0.0.1", self.imap_port, ssl=False, timeout=10) as client:
            client.plain_login(username, PASSWORD)
            yield client


@contextmanager
def running() -> Iterator[Dovecot]:
    """The server, stopped in the end. Raises NoDovecot."""
    program, account = _program(), _account()
    folder = Path(tempfile.mkdtemp(prefix="digest-dovecot-"))
    try:
        certificate = make_certificate(folder, datetime.now(UTC)).path
        imap_port, imaps_port = _free_ports()
        dovecot = Dovecot(imap_port=imap_port, imaps_port=imaps_port, ca_file=str(certificate))
        configuration = folder / "dovecot.conf"
        configuration.write_text(_configuration(folder, dovecot, account), encoding="utf-8")
        for path in (folder, certificate, configuration):
            os.chown(path, account.pw_uid, account.pw_gid)
        with _process([program, "-F", "-c", str(configuration)], folder, account):
            _wait_until_it_answers(dovecot, folder)
            yield dovecot
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _account() -> pwd.struct_passwd:
    """Whom the server runs as: nobody in particular, even where the tests run as root."""
    return pwd.getpwuid(os.geteuid()) if os.geteuid() else pwd.getpwnam("nobody")


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


@contextmanager
def _process(command: list[str], folder: Path, account: pwd.struct_passwd) -> Iterator[None]:
    as_root = os.geteuid() == 0
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=folder,
            user=account.pw_uid if as_root else None,
            group=account.pw_gid if as_root else None,
            extra_groups=[] if as_root else None,
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(_START_S)


def _wait_until_it_answers(dovecot: Dovecot, folder: Path) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", dovecot.imap_port), 1):
            return
        time.sleep(0.02)
    told = (folder / "output").read_text(errors="replace").strip()
    raise NoDovecot(f"Dovecot did not start: {told[-300:]}")


def _program() -> str:
    program = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None or not Path("/usr/lib/dovecot/imap").exists():
        raise NoDovecot(f"Dovecot is not installed; {_HOW_TO_HAVE_IT}")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    if not version.stdout.startswith("2.3."):
        raise NoDovecot(f"this Dovecot is {version.stdout.strip()}; {_HOW_TO_HAVE_IT}")
    return program


def _configuration(folder: Path, dovecot: Dovecot, account: pwd.struct_passwd) -> str:
    ids = f"uid={account.pw_uid} gid={account.pw_gid}"
    return f"""
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
default_internal_user = {account.pw_name}
default_internal_group = {grp.getgrgid(account.pw_gid).gr_name}
default_login_user = {account.pw_name}
first_valid_uid = 1
ssl = yes
ssl_cert = <{dovecot.ca_file}
ssl_key = <{dovecot.ca_file}
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
mail_location = maildir:{folder}/mail/%u
passdb {{
  driver = static
  args = password={{PLAIN.HEX}}{PASSWORD.encode().hex()}
}}
userdb {{
  driver = static
  args = {ids} home={folder}/mail/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {dovecot.imap_port}
  }}
  inet_listener imaps {{
    port = {dovecot.imaps_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
  # Refused logins are not paid for by the next test.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""
