"""Papers parsed, deduped and stored, against bare inserts of the very same rows."""

import json
import sqlite3
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measure import peak_mb, timed
from benchmarks.papers import pages
from digest.core import dedupe
from digest.sources.arxiv import parse_feed
from digest.store import papers, schema
from digest.store.engine import open_store

_NOW = datetime(2026, 3, 20, 21, tzinfo=UTC)
_TABLES = ("papers", "paper_ids", "paper_sources")


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ours, bare = Path(folder, "ours.db"), Path(folder, "bare.db")
        bodies = list(pages(count))
        seconds = timed(lambda: _ingest(ours, bodies))
        memory = peak_mb()
        rows = {table: _rows(ours, table) for table in _TABLES}
        store = open_store(f"sqlite:///{bare}")
        schema.upgrade(store)
        store.close()
        bare_seconds = timed(lambda: _insert(bare, rows))
    print(
        json.dumps(
            {
                "papers": count,
                "papers_per_second": round(count / seconds),
                "bare_inserts_per_second": round(count / bare_seconds),
                "ratio": round(bare_seconds / seconds, 3),
                "peak_mb": round(memory, 1),
            }
        )
    )


def _ingest(path: Path, bodies: list[bytes]) -> None:
    store = open_store(f"sqlite:///{path}")
    schema.upgrade(store)
    for body in bodies:
        records = parse_feed(body).records
        with store.write() as conn:
            papers.apply(conn, dedupe.plan(records, papers.known(conn, records)), _NOW)
    store.close()


def _rows(path: Path, table: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(f"SELECT * FROM {table}").fetchall()
    finally:
        connection.close()


def _insert(path: Path, rows: dict[str, list[tuple[object, ...]]]) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    for table, values in rows.items():
        marks = ", ".join("?" * len(values[0]))
        with connection:
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", values)
    connection.close()


if __name__ == "__main__":
    main(int(sys.argv[1]))
