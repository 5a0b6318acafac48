from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from digest.core.papers import Signal
from digest.web.listing import CHART_HEIGHT, CHART_WIDTH, courses, drawn
from tests.builders import make_paper

START = datetime(2026, 3, 20, tzinfo=UTC)


@given(st.lists(st.tuples(st.integers(0, 10**7), st.floats(-10, 1e9)), min_size=1, max_size=50))
def test_a_course_stays_inside_its_drawing_and_runs_to_the_right(
    steps: list[tuple[int, float]],
) -> None:
    readings = [(START + timedelta(seconds=s), value) for s, value in sorted(steps)]
    points = drawn(readings)
    assert len(points) == len(readings)
    assert all(0 <= x <= CHART_WIDTH and 0 <= y <= CHART_HEIGHT for x, y in points)
    assert [x for x, _ in points] == sorted(x for x, _ in points)


def test_more_is_drawn_higher() -> None:
    (_, low), (_, high) = drawn([(START, 1.0), (START + timedelta(hours=1), 9.0)])
    assert high < low


def star(source: str, value: float) -> Signal:
    return Signal(source=source, metric="stars", at=START, value=value)


def test_stars_are_githubs_and_drawn_once_where_github_itself_was_asked() -> None:
    told = make_paper(signals=(star("huggingface", 118),))
    assert [(c.name, c.readings) for c in courses(told)] == [("Stars on GitHub", ((START, 118),))]
    both = make_paper(signals=(star("github", 120), star("huggingface", 118)))
    assert [(c.name, c.readings) for c in courses(both)] == [("Stars on GitHub", ((START, 120),))]
