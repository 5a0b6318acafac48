"""Sending: what becomes of each delivery, at every answer and every accident."""

import re
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
import sqlalchemy as sa

from digest.core.deliveries import (
    Accepted,
    Deferred,
    DeliveryStatus,
    Rejected,
    SendOutcome,
    Unreachable,
)
from digest.core.messages import Envelope, MailKind
from digest.core.subscribers import Status
from digest.pipeline import membership, suppression
from digest.pipeline.app import App
from digest.pipeline.breaker import end_pause, outbox_pause
from digest.pipeline.deliver import DeliverReport, deliver
from digest.pipeline.membership import Origin
from digest.store import claims, ledger, subscribers
from digest.store.engine import Store
from digest.store.leases import process_owner
from digest.store.tables import cards, deliveries, delivery_papers, suppressions
from tests.builders import NOW, make_app, store_subscriber
from tests.fakes import FakeClock, FakeMailer
from tests.pipeline.world import deliveries as all_deliveries
from tests.pipeline.world import member, planned, rows, set_status, statuses

S = DeliveryStatus
LATER = Deferred(450, "4.2.1 try again later")
GONE = Rejected(550, "5.1.1 <ada@a.example> no such user")
SPAM = Rejected(550, "5.7.1 looks like spam")
FULL = Rejected(552, "5.2.2 mailbox full")
DOWN = Unreachable("relay.example:25 cannot be reached: refused")


def service(
    store: Store, mailer: FakeMailer, clock: FakeClock | None = None, **rules: object
) -> App:
    return make_app(store, mailer=mailer, clock=clock, **rules)


def answering(*outcomes: SendOutcome, address: str = "ada@a.example") -> FakeMailer:
    return FakeMailer({address: outcomes})


# --- outcomes -------------------------------------------------------------------------------------


def test_each_reader_is_sent_their_mail_once(store: Store) -> None:
    mailer = FakeMailer()
    app = service(store, mailer, connections=2)
    planned(app, "ada@a.example", "ben@b.example", "chen@c.example")
    assert deliver(app) == DeliverReport(sent=3)
    assert deliver(app) == DeliverReport()
    assert sorted(mailer.recipients) == ["ada@a.example", "ben@b.example", "chen@c.example"]
    assert member(store, "ada@a.example").last_sent_at == NOW


def test_every_kind_of_outcome_is_counted_and_recorded(sqlite_store: Store) -> None:
    mailer = FakeMailer(
        {"ben@b.example": [LATER], "chen@c.example": [FULL], "dora@d.example": [GONE]}
    )
    app = service(sqlite_store, mailer)
    planned(app, *(f"{name}.example" for name in ("ada@a", "ben@b", "chen@c", "dora@d", "eva@e")))
    set_status(sqlite_store, "eva@e.example", Status.PAUSED)
    assert deliver(app) == DeliverReport(sent=1, deferred=1, failed=2, cancelled=1)
    assert statuses(sqlite_store) == [S.SENT, S.DEFERRED, S.FAILED, S.FAILED, S.CANCELLED]
    assert [d.smtp_code for d in all_deliveries(sqlite_store)] == [250, 450, 552, 550, None]
    assert all_deliveries(sqlite_store)[4].detail == "the subscriber is paused"


def test_progress_hears_how_many_are_done(sqlite_store: Store) -> None:
    heard: list[int] = []
    app = service(sqlite_store, FakeMailer())
    planned(app, "ada@a.example", "ben@b.example")
    deliver(app, progress=heard.append)
    assert heard == [1, 2]


def test_a_mail_that_somebody_waits_for_goes_before_the_digests(sqlite_store: Store) -> None:
    mailer = FakeMailer()
    app = service(sqlite_store, mailer)
    planned(app, "ada@a.example")
    membership.request_subscription(app, "new@b.example", (), Origin(via="web"))
    assert deliver(app) == DeliverReport(sent=1, letters=1)
    assert mailer.recipients == ["new@b.example", "ada@a.example"]


# --- tries ----------------------------------------------------------------------------------------


def test_every_try_sends_the_same_bytes_with_the_same_message_id(store: Store) -> None:
    clock = FakeClock()
    mailer = answering(LATER, Deferred(0, "the connection broke"), Accepted(250, "ok"))
    app = service(store, mailer, clock)
    planned(app, "ada@a.example")
    for _ in range(3):
        deliver(app)
        clock.advance(3600)
    (first, *others) = mailer.tries
    assert len(others) == 2
    assert set(others) == {first}
    assert rows(store)[0].message_id.encode() in first[1]
    assert statuses(store) == [S.SENT]


def test_a_refused_mail_is_tried_along_the_ladder_and_then_given_up(sqlite_store: Store) -> None:
    clock, mailer = FakeClock(), answering(LATER)
    app = service(sqlite_store, mailer, clock)
    planned(app, "ada@a.example")
    tried_at = []
    for _ in range(24 * 4):
        if deliver(app) != DeliverReport():
            tried_at.append((clock.now() - NOW) // timedelta(minutes=1))
        clock.advance(15 * 60)
    assert tried_at == [0, 30, 90, 210, 450, 930]
    (given_up,) = all_deliveries(sqlite_store)
    assert (given_up.status, given_up.attempts) == (S.FAILED, 6)
    assert given_up.detail == "given up after 6 tries"


def test_a_broken_connection_is_tried_again_at_once(sqlite_store: Store) -> None:
    mailer = answering(Deferred(0, "the connection broke"), Accepted(250, "ok"))
    app = service(sqlite_store, mailer)
    planned(app, "ada@a.example")
    assert deliver(app) == DeliverReport(sent=1)
    assert len(mailer.tries) == 2


def test_a_digest_that_failed_gives_its_papers_back(sqlite_store: Store) -> None:
    app = service(sqlite_store, answering(FULL))
    (delivery,) = planned(app, "ada@a.example")
    deliver(app)
    with sqlite_store.read() as conn:
        assert ledger.seen_papers(conn, [delivery.subscriber_id])[delivery.subscriber_id] == set()


# --- refusals -------------------------------------------------------------------------------------


def test_a_dead_address_is_suppressed_and_its_other_mail_cancelled(sqlite_store: Store) -> None:
    app = service(sqlite_store, answering(GONE))
    planned(app, "ada@a.example")
    with sqlite_store.write() as conn:
        ada = subscribers.by_email(conn, "ada@a.example")
        assert ada is not None
        membership.queue_mail(app, conn, ada, MailKind.GOODBYE, NOW + timedelta(days=1))
        conn.execute(
            sa.update(deliveries).where(deliveries.c.kind == "goodbye").values(status="deferred")
        )
    assert deliver(app) == DeliverReport(failed=1)
    assert member(sqlite_store, "ada@a.example").status is Status.SUPPRESSED
    assert statuses(sqlite_store, MailKind.GOODBYE) == [S.CANCELLED]


def test_the_reason_of_a_suppression_holds_no_address(sqlite_store: Store) -> None:
    app = service(sqlite_store, answering(GONE))
    planned(app, "ada@a.example")
    deliver(app)
    with sqlite_store.read() as conn:
        assert conn.scalars(sa.select(suppressions.c.reason)).all() == ["bounce: 550 5.1.1"]


@pytest.mark.parametrize("answer", [SPAM, FULL, Rejected(554, "no")], ids=lambda a: a.reply)
def test_a_refusal_that_is_not_about_the_address_suppresses_nobody(
    sqlite_store: Store, answer: Rejected
) -> None:
    app = service(sqlite_store, answering(answer))
    planned(app, "ada@a.example")
    assert deliver(app) == DeliverReport(failed=1)
    assert member(sqlite_store, "ada@a.example").status is Status.ACTIVE


# --- the relay is away ----------------------------------------------------------------------------


def test_five_tries_that_do_not_reach_the_relay_pause_the_outbox_and_blame_nobody(
    store: Store,
) -> None:
    mailer = FakeMailer(otherwise=DOWN)
    app = service(store, mailer)
    planned(app, *(f"r{n}@a.example" for n in range(8)))
    report = deliver(app)
    assert (report.sent, report.failed, report.paused) == (0, 0, DOWN.reply)
    assert len(mailer.tries) == 5
    assert set(statuses(store)) == {S.QUEUED}
    assert {d.attempts for d in all_deliveries(store)} == {0}


def test_the_next_run_of_any_process_sees_the_pause(store: Store) -> None:
    clock, mailer = FakeClock(), FakeMailer(otherwise=DOWN)
    app = service(store, mailer, clock)
    planned(app, "ada@a.example")
    deliver(app)
    other = replace(app, owner="the other")
    assert deliver(other).paused == f"until 12:05 UTC: {DOWN.reply}"
    assert len(mailer.tries) == 5
    mailer.otherwise = Accepted(250, "ok")
    clock.advance(301)
    assert deliver(other) == DeliverReport(sent=1)


def test_an_operator_ends_the_pause(sqlite_store: Store) -> None:
    mailer = FakeMailer(otherwise=DOWN)
    app = service(sqlite_store, mailer)
    planned(app, "ada@a.example")
    deliver(app)
    mailer.otherwise = Accepted(250, "ok")
    end_pause(app)
    assert outbox_pause(app) is None
    assert deliver(app) == DeliverReport(sent=1)


def test_tries_that_reach_the_relay_in_between_keep_the_breaker_shut(sqlite_store: Store) -> None:
    script: Sequence[SendOutcome] = (*[DOWN] * 4, Accepted(250, "ok"))
    mailer = FakeMailer({f"r{n}@a.example": script for n in range(3)})
    app = service(sqlite_store, mailer)
    planned(app, *(f"r{n}@a.example" for n in range(3)))
    for _ in range(3):
        deliver(app)
        end_pause(app)
    assert deliver(app).paused == ""
    assert statuses(sqlite_store) == [S.SENT] * 3


def test_a_relay_that_does_not_say_why_opens_the_breaker_too(sqlite_store: Store) -> None:
    app = service(sqlite_store, FakeMailer(otherwise=Unreachable("")))
    planned(app, "ada@a.example")
    assert deliver(app).paused == "the relay cannot be reached"


# --- rates ----------------------------------------------------------------------------------------


def sent_at(store: Store) -> list[float]:
    """Seconds from the start at which each digest went out."""
    moments = [d.sent_at for d in all_deliveries(store) if d.sent_at]
    return sorted((moment - NOW).total_seconds() for moment in moments)


def test_the_relays_rate_is_kept_to(sqlite_store: Store) -> None:
    app = service(sqlite_store, FakeMailer(), rate_per_second=0.5)
    planned(app, *(f"r{n}@{n}.example" for n in range(4)))
    deliver(app)
    assert sent_at(sqlite_store) == [0, 2, 4, 6]


def test_a_slow_domain_does_not_hold_up_the_others_and_all_are_sent(sqlite_store: Store) -> None:
    mailer = FakeMailer()
    app = service(sqlite_store, mailer, rate_per_domain=0.1)
    planned(app, *(f"r{n}@a.example" for n in range(4)), "ben@b.example")
    assert deliver(app) == DeliverReport(sent=5)
    assert mailer.recipients[:2] == ["r0@a.example", "ben@b.example"]
    assert sent_at(sqlite_store) == [0, 0, 10, 20, 30]


def test_postponed_mail_counts_no_attempt_and_is_left_for_later_at_a_stop(
    sqlite_store: Store,
) -> None:
    stop = threading.Event()
    clock = FakeClock()
    app = service(sqlite_store, FakeMailer(), clock, rate_per_domain=0.01)
    planned(app, "ada@a.example", "ben@a.example")

    class Stopping(FakeClock):
        def sleep(self, seconds: float) -> None:
            stop.set()

    assert deliver(replace(app, clock=Stopping()), stop=stop) == DeliverReport(sent=1, deferred=1)
    (_, waiting) = all_deliveries(sqlite_store)
    assert (waiting.status, waiting.attempts) == (S.DEFERRED, 0)
    assert waiting.next_attempt_at == NOW + timedelta(seconds=100)


def test_a_confirmation_does_not_wait_behind_a_slow_domains_digests(sqlite_store: Store) -> None:
    clock, mailer = FakeClock(), FakeMailer()
    app = service(sqlite_store, mailer, clock, rate_per_domain=0.1)
    planned(app, *(f"r{n}@a.example" for n in range(10)))

    def sign_up(_envelope: Envelope) -> None:
        mailer.before = None
        membership.request_subscription(app, "new@a.example", (), Origin(via="web"))

    mailer.before = sign_up
    deliver(app)
    assert mailer.recipients[1] == "new@a.example"


# --- accidents ------------------------------------------------------------------------------------


def test_a_mail_that_cannot_be_made_fails_alone(sqlite_store: Store) -> None:
    mailer = FakeMailer()
    app = service(sqlite_store, mailer)
    broken, _ = planned(app, "ada@a.example", "ben@b.example")
    with sqlite_store.write() as conn:
        conn.execute(
            sa.update(deliveries)
            .where(deliveries.c.id == broken.id)
            .values(payload={"appeared": "?"})
        )
    assert deliver(app) == DeliverReport(sent=1, failed=1)
    assert mailer.recipients == ["ben@b.example"]
    assert all_deliveries(sqlite_store)[0].detail.startswith("could not be composed: ValueError")


def test_a_card_that_is_lost_is_made_anew(sqlite_store: Store) -> None:
    mailer = FakeMailer()
    app = service(sqlite_store, mailer)
    planned(app, "ada@a.example")
    with sqlite_store.write() as conn:
        conn.execute(sa.delete(cards))
    assert deliver(app) == DeliverReport(sent=1)
    parsed = message_from_bytes(mailer.taken[0][1], policy=policy.default)
    body = parsed.get_body(("html",))
    assert body is not None
    assert "study 1" in re.sub(r"\s+", " ", body.get_content())


def test_what_a_dead_process_was_sending_is_taken_back_at_once(store: Store) -> None:
    mailer = FakeMailer()
    app = service(store, mailer)
    planned(app, "ada@a.example", "ben@b.example")
    host, namespace, *_ = process_owner().split("/")
    dead = f"{host}/{namespace}/4194399/1"
    with store.write() as conn:
        claims.claim(conn, now=NOW, limit=9, owner=dead, lease_until=NOW + timedelta(hours=1))
    assert deliver(app) == DeliverReport(sent=2)
    assert len(mailer.tries) == 2


def test_what_a_living_process_is_sending_is_left_to_it_until_its_lease_ends(store: Store) -> None:
    clock, mailer = FakeClock(), FakeMailer()
    app = service(store, mailer, clock)
    planned(app, "ada@a.example")
    with store.write() as conn:
        claims.claim(conn, now=NOW, limit=9, owner="far away", lease_until=NOW + timedelta(hours=1))
    assert deliver(app) == DeliverReport()
    clock.advance(3601)
    assert deliver(app) == DeliverReport(sent=1)


def test_two_processes_that_deliver_at_once_send_each_mail_once(store: Store) -> None:
    mailer = FakeMailer()
    app = service(store, mailer, connections=2)
    planned(app, *(f"r{n}@a.example" for n in range(60)))
    workers = [
        threading.Thread(target=deliver, args=(replace(app, owner=owner),)) for owner in ("a", "b")
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    deliver(app)
    assert sorted(mailer.recipients) == sorted(f"r{n}@a.example" for n in range(60))


def test_a_stop_ends_after_the_message_in_hand_and_puts_the_rest_back(store: Store) -> None:
    stop = threading.Event()
    mailer = FakeMailer(before=lambda _: stop.set())
    app = service(store, mailer)
    planned(app, "ada@a.example", "ben@b.example", "chen@c.example")
    assert deliver(app, stop=stop) == DeliverReport(sent=1)
    assert statuses(store) == [S.SENT, S.QUEUED, S.QUEUED]
    assert deliver(replace(app, owner="the next")) == DeliverReport(sent=2)


def test_a_crash_puts_back_what_was_not_begun(sqlite_store: Store) -> None:
    def explode(_envelope: Envelope) -> None:
        raise RuntimeError("a bug")

    mailer = FakeMailer(before=explode)
    app = service(sqlite_store, mailer)
    planned(app, "ada@a.example", "ben@b.example")
    with pytest.raises(RuntimeError):
        deliver(app)
    assert statuses(sqlite_store) == [S.SENDING, S.QUEUED]


def test_a_batch_that_takes_too_long_is_not_sent_beyond_its_lease(sqlite_store: Store) -> None:
    clock = FakeClock()
    mailer = FakeMailer(before=lambda _: clock.advance(200))
    app = service(sqlite_store, mailer, clock)
    planned(app, *(f"r{n}@a.example" for n in range(5)))
    assert deliver(app) == DeliverReport(sent=5)
    assert len(mailer.tries) == 5


def test_a_try_that_outlived_its_lease_says_nothing_of_the_delivery(
    sqlite_store: Store,
) -> None:
    clock, mailer = FakeClock(), FakeMailer()
    app = service(sqlite_store, mailer, clock)
    planned(app, "ada@a.example")

    def overtaken(_envelope: Envelope) -> None:
        mailer.before = None
        clock.advance(3600)
        assert deliver(replace(app, owner="the other")) == DeliverReport(sent=1)

    mailer.before = overtaken
    assert deliver(app) == DeliverReport()
    assert statuses(sqlite_store) == [S.SENT]


# --- people who leave in between ------------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.UNSUBSCRIBED, Status.SUPPRESSED, Status.PAUSED])
def test_whoever_left_between_plan_and_sending_is_not_mailed(
    sqlite_store: Store, status: Status
) -> None:
    mailer = FakeMailer()
    app = service(sqlite_store, mailer)
    planned(app, "ada@a.example")
    set_status(sqlite_store, "ada@a.example", status)
    assert deliver(app) == DeliverReport(cancelled=1)
    assert mailer.tries == []


def test_whoever_leaves_while_a_slow_batch_goes_out_is_not_mailed(sqlite_store: Store) -> None:
    clock, mailer = FakeClock(), FakeMailer()
    app = service(sqlite_store, mailer, clock)
    planned(app, "ada@a.example", "ben@b.example")

    def leave(_envelope: Envelope) -> None:
        clock.advance(60)
        ben = member(sqlite_store, "ben@b.example")
        membership.unsubscribe(app, ben, Origin(via="web"), say_goodbye=False)

    mailer.before = leave
    assert deliver(app) == DeliverReport(sent=1, cancelled=1)


def test_a_person_who_is_erased_in_between_is_not_mailed_and_stops_nobody(store: Store) -> None:
    mailer = FakeMailer()
    app = service(store, mailer)
    planned(app, "ada@a.example", "ben@b.example")

    def erase(_envelope: Envelope) -> None:
        mailer.before = None
        suppression.erase(app, member(store, "ada@a.example"))

    mailer.before = erase
    assert deliver(app) == DeliverReport(sent=1)
    assert [row.email for row in rows(store)] == ["ben@b.example"]


def test_a_confirmation_is_for_those_who_still_have_to_confirm(sqlite_store: Store) -> None:
    mailer = FakeMailer()
    app = service(sqlite_store, mailer)
    membership.request_subscription(app, "ada@a.example", (), Origin(via="web"))
    set_status(sqlite_store, "ada@a.example", Status.ACTIVE)
    assert deliver(app) == DeliverReport(cancelled=1)


def test_a_goodbye_reaches_those_who_left(sqlite_store: Store) -> None:
    mailer = FakeMailer()
    app = service(sqlite_store, mailer)
    ada = store_subscriber(sqlite_store, email="ada@a.example")
    membership.unsubscribe(app, ada, Origin(via="web"), say_goodbye=True)
    assert deliver(app) == DeliverReport(letters=1)


def test_papers_of_a_delivery_stay_with_it_whatever_comes_of_it(sqlite_store: Store) -> None:
    app = service(sqlite_store, answering(FULL))
    planned(app, "ada@a.example")
    deliver(app)
    with sqlite_store.read() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(delivery_papers)) == 3
