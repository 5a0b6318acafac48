"""RIS with the liberties that its writers take."""

from hypothesis import given
from hypothesis import strategies as st

from digest.core.identifiers import ARXIV, DOI, Identifier
from digest.sources.ris import parse_ris
from tests.sources.libraries import FIXTURES

MENDELEY = (FIXTURES / "mendeley.ris").read_text(encoding="utf-8")


def test_an_entry_is_read_with_lines_broken_anywhere() -> None:
    walking = parse_ris(MENDELEY).found[0]
    assert walking.title == "Walking robots that plan ahead"
    assert walking.abstract == "Robots fall. We count the falls."
    assert walking.authors == ("Ada M. Bell", "Jörg Müller")
    assert walking.ids == (Identifier(ARXIV, "2401.00001"), Identifier(DOI, "10.1234/jrx.2024.1"))
    assert walking.year == 2024


def test_an_entry_without_its_end_stops_where_the_next_begins() -> None:
    forgotten = parse_ris(MENDELEY).found[1]
    assert forgotten.title == "The entry whose end was forgotten"
    assert (forgotten.authors, forgotten.year) == (("Chen Dao",), 2019)
    assert forgotten.ids == (Identifier(ARXIV, "1901.00002"),)


def test_the_last_entry_counts_though_the_file_breaks_off() -> None:
    last = parse_ris(MENDELEY).found[-1]
    assert (last.title, last.abstract) == ("The last one, cut off", "Its abstract is here")


def test_what_cannot_be_used_is_named_with_its_line() -> None:
    assert parse_ris(MENDELEY).bad == (
        "line 21, 77: it has no title, no arXiv id and no DOI",
        "line 25: this stands in no entry, TY begins one",
    )


def test_thousands_of_values_of_one_tag_are_cut() -> None:
    text = "TY  - JOUR\nTI  - A title\n" + "AU  - Bell, Ada\n" * 5_000 + "ER  - \n"
    (found,) = parse_ris(text).found
    assert len(found.authors) == 100


@given(st.lists(st.text(max_size=60).filter(lambda line: "TY" not in line and "ER" not in line)))
def test_whatever_stands_before_it_an_entry_is_read(lines: list[str]) -> None:
    text = "\n".join(("TY  - JOUR", *lines, "ER  - ", "TY  - JOUR", "TI  - The last one", "ER  - "))
    assert parse_ris(text).found[-1].title == "The last one"
