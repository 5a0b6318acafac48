"""Interests as people write them, and written back so that they read the same."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from digest.core.errors import InvalidInput
from digest.core.interests import (
    MAX_INTEREST_CHARS,
    MAX_INTERESTS,
    Interest,
    InterestKind,
    format_interest,
    make_interest,
    parse_interest,
    parse_interests,
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


def test_nothing_written_is_no_interest() -> None:
    assert parse_interests(" \n;;\n") == ()


def test_too_many_interests_are_refused() -> None:
    lines = [f"topic {number}" for number in range(MAX_INTERESTS + 1)]
    assert len(parse_interests("\n".join(lines[:-1]))) == MAX_INTERESTS
    with pytest.raises(InvalidInput, match="at most 100 interests"):
        parse_interests("\n".join(lines))


def test_of_two_wordings_the_first_stands() -> None:
    first = make_interest(InterestKind.TEXT, "Robots", 2.0)
    assert unique_interests([first, make_interest(InterestKind.TEXT, "robots")]) == (first,)


@given(kind=st.sampled_from(InterestKind), value=st.text(min_size=1, max_size=80))
def test_what_is_written_back_reads_the_same(kind: InterestKind, value: str) -> None:
    assume(any(c.isprintable() and not c.isspace() for c in value) and ";" not in value)
    interest = make_interest(kind, value)
    assert parse_interest(format_interest(interest)) == interest


@pytest.mark.parametrize("value", ["not: survey", "by: hand", "author: unknown", "text: mining"])
@pytest.mark.parametrize("kind", InterestKind)
def test_words_that_look_like_a_mark_read_the_same(kind: InterestKind, value: str) -> None:
    interest = make_interest(kind, value)
    assert parse_interest(format_interest(interest)) == interest
