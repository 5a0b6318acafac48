"""A service with papers and subscribers, in a folder of its own, sending to a loopback sink."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.papers import pages
from digest.cli.main import collect_seldom
from digest.core import dedupe
from digest.core.interests import parse_interests
from digest.core.papers import Reading, SourceRecord
from digest.core.subscribers import Preferences
from digest.demo.story import StoryClock
from digest.pipeline.app import App
from digest.pipeline.importing import NewMember, import_members
from digest.settings import Settings
from digest.sources.arxiv import parse_feed
from digest.store import papers
from digest.store.engine import Store
from digest.wiring import build_app, build_store

NOW = datetime(2026, 3, 2, 21, tzinfo=UTC)
_INTERESTS = (
    "diffusion policy for robot planning",
    "language model reasoning; retrieval evaluation",
    "bayesian inference uncertainty; category: stat.ML",
    "graph representation learning; keyword: graph neural",
)
_IMPORTED_AT_ONCE = 1_000


@contextmanager
def sink() -> Iterator[int]:
    """The port of a mail sink in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.sink"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


@contextmanager
def service(folder: Path, smtp_port: int, *, paper_count: int, readers: int) -> Iterator[App]:
    collect_seldom()
    settings = _settings(folder, smtp_port)
    with build_store(settings) as store:
        app = build_app(settings, store, StoryClock(NOW), {})
        _store_papers(app, paper_count)
        for first in range(0, readers, _IMPORTED_AT_ONCE):
            numbers = range(first, min(first + _IMPORTED_AT_ONCE, readers))
            import_members(app, tuple(map(_member, numbers)), confirmed=True, dry_run=False)
        yield app


def _member(number: int) -> NewMember:
    return NewMember(
        email=f"reader{number}@example.net",
        interests=parse_interests(_INTERESTS[number % len(_INTERESTS)]),
        preferences=Preferences(max_papers=10),
    )


def bench_app(folder: Path, store: Store, now: datetime) -> App:
    """A service on a store that is there, which sends nothing."""
    return build_app(_settings(folder, 25), store, StoryClock(now), {})


def _settings(folder: Path, smtp_port: int) -> Settings:
    return Settings.model_validate(
        {
            "folder": folder,
            "database": {"url": f"sqlite:///{folder / 'bench.db'}"},
            "security": {"secret_key": "x" * 40},
            "smtp": {"host": "127.0.0.1", "port": smtp_port},
            "mail": {"from": "Bench <digest@bench.example>", "bounce_address": "b@bench.example"},
            "web": {"base_url": "https://bench.example"},
        }
    )


def _store_papers(app: App, count: int) -> None:
    for body in pages(count):
        records = parse_feed(body).records
        voted = [_voted(record, number) for number, record in enumerate(records)]
        with app.store.write() as conn:
            papers.apply(conn, dedupe.plan(voted, papers.known(conn, voted)), NOW)


def _voted(record: SourceRecord, number: int) -> SourceRecord:
    return replace(record, readings=(Reading(metric="upvotes", value=float(number % 60)),))
