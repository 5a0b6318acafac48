"""Points and comments on Hacker News, for papers that are stored already.

https://hn.algolia.com/api: GET /api/v1/search_by_date?tags=story&query=…&numericFilters=… gives
stories, newest first. It fails in silence, with status 200: a filter it does not know finds
nothing, and no more than 1,000 hits of a search can be had, however one pages.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

from digest.core.errors import SourceError, SourceMalformed, SourceUnavailable
from digest.core.fetching import FetchRequest, Page
from digest.sources.body import Expect
from digest.sources.discussions import Discussion, Memory, count, text_of
from digest.sources.etiquette import Pace
from digest.sources.http import PoliteClient
from digest.sources.json_body import json_object
from digest.sources.lists import chosen_days, midnight
from digest.sources.mentions import mentioned
from digest.sources.text import clean

NAME = "hacker_news"
URL = "https://hn.algolia.com/api/v1/search_by_date"
# What is looked for in the links of stories. Most papers come as a link to arXiv.
_ARXIV = "arxiv.org"
PLACES = (
    _ARXIV,
    "huggingface.co/papers",
    "alphaxiv.org",
    "biorxiv.org",
    "medrxiv.org",
    "openreview.net",
    "github.com",
)
# The most that one search gives.
_MOST_HITS = 1_000
# Of one fetch. A week takes one at each place, of GitHub three.
_MOST_REQUESTS = 40
_TOO_MANY = re.compile(r"(?i)\b1,?000\b")
_STORY = "story"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stories:
    """One answer. `received` counts its hits, read or not; `limit` is how many there can be in
    it; `message` is what the service has to say about it, "" for nothing."""

    stories: tuple[Discussion, ...]
    bad: tuple[str, ...] = ()
    received: int
    limit: int
    message: str = ""

    @property
    def is_cut(self) -> bool:
        """Whether there may be more stories than those given."""
        return self.received >= self.limit or (not self.received and bool(self.message))


def parse_stories(body: bytes) -> Stories:
    """The stories of a search, in the order given, or the one that a tree of comments is about.

    Comments and polls among the hits are left out. A hit that cannot be read becomes one line of
    `bad`. Raises SourceMalformed when the whole is neither.
    """
    answer = json_object(body, "Hacker News's list of stories")
    message = clean(answer.get("message") or answer.get("error"), 200)
    hits = [answer] if answer.get("type") == _STORY else answer.get("hits")
    if not isinstance(hits, list):
        raise SourceMalformed(f"Hacker News gave no list of stories: {message or 'no hits'}")
    stories, bad = [], []
    for number, hit in enumerate(hits, start=1):
        try:
            story = _story(hit)
        except ValueError as error:
            bad.append(f"hit {number} {error}")
        else:
            stories += [story] if story else []
    limit = answer.get("hitsPerPage")
    sensible = isinstance(limit, int) and not isinstance(limit, bool) and 0 < limit < _MOST_HITS
    return Stories(
        stories=tuple(stories),
        bad=tuple(bad),
        received=len(hits),
        limit=int(limit) if sensible and limit else _MOST_HITS,
        message=message,
    )


def _story(hit: Any) -> Discussion | None:
    """None for what is no story; raises ValueError with what is wrong, to follow "hit N"."""
    if not isinstance(hit, dict):
        raise ValueError("is no object")
    tags = hit.get("_tags")
    if isinstance(tags, list) and _STORY not in tags:
        return None
    key = _key(hit.get("objectID"), hit.get("story_id"), hit.get("id"))
    comments = count(hit.get("num_comments"))
    if comments is None and isinstance(hit.get("children"), list) and "type" in hit:
        comments = _comments_below(hit)
    return Discussion(
        key=key,
        created_at=_created(hit, key),
        points=count(hit.get("points")),
        comments=comments,
        mentions=mentioned(text_of(hit, "url"), text_of(hit, "story_text", "text")),
    )


def _key(*values: Any) -> str:
    for value in values:
        text = value if isinstance(value, str) else ""
        text = str(value) if type(value) is int and abs(value) < 10**15 else text
        if text.isdecimal() and len(text) < 16:
            return text
    raise ValueError("has no id")


def _created(hit: Mapping[str, Any], key: str) -> datetime:
    seconds = count(hit.get("created_at_i"))
    try:
        if seconds is not None:
            return datetime.fromtimestamp(seconds, UTC)
        moment = datetime.fromisoformat(hit["created_at"])
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        raise ValueError(f"({key}) has no date") from None


def _comments_below(tree: Mapping[str, Any]) -> float:
    """How many comments with words a tree holds; deleted ones stay in it without."""
    total, waiting = 0, [tree]
    while waiting:
        children = waiting.pop().get("children")
        for child in children if isinstance(children, list) else ():
            if isinstance(child, dict):
                total += bool(child.get("text"))
                waiting.append(child)
    return float(total)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """The seconds of Unix time after `after` and before `before`; None: up to now."""

    after: int
    before: int | None

    def filters(self) -> str:
        end = "" if self.before is None else f",created_at_i<{self.before}"
        return f"created_at_i>{self.after}{end}"

    def holds(self, moment: datetime) -> bool:
        second = int(moment.timestamp())
        return self.after < second and (self.before is None or second < self.before)

    def halves(self, now: datetime) -> "tuple[_Span, ...]":
        """Newer half first; none when there is one second left."""
        before = int(now.timestamp()) + 1 if self.before is None else self.before
        middle = (self.after + before) // 2
        if before - self.after < 3:
            return ()
        return (
            _Span(after=middle, before=self.before),
            _Span(after=self.after, before=middle + 1),
        )


class HackerNews:
    """One page of observations a fetch: how the stories of the last `days` about papers stand.

    The same stories are asked for again each time, so that their points become a series. The
    cursor holds the `stories` of the last month, see `discussions`.
    """

    name = NAME

    def __init__(
        self,
        client: PoliteClient,
        *,
        url: str = URL,
        days: Annotated[int, Field(ge=1, le=30)] = 7,
        interval_seconds: Annotated[float, Field(ge=0)] = 1.0,
    ) -> None:
        self._client = client
        self._url = url
        self._days = days
        self._pace = Pace(name="hn.algolia.com", interval_s=interval_seconds)

    @property
    def standing_name(self) -> str:
        return self._pace.standing_name

    def fetch(self, request: FetchRequest) -> Iterator[Page]:
        """Raises SourceError where a place cannot be asked; what was learnt before is given."""
        first, last = chosen_days(request)
        if first > last:
            yield Page(cursor=request.cursor, note="these days are still to come")
            return
        memory = Memory(
            request.cursor.get("stories"), request.shelf, now=request.now, metric="points"
        )
        bad: dict[str, None] = {}
        notes: list[str] = []
        broken: SourceError | None = None
        try:
            left = _MOST_REQUESTS
            for number, place in enumerate(PLACES, start=1):
                # No place takes the requests of all others: one is left for each.
                most = left - (len(PLACES) - number)
                left -= self._ask_about(place, request, memory, bad, notes, most)
            if not left:
                notes.append(f"stopped after {_MOST_REQUESTS} requests")
        except SourceError as error:
            broken = error
        observations = memory.observations()
        if not observations:
            notes.append(f"none of {memory.seen_count} stories is about a paper kept here")
        if broken is None or observations:
            yield Page(
                observations=observations,
                cursor={**request.cursor, "stories": memory.to_json()},
                bad=tuple(bad),
                note="; ".join(dict.fromkeys(notes)),
            )
        if broken is not None:
            raise broken

    def _ask_about(
        self,
        place: str,
        request: FetchRequest,
        memory: Memory,
        bad: dict[str, None],
        notes: list[str],
        most: int,
    ) -> int:
        """All stories that link to a place, in halves of the time where one answer is too small;
        in at most `most` requests. Returns how many it took."""
        received, unread, asked = 0, False, 0
        spans = [_asked_span(request, self._days)]
        while spans and asked < most:
            span = spans.pop(0)
            asked += 1
            answer = self._stories(place, span)
            received += answer.received
            memory.meet(answer.stories)
            bad.update(dict.fromkeys(answer.bad))
            if not answer.is_cut:
                continue
            if not all(span.holds(story.created_at) for story in answer.stories):
                notes.append("the search ignores the dates asked for")
                return asked
            halves = span.halves(request.now)
            unread = unread or not halves
            spans = [*halves, *spans]
        if spans or unread:
            notes.append(f"there are more stories about {place} than could be read")
        if place == _ARXIV and not received:
            notes.append(
                f"no story links to {place} in {_length(request, self._days)}, which is hard to "
                "believe: the search may have ignored what it was asked"
            )
        return asked

    def _stories(self, place: str, span: _Span) -> Stories:
        answer = self._client.get(
            self._url,
            params={
                "tags": _STORY,
                "query": place,
                "restrictSearchableAttributes": "url",
                "numericFilters": span.filters(),
                "hitsPerPage": _MOST_HITS,
            },
            pace=self._pace,
            accept="application/json",
            expect=Expect.JSON,
        )
        stories = parse_stories(answer.body)
        if stories.message and not stories.received and not _TOO_MANY.search(stories.message):
            raise SourceUnavailable(f"Hacker News refused the search: {stories.message}")
        return stories


def _asked_span(request: FetchRequest, days: int) -> _Span:
    if request.since is None and request.until is None:
        after = request.now - timedelta(days=days)
        return _Span(after=int(after.timestamp()), before=None)
    first, last = chosen_days(request)
    end = midnight(last) + timedelta(days=1)
    return _Span(after=int(midnight(first).timestamp()) - 1, before=int(end.timestamp()))


def _length(request: FetchRequest, days: int) -> str:
    windowed = request.since is not None or request.until is not None
    return "the days asked for" if windowed else f"{days} days"
