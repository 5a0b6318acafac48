"""The heart of an abstract: its most central sentences, each to be understood alone."""

import re
from collections import Counter
from collections.abc import Sequence

from digest.mail.leaning import (
    announcing,
    beginning,
    is_part_of_a_list,
    leans,
    standing_alone,
    unlabelled,
)
from digest.mail.naming import name_of
from digest.mail.prose import UNSPACED, cut

# Abbreviations and initials behind which a full stop ends no sentence.
_NO_END = re.compile(
    r"\b(?:e\.g|i\.e|v\.s|w\.r\.t|a\.k\.a|et al|cf|vs|resp|approx|Figs?|Eqs?|Secs?|Sect|Refs?"
    r"|Ch|Thm|Lem|Prop|Cor|Def|Dr|Prof|[A-Z])\.$"
)
# What begins a sentence: capitals of Latin, Greek and Cyrillic; Hebrew and Arabic have none.
_CAPITAL = "[A-Z0-9À-ÖØ-ÞΆ-ΏΑ-ΩЀ-Я\u05d0-\u05ea\u0620-\u064a]"
_SENTENCE_GAP = re.compile(
    rf"(?<=[.!?])[\"”’)\]]*\s+(?=[\"“‘(\[]?{_CAPITAL})|(?<=[。！？])"
    # Where the space was forgotten.
    r"|(?<=[a-z]{3}[.!?])(?=[A-Z][a-z]+[ ,])"
)
# The members of a list belong to the sentence that announces it, one by one.
_MEMBER = re.compile(r"\(?(?:[1-9]|[ivx]{1,4}|[a-h])\)\s")
_CLOSES = re.compile(r"[^()]*(?:\([^()]*\)[^()]*)*\)")
_FIRST_MEMBER = re.compile(r"\(?[1ia]\)\s")
_UNSPACED_GAP = re.compile(r"(?<=[。！？]) ")
_WORD = re.compile(r"[^\W\d_]{4,}")
_MIN_WORDS = 4
# The most central sentences, among which those that stand alone are taken.
_AMONG = 4
_CLAIM = re.compile(
    r"(?i)\b(?:(?:we|the authors) (?:propose|introduce|present|show|find|prove|develop|report)"
    r"|this (?:paper|work|study)|our (?:method|results|approach|model)|results show|outperforms?)\b"
)
_WHERE_IT_IS = re.compile(
    r"(?i)https?://|\b(?:available|accessible|released) (?:at|on|from|here|in our|upon)\b"
)
# Words for search engines, which some put behind an abstract.
_KEYWORDS = re.compile(r"(?i)\s\(?(?:key ?words|index terms)\b(?: and phrases)?\s?[:—–-].*")
# A mark of a work that is cited by its number: "as shown in [3, 4]", not "in the interval [1, 2]".
_CITED = re.compile(r"(\w+) ?\[([1-9]\d{0,2}(?:(?:, ?|[–-])[1-9]\d{0,2})*)\](?=[\s.,;:)]|$)")
_OF_NUMBERS = frozenset("between domain from interval intervals range ranges within".split())


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of one paragraph, in order."""
    found: list[str] = []
    for piece in filter(None, _SENTENCE_GAP.split(text)):
        if found and _goes_on(found[-1], piece):
            found[-1] += " " + piece
        else:
            found.append(piece)
    return tuple(found)


def _goes_on(sentence: str, piece: str) -> bool:
    """Whether a piece still belongs to a sentence: behind an abbreviation, within brackets, or as
    a member of the list that it holds or begins."""
    if _NO_END.search(sentence):
        return True
    if sentence.count("(") > sentence.count(")") and _CLOSES.match(piece):
        return True
    if not _MEMBER.match(piece):
        return False
    return bool(_FIRST_MEMBER.match(piece) or _MEMBER.search(sentence))


def gist(title: str, abstract: str, limit: int) -> str:
    """The two most central sentences of an abstract, in their order, at most `limit` characters.

    Central is a sentence that shares its words with the title and with the other sentences, or
    that says what was done (extractive summaries after Luhn 1958 and SumBasic, both cited often).
    What is about the sentence before it gives way, where that is not shown.
    """
    told = _KEYWORDS.sub("", abstract)
    if "[" in told:
        told = _CITED.sub(_uncited, told)
    found = sentences(told)
    # Some sources give an abstract twice.
    candidates = tuple(dict.fromkeys(map(unlabelled, found)))
    if len(candidates) == len(found) <= 2 and len(told) <= limit:
        return told
    candidates = tuple(_with_whole_list(sentence, limit) for sentence in candidates)
    shortest = [standing_alone(sentence, follows=False) for sentence in candidates]
    alone = [not leans(sentence) for sentence in shortest]
    whole = [len(sentence) <= limit for sentence in shortest]
    order = _by_centrality(title, candidates, alone, whole)
    chosen = _chosen(candidates, order, alone, limit)
    said = [
        standing_alone(candidates[n], follows=n == 0 or n - 1 in chosen) for n in sorted(chosen)
    ]
    said[0] = beginning(said[0])
    return cut(_UNSPACED_GAP.sub("", " ".join(said)), limit)


def _chosen(
    candidates: Sequence[str], order: Sequence[int], alone: Sequence[bool], limit: int
) -> set[int]:
    """The best sentence that is understood alone, and the next that can stand beside it; where
    that claims nothing, one that is better, and the one before it, which it is about."""
    best = next((n for n in order if alone[n]), order[0])
    better = [] if _CLAIM.search(candidates[best]) else order[: order.index(best)][:_AMONG]
    for number in better:
        tells = number - 1 in order and alone[number - 1]
        if tells and _together(candidates, number - 1, number) <= limit:
            return {number - 1, number}
    others = (n for n in order[:_AMONG] if n != best and _together(candidates, best, n) <= limit)
    new = (n for n in others if not _begin_alike(candidates[n], candidates[best]))
    fitting = (n for n in new if alone[n] or _follows(candidates, n, best))
    return {best, next(fitting, best)}


def _together(candidates: Sequence[str], one: int, other: int) -> int:
    return len(candidates[one]) + 1 + len(candidates[other])


def _begin_alike(one: str, other: str) -> bool:
    """Whether two sentences announce the same: "We propose SurgVLM, which …"."""
    opening, its = (standing_alone(s, follows=False).split()[:3] for s in (one, other))
    return opening == its and opening[-1][:1].isupper()


def _with_whole_list(sentence: str, limit: int) -> str:
    """A sentence with all of its list, or none of it."""
    too_long = len(standing_alone(sentence, follows=False)) > limit
    return announcing(sentence) if too_long or is_part_of_a_list(sentence) else sentence


def _follows(candidates: Sequence[str], number: int, best: int) -> bool:
    """Whether a sentence can be understood behind the best one."""
    if number <= best + 1:
        return number == best + 1
    return not leans(standing_alone(candidates[number], follows=False), candidates[best])


def _uncited(found: re.Match[str]) -> str:
    word, numbers = found[1], [int(n) for n in re.findall(r"\d+", found[2])]
    cited = len(word) > 1 and word.isalpha() and word.casefold() not in _OF_NUMBERS
    return word if cited and numbers == sorted(numbers) else found[0]


def _by_centrality(
    title: str, candidates: tuple[str, ...], alone: Sequence[bool], whole: Sequence[bool]
) -> list[int]:
    """The sentences that say something of the whole, the most central first; else all. Those
    that cannot be understood alone, or would have to be cut, count less."""
    words = [_words(sentence) for sentence in candidates]
    spread = Counter(w for sentence in words for w in sentence)
    topic = _words(title)

    def centrality(number: int) -> float:
        mine = words[number]
        # "Code is available.", "The benchmark can be had at https://…".
        if len(mine) < _MIN_WORDS or _WHERE_IT_IS.search(candidates[number]):
            return 0.0
        if is_part_of_a_list(candidates[number]):
            return 0.0
        shared = sum(spread[w] - 1 + (2 if w in topic else 0) for w in mine)
        claims = _CLAIM.search(candidates[number]) is not None
        claim = 1.5 if claims else 1.0
        # What opens a long abstract is what everybody knew before, unless it is of the paper.
        opens = number == 0 and len(candidates) > 3
        claim *= 0.5 if opens and not (claims or _is_of_the_paper(candidates[0], title)) else 1.0
        # What was asked says less than what was found.
        claim *= 0.7 if candidates[number].endswith("?") else 1.0
        claim *= 1.0 if alone[number] else 0.7
        claim *= 1.0 if whole[number] else 0.7
        return claim * shared / (len(mine) + 4)

    worth = {n: centrality(n) for n in range(len(candidates))}
    told = [n for n in worth if worth[n]] or list(worth)
    return sorted(told, key=lambda n: (-worth[n], n))


def _is_of_the_paper(sentence: str, title: str) -> bool:
    """Whether a sentence is of its authors, or of what a title such as "FastCAR: fast
    classification" explains."""
    name = name_of(title)
    named = bool(name) and sentence.startswith(f"{name} ")
    return named or standing_alone(sentence, follows=False).startswith("We ")


def _words(text: str) -> frozenset[str]:
    """The words of four letters and more; of writing without spaces, pairs of signs."""
    pairs = (run[n : n + 2] for run in UNSPACED.findall(text) for n in range(len(run) - 1))
    spaced = UNSPACED.sub(" ", text)
    return frozenset(w.casefold() for w in _WORD.findall(spaced)) | frozenset(pairs)
