"""Reports of machines: their fields, their addresses, and whatever else stands in them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.reports import (
    first,
    read_address,
    read_delivery_report,
    read_fields,
    read_groups,
    read_notification,
)

REPORT = """Reporting-MTA: dns; relay.example.net
Arrival-Date: Fri, 20 Mar 2026 07:30:00 +0000

Final-Recipient: rfc822; ada@reader.example
Action: failed
Status: 5.1.1 (bad destination mailbox address)
Diagnostic-Code: smtp; 550 5.1.1 <ada@reader.example>:
    no such user; really

Original-Recipient: rfc822;bob@reader.example
Final-Recipient: rfc822;bob@elsewhere.example
Action: delayed (for now)
Status: 4.4.1
"""


def test_each_recipient_of_a_report_is_read() -> None:
    ada, bob = read_delivery_report(REPORT)
    assert (ada.address, ada.action, ada.status) == ("ada@reader.example", "failed", "5.1.1")
    assert ada.diagnostic == "550 5.1.1 <ada@reader.example>: no such user; really"
    assert (bob.address, bob.delayed, bob.diagnostic) == ("bob@reader.example", True, "")


def test_recipients_are_told_apart_where_no_blank_line_stands_between_them() -> None:
    found = read_delivery_report(REPORT.replace("\n\nOriginal-Recipient: rfc822;bob@", "\nX: "))
    assert [each.address for each in found] == ["ada@reader.example", "bob@elsewhere.example"]


def test_fields_may_stand_in_any_order() -> None:
    text = "Action: failed\nStatus: 5.2.2\nFinal-Recipient: rfc822; ada@reader.example\n"
    (ada,) = read_delivery_report(text)
    assert (ada.address, ada.status) == ("ada@reader.example", "5.2.2")


def test_the_words_beside_a_status_stand_in_for_a_diagnostic() -> None:
    (ada,) = read_delivery_report("Final-Recipient: rfc822; a@b.example\nStatus: 5.0.0 (no user)\n")
    assert ada.diagnostic == "no user"


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded", "Delivered (to a list)"])
def test_what_arrived_is_no_failure(action: str) -> None:
    (ada,) = read_delivery_report(f"Final-Recipient: rfc822; a@b.example\nAction: {action}\n")
    assert ada.arrived


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("rfc822; ada@reader.example", "ada@reader.example"),
        ("RFC822;<ada@reader.example>", "ada@reader.example"),
        ("ada@reader.example", "ada@reader.example"),
        ("rfc822; ada+2Bnews@reader.example", "ada+news@reader.example"),
        ("rfc822; ada+40reader.example@relay.example", "ada@reader.example"),
        ("rfc822; ada+21@reader.example", "ada+21@reader.example"),
        ("utf-8; grüße@größe.example", "grüße@größe.example"),
        ("utf-8; gr\\x{FC}\\x{DF}e@gr\\x{F6}\\x{DF}e.example", "grüße@größe.example"),
        ("utf-8; a\\x{110000}\\x{D800}@b.example", "a\\x{110000}\\x{D800}@b.example"),
        ("x400; /CN=ada/", ""),
        ("LOCAL; <>", ""),
        ("rfc822; ada", ""),
        ("", ""),
    ],
)
def test_addresses_are_decoded_as_their_type_says(value: str, wanted: str) -> None:
    assert read_address(value) == wanted


def test_fields_are_found_in_any_group() -> None:
    fields = read_fields("Version: 1\n\nFeedback-Type: abuse\nno field\n")
    assert first(fields, "feedback-kind", "feedback-type") == "abuse"
    assert first(fields, "no field") == ""


# --- Amazon SES ---------------------------------------------------------------------------------

SES = {
    "notificationType": "Bounce",
    "bounce": {
        "bounceType": "Permanent",
        "bouncedRecipients": [
            {
                "emailAddress": "ada@reader.example",
                "action": "failed",
                "status": "5.1.1",
                "diagnosticCode": "smtp; 550 5.1.1 user unknown",
            }
        ],
    },
    "mail": {"headers": [{"name": "Message-ID", "value": "<k3y@papers.example.org>"}]},
}


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_notification_is_read_also_in_the_envelope_of_its_carrier(wrapped: bool) -> None:
    text = json.dumps(SES)
    text = json.dumps({"Type": "Notification", "Message": text}, indent=1) if wrapped else text
    found = read_notification(f"{text}\n\n--\nIf you wish to stop receiving these,\n")
    assert found is not None
    assert (found.kind, found.headers) == ("bounce", (("message-id", "<k3y@papers.example.org>"),))
    (ada,) = found.recipients
    assert (ada.address, ada.status, ada.dead) == ("ada@reader.example", "5.1.1", True)
    assert ada.diagnostic == "550 5.1.1 user unknown"


def test_lines_that_a_server_has_broken_are_joined() -> None:
    text = json.dumps(SES)
    found = read_notification(text[:210] + "!\n " + text[210:])
    assert found is not None
    assert found.recipients[0].address == "ada@reader.example"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        "Dear {name}",
        '{"notificationType": 3}',
        "{" * 5_000,
        '{"Message": "{"}',
    ],
)
def test_other_text_is_no_notification(text: str) -> None:
    assert read_notification(text) is None


@pytest.mark.parametrize(
    "broken",
    [
        {"bounce": []},
        {"bounce": {"bouncedRecipients": [3, {"emailAddress": 3}]}},
        {"mail": {"headers": [3, {"name": 3}]}},
    ],
)
def test_a_notification_of_another_shape_is_read_as_far_as_it_goes(
    broken: dict[str, object],
) -> None:
    found = read_notification(json.dumps(SES | broken))
    assert found is not None
    assert found.kind == "bounce"


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    read_delivery_report(f"Final-Recipient: {text}\nStatus: {text}\nDiagnostic-Code: {text}")
    read_fields(text)
    read_notification("{" + text)
    read_groups(text)
