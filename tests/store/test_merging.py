"""Two rows that turn out to be one paper: nothing that hung on either is lost."""

from datetime import timedelta

import pytest

from digest.core.editions import Card
from digest.core.identifiers import PaperId
from digest.core.papers import Reading
from digest.core.subscribers import SubscriberId
from digest.store import editions, ledger, library, outbox
from digest.store.engine import Store
from digest.store.merging import merge_rows
from tests.builders import (
    NOW,
    make_new_delivery,
    make_planned,
    make_record,
    store_edition,
    store_papers,
    store_records,
    store_subscriber,
)

KEPT, OTHER = PaperId(1), PaperId(2)


@pytest.fixture
def two(store: Store) -> Store:
    """Papers 1 and 2, of which 2 turns out to be 1."""
    store_papers(store, 2)
    return store


def merge(store: Store) -> int:
    with store.write() as conn:
        return merge_rows(conn, [KEPT, OTHER])


def send(store: Store, reader: SubscriberId, number: int, *papers: PaperId) -> None:
    new = make_new_delivery(reader, number, papers=tuple(map(make_planned, papers)))
    with store.write() as conn:
        outbox.enqueue(conn, [new], NOW)


def test_the_paper_has_all_names_and_the_other_row_is_gone(two: Store) -> None:
    assert merge(two) == 1
    with two.read() as conn:
        (paper,) = library.latest(conn)
    assert (paper.id, len(paper.ids)) == (KEPT, 2)


def test_more_than_two_rows_become_one(two: Store) -> None:
    store_records(two, [make_record(3)])
    with two.write() as conn:
        assert merge_rows(conn, [KEPT, OTHER, PaperId(3)]) == 2
        assert library.count(conn) == 1


def test_the_signals_of_both_make_one_series(two: Store) -> None:
    for number, value in ((1, 3.0), (2, 5.0)):
        reading = Reading(metric="upvotes", value=value)
        at = NOW + timedelta(hours=number)
        store_records(two, [make_record(number, source="votes", readings=(reading,))], at)
    merge(two)
    with two.read() as conn:
        assert [signal.value for signal in library.signals_of(conn, [KEPT])[KEPT]] == [3.0, 5.0]


def test_whoever_was_sent_either_counts_as_having_been_sent_the_paper(two: Store) -> None:
    first, second = store_subscriber(two, 1).id, store_subscriber(two, 2).id
    send(two, first, 1, KEPT)
    send(two, second, 2, OTHER)
    merge(two)
    with two.read() as conn:
        assert ledger.seen_papers(conn, [first, second]) == {first: {KEPT}, second: {KEPT}}


def test_whoever_was_sent_both_was_sent_one_paper_by_two_mails(two: Store) -> None:
    reader = store_subscriber(two).id
    send(two, reader, 1, KEPT)
    send(two, reader, 2, OTHER)
    merge(two)
    with two.read() as conn:
        assert ledger.seen_papers(conn, [reader]) == {reader: {KEPT}}
        assert [row.papers for row in outbox.listed(conn)] == [(KEPT,), (KEPT,)]


def test_a_mail_that_holds_both_shows_the_paper_once_where_it_came_first(two: Store) -> None:
    store_records(two, [make_record(3)])
    reader = store_subscriber(two)
    send(two, reader.id, 1, OTHER, PaperId(3), KEPT)
    merge(two)
    with two.read() as conn:
        (delivery,) = outbox.listed(conn)
    assert sorted(delivery.papers) == [KEPT, PaperId(3)]


def test_an_edition_that_holds_both_holds_the_paper_once(two: Store) -> None:
    with two.read() as conn:
        both = library.by_ids(conn, [KEPT, OTHER])
    edition = store_edition(two, chosen=both)
    cards = [Card(paper_id=paper.id, html=f"<p>{paper.id}</p>", text="") for paper in both]
    with two.write() as conn:
        editions.add_cards(conn, edition.id, cards)
    merge(two)
    with two.read() as conn:
        assert [c.paper_id for c in editions.candidates_of(conn, edition.id)] == [KEPT]
        assert editions.cards_of(conn, edition.id, [KEPT])[KEPT].html == "<p>1</p>"


def test_the_earlier_appearance_at_a_source_is_kept(two: Store) -> None:
    earlier = NOW - timedelta(days=2)
    store_records(two, [make_record(2, appeared_at=earlier)])
    merge(two)
    with two.read() as conn:
        assert library.appearances(conn, [KEPT])[KEPT] == {"arxiv": earlier}


def test_a_search_finds_the_paper_and_no_trace_of_the_other(two: Store) -> None:
    merge(two)
    with two.read() as conn:
        assert [paper.id for paper in library.search(conn, "robots", 9)] == [KEPT]
