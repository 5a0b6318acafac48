"""Recorded answers of the real services: nothing in them may be lost."""

import gzip
import json
import re
from datetime import date
from pathlib import Path

import pytest

from digest.core.errors import SourceMalformed
from digest.sources.arxiv_feed import parse_feed
from digest.sources.feeds import parse_feed as parse_any_feed
from digest.sources.huggingface import parse_daily
from tests.fakes import NOON

pytestmark = pytest.mark.recordings


@pytest.fixture(scope="module")
def answers(recordings: Path) -> Path:
    """The folder with a folder per service, wherever the variable points."""
    inner = recordings / "recordings"
    return inner if inner.is_dir() else recordings


def body(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def test_every_day_of_hugging_face_is_read_whole(answers: Path) -> None:
    days = sorted((answers / "hf_daily_papers" / "raw_by_date").glob("*.json.gz"))
    assert days
    for path in days:
        listed_on = date.fromisoformat(path.name[:10])
        content = body(path)
        items = json.loads(content)
        page = parse_daily(content, listed_on=listed_on)
        assert page.bad == ()
        assert {r.ids[0].value for r in page.records} == {i["paper"]["id"] for i in items}
        assert all(record.appeared_at.date() == listed_on for record in page.records)
        assert all(record.published_at and record.readings for record in page.records)


def test_other_captures_of_hugging_face_are_read_whole(answers: Path) -> None:
    """As the API sent them, byte for byte: minified, with fields of later years, or early."""
    folder = answers / "hf_daily_papers"
    paths = [p for p in (folder / "api_fixture").iterdir() if "models" not in p.name]
    paths += (folder / "earlier_capture").iterdir()
    assert len(paths) >= 4
    for path in paths:
        items = json.loads(body(path))
        page = parse_daily(body(path), listed_on=date(2026, 6, 12))
        assert page.bad == ()
        assert [r.ids[0].value for r in page.records] == list(
            dict.fromkeys(item["paper"]["id"] for item in items)
        )
        assert [r.readings[0].value for r in page.records] == [
            item["paper"]["upvotes"] for item in items
        ]


def test_a_list_of_something_else_is_bad_throughout(answers: Path) -> None:
    content = body(answers / "hf_daily_papers/api_fixture/hf_models_trending.json")
    page = parse_daily(content, listed_on=date(2026, 6, 12))
    assert (page.records, len(page.bad)) == ((), page.item_count)


def test_the_history_of_a_feed_of_daily_papers_is_read_whole(answers: Path) -> None:
    paths = sorted((answers / "hf_rss_history").rglob("*.xml.gz"))[::4]  # one form throughout
    assert paths
    for path in paths:
        content = body(path)
        feed = parse_any_feed(content, name="hf", now=NOON, url="https://feed.example/")
        links = re.findall(rb"(?s)<item>.*?<link>[^<]*?/(\d{4}\.\d{4,5})", content)
        assert feed.bad == ()
        assert [r.ids[0].value for r in feed.records] == list(
            dict.fromkeys(link.decode() for link in links)
        )


def test_corrupt_days_of_hugging_face_are_bad_or_malformed(answers: Path) -> None:
    for path in (answers / "hf_daily_papers" / "raw_by_date_corrupt").glob("*.json.gz"):
        try:
            page = parse_daily(body(path), listed_on=date(2024, 12, 11))
        except SourceMalformed:
            continue
        assert page.bad
        assert not page.records


def wire_bytes(path: Path) -> bytes:
    """The recorder of the JSON files took UTF-8 for Latin-1."""
    if path.suffix == ".json":
        recorded: str = json.loads(path.read_bytes())["body"]
        return recorded.encode("latin-1")
    return body(path)


def test_every_arxiv_feed_is_read_whole(answers: Path) -> None:
    paths = [path for path in (answers / "arxiv_atom").rglob("*.*") if path.is_file()]
    assert paths
    for path in paths:
        content = wire_bytes(path)
        if not content:
            with pytest.raises(SourceMalformed, match="empty"):
                parse_feed(content)
            continue
        feed = parse_feed(content)
        if feed.error:
            continue
        assert feed.bad == ()
        assert feed.received == content.count(b"<entry>")
        assert feed.received == min(feed.items_per_page or 0, (feed.total or 0) - (feed.start or 0))
        assert "Ã" not in "".join(name for record in feed.records for name in record.authors)
        for record in feed.records:
            assert record.authors
            assert record.categories
            assert (record.version == 1) == (record.updated_at == record.published_at)


def test_every_generic_feed_is_read_whole(answers: Path) -> None:
    for folder in ("feeds_generic", "arxiv_rss"):
        for path in (answers / folder).iterdir():
            content = body(path)
            feed = parse_any_feed(content, name="any", now=NOON, url="https://feed.example/")
            assert feed.bad == ()
            assert len(feed.records) == len(re.findall(rb"<(?:item|entry)[\s>]", content))
            assert not any("<p>" in r.abstract or "&lt;" in r.title for r in feed.records)
