"""Recorded announcements and harvests of arXiv: nothing in them may be lost."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from digest.core.identifiers import ARXIV
from digest.core.papers import SourceRecord
from digest.sources.arxiv_announcement import parse_announcement
from digest.sources.arxiv_metadata import parse_harvest

pytestmark = pytest.mark.recordings


@pytest.fixture(scope="module")
def answers(recordings: Path) -> Path:
    """The folder with a folder per service, wherever the variable points."""
    inner = recordings / "recordings"
    return inner if inner.is_dir() else recordings


def bodies(folder: Path) -> Iterator[tuple[str, bytes]]:
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    assert paths
    for path in paths:
        content = path.read_bytes()
        yield path.name, gzip.decompress(content) if path.suffix == ".gz" else content


def check(record: SourceRecord) -> None:
    assert record.ids[0].kind == ARXIV
    assert record.authors
    assert record.categories
    assert record.abstract
    assert "Announce Type" not in record.abstract
    assert not any(re.search(r"[<>]|\\'|[()]{1}$", name) for name in record.authors)


def test_every_announcement_is_read_whole(answers: Path) -> None:
    for name, content in bodies(answers / "arxiv_rss"):
        feed = parse_announcement(content)
        assert (feed.bad, feed.error) == ((), "")
        assert len(feed.entries) == len(re.findall(rb"<(?:item|entry)[\s>]", content))
        dated = re.search(r"\d{4}-\d\d-\d\d", name)
        assert dated
        assert str(feed.day) == dated[0]
        for one in feed.entries:
            check(one.record)
            assert one.record.version
            assert not re.search(r"</?p>|\(arXiv:|&lt;", one.record.title + one.record.abstract)
        said = re.findall(rb"<arxiv:announce_type>([\w-]+)<", content)
        if said:
            assert [one.kind.encode() for one in feed.entries] == said


def test_the_updated_and_cross_listed_of_the_old_rdf_are_told_apart(answers: Path) -> None:
    for _, content in bodies(answers / "arxiv_rss"):
        if b"<rdf:RDF" in content:
            kinds = [one.kind for one in parse_announcement(content).entries]
            assert kinds.count("replace") == content.count(b"UPDATED)")
            assert kinds.count("cross") == content.count(b"CROSS LISTED)")


def test_every_harvest_is_read_whole(answers: Path) -> None:
    for _, content in bodies(answers / "arxiv_oai"):
        page = parse_harvest(content)
        assert (page.bad, page.error) == ((), "")
        assert page.received == len(re.findall(rb"<record[\s>]", content))
        names = re.findall(rb"<identifier>oai:arXiv\.org:([^<]+)<", content)
        assert [record.ids[0].value.encode() for record in page.records] == names
        for record in page.records:
            check(record)
        dois = re.findall(rb"(?:<doi>|<dc:identifier>doi:)", content)
        assert sum(len(record.ids) > 1 for record in page.records) >= 0.98 * len(dois)
        tokens = re.findall(rb"<resumptionToken[^>]*>([^<]*)<", content)
        assert page.token.encode() == (tokens[0] if tokens else b"")
        if b"completeListSize" in content:
            assert page.total


def test_the_pages_of_one_harvest_are_one_list(answers: Path) -> None:
    pages = [
        parse_harvest(content)
        for name, content in bodies(answers / "arxiv_oai")
        if name.startswith("page_")
    ]
    assert [page.position for page in pages][:2] == [0, 1000]
    last = pages[-1]
    assert (last.position or 0) + last.received == last.total
    assert last.token == ""


def test_versions_of_the_raw_format_are_read(answers: Path) -> None:
    for name, content in bodies(answers / "arxiv_oai"):
        if name.startswith("arXivRaw"):
            for record in parse_harvest(content).records:
                assert record.version == content.count(b"<version ")
                assert record.updated_at
                assert record.updated_at > record.appeared_at
