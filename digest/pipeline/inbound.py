"""Mail that came in: each handled once, and none lost."""

import hashlib
from collections.abc import Collection

import structlog

from digest.pipeline.app import App
from digest.pipeline.classifying import InboundKind, InboundReading, classify, own_addresses
from digest.pipeline.command_cases import Action, Case, InboundReport
from digest.pipeline.returned_mails import handle_returned
from digest.store import inbound

log = structlog.get_logger()


def process(app: App, raw: bytes, trusted_authserv_ids: Collection[str] = ()) -> InboundReport:
    """Handles one mail; one that was handled before is left alone.

    `trusted_authserv_ids` name the servers whose Authentication-Results are believed: those of
    the operator, which remove headers that claim their name. Raises StoreError when the
    database cannot be used: try again later.
    """
    found = classify(raw, own_addresses(app.identity))
    name = found.mail.message_id or found.mail.content_hash
    key = hashlib.sha256(name.encode()).hexdigest()
    with app.store.read() as conn:
        if inbound.outcome_of(conn, key) is not None:
            return InboundReport(kind="repeated", action=Action.NOTHING, why="handled before")
    report = _handle(app, found, trusted_authserv_ids)
    with app.store.write() as conn:
        detail = f"{report.kind}: {report.why}" if report.why else report.kind
        inbound.record(conn, key, outcome=report.action, detail=detail, now=app.clock.now())
    log.info("inbound.handled", kind=report.kind, action=report.action.value, why=report.why)
    return report


def _handle(
    app: App, found: InboundReading, trusted_authserv_ids: Collection[str]
) -> InboundReport:
    match found.kind:
        case InboundKind.BOUNCE | InboundKind.COMPLAINT:
            return handle_returned(app, found)
        case InboundKind.AUTO_REPLY:
            why = found.reading.silence
            return InboundReport(kind=found.kind.value, action=Action.NOTHING, why=why)
        case InboundKind.COMMAND | InboundKind.OTHER:
            return Case(app, found.mail, found.reading, trusted_authserv_ids).handle()
