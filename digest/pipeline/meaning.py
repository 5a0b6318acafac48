"""What texts mean, by the configured model: the vectors of papers and of interests, each encoded
once and kept.

Ranking must not wait for a network: papers are encoded when they are fetched (`embed`), and
here only read. An interest is encoded when it is first asked for.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np
import structlog

from digest.core.clock import Clock
from digest.core.errors import ConfigError, EncoderUnavailable, EncodingError
from digest.core.identifiers import PaperId
from digest.embedding.encoder import Encoder, Floats
from digest.store import embeddings
from digest.store.engine import Store

log = structlog.get_logger()

_HASH_CHARS = 32
# A model that failed is left alone for so long, and twice as long each further time.
_FIRST_REST, _LONGEST_REST = timedelta(minutes=5), timedelta(hours=1)
# Of a batch, so many texts refused one after the other mean that it is not the texts.
_MOST_REFUSED = 3


def text_hash(text: str) -> str:
    """Under which the vector of a text is kept."""
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_CHARS]


def paper_text(title: str, abstract: str) -> str:
    """What is encoded of a paper."""
    return f"{title}. {abstract}".strip()


class Meanings:
    """The vectors of one model, in one database; shared by all threads of a process."""

    def __init__(self, store: Store, clock: Clock, encoder: Encoder) -> None:
        self.encoder = encoder
        self._store = store
        self._clock = clock
        self._rests_until: datetime | None = None
        self._failed_in_a_row = 0

    @property
    def model(self) -> str:
        """The name under which vectors are kept. Raises EncoderUnavailable when it cannot be
        told, as the model has to be loaded and cannot be."""
        try:
            return self.encoder.name
        except (ConfigError, OSError) as error:
            raise EncoderUnavailable(str(error)) from error

    @property
    def rests(self) -> bool:
        """Whether the model failed a moment ago and is left alone for a while."""
        return self._rests_until is not None and self._clock.now() < self._rests_until

    def paper_vectors(self, ids: Sequence[PaperId]) -> Floats:
        """(papers, dimensions), rows of length 1 in the order of `ids`; zeros for a paper that
        has no vector (yet). There are no dimensions where no paper has any. Asks no network."""
        try:
            model = self.model
        except EncoderUnavailable as error:
            log.warning("embedding.failed", reason=str(error))
            return np.zeros((len(ids), 0), np.float32)
        with self._store.read() as conn:
            width = embeddings.dimensions(conn, model)
            found = embeddings.vectors(conn, model, ids) if width else {}
        rows = np.zeros((len(ids), width), np.float32)
        for place, key in enumerate(ids):
            vector = found.get(key)
            if vector is not None and len(vector) == width:
                rows[place] = vector
        return rows

    def text_vectors(self, texts: Collection[str]) -> Mapping[str, Floats]:
        """The vector, of length 1, of each distinct text; those are left out that cannot be
        encoded now. What is encoded for the first time is kept."""
        keys = {text: text_hash(text) for text in texts if text.strip()}
        try:
            now, model = self._clock.now(), self.model
        except EncoderUnavailable as error:
            log.warning("embedding.failed", reason=str(error))
            return {}
        with self._store.read() as conn:
            found, used_at = embeddings.text_vectors(conn, model, set(keys.values()))
        if embeddings.is_stale(used_at, now):
            with self._store.write() as conn:
                embeddings.use_texts(conn, model, found, now)
        fresh = self._encoded([text for text, key in keys.items() if key not in found])
        if fresh:
            with self._store.write() as conn:
                embeddings.save_texts(conn, model, fresh, now)
        found |= fresh
        return {text: found[key] for text, key in keys.items() if key in found}

    def stamp(self) -> datetime | None:
        """When a paper was last given a vector; what was gathered before lacks that one."""
        try:
            model = self.model
        except EncoderUnavailable:
            return None
        with self._store.read() as conn:
            return embeddings.newest_at(conn, model)

    def _encoded(self, texts: Sequence[str]) -> dict[str, Floats]:
        if not texts or self.rests:
            return {}
        try:
            vectors = self.encode(texts)
        except EncoderUnavailable as error:
            log.warning("embedding.failed", text_count=len(texts), reason=str(error))
            return {}
        return {
            text_hash(text): vector
            for text, vector in zip(texts, vectors, strict=True)
            if vector is not None
        }

    def encode(self, texts: Sequence[str]) -> list[Floats | None]:
        """A vector for each text; None for one that the model does not take, while it takes
        others. Raises EncoderUnavailable when it takes none, and then lets it rest."""
        try:
            found = self._each(texts)
        except (EncoderUnavailable, ConfigError) as error:
            self._failed_in_a_row += 1
            rest = min(_FIRST_REST * 2 ** min(self._failed_in_a_row - 1, 10), _LONGEST_REST)
            self._rests_until = self._clock.now() + rest
            raise EncoderUnavailable(str(error)) from error
        self._failed_in_a_row, self._rests_until = 0, None
        return found

    def _each(self, texts: Sequence[str]) -> list[Floats | None]:
        try:
            return list(self.encoder.encode(texts))
        except EncoderUnavailable:
            raise
        except EncodingError as error:
            if len(texts) == 1:
                raise EncoderUnavailable(str(error)) from error
            log.info("embedding.batch_refused", text_count=len(texts), reason=str(error))
        found: list[Floats | None] = []
        for text in texts:
            try:
                found.append(self.encoder.encode([text])[0])
            except EncoderUnavailable:
                raise
            except EncodingError as error:
                found.append(None)
                if len(found) == _MOST_REFUSED and not any(one is not None for one in found):
                    raise EncoderUnavailable(str(error)) from error
        if all(one is None for one in found):
            raise EncoderUnavailable("the model takes none of these texts")
        return found
