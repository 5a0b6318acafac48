"""Send what is due: claim, compose, hand to the relay, record; each message for itself."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from digest.core.bounces import BounceClass, classify_refusal
from digest.core.deliveries import (
    Delivery,
    DeliveryId,
    DeliveryStatus,
    Rejected,
    SendOutcome,
    Unreachable,
    after,
)
from digest.core.messages import Envelope, MailKind
from digest.core.subscribers import Status, Subscriber
from digest.pipeline.app import App
from digest.pipeline.breaker import Breaker, outbox_pause
from digest.pipeline.compose import Letters, load_letters
from digest.pipeline.limits import RateLimits
from digest.pipeline.membership import suppress_in
from digest.pipeline.ports import MailConnection
from digest.store import leases, outbox

log = structlog.get_logger()

LEASE_FOR = timedelta(minutes=10)
# A message is not started when its lease might end while the relay thinks.
_LEASE_MARGIN = timedelta(minutes=5)
_CLAIM_AT_ONCE = 25
_PATIENCE_S = 2.0

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverReport:
    """How many deliveries went which way; `paused` says why the outbox rests, if it does.

    `sent` counts digests, `letters` the other mails that were sent.
    """

    sent: int = 0
    letters: int = 0
    deferred: int = 0
    failed: int = 0
    cancelled: int = 0
    paused: str = ""


class _Tally:
    """Counts what came of each delivery in this run: a later outcome replaces an earlier one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[DeliveryId, tuple[DeliveryStatus, MailKind]] = {}

    def note(self, delivery: Delivery) -> int:
        with self._lock:
            self._last[delivery.id] = (delivery.status, delivery.kind)
            return len(self._last)

    def report(self, paused: str) -> DeliverReport:
        counts = Counter(status for status, _ in self._last.values())
        digests = sum(one == (DeliveryStatus.SENT, MailKind.DIGEST) for one in self._last.values())
        return DeliverReport(
            sent=digests,
            letters=counts[DeliveryStatus.SENT] - digests,
            deferred=counts[DeliveryStatus.DEFERRED] + counts[DeliveryStatus.QUEUED],
            failed=counts[DeliveryStatus.FAILED],
            cancelled=counts[DeliveryStatus.CANCELLED],
            paused=paused,
        )


def deliver(
    app: App,
    *,
    stop: threading.Event | None = None,
    progress: Progress | None = None,
) -> DeliverReport:
    """Sends until nothing is due, the relay cannot be reached, or `stop` is set.

    First takes back what dead processes were sending. At most one message a connection is in
    flight at any moment: that many may go out twice after a kill -9, with the same Message-ID.
    """
    _take_back(app)
    pause = outbox_pause(app)
    if pause is not None:
        return DeliverReport(paused=f"until {pause[0]:%H:%M} UTC: {pause[1]}")
    run = _Run(app, stop or threading.Event(), progress)
    started = app.clock.now()
    with ThreadPoolExecutor(app.rules.connections, thread_name_prefix="deliver") as pool:
        for worker in [pool.submit(run.work) for _ in range(app.rules.connections)]:
            worker.result()
    report = run.tally.report(run.breaker.reason)
    if report != DeliverReport():
        log.info(
            "deliver.finished",
            sent_count=report.sent,
            letter_count=report.letters,
            deferred_count=report.deferred,
            failed_count=report.failed,
            duration_ms=round((app.clock.now() - started).total_seconds() * 1000),
        )
    return report


def _take_back(app: App) -> None:
    with app.store.write() as conn:
        dead = leases.dead(outbox.owners(conn))
        released = outbox.release(conn, now=app.clock.now(), dead_owners=dead)
    if released:
        log.warning("deliver.taken_back", delivery_count=released)


class _Run:
    """One run of `deliver`: what its threads share."""

    def __init__(self, app: App, stop: threading.Event, progress: Progress | None) -> None:
        self.app = app
        self.stop = stop
        self.progress = progress
        self.tally = _Tally()
        self.breaker = Breaker(app)
        self.limits = RateLimits(app.rules.rate_per_second, app.rules.rate_per_domain)

    @property
    def over(self) -> bool:
        return self.stop.is_set() or self.breaker.is_open

    def work(self) -> None:
        """What each thread does: one connection, one message at a time."""
        with self.app.mailer.connection() as connection:
            while not self.over:
                lease_until = self.app.clock.now() + LEASE_FOR
                claimed = self._claim(lease_until)
                if not claimed:
                    return
                self._send_all(connection, claimed, lease_until)

    def _claim(self, lease_until: datetime) -> list[Delivery]:
        with self.app.store.write() as conn:
            return outbox.claim(
                conn,
                now=self.app.clock.now(),
                limit=_CLAIM_AT_ONCE,
                owner=self.app.owner,
                lease_until=lease_until,
            )

    def _send_all(
        self, connection: MailConnection, claimed: list[Delivery], lease_until: datetime
    ) -> None:
        letters = load_letters(self.app, claimed)
        for number, delivery in enumerate(claimed):
            if self.over or self.app.clock.now() > lease_until - _LEASE_MARGIN:
                with self.app.store.write() as conn:
                    outbox.put_back(conn, [d.id for d in claimed[number:]], self.app.owner)
                return
            self._send_one(connection, delivery, letters)

    def _send_one(self, connection: MailConnection, delivery: Delivery, letters: Letters) -> None:
        subscriber = letters.subscriber(delivery)
        why_not = _why_not(delivery, subscriber)
        if subscriber is None or why_not:
            self._finish(replace(delivery, status=DeliveryStatus.CANCELLED, detail=why_not))
            return
        try:
            envelope, message = letters.write(delivery)
        except Exception as error:  # one mail that cannot be made must not stop the others
            log.exception("deliver.compose_failed", delivery_id=delivery.public_id)
            detail = f"could not be composed: {type(error).__name__}: {error}"
            self._finish(replace(delivery, status=DeliveryStatus.FAILED, detail=detail))
            return
        if self._hold(delivery, envelope):
            return
        outcome = connection.send(envelope, message)
        self._note_reachability(outcome)
        done = after(delivery, outcome, self.app.clock.now())
        self._finish(done, outcome, subscriber)

    def _hold(self, delivery: Delivery, envelope: Envelope) -> bool:
        """Keeps to the rates; True when the message has to wait for its domain."""
        domain = envelope.recipient.rpartition("@")[2]
        now = self.app.clock.now()
        wait = self.limits.reserve(domain, now, _PATIENCE_S)
        if wait.elsewhere:
            until = now + timedelta(seconds=wait.seconds)
            with self.app.store.write() as conn:
                outbox.postpone(conn, delivery.id, until, self.app.owner)
            return True
        if wait.seconds > 0:
            self.app.clock.sleep(wait.seconds)
        return False

    def _note_reachability(self, outcome: SendOutcome) -> None:
        if isinstance(outcome, Unreachable):
            self.breaker.unreachable(outcome.reply)
        else:
            self.breaker.reached()

    def _finish(
        self,
        done: Delivery,
        outcome: SendOutcome | None = None,
        subscriber: Subscriber | None = None,
    ) -> None:
        with self.app.store.write() as conn:
            outbox.save(conn, done, self.app.owner)
            if isinstance(outcome, Rejected) and subscriber is not None:
                _note_bounce(self.app, conn, outcome, subscriber, self.app.clock.now())
        number = self.tally.note(done)
        log.debug(
            "deliver.attempted",
            delivery_id=done.public_id,
            status=done.status.value,
            attempt=done.attempts,
            smtp_code=done.smtp_code,
        )
        if self.progress is not None:
            self.progress(number)


def _why_not(delivery: Delivery, subscriber: Subscriber | None) -> str:
    """Why a claimed delivery must not go out any more; "" when it may."""
    if subscriber is None:
        return "the subscriber was erased"
    if subscriber.status is Status.SUPPRESSED:
        return "the address is suppressed"
    if delivery.kind is MailKind.DIGEST and subscriber.status is not Status.ACTIVE:
        return f"the subscriber is {subscriber.status.value}"
    return ""


def _note_bounce(
    app: App, conn: sa.Connection, outcome: Rejected, subscriber: Subscriber, now: datetime
) -> None:
    """A refusal at RCPT counts as a bounce: a dead address is not mailed again."""
    match classify_refusal(outcome.code, outcome.reply):
        case BounceClass.HARD:
            reason = f"bounce: {outcome.code} {outcome.reply}"
            suppress_in(app, conn, subscriber.email, reason[:500], now)
            log.info("deliver.subscriber_suppressed", subscriber_id=subscriber.id)
        case BounceClass.POLICY:
            log.error("deliver.refused_by_policy", smtp_code=outcome.code)
        case BounceClass.SOFT:
            log.info("deliver.refused", subscriber_id=subscriber.id, smtp_code=outcome.code)
