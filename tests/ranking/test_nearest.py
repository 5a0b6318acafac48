"""Papers that lie near to a few words, though they have none of them."""

import numpy as np
import pytest

from digest.core.identifiers import PaperId
from digest.ranking.analysis import analyse
from digest.ranking.nearest import Nearest
from digest.ranking.static_table import StaticTable

# Two meanings: the sea, on the first axis, and the air, on the second; the third is for the rest.
TABLE = StaticTable(
    terms=("ocean", "sea", "air", "wind", "stone"),
    vectors=np.array(
        [[100, 0, 0], [90, 10, 0], [0, 100, 0], [10, 90, 0], [0, 0, 100]],
        np.int8,
    ),
    scales=np.ones(5, np.float32),
)


def nearest(*titles: str, capacity: int = 100) -> Nearest:
    found = Nearest(TABLE, {}, 100, capacity=capacity)
    found.put((PaperId(n), analyse(title)) for n, title in enumerate(titles, 1))
    return found


STONES = ["stone"] * 30


def test_a_paper_is_near_whose_words_mean_what_is_asked_for() -> None:
    among = nearest(*STONES, "wind", *STONES, "sea", *STONES)
    assert among.to("the ocean", 1) == [62]
    assert among.to("air", 1) == [31]
    assert among.to("stones", 5) == []  # what most are about is near to nothing


def test_equally_near_ones_come_newest_first_and_at_most_so_many() -> None:
    among = nearest("sea", *STONES, *STONES, "sea", "sea")
    assert among.to("ocean", 9) == [63, 62, 1]
    assert among.to("ocean", 2) == [63, 62]


@pytest.mark.parametrize("text", ["", "the", "unheard of", "\x00"])
def test_nothing_is_near_to_words_that_the_table_lacks(text: str) -> None:
    assert nearest("sea", *STONES).to(text, 5) == []


def test_nothing_is_near_where_nothing_is_known() -> None:
    assert nearest().to("ocean", 5) == []
    assert nearest("unheard", "unheard").to("ocean", 5) == []


def test_a_corrected_paper_lies_where_its_new_words_are() -> None:
    among = nearest("sea", *STONES)
    among.put([(PaperId(1), analyse("stone")), (PaperId(2), analyse("sea"))])
    assert among.to("ocean", 5) == [2]


def test_only_the_papers_stored_last_are_kept() -> None:
    among = nearest("sea", *STONES, "sea", capacity=31)
    assert among.to("ocean", 5) == [32]
