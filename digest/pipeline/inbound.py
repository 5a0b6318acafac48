"""Mail that came in: each handled once, and none lost."""

import hashlib
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

import structlog

from digest.core.command_mails import read_command
from digest.core.errors import StoreError
from digest.mail.identity import MailIdentity
from digest.mail.inbox import Maildir, read_mail
from digest.pipeline.app import App
from digest.pipeline.command_cases import Action, Case, InboundReport
from digest.store import inbound

log = structlog.get_logger()


def own_addresses(identity: MailIdentity) -> frozenset[str]:
    """The addresses that we write from and are written to, in lower case."""
    given = (identity.from_address, identity.command_address, identity.bounce_address)
    return frozenset(address.lower() for address in given if address)


def process(app: App, raw: bytes, trusted_authserv_ids: Collection[str] = ()) -> InboundReport:
    """Handles one mail; one that was handled before is left alone.

    `trusted_authserv_ids` name the servers whose Authentication-Results are believed: those of
    the operator, which remove headers that claim their name. Raises StoreError when the
    database cannot be used: try again later.
    """
    mail = read_mail(raw)
    key = hashlib.sha256((mail.message_id or mail.content_hash).encode()).hexdigest()
    with app.store.read() as conn:
        if inbound.outcome_of(conn, key) is not None:
            return InboundReport(kind="repeated", action=Action.NOTHING, why="handled before")
    reading = read_command(mail, own_addresses(app.identity))
    report = Case(app, mail, reading, trusted_authserv_ids).handle()
    with app.store.write() as conn:
        detail = f"{report.kind}: {report.why}" if report.why else report.kind
        inbound.record(conn, key, outcome=report.action, detail=detail, now=app.clock.now())
    log.info("inbound.handled", kind=report.kind, action=report.action.value, why=report.why)
    return report


def process_maildir(
    app: App, path: Path, trusted_authserv_ids: Collection[str] = ()
) -> list[InboundReport]:
    """Handles every mail that waits in a Maildir, in order.

    A mail that breaks goes to the folder `.Quarantine` and the next is taken. When the database
    cannot be used, the rest stays where it is; the last report says so.
    """
    maildir, reports = Maildir(path), []
    for entry in maildir.waiting():
        with suppress(FileNotFoundError):  # another process took it
            report = _process_entry(app, maildir, entry, trusted_authserv_ids)
            reports.append(report)
            if report.action is Action.LEFT:
                break
    return reports


def _process_entry(
    app: App, maildir: Maildir, entry: Path, trusted_authserv_ids: Collection[str]
) -> InboundReport:
    try:
        report = process(app, maildir.read(entry), trusted_authserv_ids)
    except FileNotFoundError:
        raise
    except StoreError as error:
        log.warning("inbound.left", error_code=error.code)
        return InboundReport(kind="unread", action=Action.LEFT, why=str(error))
    except Exception as error:  # whatever one mail does, the others must be read
        maildir.quarantine(entry)
        log.error("inbound.quarantined", file=entry.name, error=type(error).__name__)
        log.debug("inbound.quarantined_because", exc_info=error)
        why = f"{type(error).__name__}; moved to .Quarantine"
        return InboundReport(kind="unread", action=Action.QUARANTINED, why=why)
    maildir.mark_seen(entry)
    return report
