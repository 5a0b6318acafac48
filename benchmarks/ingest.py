"""Papers parsed, deduped and stored, against bare inserts of the very same rows; then a part of
them once more, as a source gives them when it is asked again."""

import json
import sqlite3
import sys
import tempfile
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.measure import Stopwatch, peak_mb
from benchmarks.papers import pages
from digest.core import dedupe
from digest.sources.arxiv import parse_feed
from digest.store import papers, schema
from digest.store.engine import Store, open_store

NOW = datetime(2026, 3, 20, 21, tzinfo=UTC)
TABLES = ("papers", "paper_ids", "paper_sources")
_LATER = NOW + timedelta(hours=6)
_AGAIN = 20_000
_BATCH = 2_000


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ours, bare = Path(folder, "ours.db"), Path(folder, "bare.db")
        again = min(count, _AGAIN)
        with closing(new_store(ours)) as store:
            storing = store_papers(store, pages(count), NOW)
            polling = store_papers(store, pages(again), _LATER)
            memory = peak_mb()
        new_store(bare).close()
        inserting = _copy_barely(ours, bare)
    print(
        json.dumps(
            {
                "papers": count,
                "papers_per_second": round(count / storing.seconds),
                "bare_inserts_per_second": round(count / inserting.seconds),
                "ratio": round(inserting.seconds / storing.seconds, 3),
                "ratio_of_cpu_time": round(inserting.cpu_seconds / storing.cpu_seconds, 3),
                "known_papers_per_second": round(again / polling.seconds),
                "peak_mb": round(memory, 1),
            }
        )
    )


def new_store(path: Path) -> Store:
    store = open_store(f"sqlite:///{path}")
    schema.upgrade(store)
    return store


def store_papers(store: Store, bodies: Iterable[bytes], now: datetime) -> Stopwatch:
    """The time to parse, dedupe and store page after page; to make them up is not counted."""
    watch = Stopwatch()
    for body in bodies:
        with watch:
            records = parse_feed(body).records
            with store.write() as conn:
                papers.apply(conn, dedupe.plan(records, papers.known(conn, records)), now)
    return watch


def _copy_barely(source: Path, target: Path) -> Stopwatch:
    """The time that the inserts of all rows take, a transaction a table; to read them is free."""
    watch = Stopwatch()
    with closing(sqlite3.connect(source)) as reader, closing(plain_connection(target)) as writer:
        for table in TABLES:
            rows = reader.execute(f"SELECT * FROM {table}")
            statement = insert_into(table, len(rows.description))
            while batch := rows.fetchmany(_BATCH):
                with watch:
                    writer.executemany(statement, batch)
            with watch:
                writer.commit()
    return watch


def plain_connection(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def insert_into(table: str, columns: int) -> str:
    return f"INSERT INTO {table} VALUES ({', '.join('?' * columns)})"


if __name__ == "__main__":
    main(int(sys.argv[1]))
