"""Answers to commands by mail: few, short, to the sender alone, and never answered themselves.

They go out at once and without a row of their own: a stranger who asks for help is no subscriber.
One that is lost is asked for again.
"""

from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from digest.core.deliveries import Accepted
from digest.core.inbound import InboundMail
from digest.core.messages import Envelope, MailKind, OutgoingMail
from digest.core.subscribers import Language
from digest.mail import wire
from digest.pipeline.app import App
from digest.pipeline.membership import message_id
from digest.store import subscribers as members

log = structlog.get_logger()

ANSWER_EVERY = timedelta(hours=1)
ANSWERS_PER_DAY = 3
# To somebody who is proven to have written: so many that nobody runs out of them, and no loop of
# two programs goes on.
PROVEN_ANSWERS_PER_DAY = 20
# Over all addresses: what forged senders can make us send to people who never wrote.
MAILS_PER_HOUR = 200
_ANSWER, _ANSWER_TO_MEMBER = "mail-answer", "mail-answer-member"
_EVERYBODY = "*"


def take_turn(app: App, scope: str) -> bool:
    """Whether unproven mail may cause one more mail within this hour, all addresses together."""
    key, now = app.address_hash(_EVERYBODY), app.clock.now()
    with app.store.write() as conn:
        if members.attempts_since(conn, scope, key, now - timedelta(hours=1)) >= MAILS_PER_HOUR:
            log.warning("inbound.limit_reached", scope=scope, limit=MAILS_PER_HOUR)
            return False
        members.record_attempt(conn, scope, key, now)
    return True


def answer(
    app: App,
    mail: InboundMail,
    topic: str,
    text: str,
    language: Language = Language.ENGLISH,
    *,
    proven: bool = False,
) -> bool:
    """Answers `mail`, whose sender is `proven` or had no answer within the hour; whether it was
    sent.

    The subject says only `topic`: a forger must not have us carry words of theirs.
    """
    now = app.clock.now()
    if proven:
        if not _is_due_to_member(app, mail.sender, now):
            return False
    elif not _is_due(app, mail.sender, now) or not take_turn(app, _ANSWER):
        return False
    envelope = Envelope(sender="", recipient=mail.sender)
    outgoing = OutgoingMail(
        kind=MailKind.REPLY,
        envelope=envelope,
        content=app.renderer.reply(subject=topic, answer=text, language=language),
        message_id=message_id(app, app.new_id()),
        date=now,
        headers=_headers(app, mail),
    )
    identity = replace(app.identity, reply_to=command_address(app))
    message = wire.compose(outgoing, identity)
    if app.signer is not None:
        message = app.signer.sign(message, now)
    with app.mailer.connection() as connection:
        outcome = connection.send(envelope, message)
    if not isinstance(outcome, Accepted):
        log.warning("inbound.answer_lost", outcome=type(outcome).__name__)
    return isinstance(outcome, Accepted)


def _is_due(app: App, address: str, now: datetime) -> bool:
    """Whether this address may have an answer now; counts it when it may."""
    key = app.address_hash(address)
    with app.store.write() as conn:
        if members.suppression_reason(conn, key) is not None:
            return False
        lately = members.attempts_since(conn, _ANSWER, key, now - ANSWER_EVERY)
        today = members.attempts_since(conn, _ANSWER, key, now - timedelta(days=1))
        if lately or today >= ANSWERS_PER_DAY:
            return False
        members.record_attempt(conn, _ANSWER, key, now)
    return True


def _is_due_to_member(app: App, address: str, now: datetime) -> bool:
    """Whether somebody who is proven to have written may have an answer now, even a last one;
    counts it when they may."""
    key = app.address_hash(address)
    with app.store.write() as conn:
        today = members.attempts_since(conn, _ANSWER_TO_MEMBER, key, now - timedelta(days=1))
        if today >= PROVEN_ANSWERS_PER_DAY:
            return False
        members.record_attempt(conn, _ANSWER_TO_MEMBER, key, now)
    return True


def _headers(app: App, mail: InboundMail) -> wire.Headers:
    headers = wire.transactional_headers(app.identity, in_reply_to=mail.message_id)
    return tuple((name, "auto-replied" if name == "Auto-Submitted" else v) for name, v in headers)


def command_address(app: App) -> str:
    return app.identity.command_address or app.identity.from_address
