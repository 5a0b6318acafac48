import gzip
import json
import math
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digest.ranking.analysis import TITLE_WEIGHT, Analysis, analyse, unpack
from digest.ranking.query import phrase_forms
from tests.ranking.papers import contains_phrase

WORDS = ["graph", "Graphs", "the", "of", "GPT-4", "SE(3)-net,", "state-of-the-art", "C++", "s", "é"]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join) | st.text(max_size=60)


def test_terms_of_the_title_count_with_their_weight() -> None:
    found = analyse("Graph walks", "We walk the graph of a graph")
    assert found.counts == {"graph": TITLE_WEIGHT + 2, "walk": TITLE_WEIGHT + 1}
    assert found.length == 2 * TITLE_WEIGHT + 3


def test_phrases_are_found_in_title_and_abstract_but_not_across_them() -> None:
    found = analyse("On deep graphs", "walks of $n$-step agents")
    assert contains_phrase(found.phrases, phrase_forms("deep graph"))
    assert contains_phrase(found.phrases, phrase_forms("n-step agent"))
    assert not contains_phrase(found.phrases, phrase_forms("graphs walk"))


def test_a_paper_without_words_has_nothing() -> None:
    assert analyse("", "").length == 0
    assert unpack(analyse("", "").pack()).counts == {}


def test_a_word_said_very_often_is_kept_as_often() -> None:
    found = analyse("graph", "graph " * 300 + "node")
    assert unpack(found.pack()).counts == {"graph": 303, "node": 1}


@given(TEXTS, TEXTS)
def test_what_was_packed_comes_out_the_same(title: str, abstract: str) -> None:
    found = analyse(title, abstract)
    again = unpack(found.pack())
    assert again == found
    assert list(again.counts) == list(found.counts)


@given(TEXTS, TEXTS)
@example("State-of-the-art", "real-world-like real-world/toy state-of-the-art-ish")
def test_every_term_is_a_word_of_the_phrases(title: str, abstract: str) -> None:
    found = analyse(title, abstract)
    assert set(found.counts) <= set(found.phrases.split())
    assert all(found.counts.values())


@pytest.mark.parametrize(
    ("word", "spelled"),
    [
        ("real-world", "real world"),
        ("Real\u2011World", "real world"),
        ("state-of-the-art", "state of the art"),
    ],
)
def test_what_only_praises_counts_as_one_word_but_is_found_as_a_phrase(
    word: str, spelled: str
) -> None:
    found = analyse(f"{word} results", f"{word} data on a world of art")
    one = spelled.replace(" ", "")
    assert found.counts == {one: 4, "result": 3, "data": 1, "world": 1, "art": 1}
    for phrase in (word, f"{spelled} results", *spelled.split()):
        assert contains_phrase(found.phrases, phrase_forms(phrase))


@given(st.lists(st.sampled_from(WORDS), max_size=30))
def test_words_count_the_same_whatever_stands_beside_them(words: list[str]) -> None:
    together = Counter(analyse("", " ".join(words)).counts)
    apart = sum((Counter(analyse("", word).counts) for word in words), Counter())
    assert together == apart


@pytest.mark.recordings
def test_recorded_abstracts_keep_their_words_when_packed(recordings: Path) -> None:
    folder = recordings / "recordings/arxiv_daily_listing/dw-dengwei"
    lines = gzip.decompress(min(folder.glob("*.jsonl.gz")).read_bytes()).splitlines()
    found = [analyse(row["title"], row["summary"]) for row in map(json.loads, lines)]
    assert [unpack(one.pack()) for one in found] == found
    sizes = [len(one.pack()) for one in found]
    assert math.fsum(sizes) / len(sizes) < 1000
    assert all(isinstance(one, Analysis) and one.length > 20 for one in found)
