"""Records, papers, members and whole apps with sensible contents; nothing here is random."""

import hashlib
import itertools
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from digest.core.clock import Clock
from digest.core.dedupe import plan
from digest.core.deliveries import Delivery, DeliveryId, DeliveryStatus, PlannedPaper
from digest.core.editions import Edition, edition_window
from digest.core.identifiers import ARXIV, Identifier, PaperId
from digest.core.interests import Interest, InterestKind
from digest.core.messages import MailKind
from digest.core.papers import Paper, SourceRecord
from digest.core.subscribers import Preferences, Status, Subscriber, SubscriberId
from digest.core.tokens import TokenSigner
from digest.embedding.encoder import Encoder
from digest.mail.identity import MailIdentity
from digest.mail.render import Renderer
from digest.pipeline.app import App, Rules, WhenEmpty
from digest.pipeline.meaning import Meanings
from digest.pipeline.ports import MailConnection, Mailer, Source
from digest.store import arrivals, editions, library, papers
from digest.store.arrivals import NewSubscriber
from digest.store.editions import Candidate
from digest.store.engine import Store
from digest.store.outbox import NewDelivery
from tests.fakes import NOON, FakeClock

NOW = NOON
TODAY = date(2026, 3, 20)
SECRET = "a secret that is only for tests, 32+"
TEMPLATES = Path(__file__).resolve().parents[1] / "templates"


# --- values ---------------------------------------------------------------------------------------


def make_record(number: int = 1, **changes: Any) -> SourceRecord:
    """What arXiv says of its `number`th paper."""
    record = SourceRecord(
        source="arxiv",
        ids=(Identifier(ARXIV, f"2603.{number:05d}"),),
        title=f"Walking robots that plan ahead, study {number}",
        abstract=f"Robots fall. In study {number} we propose a planner and count the falls.",
        authors=("Ada Bell", "Chen Dao"),
        appeared_at=NOW - timedelta(hours=12),
        published_at=NOW - timedelta(hours=12),
        authority=10,
        url=f"https://arxiv.org/abs/2603.{number:05d}",
        categories=("cs.RO",),
    )
    return replace(record, **changes)


def make_paper(number: int = 1, **changes: Any) -> Paper:
    """A paper as the store gives it back; its id is `number`."""
    record = make_record(number)
    paper = Paper(
        id=PaperId(number),
        title=record.title,
        abstract=record.abstract,
        authors=record.authors,
        published_at=NOW - timedelta(hours=12),
        first_seen_at=NOW - timedelta(hours=6),
        url=record.url,
        categories=record.categories,
        ids=record.ids,
        sources=("arxiv",),
    )
    return replace(paper, **changes)


def make_interest(
    value: str = "walking robots", kind: InterestKind = InterestKind.TEXT, weight: float = 1.0
) -> Interest:
    return Interest(kind, value, weight)


def make_subscriber(number: int = 1, **changes: Any) -> Subscriber:
    """An active member who is not in any database."""
    subscriber = Subscriber(
        id=SubscriberId(number),
        public_id=f"{number:024x}",
        email=f"reader{number}@example.org",
        status=Status.ACTIVE,
        created_at=NOW - timedelta(days=30),
        confirmed_at=NOW - timedelta(days=30),
        preferences=Preferences(),
        interests=(make_interest(),),
    )
    return replace(subscriber, **changes)


def make_delivery(number: int = 1, **changes: Any) -> Delivery:
    """A digest that a worker is sending."""
    delivery = Delivery(
        id=DeliveryId(number),
        public_id=f"{number:024x}",
        kind=MailKind.DIGEST,
        subscriber_id=SubscriberId(1),
        edition_id=None,
        status=DeliveryStatus.SENDING,
        created_at=NOW,
        next_attempt_at=NOW,
    )
    return replace(delivery, **changes)


def make_planned(paper_id: int, **changes: Any) -> PlannedPaper:
    planned = PlannedPaper(
        paper_id=PaperId(paper_id), score=0.6, relevance=0.7, trend=0.5, reason="new on arXiv"
    )
    return replace(planned, **changes)


def make_new_delivery(subscriber_id: int, number: int = 1, **changes: Any) -> NewDelivery:
    """A digest to be queued; one of no edition unless told."""
    new = NewDelivery(
        public_id=f"{number:024x}",
        kind=MailKind.DIGEST,
        subscriber_id=SubscriberId(subscriber_id),
        message_id=f"<{number:024x}@digest.example>",
    )
    return replace(new, **changes)


# --- rows -----------------------------------------------------------------------------------------


def store_records(
    store: Store, records: Sequence[SourceRecord], now: datetime = NOW
) -> list[Paper]:
    """Stores one page of records as a fetch does; the paper of each record, in their order."""
    with store.write() as conn:
        papers.apply(conn, plan(records, papers.known(conn, records)), now)
        found = [library.by_identifier(conn, record.ids[0]) for record in records]
    assert None not in found
    return [paper for paper in found if paper is not None]


def store_papers(store: Store, number: int, now: datetime = NOW) -> list[Paper]:
    """`number` unlike papers, stored."""
    return store_records(store, [make_record(n) for n in range(1, number + 1)], now)


def store_subscriber(
    store: Store,
    number: int = 1,
    *,
    email: str = "",
    status: Status = Status.ACTIVE,
    preferences: Preferences | None = None,
    wishes: Sequence[Interest] | None = None,
    now: datetime = NOW,
    next_due_at: datetime | None = None,
) -> Subscriber:
    with store.write() as conn:
        new = NewSubscriber(
            public_id=f"{number:024x}",
            email=email or f"reader{number}@example.org",
            status=status,
            preferences=preferences or Preferences(),
            interests=(make_interest(),) if wishes is None else wishes,
            next_due_at=next_due_at,
        )
        return arrivals.add(conn, new, now)


def store_edition(store: Store, day: date = TODAY, chosen: Sequence[Paper] = ()) -> Edition:
    """The edition of a day, frozen with these candidates, the first of which trends most."""
    candidates = [
        Candidate(paper_id=paper.id, trend=1 / (place + 1), trend_reason="new on arXiv")
        for place, paper in enumerate(chosen)
    ]
    with store.write() as conn:
        editions.create(conn, day, edition_window(day, "UTC", 7))
        made = editions.by_date(conn, day)
        assert made is not None
        editions.freeze(conn, made.id, candidates, missing=[], now=NOW)
        frozen = editions.by_date(conn, day)
    assert frozen is not None
    return frozen


# --- apps -----------------------------------------------------------------------------------------


class NoMailer:
    """For apps that must not send: opening a connection fails the test."""

    def connection(self) -> AbstractContextManager[MailConnection]:
        raise AssertionError("nothing was to be sent here")


def make_identity(**changes: Any) -> MailIdentity:
    identity = MailIdentity(
        from_name="Paper Digest",
        from_address="digest@digest.example",
        list_id="daily.digest.example",
        base_url="https://digest.example",
    )
    return replace(identity, **changes)


def make_rules(**changes: Any) -> Rules:
    rules = Rules(
        timezone="UTC",
        catch_up_within=timedelta(hours=6),
        lookback_days=7,
        min_papers=1,
        when_empty=WhenEmpty.SKIP,
        diversity=0.3,
        connections=1,
        rate_per_second=0,
        rate_per_domain=0,
        subscribe_per_hour=5,
        trusted_authserv_ids=(),
        readings_days=30,
        signal_retention_days=400,
        delivery_retention_days=180,
        defaults=Preferences(),
    )
    return replace(rules, **changes)


def counting_ids() -> Callable[[], str]:
    """Public ids in the true form, counted up."""
    numbers = itertools.count(1)
    return lambda: f"{next(numbers):024x}"


def make_app(
    store: Store,
    *,
    clock: Clock | None = None,
    sources: Mapping[str, Source] | None = None,
    mailer: Mailer | None = None,
    identity: MailIdentity | None = None,
    every: timedelta = timedelta(hours=1),
    encoder: Encoder | None = None,
    **rules: Any,
) -> App:
    """An app over a real store, with a clock that stands still and ids that count up.

    `rules` are fields of `Rules` that differ from `make_rules()`.
    """
    identity = identity or make_identity()
    made = make_rules(**rules)
    sources = sources or {}
    clock = clock or FakeClock(NOW)
    return App(
        store=store,
        clock=clock,
        new_id=counting_ids(),
        owner="tests",
        sources=sources,
        every=dict.fromkeys(sources, every),
        mailer=mailer or NoMailer(),
        renderer=Renderer([TEMPLATES], identity),
        signer=None,
        tokens=TokenSigner(SECRET),
        identity=identity,
        address_hash=lambda text: hashlib.sha256(text.casefold().encode()).hexdigest(),
        rules=made,
        meanings=Meanings(store, clock, encoder) if encoder is not None else None,
    )
