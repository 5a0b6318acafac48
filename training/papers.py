"""Papers to learn from: files of any usual form, recorded answers, a database of digest."""

import gzip
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from digest.core.errors import InvalidInput, SourceMalformed
from digest.sources.arxiv_metadata import parse_harvest
from digest.sources.text import clean_abstract, clean_title
from digest.store.engine import open_store
from digest.store.tables import papers

_GZIP_MAGIC = b"\x1f\x8b"
_ABSTRACT_NAMES = ("abstract", "summary", "text")
# What is shorter is a note that there is no abstract, or a piece of one.
_LEAST_ABSTRACT_CHARS = 200
_KEY_CHARS = 80
_RECORDED = ("arxiv_daily_listing", "arxiv_daily_dated", "hf_daily_papers", "arxiv_oai")


@dataclass(frozen=True, slots=True)
class PaperText:
    title: str
    abstract: str


def read_papers(path: Path) -> Iterator[PaperText]:
    """The papers of a file, or of all files below a folder in the order of their names.

    A file holds JSON, JSON lines or an answer of arXiv's OAI-PMH, as it is or in gzip. A paper is
    any object, however deep, with a title and an `abstract`, `summary` or `text`; whatever is no
    such object, and lines that are no JSON, are passed over. Raises InvalidInput for a file that
    cannot be read.
    """
    if path.is_dir():
        for file in sorted(file for file in path.rglob("*") if file.is_file()):
            yield from read_papers(file)
        return
    content = _content(path)
    yield from _of_xml(content) if content.lstrip()[:1] == b"<" else _of_json(content)


def read_recordings(folder: Path) -> Iterator[PaperText]:
    """The papers of arXiv's and Hugging Face's recorded answers in $DIGEST_RECORDINGS."""
    inner = folder / "recordings"
    for name in _RECORDED:
        yield from read_papers((inner if inner.is_dir() else folder) / name)


def read_database(url: str) -> Iterator[PaperText]:
    """The papers of a database of digest, the oldest first. Raises ConfigError, StoreError."""
    query = sa.select(papers.c.title, papers.c.abstract).order_by(papers.c.id)
    with closing(open_store(url)) as store, store.read() as conn:
        for title, abstract in conn.execute(query):
            yield PaperText(title, abstract)


def distinct(found: Iterable[PaperText]) -> tuple[PaperText, ...]:
    """The papers with an abstract worth the name, the first of each title, in order."""
    kept: dict[str, PaperText] = {}
    for paper in found:
        key = re.sub(r"\W+", "", paper.title.lower())[:_KEY_CHARS]
        if key and len(paper.abstract) >= _LEAST_ABSTRACT_CHARS:
            kept.setdefault(key, paper)
    return tuple(kept.values())


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if content.startswith(_GZIP_MAGIC) else content
    except (OSError, EOFError, zlib.error) as error:
        raise InvalidInput(f"{path} cannot be read: {error}") from None


def _of_xml(content: bytes) -> Iterator[PaperText]:
    try:
        records = parse_harvest(content).records
    except SourceMalformed:
        return
    for record in records:
        yield PaperText(record.title, record.abstract)


def _of_json(content: bytes) -> Iterator[PaperText]:
    try:
        yield from _inside(json.loads(content))
        return
    except ValueError:
        pass  # one document a line, then
    for line in content.splitlines():
        try:
            document = json.loads(line)
        except ValueError:
            continue
        yield from _inside(document)


def _inside(document: Any) -> Iterator[PaperText]:
    """Every paper in a JSON document: the outer before what it holds."""
    if isinstance(document, dict):
        texts = (document.get(name) for name in _ABSTRACT_NAMES)
        abstract = next((text for text in texts if isinstance(text, str)), None)
        if abstract is not None and isinstance(document.get("title"), str):
            yield PaperText(clean_title(document["title"]), clean_abstract(abstract))
        document = list(document.values())
    if isinstance(document, list):
        for inner in document:
            yield from _inside(inner)
