"""What is asked of a source, and what comes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from digest.core.papers import SourceRecord

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
class FetchRequest:
    """Fetch what is new at `now`; with `since` and `until` (both inclusive), just those days.

    `cursor` is what the source last gave, empty at first. A window that broke off is continued
    when the cursor says so.
    """

    now: datetime
    cursor: Cursor = field(default_factory=dict)
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer of a source, parsed. Once it is stored, `cursor` is where to continue.

    `bad` describes each entry that could not be read, in one line; the others are in `records`.
    `note` says what a person should know, such as "unchanged since the last fetch".
    """

    records: tuple[SourceRecord, ...]
    cursor: Cursor
    bad: tuple[str, ...] = ()
    note: str = ""
