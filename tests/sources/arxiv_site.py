"""arXiv on loopback: its API, its RSS feed and its OAI-PMH interface tell of the same papers, each
as the real one does, by a fake clock."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from tests.fakes import FakeClock
from tests.sources.arxiv_answers import ITHACA, Submission, api_feed, oai_error, oai_page, rss
from tests.sources.site import Reply, Request, Site

API, RSS, OAI = "/api/query", "/rss", "/oai"
_DAY = timedelta(days=1)


def announced_on(paper: Submission) -> date:
    """The day of the feed: the next weekday."""
    day = paper.submitted_at.date() + _DAY
    while day.weekday() > 4:
        day += _DAY
    return day


def submissions(days: Sequence[date], each: int) -> list[Submission]:
    """So many papers for each day, in the morning."""
    return [
        Submission(
            number=100 * day.day + n,
            submitted_at=datetime.combine(day, time(9, n), UTC),
            title=f"Machine {n} that walks on day {day.day} of its {each} lives",
        )
        for day in days
        for n in range(each)
    ]


@dataclass
class ArxivSite:
    """Answers for the three interfaces from `papers`. `trouble` is what an interface answers
    instead; `asked` keeps when each request came and from where on it was over."""

    site: Site
    clock: FakeClock
    papers: list[Submission]
    slow_s: float = 0.0
    oai_page_size: int = 2
    trouble: dict[str, Reply] = field(default_factory=dict)
    asked: list[tuple[str, datetime, datetime]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.site.answering = self.answer
        self.base = self.site.url.removesuffix("/feed")

    def paths(self) -> list[str]:
        return [path for path, _, _ in self.asked]

    def answer(self, request: Request) -> Reply:
        came_at = self.clock.now()
        path = next(one for one in (API, RSS, OAI) if request.path.startswith(one))
        self.clock.advance(self.slow_s)
        self.asked.append((path, came_at, self.clock.now()))
        if path in self.trouble:
            return self.trouble[path]
        return {API: self._api, RSS: self._rss, OAI: self._oai}[path](request)

    def _out(self) -> list[Submission]:
        """What was announced by now: from midnight UTC on, the evening before in Ithaca."""
        return [paper for paper in self.papers if announced_on(paper) <= self.clock.now().date()]

    def _api(self, request: Request) -> Reply:
        start, size = int(request.params["start"]), int(request.params["max_results"])
        found = re.search(r"\[(\d{12}) TO (\d{12})\]", request.params["search_query"])
        assert found
        inside = [p for p in self._out() if found[1] <= f"{p.submitted_at:%Y%m%d%H%M}" <= found[2]]
        page = inside[start : start + size]
        return Reply(body=api_feed(page, total=len(inside), start=start))

    def _rss(self, request: Request) -> Reply:
        day = self.clock.now().astimezone(ITHACA).date()
        body = rss(day, [paper for paper in self._out() if announced_on(paper) == day])
        tag = f'"{hash(body)}"'
        if request.headers.get("if-none-match") == tag:
            return Reply(status=304)
        return Reply(body=body, headers={"ETag": tag})

    def _oai(self, request: Request) -> Reply:
        since, start = request.params.get("from", ""), 0
        if token := request.params.get("resumptionToken"):
            since, start = token.split("|")[0], int(token.split("|")[1])
        changed = [paper for paper in self._out() if announced_on(paper).isoformat() >= since]
        if not changed:
            return Reply(body=oai_error("noRecordsMatch"))
        end = start + self.oai_page_size
        return Reply(
            body=oai_page(
                changed[start:end],
                token=f"{since}|{end}" if end < len(changed) else "",
                responded=f"{self.clock.now():%Y-%m-%dT%H:%M:%SZ}",
            )
        )
