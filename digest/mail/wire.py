"""The wire format: one message as CRLF lines of ASCII that no hop has to change.

Headers are folded here and not by `email.message`, whose folding turns a long List-Unsubscribe
into encoded words that no mail program reads as a link (seen on CPython 3.11). Bodies are
quoted-printable by `binascii`, with lines of at most 76 octets (RFC 2045, 6.7); the standard
library's default policy writes 78.
"""

import binascii
import hashlib
import re
from email.header import Header
from email.utils import format_datetime
from urllib.parse import quote

from email_validator import EmailNotValidError, validate_email

from digest.core.errors import InvalidInput
from digest.core.messages import Content, OutgoingMail
from digest.mail.identity import MailIdentity

Headers = tuple[tuple[str, str], ...]

_LINE = 76
_MAX_LOCAL_PART_OCTETS = 64  # RFC 5321, 4.5.3.1.1
_HEADER_NAME = re.compile(r"[!-9;-~]+")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_ADDRESS = re.compile(r"[^\s<>,;:\"()\[\]\\]+@[^\s<>,;:\"()\[\]\\@]+")
_NEWLINE = re.compile(r"\r\n|\r|\n")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def compose(mail: OutgoingMail, identity: MailIdentity) -> bytes:
    """The message as it is handed to the relay, unsigned: the same mail gives the same bytes.

    multipart/alternative with the text first; text alone where the content has no HTML. To holds
    the one recipient. Raises InvalidInput where a value would break out of its header.
    """
    headers = [
        ("From", mailbox(identity.from_name, identity.from_address)),
        ("To", ascii_domain(mail.envelope.recipient)),
        ("Subject", _words(mail.content.subject, "Subject")),
        ("Date", format_datetime(mail.date)),
        ("Message-ID", mail.message_id),
        *([("Reply-To", ascii_domain(identity.reply_to))] if identity.reply_to else []),
        *((name, _words(value, name)) for name, value in mail.headers),
        ("MIME-Version", "1.0"),
    ]
    head = b"".join(_header(name, value) for name, value in headers)
    return head + _body(mail.content, mail.message_id)


def message_id(identity: MailIdentity, public_id: str) -> str:
    """The Message-ID of a delivery, the same at every attempt (RFC 5322, 3.6.4)."""
    return f"<{_token(public_id)}@{_from_domain(identity)}>"


def envelope_sender(identity: MailIdentity, delivery_public_id: str, signature: str) -> str:
    """Where mail of this delivery is returned to: `bounces+ID-SIGNATURE@domain` (VERP).

    Without a bounce address it is the From address. Raises InvalidInput when the local part gets
    longer than 64 octets.
    """
    if not identity.bounce_address:
        return ascii_domain(identity.from_address)
    local, _, domain = ascii_domain(identity.bounce_address).rpartition("@")
    verp = f"{local}+{_token(delivery_public_id)}-{_token(signature)}"
    if len(verp.encode()) > _MAX_LOCAL_PART_OCTETS:
        raise InvalidInput(
            f"the local part of the bounce address may have {_MAX_LOCAL_PART_OCTETS} octets "
            f"with the delivery's mark in it, {verp} has {len(verp.encode())}: shorten it"
        )
    return f"{verp}@{domain}"


def digest_headers(
    identity: MailIdentity, *, unsubscribe_url: str, unsubscribe_token: str, campaign: str
) -> Headers:
    """What a mail to subscribers carries beyond the usual (RFC 2369, 2919, 3834, 8058).

    `campaign` groups complaints in Feedback-ID, e.g. the edition's date. The link is offered for
    one click only over https, as RFC 8058 asks; by mail, the token stands in the subject.
    """
    secure = unsubscribe_url.startswith("https://")
    by_mail = _command(identity, f"unsubscribe {unsubscribe_token}")
    home = f"{identity.base_url}/" if identity.base_url.startswith("https://") else ""
    owner = identity.reply_to or identity.from_address
    uris = {
        "List-Unsubscribe": (unsubscribe_url if secure else "", by_mail),
        "List-Subscribe": (home, _command(identity, "subscribe")),
        "List-Help": (home, _command(identity, "help")),
        "List-Owner": (f"mailto:{owner}",),
        "List-Archive": (home,),
    }
    listed = ((name, ", ".join(f"<{u}>" for u in found if u)) for name, found in uris.items())
    list_id = (("List-Id", mailbox(identity.from_name, identity.list_id)),)
    one_click = (("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),)
    return (
        *(list_id if identity.list_id else ()),
        *((name, value) for name, value in listed if value),
        *(one_click if secure else ()),
        ("Precedence", "bulk"),
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "OOF, AutoReply"),
        ("Feedback-ID", f"{_token(campaign)}:digest:mail:{_from_domain(identity)}"),
    )


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


def _from_domain(identity: MailIdentity) -> str:
    return ascii_domain(identity.from_address).rpartition("@")[2].lower()


def _command(identity: MailIdentity, subject: str) -> str:
    """A mailto link that sends a command, or "" where no mailbox takes any."""
    address = identity.command_address
    return f"mailto:{ascii_domain(address)}?subject={quote(subject)}" if address else ""


def _token(text: str) -> str:
    """`text` if it can stand in an id or a local part as it is."""
    if not re.fullmatch(r"[\w.=-]+", text, re.ASCII):
        raise InvalidInput(
            f"{text[:80]!r} cannot be part of a mail header: letters and digits only"
        )
    return text


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


def _refuse_control(value: str, what: str) -> None:
    if _CONTROL.search(value):
        raise InvalidInput(f"{what} holds a line break or control character: {value[:60]!r}")


def _header(name: str, value: str) -> bytes:
    """One header, folded at spaces; raises InvalidInput where the value would end it."""
    if not _HEADER_NAME.fullmatch(name):
        raise InvalidInput(f"{name!r} is no name for a mail header")
    _refuse_control(value, name)
    # The first word stays with the name: some programs lose a header that starts empty.
    first, *words = value.split(" ")
    lines = [f"{name}: {first}"]
    for word in words:
        if word and len(lines[-1]) + 1 + len(word) > _LINE:
            lines.append("")
        lines[-1] += f" {word}"
    return "\r\n".join(lines).encode() + b"\r\n"


def _body(content: Content, unique: str) -> bytes:
    """Content-Type, blank line and parts; `unique` makes the boundary."""
    if not content.html:
        return _part("text/plain", content.text)
    # Quoted-printable never writes "=_": no line of a part can be taken for the boundary.
    boundary = b"=_" + hashlib.sha256(unique.encode()).hexdigest()[:32].encode()
    # The line break before a delimiter belongs to the delimiter (RFC 2046, 5.1.1).
    parts = (_part("text/plain", content.text), _part("text/html", content.html))
    delimited = b"".join(b"--%s\r\n%s\r\n" % (boundary, part) for part in parts)
    return (
        b'Content-Type: multipart/alternative;\r\n boundary="%s"\r\n\r\n' % boundary
        + delimited
        + b"--%s--\r\n" % boundary
    )


def _part(media_type: str, text: str) -> bytes:
    lines = _NEWLINE.sub("\r\n", text.rstrip("\r\n") + "\n").encode()
    encoded = binascii.b2a_qp(lines, quotetabs=False, istext=True, header=False)
    return (
        f'Content-Type: {media_type}; charset="utf-8"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    ).encode() + encoded
