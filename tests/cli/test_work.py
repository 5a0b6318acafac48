"""`fetch`, `send` and `deliveries retry`: reports, rehearsals and exit codes, on real servers."""

import pytest

from tests.cli.conftest import DAY, Operator, rows_of
from tests.e2e.conftest import Service

FETCH = ("fetch", "--since", DAY, "--until", DAY)
FETCHED = {"source", "outcome", "fetched", "new", "updated", "merged", "reason"}
SENT = {"edition", "planned", "sent", "skipped", "deferred", "failed", "seconds"}
ADA, BEN = "ada@reader.example", "ben@reader.example"


@pytest.fixture
def ready(service: Service) -> Service:
    """16 papers and two readers, nothing sent."""
    service.world.publish(DAY)
    service.ok(*FETCH)
    for address in (ADA, BEN):
        service.ok("subscribers", "add", address, "--confirmed")
    return service


def test_a_fetch_reports_on_each_source(service: Service) -> None:
    service.world.publish(DAY)
    (hf, arxiv) = service.json(*FETCH)["sources"]
    assert hf.keys() == arxiv.keys() == FETCHED
    assert (hf["source"], hf["outcome"], hf["fetched"], hf["new"]) == ("huggingface", "ok", 8, 8)
    assert (arxiv["source"], arxiv["new"], arxiv["updated"]) == ("arxiv", 8, 8)
    (again,) = service.json(*FETCH, "--source", "arxiv")["sources"]
    assert (again["source"], again["new"]) == ("arxiv", 0)


def test_until_alone_is_what_the_edition_of_that_day_may_hold(service: Service) -> None:
    for day in ("2026-03-12", "2026-03-13", "2026-03-19", DAY):
        service.world.publish(day)
    service.ok("fetch", "--until", "2026-03-19")
    rows = service.json("papers", "list", "--days", "30", "--limit", "100")
    assert {row["published_at"][:10] for row in rows} == {"2026-03-13", "2026-03-19"}


def test_what_is_not_due_is_not_asked_and_no_failure(service: Service) -> None:
    service.ok("fetch")
    asked = len(service.world.requests)
    assert {row["outcome"] for row in service.json("fetch")["sources"]} == {"not_due"}
    assert len(service.world.requests) == asked


@pytest.mark.parametrize(
    ("faults", "code"), [({"hf": "503"}, 3), ({"hf": "503", "arxiv": "html"}, 1)]
)
def test_a_source_in_trouble_is_part_of_the_work_and_all_of_them_are_a_failure(
    service: Service, faults: dict[str, str], code: int
) -> None:
    service.world.publish(DAY)
    service.world.faults.update(faults)
    found, out, err = service.run(*FETCH, "--json")
    assert found == code, err
    assert '"outcome": "throttled"' in out
    assert "Traceback" not in err


def test_a_rehearsal_says_what_would_be_sent_and_changes_nothing(ready: Service) -> None:
    before = rows_of(ready.folder)
    report = ready.json("send", "--date", DAY, "--dry-run")
    assert report.keys() == SENT
    assert (report["planned"], report["sent"]) == (2, 0)
    assert "2 would be planned" in ready.ok("send", "--date", DAY, "--dry-run")
    assert rows_of(ready.folder) == before
    assert ready.mails == []


def test_an_edition_goes_to_those_named_and_then_to_the_others(ready: Service) -> None:
    first = ready.json("send", "--date", DAY, "--to", ADA)
    assert first.keys() == SENT
    assert (first["edition"], first["planned"], first["sent"]) == (DAY, 1, 1)
    assert ready.json("send", "--date", DAY)["sent"] == 1
    assert sorted(mail.recipient for mail in ready.mails) == [ADA, BEN]


def test_other_mails_that_went_out_are_told_of(ready: Service) -> None:
    ready.ok("subscribers", "add", "new@reader.example")
    lines = ready.ok("send").splitlines()
    assert lines[0].startswith("edition 2026-03-20: 0 planned, 0 sent")
    assert lines[1:] == ["1 other mail sent, such as confirmations"]


def test_without_a_date_it_is_for_those_whose_time_has_come(ready: Service) -> None:
    assert ready.json("send")["planned"] == 0
    ready.now = "2026-03-21T07:31:00Z"
    assert ready.json("send")["sent"] == 2


def test_a_relay_that_is_down_defers_all_and_blames_nobody(operator: Operator) -> None:
    ran = operator.run("send", "--date", "2026-03-21")
    assert (ran.code, ran.out.startswith("edition 2026-03-21: 2 planned, 0 sent")) == (1, True)
    assert "the relay cannot be reached" in ran.err
    waiting = operator.json("deliveries", "list", "--date", "2026-03-21")
    assert {row["status"] for row in waiting} <= {"queued", "deferred"}
    assert {row["status"] for row in operator.json("subscribers", "list")} == {"active", "pending"}


def test_nothing_that_failed_is_nothing_to_retry(operator: Operator) -> None:
    assert operator.ok("deliveries", "retry") == "0 deliveries queued again\n"


def test_a_retry_can_be_rehearsed(operator: Operator) -> None:
    operator.run("send", "--date", "2026-03-21")
    deferred = operator.json("deliveries", "list", "--status", "deferred")
    before = operator.json("deliveries", "list")
    said = operator.ok("deliveries", "retry", "--status", "deferred", "--dry-run")
    assert said.startswith(f"{len(deferred)} deliver")
    assert said.endswith("would be queued again\n")
    assert operator.json("deliveries", "list") == before
