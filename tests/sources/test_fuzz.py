"""Whatever comes, a parser answers with records, or with an error of ours; never with another."""

import contextlib
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.core.errors import SourceError, SourceMalformed
from digest.core.papers import SourceRecord
from digest.sources.arxiv_feed import parse_feed as parse_arxiv_feed
from digest.sources.feeds import parse_feed
from digest.sources.huggingface import parse_daily
from digest.sources.markup import MOST_ATTRIBUTES, MOST_DEPTH, MOST_TAGS, MOST_XML_TAGS
from tests.fakes import NOON
from tests.sources.mutations import mutated, mutated_json

FIXTURES = Path(__file__).parent / "fixtures"
DAY = date(2026, 3, 20)
LISTING = (FIXTURES / "huggingface/2026-03-20.json").read_bytes()
FEEDS = [path.read_bytes() for path in sorted((FIXTURES / "feeds").iterdir())]
ARXIV = [path.read_bytes() for path in sorted((FIXTURES / "arxiv").glob("*.xml"))]
often = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])


def listing(body: bytes) -> tuple[SourceRecord, ...]:
    return parse_daily(body, listed_on=DAY).records


def arxiv(body: bytes) -> tuple[SourceRecord, ...]:
    return parse_arxiv_feed(body).records


def feed(body: bytes) -> tuple[SourceRecord, ...]:
    return parse_feed(body, name="lab", now=NOON, url="https://lab.example/feed").records


def hold(parse: Callable[[bytes], tuple[SourceRecord, ...]], body: bytes) -> None:
    """Parses, and looks at what came: records fit to be stored and shown."""
    with contextlib.suppress(SourceError):
        for record in parse(body):
            assert record.title
            assert record.ids
            assert record.title.isprintable()
            assert all(url.startswith(("http://", "https://")) or not url for url in (record.url,))
            assert all(0 <= reading.value < 1e13 for reading in record.readings)
            assert record.appeared_at.tzinfo is not None
            json.dumps([record.title, record.abstract, *record.authors]).encode("utf-8")


@given(mutated_json(json.loads(LISTING)) | mutated(LISTING))
@often
def test_a_daily_list_of_any_kind(body: bytes) -> None:
    hold(listing, body)


@given(st.sampled_from(ARXIV).flatmap(mutated))
@often
def test_an_answer_of_arxiv_of_any_kind(body: bytes) -> None:
    hold(arxiv, body)


@given(st.sampled_from(FEEDS).flatmap(mutated))
@often
def test_a_feed_of_any_kind(body: bytes) -> None:
    hold(feed, body)


@pytest.mark.parametrize(
    "inside",
    [
        b"<category>a</category>" * MOST_TAGS,
        b"<a>" * (MOST_DEPTH + 1) + b"</a>" * (MOST_DEPTH + 1),
        b"<a " + b" ".join(b"a%d='1'" % n for n in range(MOST_ATTRIBUTES + 1)) + b"/>",
        b"<" * (MOST_TAGS + 1),
    ],
    ids=["tags", "depth", "attributes", "broken"],
)
def test_a_feed_that_would_take_for_ever_is_not_read(inside: bytes) -> None:
    body = b"<rss version='2.0'><channel><item><title>A</title>" + inside
    with pytest.raises(SourceMalformed, match="tags"):
        feed(body + b"</item></channel></rss>")


@pytest.mark.parametrize("parse", [listing, arxiv, feed])
@pytest.mark.parametrize("body", [b"[" * 1_000_000, b'{"a":' * 200_000, b"<a>" * 300_000])
def test_what_is_nested_without_end_is_malformed(
    parse: Callable[[bytes], tuple[SourceRecord, ...]], body: bytes
) -> None:
    with pytest.raises(SourceMalformed):
        parse(body)


def test_xml_of_nothing_but_tags_is_not_read() -> None:
    with pytest.raises(SourceMalformed, match="tags"):
        arxiv(b"<feed>" + b"<a/>" * MOST_XML_TAGS + b"</feed>")
