"""A library from a file of any kind, told by what it holds."""

import codecs
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.errors import InvalidInput
from digest.core.references import References
from digest.sources import reference_fields
from digest.sources.reference_fields import day_of, person
from digest.sources.references import MOST_BYTES, parse_references
from tests.sources.libraries import FIXTURES
from tests.sources.mutations import mutated

FILES = sorted(FIXTURES.iterdir())
BODIES = [path.read_bytes() for path in FILES]
BIBTEX = "@article{bell, title = {Über Gödel}, author = {Müller, Jörg}, year = 2020}\n"


def read(name: str) -> References:
    return parse_references((FIXTURES / name).read_bytes())


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("zotero.bib", "BibTeX"),
        ("jabref.bib", "BibTeX"),
        ("mendeley.ris", "RIS"),
        ("zotero.csv", "CSV"),
        ("author.atom2", "Atom"),
        ("list.txt", "a list"),
    ],
)
def test_the_form_is_told_by_the_content(name: str, form: str) -> None:
    assert read(name).form == form


def test_an_entry_of_zotero_has_the_day_on_which_it_was_added() -> None:
    walking, grasping, formula = read("zotero.csv").found
    assert (walking.where, str(walking.added_on)) == ("line 2, ABCD1234", "2024-02-03")
    assert walking.title == 'Walking robots, that "plan" ahead'
    assert walking.abstract == "Robots fall. We count the falls."
    assert list(map(str, walking.ids)) == ["arxiv:2401.00001"]
    assert list(map(str, grasping.ids)) == ["doi:10.1234/jrx.2019.77"]
    assert formula.title == "=1+1 formulas and papers"


def test_rows_that_are_no_papers_are_named() -> None:
    assert read("zotero.csv").bad == (
        "line 5, IJKL9012: it is no paper: attachment",
        "line 6, MNOP3456: it has no title, no arXiv id and no DOI",
    )


def test_other_tables_are_read_by_their_columns() -> None:
    table = "Authors;Title;Year;DOI\nBell, Ada;Walking;2024;10.1234/A\n;;;\nDao, Chen;Grasping\n"
    walking, grasping = parse_references(table.encode()).found
    assert (walking.title, str(walking.ids[0]), walking.year) == ("Walking", "doi:10.1234/a", 2024)
    assert (grasping.title, grasping.authors) == ("Grasping", ("Chen Dao",))


def test_a_row_whose_quote_is_never_closed_costs_no_other_before_it() -> None:
    rows = 'Title,DOI\nGood one,10.1234/a\n"Open,10.1234/b\n' + "x" * 200_000 + "\nLast,10.1234/c\n"
    found = parse_references(rows.encode())
    assert [r.title for r in found.found] == ["Good one", "Last"]
    assert found.bad == ("line 3: a cell is too long, or a quote is not closed",)


def test_the_feed_of_an_author_brings_abstracts_and_days() -> None:
    feed = read("author.atom2")
    (walking,) = feed.found
    assert (walking.title, str(walking.added_on)) == (
        "Walking robots that plan ahead",
        "2024-01-02",
    )
    assert walking.abstract == "Robots fall. We count the falls."
    assert feed.bad == ("entry 2 (1901.00002) has no title",)


def test_a_list_may_have_comments_links_and_several_names_on_a_line() -> None:
    listed = read("list.txt")
    assert [(r.where, str(r.ids[0])) for r in listed.found] == [
        ("line 2", "arxiv:2401.00001"),
        ("line 3", "arxiv:1901.00002"),
        ("line 3", "doi:10.1234/jrx.2019.77"),
        ("line 4", "arxiv:2401.00003"),
        ("line 5", "arxiv:hep-th/9711200"),
        ("line 6", "openreview:AbCdEf1234"),
    ]
    assert listed.bad == ("line 7: no arXiv id, DOI or link to a paper: https://lab.example/blog",)


@pytest.mark.parametrize(
    "body",
    [
        BIBTEX.encode(),
        codecs.BOM_UTF8 + BIBTEX.encode(),
        BIBTEX.encode("latin-1"),
        codecs.BOM_UTF16_LE + BIBTEX.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + BIBTEX.encode("utf-16-be"),
        BIBTEX.encode("utf-16-le"),
        codecs.BOM_UTF32_LE + BIBTEX.encode("utf-32-le"),
        BIBTEX.replace("\n", "\r\n").encode(),
        BIBTEX.replace(", ", ",\r").encode(),
    ],
    ids="utf8 bom latin1 utf16le utf16be unmarked utf32 crlf cr".split(),
)
def test_letters_are_read_whatever_the_encoding(body: bytes) -> None:
    (found,) = parse_references(body).found
    assert (found.title, found.authors) == ("Über Gödel", ("Jörg Müller",))


def test_a_damaged_byte_costs_one_letter_of_a_file_in_utf8() -> None:
    (found,) = parse_references(BIBTEX.encode().replace("ö".encode(), b"\xc3", 1)).found
    assert found.title == "Über G\N{REPLACEMENT CHARACTER}del"
    assert found.authors == ("Jörg Müller",)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "it is no BibTeX, RIS"),
        (b"Dear Sir,\nhere is my list.\n", "it is no BibTeX, RIS"),
        (b"<html><body>Sign in</body></html>", "no Atom feed of arXiv"),
        (b"<feed xmlns='http://www.w3.org/2005/Atom'></feed>", "holds no papers"),
        (b"%PDF-1.7\n\0\0\x01\x02\x03\xff" + bytes(range(256)) * 9, "it is no text"),
        (b"\n" * 2_000_001, "more than 2,000,000 lines"),
        (b" " * (MOST_BYTES + 1), "larger than 25 MB"),
    ],
    ids="nothing prose page empty binary lines large".split(),
)
def test_what_is_no_library_is_refused_in_one_line(body: bytes, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason) as caught:
        parse_references(body)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        b"2401.00001\n" * 101,
        b"no name\n" * 101,
        b"TY  - JOUR\nER  - \n" * 101,
        b"TY  - JOUR\nER  - \n" + b"AU  - A\nER  - \n" * 100,
        b"title,doi\n" + b"a,b\n" * 101,
        b"@a{b}" * 101,
    ],
    ids="list prose ris stray table bibtex".split(),
)
def test_a_file_of_more_entries_than_a_library_has_is_refused(
    body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference_fields, "MOST_ENTRIES", 100)
    with pytest.raises(InvalidInput, match="more than 100 entries"):
        parse_references(body)


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Bell, Ada", "Ada Bell"),
        ("Bell, Jr., Ada M.", "Ada M. Bell"),
        ("Ada Bell", "Ada Bell"),
        ("Example Lab", "Example Lab"),
        (",", ""),
    ],
)
def test_names_are_put_in_the_order_of_speech(written: str, spoken: str) -> None:
    assert person(written) == spoken


def test_a_day_that_is_none_is_no_day() -> None:
    assert day_of("2023-02-30") is None
    assert str(day_of("2019.03.04")) == "2019-03-04"


@given(st.sampled_from(BODIES).flatmap(mutated) | st.binary(max_size=400))
def test_whatever_comes_is_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(InvalidInput):
        library = parse_references(body)
        for entry in library.found:
            assert entry.ids or entry.title
            assert all(text.isprintable() for text in (entry.title, entry.where, *entry.authors))
            assert entry.year is None or 1500 <= entry.year <= 2099
        assert all("\n" not in line for line in library.bad)
