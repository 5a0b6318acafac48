"""`digest deliveries`: what was sent, what waits, what failed, and why."""

from typing import Annotated, Any, Literal

import typer

from digest.cli.calls import Commands
from digest.cli.context import DryRun, Json, opened_app, parse_day
from digest.cli.output import counted, iso, note, print_json, print_table, say, short_time
from digest.core.deliveries import Delivery, DeliveryStatus
from digest.core.errors import NotFound
from digest.store import outbox, retries
from digest.store.outbox import DeliveryRow

_SHOWN = 200

app = Commands(help="What was sent, what waits, what failed.", no_args_is_help=True)


@app.command("list")
def list_deliveries(
    ctx: typer.Context,
    date: Annotated[str | None, typer.Option(metavar="DATE", help="Of this edition.")] = None,
    status: Annotated[DeliveryStatus | None, typer.Option(help="In this status.")] = None,
    email: Annotated[str, typer.Option(metavar="EMAIL", help="To this subscriber.")] = "",
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="At most so many [200; all in JSON].")
    ] = None,
    json: Json = False,
) -> None:
    """List deliveries, newest first.

    Example: digest deliveries list --date 2026-03-20 --status failed
    """
    with opened_app(ctx) as service, service.store.read() as conn:
        rows = outbox.listed(
            conn,
            day=parse_day(date),
            status=status,
            email=email,
            limit=limit or (None if json else _SHOWN),
        )
    if json:
        print_json([delivery_row(row) for row in rows])
        return
    print_table(
        ("id", "email", "kind", "edition", "status", "tries", "next or sent", "answer"),
        [
            (
                row.delivery.public_id,
                row.email,
                row.delivery.kind.value,
                row.edition or "-",
                row.delivery.status.value,
                row.delivery.attempts,
                short_time(_moment(row)),
                _answer(row.delivery),
            )
            for row in rows
        ],
        empty="no deliveries",
        fold=("answer",),
    )
    if limit is None and len(rows) == _SHOWN:
        note(f"these are the newest {_SHOWN}: --limit shows more, --status and --email fewer")


def _answer(delivery: Delivery) -> str:
    """What is said of a delivery last: the relay had taken what came back."""
    bounced = delivery.status is DeliveryStatus.BOUNCED
    return delivery.detail if bounced else delivery.answer or delivery.detail


def _moment(row: DeliveryRow) -> Any:
    return row.delivery.next_attempt_at if _waits(row.delivery) else row.delivery.sent_at


def _waits(delivery: Delivery) -> bool:
    return delivery.status in outbox.WAITING


@app.command("show")
def show(
    ctx: typer.Context,
    delivery_id: Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.")],
    json: Json = False,
) -> None:
    """Show one delivery with its papers and the relay's last answer.

    Example: digest deliveries show 3f6c0d2ab1e94c7f8a1b2c3d
    """
    with opened_app(ctx) as service, service.store.read() as conn:
        rows = outbox.listed(conn, public_id=delivery_id)
        papers = outbox.papers_of(conn, [row.delivery.id for row in rows])
    if not rows:
        raise NotFound(f"there is no delivery {delivery_id}: `digest deliveries list` shows them")
    row = delivery_row(rows[0])
    if json:
        print_json(row)
        return
    for name, value in row.items():
        say(f"{name:<16} {value if value not in (None, '', []) else '-'}")
    for paper in papers[rows[0].delivery.id]:
        say(f"  paper {paper.paper_id}: {paper.reason}")


@app.command("retry")
def retry(
    ctx: typer.Context,
    status: Annotated[
        Literal["failed", "deferred"], typer.Option(help="Which to try again.")
    ] = "failed",
    dry_run: DryRun = False,
) -> None:
    """Queue failed deliveries anew; `digest send` then sends them.

    Each keeps its Message-ID, so that nobody sees one twice. Left out is what
    goes to a suppressed address, and a digest of which a paper has since come
    with another.

    Example: digest deliveries retry --status failed
    """
    statuses = [DeliveryStatus(status)]
    with opened_app(ctx) as service:
        if dry_run:
            with service.store.read() as conn:
                again = len(retries.retriable(conn, statuses))
        else:
            with service.store.write() as conn:
                again = retries.retry(conn, statuses, service.clock.now())
    say(f"{counted(again, 'delivery')} {'would be queued' if dry_run else 'queued'} again")


def delivery_row(row: DeliveryRow) -> dict[str, Any]:
    delivery = row.delivery
    return {
        "id": delivery.public_id,
        "email": row.email,
        "kind": delivery.kind.value,
        "edition": row.edition.isoformat() if row.edition else None,
        "status": delivery.status.value,
        "attempts": delivery.attempts,
        "next_attempt_at": iso(delivery.next_attempt_at) if _waits(delivery) else None,
        "message_id": row.message_id,
        "smtp_code": delivery.smtp_code,
        "smtp_reply": delivery.smtp_reply,
        "sent_at": iso(delivery.sent_at),
        "detail": delivery.detail,
        "papers": list(row.papers),
    }
