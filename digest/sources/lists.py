"""How far a fetch of several long lists has come, and what such lists say of themselves."""

from collections.abc import Collection, Hashable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from digest.core.errors import SourceMalformed
from digest.core.fetching import FetchRequest

# No list of ours is longer, whatever it says.
LONGEST_LIST = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Entry `at` of the list `name`, of what is dated from `first` to `last`, both inclusive.

    The lists before it, in the order of the configuration, are behind us.
    """

    first: date
    last: date
    name: str
    at: int = 0

    def same_days(self, first: date, last: date) -> bool:
        return (self.first, self.last) == (first, last)

    def to_json(self) -> dict[str, Any]:
        return {
            "days": [self.first.isoformat(), self.last.isoformat()],
            "list": self.name,
            "at": self.at,
        }


def kept_place(value: Any, names: Collection[str]) -> Place | None:
    """The place kept in a cursor; None when it cannot be read or its list is not in `names`."""
    try:
        first, last = (date.fromisoformat(day) for day in value["days"])
        at = count_of(value["at"])
        name = value["list"]
    except (KeyError, TypeError, ValueError):
        return None
    if name not in names or at is None or first > last:
        return None
    return Place(first=first, last=last, name=name, at=at)


def chosen_days(request: FetchRequest) -> tuple[date, date]:
    """The days asked for, until today (UTC): the first is after the last when all are to come."""
    today = today_of(request)
    return request.since or request.until or today, min(request.until or today, today)


def today_of(request: FetchRequest) -> date:
    return request.now.astimezone(UTC).date()


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def day_of(value: Any) -> date | None:
    """The date that `value` is as YYYY-MM-DD, else None."""
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        return None


def days_before(day: date, count: int) -> date:
    return day - timedelta(days=count)


def count_of(value: Any) -> int | None:
    """A number of entries, which some write as a text; None when it is none."""
    if isinstance(value, str) and len(value) < 10 and value.isascii() and value.isdigit():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= 10**9 else None


class Turning:
    """Sees to it that every page of a list is another one, so that no list is endless."""

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def check(self, page: Hashable, at: int, what: str) -> None:
        """Raises SourceMalformed for a page that was given before, or too deep in the list;
        `page` is what tells it from others."""
        mark = hash(page)
        if mark in self._seen or at > LONGEST_LIST:
            raise SourceMalformed(f"{what} does not come to an end: the same page again at {at}")
        self._seen.add(mark)
