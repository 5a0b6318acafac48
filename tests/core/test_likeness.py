"""What of title, people and abstract makes two wordings one paper."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.dedupe import title_fingerprint
from digest.core.likeness import Wording, names_agree, related, same_work, surname

TITLE = "Walking robots that plan ahead on ice and sand"
ABSTRACT = (
    "Robots that walk on slippery ground often fall. Our planner predicts where every foot will "
    "slide and chooses another step before weight shifts, which halves falls in field trials."
)
UNLIKE = (
    "Proteins fold along narrow funnels. Annealing simulations with learned potentials reproduce "
    "twelve measured pathways, while classical potentials miss seven among those pathways."
)
AUTHORS = ("Ada Bell", "Chen Dao", "Eva Fox")
IN_2026 = datetime(2026, 3, 20, tzinfo=UTC)


def wording(title: str = TITLE, **changes: object) -> Wording:
    made = Wording(title_fingerprint(title), title, ABSTRACT, AUTHORS, IN_2026)
    return replace(made, **changes)  # type: ignore[arg-type]


def are_one(one: Wording, other: Wording) -> bool:
    assert same_work(one, other) is same_work(other, one)
    return same_work(one, other)


# --- people ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spelling",
    ["Bell, Ada", "A. Bell", "A Bell", "Bell, A.", "Bell A", "Ada M. Bell", "BELL Ada", "Ada Béll"],
)
def test_spellings_of_one_person(spelling: str) -> None:
    assert names_agree("Ada Bell", spelling)
    assert names_agree(spelling, "Ada Bell")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Xiao-Ming Wang", "Wang Xiaoming"),
        ("J.-P. Serre", "Jean-Pierre Serre"),
        ("Smith JA", "Smith, John A."),
        ("Borja Requena", "Borja Requena Pozo"),
        ("Søren Łuk", "S. Luk"),
        ("王小明", "王小明"),
        ("Ada Bell et al.", "Ada Bell"),
    ],
)
def test_further_spellings_of_one_person(one: str, other: str) -> None:
    assert names_agree(one, other)
    assert names_agree(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada Bell", "Eva Bell"),
        ("A. Bell", "E. Bell"),
        ("Ada M. Bell", "Ada C. Bell"),
        ("Ada Bell", "Ada Fox"),
        ("A. B.", "A. B."),
        ("", ""),
        ("Ada Bell", ""),
    ],
)
def test_names_that_are_not_known_to_be_of_one_person(one: str, other: str) -> None:
    assert not names_agree(one, other)
    assert not names_agree(other, one)


@pytest.mark.parametrize(
    ("author", "wanted"),
    [
        ("Ada Bell", "bell"),
        ("Bell, Ada", "bell"),
        ("BÉLL", "bell"),
        ("Jörg Müller-Lüdenscheidt", "mullerludenscheidt"),
        ("王小明", "王小明"),
        ("", ""),
        (" ", ""),
        (",", ""),
    ],
)
def test_the_family_name_of_an_author(author: str, wanted: str) -> None:
    assert surname(author) == wanted


@given(st.text(max_size=40), st.text(max_size=40))
def test_names_agree_in_both_directions(one: str, other: str) -> None:
    assert names_agree(one, other) == names_agree(other, one)
    assert surname(one) == surname(one).casefold()


# --- equal titles ---------------------------------------------------------------------------------


def test_another_order_of_the_same_authors_is_the_same_paper() -> None:
    assert are_one(wording(), wording(authors=AUTHORS[::-1]))
    assert are_one(wording(), wording(authors=AUTHORS[1:], abstract=ABSTRACT[:90]))


def test_two_authors_in_another_order_need_the_abstract_too() -> None:
    one, other = wording(authors=AUTHORS[:2]), wording(authors=AUTHORS[1::-1])
    assert are_one(one, other)
    assert not are_one(one, replace(other, abstract=""))


def test_a_record_that_names_nobody_needs_the_whole_abstract() -> None:
    assert are_one(wording(), wording(authors=()))
    assert are_one(wording(), wording(authors=("The ATLAS Collaboration",)))
    assert not are_one(wording(), wording(authors=(), abstract=""))
    assert not are_one(wording(), wording(authors=(), abstract=UNLIKE))


def test_a_namesake_who_writes_of_other_things_is_somebody_else() -> None:
    assert not are_one(
        wording(authors=("W. Wang",)), wording(authors=("W. Wang",), abstract=UNLIKE)
    )
    assert not are_one(wording(authors=("Wei Wang",)), wording(authors=("Jun Wang",), abstract=""))


def test_a_given_name_that_was_changed_needs_the_abstract() -> None:
    assert are_one(wording(authors=("Bob Wang",)), wording(authors=("Robert Wang",)))


def test_a_rewritten_abstract_is_no_obstacle() -> None:
    rewritten = "Robots fall on slippery ground. " + UNLIKE[:60] + " We halve falls of robots."
    assert are_one(wording(), wording(abstract=rewritten))


def test_a_turn_of_the_year_is_no_obstacle_and_two_years_are() -> None:
    eve = wording(published_at=datetime(2025, 12, 31, tzinfo=UTC))
    assert are_one(eve, wording(published_at=datetime(2026, 1, 1, tzinfo=UTC), abstract=""))
    assert not are_one(eve, wording(published_at=datetime(2027, 1, 1, tzinfo=UTC)))


@pytest.mark.parametrize(
    "title",
    [
        "Editorial: robots and the society of tomorrow",
        "Erratum to: Walking robots that plan ahead",
        "Introduction to the special issue on walking robots",
        "Guest editorial",
    ],
)
def test_a_title_that_may_be_given_again_needs_the_abstract(title: str) -> None:
    assert are_one(wording(title), wording(title))
    assert not are_one(wording(title), wording(title, abstract=""))
    assert not are_one(wording(title), wording(title, abstract=UNLIKE))


# --- unequal titles -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "title",
    [
        f"Comment on “{TITLE}”",
        f"Reply to “{TITLE}”",
        f"{TITLE}: reply",
        f"{TITLE} (erratum)",
        f"{TITLE}: supplementary material",
        f"{TITLE}, part II",
        f"{TITLE} 2",
    ],
)
def test_what_is_said_about_a_paper_and_its_sequel_are_other_papers(title: str) -> None:
    assert not are_one(wording(), wording(title))


def test_a_comment_and_the_reply_to_it_are_two_papers() -> None:
    comment, reply = f"Comment on {TITLE}", f"Reply to Comment on {TITLE}"
    assert not are_one(wording(comment), wording(reply))
    assert not are_one(wording(comment), wording(comment, authors=("Gus Hart",), abstract=UNLIKE))


def test_a_title_cut_off_early_needs_the_same_people_and_abstract() -> None:
    assert are_one(wording(), wording("Walking robots that plan a…"))
    assert not are_one(wording(), wording("Walking robots that plan a…", abstract=UNLIKE))
    assert not are_one(wording(), wording("Walking robots that plan a…", authors=()))


def test_a_new_title_needs_the_same_people_and_abstract() -> None:
    retitled = "Walking robots that plan every step they make"
    assert are_one(wording(), wording(retitled))
    assert not are_one(wording(), wording(retitled, authors=("Ada Bell", "Gus Hart", "Ida Jung")))
    assert not are_one(wording(), wording(retitled, abstract=UNLIKE))


def test_papers_that_the_same_people_wrote_alike_in_one_week_are_two() -> None:
    sibling = (
        ABSTRACT.replace("foot", "wheel")
        .replace("slippery ground", "loose gravel")
        .replace("walk", "roll")
        .replace("field trials", "simulated deserts")
        .replace("weight shifts", "torque drops")
    )
    assert not are_one(wording(), wording("Rolling robots that plan", abstract=sibling))


# --- two papers that one record names -------------------------------------------------------------


def test_a_paper_in_print_may_have_another_title_and_a_rewritten_abstract() -> None:
    printed = wording("Gaits on slippery ground", abstract=ABSTRACT[:60] + UNLIKE[:40])
    assert related(wording(), printed)
    assert not related(wording(), replace(printed, abstract=UNLIKE))
    assert not related(wording(), replace(printed, authors=("Gus Hart",)))


@given(
    st.sampled_from([TITLE, TITLE[:30], "Editorial", ""]),
    st.sampled_from([TITLE, TITLE + " II", "Editorial", "…"]),
    st.sampled_from([ABSTRACT, UNLIKE, ABSTRACT[:80], ""]),
    st.sampled_from([AUTHORS, AUTHORS[::-1], AUTHORS[:1], (), ("",)]),
)
def test_it_makes_no_difference_which_came_first(
    title: str, other: str, abstract: str, authors: tuple[str, ...]
) -> None:
    are_one(wording(title), wording(other, abstract=abstract, authors=authors))
