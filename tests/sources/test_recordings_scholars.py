"""Recorded answers of OpenAlex and Semantic Scholar: no paper in them may be lost."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from digest.core.errors import SourceMalformed
from digest.sources.openalex_works import parse_works
from digest.sources.semantic_scholar import parse_papers

pytestmark = pytest.mark.recordings


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    uri: str
    status: int
    body: bytes


@pytest.fixture(scope="module")
def answers(recordings: Path) -> Path:
    """The folder with a folder per service, wherever the variable points."""
    inner = recordings / "recordings"
    return inner if inner.is_dir() else recordings


def exchanges(*folders: Path) -> Iterator[Recorded]:
    """Every answer on every cassette, in Python's form of VCR or in R's."""
    paths = sorted(path for folder in folders for path in folder.rglob("*.y*ml*"))
    assert paths
    for path in paths:
        raw = path.read_bytes()
        text = gzip.decompress(raw) if path.suffix == ".gz" else raw
        cassette = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        for one in cassette.get("interactions") or cassette["http_interactions"]:
            yield _recorded(one)


def _recorded(exchange: dict[str, Any]) -> Recorded:
    response = exchange["response"]
    status = response.get("status") or response["status_code"]
    body = response["body"]["string"] if "body" in response else response["content"]
    content = body if isinstance(body, bytes) else body.encode()
    if content.startswith(b"\x1f\x8b"):
        content = gzip.decompress(content)
    return Recorded(
        uri=exchange["request"]["uri"],
        status=status["code"] if isinstance(status, dict) else status,
        body=content,
    )


def listed(document: Any) -> list[Any]:
    """The items of an answer of Semantic Scholar, as they are."""
    if isinstance(document, list):
        return document
    items = document.get("data", document.get("recommendedPapers"))
    return items if items is not None else [document] if "paperId" in document else []


def is_of_papers(recorded: Recorded) -> bool:
    """Not lists of authors, snippets, or citing papers, which are never asked for."""
    paths = ("/authors", "/author/", "/citations", "/references", "/snippet/")
    return "api.semanticscholar.org" in recorded.uri and not any(p in recorded.uri for p in paths)


def test_every_paper_of_semantic_scholar_with_a_title_is_read(answers: Path) -> None:
    folders = (answers / "semantic_scholar", answers / "multi_s2_crossref_openalex_vcr")
    read = 0
    for recorded in filter(is_of_papers, exchanges(*folders)):
        if recorded.status != 200:
            with pytest.raises(SourceMalformed):
                parse_papers(recorded.body)
            continue
        items = listed(json.loads(recorded.body))
        found = parse_papers(recorded.body)
        assert len(found.papers) == len(items)
        for item, paper in zip(items, found.papers, strict=True):
            assert (paper is not None) == bool(item and item.get("title")), recorded.uri
            if paper is not None:
                counted = [reading.value for reading in paper.readings]
                count = item.get("citationCount")
                assert counted == ([] if count is None else [count])
                named = [one for one in item.get("authors") or () if one.get("name")]
                assert len(paper.authors) == len(named)
                assert bool(paper.abstract) == bool(item.get("abstract"))
                read += 1
        without = [item for item in items if item and not item.get("title")]
        assert len(found.bad) == len(without)
    assert read > 1000


def test_plain_answers_of_semantic_scholar_are_read_whole(answers: Path) -> None:
    paths = sorted((answers / "semantic_scholar").glob("*.json"))
    assert paths
    for path in paths:
        items = listed(json.loads(path.read_bytes()))
        found = parse_papers(path.read_bytes())
        assert found.bad == ()
        assert len(found.records) == len(items)
        kinds = [{name.kind for name in record.ids} for record in found.records]
        assert ["arxiv" in kind for kind in kinds] == [
            "ArXiv" in item["externalIds"] for item in items
        ]
        assert all("s2" in kind for kind in kinds)


def check_works(body: bytes) -> int:
    """Holds what is read against the answer; how many works were read."""
    document = json.loads(body)
    items = document.get("results", [document])
    works = parse_works(body)
    wanted = [item for item in items if not (item.get("is_retracted") or item.get("is_paratext"))]
    titled = [item for item in wanted if item.get("title") or item.get("display_name")]
    assert works.received == len(items)
    assert works.omitted_count == len(items) - len(wanted)
    assert len(works.records) == len(titled)
    assert len(works.bad) == len(wanted) - len(titled)
    given = {item["id"].rpartition("/")[2]: item for item in titled}
    for record in works.records:
        item = given[next(name.value for name in record.ids if name.kind == "openalex")]
        index = item.get("abstract_inverted_index") or {}
        assert bool(record.abstract) == bool(index)
        assert len(record.authors) == len(item.get("authorships") or ())
        assert [reading.value for reading in record.readings] == [item["cited_by_count"]]
        assert record.published_at is not None
        if item.get("doi"):
            assert {name.kind for name in record.ids} & {"doi", "arxiv"}
    return len(works.records)


def test_every_work_of_openalex_is_read(answers: Path) -> None:
    folders = (answers / "openalex", answers / "multi_s2_crossref_openalex_vcr")
    read = 0
    for recorded in exchanges(*folders):
        if "api.openalex.org/works" not in recorded.uri or "select=" in recorded.uri:
            continue
        if recorded.status != 200:
            with pytest.raises(SourceMalformed):
                parse_works(recorded.body)
            continue
        read += check_works(recorded.body)
    assert read > 100


def test_plain_answers_of_openalex_are_read_whole(answers: Path) -> None:
    paths = sorted((answers / "openalex").glob("*.json"))
    assert paths
    assert all(check_works(path.read_bytes()) for path in paths)
