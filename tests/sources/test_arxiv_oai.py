"""arXiv's OAI-PMH interface as a source: list after list, told apart by dates, never lost."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from digest.core.errors import SourceMalformed, SourceThrottled, SourceUnavailable
from digest.core.fetching import Cursor, EmptyShelf, FetchRequest, Page, Shelf
from digest.sources import arxiv_oai
from digest.sources.arxiv_oai import ArxivOai, set_of
from digest.sources.http import PoliteClient
from tests.fakes import NOON, FakeClock
from tests.sources.arxiv_answers import Submission, oai_answer, oai_error, oai_page
from tests.sources.conftest import collect
from tests.sources.site import Reply, Site
from tests.sources.test_arxiv_rss import Kept

WEDNESDAY = datetime(2026, 3, 18, 9, 30, tzinfo=UTC)


def paper(number: int, days_before: int = 0) -> Submission:
    return Submission(number=number, submitted_at=WEDNESDAY - timedelta(days=days_before))


def page(*numbers: int, token: str | None = None, counts: str = "") -> Reply:
    return Reply(body=oai_page(map(paper, numbers), token=token, counts=counts))


NONE = Reply(body=oai_error("noRecordsMatch", "Nothing changed."))


def source(client: PoliteClient, site: Site, **options: object) -> ArxivOai:
    return ArxivOai(
        client,
        url=site.url,
        interval_seconds=0.0,
        **{"categories": ("cs.AI", "stat.ML"), **options},  # type: ignore[arg-type]
    )


def request(
    cursor: Cursor | None = None, shelf: Shelf | None = None, days: int = 0
) -> FetchRequest:
    now = NOON + timedelta(days=days)
    return FetchRequest(now=now, cursor=cursor or {}, shelf=shelf or EmptyShelf())


def numbers(pages: Sequence[Page]) -> list[int]:
    return [int(record.ids[0].value[5:]) for one in pages for record in one.records]


def asked(site: Site) -> list[str]:
    """What each request asked for: the set, or the token."""
    return [one.params.get("set") or one.params["resumptionToken"] for one in site.asked]


# --- what is asked


@pytest.mark.parametrize(
    ("category", "wanted"),
    [
        ("cs.AI", "cs:cs:AI"),
        ("stat.ML", "stat:stat:ML"),
        ("math.OC", "math:math:OC"),
        ("q-bio.NC", "q-bio:q-bio:NC"),
        ("q-fin.ST", "q-fin:q-fin:ST"),
        ("eess.IV", "eess:eess:IV"),
        ("econ.EM", "econ:econ:EM"),
        ("physics.optics", "physics:physics:optics"),
        ("cond-mat.str-el", "physics:cond-mat:str-el"),
        ("astro-ph.HE", "physics:astro-ph:HE"),
        ("hep-th", "physics:hep-th"),
        ("math-ph", "physics:math-ph"),
        ("quant-ph", "physics:quant-ph"),
        ("physics", "physics:physics"),
        ("cs", "cs"),
        ("math", "math"),
    ],
)
def test_a_category_is_a_set_of_its_group_and_archive(category: str, wanted: str) -> None:
    assert set_of(category) == wanted


def test_a_list_is_asked_for_by_set_and_day_and_its_rest_by_token_alone(
    client: PoliteClient, site: Site
) -> None:
    token = "from%3D2026-03-13%26skip%3D2|a b&c"
    site.answers(page(1, 2, token=token), page(3), page(4))
    pages = list(source(client, site).fetch(request()))
    assert numbers(pages) == [1, 2, 3, 4]
    assert [one.params for one in site.asked] == [
        {
            "verb": "ListRecords",
            "metadataPrefix": "arXiv",
            "set": "cs:cs:AI",
            "from": "2026-03-13",
        },
        {"verb": "ListRecords", "resumptionToken": token},
        {
            "verb": "ListRecords",
            "metadataPrefix": "arXiv",
            "set": "stat:stat:ML",
            "from": "2026-03-13",
        },
    ]


def test_another_format_can_be_asked_for(client: PoliteClient, site: Site) -> None:
    site.answers(NONE)
    list(source(client, site, metadata_prefix="arXivRaw").fetch(request()))
    assert site.asked[0].params["metadataPrefix"] == "arXivRaw"


def test_the_next_run_asks_from_the_day_of_arxivs_answer_and_the_one_before(
    client: PoliteClient, site: Site
) -> None:
    site.answers(page(1), page(2))
    *_, last = source(client, site).fetch(request())
    assert last.cursor == {"from": "2026-03-19"}  # answered on the 20th
    list(source(client, site).fetch(request(last.cursor, days=1)))
    assert site.asked[2].params["from"] == "2026-03-19"
    assert "until" not in site.asked[2].params


def test_the_day_is_that_of_the_first_answer_however_long_the_run(
    client: PoliteClient, site: Site
) -> None:
    late = Reply(body=oai_page([paper(2)], responded="2026-03-20T23:59:00Z"))
    early = Reply(body=oai_page([paper(1)], responded="2026-03-19T23:59:00Z", token="t"))
    site.answers(early, late)
    *_, last = source(client, site).fetch(request())
    assert last.cursor == {"from": "2026-03-18"}


def test_after_a_long_absence_only_a_month_is_read_and_it_says_so(
    client: PoliteClient, site: Site
) -> None:
    site.answers(NONE)
    first, *_ = source(client, site).fetch(request({"from": "2025-01-01"}))
    assert site.asked[0].params["from"] == "2026-02-18"
    assert first.note == "only changes since 2026-02-18; fetch older papers with --since"


def test_no_records_is_a_valid_empty_answer(client: PoliteClient, site: Site) -> None:
    site.answers(NONE)
    pages = list(source(client, site).fetch(request()))
    assert [(one.records, one.note, one.bad) for one in pages] == [((), "", ())] * 2
    assert pages[-1].cursor == {"from": "2026-03-19"}


# --- new papers and old ones


def test_old_papers_that_were_only_edited_are_kept_where_they_are_known(
    client: PoliteClient, site: Site
) -> None:
    edited = [paper(1), paper(2, 14), paper(3, 15), paper(4, 400), paper(5, 400)]
    site.answers(Reply(body=oai_page(edited)), NONE)
    asked_for = request({"from": "2026-03-14"}, shelf=Kept(edited[4].id))
    pages = list(source(client, site).fetch(asked_for))
    # Ten days before the 14th is the 4th; the second was submitted then, the third before.
    assert numbers(pages) == [1, 2, 5]
    assert pages[0].records[-1].appeared_at == datetime(2025, 2, 11, tzinfo=UTC)


def test_a_paper_of_two_lists_comes_twice_and_is_merged_by_whoever_stores_it(
    client: PoliteClient, site: Site
) -> None:
    site.answers(page(1), page(1))
    assert numbers(list(source(client, site).fetch(request()))) == [1, 1]


# --- broken off


def test_throttling_keeps_the_pages_before_it_and_the_place(
    client: PoliteClient, site: Site
) -> None:
    site.answers(NONE, page(1, token="t1"), page(2, token="t2"), Reply(status=429))
    pages, error = collect(source(client, site), request())
    assert isinstance(error, SourceThrottled)
    assert numbers(pages) == [1, 2]
    assert pages[-1].cursor["from"] == "2026-03-13"
    assert pages[-1].cursor["run"]["token"] == "t2"


def resumed(site: Site, client: PoliteClient, days: int = 0) -> list[Page]:
    """What a run brings that goes on from the second page of the second of two lists."""
    site.answers(NONE, page(1, token="t1"), page(2, token="t2"))
    pages = []
    for one in source(client, site).fetch(request()):
        pages.append(one)
        if len(pages) == 3:
            break
    site.asked.clear()
    site.answers(page(3), NONE)
    return list(source(client, site).fetch(request(pages[-1].cursor, days=days)))


def test_the_token_of_the_same_day_is_used_again(client: PoliteClient, site: Site) -> None:
    pages = resumed(site, client)
    assert asked(site) == ["t2"]
    assert numbers(pages) == [3]
    assert pages[-1].cursor == {"from": "2026-03-19"}


def test_with_a_token_of_another_day_the_list_begins_anew_and_what_is_new_follows(
    client: PoliteClient, site: Site
) -> None:
    pages = resumed(site, client, days=2)
    assert asked(site) == ["stat:stat:ML", "cs:cs:AI", "stat:stat:ML"]
    assert [one.params.get("from") for one in site.asked] == [
        "2026-03-13",
        "2026-03-19",
        "2026-03-19",
    ]
    assert numbers(pages) == [3]


def test_what_is_left_of_other_categories_is_forgotten(client: PoliteClient, site: Site) -> None:
    site.answers(page(1, token="t1"))
    first = next(iter(source(client, site).fetch(request())))
    site.asked.clear()
    site.answers(NONE)
    list(source(client, site, categories=("math.OC",)).fetch(request(first.cursor)))
    assert asked(site) == ["math:math:OC"]


@pytest.mark.parametrize(
    "cursor",
    [{"from": 5}, {"from": "x", "run": []}, {"run": {"since": "x"}}, {"run": {"sets": 5}}],
)
def test_a_cursor_that_cannot_be_read_starts_anew(
    client: PoliteClient, site: Site, cursor: dict[str, object]
) -> None:
    site.answers(NONE)
    list(source(client, site).fetch(request(cursor)))
    assert site.asked[0].params["from"] == "2026-03-13"


def test_a_refused_token_begins_the_list_anew_once(client: PoliteClient, site: Site) -> None:
    refused = Reply(body=oai_error("badResumptionToken", "It expired."))
    site.answers(page(1, token="t1"), refused, page(1, token="t1"), page(2), NONE)
    pages = list(source(client, site).fetch(request()))
    assert numbers(pages) == [1, 1, 2]
    assert asked(site) == ["cs:cs:AI", "t1", "cs:cs:AI", "t1", "stat:stat:ML"]


def test_a_token_that_is_refused_again_ends_the_run(client: PoliteClient, site: Site) -> None:
    refused = Reply(body=oai_error("badResumptionToken", "It expired."))
    site.answers(page(1, token="t1"), refused, page(1, token="t1"), refused)
    pages, error = collect(source(client, site), request())
    assert numbers(pages) == [1, 1]
    assert isinstance(error, SourceUnavailable)
    assert str(error) == "arXiv's OAI-PMH said badResumptionToken: It expired."


@pytest.mark.parametrize("tokens", [("t1", "t1"), ("t1", "t2", "t1"), ("t1", "t2", "t3", "t2")])
def test_a_list_that_runs_in_a_circle_is_malformed(
    client: PoliteClient, site: Site, tokens: tuple[str, ...]
) -> None:
    site.answers(*(page(n, token=token) for n, token in enumerate(tokens, start=1)))
    pages, error = collect(source(client, site), request())
    assert isinstance(error, SourceMalformed)
    assert "runs in a circle" in str(error)
    assert len(pages) == len(tokens) - 1


def test_a_list_without_end_is_left_at_some_point(
    client: PoliteClient, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arxiv_oai, "_MOST_PAGES", 5)
    site.answering = lambda _: page(1, token=f"t{len(site.asked)}")
    pages, error = collect(source(client, site), request())
    assert "did not end after 5 pages" in str(error)
    assert pages[-1].cursor["run"]["token"] == "t5"


# --- chosen days


def test_chosen_days_hold_what_was_submitted_on_them_and_leave_the_cursor_alone(
    client: PoliteClient, site: Site
) -> None:
    changed = [paper(1), paper(2, 1), paper(3, 2), paper(4, 3), paper(5, 30)]
    site.answers(Reply(body=oai_page(changed)), NONE)
    pages = list(
        source(client, site).fetch(
            FetchRequest(
                now=NOON,
                since=date(2026, 3, 16),
                until=date(2026, 3, 17),
                cursor={"from": "2026-03-19"},
                shelf=Kept(changed[4].id),
            )
        )
    )
    assert site.asked[0].params["from"] == "2026-03-16"
    assert numbers(pages) == [2, 3, 5]
    assert pages[-1].cursor == {"from": "2026-03-19"}


@pytest.mark.parametrize("since", [date(2026, 3, 16), None])
def test_one_date_alone_is_that_day_or_all_days_since(
    client: PoliteClient, site: Site, since: date | None
) -> None:
    site.answers(Reply(body=oai_page([paper(1), paper(2, 1), paper(3, 2)])), NONE)
    until = None if since else date(2026, 3, 17)
    pages = list(source(client, site).fetch(FetchRequest(now=NOON, since=since, until=until)))
    assert numbers(pages) == ([1, 2, 3] if since else [2])


def test_a_broken_fetch_of_chosen_days_goes_on_where_it_stopped(
    client: PoliteClient, site: Site
) -> None:
    days = {"since": date(2026, 3, 16), "until": date(2026, 3, 18)}
    site.answers(page(1, token="t1"))
    cursor = {"from": "2026-03-19", "run": {"kept": True}}
    first = next(iter(source(client, site).fetch(FetchRequest(now=NOON, cursor=cursor, **days))))
    assert first.cursor["from"] == "2026-03-19"
    site.asked.clear()
    site.answers(page(2), page(3))
    again = FetchRequest(now=NOON, cursor=first.cursor, **days)
    pages = list(source(client, site).fetch(again))
    assert asked(site) == ["t1", "stat:stat:ML"]
    assert numbers(pages) == [2, 3]
    assert pages[-1].cursor == cursor
    site.asked.clear()
    other = FetchRequest(now=NOON, since=days["since"], until=NOON.date(), cursor=first.cursor)
    list(source(client, site).fetch(other))
    assert asked(site)[0] == "cs:cs:AI"


def test_a_run_between_leaves_the_place_of_a_broken_backfill(
    client: PoliteClient, site: Site
) -> None:
    site.answers(NONE)
    *_, last = source(client, site).fetch(request({"backfill": {"kept": True}}))
    assert last.cursor == {"from": "2026-03-19", "backfill": {"kept": True}}


def test_how_far_a_harvest_is_comes_from_the_lists_and_their_lengths(
    client: PoliteClient, site: Site
) -> None:
    site.answers(
        page(1, 2, token="t1", counts=' cursor="0" completeListSize="4"'),
        page(3, 4, token="", counts=' cursor="2" completeListSize="4"'),
        page(5, token="t2"),
        page(6),
    )
    pages = list(source(client, site).fetch(request()))
    assert [one.done for one in pages] == [0.25, 0.5, 0.5, 1.0]


# --- trouble


@pytest.mark.parametrize("status", [200, 400, 422])
def test_other_errors_are_told_in_their_words_whatever_the_status(
    client: PoliteClient, site: Site, status: int
) -> None:
    site.answers(Reply(status=status, body=oai_error("badArgument", "There is no such set.")))
    _, error = collect(source(client, site), request())
    assert isinstance(error, SourceUnavailable)
    assert str(error) == "arXiv's OAI-PMH said badArgument: There is no such set."


@pytest.mark.parametrize("body", [b"Bad Request", oai_answer("<ListRecords/>")])
def test_a_refusal_that_is_no_error_of_the_protocol_is_told_in_its_words(
    client: PoliteClient, site: Site, body: bytes
) -> None:
    site.answers(Reply(status=400, body=body))
    _, error = collect(source(client, site), request())
    assert isinstance(error, SourceUnavailable)
    assert "127.0.0.1 answered 400" in str(error)


@pytest.mark.parametrize(
    "body", [b"", b"<html>Are you human?</html>", oai_page([paper(1)])[:-40], b"<rss/>"]
)
def test_what_is_no_whole_page_is_malformed_and_the_place_is_kept(
    client: PoliteClient, site: Site, body: bytes
) -> None:
    site.answers(page(1, token="t1"), Reply(body=body))
    pages, error = collect(source(client, site), request())
    assert isinstance(error, SourceMalformed)
    assert pages[-1].cursor["run"]["token"] == "t1"


def test_a_short_pause_is_waited_out(client: PoliteClient, site: Site, clock: FakeClock) -> None:
    site.answers(Reply(status=503, headers={"Retry-After": "20"}), page(1), NONE)
    assert numbers(list(source(client, site).fetch(request()))) == [1]
    assert 20.0 in clock.naps


def test_requests_keep_the_pace_that_all_of_arxiv_shares(
    client: PoliteClient, site: Site, clock: FakeClock
) -> None:
    site.answers(NONE)
    list(ArxivOai(client, url=site.url, categories=("cs.AI", "cs.CL")).fetch(request()))
    assert clock.naps == [3.0]
    assert ArxivOai(client).standing_name == "oaipmh.arxiv.org"


def test_a_server_that_is_slow_to_put_a_list_together_is_given_its_time(
    client: PoliteClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[object] = []

    def get(*_: object, **options: object) -> None:
        heard.append(options["silence_s"])
        raise SourceUnavailable("gone")

    monkeypatch.setattr(client, "get", get)
    collect(ArxivOai(client), request())
    assert heard == [100.0]
