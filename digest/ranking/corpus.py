"""The candidates of one edition, with what is looked up in them again and again."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from digest.core.categories import named_by
from digest.core.identifiers import PaperId
from digest.ranking.abbreviations import (
    Abbreviations,
    Wording,
    counted,
    least_papers,
    term_of,
)
from digest.ranking.analysis import Analysis, analyse
from digest.ranking.kept_rows import KeptRows
from digest.ranking.lexical import Background, Document, LexicalIndex
from digest.ranking.meaning import Meaning, StaticMeaning
from digest.ranking.names import AuthorIndex
from digest.ranking.query import Alternative, QueryWord, asked
from digest.ranking.static_table import StaticTable
from digest.ranking.vectors import Floats, Places, Rows
from digest.ranking.word_forms import (
    Form,
    by_stem,
    has_form,
    in_either_number,
    says,
    words_of,
)
from digest.ranking.words import Word, word_of

# What is kept of an edition, the most recent: where words and phrases are found (a word some 0.5 kB
# at a thousand papers), which words papers have (1 kB each), and numbers of likeness between them,
# 4 bytes each; and how many of these are looked at in one go.
KEPT_PHRASES = 8_192
KEPT_WORDS = 8_192
KEPT_PAPERS = 8_192
KEPT_KIN = 8_000_000
KIN_AT_ONCE = 262_144
# A short form says a phrase among its words where such a share of its papers have the phrase, too:
# MLLM says "language models", but who writes GPT does not think of "transformers".
LEAST_AS_WRITTEN = 0.25

Terms = tuple[str, ...]
Alternatives = tuple[Alternative, ...]
_Terms = tuple[Alternatives, Terms, Terms, Alternatives]


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingPaper:
    """A candidate. `trend` is in [0, 1] and `trend_reason` says it in words (`trending.Trend`).
    `analysis` is that of title and abstract, where it is at hand."""

    paper_id: PaperId
    title: str
    abstract: str = ""
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    venue: str = ""
    trend: float = 0.0
    trend_reason: str = ""
    analysis: Analysis | None = None


class Corpus:
    """Candidates in order of their ids, whatever the order they came in: a paper is a "row".

    The order makes every sum, and so every ranking, independent of how the papers were found.
    """

    def __init__(
        self,
        papers: Sequence[RankingPaper],
        background: Background | None = None,
        *,
        table: StaticTable | None = None,
        model: Callable[[Sequence[RankingPaper]], Meaning] | None = None,
    ) -> None:
        by_id = {paper.paper_id: paper for paper in papers}
        self.papers = tuple(by_id[paper_id] for paper_id in sorted(by_id))
        analyses = [p.analysis or analyse(p.title, p.abstract) for p in self.papers]
        self.index = LexicalIndex(
            (
                Document(analysis=one, names=(*p.authors, *p.categories, p.venue))
                for one, p in zip(analyses, self.papers, strict=True)
            ),
            background=background,
        )
        introduced = [one.short_forms for one in analyses]
        self.abbreviations = Abbreviations(
            [(paper.title, paper.abstract) for paper in self.papers],
            introduced,
            (background.short_forms if background else None) or counted(introduced),
            least_papers(self.index.documents),
        )
        self.meanings: tuple[Meaning, ...] = (
            *((StaticMeaning(self.index, table),) if table and self.papers else ()),
            *((model(self.papers),) if model and self.papers else ()),
        )
        self._relatives = functools.lru_cache(maxsize=KEPT_WORDS)(
            table.relatives if table else _nothing_related
        )
        self.phrase_rows = functools.lru_cache(maxsize=KEPT_PHRASES)(self._phrase_rows)
        self.rows_meaning = functools.lru_cache(maxsize=KEPT_PHRASES)(self._rows_meaning)
        self._words_of = functools.lru_cache(maxsize=KEPT_PAPERS)(self._words_of_row)
        self._word = functools.lru_cache(maxsize=KEPT_WORDS)(self._found_word)
        self._in_other_words = functools.lru_cache(maxsize=KEPT_WORDS)(self._said_in_other_words)
        self._said = functools.lru_cache(maxsize=KEPT_WORDS)(self._rows_saying)
        self._forms_of = functools.lru_cache(maxsize=KEPT_PAPERS)(self._forms_of_row)
        self._meant = functools.lru_cache(maxsize=KEPT_WORDS)(_nothing_known)
        self._beside = functools.lru_cache(maxsize=KEPT_WORDS)(self._rows_beside)
        self._kin = KeptRows(len(self.papers), self.index.kin, most_kept=KEPT_KIN)

    def __len__(self) -> int:
        return len(self.papers)

    def _phrase_rows(self, phrase: str) -> Rows:
        """The rows whose title or abstract holds the phrase, each word in some form, ascending."""
        rows: set[int] = set()
        for each in in_either_number(phrase):
            found = self.index.phrase_rows(each).tolist()
            rows.update([row for row in found if says(each, self._words_of(row))])
        return np.array(sorted(rows), np.int32)

    def _rows_meaning(self, phrase: str) -> Rows:
        """The rows that hold the phrase, or a short form that papers have for it, ascending."""
        rows: set[int] = set()
        for wording in self.abbreviations.wordings(phrase):
            found = self._rows_worded(wording)
            found.update(self.abbreviations.named_after(wording.phrase))
            as_written = rows if wording.among_others else found
            if len(as_written & found) >= LEAST_AS_WRITTEN * len(found):
                rows |= found
        return np.array(sorted(rows), np.int32)

    def _rows_worded(self, wording: Wording) -> set[int]:
        found, short = set(self.phrase_rows(wording.phrase).tolist()), wording.short
        return found if short is None else {r for r in found if self.abbreviations.means(r, short)}

    def _words_of_row(self, row: int) -> tuple[str, ...]:
        return words_of(self.papers[row].title, self.papers[row].abstract)

    def query_words(self, text: str) -> tuple[QueryWord, ...]:
        """The words of a query, with the short and long forms that papers here have for them."""
        return self.abbreviations.expanded(asked(text))

    def word(self, word: QueryWord) -> Word:
        """Where a word of a query is found, and its worth."""
        return self._word(*self._terms_of(word))

    def _terms_of(self, word: QueryWord) -> _Terms:
        # Most pairs of words are never written as one: they have no entries of their own.
        joined = self.index.known_of((*word.joined, *self._related(word)))
        return word.own, joined, word.short_forms, word.long_forms

    def _related(self, word: QueryWord) -> tuple[str, ...]:
        """The other stems of a plain word."""
        first = word.own[0]
        return self._relatives(first[0]) if len(first) == 1 else ()

    def _found_word(
        self, own: Alternatives, joined: Terms, short_forms: Terms, long_forms: Alternatives
    ) -> Word:
        return word_of(self.index, own, joined, self._in_other_words(short_forms, long_forms))

    def _said_in_other_words(
        self, short_forms: Terms, long_forms: Alternatives
    ) -> tuple[tuple[Rows, Floats], ...]:
        in_full = map(self.index.postings_in_a_row, long_forms)
        return (*map(self._said_in_short, short_forms), *in_full)

    def _said_in_short(self, short: str) -> tuple[Rows, Floats]:
        rows, saturation = self.index.postings(term_of(short))
        meant = np.array([self.abbreviations.means(row, short) for row in rows.tolist()], np.bool_)
        return rows[meant], saturation[meant]

    def is_known(self, word: QueryWord) -> bool:
        """Whether any paper has a word of a query, in any of its spellings, those of the background
        included."""
        spellings = (*word.alternatives, *word.long_forms)
        return bool(word.short_forms) or any(all(map(self.index.knows, one)) for one in spellings)

    def rows_saying(self, word: QueryWord) -> frozenset[int]:
        """The rows that say more than half of a word of a query."""
        return self._said(*self._terms_of(word))

    def means(self, row: int, word: QueryWord) -> bool:
        """Whether a row that says a word of a query has it in one of its forms, and the parts of a
        compound together: not "variation" for "variational", nor "a cell on a single site" for
        "single-cell"."""
        known = self.meant(word)
        if row not in known:
            others = self._in_other_words(word.short_forms, word.long_forms)
            known[row] = self._has_form(row, word.spelling) or any(
                row in rows for rows, _ in others
            )
        return known[row]

    def _has_form(self, row: int, spelling: str) -> bool:
        if "-" in spelling:
            return row in self.phrase_rows(spelling)
        return has_form(spelling, self._forms_of(row))

    def meant(self, word: QueryWord) -> dict[int, bool]:
        """What `means` has found out of a word so far, by row."""
        return self._meant(word.spelling, word.short_forms, word.long_forms)

    def _forms_of_row(self, row: int) -> Mapping[str, tuple[Form, ...]]:
        return by_stem(self._words_of(row))

    def rows_beside(self, word: str, follower: str) -> frozenset[int]:
        """The rows where two words of a query stand side by side, or are written as one."""
        return self._beside(word, follower)

    def _rows_beside(self, word: str, follower: str) -> frozenset[int]:
        return frozenset(self.index.neighbour_rows([(word, follower)])[0].tolist())

    def _rows_saying(
        self, own: Alternatives, joined: Terms, short_forms: Terms, long_forms: Alternatives
    ) -> frozenset[int]:
        found = self._word(own, joined, short_forms, long_forms)
        return frozenset(found.rows[found.presence > 0.5].tolist())

    def kin(self, rows: Places, weights: Floats) -> Floats:
        """How much every row is like some rows, by BM25 with each as the query, weighted; for
        several such sets of rows (sets x rows) at once: sets x all rows."""
        found = np.empty((len(rows), len(self)), np.float32)
        at_once = max(KIN_AT_ONCE // max(rows.shape[1] * len(self), 1), 1)
        for first in range(0, len(rows), at_once):
            some = slice(first, first + at_once)
            kin = self._kin.of(rows[some].ravel()).reshape(*rows[some].shape, len(self))
            np.matmul(weights[some, np.newaxis], kin, out=found[some, np.newaxis])
        return found

    @functools.cached_property
    def authors(self) -> AuthorIndex:
        return AuthorIndex([paper.authors for paper in self.papers])

    @functools.cached_property
    def _rows_by_category(self) -> Mapping[str, list[int]]:
        found: dict[str, list[int]] = {}
        for row, paper in enumerate(self.papers):
            for category in dict.fromkeys(map(str.casefold, paper.categories)):
                found.setdefault(category, []).append(row)
        return found

    def field_rows(self, text: str) -> Rows:
        """The rows of the field that a text is the name of, ascending: those of math.NT for "number
        theory", or those that a source files under these very words. Empty for most texts."""
        rows = set(self._rows_by_category.get(text.strip().casefold(), ()))
        for category in named_by(text):
            rows.update(self.category_rows(category).tolist())
        return np.array(sorted(rows), np.int32)

    def category_rows(self, wanted: str) -> Rows:
        """The rows of a category, ascending; `cs.*`, like `cs` alone, means all of the archive."""
        rows = {
            row
            for category, members in self._rows_by_category.items()
            if in_category(category, wanted)
            for row in members
        }
        return np.array(sorted(rows), np.int32)


def _nothing_related(_term: str) -> Terms:
    return ()


def _nothing_known(_spelling: str, _short: Terms, _long: Alternatives) -> dict[int, bool]:
    return {}


def in_category(category: str, wanted: str) -> bool:
    """Whether a category, in lower case, is the wanted one or lies under it."""
    archive = wanted.strip().casefold().removesuffix("*").removesuffix(".")
    return category == archive or category.startswith(archive + ".")
