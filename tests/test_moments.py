"""Moments on file are read as written, and scored as an edition's papers are."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.errors import InvalidInput
from digest.evaluation.moments import read_moments, scores

AT = "2026-03-10T14:00:00Z"


def paper(name: str, *counts: int, **more: Any) -> dict[str, Any]:
    """Listed the day before; its last reading at 08:00 today, the others six hours apart."""
    readings = [
        [f"2026-03-10T{8 - 6 * ago:02}:00:00Z", "upvotes", count]
        for ago, count in reversed(list(enumerate(reversed(counts))))
    ]
    return {"id": name, "listed_at": "2026-03-09T00:00:00Z", "readings": readings, **more}


def line(*papers: Any, **more: Any) -> str:
    return json.dumps({"at": AT, "papers": papers} | more)


def placed(*lines: str) -> list[tuple[str, str]]:
    return [(f"line {number}", text) for number, text in enumerate(lines, 1)]


def read(*lines: str) -> dict[str, float]:
    (moment,) = read_moments(placed(*lines))
    return scores(moment)


def test_more_votes_score_higher_and_none_lowest() -> None:
    found = read(line(paper("a", 3), paper("b", 40), paper("c"), paper("d", 0)))
    assert found["b"] > found["a"] > found["c"] == found["d"]


def test_a_moment_keeps_its_name_and_its_time() -> None:
    (moment,) = read_moments(placed(line()))
    assert (moment.name, moment.at) == (AT, datetime(2026, 3, 10, 14, tzinfo=UTC))
    assert scores(moment) == {}


def test_what_happened_later_is_not_looked_at() -> None:
    plain = read(line(paper("a", 3), paper("b", 40)))
    assert read(line(paper("a", 3, final=900), paper("b", 40, final="?"))) == plain


def test_readings_after_the_moment_do_not_count() -> None:
    late = paper("a", 3)
    late["readings"].append(["2026-03-12T00:00:00Z", "upvotes", 900])
    assert read(line(late, paper("b", 40))) == read(line(paper("a", 3), paper("b", 40)))


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("7", "not a JSON object"),
        ('{"papers": []}', '"at" is missing'),
        (line(at=None), '"at" is not a time'),
        (line(at="2026-03-10T14:00:00"), '"at" is not a time with its zone'),
        (line(papers={}), '"papers" is not a list'),
        (line(7), "not a JSON object"),
        (line({"listed_at": AT, "readings": []}), '"id" is missing'),
        (line(paper("a") | {"id": 7}), 'an "id" is not a text'),
        (line(paper("a"), paper("a")), "two papers have the same id"),
        (line(paper("a", listed_at="yesterday")), 'paper a: "listed_at" is not a time'),
        (line(paper("a", readings=None)), 'paper a: "readings" is not a list'),
        (line(paper("a", readings=[[AT, "upvotes"]])), "paper a: a reading is not"),
        (line(paper("a", readings=[[AT, "upvotes", -1]])), "paper a: a reading is not"),
        (line(paper("a", readings=[[AT, "upvotes", True]])), "paper a: a reading is not"),
        (line(paper("a", readings=[[AT, "upvotes", float("nan")]])), "paper a: a reading is not"),
        (line(paper("a", readings=[[AT, "upvotes", 10**400]])), "paper a: a reading is not"),
        ("9" * 5000, "not JSON"),
        (line(at="0001-01-01T00:00:00+14:00"), '"at" is not a time'),
        (line(paper("a", readings=[["noon", "upvotes", 1]])), "paper a: the time of a reading"),
    ],
)
def test_a_bad_line_is_named_with_what_is_wrong_with_it(bad: str, why: str) -> None:
    with pytest.raises(InvalidInput) as told:
        list(read_moments(placed(line(paper("a", 1)), bad)))
    assert str(told.value).startswith(f"line 2: {why}")
    assert "\n" not in str(told.value)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(anything, anything, anything)
def test_no_content_of_a_line_is_a_crash(at: object, row: object, readings: object) -> None:
    for text in (line(at=at), line(row), line(paper("a", readings=readings))):
        with suppress(InvalidInput):
            list(map(scores, read_moments(placed(text))))
