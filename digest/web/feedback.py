"""What a reader says of a paper by a link in their mail, and all that is kept of them.

A GET shows what would be said, a POST says it: scanners open every link.
"""

import json
import re

from flask import Blueprint, Response, request

from digest.core.feedback import OPPOSITE, FeedbackKind
from digest.core.tokens import Purpose, Refused
from digest.mail.cards import card_facts
from digest.pipeline import disclosure, feedback, membership
from digest.pipeline.feedback import Ballot
from digest.web.language import speak_to, spoken
from digest.web.membership import ended_page, preferences_token, refused_link
from digest.web.replies import CONTENT_SECURITY_POLICY, page, served

_SEE_OTHER = 303
# Nothing else of a link that came from outside may get into a header.
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?=[/?#]|$)")

pages = Blueprint("feedback", __name__)


@pages.get("/feedback/<token>")
def show(token: str) -> Response:
    return _page(token)


@pages.post("/feedback/<token>")
def say(token: str) -> Response:
    """Keeps or takes back what the link says; the token in the address is proof enough."""
    ballot = feedback.ballot(served(), token)
    if isinstance(ballot, Refused):
        return refused_link()
    if request.form.get("action") == "undo":
        feedback.take_back(served(), ballot.subscriber, ballot.paper.id, ballot.kind)
        return _page(token, undone=True)
    kept = feedback.cast(served(), ballot)
    link = card_facts(ballot.paper).url
    if kept and link and ballot.kind is FeedbackKind.OPEN:
        # To the paper's own address: nothing of the request decides where.
        return Response(status=_SEE_OTHER, headers={"Location": link})
    return _page(token)


def _page(token: str, *, undone: bool = False) -> Response:
    """What the link offers, or what was said by it, as it is kept now."""
    ballot = feedback.ballot(served(), token)
    if isinstance(ballot, Refused):
        return refused_link()
    speak_to(ballot.subscriber)
    if not ballot.is_heard:
        return ended_page(ballot.subscriber)
    if ballot.kind is FeedbackKind.OPEN:
        return _opening_page(ballot, undone)
    words = ballot.words
    return page(
        "feedback.html",
        kind=ballot.kind.value,
        paper=ballot.paper,
        card=card_facts(ballot.paper, wording=spoken()),
        stands=ballot.stands,
        undone=undone,
        words=words.more or words.less,
        instead=f"{token.rpartition('.')[0]}.{OPPOSITE[ballot.kind].value}",
        preferences_token=preferences_token(ballot.subscriber),
    )


def _opening_page(ballot: Ballot, undone: bool) -> Response:
    """Its button counts and leads to the paper, which browsers take for sending a form there."""
    card = card_facts(ballot.paper, wording=spoken())
    response = page(
        "opening.html",
        paper=ballot.paper,
        card=card,
        stands=ballot.stands,
        undone=undone,
        preferences_token=preferences_token(ballot.subscriber),
    )
    if there := _ORIGIN.match(card.url):
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY.replace(
            "form-action 'self'", f"form-action 'self' {there[0]}"
        )
    return response


@pages.get("/export/<token>")
def export(token: str) -> Response:
    """All that is kept of a person, as a file."""
    subscriber = membership.bearer(served(), Purpose.EXPORT, token)
    if isinstance(subscriber, Refused):
        return refused_link()
    known = disclosure.disclosed(served(), subscriber)
    response = Response(
        json.dumps(known, ensure_ascii=False, indent=2) + "\n", mimetype="application/json"
    )
    response.headers["Content-Disposition"] = 'attachment; filename="digest-my-data.json"'
    return response
