"""Searching by meaning: where the papers of the store lie, kept at hand by a process."""

import threading
from collections.abc import Callable

import sqlalchemy as sa

from digest.core.analyses import unpack
from digest.core.identifiers import PaperId
from digest.ranking.analysis import ANALYSIS_VERSION
from digest.ranking.nearest import Nearest
from digest.ranking.static_table import StaticTable
from digest.store import analyses

# The papers stored last, of which a search by meaning finds some; 10 MB, and a second or two to
# place when the first search asks.
PLACED = 10_000


class Nearby:
    """Safe to share between threads. Papers that are stored or corrected later are placed when the
    next search asks; one that is gone stays, and names no paper."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._nearest: Nearest | None = None
        self._marks: dict[PaperId, tuple[int, int]] = {}
        self._documents = 0

    def find(
        self,
        conn: sa.Connection,
        table: Callable[[], StaticTable | None],
        text: str,
        most: int,
    ) -> list[PaperId]:
        """The papers that are near to a text, nearest first, at most so many; none without a
        table."""
        with self._lock:
            nearest = self._caught_up(conn, table)
            return nearest.to(text, most) if nearest is not None else []

    def _caught_up(
        self, conn: sa.Connection, table: Callable[[], StaticTable | None]
    ) -> Nearest | None:
        known = table()
        if known is None:
            return None
        marks = analyses.marks(conn, ANALYSIS_VERSION, PLACED)
        if marks == self._marks and self._nearest is not None:
            return self._nearest
        documents = analyses.count(conn)
        # How rare words are is told by all papers: anew when there are twice as many.
        if self._nearest is None or documents > 2 * self._documents:
            counts = analyses.frequencies(conn, known.terms)
            self._nearest = Nearest(known, counts, documents, capacity=PLACED)
            self._marks, self._documents = {}, documents
        fresh = [key for key, mark in marks.items() if self._marks.get(key) != mark]
        payloads = analyses.packed(conn, fresh, ANALYSIS_VERSION)
        self._nearest.put((key, unpack(payload)) for key, payload in payloads.items())
        self._marks = marks
        return self._nearest
