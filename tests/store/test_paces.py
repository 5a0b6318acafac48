"""Etiquette in the database: turns that no two processes share, pauses that outlive both."""

import threading
from datetime import datetime, timedelta

from digest.core.pacing import Standing
from digest.store.engine import Store
from digest.store.paces import StoredPaces
from tests.builders import NOW

INTERVAL = timedelta(seconds=3)


def test_each_turn_is_an_interval_after_the_one_before(store: Store) -> None:
    paces = StoredPaces(store)
    turns = [paces.reserve("arxiv.org", now=NOW, interval=INTERVAL) for _ in range(3)]
    assert turns == [NOW, NOW + INTERVAL, NOW + 2 * INTERVAL]
    assert paces.reserve("other", now=NOW, interval=INTERVAL) == NOW


def test_no_two_who_ask_at_once_are_given_the_same_turn(store: Store) -> None:
    taken: list[datetime] = []
    start = threading.Barrier(8)

    def take() -> None:
        start.wait()
        taken.append(StoredPaces(store).reserve("arxiv.org", now=NOW, interval=INTERVAL))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [NOW + n * INTERVAL for n in range(8)]


def test_a_pause_and_a_turn_are_kept_apart(store: Store) -> None:
    paces = StoredPaces(store)
    paces.save_pause("site", until=NOW, reason="busy", throttled_in_a_row=2)
    paces.reserve("site", now=NOW, interval=INTERVAL)
    assert paces.standing("site") == Standing(
        next_request_at=NOW + INTERVAL,
        paused_until=NOW,
        pause_reason="busy",
        throttled_in_a_row=2,
    )
    paces.save_failures("site", 4)
    assert paces.standing("site").failed_in_a_row == 4
    assert paces.standing("site").paused_until == NOW
    paces.clear_pause("site")
    assert paces.standing("site") == Standing(next_request_at=NOW + INTERVAL)
