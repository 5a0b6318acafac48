import numpy as np
import pytest

from digest.ranking.analysis import analyse
from digest.ranking.kept_rows import KeptRows
from digest.ranking.lexical import Document, LexicalIndex
from digest.ranking.vectors import Floats

TITLES = ("graph matching by walks", "walks on graphs", "protein folding", "matching proteins", "")


@pytest.mark.parametrize("most_kept", [25, 0], ids=["all kept", "the most recent kept"])
def test_rows_are_given_in_the_order_asked_for_however_many_are_kept(most_kept: int) -> None:
    index = LexicalIndex(Document(analysis=analyse(title)) for title in TITLES)
    kept = KeptRows(index.size, index.kin, most_kept=most_kept)
    for _ in range(2):
        found = kept.of(np.array([3, 0], np.int32))
        assert found == pytest.approx(np.stack([index.kin(3), index.kin(0)]))
    assert kept.of(np.array([0], np.int32))[0].argmax() == 0


@pytest.mark.parametrize("most_kept", [25, 0], ids=["all kept", "the most recent kept"])
def test_a_row_that_many_ask_for_at_once_is_worked_out_once(most_kept: int) -> None:
    asked: list[int] = []

    def row(number: int) -> Floats:
        asked.append(number)
        return np.full(5, number, np.float32)

    kept = KeptRows(5, row, most_kept=most_kept)
    assert kept.of(np.array([2, 4, 2, 2]))[:, 0].tolist() == [2, 4, 2, 2]
    assert sorted(asked) == [2, 4]
