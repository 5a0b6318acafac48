import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from digest.core.errors import ConfigError
from digest.core.feedback import choice_path
from digest.core.identifiers import ARXIV, Identifier
from digest.core.interests import InterestKind, make_interest
from digest.core.papers import Paper
from digest.core.subscribers import Frequency, Language, Preferences
from digest.mail.reasons import why
from digest.mail.render import Renderer
from digest.mail.sections import Fit, fit
from digest.mail.view import preheader
from digest.mail.wording import ENGLISH
from tests.mail.builders import (
    NOW,
    TEMPLATES,
    make_identity,
    make_paper,
    make_renderer,
    make_signal,
    make_view,
)

VOID = {"br", "meta"}
INTERESTS = (
    make_interest(InterestKind.TEXT, "robot learning"),
    make_interest(InterestKind.AUTHOR, "Ada Bell"),
)


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return make_renderer()


class Page(HTMLParser):
    """What a reader and a program see of a page: tags, links, headings, visible text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[tuple[str, str]] = []
        self.balanced = True
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.balanced &= bool(self.open) and self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(("/".join(self.open), data))

    @property
    def links(self) -> list[str]:
        return [attrs.get("href") or "" for tag, attrs in self.tags if tag == "a"]

    @property
    def visible(self) -> str:
        return " ".join(text for path, text in self.texts if "head" not in path.split("/"))

    def texts_in(self, tag: str) -> list[str]:
        return [text for path, text in self.texts if tag in path.split("/")]


def hostile_papers(number: int) -> Iterator[Paper]:
    nasty = (
        '<script>alert(1)</script> & "quotes" \' {{ config }} {% x %} %(name)s %s',
        "Bare\rreturn \r\nBcc: victim@example.com\n.leading dot\n..two",
        "W" * 500,
        "למידת מכונה עם הרבה מילים בעברית " * 9,
        "😀🏴󠁧󠁢󠁥󠁮󠁧󠁿👩‍👩‍👧‍👦" * 60,
        "\ue000reason\ue001 \ue000-tldr\ue001 \x00 \u202eevil\u202c $\\badmacro{ \\frac",
    )
    for n in range(number):
        text = nasty[n % len(nasty)]
        yield make_paper(
            n + 1,
            title=text,
            abstract=(text + ". ") * 200,
            summary="" if n % 2 else text * 40,
            authors=(text,) * 300,
            venue=text,
            categories=(text,) * 50,
            url="javascript:alert(1)"
            if n % 5 == 4
            else f"https://e.org/{'é' * 90}?q=<{n}>&b={{{{x}}}}",
            pdf_url="https://e.org/" + "p" * 580,
            code_url="https://github.com/" + "c" * 570,
            discussion_url="https://e.org/" + "d" * 580,
        )


def test_a_digest_holds_its_papers_in_order_with_reasons_and_links(renderer: Renderer) -> None:
    content = renderer.digest(make_view(renderer, [make_paper(n) for n in (3, 1, 2)]))
    page = Page(content.html)
    assert [t for t in page.texts_in("h2") if t.strip()] == [
        "Walking robots that plan, part 3",
        "Walking robots that plan, part 1",
        "Walking robots that plan, part 2",
    ]
    assert page.texts_in("h1") == ["3 papers for you"]
    assert page.visible.count("Matches “robots”") == 3
    for link in page.links:
        assert link in content.text
    assert "Friday, 20 March 2026. Chosen from 614 new papers, 48 of them on your" in content.text
    assert "1. Walking robots that plan, part 3\n\n   Matches “robots”\n" in content.text
    assert "Code on GitHub (1,204 stars): https://github.com/example/walk3" in content.text


def test_every_paper_can_be_judged_by_links_of_its_reader(renderer: Renderer) -> None:
    view = make_view(renderer, [make_paper(n) for n in (3, 1)])
    content = renderer.digest(view)
    for paper in view.papers:
        for word, label in (("more", "More like this"), ("less", "Less like this")):
            url = f"{choice_path(view.feedback_base, paper.position)}.{word}"
            assert f'href="{url}"' in content.html
            assert f"   {label}: {url}\n" in content.text
    assert ".open" not in content.html + content.text
    assert "https://arxiv.org/abs/2603.00003" in Page(content.html).links


def test_one_card_serves_all_readers_each_with_their_own_links(renderer: Renderer) -> None:
    view = make_view(renderer, [make_paper()])
    (paper,) = view.papers
    mails = [
        renderer.digest(replace(view, feedback_base=url)).html
        for url in ("https://e.org/feedback/ADA", "https://e.org/feedback/BEN")
    ]
    assert "ADA" not in mails[1]
    assert mails[0].replace("ADA", "BEN") == mails[1]
    assert "feedback/" not in paper.card.html + paper.card.text


def test_titles_lead_to_the_page_that_counts_only_where_that_is_wanted() -> None:
    counting = Renderer([TEMPLATES], make_identity(), count_opened=True)
    view = make_view(counting, [make_paper(), make_paper(2, url="", pdf_url="")])
    content = counting.digest(view)
    first, second = (f"{choice_path(view.feedback_base, n)}.open" for n in range(2))
    assert first in Page(content.html).links
    assert f"Paper: {first}\n" in content.text
    assert "https://arxiv.org/abs/2603.00001" not in content.html + content.text
    assert second not in content.html + content.text


def test_every_digest_says_why_and_how_to_leave(renderer: Renderer) -> None:
    content = renderer.digest(make_view(renderer, [make_paper()]))
    for part in (Page(content.html).visible, content.text):
        flat = " ".join(part.split())
        assert "because you subscribed ada@example.net on 3 March 2026." in flat
        assert "Example Institute, 1 Example Street, 1000 Exampletown" in flat[-80:]
    view = make_view(renderer, [make_paper()])
    for url in (view.unsubscribe_url, view.preferences_url, view.browser_url):
        assert url in content.text
        assert url in Page(content.html).links


def test_what_is_not_known_is_not_said(renderer: Renderer) -> None:
    view = make_view(renderer, [make_paper()], matched_count=0, subscribed_on=None)
    content = renderer.digest(view)
    assert "on your topics" not in content.text
    assert "because you subscribed ada@example.net.\n" in content.text
    assert "Not complete" not in content.text + content.html


def test_missing_sources_are_named(renderer: Renderer) -> None:
    view = make_view(
        renderer, [make_paper()], missing=("Hacker News gave no answer.", "bioRxiv: 503")
    )
    content = renderer.digest(view)
    said = "Not complete today: Hacker News gave no answer. bioRxiv: 503."
    assert said in content.text
    assert said in Page(content.html).visible


def test_the_subject_tells_the_strongest_paper_and_the_date(renderer: Renderer) -> None:
    papers = [make_paper(n) for n in range(1, 11)]
    assert renderer.digest(make_view(renderer, papers)).subject == (
        "Walking robots that plan, part 1 and 9 more · 20 March"
    )
    assert renderer.digest(make_view(renderer, papers[:1])).subject == (
        "Walking robots that plan, part 1 · 20 March"
    )


@pytest.mark.parametrize("title", ["word " * 60, "W" * 500, "Re: x\r\nBcc: y", "😀" * 200, ""])
def test_a_subject_is_one_line_of_1_to_100_characters(renderer: Renderer, title: str) -> None:
    papers = [make_paper(1, title=title), make_paper(2)]
    subject = renderer.digest(make_view(renderer, papers)).subject
    assert 0 < len(subject) <= 100
    assert subject.isprintable()
    assert not subject.lower().startswith("re:")
    assert subject.endswith(" and 1 more · 20 March")


@pytest.mark.parametrize("number", [1, 2, 3, 9])
def test_the_preheader_complements_the_subject(renderer: Renderer, number: int) -> None:
    papers = [make_paper(n, title=f"{'Long title ' * 20}{n}") for n in range(number)]
    line = preheader(make_view(renderer, papers))
    assert 40 <= len(line) <= 140
    short = preheader(make_view(renderer, [make_paper(n, title="Ab") for n in range(number)]))
    assert 40 <= len(short) <= 140


def test_reasons_are_clean_lines_with_a_capital() -> None:
    assert why("matches “x”\n\ue000y", ENGLISH).line == "Matches “x” y"
    assert why("", ENGLISH).line == ""
    assert len(why("word " * 100, ENGLISH).line) <= 160


def test_a_card_without_a_reason_has_no_line_for_it(renderer: Renderer) -> None:
    view = make_view(renderer, [make_paper()])
    unexplained = replace(view, papers=tuple(p._replace(reason="") for p in view.papers))
    content = renderer.digest(unexplained)
    assert "part 1\n\n   Ada Bell" in content.text
    assert content.html.count("<p") == renderer.digest(view).html.count("<p") - 1


def test_the_same_paper_gives_the_same_card(renderer: Renderer) -> None:
    assert renderer.card(make_paper()) == make_renderer().card(make_paper())


@pytest.mark.parametrize("number", [1, 6, 30])
def test_a_hostile_edition_is_harmless_and_fits(renderer: Renderer, number: int) -> None:
    view = make_view(renderer, list(hostile_papers(number)))
    content = renderer.digest(view)
    page = Page(content.html)
    assert len(content.html.encode()) <= 98_000
    assert page.balanced
    assert page.open == []
    assert {tag for tag, _ in page.tags} <= {
        *("html", "head", "meta", "title", "style", "body", "div", "table", "tr", "td"),
        *("h1", "h2", "p", "a", "br", "span"),
    }
    assert all(link.startswith(("https://", "http://")) for link in page.links)
    assert view.unsubscribe_url in page.links
    assert view.unsubscribe_url in content.text
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)
    assert not re.search(
        r"[\x00-\x09\x0b-\x1f\ue000-\uf8ff\u202a-\u202e]", content.html + content.text
    )
    assert "{{" not in content.html
    assert "%(" not in content.html
    if number >= 6:
        assert "alert(1)" in page.visible
        assert "{{ config }}" in page.visible
        assert 'dir="rtl"' in content.html


def test_ten_papers_of_ordinary_length_stay_far_below_the_clip(renderer: Renderer) -> None:
    papers = [
        make_paper(n, summary="", abstract="A sentence of some words. " * 90) for n in range(10)
    ]
    content = renderer.digest(make_view(renderer, papers))
    assert len(content.html.encode()) < 40_000


def test_words_too_long_for_a_screen_can_break(renderer: Renderer) -> None:
    content = renderer.digest(make_view(renderer, [make_paper(title="W" * 200)]))
    words = re.split(r"[\s\u200b]", Page(content.html).visible)
    assert max(len(w) for w in words if w.startswith("W")) <= 28


def test_summaries_go_before_papers_do() -> None:
    assert fit([1_000] * 10, [400] * 10, 8_000) == Fit(10, 10)
    assert fit([9_000] * 10, [5_000] * 10, 8_000) == Fit(10, 5)
    # Whoever wants more papers than most gets a longer mail, not one without summaries.
    assert fit([3_000] * 30, [2_000] * 30, 8_000) == Fit(30, 28)
    assert fit([5_000] * 30, [4_500] * 30, 8_000) == Fit(20, 0)
    assert fit([500_000], [400_000], 8_000) == Fit(1, 0)


def test_papers_that_did_not_fit_are_counted_and_linked(renderer: Renderer) -> None:
    papers = [make_paper(n, pdf_url="https://e.org/" + "p" * 580) for n in range(90)]
    view = make_view(renderer, papers)
    content = renderer.digest(view)
    assert len(content.html.encode()) <= 98_000
    assert (said := re.search(r"(\d+) more papers did not fit into this mail\.", content.text))
    shown = content.text.count("Read the PDF")
    assert shown + int(said[1]) == 90
    assert view.browser_url in content.text.split("did not fit")[1]


def test_no_digest_loads_anything_from_elsewhere(renderer: Renderer) -> None:
    html = renderer.digest(make_view(renderer, [make_paper()])).html
    assert not re.search(r"<(?:img|link|script|iframe)|url\(|@import|\bsrc=", html)
    style = re.search(r"<style>(.*?)</style>", html, re.S)
    assert style is not None
    assert len(style[1]) < 8192
    assert "prefers-color-scheme" in style[1]


def test_pictures_are_an_option_and_say_nothing_that_is_missed(renderer: Renderer) -> None:
    paper = make_paper(ids=(Identifier(ARXIV, "2603.00001"),))
    pictured = Renderer([TEMPLATES], make_identity(), thumbnails=True)
    html = pictured.digest(make_view(pictured, [paper, make_paper(2)])).html
    (image,) = [attrs for tag, attrs in Page(html).tags if tag == "img"]
    assert image["src"] == (
        "https://cdn-thumbnails.huggingface.co/social-thumbnails/papers/2603.00001.png"
    )
    assert (image["alt"], image["width"]) == ("", "520")
    assert "<img" not in renderer.digest(make_view(renderer, [paper])).html


def test_the_text_part_reads_well_aloud(renderer: Renderer) -> None:
    view = make_view(renderer, [make_paper()])
    reason = "matches “robots” · rising: 53 → 301 votes since yesterday"
    content = renderer.digest(replace(view, papers=(view.papers[0]._replace(reason=reason),)))
    assert "Matches “robots”; rising: 53 to 301 votes since yesterday" in content.text
    assert not set("·→▁█●○") & set(content.text)


@pytest.mark.parametrize(
    ("reason", "once"),
    [("659 stars on GitHub", "659 stars"), ("7 comments on Reddit", "7 comments")],
)
def test_what_the_reason_counts_is_not_counted_again(
    renderer: Renderer, reason: str, once: str
) -> None:
    signals = (make_signal("stars", 659), make_signal("comments", 7))
    view = make_view(renderer, [make_paper(signals=signals)])
    content = renderer.digest(view)
    for part in (content.html.replace("\u00a0", " "), content.text):
        assert "659 stars" in part
        assert "7 comments" in part
    told = replace(view, papers=(view.papers[0]._replace(reason=reason),))
    content = renderer.digest(told)
    for part in (content.html.replace("\u00a0", " "), content.text):
        assert part.count(once) == 1
        assert "Code on GitHub" in part


def test_growth_is_drawn_beside_the_votes_and_hidden_from_screen_readers(
    renderer: Renderer,
) -> None:
    signals = tuple(make_signal("upvotes", 2.0**hour, hour=hour) for hour in range(6))
    view = make_view(renderer, [make_paper(signals=signals)])
    drawn = r"<span[^>]* aria-hidden=\"true\"[^>]*>▁▁▁▂▄█</span>"
    assert re.search(rf"32\u00a0votes {drawn}", renderer.digest(view).html)
    reason = "rising: 1 → 32 votes in 5 h"
    rising = replace(view, papers=(view.papers[0]._replace(reason=reason),))
    html = renderer.digest(rising).html
    assert re.search(rf"in 5\u00a0h {drawn}", html)
    assert html.count("32\u00a0votes") == 1


def test_every_table_of_a_digest_is_marked_as_layout(renderer: Renderer) -> None:
    page = Page(renderer.digest(make_view(renderer, [make_paper()])).html)
    tables = [attrs for tag, attrs in page.tags if tag == "table"]
    assert tables
    assert all(attrs.get("role") == "presentation" for attrs in tables)


def test_a_confirmation_says_who_asked_when_and_when_it_ends(renderer: Renderer) -> None:
    content = renderer.confirmation(
        email="ada@example.net",
        requested_at=NOW,
        via="on the web page",
        confirm_url="https://papers.example.org/confirm/T",
    )
    flat = " ".join(content.text.split())
    assert content.subject == "Please confirm your subscription to Paper Digest"
    assert "On Friday, 20 March 2026 at 06:30 UTC, somebody, probably you, asked on the web" in flat
    assert "ends by itself on Friday, 27 March 2026" in flat
    assert "Or just reply to this mail" in flat
    assert "https://papers.example.org/confirm/T" in Page(content.html).links
    assert max(map(len, content.text.splitlines())) <= 72


def test_a_reply_is_offered_only_where_mail_is_read() -> None:
    content = make_renderer(command_address="").confirmation(
        email="a@e.org", requested_at=NOW, via="by mail", confirm_url="https://e.org/c"
    )
    assert "reply to this mail" not in content.text + content.html


def test_a_welcome_sums_up_the_settings(renderer: Renderer) -> None:
    content = renderer.welcome(
        email="ada@example.net",
        preferences=Preferences(frequency=Frequency.WEEKDAYS, timezone="America/New_York"),
        interests=INTERESTS,
        next_due_at=datetime(2026, 3, 23, 2, 30, tzinfo=UTC),
        preferences_url="https://papers.example.org/preferences/T",
        unsubscribe_url="https://papers.example.org/unsubscribe/T",
    )
    flat = " ".join(content.text.split())
    assert "Up to 10 papers will reach you from Monday to Friday at 07:30" in flat
    assert "(America/New York time). The first mail comes on Sunday, 22 March 2026." in flat
    assert "Chosen for: robot learning; author: Ada Bell." in flat
    assert "https://papers.example.org/unsubscribe/T" in Page(content.html).links


def test_a_welcome_without_interests_invites_to_name_some(renderer: Renderer) -> None:
    content = renderer.welcome(
        email="a@e.org",
        preferences=Preferences(),
        interests=(),
        next_due_at=None,
        preferences_url="https://e.org/p",
        unsubscribe_url="https://e.org/u",
    )
    assert "not named any interests" in content.text
    assert "The first one" not in content.text


def test_a_goodbye_leads_back(renderer: Renderer) -> None:
    content = renderer.goodbye(email="a@e.org", subscribe_url="https://papers.example.org/")
    assert "No further digest goes to a@e.org." in content.text
    assert "https://papers.example.org/" in Page(content.html).links


def test_a_reply_is_text_only_and_answers_the_subject(renderer: Renderer) -> None:
    content = renderer.reply(
        subject="RE: Re: stop\r\nBcc: x@y.example", answer="Done.\n\n- one\n    and more\n- two"
    )
    assert content.subject == "Re: stop Bcc: x@y.example"
    assert content.text.startswith("Done.\n\n- one\n    and more\n- two\n")
    assert content.html == ""


def test_an_operators_template_stands_before_ours(tmp_path: Path) -> None:
    folder = tmp_path / "mail" / "goodbye"
    folder.mkdir(parents=True)
    (folder / "body.txt").write_text("So long, {{ email }}!")
    renderer = Renderer([tmp_path, TEMPLATES], make_identity())
    assert renderer.goodbye(email="a@e.org", subscribe_url="x").text == "So long, a@e.org!\n"


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("goodbye/body.txt", "{{ nobody }}", "'nobody' is undefined"),
        ("goodbye/body.txt", "{% if %}", "mail/goodbye/body.txt"),
        ("digest/body.txt", "{{ cards }}", "unsubscribe_url"),
    ],
)
def test_a_broken_template_is_named_before_a_mail_is_due(
    tmp_path: Path, name: str, text: str, complaint: str
) -> None:
    (tmp_path / "mail" / name).parent.mkdir(parents=True)
    (tmp_path / "mail" / name).write_text(text)
    with pytest.raises(ConfigError, match=complaint):
        Renderer([tmp_path, TEMPLATES], make_identity()).check()


def test_all_templates_compile(renderer: Renderer) -> None:
    renderer.check()


def test_missing_templates_are_a_configuration_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"theme\.toml"):
        Renderer([tmp_path], make_identity())


def test_a_confirmation_counts_its_days_from_the_request(renderer: Renderer) -> None:
    content = renderer.confirmation(
        email="a@e.org",
        requested_at=NOW + timedelta(days=30),
        via="by mail",
        confirm_url="https://e.org/c",
    )
    assert "Sunday, 26 April 2026" in content.text


@pytest.mark.parametrize("title", ["", "\u200b", "Re:"])
def test_a_digest_names_papers_without_a_title_in_its_language(
    renderer: Renderer, title: str
) -> None:
    papers = [make_paper(1, title=title), make_paper(2, title="\u200d")]
    content = renderer.digest(make_view(renderer, papers, language=Language.GERMAN))
    assert content.subject.startswith("Ohne Titel und 1 weitere")
    assert "Außerdem: Ohne Titel" in content.html


def test_an_answer_to_a_mail_without_a_subject_has_one_in_its_language(renderer: Renderer) -> None:
    answer = renderer.reply(subject="Re: ", answer="Ja.", language=Language.GERMAN)
    assert answer.subject == "Re: Ihre Mail"


def test_no_name_of_an_author_becomes_a_link(renderer: Renderer) -> None:
    paper = make_paper(1, authors=("evil.com", "Ada Bell"))
    assert "evil.com" not in renderer.digest(make_view(renderer, [paper])).html
