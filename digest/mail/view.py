"""One person's digest as data, and the sentences around its papers. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from digest.core.editions import Card
from digest.mail.prose import (
    clean,
    count,
    cut,
    long_date,
    not_a_link,
    short_date,
    without_reply_prefix,
)

# Gmail clips at 102,400 bytes. Above the first number summaries go, above the second papers do.
COMFORTABLE_HTML_BYTES = 80_000
MOST_HTML_BYTES = 98_000
_PREHEADER_CHARS = (40, 140)
_PREHEADER_TITLE_CHARS = 56
_REASON_CHARS = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestPaper:
    """A paper in one person's digest: its card, its title as the source gives it, and why.

    `feedback_url` leads to what this person may say of it, when `.more`, `.less` or `.open`
    follows.
    """

    card: Card
    title: str
    reason: str
    feedback_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestView:
    """All that one person's digest says. `papers` come strongest first; there may be none, where
    the operator has a mail sent even then.

    `appeared_count` papers appeared in the edition's window, `matched_count` of them match the
    subscriber's interests (0: not said). `missing` holds a line for each source that was not there.
    """

    day: date
    papers: tuple[DigestPaper, ...]
    appeared_count: int
    matched_count: int = 0
    missing: tuple[str, ...] = ()
    email: str
    subscribed_on: date | None = None
    unsubscribe_url: str
    preferences_url: str
    browser_url: str


def digest_values(view: DigestView) -> dict[str, str]:
    """What the templates of a digest are filled with, but for subject and cards."""
    papers = count(len(view.papers), "paper") if view.papers else "Nothing new"
    subscribed = view.subscribed_on
    return {
        "preheader": preheader(view),
        "headline": f"{papers} for you",
        "date": long_date(view.day),
        "day": short_date(view.day),
        "standfirst": standfirst(view),
        "nothing": "" if view.papers else nothing(view),
        "widen": "yes" if view.appeared_count and not view.papers else "",
        "others": f"{len(view.papers) - 1} more" if len(view.papers) > 1 else "",
        "missing": sentence_list(view.missing),
        "email": view.email,
        "subscribed_on": f"{short_date(subscribed)} {subscribed.year}" if subscribed else "",
        "unsubscribe_url": view.unsubscribe_url,
        "preferences_url": view.preferences_url,
        "browser_url": view.browser_url,
    }


def lead_title(view: DigestView) -> str:
    """The title of the strongest paper, fit for a subject."""
    if not view.papers:
        return "No new papers for you"
    return without_reply_prefix(clean(view.papers[0].title))


def reason_line(reason: str) -> str:
    """Why a paper is in a digest, as a line: clean, cut, with a capital."""
    line = cut(clean(reason), _REASON_CHARS)
    return line[:1].upper() + line[1:]


def standfirst(view: DigestView) -> str:
    """Where the papers were chosen from: Chosen from 614 new papers, 48 of them on your topics."""
    if not view.papers:
        looked = count(view.appeared_count, "new paper")
        return f"Looked through {looked}." if view.appeared_count else "No new papers came up."
    if view.appeared_count <= len(view.papers):
        return "All that appeared."
    topics = f", {view.matched_count:,} of them on your topics" if view.matched_count else ""
    return f"Chosen from {count(view.appeared_count, 'new paper')}{topics}."


def nothing(view: DigestView) -> str:
    """What a digest without papers says in their place."""
    if not view.appeared_count:
        return "There is nothing to read today."
    return "Nothing that came up is both on your topics and new to you."


def preheader(view: DigestView) -> str:
    """The line that an inbox shows after the subject: the next papers; 40 to 140 characters."""
    shortest, longest = _PREHEADER_CHARS
    titles = [cut(clean(paper.title), _PREHEADER_TITLE_CHARS) for paper in view.papers[1:4]]
    line = not_a_link("Also: " + "; ".join(titles)) if titles else "The one to read today."
    line = line if view.papers else nothing(view)
    if len(line) < shortest:
        line = f"{line} {standfirst(view)} {long_date(view.day)}."
    return cut(line, longest)


def sentence_list(lines: Sequence[str]) -> str:
    """Lines as sentences in a row, each with its full stop."""
    tidy = (clean(line).rstrip(".") for line in lines)
    return " ".join(f"{line}." for line in tidy if line)


@dataclass(frozen=True, slots=True)
class Fit:
    """`shown` papers go into the mail, those from number `full` on without their summary."""

    shown: int
    full: int


def fit(full_bytes: Sequence[int], brief_bytes: Sequence[int], frame_bytes: int) -> Fit:
    """How many papers fit into a mail, and how many with their summary; always one paper.

    Summaries go first, from the last paper up, until the mail is comfortable; papers go only
    where that is not enough to stay below what mail programs clip.
    """
    total = frame_bytes + sum(full_bytes)
    full = len(full_bytes)
    while full and total > COMFORTABLE_HTML_BYTES:
        full -= 1
        total += brief_bytes[full] - full_bytes[full]
    shown = len(full_bytes)
    while shown > 1 and total > MOST_HTML_BYTES:
        shown -= 1
        total -= brief_bytes[shown]
    return Fit(shown, min(full, shown))
