"""Papers as they come in: new, known, better described, and of several rows made one."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from digest.core.dedupe import Group, plan
from digest.core.identifiers import ARXIV, DOI, Identifier, PaperId
from digest.core.papers import Provenance, Reading, Signal, SourceRecord
from digest.store import library, papers, signals, tables
from digest.store.engine import Store
from digest.store.papers import StoredCounts
from tests.builders import NOW, make_record, store_records

LATER = NOW + timedelta(hours=6)


def store_counted(store: Store, *records: SourceRecord, now: datetime = NOW) -> StoredCounts:
    with store.write() as conn:
        return papers.apply(conn, plan(records, papers.known(conn, records)), now)


def test_a_new_paper_is_stored_as_its_record_says(store: Store) -> None:
    record = make_record(venue="RSS 2026", summary="Robots fall less.")
    (paper,) = store_records(store, [record])
    for name in ("title", "abstract", "authors", "url", "categories", "venue", "summary", "ids"):
        assert getattr(paper, name) == getattr(record, name)
    assert (paper.published_at, paper.first_seen_at) == (record.published_at, NOW)
    assert paper.sources == ("arxiv",)


def test_papers_are_numbered_in_the_order_of_a_page_and_no_number_is_given_twice(
    store: Store,
) -> None:
    ours, theirs, other = store_records(store, [make_record(n) for n in (3, 1, 2)])
    assert ours.id < theirs.id < other.id
    with store.write() as conn:
        conn.execute(sa.delete(tables.papers).where(tables.papers.c.id == other.id))
    (new,) = store_records(store, [make_record(4)])
    assert new.id > other.id


def test_a_page_is_counted_and_a_second_time_changes_nothing(store: Store) -> None:
    records = [make_record(n) for n in (1, 2, 3)]
    assert store_counted(store, *records) == StoredCounts(new=3)
    assert store_counted(store, *records, now=LATER) == StoredCounts()


def test_records_of_one_page_that_are_one_paper_make_one_row(store: Store) -> None:
    other = make_record(1, source="huggingface", authority=5)
    assert store_counted(store, make_record(1), other) == StoredCounts(new=1)
    with store.read() as conn:
        (paper,) = library.latest(conn)
    assert paper.sources == ("arxiv", "huggingface")


def test_a_second_source_fills_what_the_first_left_empty_and_overrules_nothing(
    store: Store,
) -> None:
    store_records(store, [make_record()])
    lesser = make_record(source="votes", authority=1, title="walking robots", code_url="https://x/")
    (paper,) = store_records(store, [lesser])
    assert (paper.title, paper.code_url) == (make_record().title, "https://x/")
    assert paper.provenance["title"] == Provenance(source="arxiv", authority=10)
    assert paper.provenance["code_url"] == Provenance(source="votes", authority=1)


def test_a_source_of_more_authority_overrules(store: Store) -> None:
    store_records(store, [make_record(source="votes", authority=1, title="walking robots")])
    (paper,) = store_records(store, [make_record()])
    assert paper.title == make_record().title


def test_a_later_version_corrects_and_an_earlier_one_does_not(store: Store) -> None:
    store_records(store, [make_record(version=2, abstract="The second wording.")])
    (paper,) = store_records(store, [make_record(version=1, abstract="The first wording.")])
    assert paper.abstract == "The second wording."
    (paper,) = store_records(store, [make_record(version=3, abstract="The third wording.")])
    assert paper.abstract == "The third wording."


def test_a_later_version_is_no_new_appearance(store: Store) -> None:
    first = make_record(version=1)
    store_records(store, [first])
    (paper,) = store_records(store, [make_record(version=2, appeared_at=LATER)], LATER)
    with store.read() as conn:
        assert library.appearances(conn, [paper.id])[paper.id] == {"arxiv": first.appeared_at}


def test_an_earlier_appearance_that_is_learnt_late_counts(store: Store) -> None:
    earlier = NOW - timedelta(days=3)
    store_records(store, [make_record()])
    (paper,) = store_records(store, [make_record(appeared_at=earlier)], LATER)
    with store.read() as conn:
        assert library.appearances(conn, [paper.id])[paper.id] == {"arxiv": earlier}


def test_a_corrected_title_is_what_later_records_are_compared_with(store: Store) -> None:
    store_records(store, [make_record(version=1)])
    title = "Machines that stroll without a fall on ice"
    store_records(store, [make_record(version=2, title=title)])
    journal = make_record(source="journal", ids=(Identifier(DOI, "10.1/strolls"),), title=title)
    assert store_counted(store, journal).new == 0


def test_a_text_that_is_all_signs_is_kept(store: Store) -> None:
    (paper,) = store_records(store, [make_record(title="∞ → ∅ 🤖", abstract="'; --\\ %s :x")])
    assert (paper.title, paper.abstract) == ("∞ → ∅ 🤖", "'; --\\ %s :x")


# --- signals --------------------------------------------------------------------------------------


def votes(number: float) -> SourceRecord:
    return make_record(source="votes", readings=(Reading(metric="upvotes", value=number),))


def test_readings_are_appended_in_the_order_of_time(store: Store) -> None:
    store_records(store, [votes(3)])
    (paper,) = store_records(store, [votes(2)], LATER)
    assert paper.signals == (
        Signal(source="votes", metric="upvotes", at=NOW, value=3),
        Signal(source="votes", metric="upvotes", at=LATER, value=2),
    )


def test_a_reading_is_never_overwritten(store: Store) -> None:
    store_records(store, [votes(3)])
    (paper,) = store_records(store, [votes(9)])
    assert [signal.value for signal in paper.signals] == [3]


def test_old_readings_are_forgotten(store: Store) -> None:
    store_records(store, [votes(3)])
    (paper,) = store_records(store, [votes(4)], LATER)
    with store.write() as conn:
        assert signals.forget(conn, LATER) == 1
        assert [signal.value for signal in library.signals_of(conn, [paper.id])[paper.id]] == [4]


# --- what is known --------------------------------------------------------------------------------


def test_what_shares_an_identifier_or_the_start_of_a_title_is_known(store: Store) -> None:
    by_id, by_title, _ = store_records(
        store, [make_record(1), make_record(2), make_record(3, title="Nothing alike at all")]
    )
    title = make_record(2).title.upper()
    asked = [make_record(1), make_record(9, ids=(Identifier(DOI, "10.1/nine"),), title=title)]
    with store.read() as conn:
        known = papers.known(conn, asked)
    assert [paper.id for paper in known] == [by_id.id, by_title.id]
    assert known[0].ids == frozenset({Identifier(ARXIV, "2603.00001")})


def test_a_title_alone_makes_no_paper_known_that_has_another_identifier_of_the_kind(
    store: Store,
) -> None:
    store_records(store, [make_record(1)])
    with store.read() as conn:
        assert papers.known(conn, [make_record(2, title=make_record(1).title)]) == []


def test_an_identifier_stays_with_the_paper_that_had_it_first(store: Store) -> None:
    issue = Identifier(DOI, "10.1/a-whole-issue")
    store_records(store, [make_record(1, ids=(*make_record(1).ids, issue))])
    (second,) = store_records(store, [make_record(2, ids=(*make_record(2).ids, issue))])
    assert issue not in second.ids


@pytest.mark.parametrize("number", [0, 1])
def test_storing_no_or_one_group_is_nothing_special(store: Store, number: int) -> None:
    groups = [Group(known=(), records=(make_record(),), why="new")][:number]
    with store.write() as conn:
        assert papers.apply(conn, groups, NOW).new == number
        rows = conn.execute(sa.text("SELECT count(*) FROM papers")).scalar_one()
    assert rows == number


def test_two_rows_become_one_when_a_record_names_both(store: Store) -> None:
    store_records(store, [make_record(1)])
    journal = make_record(
        2, source="journal", ids=(Identifier(DOI, "10.1/x"),), title="Another name in print"
    )
    store_records(store, [journal])
    both = make_record(1, ids=(*make_record(1).ids, Identifier(DOI, "10.1/x")))
    assert store_counted(store, both).merged == 1
    with store.read() as conn:
        assert library.count(conn) == 1
        (paper,) = library.latest(conn)
    assert (paper.id, paper.ids) == (PaperId(1), both.ids)
    assert paper.sources == ("arxiv", "journal")


def test_a_record_of_an_old_version_does_not_make_the_paper_older(store: Store) -> None:
    for version in (3, 1):
        store_records(store, [make_record(1, version=version)])
    with store.read() as conn:
        assert conn.scalar(sa.select(tables.paper_sources.c.version)) == 3
