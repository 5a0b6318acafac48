"""Editions and plans: who gets which papers, and why somebody gets none."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from digest.core.deliveries import DeliveryStatus
from digest.core.fetching import FetchRequest, Outcome, Page
from digest.core.identifiers import ARXIV, DOI, Identifier
from digest.core.interests import Interest, InterestKind
from digest.core.papers import Reading, SourceRecord
from digest.core.places import Section
from digest.core.subscribers import Frequency, Preferences, Status
from digest.pipeline import membership, suppression
from digest.pipeline.app import App, WhenEmpty
from digest.pipeline.assemble import AssembleReport, Issues, assemble, assemble_due, rehearse
from digest.pipeline.deliver import DeliverReport, deliver
from digest.pipeline.edition import freeze, gather
from digest.pipeline.planning import plan_batch
from digest.pipeline.refresh import refresh
from digest.pipeline.turns import Busy
from digest.store import cursors, editions, outbox, subscribers
from digest.store.cursors import Fetch
from digest.store.engine import Store
from digest.store.tables import cards, paper_ids
from digest.wiring import SystemClock
from tests.builders import (
    NOW,
    TODAY,
    make_app,
    make_interest,
    make_record,
    store_papers,
    store_records,
    store_subscriber,
)
from tests.fakes import FakeClock, FakeMailer, FakeSource
from tests.pipeline.world import everything, member, rows

DAY = timedelta(days=1)
ADA = "ada@a.example"


def at(number: int, moment: datetime, **changes: object) -> SourceRecord:
    """The `number`th record, of a paper that appeared at a moment."""
    return make_record(number, appeared_at=moment, published_at=moment, **changes)


def sent_papers(store: Store, email: str = ADA) -> list[list[int]]:
    """The papers of each planned digest of a reader, in the order of planning."""
    return [list(row.papers) for row in rows(store, email=email) if row.papers]


def loaded(store: Store, papers: int = 3, **rules: object) -> App:
    store_papers(store, papers)
    store_subscriber(store, email=ADA)
    return make_app(store, mailer=FakeMailer(), **rules)


# --- the edition ----------------------------------------------------------------------------------


def test_an_edition_holds_what_appeared_in_the_window_that_ends_with_its_day(
    sqlite_store: Store,
) -> None:
    start = datetime(2026, 3, 14, tzinfo=UTC)
    moments = (
        start - timedelta(microseconds=1),
        start,
        start + 7 * DAY - timedelta(microseconds=1),
        start + 7 * DAY,
    )
    stored = store_records(sqlite_store, [at(n, moment) for n, moment in enumerate(moments)])
    issue = gather(make_app(sqlite_store, clock=FakeClock(NOW + 9 * DAY)), TODAY)
    assert [c.paper_id for c in issue.candidates] == [stored[1].id, stored[2].id]


def test_the_window_lies_in_the_time_zone_of_the_schedule(sqlite_store: Store) -> None:
    midnight = datetime(2026, 3, 20, 15, tzinfo=UTC)  # in Tokyo
    store_records(sqlite_store, [at(1, midnight - timedelta(seconds=1)), at(2, midnight)])
    app = make_app(sqlite_store, clock=FakeClock(NOW + DAY), timezone="Asia/Tokyo", lookback_days=1)
    assert len(gather(app, TODAY).candidates) == 1
    assert len(gather(app, TODAY + DAY).candidates) == 1


def test_an_edition_is_ranked_by_what_was_known_at_the_end_of_its_day(
    sqlite_store: Store,
) -> None:
    def voted(number: int, votes: float) -> SourceRecord:
        return at(number, NOW - DAY, readings=(Reading(metric="upvotes", value=votes),))

    store_records(sqlite_store, [voted(1, 50), voted(2, 5)], NOW)
    store_records(sqlite_store, [voted(1, 51), voted(2, 900)], NOW + 3 * DAY)
    app = make_app(sqlite_store, clock=FakeClock(NOW + 4 * DAY))
    then = {c.paper_id: c.trend for c in gather(app, TODAY).candidates}
    now = {c.paper_id: c.trend for c in gather(app, TODAY + 4 * DAY).candidates}
    assert then[1] > then[2]
    assert now[1] < now[2]


def test_the_earliest_later_reading_of_a_backfill_stands_in(sqlite_store: Store) -> None:
    def voted(votes: float) -> SourceRecord:
        return at(1, NOW - DAY, readings=(Reading(metric="upvotes", value=votes),))

    store_records(sqlite_store, [voted(40)], NOW + 10 * DAY)
    store_records(sqlite_store, [voted(4000)], NOW + 20 * DAY)
    app = make_app(sqlite_store, clock=FakeClock(NOW + 30 * DAY))
    (candidate,) = gather(app, TODAY).candidates
    assert candidate.trend_reason.startswith("40 votes")


def test_a_second_look_at_a_day_adds_later_papers_and_leaves_cards_as_they_were(
    sqlite_store: Store,
) -> None:
    clock = FakeClock()
    app = replace(loaded(sqlite_store, papers=2), clock=clock)
    assemble(app, TODAY)
    with sqlite_store.read() as conn:
        before = conn.execute(sa.select(cards)).all()
    clock.advance(3600)
    changed = make_record(1, title="Walking robots with another title", version=2, authority=99)
    source = FakeSource("arxiv", [Page(records=(changed, make_record(3)), cursor={})])
    refresh(replace(app, sources={"arxiv": source}, every={"arxiv": DAY}))
    store_subscriber(sqlite_store, 2, email="ben@b.example")
    assemble(app, TODAY)
    with sqlite_store.read() as conn:
        after = conn.execute(sa.select(cards)).all()
        edition = editions.by_date(conn, TODAY)
    assert edition is not None
    assert (edition.candidate_count, edition.frozen_at) == (3, clock.now())
    assert set(before) < set(after)
    assert sorted(sent_papers(sqlite_store, "ben@b.example")[0]) == [1, 2, 3]
    assert sorted(sent_papers(sqlite_store)[0]) == [1, 2]


# --- plans ----------------------------------------------------------------------------------------


def test_planning_twice_is_planning_once(store: Store) -> None:
    app = loaded(store)
    assert assemble(app, TODAY) == AssembleReport(days=(TODAY,), planned=1)
    before = everything(store)
    assert assemble(app, TODAY) == AssembleReport(days=(TODAY,))
    assert everything(store) == before


def in_the_middle(app: App, happening: Callable[[], object]) -> App:
    """The app, with something else that happens while it makes its first plan."""

    def ids() -> Iterator[str]:
        happening()
        while True:
            yield app.new_id()

    numbers = ids()
    return replace(app, new_id=lambda: next(numbers))


def test_two_processes_do_not_plan_at_once(store: Store) -> None:
    app = loaded(store)
    other = replace(app, owner="the other", clock=FakeClock())

    def meet() -> None:
        with pytest.raises(Busy):
            assemble(other, TODAY)

    assert assemble(in_the_middle(app, meet), TODAY).planned == 1
    assert len(rows(store)) == 1


def test_even_without_turns_two_processes_plan_one_delivery_each(store: Store) -> None:
    app = loaded(store)
    for number in range(2, 12):
        store_subscriber(store, number)
    issue = gather(app, TODAY)
    edition = freeze(app, issue)
    with store.read() as conn:
        batch = list(subscribers.listed(conn))
    plan_batch(
        in_the_middle(app, lambda: plan_batch(app, issue, edition, batch)), issue, edition, batch
    )
    assert len({row.email for row in rows(store)}) == len(rows(store)) == 11


def test_two_processes_that_plan_at_the_very_same_time_plan_one_delivery_each(
    store: Store,
) -> None:
    store_papers(store, 5)
    for number in range(1, 31):
        store_subscriber(store, number, next_due_at=NOW)
    app = make_app(store, clock=SystemClock(NOW))
    reports: list[AssembleReport] = []

    def plan(owner: str) -> None:
        mine = replace(app, owner=owner, new_id=lambda: f"{owner}{app.new_id()[1:]}")
        reports.append(assemble_due(mine))

    workers = [threading.Thread(target=plan, args=(owner,)) for owner in "ab"]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(report.planned for report in reports) == 30
    assert len({row.email for row in rows(store)}) == len(rows(store)) == 30


def test_a_rehearsal_counts_the_same_and_writes_nothing(sqlite_store: Store) -> None:
    app = loaded(sqlite_store)
    before = everything(sqlite_store)
    assert rehearse(app, TODAY) == AssembleReport(days=(TODAY,), planned=1)
    assert everything(sqlite_store) == before


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.ACTIVE])
def test_only_active_members_get_anything(sqlite_store: Store, status: Status) -> None:
    app = loaded(sqlite_store)
    store_subscriber(sqlite_store, 2, status=status, next_due_at=NOW)
    assemble(app, TODAY)
    assemble_due(app)
    assert [row.email for row in rows(sqlite_store)] == [ADA]


def test_planning_can_be_for_some_readers_only(sqlite_store: Store) -> None:
    app = loaded(sqlite_store)
    store_subscriber(sqlite_store, 2, email="ben@b.example")
    assert assemble(app, TODAY, emails=["Ben@B.example"]).planned == 1
    assert [row.email for row in rows(sqlite_store)] == ["ben@b.example"]


def test_progress_hears_how_many_were_looked_at(sqlite_store: Store) -> None:
    heard: list[int] = []
    assemble(loaded(sqlite_store), TODAY, progress=heard.append)
    assert heard == [1]


# --- nothing to send ------------------------------------------------------------------------------


def test_too_few_papers_are_no_mail_but_a_reason(sqlite_store: Store) -> None:
    app = loaded(sqlite_store, papers=2, min_papers=3)
    assert assemble(app, TODAY) == AssembleReport(days=(TODAY,), skipped=1)
    (row,) = rows(sqlite_store)
    assert row.delivery.status is DeliveryStatus.SKIPPED
    assert row.delivery.detail == (
        "2 of 2 papers are new to this reader and match, at least 3 are wanted"
    )


def test_a_mail_that_words_unheard_of_leave_empty_says_which_they_are(
    sqlite_store: Store,
) -> None:
    wishes = [
        Interest(InterestKind.TEXT, "robtics of Bildverarbeitung"),
        Interest(InterestKind.KEYWORD, "quuxes"),
    ]
    store_papers(sqlite_store, 3)
    store_subscriber(sqlite_store, email=ADA, wishes=wishes)
    assemble(make_app(sqlite_store, mailer=FakeMailer()), TODAY)
    assert rows(sqlite_store)[0].delivery.detail == (
        "0 of 3 papers are new to this reader and match, at least 1 are wanted; "
        "no paper here says “robtics”, “bildverarbeitung”"
    )


def test_a_day_without_papers_says_which_sources_were_not_there(sqlite_store: Store) -> None:
    store_subscriber(sqlite_store, email=ADA)
    source = FakeSource("arxiv", [ValueError("broken")])
    app = make_app(sqlite_store, sources={"arxiv": source})
    refresh(app)
    assemble(app, TODAY)
    assert rows(sqlite_store)[0].delivery.detail == (
        "no paper appeared in the 7 days of this edition (arXiv could not be read)"
    )


def test_whoever_was_to_get_nothing_is_looked_at_again_when_papers_have_come(
    store: Store,
) -> None:
    app = loaded(store, papers=0)
    assert assemble(app, TODAY).skipped == 1
    assert assemble(app, TODAY).skipped == 1
    assert len(rows(store)) == 1
    store_papers(store, 3)
    assert assemble(app, TODAY) == AssembleReport(days=(TODAY,), planned=1)
    assert [row.delivery.status for row in rows(store)] == [DeliveryStatus.QUEUED]


@pytest.mark.parametrize("papers", [0, 2])
def test_when_the_operator_wants_it_even_an_empty_mail_is_sent(
    sqlite_store: Store, papers: int
) -> None:
    app = loaded(sqlite_store, papers=papers, min_papers=3, when_empty=WhenEmpty.SEND)
    assert assemble(app, TODAY).planned == 1
    assert deliver(app) == DeliverReport(sent=1)
    assert isinstance(app.mailer, FakeMailer)
    assert (b"Nothing new for you" in app.mailer.taken[0][1]) == (papers == 0)


# --- no repeats -----------------------------------------------------------------------------------


def test_no_paper_comes_twice_on_the_next_day_or_from_another_source(store: Store) -> None:
    clock = FakeClock()
    app = replace(loaded(store, papers=3), clock=clock)
    assemble(app, TODAY)
    clock.advance(86_400)
    again = make_record(
        1,
        source="journal",
        ids=(Identifier(DOI, "10.1000/1"),),
        abstract="",
        appeared_at=clock.now(),
    )
    store_records(store, [again, at(9, clock.now())], clock.now())
    assemble(app, TODAY + DAY)
    with store.read() as conn:
        named = conn.scalar(sa.select(paper_ids.c.paper_id).where(paper_ids.c.value == "10.1000/1"))
    assert named == 1
    first, second = sent_papers(store)
    assert sorted(first) == [1, 2, 3]
    assert len(second) == 1
    assert set(first).isdisjoint(second)


def test_two_papers_that_turn_out_to_be_one_while_a_plan_is_made_are_planned_again(
    store: Store,
) -> None:
    app = loaded(store, papers=1)
    doi = Identifier(DOI, "10.1000/2")
    store_records(store, [make_record(2, source="journal", ids=(doi,))])

    def merge() -> None:
        both = make_record(1, ids=(Identifier(ARXIV, "2603.00001"), doi))
        assert [paper.id for paper in store_records(store, [both])] == [1]

    assert assemble(in_the_middle(app, merge), TODAY).planned == 1
    assert sent_papers(store) == [[1]]


def test_a_reader_who_is_erased_while_a_plan_is_made_stops_nobody(store: Store) -> None:
    app = loaded(store)
    store_subscriber(store, 2, email="ben@b.example")
    erasing = in_the_middle(app, lambda: suppression.erase(app, member(store, ADA)))
    assert assemble(erasing, TODAY).planned == 1
    assert [row.email for row in rows(store)] == ["ben@b.example"]


# --- what a reader wants --------------------------------------------------------------------------


def with_votes(number: int, votes: float, title: str) -> SourceRecord:
    readings = (Reading(metric="upvotes", value=votes),) if votes else ()
    return make_record(number, title=title, abstract=f"About {title}.", readings=readings)


def test_the_dial_turns_from_what_matches_to_what_trends(sqlite_store: Store) -> None:
    store_records(
        sqlite_store,
        [
            with_votes(1, 0, "Octopus minds and their eight arms"),
            with_votes(2, 900, "Compilers for quantum circuits"),
            with_votes(3, 20, "Trade routes of the bronze age"),
        ],
    )
    wishes = (make_interest("octopus minds"),)
    for number, dial in ((1, 0.0), (2, 1.0)):
        store_subscriber(
            sqlite_store, number, preferences=Preferences(dial=dial, max_papers=1), wishes=wishes
        )
    assemble(make_app(sqlite_store), TODAY)
    assert sent_papers(sqlite_store, "reader1@example.org") == [[1]]
    assert sent_papers(sqlite_store, "reader2@example.org") == [[2]]


def test_what_trends_everywhere_comes_behind_what_fits_and_never_alone(
    sqlite_store: Store,
) -> None:
    store_records(
        sqlite_store,
        [
            with_votes(1, 0, "Octopus minds and their eight arms"),
            with_votes(2, 900, "Compilers for quantum circuits"),
            with_votes(3, 20, "Trade routes of the bronze age"),
            with_votes(4, 0, "Glass made of volcanic ash"),
        ],
    )
    half = Preferences(dial=0.5, max_papers=4)
    for number, words in ((1, "octopus minds"), (2, "medieval poetry")):
        store_subscriber(sqlite_store, number, preferences=half, wishes=(make_interest(words),))
    assemble(make_app(sqlite_store), TODAY)
    assert sent_papers(sqlite_store, "reader1@example.org") == [[1, 2]]
    assert sent_papers(sqlite_store, "reader2@example.org") == []


def test_a_place_that_no_other_paper_can_have_goes_to_what_fits(sqlite_store: Store) -> None:
    store_papers(sqlite_store, 12)
    store_subscriber(sqlite_store, email=ADA, preferences=Preferences(dial=0.5, max_papers=10))
    assemble(make_app(sqlite_store), TODAY)
    assert [len(papers) for papers in sent_papers(sqlite_store)] == [10]


def test_a_liked_paper_brings_its_like_even_when_it_is_old_itself(sqlite_store: Store) -> None:
    words = "Spiking neurons on neuromorphic chips learn with local plasticity rules"
    old, new, other = store_records(
        sqlite_store,
        [
            at(1, NOW - 300 * DAY, title=f"{words} I", abstract=f"{words}, in hardware."),
            make_record(2, title=f"{words} again", abstract=f"{words}, in more hardware."),
            make_record(3, title="Bronze age trade routes", abstract="Ships and tin and copper."),
        ],
    )
    wishes = (
        Interest(InterestKind.LIKE, "2603.00001"),
        Interest(InterestKind.LIKE, "2603.99999"),
    )
    store_subscriber(sqlite_store, email=ADA, wishes=wishes)
    assemble(make_app(sqlite_store), TODAY)
    assert sent_papers(sqlite_store) == [[new.id]]
    assert {old.id, other.id}.isdisjoint(sent_papers(sqlite_store)[0])


# --- slots ----------------------------------------------------------------------------------------


def test_nobody_is_planned_before_their_slot(sqlite_store: Store) -> None:
    app = loaded(sqlite_store)
    store_subscriber(sqlite_store, 2, next_due_at=NOW + timedelta(seconds=1))
    assert assemble_due(app) == AssembleReport()
    assert rows(sqlite_store) == []


def test_the_edition_is_that_of_the_readers_own_day_and_the_next_slot_follows(
    sqlite_store: Store,
) -> None:
    store_papers(sqlite_store, 2)
    auckland = Preferences(at=time(7, 30), timezone="Pacific/Auckland")
    slot = datetime(2026, 3, 20, 18, 30, tzinfo=UTC)
    store_subscriber(sqlite_store, email=ADA, preferences=auckland, next_due_at=slot)
    assert assemble_due(make_app(sqlite_store, clock=FakeClock(slot))).planned == 1
    assert [row.edition for row in rows(sqlite_store)] == [date(2026, 3, 21)]
    assert member(sqlite_store, ADA).next_due_at == slot + DAY


def test_a_weekly_reader_is_due_on_mondays(sqlite_store: Store) -> None:
    store_papers(sqlite_store, 2)
    monday = datetime(2026, 3, 16, 7, 30, tzinfo=UTC)
    weekly = Preferences(frequency=Frequency.WEEKLY)
    store_subscriber(sqlite_store, email=ADA, preferences=weekly, next_due_at=monday)
    assemble_due(make_app(sqlite_store, clock=FakeClock(monday)))
    assert member(sqlite_store, ADA).next_due_at == monday + 7 * DAY


def test_a_weekly_digest_looks_back_upon_the_week_since_the_last_one(sqlite_store: Store) -> None:
    """The last one saw the morning of its Monday; a short look back is for those who read daily."""
    monday = datetime(2026, 3, 23, 7, 30, tzinfo=UTC)
    moments = (monday - 7 * DAY + timedelta(hours=4), monday - 3 * DAY, monday - DAY)
    store_records(sqlite_store, [at(n, moment) for n, moment in enumerate(moments, 1)])
    for number, frequency in ((1, Frequency.WEEKLY), (2, Frequency.DAILY)):
        wanted = Preferences(frequency=frequency, at=time(7, 30))
        store_subscriber(sqlite_store, number, preferences=wanted, next_due_at=monday)
    app = make_app(sqlite_store, clock=FakeClock(monday), lookback_days=2)
    assert assemble_due(app).planned == 2
    assert sorted(sent_papers(sqlite_store, "reader1@example.org")[0]) == [1, 2, 3]
    assert sent_papers(sqlite_store, "reader2@example.org") == [[3]]


def test_a_weekly_digest_parts_the_news_from_what_may_have_been_missed(
    sqlite_store: Store,
) -> None:
    monday = datetime(2026, 3, 23, 7, 30, tzinfo=UTC)
    moments = (monday - 5 * DAY, monday - 2 * DAY)
    store_records(sqlite_store, [at(n, moment) for n, moment in enumerate(moments, 1)])
    weekly = Preferences(frequency=Frequency.WEEKLY)
    store_subscriber(sqlite_store, email=ADA, preferences=weekly, next_due_at=monday)
    app = make_app(sqlite_store, clock=FakeClock(monday))
    assert assemble_due(app).planned == 1
    (row,) = rows(sqlite_store, email=ADA)
    with sqlite_store.read() as conn:
        planned = outbox.papers_of(conn, [row.delivery.id])[row.delivery.id]
    assert {paper.paper_id: paper.section for paper in planned} == {
        1: Section.MISSED,
        2: Section.FOR_YOU,
    }
    assert row.delivery.payload["weekly"] == "yes"


def test_a_late_slot_is_caught_up_within_the_time_for_that_and_recorded_as_missed_after(
    sqlite_store: Store,
) -> None:
    store_papers(sqlite_store, 4)
    for number, at_ in ((1, time(6, 0)), (2, time(5, 59))):
        slot = datetime.combine(TODAY, at_, tzinfo=UTC)
        store_subscriber(sqlite_store, number, preferences=Preferences(at=at_), next_due_at=slot)
    report = assemble_due(make_app(sqlite_store))
    assert (report.planned, report.missed) == (1, 1)
    missed = rows(sqlite_store, email="reader2@example.org")[0].delivery
    assert missed.status is DeliveryStatus.SKIPPED
    assert missed.detail == ("missed: nothing ran at 05:59 UTC, nor within the time to catch up")


def test_an_outage_of_months_is_one_warning(sqlite_store: Store) -> None:
    store_subscriber(sqlite_store, next_due_at=NOW - timedelta(days=90))
    with capture_logs() as logs:
        report = assemble_due(make_app(sqlite_store))
    assert report.missed == 90
    (warning,) = [log for log in logs if log["log_level"] == "warning"]
    since = (TODAY - timedelta(days=90)).isoformat()
    assert (warning["event"], warning["missed_count"], warning["since"]) == (
        *("assemble.slots_missed", 90, since),
    )


def test_an_operator_can_send_what_was_missed(sqlite_store: Store) -> None:
    app = loaded(sqlite_store)
    slot = datetime.combine(TODAY, time(2, 0), tzinfo=UTC)
    early = Preferences(at=time(2, 0))
    store_subscriber(sqlite_store, 2, preferences=early, next_due_at=slot)
    assert assemble_due(app).missed == 1
    assert assemble(app, TODAY, emails=["reader2@example.org"]).planned == 1


def test_a_second_slot_on_one_day_brings_no_second_mail_and_counts_none(
    sqlite_store: Store,
) -> None:
    clock = FakeClock()
    app = replace(loaded(sqlite_store), clock=clock)
    store_subscriber(sqlite_store, 2, next_due_at=NOW)
    assert assemble_due(app).planned == 1
    later = Preferences(at=time(18, 0))
    membership.change(app, member(sqlite_store, "reader2@example.org"), preferences=later)
    clock.advance(7 * 3600)
    assert assemble_due(app).planned == 0
    assert len(rows(sqlite_store, email="reader2@example.org")) == 1


def test_a_timetable_that_changes_while_a_plan_is_made_is_kept(sqlite_store: Store) -> None:
    app = loaded(sqlite_store)
    store_subscriber(sqlite_store, 2, next_due_at=NOW)
    evening = NOW + timedelta(hours=6)

    def change() -> None:
        reader = member(sqlite_store, "reader2@example.org")
        with sqlite_store.write() as conn:
            subscribers.set_preferences(conn, reader.id, Preferences(at=time(18)), evening)

    assemble_due(in_the_middle(app, change))
    assert member(sqlite_store, "reader2@example.org").next_due_at == evening


def test_a_stop_leaves_the_slots_that_were_not_reached(sqlite_store: Store) -> None:
    stop = threading.Event()
    stop.set()
    app = loaded(sqlite_store)
    store_subscriber(sqlite_store, 2, next_due_at=NOW)
    assert assemble_due(app, stop=stop).planned == 0
    assert assemble_due(app).planned == 1


def test_more_readers_than_one_batch_are_all_planned(sqlite_store: Store) -> None:
    store_papers(sqlite_store, 2)
    for number in range(1, 503):
        store_subscriber(sqlite_store, number, next_due_at=NOW)
    assert assemble_due(make_app(sqlite_store)).planned == 502


def test_a_fetch_while_others_plan_is_no_matter(sqlite_store: Store) -> None:
    app = loaded(sqlite_store)

    class Planning(FakeSource):
        def fetch(self, request: FetchRequest) -> Iterator[Page]:
            yield Page(records=(make_record(7),), cursor={})
            assert assemble(app, TODAY).planned == 1
            yield Page(records=(make_record(8),), cursor={})

    source = Planning("arxiv")
    refresh(replace(app, sources={"arxiv": source}, every={"arxiv": DAY}))
    assert len(sent_papers(sqlite_store)[0]) == 4


def test_issues_are_kept_between_runs_until_papers_come(sqlite_store: Store) -> None:
    clock = FakeClock(NOW)
    app = make_app(sqlite_store, clock=clock)
    store_papers(sqlite_store, 3)
    issues = Issues(app)
    issues.drop_stale()
    first, _ = issues.of(TODAY)
    issues.drop_stale()
    assert issues.of(TODAY)[0] is first
    store_records(sqlite_store, [make_record(9)])
    with sqlite_store.write() as conn:
        cursors.record_fetch(
            conn,
            Fetch(source="arxiv", started_at=NOW, finished_at=NOW, outcome=Outcome.OK, fetched=1),
        )
    issues.drop_stale()
    assert len(issues.of(TODAY)[0].papers) == 4
    clock.advance(3600)
    again = issues.of(TODAY)[0]
    issues.drop_stale()
    assert issues.of(TODAY)[0] is not again
