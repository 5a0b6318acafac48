"""The ledger: nobody is sent a paper twice, and what never arrived is given back."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from digest.core.deliveries import DeliveryStatus
from digest.core.identifiers import PaperId
from digest.core.messages import MailKind
from digest.core.subscribers import Status, SubscriberId
from digest.store import claims, editions, ledger, outbox, retries, subscribers
from digest.store.engine import Store
from tests.builders import (
    NOW,
    TODAY,
    make_new_delivery,
    make_planned,
    store_edition,
    store_papers,
    store_subscriber,
)

READER = SubscriberId(1)


@pytest.fixture
def full(store: Store) -> Store:
    """One reader and three papers, whose ids are 1, 2 and 3."""
    assert store_subscriber(store).id == READER
    assert [paper.id for paper in store_papers(store, 3)] == [1, 2, 3]
    return store


def enqueue(store: Store, number: int, *papers: int, **changes: object) -> int:
    new = make_new_delivery(READER, number, papers=tuple(map(make_planned, papers)), **changes)
    with store.write() as conn:
        return outbox.enqueue(conn, [new], NOW)


def finish(store: Store, number: int, status: DeliveryStatus) -> None:
    """Claims what is due and gives delivery `number` this outcome; the others go back."""
    with store.write() as conn:
        claimed = claims.claim(conn, now=NOW, limit=9, owner="a", lease_until=NOW)
        wanted = next(d for d in claimed if int(d.public_id, 16) == number)
        assert claims.save(conn, replace(wanted, status=status, sent_at=NOW, attempts=1), "a")
        claims.put_back(conn, [d.id for d in claimed if d is not wanted], "a")


def seen(store: Store) -> set[int]:
    with store.read() as conn:
        return {int(key) for key in ledger.seen_papers(conn, [READER])[READER]}


def last_sent_at(store: Store) -> datetime | None:
    with store.read() as conn:
        return subscribers.many(conn, [READER])[READER].last_sent_at


def listed(store: Store) -> dict[int, DeliveryStatus]:
    with store.read() as conn:
        rows = outbox.listed(conn)
    return {int(row.delivery.public_id, 16): row.delivery.status for row in rows}


def test_planned_papers_count_as_seen_at_once(full: Store) -> None:
    enqueue(full, 1, 1, 2)
    assert seen(full) == {1, 2}


def test_a_paper_cannot_be_planned_twice_for_one_reader(full: Store) -> None:
    enqueue(full, 1, 1)
    with pytest.raises(IntegrityError):
        enqueue(full, 2, 2, 1)
    assert (seen(full), listed(full)) == ({1}, {1: DeliveryStatus.QUEUED})


def test_a_reader_has_one_delivery_of_an_edition(full: Store) -> None:
    edition = store_edition(full)
    assert enqueue(full, 1, 1, edition_id=edition.id) == 1
    assert enqueue(full, 2, 2, edition_id=edition.id) == 0
    assert (seen(full), listed(full)) == ({1}, {1: DeliveryStatus.QUEUED})


def test_mails_of_no_edition_do_not_stand_in_each_others_way(full: Store) -> None:
    assert enqueue(full, 1, kind=MailKind.CONFIRMATION) == 1
    assert enqueue(full, 2, kind=MailKind.CONFIRMATION) == 1


def test_nothing_planned_is_nothing_written(full: Store) -> None:
    with full.write() as conn:
        assert outbox.enqueue(conn, [], NOW) == 0


def test_the_papers_of_a_mail_keep_their_order(full: Store) -> None:
    enqueue(full, 1, 3, 1, 2)
    with full.read() as conn:
        (row,) = outbox.listed(conn)
        planned = outbox.papers_of(conn, [row.delivery.id])[row.delivery.id]
    assert row.papers == (3, 1, 2)
    assert planned == [
        make_planned(3),
        make_planned(1, position=1),
        make_planned(2, position=2),
    ]


def test_seen_papers_can_be_asked_for_among_candidates(full: Store) -> None:
    enqueue(full, 1, 1, 2)
    with full.read() as conn:
        found = ledger.seen_papers(conn, [READER, SubscriberId(9)], [PaperId(2), PaperId(3)])
    assert found == {READER: {2}, SubscriberId(9): set()}


@pytest.mark.parametrize("status", [DeliveryStatus.FAILED, DeliveryStatus.CANCELLED])
def test_a_digest_that_never_arrived_gives_its_papers_back(
    full: Store, status: DeliveryStatus
) -> None:
    enqueue(full, 1, 1)
    enqueue(full, 2, 2)
    finish(full, 1, status)
    assert seen(full) == {2}


@pytest.mark.parametrize("status", [DeliveryStatus.SENT, DeliveryStatus.DEFERRED])
def test_a_digest_that_arrived_or_may_yet_arrive_keeps_its_papers(
    full: Store, status: DeliveryStatus
) -> None:
    enqueue(full, 1, 1)
    finish(full, 1, status)
    assert seen(full) == {1}


def test_a_sent_digest_is_noted_with_the_reader_and_a_sent_answer_is_not(full: Store) -> None:
    enqueue(full, 1, kind=MailKind.REPLY)
    finish(full, 1, DeliveryStatus.SENT)
    assert last_sent_at(full) is None
    enqueue(full, 2, 1)
    finish(full, 2, DeliveryStatus.SENT)
    assert last_sent_at(full) == NOW


def test_the_ledger_outlives_the_editions_that_retention_drops(full: Store) -> None:
    enqueue(full, 1, 1, edition_id=store_edition(full).id)
    finish(full, 1, DeliveryStatus.SENT)
    with full.write() as conn:
        assert editions.forget(conn, TODAY + timedelta(days=1)) == 1
    assert (listed(full), seen(full)) == ({}, {1})
    with pytest.raises(IntegrityError):
        enqueue(full, 2, 1)


# --- retry ----------------------------------------------------------------------------------------


def retry(store: Store, *statuses: DeliveryStatus) -> int:
    with store.write() as conn:
        return retries.retry(conn, statuses, NOW)


def test_a_retried_digest_takes_its_papers_back(full: Store) -> None:
    enqueue(full, 1, 1)
    finish(full, 1, DeliveryStatus.FAILED)
    assert retry(full, DeliveryStatus.FAILED) == 1
    assert (listed(full), seen(full)) == ({1: DeliveryStatus.QUEUED}, {1})


def test_a_digest_whose_paper_came_with_a_later_one_stays_failed(full: Store) -> None:
    enqueue(full, 1, 1, 2)
    finish(full, 1, DeliveryStatus.FAILED)
    enqueue(full, 2, 2)
    assert retry(full, DeliveryStatus.FAILED) == 0
    assert listed(full) == {1: DeliveryStatus.FAILED, 2: DeliveryStatus.QUEUED}


def test_a_digest_whose_paper_came_with_one_long_forgotten_stays_failed(full: Store) -> None:
    enqueue(full, 1, 1)
    finish(full, 1, DeliveryStatus.FAILED)
    enqueue(full, 2, 1, edition_id=store_edition(full).id)
    finish(full, 2, DeliveryStatus.SENT)
    with full.write() as conn:
        editions.forget(conn, TODAY + timedelta(days=1))
    assert retry(full, DeliveryStatus.FAILED) == 0


def test_of_two_failed_digests_with_one_paper_only_one_comes_back(full: Store) -> None:
    enqueue(full, 1, 1)
    finish(full, 1, DeliveryStatus.FAILED)
    enqueue(full, 2, 1)
    finish(full, 2, DeliveryStatus.FAILED)
    assert retry(full, DeliveryStatus.FAILED) == 1


def test_a_retry_starts_anew_and_forgets_what_the_relay_said(full: Store) -> None:
    enqueue(full, 1, kind=MailKind.WELCOME)
    with full.write() as conn:
        (claimed,) = claims.claim(conn, now=NOW, limit=1, owner="a", lease_until=NOW)
        refused = replace(
            claimed,
            status=DeliveryStatus.FAILED,
            attempts=1,
            smtp_code=550,
            smtp_reply="5.1.1 nobody here",
            detail="refused",
        )
        claims.save(conn, refused, "a")
    assert retry(full, DeliveryStatus.FAILED) == 1
    with full.read() as conn:
        (row,) = outbox.listed(conn)
    assert row.delivery == replace(claimed, status=DeliveryStatus.QUEUED)


def test_nothing_is_retried_to_a_suppressed_address(full: Store) -> None:
    enqueue(full, 1, 1)
    enqueue(full, 2, kind=MailKind.REPLY)
    for number in (1, 2):
        finish(full, number, DeliveryStatus.FAILED)
    with full.write() as conn:
        subscribers.set_status(conn, READER, Status.SUPPRESSED)
    assert retry(full, DeliveryStatus.FAILED) == 0
    assert set(listed(full).values()) == {DeliveryStatus.FAILED}


def test_what_can_be_retried_is_what_a_retry_queues(full: Store) -> None:
    for number, paper in ((1, 1), (2, 1), (3, 2)):
        enqueue(full, number, paper)
        finish(full, number, DeliveryStatus.FAILED)
    enqueue(full, 4, 3)
    with full.read() as conn:
        able = retries.retriable(conn, [DeliveryStatus.FAILED])
    assert set(listed(full).values()) == {DeliveryStatus.FAILED, DeliveryStatus.QUEUED}
    assert retry(full, DeliveryStatus.FAILED) == len(able) == 2
    assert [number for number, status in listed(full).items() if status == "failed"] == [2]
    assert seen(full) == {1, 2, 3}


def test_a_retry_of_many_takes_few_statements(full: Store) -> None:
    for number in range(2, 60):
        store_subscriber(full, number)
    new = [make_new_delivery(n, n, papers=(make_planned(1), make_planned(2))) for n in range(2, 60)]
    statements: list[str] = []
    with full.write() as conn:
        outbox.enqueue(conn, new, NOW)
        sa.event.listen(
            conn, "before_cursor_execute", lambda _conn, _cursor, text, *_: statements.append(text)
        )
        assert retries.retry(conn, [DeliveryStatus.QUEUED], NOW) == 58
    assert len(statements) <= 6


# --- cancelling -----------------------------------------------------------------------------------


def test_cancelling_stops_what_waits_and_gives_its_papers_back(full: Store) -> None:
    enqueue(full, 1, 1)
    enqueue(full, 2, 2)
    finish(full, 1, DeliveryStatus.SENT)
    enqueue(full, 3, kind=MailKind.GOODBYE)
    with full.write() as conn:
        assert outbox.cancel_waiting(conn, READER, "unsubscribed") == 1
    assert seen(full) == {1}
    assert listed(full) == {
        1: DeliveryStatus.SENT,
        2: DeliveryStatus.CANCELLED,
        3: DeliveryStatus.QUEUED,
    }


def test_listings_can_be_narrowed(full: Store) -> None:
    edition = store_edition(full)
    enqueue(full, 1, 1, edition_id=edition.id)
    enqueue(full, 2, kind=MailKind.REPLY)
    with full.read() as conn:
        by_day = outbox.listed(conn, day=TODAY)
        by_kind = outbox.listed(conn, kind=MailKind.REPLY)
        by_email = outbox.listed(conn, email="READER1@example.org", limit=1)
        assert outbox.listed(conn, status=DeliveryStatus.SENT) == []
        assert outbox.of_edition(conn, edition.id, READER) == by_day[0].delivery
        assert outbox.last_of_kind(conn, READER, MailKind.REPLY) == NOW
    assert [int(r.delivery.public_id, 16) for r in (*by_day, *by_kind, *by_email)] == [1, 2, 2]


def test_the_latest_digests_of_a_reader_are_those_that_reached_them_or_may_still(
    full: Store,
) -> None:
    store_subscriber(full, 2)
    for number in (1, 2, 3):
        enqueue(full, number, number)
    finish(full, 1, DeliveryStatus.SENT)
    finish(full, 2, DeliveryStatus.FAILED)
    enqueue(full, 4, kind=MailKind.REPLY)
    with full.read() as conn:
        latest = outbox.latest_digests(conn, READER, 9)
        assert outbox.latest_digests(conn, READER, 1) == latest[:1]
        assert outbox.latest_digests(conn, SubscriberId(2), 9) == []
    assert [int(digest.public_id, 16) for digest in latest] == [3, 1]
