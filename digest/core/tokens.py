"""Signed links: what a token says, bound to one purpose.

A token names a subscriber or a delivery by its random public id, never by an address, and is
signed with HMAC (itsdangerous) under a key derived for its purpose: one made for `confirm`
cannot unsubscribe. Tokens to unsubscribe never expire (CAN-SPAM asks for 30 days at least).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from itsdangerous import BadData, URLSafeSerializer


class Purpose(StrEnum):
    CONFIRM = "confirm"
    PREFERENCES = "preferences"
    UNSUBSCRIBE = "unsubscribe"
    READ = "read"
    FEEDBACK = "feedback"
    EXPORT = "export"


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


class TokenSigner:
    """Makes and reads tokens; the same key, purpose, subject and expiry give the same token."""

    def __init__(self, secret_key: str) -> None:
        self._serializers = {
            purpose: URLSafeSerializer(secret_key, salt=f"digest.{purpose}") for purpose in Purpose
        }

    def sign(self, purpose: Purpose, subject: str, expires_at: datetime | None = None) -> str:
        """A URL-safe token of about 50 to 70 characters."""
        claims: list[str | int] = [subject]
        if expires_at is not None:
            claims.append(int(expires_at.timestamp()))
        token = self._serializers[purpose].dumps(claims)
        return token if isinstance(token, str) else token.decode("ascii")

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
