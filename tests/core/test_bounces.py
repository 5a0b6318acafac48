"""What a refusal says: of the address, of us, or nothing for sure."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.bounces import BounceClass, Fate, classify_refusal, judge, keeps_bouncing
from tests.core import replies

HARD, SOFT, POLICY = BounceClass.HARD, BounceClass.SOFT, BounceClass.POLICY


@pytest.mark.parametrize(
    ("code", "reply", "wanted"),
    [
        (550, "5.1.1 <ada@example.org>: user unknown", HARD),
        (550, "5.1.10 recipient not found", HARD),
        (550, "5.1.2 bad destination system", HARD),
        (550, "5.2.1 this mailbox is disabled", HARD),
        (554, "5.1.6 mailbox has moved", HARD),
        (550, "No such user here", HARD),
        (551, "User unknown; try elsewhere", HARD),
        (553, "that mailbox does not exist", HARD),
        (550, "5.1.1 no such user; our blocklist is elsewhere", HARD),
        (550, "5.7.1 message refused by policy", POLICY),
        (550, "5.7.26 unauthenticated: SPF and DKIM failed", POLICY),
        (554, "Your message looks like spam", POLICY),
        (550, "blocked, see the list; user unknown", POLICY),
        (552, "5.2.2 mailbox full", SOFT),
        (550, "5.0.0 something", SOFT),
        (550, "", SOFT),
        (554, "no such user here", SOFT),
        (451, "4.1.1 try again", SOFT),
        (550, "Mail from 15.5.1.1 is not taken", SOFT),
        (550, "Mail from 5.1.1.20 is not taken", SOFT),
        (550, "Mail from 192.5.2.1 is blocked", POLICY),
        (550, "refused by mailer 3.5.1.12", SOFT),
    ],
)
def test_what_a_refusal_means(code: int, reply: str, wanted: BounceClass) -> None:
    assert classify_refusal(code, reply) is wanted


@given(code=st.integers(0, 999), reply=st.text(max_size=200))
def test_any_answer_is_classified(code: int, reply: str) -> None:
    assert classify_refusal(code, reply) in BounceClass


@given(st.integers(0, 255), st.integers(0, 255))
def test_an_ip_address_is_never_taken_for_a_status(one: int, other: int) -> None:
    for reply in (f"5.1.1.{one} refused", f"{one}.5.1.1 refused", f"{one}.{other}.5.1 refused"):
        assert classify_refusal(550, reply) is SOFT


@pytest.mark.parametrize(
    "reply",
    [
        "5.1.0 <d@e.org>: Sender address rejected: User unknown in local recipient table",
        "5.1.8 bad sender's system address",
        "Sender denied: no such user here",
    ],
)
def test_what_is_said_of_the_sender_is_never_the_recipients_fault(reply: str) -> None:
    assert classify_refusal(550, reply) is BounceClass.POLICY


# --- in reports, where no reply code is certain -----------------------------------------------


@pytest.mark.parametrize(
    ("reply", "wanted"),
    [
        *((reply, HARD) for reply in replies.lines(replies.HARD)),
        *((reply, SOFT) for reply in replies.lines(replies.SOFT)),
        *((reply, POLICY) for reply in replies.lines(replies.POLICY)),
    ],
)
def test_what_servers_say_in_words_means(reply: str, wanted: BounceClass) -> None:
    assert judge(reply).bounce_class is wanted


def test_of_several_statuses_the_telling_one_is_given() -> None:
    assert judge("550 5.1.1 user unknown", "5.0.0").status == "5.1.1"
    assert judge("something", "5.0.0").status == "5.0.0"
    assert judge("550-5.7.1 blocked 550 5.4.9 see above", "5.0.0").status == "5.7.1"


def test_where_nothing_tells_it_is_soft_and_not_sure() -> None:
    found = judge("the mail could not be sent", "5.0.0")
    assert (found.bounce_class, found.sure) == (SOFT, False)
    assert judge("mailbox full").sure


@given(text=st.text(max_size=400), status=st.sampled_from(["", "5.1.1", "4.0.0", "9.9.9"]))
def test_any_words_are_judged(text: str, status: str) -> None:
    assert judge(text, status).bounce_class in BounceClass


# --- over days ----------------------------------------------------------------------------------

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)


def keeps(days_and_classes: str) -> bool:
    """Fates by how many days ago the digest went out, newest first: `0s 1s 2- 3p`."""
    classes = {"s": SOFT, "h": HARD, "p": POLICY, "-": None}
    fates = [
        Fate(NOW - timedelta(days=int(one[:-1])), classes[one[-1]])
        for one in days_and_classes.split()
    ]
    return keeps_bouncing(fates, NOW)


@pytest.mark.parametrize(
    ("fates", "wanted"),
    [
        ("", False),
        ("0s 1s 2s 3s 4s 5s 6s", False),  # not long enough
        ("0s 3s 6s 9s", False),  # not often enough
        ("0s 1s 2s 3s 7s", True),
        ("0s 7s 14s 21s 28s", True),  # weekly
        ("0h 1s 2s 3h 7s", True),
        ("0s 1s 2- 3s 7s 8s 9s", False),  # one arrived
        ("0p 1s 2s 3p 4s 5s 8s", True),  # what is held against us counts neither way
        ("0p 1p 2p 3p 7p 8p", False),
        ("0- 1- 3s 4s 5s 6s 10s", True),  # the newest may still come back
        ("0- 7- 8s 9s 10s 11s 15s", False),  # this one has not
    ],
)
def test_an_address_that_takes_nothing_for_days_counts_as_dead(fates: str, wanted: bool) -> None:
    assert keeps(fates) is wanted
