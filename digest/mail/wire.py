"""The wire format: one message as CRLF lines of ASCII that no hop has to change.

Headers are folded here and not by `email.message`, whose folding turns a long List-Unsubscribe
into encoded words that no mail program reads as a link (seen on CPython 3.11). Bodies are
quoted-printable with lines of at most 76 octets (RFC 2045, 6.7); the standard library's default
policy writes 78.
"""

import functools
import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from email.header import Header
from email.utils import format_datetime

from email_validator import EmailNotValidError, validate_email

from digest.core.errors import InvalidInput
from digest.core.messages import Content, OutgoingMail
from digest.mail.identity import MailIdentity
from digest.mail.quoted import quoted

Headers = tuple[tuple[str, str], ...]

_LINE = 76
_MAX_LOCAL_PART_OCTETS = 64  # RFC 5321, 4.5.3.1.1
_TOKEN = re.compile(r"[\w.=-]+", re.ASCII)
_HEADER_NAME = re.compile(r"[!-9;-~]+")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_ADDRESS = re.compile(r"[^\s<>,;:\"()\[\]\\]+@[^\s<>,;:\"()\[\]\\@]+")
_NEWLINE = re.compile(r"\r\n|\r|\n")
_TEXT, _HTML = (
    f'Content-Type: {media_type}; charset="utf-8"\r\n'
    "Content-Transfer-Encoding: quoted-printable\r\n\r\n".encode()
    for media_type in ("text/plain", "text/html")
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def compose(mail: OutgoingMail, identity: MailIdentity) -> bytes:
    """The message as it is handed to the relay, unsigned: the same mail gives the same bytes.

    multipart/alternative with the text first; text alone where the content has no HTML. To holds
    the one recipient. Raises InvalidInput where a value would break out of its header.
    """
    return b"".join(_headers(mail, identity)) + _body(mail.content, mail.message_id)


def printed_body(
    unique: str, text: Sequence[bytes], html: Sequence[bytes]
) -> tuple[bytes, list[bytes]]:
    """Content-Type, and the pieces of a body whose parts are encoded already (`mail.press`), as
    `compose` makes them for a Message-ID. The body is its own relaxed form."""
    content_type, boundary = _alternatives(unique)
    return content_type, [
        *(b"--%s\r\n%s" % (boundary, _TEXT), *text),
        *(b"\r\n--%s\r\n%s" % (boundary, _HTML), *html),
        b"\r\n--%s--\r\n" % boundary,
    ]


def _headers(mail: OutgoingMail, identity: MailIdentity) -> list[bytes]:
    """The headers but for those of the content."""
    return [
        header("From", mailbox(identity.from_name, identity.from_address)),
        header("To", ascii_domain(mail.envelope.recipient)),
        free_header("Subject", mail.content.subject),
        date_header(mail.date),
        header("Message-ID", mail.message_id),
        *([header("Reply-To", ascii_domain(identity.reply_to))] if identity.reply_to else []),
        *[free_header(name, value) for name, value in mail.headers],
        header("MIME-Version", "1.0"),
    ]


def message_id(identity: MailIdentity, public_id: str) -> str:
    """The Message-ID of a delivery, the same at every attempt (RFC 5322, 3.6.4)."""
    return f"<{token(public_id)}@{from_domain(identity)}>"


def envelope_sender(identity: MailIdentity, delivery_public_id: str, signature: str) -> str:
    """Where mail of this delivery is returned to: `bounces+ID-SIGNATURE@domain` (VERP).

    Without a bounce address it is the From address. Raises InvalidInput when the local part gets
    longer than 64 octets.
    """
    if not identity.bounce_address:
        return ascii_domain(identity.from_address)
    local, domain = _parted(identity.bounce_address)
    verp = f"{local}+{token(delivery_public_id)}-{token(signature)}"
    if len(verp.encode()) > _MAX_LOCAL_PART_OCTETS:
        raise InvalidInput(
            f"the local part of the bounce address may have {_MAX_LOCAL_PART_OCTETS} octets "
            f"with the delivery's mark in it, {verp} has {len(verp.encode())}: shorten it"
        )
    return f"{verp}@{domain}"


def transactional_headers(identity: MailIdentity, *, in_reply_to: str = "") -> Headers:
    """What a confirmation, welcome or goodbye carries, or with `in_reply_to` an answer (RFC 3834).

    They keep vacation responders silent, and our own mailbox from answering itself.
    """
    submitted = "auto-replied" if in_reply_to else "auto-generated"
    thread = (("In-Reply-To", in_reply_to), ("References", in_reply_to)) if in_reply_to else ()
    return (
        *thread,
        ("Auto-Submitted", submitted),
        ("X-Auto-Response-Suppress", "OOF, AutoReply"),
        ("X-Loop", identity.command_address or identity.from_address),
    )


@functools.lru_cache(maxsize=64)
def mailbox(name: str, address: str) -> str:
    """`Name <address>`, the name in quotes or encoded words where it needs them (RFC 5322, 3.4)."""
    where = ascii_domain(address) if "@" in address else address
    if not name:
        return f"<{where}>"
    _refuse_control(name, "a sender's name")
    if not _is_plain(name):
        shown = _encoded(name, "From")
    elif _ATOMS.fullmatch(name):
        shown = name
    else:
        shown = '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
    return f"{shown} <{where}>"


def ascii_domain(address: str) -> str:
    """`address` with its domain as A-labels (RFC 5891); the local part stays as it is.

    Raises InvalidInput for what is not one bare address.
    """
    if not _ADDRESS.fullmatch(address):
        raise InvalidInput(f"{address[:80]!r} is not one bare e-mail address")
    local, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        checked = validate_email(f"postmaster@{domain}", check_deliverability=False)
    except EmailNotValidError as error:
        raise InvalidInput(f"{address[:80]!r} has no valid domain: {error}") from error
    return f"{local}@{checked.ascii_domain}"


@functools.lru_cache(maxsize=64)
def _parted(address: str) -> tuple[str, str]:
    """The local part and the domain of an address of ours."""
    local, _, domain = ascii_domain(address).rpartition("@")
    return local, domain


def from_domain(identity: MailIdentity) -> str:
    """The domain of From, in lower case."""
    return _parted(identity.from_address)[1].lower()


def token(text: str) -> str:
    """`text` if it can stand in an id or a local part as it is."""
    if not _TOKEN.fullmatch(text):
        raise InvalidInput(
            f"{text[:80]!r} cannot be part of a mail header: letters and digits only"
        )
    return text


def free_header(name: str, value: str) -> bytes:
    """A header of free text, which becomes encoded words where it must."""
    return header(name, _words(value, name))


def _words(value: str, name: str) -> str:
    """Free text for a header: as it is, or as encoded words of at most 75 octets (RFC 2047)."""
    _refuse_control(value, name)
    return " ".join(value.split()) if _is_plain(value) else _encoded(value, name)


def _is_plain(value: str) -> bool:
    return value.isascii() and "=?" not in value


def _encoded(value: str, name: str) -> str:
    """Encoded words with a space between them: they are folded later, as all words are."""
    header = Header(value, "utf-8", maxlinelen=_LINE, header_name=name)
    return header.encode(linesep="\n").replace("\n", "")


def date_header(moment: datetime) -> bytes:
    return header("Date", format_datetime(moment))


def _refuse_control(value: str, what: str) -> None:
    if _CONTROL.search(value):
        raise InvalidInput(f"{what} holds a line break or control character: {value[:60]!r}")


@functools.lru_cache(maxsize=64)
def _is_name(name: str) -> bool:
    return _HEADER_NAME.fullmatch(name) is not None


def header(name: str, value: str) -> bytes:
    """One header, folded at spaces; raises InvalidInput where the value would end it."""
    if not _is_name(name):
        raise InvalidInput(f"{name!r} is no name for a mail header")
    if " " not in value and value.isprintable():
        return f"{name}: {value}\r\n".encode()
    _refuse_control(value, name)
    # The first word stays with the name: some programs lose a header that starts empty.
    first, *words = value.split(" ")
    lines = [f"{name}: {first}"]
    for word in words:
        if word and len(lines[-1]) + 1 + len(word) > _LINE:
            lines.append("")
        lines[-1] += f" {word}"
    return "\r\n".join(lines).encode() + b"\r\n"


def _alternatives(unique: str) -> tuple[bytes, bytes]:
    """The header of a body in two parts, and the boundary, made of what is `unique`."""
    # Quoted-printable never writes "=_": no line of a part can be taken for the boundary.
    boundary = b"=_" + hashlib.sha256(unique.encode()).hexdigest()[:32].encode()
    return (
        b'Content-Type: multipart/alternative;\r\n boundary="%s"\r\n' % boundary,
        boundary,
    )


def _body(content: Content, unique: str) -> bytes:
    """Content-Type, blank line and parts; `unique` makes the boundary."""
    if not content.html:
        return _TEXT + _quoted(content.text)
    content_type, boundary = _alternatives(unique)
    # The line break before a delimiter belongs to the delimiter (RFC 2046, 5.1.1).
    parts = (_TEXT + _quoted(content.text), _HTML + _quoted(content.html))
    delimited = b"".join(b"--%s\r\n%s\r\n" % (boundary, part) for part in parts)
    return b"%s\r\n%s--%s--\r\n" % (content_type, delimited, boundary)


def _quoted(text: str) -> bytes:
    return quoted(_NEWLINE.sub("\n", text.rstrip("\r\n") + "\n"))
