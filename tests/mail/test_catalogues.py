"""The catalogues of messages say all that the mails say, and with the same values."""

import io
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po

from digest.core.subscribers import Language
from digest.mail.render import Renderer
from digest.mail.sample import sample_mails
from tests.mail.builders import TEMPLATES, make_identity

ROOT = TEMPLATES.parent
KEYWORDS = {**DEFAULT_KEYWORDS, "counted": (1, 2), "marked": None, "marked_plural": (1, 2)}
METHODS = [
    ("digest/mail/**.py", "python"),
    ("digest/pipeline/answer_texts.py", "python"),
    ("digest/web/**.py", "python"),
    ("templates/mail/**.html", "jinja2"),
    ("templates/mail/**.txt", "jinja2"),
    ("templates/web/**.html", "jinja2"),
]
FOREIGN = [language for language in Language if language is not Language.ENGLISH]


def said() -> Catalog:
    """All messages in the sources."""
    catalogue = Catalog()
    for folder in (
        *("digest/mail", "digest/pipeline", "digest/web"),
        *("templates/mail", "templates/web"),
    ):
        methods = [
            (pattern.removeprefix(f"{folder}/"), how)
            for pattern, how in METHODS
            if pattern.startswith(folder)
        ]
        for _, _, message, _, _ in extract_from_dir(str(ROOT / folder), methods, keywords=KEYWORDS):
            catalogue.add(message)
    return catalogue


def translated(language: Language) -> Catalog:
    text = Path(TEMPLATES, "locales", f"{language}.po").read_bytes()
    return read_po(io.BytesIO(text), abort_invalid=True)


def values(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)s", text))


@pytest.mark.parametrize("language", FOREIGN)
def test_every_message_is_translated_and_none_is_left_over(language: Language) -> None:
    """`make messages` brings the catalogues up to date."""
    wanted = {str(message.id) for message in said() if message.id}
    found = translated(language)
    assert {str(message.id) for message in found if message.id} == wanted
    assert [message.id for message in found if message.id and message.fuzzy] == []


@pytest.mark.parametrize("language", FOREIGN)
def test_a_translation_has_the_values_and_links_of_its_message(language: Language) -> None:
    for message in translated(language):
        forms = message.string if isinstance(message.string, tuple) else (message.string,)
        said = message.id if isinstance(message.id, str) else message.id[-1]
        for form in forms:
            assert form, f"{said!r} has no translation"
            if message.id:
                assert values(form) == values(said)
                assert re.findall(r"<[^>]+>", form) == re.findall(r"<[^>]+>", said)


def test_the_methods_here_are_those_of_the_configuration() -> None:
    configured = re.findall(r"\[(\w+): (\S+)\]", (ROOT / "babel.cfg").read_text("utf-8"))
    assert [(pattern, how) for how, pattern in configured] == METHODS


@pytest.mark.parametrize("language", FOREIGN)
def test_a_mail_in_another_language_says_nothing_in_english(language: Language) -> None:
    renderer = Renderer([TEMPLATES], make_identity())
    for name, content in sample_mails(renderer, language):
        if name != "reply":
            words = set(re.findall(r"[a-z]+", re.sub(r"https?://\S+", "", content.text.lower())))
            assert not words & {"because", "subscribed", "chosen", "unsubscribe", "votes"}
            assert f'lang="{language}"' in content.html
