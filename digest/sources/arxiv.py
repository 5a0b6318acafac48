"""New papers by submission date from the arXiv API.

https://info.arxiv.org/help/api/user-manual.html. The API loses entries in the middle of lists,
and has ignored the order asked for: nothing it says is taken on trust.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Annotated, Any

import structlog
from pydantic import Field

from digest.core.errors import SourceError, SourceMalformed, SourceUnavailable
from digest.core.fetching import Cursor, FetchRequest, Page
from digest.core.papers import SourceRecord
from digest.sources.answers import Answer
from digest.sources.arxiv_feed import NAME, ArxivFeed, parse_feed
from digest.sources.body import Expect
from digest.sources.etiquette import arxiv_pace
from digest.sources.http import PoliteClient

log = structlog.get_logger()

URL = "https://export.arxiv.org/api/query"
CATEGORIES = ("cs.AI", "cs.CL", "cs.CV", "cs.LG", "cs.RO", "stat.ML")
# The server does not page beyond this many results.
_DEEPEST = 10_000
_MAX_BYTES = 40_000_000
_TRIES = 3
_SMALLEST_PAGE = 25
_MINUTE = timedelta(minutes=1)
_FIRST_RUN = timedelta(days=7)
# Papers come out days after their submission: over weekends, holidays, and while on hold.
_OVERLAP = timedelta(days=4)
_LONGEST_ABSENCE = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    """Submissions from `lo` to `hi`, both whole minutes and inclusive, read up to a point.

    `start` results from `seek` on have been read; `seek` moves when `start` would get too deep.
    """

    lo: datetime
    hi: datetime
    seek: datetime
    start: int = 0

    def same(self, other: "_Window | None") -> bool:
        return other is not None and (self.lo, self.hi) == (other.lo, other.hi)

    def done(self, total: int) -> float:
        """The part that is read when there are `total` results from `seek` on; before it, time
        stands for papers."""
        sought = (self.seek - self.lo) / (self.hi - self.lo) if self.hi > self.lo else 0.0
        return sought + (1 - sought) * (min(self.start / total, 1.0) if total else 1.0)

    def to_json(self) -> dict[str, Any]:
        return {
            "window": [self.lo.isoformat(), self.hi.isoformat()],
            "seek": self.seek.isoformat(),
            "start": self.start,
        }


class Arxiv:
    """Papers of `categories`, a page of at most `page_size` at a time, oldest first.

    Without dates asked for: what was submitted since shortly before the newest paper known, the
    cursor's `watermark`, which no list of the same `query` may lack. A run that broke off is
    finished first; so is, when its dates are asked for again, a fetch of chosen dates
    (`backfill`), which leaves the watermark alone.
    """

    name = NAME

    def __init__(
        self,
        client: PoliteClient,
        *,
        url: str = URL,
        categories: Annotated[tuple[str, ...], Field(min_length=1)] = CATEGORIES,
        page_size: Annotated[int, Field(ge=1, le=2000)] = 200,
        interval_seconds: Annotated[float, Field(ge=0)] = 3.0,
    ) -> None:
        self._client = client
        self._url = url
        self._query = " OR ".join(f"cat:{category}" for category in categories)
        self._page_size = page_size
        self._pace = arxiv_pace("export.arxiv.org", interval_seconds)

    @property
    def standing_name(self) -> str:
        return self._pace.standing_name

    def fetch(self, request: FetchRequest) -> Iterator[Page]:
        """Raises SourceError where the run breaks off, SourceMalformed when the list has holes or
        the wrong order; the cursor of the last page given goes on from there."""
        if request.since is not None or request.until is not None:
            yield from self._chosen(request)
        else:
            yield from self._newest(request)

    def _chosen(self, request: FetchRequest) -> Iterator[Page]:
        rest = {key: value for key, value in request.cursor.items() if key != "backfill"}
        window = _chosen_window(request)
        broken = self._kept(request.cursor.get("backfill"))
        if broken is not None and window.same(broken):
            window = broken
        for page, after in self._pages(window):
            left = {} if after is None else {"backfill": after.to_json() | self._of}
            yield replace(page, cursor=rest | left)

    def _newest(self, request: FetchRequest) -> Iterator[Page]:
        kept = {key: value for key, value in request.cursor.items() if key == "backfill"}
        known = self._is_of_these(request.cursor)
        watermark = _moment(request.cursor.get("watermark")) if known else None
        # Whether the watermark is that of a paper of these categories.
        certain = known and "query" in request.cursor
        window = self._kept(request.cursor)
        fresh = window is None
        while True:
            note = ""
            if window is None:
                window, note = _newest_window(request.now, watermark)
            before = watermark if certain and fresh and _lies_in(watermark, window) else None
            newest = window.lo
            count = 0
            for page, after in self._pages(window):
                count += len(page.records)
                newest = max([newest, *(record.appeared_at for record in page.records)])
                watermark = max(newest, watermark or newest)
                certain = certain or bool(page.records)
                cursor: dict[str, Any] = kept | {"watermark": watermark.isoformat()}
                cursor |= self._of if certain else {}
                cursor |= after.to_json() if after is not None else {}
                yield replace(page, cursor=cursor, note=note)
            if count:  # no list at all is `empty`, and suspicious by itself
                _check_end(newest, before)
            if fresh:
                return
            window, fresh = None, True

    @property
    def _of(self) -> dict[str, str]:
        """What a place in a list belongs to: with other categories it is another list."""
        return {"query": self._query}

    def _is_of_these(self, cursor: Cursor) -> bool:
        return bool(cursor.get("query", self._query) == self._query)

    def _kept(self, value: Any) -> _Window | None:
        window = _kept_window(value)
        return window if window is not None and self._is_of_these(value) else None

    def _pages(self, window: _Window) -> Iterator[tuple[Page, _Window | None]]:
        """Pages, whose cursor is for the caller to fill in, each with what is then left of the
        window (None: nothing)."""
        while True:
            feed = self._complete_page(window)
            _check_order(feed.records, window)
            total = feed.total or 0
            read = replace(window, start=window.start + feed.received)
            done = read.done(total)
            after: _Window | None = read
            if read.start >= total:
                after = None
            elif read.start >= _DEEPEST:
                after = _sought(read, feed.records)
            yield Page(records=feed.records, cursor={}, bad=feed.bad, done=done), after
            if after is None:
                return
            window = after

    def _complete_page(self, window: _Window) -> ArxivFeed:
        """A page without holes: asked for again when it comes short, then in smaller pieces."""
        size = min(self._page_size, _DEEPEST - window.start)
        problem: SourceError = SourceMalformed("export.arxiv.org gave no page")
        for attempt in range(2 * _TRIES):
            if attempt == _TRIES:
                size = min(size, max(size // 2, _SMALLEST_PAGE))
            answer = self._ask(window, size)
            try:
                feed = _read(answer)
                expected = _expected(feed, window.start, size)
                if feed.start not in (None, window.start):
                    raise SourceMalformed(f"arXiv gave entries {feed.start}, not {window.start}")
                if feed.received == expected:
                    return feed
                problem = SourceMalformed(
                    f"arXiv gave {feed.received} of {expected} entries at {window.start}, "
                    f"{attempt + 1} times; the rest is fetched next time"
                )
            except SourceMalformed as error:
                problem = error
            log.info("arxiv.page_incomplete", start=window.start, size=size, reason=str(problem))
        raise problem

    def _ask(self, window: _Window, size: int) -> Answer:
        span = f"submittedDate:[{window.seek:%Y%m%d%H%M} TO {window.hi:%Y%m%d%H%M}]"
        return self._client.get(
            self._url,
            params={
                "search_query": f"({self._query}) AND {span}",
                "sortBy": "submittedDate",
                "sortOrder": "ascending",
                "start": window.start,
                "max_results": size,
            },
            pace=self._pace,
            accept="application/atom+xml",
            expect=Expect.XML,
            max_bytes=_MAX_BYTES,
            readable=(400,),
        )


def _read(answer: Answer) -> ArxivFeed:
    """The feed in an answer; raises SourceUnavailable when it is the refusal of the query."""
    feed = answer.read(parse_feed)
    if feed.error:  # sent with status 400, by older servers with 200
        raise SourceUnavailable(f"arXiv refused the query: {feed.error}")
    if answer.status == 400:
        raise answer.refusal()
    if feed.total is None:
        raise SourceMalformed("arXiv's answer does not say how many results there are")
    return feed


def _expected(feed: ArxivFeed, start: int, size: int) -> int:
    """How many entries a whole page holds. In mid-list a total of nothing is a known fault."""
    total = feed.total or 0
    if start and not total:
        return size
    return max(min(size, total - start), 0)


def _check_order(records: Sequence[SourceRecord], window: _Window) -> None:
    """Raises SourceMalformed when the dates are not those asked for, in the order asked for.

    By the first version's date or by this version's: the manual does not say which one counts.
    """
    first = [record.appeared_at for record in records]
    this = [record.updated_at or record.appeared_at for record in records]
    end = window.hi + _MINUTE
    for moments in (first, this):
        inside = all(window.seek <= moment < end for moment in moments)
        if inside and all(a <= b for a, b in pairwise(moments)):
            return
    raise SourceMalformed(
        "arXiv ignored the dates or the order asked for "
        f"({min(first):%Y-%m-%d} to {max(first):%Y-%m-%d}); nothing of this page was stored"
    )


def _lies_in(moment: datetime | None, window: _Window) -> bool:
    return moment is not None and window.lo <= moment < window.hi + _MINUTE


def _check_end(newest: datetime, before: datetime | None) -> None:
    """Raises SourceMalformed when a list ends earlier than the last one, whose newest paper, of
    the moment `before`, must be in it: a short list is no quiet day then."""
    if before is not None and newest < before:
        raise SourceMalformed(
            f"arXiv's list ends before {before:%Y-%m-%d %H:%M} UTC, where it listed a paper the "
            "last time; it is read again next time"
        )


def _sought(window: _Window, records: Sequence[SourceRecord]) -> _Window:
    """The window from the minute of the newest record on: what was read in it is read again."""
    newest = max((record.appeared_at for record in records), default=window.seek)
    seek = newest.replace(second=0, microsecond=0)
    if seek <= window.seek:
        raise SourceMalformed(
            f"arXiv has more than {_DEEPEST} papers of one minute; ask for fewer categories"
        )
    return replace(window, seek=seek, start=0)


def _chosen_window(request: FetchRequest) -> _Window:
    today = request.now.astimezone(UTC).date()
    first = request.since or request.until or today
    last = max(first, min(request.until or today, today))
    lo, end = _midnight(first), _midnight(last + timedelta(days=1))
    return _Window(lo=lo, hi=max(end - _MINUTE, lo), seek=lo)


def _newest_window(now: datetime, watermark: datetime | None) -> tuple[_Window, str]:
    """From shortly before the watermark to now, and a note when the absence was too long."""
    hi = now.astimezone(UTC).replace(second=0, microsecond=0)
    lo = hi - _FIRST_RUN if watermark is None else min(watermark, hi) - _OVERLAP
    note = ""
    if lo < hi - _LONGEST_ABSENCE:
        lo = hi - _LONGEST_ABSENCE
        note = f"only papers since {lo:%Y-%m-%d}; fetch older ones with --since"
    lo = lo.replace(second=0, microsecond=0)
    return _Window(lo=lo, hi=hi, seek=lo), note


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _kept_window(value: Cursor | Any) -> _Window | None:
    """The window kept in a cursor; None when it holds none that can be read."""
    if not isinstance(value, Mapping):
        return None
    try:
        lo, hi = (datetime.fromisoformat(moment) for moment in value["window"])
        seek = datetime.fromisoformat(value.get("seek", value["window"][0]))
        return _Window(lo=lo, hi=hi, seek=seek, start=max(int(value["start"]), 0))
    except (KeyError, TypeError, ValueError):
        return None


def _moment(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
