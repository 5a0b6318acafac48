"""Bounces and complaints: what they change, where they are about a mail of ours.

Anybody can write one. It counts only where it came to the return path of a delivery, which is
signed, or brings back headers that only that mail had: its Message-ID or its link to unsubscribe.
Nothing is ever answered.
"""

import hmac
import re
from collections.abc import Iterator
from datetime import timedelta

import structlog

from digest.core.bounces import BounceClass, BounceEffect
from digest.core.command_mails import linked_token
from digest.core.deliveries import Delivery
from digest.core.returned import FailedRecipient, ReturnedMail
from digest.core.subscribers import Subscriber, address_key
from digest.core.tokens import Purpose
from digest.mail.wire import from_domain
from digest.pipeline import links, membership
from digest.pipeline.app import App
from digest.pipeline.bounced import follow
from digest.pipeline.classifying import InboundKind, InboundReading
from digest.pipeline.command_cases import Action, InboundReport
from digest.pipeline.membership import Origin
from digest.pipeline.suppression import is_by_bounce, suppress_in
from digest.store import bounces, outbox
from digest.store import subscribers as members

log = structlog.get_logger()

# No server tries for longer; later than this a bounce is an old mail that somebody sends us again.
BOUNCES_COUNT_FOR = timedelta(days=14)
# The return path of a delivery, wherever forwarding has wrapped it (SRS, BATV).
_RETURN_PATH = re.compile(r"\+([0-9a-z]{8,40})-([0-9a-f]{16})(?![0-9a-z])", re.IGNORECASE)
_NOT_OURS = "about no mail of ours"
_MESSAGE_ID = re.compile(r"<([^<>@\s]{1,64})@([^<>\s]{1,255})>")
_ENVELOPE_FIELDS = frozenset(
    ("return-path", "errors-to", "sender", "original-mail-from", "x-postfix-sender")
)
# RFC 5965, 7.3 and RFC 6591: who opts out leaves; of some reports no reader knows.
_OPT_OUT = frozenset({"opt-out", "opt-out-list"})
_BY_NO_READER = frozenset({"auth-failure"})


def handle_returned(app: App, found: InboundReading) -> InboundReport:
    """Does what a bounce or a complaint asks for; safe to repeat."""
    delivery = _delivery(app, found)
    if found.kind is InboundKind.COMPLAINT:
        return _complaint(app, found, delivery)
    if delivery is None:
        return _nothing(found, _NOT_OURS)
    return _bounce(app, found, delivery)


# --- whose it is --------------------------------------------------------------------------------


def _delivery(app: App, found: InboundReading) -> Delivery | None:
    """The mail of ours that came back, by what only that mail, or its server, can know."""
    with app.store.read() as conn:
        named = (outbox.by_public_id(conn, each) for each in _named_deliveries(app, found))
        return next(filter(None, named), None)


def _named_deliveries(app: App, found: InboundReading) -> Iterator[str]:
    envelope = (value for name, value in found.returned.sent if name in _ENVELOPE_FIELDS)
    for text in (*found.mail.recipients, *envelope):
        for public_id, signature in _RETURN_PATH.findall(text.lower()):
            if hmac.compare_digest(links.bounce_signature(app, public_id), signature):
                yield public_id
    for name, value in found.returned.sent:
        own = _MESSAGE_ID.search(value) if name == "message-id" else None
        if own and own[2].lower() == from_domain(app.identity):
            yield own[1]


def _complainer(app: App, found: InboundReading, delivery: Delivery | None) -> Subscriber | None:
    """Who complained: by the delivery, or by the link to unsubscribe, which reports that leave out
    all addresses still have (RFC 6590)."""
    if delivery is not None:
        with app.store.read() as conn:
            return members.by_id(conn, delivery.subscriber_id)
    for name, value in found.returned.sent:
        token = linked_token(value, "unsubscribe") if name == "list-unsubscribe" else ""
        bearer = membership.bearer(app, Purpose.UNSUBSCRIBE, token) if token else None
        if isinstance(bearer, Subscriber):
            return bearer
    return None


# --- bounces ------------------------------------------------------------------------------------


def _bounce(app: App, found: InboundReading, delivery: Delivery) -> InboundReport:
    now = app.clock.now()
    with app.store.write() as conn:
        subscriber = members.for_change(conn, delivery.subscriber_id)
        if subscriber is None:
            return _nothing(found, _NOT_OURS)
        told = _told_of(found.returned, subscriber.email)
        why = " ".join(filter(None, (told.bounce_class.value, told.status)))
        if told.delayed:
            return _nothing(found, "still being tried")
        sent_at = delivery.sent_at or delivery.created_at
        if now - sent_at > BOUNCES_COUNT_FOR:
            return _nothing(found, "about a mail of long ago")
        if subscriber.confirmed_at is not None and sent_at < subscriber.confirmed_at:
            return _nothing(found, "about a mail of before they confirmed")
        detail = f"came back: {told.reason or why}"
        if not bounces.record(conn, delivery.id, told.bounce_class, told.status, detail, now):
            return _nothing(found, "known before")
        effect = follow(app, conn, delivery, told.bounce_class, told.status, now)
    if told.bounce_class is BounceClass.POLICY:
        log.error("returned.refused_by_policy", status=told.status, delivery_id=delivery.public_id)
    if effect is BounceEffect.SUPPRESSED:
        log.info("returned.subscriber_suppressed", subscriber_id=subscriber.id)
        return InboundReport(kind=found.kind.value, action=Action.SUPPRESSED, why=why)
    if effect is BounceEffect.HELD:
        why = f"{why}, held back: too many at once"
    return InboundReport(kind=found.kind.value, action=Action.COUNTED, why=why)


def _told_of(returned: ReturnedMail, email: str) -> FailedRecipient:
    """What a bounce says of a reader: of their address, or else of all that it names, which are
    those to which they have their mail passed on. That one of these is dead does not say that
    nobody reads: the digest may lie where it was sent to, too."""
    own = [each for each in returned.recipients if address_key(each.address) == address_key(email)]
    if own:
        return own[0]
    named, found = returned.recipients, returned.bounce_class
    return FailedRecipient(
        address=email,
        bounce_class=BounceClass.SOFT if named and found is BounceClass.HARD else found,
        status=named[0].status if len(named) == 1 else "",
        delayed=bool(named) and all(each.delayed for each in named),
    )


# --- complaints ---------------------------------------------------------------------------------


def _complaint(app: App, found: InboundReading, delivery: Delivery | None) -> InboundReport:
    feedback = found.returned.feedback
    if feedback in _BY_NO_READER:
        log.error("returned.authentication_failed", feedback=feedback)
        return _nothing(found, feedback)
    subscriber = _complainer(app, found, delivery)
    if subscriber is None:
        return _nothing(found, _NOT_OURS)
    log.warning("returned.complained", subscriber_id=subscriber.id)
    if feedback in _OPT_OUT:
        done = membership.unsubscribe(app, subscriber, Origin(via="mail"), say_goodbye=False)
        action = Action.UNSUBSCRIBED if done.changed else Action.NOTHING
        return InboundReport(kind=found.kind.value, action=action, why="opt-out")
    with app.store.write() as conn:
        reason = members.suppression_reason(conn, app.address_hash(subscriber.email))
        if reason is not None and not is_by_bounce(reason):
            return _nothing(found, "suppressed before")
        suppress_in(app, conn, subscriber.email, "complaint", app.clock.now())
    return InboundReport(kind=found.kind.value, action=Action.SUPPRESSED)


def _nothing(found: InboundReading, why: str) -> InboundReport:
    return InboundReport(kind=found.kind.value, action=Action.NOTHING, why=why)
