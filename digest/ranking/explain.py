"""Why a paper is in a digest, in words: only what its score was made of."""

import functools
import itertools
import re
from collections.abc import Callable, Mapping, Sequence

from digest.core.categories import named_by
from digest.core.interests import Interest, InterestKind
from digest.core.latex import readable
from digest.ranking.corpus import Corpus, in_category
from digest.ranking.meaning import LikedPaper
from digest.ranking.names import SAME_NAME
from digest.ranking.query import QueryWord

MAX_REASON_CHARS = 120
_MAX_QUOTE_CHARS = 60
_MAX_PART_CHARS = 34
_MAX_RUN_CHARS, _MAX_ONE_RUN_CHARS = 24, 44
_MAX_RUNS = 2
# Of an interest of more words most may do, for it to be said whole: so much of its weight.
_SAID_IN_FULL_WORDS, _WHOLE_SHARE = 6, 0.8
_BETWEEN = " · "
_IN_A_WORD = re.compile(r"\w")


def shortened(text: str, most: int) -> str:
    """`text` in at most `most` characters, cut between words where that keeps half of it."""
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    at_word = cut.rsplit(" ", 1)[0]
    return (at_word if len(at_word) >= most // 2 else cut).rstrip(" ,;:-") + "…"


def saying(corpus: Corpus, interest: Interest) -> Callable[[int], str]:
    """For one interest, what it says of a row that it matches: `matches “diffusion policies”`."""
    match interest.kind:
        case InterestKind.TEXT:
            return _TextSaying(corpus, interest.value)
        case InterestKind.KEYWORD:
            return lambda _: f"matches “{shortened(interest.value, _MAX_QUOTE_CHARS)}”"
        case InterestKind.AUTHOR:
            return lambda row: _author_in_words(corpus, row, interest.value)
        case InterestKind.CATEGORY:
            return lambda row: _category_in_words(corpus, row, interest.value)
        case InterestKind.EXCLUDE | InterestKind.LIKE:
            return lambda _: ""


def liking(paper: LikedPaper, saying: str) -> str:
    """How a liked paper is named: `like “Attention Is All You Need”, which you liked`."""
    title = shortened(readable(paper.title), _MAX_QUOTE_CHARS)
    return f"like “{title}”, {saying}" if title else f"like a paper {saying}"


def _author_in_words(corpus: Corpus, row: int, author: str) -> str:
    sureness, printed = corpus.authors.find(author).get(row, (0.0, author))
    perhaps = "" if sureness == SAME_NAME else "maybe "
    return f"by {shortened(printed, _MAX_QUOTE_CHARS)}, {perhaps}an author you follow"


def _category_in_words(corpus: Corpus, row: int, *wanted: str) -> str:
    """The first of a paper's categories that is a wanted one."""
    categories = corpus.papers[row].categories
    own = (c for c in categories if any(in_category(c.casefold(), one) for one in wanted))
    return f"in {shortened(next(own, wanted[0]), _MAX_QUOTE_CHARS)}"


class _TextSaying:
    """What an interest in prose says of rows. Its words are looked up when it is first asked;
    papers that say the same of them, side by side or apart, are told of in the same way."""

    def __init__(self, corpus: Corpus, text: str) -> None:
        self._corpus = corpus
        self._text = text
        self._told: dict[tuple[bool, ...], str] = {}
        self._told_in_parts: dict[tuple[tuple[bool, ...], tuple[bool, ...]], str] = {}

    def __call__(self, row: int) -> str:
        there = tuple(
            [
                row in rows and (meant[row] if row in meant else self._corpus.means(row, word))
                for word, rows, meant in self._looked_up
            ]
        )
        told = self._told.get(there)
        if told is None:
            told = self._told[there] = self._tell(there)
        if all(there) and self._is_name and not self._is_named(row):
            told = ""  # "a number of … theory" is no "number theory", nor minimal at the surface
        if row in self._field and not (all(there) and all(row in rows for rows in self._beside)):
            return self._filed(row)
        return told or self._in_parts(row, there)

    def _filed(self, row: int) -> str:
        category = _category_in_words(self._corpus, row, *self._categories)
        name = shortened(self._text.strip(), _MAX_PART_CHARS)
        says_so = category.casefold() == f"in {name}".casefold()
        return category if says_so else f"{category} ({name})"

    def _in_parts(self, row: int, there: tuple[bool, ...]) -> str:
        # A word goes on the word before it, where the paper too has them side by side.
        goes_on = tuple(
            [
                all(both) and row in rows
                for both, rows in zip(itertools.pairwise(there), self._beside, strict=True)
            ]
        )
        told = self._told_in_parts.get((there, goes_on))
        if told is None:
            told = self._told_in_parts[there, goes_on] = self._tell_parts(there, goes_on)
        return told

    @functools.cached_property
    def _looked_up(self) -> list[tuple[QueryWord, frozenset[int], Mapping[int, bool]]]:
        """Each word, the rows that say it, and of which of them it is known whether they mean
        it."""
        corpus = self._corpus
        return [(word, corpus.rows_saying(word), corpus.meant(word)) for word in self._words]

    @functools.cached_property
    def _beside(self) -> list[frozenset[int]]:
        """For all two words that follow each other, the rows that have them side by side; none
        where the interest does not."""
        return [
            self._corpus.rows_beside(before.spelling, word.spelling)
            if before.followed_by == word.spelling
            else frozenset()
            for before, word in itertools.pairwise(self._words)
        ]

    @functools.cached_property
    def _is_name(self) -> bool:
        """Whether the interest is two words side by side, none of them a short form, which papers
        may say in full."""
        if len(self._words) != 2 or not self._words[0].followed_by:
            return False
        return sorted(self._generic) == [False, True] or not any(w.long_forms for w in self._words)

    def _is_named(self, row: int) -> bool:
        """Whether a row has the two words side by side, or in short."""
        return row in self._beside[0] or row in self._in_short

    @functools.cached_property
    def _in_short(self) -> frozenset[int]:
        name = " ".join(word.spelling for word in self._words)
        return frozenset(self._corpus.rows_meaning(name).tolist())

    @functools.cached_property
    def _field(self) -> frozenset[int]:
        """The rows of the field of which the interest is the name."""
        return frozenset(self._corpus.field_rows(self._text).tolist())

    @functools.cached_property
    def _categories(self) -> tuple[str, ...]:
        return (*named_by(self._text), self._text.strip())

    @functools.cached_property
    def _words(self) -> tuple[QueryWord, ...]:
        return self._corpus.query_words(self._text)

    @functools.cached_property
    def _weights(self) -> list[float]:
        return [self._corpus.word(word).evidence for word in self._words]

    @functools.cached_property
    def _generic(self) -> list[bool]:
        return [self._corpus.word(word).generic for word in self._words]

    def _tell(self, there: Sequence[bool]) -> str:
        """What is said of rows with all of the words, or none; nothing of those with a part."""
        text = shortened(self._text, _MAX_QUOTE_CHARS)
        if any(there):
            if all(there) or self._says_most(there):
                return f"matches “{text}”"
            # Where any abstract may say what is there, it is its meaning that brought the paper.
            telling = not all(itertools.compress(self._generic, there))
            if telling or not self._corpus.meanings:
                return ""
        return f"close in meaning to “{text}”"

    def _says_most(self, there: Sequence[bool]) -> bool:
        """Whether, of a long interest, next to nothing is missing."""
        said = sum(itertools.compress(self._weights, there))
        return len(there) > _SAID_IN_FULL_WORDS and said >= _WHOLE_SHARE * sum(self._weights)

    def _tell_parts(self, there: Sequence[bool], goes_on: Sequence[bool]) -> str:
        runs = _strongest(self._runs(there, goes_on))
        most = _MAX_RUN_CHARS if len(runs) > 1 else _MAX_ONE_RUN_CHARS
        spelled = (shortened(_as_in(self._text, run), most) for run in runs)
        listed = ", ".join(f"“{run}”" for run in spelled)
        # Where all words are there, if apart, they need not be said twice.
        whole = "" if all(there) else f" of “{shortened(self._text, _MAX_PART_CHARS)}”"
        return f"matches {listed}{whole}"

    def _runs(self, there: Sequence[bool], goes_on: Sequence[bool]) -> list[tuple[str, float]]:
        """The words that are there, those side by side as one string, and what each is worth."""
        runs: list[tuple[str, float]] = []
        for word, weight, is_there, continues in zip(
            self._words, self._weights, there, (False, *goes_on), strict=True
        ):
            if continues:
                run, worth = runs.pop()
                runs.append((f"{run} {word.spelling}", worth + weight))
            elif is_there:
                runs.append((word.spelling, weight))
        return runs


def _as_in(text: str, run: str) -> str:
    """Words as the interest itself writes them: 3D scene, not 3d scene."""
    lower, size = text.lower(), len(run)
    place = lower.find(run) if len(lower) == len(text) else -1
    while place >= 0:
        around = f"{text[:place][-1:]}{text[place + size :][:1]}"
        if not _IN_A_WORD.search(around):
            return text[place : place + size]
        place = lower.find(run, place + 1)
    return run


def _strongest(runs: Sequence[tuple[str, float]]) -> list[str]:
    """Of words, and what each is worth, those worth most, in their order."""
    best = sorted(range(len(runs)), key=lambda n: -runs[n][1])[:_MAX_RUNS]
    return [runs[n][0] for n in sorted(best)]


def joined(*reasons: str) -> str:
    """The reasons as one line of less than 120 characters; what does not fit whole is left out,
    but for the first, which is cut."""
    line = ""
    for reason in filter(None, reasons):
        longer = f"{line}{_BETWEEN}{reason}" if line else reason
        if len(longer) < MAX_REASON_CHARS:
            line = longer
        elif not line:
            line = shortened(reason, MAX_REASON_CHARS - 1)
    return line
