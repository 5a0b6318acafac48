"""What strangers write, through the whole service: shown, never obeyed, and never in the way."""

import csv
import email
import email.policy
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from digest.core.tokens import Purpose, TokenSigner
from digest.demo.catcher import CaughtMail
from digest.settings import load_settings
from digest.web.site import create_web
from digest.wiring import SystemClock, build_app, build_store
from tests.e2e.conftest import Service
from tests.sources.site import Reply, running_site

DAY = "2026-03-20"
FETCH = ("fetch", "--since", DAY, "--until", DAY)
ADA, BEN = "ada@reader.example", "ben@reader.example"
SECRET = "a secret that is only for tests, 32+"
MOST_HTML_BYTES = 102_400

LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "ha">'
    + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    + ']><rss version="2.0"><channel><item><title>&l9;</title>'
    "<link>https://lab.example/1</link></item></channel></rss>"
).encode()

TITLES = {
    "script": '<script>alert("title")</script> in robot grasping',
    "image": "\"><img src=x onerror=alert('x')> and </title></h2></a> robots",
    "template": "{{ 7*7 }} {% include '/etc/passwd' %} ${7*7} <%= 7*7 %> #{7*7} robots",
    "format": "%s %n {0.__class__} {title!r} %(secret)s robots",
    "controls": "\x9b31mred \u202egnp.exe\u202c \u200bzero \ufeffwidth robots",
    "words": " ".join(letter * 500 for letter in "robotics"),
    "header": "Robots\r\nBcc: victim@reader.example\r\n\r\nand more",
    "entity": "&lt;script&gt;alert(2)&lt;/script&gt; &amp;amp; &#60;b&#62; robots",
}
AUTHORS = [
    "<script>alert('author')</script> Smith",
    '"Eve" <eve@evil.example>, javascript:alert(3)',
    "{{ config }} Jones",
]
ABSTRACT = "<iframe src='https://evil.example'></iframe> [link](javascript:alert(4)) robots. "


def publish_hostile(service: Service) -> list[str]:
    """One paper of each kind among the 16 of a good day; their arXiv ids."""
    service.world.publish(DAY)
    for number, title in enumerate(TITLES.values()):
        paper = {
            "id": f"2603.{90000 + number}",
            "title": title,
            "abstract": ABSTRACT * (25_000 if number == 0 else 1),
            "authors": AUTHORS,
            "category": "cs.RO",
            "submitted": f"{DAY}T08:0{number}:00Z",
        }
        service.world.arxiv.append(paper)
    return [paper["id"] for paper in service.world.arxiv if paper["id"] >= "2603.9"]


def subscribe(service: Service, *addresses: str) -> None:
    for address in addresses:
        options = ("--interest", "robots", "--max-papers", "30", "--confirmed")
        service.ok("subscribers", "add", address, *options)


def opened(mail: CaughtMail) -> EmailMessage:
    message = email.message_from_bytes(mail.message, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert message.defects == []
    return message


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


class Page(HTMLParser):
    """What a browser would do with a page: its tags, attributes and links."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.schemes: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        targets = (value or "" for name, value in attrs if name in ("href", "src", "action"))
        self.schemes |= {urlsplit(target).scheme for target in targets}

    def handle_data(self, data: str) -> None:
        self.text += data


def assert_harmless(html: str) -> Page:
    page = Page(html)
    assert page.tags.isdisjoint({"script", "img", "iframe", "object", "embed", "base"})
    assert [name for name in page.attributes if name.startswith("on")] == []
    assert page.schemes <= {"", "http", "https", "mailto"}
    return page


@contextmanager
def web(service: Service) -> Iterator[FlaskClient]:
    settings = load_settings(service.config, {})
    with build_store(settings) as store:
        yield create_web(build_app(settings, store, SystemClock(), {})).test_client()


# --- papers -----------------------------------------------------------------------------------


def test_a_feed_that_explodes_fails_alone_and_in_one_line(service: Service) -> None:
    service.world.publish(DAY)
    with running_site() as site, service.config.open("a", encoding="utf-8") as config:
        site.answers(Reply(body=LAUGHS, headers={"Content-Type": "application/rss+xml"}))
        config.write(f'[sources.feeds.x]\nurl = "{site.url}"\n')
        config.flush()
        code, out, err = service.run("fetch")
    assert (code, "Traceback" in err) == (3, False)
    (line,) = [line for line in out.splitlines() if line.startswith("feeds.x")]
    assert "failed" in line
    assert len(service.json("papers", "list", "--limit", "100")) == 16


def test_every_hostile_paper_is_kept_and_every_mail_is_whole_and_harmless(
    service: Service,
) -> None:
    hostile = publish_hostile(service)
    service.ok(*FETCH)
    stored = service.json("papers", "list", "--limit", "100")
    assert {row["ids"]["arxiv"] for row in stored} >= set(hostile)
    assert len(stored) == 24
    subscribe(service, ADA, BEN)
    assert service.json("send", "--date", DAY)["sent"] == 2
    assert sorted(mail.recipient for mail in service.mails) == [ADA, BEN]
    for mail in service.mails:
        message = opened(mail)
        assert (message["To"], message["Bcc"]) == (mail.recipient, None)
        assert "https://digest.example/unsubscribe/" in message["List-Unsubscribe"]
        html, text = part(message, "html"), part(message, "plain")
        assert len(html.encode()) < MOST_HTML_BYTES
        page = assert_harmless(html)
        assert "https://digest.example/unsubscribe/" in html
        assert "https://digest.example/unsubscribe/" in text
        assert {"49", "root:"}.isdisjoint(re.findall(r"\b49\b|root:", page.text))
        assert "<script>alert(2)</script>" in page.text  # written so by the author: as text
        assert "Diffusion policies for robot manipulation" in page.text
        assert max(map(len, mail.message.splitlines())) <= 998  # RFC 5322, 2.1.1
        copy = re.search(r'href="https://digest\.example(/d/[^"]+)"', html)
        assert copy is not None
        with web(service) as browser:
            assert_harmless(browser.get(copy[1]).text)


def test_hostile_papers_can_be_looked_at_everywhere(service: Service) -> None:
    hostile = publish_hostile(service)
    service.ok(*FETCH)
    shown = service.ok("papers", "list", "--limit", "99") + service.ok("papers", "trending")
    with web(service) as browser:
        for arxiv_id, kind in zip(hostile, TITLES, strict=True):
            shown += service.ok("papers", "show", arxiv_id)
            number = service.json("papers", "show", arxiv_id)["id"]
            for path in (f"/papers/{number}", f"/search?q={kind}%22%3E%3Cscript%3E"):
                answer = browser.get(path)
                assert (answer.status_code, arxiv_id) == (200, arxiv_id)
                assert_harmless(answer.text)
        assert_harmless(browser.get("/").text)
    assert re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", shown) is None


# --- addresses --------------------------------------------------------------------------------

ADDRESSES = (
    "Eve <eve@evil.example>",
    "eve@evil.example\nBcc: victim@reader.example",
    "eve@evil.example\r\nSubject: hello\r\n\r\nbody",
    "eve@evil.example, mallory@evil.example",
    "<script>@evil.example",
    '"><img src=x>@evil.example',
    "eve@evil.example\x00",
    "=cmd|' /C calc'!A0@",
    "e" * 3000 + "@evil.example",
)


def test_an_address_that_is_not_one_is_refused_in_one_line(service: Service) -> None:
    subscribe(service, ADA)
    file = service.folder / "readers.csv"
    with web(service) as browser:
        for address in ADDRESSES:
            code, out, err = service.run("subscribers", "add", address, "--confirmed")
            assert (code, out, err.count("\n")) == (2, "", 1), address
            assert len(err) < 400
            answer = browser.post("/subscribe", data={"email": address, "interests": "x"})
            assert answer.status_code == 400, address
            assert_harmless(answer.text)
    with file.open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines).writerows([["email"], [BEN], *([address] for address in ADDRESSES)])
    code, out, err = service.run("subscribers", "import", str(file))
    assert (code, out, err.count("\n")) == (2, "", len(ADDRESSES) + 1)
    assert f"nothing was imported: {len(ADDRESSES)} lines are wrong" in err
    assert [row["email"] for row in service.json("subscribers", "list")] == [ADA]


SENDERS = (
    b"eve@evil.example\r\nBcc: victim@reader.example",
    b"ada@reader.example, eve@evil.example",
    b"=?utf-8?q?eve=40evil.example=0ABcc=3A_v=40x.example?=",
    b"<>",
    b"\xff\xfe<" + b"e" * 5000 + b"@evil.example>",
)


def test_a_sender_that_is_not_one_gets_no_subscription_for_others(service: Service) -> None:
    for sender in SENDERS:
        code, out, err = process(service, b"subscribe", sender)
        assert (code, out.count("\n")) == (0, 1), err
    service.ok("send")
    assert {mail.recipient for mail in service.mails} <= {"eve@evil.example"}
    assert all(opened(mail)["Bcc"] is None for mail in service.mails)


# --- tokens -----------------------------------------------------------------------------------


def process(service: Service, body: bytes, sender: bytes = ADA.encode()) -> tuple[int, str, str]:
    mail = service.folder / "mail.eml"
    mail.write_bytes(
        b"From: " + sender + b"\r\nTo: commands@digest.example\r\nSubject: " + body[:60] + b"\r\n"
        b"Message-ID: <" + os.urandom(8).hex().encode() + b"@x>\r\n\r\n" + body + b"\r\n"
    )
    return service.run("mailbox", "process", str(mail))


def tokens_of(service: Service, purpose: Purpose) -> dict[str, str]:
    """Tokens that must not do what `purpose` does, made with or without the key."""
    settings = load_settings(service.config, {})
    with build_store(settings) as store, store.read() as conn:
        ids = conn.exec_driver_sql("SELECT public_id FROM subscribers").scalars().all()
    (subject,) = ids
    real, other = TokenSigner(SECRET), TokenSigner("the key of somebody else, 32 chars")
    past = SystemClock().now().replace(year=2020)
    wrong = Purpose.READ if purpose is not Purpose.READ else Purpose.CONFIRM
    return {
        "forged": other.sign(purpose, subject),
        "expired": real.sign(purpose, subject, past),
        "of another purpose": real.sign(wrong, subject),
        "cut": real.sign(purpose, subject)[:-4],
        "of nobody": real.sign(purpose, "0" * 24),
        "no token": "..%2F..%2Fetc%2Fpasswd",
    }


@pytest.mark.parametrize(
    ("page", "purpose", "status"),
    [
        ("confirm", Purpose.CONFIRM, "pending"),
        ("unsubscribe", Purpose.UNSUBSCRIBE, "active"),
        ("preferences", Purpose.PREFERENCES, "active"),
    ],
)
def test_a_token_that_is_not_ours_does_nothing(
    service: Service, page: str, purpose: Purpose, status: str
) -> None:
    service.ok("subscribers", "add", ADA, *(["--confirmed"] if status == "active" else []))
    before = service.json("subscribers", "show", ADA)
    with web(service) as browser:
        for why, token in tokens_of(service, purpose).items():
            for ask in (browser.get, browser.post):
                answer = ask(f"/{page}/{token}")
                assert 400 <= answer.status_code < 500, why
                assert ADA not in answer.text
                assert_harmless(answer.text)
            code, _, err = process(service, f"{page} {token}".encode())
            assert (code, "Traceback" in err) == (0, False), why
    assert service.json("subscribers", "show", ADA) == before


# --- files ------------------------------------------------------------------------------------


def test_cells_that_a_spreadsheet_would_run_are_kept_and_come_out_inert(service: Service) -> None:
    formulas = ("=cmd|' /C calc'!A0", "+1+1", "@SUM(A1)", '=HYPERLINK("https://evil.example")')
    file = service.folder / "readers.csv"
    cells = [formula.replace('"', '""') for formula in formulas]
    lines = [f'r{number}@reader.example,"{cell}"' for number, cell in enumerate(cells)]
    file.write_text("email,interests\n" + "\n".join(lines) + "\n", encoding="utf-8")
    service.ok("subscribers", "import", str(file), "--confirmed")
    rows = service.json("subscribers", "list")
    assert [row["interests"][0]["value"] for row in rows] == list(formulas)
    exported = service.ok("subscribers", "export")
    assert re.findall(r'(?m)[,"]([=+@][^",]*)', exported) == []
    assert exported.count("'") >= len(formulas)


def test_a_broken_configuration_stops_the_work_and_loses_nothing(service: Service) -> None:
    publish_hostile(service)
    service.ok(*FETCH)
    subscribe(service, ADA)
    good = service.config.read_text(encoding="utf-8")
    for broken in ("[web", "\x00", good.replace("port =", "prot ="), good + '[ranking]\ndial="x"'):
        service.config.write_text(broken, encoding="utf-8")
        code, out, err = service.run("send", "--date", DAY)
        assert (code, out, err.count("\n")) == (2, "", 1), broken
        assert err.startswith("configuration: ")
    service.config.write_text(good, encoding="utf-8")
    assert service.json("send", "--date", DAY)["sent"] == 1
