"""Stars on GitHub of the repositories of stored papers, in sweeps over the newest of them.

https://docs.github.com/en/rest/repos/repos#get-a-repository: GET /repos/{owner}/{repo}. Without
a token 60 requests an hour are allowed, with one 5,000.

Nothing is asked conditionally: a 304 would save the quota only with a token, where it is not
short, and would leave a hole in the series where the number of stars is what we came for.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import Field

from digest.core.errors import (
    SourceError,
    SourceMalformed,
    SourceThrottled,
    SourceUnavailable,
)
from digest.core.fetching import Cursor, FetchRequest, Observation, Page
from digest.core.identifiers import PaperId
from digest.core.papers import Reading
from digest.sources.answers import Answer
from digest.sources.body import Expect, excerpt
from digest.sources.discussions import count
from digest.sources.etiquette import Pace
from digest.sources.http import PoliteClient
from digest.sources.json_body import json_object
from digest.sources.mentions import works_by_repository
from digest.sources.text import clean

NAME = "github"
URL = "https://api.github.com"
_VERSION = "2022-11-28"
_PAGE = 20
_SWEEP_EVERY = timedelta(hours=12)
# Repositories in a row that cannot be read: then it is GitHub and not the repositories.
_FAILED_IN_A_ROW = 3
_GONE = (404, 410, 451)
_TOO_OFTEN = re.compile(r"(?i)rate limit|abuse detection")
# What GitHub asks for when it gives no time (docs: "Rate limits for the REST API").
_SECONDARY_LIMIT_S = 60
_NOT_FOR_US = re.compile(r"(?i)access (?:to this repository )?(?:is )?blocked|not accessible|SAML")


class _Refused(SourceUnavailable):
    """GitHub refuses us, and not only one repository."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """`name` is `owner/name` as GitHub spells it today."""

    name: str
    stars: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Repositories:
    repositories: tuple[Repository, ...]
    bad: tuple[str, ...] = ()


def parse_repositories(body: bytes) -> Repositories:
    """The repository that an answer is, or those that the list of a search holds, in its order.

    One that cannot be read becomes one line of `bad`. Raises SourceMalformed when the whole is
    neither.
    """
    answer = json_object(body, "GitHub's answer")
    items = answer.get("items", [answer])
    if "stargazers_count" not in answer and "items" not in answer:
        said = clean(answer.get("message"), 200) or "it has no stars"
        raise SourceMalformed(f"GitHub's answer is no repository: {said}")
    if not isinstance(items, list):
        raise SourceMalformed("GitHub's answer holds no list of repositories")
    found, bad = [], []
    for number, item in enumerate(items, start=1):
        name = clean(item.get("full_name"), 200) if isinstance(item, dict) else ""
        stars = count(item.get("stargazers_count")) if isinstance(item, dict) else None
        if not name:
            bad.append(f"repository {number} has no name")
        elif stars is None:
            bad.append(f"repository {number} ({name}) does not tell its stars")
        else:
            found.append(Repository(name=name, stars=stars))
    return Repositories(repositories=tuple(found), bad=tuple(bad))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sweep:
    """One passage over the papers, newest first: all from id `below` on have been asked about."""

    began_at: datetime
    below: PaperId | None = None
    ended: bool = False

    def to_json(self) -> dict[str, Any]:
        return {"began_at": self.began_at.isoformat(), "below": self.below, "ended": self.ended}


@dataclass(slots=True)
class _Batch:
    """What one page of repositories brought."""

    observations: list[Observation] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)
    asked: int = 0
    gone: int = 0
    error: SourceError | None = None


class GitHub:
    """How many stars the repositories of papers of the last `days` have, one request each.

    The cursor holds where the sweep is: `began_at`, `below` which paper it goes on, and whether
    it has `ended`. After its end the next one begins 12 hours after its beginning.
    """

    name = NAME

    def __init__(
        self,
        client: PoliteClient,
        *,
        url: str = URL,
        token: str = "",
        days: Annotated[int, Field(ge=1, le=365)] = 30,
        requests_per_run: Annotated[int, Field(ge=1, le=5000)] = 50,
        interval_seconds: Annotated[float, Field(ge=0)] = 1.0,
    ) -> None:
        self._client = client
        self._url = url.rstrip("/")
        self._headers = {"X-GitHub-Api-Version": _VERSION}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._days = days
        self._most = requests_per_run
        self._pace = Pace(name="api.github.com", interval_s=interval_seconds)

    @property
    def standing_name(self) -> str:
        return self._pace.standing_name

    def fetch(self, request: FetchRequest) -> Iterator[Page]:
        """Raises SourceError where the sweep breaks off; the next fetch goes on from there."""
        if request.since is not None or request.until is not None:
            note = "GitHub only tells how many stars there are now, not of days past"
            yield Page(cursor=request.cursor, note=note)
            return
        sweep = _kept_sweep(request.cursor)
        if sweep and sweep.ended and timedelta() <= request.now - sweep.began_at < _SWEEP_EVERY:
            again_at = sweep.began_at + _SWEEP_EVERY
            note = f"every repository has been asked about; again from {again_at:%H:%M} UTC on"
            yield Page(cursor=sweep.to_json(), note=note)
            return
        if sweep is None or sweep.ended or sweep.began_at > request.now:
            sweep = _Sweep(began_at=request.now)
        yield from self._swept(request, sweep)

    def _swept(self, request: FetchRequest, sweep: _Sweep) -> Iterator[Page]:
        since = request.now - timedelta(days=self._days)
        works = works_by_repository(request.shelf, since=since)
        # A repository has its turn with the newest of its papers.
        left = [one for one in works.items() if sweep.below is None or one[1][0] < sweep.below]
        left.sort(key=lambda one: -one[1][0])
        chosen = left[: self._most]
        if not chosen:
            note = "" if works else f"no paper of the last {self._days} days has a repository"
            ended = _Sweep(began_at=sweep.began_at, ended=True)
            yield Page(cursor=ended.to_json(), note=note or "every repository has been asked about")
            return
        asked = gone = 0
        for start in range(0, len(chosen), _PAGE):
            batch = self._asked(chosen[start : start + _PAGE])
            asked, gone = asked + batch.asked, gone + batch.gone
            if batch.asked:
                at_end = asked == len(left)
                below = chosen[asked - 1][1][0]
                last = at_end or asked == len(chosen) or batch.error is not None
                yield Page(
                    observations=tuple(batch.observations),
                    cursor=_Sweep(began_at=sweep.began_at, below=below, ended=at_end).to_json(),
                    bad=tuple(batch.bad),
                    note=_note(asked, gone, len(left)) if last else "",
                    done=asked / len(chosen),
                )
            if batch.error is not None:
                raise batch.error

    def _asked(self, repositories: Sequence[tuple[str, tuple[PaperId, ...]]]) -> _Batch:
        """Asks about each in turn, until one brings an error that speaks for all."""
        batch = _Batch()
        failed = 0
        for key, papers in repositories:
            found = None
            try:
                found = self._stars(key)
            except SourceError as error:
                failed += 1
                if _speaks_for_all(error) or failed == _FAILED_IN_A_ROW:
                    batch.error = error
                    return batch
                batch.bad.append(f"{key}: {error}")
            else:
                failed = 0
                batch.gone += found is None
            batch.asked += 1
            if found is not None:
                readings = (Reading(metric="stars", value=found),)
                batch.observations += [Observation(paper_id=p, readings=readings) for p in papers]
        return batch

    def _stars(self, key: str) -> float | None:
        """The stars of `owner/name`; None when it is not there for us any more."""
        answer = self._client.get(
            f"{self._url}/repos/{quote(key, safe='/')}",
            pace=self._pace,
            accept="application/vnd.github+json",
            expect=Expect.JSON,
            headers=self._headers,
            readable=(401, 403, *_GONE),
        )
        if answer.status in _GONE:
            return None
        if answer.status != 200:
            _check_refusal(answer)
            return None
        page = parse_repositories(answer.body)
        if not page.repositories:
            raise SourceMalformed(next(iter(page.bad), "GitHub's answer is an empty list"))
        return page.repositories[0].stars


def _speaks_for_all(error: SourceError) -> bool:
    """Whether no other repository is to be asked about after this error either."""
    waits = isinstance(error, SourceUnavailable) and error.retry_after_s > 0
    return waits or isinstance(error, _Refused | SourceThrottled)


def _check_refusal(answer: Answer) -> None:
    """Raises SourceUnavailable when GitHub refuses us, and not only this one repository."""
    if answer.status == 401:
        raise _Refused("GitHub did not accept the token: check sources.github.token")
    words = excerpt(answer.body)
    if _TOO_OFTEN.search(words):
        raise SourceThrottled(
            f"GitHub asked us to wait (answered {answer.status})", retry_after_s=_SECONDARY_LIMIT_S
        )
    if not _NOT_FOR_US.search(words):
        raise _Refused(str(answer.refusal()))


def _note(asked: int, gone: int, left: int) -> str:
    parts = [f"{gone} of {asked} repositories are gone or closed"] if gone else []
    if asked < left:
        parts.append(f"{left - asked} repositories are left for next time")
    return "; ".join(parts)


def _kept_sweep(cursor: Cursor) -> _Sweep | None:
    """The sweep kept in a cursor; None when it holds none that can be read."""
    try:
        began_at = datetime.fromisoformat(cursor["began_at"])
        below = cursor["below"]
        if began_at.tzinfo is None:
            return None
        return _Sweep(
            began_at=began_at,
            below=None if below is None else PaperId(int(below)),
            ended=cursor["ended"] is True,
        )
    except (KeyError, TypeError, ValueError):
        return None
