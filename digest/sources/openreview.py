"""Papers of conferences and journals that review in the open, from OpenReview.

https://docs.openreview.net/reference/api-v2: `GET /notes?content.venueid=VENUE` lists the papers of
a venue. A paper gets its venue when it is accepted, months after it was written down: what is new
is told by the last change, not by the date of creation. Whoever is not logged in is asked for a
check that only people can pass; this program logs in as documented, or leaves it at that.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Annotated, Any

from pydantic import Field

from digest.core.errors import SourceMalformed, SourceUnavailable
from digest.core.fetching import FetchRequest, Page
from digest.core.papers import SourceRecord
from digest.sources.answers import Answer
from digest.sources.body import Expect, excerpt
from digest.sources.etiquette import Pace
from digest.sources.http import PoliteClient
from digest.sources.json_body import json_object
from digest.sources.lists import (
    Place,
    Turning,
    chosen_days,
    day_of,
    days_before,
    kept_place,
    midnight,
    today_of,
)
from digest.sources.openreview_notes import NAME, Note, Notes, error_words, parse_notes

URL = "https://api2.openreview.net"
# The most that is allowed.
_LIMIT = 1000
_MAX_BYTES = 60_000_000
_FIRST_RUN_DAYS = 30
# A note becomes visible after it was changed, by another clock.
_OVERLAP_DAYS = 1
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_REFUSALS = (400, 401, 403)
_ONLY_PEOPLE = "OpenReview asks for a check that only people can pass"
_LOG_IN = "set sources.openreview.username and password"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One fetch: its days, and for each venue the day up to which changes are known."""

    request: FetchRequest
    headers: Mapping[str, str]
    known_to: Mapping[str, date]
    is_daily: bool


class OpenReview:
    """The accepted papers of `venues`, one list after another, last changed first.

    Without dates asked for: what was published in the last 30 days, or since the last run, and
    changed since then (the cursor's `read_to`, a day per venue); where a paper does not say when it
    was published, its last change counts. Chosen dates are those of publication, or else of
    writing. A run that broke off is finished
    first; so is, when its dates are asked for again, a fetch of chosen dates (`backfill`). A run
    reads at most `requests_per_run` pages and the next one goes on.
    """

    name = NAME

    def __init__(
        self,
        client: PoliteClient,
        *,
        url: str = URL,
        venues: tuple[str, ...] = (),
        username: str = "",
        password: str = "",
        requests_per_run: Annotated[int, Field(ge=1, le=10_000)] = 100,
        interval_seconds: Annotated[float, Field(ge=0)] = 7.2,
    ) -> None:
        self._client = client
        self._url = url.rstrip("/")
        self._venues = tuple(dict.fromkeys(venue.strip() for venue in venues if venue.strip()))
        self._username = username
        self._password = password
        self._requests = requests_per_run
        self._pace = Pace(name="openreview.net", interval_s=interval_seconds)

    @property
    def standing_name(self) -> str:
        return self._pace.standing_name

    def fetch(self, request: FetchRequest) -> Iterator[Page]:
        """Raises SourceError where the run breaks off; the cursor of the last page given goes on
        from there. Without venues, and with half a login, it raises before anything is asked."""
        if not self._venues:
            raise SourceUnavailable(
                "no venues are chosen: set sources.openreview.venues, "
                'such as ["ICLR.cc/2026/Conference"]'
            )
        if bool(self._username) != bool(self._password):
            raise SourceUnavailable(f"half a login is none: {_LOG_IN}")
        if request.since is not None or request.until is not None:
            yield from self._chosen(request)
        else:
            yield from self._newest(request)

    def _chosen(self, request: FetchRequest) -> Iterator[Page]:
        rest = {key: value for key, value in request.cursor.items() if key != "backfill"}
        first, last = chosen_days(request)
        if first > last:
            yield Page(cursor=rest, note="these days are still to come")
            return
        place = kept_place(request.cursor.get("backfill"), self._venues)
        if place is None or not place.same_days(first, last):
            place = Place(first=first, last=last, name=self._venues[0])
        run = _Run(request=request, headers=self._log_in(), known_to={}, is_daily=False)
        for asked, (page, after) in enumerate(self._pages(place, run), start=1):
            yield replace(page, cursor=rest | ({"backfill": after.to_json()} if after else {}))
            if after is not None and asked >= self._requests:
                raise SourceUnavailable(
                    f"stopped after {asked} requests (requests_per_run); "
                    "fetch the same dates again to go on"
                )

    def _newest(self, request: FetchRequest) -> Iterator[Page]:
        kept = {k: v for k, v in request.cursor.items() if k == "backfill"}
        known_to = _known_to(request.cursor.get("read_to"), self._venues)
        today = today_of(request)
        place = kept_place(request.cursor, self._venues)
        if place is None:
            first = min([days_before(today, _FIRST_RUN_DAYS), *known_to.values()])
            place = Place(first=first, last=today, name=self._venues[0])
        run = _Run(request=request, headers=self._log_in(), known_to=dict(known_to), is_daily=True)
        at_venue = place.name
        for asked, (page, after) in enumerate(self._pages(place, run), start=1):
            if after is None or after.name != at_venue:
                known_to[at_venue] = place.last
                at_venue = after.name if after is not None else ""
            read_to = {venue: day.isoformat() for venue, day in known_to.items()}
            rest = after.to_json() if after is not None else {}
            stops = after is not None and asked >= self._requests
            note = f"stopped after {asked} requests; the rest is read next time" if stops else ""
            yield replace(page, cursor=kept | {"read_to": read_to} | rest, note=note or page.note)
            if stops:
                return

    def _pages(self, place: Place, run: _Run) -> Iterator[tuple[Page, Place | None]]:
        """Pages, each with what is then left (None: nothing). The last one has a note about
        venues without papers, and when there was nothing new at all."""
        found, unknown = 0, []
        begin = self._venues.index(place.name)
        for number, venue in enumerate(self._venues[begin:], start=begin):
            here = replace(place, name=venue, at=place.at if venue == place.name else 0)
            for notes, at, is_last in self._one_list(here, run):
                records = _of_these_days(notes, here, run)
                found += len(records)
                share = 1.0 if is_last or not notes.total else at / notes.total
                after: Place | None = replace(here, at=at)
                if is_last:
                    following = self._venues[number + 1 :]
                    after = replace(here, name=following[0], at=0) if following else None
                    if not at:
                        unknown.append(venue)
                note = _note_of(found, unknown, here) if after is None else ""
                done = (number + share) / len(self._venues)
                page = Page(records=records, cursor={}, bad=notes.bad, note=note, done=done)
                yield page, after

    def _one_list(self, place: Place, run: _Run) -> Iterator[tuple[Notes, int, bool]]:
        """The pages of a venue, how many notes are then behind us, and whether it was the last:
        where the list ends, or where all that follows has been known before."""
        turning, at = Turning(), place.at
        while True:
            notes = self._ask(place.name, at, run)
            if _is_short(notes, at):  # perhaps a passing fault
                notes = self._ask(place.name, at, run)
            if _is_short(notes, at):
                raise SourceMalformed(
                    f"OpenReview gave nothing after {at} of {notes.total} notes of {place.name}; "
                    "the rest is asked for next time"
                )
            at += notes.received
            if notes.received:
                names = tuple(note.record.ids for note in notes.notes)
                turning.check((names, notes.bad, notes.last_changed), at, "OpenReview's list")
            ends = at >= notes.total if notes.total is not None else notes.received < _LIMIT
            is_last = ends or not notes.received or _is_known(notes, run.known_to.get(place.name))
            yield notes, at, is_last
            if is_last:
                return

    def _ask(self, venue: str, at: int, run: _Run) -> Notes:
        try:
            answer = self._client.get(
                f"{self._url}/notes",
                params={
                    "content.venueid": venue,
                    "limit": _LIMIT,
                    "offset": at,
                    "sort": "tmdate:desc",
                },
                pace=self._pace,
                accept="application/json",
                expect=Expect.JSON,
                headers=run.headers,
                max_bytes=_MAX_BYTES,
                readable=_REFUSALS,
            )
        except SourceMalformed as error:  # such as the page with the check
            raise SourceMalformed(f"{error}{self._hint()}") from None
        if answer.status in _REFUSALS:
            raise self._refused(answer)
        return parse_notes(answer.body, now=run.request.now)

    def _hint(self) -> str:
        return "" if self._username else f"; {_LOG_IN}"

    def _refused(self, answer: Answer) -> SourceUnavailable:
        said = _words(answer)
        if not said:
            return answer.refusal()
        if not _is_challenge(said):
            return SourceUnavailable(f"OpenReview answered {answer.status}: {said}")
        if self._username:
            return SourceUnavailable(f"{_ONLY_PEOPLE}, even when logged in")
        return SourceUnavailable(f"{_ONLY_PEOPLE}: {_LOG_IN}")

    def _log_in(self) -> dict[str, str]:
        """The headers that say who asks; none without an account. The token is not kept."""
        if not self._username:
            return {}
        answer = self._client.post(
            f"{self._url}/login",
            body={"id": self._username, "password": self._password},
            pace=self._pace,
            readable=_REFUSALS,
        )
        if answer.status in _REFUSALS:
            if _is_challenge(_words(answer)):
                raise SourceUnavailable(f"{_ONLY_PEOPLE}, even to log in")
            secrets = (self._username, self._password)
            said = excerpt(_words(answer).encode(), secrets) or str(answer.status)
            raise SourceUnavailable(
                f"OpenReview refused the login ({said}): "
                "check sources.openreview.username and password"
            )
        token = json_object(answer.body, "OpenReview's login").get("token")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise SourceUnavailable(
                "OpenReview gave no token for the login: use an account without a second factor"
            )
        return {"Authorization": f"Bearer {token}"}


def _words(answer: Answer) -> str:
    """What a refusal says; "" when that is not JSON."""
    try:
        return error_words(json_object(answer.body, "the refusal"))
    except SourceMalformed:
        return ""


def _is_challenge(said: str) -> bool:
    return "challenge" in said.lower()


def _known_to(value: Any, venues: tuple[str, ...]) -> dict[str, date]:
    """The days kept in a cursor, as far as they can be read and their venues are still asked."""
    given = value.items() if isinstance(value, Mapping) else ()
    days = ((venue, day_of(day)) for venue, day in given if venue in venues)
    return {venue: day for venue, day in days if day is not None}


def _is_short(notes: Notes, at: int) -> bool:
    """Whether a page holds nothing although the list goes on behind `at`."""
    return not notes.received and (notes.total or 0) > at


def _is_known(notes: Notes, known_to: date | None) -> bool:
    """Whether what follows this page changed before the last run, and has been read then.

    Only a list in the order asked for can tell.
    """
    if known_to is None or not notes.last_changed:
        return False
    in_order = all(a >= b for a, b in pairwise(notes.last_changed))
    return in_order and notes.last_changed[-1] < _read_from(known_to)


def _read_from(known_to: date | None) -> datetime:
    """Changes from here on may be news."""
    return _LONG_AGO if known_to is None else midnight(days_before(known_to, _OVERLAP_DAYS))


def _of_these_days(notes: Notes, place: Place, run: _Run) -> tuple[SourceRecord, ...]:
    """Papers that are this venue's, came up on the days of the place, and changed since."""
    changed_from = _read_from(run.known_to.get(place.name))
    records = (
        _as_accepted(note, run) if run.is_daily else note.record
        for note in notes.notes
        if note.venue_id == place.name and note.changed_at >= changed_from
    )
    return tuple(r for r in records if place.first <= r.appeared_at.date() <= place.last)


def _as_accepted(note: Note, run: _Run) -> SourceRecord:
    """The record, as of its last change where nothing says when the paper was published.

    The day it was written, months before the decision, would keep it out of every edition. The
    decision itself is a change, and a later one moves nothing: the first day that is stored stays.
    """
    if note.is_dated:
        return note.record
    return replace(note.record, appeared_at=min(note.changed_at, run.request.now))


def _note_of(found: int, unknown: list[str], place: Place) -> str:
    parts = []
    if unknown:
        parts.append(f"OpenReview lists nothing for {', '.join(unknown)}: is that the venue's id?")
    if not found:
        parts.append(f"nothing was published from {place.first} to {place.last}")
    return "; ".join(parts)
