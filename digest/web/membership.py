"""Joining, changing one's mind and leaving. A GET shows, a POST acts: scanners open every link."""

from datetime import timedelta

from flask import Blueprint, Response, request

from digest.core.errors import InvalidInput
from digest.core.subscribers import Frequency, Language, Status, Subscriber
from digest.core.tokens import Purpose, Refused
from digest.mail.wording import marked
from digest.pipeline import feedback, feeds, libraries, membership
from digest.pipeline.links import feed_url, unsubscribe_token
from digest.pipeline.membership import Origin, TooMany
from digest.web import language
from digest.web.forms import (
    MAX_PAPERS,
    PAUSES_IN_DAYS,
    Mistakes,
    capital,
    parse_pause,
    parse_vote,
    preference_fields,
    read_application,
    read_preferences,
    typed,
    zones,
)
from digest.web.public import home_page
from digest.web.replies import page, served

# Shown beside the button and kept with the consent, as proof of what was agreed to.
CONSENT_WORDING = marked(
    "Yes, mail me the trending papers, once a day at most. "
    "I can change or end this at any time with a link in every mail."
)
_TOO_MANY = marked("Too many requests just now. Please try again in an hour.")
_RESUMED = marked("Welcome back: your digests go on.")
_FORGOTTEN = marked("Forgotten: nothing is kept of your votes.")
_EMPTIED = marked("Your library is empty now.")
_RENEWED = marked("Your feed has a new address. The old one leads nowhere any more.")
_SAVED, _REMOVED, _PAUSED = marked("Saved."), marked("Removed."), marked("Paused.")
_ENDED = (Status.UNSUBSCRIBED, Status.SUPPRESSED)
_ASK_AGAIN_S = 3600

pages = Blueprint("membership", __name__)


@pages.post("/subscribe")
def subscribe() -> Response:
    fields = typed(request.form, ("email", "interests"))
    application = read_application(request.form)
    if isinstance(application, Mistakes):
        return home_page(400, fields=fields, mistakes=dict(application.by_field))
    if not application.trapped:
        refused = membership.request_subscription(
            served(), application.email, application.interests, _origin(_consent())
        )
        if isinstance(refused, TooMany):
            return _too_many(fields)
    return page("requested.html", email=application.email)


def _too_many(fields: dict[str, str]) -> Response:
    response = home_page(429, fields=fields, notice=_TOO_MANY)
    response.headers["Retry-After"] = str(_ASK_AGAIN_S)
    return response


@pages.get("/confirm/<token>")
def show_confirmation(token: str) -> Response:
    subscriber = membership.bearer(served(), Purpose.CONFIRM, token)
    if isinstance(subscriber, Refused) or subscriber.status in _ENDED:
        return refused_link()
    if subscriber.status is Status.PENDING:
        return page("confirm.html", subscriber=subscriber)
    return _confirmed(subscriber)


@pages.post("/confirm/<token>")
def confirm(token: str) -> Response:
    bearer = membership.bearer(served(), Purpose.CONFIRM, token)
    if isinstance(bearer, Subscriber):
        language.speak_to(bearer)
    done = membership.confirm(served(), token, _origin(_consent()))
    return refused_link() if isinstance(done, Refused) else _confirmed(done.subscriber)


def _confirmed(subscriber: Subscriber) -> Response:
    link = preferences_token(subscriber)
    return page("confirmed.html", subscriber=subscriber, preferences_token=link)


@pages.get("/preferences/<token>")
def show_preferences(token: str) -> Response:
    subscriber = membership.bearer(served(), Purpose.PREFERENCES, token)
    return refused_link() if isinstance(subscriber, Refused) else _preferences(subscriber)


@pages.post("/preferences/<token>")
def change_preferences(token: str) -> Response:
    subscriber = membership.bearer(served(), Purpose.PREFERENCES, token)
    if isinstance(subscriber, Refused):
        return refused_link()
    if subscriber.status in _ENDED:
        return _preferences(subscriber)
    match request.form.get("action", "save"):
        case "pause":
            return _pause(subscriber)
        case "resume":
            done = membership.resume(served(), subscriber, _origin())
            return _preferences(done.subscriber, notice=_RESUMED)
        case "withdraw":
            return _withdraw(subscriber)
        case "forget":
            feedback.forget_all(served(), subscriber)
            return _preferences(subscriber, notice=_FORGOTTEN)
        case "empty":
            libraries.empty(served(), subscriber)
            return _preferences(subscriber, notice=_EMPTIED)
        case "renew":
            return _preferences(feeds.renew(served(), subscriber), notice=_RENEWED)
        case _:
            return _save(subscriber)


def _save(subscriber: Subscriber) -> Response:
    wanted = read_preferences(request.form, subscriber)
    if isinstance(wanted, Mistakes):
        fields = typed(request.form, tuple(preference_fields(subscriber)))
        return _preferences(subscriber, 400, fields=fields, mistakes=dict(wanted.by_field))
    changed = membership.change(
        served(), subscriber, preferences=wanted.preferences, interests=wanted.interests
    )
    return _preferences(changed, notice=_SAVED)


def _withdraw(subscriber: Subscriber) -> Response:
    vote = parse_vote(request.form.get("vote", ""))
    if vote is None or not feedback.take_back(served(), subscriber, *vote):
        return _preferences(subscriber)
    return _preferences(subscriber, notice=_REMOVED)


def _pause(subscriber: Subscriber) -> Response:
    try:
        days = parse_pause(request.form.get("days", ""))
    except InvalidInput as error:
        return _preferences(subscriber, 400, mistakes={"days": capital(str(error))})
    until = None if days is None else served().clock.now() + timedelta(days=days)
    done = membership.pause(served(), subscriber, until)
    return _preferences(done.subscriber, notice=_PAUSED)


def _preferences(
    subscriber: Subscriber,
    status: int = 200,
    *,
    fields: dict[str, str] | None = None,
    mistakes: dict[str, str] | None = None,
    notice: str = "",
) -> Response:
    if subscriber.status in _ENDED:
        return ended_page(subscriber)
    return page(
        "preferences.html",
        status,
        subscriber=subscriber,
        fields=fields or preference_fields(subscriber),
        mistakes=mistakes or {},
        notice=notice,
        frequencies=tuple(Frequency),
        languages=tuple(Language),
        zones=zones(),
        max_papers=MAX_PAPERS,
        pauses=PAUSES_IN_DAYS,
        learning=feedback.learning(served(), subscriber),
        shelf=libraries.shelf_of(served(), subscriber),
        feed_url=feed_url(served(), subscriber) if subscriber.status in feeds.READERS else "",
        export_token=export_token(subscriber),
        unsubscribe_token=unsubscribe_token(served(), subscriber),
    )


@pages.get("/unsubscribe/<token>")
def show_unsubscribe(token: str) -> Response:
    subscriber = membership.bearer(served(), Purpose.UNSUBSCRIBE, token)
    if isinstance(subscriber, Refused):
        return refused_link()
    if subscriber.status in _ENDED:
        return ended_page(subscriber)
    return page("unsubscribe.html", subscriber=subscriber)


@pages.post("/unsubscribe/<token>")
def unsubscribe(token: str) -> Response:
    """By the button of the page, or by the one click of a mail program (RFC 8058, 3.2)."""
    subscriber = membership.bearer(served(), Purpose.UNSUBSCRIBE, token)
    if isinstance(subscriber, Refused):
        return refused_link()
    one_click = request.form.get("List-Unsubscribe", "").strip().casefold() == "one-click"
    done = membership.unsubscribe(served(), subscriber, _origin(), say_goodbye=not one_click)
    if one_click:
        return Response("unsubscribed\n", mimetype="text/plain")
    return ended_page(done.subscriber)


def ended_page(subscriber: Subscriber) -> Response:
    """For whoever has left: how to come back, and what is still kept of them."""
    return page("ended.html", subscriber=subscriber, export_token=export_token(subscriber))


def refused_link() -> Response:
    """One page for every token that is worth nothing: it says nothing of why or whose it was."""
    return page("refused_link.html", 404)


def preferences_token(subscriber: Subscriber) -> str:
    return served().tokens.sign(Purpose.PREFERENCES, subscriber.public_id)


def export_token(subscriber: Subscriber) -> str:
    """For a link on a page of the subscriber's own; a day is time enough to follow it."""
    expires_at = served().clock.now() + timedelta(days=1)
    return served().tokens.sign(Purpose.EXPORT, subscriber.public_id, expires_at)


def _consent() -> str:
    """What was agreed to, as the page said it."""
    return language.spoken().gettext(CONSENT_WORDING)


def _origin(wording: str = "") -> Origin:
    return Origin(via="web", ip=request.remote_addr or "", wording=wording)
