"""TeX in titles and abstracts, as people read it."""

import functools
import logging
import re

from pylatexenc.latex2text import LatexNodes2Text
from pylatexenc.latexwalker import LatexWalkerError

_TEX = re.compile(r"[\\$]|[A-Za-z.]~[A-Za-z0-9]|``|''|--")
# Mathematics has no space inside its dollars and no digit behind them; "$5 and $3" are prices.
_MATH = re.compile(r"(?<!\\)(\$(?=[^\s$])[^$]{1,400}(?<=[^\s\\])\$)(?!\d)")
_BARE_DOLLAR = re.compile(r"(?<!\\)\$")
_BARE_PERCENT = re.compile(r"(?<!\\)%")
_MAX_TEX_CHARS = 20_000


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
