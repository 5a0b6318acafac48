"""Preprints of biology and medicine by the day they were posted, from bioRxiv and medRxiv.

https://api.biorxiv.org. Each version of a preprint is an entry of its own, on the day of that
version. What the API says of the length of a list is not taken on trust.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated, Any

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
    """A list ended long before its end, at `place`; or perhaps, where its total is not known."""

    def __init__(self, message: str, *, place: Place, is_certain: bool) -> None:
        super().__init__(message)
        self._place = place
        self._is_certain = is_certain

    def to_json(self) -> dict[str, Any]:
        """For the cursor: the list is read again from its beginning, and ended here before."""
        return _left(replace(self._place, at=0), self._place if self._is_certain else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """A page of the days, what is then left of them (None: nothing), and the part done."""

    records: tuple[SourceRecord, ...]
    bad: tuple[str, ...]
    after: Place | None
    done: float
    note: str


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
        from there, or reads a list again that was not whole (the cursor's `short` holds where it
        ended)."""
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
        kept = request.cursor.get("backfill")
        place = kept_place(kept, self._lists)
        if place is None or not place.same_days(first, last):
            place = Place(first=first, last=last, name=self._lists[0])
        short = _kept_short(kept, place)
        try:
            for step in self._steps(place, short, request):
                left = {"backfill": _left(step.after, short)} if step.after else {}
                yield _page(step, rest | left)
        except _CameShort as error:
            yield Page(cursor=rest | {"backfill": error.to_json()})
            raise

    def _newest(self, request: FetchRequest) -> Iterator[Page]:
        base = {k: request.cursor[k] for k in ("read_to", "backfill") if k in request.cursor}
        today, note = today_of(request), ""
        place = kept_place(request.cursor, self._lists)
        if place is None:
            place, note = self._new_place(request.cursor, today)
        short = _kept_short(request.cursor, place)
        while True:
            over = {"read_to": days_before(place.last, 1).isoformat()}
            try:
                for step in self._steps(place, short, request):
                    left = _left(step.after, short) if step.after else over
                    yield _page(step, base | left, note)
            except _CameShort as error:
                yield Page(cursor=base | error.to_json())
                raise
            base, short = base | over, None
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

    def _steps(self, place: Place, short: Place | None, request: FetchRequest) -> Iterator[_Step]:
        """Raises _CameShort when a list ended far before the end it had told, unless it ended
        at the same place, `short`, before."""
        begin = self._lists.index(place.name)
        for number, name in enumerate(self._lists[begin:], start=begin):
            following = self._lists[number + 1 :]
            here = replace(place, name=name, at=place.at if name == place.name else 0)
            for page, at, note in self._one_list(here, short):
                share, after = 1.0, None
                if not _is_last(page, at):
                    share = at / page.total if page.total else 0.0
                    after = replace(here, at=at)
                elif following:
                    after = replace(here, name=following[0], at=0)
                yield _Step(
                    records=_dated(page.records, request.shelf, request.now),
                    bad=page.bad,
                    after=after,
                    done=(number + share) / len(self._lists),
                    note=note,
                )

    def _one_list(self, place: Place, short: Place | None) -> Iterator[tuple[Details, int, str]]:
        """The pages of a list, each with how many entries are then behind us, and a note."""
        turning, at, total = Turning(), place.at, 0
        while True:
            page = self._ask(place, at)
            if not page.received and at:  # the end, or a passing fault
                page = self._ask(place, at)
            total = page.total or total  # an empty page tells none
            note = ""
            if not page.received:
                is_blind = not total and at == place.at > 0
                note = self._end_note(replace(place, at=at), total, short, is_blind=is_blind)
            at += page.received
            if page.received:
                versions = tuple((record.ids, record.version) for record in page.records)
                turning.check((versions, page.bad), at, f"{self.server.venue}'s list")
            yield page, at, note
            if _is_last(page, at):
                return

    def _end_note(self, end: Place, total: int, short: Place | None, *, is_blind: bool) -> str:
        """What to say of a list that ended at `end`; raises _CameShort when that is too early.

        A run that goes on behind pages read before and gets nothing is blind: no total tells
        whether that is the end. A list that is read again and ends at the same place has no more:
        its total is wrong, and may stay so.
        """
        if total - end.at <= _MISCOUNTED and not is_blind:
            return ""
        stopped = f"{self.server.venue} stopped after {end.at}" + (f" of {total}" if total else "")
        if total and end == short:
            return f"{stopped} entries, as the last time: there seem to be no more"
        words = f"{stopped} entries; the list is read again next time"
        raise _CameShort(words, place=end, is_certain=not is_blind)

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


def _page(step: _Step, cursor: Cursor, note: str = "") -> Page:
    return Page(
        records=step.records,
        cursor=cursor,
        bad=step.bad,
        note="; ".join(filter(None, (note, step.note))),
        done=step.done,
    )


def _left(after: Place, short: Place | None) -> dict[str, Any]:
    """What is left of the days, for the cursor, and where a list of them came short before."""
    return after.to_json() | ({"short": short.to_json()} if short else {})


def _kept_short(kept: Any, place: Place) -> Place | None:
    """Where a list came short when these days were read before, as far as that can be read."""
    value = kept.get("short") if isinstance(kept, Mapping) else None
    short = kept_place(value, (place.name,))
    return short if short and short.same_days(place.first, place.last) else None


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
