from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.sources.etiquette import (
    LONGEST_PAUSE,
    Pace,
    asked_pause_s,
    backoff_s,
    duration_text,
    is_throttling,
    pace_of,
)
from tests.fakes import NOON


@pytest.mark.parametrize("host", ["arxiv.org", "export.arxiv.org", "rss.arxiv.org"])
def test_every_host_of_arxiv_shares_one_pace(host: str) -> None:
    assert pace_of(host) == Pace(name="arxiv.org", interval_s=3.0, service=host)


def test_other_hosts_have_their_own_pace() -> None:
    assert pace_of("notarxiv.org") == Pace(name="notarxiv.org", interval_s=1.0)


def test_only_a_403_with_nothing_left_is_throttling() -> None:
    assert is_throttling(403, {"x-ratelimit-remaining": "0"})
    assert not is_throttling(403, {"x-ratelimit-remaining": "10"})
    assert not is_throttling(403, {})
    assert all(is_throttling(status, {}) for status in (406, 429, 503))
    assert not is_throttling(500, {})


@pytest.mark.parametrize(
    ("headers", "pause_s"),
    [
        ({}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "0"}, 1),
        ({"retry-after": "-5"}, None),
        ({"retry-after": " 12 "}, 12),
        ({"retry-after": "Fri, 20 Mar 2026 12:00:40 GMT"}, 40),
        ({"retry-after": "Fri, 20 Mar 2026 12:00:40 -0000"}, 40),
        ({"retry-after": "Fri, 20 Mar 2020 12:00:00 GMT"}, 1),
        ({"ratelimit": '"api";r=0;t=300', "retry-after": "9"}, 9),
        ({"ratelimit": '"api";r=12;t=300'}, None),
        ({"ratelimit": "limit=10, remaining=0"}, None),
    ],
)
def test_the_pause_asked_for_is_read(headers: dict[str, str], pause_s: float | None) -> None:
    assert asked_pause_s(headers, NOON) == pause_s


@given(st.text(), st.text())
def test_any_headers_ask_for_a_pause_within_bounds_or_none(retry: str, limit: str) -> None:
    pause_s = asked_pause_s({"retry-after": retry, "ratelimit": limit}, NOON)
    assert pause_s is None or 1 <= pause_s <= LONGEST_PAUSE.total_seconds()


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_backing_off_never_shrinks_and_ends_at_six_hours(row: int, jitter: float) -> None:
    assert 30 <= backoff_s(row, jitter) <= 6 * 3600
    assert backoff_s(row, 0.0) <= backoff_s(row + 1, 0.0)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (45, "45 s"), (119, "119 s"), (400, "7 min"), (3 * 3600, "3 h")],
)
def test_a_length_of_time_is_told_as_people_do(seconds: float, text: str) -> None:
    assert duration_text(timedelta(seconds=seconds)) == text
