"""Papers from arXiv's OAI-PMH interface: what changed since a day, one list per category.

https://info.arxiv.org/help/oa. A list is asked for by the day of its records' last change, never
by that of submission: bulk edits bring thousands of old papers, which are told by their dates.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal

import structlog
from pydantic import Field

from digest.core.errors import SourceMalformed, SourceUnavailable
from digest.core.fetching import FetchRequest, Page, Shelf
from digest.core.papers import SourceRecord
from digest.sources.answers import Answer
from digest.sources.arxiv import CATEGORIES
from digest.sources.arxiv_metadata import NAME, Harvest, parse_harvest
from digest.sources.body import Expect
from digest.sources.etiquette import arxiv_pace
from digest.sources.http import PoliteClient

log = structlog.get_logger()

URL = "https://oaipmh.arxiv.org/oai"
_MAX_BYTES = 40_000_000
# What nobody asked for lately takes the server a minute and more to put together.
_SILENCE_S = 100.0
# At 1,000 records and more a page, weeks of all of computer science.
_MOST_PAGES = 500
_FIRST_RUN = timedelta(days=7)
_LONGEST_ABSENCE = timedelta(days=30)
# arXiv does not say in which time zone it counts the days of changes: none is left out.
_OVERLAP = timedelta(days=1)
# A paper comes out days after its submission, over weekends and holidays or after a hold; one
# that is older than that was only edited.
_SUBMITTED_BEFORE = timedelta(days=10)
# Statuses under which servers of OAI-PMH send their errors, which should come with 200.
_ERRORS = (400, 404, 422)
_PHYSICS = frozenset(
    {"astro-ph", "cond-mat", "gr-qc", "hep-ex", "hep-lat", "hep-ph", "hep-th", "math-ph", "nlin",
     "nucl-ex", "nucl-th", "physics", "quant-ph"}
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lists:
    """What is left to harvest: the lists of `sets`, of which the first was read up to `token`.

    Records changed from `since` on; with `until` those of papers submitted from `since` to
    `until`. `begun` is arXiv's date when the first list was asked for.
    """

    since: date
    until: date | None = None
    sets: tuple[str, ...]
    token: str = ""
    given_on: date | None = None
    begun: date | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "since": self.since.isoformat(),
            "until": self.until.isoformat() if self.until else None,
            "sets": list(self.sets),
            "token": self.token,
            "given_on": self.given_on.isoformat() if self.given_on else None,
            "begun": self.begun.isoformat() if self.begun else None,
        }

    def is_new(self, record: SourceRecord) -> bool:
        """Whether the paper was submitted when it is asked for, and not only edited since."""
        submitted = record.appeared_at.date()
        if self.until is not None:
            return self.since <= submitted <= self.until
        return submitted >= self.since - _SUBMITTED_BEFORE


class ArxivOai:
    """Papers of `categories`, a page of the server's choice at a time.

    The cursor's `from` is the day from which changes are asked for next, `run` what is left of
    a run that broke off, `backfill` of a fetch of chosen days: both go on in mid-list. Of papers
    that are not new only those are kept that are known already.
    """

    name = NAME

    def __init__(
        self,
        client: PoliteClient,
        *,
        url: str = URL,
        categories: Annotated[tuple[str, ...], Field(min_length=1)] = CATEGORIES,
        metadata_prefix: Literal["arXiv", "arXivRaw", "oai_dc"] = "arXiv",
        interval_seconds: Annotated[float, Field(ge=0)] = 3.0,
    ) -> None:
        self._client = client
        self._url = url
        self._sets = tuple(dict.fromkeys(map(set_of, categories)))
        self._prefix = metadata_prefix
        self._pace = arxiv_pace("oaipmh.arxiv.org", interval_seconds)

    @property
    def standing_name(self) -> str:
        return self._pace.standing_name

    def fetch(self, request: FetchRequest) -> Iterator[Page]:
        """Raises SourceError where the run breaks off; the cursor of the last page given goes on
        from there."""
        if request.since is not None or request.until is not None:
            yield from self._chosen(request)
        else:
            yield from self._newest(request)

    def _chosen(self, request: FetchRequest) -> Iterator[Page]:
        rest = {key: value for key, value in request.cursor.items() if key != "backfill"}
        first = request.since or request.until or _today(request)
        lists = _Lists(since=first, until=max(request.until or first, first), sets=self._sets)
        if request.until is None:
            lists = replace(lists, until=max(_today(request), first))
        kept = self._kept(request.cursor.get("backfill"), request.now)
        if kept is not None and (kept.since, kept.until) == (lists.since, lists.until):
            lists = kept
        for page, left in self._pages(lists, request):
            yield replace(page, cursor=rest | ({"backfill": left.to_json()} if left.sets else {}))

    def _newest(self, request: FetchRequest) -> Iterator[Page]:
        rest = {key: value for key, value in request.cursor.items() if key == "backfill"}
        since, note = _next_day(request)
        lists = self._kept(request.cursor.get("run"), request.now)
        resumed = lists is not None and lists.since >= since
        if lists is None or not resumed:
            lists = _Lists(since=since, sets=self._sets)
        while True:
            left = lists
            for page, left in self._pages(lists, request):
                cursor: dict[str, Any] = {"from": since.isoformat()}
                if left.sets:
                    cursor["run"] = left.to_json()
                else:
                    cursor["from"] = _after(left, request).isoformat()
                yield replace(page, cursor=rest | cursor, note=note)
            since = _after(left, request)
            # What was left of an older run is done; now what has changed since it began.
            if not resumed or since >= _today(request) - _OVERLAP:
                return
            lists, resumed = _Lists(since=since, sets=self._sets), False

    def _pages(self, lists: _Lists, request: FetchRequest) -> Iterator[tuple[Page, _Lists]]:
        """Pages, whose cursor is for the caller to fill in, each with what is then left."""
        left = lists
        while left.sets:
            for harvest, after in self._list(left):
                left = replace(after, given_on=_today(request) if after.token else None)
                records = _wanted(harvest.records, lists, request.shelf)
                done = self._done(left, harvest)
                yield Page(records=records, cursor={}, bad=harvest.bad, done=done), left

    def _list(self, left: _Lists) -> Iterator[tuple[Harvest, _Lists]]:
        """The first list of `left` from its token to its end, begun anew once when the token is
        refused."""
        asked: set[str] = set()
        restarts = 1
        for _ in range(_MOST_PAGES):
            harvest = self._ask(left)
            if harvest.error == "badResumptionToken" and left.token and restarts:
                log.info("arxiv_oai.list_restarted", set=left.sets[0], reason=harvest.words)
                restarts -= 1
                asked.clear()
                left = replace(left, token="")
                continue
            if harvest.error not in ("", "noRecordsMatch"):
                words = harvest.words or "without words"
                raise SourceUnavailable(f"arXiv's OAI-PMH said {harvest.error}: {words}")
            asked.add(left.token)
            if harvest.token in asked - {""}:
                raise SourceMalformed(
                    f"arXiv's list of {left.sets[0]} runs in a circle: it gave the same "
                    "resumptionToken twice"
                )
            left = _advanced(left, harvest)
            yield harvest, left
            if not harvest.token:
                return
        raise SourceMalformed(
            f"arXiv's list of {left.sets[0]} did not end after {_MOST_PAGES} pages; the rest is "
            "fetched next time"
        )

    def _ask(self, left: _Lists) -> Harvest:
        params = {"verb": "ListRecords"}
        if left.token:  # it stands for all the rest, which must not be sent beside it
            params["resumptionToken"] = left.token
        else:
            params |= {
                "metadataPrefix": self._prefix,
                "set": left.sets[0],
                "from": left.since.isoformat(),
            }
        answer = self._client.get(
            self._url,
            params=params,
            pace=self._pace,
            accept="text/xml, application/xml",
            expect=Expect.XML,
            max_bytes=_MAX_BYTES,
            readable=_ERRORS,
            silence_s=_SILENCE_S,
        )
        return _read(answer)

    def _done(self, left: _Lists, harvest: Harvest) -> float:
        """The part of all lists that is read; of the one in hand where its length is known."""
        part = 0.0
        if harvest.token and harvest.total:
            part = min(((harvest.position or 0) + harvest.received) / harvest.total, 1.0)
        return max(len(self._sets) - len(left.sets) + part, 0.0) / len(self._sets)

    def _kept(self, value: Any, now: datetime) -> _Lists | None:
        """What a cursor kept of a harvest; None when it cannot be read or asks for other sets.

        A token lives until the end of arXiv's day: with one of another day the list begins anew.
        """
        if not isinstance(value, Mapping):
            return None
        try:
            lists = _Lists(
                since=date.fromisoformat(value["since"]),
                until=_day(value["until"]),
                sets=tuple(map(str, value["sets"])),
                token=str(value["token"]),
                given_on=_day(value["given_on"]),
                begun=_day(value["begun"]),
            )
        except (KeyError, TypeError, ValueError):
            return None
        if not lists.sets or not set(lists.sets) <= set(self._sets):
            return None
        fresh = lists.given_on == now.astimezone(UTC).date()
        return lists if fresh else replace(lists, token="")


def set_of(category: str) -> str:
    """The set of OAI-PMH of a category or an archive, as GROUP:ARCHIVE:CATEGORY: `cs:cs:AI`,
    `physics:hep-th`, and `cs` for all of an archive that is a group of its own."""
    archive, _, inner = category.partition(".")
    group = "physics" if archive in _PHYSICS else archive
    if inner:
        return f"{group}:{archive}:{inner}"
    return archive if group == archive and archive != "physics" else f"{group}:{archive}"


def _read(answer: Answer) -> Harvest:
    """The page in an answer; raises SourceUnavailable when it is a refusal in other words."""
    harvest = answer.read(parse_harvest)
    if answer.status in _ERRORS and not harvest.error:
        raise answer.refusal()
    return harvest


def _advanced(left: _Lists, harvest: Harvest) -> _Lists:
    """What is left after a page: the rest of its list, or the lists behind it."""
    responded_on = harvest.responded_at.date() if harvest.responded_at else None
    return replace(
        left,
        sets=left.sets if harvest.token else left.sets[1:],
        token=harvest.token,
        begun=left.begun or responded_on,
    )


def _wanted(
    records: Sequence[SourceRecord], lists: _Lists, shelf: Shelf
) -> tuple[SourceRecord, ...]:
    """New papers, and of the others those that are known."""
    old = [name for record in records if not lists.is_new(record) for name in record.ids]
    known = shelf.named(old) if old else {}
    return tuple(r for r in records if lists.is_new(r) or any(name in known for name in r.ids))


def _next_day(request: FetchRequest) -> tuple[date, str]:
    """The day to ask from, and a note when the absence was too long."""
    today = _today(request)
    kept = request.cursor.get("from")
    try:
        since = min(date.fromisoformat(kept), today) if isinstance(kept, str) else None
    except ValueError:
        since = None
    if since is None:
        return today - _FIRST_RUN, ""
    earliest = today - _LONGEST_ABSENCE
    if since < earliest:
        return earliest, f"only changes since {earliest}; fetch older papers with --since"
    return since, ""


def _after(left: _Lists, request: FetchRequest) -> date:
    """The day to ask from when these lists are read: by arXiv's clock, that of their beginning."""
    return min(left.begun or _today(request), _today(request)) - _OVERLAP


def _today(request: FetchRequest) -> date:
    return request.now.astimezone(UTC).date()


def _day(value: Any) -> date | None:
    return None if value is None else date.fromisoformat(value)
