import numpy as np
import pytest

from digest.ranking.analysis import analyse
from digest.ranking.kinship import Kinship
from digest.ranking.lexical import Document, LexicalIndex

TITLES = ("graph matching by walks", "walks on graphs", "protein folding", "matching proteins", "")


@pytest.mark.parametrize("most_kept", [25, 0], ids=["all kept", "the most recent kept"])
def test_likeness_to_rows_is_each_ones_score_as_a_query(most_kept: int) -> None:
    index = LexicalIndex(Document(analysis=analyse(title)) for title in TITLES)
    kinship = Kinship(index, most_kept=most_kept)
    for _ in range(2):
        found = kinship.of(np.array([3, 0], np.int32))
        assert found == pytest.approx(np.stack([index.kin(3), index.kin(0)]))
    assert kinship.of(np.array([0], np.int32))[0].argmax() == 0
