"""The queue: who may send what, until when, and what happens to what somebody did not finish."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Barrier

import pytest
import sqlalchemy as sa

from digest.core.deliveries import Delivery, DeliveryId, DeliveryStatus
from digest.core.messages import MailKind
from digest.store import claims, outbox
from digest.store.engine import Store, open_store
from digest.store.tables import deliveries
from tests.builders import NOW, make_new_delivery, store_subscriber

LEASE = timedelta(minutes=10)


def queue(store: Store, number: int, **changes: object) -> list[str]:
    """`number` digests for one reader, queued a minute apart, the last of them now."""
    reader = store_subscriber(store)
    ids = []
    for n in range(number):
        new = make_new_delivery(reader.id, n + 1, **changes)
        with store.write() as conn:
            outbox.enqueue(conn, [new], NOW - timedelta(minutes=number - 1 - n))
        ids.append(new.public_id)
    return ids


def claim(
    store: Store, *, limit: int = 10, owner: str = "a", now: datetime = NOW
) -> list[Delivery]:
    with store.write() as conn:
        return claims.claim(conn, now=now, limit=limit, owner=owner, lease_until=now + LEASE)


def save(store: Store, delivery: Delivery, owner: str = "a", **changes: object) -> bool:
    with store.write() as conn:
        return claims.save(conn, replace(delivery, **changes), owner)  # type: ignore[arg-type]


def status_of(store: Store, public_id: str) -> DeliveryStatus:
    with store.read() as conn:
        found = outbox.by_public_id(conn, public_id)
    assert found is not None
    return found.status


def test_the_longest_waiting_deliveries_are_claimed_first(store: Store) -> None:
    ids = queue(store, 3)
    assert [d.public_id for d in claim(store, limit=2)] == ids[:2]


def test_a_mail_that_somebody_waits_for_goes_before_older_digests(store: Store) -> None:
    reader = store_subscriber(store)
    digest = make_new_delivery(reader.id, 1)
    answer = make_new_delivery(reader.id, 2, kind=MailKind.CONFIRMATION)
    with store.write() as conn:
        outbox.enqueue(conn, [digest], NOW - timedelta(hours=1))
        outbox.enqueue(conn, [answer], NOW)
    assert [d.public_id for d in claim(store)] == [answer.public_id, digest.public_id]


def test_a_deferred_delivery_is_not_claimed_before_it_is_due(store: Store) -> None:
    queue(store, 1)
    (delivery,) = claim(store)
    later = NOW + timedelta(minutes=30)
    save(store, delivery, status=DeliveryStatus.DEFERRED, attempts=1, next_attempt_at=later)
    assert claim(store, now=later - timedelta(seconds=1)) == []
    assert len(claim(store, now=later)) == 1


def test_a_queued_delivery_is_due_even_after_the_clock_was_set_back(store: Store) -> None:
    queue(store, 1)
    assert len(claim(store, now=NOW - timedelta(days=1))) == 1


def test_a_claimed_delivery_is_not_claimed_again(store: Store) -> None:
    queue(store, 1)
    assert [d.status for d in claim(store)] == [DeliveryStatus.SENDING]
    assert claim(store, owner="b") == []


def test_workers_that_claim_at_once_share_the_queue_without_overlap(store: Store) -> None:
    ids = queue(store, 40)
    together = Barrier(4)

    def work(owner: str) -> list[str]:
        mine = open_store(store.engine.url.render_as_string(hide_password=False))
        try:
            together.wait(timeout=30)
            taken: list[str] = []
            while batch := claim(mine, limit=3, owner=owner):
                taken.extend(d.public_id for d in batch)
            return taken
        finally:
            mine.close()

    with ThreadPoolExecutor(4) as pool:
        shares = list(pool.map(work, "abcd"))
    assert sorted(key for share in shares for key in share) == sorted(ids)


@pytest.mark.postgres
def test_a_claim_does_not_wait_for_a_claim_that_is_not_yet_committed(
    postgres_store: Store,
) -> None:
    ids = queue(postgres_store, 2)
    with postgres_store.write() as conn:
        first = claims.claim(conn, now=NOW, limit=1, owner="a", lease_until=NOW + LEASE)
        second = claim(postgres_store, limit=2, owner="b")
    assert [d.public_id for d in (*first, *second)] == ids


# --- leases ---------------------------------------------------------------------------------------


def release(store: Store, now: datetime = NOW, dead: tuple[str, ...] = ()) -> int:
    with store.write() as conn:
        return claims.release(conn, now=now, dead_owners=dead)


def test_a_lease_that_has_expired_gives_the_delivery_to_the_next(store: Store) -> None:
    queue(store, 1)
    claim(store)
    assert release(store, NOW + LEASE - timedelta(seconds=1)) == 0
    assert release(store, NOW + LEASE + timedelta(seconds=1)) == 1
    assert len(claim(store, owner="b")) == 1


def test_what_a_dead_owner_was_sending_returns_at_once(store: Store) -> None:
    queue(store, 2)
    claim(store, limit=1, owner="dead")
    claim(store, limit=1, owner="alive")
    with store.read() as conn:
        assert sorted(claims.owners(conn)) == ["alive", "dead"]
    assert release(store, dead=("dead",)) == 1
    with store.read() as conn:
        assert claims.owners(conn) == ["alive"]


def test_a_delivery_that_was_tried_before_returns_as_deferred(store: Store) -> None:
    (public_id,) = queue(store, 1)
    (delivery,) = claim(store)
    save(store, delivery, status=DeliveryStatus.DEFERRED, attempts=1)
    claim(store, owner="dead")
    release(store, dead=("dead",))
    assert status_of(store, public_id) is DeliveryStatus.DEFERRED


def test_put_back_returns_only_what_the_owner_holds(store: Store) -> None:
    ids = queue(store, 2)
    (mine,) = claim(store, limit=1, owner="a")
    (other,) = claim(store, limit=1, owner="b")
    with store.write() as conn:
        claims.put_back(conn, [mine.id, other.id], "a")
    assert [status_of(store, key) for key in ids] == [
        DeliveryStatus.QUEUED,
        DeliveryStatus.SENDING,
    ]


def test_a_postponed_delivery_is_not_claimed_before_its_moment(store: Store) -> None:
    queue(store, 1)
    (delivery,) = claim(store)
    later = NOW + timedelta(minutes=5)
    with store.write() as conn:
        claims.postpone(conn, delivery.id, later, "a")
    assert claim(store) == []
    (again,) = claim(store, now=later)
    assert (again.id, again.attempts) == (delivery.id, 0)


def test_postponing_what_somebody_else_sends_changes_nothing(store: Store) -> None:
    (public_id,) = queue(store, 1)
    (delivery,) = claim(store, owner="a")
    with store.write() as conn:
        claims.postpone(conn, delivery.id, NOW + timedelta(hours=1), "b")
    assert status_of(store, public_id) is DeliveryStatus.SENDING


def test_an_outcome_is_not_recorded_by_who_lost_the_lease(store: Store) -> None:
    (public_id,) = queue(store, 1)
    (delivery,) = claim(store, owner="slow")
    release(store, NOW + LEASE + timedelta(seconds=1))
    claim(store, owner="quick", now=NOW + LEASE)
    assert not save(store, delivery, "slow", status=DeliveryStatus.FAILED)
    assert status_of(store, public_id) is DeliveryStatus.SENDING
    assert save(store, delivery, "quick", status=DeliveryStatus.SENT, sent_at=NOW)
    assert status_of(store, public_id) is DeliveryStatus.SENT


def test_an_outcome_ends_the_lease(store: Store) -> None:
    queue(store, 1)
    (delivery,) = claim(store)
    save(store, delivery, status=DeliveryStatus.SENT, sent_at=NOW)
    with store.read() as conn:
        row = conn.execute(sa.select(deliveries.c.lease_owner, deliveries.c.lease_until)).one()
    assert tuple(row) == (None, None)


def test_a_claim_of_an_empty_queue_is_empty(store: Store) -> None:
    assert claim(store) == []
    with store.write() as conn:
        claims.put_back(conn, [], "a")
        claims.put_back(conn, [DeliveryId(7)], "a")
