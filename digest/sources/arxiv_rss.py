"""What arXiv announced today, from its RSS feed: one request for all categories.

https://info.arxiv.org/help/rss.html. The feed holds one announcement only; it is built anew at
midnight in Ithaca, empty on Saturdays, Sundays and arXiv's holidays, and has been served stale.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any

from pydantic import Field

from digest.core.errors import SourceMalformed, SourceUnavailable
from digest.core.fetching import Cursor, FetchRequest, Page, Shelf
from digest.core.papers import SourceRecord
from digest.sources.answers import Answer, Unchanged
from digest.sources.arxiv import CATEGORIES
from digest.sources.arxiv_announcement import NAME, Announced, Announcement, parse_announcement
from digest.sources.body import Expect
from digest.sources.etiquette import arxiv_pace
from digest.sources.http import PoliteClient

URL = "https://rss.arxiv.org/rss"
_MAX_BYTES = 40_000_000
# So many entries a feed holds at most, whatever was announced.
_MOST_ENTRIES = 2_000
# Midnight in Ithaca is at 04:00 or 05:00 UTC; ten minutes for building.
_BUILT_BY = time(5, 10)
_DAY = timedelta(days=1)
_SATURDAY = 5
# What is announced on a day was submitted up to so long before, over a weekend and a holiday.
_SUBMITTED_BEFORE = timedelta(days=4)
_HASH_CHARS = 20


class ArxivRss:
    """The announcement of `categories` as one page. The cursor holds the day of the last one,
    `announced`, and a hash of its papers, `papers`: by these a stale feed is found out."""

    name = NAME

    def __init__(
        self,
        client: PoliteClient,
        *,
        url: str = URL,
        categories: Annotated[tuple[str, ...], Field(min_length=1)] = CATEGORIES,
        interval_seconds: Annotated[float, Field(ge=0)] = 3.0,
    ) -> None:
        self._client = client
        self._url = f"{url.rstrip('/')}/{'+'.join(categories)}"
        self._pace = arxiv_pace("rss.arxiv.org", interval_seconds)

    @property
    def standing_name(self) -> str:
        return self._pace.standing_name

    def fetch(self, request: FetchRequest) -> Iterator[Page]:
        """One page; with dates asked for, what the feed still holds of them."""
        windowed = request.since is not None or request.until is not None
        answer = self._ask(conditional=not windowed)
        if isinstance(answer, Unchanged):
            yield _unchanged(request)
            return
        feed = _read(answer)
        yield _chosen(feed, request) if windowed else _newest(feed, request)
        # Only now is the page stored; what is oddly empty is to be looked at again.
        if not windowed and feed.entries:
            answer.remember()

    def _ask(self, *, conditional: bool) -> Answer | Unchanged:
        return self._client.get(
            self._url,
            pace=self._pace,
            accept="application/rss+xml, application/atom+xml;q=0.9, application/xml;q=0.8",
            expect=Expect.FEED,
            conditional=conditional,
            max_bytes=_MAX_BYTES,
            readable=(400,),
        )


def _read(answer: Answer) -> Announcement:
    """The feed in an answer; raises SourceUnavailable when it is the refusal of the request."""
    feed = answer.read(parse_announcement)
    if feed.error:
        raise SourceUnavailable(f"arXiv refused the feed: {feed.error}")
    if answer.status == 400:
        raise answer.refusal()
    if feed.day is None:
        raise SourceMalformed("arXiv's feed does not say of which day it is")
    return feed


def _newest(feed: Announcement, request: FetchRequest) -> Page:
    """The whole feed, unless it was stored before."""
    assert feed.day is not None
    kept_day, kept_papers = _kept(request.cursor)
    # No announcement is of a day to come, whatever a feed or a clock that was ahead has said.
    today = request.now.astimezone(UTC).date()
    feed_day, kept_day = min(feed.day, today), min(kept_day, today) if kept_day else None
    papers = _hash(feed)
    if papers and papers == kept_papers and kept_day is not None:
        # Even under a new date it is the old announcement.
        note = "" if feed_day <= kept_day else _stale(kept_day)
        return _unchanged(request, note)
    note = "; ".join(
        filter(
            None,
            (
                _stale_note(feed_day, request.now),
                _gap(kept_day, feed_day),
                _full(feed),
                _still_weekend(feed, request.now),
            ),
        )
    )
    day = max(feed_day, kept_day or feed_day)
    records = _wanted(feed.entries, request.shelf)
    if feed.entries and not records:
        note = note or "announced were new versions only, none of a paper kept here"
    return Page(
        records=records,
        cursor={"announced": day.isoformat(), "papers": papers},
        bad=feed.bad,
        note=note,
    )


def _chosen(feed: Announcement, request: FetchRequest) -> Page:
    first, last = request.since or date.min, request.until or date.max
    entries = [one for one in feed.entries if first <= one.at.date() <= last]
    note = ""
    if not entries:
        note = (
            f"the feed holds {feed.day} only; fetch other days with --source arxiv or "
            "--source arxiv_oai"
        )
    return Page(
        records=_wanted(entries, request.shelf),
        cursor=request.cursor,
        bad=feed.bad,
        note=note,
        done=1.0,
    )


def _unchanged(request: FetchRequest, note: str = "") -> Page:
    kept_day, _ = _kept(request.cursor)
    stale = note or (_stale_note(kept_day, request.now) if kept_day else "")
    return Page(cursor=request.cursor, note=stale or "unchanged since the last fetch")


def _wanted(entries: Sequence[Announced], shelf: Shelf) -> tuple[SourceRecord, ...]:
    """What is new, and new versions of papers that are known: no others, as they are old."""
    names = [identifier for one in entries if not one.is_new for identifier in one.record.ids]
    known = shelf.named(names) if names else {}
    records = []
    for one in entries:
        if one.is_new:
            records.append(one.record)
        elif work := next((known[i] for i in one.record.ids if i in known), None):
            # A new version is no new appearance.
            records.append(replace(one.record, appeared_at=work.published_at, published_at=None))
    return tuple(records)


# --- is it today's?


def _expected(now: datetime) -> date:
    """The day of the announcement that must be out, holidays aside: those feeds are empty, but
    built anew too."""
    now = now.astimezone(UTC)
    day = now.date() if now.time() >= _BUILT_BY else now.date() - _DAY
    while day.weekday() >= _SATURDAY:
        day -= _DAY
    return day


def _stale_note(day: date, now: datetime) -> str:
    return _stale(day) if day < _expected(now) else ""


def _stale(day: date) -> str:
    return f"still the announcement of {day}: arXiv has not built its feed anew"


def _gap(kept_day: date | None, day: date) -> str:
    """Which announcements came between the last one read and this one: they are gone here."""
    if kept_day is None:
        return ""
    days = [kept_day + _DAY * n for n in range(1, (day - kept_day).days)]
    missed = [one for one in days if one.weekday() < _SATURDAY]
    if not missed:
        return ""
    since = missed[0] - _SUBMITTED_BEFORE
    return (
        f"never read what was announced {_span(missed)}, which is gone from the feed; unless "
        f"`arxiv` brought it, run `digest fetch --source arxiv_oai --since {since}`"
    )


def _span(days: Sequence[date]) -> str:
    return f"on {days[0]}" if len(days) == 1 else f"from {days[0]} to {days[-1]}"


def _still_weekend(feed: Announcement, now: datetime) -> str:
    """Monday begins hours earlier in UTC than in Ithaca: no odd day, though a weekday."""
    day = feed.day
    if feed.entries or day is None or day.weekday() < _SATURDAY or day >= now.date():
        return ""
    return f"the feed is still that of {day}, when nothing is announced"


def _full(feed: Announcement) -> str:
    if len(feed.entries) + len(feed.bad) < _MOST_ENTRIES:
        return ""
    return (
        f"the feed holds {_MOST_ENTRIES} entries, as many as arXiv gives: more may have been "
        "announced; ask for fewer categories"
    )


def _hash(feed: Announcement) -> str:
    """What tells one set of entries from another, in any order; "" for no entries."""
    return _digest(f"{one.record.ids[0]}v{one.record.version}" for one in feed.entries)


def _digest(names: Iterable[str]) -> str:
    text = "\n".join(sorted(names))
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_CHARS] if text else ""


def _kept(cursor: Cursor) -> tuple[date | None, str]:
    """The day and the papers kept in a cursor, as far as it can be read."""
    day: Any = cursor.get("announced")
    papers: Any = cursor.get("papers")
    try:
        return date.fromisoformat(day), papers if isinstance(papers, str) else ""
    except (TypeError, ValueError):
        return None, ""
