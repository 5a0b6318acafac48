"""The texts of a collection, encoded by a model, and kept in a file between two runs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from digest.core.errors import InvalidInput
from digest.core.interests import InterestKind
from digest.embedding.encoder import Encoder, Floats
from digest.embedding.texts import encode_each, paper_text, text_hash
from digest.evaluation.files import JudgedPaper, Query
from digest.ranking.corpus import RankingPaper
from digest.ranking.meaning import LikedPaper, ModelMeaning

# Hears how many texts are done, and how many there are.
Progress = Callable[[int, int], None]
# A file is written again after so many new texts, and at the end.
_SAVED_EVERY = 4_096


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

    def add(self, texts: Iterable[str], progress: Progress = lambda done, total: None) -> None:
        """Encodes those that are new; what the model does not take has no vector.

        Raises EncoderUnavailable when the model takes nothing; what was done before is kept.
        """
        new = {key: text for text in texts if (key := text_hash(text)) not in self._vectors}
        keys, batch, unsaved = list(new), max(self._encoder.batch, 1), 0
        try:
            for start in range(0, len(keys), batch):
                some = keys[start : start + batch]
                found = encode_each(self._encoder, [new[key] for key in some])
                self._vectors.update(zip(some, map(_rounded, found), strict=True))
                unsaved += len(some)
                if unsaved >= _SAVED_EVERY:
                    self._save()
                    unsaved = 0
                progress(start + len(some), len(keys))
        finally:
            if unsaved:
                self._save()

    def of(self, text: str) -> Floats | None:
        return self._vectors.get(text_hash(text))

    def space(self, papers: Sequence[RankingPaper]) -> ModelMeaning:
        """The space of papers whose texts were added, for `ranking.rank.prepare`."""
        found = [self.of(paper_text(paper.title, paper.abstract)) for paper in papers]
        width = next((len(vector) for vector in found if vector is not None), 0)
        none = np.zeros(width, np.float32)
        return ModelMeaning(
            np.stack([none if vector is None else vector for vector in found]),
            texts=self._of_all,
            liked=self._of_paper,
        )

    def _of_all(self, texts: Sequence[str]) -> Mapping[str, Floats]:
        return {text: vector for text in texts if (vector := self.of(text)) is not None}

    def _of_paper(self, liked: LikedPaper) -> Floats | None:
        return self.of(paper_text(liked.title, liked.abstract))

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


def texts_of(papers: Iterable[JudgedPaper], queries: Iterable[Query]) -> list[str]:
    """What ranking asks the model for: papers, and interests in prose; each once."""
    said = [paper_text(paper.title, paper.text) for paper in papers]
    said += [
        one.value
        for query in queries
        for one in query.interests
        if one.kind is InterestKind.TEXT and one.value.strip()
    ]
    return list(dict.fromkeys(said))


def _rounded(vector: Floats | None) -> Floats | None:
    """As precise as it is kept, here and in the database: the next run ranks the same."""
    return None if vector is None else vector.astype(np.float16).astype(np.float32)


def _read(file: Path, model: str) -> dict[str, Floats]:
    try:
        with np.load(BytesIO(file.read_bytes()), allow_pickle=False) as arrays:
            kept, keys = str(arrays["model"]), arrays["texts"].tolist()
            rows = arrays["rows"].astype(np.float32)
            found = dict(zip(keys, rows, strict=True))
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, AttributeError):
        raise InvalidInput(f"{file}: holds no vectors as --vectors keeps them") from None
    if kept != model:
        raise InvalidInput(f"{file}: holds vectors of the model {kept}, not of {model}")
    return found
