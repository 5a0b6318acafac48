"""Papers taken apart and made one by hand: everything goes where it belongs, and stays there."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.core.dedupe import plan
from digest.core.identifiers import ARXIV, DOI, Identifier, PaperId
from digest.core.interests import InterestKind
from digest.core.papers import Paper, Provenance, Reading, SourceRecord
from digest.store import checks, corrections, ledger, library, origins, outbox, papers, subscribers
from digest.store.engine import Store
from digest.store.tables import metadata, rulings
from tests.builders import (
    NOW,
    make_interest,
    make_new_delivery,
    make_planned,
    make_record,
    store_papers,
    store_records,
    store_subscriber,
)

PREPRINT, PRINTED = Identifier(ARXIV, "2603.00001"), Identifier(DOI, "10.1/x")
LATER = NOW + timedelta(hours=6)


def votes(value: float) -> tuple[Reading, ...]:
    return (Reading(metric="upvotes", value=value),)


ARXIV_SAYS = make_record(authority=90, readings=votes(3))
JOURNAL_SAYS = make_record(
    source="journal",
    authority=30,
    ids=(PRINTED,),
    title="Gaits of old robots in print",
    abstract="In print all is said otherwise.",
    authors=("Eva Fox",),
    venue="Gaits",
    url="https://journal.example/x",
    published_at=NOW - timedelta(days=3),
    appeared_at=NOW - timedelta(days=2),
    readings=votes(7),
)
BOTH = replace(ARXIV_SAYS, ids=(PREPRINT, PRINTED))


def one_paper(store: Store) -> Paper:
    """A journal's article and a preprint, joined by hand."""
    store_records(store, [ARXIV_SAYS])
    store_records(store, [JOURNAL_SAYS])
    return merge(store, 1, 2)


def merge(store: Store, *ids: int) -> Paper:
    with store.write() as conn:
        corrections.join(conn, [PaperId(key) for key in ids])
    return paper(store, ids[0])


def split(store: Store, key: int, *names: Identifier) -> tuple[Paper, Paper]:
    """What stays and what was taken out."""
    with store.write() as conn:
        new = corrections.split(conn, PaperId(key), names, LATER)
    return paper(store, key), paper(store, new)


def paper(store: Store, key: int) -> Paper:
    with store.read() as conn:
        (found,) = library.by_ids(conn, [key])
    return found


def shows(found: Paper, record: SourceRecord) -> bool:
    names = ("title", "abstract", "authors", "venue", "url", "published_at", "categories")
    return all(getattr(found, name) == getattr(record, name) for name in names)


def fetch(store: Store, *records: SourceRecord, now: datetime = LATER) -> None:
    with store.write() as conn:
        papers.apply(conn, plan(records, papers.known(conn, records)), now)


# --- merging --------------------------------------------------------------------------------------


def test_a_merged_paper_shows_the_better_and_keeps_the_other_under_its_source(
    store: Store,
) -> None:
    found = one_paper(store)
    assert (found.title, found.venue) == (ARXIV_SAYS.title, "Gaits")
    assert found.provenance["venue"] == Provenance(source="journal", authority=30)
    with store.read() as conn:
        said = origins.load(conn, [found.id])[found.id]
    assert said["journal"].fields == {
        name: getattr(JOURNAL_SAYS, name)
        for name in ("title", "abstract", "authors", "published_at", "url")
    }
    assert said["arxiv"].fields == {}


def test_what_has_more_authority_is_shown_whichever_row_stays(store: Store) -> None:
    store_records(store, [ARXIV_SAYS])
    store_records(store, [JOURNAL_SAYS])
    found = merge(store, 2, 1)
    assert (found.id, found.title) == (2, ARXIV_SAYS.title)
    fetch(store, replace(ARXIV_SAYS, ids=(Identifier(ARXIV, "2603.7"),), readings=()))
    with store.read() as conn:  # its title is what later records are compared with
        assert library.count(conn) == 2


def test_papers_of_two_preprints_are_merged_and_either_is_fetched_into_the_one_row(
    store: Store,
) -> None:
    store_papers(store, 2)
    merge(store, 1, 2)
    fetch(store, make_record(1), make_record(2))
    fetch(store, make_record(2))
    with store.read() as conn:
        assert library.count(conn) == 1
    assert len(paper(store, 1).ids) == 2


def test_two_preprints_of_one_source_are_taken_apart_with_their_own_words(store: Store) -> None:
    store_papers(store, 2)
    merge(store, 1, 2)
    stays, out = split(store, 1, *make_record(2).ids)
    assert shows(stays, make_record(1))
    assert shows(out, make_record(2))
    assert (stays.sources, out.sources) == (("arxiv",), ("arxiv",))


def test_a_like_by_number_follows_its_paper_and_is_not_doubled(store: Store) -> None:
    store_papers(store, 2)
    likes = [make_interest(value, InterestKind.LIKE) for value in ("2", "2603.00002")]
    both = [make_interest(value, InterestKind.LIKE) for value in ("1", "2")]
    one, two = (store_subscriber(store, n, wishes=w).id for n, w in ((1, likes), (2, both)))
    merge(store, 1, 2)
    with store.read() as conn:
        found = subscribers.many(conn, [one, two])
    assert [i.value for i in found[one].interests] == ["1", "2603.00002"]
    assert [i.value for i in found[two].interests] == ["1"]


# --- taking apart ---------------------------------------------------------------------------------


def test_each_part_shows_what_its_own_source_says(store: Store) -> None:
    one_paper(store)
    stays, out = split(store, 1, PRINTED)
    assert shows(stays, ARXIV_SAYS)
    assert shows(out, JOURNAL_SAYS)
    assert {p.source for p in stays.provenance.values()} == {"arxiv"}
    assert {p.source for p in out.provenance.values()} == {"journal"}
    with store.read() as conn:
        said = origins.load(conn, [stays.id, out.id])
    assert [o.fields for found in said.values() for o in found.values()] == [{}, {}]
    assert said[out.id]["journal"].ids == [str(PRINTED)]


def test_the_part_that_gave_the_fields_may_go_as_well(store: Store) -> None:
    one_paper(store)
    stays, out = split(store, 1, PREPRINT)
    assert shows(stays, JOURNAL_SAYS)
    assert shows(out, ARXIV_SAYS)


def test_signals_and_appearances_go_with_their_source(store: Store) -> None:
    one_paper(store)
    stays, out = split(store, 1, PRINTED)
    assert [signal.value for signal in stays.signals] == [3]
    assert [signal.value for signal in out.signals] == [7]
    with store.read() as conn:
        assert library.appearances(conn, [stays.id, out.id]) == {
            stays.id: {"arxiv": ARXIV_SAYS.appeared_at},
            out.id: {"journal": JOURNAL_SAYS.appeared_at},
        }


def test_a_source_that_named_both_stays_with_its_preprint(store: Store) -> None:
    store_records(store, [JOURNAL_SAYS])
    with store.write() as conn:  # a link that arXiv got wrong
        corrections.join(conn, [PaperId(1)])
        papers.apply(
            conn, plan([replace(BOTH, title=JOURNAL_SAYS.title)], papers.known(conn, [BOTH])), NOW
        )
    stays, out = split(store, 1, PREPRINT)
    assert (stays.sources, out.sources) == (("journal",), ("arxiv",))
    assert shows(stays, JOURNAL_SAYS)


def test_what_the_only_source_has_read_goes_with_its_preprint(store: Store) -> None:
    store_records(store, [BOTH])
    stays, goes = split(store, 1, PREPRINT)
    assert [signal.value for signal in goes.signals] == [3]
    assert stays.signals == ()
    fetch(store, replace(ARXIV_SAYS, readings=votes(5)))
    assert [signal.value for signal in paper(store, goes.id).signals] == [3, 5]


def test_a_part_that_no_source_goes_with_gives_way_to_whoever_speaks_of_it(store: Store) -> None:
    store_records(store, [BOTH])
    stays, out = split(store, 1, PRINTED)
    assert (stays.title, out.title) == (ARXIV_SAYS.title, ARXIV_SAYS.title)
    assert (stays.sources, out.sources) == (("arxiv",), ("arxiv",))
    assert [signal.value for signal in stays.signals] == [3]
    fetch(store, JOURNAL_SAYS)
    assert paper(store, out.id).title == JOURNAL_SAYS.title
    assert paper(store, stays.id).title == ARXIV_SAYS.title


def test_the_ledger_stays_with_the_paper_that_was_mailed(store: Store) -> None:
    one_paper(store)
    reader = store_subscriber(store).id
    with store.write() as conn:
        outbox.enqueue(conn, [make_new_delivery(reader, papers=(make_planned(1),))], NOW)
    split(store, 1, PRINTED)
    with store.read() as conn:
        assert ledger.seen_papers(conn, [reader]) == {reader: {PaperId(1)}}


def test_a_search_finds_either_part_by_its_own_words(store: Store) -> None:
    one_paper(store)
    stays, out = split(store, 1, PRINTED)
    with store.read() as conn:
        assert [found.id for found in library.search(conn, "gaits", 9)] == [out.id]
        assert [found.id for found in library.search(conn, "planner", 9)] == [stays.id]


def test_rows_of_before_are_taken_apart_as_far_as_they_can_tell(store: Store) -> None:
    entry = Identifier("feed:blog", "1")
    store_records(store, [ARXIV_SAYS])
    store_records(store, [replace(JOURNAL_SAYS, source="feeds.blog", ids=(entry,))])
    merge(store, 1, 2)
    with store.write() as conn:
        conn.execute(sa.text("UPDATE paper_sources SET ids = '[]', fields = '{}', given = 0"))
    stays, out = split(store, 1, entry)
    assert (stays.sources, out.sources) == (("arxiv",), ("feeds.blog",))
    assert (out.title, out.abstract, out.venue) == (ARXIV_SAYS.title, "", "Gaits")
    assert (stays.abstract, stays.venue) == (ARXIV_SAYS.abstract, "")


# --- it sticks ------------------------------------------------------------------------------------

TWIN = replace(
    JOURNAL_SAYS, **{n: getattr(ARXIV_SAYS, n) for n in ("title", "abstract", "authors")}
)


@pytest.mark.parametrize(
    "again",
    [BOTH, replace(BOTH, ids=(PRINTED, PREPRINT), source="votes"), TWIN, ARXIV_SAYS],
    ids=["names both", "names both the other way round", "same title", "refetch"],
)
def test_what_was_taken_apart_is_not_joined_again(store: Store, again: SourceRecord) -> None:
    store_records(store, [ARXIV_SAYS])
    store_records(store, [TWIN])  # the same title: one paper
    assert len(paper(store, 1).ids) == 2
    stays, out = split(store, 1, PRINTED)
    fetch(store, again, now=LATER + timedelta(hours=1))
    fetch(store, again, ARXIV_SAYS, TWIN, now=LATER + timedelta(hours=2))
    assert (paper(store, stays.id).ids, paper(store, out.id).ids) == ((PREPRINT,), (PRINTED,))


def test_a_record_that_names_both_goes_to_the_paper_of_its_arxiv_id(store: Store) -> None:
    one_paper(store)
    stays, out = split(store, 1, PRINTED)
    fetch(store, replace(BOTH, ids=(PRINTED, PREPRINT), readings=votes(9)))
    assert [signal.value for signal in paper(store, stays.id).signals] == [3, 9]
    entry = Identifier("feed:x", "1")
    fetch(store, make_record(source="x", ids=(PRINTED, entry), title="Another"))
    assert entry in paper(store, out.id).ids


def test_a_record_without_a_home_does_not_join_by_title_what_it_was_ruled_apart_from(
    store: Store,
) -> None:
    one_paper(store)
    split(store, 1, PRINTED)
    other = replace(ARXIV_SAYS, ids=(Identifier(ARXIV, "2603.00009"), PRINTED), source="votes")
    fetch(store, other)
    assert paper(store, 1).ids == (PREPRINT,)


def test_a_merge_takes_the_ruling_back(store: Store) -> None:
    one_paper(store)
    _, out = split(store, 1, PRINTED)
    merge(store, 1, out.id)
    fetch(store, BOTH, JOURNAL_SAYS)
    with store.read() as conn:
        assert library.count(conn) == 1
        assert conn.execute(sa.select(rulings)).all() == []
    assert split(store, 1, PRINTED)[1].title == JOURNAL_SAYS.title


def test_a_failure_halfway_leaves_everything_as_it_was(store: Store) -> None:
    before = one_paper(store)

    def fail() -> None:
        with store.write() as conn:
            corrections.split(conn, before.id, [PRINTED], LATER)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert paper(store, before.id) == before
    with store.read() as conn:
        assert library.count(conn) == 1


# --- any sequence ---------------------------------------------------------------------------------

NAMES = (*(Identifier(ARXIV, f"2603.0000{n}") for n in "12"), PRINTED, Identifier("feed:x", "1"))
STEPS = st.one_of(
    st.tuples(
        st.just("fetch"),
        st.sampled_from(["arxiv", "journal", "votes"]),
        st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True),
        st.sampled_from([ARXIV_SAYS.title, JOURNAL_SAYS.title]),
    ),
    st.tuples(st.just("split"), st.integers(0, 5), st.integers(1, 14), st.none()),
    st.tuples(st.just("merge"), st.integers(0, 5), st.integers(0, 5), st.none()),
)


class History:
    """Does steps, and knows what must be true after each."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = NOW
        self.named: set[Identifier] = set()
        self.readings: set[tuple[str, datetime, float]] = set()
        self.apart: set[frozenset[Identifier]] = set()
        with store.write() as conn:
            for table in reversed(metadata.sorted_tables):
                conn.execute(sa.delete(table))

    def papers(self) -> list[Paper]:
        with self.store.read() as conn:
            return sorted(library.latest(conn), key=lambda p: p.id)

    def fetch(self, source: str, ids: Iterable[Identifier], title: str) -> None:
        value = float(len(self.readings))
        record = make_record(source=source, ids=tuple(ids), title=title, readings=votes(value))
        fetch(self.store, record, now=self.now)
        self.named.update(record.ids)
        self.readings.add((source, self.now, value))

    def split(self, place: int, bits: int) -> None:
        if not (found := self.papers()):
            return
        whole = found[place % len(found)]
        out = [name for n, name in enumerate(whole.ids) if bits >> n & 1]
        if 0 < len(out) < len(whole.ids):
            split(self.store, whole.id, *out)
            left = set(whole.ids) - set(out)
            self.apart |= {frozenset((one, other)) for one in out for other in left}

    def merge(self, place: int, other_place: int) -> None:
        if not (found := self.papers()):
            return
        one, other = found[place % len(found)], found[other_place % len(found)]
        if one != other:
            merge(self.store, one.id, other.id)
            self.apart -= {frozenset((a, b)) for a in one.ids for b in other.ids}

    def check(self) -> None:
        found = self.papers()
        home = {name: p.id for p in found for name in p.ids}
        assert sum(len(p.ids) for p in found) == len(home)
        assert home.keys() == self.named
        assert all(p.sources and p.title for p in found)
        kept = {(s.source, s.at, s.value) for p in found for s in p.signals}
        assert kept == self.readings
        for one, other in map(tuple, self.apart):
            assert home[one] != home[other]
        assert checks.problems(self.store) == []


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=12))
def test_any_sequence_of_fetches_and_corrections_loses_nothing_and_sticks(
    store: Store,
    steps: list[tuple],  # type: ignore[type-arg]
) -> None:
    history = History(store)
    for what, one, two, three in steps:
        history.now += timedelta(hours=1)
        match what:
            case "fetch":
                history.fetch(one, two, three)
            case "split":
                history.split(one, two)
            case "merge":
                history.merge(one, two)
        history.check()
