"""Mail that came in: bytes to values, whatever the bytes are.

The standard library's parser raises on hostile mail (RecursionError on nested parts, LookupError
on unknown charsets, others on headers), so each call into it is guarded, and what cannot be read
is left out.
"""

import binascii
import email.errors
import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from email import message_from_bytes
from email.header import decode_header
from email.message import Message
from email.policy import Compat32
from email.utils import getaddresses
from typing import BinaryIO

from digest.core.errors import InvalidAddress
from digest.core.inbound import InboundMail
from digest.core.subscribers import normalize_address
from digest.mail.plaintext import decode_text, text_of_html, unflow

MAX_MAIL_BYTES = 2 * 1024 * 1024  # of a longer mail the beginning is read: a command stands there
MAX_TEXT_CHARS = 100_000
MAX_HTML_CHARS = 500_000
_MAX_HEADERS = 300
_MAX_HEADER_CHARS = 8_000
_MAX_MULTIPARTS = 20
_MAX_PARTS = 60
_MAX_IDS = 50
_MESSAGE_ID = re.compile(r"<[^<>\s\x00-\x1f\x7f]{1,250}>")
_GROUP = re.compile(r"[^\"<@]*:")  # RFC 5322, 3.4: `Name: a@example.org;`
_RECIPIENT_HEADERS = frozenset(
    ("to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "resent-to")
)
# An encoded word in one of these is a display name: decoded, it could pass for an address.
_ADDRESS_HEADERS = _RECIPIENT_HEADERS | {"from", "sender", "reply-to", "return-path"}
# What the standard library is known to raise on mail that breaks the rules.
_BREAKS = (
    email.errors.MessageError,
    *(ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError),
    binascii.Error,
)


class _AsGiven(Compat32):
    """Header values as they came, without the guesses of the standard policy."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        return value


def read_mail(raw: bytes) -> InboundMail:
    """The mail that `raw` is; never raises. Of more than 2 MB only the beginning is read."""
    message = _parsed(raw[:MAX_MAIL_BYTES])
    headers = tuple(_headers(message))
    from_ = [value for name, value in headers if name == "from"]
    parts = list(_parts(message))
    references = _ids(value for name, value in headers if name == "references")
    return InboundMail(
        sender=_one_sender(from_),
        recipients=tuple(_recipients(headers)),
        subject=next((value for name, value in headers if name == "subject"), ""),
        text=_text(parts),
        message_id=_first_id(headers, "message-id"),
        in_reply_to=_first_id(headers, "in-reply-to") or (references[-1] if references else ""),
        references=references,
        content_types=tuple(dict.fromkeys(part.get_content_type() for part in parts)),
        headers=headers,
        content_hash=hashlib.sha256(raw).hexdigest(),
    )


def read_bounded(stream: BinaryIO) -> bytes:
    """What `stream` holds, at most one byte more than is looked at."""
    return stream.read(MAX_MAIL_BYTES + 1)


# --- structure --------------------------------------------------------------------------------


def _parsed(raw: bytes) -> Message:
    """The parsed mail; its header alone where the parts nest deeper than any honest mail's."""
    if raw.lower().count(b"boundary") <= _MAX_MULTIPARTS:
        with suppress(*_BREAKS):
            return message_from_bytes(raw, policy=_AsGiven())
    head = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0]
    with suppress(*_BREAKS):
        return message_from_bytes(head + b"\n\n", policy=_AsGiven())
    return Message(policy=_AsGiven())


def _parts(message: Message) -> Iterator[Message]:
    """The mail and its parts in order, not what attached mails hold."""
    waiting, seen = [message], 0
    while waiting and seen < _MAX_PARTS:
        part = waiting.pop()
        seen += 1
        yield part
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            inner = part.get_payload()
            waiting.extend(c for c in reversed(list(inner)) if isinstance(c, Message))


def _text(parts: Sequence[Message]) -> str:
    """The first text that is no attachment and not blank: plain text, else HTML."""
    if parts[0].get_content_maintype() == "multipart" and len(parts) == 1:
        return _text_of_broken(parts[0])
    shown = [part for part in parts if not _is_attachment(part)]
    for kind in ("text/plain", "text/html"):
        for part in shown:
            if part.get_content_type() == kind and (text := _part_text(part).strip()):
                return text
    return ""


def _is_attachment(part: Message) -> bool:
    try:
        return part.get_content_disposition() == "attachment" or part.get_filename() is not None
    except _BREAKS:
        return True


def _part_text(part: Message) -> str:
    try:
        payload = part.get_payload(decode=True)
        parameters = {key: part.get_param(key) for key in ("charset", "format", "delsp")}
    except _BREAKS:
        return ""
    given = {key: value.lower() for key, value in parameters.items() if isinstance(value, str)}
    text = decode_text(payload if isinstance(payload, bytes) else b"", given.get("charset", ""))
    if part.get_content_type() == "text/html":
        return text_of_html(text[:MAX_HTML_CHARS])[:MAX_TEXT_CHARS]
    text = text[:MAX_TEXT_CHARS]
    return unflow(text, given.get("delsp") == "yes") if given.get("format") == "flowed" else text


def _text_of_broken(part: Message) -> str:
    """What stands in a multipart without parts: its lines but for delimiters and part headers."""
    lines = _part_text(part).split("\n")
    kept = (line for line in lines if not re.match(r"--|content-[\w-]+:", line, re.IGNORECASE))
    return "\n".join(kept).strip()


# --- headers ----------------------------------------------------------------------------------


def _headers(message: Message) -> Iterator[tuple[str, str]]:
    for name, value in message.items()[:_MAX_HEADERS]:
        lower = name.lower()
        yield lower, _decoded(str(value)[:_MAX_HEADER_CHARS], words=lower not in _ADDRESS_HEADERS)


def _decoded(value: str, *, words: bool) -> str:
    """A header value as one line of text; with `words` encoded words are read (RFC 2047)."""
    raw = value.encode("utf-8", "surrogateescape")
    text = decode_text(raw, "", control="\ufffd")
    if words and "=?" in text:
        with suppress(*_BREAKS):
            text = "".join(map(_chunk, decode_header(text)))
    return " ".join(text.split())


def _chunk(chunk: tuple[bytes | str, str | None]) -> str:
    """A part of a header; what was not encoded keeps the space that stood around it."""
    word, charset = chunk
    text = word if isinstance(word, str) else decode_text(word, charset or "", control="\ufffd")
    return text if charset else f" {text} "


def _addresses(values: Sequence[str]) -> list[str]:
    try:
        return [address for _, address in getaddresses(values) if address]
    except _BREAKS:
        return []


def _one_sender(values: Sequence[str]) -> str:
    """The address of From when it names exactly one, as `normalize_address` spells it."""
    found = _addresses(values)
    if len(values) != 1 or len(found) != 1 or _GROUP.match(values[0]):
        return ""
    try:
        return normalize_address(found[0])
    except InvalidAddress:
        return ""


def _recipients(headers: Sequence[tuple[str, str]]) -> Iterator[str]:
    values = [value for name, value in headers if name in _RECIPIENT_HEADERS]
    yield from dict.fromkeys(address for address in _addresses(values) if "@" in address)


def _ids(values: Iterator[str]) -> tuple[str, ...]:
    return tuple(_MESSAGE_ID.findall(" ".join(values)))[-_MAX_IDS:]


def _first_id(headers: Sequence[tuple[str, str]], name: str) -> str:
    found = _ids(value for key, value in headers if key == name)
    return found[0] if found else ""
