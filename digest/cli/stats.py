"""`digest stats`: how it went over the last days."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Any

import typer

from digest.cli.context import Json, opened_app
from digest.cli.output import iso, print_json, print_table, say, short_time
from digest.core.deliveries import DeliveryStatus
from digest.core.feedback import FeedbackKind
from digest.core.fetching import Outcome
from digest.core.subscribers import Status
from digest.pipeline.app import App
from digest.store import feedback, history, subscribers
from digest.store.history import DayCounts, EditionCounts, PaperCounts, SourceCounts
from digest.store.outbox import WAITING


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """The days from `first` to `last` (UTC), both inclusive; totals are of the present."""

    first: date
    last: date
    subscribers: Mapping[Status, int]
    changes: Mapping[str, int]
    suppressed: int
    suppressions: Mapping[str, int]
    editions: tuple[EditionCounts, ...]
    deliveries: tuple[DayCounts, ...]
    sources: tuple[SourceCounts, ...]
    papers: PaperCounts
    feedback: Mapping[FeedbackKind, int]


def stats(
    ctx: typer.Context,
    days: Annotated[
        int, typer.Option(min=1, max=3650, help="The last so many days, today included.")
    ] = 14,
    json: Json = False,
) -> None:
    """Count subscribers, feedback, editions, mails, bounces, fetches and papers of the last days.

    Days are those of UTC; what is older than [retention] says is gone.

    Example: digest stats --days 30
    """
    with opened_app(ctx) as service:
        counted = count(service, days)
    if json:
        print_json(_document(counted))
    else:
        _print(counted)


def count(app: App, days: int) -> Stats:
    """The counts of the last `days` days, today included."""
    last = app.clock.now().date()
    first = last - timedelta(days=days - 1)
    since = datetime.combine(first, time(), tzinfo=UTC)
    with app.store.read() as conn:
        return Stats(
            first=first,
            last=last,
            subscribers=subscribers.counts(conn),
            changes=history.consent_events(conn, since),
            suppressed=history.suppressed_total(conn),
            suppressions=history.suppression_counts(conn, since),
            editions=tuple(history.edition_counts(conn, first)),
            deliveries=tuple(history.delivery_days(conn, since)),
            sources=tuple(history.source_counts(conn, since)),
            papers=history.paper_counts(conn, since),
            feedback=feedback.counts(conn, since=since),
        )


# --- for programs ---------------------------------------------------------------------------------


def _document(counted: Stats) -> dict[str, Any]:
    return {
        "from": counted.first,
        "to": counted.last,
        "subscribers": {
            "total": sum(counted.subscribers.values()),
            "by_status": _named(counted.subscribers, Status),
            "changes": dict(counted.changes),
        },
        "editions": [_edition_row(edition) for edition in counted.editions],
        "deliveries": [
            {"date": day.day, **_named(day.by_status, DeliveryStatus)} for day in counted.deliveries
        ],
        "suppressions": {"total": counted.suppressed, "new": dict(counted.suppressions)},
        "sources": [_source_row(source) for source in counted.sources],
        "papers": {"stored": counted.papers.stored, "new": counted.papers.new},
        "feedback": _named(counted.feedback, FeedbackKind),
    }


def _edition_row(edition: EditionCounts) -> dict[str, Any]:
    return {
        "edition": edition.day,
        "candidates": edition.candidates,
        "planned": edition.planned,
        **_named(edition.by_status, DeliveryStatus),
        "missing": list(edition.missing),
    }


def _source_row(source: SourceCounts) -> dict[str, Any]:
    return {
        "source": source.source,
        "last_at": iso(source.last_at),
        "fetches": sum(source.outcomes.values()),
        "outcomes": _named(source.outcomes, Outcome),
        "fetched": source.fetched,
        "new": source.new,
        "updated": source.updated,
        "merged": source.merged,
        "bad": source.bad,
    }


def _named(counts: Mapping[Any, int], every: Iterable[StrEnum]) -> dict[str, int]:
    """The counts under the names of their keys, 0 for those that do not occur."""
    return {key.value: counts.get(key, 0) for key in every}


# --- for people -----------------------------------------------------------------------------------


def _print(counted: Stats) -> None:
    say(f"{counted.first.isoformat()} to {counted.last.isoformat()}")
    _print_people(counted)
    say(f"papers       {counted.papers.stored:,} stored, {counted.papers.new:,} new")
    say(f"feedback     {_listed(counted.feedback.items()) or 'none'}")
    say("")
    _print_editions(counted.editions)
    say("")
    _print_days(counted.deliveries)
    say("")
    _print_sources(counted.sources)


def _print_people(counted: Stats) -> None:
    say(f"subscribers  {_listed(counted.subscribers.items()) or 'none'}")
    say(f"changes      {_listed(counted.changes.items()) or 'none'}")
    new = _listed(counted.suppressions.items())
    say(f"suppressed   {counted.suppressed} addresses; new: {new or 'none'}")


def _listed(counts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts if number)


def _print_editions(editions: Iterable[EditionCounts]) -> None:
    print_table(
        ("edition", "candidates", "planned", "sent", "skipped", "failed", "bounced", "missing"),
        [
            (
                edition.day.isoformat(),
                edition.candidates,
                edition.planned,
                edition.by_status.get(DeliveryStatus.SENT, 0),
                edition.by_status.get(DeliveryStatus.SKIPPED, 0),
                edition.by_status.get(DeliveryStatus.FAILED, 0),
                edition.by_status.get(DeliveryStatus.BOUNCED, 0),
                "; ".join(edition.missing) or "-",
            )
            for edition in editions
        ],
        empty="no editions",
    )


def _print_days(days: Iterable[DayCounts]) -> None:
    print_table(
        ("mails queued on", "sent", "waiting", "failed", "bounced", "cancelled", "skipped"),
        [
            (
                day.day.isoformat(),
                day.by_status.get(DeliveryStatus.SENT, 0),
                sum(day.by_status.get(s, 0) for s in (*WAITING, DeliveryStatus.SENDING)),
                day.by_status.get(DeliveryStatus.FAILED, 0),
                day.by_status.get(DeliveryStatus.BOUNCED, 0),
                day.by_status.get(DeliveryStatus.CANCELLED, 0),
                day.by_status.get(DeliveryStatus.SKIPPED, 0),
            )
            for day in days
        ],
        empty="no mails",
    )


def _print_sources(sources: Iterable[SourceCounts]) -> None:
    print_table(
        ("source", "fetches", "fetched", "new", "updated", "merged", "bad", "last"),
        [
            (
                source.source,
                _listed(source.outcomes.items()),
                source.fetched,
                source.new,
                source.updated,
                source.merged,
                source.bad,
                short_time(source.last_at),
            )
            for source in sources
        ],
        empty="no fetches",
    )
