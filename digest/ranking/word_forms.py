"""Whether a text that has the stem of a word has the word: stems bring too many words together.

A stem finds what may be meant; a reader who marks a word as a must, or as an exclusion, means the
word and its forms, not what Porter's rules take for them: "general" for "generative", "animal" for
"animation", "university" for "universe", "occupational" for "occupancy".
"""

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import Stemmer

from digest.ranking.text import KEPT_WORDS, plain, stem, words_in

# Porter's own later rules (https://snowballstem.org/algorithms/english/stemmer.html), which keep
# more words apart; a call holds the interpreter, so threads share it.
_later_stem = Stemmer.Stemmer("english", 0).stemWord
# What makes another word of a stem, behind "-s", "-ly", "-ic" and "-ics", which do not. All else,
# verbs and their nouns above all ("-ation", "-ment"), is of one kind; so is "-er" where a stem
# keeps it ("cluster", "answer").
_LIGHT = re.compile(r"(?:ics?|(?<=al|ve|nt)ly|(?<=[^s])s)$")
_KINDS = (
    (re.compile(r"(?:ed|ing)$"), ""),
    (re.compile(r"(?:(?<!iev|mov|rov|riv|pos|ers)al|ality)$"), "al"),  # but "retrieval", "removal"
    (re.compile(r"(?:ive|ivity|iveness)$"), "ive"),
    (re.compile(r"[ai](?:ble|bility|bly)$"), "able"),
    (re.compile(r"(?:[ea]n(?:ce|cy)|(?<!m)ent|ant)$"), "ent"),
    (re.compile(r"ary$"), "ary"),
    (re.compile(r"ous$"), "ous"),
    (re.compile(r"is[tm]$"), "ist"),
    (re.compile(r"ity$"), "ity"),
    (re.compile(r"ator$"), "er"),
)
# The plural of what has no vowel before its last letter, which those rules keep: LLMs, PDEs, GPUs.
# Of three letters it may be anything: GPS, TTS, gas.
_PLURAL_OF_LETTERS = re.compile(r"^([^aeiouy]{2,}[a-z])s$")
_INFLECTIONS = (
    *(("ies", "y"), ("es", ""), ("s", ""), ("ed", ""), ("ing", "")),
    *(("ically", "ic"), ("ly", "")),
)
# Plurals whose stems no rules bring together with those of their singulars. Prose goes on by stems:
# judged collections are ranked no better with these as one word.
_PLURALS = [
    pair.split("/")
    for pair in """bias/biases virus/viruses lens/lenses gas/gases mouse/mice child/children
    woman/women tooth/teeth stimulus/stimuli nucleus/nuclei locus/loci focus/foci radius/radii
    fungus/fungi taxon/taxa larva/larvae alga/algae nova/novae supernova/supernovae nebula/nebulae
    automaton/automata polyhedron/polyhedra quantum/quanta metastasis/metastases
    prosthesis/prostheses""".split()
]
_OTHER_NUMBER = {one: many for pair in _PLURALS for one, many in (pair, pair[::-1])}


class Form(NamedTuple):
    """Two words are forms of one where their stems are the same, and either what kind of word they
    are, or one of the words that they may be inflected of."""

    stem: str
    kind: str
    bases: frozenset[str]

    def matches(self, other: "Form") -> bool:
        same = self.kind == other.kind or not self.bases.isdisjoint(other.bases)
        return same and self.stem == other.stem


@functools.lru_cache(maxsize=KEPT_WORDS)
def form(word: str) -> Form:
    """What a folded word has in common with its forms, and with few other words."""
    if not word.isascii() or not word.isalpha():
        return Form(word, "", frozenset())
    known = plain(_PLURAL_OF_LETTERS.sub(r"\1", word))
    return Form(_later_stem(known), _kind(known), frozenset(_bases(known)))


def _kind(word: str) -> str:
    bare = _LIGHT.sub("", f"{word[:-3]}y" if word.endswith("ies") else word)
    for ending, kind in _KINDS:
        if ending.search(bare):
            return kind
    return "er" if bare.endswith("er") and not stem(word).endswith("er") else ""


def _bases(word: str) -> Iterator[str]:
    yield word
    for ending, base in _INFLECTIONS:
        if word.endswith(ending):
            bare = word.removesuffix(ending) + base
            yield from (bare, f"{bare}e", bare[:-1] if bare[-2:-1] == bare[-1:] else bare)


def words_of(*texts: str) -> tuple[str, ...]:
    """The distinct words of texts, compounds in parts, in the order of their first time."""
    return tuple(dict.fromkeys(word for text in texts for word in words_in(text)))


def in_either_number(phrase: str) -> tuple[str, ...]:
    """A phrase, and with one of its words in the other number, where that has a stem of its own:
    `mice` and `mouse`."""
    words = phrase.split()
    others = ((n, _OTHER_NUMBER.get(word.casefold())) for n, word in enumerate(words))
    return (phrase, *(" ".join([*words[:n], it, *words[n + 1 :]]) for n, it in others if it))


def says(phrase: str, words: Iterable[str]) -> bool:
    """Of the words of a text that holds the stems of a phrase, whether the phrase's own are there
    in some form.

    Of each word of the phrase, one of the words with its stem must be a form of it; a word whose
    stem is not there at all is spelled in another way, joined or apart, and passes.
    """
    asked = [(stem(word), form(word)) for word in words_of(phrase)]
    said: dict[str, list[Form]] = {common: [] for common, _ in asked}
    for word in words:
        if (common := stem(word)) in said:
            said[common].append(form(word))
    return all(
        not said[common] or any(map(wanted.matches, said[common])) for common, wanted in asked
    )


def by_stem(words: Iterable[str]) -> Mapping[str, tuple[Form, ...]]:
    """The forms of words, by their stems."""
    found: dict[str, tuple[Form, ...]] = {}
    for word in words:
        common, own = stem(word), form(word)
        found[common] = (*found.get(common, ()), own)
    return found


def has_form(word: str, said: Mapping[str, tuple[Form, ...]]) -> bool:
    """Whether a text, by the forms of its words, says a folded word in some form; a word whose
    stem is not there is spelled in another way and passes, as for `says`."""
    forms = said.get(stem(word))
    return forms is None or any(map(form(word).matches, forms))
