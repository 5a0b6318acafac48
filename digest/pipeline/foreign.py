"""Exports of other programs, read as they are: whose address, and whether they are a member."""

from collections.abc import Callable, Collection, Mapping

Cells = Mapping[str, str]

_LISTMONK = {"uuid", "email", "attributes", "status"}
_MAILCHIMP = {"email address", "leid", "euid"}
_LEFT, _BARRED = "unsubscribed", "suppressed"
_OF_LISTMONK = {"enabled": "", "blocklisted": _BARRED}


def translation(columns: Collection[str]) -> Callable[[Cells], dict[str, str]] | None:
    """How a row with these columns (in lower case) reads in our own; None for no known program."""
    if set(columns) >= _LISTMONK:
        return _from_listmonk
    if set(columns) >= _MAILCHIMP:
        return _from_mailchimp
    return None


def _from_listmonk(cells: Cells) -> dict[str, str]:
    """Its subscribers are enabled, disabled or blocklisted."""
    return {"email": cells["email"], "status": _OF_LISTMONK.get(cells["status"], _LEFT)}


def _from_mailchimp(cells: Cells) -> dict[str, str]:
    """One file each for those who are subscribed, unsubscribed and cleaned (bounced)."""
    left = cells.get("unsub_time") or cells.get("clean_time")
    return {"email": cells["email address"], "status": _LEFT if left else ""}
