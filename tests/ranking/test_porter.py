"""The stems are those of the published algorithm, as a library of its authors gives them."""

import gzip
import json
import re
from pathlib import Path

import pytest
import snowballstemmer
from hypothesis import example, given
from hypothesis import strategies as st

from digest.ranking.porter import porter

REFERENCE = snowballstemmer.stemmer("porter")
ENDINGS = (
    "s ies sses ss eed ed ing y tional enci anci abli entli eli izer ization ational ation ator "
    "alism aliti alli fulness ousli ousness iveness iviti biliti alize icate iciti ical ative ful "
    "ness al ance ence er ic able ible ant ement ment ent ou ism ate iti ous ive ize ion sion tion "
    "e l ll le"
).split()
BEGINNINGS = st.text("aeiouylstwxbz", max_size=6)
WORDS = st.tuples(BEGINNINGS, st.lists(st.sampled_from(ENDINGS), max_size=2).map("".join))


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("caresses", "caress"),
        ("hopping", "hop"),
        ("falling", "fall"),
        ("filing", "file"),
        ("happy", "happi"),
        ("syzygy", "syzygi"),
        ("relational", "relat"),
        ("generalizations", "gener"),
        ("adoption", "adopt"),
        ("controlling", "control"),
        ("isabelle", "isabel"),
        ("ayyzous", "ayyz"),
    ],
)
def test_words_lose_their_endings_step_by_step(word: str, wanted: str) -> None:
    assert porter(word) == wanted == REFERENCE.stemWord(word)


@given(WORDS.map("".join).filter(bool))
@example("y")
@example("s")
@example("eed")
def test_every_word_has_the_stem_of_the_reference(word: str) -> None:
    assert porter(word) == REFERENCE.stemWord(word)


@pytest.mark.recordings
def test_recorded_words_have_the_stems_of_the_reference(recordings: Path) -> None:
    folder = recordings / "recordings/arxiv_daily_listing/dw-dengwei"
    lines = gzip.decompress(min(folder.glob("*.jsonl.gz")).read_bytes()).splitlines()
    text = " ".join(json.loads(line)["summary"] for line in lines).lower()
    for word in set(re.findall("[a-z]+", text)):
        assert porter(word) == REFERENCE.stemWord(word)
