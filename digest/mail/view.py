"""One person's digest as data, and the sentences around its papers. Pure."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from digest.core.editions import Card
from digest.core.places import Section
from digest.core.subscribers import Language
from digest.mail.prose import clean, cut, not_a_link, without_reply_prefix
from digest.mail.reasons import trouble
from digest.mail.typography import typeset
from digest.mail.wording import ENGLISH, Wording, marked

_PREHEADER_CHARS = (40, 140)
_PREHEADER_TITLE_CHARS = 56
_TROUBLE_CHARS, _MOST_TROUBLES = 160, 20
# Where the preferences page lets its reader take a break.
PAUSE_ANCHOR = "#pause"


class DigestPaper(NamedTuple):
    """A paper in one person's digest: its card, its title as the source gives it, and why. A tuple:
    ten are made for each mail.

    `relevance` and `trend` are in [0, 1]; 0 is not said. `position` is its number in the stored
    digest, from 0, which the links to judge it name.
    """

    card: Card
    title: str
    reason: str
    position: int
    section: Section = Section.FOR_YOU
    relevance: float = 0.0
    trend: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestView:
    """All that one person's digest says. `papers` come strongest first; there may be none, where
    the operator has a mail sent even then.

    `appeared_count` papers appeared in the edition's window, `matched_count` of them match the
    subscriber's interests (0: not said). `missing` holds a line for each source that was not
    there. A `weekly` one looks back upon a week. `feedback_base` is where this person judges the
    papers of the digest (`core.feedback.choice_path`).
    """

    day: date
    papers: tuple[DigestPaper, ...]
    appeared_count: int
    matched_count: int = 0
    missing: tuple[str, ...] = ()
    weekly: bool = False
    language: Language = Language.ENGLISH
    email: str
    subscribed_on: date | None = None
    unsubscribe_url: str
    preferences_url: str
    browser_url: str
    feedback_base: str


def digest_values(view: DigestView, wording: Wording = ENGLISH) -> dict[str, str]:
    """What the templates of a digest are filled with, but for subject and cards."""
    numbers = _Numbers(len(view.papers), view.appeared_count, view.matched_count, view.weekly)
    subscribed = view.subscribed_on
    return {
        **_around(view.day, numbers, tuple(view.missing), wording),
        "preheader": preheader(view, wording),
        "email": view.email,
        "subscribed_on": wording.dated(subscribed) if subscribed else "",
        "unsubscribe_url": view.unsubscribe_url,
        "preferences_url": view.preferences_url,
        "pause_url": view.preferences_url + PAUSE_ANCHOR,
        "browser_url": view.browser_url,
    }


class _Numbers(NamedTuple):
    """How many papers there are, how many appeared, and matched; and whether of a week."""

    papers: int
    appeared: int
    matched: int
    weekly: bool


# An edition says the same to many readers.
@functools.lru_cache(maxsize=1_024)
def _around(
    day: date, numbers: _Numbers, troubles: Sequence[str], wording: Wording
) -> Mapping[str, str]:
    many, others = numbers.papers, numbers.papers - 1
    return {
        "headline": (
            wording.counted("%(count)s paper for you", "%(count)s papers for you", many)
            if many
            else wording.gettext("Nothing new for you")
        ),
        "date": wording.long_date(day),
        "day": wording.short_date(day),
        "standfirst": _standfirst(numbers, wording),
        "nothing": "" if many else _nothing(numbers.appeared, wording),
        "widen": "yes" if numbers.appeared and not many else "",
        "others": wording.counted("%(count)s more", "%(count)s more", others) if others > 0 else "",
        "missing": _missing(troubles, wording),
    }


def lead_title(view: DigestView, wording: Wording = ENGLISH) -> str:
    """The title of the strongest paper, fit for a subject."""
    if not view.papers:
        return wording.gettext("No new papers for you")
    return without_reply_prefix(_set(view.papers[0].title)) or wording.gettext("Untitled")


@functools.lru_cache(maxsize=1_024)
def _set(title: str) -> str:
    return typeset(clean(title))


def _standfirst(numbers: _Numbers, wording: Wording) -> str:
    """Where the papers were chosen from: Chosen from 614 new papers, 48 of them on your topics."""
    if not numbers.papers:
        return _looked_through(numbers.appeared, wording)
    if numbers.appeared <= numbers.papers:
        return wording.gettext("All that appeared.")
    chosen = {
        "papers": _appeared(numbers.appeared, wording),
        "matched": wording.number(numbers.matched),
    }
    if numbers.weekly and numbers.matched:
        message = marked("Chosen from %(papers)s of the week, %(matched)s of them on your topics.")
        return wording.gettext(message) % chosen
    if numbers.weekly:
        return wording.gettext("Chosen from %(papers)s of the week.") % chosen
    if numbers.matched:
        message = marked("Chosen from %(papers)s, %(matched)s of them on your topics.")
        return wording.gettext(message) % chosen
    return wording.gettext("Chosen from %(papers)s.") % chosen


def _looked_through(appeared: int, wording: Wording) -> str:
    if not appeared:
        return wording.gettext("No new papers came up.")
    return wording.gettext("Looked through %(papers)s.") % {"papers": _appeared(appeared, wording)}


def _appeared(many: int, wording: Wording) -> str:
    return wording.counted("%(count)s new paper", "%(count)s new papers", many)


def _nothing(appeared: int, wording: Wording) -> str:
    """What a digest without papers says in their place."""
    if not appeared:
        return wording.gettext("There is nothing to read today.")
    return wording.gettext("Nothing that came up is both on your topics and new to you.")


def _missing(troubles: Sequence[str], wording: Wording) -> str:
    """What was not there, as sentences in a row; empty where nothing was missing."""
    lines = (cut(line, _TROUBLE_CHARS) for line in troubles[:_MOST_TROUBLES])
    return sentence_list([trouble(line, wording) for line in lines])


def preheader(view: DigestView, wording: Wording = ENGLISH) -> str:
    """The line that an inbox shows after the subject: the next papers; 40 to 140 characters."""
    shortest, longest = _PREHEADER_CHARS
    if len(view.papers) > 1:
        line = _also(tuple([paper.title for paper in view.papers[1:4]]), wording)
    elif view.papers:
        line = wording.gettext("The one to read today.")
    else:
        line = _nothing(view.appeared_count, wording)
    if len(line) < shortest:
        numbers = _Numbers(len(view.papers), view.appeared_count, view.matched_count, view.weekly)
        line = f"{line} {_standfirst(numbers, wording)} {wording.long_date(view.day)}."
    return cut(line, longest)


@functools.lru_cache(maxsize=1_024)
def _also(titles: Sequence[str], wording: Wording) -> str:
    untitled = wording.gettext("Untitled")
    short = [cut(_set(title) or untitled, _PREHEADER_TITLE_CHARS) for title in titles]
    return not_a_link(wording.gettext("Also: %(titles)s") % {"titles": "; ".join(short)})


def sentence_list(lines: Sequence[str]) -> str:
    """Lines as sentences in a row, each with its full stop."""
    tidy = (clean(line).rstrip(".") for line in lines)
    return " ".join(f"{line}." for line in tidy if line)
