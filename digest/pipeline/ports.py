"""What leaves the machine, as the steps see it; wiring decides what stands behind each."""

from collections.abc import Iterator
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
