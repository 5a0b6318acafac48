"""A source that gives the papers bundled with the program, as if they came up these days."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any

from digest.core.fetching import FetchRequest, Page
from digest.core.identifiers import ARXIV, Identifier
from digest.core.papers import Reading, SourceRecord

_ARXIV_AUTHORITY, _HUGGING_FACE_AUTHORITY = 90, 50


class SampleSource:
    """One of the two sources of the sample, `arxiv` or `huggingface`.

    The evening of the sample's day becomes `evening`; votes are those known at the moment of
    the request, so that asking again later shows them rising.
    """

    def __init__(self, name: str, evening: datetime) -> None:
        self.name = self.standing_name = name
        sample = json.loads(
            files("digest.data").joinpath("sample_papers.json").read_text(encoding="utf-8")
        )
        self._papers: list[dict[str, Any]] = sample["papers"]
        self._shift = evening - datetime.fromisoformat(f"{sample['day']}T21:00:00+00:00")

    def fetch(self, request: FetchRequest) -> Iterator[Page]:
        make = self._from_arxiv if self.name == "arxiv" else self._from_hugging_face
        records = (make(paper, request.now) for paper in self._papers)
        yield Page(records=tuple(r for r in records if r is not None), cursor={})

    def _from_arxiv(self, paper: Mapping[str, Any], now: datetime) -> SourceRecord | None:
        published = self._moment(paper["published_at"])
        if published > now:
            return None
        return SourceRecord(
            source="arxiv",
            ids=(Identifier(ARXIV, paper["arxiv"]),),
            title=paper["title"],
            abstract=paper["abstract"],
            authors=tuple(paper["authors"]),
            appeared_at=published,
            published_at=published,
            version=1,
            authority=_ARXIV_AUTHORITY,
            url=f"https://arxiv.org/abs/{paper['arxiv']}",
            pdf_url=f"https://arxiv.org/pdf/{paper['arxiv']}",
            categories=tuple(paper["categories"]),
        )

    def _from_hugging_face(self, paper: Mapping[str, Any], now: datetime) -> SourceRecord | None:
        if paper["listed_on"] is None:
            return None
        listed = self._moment(f"{paper['listed_on']}T00:00:00Z")
        votes = [value for at, _, value in paper["readings"] if self._moment(at) <= now]
        if listed > now or not votes:
            return None
        counts = {"upvotes": votes[-1], "comments": paper["comments"], "stars": paper["stars"]}
        return SourceRecord(
            source="huggingface",
            ids=(Identifier(ARXIV, paper["arxiv"]),),
            title=paper["title"],
            authors=tuple(paper["authors"]),
            appeared_at=listed,
            authority=_HUGGING_FACE_AUTHORITY,
            url=f"https://arxiv.org/abs/{paper['arxiv']}",
            code_url=paper["code_url"] or "",
            discussion_url=f"https://huggingface.co/papers/{paper['arxiv']}",
            summary=paper["summary"],
            readings=tuple(
                Reading(metric=metric, value=float(value))
                for metric, value in counts.items()
                if value is not None
            ),
        )

    def _moment(self, text: str) -> datetime:
        return datetime.fromisoformat(text) + self._shift


# How long before the evening the sample is asked: often enough to see votes grow.
ASKED_BEFORE = (timedelta(hours=40), timedelta(hours=16), timedelta(0))
