"""A collection ranked by the product's own code, query by query."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from digest.embedding.shipped import table_bytes
from digest.evaluation.files import JudgedPaper, Query
from digest.ranking.corpus import RankingPaper
from digest.ranking.meaning import LikedPaper
from digest.ranking.rank import Prepared, prepare, score_interests
from digest.ranking.static_table import parse_table
from digest.ranking.vectors import Floats

METHODS: Mapping[str, Callable[[Sequence[RankingPaper]], Prepared]] = {
    "static": lambda papers: prepare(papers, table=parse_table(table_bytes())),
    "lexical": prepare,
}
"""The ways to rank by name: each makes candidates ready for `score_interests`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A paper's id in the file and its score: only the order of scores has a meaning."""

    paper: str
    score: float


class Collection:
    """Papers made ready once, to be ranked for one query after the other."""

    def __init__(self, papers: Sequence[JudgedPaper], method: str) -> None:
        self._papers = papers
        self.place = {paper.id: place for place, paper in enumerate(papers)}
        # Equal scores go by id, and sums of floats by the order of rows: both by that of the ids.
        self._by_id = np.argsort(np.argsort(np.array([p.id for p in papers], np.str_)))
        self._prepared = METHODS[method](
            [paper.candidate(int(n) + 1) for paper, n in zip(papers, self._by_id, strict=True)]
        )

    def ranked(self, query: Query, depth: int) -> tuple[Hit, ...]:
        """The best papers for a query, at most `depth`, best first, equal scores by id.

        Seeds, and what an exclusion names, are left out; where the query names candidates, so
        are all others. Names that no paper has are passed over.
        """
        liked = {
            name: LikedPaper(title=paper.title, abstract=paper.text)
            for name in query.likes
            if (paper := self._paper(name)) is not None
        }
        scores = score_interests(self._prepared, query.interests, liked)
        return tuple(
            Hit(paper=self._papers[place].id, score=float(scores[place]))
            for place in self._best(scores, self._allowed(query) & np.isfinite(scores), depth)
        )

    def _paper(self, name: str) -> JudgedPaper | None:
        place = self.place.get(name)
        return None if place is None else self._papers[place]

    def _allowed(self, query: Query) -> npt.NDArray[np.bool_]:
        allowed = np.full(len(self._papers), query.cand is None, np.bool_)
        allowed[self._places(query.cand or ())] = True
        allowed[self._places(query.likes)] = False
        return allowed

    def _places(self, names: Sequence[str]) -> list[int]:
        return [self.place[name] for name in names if name in self.place]

    def _best(self, scores: Floats, allowed: npt.NDArray[np.bool_], depth: int) -> Iterator[int]:
        places = np.flatnonzero(allowed)
        if depth < len(places):
            least = np.partition(scores[places], len(places) - depth)[len(places) - depth]
            places = places[scores[places] >= least]
        order = np.lexsort((self._by_id[places], -scores[places]))
        yield from (int(place) for place in places[order[:depth]])


def trec_lines(query: str, hits: Sequence[Hit], tag: str) -> Iterator[str]:
    """A run as trec_eval reads it: query, Q0, paper, rank from 1 on, score, name of the run."""
    for rank, hit in enumerate(hits, 1):
        yield f"{query} Q0 {hit.paper} {rank} {hit.score:.9g} {tag}\n"
