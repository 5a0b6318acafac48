"""One person's digest as data, and the sentences around its papers. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from digest.core.editions import Card
from digest.core.places import Section
from digest.core.subscribers import Language
from digest.mail.prose import clean, cut, not_a_link, typeset, without_reply_prefix
from digest.mail.reasons import trouble
from digest.mail.wording import ENGLISH, Wording, marked

_PREHEADER_CHARS = (40, 140)
_PREHEADER_TITLE_CHARS = 56
_TROUBLE_CHARS, _MOST_TROUBLES = 160, 20
# Where the preferences page lets its reader take a break.
PAUSE_ANCHOR = "#pause"


class DigestPaper(NamedTuple):
    """A paper in one person's digest: its card, its title as the source gives it, and why. A tuple:
    ten are made for each mail.

    `relevance` and `trend` are in [0, 1]; 0 is not said. `feedback_url` leads to what this person
    may say of it, when `.more`, `.less` or `.open` follows.
    """

    card: Card
    title: str
    reason: str
    feedback_url: str
    section: Section = Section.FOR_YOU
    relevance: float = 0.0
    trend: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestView:
    """All that one person's digest says. `papers` come strongest first; there may be none, where
    the operator has a mail sent even then.

    `appeared_count` papers appeared in the edition's window, `matched_count` of them match the
    subscriber's interests (0: not said). `missing` holds a line for each source that was not
    there. A `weekly` one looks back upon a week.
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


def digest_values(view: DigestView, wording: Wording = ENGLISH) -> dict[str, str]:
    """What the templates of a digest are filled with, but for subject and cards."""
    many, others = len(view.papers), len(view.papers) - 1
    subscribed = view.subscribed_on
    return {
        "preheader": preheader(view, wording),
        "headline": (
            wording.counted("%(count)s paper for you", "%(count)s papers for you", many)
            if many
            else wording.gettext("Nothing new for you")
        ),
        "date": wording.long_date(view.day),
        "day": wording.short_date(view.day),
        "standfirst": standfirst(view, wording),
        "nothing": "" if many else nothing(view, wording),
        "widen": "yes" if view.appeared_count and not many else "",
        "others": wording.counted("%(count)s more", "%(count)s more", others) if others > 0 else "",
        "missing": missing(view, wording),
        "email": view.email,
        "subscribed_on": wording.dated(subscribed) if subscribed else "",
        "unsubscribe_url": view.unsubscribe_url,
        "preferences_url": view.preferences_url,
        "pause_url": view.preferences_url + PAUSE_ANCHOR,
        "browser_url": view.browser_url,
    }


def lead_title(view: DigestView, wording: Wording = ENGLISH) -> str:
    """The title of the strongest paper, fit for a subject."""
    if not view.papers:
        return wording.gettext("No new papers for you")
    return without_reply_prefix(typeset(clean(view.papers[0].title)))


def standfirst(view: DigestView, wording: Wording = ENGLISH) -> str:
    """Where the papers were chosen from: Chosen from 614 new papers, 48 of them on your topics."""
    if not view.papers:
        return _looked_through(view, wording)
    if view.appeared_count <= len(view.papers):
        return wording.gettext("All that appeared.")
    chosen = {"papers": _appeared(view, wording), "matched": wording.number(view.matched_count)}
    if view.weekly and view.matched_count:
        message = marked("Chosen from %(papers)s of the week, %(matched)s of them on your topics.")
        return wording.gettext(message) % chosen
    if view.weekly:
        return wording.gettext("Chosen from %(papers)s of the week.") % chosen
    if view.matched_count:
        message = marked("Chosen from %(papers)s, %(matched)s of them on your topics.")
        return wording.gettext(message) % chosen
    return wording.gettext("Chosen from %(papers)s.") % chosen


def _looked_through(view: DigestView, wording: Wording) -> str:
    if not view.appeared_count:
        return wording.gettext("No new papers came up.")
    return wording.gettext("Looked through %(papers)s.") % {"papers": _appeared(view, wording)}


def _appeared(view: DigestView, wording: Wording) -> str:
    return wording.counted("%(count)s new paper", "%(count)s new papers", view.appeared_count)


def nothing(view: DigestView, wording: Wording = ENGLISH) -> str:
    """What a digest without papers says in their place."""
    if not view.appeared_count:
        return wording.gettext("There is nothing to read today.")
    return wording.gettext("Nothing that came up is both on your topics and new to you.")


def missing(view: DigestView, wording: Wording = ENGLISH) -> str:
    """What was not there, as sentences in a row; empty where nothing was missing."""
    lines = (cut(line, _TROUBLE_CHARS) for line in view.missing[:_MOST_TROUBLES])
    return sentence_list([trouble(line, wording) for line in lines])


def preheader(view: DigestView, wording: Wording = ENGLISH) -> str:
    """The line that an inbox shows after the subject: the next papers; 40 to 140 characters."""
    shortest, longest = _PREHEADER_CHARS
    titles = [
        cut(typeset(clean(paper.title)), _PREHEADER_TITLE_CHARS) for paper in view.papers[1:4]
    ]
    if titles:
        line = not_a_link(wording.gettext("Also: %(titles)s") % {"titles": "; ".join(titles)})
    elif view.papers:
        line = wording.gettext("The one to read today.")
    else:
        line = nothing(view, wording)
    if len(line) < shortest:
        line = f"{line} {standfirst(view, wording)} {wording.long_date(view.day)}."
    return cut(line, longest)


def sentence_list(lines: Sequence[str]) -> str:
    """Lines as sentences in a row, each with its full stop."""
    tidy = (clean(line).rstrip(".") for line in lines)
    return " ".join(f"{line}." for line in tidy if line)
