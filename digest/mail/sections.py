"""A digest cut into sections, and made to fit into a mail. Pure."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from digest.core.places import Section
from digest.mail.view import DigestPaper
from digest.mail.wording import marked

# Gmail clips at 102,400 bytes. Above the first number summaries go, above the last papers; whoever
# asks for more papers than most wants a longer mail.
COMFORTABLE_HTML_BYTES, COMFORTABLE_PAPERS = 80_000, 10
LONG_HTML_BYTES = 96_000
MOST_HTML_BYTES = 98_000

Cut = TypeVar("Cut")
Measure = Callable[[str], tuple[list[Cut], list[int]]]

HEADINGS = {
    Section.FOR_YOU: marked("For you"),
    Section.AUTHORS: marked("From authors you follow"),
    Section.MISSED: marked("You may have missed"),
    Section.EVERYWHERE: marked("Trending everywhere"),
}
# Looked up once: a mail asks for each of its papers.
_FOR_YOU, _EVERYWHERE = Section.FOR_YOU, Section.EVERYWHERE
# Marks are said in so many steps.
STEPS = 5
# Less is said by no mark: any paper matches a little, and what nobody voted for does not trend.
_LEAST_RELEVANCE, _LEAST_TREND = 0.05, 0.2
_TRENDING = 1 - _LEAST_TREND


class Part(NamedTuple):
    """The papers of one section, strongest first; `heading` is "" where it need not be said."""

    heading: str
    papers: tuple[DigestPaper, ...]


def parts(papers: Sequence[DigestPaper]) -> tuple[Part, ...]:
    """The papers by section; the section with the strongest paper comes first. A digest of
    nothing but papers for the reader has no heading: its headline says so."""
    found: dict[Section, list[DigestPaper]] = {}
    for paper in papers:
        if paper.section in found:
            found[paper.section].append(paper)
        else:
            found[paper.section] = [paper]
    if len(found) == 1 and _FOR_YOU in found:
        return (Part("", tuple(papers)),)
    return tuple([Part(HEADINGS[section], tuple(inside)) for section, inside in found.items()])


def steps(section: Section, relevance: float, trend: float) -> tuple[int, int]:
    """How well a paper matches and how much it trends, as its marks say it: from 1 to 5, the latter
    among papers that were voted for; 0 is not said."""
    match = rise = 0
    if relevance >= _LEAST_RELEVANCE and section is not _EVERYWHERE:
        match = math.ceil(relevance * STEPS)
    if trend >= _LEAST_TREND:
        rise = 1 + int((trend - _LEAST_TREND) / _TRENDING * STEPS)
    return match if match < STEPS else STEPS, rise if rise < STEPS else STEPS


@dataclass(frozen=True, slots=True)
class Fit:
    """`shown` papers go into the mail, those from number `full` on without their summary."""

    shown: int
    full: int


def comfortable_bytes(papers: int) -> int:
    """The size up to which the HTML of a mail with so many papers loses nothing."""
    return COMFORTABLE_HTML_BYTES if papers <= COMFORTABLE_PAPERS else LONG_HTML_BYTES


def fit(full_bytes: Sequence[int], brief_bytes: Sequence[int], frame_bytes: int) -> Fit:
    """How many papers fit into a mail, and how many with their summary; always one paper.

    Summaries go first, from the last paper up, until the mail is comfortable; papers go only
    where that is not enough to stay below what mail programs clip.
    """
    total = frame_bytes + sum(full_bytes)
    full = shown = len(full_bytes)
    while full and total > comfortable_bytes(shown):
        full -= 1
        total += brief_bytes[full] - full_bytes[full]
    while shown > 1 and total > MOST_HTML_BYTES:
        shown -= 1
        total -= brief_bytes[shown]
    return Fit(shown, min(full, shown))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """One card in bytes, with all of its summary, with the first sentence of it, without."""

    full: int
    short: int
    brief: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trim:
    """`shown` papers go into the mail: those before `full` as they are, those before `short` with
    the first sentence of their summary, the others without."""

    shown: int
    full: int
    short: int


def trim(sizes: Sequence[Sizes], frame_bytes: int) -> Trim:
    """What goes so that a mail fits: first, from the last paper up, all but the first sentence of
    summaries, then summaries, then papers. Links never do."""
    shorter = _shortened(sizes, frame_bytes)
    now = [one.full if n < shorter else one.short for n, one in enumerate(sizes)]
    last = fit(now, [one.brief for one in sizes], frame_bytes)
    return Trim(shown=last.shown, full=min(shorter, last.full), short=last.full)


def fitting(measured: Measure[Cut], frame_bytes: int) -> tuple[list[Cut], int]:
    """The cards that a mail holds, cut where they must be, and how many are left out. `measured`
    gives all cards without a section of theirs ("": whole), and the bytes of each."""
    full, sizes = measured("")
    if frame_bytes + sum(sizes) <= comfortable_bytes(len(sizes)):
        return full, 0
    (short, short_sizes), (brief, brief_sizes) = measured("rest"), measured("tldr")
    plan = trim(
        [
            Sizes(full=a, short=b, brief=c)
            for a, b, c in zip(sizes, short_sizes, brief_sizes, strict=True)
        ],
        frame_bytes,
    )
    kept = [*full[: plan.full], *short[plan.full : plan.short], *brief[plan.short : plan.shown]]
    return kept, len(full) - plan.shown


def _shortened(sizes: Sequence[Sizes], frame_bytes: int) -> int:
    """How many keep all of their summary where shortening alone is to make room."""
    total, full = frame_bytes + sum(one.full for one in sizes), len(sizes)
    most = comfortable_bytes(full)
    while full and total > most:
        full -= 1
        total += sizes[full].short - sizes[full].full
    return full
