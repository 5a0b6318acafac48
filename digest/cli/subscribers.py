"""`digest subscribers`: who gets the digest, and how."""

from typing import Annotated

import typer

from digest.cli import library_imports, memberships, subscriber_lists, wishes
from digest.cli.calls import Commands, read_by
from digest.cli.context import DryRun, Json, opened_app
from digest.cli.held import held
from digest.cli.library_imports import ForgetLibrary, LibraryFile, LibraryFiles
from digest.cli.memberships import Email
from digest.cli.output import counted, iso, print_json, say, short_time
from digest.cli.subscriber_lists import subscriber_row
from digest.core.errors import InvalidInput
from digest.core.interests import format_interest
from digest.core.subscribers import Subscriber, normalize_address
from digest.pipeline import membership
from digest.pipeline.app import App
from digest.pipeline.feedback import forget_all
from digest.pipeline.libraries import LibraryReport, import_library
from digest.pipeline.preview import subscriber_named
from digest.store import feedback
from digest.store import subscribers as members

app = Commands(help="Who gets the digest, and how.", no_args_is_help=True)


NewEmail = Annotated[
    str,
    typer.Argument(
        metavar="EMAIL", callback=read_by(normalize_address), help="The subscriber's address."
    ),
]


def add(
    ctx: typer.Context,
    email: NewEmail,
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
    language: wishes.LanguageOption = None,
    library: LibraryFiles = None,
    confirmed: Annotated[
        bool, typer.Option("--confirmed", help="They have agreed: send no confirmation mail.")
    ] = False,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Add a subscriber. Without --confirmed a mail asks them first.

    Example: digest subscribers add ada@example.org --interest robotics --confirmed
    """
    address = normalize_address(email)
    files = library_imports.read_files(library or ())
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
            language=language,
        )
        added = None
        if not dry_run:
            added = membership.add_by_operator(
                service, address, interests or (), preferences, confirmed=confirmed
            )
        report = import_library(service, added, files.found, dry_run=dry_run)
    line = _added_line(address, confirmed=confirmed, dry_run=dry_run)
    _answer(address, line, report if library else None, files, dry_run=dry_run, json=json)


def _added_line(address: str, *, confirmed: bool, dry_run: bool) -> str:
    if dry_run:
        return f"{address} would be {'subscribed' if confirmed else 'asked to confirm'}"
    if confirmed:
        return f"{address} is subscribed"
    return f"{address} is asked to confirm: `digest send` or the daemon sends the mail"


def _answer(
    address: str,
    line: str,
    report: LibraryReport | None,
    files: LibraryFile,
    *,
    dry_run: bool,
    json: bool,
) -> None:
    """What was done to somebody, and what became of the library they brought, if any."""
    if json:
        row = report and library_imports.report_row(report, files.bad)
        print_json({"email": address, "dry_run": dry_run, "library": row})
        return
    say(line)
    if report is not None:
        library_imports.say_report(report, files.bad, dry_run=dry_run)


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
    """Show one subscriber: interests, library, timetable, consents.

    `feedback` counts what they said of papers; `suppressed` says why nobody mails them.

    Example: digest subscribers show ada@example.org
    """
    with opened_app(ctx) as service:
        found = subscriber_named(service, email)
        with service.store.read() as conn:
            consents = members.consents_of(conn, found.id)
            said = feedback.counts(conn, subscriber_id=found.id)
            why = members.suppression_reason(conn, service.address_hash(found.email))
        library = library_imports.library_row(service, found)
    row = subscriber_row(found) | {"suppressed": why}
    row["feedback"] = {kind.value: number for kind, number in said.items()}
    row["consents"] = [
        {"event": c.event, "via": c.via, "at": iso(c.at), "ip": c.ip} for c in consents
    ]
    row["library"] = library
    if json:
        print_json(row)
        return
    for name, value in row.items():
        if name not in ("interests", "consents", "feedback", "library"):
            say(f"{name:<13} {value if value not in (None, '') else '-'}")
    say(f"{'feedback':<13} {', '.join(f'{n} {kind.value}' for kind, n in said.items())}")
    for interest in found.interests:
        say(f"{'interest':<13} {format_interest(interest)}")
    say(f"{'library':<13} {counted(library['papers'], 'paper')}")
    for title in library["newest"]:
        say(f"{'':<13} {title}")
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
    language: wishes.LanguageOption = None,
    forget_feedback: Annotated[
        bool, typer.Option("--forget-feedback", help="Forget what they said of papers.")
    ] = False,
    library: LibraryFiles = None,
    forget_library: ForgetLibrary = False,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Change preferences; interests, if any are given, replace all.

    An import adds to the library, can be repeated, and names every entry that it cannot use. It
    holds the 2,000 papers added last, and each counts as liked, the less the longer ago.

    Example: digest subscribers edit ada@example.org --import-library my.bib
    """
    wanted = (interest, keyword, exclude, category, author, like, library)
    said = (*wanted, frequency, at, timezone, forget_library, forget_feedback)
    _require_change(*said, language, max_papers is not None, dial is not None)
    files = library_imports.read_files(library or ())
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
            language=language,
        )
        if not dry_run:
            _forget(service, found, wanted=forget_feedback, quiet=json)
            membership.change(service, found, preferences=preferences, interests=interests)
        report = import_library(service, found, files.found, forget=forget_library, dry_run=dry_run)
    line = f"{found.email} {'would be' if dry_run else 'is'} changed"
    _answer(found.email, line, report if library else None, files, dry_run=dry_run, json=json)


def _forget(service: App, subscriber: Subscriber, *, wanted: bool, quiet: bool) -> None:
    forgotten = forget_all(service, subscriber) if wanted else 0
    if wanted and not quiet:
        say(f"{forgotten} votes and opened papers are forgotten")


def _require_change(*said: object) -> None:
    if not any(said):
        raise InvalidInput("nothing to change: name an option, such as --interest or --at")


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
app.command("held")(held)
app.command("import")(subscriber_lists.import_csv)
app.command("export")(subscriber_lists.export)
app.command("erase")(memberships.erase)
