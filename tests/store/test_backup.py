"""Backups: complete while the service runs, refused when unsound, restored into either engine."""

import shutil
import sqlite3
import stat
from pathlib import Path
from threading import Event, Thread

import pytest
import sqlalchemy as sa

from digest.core.errors import StoreError
from digest.core.feedback import FeedbackKind
from digest.core.identifiers import DOI, Identifier
from digest.store import corrections, feedback, library, outbox, schema
from digest.store.backup import backup, restore, verify
from digest.store.engine import Store, open_store
from digest.store.tables import metadata, suppressions
from tests.builders import (
    NOW,
    make_new_delivery,
    make_planned,
    make_record,
    store_edition,
    store_papers,
    store_records,
    store_subscriber,
)


def fill(store: Store) -> None:
    """A little of everything, with numbers that have gaps."""
    papers = store_papers(store, 3)
    store_subscriber(store, 1)
    reader = store_subscriber(store, 2)
    edition = store_edition(store, chosen=papers)
    new = make_new_delivery(reader.id, edition_id=edition.id, papers=(make_planned(papers[0].id),))
    with store.write() as conn:
        outbox.enqueue(conn, [new], NOW)
        feedback.record(conn, reader.id, papers[0].id, FeedbackKind.MORE, NOW)


def correct(store: Store) -> None:
    """A paper of two sources that disagree, and one that was taken apart."""
    printed = Identifier(DOI, "10.1/x")
    store_records(store, [make_record(4), make_record(4, source="votes", title="Otherwise")])
    store_records(store, [make_record(5, ids=(*make_record(5).ids, printed))])
    with store.write() as conn:
        split = library.by_identifier(conn, printed)
        assert split is not None
        corrections.split(conn, split.id, [printed], NOW)


def contents(store: Store) -> dict[str, list[tuple[object, ...]]]:
    with store.read() as conn:
        return {
            table.name: sorted((tuple(row) for row in conn.execute(sa.select(table))), key=repr)
            for table in metadata.sorted_tables
        }


@pytest.fixture
def target(blank_store: Store) -> Store:
    """Where a backup is restored into: an empty database on each engine."""
    return blank_store


@pytest.fixture
def saved(tmp_path: Path, _migrated_sqlite: Path) -> Path:
    """A backup of a filled SQLite database that is not used any more."""
    source = open_store(f"sqlite:///{shutil.copy(_migrated_sqlite, tmp_path / 'source.db')}")
    fill(source)
    path = backup(source, tmp_path / "saved.db").path
    source.close()
    return path


# --- writing --------------------------------------------------------------------------------------


def test_a_backup_holds_everything_and_says_so(store: Store, tmp_path: Path) -> None:
    fill(store)
    correct(store)
    report = backup(store, tmp_path / "saved.db")
    assert report.rows["papers"] == 6
    assert report.rows["rulings"] == 2
    assert report.rows["deliveries"] == report.rows["sent_papers"] == 1
    assert report.revision == schema.newest_revision()
    assert report.size_bytes == report.path.stat().st_size
    assert verify(report.path) == report
    copy = open_store(f"sqlite:///{shutil.copy(report.path, tmp_path / 'copy.db')}")
    assert contents(copy) == contents(store)
    copy.close()


def test_a_backup_is_one_file_for_its_owner_only(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    path = backup(store, folder / "saved.db").path
    assert list(folder.iterdir()) == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_backup_taken_during_writes_is_one_moment_of_the_database(
    store: Store, tmp_path: Path
) -> None:
    stop, begun = Event(), Event()

    def write_pairs() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            rows = [{"address_hash": f"{side}{number}", "reason": "", "at": NOW} for side in "ab"]
            with store.write() as conn:
                conn.execute(sa.insert(suppressions), rows[:1])
                conn.execute(sa.insert(suppressions), rows[1:])
            begun.set()

    writer = Thread(target=write_pairs)
    writer.start()
    try:
        assert begun.wait(30)
        report = backup(store, tmp_path / "saved.db")
    finally:
        stop.set()
        writer.join()
    assert report.rows["suppressions"] >= 2
    assert report.rows["suppressions"] % 2 == 0


def test_a_backup_never_replaces_a_file(sqlite_store: Store, tmp_path: Path) -> None:
    path = tmp_path / "saved.db"
    path.write_text("precious")
    with pytest.raises(StoreError, match="exists already"):
        backup(sqlite_store, path)
    assert path.read_text() == "precious"


def test_a_backup_into_no_folder_is_one_clear_error(sqlite_store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"the folder .* does not exist"):
        backup(sqlite_store, tmp_path / "none" / "saved.db")


def test_a_backup_of_no_schema_is_refused_and_leaves_nothing(
    blank_store: Store, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    with pytest.raises(StoreError):
        backup(blank_store, folder / "saved.db")
    assert list(folder.iterdir()) == []


# --- verifying ------------------------------------------------------------------------------------


def refused(path: Path) -> str:
    with pytest.raises(StoreError) as caught:
        verify(path)
    return str(caught.value)


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    assert "no such file" in refused(tmp_path / "none.db")


@pytest.mark.parametrize("kept", [0, 10, 5_000, 100_000])
def test_a_truncated_backup_is_refused(saved: Path, kept: int) -> None:
    with saved.open("r+b") as file:
        file.truncate(kept)
    refused(saved)


def test_a_damaged_backup_is_refused(saved: Path) -> None:
    size = saved.stat().st_size
    with saved.open("r+b") as file:
        for place in range(8192, size, 4096):
            file.seek(place)
            file.write(b"\xff" * 64)
    refused(saved)


def test_a_backup_with_rows_that_lost_their_parents_is_refused(saved: Path) -> None:
    connection = sqlite3.connect(saved)
    connection.execute("DELETE FROM subscribers")
    connection.commit()
    connection.close()
    assert "rows are missing" in refused(saved)


@pytest.mark.parametrize(
    "statement",
    ["CREATE TABLE t (x)", "CREATE TABLE alembic_version (version_num)", "PRAGMA user_version = 3"],
)
def test_a_database_of_another_program_is_refused(tmp_path: Path, statement: str) -> None:
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute(statement)
    if "alembic" in statement:
        connection.execute("INSERT INTO alembic_version VALUES ('0001')")
    connection.commit()
    connection.close()
    refused(path)


def test_a_file_of_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Dear diary, this is not a backup. " * 100)
    assert "not a sound backup" in refused(path)


def test_verifying_a_database_in_use_takes_nothing_from_it(sqlite_store: Store) -> None:
    """What was committed lately is in a file beside it, which is not to be tidied away."""
    fill(sqlite_store)
    path = Path(str(sqlite_store.engine.url.database))
    with sqlite_store.read() as conn:
        conn.execute(sa.text("SELECT count(*) FROM papers")).scalar_one()
        assert verify(path).rows["papers"] == 3
        assert path.with_name(path.name + "-wal").exists()
    store_records(sqlite_store, [make_record(4)])
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT count(*) FROM papers").fetchone() == (4,)
    connection.close()


# --- restoring ------------------------------------------------------------------------------------


@pytest.fixture
def saved_from(store: Store, tmp_path: Path) -> tuple[Path, dict[str, object]]:
    fill(store)
    correct(store)
    path = backup(store, tmp_path / "from.db").path
    return path, dict(contents(store))


def test_a_restore_brings_everything_from_either_engine_to_either(
    saved_from: tuple[Path, dict[str, object]], target: Store
) -> None:
    path, wanted = saved_from
    before = path.read_bytes()
    report = restore(target, path)
    assert contents(target) == wanted
    assert report.rows["papers"] == 6
    assert report.rows["rulings"] == 2
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir() if "restoring" in p.name] == []


def test_numbers_go_on_behind_the_restored_ones(saved: Path, target: Store) -> None:
    restore(target, saved)
    (paper,) = store_records(target, [make_record(4)])
    assert paper.id == 4
    assert store_subscriber(target, 3).id == 3


def test_restored_papers_are_found_by_a_search(saved: Path, target: Store) -> None:
    restore(target, saved)
    with target.read() as conn:
        assert len(library.search(conn, "robots", 9)) == 3


def test_a_database_that_holds_data_is_replaced_only_by_force(saved: Path, store: Store) -> None:
    store_records(store, [make_record(9)])
    with pytest.raises(StoreError, match="--force"):
        restore(store, saved)
    with store.read() as conn:
        assert library.count(conn) == 1
    restore(store, saved, force=True)
    with store.read() as conn:
        assert library.count(conn) == 3
        assert len(library.search(conn, "robots", 9)) == 3


def test_a_backup_of_a_newer_program_is_refused(saved: Path, sqlite_store: Store) -> None:
    connection = sqlite3.connect(saved)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match="made by a newer digest"):
        restore(sqlite_store, saved, force=True)


def test_a_damaged_backup_changes_nothing(saved: Path, store: Store) -> None:
    store_records(store, [make_record(9)])
    with saved.open("r+b") as file:
        file.truncate(50_000)
    with pytest.raises(StoreError):
        restore(store, saved, force=True)
    with store.read() as conn:
        assert library.count(conn) == 1
