"""What votes say of a reader's interests, in words."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.feedback import FeedbackKind
from digest.core.identifiers import PaperId
from digest.ranking.learnt import (
    HALF_LIFE_DAYS,
    MOST_WORDS,
    Learnt,
    VotedPaper,
    in_words,
    title_terms,
)

ROBOTS = "We study robots that move. Diffusion policies help with manipulation."


def voted(title: str, abstract: str = "", age_days: float = 0.0) -> VotedPaper:
    return VotedPaper(
        paper_id=PaperId(1),
        kind=FeedbackKind.MORE,
        title=title,
        abstract=abstract,
        age_days=age_days,
    )


def test_a_vote_counts_half_after_its_half_life() -> None:
    assert voted("A").weight == 1.0
    assert voted("A", age_days=HALF_LIFE_DAYS).weight == 0.5
    assert voted("A", age_days=2 * HALF_LIFE_DAYS).weight == 0.25
    assert voted("A", age_days=-1).weight == 1.0


def test_the_words_of_liked_papers_are_told_from_those_of_disliked_ones() -> None:
    learnt = in_words(
        [
            voted("Diffusion policies for robot manipulation", ROBOTS),
            voted("Manipulation by diffusion", ROBOTS),
        ],
        [voted("A survey of robot hands"), voted("Surveys of hands")],
    )
    assert learnt.more[:2] == ("diffusion", "manipulation")
    assert learnt.less == ("hands", "survey")
    assert str(learnt).startswith("more of: diffusion, manipulation")
    assert str(learnt).endswith("; less of: hands, survey")


def test_one_vote_says_what_its_title_says() -> None:
    assert in_words([voted("Diffusion for robot hands", ROBOTS)], []) == Learnt(
        more=("diffusion", "hands", "robot")
    )


def test_words_that_most_abstracts_have_are_not_what_somebody_likes() -> None:
    papers = [
        voted("Robots across kitchens"),
        *(voted("Robots of steel", "Robots work across halls.") for _ in range(5)),
    ]
    assert "across" in in_words(papers, []).more
    usual = {"across": 0.5, "robot": 0.1}
    assert in_words(papers, [], usual).more == ("robots", "steel", "kitchens")
    assert title_terms(papers) == {"across", "robot", "kitchen", "steel"}


def test_an_opened_paper_says_less_than_a_vote() -> None:
    opened = replace(voted("Graph limits"), kind=FeedbackKind.OPEN)
    assert 0 < opened.weight < voted("Graph limits").weight
    assert in_words([opened], [voted("Graph hands")]).less[0] == "hands"
    assert in_words([opened], []).more == ("graph", "limits")


def test_nothing_is_learnt_from_no_votes() -> None:
    assert in_words([], []) == Learnt()
    assert str(Learnt()) == ""


def test_words_of_any_paper_say_nothing() -> None:
    assert in_words([voted("A new method for learning with 2026 models")], []) == Learnt()


def test_words_that_both_sides_share_are_not_named() -> None:
    learnt = in_words([voted("Robot hands")], [voted("Robot feet")])
    assert (learnt.more, learnt.less) == (("hands",), ("feet",))


def test_words_are_spelled_as_titles_spell_them() -> None:
    learnt = in_words(
        [
            voted("GPT-4 and LLMs on ImageNet"),
            voted("Policies for LLMs"),
            voted("POLICIES? A policy!"),
            voted("Policies of $\\ell_1$ type"),
        ],
        [],
    )
    assert {"GPT-4", "LLMs", "ImageNet", "policies"} <= set(learnt.more)
    assert "policy" not in learnt.more


def test_an_old_vote_gives_way_to_a_new_one() -> None:
    learnt = in_words(
        [voted("Robot hands", age_days=2_000), voted("Graph limits")],
        [voted("Robot hands of steel")],
    )
    assert set(learnt.less) >= {"robot", "hands"}
    assert set(learnt.more) == {"graph", "limits"}


def test_one_vote_of_many_is_no_habit() -> None:
    others = [voted("Graph limits") for _ in range(9)]
    assert in_words([voted("Robot hands"), *others, *others], []).more == ("graph", "limits")


def test_no_side_gets_more_words_than_can_be_read() -> None:
    titles = [voted(f"{letter * 4} theory of {letter * 5}") for letter in "abcdef"]
    assert len(in_words(titles, []).more) == MOST_WORDS


@given(order=st.permutations(range(6)))
def test_the_order_of_votes_is_all_one(order: list[int]) -> None:
    papers = [
        voted(f"{word} robots", f"{word} diffusion", age_days=days)
        for days, word in enumerate(("walking", "running", "flying", "walking", "idle", "flying"))
    ]
    assert in_words([papers[n] for n in order], papers[:2]) == in_words(papers, papers[:2])


@pytest.mark.parametrize("title", ["", "<b>{{ x }}</b>", "深層学習", "a" * 3000, "-- - --", "\x00"])
def test_any_title_can_be_voted_for(title: str) -> None:
    in_words([voted(title, title)], [voted(title)])
