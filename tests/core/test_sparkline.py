"""Readings as a line of blocks: as long as they are many, never too long, even in time."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.sparkline import BARS, WIDTH, sparkline
from tests.fakes import NOON


def hourly(*values: float) -> str:
    return sparkline([(NOON + timedelta(hours=n), value) for n, value in enumerate(values)])


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        ((), ""),
        ((53,), "▁"),
        ((7, 7, 7), "▁▁▁"),
        ((0, 1, 2, 3, 4, 5, 6, 7), "▁▂▃▄▅▆▇█"),
        ((10_000, 10_007), "▁█"),
        ((9, 1, 9), "█▁█"),
        ((-1e308, 1e308, 0), "▁█▅"),
        ((1e-300, 2e-300), "▁█"),
        ((3, float("nan"), float("inf"), 4), "▁█"),
    ],
)
def test_a_series_runs_from_its_least_to_its_greatest_value(
    values: tuple[float, ...], drawn: str
) -> None:
    assert hourly(*values) == drawn


def test_a_long_series_is_drawn_with_the_last_value_of_each_span() -> None:
    drawn = hourly(*range(240))
    assert len(drawn) == WIDTH
    assert (drawn[0], drawn[-1]) == (BARS[0], BARS[-1])
    assert list(drawn) == sorted(drawn)


def test_where_nothing_was_read_the_last_count_stands() -> None:
    hours = {0: 0, 1: 4, 2: 4, 9: 8}
    drawn = sparkline([(NOON + timedelta(hours=h), v) for h, v in hours.items()])
    assert drawn == "▁▁▁█"


def test_readings_of_one_moment_are_drawn_as_the_last_of_them() -> None:
    assert sparkline([(NOON, 1.0), (NOON, 5.0)])[-1] == BARS[-1]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 10**9).map(lambda s: NOON + timedelta(seconds=s)),
            st.floats(allow_nan=False, allow_infinity=False),
        )
    ),
    st.integers(1, 40),
)
def test_any_series_fits_the_width(readings: list, width: int) -> None:  # type: ignore[type-arg]
    drawn = sparkline(sorted(readings), width)
    assert len(drawn) == min(len(readings), width)
    assert set(drawn) <= set(BARS)
