"""Sentences that lean on others: whether one is understood alone, and what it can do without."""

import re

_POINTER = r"(?:this|that|these|those|such)"
_THE_PAPER = (
    r"(?:article|book|chapter|contribution|manuscript|monograph|note|paper|report|research|review"
    r"|study|survey|thesis|tutorial|work)\b"
)
# How a sentence points to the one before it, which may not be shown.
_POINTS_BACK = re.compile(
    r"(?:More importantly|(?:More )?[Ss]pecifically|Concretely|In particular|Moreover|Furthermore"
    r"|Further|Additionally|In addition|Besides|Finally|Lastly|Consequently|Accordingly|Therefore"
    r"|Thus|Hence|As a (?:result|solution|consequence)|However|Nevertheless|Nonetheless|Instead"
    r"|In contrast|By contrast|Conversely|On the other hand|Similarly|Likewise|Yet|Meanwhile"
    r"|Overall|Altogether|Taken together|In (?:summary|sum|short|conclusion)|To summari[sz]e"
    r"|Notably|Importantly|Crucially"
    r"|Then|Next|Afterwards?|First(?:ly)?|Second(?:ly)?|Third(?:ly)?|For (?:example|instance)"
    r"|To (?:th(?:is|at) end|achieve (?:this|that)|do so)"
    rf"|(?:To|In order to) (?:[a-z]+ly )?[a-z]+ (?:{_POINTER}|the above)(?: [\w-]+){{0,8}}"
    rf"|(?:Based|Building|Built) (?:on|upon) (?:top of )?(?:{_POINTER}|it)(?: [\w-]+){{0,2}}"
    rf"|(?:Driven|Guided|Inspired|Motivated|Powered|Enabled) by {_POINTER}(?: [\w-]+){{0,3}}"
    rf"|(?:Leveraging|Using|Utilizing|With|Following) {_POINTER}(?: [\w-]+){{0,3}}"
    rf"|(?:Given|In (?:light|view) of) {_POINTER}(?: [\w-]+){{0,2}}), (?=\w)"
)
# What every reader of a paper's summary knows.
_IN_THIS_PAPER = re.compile(
    r"(?:Here|[Ii]n this (?:article|letter|manuscript|paper|research|study|work"
    r"|(?:technical )?report))(?:, (?=\w)| (?=we\b))"
)
# "We then show" and "This paper therefore shows" come behind something.
_ADVERB = re.compile(
    rf"(We|This {_THE_PAPER}) (?:additionally|also|finally|first|further(?:more)?|hence|next"
    r"|subsequently|then|therefore|thus) (?=[a-z])"
)
# The headings of abstracts in parts, as medicine writes them.
_LABEL = re.compile(
    r"(?i)(?:abstract|background|introduction|motivation|objectives?|aims?|purpose|goals?|design"
    r"|methods?|methodology|materials and methods|approach|(?:main )?results?|findings|discussion"
    r"|conclusions?|significance|importance|implications|impact|contributions?|summary|originality)"
    r"(?:/\w+)*(?::| [–—-]) (?=\w)"
)
# What such a sentence is about stands in the one before it, too.
_ABOUT_THE_ONE_BEFORE = re.compile(
    rf"(?:(?:This|These|That|Those|Such)(?! (?:[a-z]+ )?{_THE_PAPER})"
    r"|It|Its|They|Their|But|And|Yet|Nor|If (?:so|not)|Another|Together"
    r"|The (?:former|latter|resulting|two|above|other|corresponding|same|remaining)"
    r"|The (?:first|second|third|last) (?:component|module|one|part|phase|stage|step)"
    r")(?![\w-])"
)
# Further on, a pointer may well mean what stands before it in the sentence. "This is" and "such
# as" point at nothing, and "we close this gap by …" says enough.
_GAP = (
    r"(?:barriers?|bottlenecks?|challenges?|difficult(?:y|ies)|gaps?|issues?|limitations?|needs?"
    r"|obstacles?|problems?|shortcomings?)\b"
)
_POINTS = re.compile(
    rf"\b(?:this|these|such)\b(?! (?:{_THE_PAPER}|(?:[\w-]+ )?{_GAP}|as\b|an?\b|is\b))"
)
# What is done so is said in the sentence before: "SureFoot does so for robots on ice".
_DOES_SO = re.compile(r"\b(?:do|does|did|doing) so\b")
_FIRST_TWO = re.compile(r"(?<![\w(])\(?(?:[12]|ii?)\)(?= )")
_LATER_MEMBER = re.compile(r"\(?(?:[2-9]|i{2,3}|i?v|vi{1,3}|[b-h])\)\s")
_ANNOUNCES = re.compile(r":\s+\(?[1ia]\)\s")
_CHARS_BEFORE = 35
_NAMED = re.compile(r"(?i)(?:this|these|those|such) ([\w-]+(?: [\w-]+)?)")


def leans(sentence: str, before: str = "") -> bool:
    """Whether a sentence, without its opening, is about something that stands in another one, and
    not in the one `before` it, if any: "this index" may follow "we propose an index"."""
    does_so = _DOES_SO.search(sentence[:_CHARS_BEFORE])
    if does_so is not None and not before:
        return True
    found = _ABOUT_THE_ONE_BEFORE.match(sentence)
    if found is None and (further := _POINTS.search(sentence)):
        found = further if further.start() < _CHARS_BEFORE else None
    return found is not None and not _is_named(_NAMED.match(sentence, found.start()), before)


def _is_named(pointed_at: re.Match[str] | None, before: str) -> bool:
    if pointed_at is None or not before:
        return False
    known = {word.rstrip("s") for word in re.findall(r"\w{4,}", before.casefold())}
    words = re.findall(r"\w{4,}", pointed_at[1].casefold())
    return any(word.rstrip("s") in known for word in words)


def is_part_of_a_list(sentence: str) -> bool:
    """Whether a sentence holds a list without its beginning, or without its end."""
    if ")" not in sentence:
        return False
    return _LATER_MEMBER.match(sentence) is not None or len(_FIRST_TWO.findall(sentence)) == 1


def announcing(sentence: str) -> str:
    """A sentence that announces a list, without the list."""
    found = _ANNOUNCES.search(sentence)
    return f"{sentence[: found.start()]}." if found else sentence


def unlabelled(sentence: str) -> str:
    """A sentence without the heading of a part in front of it."""
    found = _LABEL.match(sentence)
    return _with_capital(sentence[found.end() :]) if found else sentence


def standing_alone(sentence: str, *, follows: bool) -> str:
    """A sentence without an opening that says nothing here; what points back stays where it
    `follows` the sentence before."""
    start = 0
    # It may have both: "To this end, in this paper, we …".
    while opening := _IN_THIS_PAPER.match(sentence, start) or (
        None if follows else _POINTS_BACK.match(sentence, start)
    ):
        start = opening.end()
    return _with_capital(sentence[start:]) if start else sentence


def beginning(sentence: str) -> str:
    """A sentence that begins a summary: "We then show" is "We show"."""
    found = _ADVERB.match(sentence)
    return f"{found[1]} {sentence[found.end() :]}" if found else sentence


def _with_capital(text: str) -> str:
    """What begins a sentence now. Names keep the letters they are written with: iPhone, p-values,
    zip2zip."""
    first, *_ = re.split(r"[\s-]", text, maxsplit=1)
    letters = re.sub("['’]", "", first).rstrip(",;:")
    plain = letters.isalpha() and first.islower() and not re.match(r"\w-", text)
    return text[0].upper() + text[1:] if plain else text
