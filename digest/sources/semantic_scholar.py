"""Citations, summaries and further names of the stored papers, from Semantic Scholar.

https://api.semanticscholar.org/api-docs/graph: POST /paper/batch takes up to 500 ids and answers
with an array in their order, null for an unknown one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from digest.core.errors import SourceMalformed, SourceUnavailable
from digest.core.fetching import FetchRequest, KnownWork, Page
from digest.core.identifiers import ARXIV, DOI, Identifier, PaperId, parse_arxiv, parse_doi
from digest.core.papers import SourceRecord
from digest.sources.answers import Answer
from digest.sources.citation_sweep import (
    UNDATED,
    Batch,
    CitationSweep,
    Contradiction,
    Found,
    Refused,
    arxiv_ids,
    citations,
    dois_of,
    for_paper,
    publication_moment,
)
from digest.sources.etiquette import Pace
from digest.sources.http import PoliteClient
from digest.sources.json_body import json_of
from digest.sources.text import clean, clean_abstract, clean_name, clean_title, safe_url

NAME = "semantic_scholar"
URL = "https://api.semanticscholar.org/graph/v1/paper/batch"
AUTHORITY = 35
# A paper's number in the corpus; its `paperId` changes when papers are joined there.
S2 = "s2"
FIELDS = (
    "paperId,externalIds,url,title,abstract,venue,year,publicationDate,citationCount,"
    "openAccessPdf,tldr,authors"
)
_MOST_IDS = 500
_MOST_BYTES = 12_000_000
_MOST_AUTHORS = 5_000
# How arXiv is called as a venue.
_NO_VENUES = ("arxiv.org", "arxiv")
_NO_VALID_IDS = b"No valid paper ids given"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperList:
    """The papers of an answer in the order given; None for one that is unknown or cannot be
    read. `bad` tells of the latter."""

    papers: tuple[SourceRecord | None, ...]
    bad: tuple[str, ...] = ()

    @property
    def records(self) -> tuple[SourceRecord, ...]:
        return tuple(paper for paper in self.papers if paper is not None)


def parse_papers(body: bytes) -> PaperList:
    """The papers of a batch, or of a search (in `data`, left out when there are none), or the
    one paper of an answer. Raises SourceMalformed when the whole is none of these."""
    papers: list[SourceRecord | None] = []
    bad = []
    for number, item in enumerate(_items(body), start=1):
        try:
            papers.append(None if item is None else _record(item))
        except ValueError as error:
            papers.append(None)
            bad.append(f"paper {number} {error}")
    return PaperList(papers=tuple(papers), bad=tuple(bad))


def _items(body: bytes) -> list[Any]:
    answer = json_of(body, "Semantic Scholar's answer")
    if isinstance(answer, list):
        return answer
    if not isinstance(answer, dict):
        raise SourceMalformed("Semantic Scholar's answer is neither JSON array nor object")
    data = answer.get("data", answer.get("recommendedPapers"))
    if isinstance(data, list):
        return data
    if "paperId" in answer:
        return [answer]
    if data is None and "total" in answer:
        return []
    what = clean(answer.get("error") or answer.get("message"), 200) or "no papers"
    raise SourceMalformed(f"Semantic Scholar answered with an error: {what}")


def _record(item: Any) -> SourceRecord:
    """Raises ValueError with what is wrong, to follow the words "paper N"."""
    if not isinstance(item, dict):
        raise ValueError("is no JSON object")
    arxiv, doi, own = _names(item)
    ids = (*arxiv, *doi, *own)
    if not ids:
        raise ValueError("has no id")
    title = clean_title(item.get("title"))
    if not title:
        raise ValueError(f"({ids[0].value}) has no title")
    published_at = publication_moment(item.get("publicationDate"), item.get("year"))
    tldr, pdf = item.get("tldr"), item.get("openAccessPdf")
    venue = clean_name(item.get("venue"))
    return SourceRecord(
        source=NAME,
        ids=ids,
        title=title,
        abstract=clean_abstract(item.get("abstract")),
        authors=_authors(item.get("authors")),
        appeared_at=published_at or UNDATED,
        published_at=published_at,
        authority=AUTHORITY,
        url=_url(arxiv, doi, item),
        pdf_url=safe_url(pdf.get("url")) if isinstance(pdf, dict) else "",
        summary=clean(tldr.get("text"), 2000) if isinstance(tldr, dict) else "",
        venue="" if venue.casefold() in _NO_VENUES else venue,
        readings=citations(item.get("citationCount")),
    )


def _names(item: dict[str, Any]) -> tuple[tuple[Identifier, ...], ...]:
    """Its arXiv ids, its DOI and its number, each as a tuple that may be empty."""
    external = item.get("externalIds")
    external = external if isinstance(external, dict) else {}
    given = clean(external.get("DOI"), 300)
    arxiv = (parse_arxiv(clean(external.get("ArXiv"), 100)), parse_arxiv(given))
    doi = parse_doi(given)
    number = external.get("CorpusId")
    if type(number) is not int or not 0 < number < 10**15:
        number = clean(item.get("paperId"), 40)
    return (
        tuple(dict.fromkeys(Identifier(ARXIV, found.base) for found in arxiv if found)),
        (Identifier(DOI, doi),) if doi else (),
        (Identifier(S2, str(number)),) if number else (),
    )


def _authors(value: Any) -> tuple[str, ...]:
    people = value[:_MOST_AUTHORS] if isinstance(value, list) else ()
    names = (clean_name(one.get("name")) for one in people if isinstance(one, dict))
    return tuple(name for name in names if name)


def _url(arxiv: tuple[Identifier, ...], doi: tuple[Identifier, ...], item: dict[str, Any]) -> str:
    if arxiv:
        return f"https://arxiv.org/abs/{arxiv[0].value}"
    return safe_url(f"https://doi.org/{doi[0].value}") if doi else safe_url(item.get("url"))


class SemanticScholar:
    """Citations of the papers of the last `citation_days` days, at most 500 in one request.

    A run puts at most `requests_per_run` requests and the next one goes on; when all papers were
    asked about, they are again a week after the first. Nothing is fetched by date.
    """

    name = NAME

    def __init__(
        self,
        client: PoliteClient,
        *,
        url: str = URL,
        api_key: str = "",
        citation_days: Annotated[int, Field(ge=1, le=3650)] = 180,
        requests_per_run: Annotated[int, Field(ge=1, le=10_000)] = 50,
        interval_seconds: Annotated[float, Field(ge=0)] = 5.0,
    ) -> None:
        self._client = client
        self._url = url
        self._api_key = api_key
        self._requests = requests_per_run
        self._pace = Pace(name="api.semanticscholar.org", interval_s=interval_seconds)
        self._sweep = CitationSweep(
            source=NAME,
            days=citation_days,
            names_of=_asked_by,
            ask=self._ask,
            most_names=_MOST_IDS,
            most_chars=_MOST_IDS * 100,
        )

    @property
    def standing_name(self) -> str:
        return self._pace.standing_name

    def fetch(self, request: FetchRequest) -> Iterator[Page]:
        """Raises SourceError where the run breaks off; the cursor of the last page goes on."""
        if request.since is not None or request.until is not None:
            note = "citations are those of today; there is nothing to fetch by date"
            yield Page(cursor=request.cursor, note=note)
        elif not self._sweep.is_due(request):
            yield Page(cursor=request.cursor, note=self._sweep.rest_note(request))
        else:
            yield from self._sweep.pages(request, kept={}, requests=self._requests)

    def _ask(self, batch: Batch) -> Found:
        answer = self._client.post(
            self._url,
            params={"fields": FIELDS},
            body={"ids": list(batch.names)},
            pace=self._pace,
            headers={"x-api-key": self._api_key} if self._api_key else {},
            max_bytes=_MOST_BYTES,
            readable=(400, 403),
        )
        if answer.status != 200:
            return self._refused(answer)
        found = parse_papers(answer.body)
        if len(found.papers) != len(batch.names):
            raise SourceMalformed(
                f"Semantic Scholar gave {len(found.papers)} answers for {len(batch.names)} "
                "papers; none of them was stored"
            )
        records: dict[PaperId, SourceRecord] = {}
        bad = list(found.bad)
        for work, paper in zip(batch.names.values(), found.papers, strict=True):
            try:
                if paper is not None:
                    records.setdefault(work.paper_id, for_paper(paper, work))
            except Contradiction as error:
                bad.append(f"Semantic Scholar {error}")
        return Found(records=tuple(records.values()), bad=tuple(bad))

    def _refused(self, answer: Answer) -> Found:
        """Nothing found when none of the ids is known; else raises with what to do."""
        if answer.status == 400 and _NO_VALID_IDS in answer.body:
            return Found(records=())
        if answer.status == 400:
            raise Refused(str(answer.refusal()))
        if answer.status == 403 and self._api_key:
            raise SourceUnavailable(
                "Semantic Scholar answered 403: set sources.semantic_scholar.api_key anew"
            )
        raise answer.refusal()


def _asked_by(work: KnownWork) -> tuple[str, ...]:
    """Its arXiv id where it has one, else its DOIs."""
    if arxiv := arxiv_ids(work.ids):
        return (f"ARXIV:{min(arxiv).value}",)
    return tuple(f"DOI:{doi}" for doi in dois_of(work))
