"""The operator says what is one paper: clear answers, safe to repeat, rehearsals do nothing."""

import pytest

from digest.core.errors import InvalidInput, NotFound
from digest.core.identifiers import ARXIV, DOI, Identifier
from digest.core.papers import Paper, SourceRecord
from digest.pipeline import browse, corrections
from digest.pipeline.refresh import STEP
from digest.pipeline.turns import Busy
from digest.store import leases, library
from digest.store.engine import Store
from tests.builders import NOW, make_app, make_record, store_records
from tests.fakes import FakeClock

PREPRINT, PRINTED = Identifier(ARXIV, "2603.00001"), Identifier(DOI, "10.1000/x")
ENTRY = Identifier("feed:nature", "5f2b")


def journal(*ids: Identifier) -> SourceRecord:
    return make_record(
        source="journal", authority=30, ids=ids, title="Gaits in print", authors=("Eva Fox",)
    )


@pytest.fixture
def two(sqlite_store: Store) -> Store:
    store_records(sqlite_store, [make_record(1, authority=90)])
    store_records(sqlite_store, [journal(PRINTED, ENTRY)])
    return sqlite_store


def everything(store: Store) -> list[Paper]:
    with store.read() as conn:
        return library.latest(conn)


def test_papers_are_merged_by_any_of_their_names(two: Store) -> None:
    done = corrections.merge(make_app(two), "2603.00001", ["https://doi.org/10.1000/X"])
    assert (done.paper.id, done.gone) == (1, (2,))
    assert set(done.paper.ids) == {PREPRINT, PRINTED, ENTRY}


def test_a_merge_again_changes_nothing(two: Store) -> None:
    app = make_app(two)
    corrections.merge(app, "1", ["2", "10.1000/x"])
    before = everything(two)
    assert corrections.merge(app, "1", ["feed:nature:5f2b", "1"]).gone == ()
    assert everything(two) == before


def test_identifiers_are_taken_out_by_the_names_that_are_shown(two: Store) -> None:
    app = make_app(two)
    corrections.merge(app, "1", ["2"])
    done = corrections.split(app, "2603.00001", ["doi:10.1000/x", "feed:nature:5f2b", "10.1000/X"])
    assert (done.ids, done.sources, done.title) == (
        (PRINTED, ENTRY),
        ("journal",),
        "Gaits in print",
    )
    assert done.new is not None
    with two.read() as conn:
        out = library.find(conn, "feed:nature:5f2b")
    assert out is not None
    assert (out.id, out.title) == (done.new, "Gaits in print")


def test_a_split_again_changes_nothing(two: Store) -> None:
    app = make_app(two)
    corrections.merge(app, "1", ["2"])
    corrections.split(app, "1", ["doi:10.1000/x"])
    before = everything(two)
    again = corrections.split(app, "1", ["doi:10.1000/x"])
    assert (again.ids, again.new) == ((), None)
    assert everything(two) == before


def test_a_rehearsal_says_what_would_be_done_and_does_nothing(two: Store) -> None:
    app = make_app(two)
    assert corrections.merge(app, "1", ["2"], dry_run=True).gone == (2,)
    assert len(everything(two)) == 2
    corrections.merge(app, "1", ["2"])
    before = everything(two)
    done = corrections.split(app, "1", ["doi:10.1000/x"], dry_run=True)
    assert (done.ids, done.title, done.new) == ((PRINTED,), "Gaits in print", None)
    assert everything(two) == before


@pytest.mark.parametrize(
    ("name", "names", "why"),
    [
        ("1", ["arxiv:2603.00001"], "at least one identifier of paper 1 must stay: arxiv:2603"),
        (
            "1",
            ["doi:10.1000/x"],
            "paper 1 has no identifier doi:10.1000/x, it has: arxiv:2603.00001",
        ),
        ("1", ["nonsense"], "paper 1 has no identifier nonsense"),
        ("1", ["2603.00001", ":", ""], "paper 1 has no identifier :"),
    ],
)
def test_what_cannot_be_taken_out_is_one_clear_line(
    two: Store, name: str, names: list[str], why: str
) -> None:
    with pytest.raises(InvalidInput, match=why):
        corrections.split(make_app(two), name, names)


def test_a_paper_that_is_not_there_is_named(two: Store) -> None:
    with pytest.raises(NotFound, match=r"there is no paper 2603\.9 here"):
        corrections.split(make_app(two), "2603.9", ["doi:10.1000/x"])
    with pytest.raises(NotFound, match="there is no paper 77 here"):
        corrections.merge(make_app(two), "1", ["77"])


def test_a_correction_waits_for_a_fetch_and_gives_up_in_the_end(two: Store) -> None:
    clock = FakeClock(NOW)
    with two.write() as conn:
        leases.acquire(conn, STEP, owner="daemon", now=NOW, until=NOW.replace(hour=23))
    with pytest.raises(Busy):
        corrections.merge(make_app(two, clock=clock), "1", ["2"])
    assert len(everything(two)) == 2


def test_what_sources_say_is_known_by_source_and_field(two: Store) -> None:
    app = make_app(two)
    paper = corrections.merge(app, "1", ["2"]).paper
    said = browse.sayings(app, paper)
    assert said.ids == {
        "arxiv": ("arxiv:2603.00001",),
        "journal": ("doi:10.1000/x", "feed:nature:5f2b"),
    }
    assert said.also == {
        "title": {"journal": "Gaits in print"},
        "authors": {"journal": ("Eva Fox",)},
    }
