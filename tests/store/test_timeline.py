"""What happened on each day."""

from dataclasses import replace
from datetime import timedelta

from digest.core.feedback import FeedbackKind
from digest.core.fetching import Outcome
from digest.core.subscribers import Status
from digest.store import cursors, feedback, subscribers, timeline
from digest.store.cursors import Fetch
from digest.store.engine import Store
from digest.store.subscribers import Consent
from digest.store.timeline import Membership, SourceDay
from tests.builders import NOW, TODAY, store_papers, store_subscriber

DAY = timedelta(days=1)
SINCE = NOW.replace(hour=0) - 7 * DAY


def test_who_joined_and_who_left_is_counted_by_day(store: Store) -> None:
    readers = [store_subscriber(store, number, now=NOW - 2 * DAY) for number in (1, 2, 3)]
    with store.write() as conn:
        for reader in readers:
            joined = Consent(event="confirmed", via="web", at=NOW - 2 * DAY)
            subscribers.record_consent(conn, reader.id, joined)
        left = Consent(event="unsubscribed", via="mail", at=NOW)
        subscribers.record_consent(conn, readers[0].id, left)
        subscribers.record_consent(conn, readers[1].id, replace(left, event="requested"))
        subscribers.suppress_hash(conn, "0" * 64, "complaint: abuse", NOW - DAY)
    with store.read() as conn:
        assert timeline.membership(conn, SINCE) == {
            TODAY - 2 * DAY: Membership(joined=3),
            TODAY - DAY: Membership(suppressed=1),
            TODAY: Membership(unsubscribed=1),
        }
        assert timeline.membership(conn, NOW + DAY) == {}


def test_who_never_confirmed_cannot_have_left_and_who_was_erased_left_no_trace(
    store: Store,
) -> None:
    asked = store_subscriber(store, 1, status=Status.PENDING)
    erased = store_subscriber(store, 2)
    with store.write() as conn:
        for one in (asked, erased):
            left = Consent(event="unsubscribed", via="mail", at=NOW)
            subscribers.record_consent(conn, one.id, left)
        subscribers.erase(conn, erased.id)
        subscribers.suppress_hash(conn, "0" * 64, "erased", NOW)
    with store.read() as conn:
        assert timeline.membership(conn, SINCE) == {}


def test_who_comes_back_has_left_before_and_each_time_counts(store: Store) -> None:
    reader = store_subscriber(store, now=NOW - 6 * DAY)
    happened = ("confirmed", "unsubscribed", "requested", "unsubscribed", "requested", "confirmed")
    with store.write() as conn:
        for days_ago, event in zip(range(6, 0, -1), happened, strict=True):
            consent = Consent(event=event, via="web", at=NOW - days_ago * DAY)
            subscribers.record_consent(conn, reader.id, consent)
        subscribers.set_status(conn, reader.id, Status.ACTIVE, confirmed_at=NOW - DAY)
    with store.read() as conn:
        assert timeline.membership(conn, SINCE) == {
            TODAY - 6 * DAY: Membership(joined=1),
            TODAY - 5 * DAY: Membership(unsubscribed=1),
            TODAY - DAY: Membership(joined=1),
        }


def test_what_readers_say_counts_on_the_day_on_which_they_last_said_it(store: Store) -> None:
    first, second = store_papers(store, 2)
    ada = store_subscriber(store)
    midnight = NOW.replace(hour=0)
    with store.write() as conn:
        feedback.record(conn, ada.id, first.id, FeedbackKind.OPEN, midnight - timedelta(seconds=1))
        feedback.record(conn, ada.id, second.id, FeedbackKind.OPEN, midnight - 2 * DAY)
        feedback.record(conn, ada.id, second.id, FeedbackKind.OPEN, midnight)
        feedback.record(conn, ada.id, second.id, FeedbackKind.LESS, NOW)
    with store.read() as conn:
        assert timeline.said(conn, SINCE) == {
            TODAY - DAY: {FeedbackKind.OPEN: 1},
            TODAY: {FeedbackKind.OPEN: 1, FeedbackKind.LESS: 1},
        }


def test_papers_are_new_on_the_day_on_which_they_were_first_seen(store: Store) -> None:
    store_papers(store, 3, now=NOW - DAY)
    store_papers(store, 4, now=NOW)
    with store.read() as conn:
        assert timeline.new_papers(conn, SINCE) == {TODAY - DAY: 3, TODAY: 1}


def test_fetches_are_told_for_each_source_and_day(store: Store) -> None:
    fetch = Fetch(source="arxiv", started_at=NOW, finished_at=NOW, outcome=Outcome.OK, new=4)
    with store.write() as conn:
        for one in (
            fetch,
            replace(fetch, new=2),
            replace(fetch, outcome=Outcome.FAILED, new=0),
            replace(fetch, started_at=NOW - DAY, outcome=Outcome.EMPTY, new=0),
            replace(fetch, source="github", outcome=Outcome.THROTTLED, new=0),
            replace(fetch, started_at=NOW - 30 * DAY),
        ):
            cursors.record_fetch(conn, one)
    with store.read() as conn:
        assert timeline.fetched(conn, SINCE) == {
            "arxiv": {
                TODAY - DAY: SourceDay(outcomes={Outcome.EMPTY: 1}, new=0),
                TODAY: SourceDay(outcomes={Outcome.OK: 2, Outcome.FAILED: 1}, new=6),
            },
            "github": {TODAY: SourceDay(outcomes={Outcome.THROTTLED: 1}, new=0)},
        }
