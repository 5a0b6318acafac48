"""Words as a mail shows them: cleaned, cut, wrapped. Everything here is pure."""

import functools
import re
import textwrap
import unicodedata
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

from digest.core.latex import readable

COLUMNS = 72
MAX_URL_CHARS = 600

# Marks that change the direction of all text after them (Unicode TR 9, explicit formatting).
_DIRECTION_MARKS = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Of all that is not seen, what joins or parts letters, where to break, and the tags of flags.
_JOINS = re.compile("[\u00ad\u0600-\u0605\u200b-\u200f\U000e0020-\U000e007f]")
# Kinds of signs that show on others alone, or not at all; and letters that are blank.
_UNSEEN = ("Cf", "Mn", "Me", "Zs")
_FILLERS = "\u115f\u1160\u2800\u3164\uffa0"
_REPLY_PREFIX = re.compile(r"(?i)^(?:\s*(?:re|fwd?|aw|wg|sv|tr)\s*(?:\[\d+\])?\s*:)+\s*")
_LONG_WORD = re.compile(r"[^\s\u200b]{28,}")
# More marks on one letter than any language has; they would reach over what stands above.
_MARK = (
    "[\u0300-\u036f\u0483-\u0489\u064b-\u065f\u0e31-\u0e4e\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]"
)
_HEAP_OF_MARKS = re.compile(f"({_MARK}{{4}}){_MARK}+")
# Bold print as Markdown has it.
_BOLD = re.compile(r"(?<![\w*])\*\*(?=[^\s*])([^*]{1,200})(?<=[^\s*])\*\*(?![\w*])")
_COUNT = re.compile(r"(\d\.?) (?=\w)")
# What mail programs make links of: domains, also those that are none, as cs.AI; what begins like a
# link; addresses.
_LIKE_A_LINK = re.compile(
    r"(?i)(?<=[a-z0-9]{2})\.(?=[a-z]{2,24}\b)"
    r"|(?<=[a-z0-9])\.(?=(?:com|org|net|edu|gov|io|ai|co|dev|de|fr|uk)\b)"
    r"|(?<=[a-z]):(?=//)|(?<=\bmailto):|(?<=[a-z0-9])@(?=[a-z0-9])"
)
_RTL = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")

# Scripts without spaces between words: two signs that stand together are as good as a word.
UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]{2,}")
_UNSPACED_OR_RUN = re.compile(
    "[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff][^\\w\\s]?"
    "|[^\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]{1,30}"
)
_LINK = re.compile(r"(?:https?://|mailto:)\S")
_WIDE_WORD = re.compile(r"\S{40}")
_NO_WIDTH = ("Mn", "Me", "Cf")
_ENGLISH = re.compile(r"(?i)\b(?:the|of|and|for|with|in|is|are|to|from|by|on|via|an?)\b")

# Hosts known to answer over https: a link written with http goes there without the detour.
_SECURE_HOSTS = frozenset(
    {
        "arxiv.org",
        "www.arxiv.org",
        "export.arxiv.org",
        "doi.org",
        "dx.doi.org",
        "github.com",
        "huggingface.co",
        "openreview.net",
        "www.biorxiv.org",
        "www.medrxiv.org",
        "news.ycombinator.com",
    }
)


# All but what keyboards of English have, which is kept as it is.
_UNUSUAL = re.compile(r"[^ -~]")


@functools.lru_cache(maxsize=8192)
def clean(text: str) -> str:
    """One line of text from outside: no control, private-use, surrogate or direction characters.

    TeX becomes Unicode, white space is collapsed, and Markdown's bold print is plain. Where nothing
    is to be seen, nothing is left.
    """
    kept = _UNUSUAL.sub(lambda found: _as_kept(found[0]), _DIRECTION_MARKS.sub("", text))
    if "**" in kept:
        kept = _BOLD.sub("\\1", kept)
    found = readable(kept)
    if found.isascii():
        return found
    return _HEAP_OF_MARKS.sub("\\1", found) if any(map(_is_seen, found)) else ""


def _is_seen(character: str) -> bool:
    return unicodedata.category(character) not in _UNSEEN and character not in _FILLERS


def _as_kept(character: str) -> str:
    match unicodedata.category(character):
        case "Cc" | "Zl" | "Zp":
            return " "
        case _ if character in _FILLERS:
            return " "
        case "Co" | "Cs" | "Cn":
            return ""
        case "Cf" if not _JOINS.match(character):
            return ""
        case _:
            return character


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, cut between words where there is one, with … at the end."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    if not text[limit - 1].isspace():
        shorter = head.rpartition(" ")[0]
        head = shorter if len(shorter) >= limit // 2 else head
    return head.rstrip(" ,;:.–—-") + "…"


def breakable(text: str) -> str:
    """`text` with places to break (U+200B) in words too long for a narrow screen."""
    return _LONG_WORD.sub(
        lambda word: "\u200b".join(textwrap.wrap(word[0], 14, break_on_hyphens=False)), text
    )


def kept_together(text: str) -> str:
    """`text` in which a number stays on the line of what it counts (U+00A0 behind it)."""
    return _COUNT.sub("\\1\u00a0", text)


def not_a_link(text: str) -> str:
    """`text` in which mail programs find nothing to make a link of (U+200C behind its sign).

    A title such as "Acme.com: a case study" must not lead anywhere but to its paper.
    """
    return _LIKE_A_LINK.sub(lambda found: f"{found[0]}\u200c", text)


def is_right_to_left(text: str) -> bool:
    """Whether the first letters that have a direction run from right to left, mostly."""
    letters = [c for c in text if c.isalpha()]
    return bool(letters) and sum(bool(_RTL.match(c)) for c in letters) * 2 > len(letters)


def is_english(text: str) -> bool:
    """Whether a text holds one of the small words of English, and letters of its alphabet alone."""
    letters = [c for c in text if c.isalpha()]
    return all(c < "\u0250" for c in letters) and _ENGLISH.search(text) is not None


def web_link(url: str) -> str:
    """`url` in plain ASCII if it is an http or https link that is safe to show, else "".

    Refused are other schemes, names and passwords in front of the host, and anything longer
    than 600 characters.
    """
    tidy = "".join(c for c in url.strip() if c.isprintable())
    try:
        parts = urlsplit(tidy)
        host = (parts.hostname or "").encode("idna").decode("ascii")
        port = f":{parts.port}" if parts.port else ""
    except (ValueError, UnicodeError):
        return ""
    if parts.scheme not in ("http", "https") or not re.fullmatch(r"[\w.:-]+", host):
        return ""
    if "@" in parts.netloc:
        return ""
    scheme = "https" if host in _SECURE_HOSTS and not port else parts.scheme
    host = f"[{host}]" if ":" in host else host
    rest = quote(parts._replace(scheme="", netloc="").geturl(), safe="/?#&=%:;,+@!$()*~-._")
    link = f"{scheme}://{host}{port}{rest}"
    # Braces are never part of a paper's link, but some relays put their own values into them.
    return link if len(link) <= MAX_URL_CHARS and "%7B" not in link.upper() else ""


def without_reply_prefix(title: str) -> str:
    """A title that cannot pass for an answer: "Re:" and its kin are taken off its start."""
    return _REPLY_PREFIX.sub("", title)


def wrap(text: str, indent: str = "", first: str | None = None) -> str:
    """Lines of at most 72 columns; a link that is longer keeps a line of its own."""
    if text.isascii() and not _WIDE_WORD.search(text):
        start = indent if first is None else first
        return "\n".join(_wrapped_plainly(" ".join(text.split()), indent, start))
    lines, line, used = [], indent if first is None else first, 0
    room = COLUMNS - len(line)
    for piece in _pieces(text, COLUMNS - len(indent)):
        width = columns(piece.rstrip())
        if used and used + width > room:
            lines.append(line.rstrip())
            line, used, room = indent, 0, COLUMNS - len(indent)
        line += piece
        used += columns(piece)
    return "\n".join([*lines, line.rstrip()])


def _wrapped_plainly(text: str, indent: str, line: str) -> Iterator[str]:
    """`wrap` of ASCII words that fit a line, with one space between them."""
    start = 0
    while len(line) + len(text) - start > COLUMNS:
        end = text.rfind(" ", start, start + max(COLUMNS + 1 - len(line), 0))
        if end < 0:  # the first word is too much for what stands in front of it
            end = text.find(" ", start)
        if end < 0:
            break
        yield line + text[start:end]
        line, start = indent, end + 1
    yield (line + text[start:]).rstrip()


def _pieces(text: str, most: int) -> Iterator[str]:
    """The words of a text, each with the space behind it; writing without spaces sign by sign,
    and in parts what is wider than `most` and no link."""
    for word in text.split():
        if _LINK.match(word) or (columns(word) <= most and not UNSPACED.search(word)):
            yield word + " "
            continue
        *parts, last = _UNSPACED_OR_RUN.findall(word)
        yield from parts
        yield last + " "


def columns(text: str) -> int:
    """How many columns a text takes where letters are of one width: signs of East Asia take two,
    marks none."""
    if text.isascii():
        return len(text)
    return sum(
        2 if unicodedata.east_asian_width(c) in "WF" else unicodedata.category(c) not in _NO_WIDTH
        for c in text
    )
