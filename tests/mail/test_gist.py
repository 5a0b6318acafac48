import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.mail.gist import gist, sentences


def test_abbreviations_end_no_sentence() -> None:
    text = "Large models, e.g. GPT, fail. Smith et al. Showed why. See Fig. 2 for J. Doe. Done."
    assert sentences(text) == (
        "Large models, e.g. GPT, fail.",
        "Smith et al. Showed why.",
        "See Fig. 2 for J. Doe.",
        "Done.",
    )


def test_what_is_numbered_in_a_paper_ends_no_sentence() -> None:
    text = "By Thm. 1 and Eqs. 2 to 4 (Ref. [5]) it holds. It is new."
    assert sentences(text) == ("By Thm. 1 and Eqs. 2 to 4 (Ref. [5]) it holds.", "It is new.")


def test_sentences_begin_with_capitals_of_any_alphabet() -> None:
    assert sentences("Robots walk. Über Eis. Роботы падают. Évidemment. רובוט הולך. נופל.") == (
        "Robots walk.",
        "Über Eis.",
        "Роботы падают.",
        "Évidemment.",
        "רובוט הולך.",
        "נופל.",
    )
    assert sentences("It is p. über all, see α. β wins.") == ("It is p. über all, see α. β wins.",)


def test_no_sentence_ends_within_brackets() -> None:
    text = "It wins (e.g., 29.5% v.s. Others. See (Fig 1)). It is (so. Far it is. We hope."
    assert sentences(text) == (
        "It wins (e.g., 29.5% v.s. Others. See (Fig 1)).",
        "It is (so.",
        "Far it is.",
        "We hope.",
    )


def test_the_gist_of_an_abstract_is_its_two_most_central_sentences_in_their_order() -> None:
    abstract = (
        "Deep learning is everywhere. People like it. "
        "We propose a sparse retrieval index for scientific search. "
        "The weather was fine. "
        "Sparse retrieval with this index makes scientific search ten times cheaper."
    )
    assert gist("A sparse index for scientific search", abstract, 400) == (
        "We propose a sparse retrieval index for scientific search. "
        "Sparse retrieval with this index makes scientific search ten times cheaper."
    )


def test_a_gist_that_is_too_long_for_two_sentences_has_one_and_a_shorter_one() -> None:
    long = "Planning for walking robots on ice needs walking robots, planning, ice and patience."
    abstract = f"Ice is hard. {long} {long[:-1]} indeed. Walking robots seldom enjoy planning."
    assert gist("Planning for walking robots on ice", abstract, 130) == (
        f"{long} Walking robots seldom enjoy planning."
    )


def test_a_short_abstract_is_its_own_gist() -> None:
    assert gist("T", "One. Two.", 100) == "One. Two."
    assert gist("T", "", 100) == ""


@given(st.text(max_size=2000), st.integers(20, 400))
def test_a_gist_is_never_longer_than_its_limit(abstract: str, limit: int) -> None:
    assert len(gist("A title of words", abstract, limit)) <= limit


def test_chinese_is_cut_into_its_sentences_and_the_central_ones_are_chosen() -> None:
    abstract = (
        "近年来深度学习发展迅速。天气很好。本文提出一种用于机器人行走的规划方法。"
        "今天是星期五。实验表明这种规划方法使机器人行走更加稳定！"
    )
    assert sentences(abstract)[1] == "天气很好。"
    found = gist("机器人行走的规划方法", abstract, 60)
    assert (
        found == "本文提出一种用于机器人行走的规划方法。实验表明这种规划方法使机器人行走更加稳定！"
    )


BEFORE = "Deep learning is everywhere. People like it, and many people write about it. "
AFTER = " The weather was fine. It rained on Sunday."


@pytest.mark.parametrize(
    ("opening", "shown"),
    [
        ("In this paper, we propose", "We propose"),
        ("To bridge this gap, we propose", "We propose"),
        ("In order to address these challenges, we propose", "We propose"),
        ("To this end, in this work, we propose", "We propose"),
        ("Specifically, iWalk and we propose", "iWalk and we propose"),
        ("However, p-values and we propose", "p-values and we propose"),
        ("Motivated by these two observations, we propose", "We propose"),
        ("To break this long deadlock in walking, we propose", "We propose"),
        ("Then, to walk, we propose", "To walk, we propose"),
        ("Second, we propose", "We propose"),
        ("Overall, we propose", "We propose"),
        ("In this work we propose", "We propose"),
        ("Here we also propose", "We propose"),
        ("We therefore propose", "We propose"),
        ("Further, this paper then proposes", "This paper proposes"),
        ("Leveraging this framework, we propose", "We propose"),
        ("Notably, state-of-the-art and we propose", "State-of-the-art and we propose"),
        ("To ease this long-standing challenge of walking over thin ice, we propose", "We propose"),
        ("To address speech, we propose", "To address speech, we propose"),
        ("However we walk, we propose", "However we walk, we propose"),
        ("However, robots' plans and we propose", "Robots' plans and we propose"),
    ],
)
def test_a_summary_does_not_begin_by_pointing_at_what_is_not_shown(
    opening: str, shown: str
) -> None:
    claim = "a sparse retrieval index for scientific search, which makes sparse retrieval cheap."
    other = " Our sparse retrieval index outperforms a dense index for scientific search."
    title = "A sparse retrieval index for scientific search"
    found = gist(title, f"{BEFORE}{opening} {claim}{other}{AFTER}", 400)
    assert found == f"{shown} {claim}{other}"


def test_what_goes_on_from_a_sentence_says_so() -> None:
    claim = "We propose plans for walking robots over ice."
    about = "We also propose plans for walking robots over snow and ice."
    found = gist("Plans for walking robots over ice", f"{BEFORE}{claim} It rained. {about}", 400)
    assert found == f"{claim} {about}"


def test_what_points_back_stays_behind_the_sentence_it_points_at() -> None:
    first = "Sparse retrieval indexes for scientific search are large."
    second = "However, we show that sparse retrieval for scientific search may have small indexes."
    found = gist("Small sparse retrieval indexes", f"{BEFORE}{first} {second}{AFTER}", 400)
    assert found == f"{first} {second}"


@pytest.mark.parametrize("opening", ["In this paper, ", "However, "])
def test_any_number_of_openings_is_cut(opening: str) -> None:
    claim = "we propose a sparse retrieval index for scientific search"
    found = gist("A sparse retrieval index", f"{BEFORE}{opening * 5_000}{claim}.{AFTER}", 400)
    assert found.startswith("We propose a sparse retrieval index for scientific search.")


def test_where_the_code_can_be_had_is_no_summary() -> None:
    what = "We propose walking robots that plan their walking over ice and snow."
    where = "The code for walking robots that plan walking is available at https://r.example/x."
    abstract = f"Ice is hard. People fall on it. {what} {where} Snow is soft in many places."
    assert "https" not in gist("Walking robots that plan walking", abstract, 400)


def test_a_sentence_about_the_one_before_gives_way_to_one_that_stands_alone() -> None:
    alone = "Walking robots seldom plan their walking over ice."
    about = "This makes walking robots plan their walking over ice."
    abstract = f"Ice is hard. People fall on it. {about} Snow is soft. {alone} It rained on Sunday."
    assert gist("Walking robots over ice", abstract, 60) == alone


@pytest.mark.parametrize(
    "opening", ["However, their", "Moreover, these", "Their", "But the", "Yet the"]
)
def test_a_sentence_that_still_points_back_without_its_opening_gives_way_too(opening: str) -> None:
    alone = "Walking robots seldom plan their walking over ice."
    about = f"{opening} plans for walking robots over ice make walking robots walk over ice."
    abstract = f"Ice is hard. People fall on it. {about} Snow is soft. {alone} It rained on Sunday."
    assert gist("Plans for walking robots over ice", abstract, 60) == alone


def test_a_sentence_about_the_one_before_may_follow_it() -> None:
    claim = "We propose plans for walking robots over ice."
    about = "These plans for walking robots take ice and walking over ice seriously."
    abstract = f"{BEFORE}{claim} {about}{AFTER}"
    assert gist("Plans for walking robots over ice", abstract, 400) == f"{claim} {about}"


def test_a_sentence_that_says_nothing_of_the_paper_does_not_fill_up_a_summary() -> None:
    claim = "We propose plans for walking robots over ice, snow and other slippery surfaces."
    abstract = f"Ice is hard. {claim} Code: https://r.example/x. It was cold. We were there, too."
    assert gist("Walking robots over ice", abstract, 110) == claim


@pytest.mark.parametrize(
    "about",
    [
        "We critically examine this assumption with walking robots and plans for walking.",
        "We hypothesize this makes walking robots follow plans for walking.",
        "Among these plans, walking robots on ice follow plans for walking best.",
        "The first stage makes walking robots follow plans for walking.",
        "We follow this plan with walking robots and plans for walking.",
        "SureFoot does so for walking robots that follow plans for walking.",
    ],
)
def test_a_sentence_that_leans_on_another_further_on_gives_way(about: str) -> None:
    alone = "Walking robots seldom follow plans for walking."
    abstract = f"Ice is hard. People fall on it. {about} Snow is soft. {alone} It rained on Sunday."
    assert gist("Walking robots follow plans for walking", abstract, 90) == alone


def test_what_a_sentence_names_the_one_behind_it_may_point_at() -> None:
    claim = "We propose plans for walking robots over ice."
    about = "Walking robots follow these plans for walking over ice and snow."
    between = " They are long. The weather was fine. "
    found = gist("Plans for walking robots over ice", f"{BEFORE}{claim}{between}{about}", 400)
    assert found == f"{claim} {about}"


def test_a_claim_may_say_that_it_closes_a_gap() -> None:
    claim = "We close this gap by plans for walking robots over ice and snow."
    abstract = f"Ice is hard. People fall on it. {claim} Snow is soft. It rained. We were there."
    assert gist("Plans for walking robots", abstract, 90) == claim


def test_a_claim_that_stands_alone_needs_no_better_sentence() -> None:
    claim = "We propose plans for walking robots."
    about = "This makes plans for walking robots over ice and snow walk over ice and snow."
    abstract = f"Ice is hard. It rained. {claim} Snow is soft. People fell. {about} We were there."
    assert gist("Plans for walking robots over ice and snow", abstract, 200).startswith(claim)


def test_a_better_sentence_comes_with_the_one_that_it_is_about() -> None:
    first = "Long plans make robots stumble."
    about = "We show that this holds for all plans of walking robots over ice and snow."
    abstract = f"Ice is hard. It rained. {first} {about} Snow is soft. We were there."
    assert gist("Plans of walking robots over ice", abstract, 200) == f"{first} {about}"


@pytest.mark.parametrize("marks", [("(1)", "(2)"), ("1)", "2)"), ("(i)", "(ii)")])
def test_the_members_of_a_list_stay_with_the_sentence_that_announces_it(
    marks: tuple[str, str],
) -> None:
    one, two = marks
    claims = f"Plans for walking robots do two things: {one} They help. {two} They cost."
    abstract = f"Ice is hard. People fall on it. {claims} Snow is soft. It rained on Sunday."
    assert gist("Plans for walking robots", abstract, 90) == claims


def test_of_a_list_that_is_too_long_or_in_pieces_the_announcement_is_shown() -> None:
    part = "Plans for walking robots do two things: (1) They help walking robots walk."
    pieces = f"Ice is hard. It rained. {part} Often. Snow is soft. (2) They make robots walk."
    pieces += " Often. (3) Plans for walking robots cost walking robots time."
    whole = f"Ice is hard. It rained. {part} (2) They make robots stumble and walk slowly on ice."
    for abstract in (pieces, whole):
        found = gist("Plans for walking robots", abstract, 100)
        assert found.startswith("Plans for walking robots do two things.")
        assert not {"(1)", "(2)", "(3)"} & set(found.split())


def test_a_sentence_that_stands_alone_is_found_behind_many_that_do_not() -> None:
    leaning = [f"This plan for walking robots, number {n}, makes plans." for n in range(6)]
    alone = "Walking robots follow plans."
    assert gist("Plans for walking robots", " ".join([*leaning, alone]), 60) == alone


@pytest.mark.parametrize("label", ["Methods: ", "RESULTS: ", "Conclusion - ", "Main results: "])
def test_the_headings_of_an_abstract_in_parts_are_not_read_out(label: str) -> None:
    claim = "we propose plans for walking robots over ice."
    abstract = (
        f"Background: Ice is hard. People fall on it. {label}{claim} Snow is soft. It rained."
    )
    assert (
        gist("Plans for walking robots", abstract, 60)
        == "We propose plans for walking robots over ice."
    )


def test_where_the_space_behind_a_sentence_was_forgotten_it_ends_all_the_same() -> None:
    assert sentences("Robots walk.They fall. Node.js and vs.Code run.") == (
        "Robots walk.",
        "They fall.",
        "Node.js and vs.Code run.",
    )


@pytest.mark.parametrize("name", ["Keywords: ", "(Key words and phrases: ", "Index Terms—"])
def test_words_for_search_engines_are_no_summary(name: str) -> None:
    claim = "We propose plans for walking robots."
    abstract = f"{claim} {name}plans, walking, robots, walking robots, plans for walking robots."
    assert gist("Plans for walking robots", abstract, 400) == claim


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("As shown in robots [3], plans help [1, 4].", "As shown in robots, plans help."),
        ("Plans [5-7] help.", "Plans help."),
        ("In the interval [1, 2] and for [0, 1].", "In the interval [1, 2] and for [0, 1]."),
        ("The code [4,2,3] of x[1] stays.", "The code [4,2,3] of x[1] stays."),
    ],
)
def test_marks_of_what_is_cited_are_left_out(text: str, shown: str) -> None:
    assert gist("T", text, 400) == shown


def test_a_sentence_that_must_be_cut_gives_way_to_one_that_fits() -> None:
    long = f"We propose plans for walking robots{', also for walking robots on ice' * 4}."
    fits = "Our plans for walking robots are short."
    abstract = f"Ice is hard. People fall on it. {long} Snow is soft. {fits} It rained on Sunday."
    assert gist("Plans for walking robots", abstract, 120) == fits


def test_an_abstract_that_is_given_twice_is_summed_up_once() -> None:
    claim = "In this paper, we propose plans for walking robots over ice."
    result = "Plans for walking robots over ice are short."
    abstract = f"{BEFORE}{claim} {result}{AFTER}"
    assert gist("Plans for walking robots over ice", f"{abstract} {abstract}", 400) == (
        f"We propose plans for walking robots over ice. {result}"
    )
    assert gist("T", "Robots walk. Robots walk.", 400) == "Robots walk."


def test_a_summary_announces_nothing_twice() -> None:
    first = "To close this gap, we propose SureFoot, a plan for walking robots over ice."
    again = "In this work, we propose SureFoot, which plans how robots walk over ice and snow."
    other = "Walking robots seldom fall."
    found = gist("SureFoot: walking over ice", f"{BEFORE}{again} It rained. {other} {first}", 400)
    assert found.count("SureFoot") == 1


@pytest.mark.parametrize(
    ("opening", "shown"),
    [
        ("We present SureFoot, which plans walking.", "We present SureFoot, which plans walking."),
        ("In this work, we study plans of robots.", "We study plans of robots."),
        ("SureFoot is a plan for walking robots.", "SureFoot is a plan for walking robots."),
        ("Robots are walking, and robots plan walking.", "Robots plan walking well."),
    ],
)
def test_a_summary_begins_with_the_opening_that_is_of_the_paper(opening: str, shown: str) -> None:
    rest = "Robots plan walking well. Walking robots seldom fall. It rained on Sunday, too."
    found = gist("SureFoot: plans for walking robots", f"{opening} {rest}", 90)
    assert found.startswith(shown)


def test_what_was_asked_gives_way_to_what_was_found() -> None:
    asked = "Do plans for walking robots make walking robots fall?"
    found = "Plans for walking robots seldom make them fall."
    abstract = f"Ice is hard. People fall on it. {asked} Snow is soft. {found} It rained on Sunday."
    assert gist("Plans for walking robots", abstract, 60) == found


def test_half_a_list_is_not_shown_for_the_sentence_behind_it_either() -> None:
    half = "Long plans make robots (2) stumble."
    about = "We show that this holds for all plans of walking robots over ice and snow."
    abstract = f"Ice is hard. It rained. {half} {about} Snow is soft. We were there."
    assert "(2)" not in gist("Plans of walking robots over ice", abstract, 200)
