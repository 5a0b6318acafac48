"""Statements name rows by their ids, and an engine takes only so many names at once."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

CHUNK = 500  # SQLite takes 32,766 values in one statement, PostgreSQL 65,535


def chunks(keys: Iterable[T]) -> Iterator[list[T]]:
    """The keys in order, at most 500 at a time."""
    rest = iter(keys)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk
