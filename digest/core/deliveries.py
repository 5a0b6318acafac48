"""The life of one delivery, as a state machine over what the relay answered.

queued → sending → sent | deferred → sending … | failed
queued, deferred → cancelled;  sent → bounced;  skipped is a decision not to send.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType, assert_never

from digest.core.editions import EditionId
from digest.core.identifiers import PaperId
from digest.core.messages import MailKind
from digest.core.places import Place, Section
from digest.core.subscribers import SubscriberId

DeliveryId = NewType("DeliveryId", int)


class DeliveryStatus(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DEFERRED = "deferred"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    BOUNCED = "bounced"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The relay took responsibility for the message (RFC 5321, 4.2.5)."""

    code: int
    reply: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not now (4xx). `code` is 0 where the connection broke in the middle of the message;
    `handed_over` when it broke after all of it: the relay may well have taken it. `recipient` is
    False where the sender was refused, or the server shuts down (421): that says nothing about the
    address."""

    code: int
    reply: str
    handed_over: bool = False
    recipient: bool = True


@dataclass(frozen=True, slots=True)
class Rejected:
    """Never (5xx). `recipient` is False where the sender or the message was refused: that says
    nothing about the address."""

    code: int
    reply: str
    recipient: bool = True


@dataclass(frozen=True, slots=True)
class Unreachable:
    """The relay could not be spoken to at all: no recipient's fault, nothing was handed over."""

    reply: str


SendOutcome = Accepted | Deferred | Rejected | Unreachable


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPaper:
    """A paper chosen for a digest. `score`, `relevance`, `trend` in [0, 1]; `reason` in words.

    `place` says what it is there for, `section` where it stands. `position` is its number in a
    stored digest, from 0: it stays when a paper before it goes.
    """

    paper_id: PaperId
    score: float
    relevance: float
    trend: float
    reason: str
    place: Place = Place.FITS
    section: Section = Section.FOR_YOU
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One mail to one subscriber; for a digest, one per edition. `detail` is why, in words."""

    id: DeliveryId
    public_id: str
    kind: MailKind
    subscriber_id: SubscriberId
    edition_id: EditionId | None
    status: DeliveryStatus
    created_at: datetime
    next_attempt_at: datetime
    attempts: int = 0
    smtp_code: int | None = None
    smtp_reply: str = ""
    sent_at: datetime | None = None
    detail: str = ""
    payload: dict[str, str] = field(default_factory=dict)

    @property
    def answer(self) -> str:
        """What the relay said last, or why nobody heard it; empty where it was not asked."""
        return f"{self.smtp_code} {self.smtp_reply}" if self.smtp_code else self.smtp_reply


# A digest is stale after a day (RFC 5321, 4.5.4.1 asks for at least 30 minutes between tries).
REFUSAL_LADDER = tuple(timedelta(minutes=m) for m in (30, 60, 120, 240, 480))
# A connection that breaks says nothing of the recipient: the first new try is made at once.
BROKEN_LADDER = (timedelta(0), timedelta(seconds=30), timedelta(minutes=5), *REFUSAL_LADDER[:4])
GIVE_UP_AFTER = timedelta(hours=24)


def after(delivery: Delivery, outcome: SendOutcome, now: datetime) -> Delivery:
    """The delivery once the relay has answered: sent, deferred with its next try, or failed.

    An unreachable relay puts the delivery back in the queue and counts no attempt. A relay that
    twice stays silent after the whole message is taken to have it: a third copy would be worse.
    Pure; `delivery.status` must be `sending`.
    """
    match outcome:
        case Accepted(code, reply):
            return replace(
                delivery,
                status=DeliveryStatus.SENT,
                attempts=delivery.attempts + 1,
                smtp_code=code,
                smtp_reply=reply,
                sent_at=now,
            )
        case Rejected(code, reply, _):
            return replace(
                delivery,
                status=DeliveryStatus.FAILED,
                attempts=delivery.attempts + 1,
                smtp_code=code,
                smtp_reply=reply,
                detail="refused by the receiving server",
            )
        case Deferred(_, reply, handed_over=True) if delivery.detail == _UNANSWERED:
            return replace(
                delivery,
                status=DeliveryStatus.SENT,
                attempts=delivery.attempts + 1,
                smtp_code=0,
                smtp_reply=reply,
                sent_at=now,
                detail="handed over, but the relay never said that it took it",
            )
        case Deferred(code, reply, handed_over=handed_over):
            return _deferred(delivery, code, reply, now, slowly=bool(code) or handed_over)
        case Unreachable(reply):
            return replace(
                delivery,
                status=DeliveryStatus.DEFERRED if delivery.attempts else DeliveryStatus.QUEUED,
                next_attempt_at=now,
                smtp_reply=reply,
            )
        case _ as never:
            assert_never(never)


def _deferred(
    delivery: Delivery, code: int, reply: str, now: datetime, *, slowly: bool
) -> Delivery:
    ladder = REFUSAL_LADDER if slowly else BROKEN_LADDER
    tried = replace(
        delivery,
        attempts=delivery.attempts + 1,
        smtp_code=code,
        smtp_reply=reply,
        detail=_UNANSWERED if slowly and not code else delivery.detail,
    )
    next_at = now + ladder[min(delivery.attempts, len(ladder) - 1)]
    if delivery.attempts >= len(ladder) or next_at - delivery.created_at > GIVE_UP_AFTER:
        return replace(
            tried,
            status=DeliveryStatus.FAILED,
            detail=f"given up after {tried.attempts} tries",
        )
    return replace(tried, status=DeliveryStatus.DEFERRED, next_attempt_at=next_at)


# What a delivery is marked with once the whole of it was handed over and no answer came.
_UNANSWERED = "handed over, the relay did not answer"
