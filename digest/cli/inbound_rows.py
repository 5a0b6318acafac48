"""What a mail that came in is, as lines and as JSON."""

from dataclasses import asdict
from typing import Any

from digest.core.commands import (
    Ask,
    Change,
    Command,
    Confirm,
    Contradictory,
    Help,
    Ignored,
    Subscribe,
    Unknown,
    Unsubscribe,
    Wish,
)
from digest.core.interest_lists import InterestList
from digest.core.member_requests import Pause, Resume, Timetable
from digest.core.phrases import Taste
from digest.core.returned import FailedRecipient
from digest.pipeline.classifying import InboundReading


def inbound_row(file: str, found: InboundReading) -> dict[str, Any]:
    """One mail as `digest mailbox classify` gives it; no token of the mail is in it."""
    return {
        "file": file,
        "kind": found.kind.value,
        "recipients": [_recipient_row(each) for each in found.returned.recipients],
        "feedback": found.returned.feedback or None,
        "command": _command_row(found.command) if found.command else None,
    }


def inbound_line(file: str, found: InboundReading) -> str:
    """One mail for a person: `mail.eml: bounce: ada@example.org hard 5.1.1 (user unknown)`."""
    told = "; ".join(_recipient_words(each) for each in found.returned.recipients)
    asked = _command_row(found.command)["intent"] if found.command else ""
    return ": ".join(filter(None, (file, found.kind.value, told, found.returned.feedback, asked)))


def _recipient_row(each: FailedRecipient) -> dict[str, Any]:
    return {
        "address": each.address,
        "permanence": each.permanence,
        "class": each.bounce_class.value,
        "status": each.status,
        "reason": each.reason,
        "delayed": each.delayed,
    }


def _recipient_words(each: FailedRecipient) -> str:
    state = "delayed" if each.delayed else each.bounce_class.value
    reason = f"({each.reason})" if each.reason else ""
    return " ".join(filter(None, (each.address, state, each.status, reason)))


def _command_row(command: Command) -> dict[str, Any]:
    match command:
        case Subscribe(interests, timetable):
            when = asdict(timetable) if timetable else None
            return {"intent": "subscribe", "interests": interests.splitlines(), "timetable": when}
        case Confirm(token):
            return {"intent": "confirm", "has_token": bool(token)}
        case Unsubscribe(token, quoted_token):
            return {"intent": "unsubscribe", "has_token": bool(token or quoted_token)}
        case Change(wishes) as change:
            return {"intent": change.name, "wishes": [_wish_row(wish) for wish in wishes]}
        case Ask(inquiry):
            return {"intent": inquiry.value}
        case Help():
            return {"intent": "help"}
        case Contradictory():
            return {"intent": "contradictory"}
        case Unknown(why) | Ignored(why):
            return {"intent": "none", "why": why}


def _wish_row(wish: Wish) -> dict[str, Any]:
    match wish:
        case Taste(way, topic):
            return {"wish": way.value, "topic": topic}
        case InterestList(text):
            return {"wish": "interests", "interests": text.splitlines()}
        case Timetable():
            return {"wish": "timetable", **asdict(wish)}
        case Pause():
            return {"wish": "pause", **asdict(wish)}
        case Resume():
            return {"wish": "resume"}
