"""What a refusal says: of the address, of us, or nothing for sure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.bounces import BounceClass, classify_refusal

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
