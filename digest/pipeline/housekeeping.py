"""What a service must forget, what it must wake up, and what it learns."""

from dataclasses import dataclass
from datetime import timedelta

import structlog

from digest.core.editions import edition_day
from digest.core.errors import EncoderUnavailable
from digest.core.subscribers import CONFIRMATION_VALID_DAYS
from digest.pipeline.analyses import catch_up
from digest.pipeline.app import App
from digest.pipeline.learning import learn
from digest.pipeline.membership import Origin, resume
from digest.store import cursors, editions, embeddings, inbound, libraries, signals
from digest.store import subscribers as members

log = structlog.get_logger()

_ATTEMPTS_KEPT = timedelta(days=2)
_INBOUND_KEPT = timedelta(days=30)
# What nobody is interested in any more; a paused reader's interests are encoded again.
_TEXTS_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class HousekeepingReport:
    """How many of each were woken up or forgotten."""

    resumed: int
    unconfirmed: int
    editions: int
    readings: int


def housekeeping(app: App) -> HousekeepingReport:
    """Ends pauses whose time is over, learns once a day how counts grow, drops what is past its
    retention, and analyses what an upgrade has left to be analysed. Safe to repeat."""
    now, rules = app.clock.now(), app.rules
    catch_up(app.store)
    with app.store.read() as conn:
        rested = members.ended_pauses(conn, now)
    for subscriber in rested:
        resume(app, subscriber, Origin(via="operator"))
    learn(app)  # before readings are thinned
    # By itself: it looks at many rows, and nobody else can write meanwhile.
    with app.store.write() as conn:
        thinned = signals.thin(conn, now - timedelta(days=rules.readings_days))
    _forget_vectors(app)
    kept_from = edition_day(now, rules.timezone) - timedelta(days=rules.delivery_retention_days)
    with app.store.write() as conn:
        report = HousekeepingReport(
            resumed=len(rested),
            unconfirmed=members.forget_unconfirmed(
                conn, now - timedelta(days=CONFIRMATION_VALID_DAYS)
            ),
            editions=editions.forget(conn, kept_from),
            readings=thinned
            + signals.forget(conn, now - timedelta(days=rules.signal_retention_days)),
        )
        libraries.forget_unread(conn)  # of those who never confirmed
        members.forget_attempts(conn, now - _ATTEMPTS_KEPT)
        inbound.forget(conn, now - _INBOUND_KEPT)
        cursors.forget_fetches(conn, now - timedelta(days=rules.delivery_retention_days))
    log.info(
        "housekeeping.finished",
        resumed_count=report.resumed,
        unconfirmed_count=report.unconfirmed,
        edition_count=report.editions,
        reading_count=report.readings,
    )
    return report


def _forget_vectors(app: App) -> None:
    """A vector is kept as long as editions that may have its paper; of another model, no longer."""
    if app.meanings is None:
        return
    try:
        model = app.meanings.model
    except EncoderUnavailable:
        return
    now = app.clock.now()
    unseen = now - timedelta(days=app.rules.delivery_retention_days)
    with app.store.write() as conn:
        dropped = embeddings.forget(conn, model, unseen=unseen, unused=now - _TEXTS_KEPT)
    if dropped:
        log.info("housekeeping.vectors_dropped", vector_count=dropped)
