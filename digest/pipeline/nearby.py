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
        self._placed_up_to = 0

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
        if self._nearest is None:
            known = table()
            if known is None:
                return None
            counts = analyses.frequencies(conn, known.terms)
            documents = analyses.count(conn)
            self._nearest = Nearest(known, counts, documents, capacity=PLACED)
        fresh = analyses.made_after(conn, self._placed_up_to, ANALYSIS_VERSION, PLACED)
        if fresh:
            self._nearest.put((one.paper_id, unpack(one.payload)) for one in fresh)
            self._placed_up_to = max(one.number for one in fresh)
        return self._nearest
