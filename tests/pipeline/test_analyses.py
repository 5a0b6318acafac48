"""Texts are analysed once, when they come; editions judge words by the whole store."""

import threading
from dataclasses import replace
from datetime import timedelta

from digest.core.identifiers import PaperId
from digest.core.interests import Interest, InterestKind
from digest.core.subscribers import SubscriberId
from digest.pipeline import corrections
from digest.pipeline.analyses import catch_up
from digest.pipeline.choice import choose
from digest.pipeline.edition import gather
from digest.pipeline.housekeeping import housekeeping
from digest.pipeline.likes import likes_of
from digest.pipeline.refresh import refresh
from digest.ranking.analysis import ANALYSIS_VERSION, analyse
from digest.ranking.likes import analysed
from digest.store import analyses
from digest.store.engine import Store
from tests.builders import (
    NOW,
    TODAY,
    make_app,
    make_interest,
    make_record,
    make_subscriber,
    store_papers,
    store_records,
)
from tests.fakes import FakeSource
from tests.pipeline.test_refresh import page

OLD = NOW - timedelta(days=90)


def lacking(store: Store) -> int:
    with store.read() as conn:
        return analyses.count_lacking(conn, ANALYSIS_VERSION)


def frequency(store: Store, *terms: str) -> list[int]:
    with store.read() as conn:
        found = analyses.frequencies(conn, terms)
    return [found.get(term, 0) for term in terms]


def store_old(store: Store, number: int, title: str) -> None:
    """A paper that is in no edition of these days."""
    store_records(
        store, [replace(make_record(number, title=title, abstract=""), appeared_at=OLD)], OLD
    )


def test_a_fetch_analyses_what_it_stores(store: Store) -> None:
    refresh(make_app(store, sources={"arxiv": FakeSource("arxiv", [page(1, 2), page(2, 3)])}))
    assert lacking(store) == 0
    assert frequency(store, "robot", "") == [3, 3]
    with store.read() as conn:
        kept = analyses.by_ids(conn, [PaperId(1)], ANALYSIS_VERSION)[PaperId(1)]
    record = make_record(1)
    assert kept == analyse(record.title, record.abstract)


def test_a_liked_paper_of_the_store_is_not_analysed_anew(store: Store) -> None:
    refresh(make_app(store, sources={"arxiv": FakeSource("arxiv", [page(1)])}))
    ada = make_subscriber(interests=(Interest(InterestKind.LIKE, "2603.00001"),))
    with store.read() as conn:
        (like,) = likes_of(conn, ada, now=NOW)
    assert isinstance(like.paper.analysis, bytes)
    assert analysed(like.paper) == analyse(like.paper.title, like.paper.abstract)


def test_a_correction_analyses_what_it_changes(sqlite_store: Store) -> None:
    app = make_app(sqlite_store)
    store_old(sqlite_store, 1, "Robots walk")
    store_old(sqlite_store, 2, "Gaits")
    catch_up(sqlite_store)
    corrections.merge(app, "1", ["2"])
    assert frequency(sqlite_store, "", "gait") == [1, 0]
    corrections.split(app, "1", ["2603.00002"])
    assert lacking(sqlite_store) == 0
    assert frequency(sqlite_store, "") == [2]


def test_what_is_left_to_analyse_is_caught_up_with_and_told(sqlite_store: Store) -> None:
    store_papers(sqlite_store, 450)
    told: list[tuple[int, int]] = []
    assert catch_up(sqlite_store, progress=lambda *how_far: told.append(how_far)) == 450
    assert told == [(200, 450), (400, 450), (450, 450)]
    assert catch_up(sqlite_store) == 0


def test_catching_up_ends_when_told_and_goes_on_from_there(sqlite_store: Store) -> None:
    store_papers(sqlite_store, 450)
    stop = threading.Event()
    assert catch_up(sqlite_store, stop=stop, progress=lambda *_: stop.set()) == 200
    assert lacking(sqlite_store) == 250
    housekeeping(make_app(sqlite_store))
    assert lacking(sqlite_store) == 0


def test_an_edition_is_the_same_whether_its_papers_were_analysed_before(
    sqlite_store: Store,
) -> None:
    app = make_app(sqlite_store)
    store_papers(sqlite_store, 20)
    reader = make_subscriber(interests=(make_interest("planners for robots of study 7"),))
    before = choose(app, gather(app, TODAY), [reader])
    catch_up(sqlite_store)
    assert choose(app, gather(app, TODAY), [reader]) == before
    assert before[reader.id]


def test_words_are_as_rare_as_they_are_in_the_whole_store(sqlite_store: Store) -> None:
    app = make_app(sqlite_store)
    for number in range(10, 30):
        store_old(sqlite_store, number, f"Planner {number}")
    store_papers(sqlite_store, 2)
    catch_up(sqlite_store)
    index = gather(app, TODAY).prepared.corpus.index
    assert index.documents == 22  # each paper once, whether it is a candidate or not
    assert (index.frequency("planner"), index.frequency("robot")) == (22, 2)


def test_a_paper_not_analysed_yet_counts_as_well(sqlite_store: Store) -> None:
    store_papers(sqlite_store, 2)
    catch_up(sqlite_store)
    store_papers(sqlite_store, 4)
    index = gather(make_app(sqlite_store), TODAY).prepared.corpus.index
    assert (index.documents, index.frequency("robot")) == (4, 4)


def test_words_that_only_an_interest_has_are_looked_up(sqlite_store: Store) -> None:
    app = make_app(sqlite_store)
    store_old(sqlite_store, 9, "Swimming fish")
    store_papers(sqlite_store, 2)
    catch_up(sqlite_store)
    issue = gather(app, TODAY)
    assert issue.prepared.corpus.index.frequency("fish") == 0
    liked = make_interest("2603.00009", InterestKind.LIKE)
    for wish, term in ((make_interest("fish"), "fish"), (liked, "swim")):
        choose(app, issue, [make_subscriber(interests=(wish,))])
        assert issue.prepared.corpus.index.frequency(term) == 1


def test_an_edition_knows_the_short_forms_of_the_whole_store(store: Store) -> None:
    for number in (1, 2):
        store_old(store, number, f"Natural language processing (NLP), part {number}")
    store_records(store, [make_record(3, title="NLP today", abstract="It is asked for.")])
    catch_up(store)
    app = make_app(store)
    issue = gather(app, TODAY)
    wish = make_interest("natural language processing")
    spared = Interest(InterestKind.EXCLUDE, "natural language processing")
    ada = make_subscriber(1, interests=(wish,))
    ben = replace(make_subscriber(2, interests=(make_interest("NLP"), spared)), id=SubscriberId(2))

    chosen = choose(app, issue, [ada, ben])

    assert [one.paper_id for one in chosen[ada.id]] == [PaperId(3)]
    assert chosen[ben.id] == ()
