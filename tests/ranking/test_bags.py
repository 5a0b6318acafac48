from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.ranking import bags
from digest.ranking.analysis import analyse
from digest.ranking.bags import Bags, bags_of, saturated, scores, self_scores
from digest.ranking.lexical import Document, LexicalIndex

TERMS = st.lists(st.sampled_from(["graph", "match", "walk", "quark", "muon"]), max_size=8)


def document(title: str, abstract: str = "", *names: str) -> Document:
    return Document(analysis=analyse(title, abstract), names=names)


OWN = document("graph matching", "we match graphs by walks", "Ada Graph")
INDEX = LexicalIndex([OWN, document("walks", "on graphs", "Ada Graph"), document("trees")])


def as_documents(*counts: dict[str, int]) -> Bags:
    return saturated(INDEX, bags_of(INDEX, counts, [each.values() for each in counts]))


def test_a_document_scores_for_itself_as_it_would_in_the_index() -> None:
    said = as_documents(OWN.analysis.counts)
    (own,), (known,) = self_scores(INDEX, said)
    assert own == known == pytest.approx(float(scores(INDEX, said.known)[0, 0]), rel=1e-5)


def test_terms_that_no_document_has_count_for_a_documents_own_score_alone() -> None:
    said = as_documents({"graph": 1}, {"graph": 1, "quark": 1})
    assert (said.elsewhere, said.owners.tolist()) == (("quark",), [1])
    own, known = self_scores(INDEX, said)
    assert own[1] > known[1]
    assert own[0] == known[0]
    # Of a longer text each word says less.
    assert known[1] < known[0]


def test_kin_of_a_document_is_its_score_as_a_query() -> None:
    said = as_documents({"tree": 1}, OWN.analysis.counts)
    assert INDEX.kin(0) == pytest.approx(scores(INDEX, said.known)[1], rel=1e-5)


@given(st.lists(TERMS, max_size=5))
def test_texts_score_as_each_alone_and_as_weighted_terms_do(texts: list[list[str]]) -> None:
    found = scores(INDEX, bags_of(INDEX, texts).known)
    assert found.shape == (len(texts), INDEX.size)
    for text, row in zip(texts, found, strict=True):
        assert row.tolist() == scores(INDEX, bags_of(INDEX, [text]).known)[0].tolist()
        counted = {term: float(text.count(term)) for term in text}
        assert row == pytest.approx(INDEX.scores(counted), rel=1e-5)


@given(st.lists(TERMS, max_size=5), st.integers(1, 8))
def test_scores_do_not_hang_on_how_many_postings_are_added_up_at_once(
    texts: list[list[str]], most: int
) -> None:
    known = bags_of(INDEX, texts).known
    with patch.object(bags, "_POSTINGS_AT_ONCE", most):
        few = scores(INDEX, known)
    assert few.tobytes() == scores(INDEX, known).tobytes()


def test_no_texts_are_no_bags() -> None:
    said = bags_of(INDEX, [])
    assert (len(said), scores(INDEX, said.known).shape) == (0, (0, INDEX.size))
    assert [each.tolist() for each in self_scores(INDEX, said)] == [[], []]
    assert np.array_equal(saturated(INDEX, said).others, said.others)
