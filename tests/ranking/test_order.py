"""The order of rows: by score, equal ones always alike."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from digest.ranking.order import Order, first_of_all

# Few scores, so that many are equal; none below 0.
SCORES = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=12)


def _sorted(scores: np.ndarray) -> list[int]:
    return sorted(range(len(scores)), key=lambda row: (-scores[row], row))


@given(scores=SCORES, count=st.integers(1, 12))
def test_the_first_of_all_are_those_that_a_sort_would_put_first(
    scores: list[float], count: int
) -> None:
    row = np.array(scores, np.float32)
    most = min(count, len(row))
    rows, found = first_of_all(np.stack([row, row[::-1]]), most)
    assert rows[0].tolist() == _sorted(row)[:most]
    assert rows[1].tolist() == _sorted(row[::-1])[:most]
    assert found[0].tolist() == [row[each] for each in rows[0]]


def test_scores_below_nothing_count_as_nothing() -> None:
    _, found = first_of_all(np.array([[-1.0, 0.5, -2.0]], np.float32), 3)
    assert found.tolist() == [[0.5, 0.0, 0.0]]


@given(scores=SCORES, data=st.data())
def test_the_first_that_is_eligible_has_the_best_score_and_of_equal_ones_the_best_trend(
    scores: list[float], data: st.DataObject
) -> None:
    row = np.array(scores, np.float32)
    flags = st.lists(st.booleans(), min_size=len(row), max_size=len(row))
    eligible = np.array([data.draw(flags), data.draw(flags)])
    trends = st.lists(st.sampled_from([0.1, 0.9]), min_size=len(row), max_size=len(row))
    trend = np.array(data.draw(trends), np.float32)
    who, first = Order(trend).first(np.stack([row, row]), eligible)
    expected = {
        number: min(np.flatnonzero(each), key=lambda n: (-row[n], -trend[n], n))
        for number, each in enumerate(eligible)
        if each.any()
    }
    assert dict(zip(who.tolist(), first.tolist(), strict=True)) == expected
