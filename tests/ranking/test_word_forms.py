"""A word is found in its forms, and not in other words of the same stem."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.interests import Interest, InterestKind
from digest.ranking.corpus import Corpus
from digest.ranking.relevance import excluded_rows, matches
from digest.ranking.text import stem
from digest.ranking.word_forms import form, says, words_of
from tests.ranking.papers import candidate

_FORMS = """policy policies | survey surveys surveyed surveying | agent agents agentic
    | robot robots robotic robotics | quantize quantized quantizing quantization
    | segment segments segmented segmentation | cluster clusters clustering clustered
    | retrieval retrieve retrieved retrieving | causal causality causally | answer answering
    | equivariant equivariance | variable variables | adversary adversaries | density densities
    | transformer transformers | interpretable interpretability | generative generatively
    | enable enables enabled enabling | enhance enhanced enhancing | scale scales scaling scaled
    | derive derived | balance balanced | systematic systematically | dynamics dynamically
    | llm llms | gnn gnns | pde pdes | gpu gpus | lstm lstms | mdp mdps | gan gans
    | model models modelling modeling | tumour tumours tumor | matrix matrices | plan planning"""
_OTHERS = """occupancy occupational | generative general | generation generic | animation animal
    | critic critical | universe university | university universal | organ organic
    | organ organization | community communication | experience experiment | object objective
    | position positive |  optimal optimization | transformer transformation
    | optimizer optimization | generator generation | encoder encoding | several severe
    | gps gp | tts tt | computer computational | physics physical | adaptation adaptive"""


@pytest.mark.parametrize("words", [group.split() for group in _FORMS.split("|")])
def test_all_forms_of_a_word_are_found_by_each_other(words: list[str]) -> None:
    for asked, said in permutations(words, 2):
        assert form(asked).matches(form(said)), (asked, said)
        assert says(asked, words_of(f"we study {said} here"))


@pytest.mark.parametrize("words", [pair.split() for pair in _OTHERS.split("|")])
def test_another_word_of_the_same_stem_is_no_form(words: list[str]) -> None:
    asked, said = words
    assert stem(asked) == stem(said)
    assert not says(asked, words_of(f"we study {said} here"))
    assert not says(said, words_of(f"we study {asked} here"))
    assert says(asked, words_of(f"we study {said} here", f"and {asked} there"))


_words = st.from_regex(r"[a-z]{1,14}", fullmatch=True)


@given(_words, _words)
def test_what_is_a_form_of_another_is_so_both_ways(one: str, other: str) -> None:
    assert form(one).matches(form(one))
    assert form(one).matches(form(other)) == form(other).matches(form(one))
    assert says(one, words_of(f"{other} and {one}"))


def test_words_that_are_not_of_ascii_letters_are_found_as_they_are() -> None:
    assert says("GPT-4", words_of("we probe gpt-4"))
    assert says("größe", words_of("die Größe der Netze"))
    assert says("扩散", words_of("关于扩散模型"))


def test_a_word_that_is_spelled_joined_or_apart_is_left_to_the_stems() -> None:
    assert says("finetuning", words_of("fine tuning of models"))
    assert says("fine-tuning", words_of("finetuning of models"))


def test_each_word_of_a_phrase_must_be_there_though_two_have_one_stem() -> None:
    assert says("organ organization", words_of("organs, and how organizations buy them"))
    assert not says("organ organization", words_of("organizations alone"))


@pytest.mark.parametrize(
    ("one", "many"),
    [("mouse", "mice"), ("bias", "biases"), ("gas sensor", "gases sensor"), ("Virus", "VIRUSES")],
)
def test_plurals_with_stems_of_their_own_are_the_same_word(one: str, many: str) -> None:
    corpus = Corpus([candidate(1, f"Of {one}"), candidate(2, f"Of {many}"), candidate(3, "Of GA")])
    assert excluded_rows(corpus, one).tolist() == [0, 1]
    assert excluded_rows(corpus, many).tolist() == [0, 1]


def test_keywords_and_exclusions_mean_the_word_and_not_its_stem() -> None:
    corpus = Corpus(
        [
            candidate(1, "A generative model of rooms"),
            candidate(2, "A general model of rooms"),
            candidate(3, "Rooms, generatively"),
            candidate(4, "In general, generative models draw rooms"),
        ]
    )
    found = matches(corpus, Interest(InterestKind.KEYWORD, "generative"))
    assert found.nonzero()[0].tolist() == [0, 2, 3]
    assert excluded_rows(corpus, "general").tolist() == [1, 3]
