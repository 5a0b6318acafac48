"""One method on one collection, or a part of its queries: quality by query, and its cost."""

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from digest.evaluation import files, metrics
from digest.evaluation.files import JudgedPaper, Query
from digest.evaluation.metrics import DEPTH, quality
from digest.evaluation.runs import METHODS, Collection
from evaluation import baselines, sets
from evaluation.baselines import Scored

BASELINES: dict[str, Callable[[Sequence[JudgedPaper]], Scored]] = {
    "bm25": baselines.bm25,
    "svm": baselines.svm,
}
# A classifier per person is slow: its queries are shared among processes.
PARTS = {"svm": 4}
# What the results of baselines depend on, beside the collection.
_CODE = (__file__, *(part.__file__ for part in (baselines, sets, files, metrics)))
_LIBRARIES = ("PyStemmer", "ir-measures", "numpy", "scikit-learn", "scipy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    folder: Path
    cache: Path
    collection: str
    method: str
    most: int | None = None
    part: int = 0

    def kept(self) -> Path:
        """Where the result of a baseline is kept: its name changes with all that it depends on."""
        told = asdict(self) | {
            "folder": None,
            "cache": None,
            "files": sets.fingerprint(self.folder, self.collection),
            "code": [Path(code).read_text("utf-8") for code in _CODE],
            "libraries": [version(library) for library in _LIBRARIES],
        }
        key = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]
        return self.cache / f"{self.collection}-{self.method}-{key}.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The quality of each judged query; `seconds` of the processor for `asked` queries, and for
    making ready: what else the machine does counts little."""

    by_query: dict[str, dict[str, float]]
    seconds: float
    asked: int
    prepare_s: float


def measure(job: Job) -> Result:
    """The result of a job; of a baseline, from the cache where it is there."""
    if job.method not in BASELINES:
        return _measured(job)
    kept = job.kept()
    if kept.exists():
        return Result(**json.loads(kept.read_text(encoding="utf-8")))
    result = _measured(job)
    job.cache.mkdir(parents=True, exist_ok=True)
    unfinished = kept.with_suffix(".part")
    unfinished.write_text(json.dumps(asdict(result)), encoding="utf-8")
    unfinished.replace(kept)
    return result


def _measured(job: Job) -> Result:
    judged = sets.load(job.folder, job.collection, job.most)
    queries = judged.queries[job.part :: PARTS.get(job.method, 1)]
    started = time.process_time()
    ranked = _ready(job.method, judged.papers)
    ready = time.process_time()
    rankings = dict(zip((query.id for query in queries), ranked(queries), strict=True))
    done = time.process_time()
    return Result(
        by_query={q: dict(row) for q, row in quality(rankings, judged.judgements).by_query.items()},
        seconds=done - ready,
        asked=len(queries),
        prepare_s=ready - started,
    )


Rank = Callable[[Sequence[Query]], Iterable[Sequence[str]]]
"""For each query the ids of the best papers, best first."""


def _ready(method: str, papers: Sequence[JudgedPaper]) -> Rank:
    if method in METHODS:
        collection = Collection(papers, method)
        return lambda queries: (hits.papers for hits in collection.ranked(queries, DEPTH))
    scored = BASELINES[method](papers)
    place = {paper.id: n for n, paper in enumerate(papers)}

    def ranked(query: Query) -> list[str]:
        scores = scored(query)
        allowed = np.full(len(papers), query.cand is None)
        allowed[[place[name] for name in query.cand or () if name in place]] = True
        allowed[[place[name] for name in query.likes if name in place]] = False
        rows = np.flatnonzero(allowed)
        best = rows[np.argsort(-scores[rows], kind="stable")[:DEPTH]]
        return [papers[row].id for row in best]

    return lambda queries: map(ranked, queries)


def joined(results: Sequence[Result]) -> Result:
    """The parts of one collection as a whole."""
    return Result(
        by_query={query: row for result in results for query, row in result.by_query.items()},
        seconds=sum(result.seconds for result in results),
        asked=sum(result.asked for result in results),
        prepare_s=max(result.prepare_s for result in results),
    )
