"""Whether two wordings of title, abstract and authors are of one paper.

Thresholds are set wide of what recorded days of arXiv and Hugging Face show: abstracts of one
paper's versions share a quarter of their long words at the least, those of two papers that the
same people wrote in one week up to 62 % (of all long words in either).
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher

from digest.core.latex import readable

_SHORT_TITLE_CHARS = 20
_MAX_YEARS_APART = 1
_TITLE_RATIO = 0.93
# Shares of long words: in all that either abstract has, or in those of the shorter one.
_ABSTRACT_OVERLAP = 0.5
_ABSTRACT_SAME = 0.75
_ABSTRACT_UNRELATED = 0.1
_ABSTRACT_KIN = 0.25
_FEW_WORDS = 12
_SHARED_AUTHORS = 0.8
_MANY_AUTHORS = 3
_WORD = re.compile(r"\w{4,}")
# What tells the parts of a series apart: numbers, Roman or not, and letters that stand alone
# ("A" is an article, and "s" what a genitive leaves); and a paper from what is said about it.
_PART = re.compile(
    r"\d+|\b[ivx]+\b|\b[^\W\das_]\b"
    r"|\b(?:errat|corrigend|addend)(?:um|a)\b|\bcorrections?\b|\bretract(?:ion|ed)\b"
    r"|\bcomments?\b|\bcommentary\b|\breply\b|\breplies\b|\bresponse\b|\brejoinder\b"
    r"|\bsupplement(?:ary|al)?\b|\beditorial\b|\breview\b|\bpreface\b"
)
# Titles that one person may give to several papers.
_GENERIC = re.compile(
    r"\b(?:errat(?:um|a)|corrigend(?:um|a)|addend(?:um|a)|(?:publisher|author) corrections?"
    r"|retraction(?: note| notice)?|(?:guest )?editorial|editor'?s (?:note|choice)|preface|foreword"
    r"|special (?:issue|section)|book reviews?|in this issue|issue information|front matter"
    r"|table of contents|obituary|in memoriam|news and views|research highlights?)\b"
)
# Letters that have no decomposition in Unicode and are written plainly elsewhere.
_PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}
)
_COLLABORATION = re.compile(r"\b(?:collaborations?|consortium|team|group)\b")
_INITIALS = re.compile(r"[^\W\d_]{1,3}")


@dataclass(frozen=True, slots=True)
class Wording:
    """How a source or a row speaks of a paper; `fingerprint` is that of the title."""

    fingerprint: str
    title: str
    abstract: str
    authors: tuple[str, ...]
    published_at: datetime


def same_work(one: Wording, other: Wording) -> bool:
    """Whether they are of one paper, without any look at identifiers. Symmetric.

    An equal title needs the same first author, or most of several authors, or half the abstract
    where one or two are in another order, or nearly all of it where one side names nobody.
    Titles that differ need the same people and the same abstract, and must not be parts of a
    series. Years of publication may differ by one.
    """
    if abs(one.published_at.year - other.published_at.year) > _MAX_YEARS_APART:
        return False
    if one.fingerprint == other.fingerprint and _says_much(one) and _says_much(other):
        return _same_title(one, other)
    return _other_title(one, other)


def related(one: Wording, other: Wording) -> bool:
    """Whether two papers that some record names both may well be one: much less will do."""
    return (
        one.fingerprint == other.fingerprint
        or _similar_titles(one, other)
        or _overlap(one.abstract, other.abstract) >= _ABSTRACT_OVERLAP
        or (_same_first(one, other) and _overlap(one.abstract, other.abstract) >= _ABSTRACT_KIN)
    )


def _says_much(wording: Wording) -> bool:
    if len(wording.fingerprint) < _SHORT_TITLE_CHARS:
        return False
    return not _GENERIC.search(readable(wording.title).casefold())


def _same_title(one: Wording, other: Wording) -> bool:
    if _same_first(one, other):
        return not _unrelated(one.abstract, other.abstract)
    overlap = _overlap(one.abstract, other.abstract)
    if not _names_people(one) or not _names_people(other):
        return overlap >= _ABSTRACT_SAME
    # Hidden or differently ordered names, or a given name that was changed.
    shared = _shared_authors(one, other) >= _SHARED_AUTHORS
    if shared and min(len(one.authors), len(other.authors)) >= _MANY_AUTHORS:
        return not _unrelated(one.abstract, other.abstract)
    return overlap >= _ABSTRACT_OVERLAP and (
        shared or surname(one.authors[0]) == surname(other.authors[0])
    )


def _other_title(one: Wording, other: Wording) -> bool:
    if not _same_first(one, other):
        return False
    overlap = _overlap(one.abstract, other.abstract)
    if overlap < _ABSTRACT_OVERLAP:
        return False
    if _parts(one) == _parts(other) and _similar_titles(one, other):
        return True
    if overlap < _ABSTRACT_SAME or _shared_authors(one, other) < _SHARED_AUTHORS:
        return False
    return _cut_off(one, other) or _cut_off(other, one) or _parts(one) == _parts(other)


# --- titles ---------------------------------------------------------------------------------------


def _parts(wording: Wording) -> list[str]:
    return _PART.findall(readable(wording.title).casefold())


def _similar_titles(one: Wording, other: Wording) -> bool:
    matcher = SequenceMatcher(None, one.fingerprint, other.fingerprint, autojunk=False)
    return (
        matcher.real_quick_ratio() >= _TITLE_RATIO
        and matcher.quick_ratio() >= _TITLE_RATIO
        and matcher.ratio() >= _TITLE_RATIO
    )


def _cut_off(one: Wording, other: Wording) -> bool:
    """Whether `one` has the other's title up to an ellipsis."""
    return (
        one.title.rstrip().endswith(("…", "..."))
        and len(one.fingerprint) >= _SHORT_TITLE_CHARS
        and other.fingerprint.startswith(one.fingerprint)
    )


# --- abstracts ------------------------------------------------------------------------------------


def _overlap(one: str, other: str) -> float:
    """Of the long words in either, the share that is in both; 1 when one is the other cut off."""
    left, right = _WORD.findall(one.casefold()), _WORD.findall(other.casefold())
    shorter, longer = sorted((left, right), key=len)
    if not shorter:
        return 0.0
    if len(shorter) > _FEW_WORDS and shorter[:-1] == longer[: len(shorter) - 1]:
        return 1.0
    return len({*left} & {*right}) / len({*left, *right})


def _unrelated(one: str, other: str) -> bool:
    """Whether both say enough to tell, and speak of different things."""
    left, right = set(_WORD.findall(one.casefold())), set(_WORD.findall(other.casefold()))
    fewer = min(len(left), len(right))
    return fewer > _FEW_WORDS and len(left & right) < _ABSTRACT_UNRELATED * fewer


# --- people ---------------------------------------------------------------------------------------


def surname(author: str) -> str:
    """The family name of an author, in plain lower-case letters; "" when there is none."""
    name = author.split(",", maxsplit=1)[0] if "," in author else (author.split() or [""])[-1]
    return _letters(name)


def names_agree(one: str, other: str) -> bool:
    """Whether two spellings may name one person: `Ada M. Bell`, `Bell, A.`, `Bell AM`, `Bell Ada`.

    Every word of the shorter one must be in the longer, or be an initial of a word there or the
    other way round; and one whole word must be in both.
    """
    shorter, longer = sorted((_name_words(one), _name_words(other)), key=len)
    rest = list(longer)
    whole = False
    for word in sorted(shorter, key=len, reverse=True):
        found = next((w for w in rest if w == word), None)
        whole = whole or (found is not None and len(word) > 1)
        if found is None:
            initial = (w for w in rest if w[0] == word[0] and 1 in (len(w), len(word)))
            found = next(initial, None)
        if found is None:
            return False
        rest.remove(found)
    return whole


def _name_words(author: str) -> list[str]:
    parts = author.replace("-", "").replace(".", ". ").split()
    # PubMed's way: the family name, then capitals without dots.
    if len(parts) > 1 and parts[-1].isupper() and _INITIALS.fullmatch(parts[-1]):
        parts[-1:] = list(parts[-1])
    return [letters for part in parts if (letters := _letters(part))]


def _letters(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name).casefold().translate(_PLAIN)
    return "".join(c for c in decomposed if c.isalpha())


def _names_people(wording: Wording) -> bool:
    """Whether there is a person to compare: a whole collaboration may stand for its members."""
    return any(not _COLLABORATION.search(author.casefold()) for author in wording.authors)


def _same_first(one: Wording, other: Wording) -> bool:
    return bool(one.authors and other.authors) and names_agree(one.authors[0], other.authors[0])


def _shared_authors(one: Wording, other: Wording) -> float:
    """Of the shorter list, the share that is in the longer, by family names."""
    left, right = set(map(surname, one.authors)), set(map(surname, other.authors))
    fewer = min(len(left), len(right))
    return len(left & right) / fewer if fewer else 0.0
