"""`digest stats`: how it went over the last days."""

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from digest.cli.chart import check_chart, draw
from digest.cli.context import Json, opened_app
from digest.cli.output import iso, note, print_json, print_table, say, short_time
from digest.core.deliveries import DeliveryStatus
from digest.core.feedback import FeedbackKind
from digest.core.fetching import Outcome
from digest.core.subscribers import Status
from digest.pipeline.stats import Day, Stats, count
from digest.store.history import DayCounts, EditionCounts, SourceCounts
from digest.store.outbox import WAITING
from digest.store.timeline import SourceDay


def stats(
    ctx: typer.Context,
    days: Annotated[
        int,
        typer.Option(metavar="N", min=1, max=3650, help="The last so many days, today included."),
    ] = 14,
    json: Json = False,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.svg|.png",
            callback=check_chart,
            help="Draw it, too; needs `pip install 'digest[plot]'`.",
        ),
    ] = None,
) -> None:
    """Count subscribers, feedback, editions, mails, bounces, fetches and papers of the last days.

    Days are those of UTC; what is older than [retention] says is gone. Readers of
    days gone by are told back from who joined and left since; those who were erased
    are left out.

    Example: digest stats --days 30 --plot stats.svg
    """
    with opened_app(ctx) as service:
        counted = count(service, days)
    if plot is not None:
        draw(counted, plot)
        note(f"drawn in {plot}")
    if json:
        print_json(_document(counted))
    else:
        _print(counted)


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
        "suppressions": {
            "total": counted.suppressed,
            "new": dict(counted.suppressions),
            "held": counted.held,
        },
        "sources": [
            _source_row(source, counted.fetched[source.source]) for source in counted.sources
        ],
        "papers": {"stored": counted.papers.stored, "new": counted.papers.new},
        "feedback": _named(counted.feedback, FeedbackKind),
        "days": [_day_row(day) for day in reversed(counted.days)],
    }


def _day_row(day: Day) -> dict[str, Any]:
    return {
        "date": day.day,
        "readers": day.readers,
        **day.membership._asdict(),
        **_named(day.feedback, FeedbackKind),
        "new_papers": day.new_papers,
    }


def _edition_row(edition: EditionCounts) -> dict[str, Any]:
    return {
        "edition": edition.day,
        "candidates": edition.candidates,
        "planned": edition.planned,
        **_named(edition.by_status, DeliveryStatus),
        "missing": list(edition.missing),
    }


def _source_row(source: SourceCounts, days: Mapping[date, SourceDay]) -> dict[str, Any]:
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
        "days": [
            {"date": day, "new": days[day].new, **_named(days[day].outcomes, Outcome)}
            for day in sorted(days, reverse=True)
        ],
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
    _print_timeline(counted.days)
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
    if counted.held:
        say(f"held back    {counted.held}: see `digest subscribers held`")


def _listed(counts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts if number)


def _print_timeline(days: Iterable[Day]) -> None:
    """The days on which anything happened, newest first."""
    print_table(
        ("day", "readers", "joined", "left", "suppressed", "opened", "more", "less", "new papers"),
        [
            (
                day.day.isoformat(),
                day.readers,
                day.membership.joined,
                day.membership.unsubscribed,
                day.membership.suppressed,
                day.feedback.get(FeedbackKind.OPEN, 0),
                day.feedback.get(FeedbackKind.MORE, 0),
                day.feedback.get(FeedbackKind.LESS, 0),
                day.new_papers,
            )
            for day in reversed(list(days))
            if any(day.membership) or day.feedback or day.new_papers
        ],
        empty="no changes",
    )


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
