"""A collection ranked by the product's own code, query by query."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from digest.embedding.shipped import table_bytes
from digest.evaluation.files import JudgedPaper, Query
from digest.ranking.analysis import analyse
from digest.ranking.corpus import RankingPaper
from digest.ranking.fit import Wishes
from digest.ranking.meaning import LikedPaper, Meaning
from digest.ranking.rank import Prepared, prepare, score_all
from digest.ranking.static_table import parse_table
from digest.ranking.vectors import Floats

Model = Callable[[Sequence[RankingPaper]], Meaning]

METHODS: Mapping[str, Callable[[Sequence[RankingPaper]], Prepared]] = {
    "static": lambda papers: prepare(papers, table=parse_table(table_bytes())),
    "lexical": prepare,
}
"""The ways to rank by name, without a model: each makes candidates ready for `score_all`."""
SEMANTIC = "semantic"
"""The way to rank by words, table and a model, as the first of the above is without it."""


# Queries whose scores are worked out in one go.
_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Hits:
    """The ids of papers in the file, best first, and their scores: only the order of scores has a
    meaning."""

    papers: Sequence[str]
    scores: Sequence[float]

    def first(self, most: int) -> "Hits":
        return Hits(self.papers[:most], self.scores[:most])


class Collection:
    """Papers made ready once, to be ranked for many queries; `model` is for the
    method SEMANTIC."""

    def __init__(
        self, papers: Sequence[JudgedPaper], method: str, model: Model | None = None
    ) -> None:
        self._papers = papers
        self.place = {paper.id: place for place, paper in enumerate(papers)}
        # Numbered in the order of the ids: equal scores go by it, and so does every sum.
        self._by_id = np.argsort(np.argsort(np.array([p.id for p in papers], np.str_)))
        self._ids = np.array([p.id for p in papers], np.object_)
        self._analyses = [analyse(paper.title, paper.text) for paper in papers]
        candidates = [
            replace(p.candidate(int(n) + 1), analysis=analysis)
            for n, p, analysis in zip(self._by_id, papers, self._analyses, strict=True)
        ]
        self._prepared = (
            prepare(candidates, table=parse_table(table_bytes()), model=model)
            if method == SEMANTIC
            else METHODS[method](candidates)
        )

    def ranked(self, queries: Sequence[Query], depth: int) -> Iterator[Hits]:
        """For each query the best papers, at most `depth`, best first, equal scores by id.

        Seeds, and what an exclusion names, are left out; where the query names candidates, so
        are all others. Names that no paper has are passed over.
        """
        for first in range(0, len(queries), _AT_ONCE):
            some = queries[first : first + _AT_ONCE]
            asked = [Wishes(interests=q.interests, liked=self._liked(q.likes)) for q in some]
            for query, scores in zip(some, score_all(self._prepared, asked), strict=True):
                best = self._best(scores, self._allowed(query) & np.isfinite(scores), depth)
                yield Hits(self._ids[best].tolist(), scores[best].tolist())

    def _liked(self, names: Sequence[str]) -> dict[str, LikedPaper]:
        known = {name: place for name in names if (place := self.place.get(name)) is not None}
        return {
            name: LikedPaper(
                title=self._papers[place].title,
                abstract=self._papers[place].text,
                analysis=self._analyses[place],
            )
            for name, place in known.items()
        }

    def _allowed(self, query: Query) -> npt.NDArray[np.bool_]:
        allowed = np.full(len(self._papers), query.cand is None, np.bool_)
        allowed[self._places(query.cand or ())] = True
        allowed[self._places(query.likes)] = False
        return allowed

    def _places(self, names: Sequence[str]) -> list[int]:
        return [self.place[name] for name in names if name in self.place]

    def _best(
        self, scores: Floats, allowed: npt.NDArray[np.bool_], depth: int
    ) -> npt.NDArray[np.intp]:
        places = np.flatnonzero(allowed)
        if depth < len(places):
            least = np.partition(scores[places], len(places) - depth)[len(places) - depth]
            places = places[scores[places] >= least]
        order = np.lexsort((self._by_id[places], -scores[places]))
        return np.asarray(places[order[:depth]], np.intp)


def trec_lines(query: str, hits: Hits, tag: str) -> Iterator[str]:
    """A run as trec_eval reads it: query, Q0, paper, rank from 1 on, score, name of the run."""
    for rank, (paper, score) in enumerate(zip(hits.papers, hits.scores, strict=True), 1):
        yield f"{query} Q0 {paper} {rank} {score:.9g} {tag}\n"
