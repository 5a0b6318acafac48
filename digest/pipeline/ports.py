"""What leaves the machine, as the steps see it; wiring decides what stands behind each."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from digest.core.deliveries import SendOutcome
from digest.core.fetching import FetchRequest, Page
from digest.core.messages import Envelope


class Source(Protocol):
    """Somewhere that papers come from. `name` is stable: it names rows."""

    @property
    def name(self) -> str: ...

    @property
    def standing_name(self) -> str:
        """Under which name it is kept how we stand with its host, such as a pause."""

    def fetch(self, request: FetchRequest) -> Iterator[Page]:
        """Pages in order, each to be stored before the next is asked for.

        Raises SourceError where it breaks off; pages given before that stand.
        """


class MailConnection(Protocol):
    """One kept connection to the relay, used by one thread."""

    def send(self, envelope: Envelope, message: bytes) -> SendOutcome:
        """Hands over one message and says what came of it; never raises for what a server does."""


class Mailer(Protocol):
    def connection(self) -> AbstractContextManager[MailConnection]:
        """A connection that opens when first used and closes politely at the end."""


class WaitingMail(Protocol):
    """One mail in an inbox, which stays there until it is said what became of it."""

    @property
    def name(self) -> str:
        """What it is called in logs: no word of what it says."""

    def read(self) -> bytes | None:
        """The mail, of one that is too long the beginning; None when it is gone.

        Raises UnreadableMail when this one cannot be had, InboxUnavailable when none can.
        """

    def mark_handled(self) -> None:
        """It does not wait any more. To be called when what came of it is stored."""

    def set_aside(self) -> str:
        """It does not wait any more, and lies where a person finds it: the answer says where."""


class Inbox(Protocol):
    """Where mail to us waits. What it says in errors and answers holds no secret."""

    def opened(self) -> AbstractContextManager[Iterable[WaitingMail]]:
        """What waits now, oldest first. Raises InboxUnavailable, as do the mails."""

    def look(self) -> str:
        """In words where it is and how much waits; changes nothing. Raises InboxUnavailable."""
