from hypothesis import given
from hypothesis import strategies as st

from digest.core.interests import Interest, InterestKind
from digest.ranking.corpus import Corpus, RankingPaper
from digest.ranking.explain import MAX_REASON_CHARS, joined, liking, saying, shortened
from digest.ranking.meaning import LikedPaper
from digest.ranking.static_table import StaticTable
from tests.ranking.papers import ALL, GRASP, JUDGE, MOLECULE, candidate

CORPUS = Corpus(ALL, None)
ROW = {paper.paper_id: row for row, paper in enumerate(CORPUS.papers)}


def say(kind: InterestKind, value: str, paper: RankingPaper) -> str:
    row = ROW[paper.paper_id]
    return saying(CORPUS, Interest(kind, value))(row)


def test_an_interest_that_is_met_is_said_in_its_own_words() -> None:
    assert say(InterestKind.TEXT, "Diffusion policies", GRASP) == "matches “Diffusion policies”"
    assert say(InterestKind.KEYWORD, "LLM evaluation", JUDGE) == "matches “LLM evaluation”"


def test_an_interest_met_in_part_is_said_with_the_words_that_were_found() -> None:
    assert (
        say(InterestKind.TEXT, "graph neural networks for weather radars", MOLECULE)
        == "matches “graph neural networks” of “graph neural networks for…”"
    )
    assert (
        say(InterestKind.TEXT, "robot surgery, grasp planning", GRASP)
        == "matches “robot”, “grasp” of “robot surgery, grasp planning”"
    )


def test_of_many_words_the_rarest_are_said_in_their_order() -> None:
    common = [candidate(n, "We develop methods that enable robots to act") for n in range(1, 9)]
    rare = candidate(9, "Methods we develop that enable tactile hands to act with dexterous skill")
    corpus = Corpus([*common, rare])
    lab = (
        "We develop methods that enable robots with tactile sensing to act in homes, dexterous too"
    )
    told = saying(corpus, Interest(InterestKind.TEXT, lab))(8)
    assert told == "matches “tactile”, “dexterous” of “We develop methods that enable…”"


def test_words_are_said_together_only_where_the_paper_has_them_together() -> None:
    corpus = Corpus(
        [
            candidate(1, "Dark matter from a direct hit", "A detection."),
            candidate(2, "It does matter in the dark", "A detection."),
        ]
    )
    say = saying(corpus, Interest(InterestKind.TEXT, "dark matter in small galaxy clusters"))
    assert say(0) == "matches “dark matter” of “dark matter in small galaxy…”"
    assert say(1) == "matches “dark”, “matter” of “dark matter in small galaxy…”"


def test_a_name_of_two_words_is_said_only_where_the_paper_has_it() -> None:
    corpus = Corpus(
        [
            candidate(1, "A model of language", "It speaks."),
            candidate(2, "Language models", "Each language model (LM) of them."),
            candidate(3, "LMs", "Another language model (LM). Language models."),
            candidate(4, "Short LMs", "An LM is brief."),
        ]
    )
    said = saying(corpus, Interest(InterestKind.TEXT, "language models"))

    assert said(0) == "matches “language”, “models”"
    assert said(1) == said(3) == "matches “language models”"


def test_two_words_are_said_as_one_name_only_where_they_stand_side_by_side() -> None:
    corpus = Corpus(
        [
            candidate(1, "Growth at the surface", "Of minimal cost."),
            candidate(2, "Area and minimal surfaces", "In three dimensions."),
        ]
    )
    said = saying(corpus, Interest(InterestKind.TEXT, "minimal surfaces"))
    assert [said(0), said(1)] == ["matches “minimal”, “surfaces”", "matches “minimal surfaces”"]


def test_a_brief_interest_is_said_whole_only_where_no_word_of_it_is_missing() -> None:
    common = [candidate(n, "The language of bees") for n in range(2, 40)]
    corpus = Corpus([candidate(1, "Endangered fish"), *common])
    said = saying(corpus, Interest(InterestKind.TEXT, "endangered languages"))
    assert said(0) == "matches “endangered” of “endangered languages”"


def test_a_word_of_the_same_stem_is_not_said_to_be_there() -> None:
    corpus = Corpus(
        [
            candidate(1, "Inference under many variations", "A single site, a cell."),
            candidate(2, "Variational inference", "Of single cells."),
        ]
    )
    say = saying(corpus, Interest(InterestKind.TEXT, "variational inference"))
    assert say(0) == "matches “inference” of “variational inference”"
    assert say(1) == "matches “variational inference”"
    say = saying(corpus, Interest(InterestKind.TEXT, "single-cell atlas"))
    assert say(0) == "close in meaning to “single-cell atlas”"
    assert say(1) == "matches “single-cell” of “single-cell atlas”"


def test_words_that_were_found_are_spelled_as_the_interest_spells_them() -> None:
    assert (
        say(InterestKind.TEXT, "Robot surgery, GRASP planning", GRASP)
        == "matches “Robot”, “GRASP” of “Robot surgery, GRASP planning”"
    )
    # And not as a part of another word, as the "ai" of "explainable AI".
    assert (
        say(InterestKind.TEXT, "Regrasping birds with a GRASP", GRASP)
        == "matches “GRASP” of “Regrasping birds with a GRASP”"
    )


def test_an_interest_met_without_any_of_its_words_is_close_in_meaning() -> None:
    assert (
        say(InterestKind.TEXT, "manipulators with fingers", JUDGE)
        == "close in meaning to “manipulators with fingers”"
    )


def test_an_author_is_said_as_the_paper_prints_the_name() -> None:
    assert say(InterestKind.AUTHOR, "hal, mira", GRASP) == "by Mira Hal, an author you follow"
    assert say(InterestKind.AUTHOR, "M. Hal", JUDGE) == "by M. Hal, an author you follow"


def test_of_initials_it_is_said_that_they_may_be_those_of_another() -> None:
    assert say(InterestKind.AUTHOR, "Mira Hal", JUDGE) == "by M. Hal, maybe an author you follow"


def test_a_category_is_said_as_the_paper_has_it() -> None:
    assert say(InterestKind.CATEGORY, "cs.*", GRASP) == "in cs.RO"


def test_a_liked_paper_is_said_by_its_title_cut_between_words() -> None:
    liked = LikedPaper(title="A paper with a title that goes on and on until nobody listens")
    assert liking(liked, "which you liked") == (
        "like “A paper with a title that goes on and on until nobody…”, which you liked"
    )


def test_a_liked_title_is_said_without_its_tex() -> None:
    told = liking(LikedPaper(title=r"Q&A of {P}oincar\'e on $\ell_1$"), "which you liked")
    assert told == "like “Q&A of Poincaré on ℓ_1”, which you liked"


def test_reasons_are_joined_where_both_fit_and_else_the_first_stands() -> None:
    assert joined("matches “x”", "", "new") == "matches “x” · new"
    assert joined("a" * 100, "b" * 30) == "a" * 100
    assert joined("word " * 40).endswith("word…")
    assert joined("", "") == ""


@given(st.lists(st.text(max_size=200), max_size=4))
def test_a_line_of_reasons_is_always_less_than_120_characters(reasons: list[str]) -> None:
    assert len(joined(*reasons)) < MAX_REASON_CHARS


@given(st.text(max_size=200), st.integers(2, 100))
def test_a_shortened_text_fits(text: str, most: int) -> None:
    assert len(shortened(text, most)) <= max(most, 0)


def test_words_of_any_abstract_are_not_what_a_paper_is_said_to_match_by(
    shipped: StaticTable,
) -> None:
    papers = [candidate(1, "A large study of model trains"), candidate(2, "Language of bees")]
    wish = Interest(InterestKind.TEXT, "large language models")
    said = [saying(Corpus(papers, table=one), wish)(0) for one in (None, shipped)]
    assert said == [
        "matches “large”, “models” of “large language models”",
        "close in meaning to “large language models”",
    ]


def test_a_paper_of_a_field_that_does_not_say_its_name_is_told_of_by_its_category() -> None:
    corpus = Corpus(
        [
            candidate(1, "Points on elliptic curves", categories=("math.AG", "math.NT")),
            candidate(2, "Number theory of elliptic curves", categories=("math.NT",)),
            candidate(3, "Mitosis", categories=("Cell Biology",)),
            candidate(4, "A theory of the number of hooks", categories=("math.NT",)),
            candidate(5, "Grippers", categories=("cs.RO",)),
        ]
    )
    say = saying(corpus, Interest(InterestKind.TEXT, "number theory"))
    told = [say(row) for row in (0, 1, 3)]
    filed = "in math.NT (number theory)"
    assert told == [filed, "matches “number theory”", filed]
    assert saying(corpus, Interest(InterestKind.TEXT, "robotics"))(4) == "in cs.RO (robotics)"
    assert saying(corpus, Interest(InterestKind.TEXT, "cell biology"))(2) == "in Cell Biology"
