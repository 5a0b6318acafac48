"""The parts of a mail, whatever its bytes are.

The standard library's parser raises on hostile mail (RecursionError on nested parts, LookupError
on unknown charsets, others on headers), so each call into it is guarded, and what cannot be read
is left out.
"""

import binascii
import email.errors
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from email import message_from_bytes
from email.header import decode_header
from email.message import Message
from email.policy import Compat32
from email.utils import getaddresses

from digest.mail.plaintext import decode_text, text_of_html, unflow

MAX_MAIL_BYTES = 2 * 1024 * 1024  # of a longer mail the beginning is read: a command stands there
MAX_TEXT_CHARS = 100_000
MAX_HTML_CHARS = 500_000
_MAX_HEADERS = 300
_MAX_HEADER_CHARS = 8_000
# Of all headers that name somebody: the library's parser takes its time, and 300 can be long.
_MAX_ADDRESSES_CHARS = 40_000
_MAX_MULTIPARTS = 20
_MAX_PARTS = 60
RECIPIENT_HEADERS = frozenset(
    ("to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "resent-to")
)
# An encoded word in one of these is a display name: decoded, it could pass for an address.
_ADDRESS_HEADERS = RECIPIENT_HEADERS | {"from", "sender", "reply-to", "return-path"}
_BOUNDARY = re.compile(rb"(?i)boundary[*\d]*\s*=")
# What the standard library is known to raise on mail that breaks the rules.
BREAKS = (
    email.errors.MessageError,
    *(ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError),
    binascii.Error,
)


class _AsGiven(Compat32):
    """Header values as they came, without the guesses of the standard policy."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        return value


def parsed(raw: bytes) -> Message:
    """The parsed mail; its header alone where the parts nest deeper than any honest mail's."""
    if len(_BOUNDARY.findall(raw)) <= _MAX_MULTIPARTS:
        with suppress(*BREAKS):
            return message_from_bytes(raw, policy=_AsGiven())
    head = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0]
    with suppress(*BREAKS):
        return message_from_bytes(head + b"\n\n", policy=_AsGiven())
    return Message(policy=_AsGiven())


def parts(message: Message) -> Iterator[Message]:
    """The mail and its parts in order, not what attached mails hold."""
    waiting, seen = [message], 0
    while waiting and seen < _MAX_PARTS:
        part = waiting.pop()
        seen += 1
        yield part
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            inner = part.get_payload()
            waiting.extend(c for c in reversed(list(inner)) if isinstance(c, Message))


def is_attachment(part: Message) -> bool:
    try:
        return part.get_content_disposition() == "attachment" or part.get_filename() is not None
    except BREAKS:
        return True


def part_text(part: Message) -> str:
    """What a part of text says; of HTML what a reader sees."""
    try:
        payload = part.get_payload(decode=True)
        parameters = {key: part.get_param(key) for key in ("charset", "format", "delsp")}
    except BREAKS:
        return ""
    given = {key: value.lower() for key, value in parameters.items() if isinstance(value, str)}
    text = decode_text(payload if isinstance(payload, bytes) else b"", given.get("charset", ""))
    if part.get_content_type() == "text/html":
        return text_of_html(text[:MAX_HTML_CHARS])[:MAX_TEXT_CHARS]
    text = text[:MAX_TEXT_CHARS]
    return unflow(text, given.get("delsp") == "yes") if given.get("format") == "flowed" else text


def header_fields(message: Message) -> Iterator[tuple[str, str]]:
    """The headers as (name in lower case, decoded value), in order."""
    for name, value in message.items()[:_MAX_HEADERS]:
        lower = name.lower()
        yield lower, _decoded(str(value)[:_MAX_HEADER_CHARS], words=lower not in _ADDRESS_HEADERS)


def addresses_in(values: Iterable[str]) -> list[str]:
    """The addresses in the values of headers, in order; of very long lists the first ones."""
    kept, room = [], _MAX_ADDRESSES_CHARS
    for value in values:
        if len(value) > room:
            break
        kept.append(value)
        room -= len(value)
    try:
        return [address for _, address in getaddresses(kept) if address]
    except BREAKS:
        return []


def _decoded(value: str, *, words: bool) -> str:
    """A header value as one line of text; with `words` encoded words are read (RFC 2047)."""
    raw = value.encode("utf-8", "surrogateescape")
    text = decode_text(raw, "", control="\ufffd")
    if words and "=?" in text:
        with suppress(*BREAKS):
            text = "".join(map(_chunk, decode_header(text)))
    return " ".join(text.split())


def _chunk(chunk: tuple[bytes | str, str | None]) -> str:
    """A part of a header; what was not encoded keeps the space that stood around it."""
    word, charset = chunk
    text = word if isinstance(word, str) else decode_text(word, charset or "", control="\ufffd")
    return text if charset else f" {text} "
