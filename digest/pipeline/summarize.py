"""Have summaries written for papers that no source gives one of, before a mail needs them."""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

import structlog

from digest.core.errors import WriterUnavailable
from digest.core.identifiers import PaperId
from digest.core.papers import Paper
from digest.pipeline.app import App
from digest.store import summaries

log = structlog.get_logger()

# A run ends after so long: fetching waits for it, mails do not.
LONGEST_RUN = timedelta(minutes=5)


def summarize(
    app: App,
    *,
    stop: threading.Event | None = None,
    renew: Callable[[], None] = lambda: None,
) -> int:
    """Asks for summaries of the newest papers that lack one; how many were written. Each is kept
    before the next is asked for. Never raises for the model's sake. Raises Busy when `renew` does.
    """
    made = app.summaries
    if made is None or made.rests:
        return 0
    start, model = app.clock.now(), made.writer.name
    since = start - timedelta(days=app.rules.lookback_days)
    with app.store.read() as conn:
        waiting = summaries.wanted(conn, since, model, made.per_run)
    written = 0
    for paper in waiting:
        if (stop is not None and stop.is_set()) or app.clock.now() - start > LONGEST_RUN:
            break
        try:
            text = made.writer.summarize(paper.title, paper.abstract)
        except WriterUnavailable as error:
            made.rest()
            log.warning("summarize.failed", written_count=written, reason=str(error))
            break
        with app.store.write() as conn:
            summaries.save(conn, paper.paper_id, model, text, app.clock.now())
        written += bool(text)
        renew()
    if waiting:
        log.info("summarize.finished", written_count=written, waiting_count=len(waiting))
    return written


def with_summaries(app: App, papers: Iterable[Paper]) -> Mapping[PaperId, Paper]:
    """The papers by id, with what was written for those of which no source gives a summary."""
    known = {paper.id: paper for paper in papers}
    lacking = [key for key, paper in known.items() if not paper.summary]
    if app.summaries is None or not lacking:
        return known
    with app.store.read() as conn:
        found = summaries.of(conn, lacking)
    return known | {key: replace(known[key], summary=text) for key, text in found.items()}
