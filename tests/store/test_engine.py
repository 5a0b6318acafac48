"""What a database promises, whichever it is, and what SQLite is told to promise."""

import stat
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from digest.core.errors import ConfigError, StoreError
from digest.core.subscribers import SubscriberId
from digest.store import subscribers
from digest.store.columns import Time
from digest.store.engine import Store, open_store, parse_url
from digest.store.tables import suppressions
from tests.builders import NOW, store_subscriber

MOMENTS = st.datetimes(min_value=datetime(1000, 1, 2), timezones=st.just(UTC))
LINE = {"address_hash": "a", "reason": "bounce", "at": NOW}


def count(store: Store) -> int:
    with store.read() as conn:
        return conn.execute(sa.select(sa.func.count()).select_from(suppressions)).scalar_one()


# --- reading and writing --------------------------------------------------------------------------


def test_a_write_commits_at_its_end(store: Store) -> None:
    with store.write() as conn:
        conn.execute(sa.insert(suppressions).values(LINE))
    assert count(store) == 1


def test_a_write_that_breaks_off_leaves_nothing_behind(store: Store) -> None:
    def broken() -> None:
        with store.write() as conn:
            conn.execute(sa.insert(suppressions).values(LINE))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken()
    assert count(store) == 0


def test_a_read_scope_cannot_write(store: Store) -> None:
    with pytest.raises((StoreError, DBAPIError)), store.read() as conn:
        conn.execute(sa.insert(suppressions).values(LINE))
    assert count(store) == 0
    with store.write() as conn:
        conn.execute(sa.insert(suppressions).values(LINE))


def test_a_read_sees_one_moment_of_the_database(store: Store) -> None:
    statement = sa.select(sa.func.count()).select_from(suppressions)
    with store.read() as conn:
        before = conn.execute(statement).scalar_one()
        with store.write() as other:
            other.execute(sa.insert(suppressions).values(LINE))
        assert conn.execute(statement).scalar_one() == before
    assert count(store) == before + 1


def test_foreign_keys_are_enforced(store: Store) -> None:
    consent = subscribers.Consent(event="confirmed", via="web", at=NOW)
    with pytest.raises(IntegrityError), store.write() as conn:
        subscribers.record_consent(conn, SubscriberId(999), consent)


def test_a_value_outside_its_choices_is_refused(store: Store) -> None:
    reader = store_subscriber(store)
    with pytest.raises(IntegrityError), store.write() as conn:
        conn.execute(
            sa.text("UPDATE subscribers SET status = 'odd' WHERE id = :id"), {"id": reader.id}
        )


# --- times ----------------------------------------------------------------------------------------


def test_a_time_comes_back_as_it_was(store: Store) -> None:
    berlin = timezone(timedelta(hours=1))
    moment = datetime(2026, 3, 20, 0, 30, 0, 123456, tzinfo=berlin)
    with store.write() as conn:
        conn.execute(sa.insert(suppressions).values(LINE | {"at": moment}))
        found = conn.scalar(sa.select(suppressions.c.at))
        text = conn.scalar(sa.text("SELECT at FROM suppressions"))
    assert (found, found.tzinfo) == (moment, UTC)
    assert text == "2026-03-19T23:30:00.123456Z"


def test_a_time_without_a_zone_is_refused(store: Store) -> None:
    with pytest.raises(StatementError, match="without a zone"), store.write() as conn:
        conn.execute(sa.insert(suppressions).values(LINE | {"at": datetime(2026, 3, 20)}))


@given(one=MOMENTS, other=MOMENTS)
def test_stored_times_sort_as_text_in_the_order_of_time(one: datetime, other: datetime) -> None:
    bind = Time().bind_processor(sqlite.dialect())
    assert bind is not None
    left, right = bind(one), bind(other)
    assert len(left) == len(right) == 27
    assert (left < right) == (one < other)


# --- SQLite ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pragma", "wanted"),
    [("journal_mode", "wal"), ("foreign_keys", 1), ("busy_timeout", 30_000), ("synchronous", 1)],
)
def test_sqlite_is_told_how_to_keep_data(
    sqlite_store: Store, pragma: str, wanted: str | int
) -> None:
    with sqlite_store.read() as conn:
        assert conn.execute(sa.text(f"PRAGMA {pragma}")).scalar_one() == wanted


def test_a_new_sqlite_file_is_for_its_owner_only(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'new.db'}")
    with store.write() as conn:
        conn.execute(sa.text("CREATE TABLE t (x)"))
        modes = [stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()]
    store.close()
    assert set(modes) == {0o600}


def test_a_reader_does_not_wait_for_a_writer(sqlite_store: Store) -> None:
    with sqlite_store.write() as conn:
        conn.execute(sa.insert(suppressions).values(LINE))
        assert count(sqlite_store) == 0


def test_a_file_that_is_no_database_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Dear diary, this is not a database. " * 100)
    store = open_store(f"sqlite:///{path}")
    with pytest.raises(StoreError, match="cannot be used"), store.read():
        pass
    with pytest.raises(StoreError, match="cannot be used"), store.write():
        pass
    store.close()


# --- URLs -----------------------------------------------------------------------------------------


def test_a_postgresql_url_may_leave_the_driver_out() -> None:
    assert parse_url("postgresql://u:p@h/d").drivername == "postgresql+psycopg"


@pytest.mark.parametrize(
    "url", ["", "digest.db", "mysql://h/d", "postgresql+nodriver://h/d", "://"]
)
def test_a_url_that_cannot_be_used_is_a_mistake_in_the_configuration(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^database\.url: "):
        open_store(url)


def test_a_folder_that_does_not_exist_is_a_mistake_in_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"the folder .* does not exist"):
        open_store(f"sqlite:///{tmp_path / 'none' / 'digest.db'}")


def test_a_server_that_does_not_answer_is_one_clear_error() -> None:
    store = open_store("postgresql+psycopg://nobody@127.0.0.1:1/none")
    with pytest.raises(StoreError, match="the database cannot be used"), store.read():
        pass
    store.close()
