"""Growth curves: what is shipped, what is learnt, and what is kept of it."""

import json
import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.ranking.growth import (
    KNOTS,
    SHIPPED,
    VERSION,
    Growth,
    Growths,
    History,
    decode,
    learn_growths,
)

LISTED = datetime(2026, 3, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
VOTES = "huggingface", "upvotes"


def history(*readings: tuple[float, float], source: str = "huggingface") -> History:
    """Readings as (hours since the paper was listed, count)."""
    return History(
        source=source,
        metric="upvotes",
        listed_at=LISTED,
        readings=tuple((LISTED + hours * HOUR, count) for hours, count in readings),
    )


@pytest.mark.parametrize(
    ("hours", "factor"),
    [(-5, 2.1), (0, 2.1), (12, 2.1), (18, 1.7), (24, 1.3), (36, 1.25), (72, 1.15), (500, 1)],
)
def test_growth_to_come_falls_with_age_to_none(hours: float, factor: float) -> None:
    assert SHIPPED.of(*VOTES).factor(hours * HOUR) == pytest.approx(factor)


def test_a_source_that_nothing_is_known_of_has_a_curve_as_well() -> None:
    assert SHIPPED.of("feeds.lab", "votes").factor(8 * HOUR) == pytest.approx(2.1)


def test_many_readings_of_ones_own_outweigh_what_is_shipped_and_few_do_not() -> None:
    rows = [history((8, 9), (24, 29), (200, 39))] * 2000
    own, doubtful = learn_growths(rows).of(*VOTES), learn_growths(rows[:5]).of(*VOTES)
    assert own.factor(8 * HOUR) == pytest.approx(4.0, rel=0.1)
    assert own.factor(24 * HOUR) == pytest.approx(40 / 30, rel=0.1)
    assert doubtful.factor(8 * HOUR) == pytest.approx(2.1, rel=0.05)


def test_each_source_has_its_own_curve() -> None:
    rows = [history((8, 9), (200, 9)), *[history((8, 9), (200, 99), source="reddit")] * 500]
    learnt = learn_growths(rows)
    assert learnt.of("reddit", "upvotes").factor(8 * HOUR) > 5
    assert learnt.of(*VOTES).factor(8 * HOUR) == pytest.approx(2.1, rel=0.01)


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [history()],
        [history((8, 5))] * 999,
        [history((8, 5), (50, 900))] * 999,
        [history((100, 5), (110, 900))] * 999,
        [history((8, 0), (200, 0))] * 999,
    ],
    ids=["none", "empty", "one reading", "no end yet", "end too near", "no votes"],
)
def test_readings_that_show_no_growth_to_the_end_teach_nothing(rows: list[History]) -> None:
    assert learn_growths(rows).of(*VOTES) == SHIPPED.of(*VOTES)


def test_a_paper_that_is_read_hourly_says_no_more_than_one_that_is_read_twice() -> None:
    hourly = history(*((hour, 10.0) for hour in range(1, 18)), (200, 20))
    twice = [history((8, 10), (200, 40))] * 2
    assert learn_growths([hourly, *twice]) == learn_growths([history((8, 10), (200, 20)), *twice])


counts = st.floats(0, 1e6)
ages = st.floats(0, 400)
histories = st.lists(
    st.lists(st.tuples(ages, counts), max_size=6, unique_by=lambda r: r[0]).map(
        lambda readings: history(*sorted(readings))
    ),
    max_size=12,
)


@given(histories)
def test_a_curve_never_rises_with_age_and_outlives_being_stored(rows: list[History]) -> None:
    learnt = learn_growths(rows)
    for curve in learnt.known.values():
        assert all(high >= low >= 1 for high, low in pairwise(curve.factors))
        assert 0 <= curve.head_start < math.inf
    assert decode(VERSION, learnt.to_json()) == learnt
    assert learn_growths(rows[::-1]) == learnt


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff",
        b"7",
        b"[[1]]",
        json.dumps([[*VOTES, [2.0, 1.0], 8]]).encode(),
        json.dumps([[*VOTES, [1.0] * 6 + [2.0], 8]]).encode(),
        json.dumps([[*VOTES, [0.5] * 7, 8]]).encode(),
        json.dumps([[*VOTES, [math.nan] * 7, 8]]).encode(),
        json.dumps([[*VOTES, [1.0] * 7, -1]]).encode(),
        json.dumps([[*VOTES, ["x"] * 7, 1]]).encode(),
        json.dumps([[*VOTES, [], 8]]).encode(),
        json.dumps([[*VOTES, [1.0] * 7, 10**400]]).encode(),
        b"[" * 100_000,
    ],
)
def test_a_damaged_curve_is_as_good_as_none(payload: bytes) -> None:
    assert decode(VERSION, payload) == SHIPPED


def test_a_curve_of_another_version_is_not_read() -> None:
    known = Growths(known={VOTES: Growth(factors=(1.0,) * len(KNOTS))})
    assert decode(VERSION + 1, known.to_json()) == SHIPPED
