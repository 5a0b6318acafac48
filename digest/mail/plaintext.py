"""Bytes and HTML of a mail's body as the text that a person reads."""

import codecs
import re
from contextlib import suppress
from html.parser import HTMLParser

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
    ("br", "p", "div", "tr", "li", "ul", "ol", "table", "h1", "h2", "h3", "h4", "hr", "pre", "td")
)
_UNSEEN = frozenset(("style", "script", "head", "title", "template"))
_QUOTES = re.compile(r"(?i)gmail_quote|yahoo_quoted|moz-cite-prefix|divrplyfwdmsg|protonmail_quote")
_SIGNATURES = re.compile(r"(?i)gmail_signature|moz-signature|(?:^|\s)signature(?:$|\s)")


def text_of_html(html: str) -> str:
    """What a page says, a line for each block; what it quotes stands behind `>`.

    Links are written behind their words, as `<https://…>`. Never raises.
    """
    reader = _TextReader()
    with suppress(AssertionError, ValueError, RecursionError):
        reader.feed(html)
        reader.close()
    return reader.text()


class _TextReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[list[str]] = [[]]
        self._quoted_lines: list[bool] = [False]
        self._open_quotes = 0
        self._unseen = ""
        self._quotes_to_end = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        marks = " ".join(value or "" for name, value in attrs if name in ("class", "id"))
        if tag in _UNSEEN and not self._unseen:
            self._unseen = tag
        if tag == "blockquote":
            self._open_quotes += 1
        if tag in _BREAKING or tag == "blockquote":
            self._break()
        if _QUOTES.search(marks):
            self._break()
            self._quotes_to_end = True
        if _SIGNATURES.search(marks):
            self._break()
            self._lines[-1].append("-- ")
            self._break()
        if tag == "body":
            self._unseen = ""
        link = next((value for name, value in attrs if name == "href" and value), "")
        if tag == "a" and link.startswith(("http://", "https://")):
            self._lines[-1].append(f" <{link}> ")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._unseen:
            self._unseen = ""
        if tag == "blockquote":
            self._open_quotes = max(0, self._open_quotes - 1)
        if tag in _BREAKING or tag == "blockquote":
            self._break()

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._lines[-1].append(data)

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
