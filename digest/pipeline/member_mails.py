"""What a member asks by mail, once it is proven that they wrote: done at once, and answered."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from digest.core.commands import Ask, Change, Wish
from digest.core.errors import InvalidInput
from digest.core.interest_changes import (
    with_added,
    with_less,
    with_more,
    with_only,
    with_removed,
)
from digest.core.interest_lists import InterestList
from digest.core.interests import Interest
from digest.core.member_requests import Inquiry, Pause, Resume, Timetable
from digest.core.phrases import Taste, Way
from digest.core.subscribers import Preferences, Status, Subscriber
from digest.mail.wording import Wording
from digest.pipeline import answer_texts, membership, suppression
from digest.pipeline.app import App
from digest.pipeline.membership import Origin

_ORIGIN = Origin(via="mail")
_BY_WAY = {
    Way.MORE: with_more,
    Way.LESS: with_less,
    Way.ADD: with_added,
    Way.REMOVE: with_removed,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The answer to a member; `why` says what was wrong where nothing was done. `text` holds what
    only the member may read."""

    text: str
    changed: bool = False
    erased: bool = False
    why: str = ""


def carry_out(app: App, subscriber: Subscriber, command: Change | Ask, wording: Wording) -> Told:
    """Does what is asked, all of it or nothing, and says what came of it."""
    if isinstance(command, Ask):
        return _asked(app, subscriber, command.inquiry, wording)
    try:
        planned = _planned(app, subscriber, command.wishes, wording)
    except InvalidInput as error:
        text = answer_texts.refused_text(app, subscriber, str(error), wording)
        return Told(text=text, why="what cannot be")
    return _changed(app, subscriber, planned, wording)


def _asked(app: App, subscriber: Subscriber, inquiry: Inquiry, wording: Wording) -> Told:
    match inquiry:
        case Inquiry.INTERESTS:
            return Told(text=answer_texts.standing_text(app, subscriber, (), wording))
        case Inquiry.EXPORT:
            return Told(text=answer_texts.export_text(app, subscriber, wording))
        case Inquiry.ERASE:
            suppression.erase(app, subscriber)
            return Told(text=answer_texts.erased_text(wording), changed=True, erased=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planned:
    """How a member is to be, and the sentences that say so. `status` is the one that is wanted, a
    pause until `until`, None for one without an end."""

    interests: tuple[Interest, ...]
    preferences: Preferences
    status: Status
    until: datetime | None = None
    said: tuple[str, ...] = ()


def _planned(
    app: App,
    subscriber: Subscriber,
    wishes: Sequence[Wish],
    wording: Wording,
) -> _Planned:
    """Each wish upon the one before it. Raises InvalidInput for one that cannot be."""
    plan = _Planned(
        interests=subscriber.interests,
        preferences=subscriber.preferences,
        status=subscriber.status,
        until=subscriber.paused_until,
    )
    for wish in wishes:
        match wish:
            case Taste(way, topic):
                plan = _with_interests(plan, *_BY_WAY[way](plan.interests, topic), wording)
            case InterestList(text):
                plan = _with_interests(plan, *with_only(plan.interests, text), wording)
            case Timetable():
                plan = replace(plan, preferences=wish.applied(plan.preferences))
            case Pause():
                end = wish.end(app.clock.now(), plan.preferences.timezone)
                plan = replace(plan, status=Status.PAUSED, until=end)
            case Resume():
                plan = replace(plan, status=Status.ACTIVE, until=None)
    return plan


def _with_interests(
    plan: _Planned, interests: tuple[Interest, ...], changes: Sequence[str], wording: Wording
) -> _Planned:
    said = [answer_texts.change_text(change, wording) for change in changes]
    return replace(plan, interests=interests, said=(*plan.said, *said))


def _changed(app: App, subscriber: Subscriber, plan: _Planned, wording: Wording) -> Told:
    changed = membership.change(
        app, subscriber, preferences=plan.preferences, interests=plan.interests
    )
    # Whoever has not confirmed yet stays so: only the confirmation mail leads out of that.
    before = subscriber.status, subscriber.paused_until
    if plan.status is Status.PAUSED and (plan.status, plan.until) != before:
        changed = membership.pause(app, changed, plan.until).subscriber
    elif plan.status is Status.ACTIVE:
        changed = membership.resume(app, changed, _ORIGIN).subscriber
    return Told(text=answer_texts.standing_text(app, changed, plan.said, wording), changed=True)
