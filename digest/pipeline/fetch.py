"""One fetch from one source: page after page stored, judged and recorded."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from digest.core import dedupe
from digest.core.errors import DigestError, SourceThrottled, SourceUnavailable
from digest.core.fetching import FetchRequest, Outcome, Page
from digest.core.papers import SourceRecord
from digest.pipeline.analyses import analyse_stored
from digest.pipeline.app import App
from digest.pipeline.ports import Source
from digest.pipeline.turns import Busy
from digest.store import cursors, papers, signals
from digest.store.cursors import Backfill, Fetch, SourceState

log = structlog.get_logger()

# A failing source is asked again sooner than a healthy one, then less and less often.
_RETRY_AFTER = timedelta(minutes=5)
# What is left after so long is fetched next time, so that no source keeps the others waiting.
LONGEST_RUN = timedelta(minutes=30)

# Hears the source's name, the papers so far, and the part that is done, in [0, 1], if known.
Progress = Callable[[str, int, float | None], None]


@dataclass(slots=True)
class _Tally:
    """What a fetch has brought so far."""

    pages: int = 0
    fetched: int = 0
    new: int = 0
    updated: int = 0
    merged: int = 0
    bad: int = 0
    first_bad: str = ""
    notes: dict[str, None] = field(default_factory=dict)


class Stopped(DigestError):
    """Somebody ended the program: no fault of the source."""


class OutOfTime(Stopped):
    """The time for one run is over; the source goes on where it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One fetch: who is asked for what, who hears of it, and what may end it early.

    `every` says how often a healthy source is asked, `instead_of` which source it stands in for.
    """

    app: App
    source: Source
    request: FetchRequest
    state: SourceState
    every: timedelta
    renew: Callable[[], None]
    progress: Progress | None = None
    stop: threading.Event | None = None
    instead_of: str = ""

    @property
    def backfill(self) -> Backfill | None:
        """The days asked for by date; None for what is new."""
        since, until = self.request.since, self.request.until
        return None if since is None or until is None else Backfill(since=since, until=until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What came of a fetch. `broke_off`: not all that the source has was seen, which is more
    than that some entries could not be read."""

    record: Fetch
    broke_off: bool


def fetch(run: Run) -> Fetched:
    """Stores what the source gives until it ends or breaks off, and records what came of it.

    Never raises for the source's sake; raises Busy, with nothing recorded, when another process
    has taken over.
    """
    tally = _Tally()
    error: DigestError | None = None
    try:
        _store_pages(run, tally)
    except Busy:
        raise
    except DigestError as caught:
        error = caught
    except Exception as caught:  # a bug in one source must not silence the others
        log.exception("refresh.source_crashed", source=run.source.name)
        error = DigestError(f"internal error: {type(caught).__name__}: {caught}")
    outcome, reason = _judge(tally, error)
    if run.instead_of:
        reason = f"stands in for {run.instead_of}" + (f": {reason}" if reason else "")
    fetched = Fetch(
        source=run.source.name,
        started_at=run.request.now,
        finished_at=run.app.clock.now(),
        outcome=outcome,
        reason=reason,
        fetched=tally.fetched,
        new=tally.new,
        updated=tally.updated,
        merged=tally.merged,
        bad=tally.bad,
    )
    _record(run, fetched, error)
    return Fetched(record=fetched, broke_off=error is not None or fetched.outcome is Outcome.FAILED)


def _store_pages(run: Run, tally: _Tally) -> None:
    """Raises whatever ends the fetch before its time."""
    ends_at = run.request.now + LONGEST_RUN
    for page in run.source.fetch(run.request):
        run.renew()  # a long backfill takes longer than a lease, and whoever lost it stores nothing
        _store(run.app, run.source.name, page, tally)
        if run.progress is not None:
            run.progress(run.source.name, tally.fetched, page.done)
        if run.stop is not None and run.stop.is_set():
            raise Stopped("the service was stopped; the rest is fetched next time")
        if run.backfill is None and run.app.clock.now() > ends_at:
            raise OutOfTime("took too long; the rest is fetched next time")


def _store(app: App, source: str, page: Page, tally: _Tally) -> None:
    """Stores one page and where to continue behind it, in one transaction."""
    now = app.clock.now()
    records = tuple(_not_ahead(record, now) for record in page.records)
    with app.store.write() as conn:
        groups = dedupe.plan(records, papers.known(conn, records))
        counts = papers.apply(conn, groups, now)
        observed = signals.observe(conn, source, page.observations, now)
        cursors.save_cursor(conn, source, page.cursor)
        analyse_stored(conn, limit=len(groups))
    tally.pages += 1
    tally.fetched += len(page.records) + observed
    tally.new += counts.new
    tally.updated += counts.updated
    tally.merged += counts.merged
    tally.bad += len(page.bad)
    tally.first_bad = tally.first_bad or next(iter(page.bad), "")
    if page.note:
        tally.notes[page.note] = None


def _not_ahead(record: SourceRecord, now: datetime) -> SourceRecord:
    """Nothing has appeared that is still to come: with such a date it would be in no edition."""
    return replace(record, appeared_at=now) if record.appeared_at > now else record


def _judge(tally: _Tally, error: DigestError | None) -> tuple[Outcome, str]:
    """The outcome in one word and its reason in one line."""
    notes = "; ".join(tally.notes)
    if error is not None:
        reason = str(error)
        if tally.fetched:
            noun = "paper" if tally.fetched == 1 else "papers"
            return Outcome.PARTIAL, f"stored {tally.fetched} {noun}, then: {reason}"
        if isinstance(error, SourceThrottled):
            return Outcome.THROTTLED, reason
        if isinstance(error, Stopped) and not isinstance(error, OutOfTime):
            return Outcome.NOT_DUE, reason
        return Outcome.FAILED, reason
    if tally.bad:
        total = tally.fetched + tally.bad
        reason = f"{tally.bad} of {total} entries could not be read: {tally.first_bad}"
        return (Outcome.PARTIAL if tally.fetched else Outcome.FAILED), reason
    if tally.fetched or notes:
        return Outcome.OK, notes
    return Outcome.EMPTY, "a valid answer with no papers in it"


def _record(run: Run, fetched: Fetch, error: DigestError | None) -> None:
    failures, wait = _standing(run, fetched, error)
    with run.app.store.write() as conn:
        cursors.record_fetch(conn, fetched)
        if run.backfill is None:
            cursors.save_due(
                conn, fetched.source, next_due_at=fetched.finished_at + wait, failures=failures
            )
        else:
            whole = error is None and fetched.outcome is not Outcome.FAILED
            finished_at = fetched.finished_at if whole else None
            cursors.save_backfill(
                conn, fetched.source, replace(run.backfill, finished_at=finished_at)
            )
    log.info(
        "refresh.finished",
        source=fetched.source,
        outcome=fetched.outcome.value,
        fetched_count=fetched.fetched,
        new_count=fetched.new,
        updated_count=fetched.updated,
        reason=fetched.reason,
    )


def _standing(run: Run, fetched: Fetch, error: DigestError | None) -> tuple[int, timedelta]:
    """Failures in a row, and how long to leave the source alone.

    Entries that cannot be read will be no better in five minutes: only what broke off, or gave
    nothing at all, is tried again sooner. What a source asks for is kept to.
    """
    failures = run.state.failures
    if isinstance(error, Stopped):
        return failures, timedelta(0)
    if error is None and fetched.outcome is not Outcome.FAILED:
        return 0, run.every
    wait = min(_RETRY_AFTER * 2 ** min(failures, 10), run.every)
    if isinstance(error, SourceUnavailable):
        wait = max(wait, timedelta(seconds=error.retry_after_s))
    return failures + 1, wait


def not_due(name: str, reason: str, now: datetime) -> Fetch:
    """A source that is not asked this time, and why."""
    return Fetch(
        source=name, started_at=now, finished_at=now, outcome=Outcome.NOT_DUE, reason=reason
    )
