"""BibTeX as exporters write it; the fixtures have their forms, and contents of our own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.errors import InvalidInput
from digest.core.identifiers import ARXIV, DOI, Identifier
from digest.core.references import Reference, References
from digest.sources.bibtex import parse_bibtex
from digest.sources.reference_fields import MOST_ENTRIES
from tests.sources.libraries import FIXTURES


def read(name: str) -> References:
    return parse_bibtex((FIXTURES / name).read_text(encoding="utf-8"))


def one(fields: str) -> Reference:
    (found,) = parse_bibtex(f"@misc{{key,\n{fields}}}\n").found
    return found


def test_zotero_names_the_arxiv_id_in_several_places() -> None:
    walking, grasping = read("zotero.bib").found
    assert walking.ids == (Identifier(ARXIV, "2401.00001"),)
    assert walking.title == "Walking Robots that Plan Ahead"
    assert walking.authors == ("Ada Bell", "Jörg Müller")
    assert walking.abstract.startswith("Robots fall. We plan ahead")
    assert (grasping.ids, grasping.year) == ((Identifier(DOI, "10.1234/jrx.2019.77"),), 2019)


def test_jabref_brings_macros_comments_and_the_day_of_an_entry() -> None:
    read_back = read("jabref.bib")
    assert read_back.bad == ()
    erdos, *_ = read_back.found
    assert erdos.where == "line 5, Erdos1987"
    assert erdos.authors == ("Pál Erdős", "Ada van der Berg", "Barnes and Noble Lab")
    assert erdos.ids == (Identifier(DOI, "10.1007/978-3-030-1234_12"),)
    assert (erdos.year, str(erdos.added_on)) == (1987, "2022-11-05")


def test_a_key_or_a_field_given_twice_does_not_cost_an_entry() -> None:
    _, first, second = read("jabref.bib").found
    assert first.title == 'A "quoted" title with "marks"'
    assert first.ids == (Identifier(ARXIV, "hep-th/9711200"),)
    assert second.title == "Another paper under the same key"
    assert second.ids == (Identifier(ARXIV, "hep-ph/9901001"),)
    assert second.authors == ("Jana Novak",)


def test_names_in_the_extended_format_of_biblatex_are_names() -> None:
    (reference,) = parse_bibtex(
        "@article{a, title={Robots that walk on ice},"
        " author={family=Berg, given=Ada, prefix=van der, useprefix=true and"
        ' given={Jean-Paul}, given-i=JP, family="Novak" and Smith, John and P = NP Consortium}}'
    ).found
    assert reference.authors == (
        *("Ada van der Berg", "Jean-Paul Novak", "John Smith", "P = NP Consortium"),
    )


def test_google_scholar_hides_the_arxiv_id_in_the_journal() -> None:
    attention, book = read("scholar.bib").found
    assert attention.ids == (Identifier(ARXIV, "1706.01234"),)
    assert (book.ids, book.title) == ((), "A book about robots")


def test_entries_after_a_broken_one_are_read_and_the_broken_one_is_named() -> None:
    broken = read("broken.bib")
    assert [r.where for r in broken.found] == ["line 1, good1", "line 11, good3", "line 22, good6"]
    assert broken.bad == (
        "line 6, open2: its braces, quotes or commas do not match",
        "line 17, empty5: it has no title, no arXiv id and no DOI",
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"title = {G{\"o}del and {\"{U}}bung}", "Gödel and Übung"),
        (
            r'title = "Poincar{\'e}, Na{\"\i}ve, \v{C}ech and {\O}re"',
            "Poincaré, Naïve, Čech and Øre",
        ),
        (r"title = {Stra{\ss}e, \aa{} and \L{}\'od\'z}", "Straße, å and Łódź"),
        (r"title = {50{\%} of R\&D for C\#}", "50% of R&D for C#"),
        ("title = {A {{deeply} nested} {T}itle}", "A deeply nested Title"),
        ("title = {Two\n   lines\tand <i>markup</i> &amp; \x00\x1b[31mcontrols}", None),
        ("title = one # { } # two", "one two"),
        ("title = 1984", "1984"),
        (r"title = {The $\ell_1$ norm of {X}}", r"The $\ell_1$ norm of {X}"),
    ],
)
def test_titles_are_read_as_tex_means_them(written: str, meant: str | None) -> None:
    assert one(written).title == (meant or "Two lines and markup & [31mcontrols")


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ("eprint = {2401.00001}, archivePrefix = {arXiv}", ["arxiv:2401.00001"]),
        ("eprint = {2401.00001v3}, eprinttype = {arXiv}", ["arxiv:2401.00001"]),
        ("arxivId = {2401.00001}", ["arxiv:2401.00001"]),
        (
            "journal = {CoRR}, volume = {abs/2401.00001}, eprint = {2401.00001}",
            ["arxiv:2401.00001"],
        ),
        ("eprint = {12345678}, eprinttype = {pubmed}", []),
        ("url = {https://arxiv.org/abs/2401.00001v2}", ["arxiv:2401.00001"]),
        (r"howpublished = {\url{https://doi.org/10.1234/A}}", ["doi:10.1234/a"]),
        ("note = {submitted, 2401.00001 words}", []),
        ("doi = {10.1234/a}, eprint = {2401.00001}", ["arxiv:2401.00001", "doi:10.1234/a"]),
        ("doi = {https://doi.org/10.48550/ARXIV.2401.00001}", ["arxiv:2401.00001"]),
        ("url = {https://openreview.net/forum?id=AbCdEf1234}", ["openreview:AbCdEf1234"]),
    ],
)
def test_identifiers_are_found_where_exporters_put_them(fields: str, names: list[str]) -> None:
    assert list(map(str, one(f"title = {{A title}}, {fields}").ids)) == names


def test_more_entries_or_fields_than_a_library_has_are_refused() -> None:
    with pytest.raises(InvalidInput, match="more than 20,000 entries"):
        parse_bibtex("@a{b}" * (MOST_ENTRIES + 1))
    with pytest.raises(InvalidInput, match="more than 1,000,000 fields"):
        parse_bibtex("@a{b," + "c=d," * 1_000_001 + "}")
    with pytest.raises(InvalidInput, match="more braces"):
        parse_bibtex("@a{b, title = {" + "{" * 4_000_001)


_FIELD = st.text(alphabet=st.sampled_from("ab Zé{}\\\"@,=#%$\n'~^"), max_size=40)


@given(st.lists(st.tuples(_FIELD, _FIELD), max_size=5))
def test_whatever_stands_in_an_entry_the_next_one_is_read(fields: list[tuple[str, str]]) -> None:
    inside = ",\n".join(f"{name} = {{{value}}}" for name, value in fields)
    text = f"@misc{{odd,\n{inside}\n}}\n\n@misc{{last,\n  title = {{The last one}}\n}}\n"
    assert parse_bibtex(text).found[-1].title == "The last one"


@given(st.text(alphabet=st.characters(exclude_characters='{}\\"@#$&<>%_~', codec="utf-8")))
def test_a_title_of_plain_letters_comes_back_as_it_was_cleaned(title: str) -> None:
    again = parse_bibtex(f"@misc{{key, title = {{{title}}}, doi = {{10.1234/a}}}}").found[0].title
    assert (
        parse_bibtex(f"@misc{{key, title = {{{again}}}, doi = {{10.1234/a}}}}").found[0].title
        == again
    )
