"""Send what is due: claim, compose, hand to the relay, record; each message for itself."""

import threading
from collections import Counter, deque
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from digest.core.deliveries import (
    Deferred,
    Delivery,
    DeliveryId,
    DeliveryStatus,
    Rejected,
    SendOutcome,
    Unreachable,
    after,
)
from digest.core.messages import Envelope, MailKind
from digest.core.subscribers import SubscriberId
from digest.pipeline.app import App
from digest.pipeline.breaker import Breaker, outbox_pause
from digest.pipeline.compose import Letters, load_letters
from digest.pipeline.limits import RateLimits
from digest.pipeline.ports import MailConnection
from digest.pipeline.recipients import note_refusal, why_not_mailed
from digest.store import claims, leases

log = structlog.get_logger()

LEASE_FOR = timedelta(minutes=30)
# A message is not started when its lease might end while the relay thinks.
_LEASE_MARGIN = timedelta(minutes=20)
_CLAIM_AT_ONCE = 25
# Waiting this long for a recipient's domain is shorter than coming back.
_PATIENCE_S = 2.0
_BETWEEN_ROUNDS_S = 1.0
# A batch that goes out slowly looks again at who has left in the meantime.
_LETTERS_STAY_TRUE_FOR = timedelta(seconds=10)

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
    """Counts what came of each delivery in this run: a later outcome replaces an earlier one.

    Only those that still wait are remembered one by one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._done: Counter[tuple[DeliveryStatus, bool]] = Counter()
        self._waiting: set[DeliveryId] = set()
        self._untried: set[DeliveryId] = set()

    def note(self, delivery: Delivery) -> int:
        """Notes what became of a delivery; of how many there is something to tell."""
        with self._lock:
            self._waiting.discard(delivery.id)
            self._untried.discard(delivery.id)
            match delivery.status:
                case DeliveryStatus.DEFERRED:
                    self._waiting.add(delivery.id)
                case DeliveryStatus.QUEUED:  # the relay was not reached: nothing was tried
                    self._untried.add(delivery.id)
                case _:
                    self._done[delivery.status, delivery.kind is MailKind.DIGEST] += 1
            return self._done.total() + len(self._waiting)

    def report(self, paused: str) -> DeliverReport:
        def both(status: DeliveryStatus) -> int:
            return self._done[status, True] + self._done[status, False]

        return DeliverReport(
            sent=self._done[DeliveryStatus.SENT, True],
            letters=self._done[DeliveryStatus.SENT, False],
            deferred=len(self._waiting),
            failed=both(DeliveryStatus.FAILED),
            cancelled=both(DeliveryStatus.CANCELLED),
            paused=paused,
        )


def deliver(
    app: App,
    *,
    stop: threading.Event | None = None,
    progress: Progress | None = None,
    limits: RateLimits | None = None,
    only: Collection[SubscriberId] | None = None,
) -> DeliverReport:
    """Sends until nothing is due, the relay cannot be reached, or `stop` is set; with `only`,
    just what is due to these subscribers.

    What has to wait for its domain is waited for. `limits` carry the rates over from one run to
    the next. First takes back what dead processes were sending. At most one message a connection
    is in flight at any moment: that many may go out twice after a kill -9, with the same
    Message-ID.
    """
    rules = app.rules
    limits = limits or RateLimits(rules.rate_per_second, rules.rate_per_domain)
    run = _Run(app, stop or threading.Event(), progress, limits, only)
    started = app.clock.now()
    report = run.tally.report(run.until_done())
    if report != DeliverReport():
        log.info(
            "deliver.finished",
            sent_count=report.sent,
            letter_count=report.letters,
            deferred_count=report.deferred,
            failed_count=report.failed,
            cancelled_count=report.cancelled,
            paused=report.paused,
            duration_ms=round((app.clock.now() - started).total_seconds() * 1000),
        )
    return report


def _take_back(app: App) -> None:
    with app.store.write() as conn:
        dead = leases.dead(claims.owners(conn))
        released = claims.release(conn, now=app.clock.now(), dead_owners=dead)
    if released:
        log.warning("deliver.taken_back", delivery_count=released)


class _Run:
    """One run of `deliver`: what its threads share."""

    def __init__(
        self,
        app: App,
        stop: threading.Event,
        progress: Progress | None,
        limits: RateLimits,
        only: Collection[SubscriberId] | None,
    ) -> None:
        self.app = app
        self.stop = stop
        self.progress = progress
        self.tally = _Tally()
        self.breaker = Breaker(app)
        self.limits = limits
        self.only = only
        self.postponed_until: datetime | None = None

    @property
    def over(self) -> bool:
        return self.stop.is_set() or self.breaker.is_open

    def until_done(self) -> str:
        """Round after round, while mail waits for its domain; why the outbox rests, or ""."""
        while self._anything_due():
            _take_back(self.app)
            pause = outbox_pause(self.app)
            if pause is not None:
                return f"until {pause[0]:%H:%M} UTC: {pause[1]}"
            began = self.app.clock.now()
            self._round()
            if self.over or began >= (self.postponed_until or began):
                return self.breaker.reason
            self.app.clock.sleep(_BETWEEN_ROUNDS_S)
        return ""

    def _anything_due(self) -> bool:
        """Asked without writing: most ticks of a daemon find nothing to do."""
        if self.postponed_until is not None:
            return True
        with self.app.store.read() as conn:
            return claims.anything_due(conn, self.app.clock.now())

    def _round(self) -> None:
        connections = self.app.rules.connections
        with ThreadPoolExecutor(connections, thread_name_prefix="deliver") as pool:
            for worker in [pool.submit(self.work) for _ in range(connections)]:
                worker.result()

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
            return claims.claim(
                conn,
                now=self.app.clock.now(),
                limit=_CLAIM_AT_ONCE,
                owner=self.app.owner,
                lease_until=lease_until,
                only=self.only,
            )

    def _send_all(
        self, connection: MailConnection, claimed: list[Delivery], lease_until: datetime
    ) -> None:
        """Sends a batch; what it does not come to goes back into the queue, whatever happens."""
        left = deque(claimed)
        try:
            letters, read_at = load_letters(self.app, claimed), self.app.clock.now()
            while left and not self.over and self.app.clock.now() < lease_until - _LEASE_MARGIN:
                if self.app.clock.now() - read_at > _LETTERS_STAY_TRUE_FOR:
                    letters, read_at = load_letters(self.app, list(left)), self.app.clock.now()
                self._send_one(connection, left.popleft(), letters)
        finally:
            if left:
                with self.app.store.write() as conn:
                    claims.put_back(conn, [delivery.id for delivery in left], self.app.owner)

    def _send_one(self, connection: MailConnection, delivery: Delivery, letters: Letters) -> None:
        subscriber = letters.subscriber(delivery)
        why_not = why_not_mailed(delivery, subscriber, self.app.clock.now())
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
        self._finish(done, outcome)

    def _hold(self, delivery: Delivery, envelope: Envelope) -> bool:
        """Keeps to the rates; True when the message has to wait for its domain."""
        domain = envelope.recipient.rpartition("@")[2].lower()
        now = self.app.clock.now()
        urgent = delivery.kind is not MailKind.DIGEST
        wait = self.limits.reserve(domain, now, _PATIENCE_S, urgent=urgent)
        if not wait.elsewhere:
            if wait.seconds > 0:
                self.app.clock.sleep(wait.seconds)
            return False
        until = now + timedelta(seconds=wait.seconds)
        with self.app.store.write() as conn:
            claims.postpone(conn, delivery.id, until, self.app.owner)
        self.tally.note(replace(delivery, status=DeliveryStatus.DEFERRED))
        self.postponed_until = max(until, self.postponed_until or until)
        return True

    def _note_reachability(self, outcome: SendOutcome) -> None:
        if isinstance(outcome, Unreachable):
            self.breaker.unreachable(outcome.reply)
        else:
            self.breaker.reached()

    def _finish(self, done: Delivery, outcome: SendOutcome | None = None) -> None:
        with self.app.store.write() as conn:
            kept = claims.save(conn, done, self.app.owner)
            given_up = kept and done.status is DeliveryStatus.FAILED
            if given_up and isinstance(outcome, Rejected | Deferred) and outcome.code:
                note_refusal(self.app, conn, done, outcome, self.app.clock.now())
        if not kept:  # erased meanwhile, or taken over: what came of it is not ours to say
            log.warning("deliver.lease_lost", delivery_id=done.public_id, status=done.status.value)
            return
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
