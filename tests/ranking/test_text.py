import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digest.core.latex import readable
from digest.ranking import text as module
from digest.ranking.query import asked, phrase_forms, query_words
from digest.ranking.text import fold, phrase_text, read, stem, terms
from tests.ranking.papers import contains_phrase


def holds(text: str, phrase: str) -> bool:
    return contains_phrase(phrase_text(read(text)), phrase_forms(phrase))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("policies", "policy"),
        ("matrices", "matrix"),
        ("meta-analyses", "meta-analysis"),
        ("optimisation", "optimization"),
        ("behaviours", "behavior"),
        ("LLMs", "llm"),
        ("Schrödinger", "Schrodinger"),
        ("ﬁne", "fine"),
        ("Alzheimer's", "Alzheimer’s"),
        (r"G\"odel", "Gödel"),
        ("Łukasiewicz", "Lukasiewicz"),
    ],
)
def test_two_spellings_of_a_word_give_the_same_terms(one: str, other: str) -> None:
    assert terms(read(one)) == terms(read(other))


def test_words_that_only_look_alike_are_kept_apart() -> None:
    assert stem("supervised") == stem("supervision")
    assert stem("noise") != stem("noiz")
    assert stem("four") == "four"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GPT-4", ["gpt", "4", "gpt4"]),
        ("3D", ["3d"]),
        ("SE(3)", ["se", "3", "se3"]),
        ("state-of-the-art", ["state", "art", "stateoftheart"]),
        (r"$\ell_1$", ["l", "1", "l1"]),
        ("C++ and C#", ["c++", "c#"]),
        ("the of and", []),
    ],
)
def test_compounds_are_kept_in_parts_and_joined(text: str, expected: list[str]) -> None:
    found = terms(read(text))
    assert [term for term in expected if term not in found] == []
    assert bool(found) == bool(expected)


def test_scripts_without_spaces_are_read_character_by_character() -> None:
    assert terms(read("扩散模型")) == ["扩", "散", "模", "型"]
    assert holds("视频扩散模型的综述", "扩散模型")


def test_folding_an_ascii_text_and_another_follow_the_same_rules() -> None:
    assert fold("The O'Neil Model's") == fold("The O’Neil Model’s")


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("A survey of diffusion policies", "diffusion policy"),
        ("Fine-tuning small models", "fine tuning"),
        ("Finetuning small models", "fine-tuning"),
        ("Fine tuning small models", "finetuning"),
        ("Low rank finetuning", "low-rank fine-tuning"),
        ("Diffusion-based models", "diffusion models"),
        ("We evaluate GPT-4-turbo", "GPT4"),
        ("We evaluate GPT 4", "GPT-4"),
        ("an SE(3)-equivariant network", "SE(3)"),
        ("The state of the art", "state-of-the-art"),
        ("Is it all you need?", "all you need"),
    ],
)
def test_a_phrase_is_found_in_any_form_of_its_words(text: str, phrase: str) -> None:
    assert holds(text, phrase)


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("diffusion of robot policies", "diffusion policies"),
        ("a category of surveyors' tools", "cat"),
        ("state art", "state of the art"),
        ("anything", "…"),
    ],
)
def test_a_phrase_is_not_found_in_other_words_or_another_order(text: str, phrase: str) -> None:
    assert not holds(text, phrase)


def test_a_phrase_does_not_reach_from_one_text_into_the_next() -> None:
    assert not contains_phrase(
        phrase_text(read("Robot"), read("Learning")), phrase_forms("robot learning")
    )


def test_a_query_leaves_out_wrapping_and_repetition_but_counts_it() -> None:
    words = query_words("I am interested in papers on graphs, graph matching")
    assert [(word.spelling, word.times) for word in words] == [("graphs", 2), ("matching", 1)]


def test_terms_of_a_query_leave_out_wrapping_too_and_count_what_is_said_twice() -> None:
    assert asked("Find articles that describe graphs, graph matching").terms == (
        *("graph", "graph", "match"),
    )


@pytest.mark.parametrize(
    "text", ["I'm sure (e.g., of graphs)", "We’ve graphs, i.e. I’d", "don't be sure w.r.t. graphs"]
)
def test_contractions_and_asides_are_no_words(text: str) -> None:
    assert set(terms(read(text))) <= {"sure", "graph"}
    assert not contains_phrase(phrase_text(read(text)), phrase_forms("g"))


def test_what_looks_like_a_contraction_without_its_apostrophe_is_a_word() -> None:
    assert terms(read("ill-posed ID cards, IM clients")) == [
        *("ill", "pose", "illpos", "id", "card", "im", "client"),
    ]


def test_a_query_of_nothing_but_wrapping_is_taken_as_it_is() -> None:
    assert [word.spelling for word in query_words("related work")] == ["related", "work"]
    assert asked("related work").terms == ("relat", "work")
    assert query_words("of the") == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("working memory", ["working", "memory"]),
        ("remote work in cities", ["remote", "work", "cities"]),
        ("the future of work", ["future", "work"]),
        ("recent work on robots", ["robots"]),
        ("previous work on robots", ["previous", "robots"]),
        ("I am working with robots", ["robots"]),
        ("what early work has been done on robots", ["early", "robots"]),
    ],
)
def test_work_is_what_a_query_asks_for_beside_a_word_that_tells(
    text: str, words: list[str]
) -> None:
    assert [word.spelling for word in query_words(text)] == words
    assert len(asked(text).terms) == len(words)


def test_small_words_of_a_german_query_do_not_count() -> None:
    words = query_words("Transformer für die Diagnose von ALS und Demenz")
    assert [word.spelling for word in words] == ["transformer", "diagnose", "als", "demenz"]
    # What these letters mean elsewhere.
    assert [word.spelling for word in query_words("fur of cats that die")] == ["fur", "cats", "die"]
    assert [word.spelling for word in query_words("van der Waals")] == ["van", "der", "waals"]


def test_neighbouring_words_of_a_query_may_occur_as_one() -> None:
    fine, tuning = query_words("fine tuning")
    assert ("finetun",) in fine.alternatives
    assert ("finetun",) in tuning.alternatives
    assert (fine.followed_by, tuning.followed_by) == ("tuning", None)


_PIECES = st.sampled_from(
    [
        *"Graph's models, (LLMs) GPT-4 SE(3)-net l_1 C++ C#x F# -- - ' ’s ² ﬁne É ́ e ̈ 中文".split(),
        *"+ # ( ) _ ^ s".split(),
        " ",
    ]
)


@given(st.lists(_PIECES, max_size=15).map("".join) | st.text(max_size=40))
@example("state-of-the-art (GPT-4)")
def test_a_text_has_the_words_of_its_pieces(text: str) -> None:
    """It is read from space to space; the grammar of words is that of whole texts."""
    whole = [
        tuple(module._PART.findall(word))
        for word in module._COMPOUND.findall(fold(" ".join(readable(text).split())))
    ]
    assert [parts for chunk in read(text) for parts in chunk.words] == whole


def test_a_letter_that_looks_like_an_ending_is_kept() -> None:
    assert stem("s") == "s"
    assert holds("the words of warmth (W) and sociability (S)", "sociability (S)")
