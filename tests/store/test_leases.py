"""What one process may do at a time, and how it shows that a process is gone."""

import os
import subprocess
import sys
import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from digest.store.engine import Store
from digest.store.leases import Lease, acquire, dead, drop, holder, is_dead, process_owner
from tests.builders import NOW

ROOT = Path(__file__).resolve().parents[2]
CHILD = """
import sys
from digest.store.leases import process_owner
print(process_owner(), flush=True)
sys.stdin.read()
"""
UNTIL = NOW + timedelta(minutes=5)


def take(
    store: Store, owner: str, now: datetime = NOW, until: datetime = UNTIL, reason: str = ""
) -> bool:
    with store.write() as conn:
        return acquire(conn, "tick", owner=owner, now=now, until=until, reason=reason)


def held(store: Store, now: datetime = NOW) -> Lease | None:
    with store.read() as conn:
        return holder(conn, "tick", now)


def test_a_lease_is_held_by_one(store: Store) -> None:
    assert held(store) is None
    assert take(store, "a", reason="tidying")
    assert not take(store, "b")
    assert held(store) == Lease(owner="a", until=UNTIL, reason="tidying")


def test_its_holder_may_renew_it(store: Store) -> None:
    take(store, "a")
    later = UNTIL + timedelta(minutes=5)
    assert take(store, "a", until=later)
    assert held(store, UNTIL) == Lease(owner="a", until=later, reason="")


def test_a_lease_ends_at_its_moment(store: Store) -> None:
    take(store, "a")
    assert held(store, UNTIL - timedelta(seconds=1)) is not None
    assert held(store, UNTIL) is None
    assert take(store, "b", now=UNTIL, until=UNTIL + timedelta(minutes=5))


def test_who_comes_while_another_takes_it_does_not_get_it(postgres_store: Store) -> None:
    late: list[bool] = []
    second = threading.Thread(target=lambda: late.append(take(postgres_store, "b")))
    waiting = sa.text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    with postgres_store.write() as conn:
        assert acquire(conn, "tick", owner="a", now=NOW, until=UNTIL)
        second.start()
        while second.is_alive() and not conn.scalar(waiting):
            conn.execute(sa.text("SELECT pg_stat_clear_snapshot()"))
    second.join()
    assert late == [False]


def test_a_dropped_lease_is_free(store: Store) -> None:
    take(store, "a")
    with store.write() as conn:
        drop(conn, "tick")
    assert take(store, "b")


def test_leases_of_other_names_do_not_matter(store: Store) -> None:
    take(store, "a")
    with store.write() as conn:
        assert acquire(conn, "other", owner="b", now=NOW, until=UNTIL)


# --- owners ---------------------------------------------------------------------------------------


def child() -> "subprocess.Popen[str]":
    """A process that says what owner it is and waits to be told to end."""
    return subprocess.Popen(
        [sys.executable, "-c", CHILD],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_process_is_alive_until_it_ends(store: Store) -> None:
    with child() as process:
        assert process.stdout is not None
        owner = process.stdout.readline().strip()
        assert not is_dead(owner)
        take(store, owner)
        assert not take(store, "b")
        process.communicate(timeout=30)
    assert is_dead(owner)
    assert held(store) is None
    assert take(store, "b")


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs Linux's /proc")
def test_a_process_that_ended_unnoticed_by_its_parent_is_dead() -> None:
    with child() as process:
        assert process.stdout is not None
        owner = process.stdout.readline().strip()
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert is_dead(owner)


def test_this_process_is_alive_and_has_one_name() -> None:
    assert process_owner() == process_owner()
    assert not is_dead(process_owner())
    assert len(process_owner()) <= 160


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs Linux's /proc")
def test_a_process_that_took_over_the_number_of_another_is_not_it() -> None:
    host, namespace, pid, _ = process_owner().split("/")
    assert is_dead(f"{host}/{namespace}/{pid}/1")


@pytest.mark.parametrize("owner", ["", "tests", "a/b/c", "a/b/c/d", "elsewhere/x/999999/5"])
def test_what_cannot_be_known_from_here_is_not_dead(owner: str) -> None:
    assert not is_dead(owner)


def test_an_owner_on_another_machine_with_this_ones_name_is_not_dead() -> None:
    host, _, _, started = process_owner().split("/")
    assert not is_dead(f"{host}/another-boot/999999/{started}")


def test_the_dead_are_picked_out() -> None:
    host, namespace, _, _ = process_owner().split("/")
    gone = f"{host}/{namespace}/{2**22 + 1}/5"
    assert dead([process_owner(), gone, "elsewhere"]) == [gone]
