"""The pages for feed readers: what trends, and to one person the papers of their digests.

Feed readers ask again and again: whoever has what there is is told so, and gets nothing.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from flask import Blueprint, Response, render_template, request

from digest.core.papers import Paper
from digest.core.subscribers import Language
from digest.core.tokens import Refused
from digest.mail.cards import CardFacts, author_names, card_facts
from digest.mail.naming import with_its_name
from digest.mail.prose import clean, cut, is_english
from digest.mail.reasons import why
from digest.pipeline import feeds, links
from digest.web.atom import MIMETYPE, Entry, Feed, Link, written
from digest.web.language import speak_to, spoken
from digest.web.membership import refused_link
from digest.web.replies import open_to_all, served

_KEEP_S = 300
# What sources give may be megabytes, and of a thousand authors; a feed is asked for every hour.
_ABSTRACT_CHARS, _READ_CHARS = 4_000, 20_000
_MOST_AUTHORS, _MOST_CATEGORIES = 20, 10
# The moment of a feed that never had anything.
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)

pages = Blueprint("feeds", __name__)


@pages.get("/feed.xml")
def trending() -> Response:
    found = feeds.trending(served())
    wording, base = spoken(), served().identity.base_url
    feed = _feed(
        id=f"{base}/feed.xml",
        url=f"{base}/feed.xml",
        title=wording.gettext("Trending papers"),
        subtitle=wording.gettext("The papers that trend, of the latest editions."),
        at=max((paper.first_seen_at for paper in found.papers), default=_NEVER),
        entries=[
            _entry(paper, id=f"{base}/papers/{paper.id}", at=paper.first_seen_at)
            for paper in found.papers
        ],
    )
    return open_to_all(_answer(feed, found.changed_at), max_age_s=_KEEP_S, index=False)


@pages.get("/f/<token>.xml")
def personal(token: str) -> Response:
    """Each paper an entry, to be kept, found and ticked off by itself. It holds no link that acts:
    feeds are read by other people's programs, and on other people's machines."""
    found = feeds.personal(served(), token)
    if isinstance(found, Refused):
        return refused_link()
    reader = found.reader
    speak_to(reader)
    wording, base = spoken(), served().identity.base_url
    changed_at = max((one.at for one in found.papers), default=reader.created_at)
    feed = _feed(
        id=f"{base}/f/{reader.public_id}",
        url=links.feed_url(served(), reader),
        title=wording.gettext("Papers for you"),
        subtitle=wording.gettext("The papers of your digests, and why each is there."),
        at=changed_at,
        entries=[
            _entry(
                one.paper,
                id=f"{base}/d/{one.digest}#{one.position}",
                at=one.at,
                reason=why(one.reason, wording).line,
            )
            for one in found.papers
        ],
    )
    response = _answer(feed, changed_at)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _answer(feed: Feed, changed_at: datetime | None) -> Response:
    """A feed; or that it is what whoever asks has, by its words or since a moment."""
    response = Response(written(feed), mimetype=MIMETYPE)
    # A weak one holds when a proxy in front compresses what it passes on, too.
    response.add_etag(weak=True)
    response.last_modified = changed_at
    response.make_conditional(request)
    return response


def _feed(
    *, id: str, url: str, title: str, subtitle: str, at: datetime, entries: Sequence[Entry]
) -> Feed:
    identity = served().identity
    return Feed(
        id=id,
        title=f"{title} · {identity.from_name}",
        subtitle=subtitle,
        at=at,
        author=identity.from_name,
        icon=f"{identity.base_url}/icon.svg",
        language=spoken().language.value,
        links=(
            Link(rel="self", mimetype=MIMETYPE, href=url),
            Link(rel="alternate", mimetype="text/html", href=f"{identity.base_url}/"),
        ),
        entries=tuple(entries),
    )


def _entry(paper: Paper, *, id: str, at: datetime, reason: str = "") -> Entry:
    """A paper in a feed. It has no signals, for what a vote changes would be new at each vote."""
    wording = spoken()
    card = card_facts(paper, wording=wording)
    abstract = _abstract(paper) or card.tldr
    foreign = wording.language is not Language.ENGLISH and is_english(f"{card.title} {abstract}")
    language = Language.ENGLISH.value if foreign else ""
    content = render_template(
        "web/feed_entry.html", card=card, abstract=abstract, reason=reason, spoken=language
    )
    return Entry(
        id=id,
        title=card.title,
        at=at,
        links=_links(paper, card),
        authors=tuple(author_names(paper.authors[:_MOST_AUTHORS])),
        categories=tuple(filter(None, map(clean, paper.categories[:_MOST_CATEGORIES]))),
        summary=abstract,
        content=content,
        language=language,
    )


def _abstract(paper: Paper) -> str:
    text = with_its_name(paper.abstract[:_READ_CHARS], paper.title)
    return cut(clean(text), _ABSTRACT_CHARS)


def _links(paper: Paper, card: CardFacts) -> tuple[Link, ...]:
    """To the paper's page here, then to where it is and what belongs to it."""
    base = served().identity.base_url
    page = Link(rel="alternate", mimetype="text/html", href=f"{base}/papers/{paper.id}")
    title = spoken().gettext("Read the paper")
    source = [Link(rel="related", href=card.url, title=title)] if card.url else []
    others = [Link(rel="related", href=link.url, title=link.name) for link in card.links]
    return (page, *source, *others)
