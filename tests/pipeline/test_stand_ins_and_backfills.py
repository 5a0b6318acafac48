"""Who helps when a source is in trouble, and days that are fetched by date."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from digest.core.errors import DigestError, SourceThrottled, SourceUnavailable
from digest.core.fetching import Outcome, Page
from digest.pipeline.app import App, StandIn
from digest.pipeline.outcomes import ODD, missing_sources
from digest.pipeline.refresh import refresh
from digest.store import library
from digest.store.engine import Store
from tests.builders import NOW, make_app, make_record
from tests.fakes import FakeClock, FakeSource

HOUR = timedelta(hours=1)
DOWN = SourceUnavailable("no answer")
BUSY = SourceThrottled("come back later", retry_after_s=3600)
MONDAY, FRIDAY = date(2026, 3, 16), date(2026, 3, 20)


def page(*numbers: int, **more: object) -> Page:
    records = tuple(make_record(number) for number in numbers)
    return Page(records=records, cursor={}, **more)  # type: ignore[arg-type]


def helped(
    store: Store, source: FakeSource, *stand_ins: FakeSource, clock: FakeClock | None = None
) -> App:
    """An app whose source has these stand-ins, of which the first reaches a day back."""
    app = make_app(store, clock=clock, sources={source.name: source})
    reaches = [timedelta(days=1), *[None] * len(stand_ins)]
    group = tuple(
        StandIn(source=one, reach=reach) for one, reach in zip(stand_ins, reaches, strict=False)
    )
    every = dict(app.every) | {one.name: HOUR for one in stand_ins}
    return replace(app, stand_ins={source.name: group}, every=every)


# --- stand-ins ------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", [DOWN, BUSY])
def test_a_stand_in_is_asked_when_the_source_is_in_trouble_and_the_record_says_so(
    sqlite_store: Store, trouble: DigestError
) -> None:
    api, rss = FakeSource("arxiv", [trouble]), FakeSource("arxiv_rss", [page(1, 2)])
    app = helped(sqlite_store, api, rss)
    first, second = refresh(app).fetches
    assert first.outcome in (Outcome.FAILED, Outcome.THROTTLED)
    assert (second.source, second.outcome, second.new) == ("arxiv_rss", Outcome.OK, 2)
    assert second.reason == "stands in for arxiv"
    (line,) = missing_sources(app)
    assert line.endswith("stood in")


def test_a_stand_in_is_left_alone_while_all_is_well(sqlite_store: Store) -> None:
    api, rss = FakeSource("arxiv", [page(1)]), FakeSource("arxiv_rss", [page(2)])
    app = helped(sqlite_store, api, rss)
    assert [one.source for one in refresh(app).fetches] == ["arxiv"]
    assert missing_sources(app) == ()


def test_the_next_stand_in_is_asked_when_the_first_brings_nothing(sqlite_store: Store) -> None:
    api, rss = FakeSource("arxiv", [page(1)], [DOWN]), FakeSource("arxiv_rss", [page()])
    oai = FakeSource("arxiv_oai", [page(3)])
    app = helped(sqlite_store, api, rss, oai)
    refresh(app)
    assert [one.source for one in refresh(app, only=["arxiv"]).fetches] == [
        "arxiv",
        "arxiv_rss",
        "arxiv_oai",
    ]


def test_after_a_long_outage_those_that_reach_back_far_enough_come_first(
    sqlite_store: Store,
) -> None:
    clock = FakeClock()
    api, rss = FakeSource("arxiv", [page(1)], [DOWN]), FakeSource("arxiv_rss", [page(2)])
    oai = FakeSource("arxiv_oai", [page(3)])
    app = helped(sqlite_store, api, rss, oai, clock=clock)
    refresh(app)
    clock.advance(3 * 24 * 3600)
    assert [one.source for one in refresh(app).fetches] == ["arxiv", "arxiv_oai"]
    assert rss.requests == []


def test_a_stand_in_that_has_just_helped_is_not_asked_again(sqlite_store: Store) -> None:
    clock = FakeClock()
    api, rss = FakeSource("arxiv", [DOWN]), FakeSource("arxiv_rss", [page(1)])
    app = helped(sqlite_store, api, rss, clock=clock)
    refresh(app)
    clock.advance(600)
    assert [one.source for one in refresh(app).fetches] == ["arxiv"]
    clock.advance(3600)
    assert [one.source for one in refresh(app).fetches] == ["arxiv", "arxiv_rss"]


def test_days_asked_for_by_date_are_asked_of_the_stand_in_too(sqlite_store: Store) -> None:
    api, oai = FakeSource("arxiv", [DOWN]), FakeSource("arxiv_oai", [page(1)])
    refresh(helped(sqlite_store, api, FakeSource("arxiv_rss"), oai), since=MONDAY, until=FRIDAY)
    assert (oai.requests[0].since, oai.requests[0].until) == (MONDAY, FRIDAY)


def test_entries_that_cannot_be_read_are_no_reason_to_ask_anybody_else(
    sqlite_store: Store,
) -> None:
    api, rss = FakeSource("arxiv", [page(1, bad=("no title",))]), FakeSource("arxiv_rss")
    app = helped(sqlite_store, api, rss)
    (fetch,) = refresh(app).fetches
    assert fetch.outcome is Outcome.PARTIAL


def test_an_empty_answer_after_an_outage_does_not_hide_the_days_before(
    sqlite_store: Store,
) -> None:
    clock = FakeClock(NOW)  # a Friday
    api = FakeSource("arxiv", [page(1)], [DOWN], [page()])
    rss, oai = (
        FakeSource("arxiv_rss", [DOWN], [page(2)]),
        FakeSource("arxiv_oai", [DOWN], [page(3)]),
    )
    app = helped(sqlite_store, api, rss, oai, clock=clock)
    for days in (0, 2, 1):
        clock.advance(days * 86_400)
        last = refresh(app).fetches
    assert [one.source for one in last] == ["arxiv", "arxiv_oai"]


# --- oddly empty days -----------------------------------------------------------------------------


def empty_beside_full(store: Store, clock: FakeClock) -> App:
    sources = {
        "arxiv": FakeSource("arxiv", [page()]),
        "huggingface": FakeSource("huggingface", [page(1)]),
    }
    return make_app(store, clock=clock, sources=sources)


def test_nothing_on_a_weekday_on_which_others_have_papers_is_said_to_be_odd(
    sqlite_store: Store,
) -> None:
    app = empty_beside_full(sqlite_store, FakeClock(NOW))
    fetches = refresh(app).fetches
    assert (fetches[0].outcome, fetches[0].reason) == (Outcome.EMPTY, ODD)
    assert fetches[1].reason == ""
    assert missing_sources(app) == ("arXiv oddly listed nothing",)


def test_nothing_on_a_weekend_is_no_surprise(sqlite_store: Store) -> None:
    app = empty_beside_full(sqlite_store, FakeClock(NOW + timedelta(days=1)))  # a Saturday
    assert refresh(app).fetches[0].reason == "a valid answer with no papers in it"
    assert missing_sources(app) == ()


def test_a_source_that_is_often_quiet_is_no_surprise(sqlite_store: Store) -> None:
    clock = FakeClock(NOW)
    quiet = FakeSource("biorxiv", [page(500)], [page()])
    full = FakeSource("huggingface", *([page(number)] for number in range(1, 40)))
    sources = {"biorxiv": quiet, "huggingface": full}
    app = make_app(sqlite_store, clock=clock, sources=sources)
    told = []
    for _ in range(14):
        refresh(app)
        told.append(missing_sources(app))
        clock.advance(86_400)
    assert told[0] == ()
    assert ("bioRxiv oddly listed nothing",) in told[:7]
    assert told[-1] == ()


def test_nothing_from_anybody_is_no_surprise(sqlite_store: Store) -> None:
    sources = {name: FakeSource(name, [page()]) for name in ("arxiv", "huggingface")}
    app = make_app(sqlite_store, sources=sources)
    assert {one.reason for one in refresh(app).fetches} == {"a valid answer with no papers in it"}


# --- backfills ------------------------------------------------------------------------------------


def backfill(app: App) -> list[Outcome]:
    return [one.outcome for one in refresh(app, since=MONDAY, until=FRIDAY).fetches]


def test_an_interrupted_backfill_goes_on_with_the_sources_that_are_not_done(
    sqlite_store: Store,
) -> None:
    first = FakeSource("first", [page(1)])
    second = FakeSource("second", [page(2), DOWN], [page(3)])
    third = FakeSource("third", [page(4)])
    app = make_app(sqlite_store, sources={s.name: s for s in (first, second, third)})

    def interrupt(who: str, _count: int, _part: float | None) -> None:
        if who == "second":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        refresh(app, since=MONDAY, until=FRIDAY, progress=interrupt)
    assert third.requests == []
    assert backfill(app) == [Outcome.NOT_DUE, Outcome.OK, Outcome.OK]
    assert [len(s.requests) for s in (first, second, third)] == [1, 2, 1]
    with sqlite_store.read() as conn:
        assert library.count(conn) == 4


def test_a_backfill_that_came_to_its_end_is_done_anew_when_asked_for_again(
    sqlite_store: Store,
) -> None:
    source = FakeSource("first", [page(1)])
    app = make_app(sqlite_store, sources={"first": source})
    assert backfill(app) == [Outcome.OK]
    assert backfill(app) == [Outcome.OK]
    assert len(source.requests) == 2


def test_a_day_that_was_not_over_is_asked_for_again(sqlite_store: Store) -> None:
    clock = FakeClock(NOW)
    first, second = FakeSource("first", [page(1)]), FakeSource("second", [DOWN])
    app = make_app(sqlite_store, clock=clock, sources={"first": first, "second": second})
    today = NOW.date()
    refresh(app, since=MONDAY, until=today)
    clock.advance(600)
    assert refresh(app, since=MONDAY, until=today).fetches[0].outcome is Outcome.NOT_DUE
    clock.advance(36_000)
    assert refresh(app, since=MONDAY, until=today).fetches[0].outcome is Outcome.OK


def test_other_days_are_another_backfill(sqlite_store: Store) -> None:
    first, second = FakeSource("first", [page(1)]), FakeSource("second", [DOWN], [page(2)])
    app = make_app(sqlite_store, sources={"first": first, "second": second})
    assert backfill(app) == [Outcome.OK, Outcome.FAILED]
    refresh(app, since=MONDAY, until=MONDAY)
    assert len(first.requests) == 2
    assert backfill(app) == [Outcome.OK, Outcome.OK]


def test_a_run_that_takes_too_long_lets_the_others_have_their_turn(sqlite_store: Store) -> None:
    clock = FakeClock()

    class Endless(FakeSource):
        def fetch(self, request):  # type: ignore[no-untyped-def]
            for number in range(1, 1000):
                clock.advance(600)
                yield page(number)

    sources = {"slow": Endless("slow"), "quick": FakeSource("quick", [page(7)])}
    slow, quick = refresh(make_app(sqlite_store, clock=clock, sources=sources)).fetches
    assert (slow.outcome, slow.fetched) == (Outcome.PARTIAL, 4)
    assert "took too long; the rest is fetched next time" in slow.reason
    assert quick.outcome is Outcome.OK
