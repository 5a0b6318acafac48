"""`digest mailbox`: mail that came in."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from digest.cli.calls import Commands
from digest.cli.context import Json, opened_app, settings_of
from digest.cli.inbound_rows import inbound_line, inbound_row
from digest.cli.output import print_json, say, warn
from digest.core.errors import ConfigError, InvalidInput, StoreError
from digest.mail.inbox import read_bounded, read_piped
from digest.mail.maildir import Maildir
from digest.pipeline.classifying import classify, own_addresses
from digest.pipeline.command_cases import Action, InboundReport
from digest.pipeline.inbound import process
from digest.pipeline.inboxes import process_inbox
from digest.pipeline.ports import Inbox
from digest.wiring import build_identity, build_inbox

app = Commands(help="Mail that came in.", no_args_is_help=True)

# sysexits.h: the mail server keeps the mail and tries again (pipe(8) of Postfix).
TEMPORARY_FAILURE = 75
FAILED, PARTLY = 1, 3


@app.command("process")
def process_mail(
    ctx: typer.Context,
    files: Annotated[
        list[str] | None, typer.Argument(metavar="FILE", help="Mails; - is stdin.")
    ] = None,
    maildir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="All new mail of this Maildir.")
    ] = None,
    imap: Annotated[
        bool, typer.Option("--imap", help="All new mail of the IMAP folder of [mailbox].")
    ] = False,
) -> None:
    """Handle mail to the command address, and mail that came back.

    A command may say subscribe, confirm, unsubscribe, help, or what a member may change: see the
    answer to help. A bounce or a complaint counts where it is about a mail of ours, as the signed
    return path or the headers in it prove; it is never answered.

    --imap reads the folder that [mailbox] names; mail that nobody has seen there is handled.

    From a pipe, a passing failure exits with 75, so that the mail server tries again.

    Example: digest mailbox process --maildir /var/mail/digest
    """
    if [bool(files), maildir is not None, imap].count(True) != 1:
        raise InvalidInput("give files, - for stdin, --maildir DIR, or --imap")
    inbox = _inbox(ctx, maildir) if imap or maildir is not None else None
    try:
        with opened_app(ctx) as service:
            trusted = service.rules.trusted_authserv_ids
            if inbox is not None:
                reports = process_inbox(service, inbox, trusted)
            else:
                reports = [process(service, _read(name), trusted) for name in files or ()]
    except (StoreError, OSError) as error:
        if files != ["-"]:
            raise
        warn(f"error: {error}")
        raise typer.Exit(TEMPORARY_FAILURE) from error
    left = [report for report in reports if report.action is Action.LEFT]
    for report in reports:
        if report not in left:
            say(_line(report))
    for report in left:
        warn(f"error: {report.why}")
        raise typer.Exit(FAILED if len(reports) == 1 else PARTLY)
    if not reports:
        say("no new mail")


@app.command("classify")
def classify_mail(
    ctx: typer.Context,
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="Mails; - is stdin.")],
    json: Json = False,
) -> None:
    """Say what mails are, and change nothing.

    Each is a bounce, complaint, auto_reply, command or other. Of a bounce it tells whom the mail
    did not reach: hard where the address is dead, else soft. A policy bounce is soft: it is held
    against the sender. JSON is a list, with one object for each FILE, also for one.

    Example: digest mailbox classify bounce.eml --json
    """
    own = own_addresses(build_identity(settings_of(ctx)))
    _check_readable(files)
    found = ((name, classify(_read(name), own)) for name in files)
    if json:
        print_json([inbound_row(name, each) for name, each in found])
        return
    for name, each in found:
        say(inbound_line(name, each))


def _check_readable(names: Sequence[str]) -> None:
    """Raises InvalidInput that names every file that cannot be read, before any is."""
    mistakes = []
    for name in names:
        try:
            if name != "-":
                Path(name).open("rb").close()
        except OSError as error:
            mistakes.append(f"{name} cannot be read: {error.strerror}")
    if mistakes:
        raise InvalidInput("; ".join(mistakes))


def _read(name: str) -> bytes:
    if name == "-":
        return read_piped(sys.stdin.buffer)
    try:
        with Path(name).open("rb") as file:
            return read_bounded(file)
    except OSError as error:
        raise InvalidInput(f"{name} cannot be read: {error.strerror}") from error


def _line(report: InboundReport) -> str:
    why = f" ({report.why})" if report.why else ""
    return f"{report.kind}: {report.action.value}{why}"


def _inbox(ctx: typer.Context, maildir: Path | None) -> Inbox:
    """The Maildir that was named, else the configured IMAP folder."""
    if maildir is not None:
        if not maildir.is_dir():
            raise InvalidInput(f"{maildir}: there is no such folder")
        return Maildir(maildir)
    settings = settings_of(ctx)
    inbox = build_inbox(settings) if settings.mailbox.kind == "imap" else None
    if inbox is None:
        raise ConfigError([f'mailbox.kind: --imap needs "imap", it is "{settings.mailbox.kind}"'])
    return inbox
