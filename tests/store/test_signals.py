from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.core.fetching import Observation
from digest.core.identifiers import PaperId
from digest.core.papers import Reading, Signal
from digest.store import library, signals
from digest.store.engine import Store
from digest.store.tables import signals as table
from tests.builders import NOW, store_papers
from tests.store.test_query_plans import plans

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MIDNIGHT = datetime(2026, 3, 20, tzinfo=UTC)


def seen(paper_id: int, **values: float) -> Observation:
    readings = tuple(Reading(metric=metric, value=value) for metric, value in values.items())
    return Observation(paper_id=PaperId(paper_id), readings=readings)


def series(store: Store, paper_id: int = 1) -> list[tuple[str, str, datetime, float]]:
    with store.read() as conn:
        found: Sequence[Signal] = library.signals_of(conn, [paper_id]).get(PaperId(paper_id), ())
        return [(one.source, one.metric, one.at, one.value) for one in found]


def put(store: Store, *moments: datetime, paper_id: int = 1, source: str = "a") -> None:
    for number, moment in enumerate(moments):
        with store.write() as conn:
            signals.observe(conn, source, [seen(paper_id, stars=number)], moment)


def moments(store: Store, paper_id: int = 1) -> list[datetime]:
    return sorted(at for _, _, at, _ in series(store, paper_id))


def thin(store: Store, before: datetime) -> int:
    with store.write() as conn:
        return signals.thin(conn, before)


# --- observe


def test_what_is_observed_becomes_a_series_of_its_source(store: Store) -> None:
    store_papers(store, 2)
    with store.write() as conn:
        assert (
            signals.observe(conn, "a", [seen(1, stars=3, comments=1), seen(2, stars=9)], NOW) == 2
        )
        assert signals.observe(conn, "b", [seen(1, stars=4)], NOW) == 1
        assert signals.observe(conn, "a", [seen(1, stars=2)], NOW + HOUR) == 1
    assert sorted(series(store)) == [
        ("a", "comments", NOW, 1),
        ("a", "stars", NOW, 3),
        ("a", "stars", NOW + HOUR, 2),
        ("b", "stars", NOW, 4),
    ]


def test_a_paper_that_is_not_there_takes_nothing_and_the_others_do(store: Store) -> None:
    store_papers(store, 1)
    with store.write() as conn:
        assert signals.observe(conn, "a", [seen(99, stars=3), seen(1, stars=4)], NOW) == 1
        assert signals.observe(conn, "a", [seen(99, stars=3)], NOW) == 0
        assert signals.observe(conn, "a", [], NOW) == 0
        assert conn.scalar(sa.select(sa.func.count()).select_from(table)) == 1


def test_a_reading_without_numbers_is_none(store: Store) -> None:
    store_papers(store, 1)
    with store.write() as conn:
        assert signals.observe(conn, "a", [seen(1)], NOW) == 0


def test_the_first_of_two_readings_at_one_moment_stays(store: Store) -> None:
    store_papers(store, 1)
    with store.write() as conn:
        signals.observe(conn, "a", [seen(1, stars=3)], NOW)
        signals.observe(conn, "a", [seen(1, stars=4)], NOW)
    assert series(store) == [("a", "stars", NOW, 3)]


# --- thin


def test_of_an_old_day_the_last_reading_is_left(store: Store) -> None:
    store_papers(store, 1)
    old = [MIDNIGHT - 2 * DAY + n * 7 * HOUR for n in range(4)]
    put(store, *old, MIDNIGHT + HOUR, MIDNIGHT + 2 * HOUR)
    assert thin(store, MIDNIGHT) == 3
    assert moments(store) == [old[3], MIDNIGHT + HOUR, MIDNIGHT + 2 * HOUR]


def test_midnight_begins_a_day(store: Store) -> None:
    store_papers(store, 1)
    tick = timedelta(microseconds=1)
    start, end = MIDNIGHT - 2 * DAY, MIDNIGHT - DAY - tick
    put(store, start - tick, start, end, end + tick)
    assert thin(store, MIDNIGHT) == 1
    assert moments(store) == [start - tick, end, end + tick]


def test_a_day_that_the_limit_cuts_in_two_is_left_whole(store: Store) -> None:
    store_papers(store, 1)
    put(store, MIDNIGHT + HOUR, MIDNIGHT + 2 * HOUR, MIDNIGHT + 9 * HOUR)
    assert thin(store, MIDNIGHT + 8 * HOUR) == 0
    west = (MIDNIGHT + 25 * HOUR).astimezone(timezone(-5 * HOUR))
    assert thin(store, west) == 2


def test_every_series_has_its_own_days(store: Store) -> None:
    store_papers(store, 2)
    old = MIDNIGHT - DAY
    put(store, old + HOUR, old + 3 * HOUR)
    put(store, old + 2 * HOUR, old + 4 * HOUR, source="b")
    put(store, old, paper_id=2)
    assert thin(store, MIDNIGHT) == 2
    assert moments(store) == [old + 3 * HOUR, old + 4 * HOUR]
    assert moments(store, 2) == [old]


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    hours=st.sets(st.floats(-200, 72, allow_nan=False), max_size=25), before_h=st.integers(-150, 50)
)
def test_thinning_keeps_the_last_of_each_day_and_all_that_is_younger_however_often(
    request: pytest.FixtureRequest, engine: str, hours: set[float], before_h: int
) -> None:
    store: Store = request.getfixturevalue(f"{engine}_store")
    if not moments(store):
        store_papers(store, 1)
    with store.write() as conn:
        conn.execute(sa.delete(table))
    put(store, *sorted(MIDNIGHT + hour * HOUR for hour in hours))
    given_moments = moments(store)
    before = MIDNIGHT + before_h * HOUR
    limit = before.replace(hour=0)
    last = {at.date(): at for at in given_moments}
    expected = [at for at in given_moments if at >= limit or at == last[at.date()]]
    assert thin(store, before) == len(given_moments) - len(expected)
    assert moments(store) == expected
    assert thin(store, before) == 0


def test_a_reading_is_compared_with_the_next_of_its_series_and_not_with_all(
    sqlite_store: Store,
) -> None:
    steps = plans(sqlite_store, lambda conn: signals.thin(conn, NOW))
    (search,) = [step for step in steps if step.startswith("SEARCH")]
    assert "INDEX sqlite_autoindex_signals_1" in search
    assert search.endswith("(paper_id=? AND source=? AND metric=? AND at>?)")


# --- forget


def test_forgetting_drops_what_is_older_and_nothing_else(store: Store) -> None:
    store_papers(store, 1)
    put(store, NOW - HOUR, NOW, NOW + HOUR)
    with store.write() as conn:
        assert signals.forget(conn, NOW) == 1
        assert signals.forget(conn, NOW) == 0
    assert moments(store) == [NOW, NOW + HOUR]
