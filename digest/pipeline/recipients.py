"""Who may still be mailed, and what a refusal says about them."""

from datetime import datetime

import sqlalchemy as sa
import structlog

from digest.core.bounces import BounceClass, BounceEffect, classify_refusal, statuses_in
from digest.core.deliveries import GIVE_UP_AFTER, Deferred, Delivery, Rejected
from digest.core.messages import MailKind
from digest.core.subscribers import Status, Subscriber
from digest.pipeline.app import App
from digest.pipeline.bounced import follow
from digest.store import bounces

log = structlog.get_logger()

# Whom each kind of mail is for; any other kind goes to everybody who is not suppressed.
_FOR = {
    MailKind.DIGEST: (Status.ACTIVE,),
    MailKind.CONFIRMATION: (Status.PENDING,),
    MailKind.WELCOME: (Status.ACTIVE, Status.PAUSED),
}


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
    app: App, conn: sa.Connection, failed: Delivery, outcome: Rejected | Deferred, now: datetime
) -> None:
    """A refusal for which a delivery was given up counts as a bounce: a dead address is not
    mailed again, a full one not for ever.

    A refusal of the sender or of the message is the operator's affair, whatever its words, unless
    its status is that of a full mailbox; so is one for now that is about what is permitted, such
    as how much mail we send (RFC 3463, 3.3 and 3.8).
    """
    found = classify_refusal(outcome.code, outcome.reply)
    status = next(iter(statuses_in(outcome.reply)), "")
    of_reader = outcome.recipient or status.endswith(".2.2")
    if found is BounceClass.POLICY or not of_reader or status.startswith("4.7."):
        log.error("deliver.refused_by_policy", smtp_code=outcome.code)
        return
    bounces.record(conn, failed.id, found, status, failed.detail, now)
    # The reply itself may quote the address, and the reason outlives an erasure.
    said = " ".join(filter(None, (str(outcome.code), status)))
    effect = follow(app, conn, failed, found, said, now)
    if effect is BounceEffect.SUPPRESSED:
        log.info("deliver.subscriber_suppressed", subscriber_id=failed.subscriber_id)
    else:
        log.info("deliver.refused", subscriber_id=failed.subscriber_id, smtp_code=outcome.code)
