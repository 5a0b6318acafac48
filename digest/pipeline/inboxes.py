"""The mail that waits in an inbox: each handled once, one at a time, and none lost."""

import threading
from collections.abc import Collection
from datetime import datetime, timedelta

import structlog

from digest.core.errors import InboxUnavailable, StoreError
from digest.pipeline.app import App
from digest.pipeline.command_cases import Action, InboundReport
from digest.pipeline.inbound import process
from digest.pipeline.ports import Inbox, WaitingMail
from digest.pipeline.turns import Busy, turn

log = structlog.get_logger()

STEP = "mailbox"
_LEASE_FOR = timedelta(minutes=10)
_LONGEST_REST = timedelta(hours=1)


def process_inbox(
    app: App,
    inbox: Inbox,
    trusted_authserv_ids: Collection[str] = (),
    stop: threading.Event | None = None,
) -> list[InboundReport]:
    """Handles every mail that waits, in order.

    A mail is marked as handled only when what came of it is stored; one that breaks is set aside
    and the next is taken. When the inbox or the database cannot be used, the rest stays where it
    is; the last report says so. Raises Busy while another process is at it.
    """
    reports: list[InboundReport] = []
    error = _handle_all(app, inbox, trusted_authserv_ids, stop, reports)
    if error is not None:
        reports.append(InboundReport(kind="unread", action=Action.LEFT, why=str(error)))
    return reports


def _handle_all(
    app: App,
    inbox: Inbox,
    trusted_authserv_ids: Collection[str],
    stop: threading.Event | None,
    reports: list[InboundReport],
) -> StoreError | InboxUnavailable | None:
    """Adds a report for each mail; what put an end to it early, where something did."""
    try:
        with turn(app, STEP, lease_for=_LEASE_FOR) as renew, inbox.opened() as mails:
            for mail in mails:
                if stop is not None and stop.is_set():
                    break
                renew()
                if (report := _take(app, mail, trusted_authserv_ids)) is not None:
                    reports.append(report)
    except Busy:
        raise
    except (StoreError, InboxUnavailable) as error:
        log.warning("inbound.left", error_code=error.code, why=str(error))
        return error
    return None


def _take(
    app: App, mail: WaitingMail, trusted_authserv_ids: Collection[str]
) -> InboundReport | None:
    """Handles one mail; None where it is gone. Raises StoreError and InboxUnavailable."""
    try:
        raw = mail.read()
        if raw is None:
            return None
        report = process(app, raw, trusted_authserv_ids)
    except (StoreError, InboxUnavailable):
        raise
    except Exception as error:  # whatever one mail does, the others must be read
        where = mail.set_aside()
        log.error("inbound.quarantined", mail=mail.name, error=type(error).__name__)
        log.debug("inbound.quarantined_because", exc_info=error)
        why = f"{type(error).__name__}; {where}"
        return InboundReport(kind="unread", action=Action.QUARANTINED, why=why)
    mail.mark_handled()
    return report


class InboxPoll:
    """Looks into an inbox each time it is called; while that fails, more and more rarely.

    After a failure it lets twice the usual time go by, then four times, up to an hour: a server
    that refuses a login locks out whoever insists.
    """

    def __init__(self, app: App, inbox: Inbox, every: timedelta, stop: threading.Event) -> None:
        self._app = app
        self._inbox = inbox
        self._every = every
        self._stop = stop
        self._failed_in_a_row = 0
        self._again_at: datetime | None = None

    def __call__(self) -> None:
        """Handles what waits; nothing while it rests, or another process is at it."""
        if self._again_at is not None and self._app.clock.now() < self._again_at:
            return
        trusted = self._app.rules.trusted_authserv_ids
        try:
            error = _handle_all(self._app, self._inbox, trusted, self._stop, [])
        except Busy:
            return
        if isinstance(error, InboxUnavailable):
            self._rest()
        else:
            self._failed_in_a_row, self._again_at = 0, None

    def _rest(self) -> None:
        self._failed_in_a_row = min(self._failed_in_a_row + 1, 16)
        rest = min(self._every * 2**self._failed_in_a_row, max(self._every, _LONGEST_REST))
        self._again_at = self._app.clock.now() + rest
        log.warning("inbound.resting", pause_s=rest.total_seconds())
