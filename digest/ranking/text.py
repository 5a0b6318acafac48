"""Words of titles, abstracts and interests, in the form in which they are compared.

Three views of a text's folded words (`read`: TeX made readable, no case, no diacritics):

- `terms`: Porter stems without stop words, the bag that BM25 counts;
- `query_words`: the same of a query, with the spellings in which each word may occur;
- `phrase_text` and `phrase_forms`: all words in order, for phrases that must or must not occur.

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


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


STOP_WORDS = _listed(
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

# Words with which people wrap an interest; they say nothing of the subject.
_WRAPPING = _listed(
    """articles deal describe exist find give interested interests looking papers recent
    regarding related want work working works
    """
)

# Words of any abstract: never rare, however few the papers by which rarity is judged.
_GENERIC_WORDS = _listed(
    """accuracy algorithm analysis application approach art artificial based benchmark
    code data dataset deep design effective efficient evaluate evidence experiment framework
    general good high improve information intelligence large learning machine measure method model
    network neural new novel optimal paper performance predict problem process propose provide
    research result science show significant simple state study system task technique technology
    test theory tool train understanding use
    """
)


# Nearly all words of a text are among so many; a few MB of memory.
_KEPT_WORDS = 65_536
_KEPT_CHUNKS = 65_536
_AROUND_WORDS = ".,;:!?()[]{}\"'-"


# Without a cache of its own, for `stem` has one; a call holds the interpreter, so threads share it.
_porter = Stemmer.Stemmer("porter", 0).stemWord


@functools.lru_cache(maxsize=_KEPT_WORDS)
def stem(word: str) -> str:
    """The Porter stem of a folded word (https://tartarus.org/martin/PorterStemmer/def.txt).

    Irregular plurals of science and British spellings are brought together first.
    """
    if not word.isascii() or not word.isalpha():
        return word
    if word.endswith(_IRREGULAR_ENDS):
        word = _IRREGULAR_END.sub(lambda found: _IRREGULAR[found[0]], word)
    if "is" in word:
        word = _ISE.sub(r"\1iz", word)
    if "our" in word:
        word = _OUR.sub("or", word)
    return _porter(word) or word  # of "s" nothing would be left


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
        pairs=tuple(stem(pair) for parts in compounds for pair in _joined(parts)[1:]),
    )


def _plain_chunk(word: str) -> Chunk:
    """One word of ASCII letters: most chunks are that."""
    stems = stem(word)
    terms = () if word in STOP_WORDS else (stems,)
    return Chunk(words=((word,),), terms=terms, stems=stems, joined=stems, pairs=())


def _terms(parts: Parts) -> list[str]:
    separate = [stem(part) for part in parts if part not in STOP_WORDS]
    return [*separate, *map(stem, _joined(parts))]


def _joined(parts: Parts) -> list[str]:
    """A compound written as one word, and neighbouring parts of a long one: SE(3)-net is se3."""
    if len(parts) < 2:
        return []
    pairs = [left + right for left, right in pairwise(parts)] if len(parts) > 2 else []
    return ["".join(parts), *pairs]


def terms(words: Words) -> list[str]:
    """The stems of a text in order without stop words; compounds in parts and joined."""
    return list(chain.from_iterable(map(_TERMS, words)))


def _parts(text: str) -> list[Parts]:
    return [parts for chunk in read(text) for parts in chunk.words]


Alternative = tuple[str, ...]
"""Terms that together stand for one word of a query."""


class QueryWord(NamedTuple):
    """A distinct word of a query: its folded spelling, the terms that may stand for it, those of
    it and a neighbour written as one, how often it is said, and the spelling of the word right
    behind it, if that is informative too."""

    spelling: str
    own: tuple[Alternative, ...]
    joined: tuple[str, ...] = ()
    times: int = 1
    followed_by: str | None = None

    @property
    def alternatives(self) -> tuple[Alternative, ...]:
        """All that may stand for it, its own spelling first."""
        return (*self.own, *((term,) for term in self.joined))


@functools.lru_cache(maxsize=8_192)
def query_words(text: str) -> tuple[QueryWord, ...]:
    """The distinct words of a query in order, each with the spellings in which it may occur.

    What is written as two words may occur as one: `fine tuning` gives `fine` as (fine) or
    (finetun), `tuning` as (tune) or (finetun). Stop words and wrapping ("papers on …") are
    left out, unless nothing else is there.
    """
    words = [_asked(parts) for chunk in read(text) for parts in chunk.words]
    told = [n for n, word in enumerate(words) if not word.is_stop]
    kept = [n for n in told if not words[n].is_wrapping] or told
    # By its place, the term of a plain word and the plain word right behind it, written as one.
    joined: dict[int, str] = {}
    followers: dict[int, str] = {}
    for place, after in pairwise(kept):
        if after == place + 1:
            word, follower = words[place], words[after]
            followers[place] = follower.spelling
            if len(word.own) == len(follower.own) == 1:
                joined[place] = stem(word.spelling + follower.spelling)
    found: dict[Alternative, QueryWord] = {}
    for place in kept:
        spelling, own, _, _ = words[place]
        if known := found.get(own[0]):
            found[own[0]] = known._replace(times=known.times + 1)
        else:
            both = tuple([joined[n] for n in (place - 1, place) if n in joined])
            found[own[0]] = QueryWord(spelling, own, both, 1, followers.get(place))
    return tuple(found.values())


class _Asked(NamedTuple):
    """A word of a query by itself: how it is spelled, the terms that may stand for it (a compound
    has several), and whether it says anything."""

    spelling: str
    own: tuple[Alternative, ...]
    is_stop: bool
    is_wrapping: bool


@functools.lru_cache(maxsize=_KEPT_WORDS)
def _asked(parts: Parts) -> _Asked:
    separate = tuple(stem(part) for part in parts if part not in STOP_WORDS)
    return _Asked(
        spelling="-".join(parts),
        own=(separate,) if len(parts) == 1 else (separate, (stem("".join(parts)),)),
        is_stop=STOP_WORDS.issuperset(parts),
        is_wrapping=_WRAPPING.issuperset(parts),
    )


def query_terms(text: str) -> frozenset[str]:
    """Every term that may stand for a word of a query."""
    return frozenset(
        term for word in query_words(text) for each in word.alternatives for term in each
    )


def phrase_text(*texts: Words) -> str:
    """All stems of the texts in order, stop words too, as a string in which phrases are found.

    Texts, and their spellings with compounds in parts and with compounds joined, are kept apart
    by bars.
    """
    pieces: list[str] = []
    for words in texts:
        pieces.append(_spaced(filter(None, map(_STEMS, words))))
        if compounds := [chunk for chunk in words if chunk.joined is not chunk.stems]:
            pieces.append(_spaced(filter(None, (chunk.joined for chunk in words))))
            pieces.extend(_spaced([pair]) for chunk in compounds for pair in chunk.pairs)
    return "|".join(pieces)


def phrase_forms(phrase: str) -> tuple[str, ...]:
    """The spellings of a phrase to look for: in parts, joined, with two neighbours joined, and
    with a word in two: `finetuning` as `fine tuning`. Empty when the phrase has no word."""
    words = _parts(phrase)
    parts = [part for parts in words for part in parts]
    if not parts:
        return ()
    spellings = [parts, ["".join(compound) for compound in words]]
    spellings.extend(
        [*parts[:n], parts[n] + parts[n + 1], *parts[n + 2 :]] for n in range(len(parts) - 1)
    )
    spellings.extend(
        [*parts[:n], *halves, *parts[n + 1 :]]
        for n, part in enumerate(parts)
        for halves in _halves(part)
    )
    if len(parts) == 3:
        spellings.append(["".join(parts)])
    return tuple(dict.fromkeys(_spaced(map(stem, spelling)) for spelling in spellings))


def neighbour_forms(word: str, follower: str) -> tuple[str, ...]:
    """The spellings of two words of a query that stand side by side: in parts, joined, and both
    as one."""
    parts = [*word.split("-"), *follower.split("-")]
    joined = [each.replace("-", "") for each in (word, follower)]
    spellings = (parts, joined, ["".join(joined)])
    return tuple(dict.fromkeys(_spaced(map(stem, spelling)) for spelling in spellings))


def _halves(word: str) -> Iterable[tuple[str, str]]:
    """The ways to write a word as two, each of three letters or more and not a stop word."""
    if not word.isalpha():
        return
    for cut in range(3, len(word) - 2):
        halves = word[:cut], word[cut:]
        if STOP_WORDS.isdisjoint(halves):
            yield halves


def _spaced(stems: Iterable[str]) -> str:
    return f" {' '.join(stems)} "
