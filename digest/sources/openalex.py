"""Citations of the stored papers, and new works by publication date, from OpenAlex.

https://developers.openalex.org/api-reference/works: GET /works?filter=…&per_page=100 with
`cursor` for lists of any length (which needs a key) or `page` for short ones.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated, Any

from pydantic import Field

from digest.core.errors import (
    SourceError,
    SourceMalformed,
    SourceThrottled,
    SourceUnavailable,
)
from digest.core.fetching import FetchRequest, KnownWork, Page
from digest.core.identifiers import Identifier, PaperId
from digest.core.papers import SourceRecord
from digest.sources.body import Expect
from digest.sources.citation_sweep import (
    Batch,
    CitationSweep,
    Contradiction,
    Found,
    Refused,
    arxiv_ids,
    dois_of,
    for_paper,
)
from digest.sources.etiquette import Pace
from digest.sources.http import PoliteClient
from digest.sources.lists import day_of, today_of
from digest.sources.openalex_window import Window, kept_window
from digest.sources.openalex_works import FIELDS, NAME, OPENALEX, WorkList, parse_works

URL = "https://api.openalex.org/works"
# Artificial intelligence, by the codes of Scopus: what arXiv is asked for by default.
FILTER = "primary_topic.subfield.id:1702"
# The largest that is allowed, of works in a page as of values in a filter.
_PER_PAGE = 100
_MOST_NAMES = 100
# Requests of more than 8 KB are refused; "|" and "/" are sent as three characters.
_MOST_NAME_CHARS = 4_000
_MOST_BYTES = 40_000_000
_MOST_SWEEP_PAGES = 3
_LONGEST_ABSENCE = timedelta(days=60)
# A 403 means that we ask too much (https://developers.openalex.org/api-reference/errors).
_BLOCKED_S = 3600.0
# Characters that a filter takes for its own.
_NOT_IN_FILTER = re.compile(r"[|,\"!\s]")


class _Budget:
    """The requests that one run may still put, of those that it might."""

    def __init__(self, requests: int) -> None:
        self.requests = self.left = requests


class OpenAlex:
    """Works that match `filter` and were published in the last `lookback_days` days (none when
    it is empty), then citations of the stored papers of the last `citation_days` days.

    The index lags days behind: a work is listed late, so the days are read again. A run puts at
    most `requests_per_run` requests, half of them for citations where both are wanted, and the
    next one goes on. The cursor holds `listed_to`, the
    last date of the last whole listing, `listing` while one is broken off, `backfill` likewise
    for dates that were asked for, and the `sweep` of citations.
    """

    name = NAME

    def __init__(
        self,
        client: PoliteClient,
        *,
        url: str = URL,
        api_key: str = "",
        filter: str = FILTER,
        lookback_days: Annotated[int, Field(ge=1, le=60)] = 7,
        citation_days: Annotated[int, Field(ge=1, le=3650)] = 180,
        requests_per_run: Annotated[int, Field(ge=1, le=10_000)] = 300,
        interval_seconds: Annotated[float, Field(ge=0)] = 0.2,
    ) -> None:
        self._client = client
        self._url = url
        self._api_key = api_key
        self._filter = filter.strip().strip(",")
        self._lookback = timedelta(days=lookback_days)
        self._requests = requests_per_run
        self._pace = Pace(
            name="api.openalex.org", interval_s=interval_seconds, blocked_s=_BLOCKED_S
        )
        self._sweep = CitationSweep(
            source=NAME,
            days=citation_days,
            names_of=_asked_by,
            ask=self._ask_about,
            most_names=_MOST_NAMES,
            most_chars=_MOST_NAME_CHARS,
        )

    @property
    def standing_name(self) -> str:
        return self._pace.standing_name

    def fetch(self, request: FetchRequest) -> Iterator[Page]:
        """Raises SourceError where the run breaks off; the cursor of the last page goes on."""
        if request.since is not None or request.until is not None:
            yield from self._chosen(request)
            return
        is_due = self._sweep.is_due(request)
        reserved = self._requests // 2 if self._filter and is_due else 0
        budget = _Budget(self._requests - reserved)
        kept = {key: value for key, value in request.cursor.items() if key != "sweep"}
        sweep = {key: value for key, value in request.cursor.items() if key == "sweep"}
        broken: SourceError | None = None
        try:
            for page in self._newest(request, budget) if self._filter else ():
                kept = dict(page.cursor)
                yield replace(page, cursor={**kept, **sweep})
        except SourceError as error:
            broken = error
        if is_due:
            yield from self._counted(request, kept, budget.left + reserved, broken)
        elif not self._filter:
            yield Page(cursor=request.cursor, note=self._sweep.rest_note(request))
        if broken is not None:
            raise broken

    def _counted(
        self,
        request: FetchRequest,
        kept: dict[str, Any],
        requests: int,
        broken: SourceError | None,
    ) -> Iterator[Page]:
        """The sweep; where it breaks off like the listing, that was the first to say why."""
        try:
            yield from self._sweep.pages(request, kept=kept, requests=requests)
        except SourceThrottled:
            raise
        except SourceError as error:
            raise broken or error from None

    # --- new works

    def _chosen(self, request: FetchRequest) -> Iterator[Page]:
        """Exactly the dates asked for; raises SourceUnavailable when the requests are used up."""
        if not self._filter:
            note = "set sources.openalex.filter to have works listed"
            yield Page(cursor=request.cursor, note=note)
            return
        rest = {key: value for key, value in request.cursor.items() if key != "backfill"}
        today = today_of(request)
        first = request.since or request.until or today
        last = max(first, min(request.until or today, today))
        window = Window(first=first, last=last, filter=self._filter)
        broken = kept_window(request.cursor.get("backfill"), self._filter)
        if broken is not None and (broken.first, broken.last) == (window.first, window.last):
            window = broken
        budget = _Budget(self._requests)
        after: Window | None = window
        for page, after in self._listed(window, budget):
            yield replace(page, cursor=rest | ({"backfill": after.to_json()} if after else {}))
        if after is not None:
            raise SourceUnavailable(
                f"stopped after {self._requests} requests (requests_per_run); "
                "fetch the same dates again to go on"
            )

    def _newest(self, request: FetchRequest, budget: _Budget) -> Iterator[Page]:
        """What a broken listing left over, then up to today; the cursors know of no sweep."""
        kept = {key: value for key, value in request.cursor.items() if key == "backfill"}
        listed_to = day_of(request.cursor.get("listed_to"))
        today = today_of(request)
        window = kept_window(request.cursor.get("listing"), self._filter)
        while budget.left:
            window = window or self._window(today, listed_to)
            after: Window | None = window
            for page, after in self._listed(window, budget):
                listed_to = window.last if after is None else listed_to
                cursor = dict(kept)
                cursor |= {"listed_to": listed_to.isoformat()} if listed_to else {}
                cursor |= {"listing": after.to_json()} if after else {}
                note = page.note
                if after is None and window.last < today and not budget.left:
                    later = f"works since {window.last} are listed next time"
                    note = "; ".join(filter(None, (note, later)))
                yield replace(page, cursor=cursor, note=note)
            if after is not None or window.last >= today:
                return
            window = None

    def _window(self, today: date, listed_to: date | None) -> Window:
        """Back to before the last listing, after an absence of some weeks at most."""
        first = min(listed_to or today, today) - self._lookback
        first = max(first, today - _LONGEST_ABSENCE)
        return Window(first=first, last=today, filter=self._filter)

    def _listed(self, window: Window, budget: _Budget) -> Iterator[tuple[Page, Window | None]]:
        """Pages without their cursor, each with what is then left of the window (None: nothing);
        until the budget is used up."""
        dates = f"from_publication_date:{window.first},to_publication_date:{window.last}"
        omitted = 0
        while budget.left:
            works, window = self._next_page(f"{self._filter},{dates}", window, budget)
            omitted += works.omitted_count
            received = window.received + works.received
            after: Window | None = None
            if works.next_cursor and works.received:
                after = replace(window, at=works.next_cursor, received=received)
            records, bad = _dated(works, window)
            note = ""
            if after is None or not budget.left:
                note = _note(omitted, budget.requests if after is not None else 0)
            done = min(received / works.total, 1.0) if works.total else None
            yield Page(records=records, cursor={}, bad=bad, note=note, done=done), after
            if after is None:
                return
            window = after

    def _next_page(self, wanted: str, window: Window, budget: _Budget) -> tuple[WorkList, Window]:
        """The page at which the window stands; from its start when that is no longer known."""
        budget.left -= 1
        try:
            works = self._ask(wanted, cursor=window.at)
        except Refused:
            if window.at == "*" or not budget.left:
                raise
            budget.left -= 1
            window = replace(window, at="*", received=0)
            works = self._ask(wanted, cursor=window.at)
        if works.next_cursor == window.at:
            raise SourceMalformed("OpenAlex gave the same page twice; its list has no end")
        if _is_gap(works, window) and budget.left:
            budget.left -= 1
            works = self._ask(wanted, cursor=window.at)
        if _is_gap(works, window):
            raise SourceMalformed(
                f"OpenAlex gave an empty page after {window.received} of {works.total} works; "
                "the rest is listed next time"
            )
        return works, window

    # --- citations

    def _ask_about(self, batch: Batch) -> Found:
        """The works of these DOIs, each under the names of the paper that was asked about."""
        names = "|".join(batch.names)
        records: list[SourceRecord] = []
        bad: list[str] = []
        omitted = received = number = 0
        while number < min(_MOST_SWEEP_PAGES, batch.requests):
            number += 1
            works = self._ask(f"doi:{names}", page=number)
            records += works.records
            bad += works.bad
            omitted += works.omitted_count
            received += works.received
            if not works.received or received >= (works.total or 0):
                break
        found, contradictions = _matched(records, batch)
        return Found(
            records=found,
            bad=(*bad, *contradictions),
            omitted_count=omitted,
            request_count=number,
        )

    def _ask(self, wanted: str, **paging: str | int) -> WorkList:
        params = {"filter": wanted, "select": FIELDS, "per_page": _PER_PAGE, **paging}
        if self._api_key:
            params["api_key"] = self._api_key
        answer = self._client.get(
            self._url,
            params=params,
            pace=self._pace,
            accept="application/json",
            expect=Expect.JSON,
            max_bytes=_MOST_BYTES,
            readable=(400, 401),
        )
        if answer.status == 401:
            anew = " anew: the one that is set is not accepted" if self._api_key else ""
            raise SourceUnavailable(f"OpenAlex answered 401: set sources.openalex.api_key{anew}")
        if answer.status == 400:
            raise Refused(str(answer.refusal()))
        try:
            return parse_works(answer.body, one_preprint="cursor" in paging)
        except SourceMalformed as error:
            words = str(error)
            raise SourceMalformed(
                words.replace(self._api_key, "…") if self._api_key else words
            ) from None


def _asked_by(work: KnownWork) -> tuple[str, ...]:
    """The DOIs that a filter can hold: arXiv's own for its papers, then others."""
    arxiv = (f"10.48550/arxiv.{name.value}" for name in sorted(arxiv_ids(work.ids)))
    return tuple(doi for doi in (*arxiv, *dois_of(work)) if not _NOT_IN_FILTER.search(doi))


def _matched(
    records: list[SourceRecord], batch: Batch
) -> tuple[tuple[SourceRecord, ...], tuple[str, ...]]:
    """The records of papers that were asked about, one for each, and what cannot be.

    A preprint and its journal version may be one work or two: of two, the one that is cited most
    speaks for the paper, under the names of both. A work that is no such paper is left out.
    """
    stored = {name: work for work in batch.names.values() for name in work.ids}
    found: dict[PaperId, SourceRecord] = {}
    bad = []
    for record in records:
        # arXiv ids lead, as they do where records are joined.
        names = (name for name in record.ids if name.kind != OPENALEX)
        works = {stored[name].paper_id: stored[name] for name in names if name in stored}
        try:
            for work in list(works.values())[:1]:
                own = for_paper(record, work)
                found[work.paper_id] = _better(found.get(work.paper_id), own)
        except Contradiction as error:
            bad.append(f"OpenAlex {error}")
    return tuple(found.values()), tuple(bad)


def _better(one: SourceRecord | None, other: SourceRecord) -> SourceRecord:
    if one is None:
        return other
    first, second = sorted((one, other), key=_cited, reverse=True)
    return replace(first, ids=tuple(dict.fromkeys([*first.ids, *second.ids])))


def _cited(record: SourceRecord) -> float:
    return max((reading.value for reading in record.readings), default=-1.0)


def _note(omitted: int, stopped_after: int) -> str:
    said = [f"left out retracted works and parts of journals: {omitted}"] if omitted else []
    if stopped_after:
        said.append(f"stopped after {stopped_after} requests; the rest is listed next time")
    return "; ".join(said)


def _is_gap(works: WorkList, window: Window) -> bool:
    """Whether a page is empty that cannot be the end of its list."""
    return bool(works.next_cursor) and not works.received and window.received < (works.total or 0)


def _dated(works: WorkList, window: Window) -> tuple[tuple[SourceRecord, ...], tuple[str, ...]]:
    """The works of the dates asked for, without zeros: those are read again for days."""
    records, bad = [], list(works.bad)
    for record in works.records:
        day = record.appeared_at.date()
        if window.first <= day <= window.last:
            counts = tuple(reading for reading in record.readings if reading.value > 0)
            records.append(replace(record, readings=counts))
        else:
            bad.append(f"{_key(record.ids)} is of {day}, a date that was not asked for")
    return tuple(records), tuple(bad)


def _key(ids: tuple[Identifier, ...]) -> str:
    return next((name.value for name in ids if name.kind == OPENALEX), str(ids[0]))
