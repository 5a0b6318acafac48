"""The Porter stemmer, as in its definition (https://snowballstem.org/algorithms/porter/stemmer.html).

Half of the time to analyse a text went into stems; for one word at a time, a few looks into
dictionaries are ten times faster than the generated code of a stemming library.
"""

import re
from collections.abc import Mapping

_VOWELS = frozenset("aeiouy")
_LATER_Y = re.compile("([aeiouy])y")
# Up to a consonant behind vowels; whatever follows that is the first, or second, region.
_REGION = re.compile("[^aeiouy]*[aeiouy]+[^aeiouy]")
_SHORT_VOWEL = re.compile("[^aeiouy][aeiouy][^aeiouywxY]$")
_DOUBLED = frozenset(letter * 2 for letter in "bdfgmnprt")


def _by_length(rules: str) -> tuple[tuple[int, Mapping[str, str]], ...]:
    """Pairs `ending:replacement`, by the length of the ending, longest first."""
    pairs = [rule.split(":") for rule in rules.split()]
    lengths = sorted({len(ending) for ending, _ in pairs}, reverse=True)
    return tuple((n, {end: by for end, by in pairs if len(end) == n}) for n in lengths)


_STEP_2 = _by_length(
    "tional:tion enci:ence anci:ance abli:able entli:ent eli:e izer:ize ization:ize ational:ate "
    "ation:ate ator:ate alism:al aliti:al alli:al fulness:ful ousli:ous ousness:ous iveness:ive "
    "iviti:ive biliti:ble"
)
_STEP_3 = _by_length("alize:al icate:ic iciti:ic ical:ic ative: ful: ness:")
_STEP_4 = _by_length(
    "al: ance: ence: er: ic: able: ible: ant: ement: ment: ent: ou: ism: ate: iti: ous: ive: ize: "
    "ion:"
)


def porter(word: str) -> str:
    """The stem of a word of lower-case ASCII letters; that of `s` is empty."""
    if "y" in word:
        # Where it is a consonant it is written as a capital: at the start and behind a vowel.
        word = _with_consonant_y(word)
    first, second = _regions(word)
    word = _step_1(word, first)
    word = _replaced(word, _STEP_2, first)
    word = _replaced(word, _STEP_3, first)
    word = _step_4(word, second)
    return _step_5(word, first, second).lower()


def _with_consonant_y(word: str) -> str:
    start = "Y" if word[0] == "y" else word[0]
    return _LATER_Y.sub(r"\1Y", start + word[1:])


def _regions(word: str) -> tuple[int, int]:
    """Where the two regions begin; at the word's end where there is none."""
    first = _REGION.match(word)
    if first is None:
        return len(word), len(word)
    second = _REGION.match(word, first.end())
    return first.end(), len(word) if second is None else second.end()


def _step_1(word: str, first: int) -> str:
    if word.endswith("s"):
        if word.endswith(("sses", "ies")):
            word = word[:-2]
        elif not word.endswith("ss"):
            word = word[:-1]
    if word.endswith("eed"):
        word = word[:-1] if len(word) - 3 >= first else word
    elif word.endswith("ed"):
        word = _without_inflection(word, word[:-2], first)
    elif word.endswith("ing"):
        word = _without_inflection(word, word[:-3], first)
    if word.endswith(("y", "Y")) and not _VOWELS.isdisjoint(word[:-1]):
        word = word[:-1] + "i"
    return word


def _without_inflection(word: str, rest: str, first: int) -> str:
    if _VOWELS.isdisjoint(rest):
        return word
    if rest.endswith(("at", "bl", "iz")):
        return rest + "e"
    if rest[-2:] in _DOUBLED:
        return rest[:-1]
    return rest + "e" if len(rest) == first and _SHORT_VOWEL.search(rest) else rest


def _replaced(word: str, rules: tuple[tuple[int, Mapping[str, str]], ...], region: int) -> str:
    """The word with its longest ending of the rules replaced, if that lies in the region."""
    for length, replacements in rules:
        replacement = replacements.get(word[-length:])
        if replacement is not None:
            rest = len(word) - length
            return word[:rest] + replacement if rest >= region else word
    return word


def _step_4(word: str, second: int) -> str:
    if word.endswith("ion") and not word.endswith(("sion", "tion")):
        return word
    return _replaced(word, _STEP_4, second)


def _step_5(word: str, first: int, second: int) -> str:
    if word.endswith("e"):
        rest = word[:-1]
        if len(rest) >= second or (len(rest) >= first and not _SHORT_VOWEL.search(rest)):
            word = rest
    if word.endswith("ll") and len(word) - 1 >= second:
        word = word[:-1]
    return word
