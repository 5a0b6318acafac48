"""What readers say of papers by the links in their digests, and what is learnt from it."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from digest.core.deliveries import Delivery
from digest.core.feedback import Choice, FeedbackKind, read_choice
from digest.core.identifiers import PaperId
from digest.core.papers import Paper
from digest.core.subscribers import Status, Subscriber, SubscriberId
from digest.core.tokens import Granted, Purpose, Refusal, Refused
from digest.pipeline.app import App
from digest.ranking.learnt import MOST_WEIGHED, Learnt, VotedPaper, in_words, title_terms
from digest.store import analyses, feedback, library, outbox
from digest.store import subscribers as members

# Whose word counts: of those who left nothing more is to be learnt.
_HEARD = (Status.PENDING, Status.ACTIVE, Status.PAUSED)
_DAY_S = 86_400.0
# What is common is not known before so many papers are.
_FEW_PAPERS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """What a link offers to say: who, of which paper, whether it is said already, and what this
    paper alone says of its reader's interests in `words`."""

    subscriber: Subscriber
    paper: Paper
    kind: FeedbackKind
    stands: bool
    words: Learnt

    @property
    def is_heard(self) -> bool:
        """Whether it may be said; not by whoever left or is not to be mailed."""
        return self.subscriber.status in _HEARD


def ballot(app: App, path: str) -> Ballot | Refused:
    """What the link that ends in `path` offers; changes nothing.

    A link works as long as its digest is kept, and leads to the paper whatever it was joined to.
    """
    choice = read_choice(path)
    delivery = _digest(app, choice) if choice is not None else None
    if choice is None or delivery is None:
        return Refused(Refusal.FORGED)
    with app.store.read() as conn:
        paper_id = outbox.paper_at(conn, delivery.id, choice.position)
        paper = next(iter(library.by_ids(conn, [paper_id])), None) if paper_id else None
        subscriber = members.by_id(conn, delivery.subscriber_id)
        if paper is None or subscriber is None:
            return Refused(Refusal.EXPIRED)
        votes = feedback.of(conn, [subscriber.id])[subscriber.id]
        alone = _voted(paper.id, choice.kind, paper.title, paper.abstract, 0.0)
        words = _in_words(conn, [alone])
    return Ballot(
        subscriber=subscriber,
        paper=paper,
        kind=choice.kind,
        words=words,
        stands=any((v.paper_id, v.kind) == (paper.id, choice.kind) for v in votes),
    )


def _digest(app: App, choice: Choice) -> Delivery | None:
    granted = app.tokens.read(Purpose.FEEDBACK, choice.token, app.clock.now())
    if not isinstance(granted, Granted):
        return None
    with app.store.read() as conn:
        return outbox.by_public_id(conn, granted.subject)


def cast(app: App, said: Ballot) -> bool:
    """Keeps what is said; safe to repeat. False, and nothing is kept, from whoever left."""
    with app.store.write() as conn:
        current = members.for_change(conn, said.subscriber.id)
        if current is None or current.status not in _HEARD:
            return False
        feedback.record(conn, current.id, said.paper.id, said.kind, app.clock.now())
    return True


def take_back(app: App, subscriber: Subscriber, paper_id: PaperId, kind: FeedbackKind) -> bool:
    """Forgets one thing that somebody said; whether there was anything."""
    with app.store.write() as conn:
        return feedback.withdraw(conn, subscriber.id, paper_id, kind)


def forget_all(app: App, subscriber: Subscriber) -> int:
    """Forgets all that somebody said of papers; how many things it was."""
    with app.store.write() as conn:
        return feedback.forget(conn, subscriber.id)


# --- what is learnt -------------------------------------------------------------------------------


def votes_of(
    app: App, ids: Sequence[SubscriberId], *, latest: int | None = MOST_WEIGHED
) -> dict[SubscriberId, tuple[VotedPaper, ...]]:
    """What each of a batch of subscribers has said of papers by now, the `latest` first, with what
    ranking needs of them; a query or two for some hundred subscribers or papers. None for all of
    it."""
    now = app.clock.now()
    with app.store.read() as conn:
        votes = {
            key: [vote for vote in said if vote.at <= now][:latest]
            for key, said in feedback.of(conn, ids).items()
        }
        papers = {vote.paper_id for said in votes.values() for vote in said}
        texts = library.texts_of(conn, sorted(papers))
    return {
        subscriber_id: tuple(
            _voted(vote.paper_id, vote.kind, *texts[vote.paper_id], (now - vote.at).total_seconds())
            for vote in said
            if vote.paper_id in texts
        )
        for subscriber_id, said in votes.items()
    }


def _voted(
    paper_id: PaperId, kind: FeedbackKind, title: str, abstract: str, age_s: float
) -> VotedPaper:
    return VotedPaper(
        paper_id=paper_id,
        kind=kind,
        title=title,
        abstract=abstract,
        age_days=max(age_s, 0.0) / _DAY_S,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """All that one reader said, the newest first, and what it says of their interests."""

    votes: tuple[VotedPaper, ...]
    words: Learnt

    def of_kind(self, kind: FeedbackKind) -> tuple[VotedPaper, ...]:
        return tuple(vote for vote in self.votes if vote.kind == kind)


def learning(app: App, subscriber: Subscriber) -> Learning:
    """What is known of one reader by their votes."""
    votes = votes_of(app, [subscriber.id], latest=None)[subscriber.id]
    with app.store.read() as conn:
        return Learning(votes=votes, words=_in_words(conn, votes))


def _in_words(conn: sa.Connection, votes: Sequence[VotedPaper]) -> Learnt:
    """What votes say, beside what all papers do."""
    papers = max(analyses.count(conn), _FEW_PAPERS)
    holding = analyses.frequencies(conn, title_terms(votes))
    less = [vote for vote in votes if vote.kind is FeedbackKind.LESS]
    more = [vote for vote in votes if vote.kind is not FeedbackKind.LESS]
    return in_words(more, less, {term: count / papers for term, count in holding.items()})
