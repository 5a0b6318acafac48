"""Answers of OAI-PMH, in the formats that arXiv offers and those of its two servers."""

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.errors import SourceError, SourceMalformed
from digest.core.identifiers import ARXIV, DOI, Identifier
from digest.sources.arxiv_metadata import Harvest, parse_harvest
from tests.sources.arxiv_answers import Submission, oai_answer, oai_error, oai_page

WEDNESDAY = datetime(2026, 3, 18, 9, 30, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 18, tzinfo=UTC)


def records(metadata: str, header: str = "") -> Harvest:
    return parse_harvest(
        oai_answer(
            "<ListRecords><record><header><identifier>oai:arXiv.org:2603.00007</identifier>"
            f"<datestamp>2026-03-19</datestamp>{header}</header>"
            f"<metadata>{metadata}</metadata></record></ListRecords>"
        )
    )


ARXIV_RECORD = """<arXiv xmlns="http://arxiv.org/OAI/arXiv/"><id>2603.00007</id>
<created>2026-03-18</created><updated>2026-04-02</updated><authors>
<author><keyname>Lovelace</keyname><forenames>Ada</forenames>
<affiliation>London</affiliation><affiliation>Paris</affiliation></author>
<author><keyname>King</keyname><forenames>Martin</forenames><suffix>Jr</suffix></author>
<author><keyname>Gödel Collaboration</keyname></author></authors>
<title>Proofs of $a&lt;b$
  and more</title><categories>math.LO cs.AI cs.LG</categories>
<comments>7 pages, code at https://github.com/ada/proofs</comments><msc-class>03B35</msc-class>
<acm-class>F.4.1</acm-class><report-no>R-1</report-no>
<journal-ref>J. Proofs 3 (2026) 7</journal-ref>
<doi>10.1000/XYZ.7</doi><license>http://arxiv.org/licenses/nonexclusive-distrib/1.0/</license>
<abstract>  We prove
$a&lt;b$.
</abstract></arXiv>"""


def test_a_record_of_the_format_arxiv_is_read_without_loss() -> None:
    (record,) = records(ARXIV_RECORD).records
    assert record.ids == (Identifier(ARXIV, "2603.00007"), Identifier(DOI, "10.1000/xyz.7"))
    assert (record.title, record.abstract) == ("Proofs of $a<b$ and more", "We prove $a<b$.")
    assert record.authors == ("Ada Lovelace", "Martin King Jr", "Gödel Collaboration")
    assert record.categories == ("math.LO", "cs.AI", "cs.LG")
    assert (record.appeared_at, record.published_at) == (MIDNIGHT, MIDNIGHT)
    assert (record.updated_at, record.version) == (datetime(2026, 4, 2, tzinfo=UTC), None)
    assert record.venue == "J. Proofs 3 (2026) 7"
    assert record.code_url == "https://github.com/ada/proofs"


def test_namespaces_may_be_missing_or_have_prefixes() -> None:
    bare = ARXIV_RECORD.replace(' xmlns="http://arxiv.org/OAI/arXiv/"', "")
    prefixed = bare.replace("<", "<a:").replace("<a:/", "</a:")
    prefixed = prefixed.replace("<a:arXiv>", '<a:arXiv xmlns:a="http://arxiv.org/OAI/arXiv/">')
    assert records(bare).records == records(prefixed).records == records(ARXIV_RECORD).records


def test_a_record_of_the_format_arxivraw_knows_versions_and_times() -> None:
    raw = """<arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>2603.00007</id>
<submitter>Ada</submitter>
<version version="v10"><date>Sun, 13 Jan 2030 11:17:09 GMT</date><size>1kb</size></version>
<version version="v1"><date>Wed, 18 Mar 2026 09:30:00 GMT</date><size>9kb</size></version>
<version version="v2"><date>Thu, 2 Apr 2026 01:00:00 GMT</date><size>9kb</size></version>
<title>Proofs</title><authors>Ada Lovelace (London), Kurt G\\"odel and Andr\\'e Weil</authors>
<categories>math.LO cs.AI</categories><abstract>We prove.</abstract></arXivRaw>"""
    (record,) = records(raw).records
    assert (record.version, record.appeared_at) == (10, WEDNESDAY)
    assert record.updated_at == datetime(2030, 1, 13, 11, 17, 9, tzinfo=UTC)
    assert record.authors == ("Ada Lovelace", "Kurt Gödel", "André Weil")


def test_a_record_of_dublin_core_is_read_too() -> None:
    core = """<oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Proofs</dc:title>
<dc:creator>Lovelace, Ada</dc:creator><dc:creator>King, Martin, Jr.</dc:creator>
<dc:creator>Gödel Collaboration</dc:creator><dc:subject>Mathematics - Logic</dc:subject>
<dc:description>We prove.</dc:description><dc:description>Comment: code at
 https://github.com/ada/proofs</dc:description><dc:date>2026-04-02</dc:date>
<dc:date>2026-03-18</dc:date><dc:type>text</dc:type>
<dc:identifier>http://arxiv.org/abs/2603.00007</dc:identifier>
<dc:identifier>J. Proofs 3 (2026) 7</dc:identifier>
<dc:identifier>doi:10.1000/XYZ.7</dc:identifier></oai_dc:dc>"""
    sets = "<setSpec>math:math:LO</setSpec><setSpec>physics:hep-th</setSpec><setSpec>cs</setSpec>"
    (record,) = records(core, sets).records
    assert record.ids == (Identifier(ARXIV, "2603.00007"), Identifier(DOI, "10.1000/xyz.7"))
    assert record.authors == ("Ada Lovelace", "Martin King Jr.", "Gödel Collaboration")
    assert record.abstract == "We prove."
    assert (record.venue, record.code_url) == (
        "J. Proofs 3 (2026) 7",
        "https://github.com/ada/proofs",
    )
    assert record.appeared_at == MIDNIGHT
    assert record.updated_at == datetime(2026, 4, 2, tzinfo=UTC)
    assert record.categories == ("math.LO", "hep-th", "cs")


def test_the_id_of_the_header_does_when_the_record_has_none() -> None:
    (record,) = records(ARXIV_RECORD.replace("<id>2603.00007</id>", "")).records
    assert record.ids[0] == Identifier(ARXIV, "2603.00007")


def test_ids_of_the_old_style_are_read() -> None:
    body = oai_page([]).replace(
        b"<ListRecords>",
        b"<ListRecords><record><header><identifier>oai:arXiv.org:math/0306266</identifier></header>"
        b"<metadata><arXiv><title>T</title><created>2003-06-18</created></arXiv></metadata>"
        b"</record>",
    )
    assert parse_harvest(body).records[0].ids == (Identifier(ARXIV, "math/0306266"),)


def test_deleted_records_are_counted_and_those_that_cannot_be_read_are_named() -> None:
    extra = (
        '<record><header status="deleted"><identifier>oai:arXiv.org:2603.1</identifier></header>'
        "</record><record><header><identifier>oai:arXiv.org:2603.00002</identifier></header></record>"
        "<record><metadata><arXiv><title>T</title></arXiv></metadata></record>"
        "<record><metadata><arXiv><id>2603.00003</id></arXiv></metadata></record>"
        "<record><metadata><arXiv><id>2603.00004</id><title>T</title></arXiv></metadata></record>"
    )
    page = parse_harvest(oai_page([Submission(number=1, submitted_at=WEDNESDAY)], extra=extra))
    assert (len(page.records), page.deleted, page.received) == (1, 1, 6)
    assert page.bad == (
        "record 3 (oai:arXiv.org:2603.00002) has no metadata that can be read",
        "record 4 (without a name) has no arXiv id",
        "record 5 (2603.00003) has no title",
        "record 6 (2603.00004) has no date",
    )


def test_a_page_of_the_old_server_knows_its_place_and_how_long_the_list_is() -> None:
    page = parse_harvest(
        oai_page([], token="1122234|1001", counts=' cursor="0" completeListSize="1538"')
    )
    assert (page.token, page.position, page.total) == ("1122234|1001", 0, 1538)
    assert page.responded_at == datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
    last = parse_harvest(oai_page([], token="", counts=' cursor="1000" completeListSize="1538"'))
    assert (last.token, last.position, last.total) == ("", 1000, 1538)


def test_a_page_of_the_new_server_has_a_token_and_nothing_else() -> None:
    token = "verb%3DListRecords%26from%3D2026-03-13%26skip%3D1300"
    page = parse_harvest(oai_page([], token=token, counts=' expirationDate="2026-03-21T00:00:00Z"'))
    assert (page.token, page.position, page.total) == (token, None, None)
    assert parse_harvest(oai_page([])).token == ""


def test_an_error_is_told_by_its_code_and_words() -> None:
    page = parse_harvest(oai_error("badResumptionToken", "It expired."))
    assert (page.error, page.words, page.records) == ("badResumptionToken", "It expired.", ())
    assert parse_harvest(oai_error("")).error == "unknown"


@pytest.mark.parametrize(
    "body",
    [b"", b"<rss/>", b"{}", oai_page([Submission(number=1, submitted_at=WEDNESDAY)])[:-30]],
)
def test_what_is_no_answer_or_half_of_one_is_malformed(body: bytes) -> None:
    with pytest.raises(SourceMalformed):
        parse_harvest(body)


def test_a_token_that_no_address_can_hold_is_malformed() -> None:
    with pytest.raises(SourceMalformed, match="too long"):
        parse_harvest(oai_page([], token="x" * 5000))


WHOLE = oai_page(
    [Submission(number=n, submitted_at=WEDNESDAY, version=n) for n in (1, 2)], token="t|1"
)


@given(
    at=st.integers(0, len(WHOLE)),
    new=st.one_of(
        st.binary(max_size=12), st.sampled_from([b"<x>" * 300, b"9" * 400, b"&lt;" * 99])
    ),
    length=st.integers(0, 80),
    encoding=st.sampled_from(["utf-8", "latin-1", "utf-16"]),
)
def test_a_damaged_page_is_a_page_or_malformed(
    at: int, new: bytes, length: int, encoding: str
) -> None:
    damaged = WHOLE[:at] + new + WHOLE[at + length :]
    with contextlib.suppress(SourceError):
        parse_harvest(damaged.decode("utf-8", "replace").encode(encoding, "replace"))
