"""Libraries of subscribers: shared rows, what sources know instead, and forgetting."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa

from digest.core.identifiers import ARXIV, DOI, Identifier
from digest.core.references import TITLE
from digest.core.subscribers import SubscriberId
from digest.store import libraries, subscribers
from digest.store.engine import Store
from digest.store.libraries import LibraryPaper
from digest.store.tables import library_papers
from tests.builders import NOW, make_record, store_papers, store_records, store_subscriber

OLD = LibraryPaper(
    name=Identifier(DOI, "10.1234/old"),
    ids=(Identifier(DOI, "10.1234/old"),),
    title="Robots of old",
    abstract="They fell.",
    authors=("Jana Novak",),
    year=1999,
    liked_at=NOW - timedelta(days=900),
)


def named(number: int, **changes: object) -> LibraryPaper:
    """The paper of `make_record(number)`, as a list of ids tells of it."""
    name = Identifier(ARXIV, f"2603.{number:05d}")
    blank = replace(OLD, name=name, ids=(name,), title="", abstract="", authors=(), year=None)
    return replace(blank, liked_at=NOW, **changes)  # type: ignore[arg-type]


def put(store: Store, number: int, papers: Sequence[LibraryPaper]) -> SubscriberId:
    with store.write() as conn:
        libraries.put(conn, SubscriberId(number), papers)
    return SubscriberId(number)


def of(store: Store, subscriber_id: SubscriberId) -> list[LibraryPaper]:
    with store.read() as conn:
        return libraries.of_subscriber(conn, subscriber_id)


def rows(store: Store) -> list[str]:
    with store.read() as conn:
        return list(conn.scalars(sa.select(library_papers.c.value).order_by(library_papers.c.id)))


def test_a_library_comes_back_with_the_latest_first(store: Store) -> None:
    ada = store_subscriber(store).id
    put(store, ada, [OLD, named(7)])
    assert [paper.name for paper in of(store, ada)] == [named(7).name, OLD.name]
    assert of(store, ada)[1] == OLD
    with store.read() as conn:
        assert libraries.size(conn, ada) == 2
        assert libraries.owners(conn) == {ada}
        assert libraries.of_subscriber(conn, ada, limit=1) == [named(7)]


def test_papers_are_found_in_the_libraries_of_all_who_have_them(store: Store) -> None:
    ada = store_subscriber(store).id
    ben = store_subscriber(store, 2).id
    stored = store_records(store, [make_record(number) for number in (7, 8, 9)])
    seven, eight, nine = (paper.id for paper in stored)
    put(store, ada, [OLD, named(7), named(8)])
    put(store, ben, [named(7)])
    with store.read() as conn:
        assert libraries.owned_among(conn, [seven, nine]) == {ada: {seven}, ben: {seven}}
        assert libraries.owned_among(conn, [eight, nine]) == {ada: {eight}}
        assert libraries.owned_among(conn, []) == {}


def test_a_paper_of_two_libraries_is_one_row_that_lives_as_long_as_either(store: Store) -> None:
    ada, ben = store_subscriber(store, 1).id, store_subscriber(store, 2).id
    put(store, ada, [OLD, named(7)])
    put(store, ben, [OLD])
    assert len(rows(store)) == 2
    with store.write() as conn:
        subscribers.erase(conn, ada)
    assert rows(store) == ["10.1234/old"]
    assert of(store, ben) == [OLD]
    with store.write() as conn:
        assert libraries.take_out(conn, ben) == 1
    assert (rows(store), of(store, ben)) == ([], [])


def test_papers_can_be_taken_out_one_by_one(store: Store) -> None:
    ada = store_subscriber(store).id
    put(store, ada, [OLD, named(7)])
    with store.write() as conn:
        assert libraries.take_out(conn, ada, [OLD.name, Identifier(DOI, "10.1234/none")]) == 1
    assert of(store, ada) == [named(7)]


def test_what_nobody_has_is_swept_away(store: Store) -> None:
    ada = store_subscriber(store).id
    put(store, ada, [OLD])
    with store.write() as conn:
        conn.execute(sa.text("DELETE FROM subscribers"))
        assert libraries.forget_unread(conn) == 1
    assert rows(store) == []


def test_what_was_said_first_stays_and_what_was_missing_is_filled_in(store: Store) -> None:
    ada = store_subscriber(store).id
    put(store, ada, [named(7), OLD])
    told = named(7, title="A title", abstract="Words.", authors=("Ada Bell",), year=2026)
    put(store, ada, [told, replace(OLD, title="Another", abstract="Other words.", year=2000)])
    assert of(store, ada) == [told, OLD]


def test_a_paper_that_a_source_has_brought_is_told_by_what_the_source_says(store: Store) -> None:
    ada = store_subscriber(store).id
    mine = named(1, title="Walking, as my file calls it", abstract="Mine.", year=2026)
    put(store, ada, [mine])
    assert of(store, ada) == [mine]
    (paper,) = store_papers(store, 1)
    (found,) = of(store, ada)
    assert (found.title, found.abstract) == (paper.title, paper.abstract)
    assert found.kept
    assert found.name == mine.name


def test_a_source_may_know_a_paper_by_its_title_alone(store: Store) -> None:
    ada = store_subscriber(store).id
    record = make_record(1)
    mine = replace(
        OLD,
        name=Identifier(TITLE, "whatever|bell"),
        title=record.title.upper(),
        abstract="",
        authors=record.authors,
        year=2026,
    )
    put(store, ada, [mine, replace(mine, name=Identifier(TITLE, "x"), year=1999)])
    store_records(store, [record])
    (older, found) = sorted(of(store, ada), key=lambda paper: paper.kept)
    assert (found.title, found.abstract) == (record.title, record.abstract)
    assert record.ids[0] in found.ids
    assert not older.kept


def test_a_library_of_thousands_is_stored_and_taken_out(store: Store) -> None:
    ada = store_subscriber(store).id
    put(store, ada, [named(number) for number in range(2_000)])
    with store.write() as conn:
        assert libraries.size(conn, ada) == 2_000
        assert libraries.take_out(conn, ada) == 2_000
    assert rows(store) == []
