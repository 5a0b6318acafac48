"""Where a text introduces short forms, as in "large language models (LLMs)"."""

import re
from collections.abc import Iterator

from digest.ranking.text import SET_PHRASES, STOP_WORDS

_IN_BRACKETS = re.compile(r"\(([A-Za-z0-9][A-Za-z0-9-]{1,9})\)")
_BRACKETED = re.compile(r"\s*\(([^()]+)\)")
_SENTENCE = re.compile(r"[.;:,!?()]\s+")
_INITIAL_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_LEAST_CAPITALS = 2
# What a short form stands for is looked for so far back, and in so much of a text, however long.
_MOST_CHARS_BEFORE, _MOST_CHARS = 300, 20_000


def introduced(text: str) -> Iterator[tuple[str, str]]:
    """The short forms that a text introduces, without the s of a plural, and what they stand for,
    as it is written in front of them.

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
            yield short, long


def said_once(phrase: str) -> tuple[str, ...]:
    """A phrase that says a thing in full and in short, with each of them alone; others as they
    are."""
    for found in _BRACKETED.finditer(phrase):
        before, within, after = phrase[: found.start()], found[1], phrase[found.end() :]
        for short, long in introduced(found.string[: found.end()]):
            if before.endswith(long) and within.removesuffix("s") == short:
                return before + after, before.removesuffix(long) + within + after
        for _, long in introduced(f"{within} ({before})"):
            if long == within:
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
