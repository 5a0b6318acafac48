"""Titles and summaries as a typesetter would have them: indices and powers as signs, and none of
the marks and gaps that programs and hurry leave. Everything here is pure."""

import re

from digest.mail.prose import is_english

# A letter that stands alone, a bracket or a number, and what is raised or lowered behind it.
_LOWERED = re.compile(r"((?<![\w^])[^\W\d_]|[)\]])_([0-9]{1,2}|[ijkmnt])(?![\w])")
_RAISED = re.compile(r"((?<!\w)[^\W\d_]|[)\]\d₀-₉ᵢⱼₖₘₙₜ])\^(-?[0-9]{1,3}|[n+-])(?!\w)")
# Behind a name only a figure that ends it, or that a capital follows: PAR^2-RAG, C^2GA, D(^2)CL.
_SQUARED = re.compile(r"(?<=[A-Za-z])(?:\^([2-9])(?![a-z0-9])|\(\^([2-9])\))")
# Units by which something is divided: km s^-1 Mpc^-1.
_PER = re.compile(r"(?<=[A-Za-z])\^(-\d{1,2})(?!\w)")
_ORDINAL = re.compile(r"(?<=\d)\^(st|nd|rd|th)\b")
_POWERS = str.maketrans("0123456789+-n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ")
_INDICES = str.maketrans("0123456789ijkmnt", "₀₁₂₃₄₅₆₇₈₉ᵢⱼₖₘₙₜ")

# Emphasis of Markdown: a word or some between stars, "K*6" and "A* and Q*" are none.
_EMPHASIS = re.compile(r"(?<![^\s(“\"‘–—-])\*(?=[^\W_])([^*]{0,80}[^\W_])\*(?![\w*])")
# The letters of which a name is made: **M**ulti-**A**gent.
_INITIALS = re.compile(r"(?<!\w)\*\*([^\W\d_]{1,3})\*\*(?=\w)")
# The quotation marks of TeX and of typewriters; two backticks are code.
_QUOTED = re.compile(r"(?<![\w`])`([^`'\n]{1,80})'(?!['\w])")
# Braces of TeX where no TeX is: they guard the capitals of a name, or hold an index together.
_GUARDED = re.compile(r"(?<![_^{%$\\=∈(])\{([A-Z][A-Za-z]*[A-Z][\w-]*)\}(?![}\w%])")
_HELD = re.compile(r"([_^])\{([\w.,+*-]{1,20})\}")
_SUM = re.compile(r"(?<=\w)[+*,-]")
_GAPS = (
    (re.compile(r"(?<=[\w)\]”’%]) (?=[,.](?:\s|$))"), ""),
    (re.compile(r",{2,}(?=\s)"), ","),
    (re.compile(r"(?<=[a-zA-Z]{2}),(?=[a-z]{3})"), ", "),
    (re.compile(r"(?<=[\w)])\.\.(?=\s|$)"), "."),
    (re.compile(r"(?<=[a-z]{2})\( (?=\w)"), " ("),
    (re.compile(r"(?<=\() (?=\w)|(?<=\w) (?=\)(?:[\s.,;:]|$))"), ""),
)
_GAP_IN_INDEX = re.compile(r"(?<=(?<![\w])[^\W\d_][_^]) (?=[^\W_])")
_GAP_BEFORE_COLON = re.compile(r"(?<=[\w)\]”’%]) (?=[:;]\s)")


def typeset(text: str) -> str:
    """`text` with simple indices and powers as signs: ℓ_1 is ℓ₁, O(n^2) is O(n²), 10^-3 is 10⁻³,
    90^∘ is 90°, PAR^2 is PAR², Mpc^-1 is Mpc⁻¹. Names such as snake_1 stay. Stray marks and gaps
    are gone: "{BERT} : *fast* , `small'" is “BERT: fast, ‘small’”.
    """
    text = _tidy(text)
    if "_" not in text and "^" not in text:
        return text
    text = _GAP_IN_INDEX.sub("", _ORDINAL.sub("\\1", text.replace("^∘", "°")))
    lowered = _LOWERED.sub(lambda found: found[1] + found[2].translate(_INDICES), text)
    raised = _RAISED.sub(lambda found: found[1] + found[2].translate(_POWERS), lowered)
    divided = _PER.sub(lambda found: found[1].translate(_POWERS), raised)
    return _SQUARED.sub(lambda found: (found[1] or found[2]).translate(_POWERS), divided)


def _tidy(text: str) -> str:
    if "*" in text:
        text = _EMPHASIS.sub("\\1", _INITIALS.sub("\\1", text))
    if "`" in text:
        text = _QUOTED.sub("‘\\1’", text)
    if "{" in text:
        text = _HELD.sub(_without_braces, _GUARDED.sub("\\1", text))
    for gap, filled in _GAPS:
        text = gap.sub(filled, text)
    # French has a space before its colons.
    if (" :" in text or " ;" in text) and is_english(text):
        text = _GAP_BEFORE_COLON.sub("", text)
    return text


def _without_braces(found: re.Match[str]) -> str:
    mark, content = found.groups()
    return f"{mark}({content})" if _SUM.search(content) else mark + content
