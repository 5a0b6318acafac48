"""Citations of the stored papers: all of the last months asked about in turn, once a week.

What OpenAlex and Semantic Scholar have in common. Records of a sweep are for papers that were
asked about and for no others: they bring names by which a paper is known elsewhere.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from digest.core.errors import SourceUnavailable
from digest.core.fetching import Cursor, FetchRequest, KnownWork, Page
from digest.core.identifiers import ARXIV, DOI, Identifier, PaperId
from digest.core.papers import Reading, SourceRecord
from digest.core.source_names import source_name

# Citations change slowly: a reading more often would say the same again.
AGAIN_AFTER = timedelta(days=7)
# What has no date appears in no edition.
UNDATED = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST_COUNT = 10**9
# Requests to find the names at fault in one batch: of 500 names, one takes 19.
_MOST_PARTS = 64
# openRxiv's prefix since December 2025; `core.identifiers` keeps all under the one before.
_OLD_PREFIX, _NEW_PREFIX = "10.1101/", "10.64898/"
_PREFIX_CHANGED = "2025.11"


class Contradiction(ValueError):
    """A record is said to be a paper, and carries the arXiv id of another one."""


class Refused(SourceUnavailable):
    """A question that is not one to be answered (400), perhaps for one of its names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Papers to ask about at once: each name to ask by, and whose it is; in at most `requests`
    requests, where one does not do."""

    names: Mapping[str, KnownWork]
    requests: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What came of a batch. `omitted_count` counts works that are left out on purpose, such as
    retracted ones, `request_count` the requests that it took."""

    records: tuple[SourceRecord, ...]
    bad: tuple[str, ...] = ()
    omitted_count: int = 0
    request_count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CitationSweep:
    """How a source is asked about the papers that came up in the last `days` days.

    `names_of` says by which names a paper is asked about (none: it cannot be), `ask` puts a
    batch of at most `most_names` names, `most_chars` characters long together. A batch that it
    Refused is asked again in parts, which may take more requests than a run has.
    """

    source: str
    days: int
    names_of: Callable[[KnownWork], tuple[str, ...]]
    ask: Callable[[Batch], Found]
    most_names: int
    most_chars: int

    def is_due(self, request: FetchRequest) -> bool:
        """Whether a sweep is under way, or the last one began long enough ago."""
        state = _state(request.cursor)
        if state.before is not None or state.began_at is None:
            return True
        return not timedelta() <= request.now - state.began_at < AGAIN_AFTER

    def pages(self, request: FetchRequest, *, kept: Cursor, requests: int) -> Iterator[Page]:
        """A page for each batch, newest papers first, until all were asked about or `requests`
        are used up; the next run goes on from there.

        `kept` is what else belongs into the cursor, which holds `sweep`: when it began, and the
        paper before which it goes on. The last page says in its note what is left to say.
        """
        state = _state(request.cursor)
        began_at, before = state.began_at, state.before
        if began_at is None or before is None:
            began_at, before = request.now, None
        since = request.now - timedelta(days=self.days)
        asked = found_count = omitted = used = 0
        while used < requests:
            works = request.shelf.recent(since=since, limit=self.most_names + 1, before=before)
            taken, names = self._taken(works)
            is_last = len(taken) == len(works) <= self.most_names
            batch = Batch(names=names, requests=requests - used)
            found = in_parts(self.ask, batch) if names else Found(records=(), request_count=0)
            used += found.request_count
            asked += len({work.paper_id for work in names.values()})
            found_count += len(found.records)
            omitted += found.omitted_count
            sweep: dict[str, Any] = {"began_at": began_at.isoformat()}
            if not is_last:
                before = taken[-1].paper_id
                sweep["before"] = before
            ends = is_last or used >= requests
            yield Page(
                records=found.records,
                cursor={**kept, "sweep": sweep},
                bad=found.bad,
                note=self._note(asked, found_count, omitted, whole=is_last) if ends else "",
            )
            if is_last:
                return

    def _taken(
        self, works: tuple[KnownWork, ...]
    ) -> tuple[tuple[KnownWork, ...], dict[str, KnownWork]]:
        """As many of the first papers as one request can name, at least one, and their names."""
        names: dict[str, KnownWork] = {}
        chars = 0
        for number, work in enumerate(works[: self.most_names]):
            more = [name for name in self.names_of(work) if name not in names]
            chars += sum(len(name) + 1 for name in more)
            if number and (len(names) + len(more) > self.most_names or chars > self.most_chars):
                return works[:number], names
            names.update(dict.fromkeys(more, work))
        return works[: self.most_names], names

    def _note(self, asked: int, found: int, omitted: int, *, whole: bool) -> str:
        name = source_name(self.source)
        said = []
        if not asked and whole:
            said.append(f"no paper of the last {self.days} days has a name that {name} knows")
        elif not found:
            said.append(f"{name} knows none of the {asked} papers it was asked about yet")
        if not whole:
            said.append(f"citations of {asked} papers were asked for, of the others next time")
        if omitted:
            said.append(f"left out retracted works and parts of journals: {omitted}")
        return "; ".join(said)

    def rest_note(self, request: FetchRequest) -> str:
        """What to say while no sweep is due."""
        began_at = _state(request.cursor).began_at
        when = f" since {began_at:%Y-%m-%d}" if began_at else ""
        return f"citations were counted{when}, and are again after {AGAIN_AFTER.days} days"


def in_parts(ask: Callable[[Batch], Found], batch: Batch) -> Found:
    """What `ask` finds; where it is Refused, in ever smaller halves without the names at fault.

    Each of these is a line of `bad`, for no batch may hold up those behind it. Raises Refused
    when of three names and more none was accepted: then it is not the names.
    """
    waiting = [tuple(batch.names)]
    parts: list[Found] = []
    bad: list[str] = []
    used = 0
    refused: Refused | None = None
    while waiting and used < _MOST_PARTS:
        names = waiting.pop(0)
        part = {name: batch.names[name] for name in names}
        try:
            found = ask(Batch(names=part, requests=max(1, batch.requests - used)))
        except Refused as error:
            used, refused = used + 1, error
            middle = len(names) // 2
            waiting[:0] = [half for half in (names[:middle], names[middle:]) if middle and half]
            bad += [] if middle else [f"{names[0]} cannot be asked about: {error}"]
        else:
            used += found.request_count
            parts.append(found)
    if refused is not None and not parts and len(batch.names) > 2:
        raise refused
    if waiting:
        bad.append(f"{sum(map(len, waiting))} names were not asked about: too many were refused")
    return _joined(parts, bad, used)


def _joined(parts: list[Found], bad: list[str], request_count: int) -> Found:
    """One Found of several; a paper that two of them found by different names is given once."""
    records = {record.ids[:1]: record for part in parts[::-1] for record in part.records[::-1]}
    return Found(
        records=tuple(reversed(records.values())),
        bad=(*(line for part in parts for line in part.bad), *bad),
        omitted_count=sum(part.omitted_count for part in parts),
        request_count=request_count,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    began_at: datetime | None = None
    before: PaperId | None = None


def _state(cursor: Cursor) -> _State:
    """Where the cursor says that a sweep stands; what cannot be read begins anew."""
    kept = cursor.get("sweep")
    if not isinstance(kept, Mapping):
        return _State()
    try:
        began_at = datetime.fromisoformat(kept["began_at"]).astimezone(UTC)
    except (KeyError, TypeError, ValueError, OverflowError):
        return _State()
    before = kept.get("before")
    return _State(began_at=began_at, before=PaperId(before) if type(before) is int else None)


def dois_of(work: KnownWork) -> tuple[str, ...]:
    """The DOIs to ask by, in lower case: openRxiv's under each prefix that it may have."""
    dois = [name.value for name in work.ids if name.kind == DOI]
    moved = (
        _NEW_PREFIX + doi.removeprefix(_OLD_PREFIX)
        for doi in dois
        if doi.startswith(f"{_OLD_PREFIX}20") and doi.removeprefix(_OLD_PREFIX) >= _PREFIX_CHANGED
    )
    return (*dois, *moved)


def arxiv_ids(names: Collection[Identifier]) -> frozenset[Identifier]:
    return frozenset(name for name in names if name.kind == ARXIV)


def for_paper(record: SourceRecord, work: KnownWork) -> SourceRecord:
    """`record` under the names by which `work` is stored, so that it gets there.

    It appears when the paper last did, which it then did already: a count of citations brings
    no paper into another edition. Nor does it date the paper anew, when a journal prints what
    has long been a preprint. Raises Contradiction when the arXiv ids differ.
    """
    own, stored = arxiv_ids(record.ids), arxiv_ids(work.ids)
    if own and stored and not own & stored:
        raise Contradiction(f"takes {min(stored)} for {min(own)}")
    # Of several preprints in one work only the one asked about is certain.
    uncertain = own - stored if stored or len(own) > 1 else frozenset()
    known = [name for name in work.ids if name.kind in (ARXIV, DOI)]
    others = [name for name in record.ids if name not in uncertain]
    return replace(
        record,
        ids=tuple(dict.fromkeys([*known, *others])),
        appeared_at=work.appeared_at,
        published_at=None,
    )


def citations(value: Any) -> tuple[Reading, ...]:
    """A count of citations as it is given; nothing when it is no count."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST_COUNT:
        return ()
    return (Reading(metric="citations", value=float(value)),)


def publication_moment(day: Any, year: Any = None) -> datetime | None:
    """Midnight in UTC of `YYYY-MM-DD`, else of the first day of `year`; None without both."""
    try:
        moment = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC)
    except (TypeError, ValueError):
        moment = None
    if moment is None and type(year) is int and 1000 <= year <= 9999:
        return datetime(year, 1, 1, tzinfo=UTC)
    return moment
