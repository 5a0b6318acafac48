"""`digest subscribers`: who gets the digest, and how."""

from typing import Annotated

import typer

from digest.cli import memberships, subscriber_lists, wishes
from digest.cli.context import Json, opened_app
from digest.cli.memberships import Email
from digest.cli.output import iso, print_json, say, short_time
from digest.cli.subscriber_lists import subscriber_row
from digest.core.errors import InvalidInput
from digest.core.interests import format_interest
from digest.core.subscribers import normalize_address
from digest.pipeline import membership
from digest.pipeline.app import App
from digest.pipeline.feedback import forget_all
from digest.pipeline.preview import subscriber_named
from digest.store import feedback
from digest.store import subscribers as members

app = typer.Typer(help="Who gets the digest, and how.", no_args_is_help=True)


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


def show(ctx: typer.Context, email: Email, json: Json = False) -> None:
    """Show one subscriber with interests, timetable and consents.

    `feedback` counts what they said of papers.

    Example: digest subscribers show ada@example.org
    """
    with opened_app(ctx) as service:
        found = subscriber_named(service, email)
        with service.store.read() as conn:
            consents = members.consents_of(conn, found.id)
            said = feedback.counts(conn, subscriber_id=found.id)
    row = subscriber_row(found)
    row["feedback"] = {kind.value: number for kind, number in said.items()}
    row["consents"] = [
        {"event": c.event, "via": c.via, "at": iso(c.at), "ip": c.ip} for c in consents
    ]
    if json:
        print_json(row)
        return
    for name, value in row.items():
        if name not in ("interests", "consents", "feedback"):
            say(f"{name:<13} {value if value not in (None, '') else '-'}")
    say(f"{'feedback':<13} {', '.join(f'{n} {kind.value}' for kind, n in said.items())}")
    for interest in found.interests:
        say(f"{'interest':<13} {format_interest(interest)}")
    for consent in consents:
        say(f"{'consent':<13} {consent.event} via {consent.via} at {short_time(consent.at)} UTC")


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
    forget_feedback: Annotated[
        bool, typer.Option("--forget-feedback", help="Forget what they said of papers.")
    ] = False,
) -> None:
    """Change preferences; interests, if any are given, replace all.

    Example: digest subscribers edit ada@example.org --at 06:45 --timezone UTC
    """
    wanted = (interest, keyword, exclude, category, author, like, frequency, at, timezone)
    if not any((*wanted, forget_feedback)) and max_papers is None and dial is None:
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
        if forget_feedback:
            forgotten = forget_all(service, found)
            say(f"{forgotten} votes and opened papers are forgotten")
    say(f"{found.email} is changed")


app.command("add")(add)
app.command("list")(subscriber_lists.list_subscribers)
app.command("show")(show)
app.command("edit")(edit)
app.command("confirm")(memberships.confirm)
app.command("pause")(memberships.pause)
app.command("resume")(memberships.resume)
app.command("unsubscribe")(memberships.unsubscribe)
app.command("suppress")(memberships.suppress)
app.command("unsuppress")(memberships.unsuppress)
app.command("import")(subscriber_lists.import_csv)
app.command("export")(subscriber_lists.export)
app.command("erase")(memberships.erase)
