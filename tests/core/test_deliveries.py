"""The life of a delivery: tried again for a day at most, and never after it was sent."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from digest.core.deliveries import (
    BROKEN_LADDER,
    GIVE_UP_AFTER,
    REFUSAL_LADDER,
    Accepted,
    Deferred,
    Delivery,
    DeliveryStatus,
    Rejected,
    SendOutcome,
    Unreachable,
    after,
)
from tests.builders import NOW, make_delivery

OUTCOMES: st.SearchStrategy[SendOutcome] = st.one_of(
    st.builds(Accepted, st.just(250), st.just("taken")),
    st.builds(Deferred, st.sampled_from([0, 421, 450]), st.just("later")),
    st.builds(Rejected, st.just(550), st.just("never")),
    st.builds(Unreachable, st.just("no answer")),
)
LATER = st.lists(st.one_of(OUTCOMES.filter(lambda o: not isinstance(o, Accepted | Rejected))))
FINAL = (DeliveryStatus.SENT, DeliveryStatus.FAILED)


def live(outcomes: list[SendOutcome], late: timedelta = timedelta(0)) -> list[Delivery]:
    """The delivery after each outcome, every try made `late` after it was due."""
    delivery, states = make_delivery(), []
    for outcome in outcomes:
        if delivery.status in FINAL:
            break
        now = delivery.next_attempt_at + late
        delivery = after(replace(delivery, status=DeliveryStatus.SENDING), outcome, now)
        states.append(delivery)
    return states


@given(outcomes=st.lists(OUTCOMES, max_size=30), late=st.integers(0, 3600))
def test_tries_are_counted_up_and_what_was_handed_over_is_final(
    outcomes: list[SendOutcome], late: int
) -> None:
    before = make_delivery()
    for delivery, outcome in zip(live(outcomes, timedelta(seconds=late)), outcomes, strict=False):
        assert delivery.attempts - before.attempts == (not isinstance(outcome, Unreachable))
        assert (delivery.status is DeliveryStatus.SENT) == isinstance(outcome, Accepted)
        assert (delivery.sent_at is not None) == (delivery.status is DeliveryStatus.SENT)
        assert delivery.smtp_reply == outcome.reply
        assert (delivery.id, delivery.created_at) == (before.id, before.created_at)
        before = delivery


@given(outcomes=LATER, late=st.integers(0, 7200))
def test_nothing_is_planned_more_than_a_day_after_it_was_queued(
    outcomes: list[SendOutcome], late: int
) -> None:
    for delivery in live(outcomes, timedelta(seconds=late)):
        if delivery.status is DeliveryStatus.DEFERRED and delivery.smtp_reply == "later":
            assert delivery.next_attempt_at - delivery.created_at <= GIVE_UP_AFTER


@given(code=st.sampled_from([0, 450]))
def test_a_server_that_always_says_later_is_given_up_within_a_day(code: int) -> None:
    states = live([Deferred(code, "later")] * 50)
    assert states[-1].status is DeliveryStatus.FAILED
    assert states[-1].detail == f"given up after {len(states)} tries"
    assert len(states) > 3


def test_the_waits_between_tries_grow_and_leave_greylisting_its_time() -> None:
    states = [s for s in live([Deferred(450, "later")] * 50) if s.status not in FINAL]
    moments = [NOW, *(s.next_attempt_at for s in states)]
    waits = [later - earlier for earlier, later in pairwise(moments)]
    assert waits == list(REFUSAL_LADDER)
    assert min(waits) >= timedelta(minutes=30)


def test_a_connection_that_broke_is_tried_again_at_once() -> None:
    (first, second, *_) = live([Deferred(0, "dropped")] * 3)
    assert first.next_attempt_at == NOW
    assert second.next_attempt_at == NOW + BROKEN_LADDER[1]


def test_an_unreachable_relay_costs_no_try() -> None:
    (fresh,) = live([Unreachable("down")])
    assert (fresh.status, fresh.attempts) == (DeliveryStatus.QUEUED, 0)
    *_, tried = live([Deferred(450, "later"), Unreachable("down")])
    assert (tried.status, tried.attempts) == (DeliveryStatus.DEFERRED, 1)


def test_a_refusal_for_ever_is_final() -> None:
    (delivery,) = live([Rejected(550, "5.1.1 no such user")])
    assert (delivery.status, delivery.smtp_code) == (DeliveryStatus.FAILED, 550)


def test_a_message_that_was_handed_over_twice_without_an_answer_is_taken_to_be_sent() -> None:
    silence = Deferred(0, "the connection broke", handed_over=True)
    once = after(make_delivery(), silence, NOW)
    assert once.status is DeliveryStatus.DEFERRED
    assert once.next_attempt_at - NOW == REFUSAL_LADDER[0]
    twice = after(replace(once, status=DeliveryStatus.SENDING), silence, NOW)
    assert (twice.status, twice.attempts) == (DeliveryStatus.SENT, 2)
    assert "never said" in twice.detail


def test_silence_after_an_earlier_refusal_is_not_taken_for_a_yes() -> None:
    later = after(make_delivery(), Deferred(450, "4.2.1 later"), NOW)
    silence = Deferred(0, "the connection broke", handed_over=True)
    again = after(replace(later, status=DeliveryStatus.SENDING), silence, NOW)
    assert again.status is DeliveryStatus.DEFERRED
