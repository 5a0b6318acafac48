"""What people see who look around, and what housekeeping forgets."""

from dataclasses import replace
from datetime import timedelta

import pytest

from digest.core.papers import Reading
from digest.pipeline import analyses, browse, membership
from digest.pipeline.deliver import deliver
from digest.pipeline.housekeeping import HousekeepingReport, housekeeping
from digest.ranking.static_table import StaticTable
from digest.store import ledger
from digest.store.engine import Store
from tests.builders import NOW, make_app, make_record, store_papers, store_records
from tests.fakes import FakeClock, FakeMailer
from tests.pipeline.world import everything, planned

DAY = timedelta(days=1)


def test_what_trends_comes_first_with_where_its_score_comes_from(sqlite_store: Store) -> None:
    voted = make_record(2, readings=(Reading(metric="upvotes", value=40),))
    store_records(sqlite_store, [make_record(1), voted, make_record(3)])
    shown = browse.trending(make_app(sqlite_store), days=7, limit=2)
    assert [one.paper.id for one in shown] == [2, 1]
    assert shown[0].reason == "40 votes on arXiv"
    assert 1 >= shown[0].score > shown[1].score >= 0


def test_the_latest_are_in_the_order_of_their_publication(sqlite_store: Store) -> None:
    old = make_record(1, published_at=NOW - 3 * DAY, appeared_at=NOW - 3 * DAY)
    older = make_record(2, published_at=NOW - 9 * DAY, appeared_at=NOW - 9 * DAY)
    store_records(sqlite_store, [old, older, make_record(3)])
    shown = browse.latest(make_app(sqlite_store), days=7, limit=9)
    assert [one.paper.id for one in shown] == [3, 1]


def test_a_paper_stands_where_the_list_of_what_trends_has_it(sqlite_store: Store) -> None:
    old = make_record(2, published_at=NOW - 9 * DAY, appeared_at=NOW - 9 * DAY)
    new, past = store_records(sqlite_store, [make_record(1), old])
    app = make_app(sqlite_store)
    assert browse.one(app, str(new.id)) == browse.trending(app, days=7, limit=1)[0]
    found = browse.one(app, str(past.id))
    assert found is not None
    assert (found.paper.id, found.score) == (past.id, 0)


@pytest.mark.parametrize("query", ["octopus", "OCTOPUS arms", '"octopus" OR (', "octopus*"])
def test_a_search_finds_what_is_about_its_words_best_first(store: Store, query: str) -> None:
    store_papers(store, 3)
    octopus = make_record(9, title="The octopus", abstract="Eight arms of an octopus.")
    mention = make_record(8, abstract="Robots with eight arms, as an octopus has, and much more.")
    store_records(store, [mention, octopus])
    shown = browse.search(make_app(store), query, limit=5)
    assert shown[0].paper.title == "The octopus"
    assert shown[0].score == 1


@pytest.mark.parametrize(
    "query", ["", "   ", "zebra", "'; DROP TABLE papers; --", "\x00", "é" * 300]
)
def test_a_search_for_what_is_not_there_finds_nothing(store: Store, query: str) -> None:
    store_papers(store, 2)
    assert browse.search(make_app(store), query, limit=5) == []


@pytest.mark.parametrize(
    "query", ["2603.00002", "arXiv:2603.00002v3", " https://arxiv.org/pdf/2603.00002 "]
)
def test_a_search_for_the_name_of_a_paper_finds_that_paper(store: Store, query: str) -> None:
    store_papers(store, 3)
    (shown,) = browse.search(make_app(store), query, limit=5)
    assert (shown.paper.id, shown.score) == (2, 1)


def test_a_number_in_a_search_is_a_word(sqlite_store: Store) -> None:
    store_records(sqlite_store, [make_record(5), make_record(6, title="A game of 1")])
    assert [one.paper.id for one in browse.search(make_app(sqlite_store), "1", limit=5)] == [2]


def test_a_search_for_a_word_that_all_have_puts_first_what_is_about_it(store: Store) -> None:
    about = make_record(9, title="Eels", abstract="Eels eat eels, and other eels.")
    mention = make_record(8, title="Rivers of the north", abstract="They hold trout and eels.")
    store_records(store, [mention, about])
    shown = browse.search(make_app(store), "eels", limit=5)
    assert shown[0].paper.title == "Eels"
    assert shown[1].score < 1


def test_a_search_can_be_of_the_last_days_only(sqlite_store: Store) -> None:
    store_records(sqlite_store, [make_record(1, published_at=NOW - 30 * DAY), make_record(2)])
    app = make_app(sqlite_store)
    assert [one.paper.id for one in browse.search(app, "robots", limit=5, days=7)] == [2]


def test_a_search_finds_what_has_other_words_for_the_same(
    store: Store, shipped: StaticTable
) -> None:
    store_papers(store, 30)
    app = replace(make_app(store), table=lambda: shipped)
    assert browse.search(app, "weather forecasts", limit=5) == []
    monsoon = make_record(
        90,
        title="When the monsoon comes",
        abstract="Rain and temperature of the coming season, from atmospheric pressure at sea.",
        published_at=NOW - 3 * DAY,
    )
    store_records(store, [monsoon])
    analyses.catch_up(store)
    (shown,) = browse.search(app, "weather forecasts", limit=5)
    assert shown.paper.title == "When the monsoon comes"
    assert browse.search(app, "weather forecasts", limit=5, days=1) == []
    store_records(store, [replace(monsoon, title="A game of chess", abstract="Rooks and knights.")])
    analyses.catch_up(store)
    assert browse.search(app, "weather forecasts", limit=5) == []


@pytest.mark.parametrize("name", ["1", "2603.00001", "arXiv:2603.00001v2"])
def test_a_paper_is_found_by_any_of_its_names(sqlite_store: Store, name: str) -> None:
    store_papers(sqlite_store, 1)
    found = browse.one(make_app(sqlite_store), name)
    assert found is not None
    assert found.paper.id == 1
    assert browse.one(make_app(sqlite_store), "2603.99999") is None


def test_readings_are_told_in_the_order_of_their_time(sqlite_store: Store) -> None:
    for hours, votes in ((0, 3), (5, 9)):
        record = make_record(1, readings=(Reading(metric="upvotes", value=votes),))
        (paper,) = store_records(sqlite_store, [record], NOW + timedelta(hours=hours))
    assert browse.latest_readings(paper) == {"upvotes": 9}
    assert browse.series(paper) == {("arxiv", "upvotes"): [(NOW, 3), (NOW + timedelta(hours=5), 9)]}


# --- housekeeping ---------------------------------------------------------------------------------


def test_what_is_past_its_retention_is_forgotten_but_never_that_it_was_sent(store: Store) -> None:
    clock = FakeClock()
    app = make_app(store, clock=clock, mailer=FakeMailer())
    store_records(store, [make_record(1, readings=(Reading(metric="upvotes", value=1),))])
    (delivery,) = planned(app, "ada@a.example")
    deliver(app)
    clock.advance(500 * 86_400)
    report = housekeeping(app)
    assert (report.editions, report.readings) == (1, 1)
    kept = everything(store)
    assert not any(kept[name] for name in ("deliveries", "candidates", "cards", "signals"))
    with store.read() as conn:
        seen = ledger.seen_papers(conn, [delivery.subscriber_id])
    assert seen[delivery.subscriber_id] == {1, 2, 3}


def test_housekeeping_twice_finds_nothing_the_second_time(sqlite_store: Store) -> None:
    clock = FakeClock()
    app = make_app(sqlite_store, clock=clock)
    membership.request_subscription(app, "ada@a.example", (), membership.Origin(via="web"))
    clock.advance(8 * 86_400)
    assert housekeeping(app).unconfirmed == 1
    assert housekeeping(app) == HousekeepingReport(resumed=0, unconfirmed=0, editions=0, readings=0)
    assert everything(sqlite_store)["attempts"] == []
