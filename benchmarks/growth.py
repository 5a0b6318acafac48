"""The time to store a paper as the papers kept grow from ten thousand to a million."""

import json
import random
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

from benchmarks.ingest import (
    NOW,
    TABLES,
    insert_into,
    new_store,
    plain_connection,
    store_papers,
)
from benchmarks.measure import Stopwatch
from benchmarks.papers import arxiv_name, invented_title, pages
from digest.core.dedupe import title_block

_SIZES = (10_000, 100_000, 1_000_000)
_SAMPLE = 1_000
_BATCH = 10_000

Row = tuple[object, ...]


def main(fresh: int) -> None:
    watches: dict[int, Stopwatch] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "kept.db")
        sample = _sample_rows(Path(folder, "sample.db"))
        new_store(path).close()
        kept = 0
        for size in _SIZES:
            _fill(path, sample, range(kept, size))
            with closing(new_store(path)) as store:
                watches[size] = store_papers(store, pages(fresh, first=size), NOW)
            kept = size + fresh
    first, last = watches[_SIZES[0]], watches[_SIZES[-1]]
    print(
        json.dumps(
            {f"microseconds_at_{n}": round(w.seconds / fresh * 1e6) for n, w in watches.items()}
            | {
                "largest_to_smallest": round(last.seconds / first.seconds, 2),
                "of_cpu_time": round(last.cpu_seconds / first.cpu_seconds, 2),
            }
        )
    )


def _sample_rows(path: Path) -> list[tuple[Row, Row, Row]]:
    """Papers as the product stores them: a row of each table."""
    with closing(new_store(path)) as store:
        store_papers(store, pages(_SAMPLE), NOW)
    with closing(sqlite3.connect(path)) as connection:
        tables = (connection.execute(f"SELECT * FROM {table} ORDER BY rowid") for table in TABLES)
        return list(zip(*tables, strict=True))


def _fill(path: Path, sample: list[tuple[Row, Row, Row]], numbers: range) -> None:
    """Bare inserts of papers like the sample's, each with a name and a title of its own.

    Through a plain table, so that a batch is one statement: twice as fast as one row at a time.
    """
    papers = _papers(sample, numbers)
    with closing(plain_connection(path)) as connection:
        connection.execute("PRAGMA cache_size = -200000")
        while batch := list(islice(papers, _BATCH)):
            for table, rows in zip(TABLES, zip(*batch, strict=True), strict=True):
                connection.execute(f"CREATE TEMP TABLE batch AS SELECT * FROM {table} LIMIT 0")
                connection.executemany(insert_into("batch", len(rows[0])), rows)
                connection.execute(f"INSERT INTO {table} SELECT * FROM batch")
                connection.execute("DROP TABLE batch")
            connection.commit()


def _papers(sample: list[tuple[Row, Row, Row]], numbers: range) -> Iterator[tuple[Row, Row, Row]]:
    chance = random.Random(numbers.start)
    for number in numbers:
        paper, name, source = sample[number % len(sample)]
        title, key = invented_title(chance, number), number + 1
        yield (
            (key, title, *paper[2:-1], title_block(title)),
            (name[0], arxiv_name(number), key),
            (key, *source[1:]),
        )


if __name__ == "__main__":
    main(int(sys.argv[1]))
