"""Interests as people write them, and written back so that they read the same."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from digest.core.errors import InvalidInput
from digest.core.interest_changes import with_less, with_more
from digest.core.interests import (
    MAX_INTEREST_CHARS,
    MAX_INTERESTS,
    Interest,
    InterestKind,
    format_interest,
    make_interest,
    parse_interest,
    parse_interests,
    read_interests,
    unique_interests,
)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("walking robots", Interest(InterestKind.TEXT, "walking robots")),
        ("  author:  Ada   Bell ", Interest(InterestKind.AUTHOR, "Ada Bell")),
        ("BY: Ada Bell", Interest(InterestKind.AUTHOR, "Ada Bell")),
        ("not: survey", Interest(InterestKind.EXCLUDE, "survey")),
        ("exclude:survey", Interest(InterestKind.EXCLUDE, "survey")),
        ("category: cs.RO", Interest(InterestKind.CATEGORY, "cs.RO")),
        ("keyword: foot placement", Interest(InterestKind.KEYWORD, "foot placement")),
        ("like: 2603.00001", Interest(InterestKind.LIKE, "2603.00001")),
        ("note: nothing special", Interest(InterestKind.TEXT, "note: nothing special")),
        ("author:", Interest(InterestKind.TEXT, "author:")),
        ("a\tb\x00c\u2028d", Interest(InterestKind.TEXT, "a b c d")),
        ("lİke: it", Interest(InterestKind.TEXT, "lİke: it")),
        ("lıke: it", Interest(InterestKind.TEXT, "lıke: it")),
    ],
)
def test_a_line_is_read_as_it_was_meant(line: str, wanted: Interest) -> None:
    assert parse_interest(line) == wanted


@pytest.mark.parametrize("line", ["", "  ", "\x00", "\n"])
def test_an_empty_interest_is_refused(line: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be empty"):
        parse_interest(line)


@pytest.mark.parametrize("line", ["???", "-----", "category: ???", "not: …", '"…"'])
def test_an_interest_without_letter_or_digit_is_refused(line: str) -> None:
    with pytest.raises(InvalidInput, match="needs words"):
        read_interests(line)


def test_what_only_looks_like_an_interest_among_others_is_left_out() -> None:
    drones, robots = (
        make_interest(InterestKind.TEXT, "drones"),
        make_interest(InterestKind.TEXT, "robots"),
    )
    assert parse_interests("drones\n-----\nrobots, …") == (drones, robots)
    assert read_interests("category: cs.RO, ?") == (make_interest(InterestKind.CATEGORY, "cs.RO"),)


def test_an_endless_interest_is_refused() -> None:
    parse_interest("x" * MAX_INTEREST_CHARS)
    with pytest.raises(InvalidInput, match="at most 500 characters"):
        parse_interest("x" * (MAX_INTEREST_CHARS + 1))


def test_an_interest_that_would_be_read_as_two_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"`;` separates interests, .*: graph; and more"):
        parse_interest("graph;  and more")


def test_a_text_is_read_line_by_line_without_repetitions() -> None:
    text = "robots\n\n Robots ;by: Ada Bell\r\nnot: robots\n"
    assert parse_interests(text) == (
        Interest(InterestKind.TEXT, "robots"),
        Interest(InterestKind.AUTHOR, "Ada Bell"),
        Interest(InterestKind.EXCLUDE, "robots"),
    )


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("more robots\ngraphs; less papers on drones", ["robots", "graphs", "not: drones"]),
        ("less forgetting\ngraphs", ["text: less forgetting", "graphs"]),
        ("more graphs\nless data learning", ["text: more graphs", "text: less data learning"]),
        ("more graphs\nless memory", ["text: more graphs", "text: less memory"]),
        ("more graphs\nless talk, more work", ["text: more graphs", "work", "not: talk"]),
    ],
)
def test_where_lines_want_more_and_less_the_less_is_unwanted(text: str, lines: list[str]) -> None:
    read = parse_interests(text)

    assert [format_interest(each) for each in read] == lines
    assert parse_interests("\n".join(lines)) == read


def test_nothing_written_is_no_interest() -> None:
    assert parse_interests(" \n;;\n") == ()


def test_too_many_interests_are_refused() -> None:
    lines = [f"topic {number}" for number in range(MAX_INTERESTS + 1)]
    assert len(parse_interests("\n".join(lines[:-1]))) == MAX_INTERESTS
    with pytest.raises(InvalidInput, match="at most 100 interests"):
        parse_interests("\n".join(lines))
    assert len(parse_interests("drones;" * 1_000)) == 1
    with pytest.raises(InvalidInput, match=r"at most 100 interests .* these are 400000"):
        parse_interests("drones;" * 400_000)


def test_of_two_wordings_the_first_stands() -> None:
    first = make_interest(InterestKind.TEXT, "Robots", 2.0)
    assert unique_interests([first, make_interest(InterestKind.TEXT, "robots")]) == (first,)


@given(kind=st.sampled_from(InterestKind), value=st.text(min_size=1, max_size=80))
def test_what_is_written_back_reads_the_same(kind: InterestKind, value: str) -> None:
    assume(any(c.isprintable() and c.isalnum() for c in value) and ";" not in value)
    interest = make_interest(kind, value)
    if kind is InterestKind.TEXT:
        assert parse_interest(format_interest(interest)) == interest
    if kind is InterestKind.TEXT or not re.search('["“”„«»]', interest.value):
        assert read_interests(format_interest(interest)) == (interest,)


def test_one_line_may_say_several_things() -> None:
    text, exclude = InterestKind.TEXT, InterestKind.EXCLUDE
    assert parse_interests("LLM evaluation, not code\nno surveys; RAG, MoE, LoRA") == (
        Interest(text, "LLM evaluation"),
        Interest(exclude, "code"),
        Interest(exclude, "surveys"),
        *(Interest(text, topic) for topic in ("RAG", "MoE", "LoRA")),
    )


@pytest.mark.parametrize(
    ("line", "kind", "values"),
    [
        ("authors: Ada Bell, Carl Diaz", InterestKind.AUTHOR, ["Ada Bell", "Carl Diaz"]),
        ("author: Bell, Ada", InterestKind.AUTHOR, ["Bell, Ada"]),
        ("new papers by Ada Bell", InterestKind.AUTHOR, ["Ada Bell"]),
        ("author Ada Bell", InterestKind.AUTHOR, ["Ada Bell"]),
        ("papers by hand", InterestKind.TEXT, ["papers by hand"]),
        ("Autorin: Ada Bell", InterestKind.AUTHOR, ["Ada Bell"]),
        ("Arbeiten von Ada Bell oder Carl Diaz", InterestKind.AUTHOR, ["Ada Bell", "Carl Diaz"]),
        ("Artikel von gestern", InterestKind.TEXT, ["Artikel von gestern"]),
        ("Kategorie: cs.CL", InterestKind.CATEGORY, ["cs.CL"]),
        ("nicht: Robotik", InterestKind.EXCLUDE, ["Robotik"]),
        ("category: cs.CL, math.*", InterestKind.CATEGORY, ["cs.CL", "math.*"]),
        ("not: code, surveys", InterestKind.EXCLUDE, ["code", "surveys"]),
        ('"world models"', InterestKind.KEYWORD, ["world models"]),
        ('keyword: "risk, return", RAG', InterestKind.KEYWORD, ["risk, return", "RAG"]),
        ("not: “code”", InterestKind.EXCLUDE, ["code"]),
        ('author: "Ada Bell, Carl Diaz"', InterestKind.AUTHOR, ["Ada Bell, Carl Diaz"]),
        ("text: RAG, not MoE", InterestKind.TEXT, ["RAG, not MoE"]),
        ("by Ada van der Bell", InterestKind.AUTHOR, ["Ada van der Bell"]),
        ("by design", InterestKind.TEXT, ["by design"]),
        ("cs.CL", InterestKind.CATEGORY, ["cs.CL"]),
        ("everything in math.NT, math.*", InterestKind.CATEGORY, ["math.NT", "math.*"]),
        ("stat.ML and physics.chem-ph", InterestKind.CATEGORY, ["stat.ML", "physics.chem-ph"]),
        ("hep-th / gr-qc", InterestKind.CATEGORY, ["hep-th", "gr-qc"]),
        ("arxiv.org/list/cs.CL/recent", InterestKind.CATEGORY, ["cs.CL"]),
        ("no cs.CV", InterestKind.EXCLUDE, ["cs.CV"]),
        ("cs.LG theory", InterestKind.TEXT, ["cs.LG theory"]),
        ("text: cs.CL", InterestKind.TEXT, ["cs.CL"]),
        ("math", InterestKind.TEXT, ["math"]),
        ("arXiv:2603.00001v2", InterestKind.LIKE, ["arXiv:2603.00001v2"]),
        (
            "https://arxiv.org/abs/2603.00001",
            InterestKind.LIKE,
            ["https://arxiv.org/abs/2603.00001"],
        ),
        ("10.1038/s41586-021-1", InterestKind.LIKE, ["10.1038/s41586-021-1"]),
        ("text: arXiv:2603.00001", InterestKind.TEXT, ["arXiv:2603.00001"]),
        ("https://example.org/lab", InterestKind.TEXT, ["https://example.org/lab"]),
        ("2603.00001", InterestKind.TEXT, ["2603.00001"]),
    ],
)
def test_lists_names_and_phrases_are_told_apart(
    line: str, kind: InterestKind, values: list[str]
) -> None:
    assert read_interests(line) == tuple(Interest(kind, value) for value in values)


@given(st.text(max_size=60))
def test_every_line_that_says_something_is_an_interest(line: str) -> None:
    assume(any(c.isprintable() and c.isalnum() for c in line) and ";" not in line)
    assert read_interests(line)


@pytest.mark.parametrize("value", ["not: survey", "by: hand", "author: unknown", "text: mining"])
@pytest.mark.parametrize("kind", InterestKind)
def test_words_that_look_like_a_mark_read_the_same(kind: InterestKind, value: str) -> None:
    interest = make_interest(kind, value)
    assert parse_interest(format_interest(interest)) == interest


# --- more and less --------------------------------------------------------------------------------


def told(interests: str, *words: str) -> tuple[tuple[Interest, ...], str]:
    """What becomes of interests when somebody says `more x` or `less x`, one after the other."""
    wishes, said = parse_interests(interests), ""
    for line in words:
        word, _, topic = line.partition(" ")
        wishes, sentences = (with_more if word == "more" else with_less)(wishes, topic)
        said = "\n".join(sentences)
    return wishes, said


def test_more_of_something_new_becomes_an_interest() -> None:
    wishes, said = told("graphs", "more walking robots")
    assert wishes == parse_interests("graphs\nwalking robots")
    assert said == "“walking robots” is one of your interests now."
    assert told("", "more author: Ada Bell")[0] == parse_interests("author: Ada Bell")


def test_more_of_an_interest_counts_double_up_to_four_times() -> None:
    weights = [told("Graphs\nx", *["more graphs"] * times)[0][0].weight for times in (1, 2, 3)]
    assert weights == [2.0, 4.0, 4.0]
    assert told("graphs", *["more graphs"] * 3)[1] == "“graphs” counts as much as it can."


def test_less_of_an_interest_counts_half_and_then_ends_it() -> None:
    wishes, said = told("graphs\nx", "less GRAPHS")
    assert [(i.value, i.weight) for i in wishes] == [("graphs", 0.5), ("x", 1.0)]
    assert said == "“GRAPHS” counts less than before."
    wishes, said = told("graphs\nx", "less graphs", "less graphs")
    assert wishes == parse_interests("x")
    assert said == "“graphs” is none of your interests any more."


def test_less_of_anything_else_leaves_it_out_and_more_takes_that_back() -> None:
    wishes, said = told("graphs", "less surveys")
    assert wishes == parse_interests("graphs\nnot: surveys")
    assert said == "Papers that mention “surveys” are left out from now on."
    assert told("graphs", "less surveys", "less Surveys")[0] == wishes
    assert told("graphs", "less surveys", "more Surveys")[0] == parse_interests("graphs")


def test_plain_words_mean_the_keyword_or_author_of_that_name_too() -> None:
    wishes = told("author: Ada Bell\nkeyword: GPT", "more ada bell", "less gpt")[0]
    assert [i.weight for i in wishes] == [2.0, 0.5]
    assert told("Ada Bell", "more author: Ada Bell")[0] == parse_interests(
        "Ada Bell\nauthor: Ada Bell"
    )


@pytest.mark.parametrize("topic", ["not: surveys", "", "a; b", "x" * 501])
def test_what_can_be_no_interest_can_be_neither_more_nor_less(topic: str) -> None:
    for change in (with_more, with_less):
        with pytest.raises(InvalidInput):
            change((), topic)


@given(
    words=st.lists(st.sampled_from(["more a", "less a", "more b", "less b", "more author: a"])),
)
def test_whatever_is_said_weights_stay_in_bounds_and_nothing_stands_twice(
    words: list[str],
) -> None:
    wishes = told("a\nkeyword: a\nnot: b", *words)[0]
    assert all(0.5 <= wish.weight <= 4 for wish in wishes)
    assert unique_interests(wishes) == wishes


def test_more_of_something_but_not_of_all_of_it_is_heard_too() -> None:
    wishes, said = told("", "more LLM evaluation, not code")
    assert wishes == parse_interests("LLM evaluation\nnot: code")
    assert said.splitlines() == [
        "“LLM evaluation” is one of your interests now.",
        "Papers that mention “code” are left out from now on.",
    ]


def test_of_a_list_each_is_more_or_less() -> None:
    wishes, said = told("RAG\nMoE", "more RAG, MoE, LoRA", "less RAG, MoE, surveys")
    assert wishes == (*parse_interests("RAG\nMoE\nLoRA\nnot: surveys"),)
    assert said.count("\n") == 2


def test_a_denial_alone_is_neither_more_nor_less() -> None:
    for line in ("more not drones", "more no surveys", "less robots, not drones"):
        with pytest.raises(InvalidInput, match="say what you want, not what you do not"):
            told("robots", line)


def test_more_of_an_interest_that_reads_like_a_list_means_the_whole_of_it() -> None:
    assert [i.weight for i in told("text: RAG, MoE", "more RAG, MoE")[0]] == [2.0]
