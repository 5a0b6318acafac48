"""Which records are one paper: identifiers first, then title with first author, never by guess.

A wrong merge hides a paper for ever, a missed one shows it twice: where in doubt, keep apart.
"""

import functools
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any

from digest.core.identifiers import ARXIV, Identifier, PaperId
from digest.core.latex import readable
from digest.core.papers import MERGED_FIELDS, Provenance, SourceRecord

BLOCK_CHARS = 24
_SHORT_TITLE_CHARS = 20
_MAX_YEARS_APART = 1
_TITLE_RATIO = 0.93
_ABSTRACT_OVERLAP = 0.5
_WORD = re.compile(r"\w{4,}")
_NEITHER_LETTER_NOR_DIGIT = re.compile(r"[\W_]+")
# What tells the parts of a series apart: numbers, Roman or not, and letters that stand alone.
# "A" is an article, and "s" what a genitive leaves.
_PART = re.compile(r"\d+|\b[ivx]+\b|\b[^\W\das_]\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPaper:
    """What must be known of a stored paper to tell whether a record is the same one."""

    id: PaperId
    ids: frozenset[Identifier]
    title: str
    abstract: str
    authors: tuple[str, ...]
    published_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Records that are one paper. `known` is empty for a new paper; with more than one entry,
    those rows are one paper too and are merged into the first (the oldest)."""

    known: tuple[PaperId, ...]
    records: tuple[SourceRecord, ...]
    why: str


@functools.lru_cache(maxsize=4096)  # asked of a title when it is looked up, compared and stored
def title_fingerprint(title: str) -> str:
    """The letters and digits of a title, without case, marks or TeX: equal for 99.6 % of pairs."""
    decomposed = unicodedata.normalize("NFKD", readable(title)).casefold()
    return _NEITHER_LETTER_NOR_DIGIT.sub("", decomposed)


def title_block(title: str) -> str:
    """The start of the fingerprint: titles of one paper share it, and an index can find it."""
    return title_fingerprint(title)[:BLOCK_CHARS]


def surname(author: str) -> str:
    """The family name of an author, in plain lower-case letters; "" when there is none."""
    name = author.split(",", maxsplit=1)[0] if "," in author else (author.split() or [""])[-1]
    decomposed = unicodedata.normalize("NFKD", name).casefold()
    return "".join(c for c in decomposed if c.isalpha())


@dataclass(slots=True)
class _Cluster:
    """A paper in the making: known rows and records that were found to be one."""

    known: list[PaperId]
    ids: set[Identifier]
    records: list[SourceRecord]
    samples: list["_Sample"]
    why: str


@dataclass(frozen=True, slots=True)
class _Sample:
    """One wording of a paper, as fuzzy matching compares it."""

    fingerprint: str
    parts: tuple[str, ...]
    abstract: str
    surname: str
    published_at: datetime


def plan(records: Sequence[SourceRecord], known: Iterable[KnownPaper]) -> tuple[Group, ...]:
    """Groups in the order of their first record; every record is in exactly one.

    `known` must hold each stored paper that shares an identifier or a title block with any
    record; of the latter, those with an identifier of a `common_kinds` may be left out. Pure;
    the same input gives the same groups.
    """
    planner = _Planner(known)
    clusters = [planner.place(record) for record in records]
    unique = {id(cluster): cluster for cluster in map(planner.root, clusters)}
    return tuple(
        Group(known=tuple(sorted(c.known)), records=tuple(c.records), why=c.why)
        for c in unique.values()
    )


def common_kinds(records: Sequence[SourceRecord]) -> frozenset[str]:
    """The kinds of identifier that every record has.

    A stored paper that has one of such a kind and shares none with any record is another paper
    than all of them, whatever its title: they conflict.
    """
    kinds = [{identifier.kind for identifier in record.ids} for record in records]
    return frozenset(set.intersection(*kinds)) if kinds else frozenset()


class _Planner:
    def __init__(self, known: Iterable[KnownPaper]) -> None:
        self._by_id: dict[Identifier, _Cluster] = {}
        self._by_block: dict[str, list[_Cluster]] = {}
        self._joined: dict[int, _Cluster] = {}
        for paper in sorted(known, key=lambda p: p.id):
            sample = _sample(paper.title, paper.abstract, paper.authors, paper.published_at)
            cluster = _Cluster([paper.id], set(paper.ids), [], [sample], "")
            self._index(cluster, paper.ids, sample)

    def root(self, cluster: _Cluster) -> _Cluster:
        while id(cluster) in self._joined:
            cluster = self._joined[id(cluster)]
        return cluster

    def place(self, record: SourceRecord) -> _Cluster:
        sample = _sample(
            record.title,
            record.abstract,
            record.authors,
            record.published_at or record.appeared_at,
        )
        cluster = self._by_identifier(record) or self._by_title(record, sample)
        if cluster is None:
            cluster = _Cluster([], set(), [], [], "new")
        cluster.ids.update(record.ids)
        cluster.records.append(record)
        cluster.samples.append(sample)
        self._index(cluster, record.ids, sample)
        return cluster

    def _index(self, cluster: _Cluster, ids: Iterable[Identifier], sample: _Sample) -> None:
        for identifier in ids:
            self._by_id.setdefault(identifier, cluster)
        block = self._by_block.setdefault(sample.fingerprint[:BLOCK_CHARS], [])
        if not any(self.root(c) is cluster for c in block):
            block.append(cluster)

    def _by_identifier(self, record: SourceRecord) -> _Cluster | None:
        found: _Cluster | None = None
        # arXiv ids lead: two preprints may carry the DOI of one journal issue by mistake.
        for identifier in sorted(record.ids, key=lambda i: (i.kind != ARXIV, i)):
            other = self._by_id.get(identifier)
            if other is None:
                continue
            other = self.root(other)
            if other is found or _conflict(record.ids, other.ids, only=ARXIV):
                continue
            if found is None:
                found = other
                found.why = f"same {identifier.kind} id"
            elif not _conflict(found.ids, other.ids, only=ARXIV) and _agree(found, other):
                found = self._join(found, other)
        return found

    def _join(self, one: _Cluster, other: _Cluster) -> _Cluster:
        one.known.extend(other.known)
        one.ids |= other.ids
        one.records.extend(other.records)
        one.samples.extend(other.samples)
        self._joined[id(other)] = one
        return one

    def _by_title(self, record: SourceRecord, sample: _Sample) -> _Cluster | None:
        for candidate in self._by_block.get(sample.fingerprint[:BLOCK_CHARS], ()):
            cluster = self.root(candidate)
            if _conflict(record.ids, cluster.ids):
                continue
            if any(_same_work(sample, other) for other in cluster.samples):
                cluster.why = "same title and first author"
                return cluster
        return None


def _conflict(one: Iterable[Identifier], other: Iterable[Identifier], only: str = "") -> bool:
    """Whether some kind of identifier is given on both sides and agrees nowhere."""
    left, right = set(one), set(other)
    kinds = {i.kind for i in left} & {i.kind for i in right}
    if only:
        kinds &= {only}
    return any(
        not ({i for i in left if i.kind == kind} & {i for i in right if i.kind == kind})
        for kind in kinds
    )


def _agree(one: _Cluster, other: _Cluster) -> bool:
    """Whether two papers that one record names both are spoken of alike: a record may carry the
    DOI of a whole issue, or a link that its author got wrong."""
    return any(
        left.fingerprint == right.fingerprint
        or _similar_titles(left.fingerprint, right.fingerprint)
        or _similar_abstracts(left.abstract, right.abstract)
        for left in one.samples
        for right in other.samples
    )


def _sample(title: str, abstract: str, authors: Sequence[str], published_at: datetime) -> _Sample:
    first = surname(authors[0]) if authors else ""
    parts = tuple(_PART.findall(readable(title).casefold()))
    return _Sample(title_fingerprint(title), parts, abstract, first, published_at)


def _same_work(one: _Sample, other: _Sample) -> bool:
    if not one.surname or one.surname != other.surname:
        return False
    if abs(one.published_at.year - other.published_at.year) > _MAX_YEARS_APART:
        return False
    if one.fingerprint == other.fingerprint and len(one.fingerprint) >= _SHORT_TITLE_CHARS:
        return True
    return (
        one.parts == other.parts
        and _similar_titles(one.fingerprint, other.fingerprint)
        and _similar_abstracts(one.abstract, other.abstract)
    )


def _similar_titles(one: str, other: str) -> bool:
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= _TITLE_RATIO


def _similar_abstracts(one: str, other: str) -> bool:
    left, right = set(_WORD.findall(one.casefold())), set(_WORD.findall(other.casefold()))
    if not left or not right:
        return False
    return len(left & right) / len(left | right) >= _ABSTRACT_OVERLAP


def merged_fields(
    fields: Mapping[str, Any],
    provenance: Mapping[str, Provenance],
    record: SourceRecord,
) -> tuple[dict[str, Any], dict[str, Provenance]]:
    """The fields that `record` changes, and where each then comes from.

    A value replaces another when there was none, when its source has more authority, or when
    it is the same source's, from a version not older. Empty values replace nothing.
    """
    changed: dict[str, Any] = {}
    sources: dict[str, Provenance] = {}
    origin = Provenance(source=record.source, authority=record.authority, version=record.version)
    for name in MERGED_FIELDS:
        value = getattr(record, name)
        if not value or value == fields.get(name):
            continue
        if fields.get(name) and not _replaces(origin, provenance.get(name)):
            continue
        changed[name], sources[name] = value, origin
    return changed, sources


def _replaces(new: Provenance, old: Provenance | None) -> bool:
    if old is None:
        return True
    if new.source == old.source:
        return (new.version or 0) >= (old.version or 0)
    return new.authority > old.authority
