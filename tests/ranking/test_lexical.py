import math

import numpy as np
import pytest

from digest.ranking.analysis import analyse
from digest.ranking.lexical import K1, B, Background, Document, LexicalIndex


def document(title: str, abstract: str = "", *names: str) -> Document:
    return Document(analysis=analyse(title, abstract), names=names)


def test_scores_are_those_of_the_published_formula() -> None:
    index = LexicalIndex([document("", "graph graph node"), document("", "node"), document("", "")])
    rarity = math.log(1 + (3 - 1 + 0.5) / (1 + 0.5))
    norm = K1 * (1 - B + B * 3 / (4 / 3))
    expected = rarity * 2 * (K1 + 1) / (2 + norm)
    assert index.scores({"graph": 1.0}).tolist() == pytest.approx([expected, 0, 0])
    assert index.scores({"graph": 2.0})[0] == pytest.approx(2 * expected)


def test_an_index_of_nothing_answers_with_nothing() -> None:
    index = LexicalIndex([])
    assert index.scores({"graph": 1.0}).shape == (0,)
    assert index.phrase_rows("graph").tolist() == []


def test_a_word_in_the_title_counts_more_than_one_in_the_abstract() -> None:
    index = LexicalIndex([document("graph", "node edge"), document("node", "graph edge")])
    first, second = index.scores({"graph": 1.0})
    assert first > second > 0


def test_words_that_are_common_in_the_background_count_less() -> None:
    documents = [document("graph node"), document("edge")]
    plain = LexicalIndex(documents)
    informed = LexicalIndex(documents, background=Background(documents=1000, counts={"graph": 900}))
    assert plain.rarity("graph") == plain.rarity("node")
    assert informed.rarity("graph") < informed.rarity("node")
    assert informed.rarity("graph") > 0


def test_names_are_found_by_whole_words_and_never_as_text() -> None:
    index = LexicalIndex([document("tree", "", "Ada Graph"), document("graph")])
    assert index.scores({"graph": 1.0}).tolist()[0] == 0
    assert index.scores({"@graph": 1.0}).tolist()[1] == 0
    assert index.scores({"@graph": 1.0})[0] > 0


def test_likeness_of_documents_is_one_for_twins_and_zero_for_strangers() -> None:
    index = LexicalIndex(
        [document("graph walks"), document("graph walks"), document("protein"), document("")]
    )
    cosines = index.vectors.cosines(0)
    assert cosines == pytest.approx(np.array([1, 1, 0, 0]))


def test_a_score_divided_by_both_lengths_is_their_cosine() -> None:
    index = LexicalIndex(
        [
            document("graph walks"),
            document("walks of a protein", "graph"),
            document("bread"),
            document(""),
        ]
    )
    lengths = index.lengths
    for row in (0, 1, 2):
        found = index.kin(row)[:3] / (lengths[row] * lengths[:3])
        assert found[row] == pytest.approx(1.0)
        assert 0 <= found.min() <= found.max() <= 1.0001
    assert lengths[3] == 0


def test_a_phrase_gives_the_rows_of_title_or_abstract_in_order() -> None:
    index = LexicalIndex(
        [document("x", "deep graph walks"), document("walks graph"), document("Graph walk")]
    )
    assert index.phrase_rows("graph walks").tolist() == [0, 2]
    assert index.phrase_rows("to be").tolist() == []


def test_neighbours_are_found_side_by_side_and_as_one_word_but_never_apart() -> None:
    index = LexicalIndex(
        [
            document("fine-tuning of graphs"),
            document("finetuning graphs"),
            document("a fine graph, tuned"),
            document("tuning fine graphs"),
            document("we are fine tuning"),
        ]
    )
    found = index.neighbour_rows([("fine", "tuning"), ("fine", "quark")])
    assert [rows.tolist() for rows in found] == [[0, 1, 4], []]
