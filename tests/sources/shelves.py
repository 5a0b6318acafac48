"""A shelf of papers in memory, as the store would show it to sources."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from digest.core.fetching import KnownWork, Shelf
from digest.core.identifiers import Identifier, PaperId, identify
from tests.fakes import NOON


def work(number: int, *names: str, code: str = "", age_days: float = 1) -> KnownWork:
    """Paper `number`, known by `names`, which appeared some days before noon."""
    ids = tuple(found for name in names if (found := identify(name)))
    assert len(ids) == len(names)
    at = NOON - timedelta(days=age_days)
    return KnownWork(
        paper_id=PaperId(number),
        ids=ids,
        title=f"Paper {number}",
        published_at=at,
        appeared_at=at,
        code_url=code,
    )


class MemoryShelf:
    """`asked` counts the questions."""

    def __init__(self, *works: KnownWork) -> None:
        self._works = sorted(works, key=lambda one: -one.paper_id)
        self.asked = 0

    def recent(
        self,
        *,
        since: datetime,
        limit: int,
        before: PaperId | None = None,
        with_code: bool = False,
    ) -> tuple[KnownWork, ...]:
        self.asked += 1
        found = [
            one
            for one in self._works
            if one.appeared_at >= since
            and (before is None or one.paper_id < before)
            and (one.code_url or not with_code)
        ]
        return tuple(found[:limit])

    def named(self, ids: Collection[Identifier]) -> Mapping[Identifier, KnownWork]:
        self.asked += 1
        return {name: one for one in self._works for name in one.ids if name in ids}


_fits: type[Shelf] = MemoryShelf
