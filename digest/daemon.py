"""The service in one process: ticks for each step, the web pages, and a clean end.

APScheduler only ticks, in memory; what is due lives in the database. Two daemons on one
database do no harm: leases and unique keys decide.
"""

import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from types import FrameType

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from digest.core.errors import DigestError
from digest.pipeline.app import App
from digest.pipeline.assemble import assemble_due
from digest.pipeline.deliver import deliver
from digest.pipeline.housekeeping import housekeeping
from digest.pipeline.inboxes import STEP as MAILBOX
from digest.pipeline.inboxes import InboxPoll
from digest.pipeline.issues import Issues
from digest.pipeline.limits import RateLimits
from digest.pipeline.ports import Inbox
from digest.pipeline.refresh import refresh

log = structlog.get_logger()

# How long a step in progress may take to come to a halt before the process ends anyway.
_FINISH_WITHIN_S = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A step and how often it is looked at; whether anything is due it finds out itself."""

    name: str
    every: timedelta
    step: Callable[[], object]


def service_ticks(
    app: App, stop: threading.Event, inbox: Inbox | None, poll: timedelta
) -> list[Tick]:
    """The five ticks of the daemon; the mailbox only where there is one."""
    mailbox = []
    if inbox is not None:
        mailbox.append(Tick(name=MAILBOX, every=poll, step=InboxPoll(app, inbox, poll, stop)))
    return [
        Tick(
            name="refresh",
            every=timedelta(minutes=1),
            step=lambda: refresh(app, patient=True, stop=stop),
        ),
        Tick(
            name="assemble",
            every=timedelta(seconds=20),
            step=partial(assemble_due, app, stop=stop, issues=Issues(app)),
        ),
        delivery_tick(app, stop),
        *mailbox,
        Tick(name="housekeeping", every=timedelta(hours=1), step=lambda: housekeeping(app)),
    ]


def delivery_tick(app: App, stop: threading.Event) -> Tick:
    """All that a worker does; the rates are kept to from one run to the next."""
    limits = RateLimits(app.rules.rate_per_second, app.rules.rate_per_domain)
    return Tick(
        name="deliver",
        every=timedelta(seconds=5),
        step=lambda: deliver(app, stop=stop, limits=limits),
    )


def run_ticks(ticks: Sequence[Tick], stop: threading.Event) -> None:
    """Runs every tick at once and then as often as it says, until `stop` is set.

    A step that fails is logged and tried at its next tick; a step that is still running is not
    started again. Steps in progress are given a few seconds to end.
    """
    scheduler = BackgroundScheduler(
        executors={"default": ThreadPoolExecutor(len(ticks))},
        # The defaults of APScheduler would drop, silently, a tick that is a second late.
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        timezone="UTC",
    )
    idle = threading.Semaphore(len(ticks))
    for tick in ticks:
        scheduler.add_job(
            _guarded(tick, stop, idle), "interval", seconds=tick.every.total_seconds(), id=tick.name
        )
    scheduler.start()
    for job in scheduler.get_jobs():
        job.modify(next_run_time=job.next_run_time - job.trigger.interval)
    stop.wait()
    scheduler.shutdown(wait=False)
    deadline = time.monotonic() + _FINISH_WITHIN_S
    for _ in ticks:
        idle.acquire(timeout=max(0.0, deadline - time.monotonic()))


def _guarded(tick: Tick, stop: threading.Event, idle: threading.Semaphore) -> Callable[[], None]:
    def run() -> None:
        if stop.is_set():
            return
        with idle:
            try:
                tick.step()
            except DigestError as error:
                log.error(
                    "daemon.step_failed", step=tick.name, error_code=error.code, why=str(error)
                )
            except Exception:
                log.exception("daemon.step_crashed", step=tick.name)

    return run


def stop_on_signals(stop: threading.Event) -> None:
    """SIGTERM and SIGINT set `stop`; a second one ends the process at once."""

    def handle(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise SystemExit(128 + number)
        log.info("daemon.stopping", signal=signal.Signals(number).name)
        stop.set()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)
