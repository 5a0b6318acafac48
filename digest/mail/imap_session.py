"""A connection to an IMAP server, spoken with IMAPClient, that is made anew where it breaks."""

import imaplib
import re
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import structlog
from imapclient import DELETED, FLAGGED, SEEN, IMAPClient
from imapclient.exceptions import CapabilityError, LoginError, ProtocolError

from digest.core.errors import InboxUnavailable, UnreadableMail
from digest.mail.imap_config import ImapConfig
from digest.mail.mime import MAX_MAIL_BYTES
from digest.mail.smtp import Security
from digest.mail.transaction import printable

_log = structlog.get_logger()

_TRIES = 3  # connections that one mail may break before it is taken to be at fault
_CONTENT = b"BODY[]<0>"
# After these nobody knows what the connection would say next; any other error of the library is
# a clear no to one command.
_BREAKS = (OSError, imaplib.IMAP4.abort, ProtocolError, ValueError, IndexError, EOFError)
_FAILURES = (imaplib.IMAP4.error, *_BREAKS)

Answer = TypeVar("Answer")


class ImapSession:
    """A connection that has logged in and selected the folder, made anew where it breaks."""

    def __init__(self, config: ImapConfig, tls: ssl.SSLContext) -> None:
        self._config = config
        self._tls = tls
        self.uid_validity = 0
        self._client = self._connected()

    @property
    def encryption(self) -> str:
        """The version of TLS, "" without."""
        sock = self._client.socket()
        return (sock.version() or "") if isinstance(sock, ssl.SSLSocket) else ""

    def close(self) -> None:
        """Says LOGOUT where there is somebody to say it to."""
        _leave(self._client)

    def waiting(self) -> list[int]:
        return sorted(self._ask("search", lambda c: c.search(["UNSEEN", "UNDELETED"])))

    def fetch(self, uid: int) -> bytes | None:
        # One byte more than is looked at; PEEK leaves the mail unseen.
        what = [f"BODY.PEEK[]<0.{MAX_MAIL_BYTES + 1}>"]
        try:
            answer = self._insist(lambda client: client.fetch([uid], what))
        except _FAILURES as error:
            raise UnreadableMail(f"the server does not give it: {self._said(error)}") from error
        content = answer.get(uid, {}).get(_CONTENT)
        # Dovecot gives NIL of a mail that was removed while we looked.
        return content if isinstance(content, bytes) else None

    def mark_handled(self, uid: int) -> None:
        self._ask("mark mail as seen", lambda c: c.add_flags([uid], [SEEN], silent=True))
        if folder := self._config.handled_folder:
            self._ask("move mail", lambda client: _move(client, uid, folder))

    def set_aside(self, uid: int) -> str:
        folder = self._config.quarantine_folder
        try:
            self._insist(lambda client: _move_to_new(client, uid, folder))
            return f"moved to {folder}"
        except imaplib.IMAP4.error as error:
            _log.warning("imap.no_quarantine", folder=folder, why=self._said(error))
        self._ask("flag mail", lambda c: c.add_flags([uid], [SEEN, FLAGGED], silent=True))
        return f"flagged in {self._config.folder}, as there is no folder {folder}"

    def create_handled_folder(self) -> None:
        folder = self._config.handled_folder
        if folder:
            todo = "set mailbox.handled_folder to a folder that is there or can be made"
            self._ask("make a folder", lambda client: _make(client, folder), todo)

    # --- asking ---------------------------------------------------------------------------------

    def _ask(
        self,
        what: str,
        command: Callable[[IMAPClient], Answer],
        todo: str = "look at what the server says; it is tried again later",
    ) -> Answer:
        """The answer to a command that must not fail. Raises InboxUnavailable."""
        try:
            return self._insist(command)
        except _FAILURES as error:
            why = f"{self._place} does not {what}: {self._said(error)}"
            raise InboxUnavailable(why, todo) from error

    def _insist(self, command: Callable[[IMAPClient], Answer]) -> Answer:
        """The answer, if need be over a fresh connection: what is asked here may be asked twice.

        Raises what the library raises, and InboxUnavailable where there is no connection.
        """
        for _ in range(_TRIES - 1):
            try:
                return command(self._client)
            except _BREAKS:
                self._reconnect()
        return command(self._client)

    def _reconnect(self) -> None:
        _hang_up(self._client)
        _log.info("imap.reconnected", host=self._config.host)
        before = self.uid_validity
        self._client = self._connected()
        if self.uid_validity != before:
            raise InboxUnavailable(
                f"{self._place} has numbered {self._config.folder} anew",
                "nothing is to be done: it is read from the beginning next time",
            )

    # --- connecting -----------------------------------------------------------------------------

    @property
    def _place(self) -> str:
        return f"{self._config.host}:{self._config.port}"

    def _connected(self) -> IMAPClient:
        """Raises InboxUnavailable, with what to do."""
        config = self._config
        client = self._greeted()
        try:
            if config.security is Security.STARTTLS:
                client.starttls(self._tls)
            if config.username:
                _log_in(client, config)
            answer = client.select_folder(config.folder)
            self.uid_validity = int(answer.get(b"UIDVALIDITY", 0))
        except _FAILURES as error:
            _hang_up(client)
            raise self._unavailable(error) from error
        return client

    def _greeted(self) -> IMAPClient:
        config = self._config
        is_tls = config.security is Security.TLS
        try:
            return IMAPClient(
                config.host,
                config.port,
                ssl=is_tls,
                ssl_context=self._tls if is_tls else None,
                timeout=config.timeout_s,
            )
        except _FAILURES as error:
            if type(error) is imaplib.IMAP4.error:
                what = f"{self._place} does not want to talk to us: {self._said(error)}"
                raise InboxUnavailable(what, "wait: it is tried again later") from error
            raise self._unavailable(error) from error

    def _unavailable(self, error: Exception) -> InboxUnavailable:
        """What failed, what the server or the network said, and what to do."""
        folder = self._config.folder
        match _cause(error):
            case LoginError():
                what = "refuses the login"
                todo = "check mailbox.username and mailbox.password"
            case ssl.SSLError() | CapabilityError():
                what = "cannot be spoken to over TLS"
                todo = "check mailbox.security, mailbox.port and the server's certificate"
            case imaplib.IMAP4.readonly():
                what = f"lets nobody mark mail in {folder}"
                todo = "give mailbox.username the right to it, or set mailbox.folder"
            case OSError() | imaplib.IMAP4.abort():
                what = "cannot be reached"
                todo = "check mailbox.host and mailbox.port; it is tried again later"
            case _:
                what = f"does not open the folder {folder}"
                todo = "set mailbox.folder to one that mailbox.username has"
        return InboxUnavailable(f"{self._place} {what}: {self._said(error)}", todo)

    def _said(self, error: Exception) -> str:
        """The server's or the network's own words on one line, without our secrets in them."""
        given = error.args[0] if error.args else ""
        text = printable(given if isinstance(given, bytes) else str(error))
        if quoted := re.fullmatch(r"b(['\"])(.*)\1", text):
            text = quoted[2]
        for secret in (self._config.password, self._config.username):
            text = text.replace(secret, "…") if secret else text
        return text or type(error).__name__


def _log_in(client: IMAPClient, config: ImapConfig) -> None:
    """By AUTHENTICATE PLAIN, which takes any character, where the server offers it."""
    log_in = client.plain_login if client.has_capability("AUTH=PLAIN") else client.login
    log_in(config.username, config.password)


def _cause(error: Exception) -> Exception:
    """What happened; of a login that ended with the connection, that."""
    broken = error.__context__
    if isinstance(error, LoginError) and isinstance(broken, imaplib.IMAP4.abort):
        return broken
    return error


def _leave(client: IMAPClient) -> None:
    try:
        client.logout()
    except _FAILURES:
        _hang_up(client)


def _hang_up(client: IMAPClient) -> None:
    with suppress(OSError):
        client.shutdown()


def _make(client: IMAPClient, folder: str) -> None:
    """Makes the folder, where it is not there; mail programs show it where they can be told to."""
    if client.folder_exists(folder):
        return
    client.create_folder(folder)
    with suppress(imaplib.IMAP4.error):
        client.subscribe_folder(folder)


def _move(client: IMAPClient, uid: int, folder: str) -> None:
    """Asked a second time, it does nothing: the UID is gone."""
    if client.has_capability("MOVE"):
        client.move([uid], folder)
        return
    client.copy([uid], folder)
    client.add_flags([uid], [DELETED], silent=True)
    if client.has_capability("UIDPLUS"):  # else whoever clears the folder up removes it
        client.uid_expunge([uid])


def _move_to_new(client: IMAPClient, uid: int, folder: str) -> None:
    _make(client, folder)
    _move(client, uid, folder)
