"""What the listings tell programs: exactly these keys, in one document."""

import email
import email.policy
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest

from digest.store.engine import open_store
from digest.store.paces import StoredPaces
from tests.cli.conftest import DAY, Operator

PAPER = {"id", "title", "authors", "published_at", "sources", "ids", "url", "score", "signals"}
DELIVERY = {
    *("id", "email", "edition", "status", "attempts", "next_attempt_at", "message_id"),
    *("smtp_code", "smtp_reply", "sent_at", "papers", "kind", "detail"),
}
ADA = "ada@reader.example"


@pytest.mark.parametrize("command", ["list", "trending", "search diffusion"])
def test_papers_come_as_rows(operator: Operator, command: str) -> None:
    rows = operator.json("papers", *command.split(), "--limit", "5", "--days", "30")
    assert len(rows) == 5
    assert all(row.keys() == PAPER for row in rows)
    assert rows[0]["ids"]["arxiv"].startswith("2603.")
    assert rows[0]["url"].endswith(rows[0]["ids"]["arxiv"])
    assert rows[0]["authors"][1] == "Bo Writer"
    assert len(operator.ok("papers", *command.split(), "--limit", "5").splitlines()) == 6


def test_the_newest_come_first_and_the_fastest_first(operator: Operator) -> None:
    published = [row["published_at"] for row in operator.json("papers", "list")]
    assert published == sorted(published, reverse=True)
    scores = [row["score"] for row in operator.json("papers", "trending")]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[-1]


def test_days_leave_out_what_is_older(operator: Operator) -> None:
    rows = operator.json("papers", "list", "--days", "1", "--limit", "100")
    assert {row["published_at"][:10] for row in rows} == {DAY}


@pytest.mark.parametrize(
    "name", ["2603.02002", "arxiv:2603.02002", "https://arxiv.org/abs/2603.02002v3"]
)
def test_a_paper_is_found_by_any_of_its_names(operator: Operator, name: str) -> None:
    found = operator.json("papers", "show", name)
    assert found.keys() >= PAPER | {"abstract", "categories", "provenance"}
    assert found["sources"] == ["arxiv", "huggingface"]
    assert {reading["metric"] for reading in found["readings"]} >= {"upvotes", "comments"}
    listed = operator.json("papers", "list", "--limit", "1000")
    row = next(row for row in listed if row["id"] == found["id"])
    assert {key: found[key] for key in row} == row
    shown = operator.ok("papers", "show", name)
    assert found["abstract"] in shown
    assert operator.json("papers", "show", str(found["id"])) == found


def test_a_paper_that_is_shown_has_the_row_that_it_has_in_a_list(operator: Operator) -> None:
    listed = operator.json("papers", "list", "--limit", "1")[0]
    shown = operator.json("papers", "show", str(listed["id"]))
    assert {name: shown[name] for name in PAPER} == listed
    assert isinstance(shown["score"], float)


def test_a_search_without_a_match_says_so(operator: Operator) -> None:
    assert operator.json("papers", "search", "zebrafish") == []
    assert operator.ok("papers", "search", "zebrafish").startswith("no paper matches")


def test_deliveries_come_as_rows(operator: Operator) -> None:
    rows = operator.json("deliveries", "list", "--date", DAY, "--status", "sent")
    assert [row.keys() == DELIVERY for row in rows] == [True, True]
    assert {row["email"] for row in rows} == {ADA, "ben@reader.example"}
    (row,) = operator.json("deliveries", "list", "--email", ADA)
    assert (row["edition"], row["status"], row["attempts"]) == (DAY, "sent", 1)
    assert row["smtp_code"] == 250
    assert row["sent_at"].startswith("2026-03-20T21:0")
    assert row["next_attempt_at"] is None
    assert f"250 {row['smtp_reply']}" in operator.ok("deliveries", "list", "--email", ADA)
    assert len(row["papers"]) > 0
    assert all(isinstance(paper, int) for paper in row["papers"])
    assert operator.json("deliveries", "list", "--date", "2020-01-01") == []
    assert len(operator.json("deliveries", "list", "--limit", "1")) == 1


def test_one_delivery_is_shown_with_its_papers(operator: Operator) -> None:
    (row,) = operator.json("deliveries", "list", "--email", ADA)
    assert operator.json("deliveries", "show", row["id"]) == row
    shown = operator.ok("deliveries", "show", row["id"])
    assert row["message_id"] in shown
    assert shown.count("  paper ") == len(row["papers"])


def test_sources_come_as_rows(operator: Operator) -> None:
    listed = operator.json("sources", "list")
    assert [row["source"] for row in listed] == ["huggingface", "arxiv"]
    assert [row["every_seconds"] for row in listed] == [3600, 21600]
    for row in [*listed, *operator.json("sources", "status")]:
        assert row["outcome"] == "ok"
        assert row["at"].startswith("2026-03-20T21:0")
        assert row.keys() >= {"source", "reason", "fetched", "new", "next_due_at", "paused_until"}
    assert "2026-03-20 21:00" in operator.ok("sources", "status")
    assert "360 min" in operator.ok("sources", "list")


@pytest.mark.parametrize(
    ("pause_s", "until"), [(31, "2026-03-20 21:00:31"), (90, "2026-03-20 21:01")]
)
def test_a_paused_source_says_until_when_and_why(
    operator: Operator, pause_s: int, until: str
) -> None:
    at = datetime(2026, 3, 20, 21, tzinfo=UTC) + timedelta(seconds=pause_s)
    store = open_store(f"sqlite:///{operator.folder / 'digest.db'}")
    StoredPaces(store).save_pause(
        "export.arxiv.org", until=at, reason="it is busy", throttled_in_a_row=1
    )
    store.close()
    for command in ("list", "status"):
        assert f"until {until} UTC: it is busy" in operator.ok("sources", command)
    assert operator.json("sources", "status")[1]["paused_until"] == f"{at:%Y-%m-%dT%H:%M:%SZ}"


def test_explain_says_why_somebody_got_the_mail_and_each_paper(operator: Operator) -> None:
    told = operator.json("explain", ADA, "--date", DAY)
    assert told.keys() == {"email", "status", "edition", "delivery", "reasons", "papers"}
    assert (told["edition"], told["delivery"]) == (DAY, "sent")
    for paper in told["papers"]:
        assert paper.keys() >= {"id", "title", "trend", "match", "reasons"}
    assert "robot" in told["papers"][0]["reasons"][0]
    assert "sent at 2026-03-20 21:00 UTC" in operator.ok("explain", ADA, "--date", DAY)


def test_explain_says_why_somebody_got_none(operator: Operator) -> None:
    told = operator.json("explain", "carl@reader.example", "--date", DAY)
    assert told["delivery"] is None
    assert told["reasons"] == ["no mail: the subscription was never confirmed"]


def test_a_preview_comes_in_three_forms_and_changes_nothing(operator: Operator) -> None:
    before = operator.rows()
    text = operator.ok("preview", ADA, "--date", DAY)
    html = operator.ok("preview", ADA, "--date", DAY, "--format", "html")
    assert operator.rows() == before
    assert "robot manipulation" in text
    assert html.lstrip().lower().startswith("<!doctype html")
    assert "https://digest.example/unsubscribe/" in text
    assert "https://digest.example/unsubscribe/" in html


def test_a_preview_goes_into_a_file(operator: Operator) -> None:
    file = operator.folder / "mail.eml"
    ran = operator.run(
        *("preview", ADA, "--date", "2026-03-21", "--format", "eml", "--output", str(file))
    )
    assert (ran.code, ran.out) == (0, "")
    assert str(file) in ran.err
    mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    assert mail["To"] == ADA
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert operator.json("deliveries", "list", "--date", "2026-03-21") == []
