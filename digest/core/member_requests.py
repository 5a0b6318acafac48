"""One line of a mail that asks for another timetable, a pause, or one's own data.

Nothing but courtesy may stand around it: "please pause my digest for two weeks" is a pause, "the
pause button is broken" is none.
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from zoneinfo import available_timezones

from digest.core.errors import InvalidInput
from digest.core.inbound import fold
from digest.core.subscribers import Frequency, Preferences, parse_at, parse_timezone, zone_of

LONGEST_PAUSE_DAYS = 366


@dataclass(frozen=True, slots=True)
class Pause:
    """For so many days, or until a day (`YYYY-MM-DD`, as it was written), or until resumed."""

    days: int | None = None
    until: str = ""

    def end(self, now: datetime, timezone: str) -> datetime | None:
        """When mail comes again; None where that is not said. Raises InvalidInput for a day that
        is none, has begun, or lies more than a year ahead."""
        zone = zone_of(timezone)
        if self.until:
            day = _day(self.until)
            _check_days((day - now.astimezone(zone).date()).days)
            return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
        if self.days is None:
            return None
        _check_days(self.days)
        return now + timedelta(days=self.days)


def _check_days(days: int) -> None:
    if not 1 <= days <= LONGEST_PAUSE_DAYS:
        raise InvalidInput(
            f"a pause ends on a day to come, at most {LONGEST_PAUSE_DAYS} days from now"
        )


@dataclass(frozen=True, slots=True)
class Resume:
    """A pause is to end now."""


@dataclass(frozen=True, slots=True)
class Timetable:
    """How often and when, as it was written; what is not said stays as it is."""

    frequency: Frequency | None = None
    at: str = ""
    timezone: str = ""

    def applied(self, preferences: Preferences) -> Preferences:
        """Raises InvalidInput for a time or a zone that there is not."""
        changed = replace(preferences, frequency=self.frequency or preferences.frequency)
        if self.at:
            changed = replace(changed, at=parse_at(self.at))
        if self.timezone:
            changed = replace(changed, timezone=_zone(self.timezone))
        return changed


class Inquiry(StrEnum):
    """What somebody wants to have of what is kept of them, or that it be erased."""

    INTERESTS = "interests"
    EXPORT = "export"
    ERASE = "erase"


Request = Pause | Resume | Timetable | Inquiry

_MOST_CHARS = 100
# What people put around a request; it changes nothing.
_POLITE = frozenset(
    fold(
        "please pls kindly hi hello dear thanks thank you could can would i want like wish me my"
        " mine our for to of the a an again now just from get receive have send sent switch change"
        " set put it's digest digests mail mails email emails e-mail e-mails newsletter papers only"
        " instead"
        " bitte danke ich mochte will mir mich meine meinen mein den die das der fur auf nur"
    ).split()
)
_TIMES = r"(?P<at>\d{1,2}(?:[:.h]\d{2})? ?(?:a\.?m|p\.?m|uhr)?)"
_ZONE = r"(?P<zone>[a-z_]{3,}(?:/[\w+/-]+)?(?: [a-z_]{3,}){0,2})"
_AT = rf"(?:at|um) {_TIMES}(?: in)?(?: {_ZONE})?"
_FREQUENCIES = {
    Frequency.DAILY: r"daily|every day|each day|once day|taglich|jeden tag",
    Frequency.WEEKDAYS: r"(?:on )?(?:weekdays|workdays|working days)|werktags",
    Frequency.WEEKLY: r"weekly|(?:once |every |each )week|wochentlich|einmal (?:pro )?woche",
}
_TIMETABLE = re.compile(
    rf"(?:{'|'.join(f'(?P<{f.value}>{said})' for f, said in _FREQUENCIES.items())})?"
    rf"(?:(?:^|(?<=\S) ){_AT})?"
)
_NUMBERS = {
    word: number
    for number, words in enumerate(
        ("one ein eine einen", "two zwei", "three drei", "four vier", "five", "six sechs"), 1
    )
    for word in words.split()
}
_DAYS_OF = {"d": 1, "t": 1, "w": 7, "m": 30}
_PAUSE = re.compile(
    r"(?:pause|pausieren|pausiere|suspend|snooze|unterbrechen)"
    rf"(?: (?P<number>\d{{1,6}}|{'|'.join(_NUMBERS)}))?"
    r"(?: (?P<unit>days?|weeks?|months?|tage?n?|wochen?|monate?n?)"
    r"| (?:until|till|bis) (?P<until>\S+))?"
)
_RESUME = re.compile(r"resume|unpause|continue|fortsetzen|weiter")
_INQUIRIES = {
    Inquiry.INTERESTS: r"(?:(?:show|list) )?(?:interests|interessen|settings|preferences)",
    Inquiry.EXPORT: r"(?:export|exportieren)(?: (?:all )?data)?|download data|daten exportieren",
    Inquiry.ERASE: r"(?:erase|delete)(?: all)? (?:data|account)|erase|forget"
    r"|(?:losche|losch) daten|daten loschen",
}


def read_request(line: str) -> Request | None:
    """What a line asks for; None where it says anything else."""
    said = _without_courtesy(line)
    if not said:
        return None
    if _RESUME.fullmatch(said):
        return Resume()
    if found := _PAUSE.fullmatch(said):
        return _pause(found)
    if found := _TIMETABLE.fullmatch(said):
        return _timetable(found)
    named = (one for one, form in _INQUIRIES.items() if re.fullmatch(form, said))
    return next(named, None)


def _without_courtesy(line: str) -> str:
    """The words that are left, in lower case; "" for a question, or too much."""
    if len(line) > _MOST_CHARS or "://" in line or "@" in line:
        return ""
    words = [word.strip(".,;:!?()\"'“”*_") for word in fold(line).split()]
    return " ".join(word for word in words if word and word not in _POLITE)


def _pause(found: re.Match[str]) -> Pause:
    number, unit = found["number"], found["unit"]
    if not number and not unit:
        return Pause(until=found["until"] or "")
    # "For a week" has lost its article.
    count = _NUMBERS.get(number) or int(number) if number else 1
    return Pause(days=count * _DAYS_OF[(unit or "d")[0]])


def _timetable(found: re.Match[str]) -> Timetable:
    frequency = next((f for f in Frequency if found[f.value]), None)
    return Timetable(frequency, _clock(found["at"] or ""), found["zone"] or "")


def _clock(said: str) -> str:
    """A time of day as `HH:MM`, from the ways in which people write it: 7am, 19.30, 7 Uhr."""
    found = re.fullmatch(r"(\d{1,2})(?:[:.h](\d{2}))? ?([ap]?)\S*", said)
    if found is None:
        return said
    hour, half = int(found[1]), found[3]
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    return f"{hour:02}:{found[2] or '00'}"


def _day(said: str) -> date:
    try:
        return date.fromisoformat(said)
    except ValueError:
        raise InvalidInput(f"“{said}” is no day: write it as 2027-01-31") from None


def _zone(said: str) -> str:
    """The zone of a name in any case, or of a city that only one zone is named after."""
    return parse_timezone(_zones().get(said.replace(" ", "_"), said))


@cache
def _zones() -> dict[str, str]:
    by_city: dict[str, list[str]] = {}
    for zone in available_timezones():
        by_city.setdefault(zone.rpartition("/")[2].casefold(), []).append(zone)
    cities = {city: zones[0] for city, zones in by_city.items() if len(zones) == 1}
    return cities | {zone.casefold(): zone for zone in available_timezones()}
