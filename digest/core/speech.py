"""What a line of plain words asks for, and what it asks to be spared.

People write "LLM evaluation, not code", "RAG, KV cache, LoRA" and "no surveys, please" where a
program would like one topic a line. Only what is plain is taken apart: "learning without
forgetting", "no free lunch theorems" and "what models do not know" are topics as they stand.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

_NO = (
    r"(?:not|no|nor|nothing|without|w/o|except|excluding|nicht|nichts|kein(?:e[mnrs]?)?|ohne|außer)"
)
_UNTOLD = (
    r"(?:(?:i|we)(?:'m|’m|\s+am|'re|’re|\s+are)?\s+(?:do\s+not|don['’]?t|not)(?:\s+(?:really|"
    r"particularly|want|wish|like|need|care|interested|into|get|see|read|have|do|enjoy|follow|work|"
    r"on|to|about|in|for))+"
    r"|(?:i|we)(?:'m|’m|\s+am|'re|’re|\s+are)?\s+(?:really\s+)?(?:hate|dislike"
    r"|(?:tired|sick)\s+of|fed\s+up\s+with|no\s+fan\s+of)"
    r"|(?:(?:(?:i|we)(?:['’]d|\s+would)?\s+)?(?:want|wish|prefer|like)\s+to\s+)?"
    r"(?:exclude|avoid|omit|(?:leave|filter)\s+out)"
    r"|(?:skip|ignore|hide|drop)\s+(?:(?:all|any|every)(?:thing)?|papers?|articles?)|no\s+more(?!\s+than\b))"
)
# "Not only" wants more, and these are names of things.
_NO_NEGATION = (
    r"(?!\s+(?:only|just|merely|necessarily|all|every|yet|more|longer|matter|nur|alle|mehr|free|"
    r"regret|reference|arbitrage|cloning|go|signall?ing|slip|response)\b)"
)
_PLEA = r"(?:(?:please|pls|but|and|or|also|just|only|bitte|aber|und|oder|nur)\s+)*"
_NEGATION = rf"{_PLEA}(?:{_NO}|{_UNTOLD})\b{_NO_NEGATION}"
_STARTS = re.compile(rf"(?i)^(?:{_NEGATION}|(?:any|every)thing\s+but)\s+")
# Where a denial begins within a line: behind a stop or a dash, with "but", or bare at its end.
_DENIAL = re.compile(
    rf"(?i)(?:\s*[,.(:]\s*|\s+[-–—]+\s+){_NEGATION}\s+"
    r"|\s+(?:and|but)\s+(?:(?:i|we)(?:['’]d|\s+would)?\s+)?(?:want|wish|prefer|like)\s+to\s+"
    r"(?:exclude|avoid|omit|(?:leave|filter)\s+out)\s+"
    rf"|\s+(?:(?:but|aber)\s+{_NO}|(?-i:AND\s+NOT|NOT)|except(?:\s+for)?|excluding|außer)\b{_NO_NEGATION}\s+"
    r"|(?<!\bis)(?<!\bare)(?<!\bbe)(?<!\bwas)(?<!\bdo)(?<!\bdoes)(?<!\bdid)(?<!\bcan)(?<!\bor)"
    r"(?<!\bmay)(?<!\bwill)(?<!\band)(?<!\bwhy)(?<!\bif)(?<!\bshould)(?<!\bwould)(?<!\bcould)"
    rf"(?<!\bmust)\s+(?:not|nicht){_NO_NEGATION}\s+(?=\S+(?:\s+\S+)?$)"
)
# "More robotics, less vision", every piece of which begins with more or less.
_HOLDS_SEVERAL = re.compile(r"(?i)[,.!]\s|\s(?:and|but|und|aber)\s")
_BETWEEN_SHARES = re.compile(
    r"(?i)\s*[,.!]\s+(?:(?:and|but|und|aber)\s+)?|\s+(?:and|but|und|aber)\s+"
)
_SHARE = re.compile(r"(?i)^(?:please\s+)?(?:(more|mehr)|(less|fewer|weniger))\s+(?=\S)")
# What methods need less of, or are less of, is no topic of its own.
_LESS_OF_ANY = re.compile(
    r"(?i)^(?:data|labels?|training|supervision|compute|computation|memory|time|energy|power|cost(?:s|ly)?|latency|parameters?|tokens?|noise|"
    r"error|bias|effort|overhead|annotations?|examples?|samples?|is|than|known|expensive)\b"
)
# "No surveys, I work on graphs", "no vision, more robotics": there the denial ends.
_WISHES_ANEW = re.compile(
    r"(?i)^(?:(?:but|and|so|aber|und)\s+)?(?=(?:i|we|ich|wir)['’\s]|(?:mostly\s+|mainly\s+)?interested\s)"
)
_RATHER = re.compile(
    r"(?i)^(?:(?:but|and|aber|und)\s+)?(?:please\s+|bitte\s+)?"
    r"(?:more|only|just|rather|instead|mehr|nur|lieber|stattdessen)\s+(?=\S)"
)
_PLEASE = re.compile(r"(?i),?\s(?:please|pls|thanks|thank\s+you|bitte|danke)$")
_MINUS = re.compile(r"\s-(?=[^\W\d_]{3})(\S+)$")
_END = re.compile(r"\s*[,.)!]+(?:\s+|$)|\s+[-–—]+\s+|\s+(?:but|aber|sondern)\s+")
_OR = re.compile(
    r"(?i)\s+(?-i:(?:(?:AND|OR)\s+)?NOT)\s+|\s+(?:or|nor|and|und|oder|sowie)\s+|\s*[/&]\s*|,\s*(?:or|nor|and|und|oder)?\s*"
)
_GOES_ON = re.compile(r"(?i)(?:[^,.;()]*,)+\s*(?:or|nor|oder|noch)\s+[^,.;()]*")
_AROUND = re.compile(
    r"(?i)^(?:(?:(?:für|zu[mr]?|über|mit|aus|vo[nm]|im|am)\s+(?:der|die|das|den|dem)|"
    r"für|zu[mr]|vo[nm]|about|on|any|anything|more|papers?|articles?|stuff|from|for|in|of|to|with|related|"
    r"interested|pure|purely|only|just|the|a|an|über|zu|mit|aus|mehr|that|is|are)\s+)+"
    r"|(?:(?<!\bposition)(?<!\breview)(?<!\bwhite)\s+(?:papers?|articles?|stuff|related|things?"
    r"|topics?))+$|(?:(?:^|\s+)(?:please|pls|thanks|bitte|at\s+all))+$"
)
# What papers do without is said by these: to leave out all that mention them is never meant.
_OF_ANY_PAPER = re.compile(
    r"(?i)^(?:(?:extra|further|more|additional)\s+)?(?:training|data|labels?|models?|methods?|learning|"
    r"results?|supervision|papers?|it|them|this|that|so|me|you)$"
)
_AND = re.compile(r"(?i)^(?:and|or|und|oder)\s+")
# What stands in quotes, or in brackets within a word as in SE(3), or as a short form, is not taken
# apart: meanwhile its signs are others, for private use.
_TOGETHER = re.compile(
    r'(?<=\w)\(\w+\)|(?<=\w\s)\([A-Z0-9][\w-]*\)|"[^"]*"|“[^“”]*”|„[^„“”]*[“”]|«[^«»]*»'
)
_SIGNS = " ,.:/&()-–—"
_HOLD = str.maketrans({sign: chr(0xE030 + n) for n, sign in enumerate(_SIGNS)})
_FREE = str.maketrans({0xE030 + n: sign for n, sign in enumerate(_SIGNS)})
# Up to four words of a lead, none of which begins a question or denies.
_FEW = (
    r"(?:(?!(?:how|what|which|who|why|when|where|whether|not|no|never|nothing|little|less)\b"
    r"|\w+n['’]?t\b)[\w-]+\s+){0,4}?"
)
# Words with which people begin to say what they want: they are no part of it.
_LEAD = re.compile(
    r"(?i)^(?:(?:(?:my|our|current|main|research)\s+)*(?:(?:research\s+)?(?:interests?|topics?|areas?|"
    r"fields?)|interested\s+in|looking\s+for)\s*:\s*"
    r"|(?:(?:meine|unsere)\s+)?(?:(?:forschungs)?(?:interessen|themen|gebiete)|schwerpunkte)\s*:\s*"
    r"|(?:what(?:['’]?s|\s+is)\s+(?:(?:new|hot|happening|going\s+on)\s+(?:in|on|with|around)|the\s+latest\s+(?:in|on))"
    r"|was\s+gibt\s+es\s+neues\s+(?:in|bei|zu[mr]?)(?:\s+(?:der|den|dem))?)\s+"
    r"|(?:i|we)(?:['’](?:m|re|d)|\s+(?:am|are|would))?\s+"
    r"(?:an?\s+(?:[\w.-]+\s+){1,4}?(?:(?:and|who|that)\s+(?:(?:i|we|am|is|are)\s+)*)?)?"
    r"(?:(?:also|currently|mainly|mostly|"
    r"primarily|really|very|quite|especially|particularly)\s+)*(?:work(?:ing|s)?\s+(?:on|in|with)|"
    r"(?:interested|specialize|specializing)\s+in|do\s+research\s+(?:on|in)|research(?:ing)?|"
    r"stud(?:y|ies|ying)|like|love|enjoy|prefer|a\s+(?:\w+\s+)?fan\s+of|follow(?:ing)?|"
    r"(?:care|curious)\s+about|looking\s+for|"
    r"focus(?:ing|ed)?\s+on|want(?:\s+to\s+(?:read|learn|know|hear|see))?(?:\s+(?:more\s+)?about)?)"
    r"(?:\s*:\s*|\s+)(?!to\s)"
    r"|(?:mostly\s+|mainly\s+|very\s+)?interested\s+in\s+"
    r"|my\s+(?:research|work)\s+is\s+(?:on|in|about)\s+|my\s+interests?\s+(?:is|are|include)(?:\s*:\s*|\s+)"
    r"|(?:(?:the|all|any|new|newest|recent|latest|good|interesting|more)\s+)*(?:papers?|articles?|"
    r"publications?|preprints?|research|everything|anything|stuff|news|something)\s+(?:on|about|"
    r"regarding|concerning|(?:that\s+is\s+)?related\s+to)\s+"
    r"|(?:ich|wir)\s+(?:(?:bin|sind)\s+(?:[\w-]+\s+){1,4}?und\s+)?"
    r"(?:arbeiten?\s+an|forschen?\s+(?:zu[mr]?|an|über)|mag|mögen|bevorzugen?|"
    r"interessieren?\s+(?:mich|uns)\s+für|beschäftigen?\s+(?:mich|uns)\s+mit)\s+"
    r"|(?:(?:alle|neue|neueste|aktuelle)\s+)*(?:arbeiten|artikel|aufsätze|paper|papers|beiträge|alles|"
    r"neues)\s+(?:über|zu[mr]?|rund\s+um)\s+"
    # "Keep me updated on", "My thesis is about", "I am learning a bit about".
    rf"|(?:please\s+)?(?:bring|find|get|give|keep|send|show|tell)\s+(?:me|us)\s+{_FEW}(?:on|about)\s+"
    rf"|my\s+{_FEW}(?:is|are)\s+(?:on|in|about)\s+"
    rf"|(?:i|we)(?:['’](?:m|re|d))?\s+{_FEW}about\s+)+(?=\S)"
)
_ASKS = re.compile(r"(?i)^(?:what|was)")
_BULLET = re.compile(r"^(?:[-*•·–]\s+|\(?\d{1,2}[.)]\s+)+")
_EVERYTHING = re.compile(
    r"(?i)^(?:(?:i\s+(?:want|like)|please|all|any|anything|everything|papers?|alles|but)\b\s*)*$"
)
_EDGES = " \t\n,.:-–—("
_QUOTED = re.compile(r"^[\"“„«]([^\"“”„«»]+)[\"”“»]$")
# With these a piece qualifies what stands before it.
_QUALIFIES = re.compile(
    r"(?i)^(?:especially|particularly|mainly|mostly|including|such|like|e\.?g|i\.?e|in|for|with|on|"
    r"of|to|by|from|using|via|based|how|what|why|when|where|which|who|that|if|it|i|we|my|is|are|"
    r"not?|without|insbesondere|besonders|vor|mit|für|wie|zum|der|die|das)\b"
    r"|^(?:very\s+)?(?:fast|faster|efficient|effective|lightweight|scalable|robust|multilingual|"
    r"cross-lingual|interpretable|explainable|large-scale|theoretical|practical|applied|"
    r"self-supervised|unsupervised|supervised|online|offline|(?:low|high)[- ](?:latency|resource|"
    r"cost|resolution)|real[- ]time|open[- ]source|on-device|(?:zero|few)[- ]shot)$"
)
# With these a list ends that could go on.
_AND_SO_ON = re.compile(
    r"(?i)(?<![\s,])[\s,]+(?:(?:and|und)\s+)?(?:etc|et\s+cetera|and\s+so\s+(?:on|forth)|usw|u\.\s?a|…|\.\.\.)[.\s]*$"
)
# "I study graphs. I also like trees." asks for two things.
_NEXT_WISH = re.compile(r"(?<=[^\W\d]{2})[.!]\s+(?=(?i:i|we|ich|wir)['’\s])")
_HASHTAGS = re.compile(r"#[^\W\d_][\w-]*(?:[\s,]+#[^\W\d_][\w-]*)*")
# "Modelling of vision, language, and action" is one topic.
_GOVERNS = re.compile(
    r"(?i)\s(?:of|for|in|with|on|to|between|from|using|across|via|von|zwischen)\s"
)
# Without any of these a line is one topic, as most are; hyphens within words tell nothing.
_TELLS_MORE = re.compile(
    r"(?i)[^\w\s-]|(?<!\S)-|-(?!\S)|_|^(?:and|or|und|oder)\s"
    r"|\b(?:nor?|not|nothing|without|except|excluding|but|dont|nicht|nichts|kein(?:e[mnrs]?)?|ohne|"
    r"außer|aber|sondern|less|fewer|weniger)\b"
)
_MOST_WORDS_OF_A_TOPIC = 5
_MOST_CHARS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The topics that a line asks for and the `phrases` it puts in quotes, and what it does not
    want. A line of no words has none of them."""

    topics: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()


def heard(line: str) -> Said:
    """What a line says: its topics, in order; a line that is plain prose is one topic."""
    if _is_one_topic(line):
        return Said(topics=(line,))
    text = _told_apart(_held(_BULLET.sub("", " ".join(line.split()))))
    rest, unwanted = _without_denials(text) if len(text) <= _MOST_CHARS else (text, ())
    if unwanted and _EVERYTHING.match(rest):
        rest = ""
    wishes = [wish for part in rest.splitlines() for wish in _wishes(part)]
    pieces = [_freed(piece) for wish in wishes for piece in _topics(wish)]
    quoted = {piece: found[1].strip() for piece in pieces if (found := _QUOTED.match(piece))}
    return Said(
        topics=tuple(piece for piece in pieces if not quoted.get(piece)),
        phrases=tuple(phrase for phrase in quoted.values() if phrase),
        unwanted=tuple(map(_freed, unwanted)),
    )


def _is_one_topic(line: str) -> bool:
    """Whether a line is plainly a topic as it stands."""
    tidy = line != "" and line == " ".join(line.split())
    return tidy and not any(
        (_TELLS_MORE.search(line), _LEAD.match(line), _STARTS.match(line), _AND_SO_ON.search(line))
    )


def _told_apart(text: str) -> str:
    """A line of which every piece begins with more or less, as one of topics and denials."""
    wish = _LEAD.sub("", text) if _WISHES_ANEW.match(text) else text
    wish = _PLEASE.sub("", wish.rstrip(" .!"))
    pieces = _BETWEEN_SHARES.split(wish)
    wanted, spared = _shares(pieces)
    denied = [piece for piece in pieces if _STARTS.match(piece)]
    if not wanted or not spared or len(wanted) + len(spared) + len(denied) < len(pieces):
        return text
    return ", ".join([*wanted, *(f"not {each}" for each in spared), *denied])


def _shares(pieces: Iterable[str]) -> tuple[list[str], list[str]]:
    """What pieces want more and less of; nothing where it is what methods need less of."""
    shares = [share for piece in pieces if (share := _SHARE.match(piece))]
    wanted, spared = ([s.string[s.end() :] for s in shares if s[kind]] for kind in (1, 2))
    vague = any(_LESS_OF_ANY.match(each) or _OF_ANY_PAPER.match(each) for each in spared)
    return ([], []) if vague else (wanted, spared)


def is_share(line: str) -> bool:
    """Whether a line wants more or less of something: what it says hangs on the other lines."""
    return _SHARE.match(line) is not None


def shares_of(line: str) -> tuple[str, ...]:
    """The pieces of a line all of which want more or less of something; else the line."""
    pieces = _BETWEEN_SHARES.split(line.strip())
    return tuple(pieces) if all(map(_SHARE.match, pieces)) else (line,)


def lines_told_apart(lines: Sequence[str]) -> tuple[str, ...]:
    """Lines, where some of them want more and others less of one thing, as wishes and denials."""
    brief = [line for line in lines if not _HOLDS_SEVERAL.search(line)]
    wanted, spared = _shares(brief)
    if not wanted or not spared:
        return tuple(lines)
    return tuple(_one_share(line) if line in brief else line for line in lines)


def _one_share(line: str) -> str:
    share = _SHARE.match(line)
    rest = line[share.end() :] if share else line
    return f"not {rest}" if share and share[2] else rest


def _held(text: str) -> str:
    return _TOGETHER.sub(lambda found: found[0].translate(_HOLD), text)


def _freed(text: str) -> str:
    return text.translate(_FREE)


def listed(text: str) -> tuple[str, ...]:
    """The values of a list with commas: `cs.CL, cs.LG`; those in quotes without these."""
    return tuple(_unquoted(_freed(piece)) for piece in _at_commas(_held(text))) or (text,)


def listed_names(text: str) -> tuple[str, ...]:
    """As `listed`, of people: `Ada Bell, Carl Diaz`, but `Bell, Ada` is one of them."""
    if _QUOTED.match(text):
        return (_unquoted(text),)
    pieces = re.split(r",\s*(?:(?:and|or|und|oder)\s+)?|\s+(?:and|or|und|oder)\s+", text)
    names = tuple(piece.strip() for piece in pieces if piece.strip())
    several = len(names) > 1 and all(len(_initials_apart(name)) > 1 for name in names)
    return names if several else (text,)


def _at_commas(text: str) -> list[str]:
    pieces = (piece.strip() for piece in re.split(r",(?:\s+|$)", text))
    return [piece for piece in pieces if piece]


def _unquoted(text: str) -> str:
    found = _QUOTED.match(text)
    return found[1].strip() or text if found else text


def _initials_apart(name: str) -> list[str]:
    """The words of a name; `J. K.` alone are the initials of somebody named before."""
    words = name.split()
    return words if any(len(word.rstrip(".")) > 1 for word in words) else []


def _without_denials(text: str) -> tuple[str, tuple[str, ...]]:
    """A line without what it denies, and that."""
    if found := _STARTS.match(text):
        denied, after = _until_end(text[found.end() :], through_commas=True)
        unwanted = tuple(_terms(denied))
        rest, more = _without_denials(after) if after else ("", ())
        return (rest, (*unwanted, *more)) if unwanted else (text, ())
    if found := _DENIAL.search(text):
        denied, after = _until_end(text[found.end() :], through_commas=False)
        unwanted = tuple(_terms(denied))
        if not unwanted:
            return text, ()
        before = text[: found.start()].strip(_EDGES)
        rest, more = _without_denials(f"{before}\n{after}" if after else before)
        return rest, (*unwanted, *more)
    if found := _MINUS.search(text):
        rest, more = _without_denials(text[: found.start()].rstrip(" ,"))
        return rest, (*more, found[1])
    return text, ()


def _until_end(text: str, *, through_commas: bool) -> tuple[str, str]:
    """What a denial covers, and what follows: it ends with a stop or "but", and within a line
    with a comma, unless more are denied behind it, up to "or"."""
    if not through_commas and (found := _GOES_ON.match(text)):
        return found[0], text[found.end() :].strip(f"{_EDGES})")
    for found in _END.finditer(text):
        after = text[found.end() :]
        wish = _wish_anew(after) if through_commas else after
        if "," in found[0] and (wish is None or _STARTS.match(after)):
            continue
        return text[: found.start()], (wish or after).strip(f"{_EDGES})")
    return text, ""


def _wish_anew(text: str) -> str | None:
    """What a text asks for that begins with a wish, "I like" or "more"; None for others."""
    if found := _RATHER.match(text):
        return text[found.end() :]
    found = _WISHES_ANEW.match(text)
    return text[found.end() :] if found and _LEAD.match(text[found.end() :]) else None


def _terms(denied: str) -> Iterator[str]:
    for piece in _OR.split(denied):
        term = _STARTS.sub("", piece.strip(f"{_EDGES})!\"“”„«»'"))
        before = None
        while term != before:
            before, term = term, _AROUND.sub("", term).strip(f"{_EDGES})!\"“”„«»'")
        if term and not _AROUND.fullmatch(f"{term} ") and not _OF_ANY_PAPER.match(term):
            yield f"{term})" if term.count("(") > term.count(")") else term


def _wishes(text: str) -> Iterator[str]:
    """The sentences of prose that say anew what somebody wants, each with what follows it."""
    start = 0
    for found in _NEXT_WISH.finditer(text):
        if _LEAD.match(text[found.end() :]):
            yield text[start : found.start()]
            start = found.end()
    yield text[start:]


def _topics(text: str) -> tuple[str, ...]:
    """The members of a list of topics; prose with commas is one."""
    if _HASHTAGS.fullmatch(text):
        return tuple(tag.strip("#,") for tag in text.split())
    wish = _BULLET.sub("", _LEAD.sub("", _AND.sub("", text)))
    if wish != text and _ASKS.match(text):
        wish = wish.rstrip("?! ")
    text = _AND_SO_ON.sub("", wish) or wish
    pieces = _at_commas(text.rstrip(" .,"))
    if not _is_list(pieces):
        return (text,)
    return tuple(_AND.sub("", piece) for piece in pieces)


def _is_list(pieces: list[str]) -> bool:
    """Brief pieces, none of which only says more of another: "RAG, KV cache, LoRA", not
    "segmentation, low latency" or "making models reliable, especially their certainty"."""
    if len(pieces) < 2 or any(map(_QUALIFIES.match, pieces)):
        return False
    if _AND.match(pieces[-1]) and any(map(_GOVERNS.search, pieces[:-1])):
        return False
    return all(len(piece.split()) <= _MOST_WORDS_OF_A_TOPIC for piece in pieces)
