"""TeX in titles and abstracts, as people read it."""

import functools
import logging
import re
import unicodedata

from pylatexenc.latex2text import LatexNodes2Text
from pylatexenc.latexwalker import LatexWalkerError

_TEX = re.compile(r"[\\$]|[A-Za-z.]~[A-Za-z0-9]|``|''|--")
# Mathematics has no space inside its dollars and no digit behind them; "$5 and $3" are prices.
_MATH = re.compile(r"(?<!\\)(\$(?=[^\s$])[^$]{1,400}(?<=[^\s\\])\$)(?!\d)")
_BARE_DOLLAR = re.compile(r"(?<!\\)\$")
_BARE_PERCENT = re.compile(r"(?<!\\)%")
_MAX_TEX_CHARS = 20_000
_ACCENTS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", "=": "\u0304", "u": "\u0306",
    ".": "\u0307", '"': "\u0308", "r": "\u030a", "H": "\u030b", "v": "\u030c", "d": "\u0323",
    "c": "\u0327", "k": "\u0328", "b": "\u0331",
}  # fmt: skip
_LETTERS = {
    "ss": "ß", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "ae": "æ", "AE": "Æ", "oe": "œ",
    "OE": "Œ", "aa": "å", "AA": "Å", "dh": "ð", "DH": "Ð", "dj": "đ", "DJ": "Đ", "th": "þ",
    "TH": "Þ", "i": "ı", "j": "ȷ",
}  # fmt: skip
# A letter with a mark, in any of the ways to brace them: `\"o`, `\"{o}`, `{\"{o}}`, `\'\i`.
_ACCENTED = re.compile(
    r"""(?x) (?P<open>\{)? \\(?: (?P<sign>[`'^~=."]) | (?P<name>[uvHcdbkr])(?=[\s{\\]) ) \s?
    (?: \{ (?:\\(?P<braced_dotless>[ij])|(?P<braced>[^\W\d_])) \}
      | \\(?P<dotless>[ij])(?![A-Za-z])\s? | (?P<bare>[^\W\d_]) )
    (?(open)\}) """
)
_LETTER = re.compile(
    rf"(?P<open>\{{)?\\({'|'.join(sorted(_LETTERS, key=len, reverse=True))})(?![A-Za-z])"
    r"(?(open)\}|(?:\{\}|\s)?)"
)


@functools.lru_cache(maxsize=4096)
def readable(text: str) -> str:
    """`text` with its TeX turned into Unicode: `$\\ell_1$-norm` reads ℓ_1-norm, `G\\"odel` Gödel.

    Text without TeX, text that is not well-formed TeX, and anything longer than 20,000
    characters comes back unchanged but for white space, which is collapsed.
    """
    plain = " ".join(text.split())
    if len(plain) > _MAX_TEX_CHARS or not _TEX.search(plain):
        return plain
    try:
        converted = _converter().latex_to_text(_escaped(plain))
    except (LatexWalkerError, ValueError, IndexError, RecursionError, TypeError):
        return plain
    return " ".join(str(converted).split()) or plain


def accented(text: str) -> str:
    """`text` with the letters that TeX writes by macros as letters, and all else as it was:
    `G{\\"o}del on $\\ell_1$` is Gödel on $\\ell_1$. Much faster than `readable`."""
    if "\\" not in text:
        return text
    return _LETTER.sub(lambda found: _LETTERS[found[2]], _ACCENTED.sub(_composed, text))


def _composed(found: re.Match[str]) -> str:
    letter = found["braced"] or found["bare"] or found["braced_dotless"] or found["dotless"]
    mark = _ACCENTS[found["sign"] or found["name"]]
    return unicodedata.normalize("NFC", letter + mark)


def _escaped(plain: str) -> str:
    """`plain` with per cent signs and dollars that are meant as such protected from TeX."""
    pieces = _MATH.split(_BARE_PERCENT.sub(r"\\%", plain))
    return "".join(
        piece if number % 2 else _BARE_DOLLAR.sub(r"\\$", piece)
        for number, piece in enumerate(pieces)
    )


# It reports every macro it does not know; what readers type is no trouble of ours.
logging.getLogger("pylatexenc").setLevel(logging.CRITICAL)


@functools.cache
def _converter() -> LatexNodes2Text:
    return LatexNodes2Text(math_mode="text", strict_latex_spaces=False, keep_comments=True)
