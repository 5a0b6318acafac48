"""A relay on loopback whose every answer a test can choose; it keeps what it was handed."""

import ssl
from asyncio import Server
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from socketserver import StreamRequestHandler, TCPServer
from threading import Thread
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

OK = "250 2.1.0 fine"


@dataclass
class Relay:
    """`answers` holds what to say at a step instead of yes, in turn: a reply, or "drop".

    With `takes_all` it waits for a message even to recipients that it refused. `log` holds the
    steps that came, `mails` what was taken.
    """

    answers: dict[str, list[str]] = field(default_factory=dict)
    extensions: tuple[str, ...] = ()
    log: list[str] = field(default_factory=list)
    mails: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    sessions: list[SMTP] = field(default_factory=list)
    port: int = 0
    takes_all: bool = False

    def answer(self, server: SMTP, step: str, usual: str = OK) -> str:
        self.log.append(step)
        replies = self.answers.get(step, [])
        reply = replies.pop(0) if replies else usual
        if reply == "drop":
            assert server.transport is not None
            server.transport.close()
        return reply

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, name: str, lines: list[str]
    ) -> list[str]:
        session.host_name = name
        self.sessions.append(server)
        self.log.append("EHLO")
        return [*lines[:-1], *(f"250-{word}" for word in self.extensions), lines[-1]]

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self.answer(server, "MAIL")
        if reply.startswith("2"):
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return reply

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self.answer(server, "RCPT")
        if reply.startswith("2") or self.takes_all:
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_RSET(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        return self.answer(server, "RSET")

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        return self.answer(server, "QUIT", "221 bye")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        reply = self.answer(server, "DATA", "250 2.0.0 queued as 42")
        if reply.startswith("2"):
            assert isinstance(envelope.content, bytes)
            assert envelope.mail_from is not None
            self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return reply


class _Controller(Controller):
    def __init__(self, relay: Relay, smtps: ssl.SSLContext | None, **options: Any) -> None:
        super().__init__(relay, hostname="127.0.0.1", port=0, ssl_context=smtps, **options)

    def _trigger_server(self) -> None:
        # Port 0 means any free one; the check that the server answers needs the real number.
        assert isinstance(self.server, Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def running(relay: Relay, **options: Any) -> Iterator[Relay]:
    controller = _Controller(relay, options.pop("smtps", None), **options)
    controller.start()
    relay.port = controller.port
    relay.log.clear()
    relay.sessions.clear()
    try:
        yield relay
    finally:
        controller.stop()


class _HangsUpInMessage(StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(b"220 hello\r\n")
        for line in self.rfile:
            self.wfile.write(b"354 go on\r\n" if line.startswith(b"DATA") else b"250 fine\r\n")
            if line.startswith(b"DATA"):
                self.rfile.read(1000)
                return


@contextmanager
def hanging_up_in_messages() -> Iterator[Relay]:
    """A relay that closes the connection 1,000 bytes into each message."""
    with TCPServer(("127.0.0.1", 0), _HangsUpInMessage) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Relay(port=server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


def only_ada(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
) -> AuthResult:
    known = isinstance(data, LoginPassword) and data == LoginPassword(b"ada", b"sesame")
    return AuthResult(success=known, handled=False)


@dataclass(frozen=True)
class Certificate:
    """A certificate for 127.0.0.1 that nobody else has signed, and its key."""

    path: Path

    @property
    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path)
        return context


def make_certificate(folder: Path, now: datetime) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = folder / "relay.pem"
    path.write_bytes(pem + certificate.public_bytes(Encoding.PEM))
    return Certificate(path)
