"""What a line of a mail asks of timetable, pause and one's own data."""

from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.errors import InvalidInput
from digest.core.member_requests import Inquiry, Pause, Request, Resume, Timetable, read_request
from digest.core.subscribers import Frequency, Preferences

NOW = datetime(2026, 3, 20, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "request_"),
    [
        ("pause", Pause()),
        ("Please pause my digest for two weeks.", Pause(days=14)),
        ("pause 14 days", Pause(days=14)),
        ("PAUSE 3", Pause(days=3)),
        ("pause for a week", Pause(days=7)),
        ("pause the digest for one month, please", Pause(days=30)),
        ("pausiere bitte drei Wochen", Pause(days=21)),
        ("pause until 2026-04-01", Pause(until="2026-04-01")),
        ("resume", Resume()),
        ("Please resume my mails, thanks!", Resume()),
        ("daily", Timetable(Frequency.DAILY)),
        ("Weekly, please", Timetable(Frequency.WEEKLY)),
        ("once a week", Timetable(Frequency.WEEKLY)),
        ("werktags", Timetable(Frequency.WEEKDAYS)),
        ("täglich um 7 Uhr", Timetable(Frequency.DAILY, "07:00")),
        ("switch to weekly at 7:30 pm", Timetable(Frequency.WEEKLY, "19:30")),
        ("at 07:30 Europe/Berlin", Timetable(None, "07:30", "europe/berlin")),
        ("at 12am New York", Timetable(None, "00:00", "new york")),
        ("at 12 pm", Timetable(None, "12:00")),
        ("interests", Inquiry.INTERESTS),
        ("Show me my interests, please", Inquiry.INTERESTS),
        ("export", Inquiry.EXPORT),
        ("Please export all my data", Inquiry.EXPORT),
        ("erase", Inquiry.ERASE),
        ("Delete my data", Inquiry.ERASE),
        ("forget me", Inquiry.ERASE),
    ],
)
def test_a_request_is_read_through_the_courtesy_around_it(line: str, request_: Request) -> None:
    assert read_request(line) == request_


@pytest.mark.parametrize(
    "line",
    [
        *("", "please", "thanks", "delete", "forget it", "at noon", "every", "at the moment"),
        *("the pause button is broken", "don't pause", "not weekly", "I get this every day"),
        *("pause and effect in speech", "weekly seminars", "export controls", "resume parsing"),
        *("user interests in recommenders", "erase https://e.org/x", "erase ada@example.net"),
        "at " + "7" * 200,
    ],
)
def test_words_about_something_else_ask_for_nothing(line: str) -> None:
    assert read_request(line) is None


@given(st.text(max_size=120))
def test_no_line_breaks_the_reading(line: str) -> None:
    found = read_request(line)
    if isinstance(found, Timetable):
        assert found.frequency or found.at


def test_a_timetable_changes_what_it_says_and_leaves_the_rest() -> None:
    before = Preferences(frequency=Frequency.WEEKLY, at=time(9), timezone="UTC", max_papers=5)
    after = Timetable(None, "07:30", "europe/berlin").applied(before)
    assert after == Preferences(
        frequency=Frequency.WEEKLY, at=time(7, 30), timezone="Europe/Berlin", max_papers=5
    )
    assert Timetable(Frequency.DAILY).applied(after).at == time(7, 30)
    assert Timetable(None, "07:30", "new york").applied(after).timezone == "America/New_York"


@pytest.mark.parametrize(
    "timetable", [Timetable(None, "25:00"), Timetable(None, "07:30", "mars/phobos")]
)
def test_a_time_or_zone_that_there_is_not_is_refused(timetable: Timetable) -> None:
    with pytest.raises(InvalidInput):
        timetable.applied(Preferences())


def test_a_pause_ends_after_its_days_or_when_its_day_begins_where_the_reader_is() -> None:
    assert Pause().end(NOW, "UTC") is None
    assert Pause(days=14).end(NOW, "UTC") == datetime(2026, 4, 3, 9, 0, tzinfo=UTC)
    until = Pause(until="2026-04-01").end(NOW, "Europe/Berlin")
    assert until == datetime(2026, 3, 31, 22, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "pause",
    [
        *(Pause(days=0), Pause(days=367), Pause(days=30_000_000), Pause(until="2026-03-20")),
        *(
            Pause(until="tomorrow"),
            Pause(until="2026-02-30"),
            Pause(until="9999-12-31"),
            Pause(until="0001-01-01"),
        ),
    ],
)
def test_a_pause_that_cannot_be_is_refused(pause: Pause) -> None:
    with pytest.raises(InvalidInput):
        pause.end(NOW, "Europe/Berlin")


@given(st.integers(1, 366), st.sampled_from(["UTC", "Asia/Tokyo", "America/New_York"]))
def test_a_pause_lies_between_now_and_a_year_ahead(days: int, zone: str) -> None:
    end = Pause(days=days).end(NOW, zone)
    assert end is not None
    assert end > NOW
    assert (end - NOW).days == days
    assert date(2026, 3, 20) < end.date()
