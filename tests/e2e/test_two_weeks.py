"""The daemon on a fake clock over two weeks of recorded days: readers on three continents, the
change of clocks in Europe, weekends, a source that is out for two days."""

import email
import email.policy
import gzip
import json
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from digest.core.deliveries import DeliveryStatus
from digest.core.errors import SourceUnavailable
from digest.core.fetching import FetchRequest, Page
from digest.core.identifiers import ARXIV, Identifier
from digest.core.interests import parse_interests
from digest.core.papers import SourceRecord
from digest.core.subscribers import Frequency, Preferences
from digest.daemon import service_ticks
from digest.pipeline.app import App
from digest.pipeline.membership import add_by_operator
from digest.sources.huggingface import parse_daily
from digest.store import outbox
from digest.store.engine import Store
from tests.builders import make_app
from tests.fakes import FakeClock, FakeMailer

FIRST, LAST = date(2026, 3, 20), date(2026, 4, 2)  # Europe changes its clocks on 29 March
OUT = (date(2026, 3, 24), date(2026, 3, 25))
READERS = {
    "kiri@reader.example": ("Pacific/Auckland", Frequency.DAILY, "robot manipulation"),
    "jana@reader.example": ("Europe/Berlin", Frequency.DAILY, "language model evaluation"),
    "ned@reader.example": ("America/New_York", Frequency.WEEKDAYS, "video generation"),
    "tess@reader.example": ("Europe/Berlin", Frequency.WEEKLY, ""),
}
AT = time(7, 30)


class RecordedHuggingFace:
    """The recorded lists, each from the evening of its day on."""

    name = standing_name = "huggingface"

    def __init__(self, folder: Path) -> None:
        self._lists = folder / "recordings/hf_daily_papers/raw_by_date"

    def fetch(self, request: FetchRequest) -> Iterator[Page]:
        today = request.now.date()
        for back in range(3):
            day = today - timedelta(days=back)
            path = self._lists / f"{day}.json.gz"
            if path.exists():
                found = parse_daily(gzip.decompress(path.read_bytes()), listed_on=day)
                yield Page(records=found.records, cursor={}, bad=found.bad)


class RecordedArxiv:
    """The recorded announcements, each on its day; out of order on two days."""

    name = standing_name = "arxiv"

    def __init__(self, folder: Path) -> None:
        self._days = folder / "recordings/arxiv_daily_listing/dw-dengwei"

    def fetch(self, request: FetchRequest) -> Iterator[Page]:
        today = request.now.date()
        if today in OUT:
            raise SourceUnavailable("export.arxiv.org does not answer")
        for back in range(2):
            day = today - timedelta(days=back)
            path = self._days / f"{day}.jsonl.gz"
            if path.exists():
                lines = gzip.decompress(path.read_bytes()).splitlines()
                yield Page(records=tuple(_record(json.loads(x), day) for x in lines), cursor={})


def _record(row: Mapping[str, Any], day: date) -> SourceRecord:
    announced = datetime.combine(day, time(), tzinfo=UTC)
    return SourceRecord(
        source="arxiv",
        ids=(Identifier(ARXIV, row["id"]),),
        title=row["title"],
        abstract=row["summary"],
        authors=tuple(row["authors"]),
        appeared_at=announced,
        published_at=announced - timedelta(hours=12),
        authority=90,
        url=row["abs"],
        categories=tuple(row["categories"]),
    )


def live_through(app: App, clock: FakeClock) -> None:
    """Every step of the daemon, each at its time, in steps of half an hour."""
    ticks = service_ticks(app, threading.Event(), None, timedelta(minutes=1))
    clock.set(datetime.combine(FIRST, time(), tzinfo=UTC))
    end = datetime.combine(LAST, time(23, 59), tzinfo=UTC)
    while clock.now() < end:
        for tick in ticks:
            tick.step()
        clock.advance(1800)


def due_days(zone: str, frequency: Frequency) -> set[date]:
    """The local days on which a reader is due a mail within the two weeks of the test."""
    wanted = {
        Frequency.DAILY: range(7),
        Frequency.WEEKDAYS: range(5),
        Frequency.WEEKLY: range(1),
    }[frequency]
    around = (FIRST + timedelta(days=n) for n in range(-1, (LAST - FIRST).days + 3))
    return {
        day
        for day in around
        if day.weekday() in wanted
        and FIRST <= datetime.combine(day, AT, ZoneInfo(zone)).astimezone(UTC).date() <= LAST
    }


@pytest.mark.recordings
def test_two_recorded_weeks_bring_everybody_their_mail_once_at_their_hour(
    sqlite_store: Store, recordings: Path
) -> None:
    clock, mailer = FakeClock(datetime.combine(FIRST, time(), tzinfo=UTC)), FakeMailer()
    sources = {s.name: s for s in (RecordedHuggingFace(recordings), RecordedArxiv(recordings))}
    every = timedelta(hours=3)
    app = make_app(sqlite_store, clock=clock, sources=sources, mailer=mailer, every=every)
    for address, (zone, frequency, wishes) in READERS.items():
        preferences = Preferences(frequency=frequency, at=AT, timezone=zone)
        add_by_operator(app, address, parse_interests(wishes), preferences, confirmed=True)
    live_through(app, clock)

    got: dict[str, list[datetime]] = defaultdict(list)
    papers: dict[str, Counter[str]] = defaultdict(Counter)
    missing = 0
    for envelope, raw in mailer.taken:
        message = email.message_from_bytes(raw, policy=email.policy.default)
        got[envelope.recipient].append(message["Date"].datetime)
        text = message.get_body(("plain",))
        assert text is not None
        body = text.get_content()
        missing += "arXiv could not be read" in body
        papers[envelope.recipient].update(
            line.split()[-1] for line in body.splitlines() if line.strip().startswith("Paper: ")
        )
    for address, (zone, frequency, _) in READERS.items():
        local = [at.astimezone(ZoneInfo(zone)) for at in got[address]]
        days = [at.date() for at in local]
        assert len(days) == len(set(days)), f"{address} got two mails on one day"
        assert set(days) | quiet_days(sqlite_store, address) == due_days(zone, frequency)
        assert all(time(7, 30) <= at.time() <= time(8, 1) for at in local)
        assert max(papers[address].values()) == 1, f"{address} got a paper twice"
    assert missing  # the two days without arXiv were said in the mails


def quiet_days(store: Store, address: str) -> set[date]:
    """The dates for which it was decided, with a reason, to send nothing."""
    with store.read() as conn:
        rows = outbox.listed(conn, email=address, status=DeliveryStatus.SKIPPED)
    assert all("are new to this reader and match" in row.delivery.detail for row in rows)
    return {row.edition for row in rows if row.edition is not None}
