from datetime import timedelta

from digest.store import models
from digest.store.engine import Store
from digest.store.models import Model
from tests.builders import NOW

FIRST = Model(name="growth", made_at=NOW, version=1, payload=b"\x00\xff curves")


def test_a_model_comes_back_as_it_was_put(store: Store) -> None:
    with store.write() as conn:
        models.put(conn, FIRST)
    with store.read() as conn:
        assert models.get(conn, "growth") == FIRST
        assert models.get(conn, "other") is None


def test_a_model_takes_the_place_of_the_one_before_and_of_no_other(store: Store) -> None:
    later = Model(name="growth", made_at=NOW + timedelta(days=1), version=2, payload=b"")
    other = Model(name="other", made_at=NOW, version=1, payload=b"x" * 100_000)
    with store.write() as conn:
        for model in (FIRST, other, later):
            models.put(conn, model)
    with store.read() as conn:
        assert models.get(conn, "growth") == later
        assert models.get(conn, "other") == other
