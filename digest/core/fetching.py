"""What is asked of a source, and what comes of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol

from digest.core.identifiers import Identifier, PaperId
from digest.core.papers import Reading, SourceRecord

# Where a source continues next time: small, JSON-serialisable, its own business.
Cursor = Mapping[str, Any]


class Outcome(StrEnum):
    """`empty` is a valid answer with nothing in it; `partial` means some of it was stored."""

    OK = "ok"
    EMPTY = "empty"
    PARTIAL = "partial"
    FAILED = "failed"
    THROTTLED = "throttled"
    NOT_DUE = "not_due"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownWork:
    """As much of a stored paper as a source needs to ask about it. `appeared_at` is when it last
    came up at any source; `code_url` is its repository, or ""."""

    paper_id: PaperId
    ids: tuple[Identifier, ...]
    title: str
    published_at: datetime
    appeared_at: datetime
    code_url: str = ""


class Shelf(Protocol):
    """The stored papers, as far as sources may look at them."""

    def recent(
        self,
        *,
        since: datetime,
        limit: int,
        before: PaperId | None = None,
        with_code: bool = False,
    ) -> tuple[KnownWork, ...]:
        """Papers that appeared at or after `since`, highest id first, at most `limit`; only ids
        below `before`, only those with a repository where `with_code`."""

    def named(self, ids: Collection[Identifier]) -> Mapping[Identifier, KnownWork]:
        """The papers of these names; unknown names are left out."""


class EmptyShelf:
    """No papers at all."""

    def recent(
        self,
        *,
        since: datetime,
        limit: int,
        before: PaperId | None = None,
        with_code: bool = False,
    ) -> tuple[KnownWork, ...]:
        return ()

    def named(self, ids: Collection[Identifier]) -> Mapping[Identifier, KnownWork]:
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRequest:
    """Fetch what is new at `now`; with `since` and `until` (both inclusive), just those days.

    `cursor` is what the source last gave, empty at first. A window that broke off is continued
    when the cursor says so. `shelf` is for sources that tell how known papers fare.
    """

    now: datetime
    cursor: Cursor = field(default_factory=dict)
    since: date | None = None
    until: date | None = None
    shelf: Shelf = field(default_factory=EmptyShelf)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What a source shows for a paper that is stored already: readings, and no record of it."""

    paper_id: PaperId
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer of a source, parsed. Once it is stored, `cursor` is where to continue.

    `bad` describes each entry that could not be read, in one line; the others are in `records`
    or, for a source of signals alone, in `observations`. `note` says what a person should know,
    such as "unchanged since the last fetch". `done` is the part of this fetch that is behind us,
    in [0, 1], where the source can tell: a progress bar shows it.
    """

    records: tuple[SourceRecord, ...] = ()
    cursor: Cursor
    bad: tuple[str, ...] = ()
    note: str = ""
    observations: tuple[Observation, ...] = ()
    done: float | None = None
