"""What bioRxiv and medRxiv say, made into records; the entries of the fixture are invented."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.errors import SourceError, SourceMalformed, SourceUnavailable
from digest.core.identifiers import DOI, Identifier
from digest.core.likeness import surname
from digest.sources.openrxiv_details import BIORXIV, MEDRXIV, Details, parse_details
from tests.sources.mutations import mutated, mutated_json

FIXTURE = Path(__file__).parent / "fixtures" / "openrxiv" / "details.json"


def day(month: int, number: int, year: int = 2026) -> datetime:
    return datetime(year, month, number, tzinfo=UTC)


@pytest.fixture
def page() -> Details:
    return parse_details(FIXTURE.read_bytes(), server=BIORXIV)


def changed(message: dict[str, Any] | None = None, **entry: Any) -> bytes:
    """The first entry of the fixture alone, with some keys of it or of the message replaced."""
    whole = json.loads(FIXTURE.read_bytes())
    whole["messages"][0] |= message or {}
    whole["collection"] = [whole["collection"][0] | entry]
    return json.dumps(whole).encode()


def test_every_version_is_a_record_in_the_order_given(page: Details) -> None:
    assert [record.version for record in page.records] == [1, 3, 2, 1]
    assert (page.received, page.total, page.at, page.bad) == (4, 4, 0, ())


def test_both_prefixes_name_one_paper_and_links_keep_the_one_given(page: Details) -> None:
    first, last = page.records[0], page.records[3]
    assert first.ids == (Identifier(DOI, "10.1101/2026.03.13.700001"),)
    assert first.url == "https://www.biorxiv.org/content/10.64898/2026.03.13.700001v1"
    assert first.pdf_url == f"{first.url}.full.pdf"
    assert last.ids == (Identifier(DOI, "10.1101/2026.03.16.700004"),)
    assert last.url == "https://www.biorxiv.org/content/10.1101/2026.03.16.700004v1"


def test_medrxiv_is_told_from_biorxiv_by_who_is_asked() -> None:
    (record,) = parse_details(changed(), server=MEDRXIV).records
    assert (record.source, record.venue) == ("medrxiv", "medRxiv")
    assert record.url.startswith("https://www.medrxiv.org/content/10.64898/")


def test_names_read_as_people_say_them_and_keep_their_surnames(page: Details) -> None:
    authors = page.records[0].authors
    assert authors == ("A. Lovelace", "K. M. van der Berg", "Y.-Y. Zhao", "The Octopus Consortium")
    assert [surname(name) for name in authors[:3]] == ["lovelace", "berg", "zhao"]
    assert page.records[2].authors == ("E. Noether",)
    assert page.records[3].authors == ("Alan Turing",)


def test_a_first_version_appears_when_it_was_posted(page: Details) -> None:
    assert (page.records[0].appeared_at, page.records[0].published_at) == (day(3, 17), day(3, 17))


def test_a_later_version_does_not_look_new(page: Details) -> None:
    revised, old = page.records[1], page.records[2]
    assert (revised.appeared_at, revised.updated_at) == (day(12, 20, 2025), day(3, 18))
    assert revised.published_at is None
    assert old.appeared_at == day(12, 11, 2019)


def test_the_journals_doi_is_a_second_name_once_there_is_one(page: Details) -> None:
    assert page.records[1].ids == (
        Identifier(DOI, "10.1101/2025.12.20.700002"),
        Identifier(DOI, "10.1234/taste.2026.7"),
    )


@pytest.mark.parametrize(
    "published",
    ["NA", "", None, 5, ["10.1234/x"], "10.1101/2026.03.13.700001", "10.64898/2025.01.01.600000"],
)
def test_what_is_no_article_gives_no_second_name(published: object) -> None:
    (record,) = parse_details(changed(published=published), server=BIORXIV).records
    assert record.ids == (Identifier(DOI, "10.1101/2026.03.13.700001"),)


def test_abstracts_lose_their_markup_and_keep_their_sections(page: Details) -> None:
    assert page.records[0].abstract == (
        "Background Octopuses sleep & change colour. "
        "Results Movements at p < 0.05 match earlier escapes"
    )


def test_an_abstract_that_is_cut_or_missing_is_taken_as_it_is() -> None:
    cut = parse_details(changed(abstract="Abstract reasoning by octop"), server=BIORXIV)
    assert cut.records[0].abstract == "Abstract reasoning by octop"
    assert parse_details(changed(abstract=None), server=BIORXIV).records[0].abstract == ""


def test_the_category_is_kept_as_it_is_written(page: Details) -> None:
    assert [r.categories for r in page.records][::2] == [("neuroscience",), ("cell biology",)]


@pytest.mark.parametrize("funder", ["NA", [], [{"name": "A", "award": None}], None, 7])
def test_funders_come_in_any_form_and_matter_to_nobody(funder: object) -> None:
    assert parse_details(changed(funder=funder), server=BIORXIV).bad == ()


@pytest.mark.parametrize(
    ("message", "total", "at"),
    [
        ({"cursor": "30", "total": 120}, 120, 30),
        ({"cursor": None, "total": "many"}, None, None),
        ({"cursor": -1, "total": "-5"}, None, None),
        ({"cursor": True, "total": "9" * 400}, None, None),
        ({"cursor": 1.5, "total": 10**30}, None, None),
    ],
)
def test_numbers_come_as_numbers_or_texts_and_are_not_trusted(
    message: dict[str, Any], total: int | None, at: int | None
) -> None:
    page = parse_details(changed(message), server=BIORXIV)
    assert (page.total, page.at) == (total, at)


@pytest.mark.parametrize("version", [None, "", "x", 0, -3, True, "²", [2], 10**9])
def test_a_version_that_is_none_is_taken_for_the_first(version: object) -> None:
    (record,) = parse_details(changed(version=version), server=BIORXIV).records
    assert (record.version, record.published_at) == (None, day(3, 17))
    assert record.url.endswith("v1")


@pytest.mark.parametrize("status", ["no posts found", "No posts found", "No articles found."])
@pytest.mark.parametrize("rest", [{"collection": []}, {}, {"collection": None}])
def test_days_without_posts_are_a_valid_empty_page(status: str, rest: dict[str, Any]) -> None:
    body = json.dumps({"messages": [{"status": status}], **rest}).encode()
    page = parse_details(body, server=BIORXIV)
    assert (page.records, page.received, page.total) == ((), 0, None)


def test_another_status_is_told_in_its_words() -> None:
    body = b'{"messages":[{"status":"error: database is busy"}],"collection":[]}'
    with pytest.raises(SourceUnavailable, match=r"^bioRxiv answered: error: database is busy$"):
        parse_details(body, server=BIORXIV)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ({"doi": "NA"}, "entry 1 has no DOI"),
        ({"doi": {"a": 1}}, "entry 1 has no DOI"),
        ({"title": " "}, "entry 1 (10.1101/2026.03.13.700001) has no title"),
        ({"date": "yesterday"}, "entry 1 (10.1101/2026.03.13.700001) has no date"),
        ({"date": "2026-02-30"}, "entry 1 (10.1101/2026.03.13.700001) has no date"),
    ],
)
def test_an_entry_that_cannot_be_read_is_counted(entry: dict[str, Any], why: str) -> None:
    page = parse_details(changed(**entry), server=BIORXIV)
    assert (page.records, page.bad, page.received) == ((), (why,), 1)


def test_the_others_of_a_bad_page_are_read() -> None:
    whole = json.loads(FIXTURE.read_bytes())
    whole["collection"][1] = "a string"
    page = parse_details(json.dumps(whole).encode(), server=BIORXIV)
    assert (len(page.records), page.bad, page.received) == (3, ("entry 2 is no object",), 4)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"Error : (2002) Connection refused",
        b'{"messages":[{"status":"ok"}]}',
        b'{"messages":[{"status":"ok"}],"collection":{"a":1}}',
        b'{"collection":[]}',
        b'{"a":' * 50_000,
        b'{"messages":[{"status":"ok","total":' + b"9" * 5000 + b'}],"collection":[]}',
        FIXTURE.read_bytes()[:900],
    ],
)
def test_what_is_no_page_is_malformed(body: bytes) -> None:
    with pytest.raises(SourceMalformed, match=r"^bioRxiv's list "):
        parse_details(body, server=BIORXIV)


@given(mutated_json(json.loads(FIXTURE.read_bytes())) | mutated(FIXTURE.read_bytes()))
def test_whatever_comes_is_a_page_or_an_error_of_the_source(body: bytes) -> None:
    try:
        page = parse_details(body, server=BIORXIV)
    except SourceError:
        return
    assert len(page.records) + len(page.bad) == page.received
    for record in page.records:
        assert record.title
        assert record.url.startswith("https://www.biorxiv.org/content/10.")


@given(st.dates(min_value=date(2020, 1, 1)), st.integers(min_value=1, max_value=99))
def test_no_version_appears_after_its_own_day(posted: date, version: int) -> None:
    body = changed(date=posted.isoformat(), version=str(version))
    (record,) = parse_details(body, server=BIORXIV).records
    assert record.appeared_at.date() <= posted
