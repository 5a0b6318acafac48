"""Signed links: what a token says, bound to one purpose.

A token names a subscriber or a delivery by its random public id, never by an address, and is
signed with HMAC (itsdangerous) under a key derived for its purpose: one made for `confirm`
cannot unsubscribe. Tokens to unsubscribe never expire (CAN-SPAM asks for 30 days at least).
"""

import binascii
import functools
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from itsdangerous import BadData, URLSafeSerializer
from itsdangerous.encoding import base64_encode

from digest.core.keyed_hash import KeyedHash


class Purpose(StrEnum):
    CONFIRM = "confirm"
    PREFERENCES = "preferences"
    UNSUBSCRIBE = "unsubscribe"
    READ = "read"
    FEEDBACK = "feedback"
    EXPORT = "export"
    FEED = "feed"


class Refusal(StrEnum):
    FORGED = "forged"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Granted:
    """`subject` is the public id that the token was made for."""

    subject: str


@dataclass(frozen=True, slots=True)
class Refused:
    why: Refusal


_FOR_URLS = bytes.maketrans(b"+/", b"-_")
_COMPACT = json.JSONEncoder(separators=(",", ":")).encode


class _Serializer(URLSafeSerializer):
    """Without trying whether a payload of some thirty characters gets shorter by compression."""

    def dump_payload(self, obj: object) -> bytes:
        return base64_encode(_COMPACT(obj))


def _base64(data: bytes) -> bytes:
    """In the alphabet for URLs, without padding (RFC 4648, 5)."""
    return binascii.b2a_base64(data, newline=False).translate(_FOR_URLS).rstrip(b"=")


# A mail has two tokens for its reader, and two for itself.
@functools.lru_cache(maxsize=16)
def _plain_payload(subject: str) -> bytes:
    """What a token of a plain subject that never expires says; empty for any other."""
    if not (subject.isascii() and subject.isalnum()):
        return b""
    return _base64(b'["%s"]' % subject.encode())


class TokenSigner:
    """Makes and reads tokens; the same key, purpose, subject and expiry give the same token."""

    def __init__(self, secret_key: str) -> None:
        self._serializers = {
            purpose: _Serializer(secret_key, salt=f"digest.{purpose}") for purpose in Purpose
        }
        self._keyed = {
            purpose: KeyedHash(serializer.make_signer().derive_key(), "sha1")
            for purpose, serializer in self._serializers.items()
        }

    def sign(self, purpose: Purpose, subject: str, expires_at: datetime | None = None) -> str:
        """A URL-safe token of about 50 to 70 characters."""
        # What `dumps` of the serializer gives, at a fraction of its cost: a mail has four.
        payload = _plain_payload(subject) if expires_at is None else b""
        if not payload:
            ends = [] if expires_at is None else [int(expires_at.timestamp())]
            payload = self._serializers[purpose].dump_payload([subject, *ends])
        return (payload + b"." + _base64(self._keyed[purpose].digest(payload))).decode()

    def read(self, purpose: Purpose, token: str, now: datetime) -> Granted | Refused:
        """What the token grants at `now`; never raises, whatever the token holds."""
        try:
            claims = self._serializers[purpose].loads(token)
            if self._serializers[purpose].dumps(claims) != token:
                return Refused(Refusal.FORGED)  # base64 leaves spare bits: one spelling counts
            subject, *expiry = claims
            expired = bool(expiry) and now > datetime.fromtimestamp(int(expiry[0]), UTC)
        except (BadData, ValueError, TypeError, OverflowError, RecursionError):
            return Refused(Refusal.FORGED)
        if not isinstance(subject, str):
            return Refused(Refusal.FORGED)
        return Refused(Refusal.EXPIRED) if expired else Granted(subject)
