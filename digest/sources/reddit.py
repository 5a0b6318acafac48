"""Scores and comments on Reddit, for papers that are stored already.

https://www.reddit.com/dev/api#GET_new: the newest posts of a subreddit, 100 a page, about 1,000
in all. Reddit answers programs only with an application's credentials
(https://github.com/reddit-archive/reddit/wiki/OAuth2#application-only-oauth); what it still gives
without is a feed, which has neither scores nor comments.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

from digest import __version__
from digest.core.errors import SourceError, SourceMalformed, SourceUnavailable
from digest.core.fetching import FetchRequest, Page
from digest.sources.answers import Answer
from digest.sources.body import Expect
from digest.sources.discussions import Discussion, Memory, count, text_of
from digest.sources.etiquette import Pace
from digest.sources.http import PoliteClient
from digest.sources.json_body import json_of
from digest.sources.lists import chosen_days, midnight
from digest.sources.mentions import mentioned
from digest.sources.text import clean

NAME = "reddit"
URL = "https://oauth.reddit.com"
GRANT_URL = "https://www.reddit.com/api/v1/access_token"
_LIMIT = 100
# Reddit gives no more than about 1,000 posts of a listing.
_MOST_PAGES = 11
_APPLICATION = f"python:digest:{__version__}"
_POST = "t3"
_MOST_TOKEN_CHARS = 4_000


class _Closed(SourceUnavailable):
    """One subreddit cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One page of posts. `after` asks for the next one, "" at the end; `received` counts the
    entries, read or not."""

    posts: tuple[Discussion, ...]
    bad: tuple[str, ...] = ()
    received: int
    after: str = ""


def parse_listing(body: bytes) -> Listing:
    """The posts of a listing or a search, in the order given; comments among them are left out.

    A post that cannot be read becomes one line of `bad`. Raises SourceMalformed when the whole
    is no listing, with Reddit's own words where it gives some.
    """
    answer = json_of(body, "Reddit's listing")
    data = answer.get("data") if isinstance(answer, dict) else None
    children = data.get("children") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(children, list):
        said = _words(answer)
        raise SourceMalformed(f"Reddit gave no listing{': ' if said else ''}{said}")
    posts, bad = [], []
    for number, child in enumerate(children, start=1):
        try:
            post = _post(child)
        except ValueError as error:
            bad.append(f"post {number} {error}")
        else:
            posts += [post] if post else []
    after = data.get("after")
    return Listing(
        posts=tuple(posts),
        bad=tuple(bad),
        received=len(children),
        after=after if isinstance(after, str) and len(after) <= 100 else "",
    )


def _post(child: Any) -> Discussion | None:
    """None for what is no post; raises ValueError with what is wrong, to follow "post N"."""
    data = child.get("data") if isinstance(child, dict) else None
    if not isinstance(data, dict):
        raise ValueError("holds nothing")
    if child.get("kind", _POST) != _POST:
        return None
    key = clean(data.get("id"), 40)
    if not key:
        raise ValueError("has no id")
    created_s = count(data.get("created_utc"))
    try:
        created_at = datetime.fromtimestamp(created_s if created_s is not None else -1, UTC)
    except (ValueError, OverflowError, OSError):
        created_s = None
    if created_s is None:
        raise ValueError(f"({key}) has no date")
    score = count(data.get("score"))
    return Discussion(
        key=key,
        created_at=created_at,
        points=count(data.get("ups")) if score is None else score,
        comments=count(data.get("num_comments")),
        mentions=mentioned(
            text_of(data, "url"), f"{text_of(data, 'title')}\n{text_of(data, 'selftext')}"
        ),
    )


def parse_token(body: bytes) -> str:
    """The access token in an answer; raises SourceUnavailable, with Reddit's words, for none."""
    answer = json_of(body, "Reddit's answer to the credentials")
    token = answer.get("access_token") if isinstance(answer, dict) else None
    if not isinstance(token, str) or not token or len(token) > _MOST_TOKEN_CHARS:
        raise _not_accepted(_words(answer) or "it gave no token")
    if not token.isascii() or not token.isprintable():
        raise SourceMalformed("Reddit gave an access token that cannot be sent")
    return token


def _words(answer: Any) -> str:
    if not isinstance(answer, dict):
        return ""
    said = [clean(str(answer.get(key) or ""), 100) for key in ("reason", "message", "error")]
    return " ".join(word for word in said if word)


def _not_accepted(why: str) -> SourceUnavailable:
    return SourceUnavailable(
        "Reddit did not accept the credentials "
        f"({why}): check sources.reddit.client_id and client_secret"
    )


class Reddit:
    """One page of observations a fetch: how the posts of the last `days` about papers stand.

    The same posts are read again each time, so that their scores become a series. The cursor
    holds the `posts` of the last month, see `discussions`.
    """

    name = NAME

    def __init__(
        self,
        client: PoliteClient,
        *,
        url: str = URL,
        token_url: Annotated[str, Field(pattern=r"^https?://[^\s/]+")] = GRANT_URL,
        client_id: str = "",
        client_secret: str = "",
        username: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,40}$")] = "",
        subreddits: Annotated[
            tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{2,50}$")], ...],
            Field(min_length=1),
        ] = ("MachineLearning",),
        days: Annotated[int, Field(ge=1, le=30)] = 7,
        interval_seconds: Annotated[float, Field(ge=0)] = 1.0,
    ) -> None:
        self._client = client
        self._url = url.rstrip("/")
        self._token_url = token_url
        self._credentials = {"client_id": client_id, "client_secret": client_secret}
        # Reddit wants to know who runs a program; without a name our usual one says it.
        self._agent = {"User-Agent": f"{_APPLICATION} (by /u/{username})"} if username else {}
        self._subreddits = subreddits
        self._days = days
        self._pace = Pace(name="reddit.com", interval_s=interval_seconds)

    @property
    def standing_name(self) -> str:
        return self._pace.standing_name

    def fetch(self, request: FetchRequest) -> Iterator[Page]:
        """Raises SourceError where a listing cannot be read; what was learnt before is given."""
        missing = [f"sources.reddit.{key}" for key, value in self._credentials.items() if not value]
        if missing:
            raise SourceUnavailable(
                f"Reddit answers only with credentials: set {' and '.join(missing)} "
                "(an app of kind script, from https://www.reddit.com/prefs/apps)"
            )
        first, last = chosen_days(request)
        if first > last:
            yield Page(cursor=request.cursor, note="these days are still to come")
            return
        memory = Memory(request.cursor.get("posts"), request.shelf, now=request.now, metric="score")
        bad: dict[str, None] = {}
        notes: list[str] = []
        broken: SourceError | None = None
        try:
            headers = {"Authorization": f"Bearer {self._token()}", **self._agent}
            for subreddit in self._subreddits:
                closed = self._read(subreddit, request, headers, memory, bad, notes)
                broken = broken or closed
        except SourceError as error:
            broken = error
        observations = memory.observations()
        if not observations:
            notes.append(f"none of {memory.seen_count} posts is about a paper kept here")
        if broken is None or observations:
            yield Page(
                observations=observations,
                cursor={**request.cursor, "posts": memory.to_json()},
                bad=tuple(bad),
                note="; ".join(notes),
            )
        if broken is not None:
            raise broken

    def _read(
        self,
        subreddit: str,
        request: FetchRequest,
        headers: dict[str, str],
        memory: Memory,
        bad: dict[str, None],
        notes: list[str],
    ) -> SourceError | None:
        """Why a subreddit is not to be read, None when it was; the others may be."""
        first, _ = _window(request, self._days)
        oldest, received, after = request.now, 0, ""
        try:
            for listing in self._listings(subreddit, request, headers):
                memory.meet(_asked_for(listing.posts, request, self._days))
                bad.update(dict.fromkeys(listing.bad))
                oldest = min((oldest, *(post.created_at for post in listing.posts)))
                received, after = received + listing.received, listing.after
        except _Closed as error:
            return error
        # A small subreddit ends with its first post, others where Reddit gives no more.
        if oldest >= first and (after or received >= _LIMIT):
            notes.append(f"r/{subreddit} gives no posts from before {oldest:%Y-%m-%d %H:%M} UTC")
        return None

    def _token(self) -> str:
        """Good for an hour, which no fetch takes: each asks for its own."""
        pair = ":".join(self._credentials.values())
        answer = self._client.post(
            self._token_url,
            form={"grant_type": "client_credentials"},
            pace=self._pace,
            headers={
                "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}",
                **self._agent,
            },
            readable=(400, 401),
        )
        if answer.status != 200:
            raise _not_accepted(f"answered {answer.status}")
        return parse_token(answer.body)

    def _listings(
        self, subreddit: str, request: FetchRequest, headers: dict[str, str]
    ) -> Iterator[Listing]:
        """Page after page of the newest posts, until they are older than what is asked for."""
        first, _ = _window(request, self._days)
        after = ""
        for _ in range(_MOST_PAGES):
            answer = self._client.get(
                f"{self._url}/r/{subreddit}/new",
                params={"limit": _LIMIT, "raw_json": 1} | ({"after": after} if after else {}),
                pace=self._pace,
                accept="application/json",
                expect=Expect.JSON,
                headers=headers,
                readable=(401, 403, 404),
            )
            if answer.status != 200:
                raise _refused(subreddit, answer)
            listing = parse_listing(answer.body)
            yield listing
            newest = max((post.created_at for post in listing.posts), default=first)
            if not listing.after or listing.after == after or newest < first:
                return
            after = listing.after


def _refused(subreddit: str, answer: Answer) -> SourceUnavailable:
    if answer.status == 401:
        return _not_accepted("answered 401 to the token it gave")
    if answer.status == 404:
        return _Closed(f"there is no r/{subreddit} on Reddit: check sources.reddit.subreddits")
    return _Closed(f"r/{subreddit} is closed to us: {answer.refusal()}")


def _asked_for(posts: tuple[Discussion, ...], request: FetchRequest, days: int) -> list[Discussion]:
    first, end = _window(request, days)
    return [post for post in posts if first <= post.created_at < end]


def _window(request: FetchRequest, days: int) -> tuple[datetime, datetime]:
    """From when to when (exclusive) posts are read; the clock of Reddit may be ahead a little."""
    if request.since is None and request.until is None:
        return request.now - timedelta(days=days), request.now + timedelta(days=1)
    first, last = chosen_days(request)
    return midnight(first), midnight(last) + timedelta(days=1)
