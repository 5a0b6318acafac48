"""Stored papers in memory, for sources that ask how those fare."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from digest.core.fetching import KnownWork, Shelf
from digest.core.identifiers import ARXIV, DOI, Identifier, PaperId, identify
from tests.fakes import NOON


def known(number: int, **changes: Any) -> KnownWork:
    """The `number`th paper, of arXiv unless its `ids` say otherwise."""
    fields: dict[str, Any] = {
        "paper_id": PaperId(number),
        "ids": (arxiv(f"2603.{number:05}"),),
        "title": f"Paper {number}",
        "published_at": NOON - timedelta(days=30),
        "appeared_at": NOON - timedelta(days=29),
    }
    return KnownWork(**(fields | changes))


def work(number: int, *names: str, code: str = "", age_days: float = 1) -> KnownWork:
    """Paper `number`, known by `names`, which appeared some days before noon."""
    ids = tuple(found for name in names if (found := identify(name)))
    assert len(ids) == len(names)
    at = NOON - timedelta(days=age_days)
    return known(number, ids=ids, published_at=at, appeared_at=at, code_url=code)


def arxiv(value: str) -> Identifier:
    return Identifier(ARXIV, value)


def doi(value: str) -> Identifier:
    return Identifier(DOI, value)


class MemoryShelf:
    """`asked` counts the questions."""

    def __init__(self, *works: KnownWork) -> None:
        self._works = sorted(works, key=lambda one: one.paper_id, reverse=True)
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
        fitting = (
            one
            for one in self._works
            if one.appeared_at >= since
            and (before is None or one.paper_id < before)
            and (one.code_url or not with_code)
        )
        return tuple(fitting)[:limit]

    def named(self, ids: Collection[Identifier]) -> Mapping[Identifier, KnownWork]:
        self.asked += 1
        return {name: one for one in self._works for name in one.ids if name in ids}


_fits: type[Shelf] = MemoryShelf
