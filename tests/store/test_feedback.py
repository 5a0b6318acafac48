"""What readers say of papers: the last word counts, and nobody's word is kept for another."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from digest.core.feedback import FeedbackKind, Vote
from digest.core.identifiers import PaperId
from digest.core.subscribers import SubscriberId
from digest.store import corrections, feedback, library, subscribers
from digest.store.engine import Store
from digest.store.merging import merge_rows
from digest.store.tables import feedback as rows
from digest.store.tables import papers
from tests.builders import NOW, make_record, store_papers, store_records, store_subscriber

MORE, LESS, OPEN = FeedbackKind.MORE, FeedbackKind.LESS, FeedbackKind.OPEN
HOUR = timedelta(hours=1)
FIRST, SECOND = PaperId(1), PaperId(2)


@pytest.fixture
def ada(store: Store) -> SubscriberId:
    """A reader, beside another one and two papers."""
    store_papers(store, 2)
    store_subscriber(store, 2)
    return store_subscriber(store, 1).id


def say(
    store: Store, who: SubscriberId, kind: FeedbackKind, paper: PaperId = FIRST, hours: int = 0
) -> None:
    with store.write() as conn:
        feedback.record(conn, who, paper, kind, NOW + hours * HOUR)


def said(store: Store, who: SubscriberId) -> list[tuple[int, str]]:
    """What somebody says now, the newest first."""
    with store.read() as conn:
        return [(vote.paper_id, vote.kind.value) for vote in feedback.of(conn, [who])[who]]


def times(store: Store, who: SubscriberId) -> tuple[int, int]:
    """The hours at which the one thing that somebody says was first and last said."""
    with store.read() as conn:
        (row,) = conn.execute(sa.select(rows).where(rows.c.subscriber_id == who)).all()
    return (row.first_at - NOW) // HOUR, (row.last_at - NOW) // HOUR


def test_what_is_said_is_kept_with_its_time(store: Store, ada: SubscriberId) -> None:
    say(store, ada, MORE)
    with store.read() as conn:
        assert feedback.of(conn, [ada]) == {
            ada: (Vote(paper_id=FIRST, kind=MORE, at=NOW),),
        }


def test_more_takes_the_place_of_less_and_less_of_more(store: Store, ada: SubscriberId) -> None:
    for kind in (MORE, LESS, MORE, LESS):
        say(store, ada, kind)
        assert said(store, ada) == [(FIRST, kind.value)]


def test_having_opened_a_paper_stands_beside_a_vote(store: Store, ada: SubscriberId) -> None:
    say(store, ada, OPEN)
    say(store, ada, LESS, hours=1)
    assert said(store, ada) == [(FIRST, "less"), (FIRST, "open")]


def test_said_again_it_counts_once_with_the_first_and_the_last_time(
    store: Store, ada: SubscriberId
) -> None:
    for hours in (1, 2, 5):
        say(store, ada, MORE, hours=hours)
    assert times(store, ada) == (1, 5)
    with store.read() as conn:
        assert feedback.first_said(conn, ada) == {(FIRST, MORE): NOW + HOUR}


def test_each_reader_of_a_batch_has_their_own_votes(store: Store, ada: SubscriberId) -> None:
    ben = SubscriberId(1)
    say(store, ada, MORE)
    say(store, ben, LESS, SECOND)
    with store.read() as conn:
        found = feedback.of(conn, [ada, ben, SubscriberId(99)])
    assert {who: [vote.kind for vote in votes] for who, votes in found.items()} == {
        ada: [MORE],
        ben: [LESS],
        SubscriberId(99): [],
    }


def test_what_was_said_can_be_taken_back_alone_or_all(store: Store, ada: SubscriberId) -> None:
    say(store, ada, MORE)
    say(store, ada, OPEN)
    say(store, ada, LESS, SECOND)
    with store.write() as conn:
        assert feedback.withdraw(conn, ada, FIRST, MORE)
        assert not feedback.withdraw(conn, ada, FIRST, MORE)
        assert feedback.counts(conn, subscriber_id=ada) == {MORE: 0, LESS: 1, OPEN: 1}
        assert feedback.forget(conn, ada) == 2
        assert feedback.forget(conn, ada) == 0
    assert said(store, ada) == []


def test_it_is_counted_for_one_reader_and_for_the_last_days(
    store: Store, ada: SubscriberId
) -> None:
    say(store, ada, MORE)
    say(store, ada, MORE, SECOND, hours=5)
    say(store, SubscriberId(1), OPEN, hours=5)
    with store.read() as conn:
        assert feedback.counts(conn, subscriber_id=ada) == {MORE: 2, LESS: 0, OPEN: 0}
        assert feedback.counts(conn, since=NOW + HOUR) == {MORE: 1, LESS: 0, OPEN: 1}


def test_whoever_is_erased_takes_their_feedback_along(store: Store, ada: SubscriberId) -> None:
    say(store, ada, MORE)
    say(store, SubscriberId(1), LESS)
    with store.write() as conn:
        subscribers.erase(conn, ada)
        assert feedback.counts(conn) == {MORE: 0, LESS: 1, OPEN: 0}


def test_a_paper_that_goes_takes_what_was_said_of_it_along(store: Store, ada: SubscriberId) -> None:
    say(store, ada, MORE)
    with store.write() as conn:
        conn.execute(sa.delete(papers).where(papers.c.id == FIRST))
    assert said(store, ada) == []


def test_nothing_can_be_said_of_no_paper(store: Store, ada: SubscriberId) -> None:
    with pytest.raises(IntegrityError):
        say(store, ada, MORE, PaperId(99))


# --- papers that are joined or taken apart --------------------------------------------------------


def merge(store: Store) -> None:
    with store.write() as conn:
        merge_rows(conn, [FIRST, SECOND])


def test_what_was_said_of_either_is_said_of_the_joined_paper(
    store: Store, ada: SubscriberId
) -> None:
    say(store, ada, LESS, SECOND)
    say(store, SubscriberId(1), MORE, FIRST)
    merge(store)
    assert said(store, ada) == [(FIRST, "less")]
    assert said(store, SubscriberId(1)) == [(FIRST, "more")]


@pytest.mark.parametrize("order", [(FIRST, SECOND), (SECOND, FIRST)])
def test_the_same_said_of_both_is_said_once_from_first_to_last(
    store: Store, ada: SubscriberId, order: tuple[PaperId, PaperId]
) -> None:
    say(store, ada, MORE, order[0], hours=1)
    say(store, ada, MORE, order[1], hours=2)
    say(store, ada, MORE, order[0], hours=7)
    merge(store)
    assert said(store, ada) == [(FIRST, "more")]
    assert times(store, ada) == (1, 7)


@pytest.mark.parametrize("order", [(FIRST, SECOND), (SECOND, FIRST)])
@pytest.mark.parametrize(("earlier", "later"), [(MORE, LESS), (LESS, MORE)])
def test_of_more_and_less_about_two_that_are_one_the_last_word_stays(
    store: Store,
    ada: SubscriberId,
    order: tuple[PaperId, PaperId],
    earlier: FeedbackKind,
    later: FeedbackKind,
) -> None:
    say(store, ada, earlier, order[0])
    say(store, ada, later, order[1], hours=1)
    say(store, ada, OPEN, order[0])
    merge(store)
    assert said(store, ada) == [(FIRST, later.value), (FIRST, "open")]


def test_of_more_and_less_said_at_one_moment_less_stays(store: Store, ada: SubscriberId) -> None:
    say(store, ada, MORE, FIRST)
    say(store, ada, LESS, SECOND)
    merge(store)
    assert said(store, ada) == [(FIRST, "less")]


def test_what_was_said_of_a_paper_taken_apart_stays_with_what_was_shown(
    store: Store, ada: SubscriberId
) -> None:
    merge(store)
    say(store, ada, MORE)
    name = make_record(2).ids
    with store.write() as conn:
        new = corrections.split(conn, FIRST, name, NOW)
        assert {paper.id for paper in library.latest(conn)} == {FIRST, new}
    assert said(store, ada) == [(FIRST, "more")]
    store_records(store, [make_record(2)])
    assert said(store, ada) == [(FIRST, "more")]
