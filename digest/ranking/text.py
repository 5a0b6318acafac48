"""Words of titles, abstracts and interests, in the form in which they are compared.

Views of a text's folded words (`read`: TeX made readable, no case, no diacritics):

- `terms`: Porter stems without stop words, the bag that BM25 counts;
- `phrase_text`: all words in order, for phrases that must or must not occur.

Those of a query are in `query`.

A compound is kept in parts and joined: `GPT-4` is gpt, 4 and gpt4, so that `GPT4` finds it.
"""

import functools
import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import chain, pairwise
from operator import attrgetter
from typing import NamedTuple

import Stemmer

from digest.core.latex import readable

# Letters that Unicode does not decompose into a base letter and a mark.
_UNDECOMPOSED = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe"})
_MARKS = re.compile("[\u0300-\u036f]")
_APOSTROPHE = re.compile(r"(?<=\w)['’ʼ](?:s\b)?")
# Scripts written without spaces: every character is a word of its own.
_UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = rf"(?:[^\W_{_UNSPACED}]+(?:\+\+|#(?!\w))?|[{_UNSPACED}])"
# Parts of one compound: state-of-the-art, SE(3), l_1, x^2. Dashes wider than a hyphen separate.
_COMPOUND = re.compile(rf"{_WORD}(?:[-‐‑_^]{_WORD}|\({_WORD}\))*")
_PART = re.compile(_WORD)

_IRREGULAR = {
    "analyses": "analysis",
    "axes": "axis",
    "bacteria": "bacterium",
    "corpora": "corpus",
    "crises": "crisis",
    "criteria": "criterion",
    "diagnoses": "diagnosis",
    "formulae": "formula",
    "hypotheses": "hypothesis",
    "indices": "index",
    "matrices": "matrix",
    "maxima": "maximum",
    "minima": "minimum",
    "optima": "optimum",
    "phenomena": "phenomenon",
    "simplices": "simplex",
    "spectra": "spectrum",
    "syntheses": "synthesis",
    "theses": "thesis",
    "vertices": "vertex",
}
_IRREGULAR_ENDS = tuple(_IRREGULAR)
_IRREGULAR_END = re.compile(rf"(?:{'|'.join(_IRREGULAR)})$")
# British to American, where Porter's rules would keep the two apart.
_ISE = re.compile(
    r"([a-z](?:al|an|ar|en|er|et|gn|il|im|it|on|or))is(?=(?:e[ds]?|ers?|ing|ations?)$)"
)
_OUR = re.compile(r"(?<=[a-z]{2})our(?=(?:s|ed|ing|al|hoods?)?$)")


def listed(words: str) -> frozenset[str]:
    """Words of a string."""
    return frozenset(words.split())


STOP_WORDS = listed(
    """a about above after again against all also although am among an and any are as at be because
    been before being below between both but by can cannot could did do does doing done down due
    during each either et etc few for from further had has have having he hence her here hers him
    his how however i if in into is it its itself just may me might more most must my nor not now
    of off on once only onto or other our ours out over own per same shall she should since so some
    such than that the their theirs them then there therefore these they this those though through
    thus to too toward towards under until up upon us very via was we were what when where whereas
    whether which while who whom whose why will with within without would yet you your
    """
)

# Words of any abstract: never rare, however few the papers by which rarity is judged.
_GENERIC_WORDS = listed(
    """accuracy algorithm analysis application approach artificial based benchmark
    code data dataset deep design effective efficient evaluate evidence experiment framework
    general good high improve information intelligence large learning machine measure method model
    network neural new novel optimal paper performance predict problem process propose provide
    research result science show significant simple state study system task technique technology
    test theory tool train understanding use
    """
)


# What is said aside, and contractions, as they are without points and apostrophes: no words.
_ASIDES = listed(
    """aka arent cant couldnt didnt doesnt dont eg hasnt havent id ie ill im isnt ive lets
    shouldnt theyre theyve wasnt werent weve wont wouldnt wrt youre youve
    """
)
_WITHOUT_POINTS = str.maketrans("", "", ".'’ʼ")

# Every fifth abstract says one of these, and means neither a world nor an art: as words of their
# own they would make it one on "world models" or "generative art". Phrases keep what is written.
SET_PHRASES = re.compile(
    r"(?i)\b(real)[-\u2010\u2011](?=world\b)"
    r"|\b(state)[-\u2010\u2011](of)[-\u2010\u2011](the)[-\u2010\u2011](?=art\b)"
)

# Nearly all words of a text are among so many; a few MB of memory.
KEPT_WORDS = 65_536
_KEPT_CHUNKS = 65_536
_AROUND_WORDS = ".,;:!?()[]{}\"'-"


# Without a cache of its own, for `stem` has one; a call holds the interpreter, so threads share it.
_porter = Stemmer.Stemmer("porter", 0).stemWord


@functools.lru_cache(maxsize=KEPT_WORDS)
def stem(word: str) -> str:
    """The Porter stem of a folded word (https://tartarus.org/martin/PorterStemmer/def.txt), as
    `plain` has it."""
    if not word.isascii() or not word.isalpha():
        return word
    return _porter(plain(word)) or word  # of "s" nothing would be left


def plain(word: str) -> str:
    """A word of ASCII letters with irregular plurals of science and British spellings brought
    together with others."""
    if word.endswith(_IRREGULAR_ENDS):
        word = _IRREGULAR_END.sub(lambda found: _IRREGULAR[found[0]], word)
    if "is" in word:
        word = _ISE.sub(r"\1iz", word)
    if "our" in word:
        word = _OUR.sub("or", word)
    return word


GENERIC_TERMS = frozenset(map(stem, _GENERIC_WORDS))
STOP_STEMS = frozenset(map(stem, STOP_WORDS))


def fold(text: str) -> str:
    """`text` by which spellings are compared: NFKC, no case, no diacritics, no apostrophes."""
    if text.isascii():
        lower = text.lower()
        return _APOSTROPHE.sub("", lower) if "'" in lower else lower
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    composed = unicodedata.normalize("NFKC", _MARKS.sub("", decomposed))
    return _APOSTROPHE.sub("", composed).translate(_UNDECOMPOSED)


Parts = tuple[str, ...]
"""A folded word as the parts of a compound; most have one."""


class Chunk(NamedTuple):
    """What stands between two spaces of a text: no word goes on behind a space.

    Stems are given as text, with spaces between: of all parts, and of compounds joined; `pairs`
    are those of two neighbours of a longer compound.
    """

    words: tuple[Parts, ...]
    terms: tuple[str, ...]
    stems: str
    joined: str
    pairs: tuple[str, ...]


_TERMS, _STEMS = attrgetter("terms"), attrgetter("stems")

Words = Sequence[Chunk]
"""A text, read."""


def read(text: str) -> Words:
    """The words of `text`."""
    return list(map(_chunk, readable(text).split()))


# Most of a text is among so many; some 20 MB of memory.
@functools.lru_cache(maxsize=_KEPT_CHUNKS)
def _chunk(chunk: str) -> Chunk:
    if (word := chunk.strip(_AROUND_WORDS).lower()).isalpha() and word.isascii():
        return _plain_chunk(word)
    if word.translate(_WITHOUT_POINTS) in _ASIDES:
        return _NOTHING
    words = tuple(
        (word,) if word.isalnum() else tuple(_PART.findall(word))
        for word in _COMPOUND.findall(fold(chunk))
    )
    stems = " ".join(stem(part) for parts in words for part in parts)
    compounds = [parts for parts in words if len(parts) > 1]
    return Chunk(
        words=words,
        terms=tuple(term for parts in words for term in _terms(parts)),
        stems=stems,
        joined=" ".join(stem("".join(parts)) for parts in words) if compounds else stems,
        pairs=tuple(stem(pair) for parts in compounds for pair in joined_parts(parts)[1:]),
    )


_NOTHING = Chunk(words=(), terms=(), stems="", joined="", pairs=())


def _plain_chunk(word: str) -> Chunk:
    """One word of ASCII letters: most chunks are that."""
    stems = stem(word)
    terms = () if word in STOP_WORDS else (stems,)
    return Chunk(words=((word,),), terms=terms, stems=stems, joined=stems, pairs=())


def _terms(parts: Parts) -> list[str]:
    separate = [stem(part) for part in parts if part not in STOP_WORDS]
    return [*separate, *map(stem, joined_parts(parts))]


def joined_parts(parts: Parts) -> list[str]:
    """A compound written as one word, and neighbouring parts of a long one: SE(3)-net is se3."""
    if len(parts) < 2:
        return []
    pairs = [left + right for left, right in pairwise(parts)] if len(parts) > 2 else []
    return ["".join(parts), *pairs]


def terms(words: Words) -> list[str]:
    """The stems of a text in order without stop words; compounds in parts and joined."""
    return list(chain.from_iterable(map(_TERMS, words)))


def phrase_text(*texts: Words) -> str:
    """All stems of the texts in order, stop words too, as a string in which phrases are found.

    Texts, and their spellings with compounds in parts and with compounds joined, are kept apart
    by bars.
    """
    pieces: list[str] = []
    for words in texts:
        pieces.append(spaced(filter(None, map(_STEMS, words))))
        if compounds := [chunk for chunk in words if chunk.joined is not chunk.stems]:
            pieces.append(spaced(filter(None, (chunk.joined for chunk in words))))
            pieces.extend(spaced([pair]) for chunk in compounds for pair in chunk.pairs)
    return "|".join(pieces)


def spaced(stems: Iterable[str]) -> str:
    """Stems as a string in which phrases of them are found."""
    return f" {' '.join(stems)} "


def words_in(text: str) -> tuple[str, ...]:
    """The folded words of a text in order, compounds in parts."""
    return tuple(part for chunk in read(text) for parts in chunk.words for part in parts)
