"""Bringing a database up to date, and refusing one that is not."""

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from digest.core.errors import SchemaOutOfDate
from digest.store import schema
from digest.store.engine import Store
from tests.builders import store_papers

ROOT = Path(__file__).resolve().parents[2]
UPGRADE = """
import sys
from digest.store import schema
from digest.store.engine import open_store
sys.stdin.readline()
store = open_store(sys.argv[1])
print(*schema.upgrade(store))
store.close()
"""


def set_revision(store: Store, revision: str) -> None:
    with store.write() as conn:
        conn.execute(sa.text("UPDATE alembic_version SET version_num = :r"), {"r": revision})


def test_an_empty_database_is_refused_with_what_to_do(blank_store: Store) -> None:
    assert schema.current_revision(blank_store) is None
    with pytest.raises(SchemaOutOfDate, match="is empty: run `digest db upgrade`"):
        schema.guard(blank_store)


def test_an_upgraded_database_is_accepted(blank_store: Store) -> None:
    assert schema.upgrade(blank_store) == (None, schema.newest_revision())
    schema.guard(blank_store)


def test_an_upgrade_can_be_repeated_and_keeps_the_data(store: Store) -> None:
    store_papers(store, 1)
    newest = schema.newest_revision()
    assert schema.upgrade(store) == (newest, newest)
    with store.read() as conn:
        assert conn.execute(sa.text("SELECT count(*) FROM papers")).scalar_one() == 1


def test_a_database_of_a_newer_program_is_refused(store: Store) -> None:
    set_revision(store, "9999")
    try:
        with pytest.raises(SchemaOutOfDate, match="schema 9999, made by a newer digest"):
            schema.guard(store)
        with pytest.raises(SchemaOutOfDate, match="schema 9999, made by a newer digest"):
            schema.upgrade(store)
    finally:
        set_revision(store, schema.newest_revision())


def test_a_database_of_an_older_program_is_refused_until_it_is_upgraded(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "newest_revision", lambda: "0003")
    with pytest.raises(SchemaOutOfDate, match="needs 0003: run `digest db upgrade`"):
        schema.guard(sqlite_store)


def test_processes_that_upgrade_at_once_do_it_once(blank_store: Store) -> None:
    url = blank_store.engine.url.render_as_string(hide_password=False)
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", UPGRADE, url],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=60) for process in processes]
    assert [error for _, error in answers] == ["", "", ""]
    assert [process.returncode for process in processes] == [0, 0, 0]
    schema.guard(blank_store)
