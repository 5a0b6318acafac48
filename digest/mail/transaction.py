"""One SMTP transaction: MAIL, RCPT, DATA and the message, and what the server says to each."""

import re
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from digest.core.deliveries import Rejected
from digest.core.errors import InvalidInput
from digest.core.messages import Envelope
from digest.mail.wire import ascii_domain

# All that smtplib raises where a server or the network misbehaves; ValueError is for replies
# that are no replies and names that cannot be looked up.
FAILURES = (smtplib.SMTPException, OSError, ValueError)

CLOSING = 421
REPLY_CHARS = 300
_ENVELOPE_ADDRESS = re.compile(r"[^\s<>\x00-\x1f\x7f]{1,320}")


class Refused(Exception):
    """A reply that ends a transaction, at the step it came."""

    def __init__(self, step: str, code: int, reply: str) -> None:
        super().__init__(reply)
        self.step, self.code, self.reply = step, code, reply


@dataclass(frozen=True, slots=True)
class Addresses:
    sender: str
    recipient: str

    @property
    def needs_utf8(self) -> bool:
        return not (self.sender + self.recipient).isascii()


def checked_addresses(envelope: Envelope) -> Addresses | Rejected:
    """The envelope as it goes on the wire, domains as A-labels; the null sender stays empty."""
    pair = (envelope.sender, envelope.recipient)
    if any(address and not _ENVELOPE_ADDRESS.fullmatch(address) for address in pair):
        return Rejected(553, "5.1.3 the address cannot be written into an SMTP command")
    try:
        sender = ascii_domain(envelope.sender) if envelope.sender else ""
        return Addresses(sender, ascii_domain(envelope.recipient))
    except InvalidInput:
        return Rejected(553, "5.1.3 the address is not one bare e-mail address")


def open_transaction(server: smtplib.SMTP, to: Addresses, size_bytes: int) -> None:
    """MAIL, RCPT and DATA, at once where the server takes commands at once (RFC 2920).

    Raises Refused with the first reply that is a refusal.
    """
    options = f" SIZE={size_bytes}" if server.has_extn("size") else ""
    options += " BODY=8BITMIME SMTPUTF8" if to.needs_utf8 else ""
    commands = {
        "MAIL": f"MAIL FROM:<{to.sender}>{options}\r\n",
        "RCPT": f"RCPT TO:<{to.recipient}>\r\n",
        "DATA": "DATA\r\n",
    }
    if server.has_extn("pipelining"):
        server.send("".join(commands.values()).encode())
        _read_replies(server, tuple(commands))
        return
    for step, command in commands.items():
        server.send(command.encode())
        code, reply = read_reply(server)
        if not _agrees(step, code):
            raise Refused(step, code, reply)


def _read_replies(server: smtplib.SMTP, steps: tuple[str, ...]) -> None:
    """Reads a reply for each step; raises Refused with the first that is a refusal."""
    refusal = None
    for step in steps:
        try:
            code, reply = read_reply(server)
        except FAILURES:
            if refusal:  # said no and hung up: the no is what counts
                break
            raise
        if not _agrees(step, code):
            refusal = refusal or Refused(step, code, reply)
            if code == CLOSING:
                break
        elif step == "DATA" and refusal:
            # It waits for a message all the same. RFC 2920, 3.1 would send it an empty one, which
            # somebody might get: hanging up is safe with any server.
            server.close()
    if refusal:
        raise refusal


def _agrees(step: str, code: int) -> bool:
    return code == 354 if step == "DATA" else code // 100 == 2


def stuffed(message: bytes) -> bytes:
    """The message, dots at line starts doubled, with the lone dot at its end (RFC 5321, 4.5.2)."""
    first = b"." if message.startswith(b".") else b""
    end = b".\r\n" if message.endswith(b"\r\n") else b"\r\n.\r\n"
    return first + message.replace(b"\r\n.", b"\r\n..") + end


def read_reply(server: smtplib.SMTP) -> tuple[int, str]:
    code, reply = server.getreply()
    return code, printable(reply)


@contextmanager
def patience(server: smtplib.SMTP, seconds: float) -> Iterator[None]:
    """Waits up to `seconds` for what the server says meanwhile."""
    sock = server.sock
    assert sock is not None
    usual = sock.gettimeout()
    sock.settimeout(seconds)
    try:
        yield
    finally:
        sock.settimeout(usual)


def printable(reply: bytes | str) -> str:
    """A reply as one line of printable text; servers may write anything."""
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    shown = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(shown.split())[:REPLY_CHARS]


def size_limit(server: smtplib.SMTP) -> int:
    """The largest message in bytes that the server takes (RFC 1870); 0 where it names none."""
    limit = str(server.esmtp_features.get("size", ""))
    return int(limit) if limit.isascii() and limit.isdigit() else 0
