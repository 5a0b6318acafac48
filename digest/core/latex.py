"""TeX in titles and abstracts, as people read it."""

import copy
import functools
import logging
import re
import unicodedata
from typing import Any

from pylatexenc.latex2text import LatexNodes2Text
from pylatexenc.macrospec import LatexContextDb

from digest.core import tex_macros

_TIE = re.compile(r"[A-Za-z.]~[A-Za-z0-9]")
# Mathematics has no space inside its dollars and no digit behind them, for "$5 and $3" are prices,
# unless a macro stands in it, or signs alone.
_MATH = re.compile(
    r"(?<!\\)(\$\$[^$]{1,400}\$\$|\$(?=[^\s$])[^$]{1,400}(?<=[^\s\\])\$(?!\d)|\$[-+<>=~]{1,2}\$"
    r"|\$[^$\\]{0,40}\\[A-Za-z][^$]{0,200}\$)"
)
# What is cited has its place at the end of a paper.
_CITATION = re.compile(r"(?:\s|~)*\\cite[a-z]*\*?(?:\[[^\[\]]*\])*\{[^{}]*\}")
# TeX's macros have names of ASCII; a Greek letter behind one is what it is about.
_BEFORE_FOREIGN = re.compile(r"(\\[A-Za-z]+)(?=[^\W\d_a-zA-Z])")
_BARE_DOLLAR = re.compile(r"(?<!\\)\$")
_BARE_AND = re.compile(r"(?<!\\)&")
_BARE_PERCENT = re.compile(r"(?<!\\)%")
# Letters that some index wrote with their marks, and left in the braces of TeX: Mus{é}e.
_BRACED_LETTER = re.compile(r"(?<=[^\W\d_])\{([^\W\d_])\}|\{([^\W\d_])\}(?=[^\W\d_])")
# Braces hold together what is raised or lowered; where that is a sum or the like, brackets must.
_GROUP = re.compile(r"(?<!\\)([_^])\{((?:[^{}]|\{[^{}]{0,200}\}){2,200})\}")
_COMPOUND = re.compile(
    r"(?<=[^\s])[-+/=<>,]|\\(?:[cdt]?frac|times|cdot|pm|in|to|leq?|geq?)(?![A-Za-z])"
)
# Words, and what has brackets already.
_NO_SUM = re.compile(
    r"\s*(?:\([^()]*\)|\\(?:text|math|mbox|operatorname)\w*\s*\{[^{}]*\}"
    r"|\\(?:rm|it|sf|tt|bf)(?![A-Za-z]).*)\s*"
)
_MAX_TEX_CHARS = 20_000
# Signs that mean the same wherever they stand. Half of all texts with TeX hold no other.
_SIGN = re.compile(r"\\[%&_$#{}]|---?|``|''|!`|\?`|~|&")
_ONLY_SIGNS = re.compile(r"(?:[^\\${}%]++|\\[%&_$#{}])*+")
# The converter looks at every character, so it is shown one sign for each long stretch of plain
# words. Their ends stay: a macro may take the words behind it, a sign at a time, as arguments.
_PIECE = re.compile(
    r"\\(?:[^\W\d_]+|.|$)|[{}]|(?:[A-Za-z0-9 ,.;:()/=+<>\"]|-(?!-)|'(?=[A-Za-z ])){20,}"
)
_KEPT_HEAD, _KEPT_TAIL = 12, 3
_FIRST_SIGN = 0xE000  # from here on for private use
_SIGNS = re.compile("[\ue000-\uf8ff]")
# Here a text's length or its very letters may count.
_VERBATIM = re.compile(r"\\(?:verb|begin|end)")
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
    if "{" in plain and "\\" not in plain:
        plain = _BRACED_LETTER.sub(lambda found: found[1] or found[2], plain)
    if len(plain) > _MAX_TEX_CHARS or not _has_tex(plain):
        return plain
    try:
        converted = _converted(_escaped(plain))
    except Exception:  # the converter stumbles over odd TeX in more ways than can be listed
        return plain
    return " ".join(converted.split()) or plain


def _has_tex(plain: str) -> bool:
    """One look for each sign: several times faster than an expression for all of them."""
    return (
        "\\" in plain
        or "$" in plain
        or "--" in plain
        or "``" in plain
        or "''" in plain
        or ("~" in plain and _TIE.search(plain) is not None)
    )


def _converted(tex: str) -> str:
    """What the converter makes of `tex`, mostly without asking it."""
    if _ONLY_SIGNS.fullmatch(tex):
        return _SIGN.sub(lambda sign: _converted_sign(sign[0]), tex)
    stretches: list[str] = []
    if not _SIGNS.search(tex) and not _VERBATIM.search(tex):
        found = _convert(_abridged(tex, stretches))
        signs = [_sign(number) for number in range(len(stretches))]
        if _SIGNS.findall(found) == signs:
            return _SIGNS.sub(lambda sign: stretches[ord(sign[0]) - _FIRST_SIGN], found)
    return _convert(tex)


def _abridged(tex: str, stretches: list[str]) -> str:
    """`tex` with a sign for each stretch of plain words outside all braces, where no macro changes
    their letters; the stretches are added to the list."""
    depth = 0

    def shortened(found: re.Match[str]) -> str:
        nonlocal depth
        piece = found[0]
        if piece == "{":
            depth += 1
        elif piece == "}":
            depth = max(depth - 1, 0)
        if depth or len(piece) < _KEPT_HEAD or piece[0] == "\\":
            return piece
        sign = _sign(len(stretches))
        stretches.append(piece[_KEPT_HEAD:-_KEPT_TAIL])
        return piece[:_KEPT_HEAD] + sign + piece[-_KEPT_TAIL:]

    return _PIECE.sub(shortened, tex)


def _sign(number: int) -> str:
    return chr(_FIRST_SIGN + number)


@functools.cache
def _converted_sign(sign: str) -> str:
    return _convert(sign)


def _convert(tex: str) -> str:
    # A copy, for it remembers the title and authors that a text sets, and shows them in the next.
    return str(copy.copy(_converter()).latex_to_text(tex, latex_context=_context()))


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
    """`plain` without citations, with the ends of macros' names told, and with per cent signs,
    dollars and ampersands that are meant as such protected from TeX."""
    if "\\cite" in plain:
        plain = _CITATION.sub("", plain)
    if not plain.isascii():
        plain = _BEFORE_FOREIGN.sub("\\1 ", plain)
    if "{" in plain and ("^" in plain or "_" in plain):
        plain = _GROUP.sub(_held_together, plain)
    pieces = _MATH.split(_BARE_PERCENT.sub(r"\\%", plain))
    if "&" in plain and "\\begin" not in plain:  # in a table it parts columns
        pieces[::2] = [_BARE_AND.sub(r"\\&", piece) for piece in pieces[::2]]
    return "".join(
        piece if number % 2 else _BARE_DOLLAR.sub(r"\\$", piece)
        for number, piece in enumerate(pieces)
    )


def _held_together(found: re.Match[str]) -> str:
    """n^{5/3} as n^{(5/3)}: without braces it would be a third of n^5."""
    content = found[2]
    if not _COMPOUND.search(content) or _NO_SUM.fullmatch(content):
        return found[0]
    return f"{found[1]}{{({content})}}"


# It reports every macro it does not know; what readers type is no trouble of ours.
logging.getLogger("pylatexenc").setLevel(logging.CRITICAL)


@functools.cache
def _converter() -> LatexNodes2Text:
    return LatexNodes2Text(
        tex_macros.texts(), math_mode="text", strict_latex_spaces=False, keep_comments=True
    )


class _Context(LatexContextDb):  # type: ignore[misc]
    """The macros that the converter knows; it asks at every character whether it is special."""

    def test_for_specials(self, s: str, pos: int, parsing_state: Any = None) -> Any:
        if s[pos] in "&~`'-!?":
            return super().test_for_specials(s, pos, parsing_state=parsing_state)
        return None


@functools.cache
def _context() -> _Context:
    known, context = tex_macros.macros(), _Context()
    for name in known.categories():
        context.add_context_category(
            name,
            macros=known.iter_macro_specs([name]),
            environments=known.iter_environment_specs([name]),
            specials=known.iter_specials_specs([name]),
        )
    context.set_unknown_macro_spec(known.unknown_macro_spec)
    context.set_unknown_environment_spec(known.unknown_environment_spec)
    context.set_unknown_specials_spec(known.unknown_specials_spec)
    return context
