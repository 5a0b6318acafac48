"""What came of the fetches, in words: which sources gave nothing, too little, or oddly nothing."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

import sqlalchemy as sa

from digest.core.fetching import Outcome
from digest.core.source_names import source_name
from digest.pipeline.app import App, StandIn
from digest.store import cursors
from digest.store.cursors import Fetch

# Sources that were asked within a day of each other are of one day.
_ONE_DAY = timedelta(days=1)
_SATURDAY = 5
_WORKED = (Outcome.OK, Outcome.PARTIAL)
TROUBLED = (Outcome.FAILED, Outcome.THROTTLED, Outcome.PARTIAL)
_TROUBLE = {
    Outcome.FAILED: "could not be read",
    Outcome.THROTTLED: "asked us to wait",
    Outcome.PARTIAL: "could only be read in part",
}
ODD = "nothing at all, on a weekday on which others have papers: suspicious"


def oddly_empty(conn: sa.Connection, fetches: Iterable[Fetch]) -> frozenset[str]:
    """Those of the fetches whose answer was valid and held nothing, on a weekday (UTC) on which
    another source brought papers within a day."""
    return frozenset(
        one.source
        for one in fetches
        if one.outcome is Outcome.EMPTY
        and one.started_at.weekday() < _SATURDAY
        and cursors.brought_by(conn, one.started_at - _ONE_DAY, one.started_at + _ONE_DAY)
        - {one.source}
    )


def reason_of(fetch: Fetch, odd: frozenset[str]) -> str:
    """The reason as recorded, or what is odd about it."""
    return ODD if fetch.source in odd else fetch.reason


def missing_sources(app: App) -> tuple[str, ...]:
    """One line for each source whose last fetch was not what it should be, by name: what readers
    should know. A stand-in that brought papers since is named with it."""
    with app.store.read() as conn:
        last = cursors.last_fetches(conn, known_names(app))
        odd = oddly_empty(conn, last.values())
    lines = []
    for name in sorted(name for name in last if name in app.sources):
        fetch = last[name]
        if fetch.outcome in _TROUBLE:
            helped = _stood_in(fetch, last, app.stand_ins.get(name, ()))
            lines.append(f"{source_name(name)} {_TROUBLE[fetch.outcome]}{helped}")
        elif name in odd:
            lines.append(f"{source_name(name)} oddly listed nothing")
    return tuple(lines)


def known_names(app: App) -> tuple[str, ...]:
    """The enabled sources in their order, and behind them those that only stand in."""
    stand_ins = (one.source.name for group in app.stand_ins.values() for one in group)
    return tuple(dict.fromkeys((*app.sources, *stand_ins)))


def _stood_in(fetch: Fetch, last: Mapping[str, Fetch], stand_ins: Iterable[StandIn]) -> str:
    for one in stand_ins:
        name = one.source.name
        other = last.get(name)
        if other and other.outcome in _WORKED and fetch.started_at - other.started_at < _ONE_DAY:
            return f"; {source_name(name)} stood in"
    return ""
