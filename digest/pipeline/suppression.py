"""Addresses that are never mailed again, and people who want to be forgotten."""

from datetime import datetime

import sqlalchemy as sa

from digest.core.messages import MailKind
from digest.core.subscribers import (
    Status,
    Subscriber,
    SubscriberId,
    next_slot,
    normalize_address,
)
from digest.pipeline.app import App
from digest.store import outbox
from digest.store import subscribers as members
from digest.store.subscribers import Consent

# How the reason of a suppression begins that bounces led to.
BOUNCE = "bounce: "


def suppress(app: App, email: str, reason: str) -> None:
    """Never mail this address again, whoever asks, until an operator lifts it."""
    address, now = normalize_address(email), app.clock.now()
    if is_by_bounce(reason):
        reason = f"by the operator, {reason}"
    with app.store.write() as conn:
        suppress_in(app, conn, address, reason, now)


def suppress_in(app: App, conn: sa.Connection, address: str, reason: str, now: datetime) -> None:
    """As `suppress`, inside the caller's transaction."""
    members.suppress_hash(conn, app.address_hash(address), reason, now)
    subscriber = members.by_email(conn, address)
    if subscriber is not None and subscriber.status is not Status.SUPPRESSED:
        members.set_status(
            conn, subscriber.id, Status.SUPPRESSED, next_due_at=None, paused_until=None
        )
        outbox.cancel_waiting(conn, subscriber.id, f"suppressed: {reason}", tuple(MailKind))


def is_by_bounce(reason: str) -> bool:
    """Whether bounces led to a suppression, and not the word of anybody."""
    return reason.startswith(BOUNCE)


def reinstate_in(
    app: App, conn: sa.Connection, subscriber_id: SubscriberId, why: str, now: datetime
) -> None:
    """Makes a reader active again whom bounces had suppressed while they were; nobody else."""
    reader = members.for_change(conn, subscriber_id)
    if reader is None or reader.status is not Status.SUPPRESSED:
        return
    key = app.address_hash(reader.email)
    if not is_by_bounce(members.suppression_reason(conn, key) or ""):
        return
    members.lift_suppression(conn, key)
    due = next_slot(reader.preferences, now)
    members.set_status(conn, reader.id, Status.ACTIVE, next_due_at=due)
    lift = Consent(event="unsuppressed", via="service", at=now, wording=why)
    members.record_consent(conn, reader.id, lift)


def unsuppress(app: App, email: str, reason: str) -> bool:
    """Lifts a suppression; the person is then unsubscribed and may ask again. False if none."""
    address, now = normalize_address(email), app.clock.now()
    with app.store.write() as conn:
        lifted = members.lift_suppression(conn, app.address_hash(address))
        subscriber = members.by_email(conn, address)
        if subscriber is None or subscriber.status is not Status.SUPPRESSED:
            return lifted
        members.set_status(conn, subscriber.id, Status.UNSUBSCRIBED)
        lift = Consent(event="unsuppressed", via="operator", at=now, wording=reason)
        members.record_consent(conn, subscriber.id, lift)
    return True


def is_suppressed(app: App, email: str) -> bool:
    """Whether `unsuppress` would lift something."""
    address = normalize_address(email)
    with app.store.read() as conn:
        subscriber = members.by_email(conn, address)
        if subscriber is not None and subscriber.status is Status.SUPPRESSED:
            return True
        return members.suppression_reason(conn, app.address_hash(address)) is not None


def erase(app: App, subscriber: Subscriber) -> None:
    """Removes a person with all that is known of them; a keyed hash keeps us from mailing again."""
    now = app.clock.now()
    with app.store.write() as conn:
        members.erase(conn, subscriber.id)
        members.suppress_hash(conn, app.address_hash(subscriber.email), "erased", now)
