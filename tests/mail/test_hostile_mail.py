"""An edition made to do harm, from the paper to the bytes on the wire."""

import re
import unicodedata
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser

import pytest

from digest.core.messages import Content
from digest.core.papers import Paper
from digest.core.subscribers import Language
from digest.mail.prose import COLUMNS, columns
from digest.mail.render import Renderer
from digest.mail.wire import compose
from tests.mail.builders import make_identity, make_mail, make_paper, make_renderer, make_view

TEXTS = {
    "markup": '<script>alert(1)</script><img src=x onerror=alert(1)> & "quotes"',
    "placeholders": "{{ config }} {% raw %} {# x #} %s %(name)s %n {0} ${x} <%= x %>",
    "a word of 500 letters": "W" * 500,
    "emoji": "😀🏴󠁧󠁢󠁥󠁮󠁧󠁿👩‍👩‍👧‍👦" * 60,
    "right to left": "למידת מכונה עם הרבה מילים בעברית ועם الروبوتات " * 9,
    "without spaces": "机器人在冰上行走的规划方法及其在真实环境中的评测。" * 12,
    "bare carriage returns": "One\rtwo\r\nBcc: victim@example.com\r\r\n\r\n.leading\n..dots\n.\n",
    "a mail's own lines": "From here\n--=_boundary\nContent-Type: text/html\n\n.\r\n.\r\nQUIT",
    "invisible signs": "\ue000reason\ue001 \ue000-tldr\ue001 \x00\x1b[31m \u202eevil\u202c "
    "\ufeff\u2028x\u2060y",
    "broken TeX": "$\\badmacro{ \\frac \\begin{x} $$ $ \\verb| \\input{/etc/passwd}",
    "lone surrogates": "half \ud83d of a sign",
    "two megabytes": "A sentence of no great length. " * 68_000,
}


def hostile(text: str, number: int) -> Paper:
    return make_paper(
        number,
        title=text,
        abstract=text,
        summary="",
        authors=(text,) * 300,
        venue=text,
        categories=(text,) * 50,
        sources=(f"feeds.{text[:40]}",),
        url="javascript:alert(1)" if number % 2 else 'https://e.org/"><script>?{{x}}',
        pdf_url=f"https://e.org/{text[:200]}",
        code_url="data:text/html,x",
        discussion_url="//evil.example/",
    )


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return make_renderer()


@pytest.fixture(scope="module", params=[*TEXTS, "all of them"])
def content(request: pytest.FixtureRequest, renderer: Renderer) -> Content:
    texts = list(TEXTS.values()) if request.param == "all of them" else [TEXTS[request.param]]
    papers = [hostile(text, number) for number, text in enumerate(texts)]
    view = make_view(renderer, papers, missing=texts[:1], language=Language.GERMAN)
    return renderer.digest(view)


def on_the_wire(content: Content) -> tuple[bytes, EmailMessage]:
    raw = compose(make_mail(content=content), make_identity())
    parsed = message_from_bytes(raw, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return raw, parsed


class Elements(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_no_text_becomes_markup_or_runs(content: Content) -> None:
    elements = Elements(content.html).found
    assert not {"script", "img", "iframe", "form", "input"} & {tag for tag, _ in elements}
    assert not [name for _, attrs in elements for name in attrs if name.startswith("on")]
    links = [attrs["href"] or "" for tag, attrs in elements if tag == "a"]
    assert all(re.fullmatch(r"https://[!-~]+", link) for link in links)
    assert not [link for link in links if '"' in link or "{" in link or "<" in link]


def test_no_text_is_a_placeholder_to_anybody(content: Content) -> None:
    assert not [mark for mark in ("{{", "{%", "%(") if mark in content.html]


def test_nobody_is_added_and_nothing_ends_early(content: Content) -> None:
    raw, parsed = on_the_wire(content)
    assert parsed.defects == []
    assert parsed["Bcc"] is None
    assert parsed.get_all("To") == ["ada@example.net"]
    assert [part.get_content_type() for part in parsed.walk()] == [
        *("multipart/alternative", "text/plain", "text/html")
    ]
    assert raw.replace(b"\r\n", b"").count(b"\r") == raw.replace(b"\r\n", b"").count(b"\n") == 0
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    assert b"\r\n.\r\n" not in raw


def test_what_was_made_is_what_arrives(content: Content) -> None:
    _, parsed = on_the_wire(content)
    for kind, sent in (("plain", content.text), ("html", content.html)):
        part = parsed.get_body((kind,))
        assert part is not None
        assert part.get_content().replace("\r\n", "\n").rstrip() == sent.rstrip()


def test_the_mail_stays_small_with_its_way_out(content: Content) -> None:
    assert len(content.html.encode()) < 80_000
    assert "/unsubscribe/" in content.html
    assert "/unsubscribe/" in content.text


def test_no_line_of_the_text_is_wider_than_a_window(content: Content) -> None:
    wide = [line for line in content.text.splitlines() if columns(line) > COLUMNS]
    assert all(re.search(r": https://\S+$", line) for line in wide)


def test_the_subject_is_one_line(content: Content) -> None:
    kinds = {unicodedata.category(sign) for sign in content.subject}
    assert not kinds & {"Cc", "Co", "Cs", "Cn", "Zl", "Zp"}
    assert "\ufeff" not in content.subject
    assert 0 < len(content.subject) <= 100
