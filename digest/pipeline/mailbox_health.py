"""Whether mail to us gets in, as `doctor` sees it."""

from digest.core.errors import InboxUnavailable
from digest.pipeline.health import Check, fail, ok
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
