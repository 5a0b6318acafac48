"""The words of interests and searches, in every spelling in which papers may have them."""

import functools
import re
import unicodedata
from collections.abc import Collection, Iterable
from itertools import pairwise
from typing import NamedTuple

from digest.ranking.text import (
    KEPT_WORDS,
    STOP_WORDS,
    Chunk,
    Parts,
    Words,
    listed,
    read,
    spaced,
    stem,
    terms,
)

# Words with which people wrap an interest; they say nothing of the subject.
_WRAPPING = listed(
    """articles deal describe exist find give interested interests looking papers recent
    regarding related want work working works
    """
)
# Beside a word that tells, or behind "of", these are what is asked for, but not before "on" or "has
# been done": "working memory", "remote work", "the future of work", but "early work on robots".
_WORK = {((word,),) for word in ("work", "working", "works")}
_OF = (("of",),)
_BEHIND_WRAPPING = {((word,),) for word in ("on", "has", "have", "had", "is", "are", "was", "were")}

# Small words of German, which papers have only by accident: "für" would ask for fur, "die" for
# death. They are left out where one of these shows that a text is German, not van der Waals'.
_SHOWS_GERMAN = listed("für und oder über zur zum eine einem einen einer eines sowie mittels")
_SMALL_IN_GERMAN = _SHOWS_GERMAN | listed(
    """als am an auf aus bei beim das dem den der des die durch ein etwa im in ist mit nach sich
    sind um unter vom von vor wie zu zwischen
    """
)

# "Difference in differences" and "peer to peer" are compounds, with hyphens or without.
_REPEATED = re.compile(r"(?i)\b([^\W\d_]{3,})\s+(by|for|in|on|to)\s+(?=\1(?:s|es)?\b)")

Alternative = tuple[str, ...]
"""Terms that together stand for one word of a query."""


class QueryWord(NamedTuple):
    """A distinct word of a query: its folded spelling, the terms that may stand for it, those of
    it and a neighbour written as one, how often it is said, and the spelling of the word right
    behind it, if that is informative too. Among papers that have such (`abbreviations`), the
    short forms that say it together with its neighbours; and terms in a row that say it: what it is
    short for, or the parts of a compound that repeats a word."""

    spelling: str
    own: tuple[Alternative, ...]
    joined: tuple[str, ...] = ()
    times: int = 1
    followed_by: str | None = None
    short_forms: tuple[str, ...] = ()
    long_forms: tuple[Alternative, ...] = ()

    @property
    def alternatives(self) -> tuple[Alternative, ...]:
        """All that may stand for it, its own spelling first."""
        return (*self.own, *((term,) for term in self.joined))


class Asked(NamedTuple):
    """A query: its distinct words in order, each with the spellings in which it may occur, its
    terms as they are counted, and the stems of all that it says."""

    words: tuple[QueryWord, ...]
    terms: tuple[str, ...]
    stems: tuple[str, ...]


@functools.lru_cache(maxsize=8_192)
def asked(text: str) -> Asked:
    """A query, taken apart.

    What is written as two words may occur as one: `fine tuning` gives `fine` as (fine) or
    (finetun), `tuning` as (tune) or (finetun). Stop words and wrapping ("papers on …") are
    left out of the words, unless nothing else is there.
    """
    chunks = read(_REPEATED.sub(r"\1-\2-", _without_small_german(text)))
    works = _asked_for_work(chunks)
    telling = [c for n, c in enumerate(chunks) if n in works or not _is_wrapping(c)]
    return Asked(
        words=_query_words(chunks, works),
        terms=tuple(terms(telling) or terms(chunks)),
        stems=tuple(" ".join([chunk.stems for chunk in chunks]).split()),
    )


def _without_small_german(text: str) -> str:
    """A German text without its small words, which are not short forms; any other as it is."""
    composed = text if text.isascii() else unicodedata.normalize("NFC", text)
    if _SHOWS_GERMAN.isdisjoint(composed.casefold().split()):
        return text
    words = composed.split()
    return " ".join([w for w in words if w.isupper() or w.casefold() not in _SMALL_IN_GERMAN])


@functools.lru_cache(maxsize=KEPT_WORDS)
def _is_wrapping(chunk: Chunk) -> bool:
    return all(map(_WRAPPING.issuperset, chunk.words))


def _asked_for_work(chunks: Words) -> frozenset[int]:
    """The places where "work" is no wrapping."""
    named = (n for n, chunk in enumerate(chunks) if chunk.words in _WORK)
    return frozenset(n for n in named if _is_asked_for(chunks, n))


def _is_asked_for(chunks: Words, place: int) -> bool:
    before, after = chunks[max(place - 1, 0) : place], chunks[place + 1 : place + 2]
    if any(chunk.words in _BEHIND_WRAPPING for chunk in after):
        return False
    of = any(chunk.words == _OF for chunk in before)
    return of or any(word.tells for chunk in (*before, *after) for word in _words(chunk))


def query_words(text: str) -> tuple[QueryWord, ...]:
    """The words of a query, as `asked` tells them."""
    return asked(text).words


def _query_words(chunks: Words, works: Collection[int]) -> tuple[QueryWord, ...]:
    words = [
        word._replace(tells=True) if n in works else word
        for n, chunk in enumerate(chunks)
        for word in _words(chunk)
    ]
    kept = [n for n, word in enumerate(words) if word.tells]
    kept = kept or [n for n, word in enumerate(words) if not word.is_stop]
    found: dict[Alternative, QueryWord] = {}
    before: tuple[str, ...] = ()
    for place, after in pairwise((*kept, -1)):
        word, follower = words[place], None
        behind: tuple[str, ...] = ()
        if after == place + 1:
            follower = words[after].spelling
            # The term of a plain word and the plain word right behind it, written as one.
            if len(word.own) == len(words[after].own) == 1:
                behind = (stem(word.spelling + follower),)
        if known := found.get(word.own[0]):
            found[word.own[0]] = known._replace(times=known.times + 1)
        else:
            found[word.own[0]] = QueryWord(
                spelling=word.spelling,
                own=word.own,
                joined=before + behind,
                followed_by=follower,
                long_forms=word.in_a_row,
            )
        before = behind
    return tuple(found.values())


class _Word(NamedTuple):
    """A word of a query by itself: how it is spelled, the terms that may stand for it (a compound
    has several), in any order or in a row, and whether it tells what is asked for, or is a stop
    word."""

    spelling: str
    own: tuple[Alternative, ...]
    in_a_row: tuple[Alternative, ...]
    tells: bool
    is_stop: bool


@functools.lru_cache(maxsize=KEPT_WORDS)
def _words(chunk: Chunk) -> tuple[_Word, ...]:
    return tuple(map(_word, chunk.words))


def _word(parts: Parts) -> _Word:
    separate = tuple(stem(part) for part in parts if part not in STOP_WORDS)
    joined = (stem("".join(parts)),)
    # Who says "difference-in-differences" does not ask for any difference.
    repeats = len(separate) > len(set(separate)) == 1
    return _Word(
        spelling="-".join(parts),
        own=(joined,) if repeats else tuple(dict.fromkeys((separate, joined))),
        in_a_row=(tuple(map(stem, parts)),) if repeats else (),
        tells=not (STOP_WORDS.issuperset(parts) or _WRAPPING.issuperset(parts)),
        is_stop=STOP_WORDS.issuperset(parts),
    )


def query_terms(text: str) -> frozenset[str]:
    """Every term that may stand for a word of a query."""
    return frozenset(
        term for word in query_words(text) for each in word.alternatives for term in each
    )


def phrase_forms(phrase: str) -> tuple[str, ...]:
    """The spellings of a phrase to look for: in parts, joined, with two neighbours joined, with a
    word in two, `finetuning` as `fine tuning`, and with "based" between two: `diffusion-based
    models`. Empty when the phrase has no word."""
    words = _parts(phrase)
    parts = [part for parts in words for part in parts]
    if not parts:
        return ()
    spellings = [parts, ["".join(compound) for compound in words]]
    spellings.extend(
        [*parts[:n], parts[n] + parts[n + 1], *parts[n + 2 :]] for n in range(len(parts) - 1)
    )
    spellings.extend([*parts[:n], "based", *parts[n:]] for n in range(1, len(parts)))
    spellings.extend(
        [*parts[:n], *halves, *parts[n + 1 :]]
        for n, part in enumerate(parts)
        for halves in _halves(part)
    )
    if len(parts) == 3:
        spellings.append(["".join(parts)])
    return tuple(dict.fromkeys(spaced(map(stem, spelling)) for spelling in spellings))


def neighbour_forms(word: str, follower: str) -> tuple[str, ...]:
    """The spellings of two words of a query that stand side by side: in parts, joined, and both
    as one."""
    parts = [*word.split("-"), *follower.split("-")]
    joined = [each.replace("-", "") for each in (word, follower)]
    spellings = (parts, joined, ["".join(joined)])
    return tuple(dict.fromkeys(spaced(map(stem, spelling)) for spelling in spellings))


def _halves(word: str) -> Iterable[tuple[str, str]]:
    """The ways to write a word as two, each of three letters or more and not a stop word."""
    if not word.isalpha():
        return
    for cut in range(3, len(word) - 2):
        halves = word[:cut], word[cut:]
        if STOP_WORDS.isdisjoint(halves):
            yield halves


def _parts(text: str) -> list[Parts]:
    return [parts for chunk in read(text) for parts in chunk.words]
