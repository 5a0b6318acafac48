"""What was worked out for texts or papers, the most recent of it kept."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import islice
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Worked = TypeVar("Worked")


class Recent(Generic[Key, Worked]):
    """At most so many results of `work`, which works many out at once, in their order. Safe to
    share between threads: what is gone is worked out again."""

    def __init__(self, most: int, work: Callable[[Sequence[Key]], Iterable[Worked]]) -> None:
        self._most, self._work = most, work
        self._kept: dict[Key, Worked] = {}

    def of(self, asked: Iterable[Key]) -> dict[Key, Worked]:
        """The result of each that is asked for."""
        found: dict[Key, Worked] = {}
        missing: list[Key] = []
        for key in dict.fromkeys(asked):
            kept = self._kept.pop(key, None)
            if kept is None:
                missing.append(key)
            else:
                found[key] = kept
        found.update(zip(missing, self._work(missing), strict=True))
        self._kept.update(found)
        for key in list(islice(self._kept, max(len(self._kept) - self._most, 0))):
            self._kept.pop(key, None)
        return found
