"""Damage is found and named; a sound database has none."""

import pytest
import sqlalchemy as sa

from digest.core.deliveries import DeliveryStatus
from digest.store import checks, outbox
from digest.store.engine import Store
from tests.builders import NOW, make_new_delivery, make_planned, store_papers, store_subscriber


def damage(store: Store, statement: str) -> list[str]:
    with store.write() as conn:
        conn.execute(sa.text(statement))
    return checks.problems(store)


@pytest.fixture
def used(store: Store) -> Store:
    (paper,) = store_papers(store, 1)
    reader = store_subscriber(store)
    with store.write() as conn:
        new = make_new_delivery(reader.id, papers=(make_planned(paper.id),))
        outbox.enqueue(conn, [new], NOW)
    return store


def test_a_sound_database_has_no_problems(used: Store) -> None:
    assert checks.problems(used) == []


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("DELETE FROM paper_ids", "1 papers without any identifier"),
        (
            f"UPDATE deliveries SET status = '{DeliveryStatus.SENDING}'",
            "1 deliveries being sent without a lease",
        ),
    ],
)
def test_rows_that_contradict_each_other_are_counted(
    used: Store, statement: str, problem: str
) -> None:
    assert damage(used, statement) == [problem]


def test_a_paper_that_was_ruled_apart_from_itself_is_found(used: Store) -> None:
    with used.write() as conn:
        conn.execute(sa.text("INSERT INTO paper_ids VALUES ('doi', '10.1/x', 1)"))
    assert damage(
        used,
        f"INSERT INTO rulings VALUES ('doi', '10.1/x', 'arxiv', '2603.00001', '{NOW:%Y-%m-%d}')",
    ) == ["1 rulings between identifiers of one paper"]


def test_a_digest_that_was_sent_without_a_line_in_the_ledger_is_found(used: Store) -> None:
    assert damage(used, f"UPDATE deliveries SET status = '{DeliveryStatus.SENT}'") == []
    assert damage(used, "DELETE FROM sent_papers") == [
        "1 digests sent without a line in the ledger"
    ]


def test_a_row_whose_parent_is_gone_is_found(sqlite_store: Store) -> None:
    with sqlite_store.engine.connect() as conn:
        conn.exec_driver_sql("COMMIT")
        conn.exec_driver_sql("PRAGMA foreign_keys = OFF")
        conn.exec_driver_sql("INSERT INTO paper_ids VALUES ('doi', '10.1/x', 77)")
        conn.exec_driver_sql("PRAGMA foreign_keys = ON")
        conn.exec_driver_sql("BEGIN")
    assert checks.problems(sqlite_store) == ["1 rows refer to rows that are gone"]
