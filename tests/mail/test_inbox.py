"""Bytes to mails, whatever the bytes are."""

import base64
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.command_mails import read_command
from digest.core.commands import Subscribe, Unsubscribe
from digest.core.inbound import InboundMail
from digest.mail.inbox import read_bounded, read_mail, read_piped
from digest.mail.mime import MAX_MAIL_BYTES, MAX_TEXT_CHARS

OWN = frozenset({"commands@papers.example.org"})
HEAD = (
    b"Return-Path: <ada@example.net>\r\n"
    b"From: Ada Bell <Ada@Example.net>\r\n"
    b"To: Commands <commands@papers.example.org>\r\n"
    b"Message-ID: <m1@example.net>\r\n"
)


def letter(body: bytes, *headers: bytes) -> InboundMail:
    return read_mail(HEAD + b"".join(h + b"\r\n" for h in headers) + b"\r\n" + body)


def asks(mail: InboundMail) -> object:
    return read_command(mail, OWN).command


def test_a_plain_mail_is_read_in_full() -> None:
    mail = letter(
        b"subscribe\r\ngraphs\r\n",
        b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n an alle",
        b"In-Reply-To: <d1@papers.example.org> (yours)",
        b"References: <d0@papers.example.org>\r\n <d1@papers.example.org>",
        b"Delivered-To: commands+x.y@papers.example.org",
        b"Cc: bob@example.net, =?broken?= <c@example.net>",
    )
    assert mail.sender == "Ada@example.net"
    assert mail.subject == "Grüße an alle"
    assert mail.text == "subscribe\ngraphs"
    assert mail.message_id == "<m1@example.net>"
    assert mail.in_reply_to == "<d1@papers.example.org>"
    assert mail.references == ("<d0@papers.example.org>", "<d1@papers.example.org>")
    assert "commands+x.y@papers.example.org" in mail.recipients
    assert mail.recipients[0] == "commands@papers.example.org"
    assert mail.value("return-path") == "<ada@example.net>"
    assert len(mail.content_hash) == 64


# --- bodies -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("charset", "encoded"),
    [
        (b"; charset=utf-8", "théorie des graphes".encode()),
        (b"; charset=iso-8859-1", "théorie des graphes".encode("latin-1")),
        (b"; charset=no-such-charset", "théorie des graphes".encode()),
        (b"; charset=utf-8", "théorie des graphes".encode("latin-1")),
        (b"; charset=hex", "théorie des graphes".encode()),
        (b"; charset=punycode", "théorie des graphes".encode()),
        (b"; charset*=bad''%FF%00", "théorie des graphes".encode()),
        (b"", "théorie des graphes".encode("cp1252")),
        (b"; charset=utf-16", "théorie des graphes".encode("utf-16")),
    ],
)
def test_a_body_is_read_in_any_charset_true_or_not(charset: bytes, encoded: bytes) -> None:
    mail = letter(
        encoded, b"Content-Type: text/plain" + charset, b"Content-Transfer-Encoding: 8bit"
    )
    assert mail.text == "théorie des graphes"


def test_base64_quoted_printable_and_broken_encodings_are_read() -> None:
    encoded = base64.encodebytes(b"subscribe\n")
    assert letter(encoded, b"Content-Transfer-Encoding: base64").text == "subscribe"
    assert letter(b"sub=\r\nscribe", b"Content-Transfer-Encoding: quoted-printable").text == (
        "subscribe"
    )
    letter(b"====%%%", b"Content-Transfer-Encoding: base64")
    letter(b"begin 644", b"Content-Transfer-Encoding: x-uuencode")


def test_control_characters_are_gone() -> None:
    assert letter(b"sub\x00scr\x07ibe\x1b").text == "subscribe"


def test_flowed_paragraphs_are_joined_and_their_stuffing_is_gone() -> None:
    mail = letter(
        b"subscribe\r\n From graphs \r\nto trees\r\n> quoted \r\n> text\r\n-- \r\nAda\r\n",
        b"Content-Type: text/plain; format=flowed",
    )
    assert mail.text.split("\n")[:3] == ["subscribe", "From graphs to trees", "> quoted "]
    assert asks(mail) == Subscribe("From graphs to trees")


def test_html_alone_becomes_lines_with_its_quotes_marked_and_links_shown() -> None:
    html = b"""<html><head><title>t</title><style>p{}</style></head><body>
    <p>please <b>unsubscribe</b>&nbsp;me</p><div class="gmail_signature">Ada</div>
    <div class="gmail_quote">On Friday Digest wrote:
    <blockquote>subscribe <a href="https://papers.example.org/unsubscribe/abcd1234">x</a>
    </blockquote></div></body></html>"""
    mail = letter(html, b"Content-Type: text/html; charset=utf-8")
    assert mail.text.startswith("please unsubscribe me\n")
    assert "> subscribe <https://papers.example.org/unsubscribe/abcd1234> x" in mail.text
    assert asks(mail) == Unsubscribe("", "abcd1234")


def test_plain_text_is_preferred_and_an_empty_one_is_not() -> None:
    parts = (
        b"--q\r\nContent-Type: text/plain\r\n\r\n%s\r\n"
        b"--q\r\nContent-Type: text/html\r\n\r\n<p>stop</p>\r\n--q--\r\n"
    )
    kind = b'Content-Type: multipart/alternative; boundary="q"'
    assert letter(parts % b"subscribe", kind).text == "subscribe"
    assert letter(parts % b"", kind).text == "stop"


def test_signed_mail_attachments_and_attached_mails_are_told_apart() -> None:
    body = (
        b'--s\r\nContent-Type: multipart/mixed; boundary="m"\r\n\r\n'
        b'--m\r\nContent-Type: text/plain; name="a.txt"\r\n\r\nstop\r\n'
        b"--m\r\nContent-Type: text/plain\r\n\r\nsubscribe\r\n"
        b"--m\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nunsubscribe\r\n--m--\r\n"
        b"--s\r\nContent-Type: application/pgp-signature\r\n\r\niQ==\r\n--s--\r\n"
    )
    mail = letter(body, b'Content-Type: multipart/signed; boundary="s"')
    assert mail.text == "subscribe"
    assert "application/pgp-signature" in mail.content_types


def test_a_winmail_attachment_does_not_hide_the_subject() -> None:
    body = (
        b"--q\r\nContent-Type: text/plain\r\n\r\n \r\n--q\r\n"
        b"Content-Type: application/ms-tnef; name=winmail.dat\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\neJ8+IgAA\r\n--q--\r\n"
    )
    mail = letter(body, b"Subject: subscribe", b"Content-Type: multipart/mixed; boundary=q")
    assert mail.text == ""
    assert asks(mail) == Subscribe()


def test_a_multipart_without_boundary_still_says_its_words() -> None:
    body = b"--x\r\nContent-Type: text/plain\r\n\r\nsubscribe\r\n--x--\r\n"
    mail = letter(body, b"Content-Type: multipart/mixed")
    assert mail.text == "subscribe"


# --- headers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "from_",
    [b"undisclosed-recipients:;", b"Team: ada@example.net;", b"ada@example.net, bob@example.net",
     b"Ada Bell", b"", b"ada@", b"<>", b"(" * 4000, b"a@b\x00c.example", b"=?utf-8?b?====?=",
     b"ada@example.net\r\nFrom: bob@example.net"],
)  # fmt: skip
def test_a_from_that_does_not_name_one_person_names_nobody(from_: bytes) -> None:
    mail = read_mail(b"From: " + from_ + b"\r\nSubject: subscribe\r\n\r\n")
    assert mail.sender == ""


def test_an_encoded_display_name_cannot_pass_for_the_address() -> None:
    raw = b"From: =?utf-8?q?=3Cbob=40example.net=3E?= <ada@example.net>\r\n\r\n"
    assert read_mail(raw).sender == "ada@example.net"


def test_raw_utf8_headers_are_read() -> None:
    raw = "From: Jörn <jörn@exämple.net>\r\nSubject: für Jörn\r\n\r\n".encode()
    assert read_mail(raw).sender == "jörn@exämple.net"
    assert read_mail(raw).subject == "für Jörn"
    assert read_mail(b"Subject: f\xfcr alle\r\n\r\n").subject == "für alle"


def test_a_message_id_that_is_none_is_left_out() -> None:
    mail = read_mail(b"Message-ID: not an id\r\nIn-Reply-To: <" + b"x" * 900 + b"@e>\r\n\r\n")
    assert mail.message_id == ""
    assert mail.in_reply_to == ""


# --- bounds -------------------------------------------------------------------------------------


def test_parts_nested_without_end_leave_the_header() -> None:
    deep = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n)
        for n in range(3000)
    )
    mail = read_mail(HEAD + b"Subject: subscribe\r\n" + deep + b"\r\nstop\r\n")
    assert mail.subject == "subscribe"
    assert mail.text == ""


def test_a_huge_mail_is_read_from_its_beginning() -> None:
    lines = b"--x\n" * 400_000
    mail = letter(b"subscribe\n" + lines * 4, b"Subject: hi")
    letter(b"--b0\n" * 400_000, b"Content-Type: multipart/mixed; boundary=b0")
    assert mail.text.startswith("subscribe\n")
    assert len(mail.text) <= MAX_TEXT_CHARS
    many = read_mail(b"".join(b"X-%d: y\r\n" % n for n in range(20_000)) + b"\r\nhello")
    assert len(many.headers) <= 300


def test_a_stream_is_read_no_further_than_is_looked_at() -> None:
    stream = io.BytesIO(b"x" * (MAX_MAIL_BYTES + 100))
    assert len(read_bounded(stream)) == MAX_MAIL_BYTES + 1


@given(st.binary(max_size=2000))
def test_any_bytes_give_a_mail(raw: bytes) -> None:
    assert isinstance(asks(read_mail(raw)), object)


_NAMES = st.sampled_from(
    ["From", "To", "Subject", "Content-Type", "Content-Transfer-Encoding", "Message-ID", "Cc",
     "In-Reply-To", "References", "Content-Disposition", "MIME-Version", "Return-Path"]
)  # fmt: skip
_VALUES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [b"multipart/mixed; boundary=x", b"multipart/report", b"text/html; charset=\x00",
         b"base64", b"quoted-printable", b"=?utf-8?q?=ZZ?= =?x?b?!?=", b"a:b,c;<d@e>;", b'"'],
    ),
)  # fmt: skip


@given(st.lists(st.tuples(_NAMES, _VALUES), max_size=8), st.binary(max_size=300))
def test_any_headers_over_any_body_give_a_mail(
    headers: list[tuple[str, bytes]], body: bytes
) -> None:
    head = b"".join(name.encode() + b": " + value + b"\r\n" for name, value in headers)
    mail = read_mail(head + b"\r\n--x\r\n" + head + b"\r\n" + body + b"\r\n--x--\r\n")
    mail.text.encode()
    assert isinstance(asks(mail), object)


def test_a_subject_that_only_looks_encoded_is_read_all_the_same() -> None:
    mail = read_mail(b"From: ada@e.org\r\nSubject: =?utf-8?b?abcde?=\r\n\r\nunsubscribe\r\n")
    assert mail.sender == "ada@e.org"


def test_a_pipe_is_read_to_its_end() -> None:
    stream = io.BytesIO(b"x" * (3 * MAX_MAIL_BYTES))
    assert len(read_piped(stream)) == MAX_MAIL_BYTES + 1
    assert stream.read() == b""
