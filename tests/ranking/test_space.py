import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from digest.ranking.space import (
    MOST_DEVIATIONS,
    MOST_DEVIATIONS_OF_TASTES,
    Space,
    standardised,
    unit,
)
from digest.ranking.vectors import Floats


def space(*vectors: tuple[float, ...]) -> Space:
    return Space(np.array(vectors, np.float32))


some_scores = arrays(
    np.float32,
    array_shapes(min_dims=2, max_dims=2, max_side=20),
    elements=st.floats(-1000, 1000, width=32),
)


def test_papers_are_points_of_length_one_around_their_mean() -> None:
    placed = space((3, 1), (1, 3), (5, 5))
    assert np.linalg.norm(placed.papers, axis=1) == pytest.approx([1, 1, 1])
    assert placed.papers[2] == pytest.approx([2**-0.5, 2**-0.5])
    assert placed.papers[0] == pytest.approx([0, -1])


def test_papers_without_a_vector_are_at_the_origin_and_do_not_move_it() -> None:
    with_gap = space((3, 1), (0, 0), (1, 3))
    assert with_gap.papers[1].tolist() == [0, 0]
    assert with_gap.papers[[0, 2]] == pytest.approx(space((3, 1), (1, 3)).papers)


def test_another_paper_finds_the_place_of_its_twin() -> None:
    vectors = np.array([(3, 1, 0), (1, 3, 0), (5, 5, 1)], np.float32)
    placed = Space(vectors)
    assert placed.placed(vectors) == pytest.approx(placed.papers)
    assert placed.placed(np.zeros((1, 3), np.float32)).tolist() == [[0, 0, 0]]


def test_a_space_without_papers_or_without_vectors_answers_with_zeros() -> None:
    assert Space(np.zeros((0, 2), np.float32)).near(np.ones((1, 2), np.float32)).shape == (1, 0)
    empty = space((0, 0), (0, 0))
    assert empty.near(np.ones((1, 2), np.float32)).tolist() == [[0, 0]]
    assert empty.towards(np.ones((1, 2), np.float32)).tolist() == [[0, 0]]


def test_the_paper_that_points_where_a_text_does_is_nearest() -> None:
    placed = space((1, 0), (0, 1), (-1, -1))
    near = placed.near(np.array([(5, 0), (0, 0.1)], np.float32))
    assert near.argmax(axis=1).tolist() == [0, 1]
    assert near.mean(axis=1) == pytest.approx([0, 0], abs=1e-6)


def test_a_text_without_a_vector_is_equally_near_to_all() -> None:
    assert space((1, 0), (0, 1)).near(np.zeros((1, 2), np.float32)).tolist() == [[0, 0]]


def test_a_longer_text_is_not_nearer() -> None:
    placed, text = space((1, 0), (0, 1), (-1, -1)), np.array([(1, 0.5)], np.float32)
    assert placed.near(text) == pytest.approx(placed.near(text * 9), abs=1e-5)


def test_a_taste_is_told_by_what_sets_it_apart_and_not_by_what_all_papers_share() -> None:
    """Papers differ much along the first axis and little along the second."""
    rng = np.random.default_rng(7)
    vectors = rng.normal(size=(200, 3)).astype(np.float32) * np.array([4, 0.5, 0.5], np.float32)
    vectors[0] = (6, 3, 0)
    vectors[1] = (6, 0, 0)
    vectors[2] = (0, 3, 0)
    placed = Space(vectors)
    taste = placed.papers[:1]
    first, alike_in_common, alike_in_rare = placed.towards(taste)[0, :3]
    assert first > alike_in_common
    assert alike_in_rare > alike_in_common
    assert placed.near(taste)[0, 1] > placed.near(taste)[0, 2]


def scattered(seed: int = 3, papers: int = 300, dimensions: int = 8) -> Floats:
    return np.random.default_rng(seed).normal(size=(papers, dimensions)).astype(np.float32)


def test_what_is_near_to_a_few_likes_is_nearest_though_their_mean_lies_elsewhere() -> None:
    vectors = scattered()
    robots, wine, between = np.eye(8, dtype=np.float32)[[0, 1, 2]] * 9
    vectors[:4] = robots + scattered(4, 4) / 9
    vectors[4:8] = wine + scattered(5, 4) / 9
    vectors[8] = robots + wine + between
    placed = Space(vectors)
    likes = placed.papers[[0, 1, 2, 4, 5, 6]]
    near = placed.nearest([likes, likes[:3]])
    assert set(np.argsort(-near[0])[:8].tolist()) == set(range(8))
    assert set(np.argsort(-near[1])[:4].tolist()) == set(range(4))
    assert near.mean(axis=1) == pytest.approx([0, 0], abs=1e-4)


def test_the_nearest_likes_do_not_hang_on_their_order_nor_on_other_tastes() -> None:
    placed = Space(scattered())
    one, other = placed.papers[:5], placed.papers[7:9]
    alone = placed.nearest([one])[0]
    assert np.array_equal(placed.nearest([other, one])[1], alone)
    assert placed.nearest([one[::-1]])[0] == pytest.approx(alone, abs=1e-5)


def test_what_lies_where_some_papers_do_is_nearest_to_them_by_their_weights() -> None:
    placed = space((9, 1), (1, 9), (8, 2), (2, 8), (-9, -9))
    rows, weights = np.array([[0, 1], [1, 0]]), np.array([[0.9, 0.1], [0.9, 0.1]], np.float32)
    near = placed.near_papers(rows, weights)
    assert set(np.argsort(-near[0])[:2].tolist()) == {0, 2}
    assert set(np.argsort(-near[1])[:2].tolist()) == {1, 3}
    assert near.mean(axis=1) == pytest.approx([0, 0], abs=1e-5)


def test_nothing_is_near_to_papers_without_a_weight_nor_hangs_on_other_sets() -> None:
    placed = Space(scattered())
    rows, weights = np.array([[3, 1, 4]]), np.array([[0.5, 0.3, 0.2]], np.float32)
    alone = placed.near_papers(rows, weights)[0]
    both = placed.near_papers(np.vstack([rows - 1, rows]), np.vstack([0 * weights, weights]))
    assert both[0].tolist() == [0.0] * len(placed.papers)
    assert np.array_equal(both[1], alone)


def test_a_like_that_lies_nowhere_is_near_to_nothing() -> None:
    placed = Space(scattered())
    nowhere = np.zeros((1, 8), np.float32)
    assert not placed.nearest([nowhere]).any()
    known = placed.papers[:1]
    with_one = placed.nearest([np.concatenate([known, nowhere])])[0]
    assert with_one == pytest.approx(placed.nearest([known])[0], abs=1e-4)


def test_in_the_metric_of_tastes_no_direction_is_commoner_than_another() -> None:
    vectors = scattered() * np.array([9, 3, 1, 1, 1, 1, 1, 1], np.float32)
    placed = Space(vectors, shrinkage=0.0)
    whitened = placed.papers @ placed._whitening
    assert whitened.T @ whitened / len(whitened) == pytest.approx(np.eye(8), abs=1e-3)
    precise = placed.papers @ placed._whitening @ placed._whitening.T
    assert precise == pytest.approx(placed._judged, abs=1e-3 * float(np.abs(precise).max()))


def test_with_a_plain_share_what_a_taste_has_in_common_with_all_papers_counts_too() -> None:
    vectors = scattered(papers=400) * np.array([9, 1, 1, 1, 1, 1, 1, 1], np.float32)
    alone, mixed = Space(vectors), Space(vectors, plain_share=0.5)
    taste = alone.papers[:1]
    plain = standardised(taste @ alone.papers.T)[0]

    def nearness(space: Space) -> float:
        return float(np.corrcoef(space.towards(taste)[0], plain)[0, 1])

    assert nearness(alone) < nearness(mixed) < 1


def test_tastes_may_lie_further_out_than_texts() -> None:
    placed = Space(scattered(papers=2_000, dimensions=64))
    taste = placed.papers[:1]
    assert placed.near(taste).max() == MOST_DEVIATIONS
    assert MOST_DEVIATIONS < placed.towards(taste).max() < MOST_DEVIATIONS_OF_TASTES


@given(some_scores)
def test_standardised_scores_have_no_mean_and_stay_within_their_bounds(scores: Floats) -> None:
    rows = standardised(scores)
    assert rows.shape == scores.shape
    assert np.all(np.abs(rows) <= MOST_DEVIATIONS)
    for row, was in zip(rows, scores, strict=True):
        order = np.argsort(was, kind="stable")
        assert np.all(np.diff(row[order]) >= 0)
        if np.ptp(was) > 1 and np.abs(row).max() < MOST_DEVIATIONS:
            assert row.mean() == pytest.approx(0, abs=1e-2)
            assert row.std() == pytest.approx(1, abs=1e-2)


def test_equal_scores_deviate_by_nothing() -> None:
    assert standardised(np.full((2, 3), 7.0)).tolist() == [[0, 0, 0], [0, 0, 0]]
    assert standardised(np.zeros((2, 0))).shape == (2, 0)


def test_an_outlier_among_many_is_cut() -> None:
    scores = np.zeros((1, 1000))
    scores[0, 3] = 1
    assert standardised(scores)[0, 3] == MOST_DEVIATIONS


@given(some_scores)
def test_unit_vectors_have_length_one_or_stay_zeros(vectors: Floats) -> None:
    lengths = np.linalg.norm(unit(vectors), axis=1)
    was = np.linalg.norm(vectors, axis=1)
    assert np.all(lengths <= 1 + 1e-4)
    assert lengths[was > 1e-3] == pytest.approx(np.ones(int((was > 1e-3).sum())), abs=1e-4)
    assert not lengths[~vectors.any(axis=1)].any()
