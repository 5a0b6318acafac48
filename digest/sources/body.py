"""Bodies of answers: read within bounds, and told apart from the web pages sent in their place."""

import re
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime
from enum import StrEnum

import httpx

from digest.core.errors import SourceMalformed, SourceUnavailable
from digest.sources.text import clean

# The only encoding asked for, because this module decodes it within bounds.
ACCEPT_ENCODING = "gzip"
_EXCERPT_CHARS = 120
_SNIFF_BYTES = 4096
_WEB_PAGE = re.compile(
    rb"(?is)^(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--(?:(?!-->).)*-->\s*)*<(?:!doctype\s+html|html)\b"
)
_DATA = re.compile(rb"(?is)^(?:\xef\xbb\xbf)?\s*(?:[\[{]|<\?xml|<rss|<feed|<rdf:)")
_LINK = re.compile(r"https?://\S+")


class Expect(StrEnum):
    """What a body should be; a feed may be XML or JSON."""

    JSON = "json"
    XML = "xml"
    FEED = "feed"


class BodyCut(Exception):
    """The body ended before its end."""


def read_bounded(
    response: httpx.Response, *, max_bytes: int, deadline: datetime, now: Callable[[], datetime]
) -> bytes:
    """The decoded body, of which never more than `max_bytes` are held.

    Raises SourceMalformed when it is larger or strangely encoded, SourceUnavailable when it is
    not complete by `deadline`, BodyCut when its compression ends in the middle.
    """
    host = response.url.host
    body = bytearray()
    for piece in _decoded(response, max_bytes + 1):
        body += piece
        if len(body) > max_bytes:
            raise SourceMalformed(
                f"{host} answered with more than {max_bytes / 1e6:g} MB, which is not read"
            )
        if now() > deadline:
            raise SourceUnavailable(f"{host} took too long to send its answer")
    return bytes(body)


def read_start(response: httpx.Response) -> bytes:
    """The first few thousand bytes of a refusal, enough for its words; b"" when unreadable."""
    body = bytearray()
    try:
        for piece in _decoded(response, _SNIFF_BYTES):
            body += piece
            if len(body) >= _SNIFF_BYTES:
                break
    except (SourceMalformed, BodyCut):
        return b""
    return bytes(body[:_SNIFF_BYTES])


def _decoded(response: httpx.Response, piece_bytes: int) -> Iterator[bytes]:
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding in ("", "identity"):
        yield from response.iter_raw()
    elif encoding in ("gzip", "x-gzip", "deflate"):
        yield from _inflated(response, piece_bytes)
    else:
        raise SourceMalformed(
            f"{response.url.host} answered in the encoding {clean(encoding, 40)!r}, "
            "which was not asked for"
        )


def _inflated(response: httpx.Response, piece_bytes: int) -> Iterator[bytes]:
    """Never inflates more than `piece_bytes` at a time: a small answer can hold gigabytes."""
    inflater = zlib.decompressobj(wbits=47)  # the header tells gzip from zlib
    fed = False
    try:
        for chunk in response.iter_raw():
            data = chunk
            while data:
                if inflater.eof:  # a gzip file may have several members
                    inflater = zlib.decompressobj(wbits=47)
                fed = True
                yield inflater.decompress(data, piece_bytes)
                data = inflater.unconsumed_tail or inflater.unused_data
    except zlib.error as error:
        raise SourceMalformed(
            f"{response.url.host} answered with a body that cannot be unpacked: {error}"
        ) from None
    if fed and not inflater.eof:
        raise BodyCut


def is_web_page(body: bytes, content_type: str, expect: Expect) -> bool:
    """Whether this is a page for people; feeds are often sent as text/html, and are none."""
    head = body[:_SNIFF_BYTES]
    if _WEB_PAGE.match(head):
        return True
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in ("text/html", "application/xhtml+xml"):
        return False
    return expect is not Expect.FEED or not _DATA.match(head)


def excerpt(body: bytes, secrets: tuple[str, ...] = ()) -> str:
    """The first 120 characters of a body as one line of text, without links and `secrets`."""
    text = _LINK.sub("…", clean(body[:_SNIFF_BYTES].decode("utf-8", "replace"), 2000))
    for secret in secrets:
        text = text.replace(secret, "…")
    return text if len(text) <= _EXCERPT_CHARS else text[:_EXCERPT_CHARS].rstrip() + "…"
