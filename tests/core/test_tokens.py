"""Signed links grant what they were made for, to whom, as long as they last, and nothing else."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer

from digest.core.tokens import Granted, Purpose, Refusal, Refused, TokenSigner
from tests.builders import NOW, SECRET

SIGNER = TokenSigner(SECRET)
SUBJECT = "a1b2c3d4e5f6a7b8c9d0e1f2"
FORGED = Refused(Refusal.FORGED)


@pytest.mark.parametrize("made_for", Purpose)
@pytest.mark.parametrize("used_for", Purpose)
def test_a_token_opens_only_what_it_was_made_for(made_for: Purpose, used_for: Purpose) -> None:
    token = SIGNER.sign(made_for, SUBJECT)
    wanted = Granted(SUBJECT) if made_for is used_for else FORGED
    assert SIGNER.read(used_for, token, NOW) == wanted


def test_a_token_lasts_until_its_moment() -> None:
    token = SIGNER.sign(Purpose.CONFIRM, SUBJECT, NOW)
    assert SIGNER.read(Purpose.CONFIRM, token, NOW) == Granted(SUBJECT)
    late = NOW + timedelta(seconds=1)
    assert SIGNER.read(Purpose.CONFIRM, token, late) == Refused(Refusal.EXPIRED)


def test_a_token_without_an_end_never_ends() -> None:
    token = SIGNER.sign(Purpose.UNSUBSCRIBE, SUBJECT)
    late = NOW + timedelta(days=36_500)
    assert SIGNER.read(Purpose.UNSUBSCRIBE, token, late) == Granted(SUBJECT)


def test_another_secret_opens_nothing() -> None:
    token = TokenSigner(SECRET + "!").sign(Purpose.READ, SUBJECT)
    assert SIGNER.read(Purpose.READ, token, NOW) == FORGED


def test_the_same_link_is_made_each_time_and_fits_a_url() -> None:
    token = SIGNER.sign(Purpose.READ, SUBJECT, NOW)
    assert token == TokenSigner(SECRET).sign(Purpose.READ, SUBJECT, NOW)
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")
    assert len(token) < 100


@given(place=st.integers(0, 200), sign=st.characters(codec="ascii"))
def test_a_token_with_one_other_character_is_forged(place: int, sign: str) -> None:
    token = SIGNER.sign(Purpose.READ, SUBJECT)
    place %= len(token)
    changed = token[:place] + sign + token[place + 1 :]
    wanted = Granted(SUBJECT) if changed == token else FORGED
    assert SIGNER.read(Purpose.READ, changed, NOW) == wanted


@given(token=st.text(max_size=200), purpose=st.sampled_from(Purpose))
def test_any_text_is_read_without_an_error(token: str, purpose: Purpose) -> None:
    assert SIGNER.read(purpose, token, NOW) == FORGED


@pytest.mark.parametrize("token", ["", ".", "..", "\x00", "\ud800", "a" * 100_000, "." * 10_000])
def test_hostile_texts_are_forged(token: str) -> None:
    assert SIGNER.read(Purpose.READ, token, NOW) == FORGED


@given(
    subject=st.text(alphabet="0123456789abcdef", min_size=24, max_size=24),
    purpose=st.sampled_from(Purpose),
)
def test_what_was_signed_is_read(subject: str, purpose: Purpose) -> None:
    assert SIGNER.read(purpose, SIGNER.sign(purpose, subject), NOW) == Granted(subject)


@pytest.mark.parametrize("ends", [None, NOW])
def test_a_token_is_what_the_library_makes_of_it(ends: datetime | None) -> None:
    claims = [SUBJECT] if ends is None else [SUBJECT, int(ends.timestamp())]
    for purpose in Purpose:
        expected = URLSafeSerializer(SECRET, salt=f"digest.{purpose}").dumps(claims)
        assert SIGNER.sign(purpose, SUBJECT, ends) == expected
