"""Members and what is kept of them: who is due, who never confirmed, who must not be written to."""

import sqlite3
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from digest.core.deliveries import DeliveryStatus
from digest.core.interests import InterestKind
from digest.core.messages import MailKind
from digest.core.subscribers import (
    Frequency,
    Preferences,
    Status,
    Subscriber,
    SubscriberId,
    parse_at,
)
from digest.store import arrivals, outbox, retries, subscribers
from digest.store.arrivals import NewSubscriber
from digest.store.chunks import CHUNK
from digest.store.engine import Store
from digest.store.subscribers import Consent
from digest.store.tables import metadata
from tests.builders import (
    NOW,
    make_interest,
    make_new_delivery,
    make_planned,
    store_edition,
    store_papers,
    store_subscriber,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def arriving(number: int, **changes: Any) -> NewSubscriber:
    new = NewSubscriber(
        public_id=str(number),
        email=f"{number}@example.org",
        status=Status.ACTIVE,
        preferences=Preferences(),
    )
    return replace(new, **changes)


def found(store: Store, subscriber: Subscriber) -> Subscriber | None:
    with store.read() as conn:
        return subscribers.by_id(conn, subscriber.id)


def ids(members: list[Subscriber]) -> list[int]:
    return [int(member.id) for member in members]


# --- keeping --------------------------------------------------------------------------------------


def test_a_member_comes_back_as_written(store: Store) -> None:
    wishes = (
        make_interest("robots", weight=1.5),
        make_interest("survey", InterestKind.EXCLUDE),
        make_interest("cs.RO", InterestKind.CATEGORY),
    )
    preferences = Preferences(
        frequency=Frequency.WEEKLY,
        at=parse_at("06:05"),
        timezone="Asia/Kathmandu",
        max_papers=3,
        dial=0.7,
    )
    member = store_subscriber(store, wishes=wishes, preferences=preferences, next_due_at=NOW)
    assert found(store, member) == member
    assert (member.interests, member.preferences) == (wishes, preferences)
    assert (member.created_at, member.confirmed_at, member.next_due_at) == (NOW, NOW, NOW)


def test_who_has_not_confirmed_has_no_date_of_it(store: Store) -> None:
    assert store_subscriber(store, status=Status.PENDING).confirmed_at is None


def test_an_address_is_found_in_whatever_case(store: Store) -> None:
    member = store_subscriber(store, email="Ada@Example.org")
    with store.read() as conn:
        assert subscribers.by_email(conn, "aDA@eXAMPLE.ORG") == member
        assert subscribers.by_public_id(conn, member.public_id) == member
        assert subscribers.by_email(conn, "eve@example.org") is None


def test_one_mailbox_has_one_membership(store: Store) -> None:
    store_subscriber(store, 1, email="ada@example.org")
    with pytest.raises(IntegrityError):
        store_subscriber(store, 2, email="ADA@example.org")


def test_interests_are_replaced_as_a_whole(store: Store) -> None:
    member = store_subscriber(store)
    wishes = [make_interest("b"), make_interest("a")]
    with store.write() as conn:
        subscribers.replace_interests(conn, member.id, wishes)
        assert subscribers.many(conn, [member.id])[member.id].interests == tuple(wishes)
        subscribers.replace_interests(conn, member.id, [])
    assert (again := found(store, member))
    assert again.interests == ()


def test_preferences_change_with_the_next_slot(store: Store) -> None:
    member = store_subscriber(store)
    wanted = Preferences(max_papers=20)
    with store.write() as conn:
        subscribers.set_preferences(conn, member.id, wanted, NOW + DAY)
    assert (again := found(store, member))
    assert (again.preferences, again.next_due_at) == (wanted, NOW + DAY)


def test_listings_take_a_status_and_a_part_of_the_address(store: Store) -> None:
    store_subscriber(store, 1, email="ada_l@Example.org")
    store_subscriber(store, 2, email="adam@example.org", status=Status.PENDING)
    store_subscriber(store, 3, email="100%@example.org")
    with store.read() as conn:
        assert ids(subscribers.listed(conn)) == [1, 2, 3]
        assert ids(subscribers.listed(conn, limit=2)) == [1, 2]
        assert ids(subscribers.listed(conn, status=Status.PENDING)) == [2]
        assert ids(subscribers.listed(conn, query="ADA")) == [1, 2]
        assert ids(subscribers.listed(conn, query="a_")) == [1]
        assert ids(subscribers.listed(conn, query="%")) == [3]
        assert subscribers.counts(conn) == {
            **dict.fromkeys(Status, 0),
            Status.ACTIVE: 2,
            Status.PENDING: 1,
        }


def test_more_members_and_mails_than_a_statement_can_name_are_listed(sqlite_store: Store) -> None:
    number = CHUNK + 50
    with sqlite_store.write() as conn:
        arrivals.add_all(conn, [arriving(n) for n in range(1, number + 1)], NOW)
        outbox.enqueue(conn, [make_new_delivery(n, n) for n in range(1, number + 1)], NOW)
        conn.connection.driver_connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, CHUNK + 9)
        assert len(subscribers.listed(conn)) == number
        assert len(outbox.listed(conn)) == number
        assert retries.retry(conn, [DeliveryStatus.QUEUED], NOW) == number


def test_many_arrive_at_once_each_with_their_own(store: Store) -> None:
    wishes = [make_interest("drones"), make_interest("robots")]
    new = [
        arriving(1, interests=wishes),
        arriving(2, status=Status.PENDING),
        arriving(3, interests=wishes[:1], status=Status.PAUSED),
    ]
    with store.write() as conn:
        added = arrivals.add_all(conn, new, NOW)
        listed = subscribers.listed(conn)
    assert [one.id for one in listed] == added
    assert [one.email for one in listed] == [one.email for one in new]
    assert [one.interests for one in listed] == [tuple(wishes), (), tuple(wishes[:1])]
    assert [one.confirmed_at for one in listed] == [NOW, None, NOW]


def test_those_who_are_here_and_those_not_to_be_written_to_are_found_at_once(store: Store) -> None:
    store_subscriber(store, 1, email="Ada@example.org")
    with store.write() as conn:
        subscribers.suppress_hash(conn, "h4sh", "complaint", NOW)
        keys = [*map(str, range(CHUNK)), "ada@example.org"]
        assert arrivals.known_keys(conn, keys) == {"ada@example.org"}
        assert arrivals.suppressed_hashes(conn, [*keys, "h4sh"]) == {"h4sh"}


# --- due ------------------------------------------------------------------------------------------


def test_the_longest_waiting_are_due_first_and_only_the_active(store: Store) -> None:
    for number, waited in ((1, HOUR), (2, 3 * HOUR), (3, -HOUR), (4, 0 * HOUR)):
        store_subscriber(store, number, next_due_at=NOW - waited)
    store_subscriber(store, 5, status=Status.PAUSED, next_due_at=NOW - HOUR)
    store_subscriber(store, 6)
    with store.read() as conn:
        assert ids(subscribers.due(conn, NOW)) == [2, 1, 4]


def test_a_slot_that_was_used_moves_on(store: Store) -> None:
    member = store_subscriber(store, next_due_at=NOW)
    with store.write() as conn:
        subscribers.set_next_due(conn, [])
        subscribers.set_next_due(conn, [(member.id, NOW + DAY)])
        assert subscribers.due(conn, NOW) == []
        assert ids(subscribers.due(conn, NOW + DAY)) == [member.id]


def test_who_has_a_delivery_of_an_edition_is_not_planned_for_again(store: Store) -> None:
    for number in (1, 2, 3):
        store_subscriber(store, number)
    store_subscriber(store, 4, status=Status.UNSUBSCRIBED)
    edition = store_edition(store)
    with store.write() as conn:
        outbox.enqueue(conn, [make_new_delivery(2, edition_id=edition.id)], NOW)
        nobody = SubscriberId(0)
        batch = subscribers.active_batch(conn, after=nobody, without_edition=edition.id)
        assert ids(batch) == [1, 3]
        rest = subscribers.active_batch(conn, after=batch[0].id, without_edition=edition.id)
        assert ids(rest) == [3]
        only = subscribers.active_batch(
            conn, after=nobody, without_edition=edition.id, emails=["reader3@example.org"]
        )
        assert ids(only) == [3]


def test_pauses_end_at_their_moment(store: Store) -> None:
    member = store_subscriber(store)
    with store.write() as conn:
        subscribers.set_status(conn, member.id, Status.PAUSED, paused_until=NOW)
        assert subscribers.ended_pauses(conn, NOW - HOUR) == []
        assert ids(subscribers.ended_pauses(conn, NOW)) == [member.id]


# --- unconfirmed ----------------------------------------------------------------------------------


def forget_unconfirmed(store: Store) -> int:
    with store.write() as conn:
        return subscribers.forget_unconfirmed(conn, NOW - 7 * DAY)


def test_requests_that_nobody_confirmed_are_forgotten_after_a_while(store: Store) -> None:
    old = store_subscriber(store, 1, status=Status.PENDING, now=NOW - 8 * DAY)
    new = store_subscriber(store, 2, status=Status.PENDING, now=NOW - 6 * DAY)
    active = store_subscriber(store, 3, now=NOW - 8 * DAY)
    assert forget_unconfirmed(store) == 1
    assert [found(store, m) is None for m in (old, new, active)] == [True, False, False]


def test_who_was_asked_again_lately_still_has_time(store: Store) -> None:
    member = store_subscriber(store, status=Status.PENDING, now=NOW - 8 * DAY)
    asked = make_new_delivery(member.id, kind=MailKind.CONFIRMATION)
    with store.write() as conn:
        outbox.enqueue(conn, [asked], NOW - DAY)
    assert forget_unconfirmed(store) == 0


def test_a_former_member_who_did_not_confirm_anew_is_unsubscribed_not_gone(store: Store) -> None:
    member = store_subscriber(store, now=NOW - 30 * DAY)
    with store.write() as conn:
        subscribers.set_status(conn, member.id, Status.PENDING)
    assert forget_unconfirmed(store) == 0
    assert (again := found(store, member))
    assert again.status is Status.UNSUBSCRIBED


# --- erasing, consent, suppression ----------------------------------------------------------------


def test_erasing_a_member_leaves_nothing_of_them(store: Store) -> None:
    (paper,) = store_papers(store, 1)
    with store.read() as conn:
        before = {t.name: conn.execute(sa.select(t)).all() for t in metadata.sorted_tables}
    member = store_subscriber(store, email="ada@example.org")
    new = make_new_delivery(member.id, papers=(make_planned(paper.id),))
    with store.write() as conn:
        outbox.enqueue(conn, [new], NOW)
        subscribers.record_consent(conn, member.id, Consent(event="asked", via="web", at=NOW))
        subscribers.erase(conn, member.id)
        after = {t.name: conn.execute(sa.select(t)).all() for t in metadata.sorted_tables}
    assert after == before


def test_consents_are_kept_oldest_first(store: Store) -> None:
    member = store_subscriber(store)
    acts = [
        Consent(event="asked", via="web", at=NOW, ip="192.0.2.7", wording="Yes, send it."),
        Consent(event="confirmed", via="mail", at=NOW + HOUR),
    ]
    with store.write() as conn:
        for act in acts:
            subscribers.record_consent(conn, member.id, act)
        assert subscribers.consents_of(conn, member.id) == acts


def test_a_suppression_lasts_until_it_is_lifted(store: Store) -> None:
    with store.write() as conn:
        assert subscribers.suppression_reason(conn, "hash") is None
        subscribers.suppress_hash(conn, "hash", "bounce", NOW)
        subscribers.suppress_hash(conn, "hash", "complaint", NOW)
        assert subscribers.suppression_reason(conn, "hash") == "complaint"
        assert subscribers.lift_suppression(conn, "hash")
        assert not subscribers.lift_suppression(conn, "hash")


def test_attempts_are_counted_for_each_key_since_a_moment(store: Store) -> None:
    with store.write() as conn:
        for hours in (0, 1, 2):
            subscribers.record_attempt(conn, "subscribe", "a", NOW + hours * HOUR)
        subscribers.record_attempt(conn, "subscribe", "b", NOW)
        subscribers.record_attempt(conn, "mail", "a", NOW)
        assert subscribers.attempts_since(conn, "subscribe", "a", NOW) == 2
        assert subscribers.forget_attempts(conn, NOW + HOUR) == 3
        assert subscribers.attempts_since(conn, "subscribe", "a", NOW - HOUR) == 2
