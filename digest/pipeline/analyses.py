"""Texts of papers analysed when they are stored, and what is made of the analyses later."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from itertools import chain

import sqlalchemy as sa
import structlog

from digest.core.analyses import Analysis
from digest.core.identifiers import PaperId
from digest.core.papers import Paper
from digest.ranking.abbreviations import least_papers
from digest.ranking.analysis import ANALYSIS_VERSION, analyse
from digest.ranking.lexical import Background
from digest.store import analyses
from digest.store.engine import Store

log = structlog.get_logger()

# On SQLite nobody else can write meanwhile; this many take a tenth of a second.
_BATCH = 200

# Hears how many papers are done and how many there were to do.
Progress = Callable[[int, int], None]


def analyse_stored(conn: sa.Connection, limit: int) -> int:
    """Analyses texts that are new or have changed, at most `limit`, those stored last first; how
    many there were. The last thing that a transaction does, see `store.analyses`."""
    texts = analyses.lacking(conn, ANALYSIS_VERSION, limit)
    fresh = {text.paper_id: analyse(text.title, text.abstract) for text in texts}
    analyses.settle(conn, fresh, ANALYSIS_VERSION)
    return len(texts)


def catch_up(
    store: Store, *, stop: threading.Event | None = None, progress: Progress | None = None
) -> int:
    """Analyses whatever lacks it, as after an upgrade; how many papers. Can be ended at any
    moment and goes on from there; editions analyse for themselves what they need meanwhile."""
    with store.read() as conn:
        total = analyses.count_lacking(conn, ANALYSIS_VERSION)
    done = 0
    while done < total and not (stop is not None and stop.is_set()):
        with store.write() as conn:
            found = analyse_stored(conn, _BATCH)
        if not found:  # the rest is being written to by somebody, who analyses it
            break
        done += found
        if progress is not None:
            progress(done, total)
    if done:
        log.info("analyses.caught_up", paper_count=done, of_count=total)
    return done


def analysed(
    conn: sa.Connection, papers: Mapping[PaperId, Paper]
) -> tuple[dict[PaperId, Analysis], Background]:
    """The analysis of each paper, and all other stored papers as what they are judged against.

    What of `papers` is counted in the store is taken out of its counts, so that nothing counts
    twice. The background knows the terms of these papers; `look_up` makes it know others.
    """
    stored = analyses.by_ids(conn, papers, ANALYSIS_VERSION)
    found = {
        key: stored.get(key) or analyse(paper.title, paper.abstract)
        for key, paper in papers.items()
    }
    own = Counter(chain.from_iterable(one.counts for one in stored.values()))
    terms = set(chain.from_iterable(one.counts for one in found.values()))
    held = analyses.frequencies(conn, sorted(terms))
    counts = {term: max(held.get(term, 0) - own[term], 0) for term in terms}
    papers_in_all = analyses.count(conn)
    return found, Background(
        documents=max(papers_in_all - len(stored), 0),
        counts=counts,
        short_forms=analyses.short_forms(conn, least_papers(papers_in_all)),
    )


def kept(conn: sa.Connection, ids: Iterable[PaperId]) -> dict[PaperId, bytes]:
    """The analyses that are kept of these papers, packed, for `ranking.meaning.LikedPaper`."""
    return analyses.packed(conn, ids, ANALYSIS_VERSION)


def look_up(conn: sa.Connection, counts: MutableMapping[str, int], terms: Iterable[str]) -> None:
    """Makes a background know terms that none of its papers has."""
    unknown = [term for term in terms if term not in counts]
    found = analyses.frequencies(conn, unknown)
    counts.update((term, found.get(term, 0)) for term in unknown)
