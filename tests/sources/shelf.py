"""Stored papers in memory, for sources that ask how those fare."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from digest.core.fetching import KnownWork
from digest.core.identifiers import ARXIV, DOI, Identifier, PaperId
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


def arxiv(value: str) -> Identifier:
    return Identifier(ARXIV, value)


def doi(value: str) -> Identifier:
    return Identifier(DOI, value)


class MemoryShelf:
    """`questions` keeps the limit of each."""

    def __init__(self, works: Sequence[KnownWork]) -> None:
        self._works = sorted(works, key=lambda work: work.paper_id, reverse=True)
        self.questions: list[int] = []

    def recent(
        self,
        *,
        since: datetime,
        limit: int,
        before: PaperId | None = None,
        with_code: bool = False,
    ) -> tuple[KnownWork, ...]:
        self.questions.append(limit)
        fitting = (
            work
            for work in self._works
            if work.appeared_at >= since and (before is None or work.paper_id < before)
        )
        return tuple(fitting)[:limit]

    def named(self, ids: Collection[Identifier]) -> Mapping[Identifier, KnownWork]:
        return {name: work for work in self._works for name in work.ids if name in ids}
