"""A mail before it is put on the wire."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class MailKind(StrEnum):
    DIGEST = "digest"
    CONFIRMATION = "confirmation"
    WELCOME = "welcome"
    GOODBYE = "goodbye"
    REPLY = "reply"  # the answer to a command by mail


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Subject, text and HTML of one mail; `html` is inlined and may be empty (text only)."""

    subject: str
    text: str
    html: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """From whom, for returned mail, and to whom (RFC 5321, 2.3.1)."""

    sender: str
    recipient: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingMail:
    """All that one message holds. `headers` are added as they are, in order, after the usual ones.

    `message_id` has angle brackets. `date` is aware.
    """

    kind: MailKind
    envelope: Envelope
    content: Content
    message_id: str
    date: datetime
    headers: tuple[tuple[str, str], ...] = field(default=())
