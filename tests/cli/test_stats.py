"""`digest stats`: what happened, counted, for people and for programs."""

import json
from pathlib import Path
from typing import Any

import pytest

from digest.cli.main import run_command
from digest.core.feedback import FeedbackKind
from digest.core.fetching import Outcome
from digest.core.subscribers import Status
from digest.store import cursors, feedback, outbox, subscribers
from digest.store.cursors import Fetch
from digest.store.engine import Store
from digest.store.subscribers import Consent
from tests.builders import (
    NOW,
    make_new_delivery,
    store_edition,
    store_papers,
    store_subscriber,
)

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def config(tmp_path: Path, sqlite_store: Store) -> Path:
    """The configuration of a service that has worked for a day."""
    papers = store_papers(sqlite_store, 3)
    edition = store_edition(sqlite_store, chosen=papers)
    ada = store_subscriber(sqlite_store, 1)
    store_subscriber(sqlite_store, 2, status=Status.PENDING)
    with sqlite_store.write() as conn:
        outbox.enqueue(conn, [make_new_delivery(ada.id, edition_id=edition.id)], NOW)
        subscribers.record_consent(conn, ada.id, Consent(event="confirmed", via="web", at=NOW))
        subscribers.suppress_hash(conn, "0" * 64, "bounce: 550 5.1.1 unknown", NOW)
        fetch = Fetch(source="arxiv", started_at=NOW, finished_at=NOW, outcome=Outcome.OK)
        cursors.record_fetch(conn, fetch)
        feedback.record(conn, ada.id, papers[0].id, FeedbackKind.MORE, NOW)
    path = tmp_path / "config.toml"
    path.write_text(f'[security]\nsecret_key = "{"x" * 40}"\n', encoding="utf-8")
    return path


def stats(config: Path, *options: str) -> int:
    return run_command(["--config", str(config), "--now", f"{NOW.isoformat()}", "stats", *options])


def test_a_program_gets_one_document_of_counts(config: Path, capsys: Capture) -> None:
    assert stats(config, "--days", "7", "--json") == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (found["from"], found["to"]) == ("2026-03-14", "2026-03-20")
    assert found["subscribers"]["total"] == 2
    assert found["subscribers"]["by_status"]["active"] == 1
    assert found["subscribers"]["changes"] == {"confirmed": 1}
    assert found["papers"] == {"stored": 3, "new": 3}
    assert found["feedback"] == {"more": 1, "less": 0, "open": 0}
    assert found["suppressions"]["total"] == 1
    assert found["suppressions"]["new"]["bounce"] == 1
    (edition,) = found["editions"]
    assert (edition["edition"], edition["candidates"], edition["planned"]) == ("2026-03-20", 3, 1)
    (day,) = found["deliveries"]
    assert (day["date"], day["queued"], day["sent"]) == ("2026-03-20", 1, 0)
    (source,) = found["sources"]
    assert (source["source"], source["outcomes"]["ok"]) == ("arxiv", 1)
    assert [(day["date"], day["ok"], day["failed"]) for day in source["days"]] == [
        ("2026-03-20", 1, 0)
    ]
    assert [day["date"] for day in found["days"]][::6] == ["2026-03-20", "2026-03-14"]
    assert found["days"][0] == {
        "date": "2026-03-20",
        "readers": 1,
        "joined": 1,
        "unsubscribed": 0,
        "suppressed": 1,
        "more": 1,
        "less": 0,
        "open": 0,
        "new_papers": 3,
    }
    # With the suppressed one, and without who came today.
    assert found["days"][1]["readers"] == 1


def test_a_person_gets_tables_and_no_address(config: Path, capsys: Capture) -> None:
    assert stats(config) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("2026-03-07 to 2026-03-20\n")
    assert "1 pending, 1 active" in shown
    assert "1 confirmed" in shown
    assert "arxiv" in shown
    assert "example.org" not in shown
    assert ["2026-03-20", "1", "1", "0", "1", "0", "1", "0", "3"] in [
        line.split() for line in shown.splitlines()
    ]


def test_an_empty_service_has_nothing_to_count(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f'[security]\nsecret_key = "{"x" * 40}"\n', encoding="utf-8")
    assert stats(path) == 0
    shown = capsys.readouterr().out
    assert "subscribers  none" in shown
    for line in ("no changes", "no editions", "no mails", "no fetches"):
        assert line in shown


def test_no_days_at_all_is_a_usage_error(config: Path) -> None:
    assert stats(config, "--days", "0") == 2
