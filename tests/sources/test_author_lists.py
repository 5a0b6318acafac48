"""Names that come in one string."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.sources.author_lists import split_authors


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ()),
        ("Ada Lovelace", ("Ada Lovelace",)),
        ("Ada Lovelace, Alan Turing,  Kurt Gödel ", ("Ada Lovelace", "Alan Turing", "Kurt Gödel")),
        ("Martin King, Jr., Henry Ford III", ("Martin King Jr.", "Henry Ford III")),
        ("Henry Ford, III, Ada Lovelace", ("Henry Ford III", "Ada Lovelace")),
        ("Lovelace, A., Turing, A. M.", ("A. Lovelace", "A. M. Turing")),
        ("van der Berg, J.-P., Li, Y", ("J.-P. van der Berg", "Y Li")),
        ("Ada Lovelace (Univ. of London, UK), Alan Turing", ("Ada Lovelace", "Alan Turing")),
        ("Ada Lovelace ((1) London (UK), (2) Paris), Li Wei", ("Ada Lovelace", "Li Wei")),
        ("Ada Lovelace (for the STAR Collaboration)", ("Ada Lovelace",)),
        ("The STAR Collaboration: Ada Lovelace", ("The STAR Collaboration: Ada Lovelace",)),
        (" Planck Collaboration, Ada Lovelace", ("Planck Collaboration", "Ada Lovelace")),
        ("Ada Lovelace (London, Alan Turing", ("Ada Lovelace (London", "Alan Turing")),
        (r"Kurt G\"odel, Andr\'e Weil", ("Kurt Gödel", "André Weil")),
        ("Ada Lovelace, et al.", ("Ada Lovelace",)),
        ("Madonna, Sade", ("Madonna", "Sade")),
        (
            "Center for Art and Science, Ada Lovelace",
            ("Center for Art and Science", "Ada Lovelace"),
        ),
    ],
)
def test_names_are_told_apart(text: str, names: tuple[str, ...]) -> None:
    assert split_authors(text) == names


@pytest.mark.parametrize(
    "text",
    [
        "Ada Lovelace, Alan Turing and Kurt Gödel",
        "Ada Lovelace, Alan Turing, and Kurt Gödel",
        "Ada Lovelace and Alan Turing & Kurt Gödel",
        "Ada Lovelace; Alan Turing; Kurt Gödel",
    ],
)
def test_conjunctions_part_names_where_they_are_used_so(text: str) -> None:
    names = ("Ada Lovelace", "Alan Turing", "Kurt Gödel")
    assert split_authors(text, conjunctions=True) == names


def test_andrea_and_anderson_are_not_torn_apart() -> None:
    text = "Andrea Anderson and Sandy Andrews"
    assert split_authors(text, conjunctions=True) == ("Andrea Anderson", "Sandy Andrews")


@given(st.text(alphabet="ab ,().&;\\{}$<>'\"", max_size=200), st.booleans())
def test_any_text_gives_names_with_something_in_them(text: str, conjunctions: bool) -> None:
    assert all(name.strip() for name in split_authors(text, conjunctions=conjunctions))


@pytest.mark.parametrize("unit", ["(", "a, ", "(a), ", "and ", "<a", "$"])
def test_a_list_without_end_is_read_in_bounded_time(unit: str) -> None:
    split_authors(unit * 300_000, conjunctions=True)
