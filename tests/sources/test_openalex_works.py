import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.errors import SourceMalformed
from digest.core.identifiers import Identifier
from digest.core.papers import Reading
from digest.sources.openalex_works import abstract_text, parse_works
from digest.sources.text import ABSTRACT_CHARS
from tests.sources.mutations import mutated, mutated_json
from tests.sources.shelf import arxiv, doi

BODY = (Path(__file__).parent / "fixtures" / "openalex" / "works.json").read_bytes()


def openalex(value: str) -> Identifier:
    return Identifier("openalex", value)


def changed(**keys: Any) -> bytes:
    """The first work of the fixture alone, with some keys replaced."""
    return json.dumps({"results": [json.loads(BODY)["results"][0] | keys]}).encode()


def test_a_merged_work_is_named_as_article_and_as_preprint() -> None:
    work = parse_works(BODY).records[0]
    assert work.source == "openalex"
    assert work.ids == (
        arxiv("2603.00001"),
        doi("10.1234/robots.2026.17"),
        openalex("W4400000001"),
    )
    assert work.url == "https://arxiv.org/abs/2603.00001"
    assert work.pdf_url == "https://arxiv.org/pdf/2603.00001"
    assert work.authority == 40


def test_what_a_work_says_of_itself_is_read() -> None:
    work = parse_works(BODY).records[0]
    assert work.title == "Walking Robots that Plan Ahead"
    assert work.abstract == "Robots fall, and robots rise and walk."
    assert work.venue == "Journal of Falling"
    assert work.categories == ("Robotic Locomotion", "Motion Planning")
    assert work.published_at == work.appeared_at == datetime(2026, 3, 16, tzinfo=UTC)
    assert work.readings == (Reading(metric="citations", value=12),)


def test_authors_are_named_as_they_signed() -> None:
    assert parse_works(BODY).records[0].authors == ("Ada Bell", "Chen Dao")


def test_a_preprint_is_known_by_its_doi_and_has_no_venue() -> None:
    work = parse_works(BODY).records[1]
    assert work.ids == (arxiv("2603.00002"), openalex("W4400000002"))
    assert (work.title, work.venue) == ("A Preprint of Yesterday", "")
    assert (work.abstract, work.authors, work.categories) == ("", (), ())


def test_a_work_of_no_other_name_is_found_where_it_lies() -> None:
    work = parse_works(BODY).records[2]
    assert work.ids == (openalex("W4400000003"),)
    assert (work.url, work.pdf_url) == (
        "https://reports.example/3",
        "https://reports.example/3.pdf",
    )


def test_retracted_works_and_covers_are_left_out_and_counted() -> None:
    works = parse_works(BODY)
    assert (len(works.records), works.omitted_count, works.received, works.bad) == (3, 2, 5, ())


def test_a_list_says_how_long_it_is_and_where_it_goes_on() -> None:
    works = parse_works(BODY)
    assert (works.total, works.next_cursor) == (5, "IlsxMDAuMCwgMF0i")
    end = parse_works(b'{"meta": {"count": 0, "next_cursor": null}, "results": []}')
    assert (end.total, end.next_cursor, end.received) == (0, "", 0)


def test_one_work_alone_is_read_as_a_list_of_one() -> None:
    work = json.loads(BODY)["results"][0]
    assert len(parse_works(json.dumps(work).encode()).records) == 1


@pytest.mark.parametrize("token", [5, ["x"], "a b", "x\n", "\ud800", "x" * 3000])
def test_a_cursor_that_cannot_be_sent_back_is_malformed(token: object) -> None:
    body = json.dumps({"meta": {"next_cursor": token}, "results": []}).encode()
    with pytest.raises(SourceMalformed, match="how its list goes on"):
        parse_works(body)


@pytest.mark.parametrize(
    ("item", "why"),
    [
        ("W1", "work 1 has no OpenAlex id"),
        ({"id": "https://openalex.org/A5", "title": "T"}, "work 1 has no OpenAlex id"),
        ({"id": "https://openalex.org/W5"}, "work 1 (W5) has no title"),
        ({"id": "https://openalex.org/W5", "title": ["T"]}, "work 1 (W5) has no title"),
    ],
)
def test_an_ill_formed_work_is_counted_and_the_others_are_read(item: object, why: str) -> None:
    document = json.loads(BODY)
    document["results"].insert(0, item)
    works = parse_works(json.dumps(document).encode())
    assert (len(works.records), works.bad, works.received) == (3, (why,), 6)


def test_a_work_without_a_date_appears_in_no_edition() -> None:
    (work,) = parse_works(changed(publication_date=None)).records
    assert (work.published_at, work.appeared_at.year) == (None, 1970)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"error":"Invalid filter","message":"Unknown filter field: nme"}', "filter field: nme"),
        (b'{"error":"Rate limit exceeded"}', "Rate limit exceeded"),
        (b"{}", "no list of works"),
        (b'{"results": {}}', "no list of works"),
        (b"[]", "no JSON object"),
        (b"", "not readable JSON"),
        (b'{"results": [', "not readable JSON"),
        (b"[" * 100_000, "not readable JSON"),
        (b'{"results": ' + b"9" * 5000 + b"}", "not readable JSON"),
    ],
)
def test_what_is_no_list_of_works_is_malformed(body: bytes, why: str) -> None:
    with pytest.raises(SourceMalformed, match=why):
        parse_works(body)


# --- abstracts


def test_words_stand_at_their_places_and_holes_close_up() -> None:
    assert abstract_text({"world": [7], "Hello": [0], "again": [900_000]}) == "Hello world again"


def test_places_that_are_none_are_left_out() -> None:
    index = {"a": [0, "1", None, True, 2.0, -1, 10**30], "b": "3", "c": None, "d": [3, 0]}
    assert abstract_text(index) == "a d"


@pytest.mark.parametrize("index", [None, [], "text", 5, {}])
def test_without_an_index_there_is_no_abstract(index: object) -> None:
    assert abstract_text(index) == ""


def test_an_abstract_that_would_fill_the_memory_is_cut() -> None:
    index = {"x" * 1_000_000: list(range(100_000)), "y": list(range(100_000))}
    assert len(abstract_text(index)) <= ABSTRACT_CHARS


@given(st.lists(st.sampled_from("ant bee cat dog elk".split()), max_size=40))
def test_a_text_comes_back_from_its_index(words: list[str]) -> None:
    index: dict[str, list[int]] = {}
    for place, word in enumerate(words):
        index.setdefault(word, []).append(place)
    assert abstract_text(index) == " ".join(words)


@given(mutated_json(json.loads(BODY)) | mutated(BODY))
def test_any_bytes_are_works_or_malformed(body: bytes) -> None:
    try:
        works = parse_works(body)
    except SourceMalformed:
        return
    assert len(works.records) + len(works.bad) + works.omitted_count == works.received
    assert all(record.title and record.ids for record in works.records)
