"""When a digest is due: once for every due day of the reader's own calendar, in every zone."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.errors import InvalidInput
from digest.core.subscribers import (
    Frequency,
    Preferences,
    has_slot_on,
    next_slot,
    parse_timezone,
    slot_day,
    slot_on,
)
from tests.builders import NOW

# The names that people choose; the others are links, old spellings and files that are no zones.
ZONES = sorted(
    name
    for name in available_timezones()
    if "/" in name and not name.startswith(("posix", "right", "Etc", "SystemV"))
)
DAY = timedelta(days=1)
PREFERENCES = st.builds(
    Preferences,
    frequency=st.sampled_from(Frequency),
    at=st.builds(time, st.integers(0, 23), st.integers(0, 59)),
    timezone=st.sampled_from(ZONES),
)
MOMENTS = st.datetimes(
    min_value=datetime(2005, 1, 1), max_value=datetime(2037, 1, 1), timezones=st.just(UTC)
)


def slots(preferences: Preferences, after: datetime, number: int) -> list[datetime]:
    found = []
    for _ in range(number):
        after = next_slot(preferences, after)
        found.append(after)
    return found


def berlin(at: str, frequency: Frequency = Frequency.DAILY) -> Preferences:
    hour, minute = map(int, at.split(":"))
    return Preferences(frequency=frequency, at=time(hour, minute), timezone="Europe/Berlin")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- properties -----------------------------------------------------------------------------------


@given(preferences=PREFERENCES, after=MOMENTS)
def test_the_next_slot_is_later_and_none_lies_between(
    preferences: Preferences, after: datetime
) -> None:
    slot = next_slot(preferences, after)
    assert slot > after
    assert slot - after <= timedelta(days=9)
    assert next_slot(preferences, slot - timedelta(microseconds=1)) == slot


@given(preferences=PREFERENCES, after=MOMENTS)
def test_each_due_day_has_exactly_one_slot_in_the_order_of_days(
    preferences: Preferences, after: datetime
) -> None:
    found = slots(preferences, after, 8)
    days = [slot_day(preferences, slot) for slot in found]
    assert found == sorted(set(found))
    first = days[0]
    span = [first + number * DAY for number in range((days[-1] - first).days + 1)]
    expected = [day for day in span if has_slot_on(preferences.frequency, day)]
    # A day that a zone skipped altogether (Samoa had no 30 December 2011) has no slot of its own.
    assert [slot_on(preferences, day) for day in expected] == found or _skips_a_day(
        preferences, span
    )


def _skips_a_day(preferences: Preferences, span: list[date]) -> bool:
    moments = [slot_on(preferences, day) for day in span]
    return any(later <= earlier for earlier, later in pairwise(moments))


@given(preferences=PREFERENCES, after=MOMENTS)
def test_a_slot_shows_the_wished_time_on_the_readers_clock_unless_that_does_not_exist(
    preferences: Preferences, after: datetime
) -> None:
    zone = ZoneInfo(preferences.timezone)
    slot = next_slot(preferences, after)
    shown = slot.astimezone(zone)
    wished = datetime.combine(slot_day(preferences, slot), preferences.at, tzinfo=zone)
    exists = wished.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wished.replace(
        tzinfo=None
    )
    if exists:
        assert (shown.date(), shown.time()) == (wished.date(), preferences.at)


# --- clock changes --------------------------------------------------------------------------------


def test_an_hour_that_is_skipped_is_taken_as_if_the_clock_had_not_changed_yet() -> None:
    found = slots(berlin("02:30"), utc("2026-03-27T12:00"), 3)
    assert found == [utc("2026-03-28T01:30"), utc("2026-03-29T01:30"), utc("2026-03-30T00:30")]


def test_an_hour_that_comes_twice_means_its_first_time() -> None:
    found = slots(berlin("02:30"), utc("2026-10-24T12:00"), 2)
    assert found == [utc("2026-10-25T00:30"), utc("2026-10-26T01:30")]


def test_a_slot_in_a_skipped_midnight_belongs_to_its_own_day() -> None:
    """In Cuba clocks jump from 0:00 to 1:00: the slot of that day is shown as 1:30."""
    preferences = Preferences(at=time(0, 30), timezone="America/Havana")
    slot = slot_on(preferences, date(2026, 3, 8))
    assert slot_day(preferences, slot) == date(2026, 3, 8)
    assert slot_day(preferences, next_slot(preferences, slot)) == date(2026, 3, 9)


def test_a_slot_pushed_over_midnight_belongs_to_the_day_it_was_made_for() -> None:
    """Clocks of Nuuk jump from 23:00 to midnight."""
    preferences = Preferences(at=time(23, 30), timezone="America/Nuuk")
    slot = slot_on(preferences, date(2026, 3, 28))
    assert slot.astimezone(ZoneInfo("America/Nuuk")).date() == date(2026, 3, 29)
    assert slot_day(preferences, slot) == date(2026, 3, 28)
    assert slot_day(preferences, next_slot(preferences, slot)) == date(2026, 3, 29)


# --- frequencies ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frequency", "wanted"),
    [
        (Frequency.DAILY, [20, 21, 22, 23]),
        (Frequency.WEEKDAYS, [20, 23, 24, 25]),
        (Frequency.WEEKLY, [23, 30]),
    ],
)
def test_what_days_a_frequency_means(frequency: Frequency, wanted: list[int]) -> None:
    preferences = berlin("07:30", frequency)
    found = slots(preferences, utc("2026-03-19T12:00"), len(wanted))
    assert [slot_day(preferences, slot).day for slot in found] == wanted


def test_the_week_is_the_readers_own() -> None:
    """Monday morning in Auckland is still Sunday in UTC."""
    preferences = Preferences(
        frequency=Frequency.WEEKLY, at=time(7, 0), timezone="Pacific/Auckland"
    )
    assert next_slot(preferences, utc("2026-03-20T00:00")) == utc("2026-03-22T18:00")


def test_a_slot_is_strictly_later_than_the_moment_asked_for() -> None:
    slot = utc("2026-03-20T06:30")
    assert next_slot(berlin("07:30"), slot) == slot + DAY


@pytest.mark.parametrize("name", ["localtime", "posixrules", "Factory", "posix/UTC", "right/UTC"])
def test_a_name_that_only_this_machine_may_know_is_no_time_zone(name: str) -> None:
    with pytest.raises(InvalidInput, match="is not a time zone"):
        parse_timezone(name)


def test_a_zone_that_is_not_known_any_more_holds_nobody_up() -> None:
    lost = Preferences(timezone="Mars/Olympus")
    slot = next_slot(lost, NOW)
    assert (slot.hour, slot.minute) == (7, 30)
    assert slot_day(lost, slot) == slot.date()
