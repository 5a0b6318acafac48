import numpy as np
import pytest

from digest.ranking.analysis import analyse
from digest.ranking.kept_rows import KeptRows
from digest.ranking.lexical import Document, LexicalIndex

TITLES = ("graph matching by walks", "walks on graphs", "protein folding", "matching proteins", "")


@pytest.mark.parametrize("most_kept", [25, 0], ids=["all kept", "the most recent kept"])
def test_rows_are_given_in_the_order_asked_for_however_many_are_kept(most_kept: int) -> None:
    index = LexicalIndex(Document(analysis=analyse(title)) for title in TITLES)
    kept = KeptRows(index.size, index.kin, most_kept=most_kept)
    for _ in range(2):
        found = kept.of(np.array([3, 0], np.int32))
        assert found == pytest.approx(np.stack([index.kin(3), index.kin(0)]))
    assert kept.of(np.array([0], np.int32))[0].argmax() == 0
