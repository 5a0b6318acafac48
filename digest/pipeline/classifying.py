"""What a mail that came in is. Reads nothing but the mail, and changes nothing."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from digest.core.command_mails import Reading, read_command
from digest.core.commands import Command, Ignored, Unknown
from digest.core.inbound import InboundMail
from digest.core.returned import ReturnedMail, ReturnKind
from digest.mail.identity import MailIdentity
from digest.mail.inbox import read_mail
from digest.mail.returned import read_returned


class InboundKind(StrEnum):
    """`other`: a person or a program says something that is nothing for a program."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    AUTO_REPLY = "auto_reply"
    COMMAND = "command"
    OTHER = "other"


_RETURNED = {
    ReturnKind.BOUNCE: InboundKind.BOUNCE,
    ReturnKind.COMPLAINT: InboundKind.COMPLAINT,
    ReturnKind.AUTO_REPLY: InboundKind.AUTO_REPLY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundReading:
    """A mail, and all that is read in it."""

    kind: InboundKind
    mail: InboundMail
    returned: ReturnedMail
    reading: Reading

    @property
    def command(self) -> Command | None:
        """What is asked; None where the mail is no command."""
        return self.reading.command if self.kind is InboundKind.COMMAND else None


def own_addresses(identity: MailIdentity) -> frozenset[str]:
    """The addresses that we write from and are written to, in lower case."""
    given = (identity.from_address, identity.command_address, identity.bounce_address)
    return frozenset(address.lower() for address in given if address)


def classify(raw: bytes, own: Collection[str]) -> InboundReading:
    """What the mail `raw` is; never raises. `own` are our addresses in lower case.

    A program may unsubscribe for its user: such a mail is a command, automatic or not.
    """
    mail = read_mail(raw)
    returned, reading = read_returned(raw, mail), read_command(mail, own)
    kind = _RETURNED.get(returned.kind, InboundKind.OTHER)
    asks = not isinstance(reading.command, Ignored | Unknown)
    if asks and kind in (InboundKind.AUTO_REPLY, InboundKind.OTHER):
        kind = InboundKind.COMMAND
    return InboundReading(kind=kind, mail=mail, returned=returned, reading=reading)
