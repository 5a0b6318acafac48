"""Mails that state all that somebody is interested in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.command_mails import read_command
from digest.core.commands import Ask, Change, Command, Contradictory, Wish
from digest.core.errors import InvalidInput
from digest.core.inbound import InboundMail
from digest.core.interest_changes import with_only
from digest.core.interest_lists import InterestList, read_interest_list
from digest.core.interests import Interest, InterestKind, parse_interests
from digest.core.member_requests import Inquiry, Timetable
from digest.core.phrases import Taste, Way
from digest.core.subscribers import Frequency


def command(subject: str, text: str = "") -> Command:
    mail = InboundMail(
        sender="ada@example.net",
        recipients=("commands@papers.example.org",),
        subject=subject,
        text=text,
    )
    return read_command(mail, {"commands@papers.example.org"}).command


@pytest.mark.parametrize(
    "text",
    [
        "interests: drones; graph limits",
        "My interests: drones; graph limits\n\nThanks, Ada",
        "Hello,\n\nset interests to: drones; graph limits.\n",
        "Interessen:\n- drones\n- graph limits\n\nViele Grüße\nAda",
        "interests =\n\n1. drones\n2. graph limits\nBest regards,\nAda",
        "topics: drones;\ngraph limits\n-- \nAda",
    ],
)
def test_a_list_behind_or_below_its_label_is_all_that_somebody_wants(text: str) -> None:
    found = command("Re: your digest", text)
    assert isinstance(found, Change)
    (listed,) = found.wishes
    assert isinstance(listed, InterestList)
    assert [each.value for each in parse_interests(listed.text)] == ["drones", "graph limits"]
    assert found.name == "interests"


def test_a_list_may_stand_in_the_subject_or_below_one_that_says_so() -> None:
    assert command("interests: drones; robots") == Change((InterestList("drones; robots"),))
    listed = Change((InterestList("drones\nsoft robots"),))
    assert command("My interests", "Hi,\ndrones\nsoft robots\n\nBest,\nAda") == listed


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("interests", "what may I write here?"),
        ("interests", "I have no idea what these are, so please tell me more about them now"),
        ("interests", "see https://example.org/me"),
        ("", "interests: what may I write here?"),
        ("", "interests: see www.example.org"),
        ("Re: interests", "drones"),
        ("", "Interests vary among the people who read this"),
        ("", "conflicting interests: none of these"),
    ],
)
def test_a_question_a_link_and_a_sentence_list_nothing(subject: str, text: str) -> None:
    assert not isinstance(command(subject, text), Change)


def test_a_label_without_a_list_asks_what_there_is() -> None:
    assert command("", "interests:") == Ask(Inquiry.INTERESTS)
    assert command("interests", "Thanks!") == Ask(Inquiry.INTERESTS)


def test_other_requests_may_stand_around_a_list() -> None:
    wishes: tuple[Wish, ...] = (
        InterestList("drones\nrobots"),
        Timetable(Frequency.WEEKLY),
        Taste(Way.MORE, "swarms"),
    )
    assert command("", "interests:\ndrones\nrobots\nweekly\nmore swarms") == Change(wishes)
    both = "interests: drones\nsubscribe\nunsubscribe"
    assert command("", both) == Contradictory()


def test_none_is_a_list_too() -> None:
    assert command("", "interests: none.") == Change((InterestList(""),))


@given(st.lists(st.text(max_size=60), max_size=6))
def test_no_lines_break_the_reading_and_a_list_takes_some_of_them(lines: list[str]) -> None:
    below = iter(lines)
    found = read_interest_list("interests: drones;", below)
    if found is not None:
        assert found[1] == 1 + len(lines) - len(list(below))


@pytest.mark.parametrize("lines", ["interests: drones\n", "interests:\ndrones\n\n", "\n"])
def test_no_more_lines_are_looked_at_than_a_list_takes(lines: str) -> None:
    # Were each line looked at from each list before it, this would take minutes.
    found = command("", "more swarms\n" + lines * 600)
    assert isinstance(found, Change)
    assert found.wishes[0] == Taste(Way.MORE, "swarms")


HELD = (
    Interest(InterestKind.TEXT, "Drones", 2.0),
    Interest(InterestKind.AUTHOR, "Chen Dao"),
    Interest(InterestKind.EXCLUDE, "surveys"),
    Interest(InterestKind.EXCLUDE, "robots"),
    Interest(InterestKind.LIKE, "2403.00001"),
)


def test_a_list_replaces_what_it_does_not_name_and_says_so() -> None:
    interests, said = with_only(HELD, "drones; robots; not: vision")
    assert interests == (
        Interest(InterestKind.TEXT, "Drones", 2.0),
        Interest(InterestKind.TEXT, "robots"),
        Interest(InterestKind.EXCLUDE, "vision"),
        Interest(InterestKind.EXCLUDE, "surveys"),
        Interest(InterestKind.LIKE, "2403.00001"),
    )
    assert said == (
        "“Chen Dao” is none of your interests any more.",
        "Papers that mention “robots” are not left out any more.",
        "“robots” is one of your interests now.",
        "Papers that mention “vision” are left out from now on.",
    )


def test_an_empty_list_leaves_exclusions_and_likes() -> None:
    kinds = [each.kind for each in with_only(HELD, "")[0]]
    assert kinds == [InterestKind.EXCLUDE, InterestKind.EXCLUDE, InterestKind.LIKE]


def test_a_list_of_exclusions_alone_is_refused() -> None:
    with pytest.raises(InvalidInput, match="say what you want"):
        with_only(HELD, "not: vision")
