"""Fetching: what each source's day comes to, and that none can spoil another's."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, timedelta

import pytest

from digest.core.errors import NotFound, SourceMalformed, SourceThrottled, SourceUnavailable
from digest.core.fetching import FetchRequest, Outcome, Page
from digest.core.papers import Reading
from digest.pipeline.app import App
from digest.pipeline.outcomes import missing_sources
from digest.pipeline.refresh import refresh
from digest.pipeline.turns import Busy, turn
from digest.store import cursors, library
from digest.store.engine import Store
from tests.builders import NOW, make_app, make_record
from tests.fakes import FakeClock, FakeSource

HOUR = timedelta(hours=1)


def page(*numbers: int, then: int = 0, **more: object) -> Page:
    records = tuple(make_record(number) for number in numbers)
    return Page(records=records, cursor={"then": then}, **more)  # type: ignore[arg-type]


def fetching(store: Store, *sources: FakeSource, clock: FakeClock | None = None) -> App:
    return make_app(store, clock=clock, sources={source.name: source for source in sources})


def paper_count(store: Store) -> int:
    with store.read() as conn:
        return library.count(conn)


def state(store: Store, name: str) -> cursors.SourceState:
    with store.read() as conn:
        return cursors.state(conn, name)


# --- outcomes -------------------------------------------------------------------------------------


def test_a_good_fetch_is_ok_with_its_counts(sqlite_store: Store) -> None:
    source = FakeSource("arxiv", [page(1, 2), page(2, 3, note="a holiday")])
    (fetch,) = refresh(fetching(sqlite_store, source)).fetches
    assert (fetch.outcome, fetch.reason) == (Outcome.OK, "a holiday")
    assert (fetch.fetched, fetch.new, fetch.merged, fetch.bad) == (4, 3, 0, 0)
    assert paper_count(sqlite_store) == 3


def test_a_changed_paper_counts_as_updated(sqlite_store: Store) -> None:
    changed = replace(make_record(1), title="Walking robots that plan further ahead", version=2)
    source = FakeSource("arxiv", [page(1)], [Page(records=(changed,), cursor={})])
    app = fetching(sqlite_store, source)
    refresh(app)
    (fetch,) = refresh(app, only=["arxiv"]).fetches
    assert (fetch.fetched, fetch.new, fetch.updated) == (1, 0, 1)


def test_nothing_has_appeared_that_is_still_to_come(sqlite_store: Store) -> None:
    ahead = replace(make_record(1), appeared_at=NOW + timedelta(days=2000))
    refresh(fetching(sqlite_store, FakeSource("arxiv", [Page(records=(ahead,), cursor={})])))
    with sqlite_store.read() as conn:
        assert list(library.appeared_between(conn, NOW - HOUR, NOW + HOUR).values()) == [NOW]


def test_no_papers_is_empty_and_not_a_failure(sqlite_store: Store) -> None:
    (fetch,) = refresh(fetching(sqlite_store, FakeSource("arxiv", [page()]))).fetches
    assert (fetch.outcome, fetch.reason) == (Outcome.EMPTY, "a valid answer with no papers in it")
    assert state(sqlite_store, "arxiv").failures == 0


def test_an_answer_that_nothing_changed_is_ok_and_says_so(sqlite_store: Store) -> None:
    source = FakeSource("arxiv", [page(note="unchanged since the last fetch")])
    (fetch,) = refresh(fetching(sqlite_store, source)).fetches
    assert (fetch.outcome, fetch.reason) == (Outcome.OK, "unchanged since the last fetch")


def test_what_broke_off_is_partial_and_says_how_far_it_came(sqlite_store: Store) -> None:
    source = FakeSource("arxiv", [page(1, 2), SourceUnavailable("no answer in 30 s")])
    (fetch,) = refresh(fetching(sqlite_store, source)).fetches
    assert fetch.outcome is Outcome.PARTIAL
    assert fetch.reason == "stored 2 papers, then: no answer in 30 s"
    assert paper_count(sqlite_store) == 2


def test_entries_that_cannot_be_read_make_it_partial_and_the_first_is_named(
    sqlite_store: Store,
) -> None:
    source = FakeSource("arxiv", [page(1, bad=("entry 4: no title", "entry 9: no id"))])
    (fetch,) = refresh(fetching(sqlite_store, source)).fetches
    assert (fetch.outcome, fetch.bad) == (Outcome.PARTIAL, 2)
    assert fetch.reason == "2 of 3 entries could not be read: entry 4: no title"


def test_when_no_entry_can_be_read_the_fetch_failed(sqlite_store: Store) -> None:
    source = FakeSource("arxiv", [page(bad=("entry 1: no title",))])
    (fetch,) = refresh(fetching(sqlite_store, source)).fetches
    assert fetch.outcome is Outcome.FAILED


def test_a_throttled_fetch_says_so(sqlite_store: Store) -> None:
    source = FakeSource("arxiv", [SourceThrottled("come back later", retry_after_s=60)])
    (fetch,) = refresh(fetching(sqlite_store, source)).fetches
    assert (fetch.outcome, fetch.reason) == (Outcome.THROTTLED, "come back later")


def test_readers_are_told_which_sources_were_not_all_there(sqlite_store: Store) -> None:
    app = fetching(
        sqlite_store,
        FakeSource("arxiv", [page(1), SourceMalformed("half an answer")]),
        FakeSource("github", [SourceThrottled("later", retry_after_s=1)]),
        FakeSource("huggingface", [SourceUnavailable("no")]),
        FakeSource("openalex", [page(2)]),
    )
    refresh(app)
    assert missing_sources(app) == (
        "arXiv could only be read in part",
        "GitHub asked us to wait",
        "Hugging Face could not be read",
    )


# --- one source's trouble -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "trouble",
    [
        SourceUnavailable("gone"),
        KeyError("title"),
        RecursionError("too deep"),
        MemoryError(),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
        StopIteration(),
        AssertionError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_one_sources_trouble_of_any_kind_does_not_stop_the_others(
    sqlite_store: Store, trouble: Exception
) -> None:
    app = fetching(sqlite_store, FakeSource("bad", [trouble]), FakeSource("good", [page(1)]))
    report = refresh(app)
    assert [fetch.outcome for fetch in report.fetches] == [Outcome.FAILED, Outcome.OK]
    assert [fetch.source for fetch in report.troubled] == ["bad"]


def test_a_source_that_cannot_even_start_does_not_stop_the_others(sqlite_store: Store) -> None:
    class Broken(FakeSource):
        def fetch(self, request: FetchRequest) -> Iterator[Page]:
            raise TypeError("not today")

    app = fetching(sqlite_store, Broken("bad"), FakeSource("good", [page(1)]))
    report = refresh(app)
    assert [fetch.outcome for fetch in report.fetches] == [Outcome.FAILED, Outcome.OK]
    assert report.fetches[0].reason == "internal error: TypeError: not today"


def test_a_name_that_is_no_source_is_an_error_before_anything_is_fetched(
    sqlite_store: Store,
) -> None:
    source = FakeSource("arxiv", [page(1)])
    with pytest.raises(NotFound, match="there is no source 'arxvi'; there are: arxiv"):
        refresh(fetching(sqlite_store, source), only=["arxiv", "arxvi"])
    assert source.requests == []


# --- pages and cursors ----------------------------------------------------------------------------


def test_the_next_fetch_continues_behind_the_last_page_that_was_stored(store: Store) -> None:
    source = FakeSource(
        "arxiv", [page(1, then=1), page(2, then=2), SourceUnavailable("no")], [page(3, then=3)]
    )
    app = fetching(store, source)
    refresh(app)
    refresh(app)
    assert [request.cursor for request in source.requests] == [{}, {"then": 2}]
    assert state(store, "arxiv").cursor == {"then": 3}


def test_a_page_that_cannot_be_stored_leaves_neither_papers_nor_cursor(store: Store) -> None:
    broken = replace(make_record(2), readings=(Reading(metric="m" * 3, value="x"),))  # type: ignore[arg-type]
    pages = [page(1, then=1), Page(records=(make_record(3), broken), cursor={"then": 2})]
    app = fetching(store, FakeSource("arxiv", pages), FakeSource("other", [page(9)]))
    report = refresh(app)
    assert [fetch.outcome for fetch in report.fetches] == [Outcome.PARTIAL, Outcome.OK]
    assert state(store, "arxiv").cursor == {"then": 1}
    assert paper_count(store) == 2


def test_the_same_page_twice_leaves_the_same_papers(store: Store) -> None:
    app = fetching(store, FakeSource("arxiv", [page(1, 2)]))
    first = refresh(app, only=["arxiv"]).fetches[0]
    second = refresh(app, only=["arxiv"]).fetches[0]
    assert (first.new, second.new, second.updated) == (2, 0, 0)
    assert paper_count(store) == 2


def test_days_that_are_asked_for_are_passed_on_and_change_nothing_about_what_is_due(
    sqlite_store: Store,
) -> None:
    source = FakeSource("arxiv", [page(1)])
    app = fetching(sqlite_store, source)
    refresh(app, since=date(2026, 1, 1), until=date(2026, 1, 2))
    assert (source.requests[0].since, source.requests[0].until) == (
        date(2026, 1, 1),
        date(2026, 1, 2),
    )
    assert [fetch.outcome for fetch in refresh(app).fetches] == [Outcome.OK]


# --- when -----------------------------------------------------------------------------------------


def test_a_source_is_not_due_before_its_time_and_says_when(sqlite_store: Store) -> None:
    clock = FakeClock()
    source = FakeSource("arxiv", [page(1)])
    app = fetching(sqlite_store, source, clock=clock)
    refresh(app)
    (fetch,) = refresh(app).fetches
    assert (fetch.outcome, fetch.reason) == (
        Outcome.NOT_DUE,
        "next due at 2026-03-20 13:00 UTC",
    )
    clock.advance(3600)
    assert refresh(app).fetches[0].outcome is Outcome.OK
    assert len(source.requests) == 2


def test_the_daemon_waits_after_a_failure_and_an_operator_does_not(sqlite_store: Store) -> None:
    app = fetching(sqlite_store, FakeSource("arxiv", [SourceUnavailable("no")]))
    refresh(app, patient=True)
    assert refresh(app, patient=True).fetches[0].outcome is Outcome.NOT_DUE
    assert refresh(app).fetches[0].outcome is Outcome.FAILED


def test_a_failing_source_is_asked_less_and_less_often_but_never_less_than_a_healthy_one(
    sqlite_store: Store,
) -> None:
    clock = FakeClock()
    app = fetching(sqlite_store, FakeSource("arxiv", [SourceUnavailable("no")]), clock=clock)
    waits = []
    for _ in range(6):
        refresh(app, only=["arxiv"])
        due = state(sqlite_store, "arxiv").next_due_at
        assert due is not None
        waits.append((due - clock.now()) // timedelta(minutes=1))
    assert waits == [5, 10, 20, 40, 60, 60]


def test_a_success_ends_the_count_of_failures(sqlite_store: Store) -> None:
    source = FakeSource("arxiv", [SourceUnavailable("no")], [page(1)])
    app = fetching(sqlite_store, source)
    refresh(app)
    refresh(app)
    assert state(sqlite_store, "arxiv") == cursors.SourceState(
        cursor={"then": 0}, next_due_at=NOW + HOUR, failures=0
    )


def test_a_throttled_source_is_left_alone_for_as_long_as_it_asked(sqlite_store: Store) -> None:
    source = FakeSource("arxiv", [page(1), SourceThrottled("later", retry_after_s=7200)])
    refresh(fetching(sqlite_store, source))
    assert state(sqlite_store, "arxiv").next_due_at == NOW + 2 * HOUR


def test_entries_that_will_never_be_readable_do_not_make_us_ask_more_often(
    sqlite_store: Store,
) -> None:
    refresh(fetching(sqlite_store, FakeSource("arxiv", [page(1, bad=("entry 2: no id",))])))
    assert state(sqlite_store, "arxiv").next_due_at == NOW + HOUR
    assert state(sqlite_store, "arxiv").failures == 0


# --- turns and stopping ---------------------------------------------------------------------------


def test_two_refreshes_at_once_do_not_fetch_twice(store: Store) -> None:
    other_source = FakeSource("arxiv", [page(1)])
    other = replace(fetching(store, other_source), owner="the other machine")
    reports = []

    class Meeting(FakeSource):
        def fetch(self, request: FetchRequest) -> Iterator[Page]:
            yield page(1)
            reports.append(refresh(other))
            yield page(2)

    (fetch,) = refresh(fetching(store, Meeting("arxiv"))).fetches
    assert (fetch.outcome, fetch.fetched) == (Outcome.OK, 2)
    assert other_source.requests == []
    (refused,) = reports[0].fetches
    assert refused.outcome is Outcome.NOT_DUE
    assert "another process is at the refresh step" in refused.reason


def test_a_long_backfill_keeps_its_turn(sqlite_store: Store) -> None:
    clock = FakeClock()
    other_source = FakeSource("arxiv", [page(1)])
    other = replace(fetching(sqlite_store, other_source, clock=clock), owner="the other machine")

    class Slow(FakeSource):
        def fetch(self, request: FetchRequest) -> Iterator[Page]:
            for number in range(1, 6):
                clock.advance(600)
                refresh(other)
                yield page(number)

    app = fetching(sqlite_store, Slow("arxiv"), clock=clock)
    (fetch,) = refresh(app, since=NOW.date(), until=NOW.date()).fetches
    assert (fetch.outcome, fetch.fetched) == (Outcome.OK, 5)
    assert other_source.requests == []


def test_whoever_lost_the_turn_stops_at_the_next_page(sqlite_store: Store) -> None:
    clock = FakeClock()
    other = replace(
        fetching(sqlite_store, FakeSource("arxiv", [page(1)]), clock=clock), owner="the other"
    )

    turns = ExitStack()

    class Stuck(FakeSource):
        def fetch(self, request: FetchRequest) -> Iterator[Page]:
            clock.advance(3600)
            turns.enter_context(turn(other, "refresh", lease_for=HOUR))
            yield page(1)
            raise AssertionError("nobody asks for a second page")

    app = fetching(sqlite_store, Stuck("arxiv"), FakeSource("second", [page(2)]), clock=clock)
    with turns:
        fetches = refresh(app).fetches
    assert [one.outcome for one in fetches] == [Outcome.NOT_DUE, Outcome.NOT_DUE]
    assert "taken over by another process" in fetches[0].reason
    assert paper_count(sqlite_store) == 0
    assert state(sqlite_store, "arxiv").failures == 0


def test_the_turn_is_free_again_when_a_refresh_ends_badly(sqlite_store: Store) -> None:
    def interrupt(_source: str, _count: int, _part: float | None) -> None:
        raise KeyboardInterrupt

    app = fetching(sqlite_store, FakeSource("arxiv", [page(1)]))
    with pytest.raises(KeyboardInterrupt):
        refresh(app, progress=interrupt)
    with turn(replace(app, owner="the other"), "refresh", lease_for=HOUR):
        pass


def test_a_turn_is_waited_for_and_then_given_up(sqlite_store: Store) -> None:
    clock = FakeClock()
    app = make_app(sqlite_store, clock=clock)
    with (
        turn(app, "assemble", lease_for=HOUR),
        pytest.raises(Busy),
        turn(replace(app, owner="the other"), "assemble", lease_for=HOUR, wait_s=3),
    ):
        raise AssertionError("the turn is taken")
    assert clock.naps == [1, 1, 1]


def test_a_turn_that_was_lost_is_not_taken_from_its_new_holder(sqlite_store: Store) -> None:
    clock = FakeClock()
    app = make_app(sqlite_store, clock=clock)
    other = replace(app, owner="the other")
    with ExitStack() as others:
        with turn(app, "refresh", lease_for=HOUR):
            clock.advance(7200)
            others.enter_context(turn(other, "refresh", lease_for=3 * HOUR))
        with pytest.raises(Busy), turn(app, "refresh", lease_for=HOUR):
            raise AssertionError("the other holds the turn")


def test_a_stop_ends_the_fetch_after_the_page_in_hand_and_leaves_the_source_due(
    sqlite_store: Store,
) -> None:
    stop = threading.Event()
    source = FakeSource("arxiv", [page(1, then=1), page(2, then=2)])
    second = FakeSource("second", [page(3)])
    app = fetching(sqlite_store, source, second)
    (fetch,) = refresh(app, stop=stop, progress=lambda *_: stop.set()).fetches
    assert fetch.outcome is Outcome.PARTIAL
    assert fetch.reason.startswith("stored 1 paper, then: the service was stopped; the rest")
    assert second.requests == []
    assert state(sqlite_store, "arxiv") == cursors.SourceState(
        cursor={"then": 1}, next_due_at=NOW, failures=0
    )


def test_a_stop_before_anything_came_is_no_failure_of_the_source(sqlite_store: Store) -> None:
    stop = threading.Event()
    app = fetching(sqlite_store, FakeSource("arxiv", [page(), page(1)]))
    (fetch,) = refresh(app, stop=stop, progress=lambda *_: stop.set()).fetches
    assert fetch.outcome is Outcome.NOT_DUE
    assert missing_sources(app) == ()
    assert state(sqlite_store, "arxiv") == cursors.SourceState(cursor={"then": 0}, next_due_at=NOW)


def test_progress_hears_the_source_and_the_records_so_far(sqlite_store: Store) -> None:
    heard: list[tuple[str, int, float | None]] = []
    app = fetching(sqlite_store, FakeSource("arxiv", [page(1, 2, done=0.5), page(3)]))
    refresh(app, progress=lambda *told: heard.append(told))
    assert heard == [("arxiv", 2, 0.5), ("arxiv", 3, None)]
