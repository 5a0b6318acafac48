"""From rows to the bytes of a mail: the same rows give the same bytes, at every try."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from digest.core.deliveries import Delivery, DeliveryId, DeliveryStatus, PlannedPaper
from digest.core.editions import Card, Edition, EditionId
from digest.core.errors import NotFound
from digest.core.identifiers import PaperId
from digest.core.messages import Content, Envelope, MailKind, OutgoingMail
from digest.core.subscribers import Language, Subscriber, SubscriberId
from digest.mail import letterhead, wire
from digest.mail.identity import MailIdentity
from digest.mail.render import VIA_MAIL, VIA_OPERATOR, VIA_WEB
from digest.mail.view import DigestPaper, DigestView
from digest.pipeline import links
from digest.pipeline.app import App
from digest.pipeline.membership import message_id
from digest.pipeline.planning import said_in
from digest.pipeline.summarize import with_summaries
from digest.store import editions, library, outbox
from digest.store import subscribers as members

_VIA = {"web": VIA_WEB, "mail": VIA_MAIL, "operator": VIA_OPERATOR}


_CardKey = tuple[EditionId, PaperId, Language]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """Everything that the mails of some deliveries are made from, read at once."""

    app: App
    subscribers: Mapping[SubscriberId, Subscriber]
    editions: Mapping[EditionId, Edition]
    papers: Mapping[DeliveryId, Sequence[PlannedPaper]]
    cards: Mapping[_CardKey, Card]
    titles: Mapping[PaperId, str]

    def subscriber(self, delivery: Delivery) -> Subscriber | None:
        return self.subscribers.get(delivery.subscriber_id)

    def content(self, delivery: Delivery) -> Content:
        """Subject, text and HTML of a delivery."""
        if delivery.kind is MailKind.DIGEST:
            return self.app.renderer.digest(self.view(delivery))
        return letter_content(self.app, self.subscribers[delivery.subscriber_id], delivery)

    def view(self, delivery: Delivery) -> DigestView:
        """What a digest says to its reader."""
        assert delivery.edition_id is not None
        edition = self.editions[delivery.edition_id]
        language = said_in(delivery.payload)
        cards, titles = self.cards, self.titles
        papers = [
            digest_paper(cards[edition.id, p.paper_id, language], titles[p.paper_id], p)
            for p in self.papers[delivery.id]
        ]
        subscriber = self.subscribers[delivery.subscriber_id]
        return digest_view(self.app, subscriber, edition, delivery, papers)

    def write(self, delivery: Delivery) -> tuple[Envelope, bytes]:
        """The envelope and the finished message, signed where keys are configured."""
        subscriber = self.subscribers[delivery.subscriber_id]
        if delivery.kind is MailKind.DIGEST:
            return finish_digest(self.app, subscriber, delivery, self.view(delivery))
        return finish(self.app, subscriber, delivery, self.content(delivery))


def load_letters(app: App, deliveries: Sequence[Delivery], *, anew: bool = False) -> Letters:
    """Reads what these deliveries need, in a handful of queries; with `anew` cards are made from
    what is known of the papers today."""
    with app.store.read() as conn:
        planned = outbox.papers_of(conn, [d.id for d in deliveries])
        wanted: dict[tuple[EditionId, Language], set[PaperId]] = {}
        for delivery in deliveries:
            if delivery.edition_id is not None:
                ids = wanted.setdefault((delivery.edition_id, said_in(delivery.payload)), set())
                ids.update(paper.paper_id for paper in planned[delivery.id])
        cards = {
            (edition_id, card.paper_id, language): card
            for (edition_id, language), ids in wanted.items()
            for card in editions.cards_of(conn, edition_id, sorted(ids), language).values()
            if not anew
        }
        cards |= _rendered_anew(app, conn, wanted, cards)
        cards = {key: _the_one(card) for key, card in cards.items()}
        return Letters(
            app=app,
            subscribers=members.many(conn, [d.subscriber_id for d in deliveries]),
            editions=editions.many(conn, list({edition_id for edition_id, _ in wanted})),
            papers=planned,
            cards=cards,
            titles=library.titles_of(conn, set().union(*wanted.values())),
        )


# Every batch reads its cards anew. What was made of a card is found by its text, which is compared
# letter by letter where it is not the very one of the batch before.
@functools.lru_cache(maxsize=2_048)
def _the_one(card: Card) -> Card:
    """The card that was first there of those that are equal."""
    return card


def _rendered_anew(
    app: App,
    conn: sa.Connection,
    wanted: Mapping[tuple[EditionId, Language], set[PaperId]],
    have: Mapping[_CardKey, Card],
) -> dict[_CardKey, Card]:
    """Cards of papers that have lost theirs, from what is known of the papers today."""
    keys = ((e, p, language) for (e, language), ids in wanted.items() for p in sorted(ids))
    lost = [key for key in keys if key not in have]
    papers = with_summaries(app, library.by_ids(conn, {p for _, p, _ in lost}))
    return {key: app.renderer.card(papers[key[1]], key[2]) for key in lost if key[1] in papers}


def digest_paper(card: Card, title: str, planned: PlannedPaper) -> DigestPaper:
    """A planned paper as a digest shows it."""
    return DigestPaper(
        card,
        title,
        planned.reason,
        planned.position,
        planned.section,
        planned.relevance,
        planned.trend,
    )


def digest_view(
    app: App,
    subscriber: Subscriber,
    edition: Edition,
    delivery: Delivery,
    papers: Sequence[DigestPaper],
) -> DigestView:
    """One person's digest."""
    confirmed = subscriber.confirmed_at
    missing = delivery.payload.get("missing", "")
    return DigestView(
        day=edition.date,
        papers=tuple(papers),
        language=said_in(delivery.payload),
        appeared_count=int(delivery.payload.get("appeared", edition.candidate_count)),
        matched_count=int(delivery.payload.get("matched", 0)),
        missing=tuple(missing.splitlines()),
        weekly=bool(delivery.payload.get("weekly")),
        email=subscriber.email,
        subscribed_on=confirmed.date() if confirmed else None,
        unsubscribe_url=links.unsubscribe_url(app, subscriber),
        preferences_url=links.preferences_url(app, subscriber),
        browser_url=links.copy_url(app, delivery.public_id),
        feedback_base=links.feedback_base(app, delivery.public_id),
    )


def letter_content(app: App, subscriber: Subscriber, delivery: Delivery) -> Content:
    """A mail of the membership: confirmation, welcome or goodbye."""
    match delivery.kind:
        case MailKind.CONFIRMATION:
            return app.renderer.confirmation(
                email=subscriber.email,
                requested_at=delivery.created_at,
                via=_VIA.get(delivery.payload.get("via", "web"), _VIA["web"]),
                confirm_url=links.confirm_url(app, subscriber, delivery),
                language=subscriber.preferences.language,
            )
        case MailKind.WELCOME:
            return app.renderer.welcome(
                email=subscriber.email,
                preferences=subscriber.preferences,
                interests=subscriber.interests,
                next_due_at=subscriber.next_due_at,
                preferences_url=links.preferences_url(app, subscriber),
                unsubscribe_url=links.unsubscribe_url(app, subscriber),
            )
        case MailKind.GOODBYE:
            return app.renderer.goodbye(
                email=subscriber.email,
                subscribe_url=links.subscribe_url(app),
                language=subscriber.preferences.language,
            )
        case _:
            raise NotFound(f"a {delivery.kind.value} is not made from rows")


def finish(
    app: App, subscriber: Subscriber, delivery: Delivery, content: Content
) -> tuple[Envelope, bytes]:
    """Headers, MIME and signature around the content of a letter of the membership."""
    identity = app.identity
    if delivery.kind is MailKind.CONFIRMATION and identity.command_address:
        identity = replace(identity, reply_to=identity.command_address)  # a reply confirms
    headers = wire.transactional_headers(identity)
    return _finished(app, _outgoing(app, subscriber, delivery, content, headers), identity)


def _finished(app: App, mail: OutgoingMail, identity: MailIdentity) -> tuple[Envelope, bytes]:
    message = wire.compose(mail, identity)
    if app.signer is not None:
        message = app.signer.sign(message, mail.date)
    return mail.envelope, message


def finish_digest(
    app: App, subscriber: Subscriber, delivery: Delivery, view: DigestView
) -> tuple[Envelope, bytes]:
    """The message of a digest, printed where that can be done."""
    printed = app.renderer.print(view)
    if printed is None:
        return _finished(app, _filled(app, subscriber, delivery, view), app.identity)
    unique = message_id(app, delivery.public_id)
    head = letterhead.digest_head(
        app.identity,
        recipient=subscriber.email,
        subject=printed.subject,
        date=delivery.created_at,
        message_id=unique,
        unsubscribe_url=view.unsubscribe_url,
    )
    content_type, body = wire.printed_body(unique, printed.text, printed.html)
    head.append(content_type)
    if app.signer is not None:
        body = [b"".join(body)]
        head.insert(0, app.signer.signatures(head, body[0], delivery.created_at))
    return _envelope(app, subscriber, delivery), b"".join((*head, b"\r\n", *body))


def _filled(app: App, subscriber: Subscriber, delivery: Delivery, view: DigestView) -> OutgoingMail:
    """A digest that cannot be printed."""
    headers = letterhead.digest_headers(
        app.identity,
        unsubscribe_url=view.unsubscribe_url,
        unsubscribe_token=view.unsubscribe_url.rpartition("/")[2],
        campaign=delivery.created_at.date().isoformat(),
    )
    return _outgoing(app, subscriber, delivery, app.renderer.digest(view), headers)


def _outgoing(
    app: App, subscriber: Subscriber, delivery: Delivery, content: Content, headers: wire.Headers
) -> OutgoingMail:
    return OutgoingMail(
        kind=delivery.kind,
        envelope=_envelope(app, subscriber, delivery),
        content=content,
        message_id=message_id(app, delivery.public_id),
        date=delivery.created_at,
        headers=headers,
    )


def _envelope(app: App, subscriber: Subscriber, delivery: Delivery) -> Envelope:
    signature = links.bounce_signature(app, delivery.public_id)
    sender = wire.envelope_sender(app.identity, delivery.public_id, signature)
    return Envelope(sender=sender, recipient=subscriber.email)


def digest_copy(app: App, public_id: str) -> str | None:
    """The HTML of a digest as its reader got it; None when there is no such digest."""
    with app.store.read() as conn:
        delivery = outbox.by_public_id(conn, public_id)
    if delivery is None or delivery.kind is not MailKind.DIGEST or delivery.edition_id is None:
        return None
    if delivery.status is DeliveryStatus.SKIPPED:
        return None
    return load_letters(app, [delivery]).content(delivery).html
