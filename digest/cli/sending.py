"""The daily work by hand: fetch, send, preview, explain."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from digest.cli.context import DryRun, Json, day_or_today, opened_app, parse_day, settings_of
from digest.cli.models import embed_line, embed_row
from digest.cli.output import (
    counted,
    note,
    print_json,
    print_table,
    progress,
    say,
    shares_progress,
    warn,
)
from digest.core.errors import InvalidInput, NotFound
from digest.core.fetching import Outcome
from digest.core.subscribers import Status, SubscriberId, normalize_address
from digest.pipeline import preview as previews
from digest.pipeline.app import App
from digest.pipeline.assemble import (
    assemble,
    assemble_due,
    rehearse,
    rehearse_due,
)
from digest.pipeline.breaker import end_pause
from digest.pipeline.crew import AssembleReport
from digest.pipeline.deliver import DeliverReport, deliver
from digest.pipeline.embed import NOTHING
from digest.pipeline.outcomes import known_names
from digest.pipeline.refresh import refresh
from digest.store.cursors import Fetch
from digest.wiring import build_renderer

PARTLY = 3


def fetch(
    ctx: typer.Context,
    source: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this source; repeatable.")
    ] = None,
    since: Annotated[str | None, typer.Option(metavar="DATE", help="From this day on.")] = None,
    until: Annotated[
        str | None, typer.Option(metavar="DATE", help="Up to and with this day [today].")
    ] = None,
    json: Json = False,
) -> None:
    """Fetch new papers and their signals from all sources.

    Without dates it is what is new, from sources that are due; with --until alone it is what the
    edition of that day may hold.

    Example: digest fetch --since 2026-03-16 --until 2026-03-20
    """
    first, last = parse_day(since), parse_day(until)
    with opened_app(ctx) as app, shares_progress("fetching") as bar:
        unknown = [name for name in source or () if name not in known_names(app)]
        if unknown:
            there = ", ".join(known_names(app))
            raise InvalidInput(f"there is no source {unknown[0]!r} enabled; there are: {there}")
        first, last = _days(app, first, last)
        report = refresh(app, only=source or (), since=first, until=last, progress=bar)
    if json:
        document: dict[str, Any] = {"sources": [fetch_row(f) for f in report.fetches]}
        if app.meanings is not None:
            document["vectors"] = embed_row(report.embedding)
        print_json(document)
    else:
        print_table(
            ("source", "outcome", "fetched", "new", "updated", "merged", "reason"),
            [tuple(fetch_row(f).values()) for f in report.fetches],
            empty="no source is enabled: see [sources] in config.toml",
            fold=("reason",),
        )
        if report.embedding != NOTHING:
            say(embed_line(report.embedding))
    if report.troubled:
        asked = [f for f in report.fetches if f.outcome is not Outcome.NOT_DUE]
        nothing = all(f.outcome in (Outcome.FAILED, Outcome.THROTTLED) for f in asked)
        raise typer.Exit(1 if nothing and len(asked) == len(report.fetches) else PARTLY)
    if report.embedding.troubled:
        raise typer.Exit(PARTLY)


def _days(app: App, first: date | None, last: date | None) -> tuple[date | None, date | None]:
    """The days that are meant; none where neither is given. Raises InvalidInput."""
    today = app.clock.now().date()
    if first is not None and first > (last or today):
        what = "--until is before --since" if last else f"--since is after today, {today}"
        raise InvalidInput(what)
    if first is None and last is not None:
        first = last - timedelta(days=app.rules.lookback_days - 1)
    return first, (last or today) if first else None


def fetch_row(fetched: Fetch) -> dict[str, Any]:
    return {
        "source": fetched.source,
        "outcome": fetched.outcome.value,
        "fetched": fetched.fetched,
        "new": fetched.new,
        "updated": fetched.updated,
        "merged": fetched.merged,
        "reason": fetched.reason,
    }


def send(
    ctx: typer.Context,
    date: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="This date's edition, for all active subscribers."),
    ] = None,
    to: Annotated[
        list[str] | None, typer.Option(metavar="EMAIL", help="Only this subscriber; repeatable.")
    ] = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Rank an edition for each subscriber who is due, and deliver.

    Without --date it is for those whose time has come; with it for everybody who is active. With
    --to it is for them alone, due or not, and no other mail goes out.

    Safe to repeat: nobody gets an edition twice, nor a paper twice.

    Example: digest send --date 2026-03-20
    """
    day = parse_day(date)
    emails = [normalize_address(email) for email in to or ()]
    with opened_app(ctx) as app:
        started = app.clock.now()
        only = _active(app, emails)
        planned = _plan(app, date=date, emails=emails, dry_run=dry_run)
        delivered = DeliverReport()
        if not dry_run:
            if not emails:
                end_pause(app)
            with progress("sending") as bar:
                delivered = deliver(
                    app, progress=lambda done: bar("sending", done), only=only or None
                )
        edition = day or day_or_today(app, None)
        result = _send_result(edition.isoformat(), planned, delivered)
        result["seconds"] = round((app.clock.now() - started).total_seconds(), 3)
    if json:
        print_json(result)
    else:
        _say_result(result, dry_run)
        if delivered.letters:
            say(f"{counted(delivered.letters, 'other mail')} sent, such as confirmations")
    if delivered.paused:
        warn(f"the relay cannot be reached, the outbox rests: {delivered.paused}")
        raise typer.Exit(PARTLY if delivered.sent else 1)
    if delivered.failed or delivered.deferred:
        note("`digest deliveries list --status deferred` (or failed) shows which and why")
        raise typer.Exit(PARTLY)


def _active(app: App, emails: list[str]) -> list[SubscriberId]:
    """The subscribers that are meant. Raises NotFound for one who cannot be sent anything."""
    found = [previews.subscriber_named(app, email) for email in emails]
    for subscriber in found:
        if subscriber.status is not Status.ACTIVE:
            state = subscriber.status.value
            raise NotFound(f"{subscriber.email} is {state}, not active: nothing to send")
    return [subscriber.id for subscriber in found]


def _plan(app: App, *, date: str | None, emails: list[str], dry_run: bool) -> AssembleReport:
    if date is None and not emails:
        return rehearse_due(app) if dry_run else assemble_due(app)
    day = day_or_today(app, date)
    if dry_run:
        return rehearse(app, day, emails=emails)
    with progress("ranking") as bar:
        return assemble(app, day, emails=emails, progress=lambda done: bar("ranking", done))


def _send_result(edition: str, planned: AssembleReport, delivered: DeliverReport) -> dict[str, Any]:
    return {
        "edition": edition,
        "planned": planned.planned,
        "sent": delivered.sent,
        "skipped": planned.skipped + planned.missed,
        "deferred": delivered.deferred,
        "failed": delivered.failed,
    }


def _say_result(result: dict[str, Any], dry_run: bool) -> None:
    verb = "would be planned" if dry_run else "planned"
    say(
        f"edition {result['edition']}: {result['planned']} {verb}, {result['sent']} sent, "
        f"{result['skipped']} skipped, {result['deferred']} deferred, {result['failed']} failed "
        f"in {result['seconds']:.1f} s"
    )


def preview(
    ctx: typer.Context,
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="A subscriber.")],
    date: Annotated[str | None, typer.Option(metavar="DATE", help="The edition [today].")] = None,
    form: Annotated[
        Literal["html", "text", "eml"], typer.Option("--format", help="What to show.")
    ] = "text",
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Write to this file.")] = None,
    theme: Annotated[
        Path | None, typer.Option(metavar="DIR", help="In the look of this theme.")
    ] = None,
) -> None:
    """Show the mail that a subscriber would get. Changes nothing.

    Example: digest preview ada@example.org --format html --output mail.html
    """
    with opened_app(ctx) as app:
        renderer = build_renderer(settings_of(ctx), theme) if theme else app.renderer
        themed = replace(app, renderer=renderer)
        mail = previews.preview(themed, email, day_or_today(app, date), anew=theme is not None)
    parts = {
        "html": mail.content.html.encode(),
        "text": mail.content.text.encode(),
        "eml": mail.message,
    }
    if output is not None:
        output.write_bytes(parts[form])
        note(f"written to {output}")
    else:
        typer.echo(parts[form], nl=form == "text")


def explain(
    ctx: typer.Context,
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="A subscriber.")],
    date: Annotated[str | None, typer.Option(metavar="DATE", help="The edition [today].")] = None,
    json: Json = False,
) -> None:
    """Say why somebody got, or did not get, the mail.

    Example: digest explain ada@example.org --date 2026-03-20
    """
    with opened_app(ctx) as app:
        told = previews.explain(app, email, day_or_today(app, date))
    status = told.delivery.status.value if told.delivery else None
    if json:
        print_json(
            {
                "email": told.subscriber.email,
                "status": told.subscriber.status.value,
                "edition": told.day,
                "delivery": status,
                "reasons": list(told.reasons),
                "papers": [_explained_row(one) for one in told.papers],
            }
        )
        return
    say(f"{told.subscriber.email}, edition {told.day.isoformat()}")
    for reason in told.reasons:
        say(f"  {reason}")
    matched = {one.paper.paper_id: _matched(one) for one in told.papers}
    parts = ("matched",) if any(matched.values()) else ()
    print_table(
        ("paper", "score", "match", "trend", "section", "title", *parts, "why"),
        [
            (
                one.paper.paper_id,
                f"{one.paper.score:.3f}",
                f"{one.paper.relevance:.3f}",
                f"{one.paper.trend:.3f}",
                one.paper.section.value,
                one.title,
                *(matched[one.paper.paper_id] for _ in parts),
                one.paper.reason,
            )
            for one in told.papers
        ],
        empty="no papers",
        fold=("title", *parts, "why"),
    )


def _matched(one: previews.ExplainedPaper) -> str:
    """What the match is made of, as far as it is known any more."""
    parts = dict(one.parts)
    named = (name for name in parts if name not in ("relevance", "trend", "dial"))
    return ", ".join(f"{name} {parts[name]:.2f}" for name in named)


def _explained_row(one: previews.ExplainedPaper) -> dict[str, Any]:
    return {
        "id": one.paper.paper_id,
        "title": one.title,
        "score": round(one.paper.score, 6),
        "match": round(one.paper.relevance, 6),
        "trend": round(one.paper.trend, 6),
        "reasons": [one.paper.reason],
        "place": one.paper.place.value,
        "section": one.paper.section.value,
        "parts": dict(one.parts),
    }
