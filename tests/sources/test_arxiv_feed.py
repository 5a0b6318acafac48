import contextlib
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.errors import SourceMalformed
from digest.core.identifiers import Identifier
from digest.sources.arxiv_feed import ArxivFeed, parse_feed

FIXTURES = Path(__file__).parent / "fixtures" / "arxiv"
PAGE = (FIXTURES / "page.xml").read_bytes()


@pytest.fixture
def feed() -> ArxivFeed:
    return parse_feed(PAGE)


def test_the_counts_of_a_page_are_read_and_bad_entries_are_part_of_it(feed: ArxivFeed) -> None:
    assert (feed.total, feed.start, feed.items_per_page, feed.error) == (214, 8, 4, "")
    assert feed.received == 4
    assert feed.bad == ("entry 4 (2603.10004) has no date",)


def test_bytes_are_read_as_utf_8_and_white_space_is_collapsed(feed: ArxivFeed) -> None:
    paper = feed.records[0]
    assert paper.authors == ("Dirk Künstler", "Ada Lovelace")
    assert paper.abstract == "We prove that networks are bounded."
    assert paper.title == 'Bounds for K\\"unstler Networks with $a < b$'


def test_all_text_of_an_element_counts_whatever_stands_in_it() -> None:
    title = b"<title>Bounds <i>for</i><!-- deep --> <b>wide</b> networks</title>"
    (paper, *_) = parse_feed(re.sub(rb"<title>Bounds.*?</title>", title, PAGE, flags=re.S)).records
    assert paper.title == "Bounds for wide networks"


def test_a_paper_is_named_without_its_version_which_is_kept_beside(feed: ArxivFeed) -> None:
    assert [(r.ids[0].value, r.version) for r in feed.records] == [
        ("2603.10001", 1),
        ("2401.10002", 3),
        ("math/0601001", 1),
    ]
    assert feed.records[0].url == "https://arxiv.org/abs/2603.10001"
    assert feed.records[0].authority == 90


def test_a_paper_appears_with_its_first_version(feed: ArxivFeed) -> None:
    paper = feed.records[1]
    assert paper.appeared_at == paper.published_at == datetime(2024, 1, 5, 10, tzinfo=UTC)
    assert paper.updated_at == datetime(2026, 3, 19, 9, tzinfo=UTC)


def test_the_primary_category_comes_first_and_each_one_once(feed: ArxivFeed) -> None:
    assert feed.records[0].categories == ("stat.ML", "cs.LG")


def test_code_is_found_in_the_comment_or_the_abstract(feed: ArxivFeed) -> None:
    assert [r.code_url for r in feed.records] == [
        "https://github.com/lab/bounds",
        "https://github.com/lab/journal",
        "",
    ]


def test_a_journals_doi_is_an_identifier_but_arxivs_own_is_not(feed: ArxivFeed) -> None:
    assert feed.records[1].ids[1:] == (Identifier("doi", "10.1000/jir.2026.4"),)
    assert feed.records[1].venue == "J. Inv. Res. 4 (2026) 1-20"
    assert len(feed.records[2].ids) == 1


def test_the_format_before_november_2025_is_read_too() -> None:
    feed = parse_feed((FIXTURES / "old_format.xml").read_bytes())
    (paper,) = feed.records
    assert feed.total == 1
    assert paper.title == "A Title That Is Wrapped by Hand"
    assert (paper.version, paper.categories) == (2, ("cs.LO",))


def test_an_error_that_looks_like_a_feed_is_an_error() -> None:
    feed = parse_feed((FIXTURES / "error.xml").read_bytes())
    assert feed.error == "incorrect id format for abc"
    assert feed.records == ()


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_feed_cut_in_the_middle_is_malformed(share: float) -> None:
    with pytest.raises(SourceMalformed, match="breaks off or is not well-formed"):
        parse_feed(PAGE[: int(len(PAGE) * share)])


@pytest.mark.parametrize("body", [b"", b"  \n", b"Rate exceeded.", b"<rss/>", b"{}", b"\xff\xfe<"])
def test_what_is_no_feed_is_malformed(body: bytes) -> None:
    with pytest.raises(SourceMalformed):
        parse_feed(body)


LAUGHS = """<?xml version="1.0"{encoding}?>
<!-- a <b> --><!DOCTYPE feed [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;"> ]>
<feed xmlns="http://www.w3.org/2005/Atom"><title>&b;</title></feed>"""


@pytest.mark.parametrize(
    "body",
    [
        LAUGHS.format(encoding="").encode(),
        LAUGHS.format(encoding=' encoding="UTF-16"').encode("utf-16"),
        b'<!DOCTYPE feed SYSTEM "file:///etc/passwd" [ ]><feed/>',
        b'<!doctype feed [<!entity x SYSTEM "http://127.0.0.1/">]><feed/>',
    ],
)
def test_a_document_that_declares_entities_is_not_read(body: bytes) -> None:
    with pytest.raises(SourceMalformed, match="declares entities"):
        parse_feed(body)


def test_deep_nesting_is_malformed() -> None:
    with pytest.raises(SourceMalformed):
        parse_feed(b'<feed xmlns="http://www.w3.org/2005/Atom">' + b"<a>" * 100_000)


@given(st.binary())
def test_any_bytes_are_a_feed_or_malformed(body: bytes) -> None:
    with contextlib.suppress(SourceMalformed):
        parse_feed(body)


@given(st.integers(0, len(PAGE) - 1), st.binary(max_size=12), st.integers(0, 12))
def test_a_damaged_feed_is_a_feed_or_malformed(at: int, new: bytes, length: int) -> None:
    try:
        feed = parse_feed(PAGE[:at] + new + PAGE[at + length :])
    except SourceMalformed:
        return
    assert all(record.title and record.ids for record in feed.records)
