"""The daemon: ticks that come in time, a step that fails alone, an end that comes soon."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from digest.core.errors import StoreError
from digest.daemon import Tick, run_ticks, service_ticks, stop_on_signals
from digest.mail.maildir import Maildir
from digest.pipeline.app import App
from digest.store.engine import Store
from tests.builders import NOW, make_app, store_papers, store_subscriber
from tests.fakes import FakeClock, FakeMailer
from tests.pipeline.world import rows

SOON_S = 10.0
OFTEN = timedelta(milliseconds=20)
NEVER_AGAIN = timedelta(days=1)


def tick(name: str, step: Callable[[], object], every: timedelta = NEVER_AGAIN) -> Tick:
    return Tick(name=name, every=every, step=step)


@contextmanager
def running(*ticks: Tick) -> Iterator[threading.Event]:
    """A daemon with these ticks; it must have ended soon after the test has."""
    stop = threading.Event()
    thread = threading.Thread(target=run_ticks, args=(ticks, stop))
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(SOON_S)
    assert not thread.is_alive()


# --- ticks ----------------------------------------------------------------------------------------


def test_every_tick_comes_at_once_and_not_only_after_its_interval() -> None:
    came = [threading.Event() for _ in range(3)]
    with running(*(tick(str(n), event.set) for n, event in enumerate(came))):
        assert all(event.wait(SOON_S) for event in came)


def test_a_tick_comes_again_and_again() -> None:
    times = threading.Semaphore(0)
    with running(tick("again", times.release, OFTEN)):
        assert all(times.acquire(timeout=SOON_S) for _ in range(3))


@pytest.mark.parametrize("error", [RuntimeError("a bug"), StoreError("the database is gone")])
def test_a_step_that_fails_is_tried_again_and_stops_no_other(error: Exception) -> None:
    bad, good = threading.Semaphore(0), threading.Semaphore(0)

    def fail() -> None:
        bad.release()
        raise error

    with (
        capture_logs() as logs,
        running(tick("bad", fail, OFTEN), tick("good", good.release, OFTEN)),
    ):
        assert all(bad.acquire(timeout=SOON_S) for _ in range(3))
        assert all(good.acquire(timeout=SOON_S) for _ in range(3))
    told = next(log for log in logs if log.get("step") == "bad")
    assert told["event"] in ("daemon.step_failed", "daemon.step_crashed")


def test_a_step_that_takes_longer_than_its_interval_is_not_run_twice_at_once() -> None:
    at_once: list[int] = []
    inside, times = threading.Semaphore(1), threading.Semaphore(0)

    def slow() -> None:
        at_once.append(inside.acquire(blocking=False))
        threading.Event().wait(0.1)
        inside.release()
        times.release()

    with running(tick("slow", slow, OFTEN)):
        assert all(times.acquire(timeout=SOON_S) for _ in range(3))
    assert all(at_once)


def test_a_tick_that_is_late_because_its_step_was_slow_still_comes() -> None:
    gate, times = threading.Event(), threading.Semaphore(0)

    def held_up() -> None:
        times.release()
        gate.wait(SOON_S)

    with running(tick("late", held_up, OFTEN)):
        assert times.acquire(timeout=SOON_S)
        threading.Event().wait(0.2)  # ten ticks go by
        gate.set()
        assert times.acquire(timeout=SOON_S)


# --- the end --------------------------------------------------------------------------------------


def test_a_stop_waits_for_the_step_in_progress() -> None:
    begun, done = threading.Event(), threading.Event()
    stopped: list[bool] = []

    def step() -> None:
        begun.set()
        while not stop.is_set():
            threading.Event().wait(0.01)
        stopped.append(True)
        done.set()

    stop = threading.Event()
    thread = threading.Thread(
        target=run_ticks, args=([tick("work", step), tick("idle", int)], stop)
    )
    thread.start()
    assert begun.wait(SOON_S)
    stop.set()
    thread.join(SOON_S)
    assert done.is_set()
    assert stopped == [True]


def test_a_step_that_ends_late_is_waited_for_even_beside_many_idle_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("digest.daemon._FINISH_WITHIN_S", 2.0)
    begun, ended = threading.Event(), threading.Event()

    def step() -> None:
        begun.set()
        stop.wait()
        threading.Event().wait(0.6)  # more than an equal share of the two seconds
        ended.set()

    stop = threading.Event()
    idle = [tick(str(n), int) for n in range(9)]
    thread = threading.Thread(target=run_ticks, args=([tick("late", step), *idle], stop))
    thread.start()
    assert begun.wait(SOON_S)
    stop.set()
    thread.join(SOON_S)
    assert ended.is_set()


def test_a_step_that_hangs_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digest.daemon._FINISH_WITHIN_S", 0.1)
    gate, begun = threading.Event(), threading.Event()

    def hang() -> None:
        begun.set()
        gate.wait(60)

    stop = threading.Event()
    thread = threading.Thread(target=run_ticks, args=([tick("hangs", hang)], stop))
    thread.start()
    assert begun.wait(SOON_S)
    stop.set()
    thread.join(SOON_S)
    assert not thread.is_alive()
    gate.set()


def test_no_step_begins_after_the_stop() -> None:
    stop = threading.Event()
    stop.set()
    begun: list[int] = []
    run_ticks([tick("late", lambda: begun.append(1), OFTEN)], stop)
    assert begun == []


def test_a_signal_asks_for_the_end_and_a_second_one_insists() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    stop = threading.Event()
    try:
        stop_on_signals(stop)
        signal.raise_signal(signal.SIGTERM)
        assert stop.is_set()
        with pytest.raises(SystemExit) as ended:
            signal.raise_signal(signal.SIGINT)
        assert ended.value.code == 128 + signal.SIGINT
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])


# --- the service ----------------------------------------------------------------------------------


def service(app: App) -> list[Tick]:
    return service_ticks(app, threading.Event(), None, timedelta(minutes=2))


def test_the_mailbox_ticks_only_where_there_is_one(sqlite_store: Store, tmp_path: object) -> None:
    names = [one.name for one in service(make_app(sqlite_store))]
    assert names == ["refresh", "assemble", "deliver", "housekeeping"]


def test_the_mailbox_tick_handles_what_waits_and_rests_while_it_cannot(
    sqlite_store: Store, tmp_path: Path
) -> None:
    app = make_app(sqlite_store, mailer=FakeMailer())
    (tick,) = (
        one
        for one in service_ticks(app, threading.Event(), Maildir(tmp_path / "mail"), NEVER_AGAIN)
        if one.name == "mailbox"
    )
    with capture_logs() as logs:
        tick.step()
    assert [log["event"] for log in logs] == ["inbound.left", "inbound.resting"]
    (tmp_path / "mail" / "new").mkdir(parents=True)
    (tmp_path / "mail" / "new" / "1.host").write_bytes(b"From: ada@example.org\r\n\r\nhelp\r\n")
    app.clock.sleep(tick.every.total_seconds() * 2)
    tick.step()
    assert (tmp_path / "mail" / "cur" / "1.host:2,S").exists()


def test_a_whole_round_sends_what_is_due(sqlite_store: Store) -> None:
    mailer = FakeMailer()
    store_papers(sqlite_store, 3)
    store_subscriber(sqlite_store, next_due_at=NOW)
    for one in service(make_app(sqlite_store, mailer=mailer)):
        one.step()
    assert mailer.recipients == ["reader1@example.org"]


def test_a_second_daemon_on_the_same_database_sends_nothing_twice(store: Store) -> None:
    mailer = FakeMailer()
    store_papers(store, 3)
    for number in range(1, 21):
        store_subscriber(store, number, next_due_at=NOW)
    app = make_app(store, mailer=mailer, connections=2, clock=_WaitingClock())
    daemons = [service(replace(app, owner=owner)) for owner in ("a", "b")]
    threads = [
        threading.Thread(target=lambda ticks=ticks: [one.step() for one in ticks])
        for ticks in daemons
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for ticks in daemons:
        for one in ticks:
            one.step()
    assert sorted(mailer.recipients) == sorted(f"reader{n}@example.org" for n in range(1, 21))
    assert {row.delivery.status.value for row in rows(store)} == {"sent"}


class _WaitingClock(FakeClock):
    """Stands still, but lets others get on while somebody waits for their turn."""

    def sleep(self, seconds: float) -> None:
        time.sleep(0.01)


def test_the_rates_are_kept_to_from_one_tick_to_the_next(sqlite_store: Store) -> None:
    clock = FakeClock()
    app = make_app(sqlite_store, mailer=FakeMailer(), clock=clock, rate_per_second=0.1)
    store_papers(sqlite_store, 3)
    ticks = {one.name: one for one in service(app)}
    for number in (1, 2):
        store_subscriber(sqlite_store, number, next_due_at=NOW)
        ticks["assemble"].step()
        ticks["deliver"].step()
    sent = [row.delivery.sent_at for row in rows(sqlite_store)]
    assert sent == [NOW, NOW + timedelta(seconds=10)]
