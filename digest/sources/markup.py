"""XML from strangers: parsed without entities of its own, external files, or unbounded depth."""

import re
from collections.abc import Mapping
from typing import Any
from xml.parsers import expat

from lxml import etree

from digest.core.errors import SourceMalformed

# A DTD may name its public identifier, as RSS 0.91 does, but not declare anything itself.
_OWN_DECLARATIONS = re.compile(rb"(?i)<!DOCTYPE[^<>\[]{0,1000}\[|<!ENTITY")
# The largest feeds have 5,000 entries of 20 tags; no page of a blog is nested so deep.
MOST_TAGS, MOST_ATTRIBUTES, MOST_DEPTH = 150_000, 500, 200
# Harvests are larger: 10,000 records of 50 tags, each opened and closed.
MOST_XML_TAGS = 1_000_000
# Where anything goes: comments and character data, each with what ends it.
_FREE = ((b"<!--", b"-->"), (b"<![CDATA[", b"]]>"))


def refuse_declarations(body: bytes) -> None:
    """Raises SourceMalformed when the document declares entities: they expand without bound.

    Looks through the NULs of UTF-16 and UTF-32; comments and CDATA may hold what they like.
    """
    flat = body.replace(b"\0", b"")
    if not _OWN_DECLARATIONS.search(flat):
        return
    for opening, closing in _FREE:
        flat = _without(flat, opening, closing)
    if _OWN_DECLARATIONS.search(flat):
        raise SourceMalformed("the XML declares entities of its own, which are not read")


def refuse_excess(body: bytes) -> None:
    """Raises SourceMalformed for a document with more tags, attributes of one, or depth than any
    feed has: feedparser's time grows with the square of some of these.

    What is not well-formed is only held to the number of tags.
    """
    if body.replace(b"\0", b"").count(b"<") > MOST_TAGS:
        raise SourceMalformed(f"the feed has more than {MOST_TAGS:,} tags, which are not read")
    depth = 0

    def start(_name: str, attributes: Mapping[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MOST_DEPTH or len(attributes) > MOST_ATTRIBUTES:
            raise SourceMalformed("the feed is nested or its tags are filled beyond all reason")

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, ValueError, LookupError):
        return  # whether what is broken can be read all the same is for others to tell


def _without(text: bytes, opening: bytes, closing: bytes) -> bytes:
    """`text` less all that stands between the two; in time that grows with its length alone,
    which a regular expression over a hostile text does not promise."""
    kept, at = [], 0
    while (start := text.find(opening, at)) >= 0:
        end = text.find(closing, start + len(opening))
        if end < 0:
            break
        kept.append(text[at:start])
        at = end + len(closing)
    return b"".join((*kept, text[at:]))


def parse_xml(body: bytes) -> Any:
    """The root element of a document, read from its bytes, in the encoding that it declares.

    Raises SourceMalformed when it is no XML, ends in the middle, declares entities, or has more
    tags than any answer.
    """
    if not body.strip():
        raise SourceMalformed("the answer is empty")
    if body.count(b"<") > MOST_XML_TAGS:
        raise SourceMalformed(f"the XML has more than {MOST_XML_TAGS:,} tags, which are not read")
    refuse_declarations(body)
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False
    )
    try:
        return etree.fromstring(body, parser)
    except (etree.LxmlError, ValueError, LookupError) as error:
        line = " ".join(str(error).split())
        raise SourceMalformed(f"the XML breaks off or is not well-formed: {line}") from None
