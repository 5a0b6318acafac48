import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from digest.core.errors import SourceMalformed, SourceThrottled, SourceUnavailable
from digest.core.fetching import FetchRequest, Outcome
from digest.core.identifiers import Identifier
from digest.core.papers import Reading
from digest.pipeline.refresh import refresh
from digest.sources.http import PoliteClient
from digest.sources.semantic_scholar import SemanticScholar, parse_papers
from digest.store import library
from digest.store.engine import Store
from digest.store.shelf import StoredShelf
from tests.builders import make_app, make_record, store_records
from tests.fakes import NOON, FakeClock
from tests.sources.conftest import collect
from tests.sources.mutations import mutated, mutated_json
from tests.sources.shelf import MemoryShelf, arxiv, doi, known
from tests.sources.site import Reply, Request, Site

FIXTURE = Path(__file__).parent / "fixtures" / "semantic_scholar" / "batch.json"
BODY = FIXTURE.read_bytes()


def changed(**keys: Any) -> bytes:
    """The first paper of the fixture alone, with some keys replaced."""
    return json.dumps([json.loads(BODY)[0] | keys]).encode()


def s2(value: str) -> Identifier:
    return Identifier("s2", value)


# --- parsing


def test_a_paper_is_named_by_all_its_ids() -> None:
    paper = parse_papers(BODY).records[0]
    assert paper.source == "semantic_scholar"
    assert paper.ids == (arxiv("2603.00001"), doi("10.1234/robots.2026.17"), s2("280000001"))
    assert paper.url == "https://arxiv.org/abs/2603.00001"


def test_citations_summary_and_place_are_read() -> None:
    paper = parse_papers(BODY).records[0]
    assert paper.readings == (Reading(metric="citations", value=12),)
    assert paper.summary == "A planner that keeps robots on their feet."
    assert paper.venue == "International Conference on Falling"
    assert paper.pdf_url == "https://proceedings.example/17.pdf"
    assert paper.abstract == "Robots fall & we count the falls."
    assert paper.authors == ("Ada Bell", "Chen Dao")
    assert paper.published_at == paper.appeared_at == datetime(2026, 3, 2, tzinfo=UTC)


def test_what_is_null_or_empty_is_empty() -> None:
    paper = parse_papers(BODY).records[1]
    assert (paper.abstract, paper.summary, paper.pdf_url, paper.authors) == ("", "", "", ())
    assert paper.readings == (Reading(metric="citations", value=0),)
    assert paper.published_at == datetime(2026, 1, 1, tzinfo=UTC)


def test_arxiv_is_no_venue_and_its_own_doi_is_its_id() -> None:
    paper = parse_papers(BODY).records[1]
    assert paper.venue == ""
    assert paper.ids == (arxiv("2603.00003"), s2("280000003"))


def test_unknown_papers_keep_their_places() -> None:
    found = parse_papers(BODY)
    assert [paper is None for paper in found.papers] == [False, True, False]
    assert found.bad == ()


def test_a_paper_of_no_date_appears_in_no_edition() -> None:
    (paper,) = parse_papers(changed(publicationDate=None, year=None)).records
    assert paper.published_at is None
    assert paper.appeared_at.year == 1970


def test_the_papers_of_every_kind_of_answer_are_read() -> None:
    one = {"paperId": "ab", "title": "Turing machines"}
    shapes: list[Any] = [
        {"total": 1, "offset": 0, "next": 1, "data": [one]},
        {"total": 1, "token": "PCOA3RZRB2", "data": [one]},
        {"data": [one | {"matchScore": 109.5}]},
        {"recommendedPapers": [one]},
        one,
    ]
    for shape in shapes:
        (paper,) = parse_papers(json.dumps(shape).encode()).records
        assert (paper.title, paper.ids) == ("Turing machines", (s2("ab"),))
    assert parse_papers(b'{"total": 0, "offset": 0}').papers == ()
    assert parse_papers(b'{"data": []}').papers == ()


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (5, "paper 1 is no JSON object"),
        ({"title": "no id"}, "paper 1 has no id"),
        ({"paperId": "ab", "title": None}, r"paper 1 \(ab\) has no title"),
    ],
)
def test_an_ill_formed_paper_is_counted_and_the_others_are_read(item: object, why: str) -> None:
    found = parse_papers(json.dumps([item, *json.loads(BODY)]).encode())
    assert len(found.records) == 2
    assert len(found.papers) == 4
    assert found.bad == (why.replace("\\", ""),)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"error":"Unrecognized or unsupported fields: [unknown]"}', "unsupported fields"),
        (b'{"message":"Forbidden"}', "Forbidden"),
        (b"{}", "no papers"),
        (b'"text"', "neither"),
        (b"", "not readable JSON"),
        (b"[" * 100_000, "not readable JSON"),
        (b"[" + b"9" * 5000 + b"]", "not readable JSON"),
        (b"\xff\xfe", "not readable JSON"),
    ],
)
def test_what_holds_no_papers_is_malformed(body: bytes, why: str) -> None:
    with pytest.raises(SourceMalformed, match=why):
        parse_papers(body)


@given(mutated_json(json.loads(BODY)) | mutated(BODY))
def test_any_bytes_are_papers_or_malformed(body: bytes) -> None:
    try:
        found = parse_papers(body)
    except SourceMalformed:
        return
    assert len(found.records) + len(found.bad) <= len(found.papers)
    assert all(record.title and record.ids for record in found.records)


# --- fetching


def source(client: PoliteClient, site: Site, **options: Any) -> SemanticScholar:
    return SemanticScholar(client, url=site.url, **({"interval_seconds": 0.0} | options))


def answer(body: bytes, status: int = 200) -> Reply:
    return Reply(status=status, body=body, headers={"Content-Type": "application/json"})


def knows(**papers: dict[str, Any]) -> Any:
    """A site that knows these papers, by the name asked for with `_` for `:` `/` and `.`."""

    def reply(request: Request) -> Reply:
        asked = json.loads(request.body)["ids"]
        found = [papers.get(name.translate(str.maketrans(":/.", "___"))) for name in asked]
        return answer(json.dumps(found).encode())

    return reply


def paper(number: int, **keys: Any) -> dict[str, Any]:
    ids = {"ArXiv": f"2603.{number:05}", "CorpusId": number}
    return {
        "paperId": f"{number:040x}",
        "externalIds": ids,
        "title": f"Paper {number}",
        "citationCount": number,
    } | keys


def request(*works: Any, **changes: Any) -> FetchRequest:
    return FetchRequest(**({"now": NOON, "shelf": MemoryShelf(*works)} | changes))


def test_a_batch_is_posted_as_the_api_takes_it(client: PoliteClient, site: Site) -> None:
    site.answering = knows()
    works = (known(1), known(2, ids=(doi("10.1101/2026.01.31.700001"),)))
    list(source(client, site, api_key="secret-key").fetch(request(*works)))
    (asked,) = site.asked
    assert asked.method == "POST"
    assert json.loads(asked.body) == {
        "ids": [
            "DOI:10.1101/2026.01.31.700001",
            "DOI:10.64898/2026.01.31.700001",
            "ARXIV:2603.00001",
        ]
    }
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["x-api-key"] == "secret-key"
    assert {"externalIds", "citationCount", "tldr", "title"} <= set(
        asked.params["fields"].split(",")
    )


def test_without_a_key_none_is_sent(client: PoliteClient, site: Site) -> None:
    site.answering = knows()
    list(source(client, site).fetch(request(known(1))))
    assert "x-api-key" not in site.asked[0].headers


def test_no_request_asks_about_more_than_five_hundred(client: PoliteClient, site: Site) -> None:
    site.answering = knows()
    works = [known(number) for number in range(1, 1002)]
    list(source(client, site).fetch(request(*works)))
    assert [len(json.loads(asked.body)["ids"]) for asked in site.asked] == [500, 500, 1]


def test_answers_are_told_apart_by_their_places(client: PoliteClient, site: Site) -> None:
    site.answering = knows(ARXIV_2603_00001=paper(1), ARXIV_2603_00003=paper(3))
    (page,) = source(client, site).fetch(request(known(1), known(2), known(3)))
    assert [(r.ids[0].value, r.readings[0].value) for r in page.records] == [
        ("2603.00003", 3),
        ("2603.00001", 1),
    ]


def test_a_paper_with_another_arxiv_id_is_left_out_and_said(
    client: PoliteClient, site: Site
) -> None:
    site.answering = knows(ARXIV_2603_00001=paper(9), ARXIV_2603_00002=paper(2))
    (page,) = source(client, site).fetch(request(known(1), known(2)))
    assert [record.title for record in page.records] == ["Paper 2"]
    assert page.bad == ("Semantic Scholar takes arxiv:2603.00001 for arxiv:2603.00009",)


def test_a_paper_found_by_two_dois_is_given_once(client: PoliteClient, site: Site) -> None:
    found = {"externalIds": {"DOI": "10.64898/2026.01.31.700001", "CorpusId": 7}}
    site.answering = knows(
        DOI_10_1101_2026_01_31_700001=paper(7, **found),
        DOI_10_64898_2026_01_31_700001=paper(7, **found),
    )
    work = known(1, ids=(doi("10.1101/2026.01.31.700001"),))
    (page,) = source(client, site).fetch(request(work))
    assert [record.ids for record in page.records] == [(doi("10.1101/2026.01.31.700001"), s2("7"))]


def test_an_answer_of_another_length_is_malformed(client: PoliteClient, site: Site) -> None:
    site.answers(answer(b"[null]"))
    _, error = collect(source(client, site), request(known(1), known(2)))
    assert isinstance(error, SourceMalformed)
    assert "1 answers for 2 papers" in str(error)


def test_a_batch_of_unknown_ids_that_is_refused_is_a_batch_of_nothing(
    client: PoliteClient, site: Site
) -> None:
    site.answers(answer(b'{"error":"No valid paper ids given"}', 400))
    pages, error = collect(source(client, site), request(known(1)))
    assert error is None
    assert pages[0].note == "Semantic Scholar knows none of the 1 papers it was asked about yet"


def test_unsupported_fields_are_said_in_its_words(client: PoliteClient, site: Site) -> None:
    site.answers(answer(b'{"error":"Unrecognized or unsupported fields: [tldr]"}', 400))
    _, error = collect(source(client, site), request(known(1), known(2), known(3)))
    assert isinstance(error, SourceUnavailable)
    assert "answered 400" in str(error)
    assert "unsupported fields: [tldr]" in str(error)


def test_one_id_that_is_refused_does_not_block_the_sweep(client: PoliteClient, site: Site) -> None:
    def reply(asked: Request) -> Reply:
        names = json.loads(asked.body)["ids"]
        if "ARXIV:2603.00003" in names:
            return answer(b'{"error":"Bad id"}', 400)
        return answer(json.dumps([paper(int(name[-5:])) for name in names]).encode())

    site.answering = reply
    (page,) = source(client, site).fetch(request(*(known(number) for number in range(1, 6))))
    assert [record.title[-1] for record in page.records] == ["5", "4", "2", "1"]
    (line,) = page.bad
    assert line.startswith("ARXIV:2603.00003 cannot be asked about: 127.0.0.1 answered 400")
    assert "before" not in page.cursor["sweep"]


def test_a_key_that_is_refused_is_to_be_set_anew(client: PoliteClient, site: Site) -> None:
    site.answers(answer(b'{"message":"Forbidden"}', 403))
    _, error = collect(source(client, site, api_key="secret-key"), request(known(1)))
    assert str(error) == (
        "Semantic Scholar answered 403: set sources.semantic_scholar.api_key anew"
    )


def test_too_many_requests_without_a_hint_make_a_growing_pause(
    client: PoliteClient, site: Site, clock: FakeClock
) -> None:
    site.answers(answer(b'{"message":"Too Many Requests. Please wait","code":"429"}', 429))
    _, error = collect(source(client, site), request(known(1)))
    assert isinstance(error, SourceThrottled)
    assert error.retry_after_s == 30
    clock.advance(31)
    _, error = collect(source(client, site), request(known(1)))
    assert isinstance(error, SourceThrottled)
    assert error.retry_after_s == 60
    assert len(site.asked) == 2


def test_what_broke_off_goes_on_with_the_next_batch(client: PoliteClient, site: Site) -> None:
    works = [known(number) for number in range(1, 502)]
    site.answers(answer(json.dumps([None] * 500).encode()), answer(b"<html>", 404))
    pages, error = collect(source(client, site), request(*works))
    assert isinstance(error, SourceUnavailable)
    site.answering = knows(ARXIV_2603_00001=paper(1))
    pages = list(source(client, site).fetch(request(*works, cursor=pages[-1].cursor)))
    assert [record.title for page in pages for record in page.records] == ["Paper 1"]


def test_until_a_week_has_passed_nothing_is_asked(client: PoliteClient, site: Site) -> None:
    cursor = {"sweep": {"began_at": (NOON - timedelta(days=3)).isoformat()}}
    (page,) = source(client, site).fetch(request(known(1), cursor=cursor))
    assert page.cursor == cursor
    assert page.note == "citations were counted since 2026-03-17, and are again after 7 days"
    assert site.asked == []


def test_there_is_nothing_to_fetch_by_date(client: PoliteClient, site: Site) -> None:
    day = date(2026, 3, 1)
    cursor = {"sweep": {"began_at": NOON.isoformat(), "before": 5}}
    (page,) = source(client, site).fetch(request(known(1), since=day, until=day, cursor=cursor))
    assert page.cursor == cursor
    assert "nothing to fetch by date" in page.note


# --- with the store


def test_a_count_of_citations_brings_no_paper_into_todays_edition(
    client: PoliteClient, site: Site, sqlite_store: Store
) -> None:
    old = NOON - timedelta(days=40)
    stored = store_records(sqlite_store, [make_record(1, appeared_at=old, published_at=old)], old)
    site.answering = knows(ARXIV_2603_00001=paper(1, publicationDate="2026-03-20"))
    app = make_app(sqlite_store, sources={"semantic_scholar": source(client, site)})
    (fetch,) = refresh(app).fetches
    assert (fetch.outcome, fetch.fetched, fetch.new) == (Outcome.OK, 1, 0)
    with sqlite_store.read() as conn:
        today = library.appeared_between(conn, NOON - timedelta(days=7), NOON + timedelta(days=1))
        paper_now = library.by_identifier(conn, arxiv("2603.00001"))
    assert today == {}
    assert paper_now is not None
    assert paper_now.id == stored[0].id
    assert s2("1") in paper_now.ids
    assert [(s.metric, s.value) for s in paper_now.signals] == [("citations", 1)]


def test_a_late_doi_joins_what_was_stored_as_two(
    client: PoliteClient, site: Site, sqlite_store: Store
) -> None:
    article = make_record(
        1,
        ids=(doi("10.1234/robots"),),
        source="feeds.journal",
        authority=30,
        authors=(),
        abstract="",
    )
    store_records(sqlite_store, [make_record(1)])
    store_records(sqlite_store, [article])
    ids = {"ArXiv": "2603.00001", "DOI": "10.1234/ROBOTS", "CorpusId": 1}
    title = make_record(1).title
    site.answering = knows(ARXIV_2603_00001=paper(1, externalIds=ids, title=title))
    app = make_app(sqlite_store, sources={"semantic_scholar": source(client, site)})
    (fetch,) = refresh(app).fetches
    assert fetch.merged == 1
    assert len(StoredShelf(sqlite_store).recent(since=NOON - timedelta(days=9), limit=9)) == 1
