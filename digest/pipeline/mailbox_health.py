"""Whether mail to us gets in, as `doctor` sees it."""

from digest.core.errors import InboxUnavailable
from digest.mail.lmtp import LmtpPlace, greeting_at
from digest.pipeline.deliverability import is_this_machine
from digest.pipeline.health import Check, fail, ok, warn
from digest.pipeline.ports import Inbox

NAME = "mailbox"


def check_inbox(inbox: Inbox | None) -> Check:
    """Whether the inbox can be read; where there is none, how mail could come."""
    if inbox is None:
        how = "set mailbox.kind, or let a mail server pipe it to `digest mailbox process -`"
        return ok(NAME, "no mail is waited for", how)
    try:
        return ok(NAME, inbox.look())
    except InboxUnavailable as error:
        return fail(NAME, error.what, error.todo)


def check_lmtp(place: LmtpPlace) -> Check:
    """Whether mail can be handed over, and by this machine alone."""
    if not place.socket_path and not is_this_machine(place.host):
        return warn(
            NAME,
            f"whoever reaches {place} can hand in mail in anybody's name",
            "set mailbox.host to 127.0.0.1, or mailbox.path to a socket",
        )
    if not greeting_at(place):
        return warn(NAME, f"nobody takes mail at {place}", "start `digest run`")
    return ok(NAME, f"mail is taken at {place}, by LMTP")
