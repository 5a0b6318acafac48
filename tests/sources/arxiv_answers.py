"""Answers as arXiv's three interfaces give them, written by hand in the true format; the papers
are invented."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from html import escape
from zoneinfo import ZoneInfo

ITHACA = ZoneInfo("America/New_York")
_SPACES = (
    'xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:atom="http://www.w3.org/2005/Atom" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"'
)
_OAI = 'xmlns="http://www.openarchives.org/OAI/2.0/"'


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A paper as arXiv knows it."""

    number: int
    submitted_at: datetime
    version: int = 1
    kind: str = "new"
    title: str = ""
    authors: str = "Ada Lovelace, Alan Turing"
    categories: tuple[str, ...] = ("cs.AI", "cs.LG")
    abstract: str = "We study walking machines."
    doi: str = ""
    journal: str = ""

    @property
    def id(self) -> str:
        return f"{self.submitted_at:%y%m}.{self.number:05}"

    @property
    def name(self) -> str:
        return self.title or f"Walking machines of the kind {self.number}"


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ITHACA)


def rss(day: date, papers: Iterable[Submission], *, items_day: date | None = None) -> bytes:
    """The RSS 2.0 feed built on `day`; `items_day` is what its items say where that differs."""
    at = f"{midnight(items_day or day):%a, %d %b %Y %H:%M:%S %z}"
    built = f"{midnight(day):%a, %d %b %Y %H:%M:%S %z}"
    items = "".join(_item(paper, at) for paper in papers)
    return (
        f"<?xml version='1.0' encoding='UTF-8'?>\n<rss {_SPACES} version=\"2.0\"><channel>"
        "<title>cs.AI, stat.ML updates on arXiv.org</title>"
        "<link>http://rss.arxiv.org/rss/cs.AI+stat.ML</link>"
        "<description>cs.AI, stat.ML updates on the arXiv.org e-print archive.</description>"
        '<atom:link href="http://rss.arxiv.org/rss/cs.AI+stat.ML" rel="self"/>'
        f"<lastBuildDate>{built}</lastBuildDate><pubDate>{built}</pubDate>"
        "<skipDays><day>Saturday</day><day>Sunday</day></skipDays>"
        f"{items}</channel></rss>"
    ).encode()


def _item(paper: Submission, at: str) -> str:
    categories = "".join(f"<category>{name}</category>" for name in paper.categories)
    doi = f"<arxiv:DOI>{paper.doi}</arxiv:DOI>" if paper.doi else ""
    journal = paper.journal and (
        f"<arxiv:journal_reference>{escape(paper.journal)}</arxiv:journal_reference>"
    )
    return (
        f"<item><title>{escape(paper.name)}</title><link>https://arxiv.org/abs/{paper.id}</link>"
        f"<description>arXiv:{paper.id}v{paper.version} Announce Type: {paper.kind} \n"
        f"Abstract: {escape(paper.abstract)}</description>"
        f'<guid isPermaLink="false">oai:arXiv.org:{paper.id}v{paper.version}</guid>{categories}'
        f"<pubDate>{at}</pubDate><arxiv:announce_type>{paper.kind}</arxiv:announce_type>"
        f"<dc:rights>http://arxiv.org/licenses/nonexclusive-distrib/1.0/</dc:rights>{doi}{journal}"
        f"<dc:creator>{escape(paper.authors)}</dc:creator></item>"
    )


def rss_error(words: str) -> bytes:
    return (
        f"<?xml version='1.0' encoding='UTF-8'?>\n<rss {_SPACES} version=\"2.0\"><channel>"
        "<title>Feed error for query: http://rss.arxiv.org/rss/cs.XX</title>"
        f"<link>http://rss.arxiv.org/rss/cs.XX</link><description>{escape(words)}</description>"
        "<pubDate>Fri, 20 Mar 2026 00:00:00 -0400</pubDate></channel></rss>"
    ).encode()


def api_feed(papers: Iterable[Submission], *, total: int, start: int = 0) -> bytes:
    """A page of the API's Atom feed."""
    entries = "".join(
        f"<entry><id>http://arxiv.org/abs/{paper.id}v{paper.version}</id>"
        f"<title>{escape(paper.name)}</title>"
        f"<updated>{paper.submitted_at:%Y-%m-%dT%H:%M:%SZ}</updated>"
        f"<published>{paper.submitted_at:%Y-%m-%dT%H:%M:%SZ}</published>"
        f"<summary>{escape(paper.abstract)}</summary>"
        + "".join(f'<category term="{name}"/>' for name in paper.categories)
        + "".join(f"<author><name>{a}</name></author>" for a in paper.authors.split(", "))
        + "</entry>"
        for paper in papers
    )
    return (
        "<?xml version='1.0' encoding='UTF-8'?>\n<feed "
        'xmlns:arxiv="http://arxiv.org/schemas/atom" '
        'xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" '
        'xmlns="http://www.w3.org/2005/Atom"><title>arXiv Query</title>'
        f"<opensearch:totalResults>{total}</opensearch:totalResults>"
        f"<opensearch:startIndex>{start}</opensearch:startIndex>{entries}</feed>"
    ).encode()


def oai_page(
    papers: Iterable[Submission],
    *,
    token: str | None = None,
    counts: str = "",
    responded: str = "2026-03-20T12:00:00Z",
    extra: str = "",
) -> bytes:
    """A page of records in the format arXiv; `token` "" is the empty element of a last page."""
    records = "".join(map(_record, papers))
    more = "" if token is None else f"<resumptionToken{counts}>{escape(token)}</resumptionToken>"
    return oai_answer(f"<ListRecords>{records}{extra}{more}</ListRecords>", responded)


def oai_answer(content: str, responded: str = "2026-03-20T12:00:00Z") -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<OAI-PMH {_OAI}>'
        f"<responseDate>{responded}</responseDate>"
        '<request verb="ListRecords">http://oaipmh.arxiv.org/oai</request>'
        f"{content}</OAI-PMH>"
    ).encode()


def oai_error(code: str, words: str = "") -> bytes:
    return oai_answer(f'<error code="{code}">{words}</error>')


def _record(paper: Submission) -> str:
    day = paper.submitted_at.date()
    people = "".join(
        f"<author><keyname>{name.split()[-1]}</keyname>"
        f"<forenames>{' '.join(name.split()[:-1])}</forenames></author>"
        for name in paper.authors.split(", ")
    )
    changed = f"<updated>{day + timedelta(days=30)}</updated>" if paper.version > 1 else ""
    return (
        f"<record><header><identifier>oai:arXiv.org:{paper.id}</identifier>"
        f"<datestamp>{day}</datestamp><setSpec>cs:cs:AI</setSpec></header>"
        f'<metadata><arXiv xmlns="http://arxiv.org/OAI/arXiv/"><id>{paper.id}</id>'
        f"<created>{day}</created>{changed}<authors>{people}</authors>"
        f"<title>{escape(paper.name)}</title><categories>{' '.join(paper.categories)}</categories>"
        f"<abstract>  {escape(paper.abstract)}\n</abstract></arXiv></metadata></record>"
    )
