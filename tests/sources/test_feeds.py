from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.errors import SourceMalformed
from digest.core.fetching import FetchRequest
from digest.core.identifiers import Identifier
from digest.core.papers import SourceRecord
from digest.sources.feed_items import ParsedFeed
from digest.sources.feeds import Feed, parse_feed
from digest.sources.http import PoliteClient
from digest.sources.markup import refuse_declarations
from tests.fakes import NOON
from tests.sources.conftest import collect
from tests.sources.site import Reply, Site

FIXTURES = Path(__file__).parent / "fixtures" / "feeds"
RSS = (FIXTURES / "rss2.xml").read_bytes()
URL = "https://lab.example/feed.xml"


def parse(body: bytes, content_type: str = "") -> ParsedFeed:
    return parse_feed(body, name="lab", now=NOON, url=URL, content_type=content_type)


def read(name: str) -> ParsedFeed:
    return parse((FIXTURES / name).read_bytes())


def rss(items: str, declaration: str = '<?xml version="1.0"?>') -> bytes:
    return f'{declaration}<rss version="2.0"><channel>{items}</channel></rss>'.encode()


def item(title: str, more: str = "") -> str:
    return f"<item><title>{title}</title><link>https://lab.example/{title}</link>{more}</item>"


@pytest.fixture
def records() -> tuple[SourceRecord, ...]:
    return parse(RSS).records


# --- what entries say


def test_an_entry_is_named_by_arxiv_or_doi_else_by_a_hash_of_its_guid(
    records: tuple[SourceRecord, ...],
) -> None:
    kinds = [record.ids[0].kind for record in records]
    assert kinds == ["feed:lab", "arxiv", "doi", "feed:lab", "feed:lab"]
    assert records[1].ids == (Identifier("arxiv", "2603.10007"),)
    assert records[2].ids == (Identifier("doi", "10.1000/lab.2"),)
    assert all(record.source == "feeds.lab" and record.authority == 30 for record in records)


def test_the_name_by_hash_is_the_same_every_time_and_in_no_other_feed() -> None:
    first, again = parse(RSS), parse(RSS)
    other = parse_feed(RSS, name="other", now=NOON)
    assert first.records[0].ids == again.records[0].ids
    assert other.records[0].ids[0].kind == "feed:other"
    assert len({record.ids for record in first.records}) == 5


def test_markup_is_stripped_and_the_short_description_is_the_abstract(
    records: tuple[SourceRecord, ...],
) -> None:
    assert records[0].title == "A post & more on H2O"
    assert records[0].abstract == "First. Second <b>."
    assert records[0].categories == ("Physics",)
    assert records[3].abstract == ""


def test_authors_in_one_field_become_one_name_each_without_addresses(
    records: tuple[SourceRecord, ...],
) -> None:
    assert records[0].authors == ("Ada Lovelace", "Kurt Gödel", "Emmy Noether")
    assert records[1].authors == ("Ada Lovelace",)
    assert read("rdf.xml").records[0].authors == ("Lovelace, Ada", "Gödel, Kurt")


@pytest.mark.parametrize(
    "author",
    [
        "Ada Lovelace &lt;ada@lab.example&gt;",
        "ada@lab.example (Ada Lovelace)",
        "Ada Lovelace (ada@lab.example)",
        "ada@lab.org, Ada Lovelace",
    ],
)
def test_an_address_beside_a_name_is_left_out(author: str) -> None:
    (record,) = parse(rss(item("x", f"<author>{author}</author>"))).records
    assert record.authors == ("Ada Lovelace",)


def test_an_address_alone_is_no_author() -> None:
    (record,) = parse(rss(item("x", "<author>ada@lab.example</author>"))).records
    assert record.authors == ()


def test_relative_links_start_at_the_feed_and_pdfs_are_found(
    records: tuple[SourceRecord, ...],
) -> None:
    assert records[1].url == "https://arxiv.org/abs/2603.10007"
    assert records[1].version == 2
    assert records[1].pdf_url == "https://lab.example/files/preprint.pdf"
    assert records[2].url == "https://lab.example/papers/2"
    assert records[2].venue == "Invented Letters"


def test_dates_are_read_with_their_zone_and_even_with_a_wrong_weekday(
    records: tuple[SourceRecord, ...],
) -> None:
    assert records[0].appeared_at == datetime(2026, 3, 20, 8, tzinfo=UTC)
    assert records[1].appeared_at == datetime(2026, 3, 19, 8, tzinfo=UTC)


def test_what_has_no_date_or_only_a_year_appears_now(
    records: tuple[SourceRecord, ...],
) -> None:
    assert (records[2].appeared_at, records[3].appeared_at) == (NOON, NOON)
    assert records[2].published_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert records[3].published_at is None


def test_a_date_in_the_future_is_now(records: tuple[SourceRecord, ...]) -> None:
    assert records[4].appeared_at == records[4].published_at == NOON


def test_an_entry_with_only_a_title_is_fine_but_one_without_is_bad() -> None:
    assert parse(RSS).bad == ("entry 5 has no title", "entry 6 has neither id nor link")


def test_an_entry_that_is_repeated_is_given_once() -> None:
    assert len(parse(rss(item("a") + item("b") + item("a"))).records) == 2


# --- kinds of feeds


def test_rdf_is_read_in_the_encoding_that_it_declares() -> None:
    (article,) = read("rdf.xml").records
    assert article.title == "The first article of the Künstler group"
    assert article.ids == (Identifier("doi", "10.1000/s4-026-1"),)
    assert article.appeared_at == datetime(2026, 3, 17, tzinfo=UTC)


def test_atom_is_read_with_its_base_and_both_dates() -> None:
    (entry,) = read("atom.xml").records
    assert entry.title == "Sparse <attention> again"
    assert entry.url == "https://notes.example/blog/sparse"
    assert entry.appeared_at == datetime(2026, 3, 16, 8, tzinfo=UTC)
    assert entry.updated_at == datetime(2026, 3, 18, 9, tzinfo=UTC)
    assert entry.abstract == "Some bold claim."
    assert entry.authors == ("Emmy Noether",)


def test_a_json_feed_is_read() -> None:
    feed = read("feed.json")
    note, link = feed.records
    assert (note.title, note.abstract) == ("A note with everything", "Some text")
    assert note.appeared_at == datetime(2026, 3, 19, 9, tzinfo=UTC)
    assert (note.authors, note.categories) == (("Ada Lovelace",), ("logic",))
    assert link.ids == (Identifier("arxiv", "2603.10008"),)
    assert link.authors == ("Kurt Gödel",)
    assert len(feed.bad) == 2


def test_rss_0_91_with_its_public_document_type_is_read() -> None:
    doctype = (
        '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" '
        '"http://my.netscape.com/publish/formats/rss-0.91.dtd">'
    )
    body = f'{doctype}<rss version="0.91"><channel>{item("old")}</channel></rss>'.encode()
    assert parse(body).records[0].title == "old"


def test_a_feed_with_no_entries_is_empty_not_broken() -> None:
    assert parse(rss("<title>Sunday</title>")) == ParsedFeed(records=())


# --- broken feeds


def test_a_truncated_feed_keeps_the_entries_before_the_break() -> None:
    whole = rss(item("one") + item("two") + item("three"))
    feed = parse(whole[: whole.index(b"three") + 3])
    assert [record.title for record in feed.records] == ["one", "two"]
    assert feed.partial
    assert feed.bad == ("the feed breaks off after 2 entries",)


def test_a_feed_that_breaks_off_before_its_first_entry_is_malformed() -> None:
    with pytest.raises(SourceMalformed, match="breaks off before its first entry"):
        parse(rss("<title>Lab")[:60])


def test_a_feed_that_is_not_well_formed_is_read_leniently() -> None:
    feed = parse(rss(item("one", "<description>a & b &nbsp; </oops></description>") + item("two")))
    assert [record.title for record in feed.records] == ["one", "two"]
    assert not feed.partial


def test_junk_before_the_declaration_is_left_out() -> None:
    assert len(parse(b"\n\nWarning: cache\n" + RSS).records) == 5


def test_a_wrong_charset_in_the_header_does_not_break_the_feed() -> None:
    feed = parse(RSS, content_type="application/rss+xml; charset=us-ascii")
    assert feed.records[0].authors[1] == "Kurt Gödel"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" \n",
        b"Service unavailable",
        b"<html><body>Hello</body></html>",
        b'{"items": "no list"}',
        b"[1, 2]",
        b"{broken",
        b"\x00\x01\x02\xff",
    ],
)
def test_what_is_no_feed_is_malformed(body: bytes) -> None:
    with pytest.raises(SourceMalformed):
        parse(body)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_feed_that_declares_entities_is_not_read(encoding: str) -> None:
    bomb = '<!-- <rss> --><!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
    body = rss(item("&b;"), f'<?xml version="1.0" encoding="{encoding}"?>{bomb}').decode()
    with pytest.raises(SourceMalformed, match="declares entities"):
        parse(body.encode(encoding))


def test_text_about_entities_is_no_declaration() -> None:
    post = item("xml", "<description><![CDATA[<!DOCTYPE a [<!ENTITY b 'c'>]>]]></description>")
    assert len(parse(rss(post)).records) == 1


@given(st.binary() | st.binary().map(lambda b: b"<rss>" + b) | st.binary().map(lambda b: b"{" + b))
def test_any_bytes_are_a_feed_or_malformed(body: bytes) -> None:
    try:
        feed = parse(body)
    except SourceMalformed:
        return
    assert all(record.title and record.ids for record in feed.records)


FEEDS = tuple(path.read_bytes() for path in sorted(FIXTURES.iterdir()))


@given(st.sampled_from(FEEDS), st.integers(0, 2000), st.binary(max_size=9), st.integers(0, 9))
def test_a_damaged_feed_is_a_feed_or_malformed(
    body: bytes, at: int, new: bytes, length: int
) -> None:
    try:
        feed = parse(body[:at] + new + body[at + length :])
    except SourceMalformed:
        return
    assert all(record.appeared_at <= NOON for record in feed.records)


# --- fetching


TAGGED = {"ETag": '"v1"', "Content-Type": "application/rss+xml"}


def test_an_unchanged_feed_is_a_page_that_says_so(client: PoliteClient, site: Site) -> None:
    site.answers(Reply(body=RSS, headers=TAGGED), Reply(status=304))
    feed = Feed(client, "lab", url=site.url)
    assert feed.name == "feeds.lab"
    request = FetchRequest(now=NOON, cursor={"kept": 1})
    (page,) = feed.fetch(request)
    assert len(page.records) == 5
    (page,) = feed.fetch(request)
    assert (page.records, page.note) == ((), "unchanged since the last fetch")
    assert page.cursor == {"kept": 1}
    assert site.asked[1].headers["if-none-match"] == '"v1"'


def test_a_page_that_was_not_stored_is_fetched_again(client: PoliteClient, site: Site) -> None:
    site.answers(Reply(body=RSS, headers=TAGGED))
    feed = Feed(client, "lab", url=site.url)
    next(iter(feed.fetch(FetchRequest(now=NOON))))
    list(feed.fetch(FetchRequest(now=NOON)))
    assert "if-none-match" not in site.asked[1].headers


def test_a_feed_that_broke_off_is_fetched_again(client: PoliteClient, site: Site) -> None:
    site.answers(Reply(body=RSS[:-200], headers=TAGGED))
    feed = Feed(client, "lab", url=site.url)
    (page,) = feed.fetch(FetchRequest(now=NOON))
    assert "breaks off" in page.bad[-1]
    list(feed.fetch(FetchRequest(now=NOON)))
    assert "if-none-match" not in site.asked[1].headers


def test_dates_asked_for_choose_among_the_entries_and_ask_for_all(
    client: PoliteClient, site: Site
) -> None:
    site.answers(Reply(body=RSS, headers=TAGGED))
    feed = Feed(client, "lab", url=site.url)
    list(feed.fetch(FetchRequest(now=NOON)))
    day = date(2026, 3, 19)
    (page,) = feed.fetch(FetchRequest(now=NOON, since=day - timedelta(days=1), until=day))
    assert [record.title for record in page.records] == ["A preprint"]
    assert "if-none-match" not in site.asked[1].headers


def test_a_feed_that_moved_for_good_says_where_to(client: PoliteClient, site: Site) -> None:
    moved = Reply(status=301, headers={"Location": "/new?token=s3cret"})
    site.answers(moved, Reply(body=RSS))
    (page,) = Feed(client, "lab", url=site.url).fetch(FetchRequest(now=NOON))
    assert page.note == f"moved for good to {site.url.replace('/feed', '/new')}: change its url"


def test_a_feed_that_is_a_web_page_now_is_malformed(client: PoliteClient, site: Site) -> None:
    site.answers(Reply(body=b"<!doctype html><p>Hi", headers={"Content-Type": "text/html"}))
    pages, error = collect(Feed(client, "lab", url=site.url), FetchRequest(now=NOON))
    assert pages == []
    assert "perhaps a robot check" in str(error)


def test_a_thousand_open_comments_are_looked_through_in_one_go() -> None:
    hostile = b"<rss>" + b"<!ENTITY" + b"<!--" * 200_000 + b"<![CDATA[" * 100_000
    with pytest.raises(SourceMalformed):
        refuse_declarations(hostile)
    refuse_declarations(b"<rss><!-- <!ENTITY --><![CDATA[ <!ENTITY ]]></rss>")
