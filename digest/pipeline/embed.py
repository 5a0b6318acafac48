"""Encode what editions will ask a model for, before they do: papers, and what readers say."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

import structlog

from digest.core.errors import EncoderUnavailable, StoreError
from digest.core.identifiers import PaperId
from digest.embedding.encoder import Floats
from digest.embedding.texts import paper_text, text_hash
from digest.pipeline.app import App
from digest.pipeline.embed_wishes import WishJob
from digest.pipeline.fetch import LONGEST_RUN
from digest.pipeline.meaning import Meanings
from digest.store import embeddings
from digest.store.embeddings import NewVector

log = structlog.get_logger()

# Days begin and end in the schedule's zone, and a window is a little longer than its days.
_MARGIN = timedelta(days=1)

# Hears how many papers were looked at so far, and how many there are.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedReport:
    """How many papers were encoded, how many the model does not take, how many wait, and for want
    of what: "" when there is no trouble. `wishes` are the interests and papers of libraries that
    were encoded."""

    encoded: int = 0
    refused: int = 0
    left: int = 0
    wishes: int = 0
    reason: str = ""

    @property
    def troubled(self) -> bool:
        return bool(self.reason)


NOTHING = EmbedReport()


def embed(
    app: App,
    *,
    everything: bool = False,
    again: bool = False,
    patient: bool = False,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
    renew: Callable[[], None] = lambda: None,
) -> EmbedReport:
    """Encodes the papers that may be in an edition, and those that somebody likes, unless their
    text was encoded before; batch after batch, each stored before the next. Then, in the same
    way, the interests and the libraries of those who get mail.

    With `everything` all papers for which editions are kept; with `again` those encoded before
    too. Never raises for the model's sake: what is left is done next time. `patient` is for the
    daemon: a model that failed a moment ago is left alone, and the rest waits after half an hour.
    Raises Busy when `renew` does.
    """
    meanings = app.meanings
    if meanings is None or (patient and meanings.rests):
        return NOTHING
    kept = app.rules.delivery_retention_days if everything else app.rules.lookback_days
    job = _Job(app, meanings, again=again)
    try:
        job.begin(timedelta(days=kept) + _MARGIN)
        limit = app.clock.now() + LONGEST_RUN if patient else None

        def may_go_on() -> bool:
            stopped = stop is not None and stop.is_set()
            return not stopped and (limit is None or app.clock.now() <= limit)

        while job.waiting and may_go_on():
            job.take_batch()
            renew()
            if progress is not None:
                progress(job.done, job.done + len(job.waiting))
        if not job.waiting and may_go_on():
            job.wishes = WishJob(app, meanings)
        while job.wishes is not None and job.wishes.left and may_go_on():
            job.wishes.take_batch()
            renew()
        reason = ""
    except StoreError:
        raise
    except EncoderUnavailable as error:
        reason = str(error)
    except Exception as error:  # a bug here must not keep papers from being ranked by words
        log.exception("embed.crashed")
        reason = f"internal error: {type(error).__name__}: {error}"
    return job.report(reason)


class _Job:
    """The papers of one run: those that wait, and what came of the others."""

    def __init__(self, app: App, meanings: Meanings, *, again: bool) -> None:
        self._app = app
        self._meanings = meanings
        self._again = again
        self._width = 0
        self._encoded = self._refused = 0
        self.done = 0
        self.waiting: deque[PaperId] = deque()
        self.wishes: WishJob | None = None

    def begin(self, reach: timedelta) -> None:
        """Looks which papers there are to encode."""
        now, model = self._app.clock.now(), self._meanings.model
        made_before = now if self._again else None
        with self._app.store.read() as conn:
            self.waiting.extend(embeddings.wanted(conn, now - reach, made_before, model))
            self._width = 0 if self._again else embeddings.dimensions(conn, model)
        if self._again:
            with self._app.store.write() as conn:
                embeddings.forget_texts(conn, model)

    def take_batch(self) -> None:
        """Encodes and keeps the next few; they wait on when the model fails."""
        batch = list(islice(self.waiting, self._meanings.encoder.batch))
        now, model = self._app.clock.now(), self._meanings.model
        with self._app.store.read() as conn:
            there = embeddings.texts(conn, batch, model)
        texts = {one.paper_id: paper_text(one.title, one.abstract) for one in there}
        hashes = {key: text_hash(text) for key, text in texts.items()}
        same = [p.paper_id for p in there if p.known_hash == hashes[p.paper_id] and not self._again]
        fresh = [key for key in texts if key not in same]
        vectors = self._meanings.encode([texts[key] for key in fresh]) if fresh else []
        self._check_width(vectors)
        with self._app.store.write() as conn:
            embeddings.confirm(conn, model, same, now)
            new = zip(fresh, vectors, strict=True)
            kept = [NewVector(paper_id=k, vector=v, text_hash=hashes[k]) for k, v in new]
            embeddings.save(conn, model, kept, now)
        self._encoded += sum(vector is not None for vector in vectors)
        self._refused += sum(vector is None for vector in vectors)
        self.done += len(batch)
        for _ in batch:
            self.waiting.popleft()

    def _check_width(self, vectors: Sequence[Floats | None]) -> None:
        """A model that was changed under its name gives vectors that compare with no other."""
        for vector in vectors:
            if vector is not None and self._width not in (0, len(vector)):
                raise EncoderUnavailable(
                    f"the model gives vectors of {len(vector):,} numbers, those kept have "
                    f"{self._width:,}: `digest model embed --again` makes all of them anew"
                )

    def report(self, reason: str) -> EmbedReport:
        report = EmbedReport(
            encoded=self._encoded,
            refused=self._refused,
            left=len(self.waiting),
            wishes=self.wishes.encoded if self.wishes else 0,
            reason=reason,
        )
        if reason:
            log.warning("embed.failed", left_count=report.left, reason=reason)
        elif self.done or report.wishes:
            log.info(
                "embed.finished",
                encoded_count=report.encoded,
                refused_count=report.refused,
                left_count=report.left,
                wish_count=report.wishes,
            )
        return report
