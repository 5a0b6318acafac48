"""How counts grow, learnt from the readings of one's own sources and kept for the next editions."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from digest.core.papers import Signal
from digest.pipeline.app import App
from digest.ranking import growth
from digest.ranking.attention import metric_of
from digest.ranking.growth import SHIPPED, Growths, History, learn_growths
from digest.store import library, models
from digest.store.models import Model

log = structlog.get_logger()

_NAME = "growth"
_LEARNT_FROM = timedelta(days=90)
_MOST_PAPERS = 20_000
_AT_ONCE = 500
# Less than a day: the hour at which it is done must not wander around the clock.
_LEARNT_EVERY = timedelta(hours=23)


def known_growths(app: App) -> Growths:
    """The curves as they were last learnt, or those that are shipped."""
    with app.store.read() as conn:
        model = models.get(conn, _NAME)
    return SHIPPED if model is None else growth.decode(model.version, model.payload)


def learn(app: App) -> bool:
    """Learns the curves anew once a day, from the papers of the last 90; whether it was time."""
    now = app.clock.now()
    with app.store.read() as conn:
        model = models.get(conn, _NAME)
    if model and model.version == growth.VERSION and _is_fresh(model.made_at, now):
        return False
    learnt = learn_growths(_histories(app, now))
    with app.store.write() as conn:
        models.put(
            conn,
            Model(name=_NAME, made_at=now, version=growth.VERSION, payload=learnt.to_json()),
        )
    log.info("growth.learnt", series_count=len(learnt.known))
    return True


def _is_fresh(made_at: datetime, now: datetime) -> bool:
    """A clock that was set back must not keep a model for longer."""
    return timedelta() <= now - made_at < _LEARNT_EVERY


def _histories(app: App, now: datetime) -> Iterator[History]:
    """Of the latest papers, the series of metrics that settle, a few hundred papers at a time."""
    with app.store.read() as conn:
        appeared = library.appeared_between(conn, now - _LEARNT_FROM, now)
    latest = sorted(appeared)[-_MOST_PAPERS:]
    for start in range(0, len(latest), _AT_ONCE):
        chunk = latest[start : start + _AT_ONCE]
        with app.store.read() as conn:
            listed = library.appearances(conn, chunk)
            signals = library.signals_of(conn, chunk)
        for paper_id in chunk:
            yield from _of_paper(signals.get(paper_id, ()), listed[paper_id], appeared[paper_id])


def _of_paper(
    signals: Sequence[Signal], listed_at: Mapping[str, datetime], appeared_at: datetime
) -> Iterator[History]:
    series: dict[tuple[str, str], list[Signal]] = defaultdict(list)
    for signal in signals:
        if metric_of(signal.metric).settles:
            series[signal.source, signal.metric].append(signal)
    for (source, metric), readings in series.items():
        yield History(
            source=source,
            metric=metric,
            listed_at=listed_at.get(source, appeared_at),
            readings=tuple((one.at, one.value) for one in readings),
        )
