"""How well records of several sources are found to be one paper, over recorded days.

Positives are pairs of records from different sources with the same arXiv id, predictions pairs of
records from different sources that ended in one row: recall is the share of positives that were
predicted, precision the share of predictions that are positives.
"""

import gzip
import itertools
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from digest.core import dedupe
from digest.core.identifiers import ARXIV, Identifier, parse_arxiv
from digest.core.papers import SourceRecord
from digest.sources.huggingface import parse_daily
from digest.sources.text import clean_abstract, clean_name, clean_title
from digest.store import papers, schema
from digest.store.engine import Store, open_store
from digest.store.tables import paper_ids

_NOW = datetime(2026, 4, 16, tzinfo=UTC)
_PAGE = 200
# The folders of each source; the last one's are three recorders of different fields.
_FOLDERS = {
    "hf": ("hf_daily_papers/raw_by_date",),
    "listing": ("arxiv_daily_listing/dw-dengwei",),
    "dated": (
        "arxiv_daily_dated/Fenyutanchan",
        "arxiv_daily_dated/scroll_math",
        "arxiv_daily_dated/zhimahu1607",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """`wrong` and `missed` show pairs of records, as (own id, own id), for a look at why."""

    records: int
    positives: int
    predicted: int
    right: int
    wrong: tuple[tuple[str, str], ...]
    missed: tuple[tuple[str, str], ...]

    @property
    def recall(self) -> float:
        return self.right / self.positives if self.positives else 1.0

    @property
    def precision(self) -> float:
        return self.right / self.predicted if self.predicted else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """Pages of records in the order of their days, and the arXiv id of each record's own id."""

    pages: tuple[tuple[SourceRecord, ...], ...]
    truth: Mapping[Identifier, str]


def load(recordings: Path) -> Corpus:
    """Every day that arXiv was recorded on; each record carries its arXiv id and, as the last of
    its ids, an invented one of its source that says nothing: `feed:SOURCE:NUMBER`."""
    numbers = itertools.count(1)
    own: dict[tuple[str, str], Identifier] = {}
    pages = []
    for day in _days(recordings):
        for source, folders in _FOLDERS.items():
            records = [
                _named(record, own, numbers)
                for folder in folders
                for record in _records(recordings / folder, source, day)
            ]
            pages += [tuple(records[n : n + _PAGE]) for n in range(0, len(records), _PAGE)]
    return Corpus(pages=tuple(pages), truth={name: key[1] for key, name in own.items()})


def _days(recordings: Path) -> list[date]:
    folders = [folder for name in ("listing", "dated") for folder in _FOLDERS[name]]
    paths = (path for folder in folders for path in (recordings / folder).glob("*.json*.gz"))
    return sorted({date.fromisoformat(path.name[:10]) for path in paths})


def _named(
    record: SourceRecord, own: dict[tuple[str, str], Identifier], numbers: Iterator[int]
) -> SourceRecord:
    key = (record.source, record.ids[0].value)
    if key not in own:
        own[key] = Identifier(f"feed:{record.source}", str(next(numbers)))
    return replace(record, ids=(record.ids[0], own[key]))


def _records(folder: Path, source: str, day: date) -> list[SourceRecord]:
    for path in sorted(folder.glob(f"{day}.json*.gz")):
        body = gzip.decompress(path.read_bytes())
        if source == "hf":
            page = parse_daily(body, listed_on=day)
            return [replace(record, source=source) for record in page.records]
        return [_normalised(item, source, day) for item in _items(body, path.name)]
    return []


def _items(body: bytes, name: str) -> list[dict[str, Any]]:
    if ".jsonl" in name:
        return [json.loads(line) for line in body.splitlines() if line.strip()]
    whole = json.loads(body)
    found: list[dict[str, Any]] = whole["papers"] if isinstance(whole, dict) else whole
    return found


def _normalised(item: dict[str, Any], source: str, day: date) -> SourceRecord:
    """A row of a recorder that tidied what it fetched; the fields go by different names."""
    name = item.get("base_id") or item.get("id") or item["link"]
    arxiv = parse_arxiv(name)
    assert arxiv is not None, name
    published = item.get("published")
    return SourceRecord(
        source=source,
        ids=(Identifier(ARXIV, arxiv.base),),
        title=clean_title(item["title"]),
        abstract=clean_abstract(item.get("abstract") or item.get("summary")),
        authors=tuple(filter(None, map(clean_name, item.get("authors") or ()))),
        appeared_at=datetime.combine(day, time(), UTC),
        published_at=datetime.fromisoformat(published) if published else None,
        authority=10,
        categories=tuple(item.get("categories") or ()),
    )


def measure(store: Store, corpus: Corpus, *, by_title: bool) -> Score:
    """Stores the corpus page by page as a fetch does and judges the rows. With `by_title` the
    arXiv ids are left out: only what the records say can tell."""
    count = Counter[Identifier]()
    for page in corpus.pages:
        records = [replace(r, ids=r.ids[-1:]) for r in page] if by_title else page
        count.update(record.ids[-1] for record in records)
        with store.write() as conn:
            papers.apply(conn, dedupe.plan(records, papers.known(conn, records)), _NOW)
    with store.read() as conn:
        rows = {
            Identifier(row.kind, row.value): row.paper_id
            for row in conn.execute(sa.select(paper_ids).where(paper_ids.c.kind != ARXIV))
        }
    return _judge(count, rows, corpus.truth)


def _judge(
    count: Counter[Identifier], rows: Mapping[Identifier, int], truth: Mapping[Identifier, str]
) -> Score:
    positives = _pairs(count, {name: truth[name] for name in count})
    predicted = _pairs(count, {name: rows[name] for name in count})
    right = positives.keys() & predicted.keys()
    return Score(
        records=count.total(),
        positives=positives.total(),
        predicted=predicted.total(),
        right=sum(positives[pair] for pair in right),
        wrong=_shown(predicted.keys() - right),
        missed=_shown(positives.keys() - right),
    )


def _pairs(
    count: Counter[Identifier], place: Mapping[Identifier, object]
) -> Counter[tuple[Identifier, Identifier]]:
    """The pairs of records of different sources in one place: a paper that a source lists three
    times and another once makes three."""
    together: dict[object, list[Identifier]] = {}
    for name in count:
        together.setdefault(place[name], []).append(name)
    return Counter(
        {
            (one, other): count[one] * count[other]
            for names in together.values()
            for one, other in itertools.combinations(sorted(names), 2)
            if one.kind != other.kind
        }
    )


def _shown(pairs: Iterable[tuple[Identifier, Identifier]]) -> tuple[tuple[str, str], ...]:
    return tuple((str(one), str(other)) for one, other in sorted(pairs))


def main(recordings: Path) -> None:
    inner = recordings / "recordings"
    corpus = load(inner if inner.is_dir() else recordings)
    figures: dict[str, Any] = {}
    for label, by_title in (("id", False), ("title", True)):
        with tempfile.TemporaryDirectory() as folder:
            store = open_store(f"sqlite:///{Path(folder, 'dedupe.db')}")
            schema.upgrade(store)
            score = measure(store, corpus, by_title=by_title)
            store.close()
        figures |= {
            "records": score.records,
            "pairs": score.positives,
            f"recall_by_{label}": round(score.recall, 5),
            f"precision_by_{label}": round(score.precision, 5),
        }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
