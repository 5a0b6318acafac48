from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from digest.core.fetching import Outcome
from digest.mail.render import Renderer
from digest.pipeline import health
from digest.pipeline.health import Level
from digest.store import cursors, leases, outbox
from digest.store.cursors import Fetch
from digest.store.engine import Store, open_store
from tests.builders import (
    NOW,
    TEMPLATES,
    make_identity,
    make_new_delivery,
    store_subscriber,
)
from tests.pipeline.world import hold_back

HOUR = timedelta(hours=1)


# --- database, templates, disk --------------------------------------------------------------------


def test_a_sound_database_passes_on_both_engines(store: Store) -> None:
    assert health.check_database(store).level is Level.OK


def test_an_empty_database_is_a_warning(blank_store: Store) -> None:
    found = health.check_database(blank_store)
    assert (found.level, found.todo) == (Level.WARN, "run `digest db upgrade`")


def test_a_database_of_another_version_fails_and_says_what_to_do(sqlite_store: Store) -> None:
    with sqlite_store.engine.begin() as conn:
        conn.execute(sa.text("UPDATE alembic_version SET version_num = 'later'"))
    found = health.check_database(sqlite_store)
    assert (found.level, found.todo) == (Level.FAIL, "upgrade the program")


def test_rows_that_contradict_each_other_fail(sqlite_store: Store) -> None:
    reader = store_subscriber(sqlite_store)
    with sqlite_store.write() as conn:
        outbox.enqueue(conn, [make_new_delivery(reader.id)], NOW)
        conn.execute(sa.text("UPDATE deliveries SET status = 'sending'"))
    found = health.check_database(sqlite_store)
    assert (found.level, "without a lease" in found.what) == (Level.FAIL, True)


def test_a_file_that_is_no_database_fails_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "letter.db"
    file.write_text("Dear Ada, this is not a database. " * 100, encoding="utf-8")
    store = open_store(f"sqlite:///{file}")
    found = health.check_database(store)
    store.close()
    assert (found.level, "\n" in found.what) == (Level.FAIL, False)


def test_a_file_that_everybody_may_read_is_a_warning(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.touch(mode=0o600)
    assert health.check_private("file", file).level is Level.OK
    file.chmod(0o644)
    found = health.check_private("file", file)
    assert (found.level, found.todo) == (Level.WARN, f"chmod 600 {file}")


def test_a_broken_template_fails_by_its_name(tmp_path: Path) -> None:
    good = health.check_templates(Renderer([TEMPLATES], make_identity()))
    assert good.level is Level.OK
    broken = tmp_path / "mail" / "welcome" / "body.txt"
    broken.parent.mkdir(parents=True)
    broken.write_text("Hello {{ nobody.knows }}", encoding="utf-8")
    found = health.check_templates(Renderer([tmp_path, TEMPLATES], make_identity()))
    assert (found.level, "mail/welcome/body.txt" in found.what) == (Level.FAIL, True)


@pytest.mark.parametrize(
    ("free_bytes", "level"),
    [(50_000_000, Level.FAIL), (500_000_000, Level.WARN), (5_000_000_000, Level.OK)],
)
def test_the_disk_must_hold_a_backup_beside_the_database(
    tmp_path: Path, free_bytes: int, level: Level
) -> None:
    found = health.check_disk(tmp_path, free_bytes=free_bytes, database_bytes=300_000_000)
    assert found.level is level


# --- time -----------------------------------------------------------------------------------------


def test_a_clock_behind_what_was_stored_fails() -> None:
    assert health.check_clock(NOW + HOUR, NOW).level is Level.FAIL
    assert health.check_clock(NOW + timedelta(seconds=5), NOW).level is Level.OK
    assert health.check_clock(None, NOW).level is Level.OK


def test_time_zone_data_is_there() -> None:
    assert health.check_time_zones("Asia/Tokyo").level is Level.OK
    assert health.check_time_zones("Middle-earth/Shire").level is Level.FAIL


# --- sources --------------------------------------------------------------------------------------


def fetched(store: Store, outcome: Outcome, failures: int = 0, age: timedelta = HOUR) -> None:
    at = NOW - age
    with store.write() as conn:
        cursors.record_fetch(
            conn,
            Fetch(source="arxiv", started_at=at, finished_at=at, outcome=outcome, reason="why"),
        )
        cursors.save_due(conn, "arxiv", next_due_at=NOW, failures=failures)


def source_level(store: Store) -> Level:
    (found,) = health.check_sources(store, {"arxiv": HOUR}, NOW)
    assert found.name == "sources.arxiv"
    return found.level


def test_a_source_that_was_never_asked_is_a_warning(sqlite_store: Store) -> None:
    assert source_level(sqlite_store) is Level.WARN


def test_no_source_at_all_fails(sqlite_store: Store) -> None:
    (found,) = health.check_sources(sqlite_store, {}, NOW)
    assert found.level is Level.FAIL


@pytest.mark.parametrize(
    ("outcome", "failures", "age", "level"),
    [
        (Outcome.OK, 0, HOUR, Level.OK),
        (Outcome.EMPTY, 0, HOUR, Level.OK),
        (Outcome.PARTIAL, 0, HOUR, Level.OK),
        (Outcome.FAILED, 1, HOUR, Level.WARN),
        (Outcome.FAILED, 3, HOUR, Level.FAIL),
        (Outcome.THROTTLED, 1, HOUR, Level.WARN),
        (Outcome.OK, 0, timedelta(days=2), Level.WARN),
    ],
)
def test_a_source_is_judged_by_how_it_went_last(
    sqlite_store: Store, outcome: Outcome, failures: int, age: timedelta, level: Level
) -> None:
    fetched(sqlite_store, outcome, failures, age)
    assert source_level(sqlite_store) is level


def test_a_source_that_is_oddly_empty_is_a_warning(sqlite_store: Store) -> None:
    fetched(sqlite_store, Outcome.EMPTY, 0, HOUR)
    full = Fetch(source="votes", started_at=NOW, finished_at=NOW, outcome=Outcome.OK, new=3)
    with sqlite_store.write() as conn:
        cursors.record_fetch(conn, full)
    odd, _ = health.check_sources(sqlite_store, {"arxiv": HOUR, "votes": HOUR}, NOW)
    assert (odd.level, "suspicious" in odd.what) == (Level.WARN, True)


# --- outbox ---------------------------------------------------------------------------------------


def test_an_outbox_in_which_nothing_is_overdue_passes(sqlite_store: Store) -> None:
    assert health.check_outbox(sqlite_store, NOW).level is Level.OK


def test_mail_that_waits_for_more_than_an_hour_is_a_warning(sqlite_store: Store) -> None:
    reader = store_subscriber(sqlite_store)
    with sqlite_store.write() as conn:
        outbox.enqueue(conn, [make_new_delivery(reader.id)], NOW - timedelta(hours=2))
    assert health.check_outbox(sqlite_store, NOW).level is Level.WARN
    assert health.check_outbox(sqlite_store, NOW - HOUR).level is Level.OK


def test_a_paused_outbox_fails_with_the_reason(sqlite_store: Store) -> None:
    with sqlite_store.write() as conn:
        leases.acquire(
            conn,
            leases.OUTBOX_PAUSE,
            owner="breaker",
            now=NOW,
            until=NOW + HOUR,
            reason="relay.example.org:25 cannot be reached",
        )
    found = health.check_outbox(sqlite_store, NOW)
    assert (found.level, "cannot be reached" in found.what) == (Level.FAIL, True)


def test_suppressions_that_are_held_back_are_a_warning(sqlite_store: Store) -> None:
    assert health.check_bounces(sqlite_store, NOW).level is Level.OK
    hold_back(sqlite_store)
    found = health.check_bounces(sqlite_store, NOW)
    assert (found.level, found.what.partition(" ")[0]) == (Level.WARN, "1")
    assert health.check_bounces(sqlite_store, NOW + timedelta(days=15)).level is Level.OK
