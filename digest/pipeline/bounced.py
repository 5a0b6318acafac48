"""What a bounce leads to, be it a mail that came back or an answer at RCPT: the reader is mailed no
more, unless so many come back at once that somebody else is to blame."""

from datetime import datetime

import sqlalchemy as sa
import structlog

from digest.core.bounces import (
    SILENCE_SHARE,
    SOFT_OVER,
    BounceClass,
    BounceEffect,
    Toll,
    keeps_bouncing,
)
from digest.core.deliveries import Delivery
from digest.core.editions import EditionId
from digest.core.subscribers import Status, Subscriber, SubscriberId
from digest.pipeline.app import App
from digest.pipeline.suppression import BOUNCE, reinstate_in, suppress_in
from digest.store import bounces
from digest.store import subscribers as members
from digest.store.bounces import Held

log = structlog.get_logger()

_EVERYBODY = ""
_HARD = (BounceClass.HARD,)
_ANY = (BounceClass.HARD, BounceClass.SOFT)


def follow(
    app: App,
    conn: sa.Connection,
    delivery: Delivery,
    bounce_class: BounceClass,
    said: str,
    now: datetime,
) -> BounceEffect | None:
    """Suppresses the reader where a bounce, which has been recorded, calls for it; None where it
    does not. `said`, the status or code, holds no address: the reason outlives an erasure.

    Held back is a dead address where too many of an edition are, at its domain or in all: it
    counts on as one that may work later. Of those that have been silent for long, only half of
    all readers are too many. Then those of the edition that went before come back, too.
    """
    reader = members.for_change(conn, delivery.subscriber_id)
    if reader is None or reader.status is Status.SUPPRESSED:
        return None
    since = reader.confirmed_at or reader.created_at
    is_silent = keeps_bouncing(bounces.fates(conn, reader.id, since), now)
    if bounce_class is not BounceClass.HARD and not is_silent:
        return None
    if delivery.edition_id is not None and _is_wave(
        app, conn, delivery.edition_id, reader, is_silent=is_silent, now=now
    ):
        bounces.mark(conn, delivery.id, BounceEffect.HELD)
        return BounceEffect.HELD
    reason = said or "unknown address"
    if bounce_class is not BounceClass.HARD:
        reason = f"nothing arrived for {SOFT_OVER.days} days, {said or 'soft'}"
    if reader.status is Status.ACTIVE:  # only such a one could be made what they were
        bounces.mark(conn, delivery.id, BounceEffect.SUPPRESSED)
    suppress_in(app, conn, reader.email, f"{BOUNCE}{reason}", now)
    return BounceEffect.SUPPRESSED


def _is_wave(
    app: App,
    conn: sa.Connection,
    edition_id: EditionId,
    reader: Subscriber,
    *,
    is_silent: bool,
    now: datetime,
) -> bool:
    """Whether a bounce is one of too many of its edition."""
    if is_silent:
        toll = bounces.toll(conn, edition_id, _EVERYBODY, _ANY)
        return toll.is_wave(SILENCE_SHARE) and _hold(app, conn, edition_id, _EVERYBODY, toll, now)
    domain = reader.email.rpartition("@")[2]
    if bounces.holds_back(conn, edition_id, domain):
        return True
    for scope in (domain, _EVERYBODY):
        toll = bounces.toll(conn, edition_id, scope, _HARD)
        if toll.is_wave():
            return _hold(app, conn, edition_id, scope, toll, now)
    return False


def _hold(
    app: App, conn: sa.Connection, edition_id: EditionId, scope: str, toll: Toll, now: datetime
) -> bool:
    """Takes back what an edition's bounces led to before there were too many, and says so once."""
    if not bounces.holds_back(conn, edition_id, scope):
        log.error(
            "bounces.held_back",
            domain=scope or "all",
            bounced_count=toll.bounced,
            tried_count=toll.tried,
        )
    for delivery_id, reader in bounces.led_to(conn, edition_id, scope, BounceEffect.SUPPRESSED):
        bounces.mark(conn, delivery_id, BounceEffect.HELD)
        reinstate_in(app, conn, reader, "too many bounced at once", now)
    return True


def settle(app: App, domain: str, *, suppress: bool) -> int:
    """Suppresses those whose bounces are held back, at a domain or ("") anywhere, or lets them be;
    how many readers."""
    now = app.clock.now()
    settled: set[SubscriberId] = set()
    with app.store.write() as conn:
        for held in held_at(conn, domain, now):
            settled.add(held.subscriber_id)
            bounces.mark(conn, held.delivery_id, BounceEffect.SUPPRESSED if suppress else None)
            if suppress:
                reason = f"{BOUNCE}{held.status or 'unknown address'}"
                suppress_in(app, conn, held.email, reason, now)
    return len(settled)


def held_at(conn: sa.Connection, domain: str, now: datetime) -> list[Held]:
    """What is held back at a domain, or ("") anywhere, oldest first."""
    found = bounces.held(conn, now)
    return [one for one in found if domain in (_EVERYBODY, one.email.rpartition("@")[2])]
