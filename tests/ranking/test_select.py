from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.errors import InvalidInput
from digest.ranking.analysis import analyse
from digest.ranking.lexical import Document, LexicalIndex
from digest.ranking.order import MOST_ROWS, Order, best
from digest.ranking.repeats import ByMeaning, ByWords, Likeness
from digest.ranking.select import Wanted, blended, diverse_rows
from digest.ranking.vectors import Floats

WORDS = ["graph", "protein", "robot", "galaxy", "poem", "market", "river", "proof"]


def index(*titles: str) -> LexicalIndex:
    return LexicalIndex(Document(analysis=analyse(title)) for title in titles)


def wanted(
    scores: Sequence[float], limits: Sequence[int], topics: Sequence[int], kept: Sequence[int] = ()
) -> tuple[Wanted, Order]:
    """Readers with the same scores who want so many papers each."""
    values: Floats = np.array([scores] * len(limits), np.float32)
    order = Order(values[0])
    return Wanted(
        keys=order.keys(values, np.ones(values.shape, np.bool_)),
        scores=values,
        topics=np.array([topics] * len(limits), np.int16),
        kept=np.array([np.isin(np.arange(len(scores)), kept)] * len(limits)),
        limits=np.array(limits, np.intp),
    ), order


def chosen(
    scores: list[float],
    titles: list[str],
    diversity: float,
    limit: int,
    topics: list[int],
    kept: Sequence[int] = (),
) -> list[int]:
    likeness = ByWords(index(*titles).vectors)
    (rows,) = diverse_rows(*wanted(scores, [limit], topics, kept), likeness, diversity)
    return [int(row) for row in rows]


def test_the_dial_blends_from_relevance_to_trend() -> None:
    relevance, trend = np.array([0.8], np.float32), np.array([0.2], np.float32)
    values = [float(blended(relevance, trend, dial)[0]) for dial in (0, 0.5, 1)]
    assert values == pytest.approx([0.8, 0.5, 0.2])


def in_order(scores: list[float], trend: list[float], eligible: list[bool]) -> list[int]:
    order = Order(np.array(trend, np.float32))
    keys = order.keys(np.array([scores], np.float32), np.array([eligible], np.bool_))
    return order.rows(best(keys, sum(eligible)))[0].tolist()


def test_equal_scores_are_ordered_by_trend_and_then_by_row() -> None:
    scores, trend = [0.5, 0.5, 0.9, 0.5], [0.1, 0.7, 0.0, 0.1]
    assert in_order(scores, trend, [True] * 4) == [2, 1, 0, 3]
    assert in_order(scores, trend, [True, False, False, True]) == [0, 3]


@given(
    st.lists(
        st.tuples(
            st.one_of(st.floats(0, 1, width=32), st.sampled_from([0.0, 0.5, -0.0])),
            st.sampled_from([0.0, 0.25, 1.0]),
            st.booleans(),
        ),
        max_size=40,
    )
)
def test_rows_are_ordered_as_by_comparing_score_trend_and_row(
    rows: list[tuple[float, float, bool]],
) -> None:
    expected = sorted(
        (n for n, (_, _, eligible) in enumerate(rows) if eligible),
        key=lambda n: (-np.float32(rows[n][0]), -np.float32(rows[n][1]), n),
    )
    columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], []]
    assert in_order(*columns) == expected  # type: ignore[arg-type]


def test_a_twin_gives_way_to_something_else_nearly_as_good() -> None:
    titles = ["graph walks", "graph walks", "protein folds"]
    assert chosen([0.9, 0.89, 0.8], titles, 0.3, 2, [-1] * 3) == [0, 2]
    assert chosen([0.9, 0.89, 0.8], titles, 0.0, 2, [-1] * 3) == [0, 1]


def test_an_interest_with_many_papers_leaves_room_for_another() -> None:
    titles = [f"{word} {n}" for n, word in enumerate(WORDS)]
    scores = [0.9, 0.89, 0.88, 0.87, 0.86, 0.85, 0.7, 0.2]
    topics = [0, 0, 0, 0, 0, 0, 1, 1]
    assert chosen(scores, titles, 0.3, 4, topics) == [0, 1, 2, 6]


def test_the_rows_to_be_kept_are_chosen_however_far_behind() -> None:
    count = 60
    titles = [f"name{n}" for n in range(count)]
    scores = [0.9 - n / 100 for n in range(count)]
    assert chosen(scores, titles, 0.1, 4, [0] * count, [58, 59]) == [0, 1, 58, 59]
    assert chosen(scores, titles, 0.1, 2, [0] * count, [57, 58]) == [0, 57]


def test_a_topic_far_behind_the_first_hundreds_is_still_among_those_to_choose_from() -> None:
    count = 60
    titles = [f"name{n}" for n in range(count)]
    scores = [0.9 - n / 1000 for n in range(count - 1)] + [0.8]
    topics = [0] * (count - 1) + [1]
    assert chosen(scores, titles, 0.5, 5, topics)[-1] == count - 1


def test_papers_without_words_can_be_chosen() -> None:
    assert chosen([0.9, 0.8, 0.7], ["", "", ""], 0.5, 2, [-1] * 3) == [0, 1]


def test_papers_alike_in_meaning_repeat_each_other_whether_pairs_are_kept_or_not() -> None:
    points = np.array([[1, 0], [0.6, 0.8], [-1, 0], [1, 0]], np.float32)
    pools, places = np.array([[0, 1, 2, 3], [3, 2, 1, 0]]), np.array([0, 2])
    near = pytest.approx(0.6**6)
    expected = [[1, near, 0, 1], [near, 0, 1, near]]
    for most_kept in (4_096, 3):
        likeness = ByMeaning.of(points, most_kept=most_kept)
        assert (likeness.pairs is None) == (most_kept == 3)
        assert likeness.among(pools)(places).tolist() == expected


def test_a_better_paper_of_the_same_subject_is_not_a_repetition_but_its_twin_is() -> None:
    angles = np.radians([0, 45, 10, 90])
    points = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    best_first, order = wanted([0.9, 0.82, 0.81, 0.65], [2], [0] * 4)
    (rows,) = diverse_rows(best_first, order, ByMeaning.of(points), 0.3)
    assert rows.tolist() == [0, 1]
    twin_second, order = wanted([0.9, 0.65, 0.82, 0.5], [2], [0] * 4)
    (rows,) = diverse_rows(twin_second, order, ByMeaning.of(points), 0.3)
    assert rows.tolist() == [0, 1]


def test_readers_with_fewer_candidates_or_places_than_others_get_their_own() -> None:
    titles = [f"name{n}" for n in range(8)]
    scores = [0.9 - n / 100 for n in range(8)]
    limits = [3, 0, 1, 8, 5]
    likeness: Likeness = ByWords(index(*titles).vectors)
    together = diverse_rows(*wanted(scores, limits, [-1] * 8), likeness, 0.3)
    assert [len(rows) for rows in together] == limits
    for limit, rows in zip(limits, together, strict=True):
        (alone,) = diverse_rows(*wanted(scores, [limit], [-1] * 8), likeness, 0.3)
        assert alone.tolist() == rows.tolist()


@given(
    st.lists(
        st.tuples(st.floats(0, 1, width=32), st.sampled_from(WORDS), st.integers(-1, 2)),
        max_size=60,
    ),
    st.floats(0, 1),
    st.integers(0, 12),
)
def test_a_choice_is_best_first_without_repeats_with_the_best_in_it(
    rows: list[tuple[float, str, int]], diversity: float, limit: int
) -> None:
    scores = [score for score, _, _ in rows]
    titles = [title for _, title, _ in rows]
    picked = chosen(scores, titles, diversity, limit, [topic for _, _, topic in rows])
    values = [scores[row] for row in picked]
    assert len(picked) == len(set(picked)) == min(limit, len(rows))
    assert values == sorted(values, reverse=True)
    assert not picked or values[0] == max(scores)


def test_more_papers_than_have_a_place_are_refused_rather_than_mixed_up() -> None:
    order = Order(np.zeros(MOST_ROWS, np.float32))
    scores = np.zeros((1, MOST_ROWS), np.float32)
    scores[0, [7, MOST_ROWS - 1]] = 1.0
    found = order.rows(best(order.keys(scores, np.ones((1, 1), np.bool_)), 3))
    assert found.tolist() == [[7, MOST_ROWS - 1, 0]]
    with pytest.raises(InvalidInput, match="more than can be ranked"):
        Order(np.zeros(MOST_ROWS + 1, np.float32))
