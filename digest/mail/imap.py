"""Mail that waits in a folder of an IMAP server (RFC 3501, RFC 9051).

What waits is what nobody has seen. A mail is named by its UID, which holds as long as the folder's
UIDVALIDITY does; across sessions it is the server's flags, and our own memory of Message-IDs,
that tell what was handled.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from digest.mail.imap_config import ImapConfig, tls_context
from digest.mail.imap_session import ImapSession


class ImapInbox:
    """The mailbox. Every look is a connection of its own."""

    def __init__(self, config: ImapConfig) -> None:
        self._config = config
        self._tls = tls_context(config)

    @contextmanager
    def opened(self) -> Iterator[Iterator["ImapMail"]]:
        """Mails that nobody has seen, by ascending UID. Raises InboxUnavailable."""
        session = ImapSession(self._config, self._tls)
        try:
            session.create_handled_folder()
            yield (ImapMail(session, uid) for uid in session.waiting())
        finally:
            session.close()

    def look(self) -> str:
        """Logs in and counts what waits. Raises InboxUnavailable."""
        session = ImapSession(self._config, self._tls)
        try:
            count, config = len(session.waiting()), self._config
            where = f"{config.folder} of {config.host}:{config.port}"
            return f"{where}: {count} waiting, {session.encryption or 'no TLS'}"
        finally:
            session.close()


@dataclass(frozen=True, slots=True)
class ImapMail:
    """One mail of the folder."""

    session: ImapSession
    uid: int

    @property
    def name(self) -> str:
        return f"{self.session.uid_validity}/{self.uid}"

    def read(self) -> bytes | None:
        """The mail, of a longer one than is looked at the beginning; None where it is gone.

        Raises UnreadableMail when the server refuses it, or breaks over it time and again.
        """
        return self.session.fetch(self.uid)

    def mark_handled(self) -> None:
        """Marks it as seen and moves it, where that is asked for. Raises InboxUnavailable."""
        self.session.mark_handled(self.uid)

    def set_aside(self) -> str:
        """Moves it to the quarantine folder; where that cannot be it stays, flagged and seen."""
        return self.session.set_aside(self.uid)
