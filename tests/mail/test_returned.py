"""Mail that came back: what it says, of whom, whatever its bytes are."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.bounces import BounceClass
from digest.core.returned import ReturnedMail, ReturnKind
from digest.mail.detectors import recognised_failures
from digest.mail.inbox import read_mail
from digest.mail.mime import MAX_MAIL_BYTES
from digest.mail.returned import read_returned
from tests.mail.notices import COPY, DAEMON, FREE_TEXT, Notice

BOUNCE, COMPLAINT = ReturnKind.BOUNCE, ReturnKind.COMPLAINT
AUTO_REPLY, NONE = ReturnKind.AUTO_REPLY, ReturnKind.NONE
HARD, SOFT, POLICY = BounceClass.HARD, BounceClass.SOFT, BounceClass.POLICY


def read(raw: bytes) -> ReturnedMail:
    return read_returned(raw, read_mail(raw))


def classes(found: ReturnedMail) -> str:
    return " ".join(f"{each.address}={each.bounce_class}" for each in found.recipients)


def report(
    fields: str,
    *,
    words: str = "Sorry.",
    text_type: str = "text/plain; charset=utf-8",
    report_type: str = "message/delivery-status",
    kind: str = "delivery-status",
    copy: str = "",
) -> bytes:
    returned = copy or "Content-Type: message/rfc822\n\n" + COPY.format(to="ada@reader.example")
    return (
        f"{DAEMON}Subject: Undelivered Mail Returned to Sender\n"
        f'Content-Type: multipart/report; report-type={kind}; boundary="q"\n\n'
        f"--q\nContent-Type: {text_type}\n\n{words}\n"
        f"--q\nContent-Type: {report_type}\n\n{fields}\n"
        f"--q\n{returned}\n--q--\n"
    ).encode()


def failed(status: str, diagnostic: str = "", address: str = "ada@reader.example") -> str:
    said = f"Diagnostic-Code: smtp; {diagnostic}\n" if diagnostic else ""
    return (
        "Reporting-MTA: dns; relay.example.net\n\n"
        f"Final-Recipient: rfc822; {address}\nAction: failed\nStatus: {status}\n{said}"
    )


# --- reports ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        (failed("5.1.1"), HARD),
        (failed("5.0.0", "550 5.1.10 nobody of this name"), HARD),
        (failed("5.0.0", "550 user unknown"), HARD),
        (failed("5.4.4", "Host or domain name not found: Host not found"), HARD),
        (failed("5.2.2"), SOFT),
        (failed("4.4.7"), SOFT),
        (failed("5.3.4"), SOFT),
        (failed("5.7.1"), POLICY),
        (failed("5.0.0", "554 5.7.26 unauthenticated"), POLICY),
    ],
)
def test_a_report_says_whether_the_address_is_dead(fields: str, wanted: BounceClass) -> None:
    found = read(report(fields))
    assert (found.kind, classes(found)) == (BOUNCE, f"ada@reader.example={wanted}")
    assert found.bounce_class is wanted


def test_a_report_that_gives_no_reason_is_judged_by_the_words_beside_it() -> None:
    (ada,) = read(report(failed("5.0.0"), words="<ada@reader.example>: user unknown")).recipients
    assert (ada.bounce_class, ada.status) == (HARD, "5.0.0")
    assert ada.reason == "<ada@reader.example>: user unknown"


def test_a_report_without_words_has_none_for_a_reason() -> None:
    fields = "Final-Recipient: rfc822; ada@reader.example\nAction: failed\nStatus: 5.1.1\n"
    part = f"--q\nContent-Type: message/delivery-status\n\n{fields}\n--q--\n"
    raw = f"{DAEMON}Content-Type: multipart/report; boundary=q\n\n{part}".encode()
    (ada,) = read(raw).recipients
    assert (ada.bounce_class, ada.reason) == (HARD, "")


def test_words_about_one_recipient_are_not_held_against_another() -> None:
    fields = failed("5.0.0") + "\nFinal-Recipient: rfc822; bob@reader.example\nAction: failed\n"
    words = "<ada@reader.example>: user unknown\n\n<bob@reader.example>: mailbox full\n"
    found = read(report(fields, words=words))
    assert classes(found) == "ada@reader.example=hard bob@reader.example=soft"


def test_a_warning_is_soft_whatever_it_says() -> None:
    fields = failed("5.1.1", "550 user unknown").replace("failed", "delayed")
    (ada,) = read(report(fields)).recipients
    assert (ada.bounce_class, ada.delayed) == (SOFT, True)


def test_what_arrived_did_not_bounce() -> None:
    arrived = failed("2.0.0").replace("failed", "delivered")
    assert read(report(arrived)).kind is NONE
    other = "\nFinal-Recipient: rfc822; bob@reader.example\nAction: failed\nStatus: 5.2.2\n"
    assert classes(read(report(arrived + other))) == "bob@reader.example=soft"


@pytest.mark.parametrize("encoded", [False, True])
def test_internationalized_reports_are_read(encoded: bool) -> None:
    fields = "Final-Recipient: utf-8; grüße@größe.example\nAction: failed\nStatus: 5.1.1\n"
    kind = "message/global-delivery-status"
    if encoded:
        fields = base64.encodebytes(fields.encode()).decode()
        kind += "\nContent-Transfer-Encoding: base64"
    copy = f"Content-Type: message/global-headers\n\n{COPY.format(to='grüße@größe.example')}"
    found = read(report(fields, report_type=kind, kind="global-delivery-status", copy=copy))
    assert classes(found) == "grüße@größe.example=hard"
    assert ("message-id", "<k3y@papers.example.org>") in found.sent


@pytest.mark.parametrize("address", ["", "<>", "ada"])
def test_a_report_that_names_nobody_is_about_whom_the_mail_was_sent_to(address: str) -> None:
    found = read(report(failed("5.1.1", address=address)))
    assert classes(found) == "ada@reader.example=hard"


def test_a_report_of_nobody_at_all_still_says_how_it_is() -> None:
    found = read(report(failed("5.1.1", address="<>"), copy="Content-Type: text/plain\n\nx\n"))
    assert (found.kind, found.recipients, found.bounce_class) == (BOUNCE, (), HARD)


def test_a_report_without_its_mime_is_read_from_the_text() -> None:
    raw = f"{DAEMON}Subject: Returned mail\n\nSorry.\n\n{failed('5.1.1')}".encode()
    assert classes(read(raw)) == "ada@reader.example=hard"


def test_words_in_utf_7_are_read() -> None:
    words = "Your message did not reach\n\n  ada+AEA-reader.example\n  This account does not exist."
    found = read(report(failed("5.0.0"), words=words, text_type="text/plain; charset=utf-7"))
    assert classes(found) == "ada@reader.example=hard"


def test_a_reason_is_one_line_for_a_person() -> None:
    (ada,) = read(report(failed("5.1.1", "550 " + "no\n " * 400))).recipients
    assert "\n" not in ada.reason
    assert len(ada.reason) <= 300


# --- free text ----------------------------------------------------------------------------------


@pytest.mark.parametrize("notice", FREE_TEXT, ids=lambda notice: notice.form)
def test_the_forms_of_servers_without_reports_are_read(notice: Notice) -> None:
    found = read(notice.raw)
    assert (found.kind, classes(found)) == (BOUNCE, notice.wanted)


def test_what_came_back_below_the_words_of_a_server_is_known() -> None:
    found = read(FREE_TEXT[0].raw)
    assert ("message-id", "<k3y@papers.example.org>") in found.sent


def test_a_header_that_names_who_failed_is_believed() -> None:
    raw = (
        f"{DAEMON}X-Failed-Recipients: ada@reader.example\n"
        "Subject: Paket nicht angekommen\n\nΓεια σας\n"
    ).encode()
    assert classes(read(raw)) == "ada@reader.example=soft"


def test_a_bounce_of_nobody_in_particular_is_one() -> None:
    raw = f"{DAEMON}Subject: Undelivered mail\n\nThere is no such user here.\n".encode()
    found = read(raw)
    assert (found.kind, found.recipients, found.bounce_class) == (BOUNCE, (), HARD)


def test_a_line_of_an_encoded_attachment_names_nobody() -> None:
    raw = (
        f"{DAEMON}Subject: Undeliverable mail\n\nCould not deliver to ada@reader.example: no such "
        'user\n\nbegin 644 a.jpg\nM/%&_V@4@(B`@ZZ.example\nM)2)@X@Y"1@\n`\nend\n'
    ).encode()
    assert classes(read(raw)) == "ada@reader.example=hard"


def test_a_receipt_is_no_bounce_but_where_it_says_that_a_filter_refused() -> None:
    fields = "Final-Recipient: rfc822; ada@reader.example\nDisposition: automatic-action; deleted\n"
    kind = {"report_type": "message/disposition-notification", "kind": "disposition-notification"}
    assert read(report(fields, words="It was displayed.", **kind)).kind is not BOUNCE
    words = "Your message to <ada@reader.example> was automatically rejected:\nQuota exceeded"
    assert classes(read(report(fields, words=words, **kind))) == "ada@reader.example=soft"


def test_a_detector_that_raises_does_not_cost_what_others_know() -> None:
    """Without a From one of the library's does."""
    raw = (
        b"Subject: x\n\nHere is your list of failed recipients:\n <ada@reader.example>\n"
        b"Here is your returned mail:\n"
    )
    assert recognised_failures(raw) == ("ada@reader.example",)
    assert recognised_failures(b"") == ()


# --- Amazon SES ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bounce_type", "given", "wanted"),
    [
        ("Permanent", {}, HARD),
        ("Permanent", {"diagnosticCode": "smtp; 552 mailbox full"}, SOFT),
        ("Transient", {}, SOFT),
        ("Undetermined", {"status": "5.1.1"}, HARD),
    ],
)
def test_notifications_are_bounces(
    bounce_type: str, given: dict[str, str], wanted: BounceClass
) -> None:
    recipient = {"emailAddress": "ada@reader.example"} | given
    bounce = {"bounceType": bounce_type, "bouncedRecipients": [recipient]}
    found = read(notification({"notificationType": "Bounce", "bounce": bounce}))
    assert classes(found) == f"ada@reader.example={wanted}"


def test_notifications_are_complaints_or_nothing() -> None:
    complaint = {"complaintFeedbackType": "fraud", "complainedRecipients": []}
    found = read(notification({"eventType": "Complaint", "complaint": complaint}))
    assert (found.kind, found.feedback) == (COMPLAINT, "fraud")
    assert read(notification({"notificationType": "Delivery"})).kind is NONE


def notification(document: dict[str, object]) -> bytes:
    return (
        "From: no-reply@notify.example\nSubject: Notification Message\n"
        f"Content-Type: text/plain; charset=utf-8\n\n{json.dumps(document)}\n\n--\nTo stop, …\n"
    ).encode()


def test_a_mark_that_a_filter_puts_before_the_subject_hides_no_bounce() -> None:
    raw = "From: relay@r.example\nSubject: {}Undeliverable mail\n\nIt could not be sent to {}."
    for mark in ("", "[EXTERNAL] ", "** [spam?] "):
        found = read(raw.format(mark, "the user ada@reader.example").encode())
        assert found.kind is BOUNCE, mark


# --- complaints ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("feedback", "wanted"),
    [("abuse", COMPLAINT), ("opt-out", COMPLAINT), ("auth-failure", COMPLAINT), ("not-spam", NONE)],
)
def test_a_complaint_has_its_type_and_what_it_is_about(feedback: str, wanted: ReturnKind) -> None:
    fields = (
        f"Feedback-Type: {feedback}\nVersion: 1\nOriginal-Mail-From: <b+1@papers.example.org>\n"
    )
    kind = {"report_type": "message/feedback-report", "kind": "feedback-report"}
    found = read(report(fields, **kind))
    assert (found.kind, found.feedback, found.recipients) == (wanted, feedback, ())
    assert ("original-mail-from", "<b+1@papers.example.org>") in found.sent
    assert ("message-id", "<k3y@papers.example.org>") in found.sent


def test_a_complaint_without_a_report_is_one_where_it_brings_the_mail() -> None:
    raw = (
        "From: staff@reader.example\nTo: b@papers.example.org\n"
        "Subject: complaint about message from 192.0.2.1\n"
        'Content-Type: multipart/mixed; boundary="q"\n\n'
        "--q\nContent-Type: message/rfc822\n\n%s--q--\n"
    )
    assert read((raw % COPY).encode()).kind is COMPLAINT
    assert read(raw.partition("Content-Type")[0].encode() + b"\nWhy?\n").kind is NONE


# --- everything else ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "body", "wanted"),
    [
        ("Subject: Automatic reply: papers", "Away until Monday.", AUTO_REPLY),
        ("Subject: Re: papers\nAuto-Submitted: auto-replied", "Away.", AUTO_REPLY),
        ("Subject: Re: papers\nX-Autoreply: yes", "Away.", AUTO_REPLY),
        ("Subject: Re: papers\nPrecedence: auto_reply", "Away.", AUTO_REPLY),
        ("Subject: Abwesenheit", "Ich bin im Urlaub.", AUTO_REPLY),
        (
            "Return-Path: <>\nSubject: Out of office\nAuto-Submitted: auto-replied",
            "I am not able to reach my mail. In urgent cases write to bob@reader.example",
            AUTO_REPLY,
        ),
        ("Subject: papers\nAuto-Submitted: auto-generated", "Report of the day", NONE),
        ("Subject: Re: Undelivered Mail", "> <bob@reader.example>: user unknown\nwhy?", NONE),
        ("Subject: Delivery failed: your parcel", "Your parcel could not be delivered.", NONE),
        ("Subject: Your account does not exist?", "user unknown, it says. What now?", NONE),
        (
            "Subject: my account does not exist any more?",
            "I wrote to bob@reader.example, and it could not be delivered.",
            NONE,
        ),
        (
            "Subject: Fewer bounces and less undelivered mail\nList-Id: <news.reader.example>",
            "User unknown, mailbox full, not delivered?\nsales@reader.example\nhelps.",
            NONE,
        ),
        ("Subject: unsubscribe", "please", NONE),
        ("", "", NONE),
    ],
)
def test_what_did_not_come_back_is_told_apart(headers: str, body: str, wanted: ReturnKind) -> None:
    raw = f"From: Ada <ada@reader.example>\nTo: b@papers.example.org\n{headers}\n\n{body}\n"
    assert read(raw.encode()).kind is wanted


def test_a_bounce_that_a_person_passes_on_is_none_of_ours() -> None:
    raw = (
        b"From: Ada <ada@reader.example>\nSubject: what is this?\n"
        b'Content-Type: multipart/mixed; boundary="p"\n\n--p\nContent-Type: text/plain\n\nLook.\n'
        b"--p\nContent-Type: message/rfc822\n\n" + report(failed("5.1.1")) + b"--p--\n"
    )
    assert read(raw).kind is NONE


# --- whatever the bytes are ---------------------------------------------------------------------


@given(st.binary(max_size=2_000))
def test_any_bytes_are_read(raw: bytes) -> None:
    read(raw)


@given(st.data())
def test_a_bounce_with_any_part_of_it_broken_is_read(data: st.DataObject) -> None:
    raw = data.draw(st.sampled_from([report(failed("5.1.1")), FREE_TEXT[0].raw, FREE_TEXT[2].raw]))
    at = data.draw(st.integers(0, len(raw)))
    length = data.draw(st.integers(0, 40))
    read(raw[:at] + data.draw(st.binary(max_size=40)) + raw[at + length :])


def test_a_mail_of_two_thousand_levels_is_read() -> None:
    levels = (f'Content-Type: multipart/mixed; boundary="{n}"\n\n--{n}\n' for n in range(2_000))
    read(f"{DAEMON}Subject: Returned mail\n{''.join(levels)}\n\nhello".encode())
    read(DAEMON.encode() + b"Content-Type: message/rfc822\n\n" * 2_000)


def test_an_unknown_charset_hides_nothing() -> None:
    found = read(report(failed("5.0.0"), words="user unknown", text_type="text/plain; charset=x-y"))
    assert classes(found) == "ada@reader.example=hard"


@pytest.mark.parametrize(
    "line",
    ["a" * 70 + "\n", "a" * 900 + "@\n", "a" * MAX_MAIL_BYTES, "<a@b.example>:\n"],
)
def test_ten_megabytes_of_anything_are_read(line: str) -> None:
    head = (
        f"{DAEMON}Subject: Undelivered mail: user unknown\n\nCould not be delivered.\n\n".encode()
    )
    body = line.encode() * (10 * 1024 * 1024 // len(line))
    assert read(head + body).kind is BOUNCE


@pytest.mark.parametrize("line", ["(" * 900 + "\n", "[" * 70 + "\n", "'" * 900 + "\n"])
def test_lines_of_brackets_are_read(line: str) -> None:
    raw = f"{DAEMON}Subject: Undelivered mail: user unknown\n\n{line * (100_000 // len(line))}"
    assert read(raw.encode()).kind is BOUNCE


@pytest.mark.parametrize("names", ["@", "a@b.example,", "[", "<a@"])
def test_headers_full_of_addresses_are_read(names: str) -> None:
    value = (names * 8_000)[:8_000]
    fields = "".join(f"To: {value}\nX-Failed-Recipients: {value}\n" for _ in range(125))
    raw = f"{fields}{DAEMON}Subject: Undelivered mail\n\nThere is no such user here.\n"
    assert read(raw.encode()).kind is BOUNCE
