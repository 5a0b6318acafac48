"""Three ways to the same mail: Jinja2, premailer and `email.message` for each message; fragments
filled for each; and pieces that were encoded before."""

import binascii
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from benchmarks.plain import PlainWay
from digest.core.papers import Paper
from digest.core.places import Section
from digest.core.subscribers import Language
from digest.mail import wire
from digest.mail.render import Renderer
from digest.mail.sign import relaxed_body
from digest.mail.view import DigestView
from tests.mail.builders import (
    TEMPLATES,
    make_identity,
    make_paper,
    make_renderer,
    make_view,
)
from tests.mail.test_render import hostile_papers

REASONS = (
    "rising: 53 → 301 votes on Hugging Face since yesterday",
    "matches “a & b” of “a & b, <c>”",
    "",
    'by Ada "Byte" Bell, an author you follow',
)


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return make_renderer()


def views(renderer: Renderer, papers: list[Paper]) -> list[DigestView]:
    """The papers as a digest with nothing special, and one with all there is, in German."""
    plain = make_view(renderer, papers)
    full = make_view(
        renderer,
        papers,
        language=Language.GERMAN,
        missing=("arXiv could not be read",),
        subscribed_on=None,
        email="o'ada+{{x}}@example.net",
    )
    sections = list(Section)
    said = [
        paper._replace(
            card=renderer.card(source, Language.GERMAN),
            reason=REASONS[n % len(REASONS)],
            section=sections[n % len(sections)],
            relevance=n / len(papers),
            trend=1 - n / len(papers),
        )
        for n, (paper, source) in enumerate(zip(full.papers, papers, strict=True))
    ]
    return [plain, replace(full, papers=tuple(said))]


def decoded(encoded: Sequence[bytes]) -> str:
    return binascii.a2b_qp(b"".join(encoded)).decode().replace("\r\n", "\n")


def ended(text: str) -> str:
    return text.rstrip("\n") + "\n"


def sources(view: DigestView, papers: Sequence[Paper]) -> list[Paper]:
    by_id = {paper.id: paper for paper in papers}
    return [by_id[one.card.paper_id] for one in view.papers]


@pytest.mark.parametrize("papers", [1, 2, 10, 30])
@pytest.mark.parametrize("hostile", [False, True])
def test_a_printed_digest_is_the_one_that_is_filled(
    renderer: Renderer, papers: int, hostile: bool
) -> None:
    chosen = list(hostile_papers(papers)) if hostile else [make_paper(n + 1) for n in range(papers)]
    for view in views(renderer, chosen):
        filled, printed = renderer.digest(view), renderer.print(view)
        assert printed is not None
        assert printed.subject == filled.subject
        assert decoded(printed.text) == ended(filled.text)
        assert decoded(printed.html) == ended(filled.html)


def test_what_only_just_fits_into_a_mail_fits_both_ways(
    renderer: Renderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = make_view(renderer, [make_paper(1), make_paper(2)])
    whole = renderer.digest(view).html

    def is_whole(limit: int) -> bool:
        monkeypatch.setattr("digest.mail.sections.COMFORTABLE_HTML_BYTES", limit)
        return renderer.digest(view).html == whole

    least = bisect_left(range(2 * len(whole)), True, key=is_whole)
    for limit in (least - 1, least):
        assert is_whole(limit) == (limit == least)
        printed = renderer.print(view)
        assert printed is not None
        assert decoded(printed.html) == ended(renderer.digest(view).html)


@pytest.mark.parametrize("papers", [1, 6])
@pytest.mark.parametrize("hostile", [False, True])
def test_both_are_what_jinja_and_premailer_make_of_the_templates(
    renderer: Renderer, papers: int, hostile: bool
) -> None:
    way = PlainWay([TEMPLATES], make_identity())
    chosen = list(hostile_papers(papers)) if hostile else [make_paper(n + 1) for n in range(papers)]
    for view in views(renderer, chosen):
        assert way.content(view, sources(view, chosen)) == renderer.digest(view)


def test_on_the_wire_it_is_what_the_standard_library_writes(renderer: Renderer) -> None:
    papers = list(hostile_papers(6))
    view = make_view(renderer, papers)
    way = PlainWay([TEMPLATES], make_identity())
    plain = parts_of(way.message(way.content(view, papers), {"To": view.email}))
    printed = renderer.print(view)
    assert printed is not None
    content_type, pieces = wire.printed_body("<d1@e.org>", printed.text, printed.html)
    headers, body = (wire.free_header("Subject", printed.subject), content_type), b"".join(pieces)
    assert parts_of(b"".join((*headers, b"\r\n", body))) == plain
    assert relaxed_body(body) == body
    assert all(len(line) <= 76 for line in body.split(b"\r\n"))


def parts_of(raw: bytes) -> list[str]:
    message = message_from_bytes(raw, _class=EmailMessage, policy=SMTP)
    texts = [part.get_content() for part in message.iter_parts()]
    return [str(message["Subject"]), *(text.replace("\r\n", "\n") for text in texts)]


def test_a_digest_without_papers_is_left_to_the_other_way(renderer: Renderer) -> None:
    assert renderer.print(make_view(renderer, [])) is None


@pytest.mark.parametrize(
    ("name", "template"),
    [
        ("body.txt", "{{ headline }} {{ cards }} {{ unsubscribe_url }}"),
        ("body.txt", "{{ cards }}\n{{ cards }}\n{{ unsubscribe_url }}"),
        ("body.txt", "{{ cards }}\n{{ day }} {{ cards }}\n{{ unsubscribe_url }}"),
        ("card.txt", "{{ title }}: {{ feedback }}.more or {{ feedback }}.less"),
    ],
)
def test_templates_whose_pieces_cannot_be_joined_are_left_to_the_other_way(
    tmp_path: Path, name: str, template: str
) -> None:
    folder = tmp_path / "mail" / "digest"
    folder.mkdir(parents=True)
    (folder / name).write_text(template, "utf-8")
    own = Renderer([tmp_path, TEMPLATES], make_identity())
    view = make_view(own, [make_paper(1), make_paper(2)])
    assert own.print(view) is None
    assert "Walking robots" in own.digest(view).text


def test_cards_that_a_theme_leaves_out_with_their_section_are_printed(tmp_path: Path) -> None:
    folder = tmp_path / "mail" / "digest"
    folder.mkdir(parents=True)
    template = '{{ headline }}\n{% call when("cards") %}\n{{ cards }}\n{% endcall %}\n'
    (folder / "body.txt").write_text(template + "{{ unsubscribe_url }}", "utf-8")
    own = Renderer([tmp_path, TEMPLATES], make_identity())
    view = make_view(own, [make_paper(1), make_paper(2)])
    printed = own.print(view)
    assert printed is not None
    assert decoded(printed.text) == ended(own.digest(view).text)
