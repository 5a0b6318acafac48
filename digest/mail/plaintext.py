"""Bytes and HTML of a mail's body as the text that a person reads."""

import codecs
import re
from collections.abc import Mapping
from contextlib import suppress

from lxml import etree

# Their decoders take quadratic time; no mail is written in them.
_NOT_FOR_MAIL = frozenset({"punycode", "idna"})
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
_NEWLINE = re.compile(r"\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]")


def decode_text(raw: bytes, charset: str, control: str = "") -> str:
    """`raw` in the charset it claims, or else in UTF-8 or Windows-1252; never raises.

    Lines end in \\n; `control` stands for each control character.
    """
    text = _strictly(raw, charset) if charset else None
    text = text if text is not None else _strictly(raw, "utf-8")
    text = text if text is not None else raw.decode("cp1252", "replace")
    return _CONTROL.sub(control, _NEWLINE.sub("\n", text))


def _strictly(raw: bytes, charset: str) -> str | None:
    with suppress(LookupError, ValueError):
        if codecs.lookup(charset).name not in _NOT_FOR_MAIL:
            return raw.decode(charset)
    return None


def unflow(text: str, delsp: bool) -> str:
    """Paragraphs of format=flowed joined to one line each (RFC 3676); quote marks are kept."""
    lines: list[str] = []
    joins = False
    for line in text.split("\n"):
        quoted = line.startswith(">")
        body = line if quoted else line.removeprefix(" ")
        if joins and not quoted and body != "-- ":
            lines[-1] = (lines[-1][:-1] if delsp else lines[-1]) + body
        else:
            lines.append(body)
        joins = not quoted and body.endswith(" ") and body != "-- "
    return "\n".join(lines)


_BREAKING = frozenset(
    (
        "br",
        "p",
        "div",
        "tr",
        "li",
        "ul",
        "ol",
        "table",
        "h1",
        "h2",
        "h3",
        "h4",
        "hr",
        "td",
        "blockquote",
    )
)
_UNSEEN = frozenset(("style", "script", "head", "title", "template"))
_QUOTES = re.compile(r"(?i)gmail_quote|yahoo_quoted|moz-cite-prefix|divrplyfwdmsg|protonmail_quote")
_SIGNATURES = re.compile(r"(?i)gmail_signature|moz-signature|(?:^|\s)signature(?:$|\s)")


def text_of_html(html: str) -> str:
    """What a page says, a line for each block; what it quotes stands behind `>`.

    Links are written before their words, as `<https://…>`. Never raises. The parser is that of
    libxml2: the standard library's takes quadratic time on broken tags.
    """
    reader = _TextReader()
    parser = etree.HTMLParser(target=reader, encoding="utf-8")
    with suppress(etree.LxmlError, ValueError):
        parser.feed(html.encode("utf-8", "replace"))
        parser.close()
    return reader.text()


class _TextReader:
    """Takes the events of a parser: `start`, `end`, `data`, `close`."""

    def __init__(self) -> None:
        self._lines: list[list[str]] = [[]]
        self._quoted_lines: list[bool] = [False]
        self._open_quotes = 0
        self._unseen = 0
        self._quotes_to_end = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._unseen += tag in _UNSEEN
        self._open_quotes += tag == "blockquote"
        if tag in _BREAKING:
            self._break()
        marks = f"{attributes.get('class', '')} {attributes.get('id', '')}"
        if _QUOTES.search(marks):
            self._quotes_to_end = True
            self._break()
        if _SIGNATURES.search(marks):
            self._line("-- ")
        link = attributes.get("href", "") if tag == "a" else ""
        if link.startswith(("http://", "https://")):
            self._lines[-1].append(f" <{link}> ")

    def end(self, tag: str) -> None:
        self._unseen -= tag in _UNSEEN
        self._open_quotes -= tag == "blockquote"
        if tag in _BREAKING:
            self._break()

    def data(self, data: str) -> None:
        if self._unseen <= 0:
            self._lines[-1].append(data)

    def close(self) -> None:
        """The end of the page: nothing is left to do."""

    def _line(self, text: str) -> None:
        self._break()
        self._lines[-1].append(text)
        self._break()

    def _break(self) -> None:
        if self._lines[-1]:
            self._lines.append([])
            self._quoted_lines.append(False)
        self._quoted_lines[-1] = self._open_quotes > 0 or self._quotes_to_end

    def text(self) -> str:
        lines = []
        for pieces, quoted in zip(self._lines, self._quoted_lines, strict=True):
            line = " ".join("".join(pieces).split())
            if line == "--":
                line = "-- "
            lines.append(f"> {line}" if quoted else line)
        return "\n".join(lines)
