from dataclasses import replace
from datetime import date, timedelta

import sqlalchemy as sa

from digest.core.deliveries import DeliveryStatus
from digest.core.fetching import Outcome
from digest.store import cursors, history, outbox, subscribers
from digest.store.cursors import Fetch
from digest.store.engine import Store
from digest.store.subscribers import Consent
from digest.store.tables import deliveries
from tests.builders import (
    NOW,
    TODAY,
    make_new_delivery,
    store_edition,
    store_papers,
    store_subscriber,
)

DAY = timedelta(days=1)
LONG_AGO = NOW - 30 * DAY


def test_papers_are_counted_in_all_and_since_a_moment(store: Store) -> None:
    store_papers(store, 3, now=NOW)
    with store.read() as conn:
        assert history.paper_counts(conn, NOW) == history.PaperCounts(stored=3, new=3)
        assert history.paper_counts(conn, NOW + DAY) == history.PaperCounts(stored=3, new=0)


def test_an_edition_is_counted_by_what_became_of_its_deliveries(store: Store) -> None:
    edition = store_edition(store, chosen=store_papers(store, 4))
    store_edition(store, day=TODAY - 40 * DAY)
    readers = [store_subscriber(store, number) for number in (1, 2, 3)]
    statuses = (DeliveryStatus.SENT, DeliveryStatus.FAILED, DeliveryStatus.SKIPPED)
    with store.write() as conn:
        planned = [make_new_delivery(r.id, r.id, edition_id=edition.id) for r in readers]
        outbox.enqueue(conn, planned, NOW)
        for reader, status in zip(readers, statuses, strict=True):
            conn.execute(
                sa.update(deliveries)
                .where(deliveries.c.subscriber_id == reader.id)
                .values(status=status)
            )
    with store.read() as conn:
        (found,) = history.edition_counts(conn, TODAY - 7 * DAY)
    assert (found.day, found.candidates, found.planned) == (TODAY, 4, 2)
    assert dict(found.by_status) == dict.fromkeys(statuses, 1)


def test_deliveries_are_counted_by_the_day_on_which_they_were_queued(store: Store) -> None:
    reader = store_subscriber(store)
    midnight = NOW.replace(hour=0)
    moments = (midnight, midnight - timedelta(seconds=1), NOW, LONG_AGO)
    with store.write() as conn:
        for number, moment in enumerate(moments, start=1):
            outbox.enqueue(conn, [make_new_delivery(reader.id, number)], moment)
    with store.read() as conn:
        found = history.delivery_days(conn, NOW - 7 * DAY)
    assert [(day.day, dict(day.by_status)) for day in found] == [
        (date(2026, 3, 20), {DeliveryStatus.QUEUED: 2}),
        (date(2026, 3, 19), {DeliveryStatus.QUEUED: 1}),
    ]


def test_consents_are_counted_by_event(store: Store) -> None:
    reader = store_subscriber(store)
    consent = Consent(event="confirmed", via="web", at=NOW)
    with store.write() as conn:
        for given in (consent, replace(consent, event="unsubscribed"), consent):
            subscribers.record_consent(conn, reader.id, given)
        subscribers.record_consent(conn, reader.id, replace(consent, at=LONG_AGO))
    with store.read() as conn:
        found = history.consent_events(conn, NOW - DAY)
    assert found == {"confirmed": 2, "unsubscribed": 1}


def test_suppressions_are_counted_by_what_led_to_them(store: Store) -> None:
    reasons = ("bounce: 550 5.1.1 no such user", "erased", "spam trap", "complaint: abuse")
    with store.write() as conn:
        for number, reason in enumerate(reasons):
            subscribers.suppress_hash(conn, f"{number:064x}", reason, NOW)
        subscribers.suppress_hash(conn, f"{9:064x}", "erased", LONG_AGO)
    with store.read() as conn:
        found = history.suppression_counts(conn, NOW - DAY)
        assert history.suppressed_total(conn) == 5
    assert found == {"erased": 1, "bounce": 1, "complaint": 1, "operator": 1}


def test_fetches_are_summed_for_each_source(store: Store) -> None:
    fetch = Fetch(
        source="arxiv", started_at=NOW, finished_at=NOW, outcome=Outcome.OK, fetched=10, new=4
    )
    later = replace(fetch, finished_at=NOW + DAY, outcome=Outcome.FAILED, fetched=1, new=0)
    with store.write() as conn:
        for recorded in (
            fetch,
            later,
            fetch,
            replace(fetch, source="huggingface"),
            replace(fetch, started_at=LONG_AGO),
        ):
            cursors.record_fetch(conn, recorded)
    with store.read() as conn:
        arxiv, other = history.source_counts(conn, NOW - DAY)
    assert (arxiv.source, arxiv.fetched, arxiv.new) == ("arxiv", 21, 8)
    assert dict(arxiv.outcomes) == {Outcome.OK: 2, Outcome.FAILED: 1}
    assert arxiv.last_at == NOW + DAY
    assert other.source == "huggingface"


def test_the_newest_moment_is_that_of_whatever_was_written_last(store: Store) -> None:
    with store.read() as conn:
        assert history.newest_moment(conn) is None
    store_papers(store, 1, now=NOW)
    reader = store_subscriber(store, now=NOW - DAY)
    with store.read() as conn:
        assert history.newest_moment(conn) == NOW
    with store.write() as conn:
        outbox.enqueue(conn, [make_new_delivery(reader.id)], NOW + DAY)
    with store.read() as conn:
        assert history.newest_moment(conn) == NOW + DAY


def test_the_oldest_waiting_delivery_is_one_that_is_due(store: Store) -> None:
    reader = store_subscriber(store)
    with store.write() as conn:
        outbox.enqueue(conn, [make_new_delivery(reader.id, 1)], NOW + DAY)
        outbox.enqueue(conn, [make_new_delivery(reader.id, 2)], NOW - DAY)
        outbox.enqueue(conn, [make_new_delivery(reader.id, 3)], NOW)
    with store.read() as conn:
        assert history.oldest_waiting(conn, NOW) == NOW - DAY
        assert history.oldest_waiting(conn, NOW - 2 * DAY) is None
