"""Stand-ins for what leaves the machine; each satisfies the port it stands in for."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from digest.core.clock import Clock
from digest.core.deliveries import Accepted, SendOutcome
from digest.core.errors import EncoderUnavailable, EncodingError
from digest.core.fetching import FetchRequest, Page
from digest.core.messages import Envelope
from digest.core.pacing import Standing, Validators, turn_at
from digest.embedding.encoder import Encoder, Floats
from digest.embedding.prompts import NO_PROMPTS, Kind, Prompts
from digest.pipeline.ports import MailConnection, Mailer, Source
from digest.sources.etiquette import PaceState

_TAKEN = Accepted(250, "2.0.0 taken")
NOON = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)


class FakeClock:
    """Time that passes only when somebody sleeps or a test says so; `naps` keeps each sleep."""

    def __init__(self, start: datetime = NOON) -> None:
        self._now = start
        self.naps: list[float] = []

    def now(self) -> datetime:
        return self._now

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)

    def set(self, moment: datetime) -> None:
        self._now = moment


class MemoryPaces:
    """The etiquette that outlives a restart, kept in memory."""

    def __init__(self) -> None:
        self.standings: dict[str, Standing] = {}
        self.kept: dict[str, Validators] = {}

    def standing(self, name: str) -> Standing:
        return self.standings.get(name, Standing())

    def reserve(self, name: str, *, now: datetime, interval: timedelta) -> datetime:
        moment = turn_at(self.standing(name).next_request_at, now, interval)
        self.save_next_request(name, moment + interval)
        return moment

    def save_next_request(self, name: str, at: datetime) -> None:
        self.standings[name] = replace(self.standing(name), next_request_at=at)

    def save_pause(
        self,
        name: str,
        *,
        until: datetime,
        reason: str,
        throttled_in_a_row: int,
        failed_in_a_row: int = 0,
    ) -> None:
        self.standings[name] = Standing(
            next_request_at=self.standing(name).next_request_at,
            paused_until=until,
            pause_reason=reason,
            throttled_in_a_row=throttled_in_a_row,
            failed_in_a_row=failed_in_a_row,
        )

    def save_failures(self, name: str, failed_in_a_row: int) -> None:
        self.standings[name] = replace(self.standing(name), failed_in_a_row=failed_in_a_row)

    def clear_pause(self, name: str) -> None:
        self.standings[name] = Standing(next_request_at=self.standing(name).next_request_at)

    def validators(self, url: str) -> Validators | None:
        return self.kept.get(url)

    def save_validators(self, url: str, kept: Validators) -> None:
        self.kept[url] = kept


class FakeSource:
    """A source whose answers are written down: each fetch plays the next script, the last one
    again and again. A script is pages in order, and an error where the fetch breaks off."""

    def __init__(self, name: str, *scripts: Sequence[Page | Exception]) -> None:
        self._name = name
        self._scripts = list(scripts) or [()]
        self.requests: list[FetchRequest] = []

    @property
    def name(self) -> str:
        return self._name

    @property
    def standing_name(self) -> str:
        return f"{self._name}.example"

    def fetch(self, request: FetchRequest) -> Iterator[Page]:
        script = self._scripts[min(len(self.requests), len(self._scripts) - 1)]
        self.requests.append(request)
        for step in script:
            if isinstance(step, Exception):
                raise step
            yield step


class FakeMailer:
    """A relay that keeps what it is handed and answers as written down for the recipient: one
    outcome a try, the last one again and again, `otherwise` to everybody else.

    `before` hears each envelope before the answer: there a test lets the world change.
    """

    def __init__(
        self,
        answers: Mapping[str, Sequence[SendOutcome]] | None = None,
        *,
        otherwise: SendOutcome = _TAKEN,
        before: Callable[[Envelope], None] | None = None,
    ) -> None:
        self.answers = {address: list(script) for address, script in (answers or {}).items()}
        self.otherwise = otherwise
        self.before = before
        self.tries: list[tuple[Envelope, bytes]] = []
        self.taken: list[tuple[Envelope, bytes]] = []
        self._lock = threading.Lock()

    @contextmanager
    def connection(self) -> Iterator[MailConnection]:
        yield self

    def send(self, envelope: Envelope, message: bytes) -> SendOutcome:
        if self.before is not None:
            self.before(envelope)
        with self._lock:
            self.tries.append((envelope, message))
            script = self.answers.get(envelope.recipient, [self.otherwise])
            outcome = script.pop(0) if len(script) > 1 else script[0]
            if isinstance(outcome, Accepted):
                self.taken.append((envelope, message))
        return outcome

    @property
    def recipients(self) -> list[str]:
        """Who was sent something, in the order it was taken."""
        return [envelope.recipient for envelope, _ in self.taken]


class FakeEncoder:
    """Texts by their first letters: one that begins as another does means the same.

    `down` says why nothing is encoded now; a text with one of the words of `refused` is not
    taken. `asked` are the texts of each call, with what stands before them.
    """

    def __init__(
        self, name: str = "letters", dimensions: int = 32, prompts: Prompts = NO_PROMPTS
    ) -> None:
        self.name = name
        self.dimensions = dimensions
        self.prompts = prompts
        self.batch = 4
        self.down = ""
        self.refused: frozenset[str] = frozenset()
        self.asked: list[tuple[str, ...]] = []

    def encode(self, texts: Sequence[str], kind: Kind = Kind.DOCUMENT) -> Floats:
        texts = [self.prompts.of(kind) + text for text in texts]
        self.asked.append(tuple(texts))
        if self.down:
            raise EncoderUnavailable(self.down)
        if any(word in self.refused for text in texts for word in text.split()):
            raise EncodingError("input is too long")
        rows = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in enumerate(texts):
            rows[row, ord(text[0]) % self.dimensions] = 1
        return rows


_fits: tuple[
    Callable[[], Clock],
    Callable[[], PaceState],
    Callable[[str], Source],
    Callable[[], Mailer],
    Callable[[], Encoder],
] = (FakeClock, MemoryPaces, FakeSource, FakeMailer, FakeEncoder)
