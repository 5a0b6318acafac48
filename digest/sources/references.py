"""A person's library from a file, read by what it holds and not by what it is called."""

import codecs
import re

from digest.core.errors import InvalidInput, SourceMalformed
from digest.core.papers import SourceRecord
from digest.core.references import Reference, References
from digest.sources import bibtex, reference_tables, ris
from digest.sources.arxiv_feed import parse_feed
from digest.sources.reference_fields import MOST_AUTHORS, Entries, identifiers, place, refuse_excess
from digest.sources.text import clean

MOST_BYTES = 25_000_000
_MOST_LINES = 2_000_000

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LOOKED_AT = 4_000  # bytes, to tell text from what is none
_UNREADABLE = "\N{REPLACEMENT CHARACTER}"
_COMMENT = re.compile(r"(?:^|\s)(?:#|%|//)(?=\s|$).*|^[#%].*")
_SEPARATORS = re.compile(r"[\s,;|<>()\[\]\"']+")
_LINE_CHARS = 4_000


def parse_references(body: bytes) -> References:
    """The library in `body`: BibTeX, RIS, CSV, an author's Atom feed of arXiv, or a list of
    arXiv ids, DOIs and links, one a line, in any encoding.

    An entry that cannot be used becomes one line of `bad`. Raises InvalidInput when the whole
    cannot be read.
    """
    if len(body) > MOST_BYTES:
        raise InvalidInput(
            f"it is larger than {MOST_BYTES // 1_000_000} MB: export the library in parts"
        )
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        return _from_feed(body)
    text = decoded(body).replace("\r\n", "\n").replace("\r", "\n")
    if text.count("\n") > _MOST_LINES:
        raise InvalidInput(f"it has more than {_MOST_LINES:,} lines: export it in parts")
    if text.lstrip()[:1] == "<":
        return _from_feed(text.encode("utf-8"))
    entries = {
        found.start(): parse
        for start, parse in ((bibtex.START, bibtex.parse_bibtex), (ris.START, ris.parse_ris))
        if (found := start.search(text))
    }
    if table := reference_tables.header(text):
        return reference_tables.parse_table(text, *table)
    return entries[min(entries)](text) if entries else parse_list(text)


def decoded(body: bytes) -> str:
    """`body` as text: by its byte order mark, else as UTF-8, even with some damage, else as
    Windows-1252, of which Latin-1 is a part. Raises InvalidInput for what is no text."""
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    start = body[:_LOOKED_AT]
    if b"\0" in start:
        return _unmarked_utf16(body, start)
    text = body.decode("utf-8", "replace")
    damaged = text.count(_UNREADABLE)
    # What is no UTF-8 has hardly a letter beyond ASCII that could be read as such.
    if damaged and damaged * 2 > sum(not character.isascii() for character in text):
        return body.decode("cp1252", "replace")
    return text


def _unmarked_utf16(body: bytes, start: bytes) -> str:
    even, odd = start[::2].count(0), start[1::2].count(0)
    if min(even, odd) * 10 > max(even, odd) or max(even, odd) * 8 < len(start):
        raise InvalidInput("it is no text")
    return body.decode("utf-16-le" if odd > even else "utf-16-be", "replace")


def parse_list(text: str) -> References:
    """A list of names, one a line or several with commas between; `#` and `%` begin comments.

    Raises InvalidInput for a text without any name.
    """
    entries = Entries("a list")
    for number, line in enumerate(text.split("\n"), start=1):
        entry = _COMMENT.sub("", line[:_LINE_CHARS]).strip()
        if not entry:
            continue
        where = place(number)
        named = [ids for piece in _SEPARATORS.split(entry) if (ids := identifiers([piece]))]
        if not named and (ids := identifiers([], [entry])):
            named = [ids]  # with a blank inside: `arXiv: 2401.00001`
        for ids in named:
            entries.add(Reference(where=where, ids=ids))
        if not named:
            entries.refuse(where, f"no arXiv id, DOI or link to a paper: {clean(entry, 60)}")
    listed = entries.all()
    if not listed.found:
        raise InvalidInput(
            "it is no BibTeX, RIS, CSV with a column `Title`, Atom feed of arXiv, "
            "or list of arXiv ids and DOIs"
        )
    return listed


def _from_feed(body: bytes) -> References:
    try:
        feed = parse_feed(body)
    except SourceMalformed as error:
        raise InvalidInput(f"it is no Atom feed of arXiv: {error}") from None
    if feed.error or not feed.received:
        raise InvalidInput(f"the feed holds no papers{feed.error and f': {feed.error}'}")
    refuse_excess(feed.received)
    return References(form="Atom", found=tuple(map(_of_record, feed.records)), bad=feed.bad)


def _of_record(record: SourceRecord) -> Reference:
    appeared = record.published_at or record.appeared_at
    return Reference(
        where=str(record.ids[0]),
        ids=record.ids,
        title=record.title,
        abstract=record.abstract,
        authors=record.authors[:MOST_AUTHORS],
        year=appeared.year,
        added_on=appeared.date(),
    )
