"""Subscribers from a CSV file: the whole file or none of it, with every bad line named.

Columns: `email`, `interests` (separated by `;`), and the options of `subscribers add`:
keyword, exclude, category, author, like (each separated by `;`), frequency, at, timezone,
max_papers, dial, language. By a column `status`, as `export` writes it, whoever is not a member
any more stays away. Exports of listmonk and Mailchimp are read as they are.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from digest.core.errors import InvalidInput
from digest.core.interests import (
    Interest,
    InterestKind,
    interests_of,
    parse_interests,
    unique_interests,
)
from digest.core.subscribers import (
    Frequency,
    Language,
    Preferences,
    Status,
    address_key,
    normalize_address,
    parse_at,
    parse_timezone,
)
from digest.pipeline.app import App
from digest.pipeline.foreign import translation
from digest.pipeline.membership import Joining, Origin, add_all
from digest.store import arrivals
from digest.store import subscribers as members
from digest.store.chunks import chunks

MAX_PAPERS = 30
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_KINDS = {
    "keyword": InterestKind.KEYWORD,
    "exclude": InterestKind.EXCLUDE,
    "category": InterestKind.CATEGORY,
    "author": InterestKind.AUTHOR,
    "like": InterestKind.LIKE,
}
COLUMNS = (
    *("email", "interests", *_KINDS, "frequency", "at", "timezone", "max_papers", "dial"),
    *("language", "status"),
)
_ORIGIN = Origin(via="operator", wording="import")
_BARRED = "suppressed where they were imported from"
# Of an export, only these come back: who left or was suppressed stays away.
_COMING_BACK = (Status.ACTIVE, Status.PENDING, Status.PAUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMember:
    """`status` is that in the file: whoever is pending there has not agreed yet, and whoever
    unsubscribed or was suppressed is not to be added."""

    email: str
    interests: tuple[Interest, ...]
    preferences: Preferences
    status: Status = Status.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What became of each address. `known` are here already and stay as they are; `suppressed`
    are so here, `left_out` have unsubscribed or were suppressed by what the file says: `barred`
    of these are suppressed here from now on, too."""

    added: int
    known: int
    suppressed: int
    left_out: int
    barred: int = 0


class BadLines(InvalidInput):
    """What is wrong with a file: `problems` begin with the number of their line."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        lines = len({problem.partition(":")[0] for problem in problems})
        wrong = "1 line is wrong" if lines == 1 else f"{lines} lines are wrong"
        super().__init__(f"nothing was imported: {wrong}")
        self.problems = problems


def parse_members(text: str, defaults: Preferences) -> tuple[NewMember, ...]:
    """Whom a CSV text with a header line names; of an address given twice the first line counts.

    Raises BadLines with every problem of the file.
    """
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    problems: list[str] = []
    found: dict[str, NewMember] = {}
    try:
        columns = [(name or "").strip().lower() for name in reader.fieldnames or ()]
        translated = translation(columns)
        problems.extend(_header_problems(columns) if translated is None else ())
        reader.fieldnames = columns
        for row in reader if not problems else ():
            try:
                cells = _cells(row)
                member = _member(cells if translated is None else translated(cells), defaults)
                found.setdefault(address_key(member.email), member)
            except InvalidInput as error:
                problems.append(f"line {reader.line_num}: {error}")
    except csv.Error as error:
        problems.append(f"line {reader.line_num}: not CSV: {error}")
    if problems:
        raise BadLines(tuple(problems))
    return tuple(found.values())


def _header_problems(columns: list[str]) -> Iterator[str]:
    if "email" not in columns:
        yield f"line 1: there is no column `email`; columns are {', '.join(COLUMNS)}"
    for column in dict.fromkeys(columns):
        if columns.count(column) > 1:
            yield f"line 1: the column {column!r} is there {columns.count(column)} times"
        if column not in COLUMNS:
            yield f"line 1: unknown column {column!r}; columns are {', '.join(COLUMNS)}"


def _cells(row: Mapping[str, str | None]) -> dict[str, str]:
    if None in row:
        raise InvalidInput("more cells than the header has columns")
    return {name: _typed((value or "").strip()) for name, value in row.items()}


def inert(cell: str) -> str:
    """Keeps a spreadsheet from taking what a stranger typed for a formula (CSV injection)."""
    return f"'{cell}" if cell.lstrip("'")[:1] in _FORMULA else cell


def _typed(cell: str) -> str:
    """What `inert` was given."""
    return cell[1:] if cell[:1] == "'" and inert(cell[1:]) == cell else cell


def _member(cells: Mapping[str, str], defaults: Preferences) -> NewMember:
    wishes = list(parse_interests(cells.get("interests", "")))
    for column, kind in _KINDS.items():
        values = (value.strip() for value in cells.get(column, "").split(";"))
        wishes.extend(wish for value in values if value for wish in interests_of(kind, value))
    return NewMember(
        email=normalize_address(cells["email"]),
        interests=unique_interests(wishes),
        preferences=Preferences(
            frequency=parse_frequency(cells.get("frequency") or defaults.frequency.value),
            at=parse_at(cells["at"]) if cells.get("at") else defaults.at,
            timezone=parse_timezone(cells.get("timezone") or defaults.timezone),
            max_papers=parse_max_papers(cells.get("max_papers") or str(defaults.max_papers)),
            dial=parse_dial(cells.get("dial") or str(defaults.dial)),
            language=parse_language(cells.get("language") or defaults.language.value),
        ),
        status=_parse_status(cells.get("status") or Status.ACTIVE.value),
    )


def _parse_status(text: str) -> Status:
    try:
        return Status(text.lower())
    except ValueError:
        choices = ", ".join(choice.value for choice in Status)
        raise InvalidInput(f"{text!r} is not a status: {choices}") from None


def parse_frequency(text: str) -> Frequency:
    try:
        return Frequency(text.strip().lower())
    except ValueError:
        choices = ", ".join(choice.value for choice in Frequency)
        raise InvalidInput(f"{text!r} is not a frequency: {choices}") from None


def parse_language(text: str) -> Language:
    try:
        return Language(text.strip().lower())
    except ValueError:
        choices = ", ".join(choice.value for choice in Language)
        raise InvalidInput(f"{text!r} is not a language of the mails: {choices}") from None


def parse_max_papers(text: str) -> int:
    """How many papers a digest may hold, 1 to 30."""
    if text.strip() not in map(str, range(1, MAX_PAPERS + 1)):
        raise InvalidInput(f"{text!r} is not a number of papers from 1 to {MAX_PAPERS}")
    return int(text.strip())


def parse_dial(text: str) -> float:
    """From 0, all relevance, to 1, all trend."""
    try:
        dial = float(text)
    except ValueError:
        dial = -1.0
    if not 0 <= dial <= 1:
        raise InvalidInput(f"{text!r} is not a dial: 0 is all relevance, 1 all trend")
    return dial


def import_members(
    app: App, new: tuple[NewMember, ...], *, confirmed: bool, dry_run: bool
) -> ImportReport:
    """Adds those not yet known, in one transaction. Without `confirmed` each is asked by mail;
    with it, only whoever is pending in the file."""
    now, added, known, suppressed = app.clock.now(), 0, 0, 0
    coming = [member for member in new if member.status in _COMING_BACK]
    with app.store.write() as conn:
        for some in chunks(coming):
            wanted, unwanted = _wanted(app, conn, some)
            joining = _joining(conn, wanted, confirmed=confirmed)
            if not dry_run:
                add_all(app, conn, joining, _ORIGIN, now)
            added += len(joining)
            known += len(wanted) - len(joining)
            suppressed += unwanted
        barred = _barred(app, conn, new)
        for address_hash in () if dry_run else barred:
            members.suppress_hash(conn, address_hash, _BARRED, now)
    return ImportReport(
        added=added,
        known=known,
        suppressed=suppressed,
        left_out=len(new) - len(coming),
        barred=len(barred),
    )


def _barred(app: App, conn: sa.Connection, new: Sequence[NewMember]) -> list[str]:
    """The hashes of those who were not to be written to where the file comes from, lest a later
    file without that word brings them back; whoever is here stays as they are."""
    found: list[str] = []
    for some in chunks(member.email for member in new if member.status is Status.SUPPRESSED):
        known = arrivals.known_keys(conn, [address_key(email) for email in some])
        strangers = [app.address_hash(one) for one in some if address_key(one) not in known]
        here = arrivals.suppressed_hashes(conn, strangers)
        found.extend(one for one in strangers if one not in here)
    return found


def _wanted(
    app: App, conn: sa.Connection, some: Sequence[NewMember]
) -> tuple[list[NewMember], int]:
    """Those that may be written to, and how many may not."""
    hashes = [app.address_hash(member.email) for member in some]
    suppressed = arrivals.suppressed_hashes(conn, hashes)
    wanted = [one for one, its in zip(some, hashes, strict=True) if its not in suppressed]
    return wanted, len(some) - len(wanted)


def _joining(conn: sa.Connection, wanted: Sequence[NewMember], *, confirmed: bool) -> list[Joining]:
    """Those who are not here yet."""
    known = arrivals.known_keys(conn, [address_key(member.email) for member in wanted])
    return [
        Joining(
            email=member.email,
            interests=member.interests,
            preferences=member.preferences,
            confirmed=confirmed and member.status is not Status.PENDING,
            paused=member.status is Status.PAUSED,
        )
        for member in wanted
        if address_key(member.email) not in known
    ]
