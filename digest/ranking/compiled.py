"""Interests in free prose taken apart in a corpus, many in one go: their words, words side by
side, and terms, with what each is worth."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from digest.ranking.bags import Bags, bags_of
from digest.ranking.corpus import Corpus
from digest.ranking.order import Mask
from digest.ranking.query import asked
from digest.ranking.vectors import Floats, Places, Rows
from digest.ranking.words import Word

# The score is a share of what this many of an interest's best words could give: long prose
# cannot be matched whole.
WORDS_OF_AN_INTEREST = 5
# A match fades away steeply when less is found than this share of the interest's two best
# words, or of all words of a brief interest; prose says much that need not be there. Words are
# evidence by the square of their worth: of "graph neural networks for molecules" the molecules
# must be there, as judged papers show (docs/DESIGN.md, "Ranking").
NEEDED_SHARE_OF_TWO = 0.9
NEEDED_SHARE_OF_ALL = 0.6
BRIEF_WORDS = 6
# Two words side by side of which one is generic, or as common as that, mean something of their own:
# "number theory", "Gaussian processes", "endangered languages". Evidence is what is found of the
# other one, of the plain one, and of both side by side. Of ten papers that days of judged tags
# would show, .7 fewer for generic words, and none that fits; of 6,521 for two words 183 fewer for
# common ones, of which 4 fit.
OF_THE_OTHER, OF_THE_PLAIN, OF_BOTH = 0.65, 0.2, 0.4
# Of two that are both plain ("model theory", "human-computer interaction") each says little: on
# these days, of 359 such tags 4,294 papers are shown, 169 of which fit, not 9,199 and 219; of the
# first eight of each 2,326, 119 of which fit, not 2,699 and 122.
OF_EACH_PLAIN, OF_BOTH_PLAIN = 0.4, 0.3

_Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """So many texts (`size`) in a corpus. Of all their words, and of all pairs of neighbouring
    words, one after the other: the number of the text (`owners`), where it is found, its weight
    in the score of the text, and its share of the evidence that the text needs; of most pairs that
    is none. The `terms` are what plain BM25 counts."""

    size: int
    words: Sequence[Word]
    owners: Places
    weights: Floats
    evidence: Floats
    pairs: Sequence[Rows]
    pair_owners: Places
    pair_weights: Floats
    pair_evidence: Floats
    terms: Bags


def compiled(corpus: Corpus, texts: Sequence[str]) -> Compiled:
    """Texts, taken apart; what one is worth does not hang on the others."""
    queries, size = list(map(asked, texts)), len(texts)
    of_each = list(map(corpus.abbreviations.expanded, queries))
    said = list(chain.from_iterable(of_each))
    owners = np.repeat(np.arange(size), list(map(len, of_each)))
    words = list(map(corpus.word, said))
    times = np.array([word.times for word in said], np.float64)
    worth = np.array([word.worth for word in words], np.float64)
    evidence = np.array([word.evidence for word in words], np.float64)
    followed = np.array([n for n, word in enumerate(said) if word.followed_by], np.intp)
    pair_owners, pair_worth = owners[followed], evidence[followed]
    best = _best(_by_owner(worth, owners, size), WORDS_OF_AN_INTEREST)
    together = _best(_by_owner(pair_worth, pair_owners, size), WORDS_OF_AN_INTEREST - 1)
    needed = _needed(_by_owner(evidence**2, owners, size))
    plain = np.array([word.generic or word.common for word in words], np.bool_)
    in_name = _plain_in_names(plain, owners, pair_owners, size)
    in_name_of = in_name[owners]
    of_one_plain = np.where(plain, OF_THE_PLAIN, OF_THE_OTHER)
    of_a_name = np.where(in_name_of == 1, of_one_plain, OF_EACH_PLAIN)
    shares = np.where(in_name_of, of_a_name, _shares(evidence**2, needed[owners]))
    return Compiled(
        size=size,
        words=words,
        owners=owners,
        weights=_shares(times * worth, best[owners]),
        evidence=shares.astype(np.float32),
        pairs=corpus.index.neighbour_rows(
            [(word.spelling, word.followed_by) for word in said if word.followed_by]
        ),
        pair_owners=pair_owners,
        pair_weights=_shares(pair_worth, together[pair_owners]),
        pair_evidence=np.array([0.0, OF_BOTH, OF_BOTH_PLAIN], np.float32)[in_name[pair_owners]],
        terms=bags_of(corpus.index, [query.terms for query in queries]),
    )


def _plain_in_names(plain: Mask, owners: Places, pair_owners: Places, size: int) -> Places:
    """How many words are plain, of each text that is two words side by side; 0 for any other."""
    two = np.bincount(owners, minlength=size) == 2
    beside = two & (np.bincount(pair_owners, minlength=size) == 1)
    return np.where(beside, np.bincount(owners[plain], minlength=size), 0)


@dataclass(frozen=True, slots=True)
class _ByOwner:
    """Each owner's values, the largest first, then zeros; and how many they are."""

    values: _Doubles
    lengths: Places


def _by_owner(values: _Doubles, owners: Places, size: int) -> _ByOwner:
    lengths = np.bincount(owners, minlength=size)
    table = np.zeros((size, int(lengths.max(initial=0))))
    table[np.arange(table.shape[1]) < lengths[:, np.newaxis]] = values
    return _ByOwner(-np.sort(-table, axis=1), lengths)


def _best(of: _ByOwner, count: int) -> _Doubles:
    return np.asarray(of.values[:, :count].sum(axis=1), np.float64)


def _needed(evidence: _ByOwner) -> _Doubles:
    of_two = NEEDED_SHARE_OF_TWO * _best(evidence, 2)
    of_all = NEEDED_SHARE_OF_ALL * evidence.values.sum(axis=1)
    brief = evidence.lengths <= BRIEF_WORDS
    return np.asarray(np.where(brief, np.maximum(of_two, of_all), of_two), np.float64)


def _shares(values: _Doubles, wholes: _Doubles) -> Floats:
    return (values / np.where(wholes > 0, wholes, 1.0)).astype(np.float32)
