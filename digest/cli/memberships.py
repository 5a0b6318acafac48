"""`digest subscribers confirm`, `pause`, …: what happens to one membership."""

import sys
from datetime import UTC, datetime, time
from typing import Annotated

import typer

from digest.cli.context import opened_app, parse_day
from digest.cli.output import say
from digest.core.errors import InvalidInput
from digest.core.subscribers import Status, normalize_address, zone_of
from digest.pipeline import membership, suppression
from digest.pipeline.membership import Origin
from digest.pipeline.preview import subscriber_named

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The subscriber's address.")]
_OPERATOR = Origin(via="operator")


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
        zone = zone_of(found.preferences.timezone)
        end = datetime.combine(day, time(), tzinfo=zone).astimezone(UTC) if day else None
        if end is not None and end <= service.clock.now():
            raise InvalidInput(f"{until} has begun already: --until names the day mail comes again")
        if not membership.pause(service, found, end).changed:
            raise InvalidInput(f"{found.email} is {found.status.value} and cannot be paused")
    say(f"{found.email} is paused" + (f" until {until}" if until else ""))


def resume(ctx: typer.Context, email: Email) -> None:
    """End a pause.

    Example: digest subscribers resume ada@example.org
    """
    with opened_app(ctx) as service:
        found = subscriber_named(service, email)
        if not membership.resume(service, found, _OPERATOR).changed:
            raise InvalidInput(f"{found.email} is {found.status.value}, not paused")
    say(f"{found.email} gets the digest again")


def unsubscribe(ctx: typer.Context, email: Email) -> None:
    """End a subscription at once.

    Example: digest subscribers unsubscribe ada@example.org
    """
    with opened_app(ctx) as service:
        found = subscriber_named(service, email)
        membership.unsubscribe(service, found, _OPERATOR, say_goodbye=False)
    say(f"{found.email} is unsubscribed")


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
