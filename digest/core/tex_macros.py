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
    "boldsymbol": 1, "bm": 1, "foreignlanguage": 2, "href": 2, "hyperlink": 2, "mbox": 1,
    "operatorname": 1, "textcolor": 2, "textsubscript": 1, "textsuperscript": 1, "texttt": 1,
    "url": 1,
}  # fmt: skip
_FRACTIONS = ("cfrac", "dfrac", "frac", "nicefrac", "sfrac", "tfrac")
_BINOMIALS = ("binom", "dbinom", "tbinom")
_UNSEEN = {
    "color": 1, "footnote": 1, "hspace": 1, "keywords": 1, "label": 1, "thanks": 1, "vspace": 1,
}  # fmt: skip
_SIGNS = {
    "colon": ":", "deg": "°", "degree": "°", "lnot": "¬", "neg": "¬", "textgreater": ">",
    "textless": "<",
}  # fmt: skip
# What nearly every author means by them, though TeX itself does not know them.
_ABBREVIATIONS = {"eg": "e.g.", "etal": "et al.", "etc": "etc.", "ie": "i.e."}
# In mathematics a bar tells one bound from the other; under words it only marks letters.
_BARS = {"overline": "\u0305", "underline": "\u0332"}
# What stands around an argument.
_AROUND = {"enquote": ("“", "”"), "pmod": (" (mod ", ")")}
# They change the look of what follows, and say nothing.
_SWITCHES = frozenset(
    {"allowbreak", "bf", "bfseries", "boldmath", "cal", "centering", "displaystyle", "em",
     "footnotesize", "frak", "it", "itshape", "large", "left", "limits", "looseness", "middle",
     "newline", "noindent", "nolimits", "normalsize", "protect", "right", "rm", "sc", "scriptsize",
     "scriptstyle", "sf", "sl", "small", "textstyle", "tiny", "tt", "ttfamily", "xspace"}
    | {size + side for size in ("big", "Big", "bigg", "Bigg") for side in ("", "l", "m", "r")}
)  # fmt: skip
# What a line of text says below or above a fraction without brackets: a number, or one name and its
# index or power.
_TERM = re.compile(r"[\d.,]+|[^\W\d_]+'*(?:[_^]\w+)?|[(|√][^()|]*[)|]|√\([^()]*\)")
_CONTENT = re.compile(r"\s*\{[^{}\s]")


def macros() -> LatexContextDb:
    """The macros that a parser knows, with their arguments."""
    known = known_macros()
    counts = {
        **_LAST_IS_SEEN,
        **_UNSEEN,
        **dict.fromkeys((*_AROUND, *_BARS), 1),
        **dict.fromkeys((*_FRACTIONS, *_BINOMIALS), 2),
    }
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
    for name in _FRACTIONS:
        yield MacroTextSpec(name, simplify_repl=_fraction)
    for name in _BINOMIALS:
        yield MacroTextSpec(name, simplify_repl=_binomial)
    yield MacroTextSpec("sqrt", simplify_repl=_root)
    for name, sign in _SIGNS.items():
        yield MacroTextSpec(name, simplify_repl=sign)
    for name in _ABBREVIATIONS:
        yield MacroTextSpec(name, simplify_repl=_abbreviation)
    for name in _BARS:
        yield MacroTextSpec(name, simplify_repl=_barred)
    for name in _AROUND:
        yield MacroTextSpec(name, simplify_repl=_surrounded)


def _arguments(node: Any, l2tobj: Any) -> list[str]:
    """The arguments of a macro as they read; "" for one that is not there."""
    given = node.nodeargd.argnlist if node.nodeargd else ()
    return ["" if one is None else str(l2tobj.nodelist_to_text([one])).strip() for one in given]


def _fraction(node: Any, l2tobj: Any) -> str:
    """1/(2n-2): on one line, what stands below the bar and above it needs brackets."""
    return "/".join(map(_bracketed, _arguments(node, l2tobj)))


def _bracketed(text: str) -> str:
    return text if not text or _TERM.fullmatch(text) else f"({text})"


def _binomial(node: Any, l2tobj: Any) -> str:
    return f"({' choose '.join(_arguments(node, l2tobj))})"


def _root(node: Any, l2tobj: Any) -> str:
    *degree, content = _arguments(node, l2tobj) or [""]
    return f"({content})^(1/{degree[0]})" if any(degree) else f"√({content})"


def _last_argument(node: Any, l2tobj: Any) -> str:
    given = node.nodeargd.argnlist if node.nodeargd else None
    return str(l2tobj.nodelist_to_text([given[-1]])) if given else ""


def _abbreviation(node: Any, l2tobj: Any) -> str:
    r"""`\eg` and `\eg.` as "e.g.": some authors write the full stop, some leave it to the macro."""
    behind = node.parsing_state.s[node.pos + node.len :]
    said = _ABBREVIATIONS[node.macroname]
    return (said[:-1] if behind.startswith(".") else said) + str(node.macro_post_space)


def _barred(node: Any, l2tobj: Any) -> str:
    text = "".join(_arguments(node, l2tobj))
    bar = _BARS[node.macroname] if node.parsing_state.in_math_mode else ""
    return text + bar if len(text) == 1 else text


def _surrounded(node: Any, l2tobj: Any) -> str:
    before, behind = _AROUND[node.macroname]
    return before + "".join(_arguments(node, l2tobj)) + behind


def _name_of(node: Any, l2tobj: Any) -> str:
    """The name; "" before braces with something in them, which is then what readers see."""
    behind = node.parsing_state.s[node.pos + node.len :]
    return "" if _CONTENT.match(behind) else str(node.macroname) + node.macro_post_space
