"""Fetch what is new, find out what is the same paper, store it; one source's trouble is its own."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import structlog

from digest.core import dedupe
from digest.core.errors import DigestError, NotFound, SourceThrottled
from digest.core.fetching import FetchRequest, Outcome, Page
from digest.core.source_names import source_name
from digest.pipeline.app import App
from digest.pipeline.ports import Source
from digest.pipeline.turns import Busy, turn
from digest.store import cursors, papers
from digest.store.cursors import Fetch, SourceState

log = structlog.get_logger()

STEP = "refresh"
_LEASE_FOR = timedelta(minutes=15)
# A failing source is asked again sooner than a healthy one, then less and less often.
_RETRY_AFTER = timedelta(minutes=5)
_QUIET = (Outcome.OK, Outcome.EMPTY)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshReport:
    """What came of each source that was asked, in the order asked."""

    fetches: tuple[Fetch, ...] = ()

    @property
    def troubled(self) -> tuple[Fetch, ...]:
        return tuple(f for f in self.fetches if f.outcome not in (*_QUIET, Outcome.NOT_DUE))


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


class _Stopped(DigestError):
    """Somebody ended the program: no fault of the source."""


Progress = Callable[[str, int], None]


def refresh(
    app: App,
    *,
    only: Sequence[str] = (),
    since: date | None = None,
    until: date | None = None,
    patient: bool = False,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> RefreshReport:
    """Fetches from every source that is due (from `only` these, due or not).

    With `since` and `until` exactly these days are fetched, due or not; what is new is then due
    as before. `patient` is for the daemon: a source that failed waits for its time; without it,
    an operator is asking, and only sources fetched successfully a moment ago are left alone.
    `progress` hears the source's name and the records so far. Nothing is fetched while another
    process is at it. Raises NotFound for a name in `only` that is no source.
    """
    names = only or tuple(app.sources)
    for name in names:
        if name not in app.sources:
            raise NotFound(f"there is no source {name!r}; there are: {', '.join(app.sources)}")
    asked = bool(only) or since is not None or until is not None
    fetches: list[Fetch] = []
    try:
        with turn(app, STEP, lease_for=_LEASE_FOR) as renew:
            for name in names:
                if stop is not None and stop.is_set():
                    break
                state = _state(app, name)
                reason = None if asked else _why_not_now(app, state, patient)
                if reason is not None:
                    fetches.append(_not_due(app, name, reason))
                    continue
                request = FetchRequest(
                    now=app.clock.now(), cursor=state.cursor, since=since, until=until
                )
                pages = _Pages(app, app.sources[name], request, progress, stop, renew)
                fetches.append(_fetch(pages, state))
                renew()
    except Busy as busy:
        fetches.extend(_not_due(app, name, str(busy)) for name in names[len(fetches) :])
    return RefreshReport(fetches=tuple(fetches))


def _state(app: App, name: str) -> SourceState:
    with app.store.read() as conn:
        return cursors.state(conn, name)


def _why_not_now(app: App, state: SourceState, patient: bool) -> str | None:
    if state.next_due_at is None or state.next_due_at <= app.clock.now():
        return None
    if state.failures and not patient:
        return None
    return f"next due at {state.next_due_at:%Y-%m-%d %H:%M} UTC"


def _not_due(app: App, name: str, reason: str) -> Fetch:
    now = app.clock.now()
    return Fetch(
        source=name, started_at=now, finished_at=now, outcome=Outcome.NOT_DUE, reason=reason
    )


@dataclass(frozen=True, slots=True)
class _Pages:
    """One fetch: who is asked for what, who hears of it, and what may end it early."""

    app: App
    source: Source
    request: FetchRequest
    progress: Progress | None
    stop: threading.Event | None
    renew: Callable[[], None]

    def store(self, tally: _Tally) -> None:
        """Stores page after page. Raises whatever ends it before its time."""
        for page in self.source.fetch(self.request):
            _store(self.app, self.source.name, page, tally)
            self.renew()  # a long backfill takes longer than a lease
            if self.progress is not None:
                self.progress(self.source.name, tally.fetched)
            if self.stop is not None and self.stop.is_set():
                raise _Stopped("the service was stopped")


def _fetch(pages: _Pages, state: SourceState) -> Fetch:
    tally = _Tally()
    error: DigestError | None = None
    try:
        pages.store(tally)
    except DigestError as caught:
        error = caught
    except Exception as caught:  # a bug in one source must not silence the others
        log.exception("refresh.source_crashed", source=pages.source.name)
        error = DigestError(f"internal error: {type(caught).__name__}: {caught}")
    outcome, reason = _judge(tally, error)
    fetch = Fetch(
        source=pages.source.name,
        started_at=pages.request.now,
        finished_at=pages.app.clock.now(),
        outcome=outcome,
        reason=reason,
        fetched=tally.fetched,
        new=tally.new,
        updated=tally.updated,
        merged=tally.merged,
        bad=tally.bad,
    )
    _record(pages, fetch, state, error)
    return fetch


def _store(app: App, source: str, page: Page, tally: _Tally) -> None:
    """Stores one page and where to continue behind it, in one transaction."""
    now = app.clock.now()
    with app.store.write() as conn:
        groups = dedupe.plan(page.records, papers.known(conn, page.records))
        counts = papers.apply(conn, groups, now)
        cursors.save_cursor(conn, source, page.cursor)
    tally.pages += 1
    tally.fetched += len(page.records)
    tally.new += counts.new
    tally.updated += counts.updated
    tally.merged += counts.merged
    tally.bad += len(page.bad)
    tally.first_bad = tally.first_bad or next(iter(page.bad), "")
    if page.note:
        tally.notes[page.note] = None


def _judge(tally: _Tally, error: DigestError | None) -> tuple[Outcome, str]:
    """The outcome in one word and its reason in one line."""
    notes = "; ".join(tally.notes)
    if error is not None:
        reason = str(error)
        if tally.fetched:
            return Outcome.PARTIAL, f"stored {tally.fetched} papers, then: {reason}"
        if isinstance(error, SourceThrottled):
            return Outcome.THROTTLED, reason
        return Outcome.FAILED, reason
    if tally.bad:
        total = tally.fetched + tally.bad
        reason = f"{tally.bad} of {total} entries could not be read: {tally.first_bad}"
        return (Outcome.PARTIAL if tally.fetched else Outcome.FAILED), reason
    if tally.fetched or notes:
        return Outcome.OK, notes
    return Outcome.EMPTY, "a valid answer with no papers in it"


def _record(pages: _Pages, fetch: Fetch, state: SourceState, error: DigestError | None) -> None:
    app, request = pages.app, pages.request
    failures, wait = _standing(fetch, state, error, app.every[fetch.source])
    with app.store.write() as conn:
        cursors.record_fetch(conn, fetch)
        if request.since is None and request.until is None:
            cursors.save_due(
                conn, fetch.source, next_due_at=fetch.finished_at + wait, failures=failures
            )
    log.info(
        "refresh.finished",
        source=fetch.source,
        outcome=fetch.outcome.value,
        fetched_count=fetch.fetched,
        new_count=fetch.new,
        updated_count=fetch.updated,
        reason=fetch.reason,
    )


def _standing(
    fetch: Fetch, state: SourceState, error: DigestError | None, every: timedelta
) -> tuple[int, timedelta]:
    """Failures in a row, and how long to leave the source alone.

    Entries that cannot be read will be no better in five minutes: only what broke off, or gave
    nothing at all, is tried again sooner. What a source asks for is kept to.
    """
    if isinstance(error, _Stopped):
        return state.failures, timedelta(0)
    if error is None and fetch.outcome is not Outcome.FAILED:
        return 0, every
    wait = min(_RETRY_AFTER * 2 ** min(state.failures, 10), every)
    if isinstance(error, SourceThrottled):
        wait = max(wait, timedelta(seconds=error.retry_after_s))
    return state.failures + 1, wait


def missing_sources(app: App) -> tuple[str, ...]:
    """One line for each source whose last fetch did not succeed: what readers should know."""
    with app.store.read() as conn:
        last = cursors.last_fetches(conn, tuple(app.sources))
    return tuple(
        f"{source_name(name)} {_TROUBLE[fetch.outcome]}"
        for name, fetch in sorted(last.items())
        if fetch.outcome in _TROUBLE
    )


_TROUBLE = {
    Outcome.FAILED: "could not be read",
    Outcome.THROTTLED: "asked us to wait",
    Outcome.PARTIAL: "could only be read in part",
}
