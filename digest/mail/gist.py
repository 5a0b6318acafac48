"""The heart of an abstract: its most central sentences, each to be understood alone."""

import re
from collections import Counter

from digest.mail.prose import UNSPACED, cut

# Abbreviations and initials behind which a full stop ends no sentence.
_NO_END = re.compile(
    r"\b(?:e\.g|i\.e|et al|cf|vs|resp|approx|Figs?|Eqs?|Secs?|Sect|Refs?|Ch|Thm|Lem|Prop|Cor|Def"
    r"|Dr|Prof|[A-Z])\.$"
)
_SENTENCE_GAP = re.compile(r"(?<=[.!?])[\"”’)\]]*\s+(?=[\"“‘(\[]?[A-Z0-9])|(?<=[。！？])")
_WORD = re.compile(r"[^\W\d_]{4,}")
_MIN_WORDS = 4
# The most central sentences, among which those that stand alone are taken.
_AMONG = 4
_CLAIM = re.compile(
    r"(?i)\b(?:(?:we|the authors) (?:propose|introduce|present|show|find|prove|develop|report)"
    r"|this (?:paper|work|study)|our (?:method|results|approach|model)|results show|outperforms?)\b"
)
# How a sentence points to the one before it, which may not be shown.
_POINTS_BACK = re.compile(
    r"(?:More importantly|(?:More )?[Ss]pecifically|Concretely|In particular|Moreover|Furthermore"
    r"|Further|Additionally|In addition|Besides|Finally|Lastly|Consequently|Accordingly|Therefore"
    r"|Thus|Hence|As a (?:result|solution|consequence)|However|Nevertheless|Nonetheless|Instead"
    r"|In contrast|By contrast|Conversely|On the other hand|Similarly|Likewise|Yet|Meanwhile"
    r"|Then|Next|First(?:ly)?|Second(?:ly)?|Third(?:ly)?|For (?:example|instance)"
    r"|To (?:th(?:is|at) end|achieve (?:this|that)|do so)"
    r"|(?:To|In order to) (?:[a-z]+ly )?[a-z]+ (?:this|that|these|those|such|the above)"
    r"(?: [\w-]+){0,6}"
    r"|(?:Based|Building) (?:on|upon) (?:this|that|these|it)(?: [\w-]+){0,2}"
    r"|(?:Driven|Guided|Inspired|Motivated) by (?:this|that|these|such)(?: [\w-]+){0,3}"
    r"|(?:Given|In (?:light|view) of) (?:this|that|these|such)(?: [\w-]+){0,2}), (?=\w)"
)
# What such a sentence is about stands in the one before it, too.
_ABOUT_THE_ONE_BEFORE = re.compile(
    r"(?:(?:This|These|That|Those|Such)(?! (?:paper|work|study|article|report|survey|thesis)\b)"
    r"|It|Its|They|Their|But|And|Yet|Nor|The (?:former|latter|resulting|two|above))\b"
)
_WHERE_IT_IS = re.compile(
    r"(?i)https?://|\b(?:available|accessible|released) (?:at|on|from|here|in our|upon)\b"
)
# What every reader of a paper's summary knows.
_IN_THIS_PAPER = re.compile(
    r"(?:Here|[Ii]n this (?:article|paper|study|work|(?:technical )?report)), (?=\w)"
)


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of one paragraph, in order."""
    found: list[str] = []
    for piece in filter(None, _SENTENCE_GAP.split(text)):
        if found and _NO_END.search(found[-1]):
            found[-1] += " " + piece
        else:
            found.append(piece)
    return tuple(found)


def gist(title: str, abstract: str, limit: int) -> str:
    """The two most central sentences of an abstract, in their order, at most `limit` characters.

    Central is a sentence that shares its words with the title and with the other sentences, or
    that says what was done (extractive summaries after Luhn 1958 and SumBasic, both cited often).
    What is about the sentence before it gives way, where that is not shown.
    """
    candidates = sentences(abstract)
    if len(candidates) <= 2 and len(abstract) <= limit:
        return abstract
    cut_free = (_standing_alone(sentence, follows=False) for sentence in candidates)
    alone = [_ABOUT_THE_ONE_BEFORE.match(sentence) is None for sentence in cut_free]
    order = _by_centrality(title, candidates)
    best = next((n for n in order[:_AMONG] if alone[n]), order[0])
    room = limit - len(candidates[best]) - 1
    others = [n for n in order[:_AMONG] if n != best and len(candidates[n]) <= room]
    second = next((n for n in others if alone[n] or n - 1 == best), best)
    chosen = {best, second}
    said = (
        _standing_alone(candidates[n], follows=n == 0 or n - 1 in chosen) for n in sorted(chosen)
    )
    return cut(" ".join(said), limit)


def _by_centrality(title: str, candidates: tuple[str, ...]) -> list[int]:
    """The sentences that say something of the whole, the most central first; else all."""
    words = [_words(sentence) for sentence in candidates]
    spread = Counter(w for sentence in words for w in sentence)
    topic = _words(title)

    def centrality(number: int) -> float:
        mine = words[number]
        # "Code is available.", "The benchmark can be had at https://…".
        if len(mine) < _MIN_WORDS or _WHERE_IT_IS.search(candidates[number]):
            return 0.0
        shared = sum(spread[w] - 1 + (2 if w in topic else 0) for w in mine)
        claim = 1.5 if _CLAIM.search(candidates[number]) else 1.0
        # What opens a long abstract is what everybody knew before.
        claim *= 0.5 if number == 0 and len(candidates) > 3 else 1.0
        claim *= 0.7 if _ABOUT_THE_ONE_BEFORE.match(candidates[number]) else 1.0
        return claim * shared / (len(mine) + 4)

    worth = {n: centrality(n) for n in range(len(candidates))}
    told = [n for n in worth if worth[n]] or list(worth)
    return sorted(told, key=lambda n: (-worth[n], n))


def _standing_alone(sentence: str, *, follows: bool) -> str:
    """A sentence without an opening that says nothing here; what points back stays where it
    `follows` the sentence before."""
    start = 0
    # It may have both: "To this end, in this paper, we …".
    while opening := _IN_THIS_PAPER.match(sentence, start) or (
        None if follows else _POINTS_BACK.match(sentence, start)
    ):
        start = opening.end()
    if not start:
        return sentence
    rest = sentence[start:]
    first = rest.split(maxsplit=1)[0]
    # Names keep the letters they are written with: iPhone, p-values.
    return rest[0].upper() + rest[1:] if first.isalpha() and first.islower() else rest


def _words(text: str) -> frozenset[str]:
    """The words of four letters and more; of writing without spaces, pairs of signs."""
    pairs = (run[n : n + 2] for run in UNSPACED.findall(text) for n in range(len(run) - 1))
    spaced = UNSPACED.sub(" ", text)
    return frozenset(w.casefold() for w in _WORD.findall(spaced)) | frozenset(pairs)
