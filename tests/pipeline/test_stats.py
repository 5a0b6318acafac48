from datetime import timedelta

from digest.core.subscribers import Status
from digest.pipeline.stats import count, readers_by_day
from digest.store import subscribers
from digest.store.engine import Store
from digest.store.subscribers import Consent
from digest.store.timeline import Membership
from tests.builders import NOW, TODAY, make_app, store_subscriber

DAY = timedelta(days=1)
THREE = [TODAY - 2 * DAY, TODAY - DAY, TODAY]


def test_readers_of_days_gone_by_are_told_back_from_those_of_today() -> None:
    changes = {
        TODAY: Membership(joined=5, unsubscribed=1, suppressed=1),
        TODAY - DAY: Membership(unsubscribed=4),
        TODAY - 9 * DAY: Membership(joined=99),
    }
    assert readers_by_day(20, THREE, changes) == {
        TODAY - 2 * DAY: 21,
        TODAY - DAY: 17,
        TODAY: 20,
    }


def test_there_are_never_fewer_readers_than_none() -> None:
    assert set(readers_by_day(1, THREE, {TODAY: Membership(joined=3)}).values()) == {0, 1}


def test_every_day_is_there_whether_anything_happened_or_not(sqlite_store: Store) -> None:
    counted = count(make_app(sqlite_store), 3)
    assert [day.day for day in counted.days] == THREE
    assert {(day.readers, day.new_papers) for day in counted.days} == {(0, 0)}


def test_readers_are_active_or_paused(sqlite_store: Store) -> None:
    for number, status in enumerate(Status, start=1):
        reader = store_subscriber(sqlite_store, number, status=status, now=NOW - 5 * DAY)
        with sqlite_store.write() as conn:
            confirmed = Consent(event="confirmed", via="web", at=NOW - DAY)
            if status is Status.ACTIVE:
                subscribers.record_consent(conn, reader.id, confirmed)
    counted = count(make_app(sqlite_store), 3)
    assert [day.readers for day in counted.days] == [1, 2, 2]
