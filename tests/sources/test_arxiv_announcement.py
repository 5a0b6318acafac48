"""arXiv's announcements, in each of the forms they have had."""

import contextlib
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.errors import SourceError, SourceMalformed
from digest.core.identifiers import ARXIV, DOI, Identifier
from digest.sources.arxiv_announcement import Announcement, parse_announcement
from tests.sources.arxiv_answers import Submission, rss, rss_error

DAY = date(2026, 3, 20)
MIDNIGHT = datetime(2026, 3, 20, 4, 0, tzinfo=UTC)
WEDNESDAY = datetime(2026, 3, 18, 9, 30, tzinfo=UTC)


def paper(number: int = 1, **more: object) -> Submission:
    return Submission(number=number, submitted_at=WEDNESDAY, **more)  # type: ignore[arg-type]


def read(*papers: Submission) -> Announcement:
    return parse_announcement(rss(DAY, papers))


def test_an_item_is_read_without_loss() -> None:
    (one,) = read(
        paper(
            7,
            version=1,
            authors="Ada Lovelace (London, UK), Martin King Jr.",
            title="Proofs of $a<b$ & more",
            abstract="We  prove\n$a<b$. Code: https://github.com/ada/proofs",
            doi="10.1000/XYZ.7",
            journal="J. Proofs 3 (2026) 7",
        )
    ).entries
    record = one.record
    assert (one.kind, one.at) == ("new", MIDNIGHT)
    assert record.ids == (Identifier(ARXIV, "2603.00007"), Identifier(DOI, "10.1000/xyz.7"))
    assert (record.version, record.title) == (1, "Proofs of $a<b$ & more")
    assert record.abstract == "We prove $a<b$. Code: https://github.com/ada/proofs"
    assert record.authors == ("Ada Lovelace", "Martin King Jr.")
    assert record.categories == ("cs.AI", "cs.LG")
    assert record.venue == "J. Proofs 3 (2026) 7"
    assert record.code_url == "https://github.com/ada/proofs"
    assert (record.appeared_at, record.published_at) == (MIDNIGHT, None)
    assert record.url == "https://arxiv.org/abs/2603.00007"


@pytest.mark.parametrize("kind", ["new", "cross", "replace", "replace-cross"])
def test_the_kind_of_announcement_is_kept(kind: str) -> None:
    (one,) = read(paper(kind=kind)).entries
    assert one.kind == kind
    assert one.is_new == (kind in ("new", "cross"))


@pytest.mark.parametrize("between", [" \n", "\n", "\r\n  ", "  ", "\n\n\t"])
def test_the_words_before_an_abstract_are_left_out_whatever_the_white_space(between: str) -> None:
    body = rss(DAY, [paper()]).replace(b"new \nAbstract:", f"new{between}Abstract:".encode())
    (one,) = parse_announcement(body).entries
    assert one.record.abstract == "We study walking machines."


def test_an_abstract_that_begins_with_such_words_itself_keeps_them() -> None:
    (one,) = read(paper(abstract="Abstract: rewriting systems.")).entries
    assert one.record.abstract == "Abstract: rewriting systems."


def test_the_version_is_found_in_the_description_when_the_guid_has_none() -> None:
    body = rss(DAY, [paper(version=3)]).replace(b"oai:arXiv.org:2603.00001v3", b"2603.00001")
    (one,) = parse_announcement(body).entries
    assert one.record.version == 3


def test_the_day_is_that_of_ithaca_in_summer_and_winter() -> None:
    assert read(paper()).day == DAY
    winter = parse_announcement(rss(date(2026, 1, 20), [paper()]))
    assert winter.day == date(2026, 1, 20)
    assert winter.entries[0].at == datetime(2026, 1, 20, 5, 0, tzinfo=UTC)


def test_a_feed_without_entries_is_valid_and_knows_its_day() -> None:
    assert read() == Announcement(day=DAY)


def test_an_old_paper_that_is_listed_elsewhere_appears_when_it_was_submitted() -> None:
    long_ago = datetime(2023, 1, 5, tzinfo=UTC)
    (one,) = read(Submission(number=1, submitted_at=long_ago, kind="cross")).entries
    assert one.at == MIDNIGHT
    assert one.record.appeared_at == datetime(2023, 1, 31, 23, 59, 59, tzinfo=UTC)
    assert one.record.published_at == one.record.appeared_at


def test_a_paper_of_last_months_last_days_is_new() -> None:
    body = rss(date(2026, 4, 2), [paper()])
    (one,) = parse_announcement(body).entries
    assert one.record.appeared_at == datetime(2026, 4, 2, 4, 0, tzinfo=UTC)


def test_entries_that_cannot_be_read_are_named_and_the_others_kept() -> None:
    bad = b"<item><title>No id</title></item><item><link>https://arxiv.org/abs/2603.9</link></item>"
    no_title = b"<item><guid>oai:arXiv.org:2603.00004v1</guid></item>"
    body = rss(DAY, [paper(1)]).replace(b"</channel>", bad + no_title + b"</channel>")
    feed = parse_announcement(body)
    assert len(feed.entries) == 1
    assert feed.bad == (
        "entry 2 has no arXiv id",
        "entry 3 has no arXiv id",
        "entry 4 (2603.00004) has no title",
    )


def test_an_entry_without_a_date_has_that_of_the_feed() -> None:
    item = b"<item><title>T</title><guid>oai:arXiv.org:2603.00004v1</guid></item>"
    body = rss(DAY, []).replace(b"</channel>", item + b"</channel>")
    assert parse_announcement(body).entries[0].at == MIDNIGHT


def test_an_error_that_looks_like_a_feed_is_an_error() -> None:
    feed = parse_announcement(rss_error("Bad archive 'xx'. Valid archive names are: cs, math."))
    assert feed.error == "Bad archive 'xx'. Valid archive names are: cs, math."
    atom = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>Feed error for query: x</title>'
        "<subtitle>Bad archive</subtitle></feed>"
    )
    assert parse_announcement(atom.encode()).error == "Bad archive"


ATOM = """<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns="http://www.w3.org/2005/Atom" xml:lang="en-us">
<id>http://rss.arxiv.org/atom/cs.AI</id><title>cs.AI updates on arXiv.org</title>
<updated>2026-03-20T04:00:19.866337+00:00</updated>
<link href="http://rss.arxiv.org/atom/cs.AI" rel="self" type="application/atom+xml"/>
<entry><id>oai:arXiv.org:2603.00008v2</id><title>Gödel machines</title>
<updated>2026-03-20T04:00:19.899254+00:00</updated>
<link href="https://arxiv.org/abs/2603.00008" rel="alternate" type="text/html"/>
<summary>arXiv:2603.00008v2 Announce Type: replace-cross
Abstract: They prove.</summary>
<category term="stat.ML"/><category term="cs.AI"/>
<published>2026-03-20T00:00:00-04:00</published>
<arxiv:announce_type>replace-cross</arxiv:announce_type>
<dc:creator>Kurt Gödel, Ada Lovelace</dc:creator></entry></feed>
"""


def test_the_atom_variant_is_read_too() -> None:
    feed = parse_announcement(ATOM.encode())
    (one,) = feed.entries
    assert (feed.day, one.kind, one.at) == (DAY, "replace-cross", MIDNIGHT)
    assert (one.record.version, one.record.title) == (2, "Gödel machines")
    assert one.record.authors == ("Kurt Gödel", "Ada Lovelace")
    assert one.record.categories == ("stat.ML", "cs.AI")
    assert one.record.abstract == "They prove."


def test_an_empty_atom_feed_is_of_the_day_on_which_it_was_built() -> None:
    empty = ATOM.partition("<entry>")[0] + "</feed>"
    assert parse_announcement(empty.encode()) == Announcement(day=DAY)


RDF = """<?xml version="1.0" encoding="UTF-8"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel rdf:about="http://arxiv.org/"><title>cs.AI updates on arXiv.org</title>
<dc:date>2018-05-23T20:30:00-05:00</dc:date></channel>
<item rdf:about="http://arxiv.org/abs/1805.00001">
<title>What is a proof? (arXiv:1805.00001v2 [math.LO] UPDATED)</title>
<link>http://arxiv.org/abs/1805.00001</link>
<description rdf:parseType="Literal">&lt;p&gt;We ask for $1 &amp;lt; a$.
&lt;/p&gt;</description>
<dc:creator> &lt;a href="http://arxiv.org/find/1"&gt;Ada Lovelace&lt;/a&gt; (London),
 &lt;a href="http://arxiv.org/find/2"&gt;Kurt Gödel&lt;/a&gt;</dc:creator></item>
<item><title>Walking. (arXiv:cs/0701001v1 [cs.RO] CROSS LISTED)</title>
<link>http://arxiv.org/abs/cs/0701001</link></item>
<item><title>Running. (arXiv:1805.00003v1 [cs.RO])</title></item></rdf:RDF>
"""


def test_the_rdf_of_old_is_read_too() -> None:
    feed = parse_announcement(RDF.encode())
    first, second, third = feed.entries
    assert [one.kind for one in feed.entries] == ["replace", "cross", "new"]
    assert first.record.title == "What is a proof?"
    assert first.record.abstract == "We ask for $1 < a$."
    assert first.record.authors == ("Ada Lovelace", "Kurt Gödel")
    assert (first.record.version, first.record.categories) == (2, ("math.LO",))
    assert (second.record.title, second.record.ids[0].value) == ("Walking", "cs/0701001")
    assert third.record.ids[0].value == "1805.00003"
    assert feed.day == date(2018, 5, 23)


@pytest.mark.parametrize("body", [b"", b"<html/>", b"{}", b"<OAI-PMH/>", rss(DAY, [paper()])[:-20]])
def test_what_is_no_feed_or_half_a_feed_is_malformed(body: bytes) -> None:
    with pytest.raises(SourceMalformed):
        parse_announcement(body)


WHOLE = rss(DAY, [paper(1), paper(2, kind="replace", doi="10.1000/1", journal="J")])


@given(
    body=st.sampled_from([WHOLE, ATOM.encode(), RDF.encode()]),
    at=st.integers(0, 3000),
    new=st.one_of(
        st.binary(max_size=12), st.sampled_from([b"<x>" * 300, b"9" * 400, b"&lt;" * 99])
    ),
    length=st.integers(0, 80),
    encoding=st.sampled_from(["utf-8", "latin-1", "utf-16"]),
)
def test_a_damaged_feed_is_a_feed_or_malformed(
    body: bytes, at: int, new: bytes, length: int, encoding: str
) -> None:
    damaged = body[:at] + new + body[at + length :]
    with contextlib.suppress(SourceError):
        parse_announcement(damaged.decode("utf-8", "replace").encode(encoding, "replace"))
