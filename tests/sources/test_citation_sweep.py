from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from digest.core.fetching import FetchRequest, KnownWork, Page
from digest.core.papers import Reading, SourceRecord
from digest.sources.citation_sweep import (
    Batch,
    CitationSweep,
    Contradiction,
    Found,
    Refused,
    citations,
    dois_of,
    for_paper,
    in_parts,
    publication_moment,
)
from tests.builders import make_record
from tests.fakes import NOON
from tests.sources.shelf import MemoryShelf, arxiv, doi, known


class Asked:
    """Knows every paper it is asked about, or none; `batches` keeps the names."""

    def __init__(self, *, knows: bool = True, requests: int = 1) -> None:
        self.batches: list[list[str]] = []
        self.allowed: list[int] = []
        self._knows = knows
        self._requests = requests

    def __call__(self, batch: Batch) -> Found:
        self.batches.append(list(batch.names))
        self.allowed.append(batch.requests)
        records = [for_paper(make_record(work.paper_id), work) for work in batch.names.values()]
        return Found(records=tuple(records) if self._knows else (), request_count=self._requests)


def names(work: KnownWork) -> tuple[str, ...]:
    return tuple(name.value for name in work.ids)


def sweep(asked: Asked, **changes: Any) -> CitationSweep:
    fields: dict[str, Any] = {"most_names": 2, "most_chars": 1000, "days": 180}
    return CitationSweep(source="openalex", names_of=names, ask=asked, **(fields | changes))


def run(
    asked: Asked,
    works: list[KnownWork],
    cursor: dict[str, Any] | None = None,
    *,
    requests: int = 10,
    **changes: Any,
) -> list[Page]:
    request = FetchRequest(now=NOON, cursor=cursor or {}, shelf=MemoryShelf(*works))
    return list(sweep(asked, **changes).pages(request, kept={"kept": 1}, requests=requests))


def five() -> list[KnownWork]:
    return [known(number) for number in range(1, 6)]


def test_all_papers_are_asked_about_newest_first_a_batch_at_a_time() -> None:
    asked = Asked()
    pages = run(asked, five())
    assert asked.batches == [
        ["2603.00005", "2603.00004"],
        ["2603.00003", "2603.00002"],
        ["2603.00001"],
    ]
    began = {"began_at": NOON.isoformat()}
    assert [page.cursor for page in pages] == [
        {"kept": 1, "sweep": began | {"before": 4}},
        {"kept": 1, "sweep": began | {"before": 2}},
        {"kept": 1, "sweep": began},
    ]
    assert not any(page.note for page in pages)


def test_a_last_batch_that_is_full_is_known_to_be_the_last() -> None:
    asked = Asked()
    pages = run(asked, five()[:4])
    assert len(asked.batches) == len(pages) == 2
    assert "before" not in pages[-1].cursor["sweep"]


def test_a_sweep_that_broke_off_goes_on_behind_the_last_page() -> None:
    began = (NOON - timedelta(days=2)).isoformat()
    asked = Asked()
    pages = run(asked, five(), {"sweep": {"began_at": began, "before": 4}})
    assert asked.batches[0] == ["2603.00003", "2603.00002"]
    assert pages[-1].cursor["sweep"] == {"began_at": began}


def test_a_run_stops_when_its_requests_are_used_up_and_says_so() -> None:
    asked = Asked()
    pages = run(asked, five(), requests=2)
    assert len(asked.batches) == 2
    assert asked.allowed == [2, 1]
    assert pages[-1].cursor["sweep"]["before"] == 2
    assert pages[-1].note == "citations of 4 papers were asked for, of the others next time"
    assert run(asked, five(), requests=0) == []


def test_a_batch_that_took_several_requests_counts_as_many() -> None:
    asked = Asked(requests=3)
    run(asked, five(), requests=4)
    assert len(asked.batches) == 2


@pytest.mark.parametrize(
    ("days_ago", "cursor", "due"),
    [
        (0, {}, False),
        (6, {}, False),
        (7, {}, True),
        (-1, {}, True),
        (1, {"before": 3}, True),
    ],
)
def test_papers_are_asked_about_again_a_week_after_a_sweep_began(
    days_ago: int, cursor: dict[str, Any], due: bool
) -> None:
    began = (NOON - timedelta(days=days_ago)).isoformat()
    request = FetchRequest(now=NOON, cursor={"sweep": {"began_at": began, **cursor}})
    assert sweep(Asked()).is_due(request) is due


@pytest.mark.parametrize(
    "kept",
    [None, 5, {}, {"began_at": 7}, {"began_at": "soon"}, {"began_at": "x", "before": 3}],
)
def test_a_cursor_that_cannot_be_read_begins_anew(kept: Any) -> None:
    asked = Asked()
    assert sweep(asked).is_due(FetchRequest(now=NOON, cursor={"sweep": kept}))
    run(asked, five(), {"sweep": kept})
    assert len(asked.batches) == 3


def test_papers_are_not_cut_apart_where_a_request_can_name_no_more() -> None:
    works = [known(1), known(2, ids=(arxiv("2603.00002"), doi("10.1/two"))), known(3)]
    asked = Asked()
    run(asked, works)
    assert asked.batches == [["2603.00003"], ["2603.00002", "10.1/two"], ["2603.00001"]]
    asked = Asked()
    run(asked, works, most_names=50, most_chars=30)
    assert asked.batches == [["2603.00003"], ["2603.00002", "10.1/two"], ["2603.00001"]]


def test_papers_without_a_name_to_ask_by_are_passed_over() -> None:
    works = [known(1), *(known(n, ids=()) for n in range(2, 6))]
    asked = Asked()
    run(asked, works, requests=1)
    assert asked.batches == [["2603.00001"]]
    (page,) = run(Asked(), [known(1, ids=())])
    assert page.note == "no paper of the last 180 days has a name that OpenAlex knows"


def test_papers_that_appeared_long_ago_are_left_alone() -> None:
    asked = Asked()
    run(asked, [known(1, appeared_at=NOON - timedelta(days=181)), known(2)])
    assert asked.batches == [["2603.00002"]]


def test_a_sweep_that_found_nothing_says_so() -> None:
    pages = run(Asked(knows=False), five())
    assert [page.note for page in pages] == [
        "",
        "",
        "OpenAlex knows none of the 5 papers it was asked about yet",
    ]


# --- records


def test_a_record_goes_under_the_names_that_were_asked_about() -> None:
    record = make_record(ids=(doi("10.1/journal"),), appeared_at=NOON)
    work = known(1, ids=(arxiv("2603.00001"), doi("10.1/preprint")))
    own = for_paper(record, work)
    assert own.ids == (arxiv("2603.00001"), doi("10.1/preprint"), doi("10.1/journal"))


def test_a_record_appears_when_its_paper_did_and_never_today() -> None:
    record = make_record(ids=(arxiv("2603.00001"),), appeared_at=NOON + timedelta(days=400))
    own = for_paper(record, known(1))
    assert own.appeared_at == NOON - timedelta(days=29)
    assert own.published_at is None


def test_another_arxiv_id_than_the_stored_one_is_a_contradiction() -> None:
    record = make_record(ids=(arxiv("2603.00009"), doi("10.1/one")))
    work = known(1, ids=(arxiv("2603.00001"), doi("10.1/one")))
    with pytest.raises(Contradiction, match=r"takes arxiv:2603\.00001 for arxiv:2603\.00009"):
        for_paper(record, work)


def test_of_several_arxiv_ids_only_the_stored_one_is_kept() -> None:
    record = make_record(ids=(arxiv("2603.00009"), arxiv("2603.00001"), doi("10.1/one")))
    assert for_paper(record, known(1)).ids == (arxiv("2603.00001"), doi("10.1/one"))
    journal = known(1, ids=(doi("10.1/one"),))
    assert for_paper(record, journal).ids == (doi("10.1/one"),)


def test_an_arxiv_id_that_was_not_known_yet_is_taken() -> None:
    record = make_record(ids=(arxiv("2603.00009"), doi("10.1/one")))
    own: SourceRecord = for_paper(record, known(1, ids=(doi("10.1/one"),)))
    assert own.ids == (doi("10.1/one"), arxiv("2603.00009"))


def test_preprints_of_the_new_prefix_are_asked_about_under_both() -> None:
    new, old = "2026.01.31.700001", "2025.03.31.600001"
    assert dois_of(known(1, ids=(doi(f"10.1101/{new}"),))) == (
        f"10.1101/{new}",
        f"10.64898/{new}",
    )
    assert dois_of(known(1, ids=(doi(f"10.1101/{old}"),))) == (f"10.1101/{old}",)
    assert dois_of(known(1, ids=(doi("10.1101/gad.1"), arxiv("2603.00001")))) == ("10.1101/gad.1",)


@pytest.mark.parametrize("value", [None, True, -1, "5", 1.5, 10**400, float("nan"), [5]])
def test_what_is_no_count_is_no_reading(value: object) -> None:
    assert citations(value) == ()


def test_no_citations_are_a_reading_of_none() -> None:
    assert citations(0) == (Reading(metric="citations", value=0),)


@pytest.mark.parametrize(
    ("day", "year", "expected"),
    [
        ("2026-02-28", 2025, "2026-02-28"),
        (None, 2025, "2025-01-01"),
        ("2026-02-31", 2025, "2025-01-01"),
        ("soon", None, None),
        (20260228, True, None),
        (None, 10**30, None),
    ],
)
def test_a_date_is_read_or_the_year_or_nothing(day: Any, year: Any, expected: str | None) -> None:
    moment = publication_moment(day, year)
    assert (moment.date().isoformat() if moment else None) == expected


# --- refusals


def refusing(*faults: int) -> tuple[list[list[str]], Callable[[Batch], Found]]:
    """Refuses a batch with a name of these papers; with the names of all that were asked."""
    asked: list[list[str]] = []

    def ask(batch: Batch) -> Found:
        asked.append(list(batch.names))
        if any(work.paper_id in faults for work in batch.names.values()):
            raise Refused("answered 400")
        records = (for_paper(make_record(work.paper_id), work) for work in batch.names.values())
        return Found(records=tuple(records))

    return asked, ask


def numbered(count: int) -> Batch:
    return Batch(names={f"n{number}": known(number) for number in range(1, count + 1)})


@pytest.mark.parametrize("fault", [1, 2, 250, 500])
def test_of_a_refused_batch_all_is_found_but_the_name_at_fault(fault: int) -> None:
    asked, ask = refusing(fault)
    found = in_parts(ask, numbered(500))
    assert len(found.records) == 499
    assert found.bad == (f"n{fault} cannot be asked about: answered 400",)
    assert found.request_count == len(asked) <= 19


def test_a_refusal_that_is_not_for_its_names_is_raised() -> None:
    asked, ask = refusing(*range(1, 501))
    with pytest.raises(Refused):
        in_parts(ask, numbered(500))
    assert len(asked) <= 64


def test_many_names_at_fault_do_not_take_requests_without_end() -> None:
    asked, ask = refusing(*range(2, 501, 2))
    found = in_parts(ask, numbered(500))
    assert len(asked) <= 64
    assert found.bad[-1].endswith(" names were not asked about: too many were refused")


def test_the_last_paper_of_a_sweep_does_not_block_it_when_it_is_refused() -> None:
    _, ask = refusing(1)
    assert in_parts(ask, numbered(1)).bad == ("n1 cannot be asked about: answered 400",)


def test_a_paper_that_two_parts_find_is_given_once() -> None:
    _, ask = refusing(2)
    paper = known(1)
    found = in_parts(ask, Batch(names={"a": paper, "b": known(2), "c": paper}))
    assert len(found.records) == 1
