from hypothesis import given
from hypothesis import strategies as st

from digest.ranking.analysis import analyse
from digest.ranking.lexical import Document, LexicalIndex
from digest.ranking.query import neighbour_forms
from tests.ranking.papers import contains_phrase

WORDS = ["graph", "graphs", "of", "fine", "tuning", "finetuning", "fine-tuning", "n-gram", "walk."]
texts = st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)


@given(
    st.lists(st.tuples(texts, texts), max_size=5),
    st.sampled_from(["graph", "fine", "walk", "n-gram"]),
    st.sampled_from(["tuning", "walks", "graphs", "n-gram"]),
)
def test_neighbours_are_where_the_text_holds_them_side_by_side_or_as_one(
    papers: list[tuple[str, str]], word: str, follower: str
) -> None:
    analyses = [analyse(title, abstract) for title, abstract in papers]
    index = LexicalIndex(Document(analysis=each) for each in analyses)
    forms = neighbour_forms(word, follower)
    expected = [n for n, each in enumerate(analyses) if contains_phrase(each.phrases, forms)]
    assert index.neighbour_rows([(word, follower)])[0].tolist() == expected
