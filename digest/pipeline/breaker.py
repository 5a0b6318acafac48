"""When the relay cannot be spoken to, the outbox rests; no recipient is blamed for it."""

import threading
from datetime import datetime, timedelta

import structlog

from digest.pipeline.app import App
from digest.store import leases

log = structlog.get_logger()

UNREACHABLE_LIMIT = 5
REST = timedelta(minutes=5)
_OWNER = "breaker"


class Breaker:
    """Counts tries in a row at which the relay could not be reached; opens at the limit.

    Open means: the outbox is paused in the database, for every process, for five minutes.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._in_a_row = 0
        self.reason = ""

    @property
    def is_open(self) -> bool:
        return bool(self.reason)

    def reached(self) -> None:
        with self._lock:
            self._in_a_row = 0

    def unreachable(self, reply: str) -> None:
        """Notes a try that did not reach the relay."""
        with self._lock:
            self._in_a_row += 1
            if self._in_a_row < UNREACHABLE_LIMIT or self.reason:
                return
            self.reason = reply or "the relay cannot be reached"
        now = self._app.clock.now()
        with self._app.store.write() as conn:
            leases.acquire(
                conn,
                leases.OUTBOX_PAUSE,
                owner=_OWNER,
                now=now,
                until=now + REST,
                reason=self.reason,
            )
        log.error("deliver.relay_unreachable", reason=self.reason, pause_s=REST.total_seconds())


def outbox_pause(app: App) -> tuple[datetime, str] | None:
    """Until when the outbox rests, and why; None when it does not."""
    with app.store.read() as conn:
        held = leases.holder(conn, leases.OUTBOX_PAUSE, app.clock.now())
    return (held.until, held.reason) if held else None


def end_pause(app: App) -> None:
    """Lets deliveries start again at once, because an operator asks."""
    with app.store.write() as conn:
        leases.drop(conn, leases.OUTBOX_PAUSE)
