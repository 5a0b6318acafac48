"""Text and links from sources, made safe and plain: nobody out there is trusted."""

import html
import re
import unicodedata
from urllib.parse import urljoin, urlsplit

import nh3

TITLE_CHARS = 500
ABSTRACT_CHARS = 20_000
_NAME_CHARS = 200
_URL_CHARS = 2_000
# Nobody needs more of the raw text than this to fill the longest field.
_RAW_CHARS = 200_000

# Invisible or reordering characters (UAX #9, 2.1 to 2.6), tags, and what has no meaning outside
# a private agreement; zero-width joiners stay, several scripts need them.
_UNWANTED = re.compile(
    "[\u0000-\u0008\u000e-\u001b\u007f-\u0084\u0086-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\ue000-\uf8ff"
    "\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)
_BLOCK = (
    "address|article|aside|blockquote|body|center|div|dd|dl|dt|fieldset|figcaption|figure|footer"
    "|form|h[1-6]|head|header|html|li|main|nav|ol|p|pre|section|table|tbody|td|tfoot|th|thead|title|tr|ul"
    "|jats:(?:p|sec|title)"
)
_VOID = "br|hr|img|input|link|meta|source|wbr"
_INLINE = (
    "a|abbr|acronym|b|bdi|bdo|big|button|cite|code|del|details|dfn|em|font|i|iframe|ins|kbd"
    "|label|mark|math|noscript|object|q|s|samp|script|small|span|strike|strong|style|sub|summary"
    "|sup|svg|template|time|tt|u|var|video|audio|picture|(?:mml:|jats:|m:)[a-z-]+"
    "|inline-formula|m(?:i|n|o|row|sub|sup|subsup|frac|text|style|over|under|sqrt)"
)
_ATTRIBUTES = r"(?:\s(?:[^<>\"']|\"[^\"]*\"|'[^']*')*)?"
_TAG = re.compile(rf"(?i)<(/?)({_BLOCK}|{_VOID}|{_INLINE}){_ATTRIBUTES}/?>")
_CERTAIN_MARKUP = re.compile(r"(?i)br|hr|img")
_BLOCK_NAME = re.compile(rf"(?i){_BLOCK}")
_UNSEEN = tuple(
    (re.compile(rf"(?i)<{name}{_ATTRIBUTES}/?>"), re.compile(rf"(?i)</{name}\s*>"))
    for name in ("script", "style", "template", "iframe", "svg", "object", "noscript")
)
_BREAKS_LINE = re.compile(rf"(?i)<(?=/?(?:{_BLOCK}|br|hr)\b)")
# A power that reads otherwise without its tags: 10-3, s-1. The signs are a hyphen, a minus, a dash.
_POWER = re.compile(
    r"(?i)(?:(?<=\b10)<((?:jats:)?sup)>\s*([-−–]?)|(?<=\w)<((?:jats:)?sup)>\s*([-−–]))"
    r"(\d{1,3})\s*</(?:jats:)?sup>"
)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_BARE_AMPERSAND = re.compile(rf"&(?!{_ENTITY.pattern[1:]})")
_GITHUB = re.compile(
    r"(?i)(?:^|[^\w.-])(?:www\.)?github\.com/([a-z0-9](?:[a-z0-9-]{0,38}))/([\w.-]{1,100})"
)
_NO_OWNERS = frozenset(
    {"about", "apps", "blog", "collections", "features", "marketplace", "orgs", "search",
     "settings", "site", "sponsors", "topics", "trending", "users"}
)  # fmt: skip
_UNSAFE_IN_URL = str.maketrans({c: f"%{ord(c):02X}" for c in ' "<>\\^`{|}'})


def clean(raw: object, limit: int) -> str:
    """`raw` as one line of plain text in NFC, at most `limit` characters; "" when it is no text.

    Markup is stripped and character references are decoded, each once, so that `a < b`, TeX and
    an escaped `&lt;sup&gt;` come out as their author meant them; a tag only counts as markup
    when its name is HTML's and the text closes tags at all.
    """
    if not isinstance(raw, str) or not raw:
        return ""
    if _is_plain(text := " ".join(raw[:_RAW_CHARS].split())):
        return text if len(text) <= limit else _cut(text, limit)
    text = _UNWANTED.sub("", raw[:_RAW_CHARS])
    if "<" in text or "&" in text:
        text = _UNWANTED.sub("", _plain(text))
    text = unicodedata.normalize("NFC", " ".join(text.split()))
    return text if len(text) <= limit else _cut(text, limit)


def clean_title(raw: object) -> str:
    return clean(raw, TITLE_CHARS)


def clean_abstract(raw: object) -> str:
    return clean(raw, ABSTRACT_CHARS)


def clean_name(raw: object) -> str:
    """A person's name, a venue, a category: one short line."""
    return clean(raw, _NAME_CHARS)


def _is_plain(text: str) -> bool:
    """Whether cleaning would leave the text as it is. Most texts are: seeing that costs a twentieth
    of searching them for every unwanted character."""
    return text.isascii() and text.isprintable() and "<" not in text and "&" not in text


def _cut(text: str, limit: int) -> str:
    """`text` cut between two words where there are words, ending in an ellipsis."""
    head = text[: limit - 1]
    start, space, _ = head.rpartition(" ")
    return (start if space and len(start) > limit // 2 else head).rstrip() + "…"


def _plain(text: str) -> str:
    if "<![CDATA[" in text:
        text = text.replace("<![CDATA[", "").replace("]]>", "")
    if _is_marked_up(text):
        text = _strip_tags(_without_comments(text))
    return _ENTITY.sub(lambda found: html.unescape(found[0]), text)


def _is_marked_up(text: str) -> bool:
    """Whether the text is HTML rather than prose with angle brackets, such as `p<q and a<b>c`."""
    start = text.lstrip()
    for found in _TAG.finditer(text):
        if found[1] or _CERTAIN_MARKUP.fullmatch(found[2]):
            return True
        if start.startswith(found[0]) and _BLOCK_NAME.fullmatch(found[2]):
            return True
    return "<!--" in text


def _strip_tags(text: str) -> str:
    """`text` without HTML's own tags; whatever else looks like one stays, as text.

    Character references are left as they are: `&lt;b&gt;` is not taken for a tag.
    """
    for opener, closer in _UNSEEN:
        text = _without_elements(text, opener, closer)
    text = _BREAKS_LINE.sub(" <", _POWER.sub(_raised, text))
    pieces, end = [], 0
    for tag in _TAG.finditer(text):
        pieces += [_escaped(text[end : tag.start()]), tag[0]]
        end = tag.end()
    pieces.append(_escaped(text[end:]))
    return nh3.clean("".join(pieces), tags=set())


def _raised(found: re.Match[str]) -> str:
    return f"^{'-' if found[2] or found[4] else ''}{found[5]}"


def _without_comments(text: str) -> str:
    """In one pass over the text, however many comments are opened and never closed."""
    *closed, rest = text.split("-->")
    return " ".join([part.partition("<!--")[0] for part in closed] + [rest])


def _without_elements(text: str, opener: re.Pattern[str], closer: re.Pattern[str]) -> str:
    """Drops what stands between `opener` and `closer`; an opener that nothing closes is prose."""
    *closed, rest = closer.split(text)
    pieces = [part[: found.start()] if (found := opener.search(part)) else part for part in closed]
    return " ".join([*pieces, rest])


def _escaped(text: str) -> str:
    return _BARE_AMPERSAND.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")


def safe_url(raw: object, base: str = "") -> str:
    """`raw` as an absolute http or https URL (relative ones start at `base`), else ""."""
    if not isinstance(raw, str) or not raw.strip() or len(raw) > _URL_CHARS:
        return ""
    text = raw.strip()
    if _UNWANTED.search(text) or re.search(r"[\t\r\n]", text):
        return ""
    try:
        url = urljoin(base, text) if base else text
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and not parts.username
        _ = parts.port  # raises when it is no number
    except ValueError:
        return ""
    return url.translate(_UNSAFE_IN_URL) if usable else ""


def github_repository(*texts: str) -> str:
    """The first GitHub repository named in `texts`, as `https://github.com/OWNER/NAME`, or ""."""
    for text in texts:
        # The slow search is only worth its while where its plainest part is found. (The "gi"
        # before it has look-alikes that the expression takes for the same letters.)
        if "thub.com/" not in text.lower():
            continue
        for found in _GITHUB.finditer(text.replace("\\_", "_")):
            owner, name = found[1], found[2].rstrip(".,-")
            name = name.removesuffix(".git")
            if name and owner.lower() not in _NO_OWNERS:
                return f"https://github.com/{owner}/{name}"
    return ""
