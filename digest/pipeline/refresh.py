"""Fetch what is new, find out what is the same paper, store it; one source's trouble is its own."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import structlog

from digest.core import dedupe
from digest.core.errors import DigestError, SourceError, SourceThrottled
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
    bad: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


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

    With `since` and `until` exactly these days are fetched, due or not. `patient` is for the
    daemon: a source that failed waits for its time; without it, an operator is asking, and only
    sources fetched successfully a moment ago are left alone. `progress` hears the source's name
    and the records so far. Nothing is fetched while another process is at it.
    """
    names = only or tuple(app.sources)
    asked = bool(only) or since is not None or until is not None
    fetches: list[Fetch] = []
    try:
        with turn(app, STEP, lease_for=_LEASE_FOR) as renew:
            for name in names:
                state = _state(app, name)
                reason = None if asked else _why_not_now(app, state, patient)
                if reason is not None:
                    fetches.append(_not_due(app, name, reason))
                    continue
                request = FetchRequest(
                    now=app.clock.now(), cursor=state.cursor, since=since, until=until
                )
                if stop is not None and stop.is_set():
                    break
                fetches.append(_fetch(app, app.sources[name], request, state, progress, stop))
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


def _fetch(
    app: App,
    source: Source,
    request: FetchRequest,
    state: SourceState,
    progress: Progress | None,
    stop: threading.Event | None,
) -> Fetch:
    tally = _Tally()
    error: DigestError | None = None
    try:
        for page in source.fetch(request):
            _store(app, source.name, page, tally)
            if progress is not None:
                progress(source.name, tally.fetched)
            if stop is not None and stop.is_set():
                error = DigestError("the service was stopped")
                break
    except SourceError as caught:
        error = caught
    except Exception as caught:  # a bug in one source must not silence the others
        log.exception("refresh.source_crashed", source=source.name)
        error = DigestError(f"internal error: {type(caught).__name__}: {caught}")
    outcome, reason = _judge(tally, error)
    fetch = Fetch(
        source=source.name,
        started_at=request.now,
        finished_at=app.clock.now(),
        outcome=outcome,
        reason=reason,
        fetched=tally.fetched,
        new=tally.new,
        updated=tally.updated,
        merged=tally.merged,
        bad=len(tally.bad),
    )
    _record(app, fetch, state)
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
    tally.bad.extend(page.bad)
    if page.note:
        tally.notes.append(page.note)


def _judge(tally: _Tally, error: DigestError | None) -> tuple[Outcome, str]:
    """The outcome in one word and its reason in one line."""
    notes = "; ".join(dict.fromkeys(tally.notes))
    if error is not None:
        reason = str(error)
        if tally.fetched:
            return Outcome.PARTIAL, f"stored {tally.fetched} papers, then: {reason}"
        if isinstance(error, SourceThrottled):
            return Outcome.THROTTLED, reason
        return Outcome.FAILED, reason
    if tally.bad:
        total = tally.fetched + len(tally.bad)
        reason = f"{len(tally.bad)} of {total} entries could not be read: {tally.bad[0]}"
        return (Outcome.PARTIAL if tally.fetched else Outcome.FAILED), reason
    if tally.fetched or notes:
        return Outcome.OK, notes
    return Outcome.EMPTY, "a valid answer with no papers in it"


def _record(app: App, fetch: Fetch, state: SourceState) -> None:
    failed = fetch.outcome not in _QUIET
    failures = state.failures + 1 if failed else 0
    every = app.every[fetch.source]
    wait = min(_RETRY_AFTER * 2 ** min(failures - 1, 10), every) if failed else every
    with app.store.write() as conn:
        cursors.record_fetch(conn, fetch)
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
