"""What people type into forms, read and checked: all mistakes at once, nothing lost."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from typing import TypeVar
from zoneinfo import available_timezones

from digest.core.errors import InvalidInput
from digest.core.feedback import FeedbackKind
from digest.core.identifiers import PaperId
from digest.core.interests import Interest, format_interest, parse_interests
from digest.core.subscribers import (
    Frequency,
    Language,
    Preferences,
    Subscriber,
    normalize_address,
    parse_at,
    parse_timezone,
)

MAX_PAPERS = 30
PAUSES_IN_DAYS = (7, 14, 30)
# A field that people do not see; what fills it in is a program.
TRAP_FIELD = "homepage"

_NOT_PLACES = ("posix/", "right/", "Etc/", "SystemV/", "US/", "posixrules", "localtime", "Factory")
_ZONES = {
    zone.casefold(): zone for zone in available_timezones() if not zone.startswith(_NOT_PLACES)
}

_VOTE = re.compile(rf"({'|'.join(FeedbackKind)})-([1-9][0-9]{{0,8}})")

_NO_WISHES: tuple[Interest, ...] = ()

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Mistakes:
    """One line for each field that cannot be taken, by the field's name."""

    by_field: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """A wish to subscribe. `trapped` when a program filled in what people cannot see."""

    email: str
    interests: tuple[Interest, ...]
    trapped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How a member wants it from now on."""

    preferences: Preferences
    interests: tuple[Interest, ...]


def read_application(form: Mapping[str, str]) -> Application | Mistakes:
    """The subscribe form: `email`, `interests` (one a line)."""
    mistakes: dict[str, str] = {}
    email = _check(mistakes, "email", parse_email, form.get("email", ""), "")
    wishes = _check(mistakes, "interests", parse_interests, form.get("interests", ""), _NO_WISHES)
    if mistakes:
        return Mistakes(mistakes)
    trapped = bool(form.get(TRAP_FIELD, "").strip())
    return Application(email=email, interests=wishes, trapped=trapped)


def read_preferences(form: Mapping[str, str], subscriber: Subscriber) -> Wanted | Mistakes:
    """The preferences form; interests that stay keep the weight they have learnt."""
    mistakes: dict[str, str] = {}
    kept = subscriber.preferences

    def field(name: str, parse: Callable[[str], T], fallback: T) -> T:
        return _check(mistakes, name, parse, form.get(name, ""), fallback)

    wishes = field("interests", parse_interests, _NO_WISHES)
    preferences = Preferences(
        frequency=field("frequency", parse_frequency, kept.frequency),
        at=field("at", parse_hour, kept.at),
        timezone=field("timezone", parse_zone, kept.timezone),
        max_papers=field("max_papers", parse_max_papers, kept.max_papers),
        dial=field("dial", parse_dial, kept.dial),
        language=field("language", parse_language, kept.language)
        if "language" in form
        else kept.language,
    )
    if mistakes:
        return Mistakes(mistakes)
    return Wanted(preferences=preferences, interests=_weighted(wishes, subscriber.interests))


def preference_fields(subscriber: Subscriber) -> dict[str, str]:
    """What the preferences form shows when it is opened."""
    preferences = subscriber.preferences
    return {
        "interests": "\n".join(map(format_interest, subscriber.interests)),
        "frequency": preferences.frequency.value,
        "at": f"{preferences.at:%H:%M}",
        "timezone": preferences.timezone,
        "max_papers": str(preferences.max_papers),
        "dial": f"{preferences.dial:g}",
        "language": preferences.language.value,
    }


def typed(form: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    """What was typed into these fields, to be shown again."""
    return {name: form.get(name, "") for name in names}


def zones() -> list[str]:
    """The time zones that the form proposes, in alphabetical order."""
    return sorted(_ZONES.values())


def parse_email(text: str) -> str:
    """As core's `normalize_address`; what is wrong is said in words that can be translated."""
    try:
        return normalize_address(text)
    except InvalidInput:
        raise InvalidInput("write an e-mail address such as you@example.org") from None


def parse_hour(text: str) -> time:
    """As core's `parse_at`; what is wrong is said in words that can be translated."""
    try:
        return parse_at(text)
    except InvalidInput:
        raise InvalidInput("write a time of day such as 07:30") from None


def parse_zone(text: str) -> str:
    """As core's `parse_timezone`, without regard to case or to blanks for underscores; what is
    wrong is said in words that can be translated."""
    name = "_".join(text.split())
    try:
        return parse_timezone(_ZONES.get(name.casefold(), name))
    except InvalidInput:
        raise InvalidInput("write a time zone such as Europe/Berlin or UTC") from None


def parse_frequency(text: str) -> Frequency:
    try:
        return Frequency(text)
    except ValueError:
        raise InvalidInput("choose one of: every day, on weekdays, once a week") from None


def parse_language(text: str) -> Language:
    try:
        return Language(text)
    except ValueError:
        raise InvalidInput("choose one of the languages") from None


def parse_max_papers(text: str) -> int:
    number = int(text) if text.strip().isdecimal() and len(text) < 6 else 0
    if not 1 <= number <= MAX_PAPERS:
        raise InvalidInput(f"a digest holds 1 to {MAX_PAPERS} papers: write a whole number")
    return number


def parse_dial(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise InvalidInput("set the dial between 0 (only my topics) and 1 (only what trends)")
    return value


def parse_pause(text: str) -> int | None:
    """Days, or None for a pause without an end."""
    if text == "":
        return None
    if text not in map(str, PAUSES_IN_DAYS):
        raise InvalidInput("choose how long the pause is to be")
    return int(text)


def parse_vote(text: str) -> tuple[PaperId, FeedbackKind] | None:
    """The vote that a button of the preferences page names: `more-12`; None for anything else."""
    found = _VOTE.fullmatch(text)
    return (PaperId(int(found[2])), FeedbackKind(found[1])) if found else None


def _check(
    mistakes: dict[str, str], name: str, parse: Callable[[str], T], text: str, fallback: T
) -> T:
    try:
        return parse(text)
    except InvalidInput as error:
        mistakes[name] = capital(str(error))
        return fallback


def capital(line: str) -> str:
    return line[:1].upper() + line[1:]


def _weighted(wishes: Sequence[Interest], known: Sequence[Interest]) -> tuple[Interest, ...]:
    weights = {(wish.kind, wish.value.casefold()): wish.weight for wish in known}
    return tuple(
        Interest(
            wish.kind, wish.value, weights.get((wish.kind, wish.value.casefold()), wish.weight)
        )
        for wish in wishes
    )
