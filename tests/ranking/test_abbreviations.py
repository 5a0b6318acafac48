"""Who names a thing in full means the papers that only say its short form, and the other way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.interests import Interest, InterestKind
from digest.ranking.corpus import Corpus
from digest.ranking.explain import saying
from digest.ranking.relevance import FLOOR, excluded_rows, matches
from digest.ranking.short_forms import introduced, said_once
from tests.ranking.papers import candidate

CORPUS = Corpus(
    [
        candidate(1, "Poems by large language models", "A study of rhyme."),
        candidate(2, "LLMs that haggle", "An LLM bargains on a market."),
        candidate(
            3, "Judges", "Can large language models (LLMs) judge a graph neural network (GNN)?"
        ),
        candidate(4, "Seeing", "A multimodal large language model (MLLM) looks at maps."),
        candidate(5, "Bees", "They dance."),
        candidate(6, "More of these", "Each large language model (LLM) of them. GNN agents vote."),
        candidate(7, "MLLMs at sea", "Multimodal large language models (MLLMs) read charts."),
        candidate(8, "An MLLM for birds", "It listens."),
        candidate(9, "A law for lakes", "The Lake Level Mandate (LLM) of 1912."),
        candidate(10, "Search and act", "Search-and-act models (SAM) are ours."),
        candidate(11, "Sam the robot", "Sam stacks cups."),
        candidate(12, "On SAM", "Search-and-act models (SAM), looked at."),
    ]
)


@pytest.mark.parametrize(("gans", "gallium"), [(3, 2), (2, 3)])
def test_of_two_that_capitals_tell_apart_the_commoner_is_meant(gans: int, gallium: int) -> None:
    texts = [
        *["Generative adversarial networks (GANs) draw."] * gans,
        *["Gallium nitride (GaN) shines."] * gallium,
        "Generative adversarial networks.",
        "Gallium nitride.",
    ]
    corpus = Corpus([candidate(n, "Paper", text) for n, text in enumerate(texts)])

    found = set(corpus.rows_meaning("GAN").tolist())

    assert found == {*range(5), 5 if gans > gallium else 6}


def test_what_stands_for_nothing_that_can_be_read_is_no_short_form() -> None:
    torn = r"Of '\label{m (LM) and more."  # a macro that does not end
    corpus = Corpus([candidate(1, "Torn", torn), candidate(2, "Torn, too", torn)])

    assert corpus.rows_meaning("torn").tolist() == [0, 1]


@pytest.mark.parametrize(
    ("value", "gone"),
    [
        ("large language models", {0, 1, 2, 3, 5, 6, 7}),
        ("LLMs", {0, 1, 2, 3, 5, 6, 7, 8}),  # whoever writes the letters is taken at their word
        ("multimodal LLM", {3, 6, 7}),
        ("search and act models", {9, 11}),  # and not whoever is called Sam
        ("large language models (LLMs)", {0, 1, 2, 3, 5, 6, 7, 8}),
        ("LLMs (large language models)", {0, 1, 2, 3, 5, 6, 7, 8}),
        ("dancing (bees)", set()),
        ("graph neural networks", {2}),  # a single paper's short form is its own affair
        ("GNN", {2, 5}),
        ("bees", {4}),
    ],
)
def test_a_term_is_excluded_with_its_short_form(value: str, gone: set[int]) -> None:
    assert set(excluded_rows(CORPUS, value).tolist()) == gone


def test_a_short_form_is_the_same_with_its_words_in_another_order_or_fewer() -> None:
    multimodal = "Multimodal large language models (MLLMs) see bees."
    corpus = Corpus(
        [
            candidate(1, "Cows", "Large multimodal language models (MLLMs) see cows."),
            candidate(2, "Milk", "Micro liquid level meters (MLLMs) measure milk."),
            *(candidate(n, "Bees", multimodal) for n in range(3, 8)),
            *(candidate(n, "Hens", "Large language models (LLMs).") for n in range(8, 11)),
        ]
    )
    assert set(excluded_rows(corpus, "LLMs").tolist()) == {0, *range(2, 10)}


NAMES = Corpus(
    [
        candidate(1, "Painting", "Generative adversarial networks (GANs) do art."),
        candidate(2, "Faces", "A generative adversarial network (GAN) is state-of-the-art (SOTA)."),
        candidate(3, "A GAN in general", "It is SOTA, state-of-the-art (SOTA)."),
        candidate(4, "Cheap GANs", "They are small."),
        candidate(5, "Tuning", "Low-rank adaptation (LoRA) of a pre-trained transformer (PT)."),
        candidate(6, "Tuning more", "Low-rank adapters (LoRA), a pre-trained transformer (PT)."),
        candidate(7, "Tuning less", "Low-rank adaptation."),
        *(candidate(n, "Reports", "PT writes them.") for n in range(8, 15)),
        candidate(15, "CycleGANs", "They turn horses into zebras."),
    ]
)


@pytest.mark.parametrize(
    ("value", "gone"),
    [
        ("adversarial", {0, 1, 2, 3, 14}),
        ("GAN", {0, 1, 2, 3, 14}),  # a CycleGAN is one
        ("general", {2}),  # which has the stem of "generative"
        ("art", {0}),  # which no SOTA is about
        ("LoRA", {4, 5, 6}),
        ("low-rank adaptation", {4, 5, 6}),
        ("transformers", {4, 5}),  # for most, PT is but a name
        ("pre-trained transformers", {4, 5, *range(7, 14)}),
    ],
)
def test_a_short_form_is_no_more_than_what_it_stands_for(value: str, gone: set[int]) -> None:
    assert set(excluded_rows(NAMES, value).tolist()) == gone


def test_a_long_phrase_is_looked_for_as_it_is() -> None:
    wordings = CORPUS.abbreviations.wordings

    assert len(list(wordings("LLM agents"))) > 1
    assert len(list(wordings("LLM agents " * 20))) == 1


def test_a_must_is_met_by_its_short_form() -> None:
    met = matches(CORPUS, Interest(InterestKind.KEYWORD, "large language models"))

    assert met[1] > 0
    assert not met[4]
    assert not met[8]


@pytest.mark.parametrize(
    ("interest", "row"),
    [
        ("large language models", 1),
        ("bargaining large language models", 1),
        ("LLMs", 0),
        ("rhyming LLMs", 0),
        ("search-and-act models", 11),
    ],
)
def test_an_interest_finds_the_papers_that_say_it_in_other_words(interest: str, row: int) -> None:
    asked = Interest(InterestKind.TEXT, interest)

    assert matches(CORPUS, asked)[row] >= FLOOR
    assert saying(CORPUS, asked)(row) == f"matches “{interest}”"


def test_a_name_in_small_letters_is_no_short_form() -> None:
    assert matches(CORPUS, Interest(InterestKind.TEXT, "search-and-act models"))[10] < FLOOR


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Large language models (LLMs) talk.", [("LLM", "Large language models")]),
        ("a vision–language–action (VLA) model", [("VLA", "vision–language–action")]),
        ("low-rank adaptation (LoRA)", [("LoRA", "low-rank adaptation")]),
        ("a proximal policy optimization (PPO)", [("PPO", "proximal policy optimization")]),
        ("both independent and identically distributed (IID)", [("IID", None)]),
        ("out-of-distribution (OOD) data", [("OOD", "out-of-distribution")]),
        ("with 3D Gaussian splatting (3DGS)", [("3DGS", "3D Gaussian splatting")]),
        ("deep operator networks (DeepONets)", [("DeepONet", "deep operator networks")]),
        ("reinforcement learning from human feedback (RLHF)", [("RLHF", None)]),
        ("as others (Smith and Lee) say", []),
        ("three stages (A), (B) and (C)", []),
        ("ends. We (UK) go", []),
        ("nothing that fits (XYZ)", []),
        ("LLM (LLM)", []),
        ("(LLM)", []),
    ],
)
def test_a_short_form_stands_behind_what_it_is_short_for(
    text: str, found: list[tuple[str, str | None]]
) -> None:
    said = list(introduced(text))

    assert [short for short, _ in said] == [short for short, _ in found]
    assert all(long in (None, here) for (_, here), (_, long) in zip(said, found, strict=True))


def test_only_the_beginning_of_a_very_long_text_is_looked_through() -> None:
    said = "large language models (LLMs) "

    assert list(introduced(said + "words " * 5_000)) == [("LLM", "large language models")]
    assert list(introduced("words " * 5_000 + said)) == []


@pytest.mark.parametrize(
    ("phrase", "said"),
    [
        ("agents with graph neural networks (GNNs)", ["graph neural networks", "GNNs"]),
        ("graph neural networks (GNN) at work", ["graph neural networks at work", "GNN at work"]),
        ("GNN (graph neural networks)", ["GNN", "graph neural networks"]),
        ("graphs (all of them)", ["graphs (all of them)"]),
        ("SE(3)", ["SE(3)"]),
    ],
)
def test_a_phrase_may_say_a_thing_in_full_and_in_short(phrase: str, said: list[str]) -> None:
    assert [each.removeprefix("agents with ") for each in said_once(phrase)] == said


@given(st.text(alphabet="abAB1-. ()ßİ\n", max_size=60))
def test_whatever_a_text_says_a_short_form_is_shorter_and_has_its_letters(text: str) -> None:
    for short, long in introduced(text):
        assert len(short) < len(long)
        letters = iter(long.casefold())
        assert all(letter in letters for letter in short.casefold() if letter.isalnum())
