"""What a mail tells of one paper: its facts in words, each cut to a length that fits thirty."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from digest.core.papers import Paper, Signal
from digest.core.source_names import source_name
from digest.mail.prose import clean, count, cut, gist, listed, short_date, web_link

TITLE_CHARS = 240
TLDR_CHARS = 420
_AUTHOR_CHARS = 50
_NAMED_AUTHORS = 3
_NAMED_CATEGORIES = 4

# Metrics that readers understand, in the order shown: the words for one, and for several.
_MARKS = {
    "upvotes": ("vote", "votes"),
    "likes": ("like", "likes"),
    "points": ("point on Hacker News", "points on Hacker News"),
    "score": ("point on Reddit", "points on Reddit"),
    "comments": ("comment", "comments"),
    "citations": ("citation", "citations"),
}
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link with a text that says where it leads, also out of its context."""

    text: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFacts:
    """One paper in words, clean and cut; `url` and the links are http or https, or absent."""

    title: str
    url: str
    authors: str
    facts: str
    tldr: str
    marks: str
    links: tuple[Link, ...]


def card_facts(paper: Paper, *, own_words: bool = False) -> CardFacts:
    """The facts that a card shows of a paper. Pure: signals are as old as the paper given.

    With `own_words` the summary is made of the abstract's sentences, whatever a source gives.
    """
    title = clean(paper.title) or "Untitled"
    readings = latest_readings(paper.signals)
    return CardFacts(
        title=cut(title, TITLE_CHARS),
        url=web_link(paper.url) or web_link(paper.pdf_url),
        authors=authors_line(paper.authors),
        facts=_facts_line(paper),
        tldr=tldr(replace(paper, summary="") if own_words else paper),
        marks=" · ".join(
            count(readings[metric], *words)
            for metric, words in _MARKS.items()
            if readings.get(metric, 0) >= 1
        ),
        links=_links(paper, readings.get(_STARS, 0)),
    )


def tldr(paper: Paper) -> str:
    """The summary that a source gives, else the heart of the abstract; at most 420 characters."""
    if summary := clean(paper.summary):
        return cut(summary, TLDR_CHARS)
    return gist(clean(paper.title), clean(paper.abstract), TLDR_CHARS)


def authors_line(authors: tuple[str, ...]) -> str:
    """A, B, C and 5 more."""
    names = [cut(name, _AUTHOR_CHARS) for name in map(clean, authors) if name]
    rest = len(names) - _NAMED_AUTHORS
    # "and 1 more" is no shorter than the name itself.
    return listed(names if rest <= 1 else [*names[:_NAMED_AUTHORS], f"{rest} more"])


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


def _facts_line(paper: Paper) -> str:
    """Venue or sources, date and categories: `arXiv, Hugging Face · 19 March 2026 · cs.CV`."""
    day = paper.published_at.date()
    venue = cut(clean(paper.venue), 80) or ", ".join(source_names(paper.sources)[:3])
    categories = ", ".join(cut(clean(c), 24) for c in paper.categories[:_NAMED_CATEGORIES])
    return " · ".join(filter(None, (venue, f"{short_date(day)} {day.year}", categories)))


def _links(paper: Paper, stars: float) -> tuple[Link, ...]:
    starred = f" ({count(stars, 'star')})" if stars >= 1 else ""
    found = (
        ("Read the PDF", paper.pdf_url, ""),
        ("Code", paper.code_url, starred),
        ("Discussion", paper.discussion_url, ""),
    )
    return tuple(
        Link(text=text + _place(url, text) + extra, url=url)
        for text, raw, extra in found
        if (url := web_link(raw))
    )


def _place(url: str, text: str) -> str:
    """` on GitHub`, where the host is one that people know by name."""
    if text == "Read the PDF":
        return ""
    host = url.split("/", 3)[2].removeprefix("www.")
    name = _HOSTS.get(host) or _HOSTS.get(f"www.{host}")
    return f" on {name}" if name else ""
