"""Mails of every kind with made-up contents, such as ordinary days do not bring together."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from digest.core.identifiers import PaperId
from digest.core.interests import InterestKind, make_interest
from digest.core.messages import Content, MailKind
from digest.core.papers import Paper, Signal
from digest.core.places import Section
from digest.core.subscribers import Language, Preferences
from digest.mail.identity import MailIdentity
from digest.mail.render import VIA_WEB, Renderer
from digest.mail.view import DigestPaper, DigestView

# How many papers the digests hold.
SIZES = (0, 1, 10, 30)
IDENTITY = MailIdentity(
    from_name="Paper Digest",
    from_address="digest@digest.example.org",
    reply_to="people@digest.example.org",
    postal_address="Example Institute, 1 Example Street, 1000 Exampletown",
    command_address="commands@digest.example.org",
    base_url="https://digest.example.org",
)
# What must come out as the very signs it is made of.
MARKUP = '<u title="leak">&amp;</u> {{ config }} {% raw %} %s %(name)s'
_NOW = datetime(2026, 3, 20, 6, 30, tzinfo=UTC)
_TOKEN = "WyJhMWIyYzNkNGU1ZjZhN2I4Il0." + "x" * 27
_ABSTRACT = (
    "Robots that walk on ice fall more often than anybody likes. We propose a planner that looks "
    "three steps ahead and keeps a second plan for each of them. In 400 trials on 4 kinds of ice "
    "the planner falls half as often as the best of the others, and it runs on a small computer."
)
_TITLES = (
    "Planning three steps ahead on ice",
    MARKUP,
    "W" * 500,
    "למידת מכונה עבור רובוטים הולכים על קרח",
    "机器人在冰上行走的规划方法及其在真实环境中的大规模评测",
    'On $\\ell_1$-norms, G\\"odel and $O(n^2)$ walks',
    "\U0001f600 Emoji, a bare\rreturn and example.com",
)
_REASONS = (
    "matches “robots on ice” · rising: 53 → 301 votes since yesterday",
    "by Ada Bell, an author you follow",
    "like “Walking as a game of chance”, which you liked",
    "trending everywhere: 412 votes on Hugging Face, the most in cs",
)


def sample_mails(renderer: Renderer, language: Language) -> Iterator[tuple[str, Content]]:
    """Each kind of mail by its name, digests of several sizes among them: `digest of 10`."""
    base = IDENTITY.base_url
    for size in SIZES:
        yield f"digest of {size}", renderer.digest(sample_view(renderer, size, language))
    yield (
        MailKind.CONFIRMATION.value,
        renderer.confirmation(
            email="ada@example.net",
            requested_at=_NOW,
            via=VIA_WEB,
            confirm_url=f"{base}/confirm/{_TOKEN}",
            language=language,
        ),
    )
    yield (
        MailKind.WELCOME.value,
        renderer.welcome(
            email="ada@example.net",
            preferences=Preferences(language=language),
            interests=(make_interest(InterestKind.TEXT, "robots <on> ice"),),
            next_due_at=_NOW,
            preferences_url=f"{base}/preferences/{_TOKEN}",
            unsubscribe_url=f"{base}/unsubscribe/{_TOKEN}",
        ),
    )
    yield (
        MailKind.GOODBYE.value,
        renderer.goodbye(email="ada@example.net", subscribe_url=f"{base}/", language=language),
    )
    yield MailKind.REPLY.value, renderer.reply(subject="help", answer="This is what I understand.")


def sample_view(renderer: Renderer, size: int, language: Language) -> DigestView:
    """A digest of so many papers, in all sections, with a source missing."""
    base = IDENTITY.base_url
    sections = (Section.FOR_YOU, Section.AUTHORS, Section.MISSED, Section.EVERYWHERE)
    papers = [
        DigestPaper(
            card=renderer.card(paper, language),
            title=paper.title,
            reason=_REASONS[min(4 * number // max(size, 4), 3)],
            section=sections[min(4 * number // max(size, 4), 3)],
            relevance=0.8,
            trend=0.6,
            position=number,
        )
        for number, paper in enumerate(_papers(size))
    ]
    return DigestView(
        day=_NOW.date(),
        papers=tuple(papers),
        appeared_count=614,
        matched_count=48 if papers else 0,
        missing=("arXiv could not be read; arXiv RSS stood in",),
        language=language,
        email="ada@example.net",
        subscribed_on=_NOW.date(),
        unsubscribe_url=f"{base}/unsubscribe/{_TOKEN}",
        preferences_url=f"{base}/preferences/{_TOKEN}",
        browser_url=f"{base}/d/{_TOKEN}",
        feedback_base=f"{base}/feedback/{_TOKEN}",
    )


def _papers(size: int) -> Sequence[Paper]:
    return [
        Paper(
            id=PaperId(number + 1),
            title=_TITLES[number % len(_TITLES)],
            abstract=_ABSTRACT,
            authors=("Ada Bell", "Chen Dao", "Eva Fox", "Gil Hart", MARKUP),
            published_at=_NOW,
            first_seen_at=_NOW,
            url=f"https://arxiv.org/abs/2603.{number:05d}",
            pdf_url=f"https://arxiv.org/pdf/2603.{number:05d}",
            code_url=f"https://github.com/example/ice{number}",
            discussion_url=f"https://huggingface.co/papers/2603.{number:05d}",
            venue="",
            categories=("cs.RO", "cs.AI"),
            sources=("arxiv", "huggingface"),
            signals=tuple(
                Signal(
                    source="huggingface",
                    metric="upvotes",
                    at=_NOW - timedelta(hours=6 * (4 - reading)),
                    value=20.0 * 2**reading,
                )
                for reading in range(5)
            ),
        )
        for number in range(size)
    ]
