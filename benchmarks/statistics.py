"""What the ranking keeps of papers: analysed from scratch, then for a thousand new ones, and read
for an edition of a week; beside bare inserts and reads of the papers themselves."""

import json
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from benchmarks.ingest import insert_into, new_store, plain_connection
from benchmarks.measure import Stopwatch, peak_mb
from benchmarks.world import bench_app
from digest.core import dedupe
from digest.core.dedupe import title_block
from digest.core.identifiers import ARXIV, Identifier
from digest.core.papers import SourceRecord
from digest.pipeline.analyses import analyse_stored, catch_up
from digest.pipeline.edition import gather
from digest.store import papers
from digest.store.engine import Store

_NOW = datetime(2026, 3, 20, 21, tzinfo=UTC)
_NEW = 1_000
_OF_A_WEEK = 10_000
_PAGE = 200
_BATCH = 5_000
_WORDS_OF_A_TEXT = 190
# Words are as common as in abstracts: of n of them, some n^0.6 are unlike; 13,000 abstracts have
# 80,000 that occur once or more.
_STEEPNESS, _COMMON = 0.67, 100
_SYLLABLES = [consonant + vowel for consonant in "bcdfghjklmnpqrstvwxz" for vowel in "aeiou"]


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "kept.db")
        new_store(path).close()
        texts = _texts()
        inserting = _fill(path, texts, count)
        bare_mb = _size_mb(path)
        with closing(new_store(path)) as store:
            scratch = Stopwatch()
            with scratch:
                catch_up(store)
            memory = peak_mb()
            storing, adding = _store_new(store, texts, count)
            reading = _read_barely(path)
            gathering = Stopwatch()
            app = bench_app(Path(folder), store, _NOW)
            with gathering:
                issue = gather(app, _NOW.date())
            terms = _count_terms(path)
        size_mb = _size_mb(path)
    print(
        json.dumps(
            {
                "papers": count,
                "from_scratch_s": round(scratch.seconds, 1),
                "papers_per_second": round(count / scratch.seconds),
                "from_scratch_to_bare_inserts": round(scratch.seconds / inserting.seconds, 1),
                "cpu_from_scratch_to_bare_inserts": round(
                    scratch.cpu_seconds / inserting.cpu_seconds, 1
                ),
                "peak_mb": round(memory, 1),
                "new_papers_ms_each": round(adding.seconds / _NEW * 1e3, 2),
                "new_papers_to_storing_them": round(adding.seconds / storing.seconds, 2),
                "terms": terms,
                "database_mb": round(size_mb),
                "of_which_statistics_mb": round(size_mb - bare_mb),
                "candidates": len(issue.candidates),
                "gather_s": round(gathering.seconds, 2),
                "gather_to_bare_reads": round(gathering.seconds / reading.seconds, 1),
                "peak_mb_with_gather": round(peak_mb(), 1),
            }
        )
    )


def _texts() -> Iterator[str]:
    """Invented texts without end; the first words of each are its title."""
    chance = np.random.default_rng(7)
    spelled: dict[int, str] = {}
    while True:
        ranks = _COMMON * chance.pareto(_STEEPNESS, (_PAGE, _WORDS_OF_A_TEXT))
        for row in np.minimum(ranks, 1e9).astype(np.int64).tolist():
            yield " ".join(spelled.get(n) or spelled.setdefault(n, _spelled(n)) for n in row)
        if len(spelled) > 50_000:
            spelled.clear()


def _spelled(number: int) -> str:
    word = _SYLLABLES[number % 100]
    while number := number // 100:
        word += _SYLLABLES[number % 100]
    return word


def _parts(text: str) -> tuple[str, str]:
    words = text.split(" ", 9)
    return " ".join(words[:9]), words[9]


def _fill(path: Path, texts: Iterator[str], count: int) -> Stopwatch:
    """Bare inserts of papers, all but those of the week from long before; as after an upgrade,
    none of their texts is analysed."""
    watch = Stopwatch()
    with closing(plain_connection(path)) as connection:
        for start in range(0, count, _BATCH):
            keys = range(start + 1, min(start + _BATCH, count) + 1)
            rows = [_rows(key, *_parts(next(texts)), count) for key in keys]
            with watch:
                for table, values in zip(
                    ("papers", "paper_ids", "paper_sources"), zip(*rows, strict=True), strict=True
                ):
                    connection.executemany(insert_into(table, len(values[0])), values)
                connection.commit()
            waiting = [(key, key, 0, b"") for key in keys]
            connection.executemany(insert_into("analyses", 4), waiting)
            connection.commit()
    return watch


def _rows(key: int, title: str, abstract: str, count: int) -> tuple[tuple[object, ...], ...]:
    age = timedelta(seconds=40 * (count - key))
    is_of_the_week = key > count - _OF_A_WEEK
    at = _NOW - (age if is_of_the_week else age + timedelta(days=30))
    moment = at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    name = f"26{3 + key // 90000:02d}.{key % 90000 + 10000:05d}"
    people = json.dumps([f"A{key % 97}. Bell{key % 8999}", f"C. Dao{key % 501}"])
    paper = (key, title, abstract, people, moment, moment, moment, "https://x.example/")
    rest = ("", "", "", "", "", '["cs.LG"]', "{}", title_block(title))
    source = (key, "arxiv", moment, moment, moment, 1, f'["arxiv:{name}"]', "{}", 7, 90)
    return (*paper, *rest), ("arxiv", name, key), source


def _store_new(store: Store, texts: Iterator[str], count: int) -> tuple[Stopwatch, Stopwatch]:
    """New papers, page by page: to store them, and to analyse and count them."""
    storing, adding = Stopwatch(), Stopwatch()
    for start in range(0, _NEW, _PAGE):
        page = [_record(count + start + n, *_parts(next(texts))) for n in range(_PAGE)]
        with store.write() as conn:
            with storing:
                papers.apply(conn, dedupe.plan(page, papers.known(conn, page)), _NOW)
            with adding:
                analyse_stored(conn, _PAGE)
    return storing, adding


def _record(number: int, title: str, abstract: str) -> SourceRecord:
    return SourceRecord(
        source="arxiv",
        ids=(Identifier(ARXIV, f"27{3 + number // 90000:02d}.{number % 90000 + 10000:05d}"),),
        title=title,
        abstract=abstract,
        authors=("Ada Bell", "Chen Dao"),
        appeared_at=_NOW - timedelta(minutes=1),
        published_at=_NOW - timedelta(minutes=1),
        authority=90,
    )


def _read_barely(path: Path) -> Stopwatch:
    """The papers of a week, as rows."""
    watch = Stopwatch()
    with closing(sqlite3.connect(path)) as connection, watch:
        connection.execute(
            "SELECT * FROM papers JOIN paper_sources ON paper_id = id WHERE appeared_at > ?",
            [(_NOW - timedelta(days=7)).strftime("%Y-%m-%dT%H")],
        ).fetchall()
    return watch


def _count_terms(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        found: int = connection.execute("SELECT count(*) FROM term_counts").fetchone()[0]
    return found


def _size_mb(path: Path) -> float:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size / 1e6


if __name__ == "__main__":
    main(int(sys.argv[1]))
