"""Short forms that papers introduce, as in "large language models (LLMs)", and what they stand for.

Whoever leaves out large language models means the papers that only say LLM, too.
"""

import functools
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from digest.ranking.analysis import SET_PHRASES
from digest.ranking.query import Asked, QueryWord
from digest.ranking.text import STOP_STEMS, STOP_WORDS, read, stem
from digest.ranking.word_forms import form

# A short form stands for what so many papers say that it does, and so large a share of all that
# introduce it: what a single paper calls by letters is its own affair.
LEAST_PAPERS, LEAST_SHARE = 2, 2 / 3

_IN_BRACKETS = re.compile(r"\(([A-Za-z0-9][A-Za-z0-9-]{1,9})\)")
_BRACKETED = re.compile(r"\s*\(([^()]+)\)")
_AT_END_OF_NAME = re.compile(r"(?<=[a-z])([A-Z]{3,9})s?(?![^\W_])")
_SENTENCE = re.compile(r"[.;:,!?()]\s+")
_INITIAL_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_LEAST_CAPITALS = 2
# What a short form stands for is looked for so far back, and in so much of a text, however long.
_MOST_CHARS_BEFORE, _MOST_CHARS = 300, 20_000
# Phrases of more words, which no paper has, are looked for as they are.
_MOST_WORDS = 12

Words = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Abbreviation:
    """A short form as it is written, without the s of a plural, and what it stands for, its folded
    words and their stems, too."""

    short: str
    long: str
    words: Words
    stems: Words

    @functools.cached_property
    def terms(self) -> frozenset[str]:
        """The stems of what it stands for that tell something."""
        return frozenset(self.stems) - STOP_STEMS


class Wording(NamedTuple):
    """What a phrase may be written as; `short` is the short form there by which it is said, where
    the phrase does not have that itself. It may say the phrase `among_others` of its words."""

    phrase: str
    short: str | None = None
    among_others: bool = False


class Abbreviations:
    """Those on which the papers agree. `texts` are title and abstract of each, in the order of
    rows."""

    def __init__(self, texts: Sequence[tuple[str, str]]) -> None:
        self._texts = texts
        self._own = [
            {each.short: each for text in both for each in introduced(text)} for both in texts
        ]
        self._spelled = dict(_agreed(self._own))
        self._by_short = {short: known[0] for short, known in self._spelled.items()}
        self._stems = {short: frozenset(known.stems) for short, known in self._by_short.items()}
        self._by_term = {term_of(each.short): each for each in self._by_short.values()}
        self._by_first: dict[str, list[Abbreviation]] = {}
        for each in self._by_short.values():
            self._by_first.setdefault(each.stems[0], []).append(each)

    def expanded(self, query: Asked) -> tuple[QueryWord, ...]:
        """The words of a query, with the short forms and long forms by which papers say them."""
        if not self._by_short:
            return query.words
        said = [
            known
            for place, first in enumerate(query.stems)
            for known in self._by_first.get(first, ())
            if query.stems[place : place + len(known.stems)] == known.stems
        ]
        return tuple([self._expanded(word, said) for word in query.words])

    def _expanded(self, word: QueryWord, said: Sequence[Abbreviation]) -> QueryWord:
        short = [known.short for known in said if not known.terms.isdisjoint(word.own[0])]
        long = [
            known.stems
            for own in word.own
            if len(own) == 1 and (known := self._by_term.get(own[0]))
        ]
        if not short and not long:
            return word
        return word._replace(short_forms=tuple(short), long_forms=tuple(long))

    def wordings(self, phrase: str) -> Iterator[Wording]:
        """All that a phrase may be written as, itself the first.

        "LLM agents" are "large language model agents", and the other way round; who says MLLM says
        "large language models" among other words. "Large language models (LLMs)" are either.
        """
        yield from itertools.chain.from_iterable(map(self._wordings, said_once(phrase)))

    def _wordings(self, phrase: str) -> Iterator[Wording]:
        words = words_in(phrase)
        stems = tuple(map(stem, words))
        written = [words]
        yield Wording(phrase)
        if len(words) > _MOST_WORDS:
            return
        for place, word in enumerate(stems):
            if known := self._by_term.get(word):
                written.extend(
                    (*words[:place], *spelled.words, *words[place + 1 :])
                    for spelled in self._spelled[known.short]
                )
        yield from (Wording(" ".join(each)) for each in written[1:])
        for each in written:
            yield from self._shorter(each)

    def _shorter(self, words: Words) -> Iterator[Wording]:
        said = frozenset(map(stem, words))
        for short, stems in self._stems.items():
            if not (stems <= said or said <= stems):
                continue
            for long in (each.words for each in self._spelled[short]):
                if (place := _within(long, words)) is not None:
                    rest = words[place + len(long) :]
                    yield Wording(" ".join((*words[:place], short, *rest)), short)
                elif words and _within(words, long) is not None:
                    yield Wording(short, short, among_others=True)

    def named_after(self, phrase: str) -> Iterable[int]:
        """The rows with names that end in a short form, where a phrase is one: VideoLLM for LLM."""
        words = words_in(phrase)
        known = self._by_term.get(stem(words[0])) if len(words) == 1 else None
        return self._names.get(known.short, ()) if known else ()

    @functools.cached_property
    def _names(self) -> Mapping[str, set[int]]:
        rows: dict[str, set[int]] = {}
        for row, texts in enumerate(self._texts):
            for short in itertools.chain.from_iterable(map(_AT_END_OF_NAME.findall, texts)):
                rows.setdefault(short, set()).add(row)
        return rows

    def means(self, row: int, short: str) -> bool:
        """Whether a paper says a short form, in capitals as it is written, and not for something
        else that it introduces."""
        own = self._own[row].get(short)
        other = own is not None and own.stems != self._by_short[short].stems
        return not other and any(map(_written(short).search, self._texts[row]))


@functools.lru_cache(maxsize=1_024)
def _written(short: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![^\W_]){re.escape(short)}s?(?![^\W_])")


def term_of(short: str) -> str:
    """The term under which a short form is indexed: with a hyphen, its parts joined."""
    return stem("".join(words_in(short)))


def words_in(text: str) -> Words:
    """The folded words of a text in order, compounds in parts."""
    return tuple(part for chunk in read(text) for parts in chunk.words for part in parts)


def _within(few: Words, many: Words) -> int | None:
    """Where some words stand side by side among others, in some form; None where they do not."""
    starts = range(len(many) - len(few) + 1)
    return next((n for n in starts if _alike(few, many[n : n + len(few)])), None)


def _alike(one: Words, other: Words) -> bool:
    """Whether two texts of as many words have the same ones, each in some form."""
    return all(
        stem(a) == stem(b) and form(a).matches(form(b)) for a, b in zip(one, other, strict=True)
    )


def _agreed(
    own: Sequence[Mapping[str, Abbreviation]],
) -> Iterator[tuple[str, tuple[Abbreviation, ...]]]:
    """Each short form on which papers agree, with what it stands for in all spellings but forms of
    one, "low-rank adaptation" and "low-rank adapters", the most frequent first."""
    counts = Counter((each.short, each.stems) for found in own for each in found.values())
    in_all = Counter(short for found in own for short in found)
    written: dict[tuple[str, Words], list[Abbreviation]] = {}
    for each in (each for found in own for each in found.values()):
        written.setdefault((each.short, each.stems), []).append(each)
    for (short, stems), count in sorted(counts.items()):
        if count >= max(LEAST_PAPERS, LEAST_SHARE * in_all[short]):
            yield short, tuple(_spellings(written[short, stems]))


def _spellings(found: Sequence[Abbreviation]) -> Iterator[Abbreviation]:
    often = Counter(each.words for each in found)
    several: list[Abbreviation] = []
    for each in sorted(found, key=lambda one: -often[one.words]):
        if not any(_alike(each.words, known.words) for known in several):
            several.append(each)
            yield each


def introduced(text: str) -> Iterator[Abbreviation]:
    """The short forms that a text introduces behind what they stand for.

    These are words of which it has the initials. Where there are none, after A. S. Schwartz, M. A.
    Hearst, "A simple algorithm for identifying abbreviation definitions in biomedical text", 2003,
    the letters of the short form are looked for from the last on, the first of them at the
    beginning of a word, within so many words as it may have.
    """
    for found in _IN_BRACKETS.finditer(text, 0, _MOST_CHARS):
        short = found[1]
        if sum(map(str.isupper, short)) < _LEAST_CAPITALS:
            continue
        if short.endswith("s") and short[-2].isupper():
            short = short[:-1]
        before = text[max(found.start() - _MOST_CHARS_BEFORE, 0) : found.start()]
        words = _SENTENCE.split(before)[-1].split()
        most = min(len(short) + 5, 2 * len(short))
        near = " ".join(words[-most:])
        long = _by_initials(short, near) or _by_letters(short, near)
        if long is None or SET_PHRASES.search(long):
            continue
        if long.endswith("s"):
            short = short.removesuffix("s")
        if len(long) > len(short) and short not in long:
            yield _abbreviation(short, long)


def _abbreviation(short: str, long: str) -> Abbreviation:
    words = words_in(long)
    return Abbreviation(short=short, long=long, words=words, stems=tuple(map(stem, words)))


def said_once(phrase: str) -> tuple[str, ...]:
    """A phrase that says a thing in full and in short, with each of them alone; others as they
    are."""
    for found in _BRACKETED.finditer(phrase):
        before, within, after = phrase[: found.start()], found[1], phrase[found.end() :]
        for each in introduced(found.string[: found.end()]):
            if before.endswith(each.long) and within.removesuffix("s") == each.short:
                return before + after, before.removesuffix(each.long) + within + after
        for each in introduced(f"{within} ({before})"):
            if each.long == within:
                return before + after, within + after
    return (phrase,)


def _by_initials(short: str, before: str) -> str | None:
    """The last words with these initials; those of "of" and the like may be left out."""
    letters = [letter for letter in short.casefold() if letter.isalnum()]
    for word in reversed(list(_INITIAL_WORD.finditer(before))):
        if word[0][0].casefold() == letters[-1]:
            letters.pop()
        elif word[0].casefold() not in STOP_WORDS:
            return None
        if not letters:
            return before[before.rfind(" ", 0, word.start()) + 1 :]
    return None


def _by_letters(short: str, before: str) -> str | None:
    place, folded = len(before), before.casefold()
    for number, letter in reversed(list(enumerate(short.casefold()))):
        if not letter.isalnum():
            continue
        place = folded.rfind(letter, 0, place)
        while number == 0 and place > 0 and folded[place - 1].isalnum():
            place = folded.rfind(letter, 0, place)
        if place < 0:
            return None
    return before[before.rfind(" ", 0, place) + 1 :] if place >= 0 else None
