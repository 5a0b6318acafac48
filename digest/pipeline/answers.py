"""Answers to commands by mail: few, short, to the sender alone, and never answered themselves.

They go out at once and without a row of their own: a stranger who asks for help is no subscriber.
One that is lost is asked for again.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from digest.core.deliveries import Accepted
from digest.core.inbound import InboundMail
from digest.core.interests import format_interest
from digest.core.messages import Envelope, MailKind, OutgoingMail
from digest.core.subscribers import Subscriber
from digest.mail import wire
from digest.pipeline import links
from digest.pipeline.app import App
from digest.pipeline.membership import message_id
from digest.store import subscribers as members

log = structlog.get_logger()

ANSWER_EVERY = timedelta(hours=1)
ANSWERS_PER_DAY = 3
# Over all addresses: what forged senders can make us send to people who never wrote.
MAILS_PER_HOUR = 200
_ANSWER = "mail-answer"
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


def answer(app: App, mail: InboundMail, topic: str, text: str) -> bool:
    """Answers `mail` unless its sender had an answer within the hour; whether it was sent.

    The subject says only `topic`: a forger must not have us carry words of theirs.
    """
    now = app.clock.now()
    if not _is_due(app, mail.sender, now) or not take_turn(app, _ANSWER):
        return False
    envelope = Envelope(sender="", recipient=mail.sender)
    outgoing = OutgoingMail(
        kind=MailKind.REPLY,
        envelope=envelope,
        content=app.renderer.reply(subject=topic, answer=text),
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


def _headers(app: App, mail: InboundMail) -> wire.Headers:
    headers = wire.transactional_headers(app.identity, in_reply_to=mail.message_id)
    return tuple((name, "auto-replied" if name == "Auto-Submitted" else v) for name, v in headers)


def command_address(app: App) -> str:
    return app.identity.command_address or app.identity.from_address


def help_text(app: App) -> str:
    """What can be asked, for somebody who has never written to a program."""
    return f"""This mailbox is read by a program. Write one of these words as the subject, or as \
the first line, of a mail to {command_address(app)}:

subscribe
    The trending research papers that matter to you, in one mail a day at most. Write your \
interests below it, one a line. A mail comes back that asks you to confirm.

more TOPIC
    Brings more papers on a topic: it becomes one of your interests, or counts double if it is.

less TOPIC
    Brings fewer: an interest counts half, or ends; anything else is left out.

unsubscribe (or stop)
    Ends it.

help
    This answer.

On the web: {links.subscribe_url(app)}"""


def contradiction_text(app: App) -> str:
    return (
        "Your mail asks to subscribe and to unsubscribe. Nothing was changed: write again, with "
        "one of the two.\n\n" + help_text(app)
    )


def unsubscribe_text(app: App, subscriber: Subscriber) -> str:
    """The way out for a member whose mail does not prove who sent it."""
    return f"""Somebody, probably you, asked by mail that no more digests be sent to this address. \
Anybody can write such a mail in your name, so please press the button on this page:

{links.unsubscribe_url(app, subscriber)}

If it was not you, do nothing."""


def preferred_text(app: App, subscriber: Subscriber, said: Sequence[str]) -> str:
    """What came of `more` and `less`, and all that is wanted now."""
    wishes = "\n".join(f"- {format_interest(wish)}" for wish in subscriber.interests)
    return f"""{chr(10).join(said)}

Your interests now:

{wishes or "- none: you get what trends"}

To change them on the web:

{links.preferences_url(app, subscriber)}"""


def refused_text(app: App, subscriber: Subscriber, why: str) -> str:
    return f"""Nothing was changed: {why}. Your interests are here:

{links.preferences_url(app, subscriber)}"""


def unproven_text(app: App, subscriber: Subscriber) -> str:
    """The way to one's interests for a member whose mail does not prove who sent it."""
    return f"""Somebody, probably you, asked by mail to change your interests. Anybody can write \
such a mail in your name, so nothing was changed. You can do it on this page:

{links.preferences_url(app, subscriber)}"""


def subscribed_text(app: App, subscriber: Subscriber) -> str:
    return f"""You are subscribed already. Your interests and your timetable are here:

{links.preferences_url(app, subscriber)}"""


def expired_text(app: App) -> str:
    return f"""This request has ended, so nothing was confirmed. To start anew, write "subscribe" \
to {command_address(app)}, or come to this page:

{links.subscribe_url(app)}"""
