import email
import email.policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.errors import InvalidInput
from digest.core.messages import Content, Envelope
from digest.mail.identity import MailIdentity
from digest.mail.letterhead import digest_head, digest_headers
from digest.mail.wire import (
    ascii_domain,
    compose,
    envelope_sender,
    mailbox,
    message_id,
    transactional_headers,
)
from tests.mail.builders import (
    TOKEN,
    make_identity,
    make_mail,
    make_paper,
    make_renderer,
    make_view,
)

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=400)
subjects = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=200)
UNSUBSCRIBE = f"https://papers.example.org/unsubscribe/{TOKEN}"


def parse(message: bytes) -> EmailMessage:
    parsed = email.message_from_bytes(message, policy=email.policy.SMTP)
    assert isinstance(parsed, EmailMessage)
    return parsed


def part(parsed: EmailMessage, kind: str) -> str:
    body = parsed.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def headers_for_digest(**identity: str) -> tuple[tuple[str, str], ...]:
    return digest_headers(
        make_identity(**identity),
        unsubscribe_url=UNSUBSCRIBE,
        unsubscribe_token=TOKEN,
        campaign="2026-03-20",
    )


def test_a_digest_on_the_wire_is_the_mail_that_was_rendered() -> None:
    renderer = make_renderer()
    content = renderer.digest(
        make_view(renderer, [make_paper(n, title=f"Größe {n}") for n in (1, 2)])
    )
    parsed = parse(
        compose(make_mail(content=content, headers=headers_for_digest()), make_identity())
    )
    assert [p.get_content_type() for p in parsed.walk()] == [
        *("multipart/alternative", "text/plain", "text/html")
    ]
    assert parsed["Subject"] == content.subject
    assert part(parsed, "plain") == content.text
    assert part(parsed, "html").rstrip("\n") == content.html.rstrip("\n")
    assert parsed["From"] == "Paper Digest <digest@papers.example.org>"
    assert parsed["To"] == "ada@example.net"
    assert parsed["Reply-To"] == "people@papers.example.org"
    assert parsed["Message-ID"] == "<d1@papers.example.org>"
    assert parsed["Date"] == "Fri, 20 Mar 2026 06:30:00 +0000"
    assert len({name.lower() for name in parsed}) == len(parsed.keys())


def test_the_same_mail_gives_the_same_bytes() -> None:
    assert compose(make_mail(), make_identity()) == compose(make_mail(), make_identity())


@given(text=texts, html=texts, subject=subjects)
def test_any_content_arrives_on_short_lines_of_ascii(text: str, html: str, subject: str) -> None:
    content = Content(subject=subject, text=text, html=html)
    message = compose(make_mail(content=content), make_identity())
    assert message.isascii()
    assert b"\r" not in message.replace(b"\r\n", b"")
    assert b"\n" not in message.replace(b"\r\n", b"")
    assert max(map(len, message.split(b"\r\n"))) <= 76
    parsed = parse(message)
    assert not parsed.defects
    assert part(parsed, "plain") == "\n".join([*_lines(text), ""])
    assert " ".join(str(parsed["Subject"]).split()) == " ".join(subject.split())


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")


def test_text_alone_has_no_parts() -> None:
    content = Content(subject="Re: help", text="Hello\n")
    parsed = parse(compose(make_mail(content=content), make_identity()))
    assert parsed.get_content_type() == "text/plain"
    assert part(parsed, "plain") == "Hello\n"


def test_a_subject_that_looks_encoded_is_taken_literally() -> None:
    content = Content(subject="=?utf-8?q?Hi?= there", text="x")
    assert parse(compose(make_mail(content=content), make_identity()))["Subject"] == content.subject


@pytest.mark.parametrize(
    "name", ["Paper Digest", 'The "Daily", Ltd.', "Größe & Maß", "日本語の論文" * 6, "=?x?q?y?="]
)
def test_the_senders_name_survives(name: str) -> None:
    # The legacy parser: the newer one keeps the space between two encoded words of a name.
    parsed = email.message_from_bytes(compose(make_mail(), make_identity(from_name=name)))
    shown, address = parseaddr(parsed["From"])
    assert str(make_header(decode_header(shown))) == name
    assert address == "digest@papers.example.org"


@pytest.mark.parametrize("bad", ["a\r\nBcc: x@y.example", "a\nb", "a\rb", "a\x00b"])
def test_a_line_break_in_any_value_is_refused(bad: str) -> None:
    identity = make_identity()
    broken = [
        make_mail(content=Content(subject=bad, text="x")),
        make_mail(message_id=bad),
        make_mail(headers=(("X-Note", bad),)),
        make_mail(headers=((bad, "x"),)),
        make_mail(envelope=Envelope(sender="", recipient=bad)),
        make_mail(envelope=Envelope(sender="", recipient=f"{bad}@example.net")),
    ]
    for mail in broken:
        with pytest.raises(InvalidInput):
            compose(mail, identity)
    for changes in ({"from_name": bad}, {"reply_to": bad}, {"from_address": bad}):
        with pytest.raises(InvalidInput):
            compose(make_mail(), make_identity(**changes))


def test_a_recipient_that_is_two_addresses_is_refused() -> None:
    for recipient in ("a@e.org, b@e.org", "A <a@e.org>", "a@e.org b@e.org", "nobody", ""):
        with pytest.raises(InvalidInput):
            compose(make_mail(envelope=Envelope(sender="", recipient=recipient)), make_identity())


def test_a_domain_goes_as_a_label() -> None:
    assert ascii_domain("ada@bücher.example") == "ada@xn--bcher-kva.example"
    assert ascii_domain("ädä@bücher.example") == "ädä@xn--bcher-kva.example"


def test_digest_headers_offer_one_click_and_a_mailto() -> None:
    headers = dict(headers_for_digest())
    assert headers["List-Unsubscribe"] == (
        f"<{UNSUBSCRIBE}>, <mailto:commands@papers.example.org?subject=unsubscribe%20{TOKEN}>"
    )
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["List-Id"] == "Paper Digest <daily.papers.example.org>"
    assert headers["List-Help"].startswith("<https://papers.example.org/>, <mailto:commands@")
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["Precedence"] == "bulk"
    assert headers["Feedback-ID"] == "2026-03-20:digest:mail:papers.example.org"


@pytest.mark.parametrize(
    "identity",
    [
        make_identity(),
        make_identity(reply_to="", list_id="", command_address=""),
        make_identity(from_name="Größe, Ltd.", base_url="http://localhost:8000"),
        make_identity(base_url="http://localhost:8000", command_address=""),
    ],
)
@given(subject=subjects)
def test_the_headers_of_a_digest_are_the_same_however_they_are_made(
    identity: MailIdentity, subject: str
) -> None:
    link = f"{identity.base_url}/unsubscribe/{TOKEN}"
    headers = digest_headers(
        identity, unsubscribe_url=link, unsubscribe_token=TOKEN, campaign="2026-03-20"
    )
    mail = make_mail(content=Content(subject=subject, text="x"), headers=headers)
    head = digest_head(
        identity,
        recipient=mail.envelope.recipient,
        subject=subject,
        date=mail.date,
        message_id=mail.message_id,
        unsubscribe_url=link,
    )
    assert compose(mail, identity).startswith(b"".join(head) + b"Content-Type: ")


def test_without_https_there_is_no_one_click() -> None:
    headers = dict(
        digest_headers(
            make_identity(base_url="http://localhost:8000"),
            unsubscribe_url="http://localhost:8000/unsubscribe/T",
            unsubscribe_token="T",
            campaign="c",
        )
    )
    assert headers["List-Unsubscribe"].startswith("<mailto:commands@")
    assert "List-Unsubscribe-Post" not in headers
    assert "http:" not in str(headers)


def test_without_a_mailbox_there_is_no_mailto_for_commands() -> None:
    headers = dict(headers_for_digest(command_address="", list_id=""))
    assert headers["List-Unsubscribe"] == f"<{UNSUBSCRIBE}>"
    assert "List-Id" not in headers


def test_a_long_unsubscribe_link_is_never_turned_into_encoded_words() -> None:
    message = compose(make_mail(headers=headers_for_digest()), make_identity())
    assert f"List-Unsubscribe: <{UNSUBSCRIBE}>,\r\n <mailto:".encode() in message


def test_transactional_mail_says_that_a_program_sent_it() -> None:
    confirmation = dict(transactional_headers(make_identity()))
    assert confirmation["Auto-Submitted"] == "auto-generated"
    assert "In-Reply-To" not in confirmation
    reply = dict(transactional_headers(make_identity(), in_reply_to="<m1@example.net>"))
    assert reply["Auto-Submitted"] == "auto-replied"
    assert reply["In-Reply-To"] == reply["References"] == "<m1@example.net>"
    assert reply["X-Loop"] == "commands@papers.example.org"


def test_each_delivery_has_its_own_envelope_sender() -> None:
    identity = make_identity()
    assert envelope_sender(identity, "a1b2c3", "f00d") == "bounces+a1b2c3-f00d@papers.example.org"
    plain = make_identity(bounce_address="")
    assert envelope_sender(plain, "a1b2c3", "f00d") == "digest@papers.example.org"


def test_an_envelope_sender_too_long_for_smtp_is_refused() -> None:
    with pytest.raises(InvalidInput, match="64 octets"):
        envelope_sender(make_identity(), "a" * 40, "f" * 40)
    with pytest.raises(InvalidInput):
        envelope_sender(make_identity(), "a b", "f")


def test_a_message_id_is_made_of_the_delivery_and_our_domain() -> None:
    assert message_id(make_identity(), "a1b2") == "<a1b2@papers.example.org>"
    idn = make_identity(from_address="digest@bücher.example")
    assert message_id(idn, "a1b2") == "<a1b2@xn--bcher-kva.example>"


def test_a_mailbox_without_a_name_is_its_address_alone() -> None:
    assert mailbox("", "a@e.org") == "<a@e.org>"
