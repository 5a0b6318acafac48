"""Papers, views and mails with sensible contents, for the tests of this folder."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from digest.core.identifiers import PaperId
from digest.core.messages import Content, Envelope, MailKind, OutgoingMail
from digest.core.papers import Paper, Signal
from digest.mail.identity import MailIdentity
from digest.mail.render import Renderer
from digest.mail.view import DigestPaper, DigestView

TEMPLATES = Path(__file__).parents[2] / "templates"
NOW = datetime(2026, 3, 20, 6, 30, tzinfo=UTC)
TOKEN = "WyJhMWIyYzNkNGU1ZjZhN2I4Il0." + "x" * 27


def make_identity(**changes: Any) -> MailIdentity:
    return MailIdentity(
        **{
            "from_name": "Paper Digest",
            "from_address": "digest@papers.example.org",
            "reply_to": "people@papers.example.org",
            "list_id": "daily.papers.example.org",
            "bounce_address": "bounces@papers.example.org",
            "postal_address": "Example Institute, 1 Example Street, 1000 Exampletown",
            "command_address": "commands@papers.example.org",
            "base_url": "https://papers.example.org",
            **changes,
        }
    )


def make_renderer(**identity: Any) -> Renderer:
    return Renderer([TEMPLATES], make_identity(**identity))


def make_signal(metric: str, value: float, source: str = "huggingface", hour: int = 5) -> Signal:
    return Signal(source=source, metric=metric, at=NOW.replace(hour=hour), value=value)


def make_paper(number: int = 1, **changes: Any) -> Paper:
    return Paper(
        **{
            "id": PaperId(number),
            "title": f"Walking robots that plan, part {number}",
            "abstract": "Robots fall. We propose a planner for walking robots. It falls less.",
            "authors": ("Ada Bell", "Chen Dao", "Eva Fox", "Gil Hart", "Ina Jung"),
            "published_at": NOW,
            "first_seen_at": NOW,
            "url": f"https://arxiv.org/abs/2603.{number:05d}",
            "pdf_url": f"https://arxiv.org/pdf/2603.{number:05d}",
            "code_url": f"https://github.com/example/walk{number}",
            "discussion_url": f"https://huggingface.co/papers/2603.{number:05d}",
            "summary": f"A planner keeps walking robots upright, in trial {number}.",
            "categories": ("cs.RO", "cs.AI"),
            "sources": ("arxiv", "huggingface"),
            "signals": (make_signal("upvotes", 53), make_signal("stars", 1204, "github")),
            **changes,
        }
    )


def make_view(renderer: Renderer, papers: list[Paper], **changes: Any) -> DigestView:
    return DigestView(
        **{
            "day": date(2026, 3, 20),
            "papers": tuple(
                DigestPaper(
                    card=renderer.card(p),
                    title=p.title,
                    reason="matches “robots”",
                    position=place,
                )
                for place, p in enumerate(papers)
            ),
            "appeared_count": 614,
            "matched_count": 48,
            "email": "ada@example.net",
            "subscribed_on": date(2026, 3, 3),
            "unsubscribe_url": f"https://papers.example.org/unsubscribe/{TOKEN}",
            "preferences_url": f"https://papers.example.org/preferences/{TOKEN}",
            "browser_url": f"https://papers.example.org/d/{TOKEN}",
            "feedback_base": f"https://papers.example.org/feedback/{TOKEN}",
            **changes,
        }
    )


def make_mail(**changes: Any) -> OutgoingMail:
    content = Content(subject="Hello", text="Good morning\n", html="<p>Good morning</p>")
    return OutgoingMail(
        **{
            "kind": MailKind.DIGEST,
            "envelope": Envelope(sender="b@papers.example.org", recipient="ada@example.net"),
            "content": content,
            "message_id": "<d1@papers.example.org>",
            "date": NOW,
            **changes,
        }
    )
