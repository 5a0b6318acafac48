"""Joining, confirming, changing one's mind and leaving, by whatever way it is asked.

Whoever asks with a token learns only whether it worked; whoever asks with an address learns
nothing about that address.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from digest.core.interests import Interest
from digest.core.messages import MailKind
from digest.core.subscribers import (
    CONFIRMATION_VALID_DAYS,
    TRANSITIONS,
    Preferences,
    Status,
    Subscriber,
    SubscriberId,
    next_slot,
    normalize_address,
)
from digest.core.tokens import Granted, Purpose, Refusal, Refused
from digest.mail import wire
from digest.pipeline import flood
from digest.pipeline.app import App
from digest.pipeline.suppression import is_by_bounce
from digest.store import arrivals, outbox
from digest.store import subscribers as members
from digest.store.arrivals import NewSubscriber
from digest.store.outbox import NewDelivery
from digest.store.subscribers import Consent

# One confirmation mail per address and day: a form must not become a mail bomb.
CONFIRMATION_EVERY = timedelta(hours=24)
# Whom nobody mails has nothing to leave.
_LEAVING = (Status.PENDING, Status.ACTIVE, Status.PAUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a request comes from: `via` is web, mail or operator; `wording` what was shown."""

    via: str
    ip: str = ""
    wording: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """The request stands. `changed` is False when it stood before."""

    subscriber: Subscriber
    changed: bool


@dataclass(frozen=True, slots=True)
class TooMany:
    """The limit for this origin, or for the domain asked for, is reached; asking later helps."""


# --- joining ----------------------------------------------------------------------------------


def request_subscription(
    app: App,
    email: str,
    interests: Sequence[Interest],
    origin: Origin,
    preferences: Preferences | None = None,
) -> TooMany | None:
    """Remembers the wish and queues a confirmation mail, when there is anything to confirm.

    An address that bounced may be alive again: it is suppressed until a confirmation, which had
    to arrive, is answered. What the caller learns does not depend on whether the address is
    known, pending or suppressed. Raises InvalidAddress for what cannot be an address.
    """
    address = normalize_address(email)
    now = app.clock.now()
    with app.store.write() as conn:
        if flood.is_too_much(app, conn, origin.ip, address, now):
            return TooMany()
    with suppress(IntegrityError), app.store.write() as conn:
        # The error: somebody else asks for the same new address at this very moment.
        reason = members.suppression_reason(conn, app.address_hash(address))
        if reason is not None and not is_by_bounce(reason):
            return None
        subscriber = members.by_email(conn, address)
        if subscriber is None:
            new = NewSubscriber(
                public_id=app.new_id(),
                email=address,
                status=Status.PENDING,
                preferences=preferences or app.rules.defaults,
                interests=interests,
            )
            subscriber = arrivals.add(conn, new, now)
        elif subscriber.status is Status.UNSUBSCRIBED or (
            subscriber.status is Status.SUPPRESSED and reason is not None
        ):
            members.set_status(conn, subscriber.id, Status.PENDING)
            subscriber = replace(subscriber, status=Status.PENDING)
        if subscriber.status is Status.PENDING:
            _ask_to_confirm(app, conn, subscriber, interests, origin, now)
    return None


def _ask_to_confirm(
    app: App,
    conn: sa.Connection,
    subscriber: Subscriber,
    interests: Sequence[Interest],
    origin: Origin,
    now: datetime,
) -> None:
    last = outbox.last_of_kind(conn, subscriber.id, MailKind.CONFIRMATION)
    # One that was answered is no flood: whoever left by mistake can come back at once.
    answered = last is not None and (subscriber.confirmed_at or last) > last
    if last is not None and now - last < CONFIRMATION_EVERY and not answered:
        return
    if interests:
        members.replace_interests(conn, subscriber.id, interests)
    members.record_consent(conn, subscriber.id, _consent("requested", origin, now))
    queue_mail(app, conn, subscriber, MailKind.CONFIRMATION, now, {"via": origin.via})


def queue_mail(
    app: App,
    conn: sa.Connection,
    subscriber: Subscriber,
    kind: MailKind,
    now: datetime,
    payload: dict[str, str] | None = None,
) -> None:
    """Queues one mail that somebody waits for."""
    outbox.enqueue(conn, [_mail(app, subscriber.id, kind, payload)], now)


def _mail(
    app: App, subscriber_id: SubscriberId, kind: MailKind, payload: dict[str, str] | None
) -> NewDelivery:
    public_id = app.new_id()
    return NewDelivery(
        public_id=public_id,
        kind=kind,
        subscriber_id=subscriber_id,
        message_id=message_id(app, public_id),
        payload=payload,
    )


def message_id(app: App, public_id: str) -> str:
    """The Message-ID of a delivery: the same for every try (RFC 5322, 3.6.4)."""
    return wire.message_id(app.identity, public_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    """Somebody whom the operator adds: `email` is normalised. Who is not `confirmed` is asked by
    mail; who is may be `paused` from the start."""

    email: str
    interests: Sequence[Interest]
    preferences: Preferences
    confirmed: bool
    paused: bool = False

    @property
    def status(self) -> Status:
        if not self.confirmed:
            return Status.PENDING
        return Status.PAUSED if self.paused else Status.ACTIVE


def add_by_operator(
    app: App,
    email: str,
    interests: Sequence[Interest],
    preferences: Preferences,
    *,
    confirmed: bool,
) -> Subscriber:
    """Adds a member; with `confirmed` no mail asks for consent.

    Raises InvalidAddress; the caller checks for addresses known or suppressed.
    """
    one = Joining(
        email=normalize_address(email),
        interests=interests,
        preferences=preferences,
        confirmed=confirmed,
    )
    now = app.clock.now()
    with app.store.write() as conn:
        (subscriber_id,) = add_all(app, conn, [one], Origin(via="operator"), now)
        return members.many(conn, [subscriber_id])[subscriber_id]


def add_all(
    app: App, conn: sa.Connection, joining: Sequence[Joining], origin: Origin, now: datetime
) -> list[SubscriberId]:
    """Adds people who are not here yet, inside the caller's transaction: an import adds all or
    nobody. Their ids, in the same order."""
    ids = arrivals.add_all(conn, [_arrival(app, one, now) for one in joining], now)
    agreed = [key for key, one in zip(ids, joining, strict=True) if one.confirmed]
    asked = [key for key, one in zip(ids, joining, strict=True) if not one.confirmed]
    members.record_consents(conn, agreed, _consent("confirmed", origin, now))
    members.record_consents(conn, asked, _consent("requested", origin, now))
    payload = {"via": origin.via}
    outbox.enqueue(conn, [_mail(app, key, MailKind.CONFIRMATION, payload) for key in asked], now)
    return ids


def _arrival(app: App, one: Joining, now: datetime) -> NewSubscriber:
    return NewSubscriber(
        public_id=app.new_id(),
        email=one.email,
        status=one.status,
        preferences=one.preferences,
        interests=one.interests,
        next_due_at=next_slot(one.preferences, now) if one.status is Status.ACTIVE else None,
    )


# --- with a token -----------------------------------------------------------------------------


def confirmation_token(app: App, subscriber: Subscriber, asked_at: datetime) -> str:
    """The token of a confirmation mail queued at `asked_at`."""
    expires_at = asked_at + timedelta(days=CONFIRMATION_VALID_DAYS)
    return app.tokens.sign(Purpose.CONFIRM, subscriber.public_id, expires_at)


def bearer(app: App, purpose: Purpose, token: str) -> Subscriber | Refused:
    """Whose token this is; a person who was erased makes it worthless."""
    match app.tokens.read(purpose, token, app.clock.now()):
        case Granted(subject):
            with app.store.read() as conn:
                found = members.by_public_id(conn, subject)
            return found or Refused(Refusal.FORGED)
        case Refused() as refused:
            return refused


def confirm(app: App, token: str, origin: Origin) -> Done | Refused:
    """Makes a pending member active and queues the welcome; safe to repeat.

    Whoever left or was suppressed since the mail was written needs a new one.
    """
    subscriber = bearer(app, Purpose.CONFIRM, token)
    if isinstance(subscriber, Refused):
        return subscriber
    done = _activate(app, subscriber, origin, (Status.PENDING,))
    if done.changed or done.subscriber.status in (Status.ACTIVE, Status.PAUSED):
        return done
    return Refused(Refusal.EXPIRED)


def activate(app: App, subscriber: Subscriber, origin: Origin) -> Subscriber:
    """Makes anybody who is not suppressed active from now on, whatever they were."""
    from_any = tuple(status for status in Status if Status.ACTIVE in TRANSITIONS[status])
    return _activate(app, subscriber, origin, from_any).subscriber


def _activate(
    app: App, subscriber: Subscriber, origin: Origin, allowed: Collection[Status]
) -> Done:
    now = app.clock.now()
    with app.store.write() as conn:
        current = members.for_change(conn, subscriber.id)
        if current is None or current.status not in allowed:
            return Done(current or subscriber, changed=False)
        back = current.status is Status.PAUSED
        # A pause that ended while nobody looked must not swallow the slots since.
        since = min(now, current.paused_until or now)
        active = replace(
            current,
            status=Status.ACTIVE,
            confirmed_at=current.confirmed_at if back else now,
            paused_until=None,
            next_due_at=next_slot(current.preferences, since),
        )
        members.set_status(
            conn,
            current.id,
            active.status,
            confirmed_at=active.confirmed_at,
            paused_until=active.paused_until,
            next_due_at=active.next_due_at,
        )
        if not back:
            members.lift_suppression(conn, app.address_hash(current.email))
            members.record_consent(conn, current.id, _consent("confirmed", origin, now))
            queue_mail(app, conn, active, MailKind.WELCOME, now)
    return Done(active, changed=True)


def change(
    app: App,
    subscriber: Subscriber,
    *,
    preferences: Preferences | None = None,
    interests: Sequence[Interest] | None = None,
) -> Subscriber:
    """Replaces preferences, interests, or both; None leaves them as they are."""
    now = app.clock.now()
    with app.store.write() as conn:
        current = members.for_change(conn, subscriber.id)
        if current is None:  # erased at this very moment
            return subscriber
        if preferences is not None:
            due = _due_after_change(current, preferences, now)
            members.set_preferences(conn, current.id, preferences, due)
        if interests is not None:
            members.replace_interests(conn, current.id, interests)
        changed = members.by_id(conn, current.id)
    assert changed is not None
    return changed


def _due_after_change(
    current: Subscriber, preferences: Preferences, now: datetime
) -> datetime | None:
    """The next slot by the new timetable; one that has come already is not lost by a change."""
    if current.status is not Status.ACTIVE:
        return None
    if current.next_due_at is not None and current.next_due_at <= now:
        return current.next_due_at
    return next_slot(preferences, now)


def unsubscribe(app: App, subscriber: Subscriber, origin: Origin, *, say_goodbye: bool) -> Done:
    """Ends a membership at once and cancels what is queued; safe to repeat.

    `say_goodbye` queues one last mail: not for one-click, where the mail program has told.
    """
    now = app.clock.now()
    with app.store.write() as conn:
        current = members.for_change(conn, subscriber.id)
        if current is None or current.status not in _LEAVING:
            return Done(current or subscriber, changed=False)
        members.set_status(
            conn, current.id, Status.UNSUBSCRIBED, next_due_at=None, paused_until=None
        )
        members.record_consent(conn, current.id, _consent("unsubscribed", origin, now))
        kinds = (MailKind.DIGEST, MailKind.CONFIRMATION, MailKind.WELCOME)
        outbox.cancel_waiting(conn, current.id, "unsubscribed", kinds)
        if say_goodbye and current.status is not Status.PENDING:
            queue_mail(app, conn, current, MailKind.GOODBYE, now)
    left = replace(current, status=Status.UNSUBSCRIBED, next_due_at=None, paused_until=None)
    return Done(left, changed=True)


def pause(app: App, subscriber: Subscriber, until: datetime | None) -> Done:
    """Stops digests until a moment, or until resumed; only for an active member."""
    with app.store.write() as conn:
        current = members.for_change(conn, subscriber.id)
        if current is None or current.status not in (Status.ACTIVE, Status.PAUSED):
            return Done(current or subscriber, changed=False)
        members.set_status(conn, current.id, Status.PAUSED, paused_until=until, next_due_at=None)
        outbox.cancel_waiting(conn, current.id, "paused")
    paused = replace(current, status=Status.PAUSED, paused_until=until, next_due_at=None)
    return Done(paused, changed=True)


def resume(app: App, subscriber: Subscriber, origin: Origin) -> Done:
    """Ends a pause; nothing happens to anybody who is not paused."""
    return _activate(app, subscriber, origin, (Status.PAUSED,))


def _consent(event: str, origin: Origin, now: datetime) -> Consent:
    return Consent(event=event, via=origin.via, at=now, ip=origin.ip, wording=origin.wording)
