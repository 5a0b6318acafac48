"""Whose digest holds which papers: what is known of readers, brought to the ranking."""

from collections.abc import Collection, Iterator, Sequence

from digest.core.feedback import FeedbackKind
from digest.core.identifiers import PaperId
from digest.core.interests import InterestKind
from digest.core.subscribers import Subscriber, SubscriberId
from digest.pipeline import analyses
from digest.pipeline.app import App
from digest.pipeline.edition import Issue
from digest.pipeline.feedback import votes_of
from digest.pipeline.likes import LIBRARY_LIKES, Like, likes_of
from digest.pipeline.model_space import understand
from digest.ranking.fit import Vote
from digest.ranking.learnt import VotedPaper
from digest.ranking.likes import analysed
from digest.ranking.meaning import LikedPaper
from digest.ranking.query import query_terms
from digest.ranking.rank import Ranked, Reader, rank_all
from digest.store import ledger

# Whether a vote and an opened link are for a paper, and how a reason calls it.
_SAID = {
    FeedbackKind.MORE: (1.0, "which you voted for"),
    FeedbackKind.OPEN: (1.0, "which you opened"),
    FeedbackKind.LESS: (-1.0, ""),
}


def choose(
    app: App,
    issue: Issue,
    subscribers: Sequence[Subscriber],
    *,
    again: Collection[PaperId] = (),
) -> dict[SubscriberId, tuple[Ranked, ...]]:
    """The papers of each one's digest, best first; nothing they have been sent before, but for
    papers that may come `again`, nor what is in their library.

    Votes count beside likes, for and against, and fade with time, as does a library.
    """
    ids = [subscriber.id for subscriber in subscribers]
    seen, votes = seen_by(app, issue, ids), _votes(app, ids)
    readers = [
        _reader(app, issue, one, seen=seen[one.id].difference(again), votes=votes[one.id])
        for one in subscribers
    ]
    _look_up(app, issue, readers)
    understand(app, readers)
    chosen = rank_all(issue.prepared, readers, diversity=app.rules.diversity)
    return dict(zip(ids, chosen, strict=True))


def seen_by(
    app: App, issue: Issue, ids: Sequence[SubscriberId]
) -> dict[SubscriberId, set[PaperId]]:
    """The candidates that each subscriber has been sent before."""
    with app.store.read() as conn:
        return ledger.seen_papers(conn, ids, issue.papers)


def _reader(
    app: App,
    issue: Issue,
    subscriber: Subscriber,
    *,
    seen: set[PaperId],
    votes: Sequence[Vote],
) -> Reader:
    likes = _likes(app, issue, subscriber)
    return Reader(
        interests=subscriber.interests,
        liked={like.value: like.paper for like in likes if like.liked_at is None},
        votes=(*_library_votes(likes), *votes),
        dial=subscriber.preferences.dial,
        seen=seen.union(issue.owned.get(subscriber.id, ())),
        limit=subscriber.preferences.max_papers,
        explore=app.rules.exploration,
    )


def _look_up(app: App, issue: Issue, readers: Sequence[Reader]) -> None:
    """Makes the issue know how common the terms are that these readers ask for."""
    wanted = {term for each in readers for one in each.interests for term in query_terms(one.value)}
    for reader in readers:
        for paper in (*reader.liked.values(), *(vote.paper for vote in reader.votes)):
            wanted.update(analysed(paper).counts)
    if unknown := wanted - issue.known_terms.keys():
        with app.store.read() as conn:
            analyses.look_up(conn, issue.known_terms, unknown)


def _likes(app: App, issue: Issue, subscriber: Subscriber) -> tuple[Like, ...]:
    """What they like; the database is only asked where there is something to ask for."""
    has_library = subscriber.id in issue.library_owners
    if not has_library and all(i.kind is not InterestKind.LIKE for i in subscriber.interests):
        return ()
    with app.store.read() as conn:
        return likes_of(
            conn,
            subscriber,
            now=issue.window.end,
            library_limit=LIBRARY_LIKES if has_library else 0,
            known=issue.liked,
        )


def _library_votes(likes: Sequence[Like]) -> Iterator[Vote]:
    for like in likes:
        if like.liked_at is not None:
            yield Vote(paper=like.paper, weight=like.weight, saying="in your library")


def _votes(app: App, ids: Sequence[SubscriberId]) -> dict[SubscriberId, tuple[Vote, ...]]:
    said = votes_of(app, ids)
    papers = {vote.paper_id for votes in said.values() for vote in votes}
    with app.store.read() as conn:
        known = analyses.kept(conn, sorted(papers))
    return {
        subscriber_id: tuple(_vote(vote, known.get(vote.paper_id)) for vote in votes)
        for subscriber_id, votes in said.items()
    }


def _vote(vote: VotedPaper, analysis: bytes | None) -> Vote:
    side, saying = _SAID[vote.kind]
    paper = LikedPaper(title=vote.title, abstract=vote.abstract, analysis=analysis)
    return Vote(paper=paper, weight=side * vote.weight, saying=saying)
