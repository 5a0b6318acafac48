"""Which records are one paper: identifiers first, then title with first author, never by guess.

A wrong merge hides a paper for ever, a missed one shows it twice: where in doubt, keep apart.
"""

import functools
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from digest.core.identifiers import ARXIV, Identifier, PaperId
from digest.core.latex import readable
from digest.core.likeness import Wording, related, same_work
from digest.core.papers import MERGED_FIELDS, Provenance, SourceRecord

BLOCK_CHARS = 24
_NEITHER_LETTER_NOR_DIGIT = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPaper:
    """What must be known of a stored paper to tell whether a record is the same one.

    `apart` are identifiers that were ruled to be of other papers; such a ruling is known on
    both sides of it.
    """

    id: PaperId
    ids: frozenset[Identifier]
    title: str
    abstract: str
    authors: tuple[str, ...]
    published_at: datetime
    apart: frozenset[Identifier] = frozenset()


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


@dataclass(slots=True)
class _Cluster:
    """A paper in the making: known rows and records that were found to be one."""

    known: list[PaperId]
    ids: set[Identifier]
    apart: set[Identifier]
    records: list[SourceRecord]
    wordings: list[Wording]
    why: str


def plan(records: Sequence[SourceRecord], known: Iterable[KnownPaper]) -> tuple[Group, ...]:
    """Groups in the order of their first record; every record is in exactly one.

    `known` must hold each stored paper that shares an identifier or a title block with any
    record; of the latter, those with an identifier of a `common_kinds` may be left out. What was
    ruled apart is joined neither by identifier nor by title: a record that names both sides goes
    with its arXiv id, else with its first. Pure; the same input gives the same groups.
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
            wording = _wording(paper.title, paper.abstract, paper.authors, paper.published_at)
            cluster = _Cluster([paper.id], set(paper.ids), set(paper.apart), [], [wording], "")
            self._index(cluster, paper.ids, wording)

    def root(self, cluster: _Cluster) -> _Cluster:
        while id(cluster) in self._joined:
            cluster = self._joined[id(cluster)]
        return cluster

    def place(self, record: SourceRecord) -> _Cluster:
        wording = _wording(
            record.title,
            record.abstract,
            record.authors,
            record.published_at or record.appeared_at,
        )
        cluster = self._by_identifier(record, wording) or self._by_title(record, wording)
        if cluster is None:
            cluster = _Cluster([], set(), set(), [], [], "new")
        # A name that another paper has stays with it.
        cluster.ids.update(
            i for i in record.ids if self.root(self._by_id.get(i, cluster)) is cluster
        )
        cluster.records.append(record)
        cluster.wordings.append(wording)
        self._index(cluster, record.ids, wording)
        return cluster

    def _index(self, cluster: _Cluster, ids: Iterable[Identifier], wording: Wording) -> None:
        for identifier in ids:
            self._by_id.setdefault(identifier, cluster)
        block = self._by_block.setdefault(wording.fingerprint[:BLOCK_CHARS], [])
        if not any(self.root(c) is cluster for c in block):
            block.append(cluster)

    def _by_identifier(self, record: SourceRecord, wording: Wording) -> _Cluster | None:
        owners = self._owners(record)
        found = next((one for one in owners if self._is_named(record, wording, one)), None)
        # One paper's name may be given to another by mistake, but not every name of a record.
        if found is None and all(identifier in self._by_id for identifier in record.ids):
            found = next(iter(owners), None)
        if found is None:
            return None
        found.why = f"same {next(i.kind for i in record.ids if i in found.ids)} id"
        for other in owners:
            if self.root(other) is not found and _may_join(found, other) and _agree(found, other):
                found = self._join(found, other)
        return found

    def _owners(self, record: SourceRecord) -> list[_Cluster]:
        """The papers that have any of the record's names, and no other arXiv id than it."""
        # arXiv ids lead: two preprints may carry the DOI of one journal issue by mistake.
        names = sorted(record.ids, key=lambda i: i.kind != ARXIV)
        owners = {id(c): c for c in map(self.root, filter(None, map(self._by_id.get, names)))}
        return [c for c in owners.values() if not _conflict(record.ids, c.ids, only=ARXIV)]

    def _is_named(self, record: SourceRecord, wording: Wording, owner: _Cluster) -> bool:
        """Whether a name that both have is proof enough: an arXiv id is, and so is any other
        where neither has a further name of a kind that the other lacks, or both are spoken of
        alike. Two preprints may carry the DOI of one article."""
        if any(i.kind == ARXIV and i in owner.ids for i in record.ids):
            return True
        return not _names_another(record, owner) or any(
            related(wording, other) for other in owner.wordings
        )

    def _join(self, one: _Cluster, other: _Cluster) -> _Cluster:
        one.known.extend(other.known)
        one.ids |= other.ids
        one.apart |= other.apart
        one.records.extend(other.records)
        one.wordings.extend(other.wordings)
        self._joined[id(other)] = one
        return one

    def _by_title(self, record: SourceRecord, wording: Wording) -> _Cluster | None:
        block = [self.root(c) for c in self._by_block.get(wording.fingerprint[:BLOCK_CHARS], ())]
        block.sort(key=lambda c: all(w.fingerprint != wording.fingerprint for w in c.wordings))
        for cluster in block:
            if _conflict(record.ids, cluster.ids) or cluster.apart.intersection(record.ids):
                continue
            if any(same_work(wording, other) for other in cluster.wordings):
                cluster.why = "same title and authors"
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


def _names_another(record: SourceRecord, cluster: _Cluster) -> bool:
    """Whether each has a name of one kind that the other lacks."""
    ours, theirs = set(record.ids) - cluster.ids, cluster.ids - set(record.ids)
    return bool({i.kind for i in ours} & {i.kind for i in theirs})


def _may_join(one: _Cluster, other: _Cluster) -> bool:
    return not _conflict(one.ids, other.ids, only=ARXIV) and not (one.apart & other.ids)


def _agree(one: _Cluster, other: _Cluster) -> bool:
    """Whether two papers that one record names both are spoken of alike: a record may carry the
    DOI of a whole issue, or a link that its author got wrong."""
    return any(related(left, right) for left in one.wordings for right in other.wordings)


def _wording(title: str, abstract: str, authors: Sequence[str], published_at: datetime) -> Wording:
    return Wording(title_fingerprint(title), title, abstract, tuple(authors), published_at)


def merged_fields(
    fields: Mapping[str, Any],
    provenance: Mapping[str, Provenance],
    record: SourceRecord,
) -> tuple[dict[str, Any], dict[str, Provenance], dict[str, dict[str, Any]]]:
    """The fields that `record` changes, where each then comes from, and what is set aside for
    it: by source, the values that differ from the one that is shown now.

    A value replaces another when there was none, when its source has more authority, or when
    it is the same source's, from a version not older. Empty values replace nothing. What a
    source said in an earlier version is not set aside: it says so no longer.
    """
    changed: dict[str, Any] = {}
    sources: dict[str, Provenance] = {}
    aside: dict[str, dict[str, Any]] = {}
    origin = Provenance(source=record.source, authority=record.authority, version=record.version)
    for name in MERGED_FIELDS:
        value, old = getattr(record, name), fields.get(name)
        if not value or value == old:
            continue
        known = provenance.get(name)
        other = known is not None and known.source != record.source
        if not old or _replaces(origin, known):
            changed[name], sources[name] = value, origin
            if known is not None and other and old:
                aside.setdefault(known.source, {})[name] = old
        elif other:
            aside.setdefault(record.source, {})[name] = value
    return changed, sources, aside


def _replaces(new: Provenance, old: Provenance | None) -> bool:
    if old is None:
        return True
    if new.source == old.source:
        return (new.version or 0) >= (old.version or 0)
    return new.authority > old.authority
