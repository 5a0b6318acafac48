"""Handing messages to the relay over SMTP (RFC 5321), one kept connection per thread.

`smtplib` negotiates: greeting, EHLO, TLS, AUTH. A transaction is then written in as few steps as
the server allows (RFC 2920), and its reply becomes a value, never an exception.
"""

import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum

import structlog

from digest.core.deliveries import Accepted, Deferred, Rejected, SendOutcome, Unreachable
from digest.core.errors import ConfigError
from digest.core.messages import Envelope
from digest.mail.transaction import (
    CLOSING,
    FAILURES,
    REPLY_CHARS,
    Addresses,
    Refused,
    checked_addresses,
    open_transaction,
    patience,
    printable,
    read_reply,
    size_limit,
    stuffed,
)

_log = structlog.get_logger()

# 530 and its neighbours at MAIL are about who we are, not about whom we write to (RFC 4954, 6).
# How long a relay may take to acknowledge a message (RFC 5321, 4.5.3.2.6): giving up sooner
# means sending it twice.
_TAKING_S = 600.0
_NOT_LOGGED_IN = frozenset({530, 534, 535, 538})


class Security(StrEnum):
    """`tls`: from the first byte (465). `starttls`: asked for, and insisted on (587, 25)."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpConfig:
    """How to reach the relay. `helo` is the name we greet with; `ca_file` adds to trust, or "".

    Raises ConfigError for a password that would travel in clear.
    """

    host: str
    port: int
    security: Security = Security.STARTTLS
    username: str = ""
    password: str = ""
    timeout_s: float = 30.0
    helo: str = "localhost"
    ca_file: str = ""

    def __post_init__(self) -> None:
        mistakes = []
        if self.security is Security.NONE and self.password:
            mistakes.append(
                "smtp.security: none would send the password in clear: use starttls or tls"
            )
        if bool(self.username) != bool(self.password):
            mistakes.append("smtp.username and smtp.password belong together: give both or neither")
        if not (self.username + self.password).isascii():
            mistakes.append("smtp.password: only ASCII characters can be sent to log in")
        if mistakes:
            raise ConfigError(mistakes)

    def __repr__(self) -> str:
        return f"SmtpConfig({self.host}:{self.port}, {self.security})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What a test connection found; `problem` is "" where everything went well.

    `tls` is the protocol version, "" without; `max_bytes` is 0 where the server names no limit.
    """

    problem: str = ""
    tls: str = ""
    logged_in: bool = False
    pipelining: bool = False
    smtputf8: bool = False
    max_bytes: int = 0


class SmtpMailer:
    """The relay. Connections are independent; each is for one thread."""

    def __init__(self, config: SmtpConfig) -> None:
        self._config = config
        self._tls = _tls_context(config)

    @contextmanager
    def connection(self) -> Iterator["SmtpConnection"]:
        """A connection that opens when first used and says QUIT at the end."""
        connection = SmtpConnection(self._config, self._tls)
        try:
            yield connection
        finally:
            connection.close()

    def probe(self) -> Probe:
        """Connects, greets, encrypts and logs in, without sending anything."""
        try:
            server = _connect(self._config, self._tls)
        except FAILURES as error:
            return Probe(problem=_why_unreachable(self._config, error))
        report = Probe(
            tls=(server.sock.version() or "") if isinstance(server.sock, ssl.SSLSocket) else "",
            logged_in=bool(self._config.username),
            pipelining=server.has_extn("pipelining"),
            smtputf8=server.has_extn("smtputf8"),
            max_bytes=size_limit(server),
        )
        _quit(server)
        return report


class SmtpConnection:
    """One connection, reopened after a break."""

    def __init__(self, config: SmtpConfig, tls: ssl.SSLContext) -> None:
        self._config = config
        self._tls = tls
        self._server: smtplib.SMTP | None = None
        self._needs_reset = False

    def send(self, envelope: Envelope, message: bytes) -> SendOutcome:
        """Hands over one message with CRLF line ends and says what came of it.

        Never raises for what a server or the network does. A kept connection that turns out to
        have been closed costs no attempt: the message goes over a fresh one. A break once the
        message is under way is Deferred with code 0, as nobody knows whether it arrived.
        """
        addresses = checked_addresses(envelope)
        if isinstance(addresses, Rejected):
            return addresses
        for is_last_try in (self._server is None, True):
            try:
                server = self._server or self._open()
            except FAILURES as error:
                return Unreachable(_why_unreachable(self._config, error))
            progress = _Progress()
            try:
                return self._transact(server, addresses, message, progress)
            except Refused as refused:
                outcome = self._refused(refused)
                if refused.code != CLOSING or is_last_try or progress.content_sent:
                    return outcome
            except FAILURES as error:
                self._drop()
                if is_last_try or progress.content_sent:
                    why = f"the connection broke {progress.step}: {_one_line(error)}"
                    return Deferred(0, why, handed_over=progress.handed_over)
            _log.info("smtp.connection_reopened", host=self._config.host)
        raise AssertionError("the second try always answers")

    def close(self) -> None:
        """Says QUIT where there is somebody to say it to."""
        if self._server is not None:
            _quit(self._server)
            self._server = None

    def _open(self) -> smtplib.SMTP:
        self._server = _connect(self._config, self._tls)
        self._needs_reset = False
        return self._server

    def _drop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _transact(
        self, server: smtplib.SMTP, to: "Addresses", message: bytes, progress: "_Progress"
    ) -> SendOutcome:
        limit = size_limit(server)
        if limit and len(message) > limit:
            why = f"5.3.4 {len(message)} bytes; the relay takes {limit} at most"
            return Rejected(552, why, recipient=False)
        if to.needs_utf8 and not server.has_extn("smtputf8"):
            return Rejected(553, "5.6.7 the relay does not take addresses outside ASCII (SMTPUTF8)")
        if self._needs_reset:
            server.rset()
            self._needs_reset = False
        open_transaction(server, to, len(message))
        progress.step, progress.content_sent = "while the message was sent", True
        server.send(stuffed(message))
        progress.step, progress.handed_over = "before the message was acknowledged", True
        with patience(server, max(self._config.timeout_s, _TAKING_S)):
            code, reply = read_reply(server)
        if code // 100 == 2:
            return Accepted(code, reply)
        raise Refused("DATA", code, reply)

    def _refused(self, refused: Refused) -> SendOutcome:
        code, reply = refused.code, refused.reply
        self._needs_reset = True
        if code == CLOSING:
            self._drop()
        if refused.step == "MAIL" and code in _NOT_LOGGED_IN:
            self._drop()
            return Unreachable(f"{self._config.host} asks for a login: {code} {reply}")
        if code // 100 == 5:
            return Rejected(code, reply, recipient=refused.step == "RCPT")
        if code // 100 == 4:
            of_recipient = refused.step != "MAIL" and code != CLOSING
            return Deferred(code, reply, recipient=of_recipient)
        self._drop()  # neither yes nor no: whatever follows would be out of step
        return Deferred(0, f"an answer that makes no sense to {refused.step}: {code} {reply}")


@dataclass(slots=True)
class _Progress:
    """How far a transaction got, in words that finish "the connection broke …"."""

    step: str = "before the message was sent"
    content_sent: bool = False
    handed_over: bool = False


def _connect(config: SmtpConfig, tls: ssl.SSLContext) -> smtplib.SMTP:
    """A connection that has greeted, encrypted and logged in. Raises one of `FAILURES`."""
    where = (config.host, config.port)
    if config.security is Security.TLS:
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            *where, local_hostname=config.helo, timeout=config.timeout_s, context=tls
        )
    else:
        server = smtplib.SMTP(*where, local_hostname=config.helo, timeout=config.timeout_s)
    try:
        _negotiate(server, config, tls)
    except BaseException:
        server.close()
        raise
    return server


def _negotiate(server: smtplib.SMTP, config: SmtpConfig, tls: ssl.SSLContext) -> None:
    assert server.sock is not None
    # Without it the kernel holds back the last short packet of a message for a while.
    server.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server.ehlo_or_helo_if_needed()
    if config.security is Security.STARTTLS:
        server.starttls(context=tls)
        server.ehlo()
    if config.username:
        server.login(config.username, config.password)


def _tls_context(config: SmtpConfig) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if config.ca_file:
        try:
            context.load_verify_locations(config.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                [f"smtp.ca_file: {config.ca_file} cannot be used: {_one_line(error)}"]
            ) from None
    return context


def _why_unreachable(config: SmtpConfig, error: Exception) -> str:
    """One line for the operator: what failed, and what the server or the network said."""
    match error:
        case smtplib.SMTPAuthenticationError():
            what = "refuses the login"
        case smtplib.SMTPNotSupportedError():
            what = "does not offer what smtp.security and smtp.username ask for"
        case ssl.SSLError():
            what = "cannot be spoken to over TLS"
        case smtplib.SMTPResponseException():
            what = "does not want to talk to us"
        case _:
            what = "cannot be reached"
    return f"{config.host}:{config.port} {what}: {_one_line(error)}"


def _one_line(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {printable(error.smtp_error)}"
    return " ".join(str(error).split())[:REPLY_CHARS] or type(error).__name__


def _quit(server: smtplib.SMTP) -> None:
    with suppress(*FAILURES):
        server.quit()
    server.close()
