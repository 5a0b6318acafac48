"""OpenReview's notes, made into records; those of the fixture are invented."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from digest.core.errors import SourceError, SourceMalformed, SourceUnavailable
from digest.core.identifiers import ARXIV, DOI, OPENREVIEW, Identifier
from digest.sources.openreview_notes import Notes, parse_notes
from tests.fakes import NOON
from tests.sources.mutations import mutated, mutated_json

FIXTURE = Path(__file__).parent / "fixtures" / "openreview" / "notes.json"
PUBLISHED_AT = datetime(2026, 3, 13, 11, 6, 40, tzinfo=UTC)


@pytest.fixture
def page() -> Notes:
    return parse_notes(FIXTURE.read_bytes(), now=NOON)


def changed(content: dict[str, Any] | None = None, **note: Any) -> bytes:
    """The first note of the fixture alone, with some of its fields or its content replaced."""
    whole = json.loads(FIXTURE.read_bytes())
    first = whole["notes"][0] | note
    first["content"] |= content or {}
    return json.dumps({"notes": [first], "count": 1}).encode()


def kept(content: dict[str, Any] | None = None, **note: Any) -> int:
    page = parse_notes(changed(content, **note), now=NOON)
    assert page.bad == ()
    return len(page.notes)


def test_a_paper_is_named_by_its_forum_and_links_to_its_places(page: Notes) -> None:
    paper = page.notes[0].record
    assert paper.ids == (Identifier(OPENREVIEW, "aB3dEf6hIj"),)
    assert paper.url == "https://openreview.net/forum?id=aB3dEf6hIj"
    assert paper.pdf_url == "https://openreview.net/pdf?id=aB3dEf6hIj"
    assert paper.code_url == "https://github.com/lab/forget"
    assert (paper.source, paper.venue) == ("openreview", "ICLR 2026 Poster")


def test_wrapped_values_are_read(page: Notes) -> None:
    paper = page.notes[0].record
    assert paper.title == r"Forgetting on Purpose: Unlearning by $\ell_1$ Penalties"
    assert paper.authors == ("Ada Lovelace", "Kurt Gödel")
    assert paper.categories == ("unlearning", "sparsity")
    assert paper.summary == "A penalty makes models forget."
    assert paper.abstract.endswith("Much is forgotten.")


def test_bare_values_are_read(page: Notes) -> None:
    paper = page.notes[1].record
    assert (paper.title, paper.authors) == (
        "Bare Values, as in the First Version",
        ("Emmy Noether",),
    )
    assert paper.categories == ("symmetry", "conservation")
    assert paper.summary == "Symmetry conserves."


def test_links_to_arxiv_and_dois_are_further_names(page: Notes) -> None:
    assert page.notes[1].record.ids == (
        Identifier(OPENREVIEW, "sT4uVw8xYz"),
        Identifier(ARXIV, "2603.10003"),
        Identifier(DOI, "10.1234/symmetry.3"),
    )
    bibtex = {"_bibtex": {"value": "@article{a, doi={10.5555/AbC.7}, title={10 things}}"}}
    (note,) = parse_notes(changed(bibtex), now=NOON).notes
    assert note.record.ids[1:] == (Identifier(DOI, "10.5555/abc.7"),)


def test_papers_that_the_abstract_speaks_of_are_not_this_one() -> None:
    other = {"abstract": {"value": "As in https://arxiv.org/abs/2401.00001 we forget."}}
    (note,) = parse_notes(changed(other), now=NOON).notes
    assert len(note.record.ids) == 1


def test_a_paper_appears_when_it_was_published_not_when_it_was_handed_in(page: Notes) -> None:
    paper = page.notes[0].record
    assert (paper.appeared_at, paper.published_at) == (PUBLISHED_AT, PUBLISHED_AT)
    assert page.notes[0].changed_at == datetime(2026, 3, 19, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize("pdate", [None, "1773400000000", True, -5, 0, 10**15, 10**400, []])
def test_without_a_date_of_publication_that_of_creation_counts(pdate: object) -> None:
    (note,) = parse_notes(changed(pdate=pdate), now=NOON).notes
    assert note.record.appeared_at == datetime(2025, 9, 24, 7, 46, 40, tzinfo=UTC)


def test_nothing_appears_in_the_future() -> None:
    ahead = (NOON + timedelta(days=90)).timestamp() * 1000
    (note,) = parse_notes(changed(pdate=ahead), now=NOON).notes
    assert note.record.appeared_at == NOON


@pytest.mark.parametrize(
    "content",
    [
        {"venueid": {"value": "ICLR.cc/2026/Conference/Rejected_Submission"}},
        {"venueid": {"value": "ICLR.cc/2026/Conference/Withdrawn_Submission"}},
        {"venueid": {"value": "ICLR.cc/2026/Conference/Desk_Rejected_Submission"}},
        {"venueid": "TMLR/Rejected"},
        {"venueid": {"value": "TMLR/Withdrawn_Submission"}},
        {"venue": {"value": "Submitted to ICLR 2026"}},
        {"venue": "ICLR 2022 Submitted"},
        {"venue": {"value": "ICLR 2026 Conference Withdrawn Submission"}},
        {"venue": {"value": "Rejected by TMLR"}},
    ],
)
def test_what_was_turned_down_or_withdrawn_does_not_appear(content: dict[str, Any]) -> None:
    assert kept(content) == 0


def test_what_is_still_under_review_appears_for_whoever_asks_for_that_list() -> None:
    under_review = {
        "venue": {"value": "Submitted to TMLR"},
        "venueid": {"value": "TMLR/Submission"},
    }
    assert kept(under_review) == 1


@pytest.mark.parametrize(
    "note",
    [
        {"id": "aReviewOfIt"},
        {"ddate": 1773500000000},
        {"readers": ["ICLR.cc/2026/Conference/Program_Chairs"]},
        {"readers": []},
    ],
)
def test_replies_and_what_is_not_for_everybody_do_not_appear(note: dict[str, Any]) -> None:
    assert kept(**note) == 0


def test_values_that_the_account_may_see_and_not_everybody_are_left_out() -> None:
    masked = {"authors": {"value": ["Ada Lovelace"], "readers": ["ICLR.cc/2026/Conference"]}}
    (note,) = parse_notes(changed(masked), now=NOON).notes
    assert note.record.authors == ()


@pytest.mark.parametrize(
    ("authors", "names"),
    [
        ({"value": ["Anonymous"]}, ()),
        ({"value": "Ada Lovelace, Alan Turing"}, ()),
        (
            {"value": [{"fullname": "Ada Lovelace", "username": "~Ada_Lovelace1"}, 5]},
            ("Ada Lovelace",),
        ),
        (None, ()),
    ],
)
def test_authors_come_in_any_form(authors: object, names: tuple[str, ...]) -> None:
    (note,) = parse_notes(changed({"authors": authors}), now=NOON).notes
    assert note.record.authors == names


def test_a_paper_without_a_pdf_has_no_link_to_one() -> None:
    (note,) = parse_notes(changed({"pdf": None}), now=NOON).notes
    assert note.record.pdf_url == ""


@pytest.mark.parametrize(
    ("content", "note", "why"),
    [
        ({"title": {"value": " "}}, {}, "note 1 (aB3dEf6hIj) has no title"),
        ({}, {"forum": "no id, surely", "id": "no id, surely"}, "note 1 has no id"),
        ({}, {"forum": {"a": 1}}, "note 1 has no id"),
        ({}, {"pdate": None, "cdate": None, "tcdate": None}, "note 1 (aB3dEf6hIj) has no date"),
    ],
)
def test_a_note_that_cannot_be_read_is_counted(
    content: dict[str, Any], note: dict[str, Any], why: str
) -> None:
    page = parse_notes(changed(content, **note), now=NOON)
    assert (page.notes, page.bad, page.received) == ((), (why,), 1)


def test_the_others_of_a_bad_page_are_read() -> None:
    whole = json.loads(FIXTURE.read_bytes())
    whole["notes"][1:1] = ["a string", {"id": "x", "content": []}]
    page = parse_notes(json.dumps(whole).encode(), now=NOON)
    assert (len(page.notes), page.bad, page.received) == (
        2,
        ("note 2 is none", "note 3 is none"),
        5,
    )


@pytest.mark.parametrize(("count", "total"), [(7, 7), ("7", 7), (None, None), (-1, None)])
def test_the_length_of_the_list_is_not_trusted(count: object, total: int | None) -> None:
    body = json.dumps({"notes": [], "count": count}).encode()
    assert parse_notes(body, now=NOON).total == total


def test_an_error_with_a_good_status_is_told_in_its_words() -> None:
    body = b'{"name":"NotFoundError","message":"The venue was not found","status":404}'
    with pytest.raises(SourceUnavailable, match="NotFoundError: The venue was not found"):
        parse_notes(body, now=NOON)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b'{"notes":{}}', b'{"count":3}', b'{"notes":' + b"[" * 90_000, b"\xff"],
)
def test_what_is_no_page_is_malformed(body: bytes) -> None:
    with pytest.raises(SourceMalformed, match=r"^OpenReview's list "):
        parse_notes(body, now=NOON)


@given(mutated_json(json.loads(FIXTURE.read_bytes())) | mutated(FIXTURE.read_bytes()))
def test_whatever_comes_is_a_page_or_an_error_of_the_source(body: bytes) -> None:
    try:
        page = parse_notes(body, now=NOON)
    except SourceError:
        return
    assert len(page.notes) + len(page.bad) <= page.received
    for note in page.notes:
        assert note.record.title
        assert note.record.appeared_at <= NOON
