"""What monitors ask of the store."""

from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa

from digest.core.deliveries import DeliveryStatus
from digest.core.fetching import Outcome
from digest.store import claims, cursors, editions, measures, outbox, retries
from digest.store.cursors import Fetch
from digest.store.engine import Store
from digest.store.measures import Due
from digest.store.tables import counters, deliveries
from tests.builders import NOW, TODAY, make_new_delivery, store_edition, store_subscriber

DAY = timedelta(days=1)
SENT, FAILED, BOUNCED = DeliveryStatus.SENT, DeliveryStatus.FAILED, DeliveryStatus.BOUNCED


def queue(store: Store, number: int, **changes: object) -> None:
    """Deliveries to so many new readers, numbered from 1."""
    for key in range(1, number + 1):
        reader = store_subscriber(store, key)
        with store.write() as conn:
            new = make_new_delivery(reader.id, key, **changes)
            outbox.enqueue(conn, [new], NOW)


def deliver(store: Store, outcome: DeliveryStatus, limit: int = 1) -> None:
    """Claims deliveries and records what came of them, as a worker does."""
    with store.write() as conn:
        claimed = claims.claim(conn, now=NOW, limit=limit, owner="a", lease_until=NOW + DAY)
    for delivery in claimed:
        with store.write() as conn:
            assert claims.save(conn, replace(delivery, status=outcome), "a")


def totals(store: Store) -> tuple[int, ...]:
    """Sent, failed and bounced."""
    with store.read() as conn:
        return tuple(measures.delivery_totals(conn)[status] for status in (SENT, FAILED, BOUNCED))


def test_nothing_was_delivered_by_a_new_database(store: Store) -> None:
    assert totals(store) == (0, 0, 0)


def test_each_outcome_is_counted_once_by_whatever_statement_it_comes(store: Store) -> None:
    queue(store, 5)
    deliver(store, SENT, limit=3)
    deliver(store, FAILED)
    assert totals(store) == (3, 1, 0)
    with store.write() as conn:
        conn.execute(sa.update(deliveries).where(deliveries.c.id == 1).values(status=BOUNCED))
        # Said again, it is no second bounce; nor is what is written beside it.
        conn.execute(sa.update(deliveries).where(deliveries.c.id == 1).values(status=BOUNCED))
        conn.execute(sa.update(deliveries).where(deliveries.c.id == 2).values(detail="seen"))
    assert totals(store) == (3, 1, 1)


def test_waiting_being_claimed_and_being_put_off_are_no_outcomes(store: Store) -> None:
    queue(store, 2)
    deliver(store, DeliveryStatus.DEFERRED)
    deliver(store, DeliveryStatus.CANCELLED)
    assert totals(store) == (0, 0, 0)


def test_what_is_tried_again_and_fails_again_is_counted_again(store: Store) -> None:
    queue(store, 1)
    deliver(store, FAILED)
    with store.write() as conn:
        assert retries.retry(conn, [FAILED], NOW) == 1
    deliver(store, FAILED)
    assert totals(store) == (0, 2, 0)


def test_totals_stay_when_deliveries_are_dropped(store: Store) -> None:
    edition = store_edition(store)
    queue(store, 3, edition_id=edition.id)
    deliver(store, SENT, limit=3)
    with store.write() as conn:
        assert editions.forget(conn, TODAY + DAY) == 1
        assert conn.scalar(sa.select(sa.func.count()).select_from(deliveries)) == 0
    assert totals(store) == (3, 0, 0)


def test_an_outcome_that_is_rolled_back_was_none(store: Store) -> None:
    queue(store, 1)
    with store.engine.connect() as conn:
        conn.execute(sa.update(deliveries).values(status=SENT))
        conn.rollback()
    assert totals(store) == (0, 0, 0)


def test_the_rows_that_count_stay_few(store: Store) -> None:
    queue(store, 80)
    deliver(store, SENT, limit=80)
    assert totals(store) == (80, 0, 0)
    with store.read() as conn:
        assert (conn.scalar(sa.select(sa.func.count()).select_from(counters)) or 0) <= 64


def test_what_waits_is_sent_or_is_in_trouble_is_counted_by_status(store: Store) -> None:
    queue(store, 4)
    deliver(store, FAILED)
    deliver(store, SENT)
    with store.write() as conn:
        claims.claim(conn, now=NOW, limit=1, owner="a", lease_until=NOW + DAY)
    with store.read() as conn:
        found = measures.few_deliveries(conn)
    assert {status.value: number for status, number in found.items()} == {
        "queued": 1,
        "deferred": 0,
        "sending": 1,
        "failed": 1,
        "bounced": 0,
    }


def test_due_is_what_may_go_out_now(store: Store) -> None:
    with store.read() as conn:
        assert measures.due(conn, NOW) == Due(number=0, since=None)
    reader = store_subscriber(store)
    with store.write() as conn:
        for number, moment in enumerate((NOW - DAY, NOW, NOW + DAY), start=1):
            outbox.enqueue(conn, [make_new_delivery(reader.id, number)], moment)
    with store.read() as conn:
        assert measures.due(conn, NOW) == Due(number=2, since=NOW - DAY)


def test_a_source_that_answered_with_nothing_has_answered(store: Store) -> None:
    def fetch(source: str, outcome: Outcome, days_ago: int) -> Fetch:
        at = NOW - days_ago * DAY
        return Fetch(source=source, started_at=at, finished_at=at, outcome=outcome)

    with store.write() as conn:
        for one in (
            fetch("arxiv", Outcome.OK, 3),
            fetch("arxiv", Outcome.EMPTY, 2),
            fetch("arxiv", Outcome.PARTIAL, 1),
            fetch("github", Outcome.FAILED, 1),
        ):
            cursors.record_fetch(conn, one)
    with store.read() as conn:
        assert measures.last_answered_at(conn, "arxiv") == NOW - 2 * DAY
        assert measures.last_answered_at(conn, "github") is None
