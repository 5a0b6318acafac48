"""How fast mail may go out, on paper."""

import itertools
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from digest.pipeline.limits import RateLimits, Wait
from tests.builders import NOW


def test_without_rates_nothing_waits() -> None:
    limits = RateLimits(0, 0)
    assert {limits.reserve("a.example", NOW, 2) for _ in range(100)} == {Wait(0, elsewhere=False)}


def test_the_relays_rate_spaces_messages_evenly_whatever_their_domains() -> None:
    limits = RateLimits(4, 0)
    waits = [limits.reserve(f"{n}.example", NOW, 2).seconds for n in range(5)]
    assert waits == [0, 0.25, 0.5, 0.75, 1.0]


def test_a_domain_that_has_to_wait_is_for_later_and_takes_nobodys_place() -> None:
    limits = RateLimits(1, 0.1)
    assert limits.reserve("a.example", NOW, 2) == Wait(0, elsewhere=False)
    assert limits.reserve("a.example", NOW, 2) == Wait(10, elsewhere=True)
    assert limits.reserve("b.example", NOW, 2) == Wait(1, elsewhere=False)


def test_those_who_come_back_later_each_get_a_moment_of_their_own() -> None:
    limits = RateLimits(0, 0.1)
    waits = [limits.reserve("a.example", NOW, 2).seconds for _ in range(4)]
    assert waits == [0, 10, 20, 30]


def test_what_somebody_waits_for_does_not_queue_behind_digests() -> None:
    limits = RateLimits(0, 0.1)
    for _ in range(50):
        limits.reserve("a.example", NOW, 2)
    assert limits.reserve("a.example", NOW, 2, urgent=True).seconds == 10


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), max_size=60))
def test_no_domain_gets_two_messages_within_its_interval(asked: list[tuple[int, int]]) -> None:
    limits, now = RateLimits(2, 0.5), NOW
    starts: dict[str, list[float]] = {}
    for domain, pause_s in asked:
        now += timedelta(seconds=pause_s)
        wait = limits.reserve(f"{domain}.example", now, 2)
        if not wait.elsewhere:
            moment = (now - NOW).total_seconds() + wait.seconds
            starts.setdefault(f"{domain}.example", []).append(moment)
    for moments in starts.values():
        assert all(late - early >= 2 for early, late in itertools.pairwise(moments))


def test_domains_of_long_ago_are_forgotten() -> None:
    limits = RateLimits(0, 1)
    for number in range(30_000):
        limits.reserve(f"{number}.example", NOW + timedelta(seconds=number), 2)
    assert len(limits._next_by_domain) <= 10_001
