"""Mail that came in: each handled once, and none lost."""

import hashlib
from collections.abc import Collection

import structlog

from digest.pipeline.app import App
from digest.pipeline.classifying import classify, own_addresses
from digest.pipeline.command_cases import Action, Case, InboundReport
from digest.store import inbound

log = structlog.get_logger()


def process(app: App, raw: bytes, trusted_authserv_ids: Collection[str] = ()) -> InboundReport:
    """Handles one mail; one that was handled before is left alone.

    `trusted_authserv_ids` name the servers whose Authentication-Results are believed: those of
    the operator, which remove headers that claim their name. Raises StoreError when the
    database cannot be used: try again later.
    """
    found = classify(raw, own_addresses(app.identity))
    mail = found.mail
    key = hashlib.sha256((mail.message_id or mail.content_hash).encode()).hexdigest()
    with app.store.read() as conn:
        if inbound.outcome_of(conn, key) is not None:
            return InboundReport(kind="repeated", action=Action.NOTHING, why="handled before")
    report = Case(app, mail, found.reading, trusted_authserv_ids).handle()
    with app.store.write() as conn:
        detail = f"{report.kind}: {report.why}" if report.why else report.kind
        inbound.record(conn, key, outcome=report.action, detail=detail, now=app.clock.now())
    log.info("inbound.handled", kind=report.kind, action=report.action.value, why=report.why)
    return report
