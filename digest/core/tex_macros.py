"""Macros of TeX that the converter does not know, or whose arguments it loses."""

import re
from collections.abc import Iterable
from typing import Any

from pylatexenc.latex2text import MacroTextSpec
from pylatexenc.latex2text import get_default_latex_context_db as known_texts
from pylatexenc.latexwalker import get_default_latex_context_db as known_macros
from pylatexenc.macrospec import LatexContextDb, MacroSpec

_OURS = "digest"
# Of each, how many arguments it takes; the last one is what readers see.
_LAST_IS_SEEN = {
    "boldsymbol": 1, "bm": 1, "href": 2, "hyperlink": 2, "mbox": 1, "operatorname": 1,
    "textcolor": 2, "textsubscript": 1, "textsuperscript": 1, "texttt": 1, "url": 1,
}  # fmt: skip
_UNSEEN = {"color": 1, "hspace": 1, "thanks": 1, "vspace": 1}
_SIGNS = {"degree": "°", "deg": "°", "lnot": "¬", "neg": "¬"}
# They change the look of what follows, and say nothing.
_SWITCHES = frozenset(
    {"bf", "bfseries", "centering", "em", "footnotesize", "it", "itshape", "large", "looseness",
     "newline", "noindent", "normalsize", "protect", "rm", "sc", "scriptsize", "sf", "sl", "small",
     "tiny", "tt", "ttfamily", "xspace"}
)  # fmt: skip
_CONTENT = re.compile(r"\s*\{[^{}\s]")


def macros() -> LatexContextDb:
    """The macros that a parser knows, with their arguments."""
    known = known_macros()
    counts = {**_LAST_IS_SEEN, **_UNSEEN}
    own = [MacroSpec(name, "{" * count) for name, count in counts.items()]
    known.add_context_category(_OURS, macros=own, prepend=True)
    return known


def texts() -> LatexContextDb:
    """What each macro reads as. One that only its author knows reads as its name: mostly it stands
    for the name of what the paper is about, without which a sentence has a hole."""
    known = known_texts()
    known.add_context_category(_OURS, macros=list(_own_texts()), prepend=True)
    known.set_unknown_macro_spec(MacroTextSpec("", simplify_repl=_name_of))
    return known


def _own_texts() -> Iterable[MacroTextSpec]:
    for name in _LAST_IS_SEEN:
        yield MacroTextSpec(name, simplify_repl=_last_argument)
    for name in (*_UNSEEN, *_SWITCHES):
        yield MacroTextSpec(name, discard=True)
    for name, sign in _SIGNS.items():
        yield MacroTextSpec(name, simplify_repl=sign)


def _last_argument(node: Any, l2tobj: Any) -> str:
    given = node.nodeargd.argnlist if node.nodeargd else None
    return str(l2tobj.nodelist_to_text([given[-1]])) if given else ""


def _name_of(node: Any, l2tobj: Any) -> str:
    """The name; "" before braces with something in them, which is then what readers see."""
    behind = node.parsing_state.s[node.pos + node.len :]
    return "" if _CONTENT.match(behind) else str(node.macroname) + node.macro_post_space
