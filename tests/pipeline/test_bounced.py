"""When so much comes back at once that readers are not to blame."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
import sqlalchemy as sa
import structlog.testing

from digest.core.bounces import BounceClass, BounceEffect, Toll
from digest.core.deliveries import Accepted, Deferred, DeliveryStatus, Rejected, SendOutcome
from digest.core.editions import EditionId
from digest.core.subscribers import Status, Subscriber
from digest.pipeline import membership, suppression
from digest.pipeline.app import App
from digest.pipeline.bounced import follow, held_at, settle
from digest.pipeline.deliver import deliver
from digest.pipeline.inbound import process
from digest.pipeline.membership import Origin
from digest.store import bounces, outbox, retries
from digest.store import subscribers as members
from digest.store.engine import Store
from digest.store.tables import deliveries
from tests.builders import (
    NOW,
    TODAY,
    make_app,
    make_identity,
    make_new_delivery,
    store_edition,
    store_subscriber,
)
from tests.fakes import FakeClock, FakeMailer
from tests.pipeline.test_returned_mails import report
from tests.pipeline.world import member, planned, rows

GONE = Rejected(550, "5.1.1 no such user")
FULL = Deferred(452, "4.2.2 mailbox full")
BIG, WEB = "big.example", Origin(via="web")
HARD, SOFT = BounceClass.HARD, BounceClass.SOFT


@dataclass
class Service:
    """Readers who get a digest a day, each of which may come back."""

    app: App
    clock: FakeClock
    readers: list[Subscriber] = field(default_factory=list)
    day: int = 0
    edition: EditionId | None = None

    @property
    def store(self) -> Store:
        return self.app.store

    def joined(self, number: int, domain: str = BIG) -> list[Subscriber]:
        start = len(self.readers) + 1
        new = [
            store_subscriber(self.store, n, email=f"r{n}@{domain}")
            for n in range(start, start + number)
        ]
        self.readers += new
        return new

    def next_day(self, days: int = 1) -> None:
        """Everybody who is active is sent a digest, which the relay takes."""
        self.day += days
        self.clock.set(NOW + timedelta(days=self.day))
        self.edition = store_edition(self.store, TODAY + timedelta(days=self.day)).id
        active = [one for one in self.readers if self.status(one) is Status.ACTIVE]
        with self.store.write() as conn:
            new = [
                make_new_delivery(one.id, self.day * 10_000 + one.id, edition_id=self.edition)
                for one in active
            ]
            outbox.enqueue(conn, new, self.clock.now())
            conn.execute(
                sa.update(deliveries)
                .where(deliveries.c.edition_id == self.edition)
                .values(status=DeliveryStatus.SENT, sent_at=self.clock.now())
            )

    def bounce(
        self, readers: Sequence[Subscriber], bounce_class: BounceClass = HARD
    ) -> list[BounceEffect | None]:
        """What it leads to that the digests of today come back."""
        mine = {row.delivery.subscriber_id: row.delivery for row in rows(self.store)}
        now, found = self.clock.now(), []
        for reader in readers:
            with self.store.write() as conn:
                bounces.record(conn, mine[reader.id].id, bounce_class, "5.1.1", "gone", now)
                found.append(follow(self.app, conn, mine[reader.id], bounce_class, "5.1.1", now))
        return found

    def status(self, reader: Subscriber) -> Status:
        return member(self.store, reader.email).status

    def statuses(self) -> set[Status]:
        return {self.status(one) for one in self.readers}

    def held(self, domain: str = "") -> int:
        with self.store.read() as conn:
            return len({one.email for one in held_at(conn, domain, self.clock.now())})


@pytest.fixture
def service(store: Store) -> Service:
    clock = FakeClock(NOW)
    return Service(make_app(store, clock=clock, mailer=FakeMailer()), clock)


# --- how many are too many ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tried", "bounced", "wave"),
    [(9, 9, False), (10, 10, True), (99, 10, True), (100, 10, False), (10_000, 1_000, False)],
)
def test_too_many_are_ten_readers_and_more_than_one_in_ten(
    tried: int, bounced: int, wave: bool
) -> None:
    assert Toll(tried, bounced).is_wave() is wave


def test_of_a_domain_that_knows_nobody_for_a_day_nobody_is_lost(service: Service) -> None:
    there = service.joined(14)
    service.next_day()
    with structlog.testing.capture_logs() as logged:
        found = service.bounce(there)
    assert found == [BounceEffect.SUPPRESSED] * 9 + [BounceEffect.HELD] * 5
    assert service.statuses() == {Status.ACTIVE}  # those that went first have come back
    assert all(member(service.store, one.email).next_due_at for one in there[:9])
    assert service.held() == 14
    assert [line["event"] for line in logged if line["log_level"] == "error"] == [
        "bounces.held_back"
    ]
    with service.store.read() as conn:
        events = [one.event for one in members.consents_of(conn, there[0].id)]
        key = service.app.address_hash(there[0].email)
        assert members.suppression_reason(conn, key) is None
    assert events == ["unsuppressed"]


def test_the_dead_addresses_of_a_clean_list_are_suppressed_at_once(service: Service) -> None:
    there = service.joined(24)
    service.next_day()
    assert service.bounce(there[:9]) == [BounceEffect.SUPPRESSED] * 9
    assert service.held() == 0


def test_the_readers_of_other_domains_are_judged_by_themselves(service: Service) -> None:
    big, elsewhere = service.joined(12), service.joined(2, "small.example")
    service.joined(300, "fine.example")
    service.next_day()
    service.bounce(big)
    assert service.bounce(elsewhere) == [BounceEffect.SUPPRESSED] * 2
    assert (service.held(BIG), service.held()) == (12, 12)


def test_a_relay_that_refuses_readers_of_many_domains_loses_nobody(service: Service) -> None:
    many = [service.joined(1, f"d{n}.example")[0] for n in range(12)]
    service.next_day()
    service.bounce(many)
    assert service.statuses() == {Status.ACTIVE}
    assert service.held() == 12


def test_whoever_left_meanwhile_does_not_come_back(service: Service) -> None:
    there = service.joined(14)
    service.next_day()
    membership.unsubscribe(service.app, there[0], WEB, say_goodbye=False)
    service.bounce(there[:3])
    suppression.suppress(service.app, there[1].email, "spam trap")
    suppression.erase(service.app, there[2])
    service.bounce(there[3:])
    assert [service.status(one) for one in there[:2]] == [Status.SUPPRESSED] * 2
    assert {service.status(one) for one in there[3:]} == {Status.ACTIVE}


# --- afterwards -----------------------------------------------------------------------------------


def test_who_bounces_again_once_few_do_is_suppressed(service: Service) -> None:
    there = service.joined(14)
    service.next_day()
    service.bounce(there)
    service.next_day()
    assert service.bounce(there[:2]) == [BounceEffect.SUPPRESSED] * 2
    assert service.held() == 12


def test_a_domain_that_stays_dead_is_let_go_after_a_week(service: Service) -> None:
    there = service.joined(12)
    service.joined(20, "fine.example")
    for _ in range(7):
        service.next_day()
        assert set(service.bounce(there)[-3:]) == {BounceEffect.HELD}
    service.next_day()
    assert service.bounce(there) == [BounceEffect.SUPPRESSED] * 12


def test_a_week_in_which_half_of_all_readers_get_nothing_ends_nobodys_mail(
    service: Service,
) -> None:
    there = service.joined(12)
    service.joined(8, "fine.example")
    for _ in range(9):
        service.next_day()
        service.bounce(there, SOFT)
    assert service.statuses() == {Status.ACTIVE}
    assert service.held() == 12


def test_what_is_held_is_forgotten_where_later_mail_stays_there(service: Service) -> None:
    there = service.joined(12)
    service.next_day()
    service.bounce(there)
    service.next_day(14)
    assert service.held() == 0


def test_the_operator_lets_it_through(service: Service) -> None:
    there = service.joined(12)
    service.next_day()
    service.bounce(there)
    assert settle(service.app, "other.example", suppress=True) == 0
    assert settle(service.app, BIG, suppress=True) == 12
    assert service.statuses() == {Status.SUPPRESSED}
    assert service.held() == 0


def test_the_operator_drops_it(service: Service) -> None:
    there = service.joined(12)
    service.next_day()
    service.bounce(there)
    assert settle(service.app, "", suppress=False) == 12
    assert service.statuses() == {Status.ACTIVE}
    assert service.held() == 0


# --- by mail and at RCPT --------------------------------------------------------------------------


def test_bounce_mails_that_are_too_many_suppress_nobody(sqlite_store: Store) -> None:
    identity = make_identity(bounce_address="bounces@digest.example")
    mailer = FakeMailer()
    app = make_app(sqlite_store, mailer=mailer, identity=identity)
    emails = [f"r{n}@{BIG}" for n in range(12)]
    planned(app, *emails)
    deliver(app)
    said = [
        process(app, report("5.1.1", to=envelope.sender, address=envelope.recipient))
        for envelope, _ in mailer.taken
    ]
    assert said[-1].why == "hard 5.1.1, held back: too many at once"
    assert {member(sqlite_store, email).status for email in emails} == {Status.ACTIVE}


@pytest.mark.parametrize("connections", [1, 3])
def test_refusals_that_are_too_many_suppress_nobody(store: Store, connections: int) -> None:
    app = make_app(store, mailer=FakeMailer(otherwise=GONE), connections=connections)
    emails = [f"r{n}@{BIG}" for n in range(14)]
    planned(app, *emails)
    assert deliver(app).failed == 14
    assert {member(store, email).status for email in emails} == {Status.ACTIVE}


def _days(app: App, clock: FakeClock, number: int) -> list[Status]:
    """What Ada is after each of some days, with a digest a day that is tried until it is taken or
    given up."""
    ada, found = member(app.store, "ada@a.example"), []
    for day in range(number):
        clock.set(NOW + timedelta(days=day))
        edition = store_edition(app.store, TODAY + timedelta(days=day))
        if member(app.store, ada.email).status is Status.ACTIVE:
            new = make_new_delivery(ada.id, day + 1, edition_id=edition.id)
            with app.store.write() as conn:
                outbox.enqueue(conn, [new], clock.now())
        for _ in range(17):
            deliver(app)
            clock.advance(3600)
        found.append(member(app.store, ada.email).status)
    return found


@pytest.mark.parametrize(
    ("answer", "end"),
    [
        (FULL, Status.SUPPRESSED),
        (Rejected(552, "5.2.2 mailbox full"), Status.SUPPRESSED),
        (Rejected(552, "5.2.2 full after all of it", recipient=False), Status.SUPPRESSED),
        (Rejected(552, "5.3.4 too large", recipient=False), Status.ACTIVE),
        (Deferred(451, "4.3.0 later", recipient=False), Status.ACTIVE),
        (Deferred(450, "4.7.28 too much mail from you"), Status.ACTIVE),
        (Deferred(0, "the connection broke"), Status.ACTIVE),
        (Rejected(550, "5.7.1 spam"), Status.ACTIVE),
    ],
    ids=lambda value: value.reply if not isinstance(value, Status) else "",
)
def test_a_mailbox_that_refuses_every_digest_for_a_week_as_full_ends_the_mail(
    sqlite_store: Store, answer: SendOutcome, end: Status
) -> None:
    clock = FakeClock(NOW)
    app = make_app(sqlite_store, mailer=FakeMailer(otherwise=answer), clock=clock)
    store_subscriber(sqlite_store, email="ada@a.example")
    assert _days(app, clock, 8) == [Status.ACTIVE] * 7 + [end]


def test_one_digest_that_is_taken_ends_the_row_of_refusals(sqlite_store: Store) -> None:
    clock = FakeClock(NOW)
    tries = [FULL] * 6 * 6 + [Accepted(250, "ok")] + [FULL] * 99
    app = make_app(sqlite_store, mailer=FakeMailer({"ada@a.example": tries}), clock=clock)
    store_subscriber(sqlite_store, email="ada@a.example")
    assert set(_days(app, clock, 10)) == {Status.ACTIVE}


def test_a_digest_that_is_tried_again_on_an_operators_word_has_not_come_back(
    sqlite_store: Store,
) -> None:
    app = make_app(sqlite_store, mailer=FakeMailer(otherwise=Rejected(552, "5.2.2 full")))
    (delivery,) = planned(app, "ada@a.example")
    deliver(app)
    with sqlite_store.write() as conn:
        assert bounces.of_subscriber(conn, delivery.subscriber_id)
        assert retries.retry(conn, [DeliveryStatus.FAILED], NOW) == 1
        assert not bounces.of_subscriber(conn, delivery.subscriber_id)
