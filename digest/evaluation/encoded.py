"""The texts of a collection, encoded by a model, and kept in a file between two runs."""

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from digest.core.errors import InvalidInput
from digest.core.interests import InterestKind
from digest.embedding.encoder import Encoder, Floats
from digest.embedding.prompts import Kind
from digest.embedding.texts import encode_each, paper_text, query_hash, text_hash
from digest.evaluation.files import JudgedPaper, Query
from digest.ranking.corpus import RankingPaper
from digest.ranking.meaning import LikedPaper, ModelMeaning

# Hears how many texts are done, and how many there are.
Progress = Callable[[int, int], None]
# A file is written again after so many new texts, and at the end.
_SAVED_EVERY = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedTexts:
    """What ranking asks a model for, each text once."""

    papers: tuple[str, ...] = ()
    interests: tuple[str, ...] = ()


class EncodedTexts:
    """Vectors of one model, each text encoded once; in `file`, where one is named.

    Raises InvalidInput when the file is of another model, or something else.
    """

    def __init__(self, encoder: Encoder, file: Path | None = None) -> None:
        self._encoder = encoder
        self._file = file
        self._vectors: dict[str, Floats | None] = {}
        if file is not None and file.exists():
            self._vectors.update(_read(file, encoder.name))

    def add(self, texts: AskedTexts, progress: Progress = lambda done, total: None) -> None:
        """Encodes those that are new; what the model does not take has no vector.

        Raises EncoderUnavailable when the model takes nothing; what was done before is kept.
        """
        keyed = {
            Kind.DOCUMENT: {text_hash(text): text for text in texts.papers},
            Kind.QUERY: {self._query_key(text): text for text in texts.interests},
        }
        new = {
            kind: {key: text for key, text in some.items() if key not in self._vectors}
            for kind, some in keyed.items()
        }
        done, unsaved, total = 0, 0, sum(map(len, new.values()))
        try:
            for kind, some in self._batches(new):
                found = encode_each(self._encoder, list(some.values()), kind)
                self._vectors.update(zip(some, map(_rounded, found), strict=True))
                done, unsaved = done + len(some), unsaved + len(some)
                if unsaved >= _SAVED_EVERY:
                    self._save()
                    unsaved = 0
                progress(done, total)
        finally:
            if unsaved:
                self._save()

    def _batches(
        self, texts: Mapping[Kind, Mapping[str, str]]
    ) -> Iterator[tuple[Kind, Mapping[str, str]]]:
        size = max(self._encoder.batch, 1)
        for kind, some in texts.items():
            keys = list(some)
            for start in range(0, len(keys), size):
                yield kind, {key: some[key] for key in keys[start : start + size]}

    def of_paper(self, text: str) -> Floats | None:
        return self._vectors.get(text_hash(text))

    def of_interest(self, text: str) -> Floats | None:
        return self._vectors.get(self._query_key(text))

    def _query_key(self, text: str) -> str:
        return query_hash(text, self._encoder.prompts)

    def space(self, papers: Sequence[RankingPaper]) -> ModelMeaning:
        """The space of papers whose texts were added, for `ranking.rank.prepare`."""
        found = [self.of_paper(paper_text(paper.title, paper.abstract)) for paper in papers]
        width = next((len(vector) for vector in found if vector is not None), 0)
        none = np.zeros(width, np.float32)
        return ModelMeaning(
            np.stack([none if vector is None else vector for vector in found]),
            texts=self._of_all,
            liked=self._of_all_liked,
        )

    def _of_all(self, texts: Sequence[str]) -> Mapping[str, Floats]:
        return {text: vector for text in texts if (vector := self.of_interest(text)) is not None}

    def _of_all_liked(self, liked: Sequence[LikedPaper]) -> Mapping[LikedPaper, Floats]:
        texts = ((one, paper_text(one.title, one.abstract)) for one in liked)
        return {one: v for one, text in texts if (v := self.of_paper(text)) is not None}

    def _save(self) -> None:
        """As a NumPy archive: the model's name, the hashes of texts, and their vectors."""
        known = {key: vector for key, vector in self._vectors.items() if vector is not None}
        if self._file is None or not known:
            return
        out = BytesIO()
        vectors = np.stack(list(known.values())).astype(np.float16)
        np.savez(out, model=np.array(self._encoder.name), texts=np.array(list(known)), rows=vectors)
        beside = self._file.with_name(f"{self._file.name}.new")
        beside.write_bytes(out.getvalue())
        beside.replace(self._file)


def texts_of(papers: Iterable[JudgedPaper], queries: Iterable[Query]) -> AskedTexts:
    """All that ranking these papers for these queries asks of a model."""
    prose = (
        one.value
        for query in queries
        for one in query.interests
        if one.kind is InterestKind.TEXT and one.value.strip()
    )
    return AskedTexts(
        papers=tuple(dict.fromkeys(paper_text(paper.title, paper.text) for paper in papers)),
        interests=tuple(dict.fromkeys(prose)),
    )


def _rounded(vector: Floats | None) -> Floats | None:
    """As precise as it is kept, here and in the database: the next run ranks the same."""
    return None if vector is None else vector.astype(np.float16).astype(np.float32)


def _vector(row: Floats) -> Floats:
    if row.ndim != 1:
        raise ValueError("no vector")
    return row


def _read(file: Path, model: str) -> dict[str, Floats]:
    try:
        with np.load(BytesIO(file.read_bytes()), allow_pickle=False) as arrays:
            kept, keys = str(arrays["model"]), arrays["texts"].tolist()
            rows = arrays["rows"].astype(np.float32)
            found = dict(zip(keys, map(_vector, rows), strict=True))
    # A bare array, an archive of others, one that is cut off: NumPy says each in its way.
    except (OSError, ValueError, KeyError, EOFError, TypeError, BadZipFile, zlib.error):
        raise InvalidInput(f"{file}: holds no vectors as --vectors keeps them") from None
    if kept != model:
        raise InvalidInput(f"{file}: holds vectors of the model {kept}, not of {model}")
    return found
