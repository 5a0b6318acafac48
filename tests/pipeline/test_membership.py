"""Joining, confirming, changing and leaving, whoever asks and however often."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
import sqlalchemy as sa

from digest.core.deliveries import Rejected
from digest.core.errors import InvalidAddress
from digest.core.interests import parse_interests
from digest.core.messages import MailKind
from digest.core.subscribers import TRANSITIONS, Frequency, Preferences, Status, Subscriber
from digest.core.tokens import Purpose, Refusal, Refused
from digest.pipeline import flood, membership, suppression
from digest.pipeline.app import App
from digest.pipeline.deliver import deliver
from digest.pipeline.housekeeping import housekeeping
from digest.pipeline.membership import Done, Origin, TooMany
from digest.store import subscribers
from digest.store.engine import Store
from digest.store.tables import metadata, suppressions
from tests.builders import NOW, make_app, make_interest, store_papers, store_subscriber
from tests.fakes import FakeClock, FakeMailer
from tests.pipeline.world import deliveries, everything, member, planned, rows, statuses

WEB = Origin(via="web", ip="192.0.2.7", wording="Yes, mail me.")
ADA = "ada@a.example"


def ask(app: App, email: str = ADA, interests: str = "walking robots", ip: str = "") -> object:
    origin = replace(WEB, ip=ip)
    return membership.request_subscription(app, email, parse_interests(interests), origin)


def token(app: App, email: str = ADA) -> str:
    asked = rows(app.store, kind=MailKind.CONFIRMATION, email=email)[-1].delivery
    return membership.confirmation_token(app, member(app.store, email), asked.created_at)


def confirmations(app: App) -> int:
    return len(deliveries(app.store, MailKind.CONFIRMATION))


# --- joining --------------------------------------------------------------------------------------


def test_a_wish_to_join_is_pending_until_the_mail_is_answered(store: Store) -> None:
    app = make_app(store, mailer=FakeMailer())
    assert ask(app) is None
    ada = member(store, ADA)
    assert (ada.status, ada.confirmed_at, ada.next_due_at) == (Status.PENDING, None, None)
    assert confirmations(app) == 1
    done = membership.confirm(app, token(app), WEB)
    assert isinstance(done, Done)
    assert done.changed
    ada = member(store, ADA)
    assert (ada.status, ada.confirmed_at) == (Status.ACTIVE, NOW)
    assert ada.next_due_at == datetime.fromisoformat("2026-03-21T07:30:00Z")
    assert len(deliveries(store, MailKind.WELCOME)) == 1


def test_consent_is_kept_with_its_time_its_origin_and_its_wording(sqlite_store: Store) -> None:
    app = make_app(sqlite_store)
    ask(app, ip="192.0.2.7")
    membership.confirm(app, token(app), WEB)
    membership.unsubscribe(app, member(sqlite_store, ADA), WEB, say_goodbye=False)
    with sqlite_store.read() as conn:
        kept = subscribers.consents_of(conn, member(sqlite_store, ADA).id)
    assert [c.event for c in kept] == ["requested", "confirmed", "unsubscribed"]
    assert {(c.via, c.ip, c.wording) for c in kept} == {("web", "192.0.2.7", "Yes, mail me.")}


def test_confirming_twice_welcomes_once(store: Store) -> None:
    app = make_app(store)
    ask(app)
    first, second = (membership.confirm(app, token(app), WEB) for _ in range(2))
    assert isinstance(first, Done)
    assert isinstance(second, Done)
    assert (first.changed, second.changed) == (True, False)
    assert len(deliveries(store, MailKind.WELCOME)) == 1


def test_two_clicks_at_the_same_moment_welcome_once(store: Store) -> None:
    app = make_app(store)
    ask(app)
    clicked = token(app)
    clicks = [
        threading.Thread(target=membership.confirm, args=(app, clicked, WEB)) for _ in range(4)
    ]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join()
    assert len(deliveries(store, MailKind.WELCOME)) == 1


def test_two_people_who_ask_for_one_address_at_once_make_one_member(store: Store) -> None:
    app = make_app(store)
    asking = [threading.Thread(target=ask, args=(app,)) for _ in range(4)]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    assert member(store, ADA).status is Status.PENDING
    assert confirmations(app) == 1


def test_a_wish_that_nobody_confirms_is_forgotten_after_a_week(sqlite_store: Store) -> None:
    clock = FakeClock()
    app = make_app(sqlite_store, clock=clock)
    ask(app)
    clicked = token(app)
    clock.advance(8 * 86_400)
    assert housekeeping(app).unconfirmed == 1
    assert membership.confirm(app, clicked, WEB) == Refused(Refusal.EXPIRED)


def test_what_cannot_be_an_address_is_refused(sqlite_store: Store) -> None:
    app = make_app(sqlite_store)
    for wrong in ("", "ada", "ada@", "a@b.example\nBcc: c@d.example", "Ada <a@b.example>"):
        with pytest.raises(InvalidAddress):
            ask(app, wrong)


# --- what strangers can do ------------------------------------------------------------------------


@pytest.mark.parametrize("status", list(Status))
def test_the_answer_is_the_same_whoever_the_address_belongs_to(
    sqlite_store: Store, status: Status
) -> None:
    app = make_app(sqlite_store)
    store_subscriber(sqlite_store, email=ADA, status=status)
    assert ask(app) is None
    assert ask(app, "nobody@a.example") is None


@pytest.mark.parametrize("status", [Status.ACTIVE, Status.PAUSED, Status.SUPPRESSED])
def test_a_stranger_who_fills_in_the_form_changes_nothing_for_a_member(
    sqlite_store: Store, status: Status
) -> None:
    app = make_app(sqlite_store)
    store_subscriber(sqlite_store, email=ADA, status=status)
    before = everything(sqlite_store)
    ask(app, "ADA@A.example", "something else")
    after = everything(sqlite_store)
    assert {name for name in before if before[name] != after[name]} == {"attempts"}


def test_a_stranger_cannot_bring_back_a_suppressed_address(sqlite_store: Store) -> None:
    app = make_app(sqlite_store)
    suppression.suppress(app, ADA, "complaint")
    assert ask(app) is None
    assert confirmations(app) == 0


def _bounced(app: App, status: Status = Status.ACTIVE) -> Subscriber:
    """Ada, whom a bounce has suppressed."""
    ada = store_subscriber(app.store, email=ADA, status=status)
    with app.store.write() as conn:
        suppression.suppress_in(app, conn, ADA, f"{suppression.BOUNCE}5.1.1", NOW)
    return ada


def _suppressed_by(app: App) -> str | None:
    with app.store.read() as conn:
        return subscribers.suppression_reason(conn, app.address_hash(ADA))


def test_an_address_that_bounced_is_alive_again_where_a_confirmation_is_answered(
    store: Store,
) -> None:
    mailer = FakeMailer()
    app = make_app(store, mailer=mailer)
    _bounced(app)
    assert ask(app) is None
    assert (member(store, ADA).status, _suppressed_by(app)) == (Status.PENDING, "bounce: 5.1.1")
    deliver(app)
    assert mailer.recipients == [ADA]
    done = membership.confirm(app, token(app), WEB)
    assert isinstance(done, Done)
    assert (member(store, ADA).status, _suppressed_by(app)) == (Status.ACTIVE, None)


def test_an_address_that_bounced_and_is_not_confirmed_stays_as_it_was(sqlite_store: Store) -> None:
    clock = FakeClock()
    app = make_app(sqlite_store, clock=clock)
    _bounced(app)
    for _ in range(3):
        ask(app)
    assert confirmations(app) == 1
    clock.advance(8 * 86_400)
    housekeeping(app)
    assert (member(sqlite_store, ADA).status, _suppressed_by(app)) == (
        Status.UNSUBSCRIBED,
        "bounce: 5.1.1",
    )
    ask(app)
    assert confirmations(app) == 2


def test_an_address_whose_confirmation_bounces_too_is_suppressed_anew(sqlite_store: Store) -> None:
    app = make_app(sqlite_store, mailer=FakeMailer(otherwise=Rejected(550, "5.1.1 unknown")))
    _bounced(app)
    ask(app)
    deliver(app)
    assert (member(sqlite_store, ADA).status, _suppressed_by(app)) == (
        Status.SUPPRESSED,
        "bounce: 550 5.1.1",
    )


@pytest.mark.parametrize("how", ["complaint", "by the operator", "bounce: says the operator"])
def test_a_suppression_that_somebody_asked_for_stays_whoever_asks(
    sqlite_store: Store, how: str
) -> None:
    app = make_app(sqlite_store)
    _bounced(app)
    suppression.suppress(app, ADA, how)
    assert ask(app) is None
    assert confirmations(app) == 0
    assert member(sqlite_store, ADA).status is Status.SUPPRESSED


def test_whoever_was_erased_stays_forgotten_whatever_bounced_before(sqlite_store: Store) -> None:
    app = make_app(sqlite_store)
    suppression.erase(app, _bounced(app))
    ask(app)
    assert confirmations(app) == 0


def test_an_address_gets_one_confirmation_mail_a_day(sqlite_store: Store) -> None:
    clock = FakeClock()
    app = make_app(sqlite_store, clock=clock)
    for _ in range(5):
        ask(app)
        clock.advance(3600)
    assert confirmations(app) == 1
    clock.advance(86_400)
    ask(app)
    assert confirmations(app) == 2


def test_a_confirmation_that_was_cancelled_does_not_count(sqlite_store: Store) -> None:
    app = make_app(sqlite_store)
    ask(app)
    membership.unsubscribe(app, member(sqlite_store, ADA), WEB, say_goodbye=False)
    ask(app)
    assert confirmations(app) == 2


def test_one_network_may_ask_so_often_in_an_hour(sqlite_store: Store) -> None:
    clock = FakeClock()
    app = make_app(sqlite_store, clock=clock, subscribe_per_hour=3)
    answers = [ask(app, f"r{n}@{n}.example", ip="192.0.2.7") for n in range(5)]
    assert answers == [None, None, None, TooMany(), TooMany()]
    assert ask(app, ip="192.0.2.8") is None
    clock.advance(3601)
    assert ask(app, ip="192.0.2.7") is None


def test_all_addresses_of_one_ipv6_customer_are_one_network(sqlite_store: Store) -> None:
    app = make_app(sqlite_store, subscribe_per_hour=1)
    assert ask(app, "a@a.example", ip="2001:db8:1:2::1") is None
    assert ask(app, "b@b.example", ip="2001:db8:1:2:ffff::9") == TooMany()
    assert ask(app, "c@c.example", ip="2001:db8:1:3::1") is None


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unix:", "unix:"),
        ("", ""),
    ],
)
def test_a_client_is_its_address_or_its_ipv6_network(ip: str, network: str) -> None:
    assert flood.network_of(ip) == network


def test_one_domain_cannot_be_bombed_from_many_networks(sqlite_store: Store) -> None:
    clock = FakeClock()
    app = make_app(sqlite_store, clock=clock, confirmations_per_domain_per_hour=3)
    answers = [ask(app, f"r{n}@Victim.example", ip=f"192.0.2.{n}") for n in range(5)]
    assert answers == [None, None, None, TooMany(), TooMany()]
    assert confirmations(app) == 3
    assert ask(app, "ben@b.example") is None
    clock.advance(3601)
    assert ask(app, "r9@victim.example") is None


def test_the_limit_of_a_domain_does_not_tell_who_is_a_member(sqlite_store: Store) -> None:
    app = make_app(sqlite_store, confirmations_per_domain_per_hour=2)
    store_subscriber(sqlite_store, email=ADA)
    assert [ask(app), ask(app), ask(app), ask(app, "new@a.example")] == [
        *(None, None),
        *(TooMany(), TooMany()),
    ]


def test_whoever_goes_on_asking_fills_no_table(sqlite_store: Store) -> None:
    app = make_app(sqlite_store, subscribe_per_hour=3)
    for n in range(20):
        ask(app, f"r{n}@{n}.example", ip="192.0.2.7")
    assert len(everything(sqlite_store)["attempts"]) == 6


# --- tokens ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("purpose", [p for p in Purpose if p is not Purpose.CONFIRM])
def test_a_token_for_something_else_does_not_confirm(sqlite_store: Store, purpose: Purpose) -> None:
    app = make_app(sqlite_store)
    ask(app)
    other = app.tokens.sign(purpose, member(sqlite_store, ADA).public_id)
    assert membership.confirm(app, other, WEB) == Refused(Refusal.FORGED)
    assert member(sqlite_store, ADA).status is Status.PENDING


def test_a_confirmation_is_worth_nothing_after_a_week(sqlite_store: Store) -> None:
    clock = FakeClock()
    app = make_app(sqlite_store, clock=clock)
    ask(app)
    clock.advance(7 * 86_400 + 1)
    assert membership.confirm(app, token(app), WEB) == Refused(Refusal.EXPIRED)


@pytest.mark.parametrize("status", [Status.UNSUBSCRIBED, Status.SUPPRESSED])
def test_an_old_confirmation_does_not_bring_back_who_left(
    sqlite_store: Store, status: Status
) -> None:
    app = make_app(sqlite_store)
    ask(app)
    with sqlite_store.write() as conn:
        subscribers.set_status(conn, member(sqlite_store, ADA).id, status)
    assert membership.confirm(app, token(app), WEB) == Refused(Refusal.EXPIRED)
    assert member(sqlite_store, ADA).status is status


def test_the_token_of_an_erased_person_is_worth_nothing(sqlite_store: Store) -> None:
    app = make_app(sqlite_store)
    ada = store_subscriber(sqlite_store, email=ADA)
    held = app.tokens.sign(Purpose.UNSUBSCRIBE, ada.public_id)
    suppression.erase(app, ada)
    assert membership.bearer(app, Purpose.UNSUBSCRIBE, held) == Refused(Refusal.FORGED)


# --- every transition -----------------------------------------------------------------------------

MOVES: dict[str, Callable[[App, Subscriber], object]] = {
    "activate": lambda app, one: membership.activate(app, one, WEB),
    "resume": lambda app, one: membership.resume(app, one, WEB),
    "pause": lambda app, one: membership.pause(app, one, None),
    "unsubscribe": lambda app, one: membership.unsubscribe(app, one, WEB, say_goodbye=True),
    "suppress": lambda app, one: suppression.suppress(app, one.email, "complaint"),
    "unsuppress": lambda app, one: suppression.unsuppress(app, one.email, "they asked"),
    "ask": lambda app, one: ask(app, one.email),
}
A, P, X, U, S = Status.ACTIVE, Status.PENDING, Status.PAUSED, Status.UNSUBSCRIBED, Status.SUPPRESSED
ENDS = {
    "activate": {P: A, A: A, X: A, U: A, S: S},
    "resume": {P: P, A: A, X: A, U: U, S: S},
    "pause": {P: P, A: X, X: X, U: U, S: S},
    "unsubscribe": {P: U, A: U, X: U, U: U, S: S},
    "suppress": {P: S, A: S, X: S, U: S, S: S},
    "unsuppress": {P: P, A: A, X: X, U: U, S: U},
    "ask": {P: P, A: A, X: X, U: P, S: S},
}


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("start", list(Status))
def test_every_move_from_every_status_ends_where_it_may(
    sqlite_store: Store, move: str, start: Status
) -> None:
    app = make_app(sqlite_store)
    one = store_subscriber(sqlite_store, email=ADA, status=start)
    MOVES[move](app, one)
    end = member(sqlite_store, ADA)
    assert end.status is ENDS[move][start]
    assert end.status is start or end.status in TRANSITIONS[start]
    assert (end.next_due_at is not None) <= (end.status is Status.ACTIVE)


@pytest.mark.parametrize("move", ["activate", "resume", "pause", "unsubscribe"])
def test_a_move_that_was_overtaken_by_a_suppression_changes_nothing(
    store: Store, move: str
) -> None:
    app = make_app(store)
    start = Status.PAUSED if move == "resume" else Status.ACTIVE
    seen_before = store_subscriber(store, email=ADA, status=start)
    suppression.suppress(app, ADA, "complaint")
    MOVES[move](app, seen_before)
    assert member(store, ADA).status is Status.SUPPRESSED


def test_housekeeping_does_not_bring_back_who_left_while_it_ran(sqlite_store: Store) -> None:
    app = make_app(sqlite_store)
    paused = store_subscriber(sqlite_store, email=ADA, status=Status.PAUSED)
    membership.unsubscribe(app, paused, WEB, say_goodbye=False)
    assert not membership.resume(app, paused, WEB).changed
    assert member(sqlite_store, ADA).status is Status.UNSUBSCRIBED


# --- leaving and coming back ----------------------------------------------------------------------


def test_unsubscribing_cancels_what_waits_and_says_goodbye_once(store: Store) -> None:
    mailer = FakeMailer()
    app = make_app(store, mailer=mailer)
    planned(app, ADA)
    for _ in range(2):
        membership.unsubscribe(app, member(store, ADA), WEB, say_goodbye=True)
    assert [s.value for s in statuses(store)] == ["cancelled"]
    deliver(app)
    assert len(mailer.taken) == 1
    assert len(deliveries(store, MailKind.GOODBYE)) == 1


def test_one_click_says_no_goodbye(sqlite_store: Store) -> None:
    app = make_app(sqlite_store)
    ada = store_subscriber(sqlite_store, email=ADA)
    membership.unsubscribe(app, ada, WEB, say_goodbye=False)
    assert deliveries(sqlite_store, MailKind.GOODBYE) == []


def test_whoever_left_comes_back_by_the_form_and_a_new_confirmation(sqlite_store: Store) -> None:
    clock = FakeClock()
    app = make_app(sqlite_store, clock=clock)
    ask(app)
    membership.confirm(app, token(app), WEB)
    clock.advance(600)
    membership.unsubscribe(app, member(sqlite_store, ADA), WEB, say_goodbye=False)
    clock.advance(600)
    ask(app, interests="protein folding")
    assert confirmations(app) == 2
    assert member(sqlite_store, ADA).status is Status.PENDING
    membership.confirm(app, token(app), WEB)
    back = member(sqlite_store, ADA)
    assert (back.status, back.confirmed_at) == (Status.ACTIVE, NOW + timedelta(seconds=1200))
    assert [interest.value for interest in back.interests] == ["protein folding"]


def test_a_request_for_who_left_long_ago_ends_as_it_was_when_nobody_confirms(
    sqlite_store: Store,
) -> None:
    clock = FakeClock()
    app = make_app(sqlite_store, clock=clock)
    ada = store_subscriber(sqlite_store, email=ADA)
    membership.unsubscribe(app, ada, WEB, say_goodbye=False)
    ask(app)
    clock.advance(30 * 86_400)
    housekeeping(app)
    assert member(sqlite_store, ADA).status is Status.UNSUBSCRIBED


def test_pausing_cancels_what_waits_and_the_end_of_the_pause_resumes(sqlite_store: Store) -> None:
    clock = FakeClock()
    app = make_app(sqlite_store, clock=clock, mailer=FakeMailer())
    planned(app, ADA)
    membership.pause(app, member(sqlite_store, ADA), NOW + timedelta(days=7))
    assert [s.value for s in statuses(sqlite_store)] == ["cancelled"]
    clock.advance(6 * 86_400)
    housekeeping(app)
    assert member(sqlite_store, ADA).status is Status.PAUSED
    clock.advance(86_401)
    assert housekeeping(app).resumed == 1
    assert member(sqlite_store, ADA).status is Status.ACTIVE
    assert deliveries(sqlite_store, MailKind.WELCOME) == []


def test_a_pause_that_ended_while_nobody_looked_swallows_no_slot(sqlite_store: Store) -> None:
    clock = FakeClock()
    app = make_app(sqlite_store, clock=clock)
    ada = store_subscriber(sqlite_store, email=ADA)
    membership.pause(app, ada, datetime.fromisoformat("2026-03-21T07:00:00Z"))
    clock.set(datetime.fromisoformat("2026-03-21T07:45:00Z"))
    housekeeping(app)
    assert member(sqlite_store, ADA).next_due_at == datetime.fromisoformat("2026-03-21T07:30:00Z")


def test_erasing_keeps_a_hash_and_nothing_else(store: Store) -> None:
    app = make_app(store, mailer=FakeMailer())
    store_papers(store, 3)
    ask(app, ip="192.0.2.7")
    membership.confirm(app, token(app), WEB)
    planned(app, "ben@b.example")
    suppression.erase(app, member(store, ADA))
    assert "ada@" not in repr(everything(store)).lower()
    assert len(everything(store)["suppressions"]) == 1
    assert ask(app) is None
    assert "ada@" not in repr(everything(store)).lower()


def test_suppression_is_lifted_by_an_operator_and_then_the_person_may_ask(
    sqlite_store: Store,
) -> None:
    app = make_app(sqlite_store)
    store_subscriber(sqlite_store, email=ADA)
    suppression.suppress(app, ADA, "complaint")
    assert suppression.unsuppress(app, ADA, "they asked")
    assert not suppression.unsuppress(app, ADA, "they asked")
    assert member(sqlite_store, ADA).status is Status.UNSUBSCRIBED
    ask(app)
    assert confirmations(app) == 1
    with sqlite_store.read() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(suppressions)) == 0
    assert suppressions in metadata.sorted_tables


# --- changing -------------------------------------------------------------------------------------


def test_a_new_timetable_counts_from_now(sqlite_store: Store) -> None:
    app = make_app(sqlite_store)
    ada = store_subscriber(sqlite_store, email=ADA, next_due_at=NOW + timedelta(hours=20))
    changed = membership.change(
        app, ada, preferences=Preferences(at=time(18, 0), timezone="Europe/Berlin")
    )
    assert changed.next_due_at == datetime.fromisoformat("2026-03-20T17:00:00Z")


def test_a_change_does_not_lose_a_slot_that_has_come_already(sqlite_store: Store) -> None:
    app = make_app(sqlite_store)
    slot = NOW - timedelta(minutes=3)
    ada = store_subscriber(sqlite_store, email=ADA, next_due_at=slot)
    wanted = Preferences(frequency=Frequency.WEEKLY, max_papers=3)
    assert membership.change(app, ada, preferences=wanted).next_due_at == slot


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.ACTIVE])
def test_a_change_makes_nobody_due_who_is_not_active(sqlite_store: Store, status: Status) -> None:
    app = make_app(sqlite_store)
    ada = store_subscriber(sqlite_store, email=ADA, status=status)
    changed = membership.change(app, ada, preferences=Preferences(at=time(18, 0)))
    assert changed.next_due_at is None


def test_interests_and_preferences_change_apart(sqlite_store: Store) -> None:
    app = make_app(sqlite_store)
    ada = store_subscriber(sqlite_store, email=ADA, preferences=Preferences(max_papers=3))
    changed = membership.change(app, ada, interests=(make_interest("octopus minds"),))
    assert changed.preferences == ada.preferences
    assert [interest.value for interest in changed.interests] == ["octopus minds"]
