"""How it goes, as Prometheus reads it: counted in the database when asked, and so the same from
every process. Labels name what the program and its configuration know, never a reader."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from digest import __version__
from digest.core.deliveries import DeliveryStatus
from digest.core.editions import Edition
from digest.core.fetching import Outcome
from digest.core.subscribers import Status
from digest.pipeline.app import App
from digest.store import bounces, cursors, editions, history, leases, measures, subscribers
from digest.store.measures import Due

_EVER = datetime(1970, 1, 1, tzinfo=UTC)
# What each of measures.COUNTED means; what bounced was sent before, so these are no parts of a sum.
_TOTALS = {
    DeliveryStatus.SENT: "Deliveries that the relay took since the database was made.",
    DeliveryStatus.FAILED: "Deliveries refused or given up since the database was made.",
    DeliveryStatus.BOUNCED: "Sent deliveries that came back since the database was made.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _SourceState:
    """`outcome` and `asked_at` are of the last fetch, None before the first one."""

    outcome: Outcome | None
    asked_at: datetime | None
    answered_at: datetime | None
    failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """One look at the database."""

    now: datetime
    subscribers: Mapping[Status, int]
    suppressions: Mapping[str, int]
    held: int
    deliveries: Mapping[DeliveryStatus, int]
    totals: Mapping[DeliveryStatus, int]
    due: Due
    paused: bool
    sources: Mapping[str, _SourceState]
    edition: Edition | None


def metrics_of(app: App) -> CollectorRegistry:
    """All that a scrape shows: the service, and below it the process that answers."""
    registry = CollectorRegistry()
    registry.register(_Service(app))
    ProcessCollector(registry=registry)
    return registry


class _Service(Collector):
    def __init__(self, app: App) -> None:
        self._app = app

    def describe(self) -> Iterable[Metric]:
        """Nothing, so that the database is not asked before somebody asks us."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Raises StoreError when the database cannot be used."""
        with self._app.store.read() as conn:
            reading = _read(conn, self._app)
        engine = self._app.store.engine.dialect.name
        about = {"version": __version__, "database": engine}
        yield InfoMetricFamily("digest_build", "This program, and its kind of database.", about)
        yield from _of_people(reading)
        yield from _of_deliveries(reading)
        yield from _of_sources(reading.sources)
        yield from _of_edition(reading.edition)


def _read(conn: sa.Connection, app: App) -> _Reading:
    now = app.clock.now()
    return _Reading(
        now=now,
        subscribers=subscribers.counts(conn),
        suppressions=history.suppression_counts(conn, _EVER),
        held=bounces.held_readers(conn, now),
        deliveries=measures.few_deliveries(conn),
        totals=measures.delivery_totals(conn),
        due=measures.due(conn, now),
        paused=leases.holder(conn, leases.OUTBOX_PAUSE, now) is not None,
        sources=_source_states(conn, tuple(app.sources)),
        edition=editions.newest(conn),
    )


def _source_states(conn: sa.Connection, names: tuple[str, ...]) -> dict[str, _SourceState]:
    """How the sources do that are asked by a timetable. One that only stands in is not among them:
    that it has not answered for long says that nobody needed it."""
    last = cursors.last_fetches(conn, names)
    return {
        name: _SourceState(
            outcome=last[name].outcome if name in last else None,
            asked_at=last[name].finished_at if name in last else None,
            answered_at=measures.last_answered_at(conn, name),
            failures=cursors.state(conn, name).failures,
        )
        for name in sorted(names)
    }


# --- as families ----------------------------------------------------------------------------------


def _of_people(reading: _Reading) -> Iterator[Metric]:
    yield _by(
        "digest_subscribers", "Subscribers, by status.", "status", _plain(reading.subscribers)
    )
    yield _by(
        "digest_suppressions",
        "Addresses that are never mailed again, by what led to it.",
        "reason",
        reading.suppressions,
    )
    yield _gauge(
        "digest_suppressions_held",
        "Readers who bounced with too many others, and so go on getting mail.",
        reading.held,
    )


def _of_deliveries(reading: _Reading) -> Iterator[Metric]:
    for status, what in _TOTALS.items():
        yield CounterMetricFamily(f"digest_deliveries_{status}", what, value=reading.totals[status])
    yield _by(
        "digest_deliveries",
        "Deliveries kept that wait, are being sent, failed or bounced, by status.",
        "status",
        _plain(reading.deliveries),
    )
    since = reading.due.since
    age_s = (reading.now - since).total_seconds() if since else 0.0
    yield _gauge("digest_deliveries_due", "Deliveries that may go out now.", reading.due.number)
    yield _gauge(
        "digest_deliveries_oldest_due_age_seconds",
        "How long the delivery that is due longest has been; 0 when none is.",
        age_s,
    )
    yield _gauge(
        "digest_outbox_paused",
        "1 while the outbox rests because the relay cannot be reached.",
        reading.paused,
    )


def _of_sources(states: Mapping[str, _SourceState]) -> Iterator[Metric]:
    """For a source that was never asked, or never answered, there is no moment."""
    asked = {name: state.asked_at for name, state in states.items()}
    answered = {name: state.answered_at for name, state in states.items()}
    failures = {name: state.failures for name, state in states.items()}
    yield _by(
        "digest_source_last_fetch_timestamp_seconds",
        "When a source was last asked.",
        "source",
        _moments(asked),
    )
    yield _by(
        "digest_source_last_success_timestamp_seconds",
        "When a source last answered in full, be it with nothing new.",
        "source",
        _moments(answered),
    )
    yield _by(
        "digest_source_failures",
        "Fetches in a row that gave nothing because something failed.",
        "source",
        failures,
    )
    outcomes = GaugeMetricFamily(
        "digest_source_last_outcome",
        "1 for what came of the last fetch from a source.",
        labels=("source", "outcome"),
    )
    for name, state in states.items():
        for outcome in Outcome:
            outcomes.add_metric((name, outcome.value), state.outcome is outcome)
    yield outcomes


def _of_edition(edition: Edition | None) -> Iterator[Metric]:
    """Of the newest edition that holds papers; nothing before the first one."""
    if edition is None:
        return
    day = datetime.combine(edition.date, time(), tzinfo=UTC)
    yield _gauge(
        "digest_last_edition_date_timestamp_seconds",
        "The date of the newest edition that holds papers, as its midnight in UTC.",
        day.timestamp(),
    )
    yield _gauge(
        "digest_last_edition_planned_timestamp_seconds",
        "When that edition was last planned with new papers.",
        edition.frozen_at.timestamp(),
    )
    yield _gauge("digest_last_edition_papers", "Papers in that edition.", edition.candidate_count)
    yield _gauge(
        "digest_last_edition_missing_sources",
        "Sources that gave that edition nothing, too little, or oddly nothing.",
        len(edition.missing),
    )


def _gauge(name: str, what: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, what, value=value)


def _by(name: str, what: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, what, labels=(label,))
    for key, value in values.items():
        family.add_metric((key,), value)
    return family


def _plain(counts: Mapping[Status, int] | Mapping[DeliveryStatus, int]) -> dict[str, float]:
    return {status.value: number for status, number in counts.items()}


def _moments(at: Mapping[str, datetime | None]) -> dict[str, float]:
    return {name: moment.timestamp() for name, moment in at.items() if moment is not None}
