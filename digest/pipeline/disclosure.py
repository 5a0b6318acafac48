"""All that is kept of one person, for that person (GDPR, articles 15 and 20)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from digest.core.deliveries import DeliveryId
from digest.core.subscribers import Subscriber
from digest.pipeline.app import App
from digest.pipeline.feedback import learning
from digest.store import bounces, feedback, ledger, libraries, library, outbox
from digest.store import subscribers as members
from digest.store.bounces import Bounce
from digest.store.outbox import DeliveryRow


def disclosed(app: App, subscriber: Subscriber) -> dict[str, Any]:
    """Everything in the database about a person, as JSON takes it; only reads."""
    learnt = learning(app, subscriber).words
    with app.store.read() as conn:
        deliveries = outbox.listed(conn, email=subscriber.email)
        sent = ledger.seen_papers(conn, [subscriber.id])[subscriber.id]
        votes = feedback.of(conn, [subscriber.id])[subscriber.id]
        named = {*sent, *(vote.paper_id for vote in votes)}
        named.update(key for row in deliveries for key in row.papers)
        papers = {
            key: {"id": key, "title": title, "url": url}
            for key, (title, url) in library.addresses_of(conn, sorted(named)).items()
        }
        returned = bounces.of_subscriber(conn, subscriber.id)
        first_at = feedback.first_said(conn, subscriber.id)
        return {
            **_membership(subscriber),
            "consents": _consents(conn, subscriber),
            "feedback": [
                {
                    "kind": vote.kind.value,
                    "paper": papers[vote.paper_id],
                    "first_at": _time(first_at[vote.paper_id, vote.kind]),
                    "last_at": _time(vote.at),
                }
                for vote in votes
            ],
            "learnt": {"more": list(learnt.more), "less": list(learnt.less)},
            "deliveries": [
                _delivery(row, [papers[key] for key in row.papers], returned) for row in deliveries
            ],
            "library": _library(conn, subscriber),
            "papers_sent": [papers[key] for key in sorted(sent)],
        }


def _library(conn: sa.Connection, subscriber: Subscriber) -> list[dict[str, Any]]:
    return [
        {
            "ids": [str(name) for name in paper.ids],
            "title": paper.title,
            "authors": list(paper.authors),
            "year": paper.year,
            "liked_at": _time(paper.liked_at),
        }
        for paper in libraries.of_subscriber(conn, subscriber.id)
    ]


def _membership(subscriber: Subscriber) -> dict[str, Any]:
    preferences = subscriber.preferences
    return {
        "email": subscriber.email,
        "id": subscriber.public_id,
        "status": subscriber.status.value,
        "created_at": _time(subscriber.created_at),
        "confirmed_at": _time(subscriber.confirmed_at),
        "paused_until": _time(subscriber.paused_until),
        "last_sent_at": _time(subscriber.last_sent_at),
        "next_due_at": _time(subscriber.next_due_at),
        "feed_number": subscriber.feed_number,
        "preferences": {
            "frequency": preferences.frequency.value,
            "at": f"{preferences.at:%H:%M}",
            "timezone": preferences.timezone,
            "max_papers": preferences.max_papers,
            "dial": preferences.dial,
            "language": preferences.language.value,
        },
        "interests": [
            {"kind": i.kind.value, "value": i.value, "weight": i.weight}
            for i in subscriber.interests
        ],
    }


def _consents(conn: sa.Connection, subscriber: Subscriber) -> list[dict[str, Any]]:
    return [
        {"event": c.event, "via": c.via, "at": _time(c.at), "ip": c.ip, "wording": c.wording}
        for c in members.consents_of(conn, subscriber.id)
    ]


def _delivery(
    row: DeliveryRow, papers: Sequence[dict[str, Any]], returned: Mapping[DeliveryId, Bounce]
) -> dict[str, Any]:
    delivery, bounce = row.delivery, returned.get(row.delivery.id)
    return {
        "id": delivery.public_id,
        "kind": delivery.kind.value,
        "edition": row.edition.isoformat() if row.edition else None,
        "status": delivery.status.value,
        "detail": delivery.detail,
        "created_at": _time(delivery.created_at),
        "sent_at": _time(delivery.sent_at),
        "smtp_reply": delivery.smtp_reply,
        "bounced_at": _time(bounce.at) if bounce else None,
        "bounce": f"{bounce.bounce_class.value} {bounce.status}".strip() if bounce else None,
        "papers": list(papers),
    }


def _time(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment is not None else None
