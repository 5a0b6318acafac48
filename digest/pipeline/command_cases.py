"""A mail that asks for something: nothing is done for a sender who is not proven.

From can be forged. So a subscription waits for its confirmation mail, and whatever else a member
asks is done at once only with a token that we gave out, as an answer in a thread of ours, or when
a trusted server has checked the sender; otherwise the member gets a link.
"""

import re
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from digest.core.authentication import SenderProof, sender_proof
from digest.core.command_mails import Reading, linked_token
from digest.core.commands import (
    Ask,
    Change,
    Confirm,
    Contradictory,
    Help,
    Ignored,
    Subscribe,
    Unknown,
    Unsubscribe,
)
from digest.core.deliveries import Delivery
from digest.core.errors import InvalidInput
from digest.core.inbound import InboundMail
from digest.core.interests import MAX_INTERESTS, Interest, read_interests, unique_interests
from digest.core.member_requests import Inquiry, Timetable
from digest.core.messages import MailKind
from digest.core.subscribers import Language, Preferences, Status, Subscriber, address_key
from digest.core.tokens import Purpose, Refusal, Refused
from digest.mail.wording import Wording
from digest.pipeline import answer_texts, answers, member_mails, membership
from digest.pipeline.app import App
from digest.pipeline.membership import Done, Origin
from digest.store import outbox
from digest.store import subscribers as members

_SUBSCRIBE = "mail-subscribe"
_ORIGIN = Origin(via="mail")
_MEMBERS = frozenset({Status.PENDING, Status.ACTIVE, Status.PAUSED})


class Action(StrEnum):
    """`requested`: a confirmation mail is queued if one is due. `suppressed`: that address is not
    mailed again. `counted`: a mail came back, and may come back some more times. `quarantined`: a
    person must look. `left`: the database cannot be used now, the mail is still where it was."""

    NOTHING = "nothing"
    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    CHANGED = "changed"
    ERASED = "erased"
    UNSUBSCRIBED = "unsubscribed"
    SUPPRESSED = "suppressed"
    COUNTED = "counted"
    ANSWERED = "answered"
    QUARANTINED = "quarantined"
    LEFT = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundReport:
    """What one mail was and what came of it. `why` holds no address, token or text of the mail.

    `kind` is subscribe, confirm, unsubscribe, change, interests, export, erase, help, unknown,
    ignored, bounce, complaint, auto_reply, repeated or unread.
    """

    kind: str
    action: Action
    why: str = ""

    @property
    def changed(self) -> bool:
        """Whether the mail moved a membership or what it holds, or asked for that."""
        return self.action in (
            *(Action.REQUESTED, Action.CONFIRMED, Action.UNSUBSCRIBED),
            *(Action.CHANGED, Action.ERASED, Action.SUPPRESSED),
        )


@dataclass(frozen=True, slots=True)
class Case:
    """One mail on its way through the rules."""

    app: App
    mail: InboundMail
    reading: Reading
    trusted: Collection[str]

    @property
    def proof(self) -> SenderProof:
        results = self.mail.values("authentication-results")
        return sender_proof(results, self.mail.sender, self.trusted)

    @property
    def language(self) -> Language:
        """That of the member at this address, else that of new members. The answer goes there."""
        subscriber = self._member()
        preferences = subscriber.preferences if subscriber else self.app.rules.defaults
        return preferences.language

    @property
    def wording(self) -> Wording:
        return self.app.renderer.wording(self.language)

    def handle(self) -> InboundReport:
        match self.reading.command:
            case Ignored(why):
                return _nothing("ignored", why)
            case Confirm(token):
                return self._confirm(token)
            case Unsubscribe(token, quoted_token):
                return self._unsubscribe(token, quoted_token)
            case Change() | Ask() as command:
                return self._by_member(command)
            case _ if self.proof is SenderProof.FAILED:
                return _nothing("ignored", "the sender is forged")
            case command:
                return self._without_token(command)

    def _without_token(self, command: Subscribe | Help | Contradictory | Unknown) -> InboundReport:
        match command:
            case Subscribe(interests, timetable):
                return self._subscribe(interests, timetable)
            case Help():
                return self._answer("help", "help", answer_texts.help_text(self.app, self.wording))
            case Contradictory():
                text = answer_texts.contradiction_text(self.app, self.wording)
                return self._answer("unknown", "your mail", text, "two commands")
            case Unknown(why):
                return self._answer(
                    "unknown", "your mail", answer_texts.help_text(self.app, self.wording), why
                )

    def _subscribe(self, interests: str, timetable: Timetable | None) -> InboundReport:
        subscriber = self._member()
        if subscriber is not None and subscriber.status in (Status.ACTIVE, Status.PAUSED):
            text = answer_texts.subscribed_text(self.app, subscriber, self.wording)
            return self._answer("subscribe", "subscribe", text)
        if not answers.take_turn(self.app, _SUBSCRIBE):
            return _nothing("subscribe", "too many requests within the hour")
        outcome = membership.request_subscription(
            self.app,
            self.mail.sender,
            _wishes(interests),
            _ORIGIN,
            _preferences(self.app.rules.defaults, timetable),
        )
        if outcome is not None:
            return _nothing("subscribe", "too many requests from this domain within the hour")
        return InboundReport(kind="subscribe", action=Action.REQUESTED)

    def _confirm(self, token: str) -> InboundReport:
        outcome = membership.confirm(self.app, token, _ORIGIN)
        if isinstance(outcome, Refused) and outcome.why is Refusal.FORGED:
            outcome = self._confirm_by_thread() or outcome
        match outcome:
            case Done(_, changed=True):
                return InboundReport(kind="confirm", action=Action.CONFIRMED)
            case Done():
                return _nothing("confirm", "confirmed before")
            case Refused(Refusal.EXPIRED) if self.proof is not SenderProof.FAILED:
                return self._answer(
                    "confirm", "confirm", answer_texts.expired_text(self.app, self.wording)
                )
            case Refused():
                return _nothing("confirm", "no valid token")

    def _confirm_by_thread(self) -> Done | Refused | None:
        delivery = self._answered_delivery()
        if delivery is None or delivery.kind is not MailKind.CONFIRMATION:
            return None
        subscriber = self._recipient(delivery)
        token = membership.confirmation_token(self.app, subscriber, delivery.created_at)
        return membership.confirm(self.app, token, _ORIGIN)

    def _unsubscribe(self, token: str, quoted_token: str) -> InboundReport:
        named = self._bearer(token)
        subscriber = named or self._proven_member(quoted_token)
        if subscriber is None:
            return self._offer_link()
        # A mail program that unsubscribes for its user waits for no answer (RFC 8058).
        polite = named is None and not self.reading.silence
        done = membership.unsubscribe(self.app, subscriber, _ORIGIN, say_goodbye=polite)
        if not done.changed:
            return _nothing("unsubscribe", "no member")
        return InboundReport(kind="unsubscribe", action=Action.UNSUBSCRIBED)

    def _offer_link(self) -> InboundReport:
        """For an unsubscription that nothing proves: the member alone gets the way out."""
        if self.reading.silence or self.proof is SenderProof.FAILED:
            return _nothing("unsubscribe", self.reading.silence or "the sender is forged")
        subscriber = self._member()
        if subscriber is None or subscriber.status not in _MEMBERS:
            return _nothing("unsubscribe", "no member")
        text = answer_texts.unsubscribe_text(self.app, subscriber, self.wording)
        return self._answer("unsubscribe", "unsubscribe", text)

    def _by_member(self, command: Change | Ask) -> InboundReport:
        """For whoever is proven to have written; anybody else who is a member gets a link."""
        kind = command.name if isinstance(command, Change) else command.inquiry.value
        subscriber = self._proven_member(linked_token(self.mail.text, "unsubscribe"))
        # A digest that was passed on has a token in it: nobody is erased by a forger who has one.
        forged = self.proof is SenderProof.FAILED
        proven = subscriber is not None and not (forged and command == Ask(Inquiry.ERASE))
        subscriber = subscriber or self._member()
        # Whoever has left may still ask for what is kept of them.
        heard = proven and command in (Ask(Inquiry.EXPORT), Ask(Inquiry.ERASE))
        if subscriber is None or not (heard or subscriber.status in _MEMBERS):
            return _nothing(kind, "no member")
        if not proven:
            if forged:
                return _nothing(kind, "the sender is forged")
            text = answer_texts.unproven_text(self.app, subscriber, self.wording)
            return self._answer(kind, "your digest", text)
        language = subscriber.preferences.language
        told = member_mails.carry_out(self.app, subscriber, command, self.wording)
        answered = answers.answer(
            self.app, self.mail, "your digest", told.text, language, proven=True
        )
        if told.changed:
            action = Action.ERASED if told.erased else Action.CHANGED
            return InboundReport(kind=kind, action=action)
        action = Action.ANSWERED if answered else Action.NOTHING
        return InboundReport(kind=kind, action=action, why=told.why)

    def _proven_member(self, quoted_token: str) -> Subscriber | None:
        """The member who wrote, by our token in the thread or by a trusted server's word."""
        if self.reading.silence:
            return None
        writer = address_key(self.mail.sender)
        delivery = self._answered_delivery()
        in_thread = (
            self._bearer(quoted_token),
            self._recipient(delivery) if delivery is not None else None,
        )
        # A digest that was passed on carries the token of somebody else.
        for subscriber in in_thread:
            if subscriber is not None and address_key(subscriber.email) == writer:
                return subscriber
        return self._member() if self.proof is SenderProof.PROVEN else None

    def _answer(self, kind: str, topic: str, text: str, why: str = "") -> InboundReport:
        if self.reading.silence:
            return _nothing(kind, self.reading.silence)
        if answers.answer(self.app, self.mail, topic, text, self.language):
            return InboundReport(kind=kind, action=Action.ANSWERED, why=why)
        return _nothing(kind, "no answer was due, or it could not be sent")

    def _bearer(self, token: str) -> Subscriber | None:
        found = membership.bearer(self.app, Purpose.UNSUBSCRIBE, token) if token else None
        return found if isinstance(found, Subscriber) else None

    def _member(self) -> Subscriber | None:
        with self.app.store.read() as conn:
            return members.by_email(conn, self.mail.sender)

    def _answered_delivery(self) -> Delivery | None:
        """The mail of ours that this one answers. Its Message-ID is random, so only its
        recipient can name it."""
        found = re.fullmatch(r"<([^<>@]+)@([^<>@]+)>", self.mail.in_reply_to)
        if not found or found[2].lower() != self.app.identity.domain:
            return None
        with self.app.store.read() as conn:
            return outbox.by_public_id(conn, found[1])

    def _recipient(self, delivery: Delivery) -> Subscriber:
        with self.app.store.read() as conn:
            return members.many(conn, [delivery.subscriber_id])[delivery.subscriber_id]


def _nothing(kind: str, why: str) -> InboundReport:
    return InboundReport(kind=kind, action=Action.NOTHING, why=why)


def _wishes(text: str) -> tuple[Interest, ...]:
    """The interests of a mail; lines that cannot be one are left out."""
    wishes: list[Interest] = []
    for line in re.split(r"[\n;]", text):
        if len(wishes) >= MAX_INTERESTS:
            break
        with suppress(InvalidInput):
            wishes.extend(read_interests(line))
    return unique_interests(dict.fromkeys(wishes[:MAX_INTERESTS]))


def _preferences(defaults: Preferences, timetable: Timetable | None) -> Preferences:
    """Those of a new member; a timetable that there is not is left out."""
    with suppress(InvalidInput):
        return timetable.applied(defaults) if timetable else defaults
    return defaults
