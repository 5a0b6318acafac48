"""Editions: frozen once for everybody, and shown again as they were sent."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from digest.core.editions import Card, EditionId, edition_window
from digest.core.papers import Paper
from digest.store import editions
from digest.store.editions import Candidate
from digest.store.engine import Store
from tests.builders import NOW, TODAY, store_edition, store_papers

DAY = timedelta(days=1)


def candidate(paper: Paper, trend: float) -> Candidate:
    return Candidate(paper_id=paper.id, trend=trend, trend_reason=f"trend {trend}")


def test_a_date_has_one_edition(store: Store) -> None:
    with store.write() as conn:
        editions.create(conn, TODAY, edition_window(TODAY, "UTC", 7))
        first = editions.by_date(conn, TODAY)
        editions.create(conn, TODAY, edition_window(TODAY, "UTC", 1))
        assert editions.by_date(conn, TODAY) == first
        assert editions.by_date(conn, TODAY + DAY) is None
    assert first is not None
    assert first.window == edition_window(TODAY, "UTC", 7)
    with store.read() as conn:
        assert editions.many(conn, [first.id, EditionId(99)]) == {first.id: first}


def test_freezing_again_adds_and_updates_and_takes_nothing_away(store: Store) -> None:
    one, two = store_papers(store, 2)
    edition = store_edition(store)
    with store.write() as conn:
        editions.freeze(conn, edition.id, [candidate(one, 0.2)], missing=["arxiv: late"], now=NOW)
        later = [candidate(two, 0.5), candidate(one, 0.4)]
        editions.freeze(conn, edition.id, later[:1], missing=[], now=NOW + DAY)
        assert editions.candidates_of(conn, edition.id) == [candidate(one, 0.2), later[0]]
        editions.freeze(conn, edition.id, later, missing=[], now=NOW + DAY)
        assert editions.top(conn, edition.id, 1) == [later[0]]
        assert editions.top(conn, edition.id, 9) == later
        frozen = editions.by_date(conn, TODAY)
    assert frozen is not None
    assert (frozen.candidate_count, frozen.missing, frozen.frozen_at) == (2, (), NOW + DAY)


def test_the_newest_edition_is_the_last_that_holds_a_paper(store: Store) -> None:
    papers = store_papers(store, 1)
    assert store_edition(store, TODAY + DAY).candidate_count == 0
    held = store_edition(store, TODAY, papers)
    store_edition(store, TODAY - DAY, papers)
    with store.read() as conn:
        assert editions.newest(conn) == held
        assert [edition.date for edition in editions.latest(conn, 9)] == [TODAY, TODAY - DAY]
        assert editions.latest(conn, 1) == [held]


def test_a_card_stays_as_it_was_first_rendered(store: Store) -> None:
    one, two = store_papers(store, 2)
    edition = store_edition(store, chosen=[one, two])
    first = Card(paper_id=one.id, html="<p>é</p>", text="é")
    with store.write() as conn:
        editions.add_cards(conn, edition.id, [])
        editions.add_cards(conn, edition.id, [first])
        editions.add_cards(conn, edition.id, [Card(paper_id=one.id, html="", text="")])
        assert editions.cards_of(conn, edition.id, [one.id, two.id]) == {one.id: first}
        assert editions.carded(conn, edition.id) == {one.id}


def test_processes_that_add_the_same_cards_do_not_wait_for_each_other(store: Store) -> None:
    papers = store_papers(store, 60)
    first = [Card(paper_id=paper.id, html="", text="") for paper in papers]
    days = [TODAY + DAY * n for n in range(24)]
    keys = [store_edition(store, day).id for day in days]

    def add(cards: list[Card]) -> None:
        for key in keys:
            with store.write() as conn:
                editions.add_cards(conn, key, cards)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(add, cards) for cards in (first, first[::-1])]:
            done.result()

    with store.read() as conn:
        assert all(len(editions.carded(conn, key)) == len(papers) for key in keys)


def test_editions_past_their_retention_go_with_all_that_is_theirs(store: Store) -> None:
    papers = store_papers(store, 1)
    old = store_edition(store, TODAY - DAY, papers)
    kept = store_edition(store, TODAY, papers)
    with store.write() as conn:
        assert editions.forget(conn, TODAY) == 1
        assert editions.candidates_of(conn, old.id) == []
        assert editions.by_date(conn, TODAY) == kept
