"""What texts mean, by the configured model: the vectors of papers and of interests, each encoded
once and kept.

Ranking must not wait for a network: papers are encoded when they are fetched (`embed`), and
here only read; interests are then, too (`embed_wishes`). One that is newer is encoded when it is
first asked for.
"""

from collections.abc import Collection, Mapping, MutableMapping, Sequence
from datetime import datetime, timedelta

import numpy as np
import structlog

from digest.core.clock import Clock
from digest.core.errors import ConfigError, EncoderUnavailable
from digest.core.identifiers import PaperId
from digest.embedding.encoder import Encoder, Floats
from digest.embedding.prompts import Kind
from digest.embedding.texts import encode_each, query_hash, text_hash
from digest.store import embeddings
from digest.store.engine import Store

log = structlog.get_logger()

# A model that failed is left alone for so long, and twice as long each further time.
_FIRST_REST, _LONGEST_REST = timedelta(minutes=5), timedelta(hours=1)
# Vectors of texts are at hand for so long, for one batch of readers after the other; and at most
# so many, some 30 MB.
_AT_HAND_FOR = timedelta(hours=1)
_MOST_AT_HAND = 20_000


class Meanings:
    """The vectors of one model, in one database; shared by all threads of a process."""

    def __init__(self, store: Store, clock: Clock, encoder: Encoder) -> None:
        self.encoder = encoder
        self._store = store
        self._clock = clock
        self._rests_until: datetime | None = None
        self._failed_in_a_row = 0
        self._known: dict[str, Floats | None] = {}
        self._known_from = clock.now()

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

    def text_vectors(
        self, texts: Collection[str], *, most_new: int | None = None
    ) -> Mapping[str, Floats]:
        """The vector, of length 1, of each distinct interest in prose; those are left out that
        cannot be encoded now. What is encoded for the first time is kept; of such texts, the
        first `most_new` are."""
        try:
            prompts = self.encoder.prompts
        except (ConfigError, OSError) as error:
            log.warning("embedding.failed", reason=str(error))
            return {}
        keys = {text: query_hash(text, prompts) for text in texts if text.strip()}
        return self._vectors(self._at_hand(), keys, Kind.QUERY, most_new)

    def liked_vectors(self, texts: Collection[str], *, most_new: int = 0) -> Mapping[str, Floats]:
        """The same for the texts of papers that somebody likes: of papers kept here the vectors
        are there, of others the first `most_new` are encoded."""
        keys = {text: text_hash(text) for text in texts if text.strip()}
        at_hand = self._at_hand()
        unknown = {key for key in keys.values() if key not in at_hand}
        if unknown:
            try:
                with self._store.read() as conn:
                    at_hand.update(embeddings.by_text(conn, self.model, unknown))
            except EncoderUnavailable as error:
                log.warning("embedding.failed", reason=str(error))
                return {}
        return self._vectors(at_hand, keys, Kind.DOCUMENT, most_new)

    def _vectors(
        self,
        at_hand: MutableMapping[str, Floats | None],
        keys: Mapping[str, str],
        kind: Kind,
        most_new: int | None,
    ) -> Mapping[str, Floats]:
        """Those of texts by the keys under which they are kept."""
        wanted = {text: key for text, key in keys.items() if key not in at_hand}
        if wanted:
            self._bring(at_hand, wanted, kind, most_new)
        return {t: vector for t, key in keys.items() if (vector := at_hand.get(key)) is not None}

    def _at_hand(self) -> MutableMapping[str, Floats | None]:
        """Vectors by the hash of their text; None for one that the model does not take."""
        now = self._clock.now()
        if not self._known_from <= now < self._known_from + _AT_HAND_FOR or (
            len(self._known) > _MOST_AT_HAND
        ):
            self._known, self._known_from = {}, now
        return self._known

    def _bring(
        self,
        at_hand: MutableMapping[str, Floats | None],
        keys: Mapping[str, str],
        kind: Kind,
        most_new: int | None,
    ) -> None:
        """Puts the vectors of these texts at hand: those kept, and those encoded now."""
        try:
            now, model = self._clock.now(), self.model
        except EncoderUnavailable as error:
            log.warning("embedding.failed", reason=str(error))
            return
        with self._store.read() as conn:
            found, used_at = embeddings.text_vectors(conn, model, set(keys.values()))
        if embeddings.is_stale(used_at, now):
            with self._store.write() as conn:
                embeddings.use_texts(conn, model, found, now)
        new = [text for text, key in keys.items() if key not in found][:most_new]
        fresh = {keys[text]: vector for text, vector in self._encoded(new, kind).items()}
        if fresh:
            with self._store.write() as conn:
                embeddings.save_texts(conn, model, fresh, now)
        at_hand.update(found)
        # As they are kept: the next to ask, and other processes, must rank the same.
        at_hand.update((k, v if v is None else embeddings.as_kept(v)) for k, v in fresh.items())

    def stamp(self) -> datetime | None:
        """When a paper was last given a vector; what was gathered before lacks that one."""
        try:
            model = self.model
        except EncoderUnavailable:
            return None
        with self._store.read() as conn:
            return embeddings.newest_at(conn, model)

    def _encoded(self, texts: Sequence[str], kind: Kind) -> dict[str, Floats | None]:
        if not texts or self.rests:
            return {}
        try:
            vectors = self.encode(texts, kind)
        except EncoderUnavailable as error:
            log.warning("embedding.failed", text_count=len(texts), reason=str(error))
            return {}
        return dict(zip(texts, vectors, strict=True))

    def encode(self, texts: Sequence[str], kind: Kind = Kind.DOCUMENT) -> list[Floats | None]:
        """A vector for each text; None for one that the model does not take, while it takes
        others. Raises EncoderUnavailable when it takes none, and then lets it rest."""
        try:
            found = encode_each(self.encoder, texts, kind)
        except (EncoderUnavailable, ConfigError) as error:
            self._let_rest()
            raise EncoderUnavailable(str(error)) from error
        except Exception as error:  # a bug there must not keep mail from being planned by words
            log.exception("embedding.crashed")
            self._let_rest()
            raise EncoderUnavailable(f"internal error: {type(error).__name__}: {error}") from error
        self._failed_in_a_row, self._rests_until = 0, None
        return found

    def _let_rest(self) -> None:
        self._failed_in_a_row += 1
        rest = min(_FIRST_REST * 2 ** min(self._failed_in_a_row - 1, 10), _LONGEST_REST)
        self._rests_until = self._clock.now() + rest
