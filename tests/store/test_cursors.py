"""Where each source stands, and what its fetches brought."""

from datetime import timedelta

from digest.core.fetching import Outcome
from digest.store import cursors, inbound
from digest.store.cursors import Fetch, SourceState
from digest.store.engine import Store
from tests.builders import NOW

HOUR = timedelta(hours=1)


def record(store: Store, source: str, hours: int, fetched: int = 0) -> Fetch:
    outcome = Outcome.OK if fetched else Outcome.FAILED
    at = NOW + hours * HOUR
    fetch = Fetch(source=source, started_at=at, finished_at=at, outcome=outcome, fetched=fetched)
    with store.write() as conn:
        cursors.record_fetch(conn, fetch)
    return fetch


def test_a_source_that_was_never_asked_is_due_and_starts_at_the_beginning(store: Store) -> None:
    with store.read() as conn:
        assert cursors.state(conn, "arxiv") == SourceState(cursor={})


def test_a_cursor_and_the_next_date_are_kept_apart(store: Store) -> None:
    with store.write() as conn:
        cursors.save_due(conn, "arxiv", next_due_at=NOW, failures=2)
        cursors.save_cursor(conn, "arxiv", {"page": 3, "seen": ["ä"]})
        cursors.save_cursor(conn, "votes", {})
        cursors.save_due(conn, "votes", next_due_at=NOW + HOUR, failures=0)
        wanted = SourceState(cursor={"page": 3, "seen": ["ä"]}, next_due_at=NOW, failures=2)
        assert cursors.state(conn, "arxiv") == wanted
        cursors.save_due(conn, "arxiv", next_due_at=NOW + HOUR, failures=0)
        assert cursors.state(conn, "arxiv").cursor == wanted.cursor


def test_the_last_fetch_of_each_source_is_what_status_shows(store: Store) -> None:
    record(store, "arxiv", 0, fetched=5)
    last = record(store, "arxiv", 1)
    other = record(store, "votes", 0)
    with store.read() as conn:
        assert cursors.last_fetches(conn, ["arxiv", "votes", "none"]) == {
            "arxiv": last,
            "votes": other,
        }
        assert cursors.last_stored_at(conn) == NOW


def test_when_a_source_last_brought_something_is_known_however_it_went_since(store: Store) -> None:
    record(store, "arxiv", 0, fetched=5)
    record(store, "arxiv", 1, fetched=2)
    record(store, "arxiv", 2)
    record(store, "votes", 3)
    with store.read() as conn:
        assert cursors.last_brought_at(conn, "arxiv") == NOW + HOUR
        assert cursors.last_brought_at(conn, "votes") is None


def test_nothing_stored_yet_has_no_date(store: Store) -> None:
    record(store, "arxiv", 0)
    with store.read() as conn:
        assert cursors.last_stored_at(conn) is None


def test_old_fetches_are_forgotten(store: Store) -> None:
    record(store, "arxiv", 0)
    kept = record(store, "arxiv", 1)
    with store.write() as conn:
        assert cursors.forget_fetches(conn, NOW + HOUR) == 1
        assert cursors.last_fetches(conn, ["arxiv"]) == {"arxiv": kept}


def test_a_mail_is_handled_once_and_its_first_outcome_stands(store: Store) -> None:
    with store.write() as conn:
        assert inbound.outcome_of(conn, "<a@x>") is None
        inbound.record(conn, "<a@x>", outcome="bounce", detail="5.1.1", now=NOW)
        inbound.record(conn, "<a@x>", outcome="other", detail="", now=NOW)
        assert inbound.outcome_of(conn, "<a@x>") == "bounce"
        assert inbound.forget(conn, NOW) == 0
        assert inbound.forget(conn, NOW + HOUR) == 1
