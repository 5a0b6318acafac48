"""How it went over the last days: what `digest stats` tells and draws."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from digest.core.feedback import FeedbackKind
from digest.core.subscribers import Status
from digest.pipeline.app import App
from digest.store import bounces, feedback, history, subscribers, timeline
from digest.store.history import DayCounts, EditionCounts, PaperCounts, SourceCounts
from digest.store.timeline import Membership, SourceDay

_READERS = (Status.ACTIVE, Status.PAUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day; `readers` are those, active or paused, whom its end found."""

    day: date
    readers: int
    membership: Membership
    feedback: Mapping[FeedbackKind, int]
    new_papers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """The days from `first` to `last` (UTC), both inclusive; totals are of the present.

    `days` holds each of them, oldest first. `editions` and `deliveries` hold those that there
    were, newest first.
    """

    first: date
    last: date
    subscribers: Mapping[Status, int]
    changes: Mapping[str, int]
    suppressed: int
    suppressions: Mapping[str, int]
    held: int
    editions: tuple[EditionCounts, ...]
    deliveries: tuple[DayCounts, ...]
    sources: tuple[SourceCounts, ...]
    papers: PaperCounts
    feedback: Mapping[FeedbackKind, int]
    days: tuple[Day, ...]
    fetched: Mapping[str, Mapping[date, SourceDay]]


def count(app: App, days: int) -> Stats:
    """The counts of the last `days` days, today included."""
    last = app.clock.now().date()
    every = [last - timedelta(days=ago) for ago in reversed(range(days))]
    since = datetime.combine(every[0], time(), tzinfo=UTC)
    with app.store.read() as conn:
        people, joined = subscribers.counts(conn), timeline.membership(conn, since)
        said, papers = timeline.said(conn, since), timeline.new_papers(conn, since)
        readers = readers_by_day(sum(people[status] for status in _READERS), every, joined)
        return Stats(
            first=every[0],
            last=last,
            subscribers=people,
            changes=history.consent_events(conn, since),
            suppressed=history.suppressed_total(conn),
            suppressions=history.suppression_counts(conn, since),
            held=bounces.held_readers(conn, app.clock.now()),
            editions=tuple(history.edition_counts(conn, every[0])),
            deliveries=tuple(history.delivery_days(conn, since)),
            sources=tuple(history.source_counts(conn, since)),
            papers=history.paper_counts(conn, since),
            feedback=feedback.counts(conn, since=since),
            days=tuple(
                Day(
                    day=day,
                    readers=readers[day],
                    membership=joined.get(day, Membership()),
                    feedback=said.get(day, {}),
                    new_papers=papers.get(day, 0),
                )
                for day in every
            ),
            fetched=timeline.fetched(conn, since),
        )


def readers_by_day(
    today: int, every: Sequence[date], changes: Mapping[date, Membership]
) -> dict[date, int]:
    """How many readers each day ended with, told back from how many there are today. Never below
    0: a suppressed address need not have been a reader's."""
    found, readers = {}, today
    for day in reversed(every):
        found[day] = max(readers, 0)
        change = changes.get(day, Membership())
        readers += change.left - change.joined
    return found
