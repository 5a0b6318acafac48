"""Several planners share the readers: everybody is planned for once, whoever is lost on the way."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.deliveries import DeliveryStatus
from digest.core.subscribers import Status, Subscriber, SubscriberId
from digest.pipeline import crew
from digest.pipeline.app import App
from digest.pipeline.assemble import assemble, assemble_due, plan_named
from digest.pipeline.crew import AssembleReport, Batch, Crew, PlannerLost, planned
from digest.pipeline.issues import Issues
from digest.store import subscribers
from digest.store.engine import Store
from tests.builders import NOW, TODAY, make_app, make_subscriber, store_papers, store_subscriber
from tests.pipeline.world import member, rows, set_status


class Fake:
    """A planner in this process, on the same database; it is lost after so many batches."""

    def __init__(self, app: App | None = None, batches: int = 100) -> None:
        self.app, self.left = app, batches
        self.issues = Issues(app) if app else None
        self.planned: list[SubscriberId] = []
        self.is_closed = False

    def plan(self, day: date | None, ids: Sequence[SubscriberId]) -> AssembleReport:
        if not self.left:
            raise PlannerLost("it is gone")
        self.left -= 1
        self.planned.extend(ids)
        if self.app is None or self.issues is None:
            return AssembleReport(planned=len(ids))
        return plan_named(self.app, self.issues, day, ids)

    def close(self) -> None:
        self.is_closed = True


def readers(*numbers: int) -> list[Subscriber]:
    return [replace(make_subscriber(), id=SubscriberId(number)) for number in numbers]


@given(st.integers(0, 9), st.lists(st.integers(0, 4), max_size=3))
def test_every_batch_is_planned_once_whoever_is_lost(batches: int, lives: list[int]) -> None:
    planners = [Fake(batches=life) for life in lives]
    here: list[SubscriberId] = []

    def plan_here(batch: Batch) -> AssembleReport:
        here.extend(one.id for one in batch)
        return AssembleReport(planned=len(batch))

    source = (readers(2 * n, 2 * n + 1) for n in range(batches))
    reports = list(planned(source, plan_here, planners, TODAY))

    assert sum(report.planned for report in reports) == 2 * batches
    assert sorted([*here, *(key for one in planners for key in one.planned)]) == list(
        range(2 * batches)
    )
    assert all(one.is_closed for one in planners)


def test_reports_come_in_while_there_is_more_to_plan() -> None:
    here, second = threading.Semaphore(0), threading.Event()

    class Other(Fake):
        def plan(self, day: date | None, ids: Sequence[SubscriberId]) -> AssembleReport:
            if self.planned:
                second.set()
            assert here.acquire(timeout=10)
            return super().plan(day, ids)

    def plan_here(_: Batch) -> AssembleReport:
        here.release(9 if second.is_set() else 1)
        assert second.wait(10)
        return AssembleReport(skipped=1)

    reports = list(planned(repeat(readers(1), 9), plan_here, [Other()], TODAY))

    assert [report.planned for report in reports[:3]] == [0, 1, 0]


def test_what_fails_elsewhere_is_told_while_there_is_more_to_plan() -> None:
    class Broken(Fake):
        def plan(self, day: date | None, ids: Sequence[SubscriberId]) -> AssembleReport:
            raise ValueError("not readers")

    with pytest.raises(ValueError, match="not readers"):
        list(planned(repeat(readers(1)), lambda _: AssembleReport(), [Broken()], TODAY))


def test_what_fails_here_is_told_and_leaves_no_planner_behind() -> None:
    one = Fake()

    def fail(_: Batch) -> AssembleReport:
        raise ValueError("no disk")

    with pytest.raises(ValueError, match="no disk"):
        list(planned(repeat(readers(1)), fail, [one], TODAY))

    assert one.is_closed


def test_what_fails_while_readers_are_read_is_told_wherever_it_happens() -> None:
    def torn() -> Iterator[Batch]:
        yield readers(1)
        raise OSError("the disk is full")

    for planners in ([], [Fake()], [Fake(), Fake()]):
        with pytest.raises(OSError, match="disk is full"):
            list(planned(torn(), lambda _: AssembleReport(), planners, TODAY))


@pytest.fixture
def three_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> tuple[App, list[Fake]]:
    """An app whose seven readers come two at a time, with as many planners as it likes to call."""
    monkeypatch.setattr(crew, "READERS_FOR_ANOTHER", 3)
    monkeypatch.setattr(subscribers, "_BATCH", 2)
    app, called = make_app(store), list[Fake]()

    def start() -> Fake:
        called.append(Fake(replace(make_app(store), new_id=app.new_id)))
        return called[-1]

    store_papers(store, 3)
    for number in range(7):
        store_subscriber(store, 1_000 + number, email=f"r{number}@a.example", next_due_at=NOW)
    return replace(app, crew=Crew(start=start, most=9)), called


def test_everybody_gets_one_digest_of_an_edition_planned_by_several(
    three_at_once: tuple[App, list[Fake]],
) -> None:
    app, called = three_at_once

    report = assemble(app, TODAY)

    assert report == AssembleReport(days=(TODAY,), planned=7)
    assert len(called) == 2
    assert all(one.is_closed for one in called)
    found = rows(app.store)
    assert len({row.email for row in found}) == len(found) == 7
    assert {row.papers for row in found} == {found[0].papers}


def test_everybody_gets_a_digest_where_no_other_process_can_start(
    three_at_once: tuple[App, list[Fake]],
) -> None:
    app, _ = three_at_once

    def start() -> Fake:
        raise BlockingIOError("resource temporarily unavailable")

    assert assemble(replace(app, crew=Crew(start=start, most=9)), TODAY).planned == 7


def test_everybody_whose_slot_has_come_is_moved_on_by_whoever_planned_for_them(
    three_at_once: tuple[App, list[Fake]],
) -> None:
    app, called = three_at_once

    assert assemble_due(app).planned == 7

    assert len(called) == 2
    assert {row.delivery.status for row in rows(app.store)} == {DeliveryStatus.QUEUED}
    assert assemble_due(app).planned == 0


def test_a_planner_is_not_called_for_a_few(three_at_once: tuple[App, list[Fake]]) -> None:
    app, called = three_at_once
    given = [f"r{number}@a.example" for number in range(5)]

    assemble(app, TODAY, emails=given[:1])
    assert called == []

    assemble(replace(app, crew=None), TODAY, emails=given[1:])
    assemble(app, TODAY)
    assert called == []
    assert len(rows(app.store)) == 7


def test_whoever_left_meanwhile_is_not_planned_for(store: Store) -> None:
    store_papers(store, 3)
    app = make_app(store)
    store_subscriber(store, 1_001, email="ada@a.example", next_due_at=NOW)
    store_subscriber(store, 1_002, email="ben@a.example", next_due_at=NOW)
    ids = [member(store, "ada@a.example").id, member(store, "ben@a.example").id]

    set_status(store, "ben@a.example", Status.UNSUBSCRIBED)
    report = plan_named(app, Issues(app), TODAY, [*ids, SubscriberId(999_999)])

    assert report.planned == 1
    assert [row.email for row in rows(store)] == ["ada@a.example"]
