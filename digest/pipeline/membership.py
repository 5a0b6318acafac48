"""Joining, confirming, changing one's mind and leaving, by whatever way it is asked.

Whoever asks with a token learns only whether it worked; whoever asks with an address learns
nothing about that address.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from digest.core.interests import Interest
from digest.core.messages import MailKind
from digest.core.subscribers import (
    CONFIRMATION_VALID_DAYS,
    TRANSITIONS,
    Preferences,
    Status,
    Subscriber,
    next_slot,
    normalize_address,
)
from digest.core.tokens import Granted, Purpose, Refusal, Refused
from digest.mail import wire
from digest.pipeline.app import App
from digest.store import outbox
from digest.store import subscribers as members
from digest.store.outbox import NewDelivery
from digest.store.subscribers import Consent

# One confirmation mail per address and day: a form must not become a mail bomb.
CONFIRMATION_EVERY = timedelta(hours=24)
_FORM = "form"


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
    """The limit for this origin is reached; asking again later helps."""


# --- joining ----------------------------------------------------------------------------------


def request_subscription(
    app: App,
    email: str,
    interests: Sequence[Interest],
    origin: Origin,
    preferences: Preferences | None = None,
) -> TooMany | None:
    """Remembers the wish and queues a confirmation mail, when there is anything to confirm.

    What the caller learns does not depend on whether the address is known, pending or
    suppressed. Raises InvalidAddress for what cannot be an address.
    """
    address = normalize_address(email)
    now = app.clock.now()
    with app.store.write() as conn:
        if origin.ip and _over_limit(app, conn, origin.ip, now):
            return TooMany()
        if members.suppression_reason(conn, app.address_hash(address)) is not None:
            return None
        subscriber = members.by_email(conn, address)
        if subscriber is None:
            subscriber = members.add(
                conn,
                public_id=app.new_id(),
                email=address,
                status=Status.PENDING,
                preferences=preferences or app.rules.defaults,
                wishes=interests,
                now=now,
            )
        elif subscriber.status is Status.UNSUBSCRIBED:
            members.set_status(conn, subscriber.id, Status.PENDING)
            subscriber = replace(subscriber, status=Status.PENDING)
        if subscriber.status is Status.PENDING:
            _ask_to_confirm(app, conn, subscriber, interests, origin, now)
    return None


def _over_limit(app: App, conn: sa.Connection, ip: str, now: datetime) -> bool:
    key = app.address_hash(ip)
    asked = members.attempts_since(conn, _FORM, key, now - timedelta(hours=1))
    members.record_attempt(conn, _FORM, key, now)
    return asked >= app.rules.subscribe_per_hour


def _ask_to_confirm(
    app: App,
    conn: sa.Connection,
    subscriber: Subscriber,
    interests: Sequence[Interest],
    origin: Origin,
    now: datetime,
) -> None:
    last = outbox.last_of_kind(conn, subscriber.id, MailKind.CONFIRMATION)
    if last is not None and now - last < CONFIRMATION_EVERY:
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
    public_id = app.new_id()
    mail = NewDelivery(
        public_id=public_id,
        kind=kind,
        subscriber_id=subscriber.id,
        message_id=message_id(app, public_id),
        payload=payload,
    )
    outbox.enqueue(conn, [mail], now)


def message_id(app: App, public_id: str) -> str:
    """The Message-ID of a delivery: the same for every try (RFC 5322, 3.6.4)."""
    return wire.message_id(app.identity, public_id)


def add_by_operator(
    app: App,
    email: str,
    interests: Sequence[Interest],
    preferences: Preferences,
    *,
    confirmed: bool,
) -> Subscriber:
    """Adds a member, or asks again one who left; with `confirmed` no mail asks for consent.

    Raises InvalidAddress; the caller checks for addresses known or suppressed.
    """
    address, now = normalize_address(email), app.clock.now()
    origin = Origin(via="operator")
    with app.store.write() as conn:
        return add_in(app, conn, address, interests, preferences, origin, confirmed, now)


def add_in(
    app: App,
    conn: sa.Connection,
    address: str,
    interests: Sequence[Interest],
    preferences: Preferences,
    origin: Origin,
    confirmed: bool,
    now: datetime,
) -> Subscriber:
    """As `add_by_operator`, inside the caller's transaction: an import adds all or nobody."""
    subscriber = members.add(
        conn,
        public_id=app.new_id(),
        email=address,
        status=Status.ACTIVE if confirmed else Status.PENDING,
        preferences=preferences,
        wishes=interests,
        now=now,
        next_due_at=next_slot(preferences, now) if confirmed else None,
    )
    if confirmed:
        members.record_consent(conn, subscriber.id, _consent("confirmed", origin, now))
    else:
        _ask_to_confirm(app, conn, subscriber, (), origin, now)
    return subscriber


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
    if subscriber.status in (Status.ACTIVE, Status.PAUSED):
        return Done(subscriber, changed=False)
    if subscriber.status is not Status.PENDING:
        return Refused(Refusal.EXPIRED)
    return Done(activate(app, subscriber, origin), changed=True)


def activate(app: App, subscriber: Subscriber, origin: Origin) -> Subscriber:
    """Makes a member active from now on, with the next slot of their timetable."""
    now = app.clock.now()
    due = next_slot(subscriber.preferences, now)
    with app.store.write() as conn:
        members.set_status(
            conn,
            subscriber.id,
            Status.ACTIVE,
            confirmed_at=subscriber.confirmed_at or now,
            paused_until=None,
            next_due_at=due,
        )
        if subscriber.status is not Status.PAUSED:
            members.record_consent(conn, subscriber.id, _consent("confirmed", origin, now))
            queue_mail(app, conn, subscriber, MailKind.WELCOME, now)
    return replace(subscriber, status=Status.ACTIVE, next_due_at=due, paused_until=None)


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
        if preferences is not None and preferences != subscriber.preferences:
            active = subscriber.status is Status.ACTIVE
            due = next_slot(preferences, now) if active else None
            members.set_preferences(conn, subscriber.id, preferences, due)
        if interests is not None:
            members.replace_interests(conn, subscriber.id, interests)
        changed = members.by_id(conn, subscriber.id)
    assert changed is not None
    return changed


def unsubscribe(app: App, subscriber: Subscriber, origin: Origin, *, say_goodbye: bool) -> Done:
    """Ends a membership at once and cancels what is queued; safe to repeat.

    `say_goodbye` queues one last mail: not for one-click, where the mail program has told.
    """
    if Status.UNSUBSCRIBED not in TRANSITIONS[subscriber.status] or (
        subscriber.status is Status.SUPPRESSED
    ):
        return Done(subscriber, changed=False)
    now = app.clock.now()
    with app.store.write() as conn:
        members.set_status(
            conn, subscriber.id, Status.UNSUBSCRIBED, next_due_at=None, paused_until=None
        )
        members.record_consent(conn, subscriber.id, _consent("unsubscribed", origin, now))
        kinds = (MailKind.DIGEST, MailKind.CONFIRMATION, MailKind.WELCOME)
        outbox.cancel_waiting(conn, subscriber.id, "unsubscribed", kinds)
        if say_goodbye and subscriber.status is not Status.PENDING:
            queue_mail(app, conn, subscriber, MailKind.GOODBYE, now)
    return Done(replace(subscriber, status=Status.UNSUBSCRIBED, next_due_at=None), changed=True)


def pause(app: App, subscriber: Subscriber, until: datetime | None) -> Done:
    """Stops digests until a moment, or until resumed; only for an active member."""
    if subscriber.status not in (Status.ACTIVE, Status.PAUSED):
        return Done(subscriber, changed=False)
    with app.store.write() as conn:
        members.set_status(conn, subscriber.id, Status.PAUSED, paused_until=until, next_due_at=None)
        outbox.cancel_waiting(conn, subscriber.id, "paused")
    return Done(replace(subscriber, status=Status.PAUSED, paused_until=until), changed=True)


def resume(app: App, subscriber: Subscriber, origin: Origin) -> Done:
    if subscriber.status is not Status.PAUSED:
        return Done(subscriber, changed=False)
    return Done(activate(app, subscriber, origin), changed=True)


# --- suppression and erasure ------------------------------------------------------------------


def suppress(app: App, email: str, reason: str) -> None:
    """Never mail this address again, whoever asks, until an operator lifts it."""
    address, now = normalize_address(email), app.clock.now()
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


def unsuppress(app: App, email: str, reason: str) -> bool:
    """Lifts a suppression; the person is then unsubscribed and may ask again. False if none."""
    address, now = normalize_address(email), app.clock.now()
    with app.store.write() as conn:
        lifted = members.lift_suppression(conn, app.address_hash(address))
        subscriber = members.by_email(conn, address)
        if subscriber is None or subscriber.status is not Status.SUPPRESSED:
            return lifted
        members.set_status(conn, subscriber.id, Status.UNSUBSCRIBED)
        origin = Origin(via="operator", wording=reason)
        members.record_consent(conn, subscriber.id, _consent("unsuppressed", origin, now))
    return True


def erase(app: App, subscriber: Subscriber) -> None:
    """Removes a person with all that is known of them; a keyed hash keeps us from mailing again."""
    now = app.clock.now()
    with app.store.write() as conn:
        members.erase(conn, subscriber.id)
        members.suppress_hash(conn, app.address_hash(subscriber.email), "erased", now)


def _consent(event: str, origin: Origin, now: datetime) -> Consent:
    return Consent(event=event, via=origin.via, at=now, ip=origin.ip, wording=origin.wording)
