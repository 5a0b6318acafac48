"""What was worked out for texts or papers, the most recent of it kept."""

import threading
from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import islice
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Worked = TypeVar("Worked")


class Recent(Generic[Key, Worked]):
    """At most so many results of `work`, which works many out at once, in their order. Safe to
    share between threads: what is gone, or in another's hands, is worked out again."""

    def __init__(self, most: int, work: Callable[[Sequence[Key]], Iterable[Worked]]) -> None:
        self._most, self._work = most, work
        self._kept: dict[Key, Worked] = {}
        self._lock = threading.Lock()

    def of(self, asked: Iterable[Key]) -> dict[Key, Worked]:
        """The result of each that is asked for."""
        wanted = dict.fromkeys(asked)
        with self._lock:
            found = {key: self._kept.pop(key) for key in wanted if key in self._kept}
        missing = [key for key in wanted if key not in found]
        found.update(zip(missing, self._work(missing), strict=True))
        with self._lock:
            self._kept.update(found)
            for key in list(islice(self._kept, max(len(self._kept) - self._most, 0))):
                del self._kept[key]
        return found
