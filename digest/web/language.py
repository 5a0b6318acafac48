"""The language of a page: that of the member whom it is for, else what the browser asks for, else
that of new members."""

from collections.abc import Sequence
from pathlib import Path

from flask import Flask, current_app, g, has_request_context, request

from digest.core.subscribers import Language, Subscriber
from digest.mail.wording import ENGLISH, Wording, load_wording, marked
from digest.pipeline.app import App

_WORDINGS = "digest.wordings"

# What forms say of fields, written down in English where they are read.
MISTAKES = (
    marked("A digest holds 1 to 30 papers: write a whole number"),
    marked("An interest cannot be empty: write a few words"),
    marked("Choose how long the pause is to be"),
    marked("Choose one of the languages"),
    marked("Choose one of: every day, on weekdays, once a week"),
    marked("Set the dial between 0 (only my topics) and 1 (only what trends)"),
    marked("Write a time of day such as 07:30"),
    marked("Write a time zone such as Europe/Berlin or UTC"),
    marked("Write an e-mail address such as you@example.org"),
)
METRICS = (
    marked("Citations"),
    marked("Comments"),
    marked("Likes"),
    marked("Points"),
    marked("Score"),
    marked("Stars"),
    marked("Upvotes"),
)


def register(site: Flask, folders: Sequence[Path]) -> None:
    """Lets the pages of a site speak the languages whose catalogues are in these folders."""
    site.extensions[_WORDINGS] = {one: load_wording(folders, one) for one in Language}
    site.jinja_env.add_extension("jinja2.ext.i18n")
    site.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        _gettext, _ngettext, newstyle=True
    )
    site.jinja_env.globals["wording"] = spoken


def spoken() -> Wording:
    """How the page that is being made speaks."""
    if not has_request_context():
        return ENGLISH
    if "wording" not in g:
        best = request.accept_languages.best_match([one.value for one in Language])
        app: App = current_app.extensions["digest"]
        speak(Language(best) if best else app.rules.defaults.language)
    wording: Wording = g.wording
    return wording


def speak(language: Language) -> None:
    """From here on the page that is being made speaks this language."""
    g.wording = current_app.extensions[_WORDINGS][language]


def speak_to(subscriber: Subscriber) -> None:
    speak(subscriber.preferences.language)


def _gettext(message: str) -> str:
    return spoken().gettext(message)


def _ngettext(one: str, many: str, number: int) -> str:
    return spoken().translations.ngettext(one, many, number)
