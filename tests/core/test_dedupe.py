"""Which records are one paper: never a wrong merge, and as few missed ones as that allows."""

import unicodedata
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.dedupe import (
    Group,
    KnownPaper,
    common_kinds,
    merged_fields,
    plan,
    title_block,
    title_fingerprint,
)
from digest.core.identifiers import ARXIV, DOI, Identifier, PaperId, parse_doi
from digest.core.latex import readable
from digest.core.papers import Provenance, SourceRecord
from tests.builders import NOW, make_record

TITLE = "Walking robots that plan ahead on ice and sand"
ABSTRACT = (
    "Robots that walk on slippery ground often fall. Our planner predicts where every foot will "
    "slide and chooses another step before weight shifts, which halves falls in field trials."
)


def record(*ids: Identifier, **changes: object) -> SourceRecord:
    return make_record(**{"ids": ids, "title": TITLE, "abstract": ABSTRACT, **changes})


def arxiv(number: int) -> Identifier:
    return Identifier(ARXIV, f"2603.{number:05d}")


def doi(number: int) -> Identifier:
    return Identifier(DOI, f"10.1000/{number}")


def known(number: int, *ids: Identifier, **changes: object) -> KnownPaper:
    fields = {"title": TITLE, "abstract": ABSTRACT, "authors": ("Ada Bell",), "published_at": NOW}
    return KnownPaper(id=PaperId(number), ids=frozenset(ids), **fields | changes)  # type: ignore[arg-type]


def are_one(one: SourceRecord, other: SourceRecord) -> bool:
    """Whether two records are found to be one paper, in whichever order they come."""
    there, back = plan([one, other], []), plan([other, one], [])
    assert len(there) == len(back)
    return len(there) == 1


# --- identifiers ----------------------------------------------------------------------------------


def test_records_with_one_identifier_are_one_paper_whatever_their_titles() -> None:
    assert are_one(record(doi(1)), record(doi(1), title="Another title altogether", authors=()))


def test_a_record_joins_the_stored_paper_with_its_identifier() -> None:
    new = record(arxiv(1), title="Retitled")
    assert plan([new], [known(7, arxiv(1))]) == (
        Group(known=(PaperId(7),), records=(new,), why="same arxiv id"),
    )


def test_two_papers_are_joined_by_a_record_that_names_both_even_when_it_comes_last() -> None:
    first, second = record(arxiv(1)), record(doi(1), title="In print", authors=("Eva Fox",))
    both = record(arxiv(1), doi(1))
    (group,) = plan([first, second, both], [])
    assert set(group.records) == {first, second, both}


def test_two_stored_papers_are_merged_into_the_older() -> None:
    (group,) = plan([record(arxiv(1), doi(1))], [known(9, doi(1)), known(4, arxiv(1))])
    assert group.known == (4, 9)


def test_preprints_with_the_doi_of_one_issue_stay_apart() -> None:
    assert not are_one(record(arxiv(1), doi(1)), record(arxiv(2), doi(1)))


def test_a_record_with_the_wrong_doi_stays_with_its_preprint() -> None:
    groups = plan([record(arxiv(2), doi(1))], [known(1, arxiv(1), doi(1)), known(2, arxiv(2))])
    assert [group.known for group in groups] == [(2,)]


def test_a_record_with_a_preprint_of_its_own_does_not_join_anothers_by_its_other_names() -> None:
    entry, other = Identifier("feed:x", "1"), Identifier("feed:y", "2")
    groups = plan([record(doi(1), entry), record(arxiv(1), other, title="Other")], [])
    assert len(groups) == 2
    third = record(arxiv(2), doi(1), other)
    groups = plan([*groups[0].records, *groups[1].records, third], [])
    assert [len(group.records) for group in groups] == [2, 1]


def test_versions_and_both_prefixes_of_a_biorxiv_preprint_are_one_paper() -> None:
    old, new = (
        record(Identifier(DOI, parse_doi(f"10.{prefix}/2026.01.02.123456v{version}") or ""))
        for prefix, version in (("1101", 1), ("64898", 3))
    )
    assert are_one(old, replace(new, title="Retitled in its third version", abstract=""))


def test_a_preprint_and_its_print_are_one_paper_once_a_record_names_both() -> None:
    preprint, print_ = doi(1), doi(2)
    printed = record(print_, title="Gaits on slippery ground", abstract=ABSTRACT[:60])
    assert not are_one(record(preprint), printed)
    groups = plan([record(preprint, print_)], [known(1, preprint), known(2, print_)])
    assert [group.known for group in groups] == [(1, 2)]


def test_an_equal_title_is_tried_before_a_similar_one() -> None:
    similar, equal = known(1, doi(1), title=TITLE + "s"), known(2, doi(2))
    (group,) = plan([record(arxiv(1))], [similar, equal])
    assert group.known == (2,)


def test_an_arxiv_id_is_proof_whatever_else_two_sides_say() -> None:
    first = record(arxiv(1), doi(1))
    again = record(arxiv(1), doi(2), title="A new title altogether", abstract="And a new text.")
    assert are_one(first, again)


def test_what_speaks_of_two_papers_at_once_goes_to_one_of_them_and_is_no_third() -> None:
    works = [Identifier("openalex", name) for name in ("W1", "W2")]
    other = {"title": "How whales sleep in winter", "abstract": "Whales sleep."}
    stored = [known(1, works[0], doi(1)), known(2, works[1], doi(2), **other)]
    mixed = record(works[0], doi(2), title="Front matter", abstract="", authors=())
    (group,) = plan([mixed], stored)
    assert group.known == (PaperId(1),)


def test_an_articles_doi_is_no_proof_that_two_preprints_are_one() -> None:
    article = doi(9)
    other = {
        "title": "How whales sleep in winter",
        "abstract": "Whales sleep.",
        "authors": ("B Fin",),
    }
    stored = [known(1, doi(1), article)]
    (group,) = plan([record(article, doi(2), **other)], stored)
    assert group.known == ()
    again = [*stored, known(2, doi(2), **other)]
    (group,) = plan([record(article, doi(2), **other)], again)
    assert group.known == (PaperId(2),)


# --- titles ---------------------------------------------------------------------------------------


def test_the_same_title_and_first_author_are_one_paper() -> None:
    print_ = record(
        doi(1), title="WALKING Robots that plan-ahead on ice & sand".replace("&", "and")
    )
    assert are_one(record(arxiv(1), abstract=""), print_)


def test_the_same_title_of_another_first_author_is_another_paper() -> None:
    assert not are_one(record(arxiv(1)), record(doi(1), authors=("Eva Fox", "Gus Hart")))
    assert not are_one(record(arxiv(1)), record(doi(1), authors=("Eva Fox",), abstract=""))
    assert not are_one(record(arxiv(1)), record(doi(1), authors=(), abstract=""))


def test_a_short_title_alone_proves_nothing() -> None:
    short = "Introduction"
    one = record(arxiv(1), title=short, abstract="About the sea and its many fishes.")
    assert not are_one(
        one, record(doi(1), title=short, abstract="Volcanoes erupt without warning.")
    )


def test_the_same_title_years_apart_is_another_paper() -> None:
    later = NOW + timedelta(days=800)
    assert not are_one(record(arxiv(1)), record(doi(1), published_at=later))


def test_two_entries_of_one_feed_are_two_papers() -> None:
    assert not are_one(record(Identifier("feed:x", "1")), record(Identifier("feed:x", "2")))


def test_a_title_with_its_end_cut_off_matches_with_the_same_abstract() -> None:
    cut = record(doi(1), title=TITLE[:-5] + "…")
    assert are_one(record(arxiv(1)), cut)
    assert not are_one(record(arxiv(1)), record(doi(1), title=cut.title, abstract="Fish sleep."))
    assert not are_one(record(arxiv(1)), record(doi(1), title=cut.title, abstract=""))


@pytest.mark.parametrize(
    ("one", "other"),
    [("Part I", "Part II"), ("Part 1", "Part 2"), ("Part A", "Part B"), ("IV", "VI"), ("", "II")],
)
def test_the_parts_of_a_series_stay_apart(one: str, other: str) -> None:
    left, right = (f"{TITLE}: a long study of gaits, {part}".rstrip(", ") for part in (one, other))
    assert not are_one(record(arxiv(1), title=left), record(doi(1), title=right))


def test_tex_marks_and_case_make_no_difference_to_a_title() -> None:
    assert title_fingerprint("Sch\\\"odinger's $\\alpha$-CAT") == title_fingerprint(
        "Schrodinger’s α-cat".replace("Schr", "Sch")
    )


# --- properties -----------------------------------------------------------------------------------

WORDS = st.sampled_from(["walking robots that plan ahead", "walking robots that plan a head", "x"])
RECORDS = st.lists(
    st.builds(
        lambda preprint, print_, feed, title, author, year: record(
            *([arxiv(preprint)] if preprint else []),
            *([doi(print_)] if print_ else []),
            *([Identifier("feed:x", str(feed))]),
            title=title,
            authors=(author,),
            published_at=NOW.replace(year=year),
        ),
        st.integers(0, 3),
        st.integers(0, 3),
        st.integers(1, 9),
        WORDS,
        st.sampled_from(["Ada Bell", "Eva Fox"]),
        st.integers(2024, 2026),
    ),
    max_size=8,
)
KNOWN = st.lists(st.integers(1, 3), unique=True, max_size=3).map(
    lambda numbers: [known(n, arxiv(n), doi(n)) for n in numbers]
)


@given(records=RECORDS, papers=KNOWN)
def test_every_record_is_in_exactly_one_group(
    records: list[SourceRecord], papers: list[KnownPaper]
) -> None:
    groups = plan(records, papers)
    placed = [id(record) for group in groups for record in group.records]
    assert sorted(placed) == sorted(map(id, records))
    assert all(group.records for group in groups)
    assert all(group.why for group in groups)


@given(records=RECORDS, papers=KNOWN)
def test_every_stored_paper_is_in_at_most_one_group(
    records: list[SourceRecord], papers: list[KnownPaper]
) -> None:
    named = [key for group in plan(records, papers) for key in group.known]
    assert len(named) == len(set(named))
    assert all(list(group.known) == sorted(group.known) for group in plan(records, papers))


@given(records=RECORDS, papers=KNOWN)
def test_two_preprints_are_never_made_one(
    records: list[SourceRecord], papers: list[KnownPaper]
) -> None:
    ids = {paper.id: paper.ids for paper in papers}
    for group in plan(records, papers):
        names = {name for record in group.records for name in record.ids}
        names |= {name for key in group.known for name in ids[key]}
        assert len({name for name in names if name.kind == ARXIV}) <= 1


@given(numbers=st.lists(st.integers(1, 4), max_size=8), data=st.data())
def test_the_order_of_records_makes_no_difference_where_each_has_one_preprint(
    numbers: list[int], data: st.DataObject
) -> None:
    records = [record(arxiv(n), source=f"s{place}") for place, n in enumerate(numbers)]
    shuffled = data.draw(st.permutations(records))

    def partition(given_: list[SourceRecord]) -> set[frozenset[str]]:
        return {frozenset(r.source for r in group.records) for group in plan(given_, [])}

    assert partition(records) == partition(shuffled)


@given(records=RECORDS, papers=KNOWN)
def test_the_same_input_gives_the_same_groups(
    records: list[SourceRecord], papers: list[KnownPaper]
) -> None:
    assert plan(records, papers) == plan(records, list(reversed(papers)))


@given(records=RECORDS, papers=KNOWN)
def test_papers_that_the_records_identifiers_tell_apart_need_not_be_known(
    records: list[SourceRecord], papers: list[KnownPaper]
) -> None:
    named = {identifier for given_ in records for identifier in given_.ids}
    kinds = common_kinds(records)
    needed = [p for p in papers if p.ids & named or not kinds & {i.kind for i in p.ids}]
    assert plan(records, needed) == plan(records, papers)


@given(st.text(max_size=60) | st.text(st.characters(max_codepoint=255)))
def test_a_fingerprint_is_the_letters_and_digits_of_what_people_read(title: str) -> None:
    decomposed = unicodedata.normalize("NFKD", readable(title)).casefold()
    assert title_fingerprint(title) == "".join(c for c in decomposed if c.isalnum())


@given(st.text(max_size=60))
def test_any_title_has_a_fingerprint_and_its_start_is_the_block(title: str) -> None:
    assert title_fingerprint(title).startswith(title_block(title))


# --- fields ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "wins"),
    [
        (Provenance(source="a", authority=5), record(arxiv(1), source="b", authority=6), True),
        (Provenance(source="a", authority=5), record(arxiv(1), source="b", authority=5), False),
        (Provenance(source="a", version=2), record(arxiv(1), source="a", version=2), True),
        (Provenance(source="a", version=2), record(arxiv(1), source="a", version=1), False),
        (Provenance(source="a", version=2), record(arxiv(1), source="a", version=None), False),
        (None, record(arxiv(1), source="a"), True),
    ],
)
def test_who_may_change_a_field(old: Provenance | None, new: SourceRecord, wins: bool) -> None:
    changed, _, _ = merged_fields({"title": "Old"}, {"title": old} if old else {}, new)
    assert ("title" in changed) is wins


def test_empty_fields_replace_nothing_and_fill_from_anybody() -> None:
    empty = record(arxiv(1), title="", authority=99)
    assert "title" not in merged_fields({"title": "Old"}, {}, empty)[0]
    poor = record(arxiv(1), source="b", authority=0)
    changed, origins, _ = merged_fields({"title": ""}, {}, poor)
    assert changed["title"] == TITLE
    assert origins["title"] == Provenance(source="b", authority=0)


def test_one_record_with_the_wrong_link_joins_no_papers_that_speak_of_other_things() -> None:
    robots = known(1, doi(1), title="Walking robots that plan ahead on ice")
    proteins = known(2, doi(2), title="Folding proteins by simulated annealing", abstract="")
    both = record(doi(1), doi(2), title="Walking robots that plan ahead on ice")
    assert [group.known for group in plan([both], [robots, proteins])] == [(1,)]
