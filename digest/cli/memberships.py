"""`digest subscribers confirm`, `pause`, …: what happens to one membership."""

import sys
from datetime import UTC, datetime, time
from typing import Annotated

import typer

from digest.cli.context import DryRun, opened_app, parse_day
from digest.cli.output import say
from digest.core.errors import InvalidInput
from digest.core.subscribers import Status, normalize_address, zone_of
from digest.pipeline import membership, suppression
from digest.pipeline.membership import Origin
from digest.pipeline.preview import subscriber_named

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The subscriber's address.")]
_OPERATOR = Origin(via="operator")


def confirm(ctx: typer.Context, email: Email, dry_run: DryRun = False) -> None:
    """Confirm a subscription in the subscriber's place.

    Example: digest subscribers confirm ada@example.org
    """
    with opened_app(ctx) as service:
        found = subscriber_named(service, email)
        if found.status not in (Status.PENDING, Status.UNSUBSCRIBED, Status.ACTIVE):
            raise InvalidInput(
                f"{found.email} is {found.status.value}, there is nothing to confirm"
            )
        if found.status is not Status.ACTIVE and not dry_run:
            membership.activate(service, found, _OPERATOR)
    say(f"{found.email} {_is(dry_run)} subscribed")


def pause(
    ctx: typer.Context,
    email: Email,
    until: Annotated[
        str | None, typer.Option(metavar="DATE", help="When mail comes again [until `resume`].")
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Send nothing for a while.

    Example: digest subscribers pause ada@example.org --until 2026-08-31
    """
    day = parse_day(until)
    with opened_app(ctx) as service:
        found = subscriber_named(service, email)
        zone = zone_of(found.preferences.timezone)
        end = datetime.combine(day, time(), tzinfo=zone).astimezone(UTC) if day else None
        if end is not None and end <= service.clock.now():
            raise InvalidInput(f"{until} has begun already: --until names the day mail comes again")
        active = found.status in (Status.ACTIVE, Status.PAUSED)
        if not (active if dry_run else membership.pause(service, found, end).changed):
            raise InvalidInput(f"{found.email} is {found.status.value} and cannot be paused")
    say(f"{found.email} {_is(dry_run)} paused" + (f" until {until}" if until else ""))


def resume(ctx: typer.Context, email: Email, dry_run: DryRun = False) -> None:
    """End a pause.

    Example: digest subscribers resume ada@example.org
    """
    with opened_app(ctx) as service:
        found = subscriber_named(service, email)
        paused = found.status is Status.PAUSED
        if not (paused if dry_run else membership.resume(service, found, _OPERATOR).changed):
            raise InvalidInput(f"{found.email} is {found.status.value}, not paused")
    say(f"{found.email} {'would get' if dry_run else 'gets'} the digest again")


def unsubscribe(ctx: typer.Context, email: Email, dry_run: DryRun = False) -> None:
    """End a subscription at once.

    Example: digest subscribers unsubscribe ada@example.org
    """
    with opened_app(ctx) as service:
        found = subscriber_named(service, email)
        if not dry_run:
            membership.unsubscribe(service, found, _OPERATOR, say_goodbye=False)
    say(f"{found.email} {_is(dry_run)} unsubscribed")


def suppress(
    ctx: typer.Context,
    email: Email,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why, for the record.")
    ] = "by the operator",
    dry_run: DryRun = False,
) -> None:
    """Never mail an address again, whoever asks.

    It need not be a subscriber's.

    Example: digest subscribers suppress ada@example.org --reason "spam trap"
    """
    address = normalize_address(email)
    with opened_app(ctx) as service:
        if not dry_run:
            suppression.suppress(service, address, reason)
    say(f"{address} {_is(dry_run)} suppressed")


def unsuppress(
    ctx: typer.Context,
    email: Email,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why, for the record.")
    ] = "by the operator",
    dry_run: DryRun = False,
) -> None:
    """Lift a suppression: the person may subscribe again.

    Example: digest subscribers unsuppress ada@example.org
    """
    address = normalize_address(email)
    with opened_app(ctx) as service:
        suppressed = (
            suppression.is_suppressed(service, address)
            if dry_run
            else suppression.unsuppress(service, address, reason)
        )
        if not suppressed:
            raise InvalidInput(f"{address} is not suppressed")
    say(f"{address} {'would be free to' if dry_run else 'may'} subscribe again")


def erase(
    ctx: typer.Context,
    email: Email,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Remove a person and all that was learnt of them.

    Only a keyed hash of the address stays, so that it is never mailed again.

    Example: digest subscribers erase ada@example.org --yes
    """
    with opened_app(ctx) as service:
        found = subscriber_named(service, email)
        if dry_run:
            say(f"{found.email} would be erased, and not be mailed again")
            return
        if not yes and sys.stdin.isatty():
            typer.confirm(f"Remove {found.email} for good?", abort=True, err=True)
        suppression.erase(service, found)
    say("erased; the address will not be mailed again")


def _is(dry_run: bool) -> str:
    return "would be" if dry_run else "is"
