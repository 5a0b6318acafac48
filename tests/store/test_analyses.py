"""Analyses are kept with their papers, and the counts of terms are always what they say."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.core.analyses import Analysis, ShortForm, unpack
from digest.core.dedupe import plan
from digest.core.identifiers import ARXIV, DOI, Identifier, PaperId
from digest.store import analyses, checks, corrections, library, papers
from digest.store.engine import Store
from digest.store.tables import metadata, rulings, term_counts
from tests.builders import NOW, make_record, store_records

NOBODY_ASKS = "x" * 65


def analysis(text: str) -> Analysis:
    """Of a text in which each word of capitals is short for itself."""
    return Analysis(
        counts=Counter(text.casefold().split()),
        phrases=text.casefold(),
        short_forms=tuple(
            ShortForm(word, word.casefold())
            for word in dict.fromkeys(text.split())
            if word.isupper()
        ),
    )


def settle(store: Store, version: int = 1, limit: int = 99) -> int:
    """Analyses what lacks it, by the words as they stand; how many papers."""
    with store.write() as conn:
        texts = analyses.lacking(conn, version, limit)
        analyses.settle(conn, {text.paper_id: analysis(text.title) for text in texts}, version)
    return len(texts)


def counts(store: Store) -> dict[str, int]:
    with store.read() as conn:
        return {row.term: row.papers for row in conn.execute(sa.select(term_counts))}


def recounted(store: Store) -> dict[str, int]:
    """The counts as they follow from the analyses that there are."""
    found: Counter[str] = Counter()
    with store.read() as conn:
        for payload in conn.scalars(sa.select(analyses.analyses.c.payload)):
            if payload:
                found.update(counted(unpack(payload)))
    return dict(found)


def counted(one: Analysis) -> list[str]:
    terms = (*one.counts, *(f"({short}) {long}" for short, long in one.short_forms))
    return ["", *(term for term in terms if len(term) <= 64)]


def retitled(number: int, title: str, authority: int = 50):  # type: ignore[no-untyped-def]
    return make_record(number, title=title, source="better", authority=authority)


def test_a_short_form_is_told_where_enough_papers_introduce_it(store: Store) -> None:
    store_records(store, [make_record(1, title="LLM"), make_record(2, title="LLM GAN")])
    settle(store)

    with store.read() as conn:
        assert analyses.short_forms(conn, 2) == {ShortForm("LLM", "llm"): 2}
        assert analyses.short_forms(conn, 1).keys() == {
            ShortForm("LLM", "llm"),
            ShortForm("GAN", "gan"),
        }


def test_a_new_paper_waits_to_be_analysed_and_is_then_counted(store: Store) -> None:
    store_records(store, [make_record(1, title="Robots walk"), make_record(2, title="Robots")])
    with store.read() as conn:
        assert analyses.count_lacking(conn, 1) == 2
        assert analyses.by_ids(conn, [PaperId(1)], 1) == {}
    assert settle(store) == 2
    assert counts(store) == {"": 2, "robots": 2, "walk": 1}
    with store.read() as conn:
        assert analyses.count_lacking(conn, 1) == 0
        assert analyses.by_ids(conn, [PaperId(2), PaperId(9)], 1) == {2: analysis("robots")}
        assert analyses.frequencies(conn, ["walk", "swim"]) == {"walk": 1}
        assert analyses.count(conn) == 2


def test_a_changed_title_is_analysed_again_and_the_old_one_no_longer_counted(store: Store) -> None:
    store_records(store, [make_record(title="Robots walk")])
    settle(store)
    store_records(store, [retitled(1, "Robots swim")])
    with store.read() as conn:
        assert analyses.by_ids(conn, [PaperId(1)], 1) == {}  # it is not what the paper says now
    assert settle(store) == 1
    assert counts(store) == {"": 1, "robots": 1, "swim": 1}


def test_what_says_nothing_new_of_a_text_leaves_its_analysis(store: Store) -> None:
    store_records(store, [make_record()])
    settle(store)
    store_records(store, [replace(make_record(), venue="Gaits", authority=50)])
    with store.read() as conn:
        assert analyses.count_lacking(conn, 1) == 0


def test_the_newest_papers_come_first_and_as_many_as_are_wanted(store: Store) -> None:
    store_records(store, [make_record(n, title=f"t{n}") for n in range(1, 6)])
    assert settle(store, limit=2) == 2
    assert counts(store) == {"": 2, "t4": 1, "t5": 1}
    assert settle(store) == 3


def test_the_papers_stored_last_have_marks_that_change_with_their_texts(store: Store) -> None:
    store_records(store, [make_record(n) for n in range(1, 5)])
    with store.read() as conn:
        assert analyses.marks(conn, 1, 9) == {}
    settle(store)
    with store.read() as conn:
        before = analyses.marks(conn, 1, 3)
        assert list(before) == [4, 3, 2]
        assert analyses.marks(conn, 2, 3) == {}
    store_records(store, [make_record(5), make_record(4, title="Swimming robots")])
    settle(store)
    with store.read() as conn:
        after = analyses.marks(conn, 1, 3)
    assert list(after) == [5, 4, 3]
    assert after[PaperId(4)] != before[PaperId(4)]
    assert after[PaperId(3)] == before[PaperId(3)]


def test_a_newer_version_replaces_what_there_is(store: Store) -> None:
    store_records(store, [make_record(title="Robots")])
    settle(store)
    assert settle(store, version=2) == 1
    assert settle(store, version=2) == 0
    with store.read() as conn:
        assert list(analyses.by_ids(conn, [PaperId(1)], 2)) == [1]
        assert analyses.by_ids(conn, [PaperId(1)], 1) == {}
    assert counts(store) == {"": 1, "robots": 1}


def test_two_papers_made_one_count_once(store: Store) -> None:
    store_records(store, [make_record(1, title="Robots walk")])
    store_records(store, [make_record(2, title="Robots swim")])
    settle(store)
    with store.write() as conn:
        corrections.join(conn, [PaperId(1), PaperId(2)])
    settle(store)
    assert counts(store) == {"": 1, "robots": 1, "walk": 1}


def test_a_paper_deleted_by_whatever_means_no_longer_counts_once_settled(store: Store) -> None:
    store_records(store, [make_record(1, title="Robots")])
    settle(store)
    with store.write() as conn:
        conn.execute(sa.delete(analyses.papers))
    assert counts(store) == recounted(store) == {"": 1, "robots": 1}
    settle(store)
    assert counts(store) == {"": 0}


def test_a_word_of_any_length_can_be_analysed(store: Store) -> None:
    store_records(store, [make_record(title=f"Robots {NOBODY_ASKS} {'y' * 64}")])
    settle(store)
    assert counts(store) == {"": 1, "robots": 1, "y" * 64: 1}
    with store.read() as conn:
        assert NOBODY_ASKS in analyses.by_ids(conn, [PaperId(1)], 1)[PaperId(1)].counts


def test_nothing_is_written_when_there_is_nothing_to_settle(store: Store) -> None:
    settle(store)
    assert counts(store) == {}


def test_an_analysis_that_breaks_off_leaves_everything_as_it_was(store: Store) -> None:
    store_records(store, [make_record(title="Robots")])

    def fail() -> None:
        with store.write() as conn:
            analyses.settle(conn, {PaperId(1): analysis("other")}, 1)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert counts(store) == {}
    assert settle(store) == 1


def test_those_who_settle_at_once_take_turns_and_lose_no_count(store: Store) -> None:
    """A fetch, a catching up and corrections may do so, on PostgreSQL at the same time."""

    def store_and_settle(worker: int) -> None:
        for page in range(4):
            numbers = [100 * worker + 10 * page + n for n in range(5)]
            words = [f"w{(n * step) % 40}" for step in (worker, 7) for n in range(40)]
            records = [make_record(n, title=f"study {n} " + " ".join(words)) for n in numbers]
            store_records(store, records)
            settle(store, limit=7)

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(store_and_settle, worker) for worker in range(1, 5)]:
            done.result()
    while settle(store):
        pass
    assert counts(store) == recounted(store)
    assert counts(store)[""] == 80


# --- any sequence ---------------------------------------------------------------------------------

TITLES = ("Robots walk", "Robots swim far", "Gaits", "Gaits of ROBOTS that swim")
NAMES = (*(Identifier(ARXIV, f"2603.0000{n}") for n in "123"), Identifier(DOI, "10.1/x"))
STEPS = st.one_of(
    st.tuples(
        st.just("fetch"),
        st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True),
        st.sampled_from(TITLES),
        st.integers(1, 99),
    ),
    st.tuples(st.just("merge"), st.integers(0, 5), st.integers(0, 5), st.none()),
    st.tuples(st.just("split"), st.integers(0, 5), st.none(), st.none()),
    st.tuples(st.just("delete"), st.integers(0, 5), st.none(), st.none()),
    st.tuples(st.just("settle"), st.integers(1, 3), st.integers(1, 2), st.none()),
)


def do(store: Store, step: tuple) -> None:  # type: ignore[type-arg]
    what, one, two, three = step
    with store.read() as conn:
        found = sorted(library.latest(conn), key=lambda paper: paper.id)
    if what == "settle":
        settle(store, version=two, limit=one)
        return
    with store.write() as conn:
        if what == "fetch":
            source = make_record(source=f"s{three % 3}", ids=tuple(one), title=two, authority=three)
            papers.apply(conn, plan([source], papers.known(conn, [source])), NOW)
        elif not found:
            return
        elif what == "merge":
            ids = dict.fromkeys((found[one % len(found)].id, found[two % len(found)].id))
            if len(ids) > 1:
                corrections.join(conn, list(ids))
        elif what == "split" and len((paper := found[one % len(found)]).ids) > 1:
            corrections.split(conn, paper.id, paper.ids[:1], NOW)
        elif what == "delete":
            gone = found[one % len(found)]
            conn.execute(sa.delete(analyses.papers).where(analyses.papers.c.id == gone.id))
            # By hand, for the program deletes no papers; what was ruled of it goes along, else a
            # source that names both sides makes one paper of what is ruled to be two.
            for name in gone.ids:
                conn.execute(sa.delete(rulings).where(rulings.c.value == name.value))


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=14))
def test_whatever_happens_the_counts_are_those_of_a_recount(
    store: Store,
    steps: list[tuple],  # type: ignore[type-arg]
) -> None:
    with store.write() as conn:
        for table in reversed(metadata.sorted_tables):
            conn.execute(sa.delete(table))
    for step in steps:
        do(store, step)
        assert {t: n for t, n in counts(store).items() if n} == recounted(store)
    settle(store, version=2)
    expected: Counter[str] = Counter()
    with store.read() as conn:
        for paper in library.latest(conn):
            expected.update(counted(analysis(paper.title)))
            assert analyses.by_ids(conn, [paper.id], 2) == {paper.id: analysis(paper.title)}
    assert {t: n for t, n in counts(store).items() if n} == dict(expected)
    assert checks.problems(store) == []
