"""Whether mail to us gets in, as `doctor` sees it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from digest.core.errors import InboxUnavailable
from digest.mail.lmtp import LmtpPlace, greeting_at
from digest.pipeline.deliverability import is_this_machine
from digest.pipeline.health import Check, fail, ok, warn
from digest.pipeline.ports import Inbox

NAME = "mailbox"
# Of a mailer that works something comes back every week, be it that somebody is on holiday.
_COMES_WITHIN = timedelta(days=30)
_HOW = "set mailbox.kind, or let a mail server pipe it to `digest mailbox process -`"


def check_piped(addresses: Sequence[str], last: datetime | None, now: datetime) -> Check:
    """Where we read no inbox, whether mail to `addresses`, which our mails name, comes to us;
    `last` is when one was last handled."""
    if not addresses:
        return ok(NAME, "no mail is waited for", _HOW)
    named = " and ".join(addresses)
    if last is None or now - last > _COMES_WITHIN:
        return warn(NAME, f"no mail to {named} was handled for {_COMES_WITHIN.days} days", _HOW)
    return ok(NAME, f"mail to {named} is handed to us, last on {last:%Y-%m-%d}")


def check_inbox(inbox: Inbox) -> Check:
    """Whether the inbox can be read."""
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
