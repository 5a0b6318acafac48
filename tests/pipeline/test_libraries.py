"""A library taken in: each entry counted once, nothing twice, and liked from then on."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.core.identifiers import ARXIV, DOI, Identifier
from digest.core.interests import Interest, InterestKind
from digest.core.references import Reference
from digest.core.subscribers import Preferences, Status, Subscriber
from digest.pipeline import choice
from digest.pipeline import libraries as imports
from digest.pipeline.app import App
from digest.pipeline.choice import choose
from digest.pipeline.edition import gather
from digest.pipeline.housekeeping import housekeeping
from digest.pipeline.libraries import LibraryReport, import_library
from digest.pipeline.likes import likes_of
from digest.pipeline.suppression import erase
from digest.ranking.rank import Place
from digest.store import libraries, subscribers
from digest.store.engine import Store
from tests.builders import NOW, TODAY, make_app, make_record, store_records, store_subscriber
from tests.fakes import FakeClock
from tests.pipeline.world import everything

OLD = Reference(
    where="line 1",
    title="Robots of old",
    abstract="They fell, and nobody counted.",
    authors=("Jana Novak",),
    year=1999,
)


def arxiv(number: int, **changes: object) -> Reference:
    """The paper of `make_record(number)` by its id."""
    ids = (Identifier(ARXIV, f"2603.{number:05d}"),)
    return Reference(where=f"line {number}", ids=ids, **changes)  # type: ignore[arg-type]


def titles(store: Store, subscriber: Subscriber) -> list[str]:
    with store.read() as conn:
        return [paper.title for paper in libraries.of_subscriber(conn, subscriber.id)]


@pytest.fixture
def app(store: Store) -> App:
    return make_app(store)


@pytest.fixture
def ada(store: Store) -> Subscriber:
    return store_subscriber(store, wishes=())


def test_entries_are_counted_by_what_becomes_of_them(app: App, ada: Subscriber) -> None:
    store_records(app.store, [make_record(1)])
    report = import_library(app, ada, [arxiv(1), arxiv(1), arxiv(2), OLD])
    assert report == LibraryReport(kept=1, not_kept=2, repeated=1, untitled=1)
    assert report.imported == 3


def test_an_import_can_be_repeated_and_adds_nothing_twice(app: App, ada: Subscriber) -> None:
    store_records(app.store, [make_record(1)])
    library = [arxiv(1), arxiv(2), OLD]
    import_library(app, ada, library)
    before = everything(app.store)
    assert import_library(app, ada, library) == LibraryReport(repeated=3)
    assert everything(app.store) == before


def test_nothing_is_doubled_when_a_source_brings_the_paper_between(
    app: App, ada: Subscriber
) -> None:
    record = make_record(1, ids=(Identifier(DOI, "10.1234/a"), Identifier(ARXIV, "2603.00001")))
    by_doi = Reference(where="", ids=(Identifier(DOI, "10.1234/a"),))
    by_title = Reference(where="", title=record.title, authors=record.authors, year=2026)
    import_library(app, ada, [by_title])
    store_records(app.store, [record])
    for reference in (by_title, by_doi, arxiv(1)):
        assert import_library(app, ada, [reference]) == LibraryReport(repeated=1)


def test_a_paper_is_recognised_by_title_people_and_year(app: App, ada: Subscriber) -> None:
    record = make_record(1)
    store_records(app.store, [record])
    said = Reference(where="", title=record.title.upper(), authors=("Bell, Ada",), year=2026)
    others = (replace(said, authors=("Jana Novak",)), replace(said, title="Else", year=2026))
    assert import_library(app, ada, [said, *others]) == LibraryReport(kept=1, not_kept=2)


def test_one_paper_under_two_names_is_one(app: App, ada: Subscriber) -> None:
    record = make_record(1, ids=(Identifier(DOI, "10.1234/a"), Identifier(ARXIV, "2603.00001")))
    store_records(app.store, [record])
    library = [arxiv(1), Reference(where="", ids=(Identifier(DOI, "10.1234/a"),))]
    assert import_library(app, ada, library) == LibraryReport(kept=1, repeated=1)


def test_words_that_come_later_fill_in_what_a_list_of_ids_left_out(
    app: App, ada: Subscriber
) -> None:
    import_library(app, ada, [arxiv(7)])
    told = arxiv(7, title="Walking", abstract="Robots walk.", authors=("Ada Bell",), year=2026)
    assert import_library(app, ada, [told]) == LibraryReport(repeated=1)
    with app.store.read() as conn:
        (paper,) = libraries.of_subscriber(conn, ada.id)
    assert (paper.title, paper.abstract, paper.year) == ("Walking", "Robots walk.", 2026)


def test_a_rehearsal_says_the_same_and_changes_nothing(app: App, ada: Subscriber) -> None:
    before = everything(app.store)
    library = [arxiv(1), OLD]
    rehearsed = import_library(app, ada, library, dry_run=True)
    assert import_library(app, None, library, dry_run=True) == rehearsed
    assert everything(app.store) == before
    assert import_library(app, ada, library) == rehearsed


def test_the_papers_added_last_are_kept(
    app: App, ada: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "MOST_KEPT", 3)
    aged = [
        replace(OLD, title=f"Robots of {year}", added_on=date(year, 1, 1))
        for year in range(2010, 2015)
    ]
    first = import_library(app, ada, aged)
    assert first == LibraryReport(not_kept=3, left_out=2)
    assert import_library(app, ada, aged) == LibraryReport(repeated=3, left_out=2)
    newer = replace(OLD, title="Robots of today", added_on=date(2026, 1, 1))
    assert import_library(app, ada, [newer]) == LibraryReport(not_kept=1, dropped=1)
    assert titles(app.store, ada) == ["Robots of today", "Robots of 2014", "Robots of 2013"]


def test_a_library_can_be_emptied_before_an_import(app: App, ada: Subscriber) -> None:
    import_library(app, ada, [OLD])
    new = replace(OLD, title="Robots of today")
    assert import_library(app, ada, [new], forget=True) == LibraryReport(not_kept=1)
    assert titles(app.store, ada) == ["Robots of today"]


def test_erasure_leaves_nothing_of_a_library(app: App, ada: Subscriber) -> None:
    import_library(app, ada, [OLD, arxiv(1)])
    erase(app, ada)
    left = everything(app.store)
    assert (left["libraries"], left["library_papers"]) == ([], [])


def test_the_library_of_a_request_that_nobody_confirmed_goes_with_it(store: Store) -> None:
    clock = FakeClock(NOW)
    app = make_app(store, clock=clock)
    import_library(app, store_subscriber(store, status=Status.PENDING), [OLD])
    clock.advance(timedelta(days=8).total_seconds())
    housekeeping(app)
    assert everything(store)["library_papers"] == []


# --- what is liked --------------------------------------------------------------------------------


def test_interests_and_library_are_liked_together(app: App, store: Store) -> None:
    store_records(store, [make_record(1)])
    wish = Interest(InterestKind.LIKE, "2603.00001", 2.0)
    ada = store_subscriber(store, wishes=(wish, Interest(InterestKind.LIKE, "2603.09999")))
    recent = replace(OLD, title="Robots of today", added_on=date(2026, 3, 19))
    import_library(app, ada, [arxiv(1), OLD, recent, arxiv(3)])
    with store.read() as conn:
        likes = likes_of(conn, ada, now=NOW)
        assert [like.value for like in likes_of(conn, ada, now=NOW, library_limit=0)] == [
            "2603.00001"
        ]
    assert [like.value for like in likes] == ["2603.00001", "Robots of today", "Robots of old"]
    assert [like.liked_at is None for like in likes] == [True, False, False]
    assert likes[0].weight == 2.0
    assert likes[1].weight > 0.99
    assert likes[2].weight == 0.2
    assert likes[2].paper.abstract == OLD.abstract


def test_a_digest_follows_a_library_that_sources_never_brought(app: App, store: Store) -> None:
    """What is like it comes first; who names no interests gets what trends behind that."""
    cooking = make_record(
        1,
        title="Simmering soups slowly with sensors",
        abstract="We simmer vegetable soups slowly and measure their taste with sensors.",
        authors=("Cai Koch",),
    )
    others = [make_record(number) for number in range(2, 9)]
    store_records(store, [cooking, *others])
    ada = store_subscriber(store, wishes=(), preferences=Preferences(dial=0.0, max_papers=3))
    liked = replace(
        OLD,
        title="How soups simmer",
        abstract="Vegetable soups that simmer slowly taste better, say sensors.",
        year=2025,
    )
    import_library(app, ada, [liked])
    chosen = choose(app, gather(app, TODAY), [ada])[ada.id]
    assert [ranked.place for ranked in chosen] == [Place.FITS, *2 * [Place.EVERYWHERE]]
    assert [ranked.reason.count("How soups simmer") for ranked in chosen] == [1, 0, 0]
    with store.read() as conn:
        assert libraries.owners(conn) == {ada.id}


def test_no_paper_of_a_library_is_offered_however_old_it_is_there(
    app: App, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "LIBRARY_LIKES", 1)
    stored = store_records(store, [make_record(number) for number in range(1, 6)])
    ada = store_subscriber(store, wishes=(), preferences=Preferences(dial=1.0))
    import_library(app, ada, [arxiv(2, year=2020), arxiv(3, year=2021), OLD])
    chosen = choose(app, gather(app, TODAY), [ada])[ada.id]
    kept = {stored[n].id for n in (0, 3, 4)}
    assert {ranked.paper_id for ranked in chosen} == kept


_NAMES = st.sampled_from(
    [Identifier(ARXIV, f"2603.0000{n}") for n in range(4)] + [Identifier(DOI, "10.1234/a")]
)
_REFERENCES = st.builds(
    Reference,
    where=st.just("line 1"),
    ids=st.lists(_NAMES, max_size=2, unique_by=lambda name: name.kind).map(tuple),
    title=st.sampled_from(["Robots of old", "Robots of today", "Walking"]),
    authors=st.sampled_from([(), ("Ada Bell",), ("Jana Novak",)]),
    year=st.none() | st.integers(1990, 2030),
    added_on=st.none() | st.dates(date(2000, 1, 1), date(2030, 1, 1)),
)


@given(st.lists(_REFERENCES, max_size=8), st.lists(_REFERENCES, max_size=4))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_entry_is_counted_once_and_a_second_import_repeats_all(
    sqlite_store: Store, first: Sequence[Reference], second: Sequence[Reference]
) -> None:
    app = make_app(sqlite_store)
    with sqlite_store.write() as conn:
        for known in subscribers.listed(conn):
            subscribers.erase(conn, known.id)
    ada = store_subscriber(sqlite_store, wishes=())
    for library in (first, second):
        report = import_library(app, ada, library)
        assert report.imported + report.repeated + report.left_out == len(library)
        assert import_library(app, ada, library) == LibraryReport(repeated=len(library))
