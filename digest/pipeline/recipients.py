"""Who may still be mailed, and what a refusal says about them."""

import re
from datetime import datetime

import sqlalchemy as sa
import structlog

from digest.core.bounces import BounceClass, classify_refusal
from digest.core.deliveries import GIVE_UP_AFTER, Delivery, Rejected
from digest.core.messages import MailKind
from digest.core.subscribers import Status, Subscriber
from digest.pipeline.app import App
from digest.pipeline.suppression import suppress_in

log = structlog.get_logger()

# Whom each kind of mail is for; any other kind goes to everybody who is not suppressed.
_FOR = {
    MailKind.DIGEST: (Status.ACTIVE,),
    MailKind.CONFIRMATION: (Status.PENDING,),
    MailKind.WELCOME: (Status.ACTIVE, Status.PAUSED),
}
_STATUS = re.compile(r"\b5\.\d{1,3}\.\d{1,3}\b")  # RFC 3463


def why_not_mailed(delivery: Delivery, subscriber: Subscriber | None, now: datetime) -> str:
    """Why a claimed delivery must not go out any more; "" when it may."""
    if delivery.kind is MailKind.DIGEST and now - delivery.created_at > GIVE_UP_AFTER:
        return "a day old: stale digests are not sent"
    if subscriber is None:
        return "the subscriber was erased"
    if subscriber.status is Status.SUPPRESSED:
        return "the address is suppressed"
    if subscriber.status not in _FOR.get(delivery.kind, tuple(Status)):
        return f"the subscriber is {subscriber.status.value}"
    return ""


def note_refusal(
    app: App, conn: sa.Connection, outcome: Rejected, subscriber: Subscriber, now: datetime
) -> None:
    """A refusal at RCPT counts as a bounce: a dead address is not mailed again.

    A refusal of the sender or of the message is the operator's affair, whatever its words.
    """
    found = classify_refusal(outcome.code, outcome.reply)
    match found if outcome.recipient else BounceClass.POLICY:
        case BounceClass.HARD:
            # The reply itself may quote the address, and the reason outlives an erasure.
            reason = " ".join(("bounce:", str(outcome.code), *_STATUS.findall(outcome.reply)[:1]))
            suppress_in(app, conn, subscriber.email, reason, now)
            log.info("deliver.subscriber_suppressed", subscriber_id=subscriber.id)
        case BounceClass.POLICY:
            log.error("deliver.refused_by_policy", smtp_code=outcome.code)
        case BounceClass.SOFT:
            log.info("deliver.refused", subscriber_id=subscriber.id, smtp_code=outcome.code)
