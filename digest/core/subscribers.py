"""Who gets a digest, how often, and when: the states of a membership and its time slots."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import NewType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from email_validator import EmailNotValidError, validate_email

from digest.core.errors import InvalidAddress, InvalidInput
from digest.core.interests import Interest

SubscriberId = NewType("SubscriberId", int)

CONFIRMATION_VALID_DAYS = 7


class Status(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    PAUSED = "paused"
    UNSUBSCRIBED = "unsubscribed"
    SUPPRESSED = "suppressed"


class Frequency(StrEnum):
    DAILY = "daily"
    WEEKDAYS = "weekdays"  # Monday to Friday, in the subscriber's own week
    WEEKLY = "weekly"  # on Mondays


class Language(StrEnum):
    """The languages that mails are written in, by their code (BCP 47)."""

    ENGLISH = "en"
    GERMAN = "de"


# Which status may follow which. Out of suppression an operator leads (`unsuppress`), and where
# bounces led to it, whoever asks anew and confirms.
TRANSITIONS: Mapping[Status, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.ACTIVE, Status.UNSUBSCRIBED, Status.SUPPRESSED}),
    Status.ACTIVE: frozenset({Status.PAUSED, Status.UNSUBSCRIBED, Status.SUPPRESSED}),
    Status.PAUSED: frozenset({Status.ACTIVE, Status.UNSUBSCRIBED, Status.SUPPRESSED}),
    Status.UNSUBSCRIBED: frozenset({Status.PENDING, Status.ACTIVE, Status.SUPPRESSED}),
    Status.SUPPRESSED: frozenset({Status.PENDING, Status.UNSUBSCRIBED}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """How a subscriber wants the digest. `dial` 0 is all relevance, 1 all trend; papers stay in
    whatever language they are, `language` is that of the words around them."""

    frequency: Frequency = Frequency.DAILY
    at: time = time(7, 30)
    timezone: str = "UTC"
    max_papers: int = 10
    dial: float = 0.3
    language: Language = Language.ENGLISH


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """One member. `public_id` names them in tokens and links, with `feed_number` in those of their
    feed; `next_due_at` is the next slot."""

    id: SubscriberId
    public_id: str
    email: str
    status: Status
    created_at: datetime
    preferences: Preferences
    interests: tuple[Interest, ...] = ()
    confirmed_at: datetime | None = None
    paused_until: datetime | None = None
    last_sent_at: datetime | None = None
    next_due_at: datetime | None = None
    feed_number: int = 0


def normalize_address(address: str) -> str:
    """The address in its one spelling: domain in lower case as Unicode, local part as given.

    Raises InvalidAddress for anything that is not exactly one deliverable-looking address,
    newlines and display names included (RFC 5321, 4.1.2; RFC 6531).
    """
    stripped = address.strip()
    if any(not c.isprintable() for c in stripped):
        raise InvalidAddress("an e-mail address cannot hold a line break or control character")
    try:
        return validate_email(stripped, check_deliverability=False).normalized
    except EmailNotValidError as error:
        shown = stripped if len(stripped) <= 80 else stripped[:77] + "…"
        raise InvalidAddress(f"{shown!r} is not an e-mail address: {error}") from error


def address_key(address: str) -> str:
    """What two spellings of one mailbox share: the whole address without regard to case."""
    return address.casefold()


# A system's own files hold more than the IANA names, which another machine does not know.
_NOT_A_ZONE = re.compile(r"(?:posix|right)/|(?:localtime|posixrules|Factory)$")


def parse_timezone(name: str) -> str:
    """The IANA name of a zone. Raises InvalidInput when there is no such zone."""
    key = name.strip()
    try:
        if _NOT_A_ZONE.match(key):
            raise ValueError(key)
        return ZoneInfo(key).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput(
            f"{name!r} is not a time zone: use a name such as Europe/Berlin or UTC"
        ) from None


def parse_at(text: str) -> time:
    """A time of day from `HH:MM`. Raises InvalidInput."""
    try:
        return datetime.strptime(text.strip(), "%H:%M").time()  # noqa: DTZ007 (a time of day)
    except ValueError:
        raise InvalidInput(f"{text!r} is not a time of day: write it as 07:30") from None


_LANGUAGES: dict[str, Language] = {language.value: language for language in Language}


def language_of(code: str) -> Language:
    """The language of a stored code; English where this program does not speak it (any more)."""
    return _LANGUAGES.get(code, Language.ENGLISH)


def zone_of(name: str) -> ZoneInfo:
    """The zone of a stored name; UTC where this machine does not know it any more, so that one
    row cannot hold up everybody."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def has_slot_on(frequency: Frequency, day: date) -> bool:
    """Whether a subscriber of this frequency gets a digest on this day of their own calendar."""
    match frequency:
        case Frequency.DAILY:
            return True
        case Frequency.WEEKDAYS:
            return day.weekday() < 5
        case Frequency.WEEKLY:
            return day.weekday() == 0


def slot_on(preferences: Preferences, day: date) -> datetime:
    """The moment of the slot on a local day, in UTC.

    A local time that does not exist on a day (clocks go forward) is taken as if they had not
    yet; one that exists twice (clocks go back) means its first occurrence: PEP 495, fold=0.
    """
    zone = zone_of(preferences.timezone)
    local = datetime.combine(day, preferences.at, tzinfo=zone)
    return local.astimezone(ZoneInfo("UTC"))


def next_slot(preferences: Preferences, after: datetime) -> datetime:
    """The first slot strictly later than `after`, in UTC."""
    day = after.astimezone(zone_of(preferences.timezone)).date() - timedelta(days=1)
    while True:
        if has_slot_on(preferences.frequency, day):
            slot = slot_on(preferences, day)
            if slot > after:
                return slot
        day += timedelta(days=1)


def slot_day(preferences: Preferences, slot: datetime) -> date:
    """The day of the subscriber's own calendar that a slot belongs to: its edition's date.

    A slot in a skipped hour is shown by the clock an hour later, which may be the next day;
    it still belongs to the day it was made for.
    """
    day = slot.astimezone(zone_of(preferences.timezone)).date()
    before = day - timedelta(days=1)
    return before if slot_on(preferences, before) == slot else day
