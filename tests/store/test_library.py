"""Papers read back: by name, by time, by what a person types into a search box."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.core.identifiers import ARXIV, Identifier
from digest.core.papers import Reading
from digest.store import library
from digest.store.engine import Store
from tests.builders import NOW, make_record, store_papers, store_records


def titles(store: Store, query: str, limit: int = 10) -> list[str]:
    with store.read() as conn:
        return [paper.title for paper in library.search(conn, query, limit)]


@pytest.fixture
def shelf(store: Store) -> Store:
    store_records(
        store,
        [
            make_record(1, title="Graph networks for molecules", abstract="We predict energy."),
            make_record(2, title="Predicting rain", abstract="Weather, by a graph of stations."),
            make_record(3, title="Röntgen images of teeth", abstract="Nothing to do with others."),
        ],
    )
    return store


# --- search ---------------------------------------------------------------------------------------


def test_a_match_in_the_title_comes_before_one_in_the_abstract(shelf: Store) -> None:
    assert titles(shelf, "graph")[0] == "Graph networks for molecules"
    assert len(titles(shelf, "graph")) == 2


def test_a_search_finds_other_forms_of_a_word(shelf: Store) -> None:
    assert set(titles(shelf, "prediction")) == {"Graph networks for molecules", "Predicting rain"}


def test_a_search_disregards_case(shelf: Store) -> None:
    assert titles(shelf, "RÖNTGEN") == ["Röntgen images of teeth"]


def test_a_search_gives_at_most_what_is_asked_for(shelf: Store) -> None:
    assert len(titles(shelf, "graph", limit=1)) == 1


def test_a_search_of_late_is_not_filled_by_what_is_older(store: Store) -> None:
    old = make_record(1, title="Graph, graph", published_at=NOW - timedelta(days=30))
    store_records(store, [old, make_record(2, title="A graph")])
    with store.read() as conn:
        late = library.search(conn, "graph", 1, since=NOW - timedelta(days=7))
    assert [paper.title for paper in late] == ["A graph"]


def test_a_corrected_title_is_found_and_the_old_one_is_not(shelf: Store) -> None:
    store_records(shelf, [make_record(2, version=2, title="Forecasting hail")])
    assert titles(shelf, "hail") == ["Forecasting hail"]
    assert titles(shelf, "rain") == []


@pytest.mark.parametrize(
    "query",
    [
        *("", " ", "'", '"', '""', "''", "*", "(", ")", "-", "_", "__ _", ":", "\x00", "\\", "%"),
        *("AND", "OR NOT", "NEAR(graph, 2)", "title:graph", "graph*", "graph AND", "^graph"),
        *("'; DROP TABLE papers; --", "a & b | !c <-> d", "graph:*", "🤖", "\ud800", "²", "ﬁ"),
        pytest.param("word " * 3_000, id="many words"),
        pytest.param("x" * 100_000, id="one long word"),
    ],
)
def test_a_hostile_query_is_only_words_that_match_or_do_not(shelf: Store, query: str) -> None:
    assert len(titles(shelf, query)) <= 3
    assert titles(shelf, "teeth " + query)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text(max_size=40))
def test_no_query_breaks_a_search(shelf: Store, query: str) -> None:
    titles(shelf, query)


# --- reading --------------------------------------------------------------------------------------


def test_papers_come_in_the_order_asked_for_and_unknown_ones_are_left_out(store: Store) -> None:
    store_papers(store, 3)
    with store.read() as conn:
        assert [paper.id for paper in library.by_ids(conn, [3, 99, 1])] == [3, 1]


def test_papers_can_be_read_without_their_signals(store: Store) -> None:
    (paper,) = store_records(store, [make_record(readings=(Reading(metric="stars", value=3),))])
    with store.read() as conn:
        assert library.by_ids(conn, [paper.id], signals=False) == [replace(paper, signals=())]
    assert [signal.value for signal in paper.signals] == [3]


@pytest.mark.parametrize(
    "name", ["1", " 1 ", "2603.00001", "arXiv:2603.00001v2", "https://arxiv.org/abs/2603.00001"]
)
def test_a_paper_is_found_by_what_people_call_it(store: Store, name: str) -> None:
    store_papers(store, 1)
    with store.read() as conn:
        found = library.find(conn, name)
    assert found is not None
    assert found.id == 1


@pytest.mark.parametrize(
    "name",
    ["", "7", "9" * 40, "9" * 5_000, "2603.99999", "10.1/none", "no such", "²"],
    ids=range(8),
)
def test_an_unknown_name_is_no_paper(store: Store, name: str) -> None:
    with store.read() as conn:
        assert library.find(conn, name) is None


def test_the_newest_papers_come_first(store: Store) -> None:
    ages = {1: 3, 2: 1, 3: 2}
    store_records(
        store, [make_record(n, published_at=NOW - timedelta(days=d)) for n, d in ages.items()]
    )
    with store.read() as conn:
        assert [paper.id for paper in library.latest(conn)] == [2, 3, 1]
        assert [paper.id for paper in library.latest(conn, limit=1)] == [2]
        since = NOW - timedelta(days=2)
        assert [paper.id for paper in library.latest(conn, since=since)] == [2, 3]


def test_a_window_holds_its_start_and_not_its_end(store: Store) -> None:
    store_records(store, [make_record(1, appeared_at=NOW), make_record(2, appeared_at=NOW)])
    hour = timedelta(hours=1)
    with store.read() as conn:
        assert library.appeared_between(conn, NOW, NOW + hour) == {1: NOW, 2: NOW}
        assert library.appeared_between(conn, NOW - hour, NOW) == {}


def test_a_paper_that_comes_up_at_a_second_source_appeared_then(store: Store) -> None:
    later = NOW + timedelta(days=30)
    store_records(store, [make_record(1, appeared_at=NOW)])
    store_records(store, [make_record(1, source="votes", appeared_at=later)])
    with store.read() as conn:
        found = library.appeared_between(conn, later, later + timedelta(hours=1))
    assert found == {1: later}


def test_more_papers_than_a_statement_can_name_are_read(sqlite_store: Store) -> None:
    store_papers(sqlite_store, 600)
    with sqlite_store.read() as conn:
        papers = library.latest(conn)
        assert len(papers) == 600
        assert len(library.titles_of(conn, [paper.id for paper in papers])) == 600
        assert library.by_identifier(conn, Identifier(ARXIV, "2603.00600")) is not None
