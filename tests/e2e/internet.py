"""The hosts that sources ask, all on one loopback site, over weeks that pass on a fake clock.

Every weekday has papers of its own. What a host is asked is written down with the time; a fault
makes it answer as hosts do on bad days.
"""

import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from typing import Any

from digest.core.clock import Clock
from tests.sources.site import Reply, Request, Site, running_site

MONDAY = date(2026, 3, 16)
PER_DAY = 4
_JSON = {"Content-Type": "application/json"}
_XML = {"Content-Type": "application/xml"}
_PAGE = b"<!DOCTYPE html><html><body>Please verify that you are human</body></html>"
_SUBJECTS = ("diffusion policies", "graph networks", "language models", "protein folding")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as a host saw it."""

    host: str
    at: datetime
    request: Request


@dataclass
class Internet:
    """What the hosts know, which of them are faulty, and what they were asked."""

    clock: Clock
    site: Site
    faults: dict[str, str] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def answer(self, request: Request) -> Reply:
        host = next(name for name, prefix in PREFIXES.items() if request.path.startswith(prefix))
        self.asked.append(Asked(host, self.clock.now(), request))
        fault = self.faults.get(host)
        if fault in ("429", "406", "503", "500"):
            return Reply(status=int(fault), body=b"Rate exceeded.")
        if fault == "html":
            return Reply(body=_PAGE, headers={"Content-Type": "text/html"})
        if fault == "nothing":
            return Reply(hang_up=True)
        today = self.clock.now().date()
        reply = ANSWERS[host](request, today, fault == "empty")
        if fault == "half":
            return Reply(body=reply.body[: len(reply.body) // 2], headers=reply.headers)
        return reply

    def times(self, host: str) -> list[datetime]:
        return [one.at for one in self.asked if one.host == host]


@contextmanager
def running_internet(clock: Clock) -> Iterator[Internet]:
    with running_site() as site:
        internet = Internet(clock, site)
        site.answering = internet.answer
        site.url = site.url.removesuffix("/feed")
        yield internet


# --- papers ---------------------------------------------------------------------------------------


def weekdays(first: date, last: date) -> list[date]:
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [day for day in days if day.weekday() < 5]


def arxiv_id(day: date, number: int) -> str:
    return f"{day:%y%m}.{day.day * 100 + number:05d}"


def title(kind: str, day: date, number: int) -> str:
    return f"{_SUBJECTS[number % 4].capitalize()} seen anew, {kind} study {number} of {day:%d %B}"


def abstract(kind: str, day: date, number: int) -> str:
    return f"We study {_SUBJECTS[number % 4]} in the {kind} of {day}, for the {number}th time."


def submitted(day: date, number: int) -> datetime:
    """What is announced on a day was submitted the day before."""
    return datetime.combine(day, time(12, number), UTC) - timedelta(days=1)


# --- answers --------------------------------------------------------------------------------------


def _json(value: Any) -> Reply:
    return Reply(body=json.dumps(value).encode(), headers=_JSON)


def _hugging_face(request: Request, today: date, empty: bool) -> Reply:
    day = date.fromisoformat(request.params["date"])
    if day > today:
        return Reply(status=400, body=b'{"error":"date is in the future"}', headers=_JSON)
    count = 0 if empty or day.weekday() > 4 else PER_DAY // 2
    votes = 5 * ((today - day).days + 1)
    return _json(
        [
            {
                "paper": {
                    "id": arxiv_id(day, n),
                    "title": title("arxiv", day, n),
                    "summary": abstract("arxiv", day, n),
                    "authors": [{"name": f"Ann Author{n}", "hidden": False}],
                    "publishedAt": f"{submitted(day, n):%Y-%m-%dT%H:%M:%SZ}",
                    "submittedOnDailyAt": f"{day}T00:00:00.000Z",
                    "upvotes": votes + n,
                    "githubRepo": f"https://github.com/lab/code-{arxiv_id(day, n)}",
                },
                "title": title("arxiv", day, n),
                "numComments": n,
            }
            for n in range(count)
        ]
    )


def _announced(today: date) -> Iterator[tuple[date, int]]:
    for day in weekdays(MONDAY - timedelta(days=28), today):
        for number in range(PER_DAY):
            yield day, number


def _arxiv(request: Request, today: date, empty: bool) -> Reply:
    window = request.params["search_query"].partition("submittedDate:[")[2].rstrip("]")
    lo, hi = (datetime.strptime(x, "%Y%m%d%H%M").replace(tzinfo=UTC) for x in window.split(" TO "))
    found = (
        [] if empty else [(day, n) for day, n in _announced(today) if lo <= submitted(day, n) <= hi]
    )
    start, size = int(request.params["start"]), int(request.params["max_results"])
    entries = "".join(
        f"<entry><id>http://arxiv.org/abs/{arxiv_id(day, n)}v1</id>"
        f"<title>{title('arxiv', day, n)}</title><summary>{abstract('arxiv', day, n)}</summary>"
        f"<updated>{submitted(day, n):%Y-%m-%dT%H:%M:%SZ}</updated>"
        f"<published>{submitted(day, n):%Y-%m-%dT%H:%M:%SZ}</published>"
        f'<author><name>Ann Author{n}</name></author><category term="cs.AI"/></entry>'
        for day, n in found[start : start + size]
    )
    body = (
        '<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" '
        'xmlns="http://www.w3.org/2005/Atom">'
        f"<opensearch:totalResults>{len(found)}</opensearch:totalResults>"
        f"<opensearch:startIndex>{start}</opensearch:startIndex>{entries}</feed>"
    )
    return Reply(body=body.encode(), headers=_XML)


def _arxiv_rss(request: Request, today: date, empty: bool) -> Reply:
    count = 0 if empty or today.weekday() > 4 else PER_DAY
    etag = f'"{today}-{count}"'
    if request.headers.get("if-none-match") == etag:
        return Reply(status=304)
    midnight = f"{today:%a, %d %b %Y} 00:00:00 -0400"
    items = "".join(
        f"<item><title>{title('arxiv', today, n)}</title>"
        f"<link>https://arxiv.org/abs/{arxiv_id(today, n)}</link>"
        f"<description>arXiv:{arxiv_id(today, n)}v1 Announce Type: new \n"
        f"Abstract: {abstract('arxiv', today, n)}</description>"
        f'<guid isPermaLink="false">oai:arXiv.org:{arxiv_id(today, n)}v1</guid>'
        f"<category>cs.AI</category><pubDate>{midnight}</pubDate>"
        "<arxiv:announce_type>new</arxiv:announce_type>"
        f"<dc:creator>Ann Author{n}</dc:creator></item>"
        for n in range(count)
    )
    body = (
        '<rss xmlns:arxiv="http://arxiv.org/schemas/atom" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" version="2.0"><channel>'
        "<title>cs.AI updates on arXiv.org</title><link>http://rss.arxiv.org/rss/cs.AI</link>"
        f"<description/><pubDate>{midnight}</pubDate>{items}</channel></rss>"
    )
    return Reply(body=body.encode(), headers=_XML | {"ETag": etag})


def _arxiv_oai(request: Request, today: date, empty: bool) -> Reply:
    first = date.fromisoformat(request.params["from"])
    found = [] if empty else [(day, n) for day, n in _announced(today) if day >= first]
    records = "".join(
        f"<record><header><identifier>oai:arXiv.org:{arxiv_id(day, n)}</identifier>"
        f"<datestamp>{day}</datestamp><setSpec>cs:cs:AI</setSpec></header><metadata>"
        f'<arXiv xmlns="http://arxiv.org/OAI/arXiv/"><id>{arxiv_id(day, n)}</id>'
        f"<created>{submitted(day, n):%Y-%m-%d}</created><authors><author>"
        f"<keyname>Author{n}</keyname><forenames>Ann</forenames></author></authors>"
        f"<title>{title('arxiv', day, n)}</title><categories>cs.AI</categories>"
        f"<abstract>{abstract('arxiv', day, n)}</abstract></arXiv></metadata></record>"
        for day, n in found
    )
    inner = (
        f"<ListRecords>{records}</ListRecords>"
        if found
        else '<error code="noRecordsMatch">The combination is empty.</error>'
    )
    body = (
        '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
        f"<responseDate>{today}T12:00:00Z</responseDate><request>oai</request>{inner}</OAI-PMH>"
    )
    return Reply(body=body.encode(), headers=_XML)


def _openrxiv(server: str) -> Callable[[Request, date, bool], Reply]:
    def answer(request: Request, today: date, empty: bool) -> Reply:
        first, last, cursor = request.path.split("/")[3:6]
        days = weekdays(date.fromisoformat(first), min(date.fromisoformat(last), today))
        found = [] if empty else [(day, n) for day in days for n in range(PER_DAY)]
        page = found[int(cursor) : int(cursor) + 3]
        more = 50 if server == "medrxiv" else 0
        message = {"status": "ok" if found else "no posts found", "cursor": cursor}
        if found:
            message |= {"count": len(page), "total": str(len(found))}
        collection = [
            {
                "title": title(server, day, n),
                "authors": f"Author{n}, A.; Writer, B.",
                "doi": f"10.64898/{day:%Y.%m.%d}.{700_000 + n + more}",
                "date": day.isoformat(),
                "version": "1",
                "category": "bioinformatics",
                "abstract": abstract(server, day, n),
                "funder": "NA",
                "published": "NA",
                "server": server,
            }
            for day, n in page
        ]
        return _json({"messages": [message], "collection": collection})

    return answer


def _openalex(request: Request, today: date, empty: bool) -> Reply:
    asked = dict(part.split(":", 1) for part in request.params["filter"].split(","))
    works = []
    if "doi" in asked and not empty:
        works = [_work(doi) for doi in asked["doi"].split("|") if "10.48550" in doi]
    elif not empty:
        first = date.fromisoformat(asked["from_publication_date"])
        last = min(date.fromisoformat(asked["to_publication_date"]), today)
        works = [
            _work(f"10.5555/{day:%Y%m%d}.{n}", title("openalex", day, n), day)
            for day in weekdays(first, last)
            for n in range(PER_DAY)
        ]
    return _json({"meta": {"count": len(works), "next_cursor": None}, "results": works})


def _work(doi: str, name: str = "", day: date | None = None) -> dict[str, Any]:
    doi = doi.lower().removeprefix("https://doi.org/")
    place = {"landing_page_url": f"https://doi.org/{doi}", "source": {"display_name": "Letters"}}
    return {
        "id": f"https://openalex.org/W{zlib.crc32(doi.encode())}",
        "doi": f"https://doi.org/{doi}",
        "title": name or None,
        "display_name": name or None,
        "publication_date": (day or MONDAY).isoformat(),
        "cited_by_count": 3,
        "authorships": [{"raw_author_name": "Ann Author", "author": {"display_name": "A"}}],
        "primary_location": place,
        "locations": [place],
        "abstract_inverted_index": {"Letters": [0]},
    }


def _semantic_scholar(request: Request, today: date, empty: bool) -> Reply:
    ids = json.loads(request.body)["ids"]
    return _json(
        [
            None
            if empty or not name.startswith("ARXIV:")
            else {
                "paperId": name,
                "externalIds": {"ArXiv": name.removeprefix("ARXIV:")},
                "title": "A title",
                "citationCount": 2,
                "publicationDate": "2026-03-15",
            }
            for name in ids
        ]
    )


def _hacker_news(request: Request, today: date, empty: bool) -> Reply:
    days = (
        [] if empty or "arxiv" not in request.params.get("query", "") else weekdays(MONDAY, today)
    )
    hits = [
        {
            "objectID": str(day.toordinal()),
            "title": "A story",
            "url": f"https://arxiv.org/abs/{arxiv_id(day, 0)}v1",
            "points": 20 * ((today - day).days + 1),
            "num_comments": 4,
            "created_at_i": int(datetime.combine(day, time(9), UTC).timestamp()),
        }
        for day in days[-3:]
    ]
    return _json({"hits": hits, "nbHits": len(hits), "page": 0, "hitsPerPage": 1000})


def _github(request: Request, today: date, empty: bool) -> Reply:
    if empty:
        return Reply(status=404, body=b'{"message":"Not Found"}', headers=_JSON)
    return _json({"full_name": request.path.removeprefix("/repos/"), "stargazers_count": today.day})


def _reddit(request: Request, today: date, empty: bool) -> Reply:
    if request.path.endswith("access_token"):
        return _json({"access_token": "t0ken", "token_type": "bearer", "expires_in": 3600})
    days = [] if empty else weekdays(MONDAY, today)
    posts = [
        {
            "id": f"p{day.toordinal()}",
            "title": "[R] A paper",
            "url": f"https://arxiv.org/abs/{arxiv_id(day, 0)}",
            "score": 10,
            "num_comments": 2,
            "created_utc": datetime.combine(day, time(9), UTC).timestamp(),
        }
        for day in days[-3:]
    ]
    children = [{"kind": "t3", "data": post} for post in posts]
    return _json({"kind": "Listing", "data": {"children": children, "after": None}})


def _openreview(request: Request, today: date, empty: bool) -> Reply:
    if request.path.endswith("login"):
        return _json({"token": "t0ken"})
    found = [] if empty else [(d, n) for d in weekdays(MONDAY, today) for n in range(2)]
    found.sort(reverse=True)
    offset = int(request.params.get("offset", 0))
    notes = [
        {
            "id": f"note{day:%m%d}{n}",
            "forum": f"note{day:%m%d}{n}",
            "cdate": int(datetime.combine(day, time(8, n), UTC).timestamp() * 1000),
            "tcdate": int(datetime.combine(day, time(8, n), UTC).timestamp() * 1000),
            "content": {
                "title": {"value": title("openreview", day, n)},
                "authors": {"value": [f"Ann Author{n}"]},
                "abstract": {"value": abstract("openreview", day, n)},
                "venue": {"value": "Conf 2026 poster"},
                "venueid": {"value": "Conf.cc/2026/Conference"},
            },
        }
        for day, n in found
    ]
    return _json({"notes": notes[offset:], "count": len(notes)})


def _feed(request: Request, today: date, empty: bool) -> Reply:
    days = [] if empty else weekdays(today - timedelta(days=9), today)
    etag = f'"{len(days)}-{days[-1] if days else ""}"'
    if request.headers.get("if-none-match") == etag:
        return Reply(status=304)
    items = "".join(
        f"<item><title>{title('lab', day, 0)}</title><link>https://lab.example/{day}</link>"
        f"<guid>https://lab.example/{day}</guid>"
        f"<description>{abstract('lab', day, 0)}</description>"
        f"<pubDate>{format_datetime(datetime.combine(day, time(6), UTC))}</pubDate></item>"
        for day in days
    )
    body = f'<rss version="2.0"><channel><title>Lab</title>{items}</channel></rss>'
    return Reply(body=body.encode(), headers=_XML | {"ETag": etag})


PREFIXES: Mapping[str, str] = {
    "huggingface": "/api/daily_papers",
    "arxiv": "/api/query",
    "arxiv_rss": "/rss",
    "arxiv_oai": "/oai",
    "biorxiv": "/details/biorxiv",
    "medrxiv": "/details/medrxiv",
    "openalex": "/works",
    "semantic_scholar": "/graph/v1/paper/batch",
    "hacker_news": "/search_by_date",
    "github": "/github",
    "reddit": "/reddit",
    "openreview": "/openreview",
    "feeds.lab": "/lab.xml",
}
ANSWERS: Mapping[str, Callable[[Request, date, bool], Reply]] = {
    "huggingface": _hugging_face,
    "arxiv": _arxiv,
    "arxiv_rss": _arxiv_rss,
    "arxiv_oai": _arxiv_oai,
    "biorxiv": _openrxiv("biorxiv"),
    "medrxiv": _openrxiv("medrxiv"),
    "openalex": _openalex,
    "semantic_scholar": _semantic_scholar,
    "hacker_news": _hacker_news,
    "github": _github,
    "reddit": _reddit,
    "openreview": _openreview,
    "feeds.lab": _feed,
}
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "arxiv": {"categories": ("cs.AI",)},
    "arxiv_rss": {"categories": ("cs.AI",)},
    "arxiv_oai": {"categories": ("cs.AI",)},
    "openalex": {"filter": "type:article", "api_key": "k3y"},
    "reddit": {"client_id": "id", "client_secret": "s3cret", "username": "digest"},
    "openreview": {"venues": ("Conf.cc/2026/Conference",), "username": "u", "password": "s3cret"},
}


def configuration(internet: Internet, *names: str) -> dict[str, dict[str, Any]]:
    """The options of these sources, with the addresses of their hosts on the site."""
    made = {
        name: {"url": internet.site.url + PREFIXES[name], **OPTIONS.get(name, {})} for name in names
    }
    if "reddit" in made:
        made["reddit"]["token_url"] = f"{internet.site.url}/reddit/access_token"
    return made
