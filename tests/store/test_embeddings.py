"""Vectors are kept as long as they are of any use, and made anew when their text changes."""

from datetime import timedelta

import numpy as np
import pytest
import sqlalchemy as sa

from digest.core.identifiers import PaperId
from digest.core.interests import Interest, InterestKind
from digest.store import embeddings, papers
from digest.store.embeddings import NewVector
from digest.store.engine import Store
from digest.store.merging import merge_rows
from digest.store.tables import embeddings as table
from digest.store.tables import text_embeddings
from tests.builders import NOW, make_record, store_papers, store_records, store_subscriber
from tests.store.test_query_plans import plans

DAY = timedelta(days=1)
MODEL = "letters"


def vector(*numbers: float) -> embeddings.Floats:
    return np.array(numbers, np.float32)


def save(store: Store, *ids: int, model: str = MODEL, age: timedelta = -DAY) -> None:
    new = [NewVector(paper_id=PaperId(n), vector=vector(n, 0.5), text_hash=f"{n}") for n in ids]
    with store.write() as conn:
        embeddings.save(conn, model, new, NOW - age)


def wanted(store: Store, since: timedelta = DAY, **more: object) -> list[int]:
    with store.read() as conn:
        return list(embeddings.wanted(conn, NOW - since, more.get("before"), MODEL))  # type: ignore[arg-type]


def kept(store: Store, model: str = MODEL) -> list[int]:
    with store.read() as conn:
        statement = sa.select(table.c.paper_id).where(table.c.model == model)
        return sorted(conn.scalars(statement))


def likes(store: Store, *names: str) -> None:
    wishes = [Interest(InterestKind.LIKE, name) for name in names]
    store_subscriber(store, wishes=wishes)


# --- which papers ---------------------------------------------------------------------------------


def test_papers_without_a_vector_are_wanted_once(store: Store) -> None:
    store_papers(store, 3)
    assert wanted(store) == [1, 2, 3]
    save(store, 2)
    save(store, 1, model="another")
    assert wanted(store) == [1, 3]


def test_a_paper_that_came_up_long_ago_is_wanted_only_if_somebody_likes_it(store: Store) -> None:
    old = [make_record(n, appeared_at=NOW - 30 * DAY) for n in (1, 2, 3, 4)]
    store_records(store, old)
    assert wanted(store) == []
    assert wanted(store, since=31 * DAY) == [1, 2, 3, 4]
    likes(store, "2", "arxiv:2603.00003", "https://arxiv.org/abs/2603.00001v2", "999", "nothing")
    assert wanted(store) == [1, 2, 3]
    save(store, 1, 2, 3)
    assert wanted(store) == []


def test_a_paper_whose_text_changed_is_wanted_again(store: Store) -> None:
    store_papers(store, 2)
    save(store, 1, 2, age=-timedelta(hours=1))
    changed = make_record(1, title="Robots that plan further ahead", version=2)
    store_records(store, [changed], NOW + 2 * DAY)
    assert wanted(store) == [1]
    with store.read() as conn:
        (text,) = embeddings.texts(conn, [PaperId(1)], MODEL)
    assert (text.title, text.known_hash) == ("Robots that plan further ahead", "1")
    with store.write() as conn:
        embeddings.confirm(conn, MODEL, [PaperId(1)], NOW + 3 * DAY)
    assert wanted(store) == []


def test_all_may_be_wanted_anew(store: Store) -> None:
    store_papers(store, 2)
    save(store, 1, 2, age=-DAY)
    assert wanted(store, before=NOW + 2 * DAY) == [1, 2]
    assert wanted(store, before=NOW + DAY) == []


def test_papers_made_one_lose_a_vector_of_the_text_before(store: Store) -> None:
    store_records(store, [make_record(1, abstract="", authority=1), make_record(2)])
    save(store, 1, 2)
    with store.write() as conn:
        merge_rows(conn, [PaperId(1), PaperId(2)])
    assert kept(store) == []


def test_only_likes_are_read_from_end_to_end(sqlite_store: Store) -> None:
    steps = plans(sqlite_store, lambda conn: embeddings.wanted(conn, NOW - DAY, None, MODEL))
    scans = [step for step in steps if step.startswith("SCAN")]
    assert scans == ["SCAN interests USING INDEX ix_interests_likes"]


# --- keeping --------------------------------------------------------------------------------------


def test_vectors_come_back_as_they_were_to_three_digits(store: Store) -> None:
    store_papers(store, 3)
    exact = np.linspace(-1, 1, 384, dtype=np.float32)
    new = [NewVector(paper_id=PaperId(2), vector=exact, text_hash="a")]
    with store.write() as conn:
        embeddings.save(conn, MODEL, new, NOW)
    with store.read() as conn:
        found = embeddings.vectors(conn, MODEL, [3, 2, 1])
        assert embeddings.vectors(conn, "another", [2]) == {}
        assert embeddings.dimensions(conn, MODEL) == 384
        assert embeddings.newest_at(conn, MODEL) == NOW
        assert embeddings.newest_at(conn, "another") is None
    assert list(found) == [2]
    np.testing.assert_allclose(found[PaperId(2)], exact, atol=5e-4)


def test_a_text_that_the_model_does_not_take_has_no_vector_and_is_not_tried_again(
    store: Store,
) -> None:
    store_papers(store, 1)
    new = [NewVector(paper_id=PaperId(1), vector=None, text_hash="a")]
    with store.write() as conn:
        embeddings.save(conn, MODEL, new, NOW + DAY)
    with store.read() as conn:
        assert embeddings.vectors(conn, MODEL, [1]) == {}
        assert embeddings.dimensions(conn, MODEL) == 0
    assert wanted(store) == []


def test_a_later_vector_takes_the_place_of_an_earlier_one(store: Store) -> None:
    store_papers(store, 1)
    save(store, 1)
    new = [NewVector(paper_id=PaperId(1), vector=vector(0.25), text_hash="b")]
    with store.write() as conn:
        embeddings.save(conn, MODEL, new, NOW + 2 * DAY)
    with store.read() as conn:
        np.testing.assert_array_equal(embeddings.vectors(conn, MODEL, [1])[PaperId(1)], [0.25])
        assert embeddings.dimensions(conn, MODEL) == 1


def test_a_paper_that_is_gone_takes_its_vector_along_and_takes_no_new_one(store: Store) -> None:
    store_papers(store, 2)
    save(store, 1, 2)
    with store.write() as conn:
        conn.execute(sa.delete(papers.papers).where(papers.papers.c.id == 1))
    assert kept(store) == [2]
    save(store, 1, 2)
    assert kept(store) == [2]


# --- interests ------------------------------------------------------------------------------------


def test_vectors_of_texts_are_kept_under_their_hashes(store: Store) -> None:
    with store.write() as conn:
        embeddings.save_texts(conn, MODEL, {"a": vector(1, 0), "b": vector(0, 1)}, NOW)
        embeddings.save_texts(conn, MODEL, {"a": vector(1, 0)}, NOW)
    with store.read() as conn:
        found, used_at = embeddings.text_vectors(conn, MODEL, {"a", "b", "c"})
        assert embeddings.known_texts(conn, MODEL, {"a", "c"}) == {"a"}
        assert embeddings.text_vectors(conn, "another", {"a"}) == ({}, None)
    assert set(found) == {"a", "b"}
    np.testing.assert_array_equal(found["b"], [0, 1])
    assert used_at == NOW


def test_a_text_that_the_model_does_not_take_is_known_without_a_vector(store: Store) -> None:
    with store.write() as conn:
        embeddings.save_texts(conn, MODEL, {"a": None}, NOW)
        refused = NewVector(paper_id=PaperId(1), vector=None, text_hash="p")
    store_papers(store, 1)
    with store.write() as conn:
        embeddings.save(conn, MODEL, [refused], NOW)
    with store.read() as conn:
        assert embeddings.text_vectors(conn, MODEL, {"a"}) == ({"a": None}, NOW)
        assert embeddings.known_texts(conn, MODEL, {"a", "p"}) == {"a"}
        assert embeddings.known_papers(conn, MODEL, {"a", "p"}) == {"p"}
        assert embeddings.known_texts(conn, "another", {"a"}) == set()


def test_a_use_is_written_down_once_a_day() -> None:
    assert not embeddings.is_stale(None, NOW)
    assert not embeddings.is_stale(NOW - timedelta(hours=23), NOW)
    assert embeddings.is_stale(NOW - DAY, NOW)


# --- retention ------------------------------------------------------------------------------------


def test_what_is_of_no_more_use_is_forgotten(store: Store) -> None:
    old = [make_record(n, appeared_at=NOW - 50 * DAY) for n in (1, 2)]
    store_records(store, [*old, make_record(3)])
    likes(store, "2603.00002")
    save(store, 1, 2, 3, age=45 * DAY)
    save(store, 1, 3, model="another", age=DAY)
    with store.write() as conn:
        embeddings.save_texts(conn, MODEL, {"used": vector(1), "unused": vector(1)}, NOW - 40 * DAY)
        embeddings.save_texts(conn, "another", {"used": vector(1)}, NOW)
        embeddings.use_texts(conn, MODEL, ["used"], NOW)
        before = NOW - 30 * DAY
        assert embeddings.forget(conn, MODEL, unseen=before, unused=before) == 3
        assert embeddings.forget(conn, MODEL, unseen=before, unused=before) == 0
    assert kept(store) == [2, 3]
    assert kept(store, "another") == []
    with store.read() as conn:
        texts = conn.execute(sa.select(text_embeddings.c.model, text_embeddings.c.text_hash)).all()
    assert [tuple(row) for row in texts] == [(MODEL, "used")]


@pytest.mark.parametrize("age", [timedelta(days=1), timedelta(days=29)])
def test_a_vector_just_made_is_kept_however_old_its_paper(store: Store, age: timedelta) -> None:
    store_records(store, [make_record(1, appeared_at=NOW - 90 * DAY)])
    save(store, 1, age=age)
    with store.write() as conn:
        assert embeddings.forget(conn, MODEL, unseen=NOW - 30 * DAY, unused=NOW) == 0
