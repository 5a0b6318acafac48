"""What was worked out is kept for those who ask next, as far as there is room."""

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from digest.ranking.recent import Recent


class Squares:
    """Works out squares, and remembers of what."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def __call__(self, numbers: Sequence[int]) -> list[int]:
        self.asked.extend(numbers)
        return [number**2 for number in numbers]


def test_what_was_asked_for_last_is_kept() -> None:
    work = Squares()
    recent = Recent(2, work)

    assert recent.of([1, 2, 1]) == {1: 1, 2: 4}
    assert recent.of([1, 3]) == {1: 1, 3: 9}
    recent.of([1])
    recent.of([2])

    assert work.asked == [1, 2, 3, 2]


def test_more_than_can_be_kept_is_worked_out_all_the_same() -> None:
    assert Recent(0, Squares()).of(range(3)) == {0: 0, 1: 1, 2: 4}


@pytest.fixture
def restless_threads() -> Iterator[None]:
    """Threads take turns as often as they can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("restless_threads")
def test_threads_that_share_it_get_what_they_ask_for() -> None:
    recent = Recent(50, Squares())

    def ask(seed: int) -> bool:
        chance = Random(seed)
        asked = [chance.choices(range(200), k=4) for _ in range(2_000)]
        return all(recent.of(some) == {n: n**2 for n in some} for some in asked)

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(ask, range(8)))
