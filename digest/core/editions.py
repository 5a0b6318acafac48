"""An edition: the papers of one date, from which each subscriber's digest is chosen."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NewType
from zoneinfo import ZoneInfo

from digest.core.identifiers import PaperId
from digest.core.subscribers import Language

EditionId = NewType("EditionId", int)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The half-open stretch [start, end) in which a paper must have appeared."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """The edition of a date. `missing` says which sources were not there, one line each."""

    id: EditionId
    date: date
    window: Window
    frozen_at: datetime
    candidate_count: int
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One paper as the digests of a language show it, rendered once for all readers; holes are
    filled per reader.

    `html` is inlined; `html` and `text` carry the marks of `digest.mail.inline` where something
    personal belongs.
    """

    paper_id: PaperId
    language: Language = Language.ENGLISH
    html: str
    text: str


def edition_window(day: date, timezone: str, lookback_days: int) -> Window:
    """The `lookback_days` that end with the end of `day` in `timezone`, in UTC.

    Local midnights are used on both sides, so a day with a clock change is 23 or 25 hours long.
    """
    zone = ZoneInfo(timezone)
    end = datetime.combine(day + timedelta(days=1), time(), tzinfo=zone)
    start = datetime.combine(day + timedelta(days=1 - lookback_days), time(), tzinfo=zone)
    return Window(start=start.astimezone(UTC), end=end.astimezone(UTC))


def edition_day(now: datetime, timezone: str) -> date:
    """The date of the edition that belongs to a moment, in the schedule's time zone."""
    return now.astimezone(ZoneInfo(timezone)).date()
