"""The questions asked all day long are answered from an index, however many rows there are."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from digest.core.identifiers import PaperId
from digest.core.subscribers import SubscriberId
from digest.store import (
    analyses,
    claims,
    editions,
    embeddings,
    feedback,
    ledger,
    libraries,
    library,
    measures,
    outbox,
    papers,
    subscribers,
)
from digest.store.engine import Store
from tests.builders import NOW, TODAY, make_record

HOUR = timedelta(hours=1)
READER = SubscriberId(1)
Question = Callable[[sa.Connection], object]


def plans(store: Store, ask: Question) -> list[str]:
    """How SQLite answers each statement that a question consists of."""
    asked: list[tuple[str, tuple[object, ...]]] = []

    def listen(_conn: object, _cursor: object, statement: str, values: object, *_: object) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            asked.append((statement, values))  # type: ignore[arg-type]

    event.listen(store.engine, "before_cursor_execute", listen)
    with store.write() as conn:
        ask(conn)
        event.remove(store.engine, "before_cursor_execute", listen)
        return [
            row[3]
            for statement, values in asked
            for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]


QUESTIONS: dict[str, Question] = {
    "claim": lambda conn: claims.claim(conn, now=NOW, limit=9, owner="a", lease_until=NOW),
    "release": lambda conn: claims.release(conn, now=NOW, dead_owners=["a"]),
    "owners": claims.owners,
    "owned": lambda conn: libraries.owned_among(conn, [PaperId(1)]),
    "seen": lambda conn: ledger.seen_papers(conn, [READER]),
    "votes": lambda conn: feedback.of(conn, [READER]),
    "cancel": lambda conn: outbox.cancel_waiting(conn, READER, ""),
    "last of kind": lambda conn: outbox.last_of_kind(conn, READER, outbox.MailKind.REPLY),
    "latest digests": lambda conn: outbox.latest_digests(conn, READER, 9),
    "due": lambda conn: subscribers.due(conn, NOW),
    "by email": lambda conn: subscribers.by_email(conn, "ada@example.org"),
    "by public id": lambda conn: subscribers.by_public_id(conn, "1"),
    "pauses": lambda conn: subscribers.ended_pauses(conn, NOW),
    "attempts": lambda conn: subscribers.attempts_since(conn, "mail", "a", NOW),
    "library": lambda conn: libraries.of_subscriber(conn, READER),
    "library taken out": lambda conn: libraries.take_out(conn, READER),
    "known": lambda conn: papers.known(conn, [make_record()]),
    "texts to analyse": lambda conn: analyses.lacking(conn, 1, 9),
    "analyses": lambda conn: analyses.by_ids(conn, [PaperId(1)], 1),
    "analyses left behind": lambda conn: analyses.settle(conn, {}, 1),
    "terms": lambda conn: analyses.frequencies(conn, ["robot"]),
    "appeared": lambda conn: library.appeared_between(conn, NOW - HOUR, NOW),
    "signals": lambda conn: library.signals_of(conn, [1, 2]),
    "edition": lambda conn: editions.by_date(conn, TODAY),
    "candidates": lambda conn: editions.candidates_of(conn, editions.EditionId(1)),
    "vectors": lambda conn: embeddings.vectors(conn, "a model", [1, 2]),
    "vectors by text": lambda conn: embeddings.by_text(conn, "a model", {"a"}),
    "newest vector": lambda conn: embeddings.newest_at(conn, "a model"),
    "known texts": lambda conn: embeddings.known_texts(conn, "a model", {"a"}),
    "known papers": lambda conn: embeddings.known_papers(conn, "a model", {"a"}),
    "vectors of texts": lambda conn: embeddings.text_vectors(conn, "a model", {"a"}),
    "delivery totals": measures.delivery_totals,
    "deliveries in few": measures.few_deliveries,
    "due deliveries": lambda conn: measures.due(conn, NOW),
    "last answer": lambda conn: measures.last_answered_at(conn, "arxiv"),
    "cards": lambda conn: editions.cards_of(conn, editions.EditionId(1), [PaperId(1)]),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_frequent_question_reads_no_table_from_end_to_end(sqlite_store: Store, name: str) -> None:
    steps = plans(sqlite_store, QUESTIONS[name])
    assert steps
    scans = [step for step in steps if step.startswith("SCAN")]
    # A list of what is asked for, in one value, is a table that is read whole.
    assert [step for step in scans if "VIRTUAL TABLE" not in step] == []


def test_a_claim_takes_the_first_of_a_long_queue_without_sorting_it(sqlite_store: Store) -> None:
    assert "USE TEMP B-TREE FOR ORDER BY" not in plans(sqlite_store, QUESTIONS["claim"])
