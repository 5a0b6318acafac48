"""Reasons and troubles, as they are written down, in the language of a reader."""

import pytest

from digest.core.subscribers import Language
from digest.mail.reasons import trouble, why
from digest.mail.wording import ENGLISH, load_wording
from tests.mail.builders import TEMPLATES

GERMAN = load_wording([TEMPLATES], Language.GERMAN)
# What the ranking says, form by form, and how that is in German.
REASONS = [
    ("matches “robots on ice”", "Passt zu „robots on ice“"),
    (
        "matches “robots”, “ice” of “robots on th…”",
        "Passt mit „robots“ und „ice“ zu „robots on th…“",
    ),
    ("close in meaning to “ice”", "Inhaltlich nah an „ice“"),
    ("by Ada Bell, an author you follow", "Von Ada Bell (Sie folgen diesem Namen)"),
    ("by A. Bell, maybe an author you follow", "Von A. Bell (vielleicht jemand, dem Sie folgen)"),
    ("in cs.RO", "In cs.RO"),
    ("in cell biology", "In cell biology"),
    ("like “On ice”, which you liked", "Ähnlich wie „On ice“, was Ihnen gefiel"),
    ("like “On ice”, in your library", "Ähnlich wie „On ice“ aus Ihrer Bibliothek"),
    (
        "matches “ice” · rising: 53 → 1,301 votes since yesterday",
        "Passt zu „ice“ · steigt: 53 → 1.301 Stimmen seit gestern",
    ),
    (
        "rising: 3 → 9 points in 7 h, the most in cs",
        "Steigt: 3 → 9 Punkte in 7 Std., Spitzenwert in cs",
    ),
    ("rising: 3 → 9 votes in 3 days", "Steigt: 3 → 9 Stimmen in 3 Tagen"),
    ("established: 1 vote on Hugging Face", "Etabliert: 1 Stimme auf Hugging Face"),
    ("12 GitHub stars", "12 Sterne auf GitHub"),
    ("9 days old, no votes yet", "9 Tage alt, noch ohne Stimmen"),
    ("new on arXiv", "Neu auf arXiv"),
    ("new", "Neu"),
    ("to explore: in cs.RO", "Zum Entdecken: in cs.RO"),
    ("trending everywhere: 40 votes on arXiv", "Überall im Gespräch: 40 Stimmen auf arXiv"),
    ("40 views on arXiv", "40 views on arXiv"),
    ("%(x)s and {x}", "%(x)s and {x}"),
]


@pytest.mark.parametrize(("reason", "german"), REASONS)
def test_a_reason_is_said_in_the_language(reason: str, german: str) -> None:
    assert why(reason, GERMAN).line == german
    english = reason.replace("”, “", "” and “")
    assert why(reason, ENGLISH).line == english[0].upper() + english[1:]


def test_what_a_heading_says_is_not_said_again() -> None:
    said = why("trending everywhere: 40 votes", ENGLISH, heading_says_everywhere=True)
    assert said.line == "40 votes"


@pytest.mark.parametrize(
    ("reason", "counts"),
    [
        ("matches “ice” · rising: 53 → 301 votes since yesterday", {"votes"}),
        ("matches “12 votes”", set()),
        ("12 GitHub stars", {"stars"}),
        ("1 comment on Hugging Face", {"comments"}),
        ("matches “ice”", set()),
    ],
)
def test_what_a_reason_counts_is_known_by_its_name(reason: str, counts: set[str]) -> None:
    assert why(reason, ENGLISH).counts == counts


def test_the_trouble_of_a_source_is_said_in_the_language() -> None:
    line = "arXiv could not be read; arXiv RSS stood in"
    assert trouble(line, ENGLISH) == line
    assert trouble(line, GERMAN) == "arXiv konnte nicht gelesen werden; arXiv RSS sprang ein"
    assert trouble("Reddit: 503.", GERMAN) == "Reddit: 503"
