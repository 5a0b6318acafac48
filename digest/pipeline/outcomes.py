"""What came of the fetches, in words: which sources gave nothing, too little, or oddly nothing."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa

from digest.core.fetching import Outcome
from digest.core.source_names import interface_name
from digest.pipeline.app import App
from digest.pipeline.ports import Source
from digest.store import cursors
from digest.store.cursors import Fetch

# Sources that were asked within a day of each other are of one day.
ONE_DAY = timedelta(days=1)
_SATURDAY = 5
# By so many weekdays of the last two weeks a source is known.
_LATELY, _FEW_WEEKDAYS = timedelta(days=14), 5
TROUBLED = (Outcome.FAILED, Outcome.THROTTLED, Outcome.PARTIAL)
_TROUBLE = {
    Outcome.FAILED: "could not be read",
    Outcome.THROTTLED: "asked us to wait",
    Outcome.PARTIAL: "could only be read in part",
}
ODD = "nothing at all, on a weekday on which others have papers: suspicious"


def oddly_empty(conn: sa.Connection, fetches: Iterable[Fetch]) -> frozenset[str]:
    """Those of the fetches whose answer was valid and held nothing, on a weekday (UTC) on which
    another source brought papers within a day. A source known to be quiet often is not odd."""
    return frozenset(
        one.source
        for one in fetches
        if is_worth_a_second_look(one)
        and cursors.brought_by(conn, one.started_at - ONE_DAY, one.started_at + ONE_DAY)
        - {one.source}
        and not _is_often_quiet(conn, one)
    )


def _is_often_quiet(conn: sa.Connection, one: Fetch) -> bool:
    """Whether it brought something on fewer than half of the weekdays on which it was asked."""
    asked, brought = cursors.weekdays_of(conn, one.source, one.started_at - _LATELY, one.started_at)
    return asked >= _FEW_WEEKDAYS and brought < asked / 2


def is_worth_a_second_look(fetch: Fetch) -> bool:
    """Whether a source that answered with nothing should be held against another: on a weekday
    (UTC) that may be a fault as well as a holiday."""
    return fetch.outcome is Outcome.EMPTY and fetch.started_at.weekday() < _SATURDAY


def reason_of(fetch: Fetch, odd: frozenset[str]) -> str:
    """The reason as recorded, or what is odd about it."""
    return ODD if fetch.source in odd else fetch.reason


def missing_sources(app: App) -> tuple[str, ...]:
    """One line for each source whose last fetch was not what it should be, by name: what readers
    should know. A stand-in that brought papers since is named with it."""
    with app.store.read() as conn:
        last = cursors.last_fetches(conn, known_names(app))
        brought = {name: cursors.last_brought_at(conn, name) for name in last}
        odd = oddly_empty(conn, last.values())
    lines = []
    for name in sorted(name for name in last if name in app.sources):
        fetch = last[name]
        trouble = _TROUBLE.get(fetch.outcome) or ("oddly listed nothing" if name in odd else "")
        if trouble:
            helped = _stood_in(fetch, app, brought)
            lines.append(f"{interface_name(name)} {trouble}{helped}")
    return tuple(lines)


def known_sources(app: App) -> Mapping[str, Source]:
    """The enabled sources in their order, and behind them those that only stand in."""
    stand_ins = {one.source.name: one.source for group in app.stand_ins.values() for one in group}
    return dict(app.sources) | {n: one for n, one in stand_ins.items() if n not in app.sources}


def known_names(app: App) -> tuple[str, ...]:
    return tuple(known_sources(app))


def _stood_in(fetch: Fetch, app: App, brought: Mapping[str, datetime | None]) -> str:
    """Who brought papers instead, within a day of the fetch: the last one of them."""
    helped = {
        one.source.name: at
        for one in app.stand_ins.get(fetch.source, ())
        if (at := brought.get(one.source.name)) and fetch.started_at - at < ONE_DAY
    }
    if not helped:
        return ""
    return f"; {interface_name(max(helped, key=lambda name: helped[name]))} stood in"
