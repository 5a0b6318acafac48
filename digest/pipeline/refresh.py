"""Fetch what is new from every source that is due; one source's trouble is its own."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from digest.core.errors import NotFound
from digest.core.fetching import FetchRequest, Outcome
from digest.pipeline.app import App, StandIn
from digest.pipeline.embed import NOTHING, EmbedReport, embed
from digest.pipeline.fetch import Progress, Run, fetch, not_due
from digest.pipeline.outcomes import (
    ONE_DAY,
    TROUBLED,
    is_worth_a_second_look,
    known_names,
    known_sources,
    oddly_empty,
    reason_of,
)
from digest.pipeline.ports import Source
from digest.pipeline.summarize import summarize
from digest.pipeline.turns import Busy, turn
from digest.store import cursors
from digest.store.cursors import Backfill, Fetch, SourceState
from digest.store.shelf import StoredShelf

STEP = "refresh"
_LEASE_FOR = timedelta(minutes=15)
# Of a day that is not over, what came so long ago may not be all.
_AS_GOOD_AS_NOW = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshReport:
    """What came of each source that was asked, in the order asked, stand-ins after theirs; and of
    the model that was asked what the papers mean."""

    fetches: tuple[Fetch, ...] = ()
    embedding: EmbedReport = NOTHING

    @property
    def troubled(self) -> tuple[Fetch, ...]:
        return tuple(f for f in self.fetches if f.outcome in TROUBLED)


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
    as before. When such a fetch ended before all sources had given all of it, the same days
    asked for again are fetched from where it ended. `patient` is for the daemon: a source that
    failed waits for its time; without it, an operator is asking, and only sources fetched
    successfully a moment ago are left alone. Where a source is in trouble its stand-ins are
    asked. `progress` hears how far each is. Nothing is fetched while another process is at it.
    In the end what the model has not seen is encoded, and summaries are written.
    Raises NotFound for a name in `only` that is no source.
    """
    names = tuple(only or app.sources)
    for name in names:
        if name not in known_names(app):
            raise NotFound(f"there is no source {name!r}; there are: {', '.join(known_names(app))}")
    first, last = since or until, until or since
    days = Backfill(since=first, until=last) if first is not None and last is not None else None
    fetches: list[Fetch] = []
    embedding = NOTHING
    try:
        with turn(app, STEP, lease_for=_LEASE_FOR) as renew:
            job = _Job(
                app=app,
                days=days,
                finished=_begin_backfill(app, names, days),
                forced=bool(only) or days is not None,
                patient=patient,
                progress=progress,
                stop=stop,
                renew=renew,
            )
            for name in names:
                if stop is not None and stop.is_set():
                    break
                fetches.extend(job.fetch(name))
                renew()
            embedding = embed(
                app, patient=patient, progress=_as_one_of(progress), stop=stop, renew=renew
            )
            summarize(app, stop=stop, renew=renew)
    except Busy as busy:
        asked = {one.source for one in fetches}
        now = app.clock.now()
        fetches.extend(not_due(name, str(busy), now) for name in names if name not in asked)
    with app.store.read() as conn:
        odd = oddly_empty(conn, fetches)
    return RefreshReport(
        fetches=tuple(replace(one, reason=reason_of(one, odd)) for one in fetches),
        embedding=embedding,
    )


def _as_one_of(progress: Progress | None) -> Callable[[int, int], None] | None:
    """Hears of the papers that are encoded, and tells it like the progress of a source."""
    if progress is None:
        return None
    return lambda done, total: progress("vectors of papers", done, done / total)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One refresh: what is asked of each source in turn. `finished` have had all of `days`."""

    app: App
    days: Backfill | None
    finished: frozenset[str]
    forced: bool
    patient: bool
    progress: Progress | None
    stop: threading.Event | None
    renew: Callable[[], None]

    def fetch(self, name: str) -> Iterator[Fetch]:
        """What came of the source, and of those that stood in for it."""
        app = self.app
        state = _state(app, name)
        reason = self._why_not(name, state)
        if reason is not None:
            yield not_due(name, reason, app.clock.now())
            return
        done = fetch(self._run(known_sources(app)[name], state))
        yield done.record
        if done.broke_off or (self.days is None and is_worth_a_second_look(done.record)):
            yield from self._stand_in(name)

    def _why_not(self, name: str, state: SourceState) -> str | None:
        if name in self.finished:
            return "has had these days already; what was interrupted goes on"
        now = self.app.clock.now()
        if self.forced or state.next_due_at is None or state.next_due_at <= now:
            return None
        if state.failures and not self.patient:
            return None
        return f"next due at {state.next_due_at:%Y-%m-%d %H:%M} UTC"

    def _stand_in(self, name: str) -> Iterator[Fetch]:
        """Those that reach back to when the source last worked come first, then the others; the
        first one that brings papers, or has brought some within a day, is enough."""
        stand_ins = self.app.stand_ins.get(name, ())
        if not stand_ins:
            return
        gap = self._gap(name)
        for one in sorted(stand_ins, key=lambda one: not _reaches(one, gap)):
            if self.stop is not None and self.stop.is_set():
                return
            state = _state(self.app, one.source.name)
            if self._has_just_been_asked(state):
                if self._has_helped(one):
                    return
                continue
            done = fetch(self._run(one.source, state, instead_of=name)).record
            yield done
            if done.outcome is Outcome.OK and (done.fetched or self._has_helped(one)):
                return

    def _gap(self, name: str) -> timedelta | None:
        """How far back the source's papers are missing; None for longer than that is known."""
        with self.app.store.read() as conn:
            worked_at = cursors.last_worked_at(conn, name)
        if self.days is not None or worked_at is None:
            return None
        return self.app.clock.now() - worked_at

    def _has_just_been_asked(self, state: SourceState) -> bool:
        due_at = state.next_due_at
        fresh = due_at is not None and due_at > self.app.clock.now() and not state.failures
        return self.days is None and fresh

    def _has_helped(self, one: StandIn) -> bool:
        """Whether it brought papers of late: that nothing changed since then is no failure."""
        if self.days is not None:
            return False
        with self.app.store.read() as conn:
            brought_at = cursors.last_brought_at(conn, one.source.name)
        return brought_at is not None and self.app.clock.now() - brought_at < ONE_DAY

    def _run(self, source: Source, state: SourceState, instead_of: str = "") -> Run:
        return Run(
            app=self.app,
            source=source,
            request=FetchRequest(
                now=self.app.clock.now(),
                cursor=state.cursor,
                since=self.days.since if self.days else None,
                until=self.days.until if self.days else None,
                shelf=StoredShelf(self.app.store),
            ),
            state=state,
            every=self.app.every[source.name],
            renew=self.renew,
            progress=self.progress,
            stop=self.stop,
            instead_of=instead_of,
        )


def _reaches(one: StandIn, gap: timedelta | None) -> bool:
    return one.reach is None or (gap is not None and gap <= one.reach)


def _begin_backfill(app: App, names: Sequence[str], days: Backfill | None) -> frozenset[str]:
    """Writes down that these sources are to give these days. When that was begun before and did
    not come to its end: those that have given all of them."""
    if days is None:
        return frozenset()
    now = app.clock.now()
    with app.store.write() as conn:
        kept = {name: cursors.state(conn, name).backfill for name in names}
        finished = {name for name, one in kept.items() if _has_all(one, days, now)}
        if days not in kept.values():
            finished = set()
        for name in names:
            if name not in finished:
                cursors.save_backfill(conn, name, days)
    return frozenset(finished)


def _has_all(kept: Backfill | None, days: Backfill, now: datetime) -> bool:
    """Whether these days have come, and no more of them can have come since."""
    if kept is None or kept.finished_at is None or replace(kept, finished_at=None) != days:
        return False
    return kept.finished_at.date() > days.until or now - kept.finished_at < _AS_GOOD_AS_NOW


def _state(app: App, name: str) -> SourceState:
    with app.store.read() as conn:
        return cursors.state(conn, name)
