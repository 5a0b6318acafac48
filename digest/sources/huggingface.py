"""Hugging Face Daily Papers: one list a weekday, chosen by readers, whose votes grow for days.

https://huggingface.co/docs/hub/api: GET /api/daily_papers?date=YYYY-MM-DD&limit=100&p=0 gives a
JSON array, best voted first.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any

from pydantic import Field

from digest.core.errors import SourceMalformed
from digest.core.fetching import FetchRequest, Page
from digest.core.identifiers import ARXIV, Identifier, parse_arxiv
from digest.core.papers import Reading, SourceRecord
from digest.sources.body import Expect
from digest.sources.etiquette import HUGGING_FACE_PACE, Pace
from digest.sources.http import PoliteClient
from digest.sources.text import (
    clean,
    clean_abstract,
    clean_name,
    clean_title,
    github_repository,
    safe_url,
)

NAME = "huggingface"
URL = "https://huggingface.co/api/daily_papers"
AUTHORITY = 50
# The largest that is allowed: the default of 50 cuts busy days short.
_LIMIT = 100
_MAX_PAGES = 20
# After an absence, lists older than this are left to an explicit fetch.
_LONGEST_ABSENCE = timedelta(days=30)
_SATURDAY = 5
_LARGEST_COUNT = 10**12


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyList:
    """One page of one date's list. `item_count` counts the items received, read or not."""

    records: tuple[SourceRecord, ...]
    bad: tuple[str, ...]
    item_count: int


def parse_daily(body: bytes, *, listed_on: date) -> DailyList:
    """The papers of an answer to `date=listed_on`, in the order given, each once.

    An item that cannot be read becomes one line of `bad`. Raises SourceMalformed when the whole
    is no list.
    """
    try:
        items = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise SourceMalformed(f"the list of {listed_on} is not readable JSON: {error}") from None
    if isinstance(items, dict):
        what = clean(items.get("error") or items.get("message"), 200) or "no list"
        raise SourceMalformed(f"the list of {listed_on} came as an error: {what}")
    if not isinstance(items, list):
        raise SourceMalformed(f"the list of {listed_on} is no JSON array")
    records: dict[Identifier, SourceRecord] = {}
    bad = []
    for number, item in enumerate(items, start=1):
        try:
            record = _record(item, listed_on)
        except ValueError as error:
            bad.append(f"item {number} of {listed_on} {error}")
        else:
            records.setdefault(record.ids[0], record)
    return DailyList(records=tuple(records.values()), bad=tuple(bad), item_count=len(items))


def _record(item: Any, listed_on: date) -> SourceRecord:
    """Raises ValueError with what is wrong, to follow the words "item N"."""
    paper = item.get("paper") if isinstance(item, dict) else None
    if not isinstance(paper, dict):
        raise ValueError("holds no paper")
    arxiv = parse_arxiv(clean(paper.get("id"), 100))
    if arxiv is None:
        raise ValueError("has no arXiv id")
    # The outer title keeps the submitter's spelling.
    title = clean_title(paper.get("title")) or clean_title(item.get("title"))
    if not title:
        raise ValueError(f"({arxiv.base}) has no title")
    return SourceRecord(
        source=NAME,
        ids=(Identifier(ARXIV, arxiv.base),),
        title=title,
        abstract=clean_abstract(paper.get("summary")) or clean_abstract(item.get("summary")),
        authors=_authors(paper.get("authors")),
        appeared_at=_listed_at(paper.get("submittedOnDailyAt"), listed_on),
        # Not the outer `publishedAt`: that is US Eastern time, labelled as UTC.
        published_at=_moment(paper.get("publishedAt")),
        authority=AUTHORITY,
        url=f"https://arxiv.org/abs/{arxiv.base}",
        pdf_url=f"https://arxiv.org/pdf/{arxiv.base}",
        code_url=_code_url(paper),
        discussion_url=f"https://huggingface.co/papers/{arxiv.base}",
        summary=clean(paper.get("ai_summary"), 2000),
        readings=_readings(item, paper),
    )


def _authors(value: Any) -> tuple[str, ...]:
    people = value if isinstance(value, list) else ()
    names = (
        clean_name(person.get("name"))
        for person in people
        if isinstance(person, dict) and person.get("hidden") is not True
    )
    return tuple(name for name in names if name)


def _listed_at(value: Any, listed_on: date) -> datetime:
    """When the paper was put on the list; since 2026 the source often gives midnight."""
    moment = _moment(value)
    if moment is not None and moment.date() == listed_on:
        return moment
    return datetime.combine(listed_on, time(), UTC)


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def _code_url(paper: dict[str, Any]) -> str:
    repository = safe_url(paper.get("githubRepo"))
    page = safe_url(paper.get("projectPage"))
    return github_repository(repository, page) or repository


def _readings(item: dict[str, Any], paper: dict[str, Any]) -> tuple[Reading, ...]:
    given = (
        ("upvotes", paper.get("upvotes")),
        ("comments", item.get("numComments")),
        ("stars", paper.get("githubStars")),
    )
    counts = ((metric, _count(value)) for metric, value in given)
    return tuple(Reading(metric=m, value=count) for m, count in counts if count is not None)


def _count(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= _LARGEST_COUNT else None


class HuggingFace:
    """Daily Papers, one page of records a date, oldest date first.

    Without dates asked for, today's list and the last `repoll_days` lists are read again:
    they grow through the day, and votes for a week. The cursor holds `polled_to`, the last date
    of the last whole run, and while a run is broken off its `window` and the `next` date; those
    of dates asked for stand under `backfill`, so that the hourly run does not lose them.
    """

    name = NAME

    def __init__(
        self,
        client: PoliteClient,
        *,
        url: str = URL,
        repoll_days: Annotated[int, Field(ge=1, le=30)] = 7,
        interval_seconds: Annotated[float, Field(ge=0)] = 0.2,
    ) -> None:
        self._client = client
        self._url = url
        self._repoll_days = repoll_days
        self._pace = Pace(name=HUGGING_FACE_PACE, interval_s=interval_seconds)

    @property
    def standing_name(self) -> str:
        return self._pace.standing_name

    def fetch(self, request: FetchRequest) -> Iterator[Page]:
        """Raises SourceError where the run breaks off; the next fetch of the same dates goes on."""
        today = request.now.astimezone(UTC).date()
        asked = request.since is not None or request.until is not None
        first, last = self._window(request, today)
        window = [first.isoformat(), last.isoformat()]
        broken = request.cursor.get("backfill") if asked else request.cursor
        # What the other kind of run has left behind stays as it is.
        kept = [k for k in request.cursor if k == "polled_to" or (k == "backfill") is not asked]
        rest = {k: request.cursor[k] for k in kept}
        days = _list_dates(_resumed(broken, window) or first, last)
        empty: list[str] = []
        found_count = 0
        for number, day in enumerate(days):
            listing = self._list_of(day)
            found_count += listing.item_count
            if day < today and not listing.item_count:
                empty.append(f"nothing was listed on {day}")
            place: dict[str, Any] = {}
            if number + 1 < len(days):
                place = {"window": window, "next": days[number + 1].isoformat()}
            elif not asked:
                place = {"polled_to": today.isoformat()}
            cursor = rest | ({"backfill": place} if asked and place else place)
            # Holidays are such days, but so are faults; a run of nothing else speaks for itself.
            note = "; ".join(empty) if found_count and number + 1 == len(days) else ""
            yield Page(
                records=listing.records,
                cursor=cursor,
                bad=listing.bad,
                note=note,
                done=(number + 1) / len(days),
            )

    def _window(self, request: FetchRequest, today: date) -> tuple[date, date]:
        """First and last date to read; a date that has not come yet is answered with an error."""
        if request.since is not None or request.until is not None:
            first = request.since or request.until or today
            return first, min(request.until or today, today)
        earlier = today
        for _ in range(self._repoll_days):
            earlier -= timedelta(days=1)
            while earlier.weekday() >= _SATURDAY:
                earlier -= timedelta(days=1)
        polled_to = _day(request.cursor.get("polled_to")) or earlier
        return min(earlier, max(polled_to, today - _LONGEST_ABSENCE)), today

    def _list_of(self, day: date) -> DailyList:
        """All pages of a date's list; votes cast meanwhile may move an item onto two pages."""
        records: dict[Identifier, SourceRecord] = {}
        bad: list[str] = []
        count = 0
        for page_number in range(_MAX_PAGES):
            page = self._page_of(day, page_number)
            new = [record for record in page.records if record.ids[0] not in records]
            records |= {record.ids[0]: record for record in new}
            bad += page.bad
            count += page.item_count
            if page.item_count < _LIMIT or not new:
                break
        return DailyList(records=tuple(records.values()), bad=tuple(bad), item_count=count)

    def _page_of(self, day: date, page_number: int) -> DailyList:
        answer = self._client.get(
            self._url,
            params={"date": day.isoformat(), "limit": _LIMIT, "p": page_number},
            pace=self._pace,
            accept="application/json",
            expect=Expect.JSON,
        )
        return parse_daily(answer.body, listed_on=day)


def _list_dates(first: date, last: date) -> Sequence[date]:
    """The weekdays from `first` to `last`: nothing is listed on Saturdays and Sundays."""
    days = ((first + timedelta(days=n)) for n in range((last - first).days + 1))
    return tuple(day for day in days if day.weekday() < _SATURDAY)


def _resumed(broken: Any, window: list[str]) -> date | None:
    """Where a broken run of this window goes on; None when nothing is known of one."""
    if not isinstance(broken, Mapping) or broken.get("window") != window:
        return None
    return _day(broken.get("next"))


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        return None
