from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from digest.ranking import vectors
from digest.ranking.vectors import SMALL, Floats, SparseRows, blocks, drawn_positive

COLUMNS = 5
dense_matrices = st.integers(0, 12).flatmap(
    lambda rows: arrays(
        np.float32,
        (rows, COLUMNS),
        elements=st.one_of(st.just(0.0), st.floats(-4, 4, width=16)),
    )
)
columns = arrays(np.float32, COLUMNS, elements=st.floats(-4, 4, width=16))
tables = arrays(np.float32, (COLUMNS, 3), elements=st.floats(-4, 4, width=16))


def sparse(dense: Floats) -> SparseRows:
    rows, places = np.nonzero(dense)
    return SparseRows(
        places=places.astype(np.int32),
        values=dense[rows, places],
        starts=np.searchsorted(rows, np.arange(len(dense) + 1)),
    )


@given(dense_matrices)
def test_a_row_has_the_entries_that_are_not_zero(dense: Floats) -> None:
    rows = sparse(dense)
    assert len(rows) == len(dense)
    for number, expected in enumerate(dense):
        found = np.zeros(COLUMNS, np.float32)
        places, values = rows.row(number)
        found[places] = values
        assert found.tolist() == expected.tolist()


@given(dense_matrices, columns, tables, st.integers(1, 40))
def test_sums_are_those_of_the_dense_product_however_many_go_at_once(
    dense: Floats, weights: Floats, table: Floats, at_once: int
) -> None:
    with patch.object(vectors, "_ENTRIES_AT_ONCE", at_once):
        found = sparse(dense).sums(weights, table)
    assert found.shape == (len(dense), 3)
    assert found == pytest.approx((dense * weights) @ table, abs=1e-3)


@given(dense_matrices, st.data())
def test_combined_rows_are_those_of_the_dense_product(dense: Floats, data: st.DataObject) -> None:
    some = st.lists(st.integers(0, max(len(dense) - 1, 0)), max_size=6 if len(dense) else 0)
    numbers = np.array(data.draw(some), np.int32)
    weights = data.draw(arrays(np.float32, len(numbers), elements=st.floats(-4, 4, width=16)))
    found = sparse(dense).combined(numbers, weights, COLUMNS)
    assert found == pytest.approx(weights @ dense[numbers], abs=1e-3)


@given(arrays(np.float32, st.integers(1, 20), elements=st.floats(-5, 5, width=32)))
def test_shares_are_drawn_above_zero_and_keep_their_order(shares: Floats) -> None:
    drawn = drawn_positive(shares)
    assert np.all(drawn >= 0)
    assert np.all(np.diff(drawn[np.argsort(shares)]) >= 0)
    assert drawn[shares > SMALL].tolist() == shares[shares > SMALL].tolist()


@given(st.lists(st.integers(0, 9), max_size=12), st.integers(1, 12))
def test_rows_come_in_blocks_of_at_most_so_many_entries_each_row_once(
    lengths: list[int], most: int
) -> None:
    starts = np.concatenate([[0], np.cumsum(lengths, dtype=np.intp)])
    found = list(blocks(starts, most))
    assert [row for first, last in found for row in range(first, last)] == [*range(len(lengths))]
    for first, last in found:
        assert last - first == 1 or sum(lengths[first:last]) <= most
