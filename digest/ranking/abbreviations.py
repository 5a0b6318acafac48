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

from digest.core.analyses import ShortForm
from digest.ranking.query import Asked, QueryWord
from digest.ranking.short_forms import said_once
from digest.ranking.text import STOP_STEMS, stem, words_in
from digest.ranking.word_forms import form

# A short form stands for what so many papers say that it does, of many one in so many, and so large
# a share of all that introduce it: what a single paper calls by letters is its own affair.
LEAST_PAPERS, LEAST_ONE_IN, LEAST_SHARE = 2, 20_000, 2 / 3

_AT_END_OF_NAME = re.compile(r"(?<=[a-z])([A-Z]{3,9})s?(?![^\W_])")
# Phrases of more words, which no paper has, are looked for as they are.
_MOST_WORDS = 12

Words = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Abbreviation:
    """A short form as it is written, without the s of a plural, and the words of what it stands
    for, folded, with their stems."""

    short: str
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
    """Those on which papers agree. `texts` are title and abstract of each row, and `own` the short
    forms that it introduces; `counts` says how many papers, of these and others, introduce each,
    `least` how many must."""

    def __init__(
        self,
        texts: Sequence[tuple[str, str]],
        own: Sequence[Sequence[ShortForm]],
        counts: Mapping[ShortForm, int],
        least: int = LEAST_PAPERS,
    ) -> None:
        self._texts, self._own = texts, own
        agreed = list(_agreed(counts, least))
        self._spelled = {short: spellings for short, spellings, _ in agreed}
        self._by_short = {short: known[0] for short, known in self._spelled.items()}
        self._stems = {short: frozenset(known.stems) for short, known in self._by_short.items()}
        # Of those that only capitals tell apart, GAN and GaN, the one that more papers introduce.
        rarest_first = sorted(agreed, key=lambda one: one[2])
        self._by_term = {term_of(short): known[0] for short, known, _ in rarest_first}
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
        return word._replace(short_forms=tuple(short), long_forms=(*word.long_forms, *long))

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
        else that it introduces: that some words more or less are said, in any order, is none."""
        known = frozenset(self._by_short[short].stems)
        own = [set(_abbreviation(each).stems) for each in self._own[row] if each.short == short]
        other = bool(own) and not any(known <= each or each <= known for each in own)
        return not other and any(map(_written(short).search, self._texts[row]))


@functools.lru_cache(maxsize=1_024)
def _written(short: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![^\W_]){re.escape(short)}s?(?![^\W_])")


def term_of(short: str) -> str:
    """The term under which a short form is indexed: with a hyphen, its parts joined."""
    return stem("".join(words_in(short)))


def _within(few: Words, many: Words) -> int | None:
    """Where some words stand side by side among others, in some form; None where they do not."""
    starts = range(len(many) - len(few) + 1)
    return next((n for n in starts if _alike(few, many[n : n + len(few)])), None)


def _alike(one: Words, other: Words) -> bool:
    """Whether two texts of as many words have the same ones, each in some form."""
    return all(
        stem(a) == stem(b) and form(a).matches(form(b)) for a, b in zip(one, other, strict=True)
    )


def least_papers(documents: int) -> int:
    """How many of so many papers must introduce a short form alike."""
    return max(LEAST_PAPERS, documents // LEAST_ONE_IN)


def counted(own: Iterable[Iterable[ShortForm]]) -> Counter[ShortForm]:
    """How many papers introduce each short form, by those of each."""
    return Counter(itertools.chain.from_iterable(own))


def _agreed(
    counts: Mapping[ShortForm, int], least: int
) -> Iterator[tuple[str, tuple[Abbreviation, ...], int]]:
    """Each short form on which papers agree, with what it stands for in all spellings but forms of
    one, "low-rank adaptation" and "low-rank adapters", the most frequent first, and how many
    papers introduce it so."""
    alike: dict[tuple[str, Words], list[tuple[int, Abbreviation]]] = {}
    in_all: Counter[str] = Counter()
    for introduced, papers in sorted(counts.items()):
        each = _abbreviation(introduced)
        if not each.words:  # it stands for signs alone
            continue
        alike.setdefault((each.short, each.stems), []).append((papers, each))
        in_all[each.short] += papers
    for (short, _), found in alike.items():
        papers = sum(count for count, _ in found)
        if papers >= max(least, LEAST_SHARE * in_all[short]):
            yield short, tuple(_spellings(found)), papers


def _spellings(found: Sequence[tuple[int, Abbreviation]]) -> Iterator[Abbreviation]:
    several: list[Abbreviation] = []
    for _, each in sorted(found, key=lambda one: -one[0]):
        if not any(_alike(each.words, known.words) for known in several):
            several.append(each)
            yield each


def _abbreviation(introduced: ShortForm) -> Abbreviation:
    words = tuple(introduced.long.split())
    return Abbreviation(short=introduced.short, words=words, stems=tuple(map(stem, words)))
