"""What feed readers are shown: the papers that trend, and to one person those of their digests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

import sqlalchemy as sa

from digest.core.editions import Edition
from digest.core.identifiers import PaperId
from digest.core.papers import Paper
from digest.core.subscribers import Status, Subscriber
from digest.core.tokens import Granted, Purpose, Refusal, Refused
from digest.pipeline import browse
from digest.pipeline.app import App
from digest.store import editions, library, outbox
from digest.store import subscribers as members

MOST_ENTRIES = 50
# Most papers trend for some days: whoever looks in every other day misses none.
_MOST_EDITIONS = 7
_SECOND = timedelta(seconds=1)
# Who has a feed: of whoever left, or never came, it says no more than of a stranger.
READERS = (Status.ACTIVE, Status.PAUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trending:
    """Papers without their signals, what was first seen last comes first; `changed_at` is when they
    were last chosen, None while there is no edition that chooses."""

    papers: tuple[Paper, ...]
    changed_at: datetime | None


def trending(app: App) -> Trending:
    """What the front page shows of the latest editions, each paper once, at most MOST_ENTRIES;
    without an edition the latest papers.

    Votes decide which papers there are, but not their order: a reader sorts by time.
    """
    with app.store.read() as conn:
        latest = editions.latest(conn, _MOST_EDITIONS)
        chosen = _on_front_pages(conn, latest)
    if not latest:
        days = app.rules.lookback_days
        chosen = [s.paper.id for s in browse.latest(app, days=days, limit=browse.FRONT_PAPERS)]
    with app.store.read() as conn:
        papers = library.by_ids(conn, chosen, signals=False)
    papers.sort(key=lambda paper: (paper.first_seen_at, paper.id), reverse=True)
    return Trending(
        papers=tuple(papers),
        changed_at=max((edition.frozen_at for edition in latest), default=None),
    )


def _on_front_pages(conn: sa.Connection, latest: Sequence[Edition]) -> list[PaperId]:
    """The papers of these editions that trend most, those of the first edition first."""
    found: dict[PaperId, None] = {}
    for edition in latest:
        if len(found) >= MOST_ENTRIES:
            break
        top = editions.top(conn, edition.id, browse.FRONT_PAPERS)
        found.update(dict.fromkeys(candidate.paper_id for candidate in top))
    return list(found)[:MOST_ENTRIES]


# --- one person's own -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SentPaper:
    """A paper of a digest, without its signals; `digest` and `position` name it, whatever it is
    joined to.

    `reason` says why it is there. `at` is when the digest was made, each place in it a second
    earlier: feed readers sort by time, and would show the papers of a digest in any order.
    """

    paper: Paper
    reason: str
    at: datetime
    digest: str
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Personal:
    """The papers of one person's digests: the newest digest first, each in its own order."""

    reader: Subscriber
    papers: tuple[SentPaper, ...]


def personal(app: App, token: str) -> Personal | Refused:
    """What the address of a feed leads to, at most MOST_ENTRIES papers; changes nothing."""
    reader = _reader(app, token)
    if isinstance(reader, Refused):
        return reader
    with app.store.read() as conn:
        digests = outbox.latest_digests(conn, reader.id, MOST_ENTRIES)
        planned = outbox.papers_of(conn, [digest.id for digest in digests])
        pairs = ((digest, one) for digest in digests for one in planned[digest.id])
        kept = list(islice(pairs, MOST_ENTRIES))
        wanted = {one.paper_id for _, one in kept}
        papers = {paper.id: paper for paper in library.by_ids(conn, wanted, signals=False)}
    return Personal(
        reader=reader,
        papers=tuple(
            SentPaper(
                paper=papers[one.paper_id],
                reason=one.reason,
                at=digest.created_at - one.position * _SECOND,
                digest=digest.public_id,
                position=one.position,
            )
            for digest, one in kept
        ),
    )


def _reader(app: App, token: str) -> Subscriber | Refused:
    """Whose feed it is, if its address is still the one that they have."""
    granted = app.tokens.read(Purpose.FEED, token, app.clock.now())
    if not isinstance(granted, Granted):
        return granted
    public_id, _, number = granted.subject.rpartition(".")
    with app.store.read() as conn:
        found = members.by_public_id(conn, public_id)
    if found is None or found.status not in READERS or str(found.feed_number) != number:
        return Refused(Refusal.EXPIRED)
    return found


def renew(app: App, subscriber: Subscriber) -> Subscriber:
    """Gives a feed a new address; the ones so far lead nowhere."""
    with app.store.write() as conn:
        members.renew_feed(conn, subscriber.id)
        renewed = members.by_id(conn, subscriber.id)
    return renewed or subscriber  # erased at this very moment
