"""The headers of digests, of which most are those of the digest before."""

import functools
from datetime import datetime
from urllib.parse import quote

from digest.mail.identity import MailIdentity
from digest.mail.wire import (
    Headers,
    ascii_domain,
    date_header,
    free_header,
    from_domain,
    header,
    mailbox,
    token,
)


def digest_head(
    identity: MailIdentity,
    *,
    recipient: str,
    subject: str,
    date: datetime,
    message_id: str,
    unsubscribe_url: str,
) -> list[bytes]:
    """The headers, but for those of the content, that `wire.compose` writes for a digest with its
    `digest_headers`; the campaign is the date."""
    secure = unsubscribe_url.startswith("https://")
    sender, about, before, behind = _shared(identity, subject, date, secure)
    leave = _leave(identity, unsubscribe_url, unsubscribe_url.rpartition("/")[2])
    return [
        sender,
        header("To", ascii_domain(recipient)),
        *about,
        header("Message-ID", message_id),
        *before,
        *[free_header(name, value) for name, value in leave],
        *behind,
    ]


# Many readers have the same subject; the rest is that of all.
@functools.lru_cache(maxsize=1_024)
def _shared(
    identity: MailIdentity, subject: str, date: datetime, secure: bool
) -> tuple[bytes, list[bytes], list[bytes], list[bytes]]:
    """What readers have in common: before To, Message-ID and List-Unsubscribe, and behind it."""
    before, behind = _list_headers(identity, date.date().isoformat(), secure=secure)
    reply_to = [header("Reply-To", ascii_domain(identity.reply_to))] if identity.reply_to else []
    return (
        header("From", mailbox(identity.from_name, identity.from_address)),
        [free_header("Subject", subject), date_header(date)],
        [*reply_to, *(free_header(name, value) for name, value in before)],
        [*(free_header(name, value) for name, value in behind), header("MIME-Version", "1.0")],
    )


def digest_headers(
    identity: MailIdentity, *, unsubscribe_url: str, unsubscribe_token: str, campaign: str
) -> Headers:
    """What a mail to subscribers carries beyond the usual (RFC 2369, 2919, 3834, 8058).

    `campaign` groups complaints in Feedback-ID, e.g. the edition's date. The link is offered for
    one click only over https, as RFC 8058 asks; by mail, the token stands in the subject.
    """
    secure = unsubscribe_url.startswith("https://")
    before, behind = _list_headers(identity, campaign, secure=secure)
    return (*before, *_leave(identity, unsubscribe_url, unsubscribe_token), *behind)


def _leave(identity: MailIdentity, url: str, token: str) -> Headers:
    by_mail = _command(identity, f"unsubscribe {token}")
    leave = _uris(url if url.startswith("https://") else "", by_mail)
    return (("List-Unsubscribe", leave),) if leave else ()


def _list_headers(
    identity: MailIdentity, campaign: str, *, secure: bool
) -> tuple[Headers, Headers]:
    """What all digests of an edition carry, before and behind List-Unsubscribe."""
    home = f"{identity.base_url}/" if identity.base_url.startswith("https://") else ""
    owner = identity.reply_to or identity.from_address
    uris = {
        "List-Subscribe": _uris(home, _command(identity, "subscribe")),
        "List-Help": _uris(home, _command(identity, "help")),
        "List-Owner": _uris(f"mailto:{owner}"),
        "List-Archive": _uris(home),
    }
    list_id = (("List-Id", mailbox(identity.from_name, identity.list_id)),)
    one_click = (("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),)
    return list_id if identity.list_id else (), (
        *((name, value) for name, value in uris.items() if value),
        *(one_click if secure else ()),
        ("Precedence", "bulk"),
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "OOF, AutoReply"),
        ("Feedback-ID", f"{token(campaign)}:digest:mail:{from_domain(identity)}"),
    )


def _uris(*found: str) -> str:
    return ", ".join(f"<{uri}>" for uri in found if uri)


def _command(identity: MailIdentity, subject: str) -> str:
    """A mailto link that sends a command, or "" where no mailbox takes any."""
    address = identity.command_address
    if not address:
        return ""
    # Word by word: `quote` is fast where there is nothing to quote, as in a token.
    words = "%20".join(map(quote, subject.split(" ")))
    return f"mailto:{ascii_domain(address)}?subject={words}"
