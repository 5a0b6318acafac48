"""XML from strangers: parsed without entities of its own, external files, or unbounded depth."""

import re
from typing import Any

from lxml import etree

from digest.core.errors import SourceMalformed

_COMMENTS = re.compile(rb"<!--(?:(?!-->).)*-->", re.DOTALL)
# A DTD may name its public identifier, as RSS 0.91 does, but not declare anything itself.
_OWN_DECLARATIONS = re.compile(rb"(?i)<!DOCTYPE[^<>\[]{0,1000}\[|<!ENTITY")
_CDATA = re.compile(rb"<!\[CDATA\[(?:(?!\]\]>).)*\]\]>", re.DOTALL)


def refuse_declarations(body: bytes) -> None:
    """Raises SourceMalformed when the document declares entities: they expand without bound.

    Looks through the NULs of UTF-16 and UTF-32; comments and CDATA may hold what they like.
    """
    flat = body.replace(b"\0", b"")
    if not _OWN_DECLARATIONS.search(flat):
        return
    if _OWN_DECLARATIONS.search(_CDATA.sub(b"", _COMMENTS.sub(b"", flat))):
        raise SourceMalformed("the XML declares entities of its own, which are not read")


def parse_xml(body: bytes) -> Any:
    """The root element of a document, read from its bytes, in the encoding that it declares.

    Raises SourceMalformed when it is no XML, ends in the middle, or declares entities.
    """
    if not body.strip():
        raise SourceMalformed("the answer is empty")
    refuse_declarations(body)
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False
    )
    try:
        return etree.fromstring(body, parser)
    except (etree.LxmlError, ValueError, LookupError) as error:
        line = " ".join(str(error).split())
        raise SourceMalformed(f"the XML breaks off or is not well-formed: {line}") from None
