"""Mail that came in: bytes to values, whatever the bytes are."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from email.message import Message
from typing import BinaryIO

from digest.core.errors import InvalidAddress
from digest.core.inbound import InboundMail
from digest.core.subscribers import normalize_address
from digest.mail.mime import (
    MAX_MAIL_BYTES,
    RECIPIENT_HEADERS,
    addresses_in,
    header_fields,
    is_attachment,
    parsed,
    part_text,
    parts,
)

_MAX_IDS = 50
_PIECE_BYTES = 1 << 20
_MESSAGE_ID = re.compile(r"<[^<>\s\x00-\x1f\x7f]{1,250}>")
_GROUP = re.compile(r"[^\"<@]*:")  # RFC 5322, 3.4: `Name: a@example.org;`


def read_mail(raw: bytes) -> InboundMail:
    """The mail that `raw` is; never raises. Of more than 2 MB only the beginning is read."""
    message = parsed(raw[:MAX_MAIL_BYTES])
    headers = tuple(header_fields(message))
    from_ = [value for name, value in headers if name == "from"]
    found = list(parts(message))
    references = _ids(value for name, value in headers if name == "references")
    return InboundMail(
        sender=_one_sender(from_),
        recipients=tuple(_recipients(headers)),
        subject=next((value for name, value in headers if name == "subject"), ""),
        text=_text(found),
        message_id=_first_id(headers, "message-id"),
        in_reply_to=_first_id(headers, "in-reply-to") or (references[-1] if references else ""),
        references=references,
        content_types=tuple(dict.fromkeys(part.get_content_type() for part in found)),
        headers=headers,
        content_hash=hashlib.sha256(raw).hexdigest(),
    )


def read_bounded(stream: BinaryIO) -> bytes:
    """What `stream` holds, at most one byte more than is looked at."""
    return stream.read(MAX_MAIL_BYTES + 1)


def read_piped(stream: BinaryIO) -> bytes:
    """As `read_bounded`, to the end: a mail server takes a pipe that breaks for a failure."""
    raw = read_bounded(stream)
    while stream.read(_PIECE_BYTES):
        pass
    return raw


# --- text -------------------------------------------------------------------------------------


def _text(found: Sequence[Message]) -> str:
    """The first text that is no attachment and not blank: plain text, else HTML."""
    if found[0].get_content_maintype() == "multipart" and len(found) == 1:
        return _text_of_broken(found[0])
    shown = [part for part in found if not is_attachment(part)]
    for kind in ("text/plain", "text/html"):
        for part in shown:
            if part.get_content_type() == kind and (text := part_text(part).strip()):
                return text
    return ""


def _text_of_broken(part: Message) -> str:
    """What stands in a multipart without parts: its lines but for delimiters and part headers."""
    lines = part_text(part).split("\n")
    kept = (line for line in lines if not re.match(r"--|content-[\w-]+:", line, re.IGNORECASE))
    return "\n".join(kept).strip()


# --- headers ----------------------------------------------------------------------------------


def _one_sender(values: Sequence[str]) -> str:
    """The address of From when it names exactly one, as `normalize_address` spells it."""
    found = addresses_in(values)
    if len(values) != 1 or len(found) != 1 or _GROUP.match(values[0]):
        return ""
    try:
        return normalize_address(found[0])
    except InvalidAddress:
        return ""


def _recipients(headers: Sequence[tuple[str, str]]) -> Iterator[str]:
    values = [value for name, value in headers if name in RECIPIENT_HEADERS]
    yield from dict.fromkeys(address for address in addresses_in(values) if "@" in address)


def _ids(values: Iterator[str]) -> tuple[str, ...]:
    return tuple(_MESSAGE_ID.findall(" ".join(values)))[-_MAX_IDS:]


def _first_id(headers: Sequence[tuple[str, str]], name: str) -> str:
    found = _ids(value for key, value in headers if key == name)
    return found[0] if found else ""
