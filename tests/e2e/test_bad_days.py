"""A day on which one source does not do as it should: the digest goes out from the others, the
record says what was missing, and afterwards nothing of that day is."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import product

import pytest

from digest.core.identifiers import ARXIV, DOI, Identifier, parse_doi
from digest.core.source_names import source_name
from digest.core.subscribers import Preferences
from digest.pipeline.app import App
from digest.pipeline.assemble import assemble
from digest.pipeline.deliver import deliver
from digest.pipeline.membership import add_by_operator
from digest.pipeline.outcomes import TROUBLED, missing_sources
from digest.pipeline.preview import explain
from digest.pipeline.refresh import refresh
from digest.sources.http import PoliteClient
from digest.sources.registry import build_sources
from digest.store import library
from digest.store.engine import Store
from digest.store.paces import StoredPaces
from tests.builders import make_app
from tests.e2e import internet as net
from tests.e2e.internet import PER_DAY, Internet, arxiv_id, configuration, running_internet
from tests.fakes import FakeClock, FakeMailer

WEDNESDAY, BAD_DAY, FRIDAY = (net.MONDAY + timedelta(days=n) for n in (2, 3, 4))
WEEK = timedelta(days=7)
FAULTS = ("429", "406", "503", "html", "half", "empty", "nothing")
WITH_PAPERS = (
    "huggingface", "arxiv", "arxiv_rss", "arxiv_oai", "biorxiv", "medrxiv", "openalex",
    "openreview", "feeds.lab",
)  # fmt: skip
WITH_SIGNALS = ("hacker_news", "github", "semantic_scholar", "reddit")
ADA = "ada@reader.example"
# Whatever else is asked: enough for a digest.
OTHERS = ("huggingface", "feeds.lab", "arxiv")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime.combine(WEDNESDAY, time(20), UTC))


@pytest.fixture
def internet(clock: FakeClock) -> Iterator[Internet]:
    with running_internet(clock) as running:
        yield running


def reading(store: Store, internet: Internet, clock: FakeClock, names: Sequence[str]) -> App:
    """A service with one reader that asks these sources."""
    client = PoliteClient(
        user_agent="digest/1.0 (+https://digest.example)",
        paces=StoredPaces(store),
        clock=clock,
        jitter=lambda: 0.0,
    )
    configured = configuration(internet, *names)
    configured["huggingface"]["repoll_days"] = 2  # enough for what is tested here
    sources = build_sources(client, configured)
    app = make_app(store, clock=clock, sources=sources, mailer=FakeMailer())
    add_by_operator(app, ADA, (), Preferences(max_papers=30), confirmed=True)
    return app


def a_day(app: App, clock: FakeClock, day: date) -> None:
    """What the daemon does of a day: fetches in the morning and in the evening."""
    for hour in (6, 20):
        clock.set(max(clock.now(), datetime.combine(day, time(hour), UTC)))
        refresh(app)


def expected(source: str, day: date) -> list[Identifier]:
    """What the source has of a day, by names under which it must be stored."""
    match source:
        case "biorxiv" | "medrxiv":
            more = 50 if source == "medrxiv" else 0
            dois = [
                parse_doi(f"10.64898/{day:%Y.%m.%d}.{700_000 + n + more}") for n in range(PER_DAY)
            ]
            return [Identifier(DOI, str(doi)) for doi in dois]
        case "openalex":
            return [Identifier(DOI, f"10.5555/{day:%Y%m%d}.{n}") for n in range(PER_DAY)]
        case "openreview":
            return [Identifier("openreview", f"note{day:%m%d}{n}") for n in range(2)]
        case "feeds.lab":
            return []
        case _:
            count = PER_DAY // 2 if source == "huggingface" else PER_DAY
            return [Identifier(ARXIV, arxiv_id(day, n)) for n in range(count)]


@pytest.mark.parametrize(
    ("source", "fault"),
    # A venue accepts papers once a year: that it lists none is no fault, and is noted.
    [pair for pair in product(WITH_PAPERS, FAULTS) if pair != ("openreview", "empty")],
)
def test_the_digest_goes_out_without_the_source_and_its_papers_come_when_it_is_back(
    sqlite_store: Store, internet: Internet, clock: FakeClock, source: str, fault: str
) -> None:
    # What arXiv announced on a day can be read from its feed on that day alone.
    others = [name for name in OTHERS if name != source]
    app = reading(sqlite_store, internet, clock, [source, *others])
    refresh(app)
    internet.faults[source] = fault
    a_day(app, clock, BAD_DAY)
    missing = missing_sources(app)
    assert any(source_name(source) in line for line in missing), missing
    assemble(app, BAD_DAY)
    assert deliver(app).sent == 1
    (_, raw), *_ = app.mailer.taken  # type: ignore[attr-defined]
    assert source_name(source).encode() in raw
    told = explain(app, ADA, BAD_DAY).reasons
    assert any("missing" in line and source_name(source) in line for line in told), told
    internet.faults.clear()
    a_day(app, clock, FRIDAY)
    assert missing_sources(app) == ()
    with sqlite_store.read() as conn:
        found = {name: library.by_identifier(conn, name) for name in expected(source, BAD_DAY)}
        stored = library.latest(conn)
    assert [str(name) for name, paper in found.items() if paper is None] == []
    if source == "feeds.lab":
        assert {f"lab study 0 of {BAD_DAY:%d %B}"} <= {p.title.partition(", ")[2] for p in stored}
    elif source != "arxiv_rss":
        assert all(source in paper.sources for paper in found.values() if paper)
    titles = [paper.title for paper in stored]
    assert len(titles) == len(set(titles))


@pytest.mark.parametrize("fault", [f for f in FAULTS if f != "empty"])
@pytest.mark.parametrize("source", WITH_SIGNALS)
def test_readings_go_on_when_the_source_is_back(
    sqlite_store: Store, internet: Internet, clock: FakeClock, source: str, fault: str
) -> None:
    app = reading(sqlite_store, internet, clock, [*OTHERS, source])
    refresh(app)
    internet.faults[source] = fault
    clock.set(
        datetime.combine(BAD_DAY + WEEK, time(20), UTC)
    )  # a week later: even citations are due
    *_, asked = refresh(app).fetches
    assert (asked.source, asked.outcome in TROUBLED) == (source, True)
    assemble(app, BAD_DAY + WEEK)
    assert deliver(app).sent == 1
    internet.faults.clear()
    a_day(app, clock, FRIDAY + WEEK)
    with sqlite_store.read() as conn:
        papers = library.latest(conn)
    readings = [s.at.date() for paper in papers for s in paper.signals if s.source == source]
    assert BAD_DAY + WEEK not in readings
    assert max(readings) == FRIDAY + WEEK
