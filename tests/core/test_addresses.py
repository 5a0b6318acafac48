"""Addresses, zones and times of day as people type them."""

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.errors import InvalidAddress, InvalidInput
from digest.core.subscribers import (
    TRANSITIONS,
    Status,
    address_key,
    normalize_address,
    parse_at,
    parse_timezone,
)


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        (" ada@example.org ", "ada@example.org"),
        ("Ada.L+papers@EXAMPLE.org", "Ada.L+papers@example.org"),
        ("ada@xn--mnchen-3ya.example", "ada@münchen.example"),
        ("用户@例子.广告", "用户@例子.广告"),
    ],
)
def test_an_address_has_one_spelling(typed: str, wanted: str) -> None:
    assert normalize_address(typed) == wanted
    assert normalize_address(wanted) == wanted


@pytest.mark.parametrize(
    "typed",
    [
        *("", " ", "ada", "@example.org", "ada@", "ada@localhost", "a@b@example.org", "a b@x.org"),
        *("Ada <ada@example.org>", "ada@example.org, eve@example.org", "ada@[127.0.0.1]"),
        *("ada@example.org\nBcc: eve@example.org", "ada\r@example.org", "ada\x00@example.org"),
        *("ada@example..org", ".ada@example.org", "ada@-example.org", "a" * 300 + "@example.org"),
        "ada@" + "x." * 200 + "org",
        "\u202eada@example.org",
    ],
)
def test_what_is_no_single_address_is_refused(typed: str) -> None:
    with pytest.raises(InvalidAddress) as caught:
        normalize_address(typed)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading_of_an_address(typed: str) -> None:
    try:
        found = normalize_address(typed)
    except InvalidAddress:
        return
    assert normalize_address(found) == found


def test_two_spellings_of_one_mailbox_share_a_key() -> None:
    assert address_key("Ada@Example.org") == address_key("ada@example.ORG")


@pytest.mark.parametrize("name", ["Europe/Berlin", " UTC ", "America/Argentina/Ushuaia"])
def test_a_zone_is_known_by_its_name(name: str) -> None:
    assert parse_timezone(name) == name.strip()


@pytest.mark.parametrize(
    "name", ["", "Mars/Base", "Europe", "../UTC", "/etc/passwd", "UTC\x00", "\ud800", "x" * 5000]
)
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="is not a time zone"):
        parse_timezone(name)


@pytest.mark.parametrize(("text", "wanted"), [("07:30", time(7, 30)), (" 7:05 ", time(7, 5))])
def test_a_time_of_day(text: str, wanted: time) -> None:
    assert parse_at(text) == wanted


@pytest.mark.parametrize("text", ["", "24:00", "7", "07:60", "07:30:00", "-1:00", "noon"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="is not a time of day"):
        parse_at(text)


def test_only_an_operator_leads_out_of_suppression() -> None:
    assert set(TRANSITIONS) == set(Status)
    assert Status.ACTIVE not in TRANSITIONS[Status.SUPPRESSED]
    assert all(status not in after for status, after in TRANSITIONS.items())
    assert all(
        Status.SUPPRESSED in after
        for status, after in TRANSITIONS.items()
        if status is not Status.SUPPRESSED
    )
