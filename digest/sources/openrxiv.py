"""Preprints of biology and medicine by the day they were posted, from bioRxiv and medRxiv.

https://api.biorxiv.org. Each version of a preprint is an entry of its own, on the day of that
version. What the API says of the length of a list is not taken on trust.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from digest.core.errors import SourceMalformed, SourceUnavailable
from digest.core.fetching import Cursor, FetchRequest, Page, Shelf
from digest.core.identifiers import Identifier
from digest.core.papers import SourceRecord
from digest.sources.body import Expect
from digest.sources.etiquette import Pace
from digest.sources.http import PoliteClient
from digest.sources.lists import (
    Place,
    Turning,
    chosen_days,
    day_of,
    days_before,
    kept_place,
    today_of,
)
from digest.sources.openrxiv_details import BIORXIV, MEDRXIV, Details, Server, parse_details

BIORXIV_URL = "https://api.biorxiv.org/details/biorxiv"
MEDRXIV_URL = "https://api.biorxiv.org/details/medrxiv"
_HOST = "api.biorxiv.org"
_FIRST_RUN_DAYS = 7
# Posts are dated by the day in New York and come up in the API hours or a day later.
_OVERLAP_DAYS = 2
_LONGEST_ABSENCE_DAYS = 30
# Totals are a little too high at times; what is missing beyond was lost.
_MISCOUNTED = 100
_EVERYTHING = ""


class _CameShort(SourceMalformed):
    """The list ended long before its end."""


class Openrxiv:
    """Preprints of `categories` (all when there are none), page by page as large as it gives them.

    Without dates asked for: from shortly before the last day that was over and read whole, the
    cursor's `read_to`, until today. A run that broke off is finished first; so is, when its dates
    are asked for again, a fetch of chosen dates (`backfill`), which leaves `read_to` alone. Both
    servers are on one host, and a pause that it asks for holds for both.
    """

    server: Server

    def __init__(
        self,
        client: PoliteClient,
        *,
        url: str,
        categories: tuple[str, ...] = (),
        interval_seconds: Annotated[float, Field(ge=0)] = 1.0,
    ) -> None:
        self._client = client
        self._url = url.rstrip("/")
        self._lists = tuple(dict.fromkeys(map(_as_asked, categories))) or (_EVERYTHING,)
        self._pace = Pace(name=_HOST, interval_s=interval_seconds)

    @property
    def name(self) -> str:
        return self.server.name

    @property
    def standing_name(self) -> str:
        return self._pace.standing_name

    def fetch(self, request: FetchRequest) -> Iterator[Page]:
        """Raises SourceError where the run breaks off; the cursor of the last page given goes on
        from there, or reads the days again when their list was not whole."""
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
        place = kept_place(request.cursor.get("backfill"), self._lists)
        if place is None or not place.same_days(first, last):
            place = Place(first=first, last=last, name=self._lists[0])
        try:
            for records, bad, after, done in self._pages(place, request):
                cursor = rest if after is None else rest | {"backfill": after.to_json()}
                yield Page(records=records, cursor=cursor, bad=bad, done=done)
        except _CameShort:
            yield Page(cursor=rest)
            raise

    def _newest(self, request: FetchRequest) -> Iterator[Page]:
        base = {k: request.cursor[k] for k in ("read_to", "backfill") if k in request.cursor}
        today, note = today_of(request), ""
        place = kept_place(request.cursor, self._lists)
        if place is None:
            place, note = self._new_place(request.cursor, today)
        while True:
            over = {"read_to": days_before(place.last, 1).isoformat()}
            try:
                for records, bad, after, done in self._pages(place, request):
                    cursor: Cursor = base | over if after is None else base | after.to_json()
                    yield Page(records=records, cursor=cursor, bad=bad, note=note, done=done)
            except _CameShort:
                yield Page(cursor=base)
                raise
            base = base | over
            if place.last >= today:
                return
            place, note = self._new_place(base, today)

    def _new_place(self, cursor: Cursor, today: date) -> tuple[Place, str]:
        """From shortly before what was read to today, and a note when the absence was too long."""
        read_to = day_of(cursor.get("read_to"))
        first = days_before(today, _FIRST_RUN_DAYS)
        if read_to is not None:
            first = days_before(min(read_to, today), _OVERLAP_DAYS)
        earliest, note = days_before(today, _LONGEST_ABSENCE_DAYS), ""
        if first < earliest:
            first, note = earliest, f"only papers since {earliest}; fetch older ones with --since"
        return Place(first=first, last=today, name=self._lists[0]), note

    def _pages(
        self, place: Place, request: FetchRequest
    ) -> Iterator[tuple[tuple[SourceRecord, ...], tuple[str, ...], Place | None, float]]:
        """Records, bad entries, what is then left of the days (None: nothing), and the part done.

        Raises _CameShort when a list ended far before the end it had told.
        """
        begin = self._lists.index(place.name)
        for number, name in enumerate(self._lists[begin:], start=begin):
            following = self._lists[number + 1 :]
            here = replace(place, name=name, at=place.at if name == place.name else 0)
            for page, at in self._one_list(here):
                share, after = 1.0, None
                if not _is_last(page, at):
                    share = at / page.total if page.total else 0.0
                    after = replace(here, at=at)
                elif following:
                    after = replace(here, name=following[0], at=0)
                records = _dated(page.records, request.shelf, request.now)
                yield records, page.bad, after, (number + share) / len(self._lists)

    def _one_list(self, place: Place) -> Iterator[tuple[Details, int]]:
        """The pages of a list, each with how many entries are then behind us."""
        turning, at, total = Turning(), place.at, 0
        while True:
            page = self._ask(place, at)
            if not page.received and at:  # the end, or a passing fault
                page = self._ask(place, at)
            total = page.total or total  # an empty page tells none
            if not page.received and total - at > _MISCOUNTED:
                raise _CameShort(
                    f"{self.server.venue} stopped after {at} of {total} entries; "
                    "these days are read again next time"
                )
            at += page.received
            if page.received:
                versions = tuple((record.ids, record.version) for record in page.records)
                turning.check((versions, page.bad), at, f"{self.server.venue}'s list")
            yield page, at
            if _is_last(page, at):
                return

    def _ask(self, place: Place, at: int) -> Details:
        answer = self._client.get(
            f"{self._url}/{place.first}/{place.last}/{at}/json",
            params={"category": place.name} if place.name else None,
            pace=self._pace,
            accept="application/json",
            expect=Expect.JSON,
        )
        page = parse_details(answer.body, server=self.server)
        if page.received and page.at not in (None, at):
            raise SourceMalformed(f"{self.server.venue} gave entries {page.at}, not {at}")
        if place.name and page.category == "all" and not _all_of(page.records, place.name):
            raise SourceUnavailable(
                f"{self.server.venue} knows no category {place.name}: "
                f"correct sources.{self.name}.categories"
            )
        return page


class Biorxiv(Openrxiv):
    server = BIORXIV


class Medrxiv(Openrxiv):
    server = MEDRXIV


def _as_asked(category: str) -> str:
    """`Cell Biology` as the API takes it: cell_biology."""
    return "_".join(category.lower().split())


def _all_of(records: tuple[SourceRecord, ...], category: str) -> bool:
    return all(_as_asked(one) == category for record in records for one in record.categories)


def _is_last(page: Details, at: int) -> bool:
    """Whether the list ends with this page, behind which `at` entries have been received."""
    return not page.received or (page.total is not None and at >= page.total)


def _dated(
    records: tuple[SourceRecord, ...], shelf: Shelf, now: datetime
) -> tuple[SourceRecord, ...]:
    """`records` with the later versions as of when their papers first came up.

    That is the date of the first version where it is at hand, here or on the shelf, else the day
    of submission: a paper of last year must not look new because it was revised, and one of
    yesterday must not look older.
    """
    first: dict[Identifier, datetime] = {
        r.ids[0]: r.published_at for r in records if r.published_at is not None
    }
    revised = {r.ids[0] for r in records if r.published_at is None} - set(first)
    known = shelf.named(revised) if revised else {}
    first |= {name: work.published_at for name, work in known.items()}
    return tuple(_since(record, first, now) for record in records)


def _since(
    record: SourceRecord, first: Mapping[Identifier, datetime], now: datetime
) -> SourceRecord:
    came_up = record.appeared_at
    if record.published_at is None and record.updated_at is not None:
        came_up = min(first.get(record.ids[0], came_up), record.updated_at)
    return replace(record, appeared_at=min(came_up, now))
