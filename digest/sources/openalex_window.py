"""Where a listing of new works from OpenAlex stands, as a cursor keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Publication dates, both inclusive, of the works of a filter, and the cursor behind the
    pages that have been read, with the number of works on them."""

    first: date
    last: date
    filter: str
    at: str = "*"
    received: int = 0

    def to_json(self) -> dict[str, Any]:
        return {
            "filter": self.filter,
            "window": [self.first.isoformat(), self.last.isoformat()],
            "next": self.at,
            "received": self.received,
        }


def kept_window(value: Any, wanted: str) -> Window | None:
    """The window kept in a cursor; None when it holds none of this filter that can be read."""
    if not isinstance(value, Mapping):
        return None
    try:
        first, last = (date.fromisoformat(day) for day in value["window"])
        at, received, kept = value["next"], value["received"], value["filter"]
    except (KeyError, TypeError, ValueError):
        return None
    if kept != wanted or not isinstance(at, str) or type(received) is not int:
        return None
    return Window(first=first, last=last, filter=wanted, at=at, received=received)
