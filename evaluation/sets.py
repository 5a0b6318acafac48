"""The judged collections of a folder: one folder each, in the formats of `digest rank`."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from digest.evaluation.files import (
    JudgedPaper,
    Judgements,
    Query,
    reachable,
    read_judgements,
    read_papers,
    read_queries,
)

KINDS = {
    "interests in words": (
        *("cranfield", "cacm", "cisi", "nfcorpus", "npl"),
        *("cult_tags", "cula_tags"),
    ),
    "liked papers": ("cula_users", "cult_users", "cula_full", "gold_own"),
    "one paper and a facet of it": ("csfcube",),
}
NAMES = tuple(name for names in KINDS.values() for name in names)
_FILES = ("docs.jsonl.gz", "queries.jsonl", "qrels.tsv")


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedSet:
    name: str
    papers: tuple[JudgedPaper, ...]
    queries: tuple[Query, ...]
    judgements: Judgements


def load(folder: Path, name: str, most: int | None = None) -> JudgedSet:
    """A collection, with its first `most` queries."""
    papers, queries, judgements = (folder / name / file for file in _FILES)
    asked = read_queries(queries)[:most]
    return JudgedSet(
        name=name,
        papers=read_papers(papers)[0],
        queries=asked,
        judgements=reachable(read_judgements(judgements), asked),
    )


def fingerprint(folder: Path, name: str) -> str:
    """Changes when a file of the collection does."""
    found = hashlib.sha256()
    for file in _FILES:
        found.update((folder / name / file).read_bytes())
    return found.hexdigest()
