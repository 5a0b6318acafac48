"""What a mail tells of one paper: its facts in words, each cut to a length that fits thirty."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from digest.core.identifiers import ARXIV
from digest.core.papers import Paper, Signal
from digest.core.source_names import source_name
from digest.core.sparkline import sparkline
from digest.mail.gist import gist, sentences
from digest.mail.naming import with_its_name
from digest.mail.prose import clean, cut, web_link
from digest.mail.typography import typeset
from digest.mail.wording import ENGLISH, Wording, marked, marked_plural

TITLE_CHARS = 240
TLDR_CHARS = 420
# Of what a source gives, so much is read: it may be megabytes.
_READ_CHARS = 20_000
_AUTHOR_CHARS = 50
_NAMED_AUTHORS = 3
_READ_AUTHORS = 500
_NAMED_CATEGORIES = 4
# A line of growth says something from so many readings on.
_LEAST_DRAWN = 3
_SPARK_WIDTH = 8

# Metrics that readers understand, in the order shown: the words for one, and for several.
_VOTES = {
    "upvotes": marked_plural("%(count)s vote", "%(count)s votes"),
    "likes": marked_plural("%(count)s like", "%(count)s likes"),
    "points": marked_plural("%(count)s point on Hacker News", "%(count)s points on Hacker News"),
    "score": marked_plural("%(count)s point on Reddit", "%(count)s points on Reddit"),
}
_COMMENTS = {"comments": marked_plural("%(count)s comment", "%(count)s comments")}
_OTHERS = {
    "citations": marked_plural("%(count)s citation", "%(count)s citations"),
}
# Codes of the classifications of ACM and MSC, which authors add and nobody knows by heart.
_CLASSIFICATION = re.compile(r"[A-K]\.\d|\d\d(?:[A-Z]|-\d\d|-XX)")
_LINK = re.compile(r"(?i)\w+://|www\.|mailto:")
_BETWEEN = " · "
_STARS = "stars"
# What several sources count of one and the same thing.
_COUNTED_ONCE = frozenset({"stars", "citations"})
_HOSTS = {
    "github.com": "GitHub",
    "gitlab.com": "GitLab",
    "huggingface.co": "Hugging Face",
    "news.ycombinator.com": "Hacker News",
    "openreview.net": "OpenReview",
    "www.reddit.com": "Reddit",
}
_THUMBNAILED = frozenset({"huggingface"})
_PDF = marked("Read the PDF")
_CODE = marked("Code")
_DISCUSSION = marked("Discussion")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link with a text that says where it leads, also out of its context: its `name`, and how
    many `stars` there are, if any."""

    name: str
    url: str
    stars: str = ""

    @property
    def text(self) -> str:
        return f"{self.name} ({self.stars})" if self.stars else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFacts:
    """One paper in words, clean and cut; `url` and the links are http or https, or absent.

    `tldr` is `lead`, its first sentence, and `rest`; `marks` are `votes`, `comments` and `others`.
    `spark` draws how votes grew, or is empty.
    """

    title: str
    url: str
    authors: str
    facts: str
    tldr: str
    lead: str
    rest: str
    marks: str
    votes: str
    comments: str
    others: str
    spark: str
    links: tuple[Link, ...]


def card_facts(paper: Paper, *, own_words: bool = False, wording: Wording = ENGLISH) -> CardFacts:
    """The facts that a card shows of a paper. Pure: signals are as old as the paper given.

    With `own_words` the summary is made of the abstract's sentences, whatever a source gives.
    """
    title = typeset(clean(paper.title[:_READ_CHARS])) or wording.gettext("Untitled")
    readings = latest_readings(paper.signals)
    said = typeset(tldr(replace(paper, summary="") if own_words else paper))
    lead = next(iter(sentences(said)), "")
    marks = [_counts(readings, of, wording) for of in (_VOTES, _COMMENTS, _OTHERS)]
    votes, comments, others = marks
    return CardFacts(
        title=cut(title, TITLE_CHARS),
        url=web_link(paper.url) or web_link(paper.pdf_url),
        authors=authors_line(paper.authors, wording),
        facts=_facts_line(paper, wording),
        tldr=said,
        lead=lead,
        rest=said[len(lead) :].strip(),
        marks=_BETWEEN.join(filter(None, marks)),
        votes=votes,
        comments=comments,
        others=others,
        spark=_spark(paper.signals),
        links=_links(paper, readings.get(_STARS, 0), wording),
    )


def thumbnail_url(paper: Paper) -> str:
    """The picture that Hugging Face makes of a paper of its Daily Papers; "" for others.

    Its API names it as `thumbnail`, and all of them by this form.
    """
    arxiv_id = paper.identifier(ARXIV)
    if arxiv_id is None or not _THUMBNAILED.intersection(paper.sources):
        return ""
    return web_link(
        f"https://cdn-thumbnails.huggingface.co/social-thumbnails/papers/{arxiv_id}.png"
    )


def tldr(paper: Paper) -> str:
    """The summary that a source gives, else the heart of the abstract; at most 420 characters."""
    if summary := clean(paper.summary[:_READ_CHARS]):
        return cut(summary, TLDR_CHARS)
    title, abstract = paper.title[:_READ_CHARS], paper.abstract[:_READ_CHARS]
    return gist(clean(title), clean(with_its_name(abstract, title)), TLDR_CHARS)


def authors_line(authors: Sequence[str], wording: Wording = ENGLISH) -> str:
    """A, B, C and 5 more."""
    names = author_names(authors[:_READ_AUTHORS])
    rest = len(names) + len(authors[_READ_AUTHORS:]) - _NAMED_AUTHORS
    if rest <= 1:  # "and 1 more" is no shorter than the name itself
        return wording.listed(names)
    more = wording.counted("%(count)s more", "%(count)s more", rest)
    return wording.listed([*names[:_NAMED_AUTHORS], more])


def author_names(authors: Sequence[str]) -> list[str]:
    """Names, clean and cut, in their order."""
    cleaned = (clean(one[:_READ_CHARS]) for one in authors)
    # Lists of authors hold stray signs, such as the colon behind the name of a team, and links,
    # such as those of ORCID.
    return [
        cut(name, _AUTHOR_CHARS)
        for name in cleaned
        if any(map(str.isalnum, name)) and not _LINK.match(name)
    ]


def source_names(sources: Iterable[str]) -> tuple[str, ...]:
    """The names people know sources by, each once, in order."""
    names = (cut(clean(source_name(source)), 40) for source in sources)
    return tuple(dict.fromkeys(filter(None, names)))


def latest_readings(signals: Iterable[Signal]) -> dict[str, float]:
    """For each metric the newest reading of every source, added up; of stars and citations, which
    all sources count at the same place, the largest."""
    newest: dict[tuple[str, str], Signal] = {}
    for signal in signals:
        known = newest.get((signal.source, signal.metric))
        if known is None or signal.at >= known.at:
            newest[signal.source, signal.metric] = signal
    totals: dict[str, float] = {}
    for signal in newest.values():
        so_far = totals.get(signal.metric, 0)
        once = signal.metric in _COUNTED_ONCE
        totals[signal.metric] = max(so_far, signal.value) if once else so_far + signal.value
    return totals


def _spark(signals: Sequence[Signal]) -> str:
    """The growth of the metric that is shown first, at the source that was read most often."""
    for metric in _VOTES:
        by_source: dict[str, list[tuple[datetime, float]]] = {}
        for signal in sorted(signals, key=lambda one: one.at):
            if signal.metric == metric:
                by_source.setdefault(signal.source, []).append((signal.at, signal.value))
        readings = max(by_source.values(), key=len, default=[])
        if len(readings) >= _LEAST_DRAWN and readings[0][1] < readings[-1][1]:
            return sparkline(readings, _SPARK_WIDTH)
    return ""


def _counts(
    readings: Mapping[str, float], of: Mapping[str, tuple[str, str]], wording: Wording
) -> str:
    return _BETWEEN.join(
        wording.counted(*words, readings[metric])
        for metric, words in of.items()
        if readings.get(metric, 0) >= 1
    )


def _facts_line(paper: Paper, wording: Wording) -> str:
    """Venue or sources, date and categories: `arXiv, Hugging Face · 19 March 2026 · cs.CV`."""
    venue = cut(clean(paper.venue), 80) or ", ".join(source_names(paper.sources)[:3])
    named = (c for c in paper.categories if not _CLASSIFICATION.match(c))
    shown = filter(None, (cut(clean(c), 24) for c in named))
    categories = ", ".join(islice(shown, _NAMED_CATEGORIES))
    return _BETWEEN.join(
        filter(None, (venue, wording.dated(paper.published_at.date()), categories))
    )


def _links(paper: Paper, stars: float, wording: Wording) -> tuple[Link, ...]:
    starred = wording.counted("%(count)s star", "%(count)s stars", stars)
    found = (
        (_PDF, paper.pdf_url, ""),
        (_CODE, paper.code_url, starred if stars >= 1 else ""),
        (_DISCUSSION, paper.discussion_url, ""),
    )
    return tuple(
        Link(name=_linked(text, url, wording), url=url, stars=stars_of_it)
        for text, raw, stars_of_it in found
        if (url := web_link(raw))
    )


def _linked(text: str, url: str, wording: Wording) -> str:
    """`Code on GitHub`, where the host is one that people know by name."""
    said = wording.gettext(text)
    host = url.split("/", 3)[2].removeprefix("www.")
    name = _HOSTS.get(host) or _HOSTS.get(f"www.{host}")
    if text == _PDF or not name:
        return said
    return wording.gettext("%(what)s on %(place)s") % {"what": said, "place": name}
