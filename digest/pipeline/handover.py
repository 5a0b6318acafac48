"""Mail that a mail server hands over itself: for whom it is taken, and what becomes of it."""

from contextlib import suppress

from digest.core.errors import InvalidInput
from digest.mail.identity import MailIdentity
from digest.mail.wire import ascii_domain
from digest.pipeline.app import App
from digest.pipeline.command_cases import InboundReport
from digest.pipeline.inbound import process


def is_ours(identity: MailIdentity, recipient: str) -> bool:
    """Whether mail to an address is for us: commands and returned mail, plus parts or not.

    Where there is no bounce address mail is returned to From. Whatever else is at our domain is
    for people to read.
    """
    returned = identity.bounce_address or identity.from_address
    local, _, domain = _spelled(recipient).rpartition("@")
    for own in filter(None, (identity.command_address, returned)):
        own_local, _, own_domain = _spelled(own).rpartition("@")
        if domain == own_domain and (local == own_local or local.startswith(f"{own_local}+")):
            return True
    return False


def take(app: App, raw: bytes) -> InboundReport:
    """Handles one mail. Whatever it raises, the mail is to be handed over again later."""
    return process(app, raw, app.rules.trusted_authserv_ids)


def _spelled(address: str) -> str:
    with suppress(InvalidInput):
        address = ascii_domain(address)
    return address.lower()
