"""Themes: tokens, templates and catalogues of one's own, and what is said of bad ones."""

from pathlib import Path

import pytest

from digest.core.errors import ConfigError
from digest.core.subscribers import Language
from digest.mail.render import Renderer
from digest.mail.theme import load_theme
from digest.mail.theme_check import contrast, problems
from tests.mail.builders import TEMPLATES, make_identity, make_paper, make_view

TOKENS = """
[light]
accent = "#00534f"
[sizes]
headline = 40
[logo]
url = "https://papers.example.org/logo.png"
alt = "Example Institute"
"""


def written(folder: Path, **files: str) -> Path:
    """A theme with these files, `/` in their names as `__` and `.` as `_` before the ending."""
    for name, text in files.items():
        stem, _, ending = name.rpartition("_")
        path = folder / f"{stem.replace('__', '/')}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_a_theme_of_a_few_tokens_changes_the_look_of_every_mail(tmp_path: Path) -> None:
    theme = written(tmp_path, theme_toml=TOKENS)
    renderer = Renderer([theme, TEMPLATES], make_identity())
    html = renderer.digest(make_view(renderer, [make_paper()])).html
    assert "#00534f" in html
    assert "#9a3f14" not in html
    assert "font-size:40px" in html
    assert '<img src="https://papers.example.org/logo.png" alt="Example Institute"' in html
    assert problems(theme, TEMPLATES) == []


def test_our_own_look_passes_its_own_check(tmp_path: Path) -> None:
    assert problems(tmp_path, TEMPLATES) == []


@pytest.mark.parametrize(
    ("tokens", "complaint"),
    [
        ('[light]\ninc = "#000000"', r"there is no token light\.inc, did you mean ink"),
        ('[colours]\nink = "#000000"', r"there is no group \[colours\]"),
        ('light = "x"', r"there is no group \[light\]"),
        ('[light]\nink = "red; } body { x"', r"light\.ink must be a colour"),
        ('[dark]\nink = "#FFF"', r"dark\.ink must be a colour"),
        ('[fonts]\ntext = "x}"', r"fonts\.text must be a list of font names"),
        ("[sizes]\ntext = 9999", r"sizes\.text must be a whole number of px"),
        ("[sizes]\ntext = true", r"sizes\.text must be a whole number of px"),
        ('[logo]\nurl = "http://e.org/x.png"', r"logo\.url must be an https address"),
        ("[light", "theme.toml: "),
    ],
)
def test_a_token_that_cannot_be_used_is_named(tmp_path: Path, tokens: str, complaint: str) -> None:
    theme = written(tmp_path, theme_toml=tokens)
    with pytest.raises(ConfigError, match=complaint):
        load_theme([theme, TEMPLATES])


def test_all_mistakes_of_a_file_come_at_once(tmp_path: Path) -> None:
    theme = written(tmp_path, theme_toml='[light]\nink = "red"\nhead = "blue"\n')
    assert len(problems(theme, TEMPLATES)) == 2


CARD = (TEMPLATES / "mail/digest/card.html").read_text("utf-8")
BODY = (TEMPLATES / "mail/digest/body.html").read_text("utf-8")
LAYOUT = (TEMPLATES / "mail/layout.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        (
            {"theme_toml": '[light]\nsoft = "#cccccc"'},
            "light.soft on light.page has a contrast of 1.6",
        ),
        ({"mail__digset__body_html": "x"}, "did you mean mail/digest/body.html?"),
        (
            {"mail__digest__card_html": CARD.replace(">{{ title }}", ">{{ title | safe }}")},
            "not escaped",
        ),
        (
            {"mail__digest__body_html": BODY.replace("<p class", "<script>x</script><p class")},
            "script",
        ),
        (
            {"mail__digest__body_html": BODY.replace("unsubscribe_url", "browser_url")},
            "unsubscribe_url",
        ),
        ({"mail__digest__body_html": "{{ nobody }}"}, "'nobody' is undefined"),
        ({"mail__layout_html": LAYOUT.replace("<h1", "<h2").replace("</h1", "</h2")}, "one h1"),
        ({"mail__layout_html": LAYOUT.replace('role="presentation" ', "")}, 'role="presentation"'),
        ({"mail__layout_html": LAYOUT.replace("{{ postal_address }}", "")}, "postal address"),
        (
            {"mail__digest__card_html": CARD + "<!--" + "x" * 9_000 + "-->"},
            "Gmail clips long mails",
        ),
        (
            {"mail__digest__card_html": CARD + '<a href="http://e.org/">Elsewhere</a>'},
            "no https address",
        ),
        (
            {"mail__digest__card_html": CARD + '<img src="https://e.org/x.png">'},
            "an image needs alt",
        ),
        (
            {"mail__digest__body_txt": "{{ cards }} {{ unsubscribe_url }} " + "x " * 60},
            "lacks a link",
        ),
        (
            {
                "mail__digest__card_html": CARD.replace(
                    '<p class="meta', '<p style="float:left" class="meta'
                )
            },
            "Outlook does not know 'float:left'",
        ),
        (
            {"mail__digest__card_html": CARD + "{% for n in range(999999999) %}x{% endfor %}"},
            "counts too far",
        ),
        ({"mail__digest__card_html": '{% include "mail/digest/card.html" %}'}, "includes itself"),
        ({"mail__digest__card_html": "{{ ''.__class__.__mro__ }}"}, "is unsafe"),
        ({"locales__de_po": 'msgid "a\n'}, "locales/de.po"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_with_a_theme_is_said_before_anybody_gets_it(
    tmp_path: Path, files: dict[str, str], complaint: str
) -> None:
    found = problems(written(tmp_path, **files), TEMPLATES)
    assert [line for line in found if complaint in line], found


def test_a_translation_that_asks_for_a_value_nobody_gives_is_named(tmp_path: Path) -> None:
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
    message = 'msgid "Please confirm your subscription to %(from_name)s"\nmsgstr "%(name)s?"\n'
    theme = written(tmp_path, locales__de_po=head + message)
    renderer = Renderer([theme, TEMPLATES], make_identity())
    with pytest.raises(ConfigError, match=r"mail/confirmation/subject\.txt"):
        renderer.check()


def test_the_contrast_of_two_colours_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_papers_in_a_mail_of_another_language_are_marked_as_what_they_are() -> None:
    renderer = Renderer([TEMPLATES], make_identity())
    html = renderer.card(make_paper(summary="A plan for robots."), Language.GERMAN).html
    assert html.count('lang="en"') == 2
    assert (
        'lang="en"'
        not in renderer.card(make_paper(title="Roboter", summary="Ja."), Language.GERMAN).html
    )
    assert 'lang="en"' not in renderer.card(make_paper()).html
