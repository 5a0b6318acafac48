"""Growth curves are learnt from the store, kept there, and used by the next edition."""

from datetime import timedelta

import pytest

from digest.core.papers import Reading
from digest.pipeline import learning
from digest.pipeline.app import App
from digest.pipeline.edition import gather
from digest.pipeline.housekeeping import housekeeping
from digest.ranking.growth import SHIPPED, Growth, Growths
from digest.store import models
from digest.store.engine import Store
from digest.store.models import Model
from tests.builders import NOW, TODAY, make_app, make_record, store_records
from tests.fakes import FakeClock

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
FLAT = Growth(factors=(1.0,) * 7, head_start=0.0)


def read(store: Store, number: int, votes: float, hours: float) -> None:
    """A paper that appeared ten days ago, as it was read `hours` later."""
    then = NOW - 10 * DAY
    record = make_record(
        number, appeared_at=then, readings=(Reading(metric="upvotes", value=votes),)
    )
    store_records(store, [record], then + hours * HOUR)


def seasoned(store: Store) -> App:
    for number in range(1, 41):
        for votes, hours in ((9, 8), (59, 24), (99, 200)):
            read(store, number, votes, hours)
    return make_app(store, clock=FakeClock())


def test_without_readings_the_curves_are_those_that_are_shipped(sqlite_store: Store) -> None:
    app = make_app(sqlite_store)
    assert learning.known_growths(app) == SHIPPED
    assert learning.learn(app)
    assert learning.known_growths(app) == SHIPPED


def test_housekeeping_learns_how_the_own_sources_grow(store: Store) -> None:
    app = seasoned(store)
    housekeeping(app)
    curve = learning.known_growths(app).of("arxiv", "upvotes")
    shipped = SHIPPED.of("arxiv", "upvotes")
    assert curve.factor(8 * HOUR) > shipped.factor(8 * HOUR)
    assert curve.factor(24 * HOUR) > shipped.factor(24 * HOUR)
    assert curve.factor(240 * HOUR) == 1


def test_it_is_learnt_once_a_day_and_at_once_where_the_clock_was_set_back(
    sqlite_store: Store,
) -> None:
    clock = FakeClock()
    app = make_app(sqlite_store, clock=clock)
    assert [learning.learn(app), learning.learn(app)] == [True, False]
    clock.advance(22 * 3600)
    assert not learning.learn(app)
    clock.advance(2 * 3600)
    assert learning.learn(app)
    assert learning.learn(make_app(sqlite_store, clock=FakeClock()))


@pytest.mark.parametrize("version", [0, 1])
def test_a_model_that_cannot_be_read_stops_no_edition(sqlite_store: Store, version: int) -> None:
    app = seasoned(sqlite_store)
    with sqlite_store.write() as conn:
        models.put(conn, Model(name="growth", made_at=NOW, version=version, payload=b"\xff"))
    assert learning.known_growths(app) == SHIPPED
    gather(app, TODAY)
    assert learning.learn(app) == (version == 0)


def test_an_edition_is_judged_by_what_was_learnt(sqlite_store: Store) -> None:
    old = make_record(1, appeared_at=NOW - 5 * DAY, readings=(Reading(metric="upvotes", value=50),))
    young = make_record(
        2, appeared_at=NOW - 5 * HOUR, readings=(Reading(metric="upvotes", value=40),)
    )
    first, second = store_records(sqlite_store, [old, young])
    app = make_app(sqlite_store)
    before = {c.paper_id: c.trend for c in gather(app, TODAY).candidates}
    flat = Growths(known={("arxiv", "upvotes"): FLAT})
    with sqlite_store.write() as conn:
        models.put(conn, Model(name="growth", made_at=NOW, version=1, payload=flat.to_json()))
    after = {c.paper_id: c.trend for c in gather(app, TODAY).candidates}
    assert before[second.id] > before[first.id]
    assert after[second.id] < after[first.id]
