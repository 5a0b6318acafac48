import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.ranking.analysis import analyse
from digest.ranking.lexical import Document, LexicalIndex
from digest.ranking.select import best_rows, blended, diverse_rows
from digest.ranking.vectors import Floats

WORDS = ["graph", "protein", "robot", "galaxy", "poem", "market", "river", "proof"]


def index(*titles: str) -> LexicalIndex:
    return LexicalIndex(Document(analysis=analyse(title)) for title in titles)


def chosen(
    scores: list[float], titles: list[str], diversity: float, limit: int, topics: list[int]
) -> list[int]:
    values: Floats = np.array(scores, np.float32)
    ranked = best_rows(values, values, np.ones(len(scores), np.bool_))
    return diverse_rows(
        ranked,
        values,
        lambda: index(*titles).vectors,
        topics=np.array(topics, np.intp),
        diversity=diversity,
        limit=limit,
    )


def test_the_dial_blends_from_relevance_to_trend() -> None:
    relevance, trend = np.array([0.8], np.float32), np.array([0.2], np.float32)
    values = [float(blended(relevance, trend, dial)[0]) for dial in (0, 0.5, 1)]
    assert values == pytest.approx([0.8, 0.5, 0.2])


def test_equal_scores_are_ordered_by_trend_and_then_by_row() -> None:
    scores = np.array([0.5, 0.5, 0.9, 0.5], np.float32)
    trend = np.array([0.1, 0.7, 0.0, 0.1], np.float32)
    eligible = np.array([True, True, True, True])
    assert best_rows(scores, trend, eligible) == [2, 1, 0, 3]
    assert best_rows(scores, trend, np.array([True, False, False, True])) == [0, 3]


def test_a_twin_gives_way_to_something_else_nearly_as_good() -> None:
    titles = ["graph walks", "graph walks", "protein folds"]
    assert chosen([0.9, 0.89, 0.8], titles, 0.3, 2, [-1] * 3) == [0, 2]
    assert chosen([0.9, 0.89, 0.8], titles, 0.0, 2, [-1] * 3) == [0, 1]


def test_an_interest_with_many_papers_leaves_room_for_another() -> None:
    titles = [f"{word} {n}" for n, word in enumerate(WORDS)]
    scores = [0.9, 0.89, 0.88, 0.87, 0.86, 0.85, 0.7, 0.2]
    topics = [0, 0, 0, 0, 0, 0, 1, 1]
    assert chosen(scores, titles, 0.3, 4, topics) == [0, 1, 2, 6]


def test_a_topic_far_behind_the_first_hundreds_is_still_among_those_to_choose_from() -> None:
    count = 60
    titles = [f"name{n}" for n in range(count)]
    scores = [0.9 - n / 1000 for n in range(count - 1)] + [0.8]
    topics = [0] * (count - 1) + [1]
    assert chosen(scores, titles, 0.5, 5, topics)[-1] == count - 1


def test_papers_without_words_can_be_chosen() -> None:
    assert chosen([0.9, 0.8, 0.7], ["", "", ""], 0.5, 2, [-1] * 3) == [0, 1]


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
