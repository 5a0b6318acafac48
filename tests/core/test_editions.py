"""The stretch of time that an edition covers, in local days."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.editions import edition_day, edition_window
from tests.core.test_slots import ZONES

DAYS = st.dates(date(2005, 1, 1), date(2037, 1, 1))
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def test_a_window_ends_with_its_day_and_holds_the_days_before() -> None:
    window = edition_window(date(2026, 3, 20), "UTC", 7)
    assert window.start == datetime(2026, 3, 14, tzinfo=UTC)
    assert window.end == datetime(2026, 3, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2026, 3, 28), 24), (date(2026, 3, 29), 23), (date(2026, 10, 25), 25)],
)
def test_a_day_on_which_the_clock_changes_is_shorter_or_longer(day: date, hours: int) -> None:
    window = edition_window(day, "Europe/Berlin", 1)
    assert window.end - window.start == hours * HOUR


@given(day=DAYS, zone=st.sampled_from(ZONES), lookback=st.integers(1, 60))
def test_windows_of_one_day_follow_each_other_without_gap_or_overlap(
    day: date, zone: str, lookback: int
) -> None:
    today = edition_window(day, zone, 1)
    assert edition_window(day + DAY, zone, 1).start == today.end
    longer = edition_window(day, zone, lookback)
    assert longer.end == today.end
    assert longer.start == edition_window(day - (lookback - 1) * DAY, zone, 1).start
    assert longer.start.tzinfo is longer.end.tzinfo is UTC


@given(
    now=st.datetimes(datetime(2005, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC)),
    zone=st.sampled_from(ZONES),
)
def test_a_moment_lies_in_the_window_of_its_own_day(now: datetime, zone: str) -> None:
    window = edition_window(edition_day(now, zone), zone, 1)
    assert window.start <= now < window.end
