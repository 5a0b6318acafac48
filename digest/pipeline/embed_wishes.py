"""Encode what readers say before an edition asks for it, so that no mail waits for a model.

An interest, or a paper of a library, that is new between two refreshes is encoded by the first
edition that meets it (`model_space.understand`), as is a vote for a paper without a vector.
"""

from itertools import islice

from digest.embedding.prompts import Kind
from digest.embedding.texts import paper_text, query_hash, text_hash
from digest.pipeline.app import App
from digest.pipeline.likes import LIBRARY_LIKES
from digest.pipeline.meaning import Meanings
from digest.store import embeddings, wanted_texts


class WishJob:
    """The texts of one run that have no vector yet, each by the key under which it is kept.

    Raises EncoderUnavailable when the model cannot be loaded.
    """

    def __init__(self, app: App, meanings: Meanings) -> None:
        self._app = app
        self._meanings = meanings
        self.encoded = self.refused = 0
        model, prompts = meanings.model, meanings.encoder.prompts
        with app.store.read() as conn:
            said = {query_hash(t, prompts): t for t in wanted_texts.prose(conn) if t.strip()}
            liked = {
                text_hash(text): text
                for title, abstract in wanted_texts.library_papers_of_readers(conn, LIBRARY_LIKES)
                if (text := paper_text(title, abstract))
            }
            known = embeddings.known_texts(conn, model, said.keys() | liked.keys())
            known |= embeddings.known_papers(conn, model, liked.keys() - known)
        self._waiting = [
            (kind, key, text)
            for kind, texts in ((Kind.QUERY, said), (Kind.DOCUMENT, liked))
            for key, text in texts.items()
            if key not in known
        ]

    @property
    def left(self) -> int:
        return len(self._waiting)

    def take_batch(self) -> None:
        """Encodes and keeps the next few, all of one kind; they wait on when the model fails."""
        kind = self._waiting[0][0]
        most = self._meanings.encoder.batch
        batch = list(islice((one for one in self._waiting if one[0] is kind), most))
        vectors = self._meanings.encode([text for _, _, text in batch], kind)
        found = {key: vector for (_, key, _), vector in zip(batch, vectors, strict=True)}
        with self._app.store.write() as conn:
            embeddings.save_texts(conn, self._meanings.model, found, self._app.clock.now())
        self.refused += sum(vector is None for vector in vectors)
        self.encoded += sum(vector is not None for vector in vectors)
        self._waiting = self._waiting[len(batch) :]
