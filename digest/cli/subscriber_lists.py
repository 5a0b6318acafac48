"""`digest subscribers list`, `import`, `export`: all of them at once."""

import csv
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from digest.cli.context import DryRun, Json, opened_app
from digest.cli.library_imports import library_rows
from digest.cli.output import counted, iso, print_json, print_table, say, short_time, warn
from digest.core.errors import InvalidInput
from digest.core.feedback import Vote
from digest.core.interests import InterestKind, format_interest, format_value
from digest.core.subscribers import Status, Subscriber
from digest.pipeline import importing
from digest.pipeline.importing import BadLines, import_members, parse_members
from digest.store import feedback
from digest.store import subscribers as members


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
        "language": preferences.language.value,
        "interests": [
            {"kind": i.kind.value, "value": i.value, "weight": i.weight}
            for i in subscriber.interests
        ],
        "last_sent_at": iso(subscriber.last_sent_at),
        "next_due_at": iso(subscriber.next_due_at),
        "paused_until": iso(subscriber.paused_until),
    }


def import_csv(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE.csv", help="With a header line; - is stdin.")
    ],
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
        content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        text = content.decode()
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{file} is not UTF-8 text: save it as CSV in UTF-8") from error
    with opened_app(ctx) as service:
        try:
            new = parse_members(text, service.rules.defaults)
        except BadLines as error:
            for problem in error.problems:
                warn(f"{file}, {problem}")
            raise
        report = import_members(service, new, confirmed=confirmed, dry_run=dry_run)
    verb, barring = ("would be added", "would be") if dry_run else ("added", "now")
    say(
        f"{report.added} {verb}, {report.known} were here already, "
        f"{report.suppressed} are suppressed, {report.left_out} have left by what the file says"
    )
    if report.barred:
        say(f"{counted(report.barred, 'stranger')} {barring} suppressed, as in the file")


def export(
    ctx: typer.Context,
    form: Annotated[Literal["csv", "json"], typer.Option("--format", help="The form.")] = "csv",
) -> None:
    """Print all subscribers; the CSV can be imported again.

    The CSV says nothing of the weights of interests, of feedback and of libraries; the JSON does.

    Example: digest subscribers export > readers.csv
    """
    with opened_app(ctx) as service:
        with service.store.read() as conn:
            found = members.listed(conn)
            votes = feedback.of(conn, [one.id for one in found]) if form == "json" else {}
        if form == "json":
            print_json(
                [
                    subscriber_row(one)
                    | _feedback(votes[one.id])
                    | {"library": library_rows(service, one)}
                    for one in found
                ]
            )
            return
    out = io.StringIO()
    writer = csv.DictWriter(out, importing.COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_csv_row(one) for one in found)
    typer.echo(out.getvalue(), nl=False)


def _feedback(votes: Sequence[Vote]) -> dict[str, Any]:
    return {
        "feedback": [
            {"kind": vote.kind.value, "paper": vote.paper_id, "at": iso(vote.at)} for vote in votes
        ]
    }


def _csv_row(subscriber: Subscriber) -> dict[str, str]:
    by_kind = {
        kind: "; ".join(
            # Among texts words such as `not: …` would be read as a mark.
            format_interest(i) if kind is InterestKind.TEXT else format_value(i)
            for i in subscriber.interests
            if i.kind is kind
        )
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
        "language": preferences.language.value,
        "status": subscriber.status.value,
    }
    return {name: importing.inert(str(value)) for name, value in row.items()}
