"""`digest subscribers`: who gets the digest, and how."""

import csv
import io
import sys
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import typer

from digest.cli import wishes
from digest.cli.context import DryRun, Json, opened_app, parse_day
from digest.cli.output import iso, print_json, print_table, say, short_time, warn
from digest.core.errors import InvalidInput
from digest.core.interests import InterestKind, format_interest
from digest.core.subscribers import Status, Subscriber, normalize_address
from digest.pipeline import importing, membership, suppression
from digest.pipeline.app import App
from digest.pipeline.importing import BadLines, import_members, parse_members
from digest.pipeline.membership import Origin
from digest.pipeline.preview import subscriber_named
from digest.store import subscribers as members

app = typer.Typer(help="Who gets the digest, and how.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The subscriber's address.")]
_OPERATOR = Origin(via="operator")


@app.command("add")
def add(
    ctx: typer.Context,
    email: Email,
    interest: wishes.Interests = None,
    keyword: wishes.Keywords = None,
    exclude: wishes.Excludes = None,
    category: wishes.Categories = None,
    author: wishes.Authors = None,
    like: wishes.Likes = None,
    frequency: wishes.FrequencyOption = None,
    at: wishes.At = None,
    timezone: wishes.TimeZone = None,
    max_papers: wishes.MaxPapers = None,
    dial: wishes.Dial = None,
    confirmed: Annotated[
        bool, typer.Option("--confirmed", help="They have agreed: send no confirmation mail.")
    ] = False,
) -> None:
    """Add a subscriber. Without --confirmed a mail asks them first.

    Example: digest subscribers add ada@example.org --interest robotics --confirmed
    """
    address = normalize_address(email)
    with opened_app(ctx) as service:
        _require_new(service, address)
        interests = wishes.gather_interests(
            service,
            texts=interest,
            keywords=keyword,
            excludes=exclude,
            categories=category,
            authors=author,
            likes=like,
        )
        preferences = wishes.gather_preferences(
            service.rules.defaults,
            frequency=frequency,
            at=at,
            timezone=timezone,
            max_papers=max_papers,
            dial=dial,
        )
        membership.add_by_operator(
            service, address, interests or (), preferences, confirmed=confirmed
        )
    if confirmed:
        say(f"{address} is subscribed")
    else:
        say(f"{address} is asked to confirm: `digest send` or the daemon sends the mail")


def _require_new(service: App, address: str) -> None:
    with service.store.read() as conn:
        known = members.by_email(conn, address)
        reason = members.suppression_reason(conn, service.address_hash(address))
    if known is not None:
        raise InvalidInput(
            f"{address} is here already, {known.status.value}: use `edit`, `confirm` or `resume`"
        )
    if reason is not None:
        raise InvalidInput(
            f"{address} is suppressed ({reason}): `digest subscribers unsuppress` lifts that"
        )


@app.command("list")
def list_subscribers(
    ctx: typer.Context,
    status: Annotated[Status | None, typer.Option(help="In this status.")] = None,
    query: Annotated[str, typer.Option(metavar="TEXT", help="Part of the address.")] = "",
    limit: Annotated[int | None, typer.Option(metavar="N", min=1, help="At most so many.")] = None,
    json: Json = False,
) -> None:
    """List subscribers in the order they came.

    Example: digest subscribers list --status active
    """
    with opened_app(ctx) as service, service.store.read() as conn:
        found = members.listed(conn, status=status, query=query, limit=limit)
    if json:
        print_json([subscriber_row(one) for one in found])
        return
    print_table(
        ("email", "status", "frequency", "at", "papers", "dial", "interests", "last sent"),
        [
            (
                one.email,
                one.status.value,
                one.preferences.frequency.value,
                f"{one.preferences.at:%H:%M} {one.preferences.timezone}",
                one.preferences.max_papers,
                one.preferences.dial,
                "; ".join(map(format_interest, one.interests)),
                short_time(one.last_sent_at),
            )
            for one in found
        ],
        empty="no subscribers: `digest subscribers add` adds one",
        fold=("interests",),
    )


@app.command("show")
def show(ctx: typer.Context, email: Email, json: Json = False) -> None:
    """Show one subscriber with interests, timetable and consents.

    Example: digest subscribers show ada@example.org
    """
    with opened_app(ctx) as service:
        found = subscriber_named(service, email)
        with service.store.read() as conn:
            consents = members.consents_of(conn, found.id)
    row = subscriber_row(found)
    row["consents"] = [
        {"event": c.event, "via": c.via, "at": iso(c.at), "ip": c.ip} for c in consents
    ]
    if json:
        print_json(row)
        return
    for name, value in row.items():
        if name not in ("interests", "consents"):
            say(f"{name:<13} {value if value not in (None, '') else '-'}")
    for interest in found.interests:
        say(f"{'interest':<13} {format_interest(interest)}")
    for consent in consents:
        say(f"{'consent':<13} {consent.event} via {consent.via} at {short_time(consent.at)} UTC")


def subscriber_row(subscriber: Subscriber) -> dict[str, Any]:
    preferences = subscriber.preferences
    return {
        "email": subscriber.email,
        "status": subscriber.status.value,
        "created_at": iso(subscriber.created_at),
        "confirmed_at": iso(subscriber.confirmed_at),
        "frequency": preferences.frequency.value,
        "at": f"{preferences.at:%H:%M}",
        "timezone": preferences.timezone,
        "max_papers": preferences.max_papers,
        "dial": preferences.dial,
        "interests": [
            {"kind": i.kind.value, "value": i.value, "weight": i.weight}
            for i in subscriber.interests
        ],
        "last_sent_at": iso(subscriber.last_sent_at),
        "next_due_at": iso(subscriber.next_due_at),
        "paused_until": iso(subscriber.paused_until),
    }


@app.command("edit")
def edit(
    ctx: typer.Context,
    email: Email,
    interest: wishes.Interests = None,
    keyword: wishes.Keywords = None,
    exclude: wishes.Excludes = None,
    category: wishes.Categories = None,
    author: wishes.Authors = None,
    like: wishes.Likes = None,
    frequency: wishes.FrequencyOption = None,
    at: wishes.At = None,
    timezone: wishes.TimeZone = None,
    max_papers: wishes.MaxPapers = None,
    dial: wishes.Dial = None,
) -> None:
    """Change preferences; interests, if any are given, replace all.

    Example: digest subscribers edit ada@example.org --at 06:45 --timezone UTC
    """
    wanted = (interest, keyword, exclude, category, author, like)
    if not any((*wanted, frequency, at, timezone)) and max_papers is None and dial is None:
        raise InvalidInput("nothing to change: name an option, such as --interest or --at")
    with opened_app(ctx) as service:
        found = subscriber_named(service, email)
        interests = wishes.gather_interests(
            service,
            texts=interest,
            keywords=keyword,
            excludes=exclude,
            categories=category,
            authors=author,
            likes=like,
        )
        preferences = wishes.gather_preferences(
            found.preferences,
            frequency=frequency,
            at=at,
            timezone=timezone,
            max_papers=max_papers,
            dial=dial,
        )
        membership.change(service, found, preferences=preferences, interests=interests)
    say(f"{found.email} is changed")


@app.command("confirm")
def confirm(ctx: typer.Context, email: Email) -> None:
    """Confirm a subscription in the subscriber's place.

    Example: digest subscribers confirm ada@example.org
    """
    with opened_app(ctx) as service:
        found = subscriber_named(service, email)
        if found.status in (Status.PENDING, Status.UNSUBSCRIBED):
            membership.activate(service, found, _OPERATOR)
        elif found.status is not Status.ACTIVE:
            raise InvalidInput(
                f"{found.email} is {found.status.value}, there is nothing to confirm"
            )
    say(f"{found.email} is subscribed")


@app.command("pause")
def pause(
    ctx: typer.Context,
    email: Email,
    until: Annotated[
        str | None, typer.Option(metavar="DATE", help="When mail comes again [until `resume`].")
    ] = None,
) -> None:
    """Send nothing for a while.

    Example: digest subscribers pause ada@example.org --until 2026-08-31
    """
    day = parse_day(until)
    with opened_app(ctx) as service:
        found = subscriber_named(service, email)
        zone = ZoneInfo(found.preferences.timezone)
        end = datetime.combine(day, time(), tzinfo=zone).astimezone(UTC) if day else None
        if end is not None and end <= service.clock.now():
            raise InvalidInput(f"{until} has begun already: --until names the day mail comes again")
        if not membership.pause(service, found, end).changed:
            raise InvalidInput(f"{found.email} is {found.status.value} and cannot be paused")
    say(f"{found.email} is paused" + (f" until {until}" if until else ""))


@app.command("resume")
def resume(ctx: typer.Context, email: Email) -> None:
    """End a pause.

    Example: digest subscribers resume ada@example.org
    """
    with opened_app(ctx) as service:
        found = subscriber_named(service, email)
        if not membership.resume(service, found, _OPERATOR).changed:
            raise InvalidInput(f"{found.email} is {found.status.value}, not paused")
    say(f"{found.email} gets the digest again")


@app.command("unsubscribe")
def unsubscribe(ctx: typer.Context, email: Email) -> None:
    """End a subscription at once.

    Example: digest subscribers unsubscribe ada@example.org
    """
    with opened_app(ctx) as service:
        found = subscriber_named(service, email)
        membership.unsubscribe(service, found, _OPERATOR, say_goodbye=False)
    say(f"{found.email} is unsubscribed")


@app.command("suppress")
def suppress(
    ctx: typer.Context,
    email: Email,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why, for the record.")
    ] = "by the operator",
) -> None:
    """Never mail an address again, whoever asks.

    It need not be a subscriber's.

    Example: digest subscribers suppress ada@example.org --reason "spam trap"
    """
    with opened_app(ctx) as service:
        suppression.suppress(service, email, reason)
    say(f"{normalize_address(email)} is suppressed")


@app.command("unsuppress")
def unsuppress(
    ctx: typer.Context,
    email: Email,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why, for the record.")
    ] = "by the operator",
) -> None:
    """Lift a suppression: the person may subscribe again.

    Example: digest subscribers unsuppress ada@example.org
    """
    with opened_app(ctx) as service:
        if not suppression.unsuppress(service, email, reason):
            raise InvalidInput(f"{normalize_address(email)} is not suppressed")
    say(f"{normalize_address(email)} may subscribe again")


@app.command("import")
def import_csv(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="With a header line.")],
    confirmed: Annotated[
        bool, typer.Option("--confirmed", help="They have agreed: send no confirmation mails.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Add subscribers from a CSV file: all of them, or none.

    If any line is wrong nothing is added, and every bad line is named.

    Columns: email, interests (separated by ;), and the options of `add`.

    Example: digest subscribers import readers.csv --confirmed
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file} cannot be read as UTF-8 text: {error}") from error
    with opened_app(ctx) as service:
        try:
            new = parse_members(text, service.rules.defaults)
        except BadLines as error:
            for problem in error.problems:
                warn(f"{file}, {problem}")
            raise
        report = import_members(service, new, confirmed=confirmed, dry_run=dry_run)
    verb = "would be added" if dry_run else "added"
    say(
        f"{report.added} {verb}, {report.known} were here already, "
        f"{report.suppressed} are suppressed and left out"
    )


@app.command("export")
def export(
    ctx: typer.Context,
    form: Annotated[Literal["csv", "json"], typer.Option("--format", help="The form.")] = "csv",
) -> None:
    """Print all subscribers; the CSV can be imported again.

    Example: digest subscribers export > readers.csv
    """
    with opened_app(ctx) as service, service.store.read() as conn:
        found = members.listed(conn)
    if form == "json":
        print_json([subscriber_row(one) for one in found])
        return
    out = io.StringIO()
    writer = csv.DictWriter(out, importing.COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_csv_row(one) for one in found)
    typer.echo(out.getvalue(), nl=False)


def _csv_row(subscriber: Subscriber) -> dict[str, str]:
    by_kind = {
        kind: "; ".join(i.value for i in subscriber.interests if i.kind is kind)
        for kind in InterestKind
    }
    preferences = subscriber.preferences
    row: dict[str, object] = {
        "email": subscriber.email,
        "interests": by_kind.pop(InterestKind.TEXT),
        **{kind.value: values for kind, values in by_kind.items()},
        "frequency": preferences.frequency.value,
        "at": f"{preferences.at:%H:%M}",
        "timezone": preferences.timezone,
        "max_papers": preferences.max_papers,
        "dial": preferences.dial,
        "status": subscriber.status.value,
    }
    return {name: importing.inert(str(value)) for name, value in row.items()}


@app.command("erase")
def erase(
    ctx: typer.Context,
    email: Email,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove a person and all that was learnt of them.

    Only a keyed hash of the address stays, so that it is never mailed again.

    Example: digest subscribers erase ada@example.org --yes
    """
    with opened_app(ctx) as service:
        found = subscriber_named(service, email)
        if not yes and sys.stdin.isatty():
            typer.confirm(f"Remove {found.email} for good?", abort=True, err=True)
        suppression.erase(service, found)
    say("erased; the address will not be mailed again")
