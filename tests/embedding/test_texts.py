"""Whose fault it is when a text is not taken: its own, or the model's."""

import pytest

from digest.core.errors import EncoderUnavailable
from digest.embedding.prompts import NO_PROMPTS, Kind, Prompts
from digest.embedding.texts import encode_each, query_hash, text_hash
from tests.fakes import FakeEncoder


def refusing(*words: str) -> FakeEncoder:
    encoder = FakeEncoder()
    encoder.refused = frozenset(words)
    return encoder


def test_a_text_among_others_that_is_not_taken_has_no_vector() -> None:
    found = encode_each(refusing("toolong"), ["robots", "toolong", "wine"])
    assert [one is None for one in found] == [False, True, False]


def test_a_text_alone_is_at_fault_where_the_model_takes_another() -> None:
    assert encode_each(refusing("toolong"), ["toolong"]) == [None]


def test_a_model_that_takes_no_other_text_either_is_at_fault() -> None:
    with pytest.raises(EncoderUnavailable, match="input is too long"):
        encode_each(refusing("toolong", "probe"), ["toolong"])
    encoder = FakeEncoder()
    encoder.down = "host is down"
    with pytest.raises(EncoderUnavailable, match="host is down"):
        encode_each(encoder, ["robots"])
    assert len(encoder.asked) == 1


def test_all_texts_of_a_batch_are_of_one_kind() -> None:
    encoder = refusing("toolong")
    encoder.prompts = Prompts(query="q: ", document="d: ")
    encode_each(encoder, ["robots", "toolong"], Kind.QUERY)
    assert {text[:3] for texts in encoder.asked for text in texts} == {"q: "}


def test_interests_are_told_apart_by_what_stands_before_them() -> None:
    assert query_hash("robots", NO_PROMPTS) == text_hash("robots")
    assert query_hash("robots", Prompts(document="d: ")) == text_hash("robots")
    assert query_hash("robots", Prompts(query="q: ")) == text_hash("q: robots")
