"""A small world for the pages: a real database, a clock that stands still, invented papers."""

import itertools
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa
from flask import Flask

from digest.core.dedupe import plan
from digest.core.deliveries import PlannedPaper
from digest.core.editions import EditionId, edition_window
from digest.core.identifiers import ARXIV, Identifier
from digest.core.interests import Interest, parse_interests
from digest.core.messages import MailKind
from digest.core.papers import Paper, Reading, SourceRecord
from digest.core.subscribers import Preferences, Status, Subscriber, next_slot
from digest.core.tokens import Purpose
from digest.pipeline.app import App
from digest.store import arrivals, editions, feedback, library, outbox, papers, subscribers
from digest.store.arrivals import NewSubscriber
from digest.store.editions import Candidate
from digest.store.engine import Store
from digest.store.outbox import DeliveryRow, NewDelivery
from digest.store.tables import metadata
from digest.web.monitors import Monitors
from digest.web.site import create_web
from tests import builders
from tests.builders import make_identity

NOW = datetime(2026, 3, 20, 9, 0, tzinfo=UTC)
TODAY = date(2026, 3, 20)


@dataclass
class StandingClock:
    moment: datetime = NOW

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


def make_app(store: Store, clock: StandingClock, base_url: str = "https://digest.example") -> App:
    return builders.make_app(store, clock=clock, identity=make_identity(base_url=base_url))


@dataclass
class World:
    app: App
    clock: StandingClock
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    @property
    def site(self) -> Flask:
        return create_web(self.app, monitors=Monitors(["127.0.0.1"]))

    def member(
        self,
        email: str = "ada@reader.example",
        status: Status = Status.ACTIVE,
        wishes: str = "proof assistants",
        preferences: Preferences | None = None,
    ) -> Subscriber:
        preferences = preferences or Preferences()
        with self.app.store.write() as conn:
            new = NewSubscriber(
                public_id=f"member-{next(self._numbers)}",
                email=email,
                status=status,
                preferences=preferences,
                interests=parse_interests(wishes),
                next_due_at=next_slot(preferences, NOW) if status is Status.ACTIVE else None,
            )
            return arrivals.add(conn, new, self.clock.now())

    def token(
        self, purpose: Purpose, subscriber: Subscriber, expires_at: datetime | None = None
    ) -> str:
        return self.app.tokens.sign(purpose, subscriber.public_id, expires_at)

    def reread(self, subscriber: Subscriber) -> Subscriber:
        with self.app.store.read() as conn:
            found = subscribers.by_id(conn, subscriber.id)
        assert found is not None
        return found

    def by_email(self, email: str) -> Subscriber | None:
        with self.app.store.read() as conn:
            return subscribers.by_email(conn, email)

    def weigh(self, subscriber: Subscriber, interest: Interest) -> None:
        with self.app.store.write() as conn:
            subscribers.replace_interests(conn, subscriber.id, [interest])

    def mails(self, kind: MailKind) -> list[DeliveryRow]:
        with self.app.store.read() as conn:
            return outbox.listed(conn, kind=kind)

    def paper(self, title: str = "A calm paper", **values: object) -> Paper:
        """A stored paper; `values` are fields of its record."""
        number = next(self._numbers)
        given: dict[str, object] = {
            "source": "arxiv",
            "ids": (Identifier(ARXIV, f"2603.{number:05d}"),),
            "title": title,
            "abstract": "We watch the paint dry and report how long it takes.",
            "authors": ("Grace Hopper", "Alan Turing"),
            "appeared_at": NOW - timedelta(hours=20),
            "published_at": NOW - timedelta(hours=20),
            "url": f"https://arxiv.org/abs/2603.{number:05d}",
            "categories": ("cs.LG",),
        }
        record = SourceRecord(**{**given, **values})  # type: ignore[arg-type]
        with self.app.store.write() as conn:
            papers.apply(conn, plan([record], papers.known(conn, [record])), self.clock.now())
            found = library.by_identifier(conn, record.ids[0])
        assert found is not None
        return found

    def read_again(self, paper: Paper, **readings: float) -> None:
        """The paper's source is asked again and shows these numbers."""
        self.paper(
            paper.title,
            ids=paper.ids,
            source=paper.sources[0],
            readings=tuple(Reading(metric=name, value=value) for name, value in readings.items()),
        )

    def edition(self, day: date, chosen: list[tuple[Paper, float, str]]) -> EditionId:
        """The edition of a day: papers, each with its trend and the reason for it."""
        with self.app.store.write() as conn:
            editions.create(conn, day, edition_window(day, "UTC", 7))
            made = editions.by_date(conn, day)
            assert made is not None
            candidates = [
                Candidate(paper_id=paper.id, trend=trend, trend_reason=reason)
                for paper, trend, reason in chosen
            ]
            editions.freeze(conn, made.id, candidates, missing=[], now=self.clock.now())
        return made.id

    def digest(self, subscriber: Subscriber, paper: Paper) -> str:
        """A planned digest with one paper; its public id."""
        edition_id = self.edition(TODAY, [(paper, 0.5, "")])
        new = NewDelivery(
            public_id=self.app.new_id(),
            kind=MailKind.DIGEST,
            subscriber_id=subscriber.id,
            edition_id=edition_id,
            message_id="<digest@digest.example>",
            papers=(PlannedPaper(paper_id=paper.id, score=1, relevance=1, trend=1, reason="New"),),
        )
        with self.app.store.write() as conn:
            editions.add_cards(conn, edition_id, [self.app.renderer.card(paper)])
            outbox.enqueue(conn, [new], self.clock.now())
        return new.public_id

    def feedback_path(self, public_id: str, kind: str, position: int = 0) -> str:
        """The address at which a paper of a digest is judged."""
        token = self.app.tokens.sign(Purpose.FEEDBACK, public_id)
        return f"/feedback/{token}.{position}.{kind}"

    def said(self, subscriber: Subscriber) -> list[tuple[int, str]]:
        """What somebody says of papers, the newest first."""
        with self.app.store.read() as conn:
            votes = feedback.of(conn, [subscriber.id])[subscriber.id]
        return [(vote.paper_id, vote.kind.value) for vote in votes]

    def state(self) -> dict[str, list[tuple[object, ...]]]:
        """Every row of every table."""
        with self.app.store.read() as conn:
            return {
                table.name: sorted((tuple(row) for row in conn.execute(sa.select(table))), key=repr)
                for table in metadata.sorted_tables
            }
