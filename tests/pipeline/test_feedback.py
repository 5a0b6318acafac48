"""Votes by the links in a digest: whose, on what, and what they change."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from digest.core.deliveries import Delivery
from digest.core.feedback import FeedbackKind, choice_path
from digest.core.identifiers import PaperId
from digest.core.interests import InterestKind
from digest.core.papers import Paper
from digest.core.subscribers import Preferences, Status, Subscriber
from digest.core.tokens import Purpose, Refusal, Refused
from digest.pipeline import feedback, links, suppression
from digest.pipeline.app import App
from digest.pipeline.choice import choose
from digest.pipeline.edition import gather
from digest.pipeline.feedback import Ballot
from digest.store import feedback as said
from digest.store import library
from digest.store.engine import Store
from digest.store.merging import merge_rows
from digest.store.tables import sent_papers
from tests.builders import (
    NOW,
    TODAY,
    make_app,
    make_interest,
    make_record,
    store_records,
    store_subscriber,
)
from tests.fakes import FakeClock
from tests.pipeline.world import everything, member, planned, set_status

ADA, BEN = "ada@reader.example", "ben@reader.example"
MORE, LESS, OPEN = FeedbackKind.MORE, FeedbackKind.LESS, FeedbackKind.OPEN
DAY = timedelta(days=1)
DAY_S = DAY.total_seconds()


def path(app: App, delivery: Delivery, position: int = 0, kind: FeedbackKind = MORE) -> str:
    """The last part of a link in a mail."""
    url = choice_path(links.feedback_base(app, delivery.public_id), position)
    return f"{url}.{kind.value}".removeprefix("https://digest.example/feedback/")


def offered(app: App, delivery: Delivery, position: int = 0, kind: FeedbackKind = MORE) -> Ballot:
    found = feedback.ballot(app, path(app, delivery, position, kind))
    assert isinstance(found, Ballot)
    return found


def shown(app: App, delivery: Delivery) -> list[PaperId]:
    """The papers that the links of a digest lead to, in order."""
    return [offered(app, delivery, position).paper.id for position in range(3)]


# --- links ----------------------------------------------------------------------------------------


def test_each_link_of_a_digest_names_its_reader_and_its_paper(store: Store) -> None:
    app = make_app(store)
    first, second = planned(app, ADA, BEN)
    assert sorted(shown(app, first)) == [1, 2, 3]
    assert offered(app, first).subscriber == member(store, ADA)
    assert offered(app, second, kind=LESS).subscriber == member(store, BEN)
    assert offered(app, second, kind=LESS).kind is LESS


def test_looking_at_what_a_link_offers_changes_nothing(store: Store) -> None:
    app = make_app(store)
    (delivery,) = planned(app, ADA)
    before = everything(store)
    for kind in FeedbackKind:
        offered(app, delivery, kind=kind)
    assert everything(store) == before


def test_a_link_made_for_another_purpose_or_a_place_without_paper_offers_nothing(
    sqlite_store: Store,
) -> None:
    app = make_app(sqlite_store)
    (delivery,) = planned(app, ADA)
    read = app.tokens.sign(Purpose.READ, delivery.public_id)
    for wrong in (f"{read}.0.more", delivery.public_id, f"{delivery.public_id}.0.more", "", "é"):
        assert feedback.ballot(app, wrong) == Refused(Refusal.FORGED)
    assert feedback.ballot(app, path(app, delivery, 9)) == Refused(Refusal.EXPIRED)


def test_a_link_leads_to_the_paper_whatever_it_was_joined_to(store: Store) -> None:
    app = make_app(store)
    (delivery,) = planned(app, ADA)
    order = shown(app, delivery)
    newer = store_records(store, [make_record(9)])[0]
    with store.write() as conn:
        merge_rows(conn, [newer.id, order[0]])
    assert shown(app, delivery) == [newer.id, *order[1:]]


def test_two_papers_of_a_digest_that_are_one_do_not_shift_the_links_of_others(
    store: Store,
) -> None:
    app = make_app(store)
    (delivery,) = planned(app, ADA)
    order = shown(app, delivery)
    with store.write() as conn:
        merge_rows(conn, [order[2], order[0]])
    assert offered(app, delivery, 1).paper.id == order[1]
    assert offered(app, delivery, 2).paper.id == order[2]
    assert feedback.ballot(app, path(app, delivery, 0)) == Refused(Refusal.EXPIRED)


# --- votes ----------------------------------------------------------------------------------------


def test_a_vote_is_kept_once_until_it_is_taken_back(store: Store) -> None:
    app = make_app(store)
    (delivery,) = planned(app, ADA)
    ballot = offered(app, delivery)
    assert not ballot.stands
    assert feedback.cast(app, ballot)
    before = everything(store)
    assert feedback.cast(app, ballot)
    assert everything(store) == before
    assert offered(app, delivery).stands
    assert not offered(app, delivery, kind=LESS).stands
    assert feedback.take_back(app, ballot.subscriber, ballot.paper.id, MORE)
    assert not feedback.take_back(app, ballot.subscriber, ballot.paper.id, MORE)
    assert not offered(app, delivery).stands


@pytest.mark.parametrize("status", list(Status))
def test_whoever_left_is_not_learnt_from_any_more(sqlite_store: Store, status: Status) -> None:
    app = make_app(sqlite_store)
    (delivery,) = planned(app, ADA)
    set_status(sqlite_store, ADA, status)
    ballot = offered(app, delivery)
    heard = status in (Status.ACTIVE, Status.PAUSED, Status.PENDING)
    assert ballot.is_heard is heard
    assert feedback.cast(app, ballot) is heard
    assert offered(app, delivery).stands is heard


def test_whoever_is_erased_between_look_and_press_is_not_kept(sqlite_store: Store) -> None:
    app = make_app(sqlite_store)
    (delivery,) = planned(app, ADA)
    ballot = offered(app, delivery)
    suppression.erase(app, ballot.subscriber)
    assert not feedback.cast(app, ballot)
    assert isinstance(feedback.ballot(app, path(app, delivery)), Refused)


def test_erasing_a_person_erases_what_they_said(store: Store) -> None:
    app = make_app(store)
    (delivery,) = planned(app, ADA)
    feedback.cast(app, offered(app, delivery))
    suppression.erase(app, member(store, ADA))
    with store.read() as conn:
        assert sum(said.counts(conn).values()) == 0


def test_a_paper_alone_says_what_it_is_about(sqlite_store: Store) -> None:
    app = make_app(sqlite_store)
    (delivery,) = planned(app, ADA)
    for kind, words in ((MORE, "more of:"), (LESS, "less of:"), (OPEN, "more of:")):
        assert str(offered(app, delivery, kind=kind).words).startswith(words)
        assert "robots" in str(offered(app, delivery, kind=kind).words)


# --- what is learnt -------------------------------------------------------------------------------


def test_votes_come_for_a_batch_with_what_ranking_needs(store: Store) -> None:
    clock = FakeClock(NOW)
    app = make_app(store, clock=clock)
    (delivery, _) = planned(app, ADA, BEN)
    feedback.cast(app, offered(app, delivery, 0, MORE))
    clock.advance(3 * DAY_S)
    feedback.cast(app, offered(app, delivery, 1, LESS))
    ada, ben = member(store, ADA), member(store, BEN)
    clock.advance(DAY_S)
    found = feedback.votes_of(app, [ada.id, ben.id])
    assert found[ben.id] == ()
    assert [(vote.kind, vote.age_days) for vote in found[ada.id]] == [(LESS, 1.0), (MORE, 4.0)]
    latest = feedback.votes_of(app, [ada.id], latest=1)[ada.id]
    assert latest == found[ada.id][:1]
    assert all("robots" in vote.title and "falls" in vote.abstract for vote in found[ada.id])


def test_what_is_learnt_is_told_in_words_and_forgotten_on_demand(sqlite_store: Store) -> None:
    app = make_app(sqlite_store)
    (delivery,) = planned(app, ADA)
    for position, kind in enumerate((MORE, LESS, OPEN)):
        feedback.cast(app, offered(app, delivery, position, kind))
    ada = member(sqlite_store, ADA)
    learning = feedback.learning(app, ada)
    assert [len(learning.of_kind(kind)) for kind in FeedbackKind] == [1, 1, 1]
    assert feedback.forget_all(app, ada) == 3
    assert feedback.learning(app, ada).votes == ()
    assert str(feedback.learning(app, ada).words) == ""


CATS = "Cats that purr at theorems"
DOGS = "Dogs that fetch their lemmas"


def two_subjects(store: Store) -> list[Paper]:
    """Papers on cats, on dogs, and one on neither."""
    subjects = ((CATS, "Purring cats and theorems."), (DOGS, "Fetching dogs and lemmas."))
    found = [
        make_record(20 + n, title=f"{subjects[n % 2][0]}, part {n}", abstract=subjects[n % 2][1])
        for n in range(6)
    ]
    other = make_record(30, title="Rain on tin roofs", abstract="It rains.")
    return store_records(store, [*found, other])


def chosen(app: App, reader: Subscriber) -> list[str]:
    """What somebody's digest would hold now."""
    issue = gather(app, TODAY)
    titles = {paper.id: paper.title for paper in issue.papers.values()}
    return [titles[r.paper_id] for r in choose(app, issue, [reader])[reader.id]]


def vote(app: App, reader: Subscriber, paper: Paper, kind: FeedbackKind) -> None:
    """As in a mail that brought the paper."""
    with app.store.write() as conn:
        conn.execute(sa.insert(sent_papers), {"subscriber_id": reader.id, "paper_id": paper.id})
        said.record(conn, reader.id, paper.id, kind, app.clock.now())


def test_papers_like_those_voted_for_join_what_the_interests_find(store: Store) -> None:
    app = make_app(store)
    papers = two_subjects(store)
    reader = store_subscriber(store, wishes=[make_interest("rain on roofs")])
    assert chosen(app, reader) == ["Rain on tin roofs"]
    vote(app, reader, papers[0], MORE)
    found = chosen(app, reader)
    assert {"Rain on tin roofs", f"{CATS}, part 2", f"{CATS}, part 4"} == set(found)


def test_readers_of_one_batch_each_get_what_their_own_votes_ask_for(store: Store) -> None:
    app = make_app(store)
    papers = two_subjects(store)
    wishes = [make_interest("rain on roofs")]
    readers = [store_subscriber(store, number, wishes=wishes) for number in (1, 2, 3)]
    vote(app, readers[0], papers[0], MORE)
    vote(app, readers[1], papers[1], MORE)
    issue = gather(app, TODAY)
    together = choose(app, issue, readers)
    assert together == {
        key: found for one in readers for key, found in choose(app, issue, [one]).items()
    }
    beginnings = [
        {issue.papers[ranked.paper_id].title[:4] for ranked in together[one.id]} for one in readers
    ]
    assert beginnings == [{"Rain", "Cats"}, {"Rain", "Dogs"}, {"Rain"}]


def test_whoever_names_no_interests_gets_what_is_like_their_votes_first(store: Store) -> None:
    app = make_app(store)
    papers = two_subjects(store)
    exclusion = make_interest("rain", InterestKind.EXCLUDE)
    reader = store_subscriber(
        store, wishes=[exclusion], preferences=Preferences(max_papers=4, dial=0)
    )
    vote(app, reader, papers[1], MORE)
    found = chosen(app, reader)
    assert {title[:4] for title in found[:2]} == {"Dogs"}
    assert {title[:4] for title in found[2:]} == {"Cats"}
    assert len(found) == len(set(found)) == 4


def test_a_vote_fades_with_time(sqlite_store: Store) -> None:
    clock = FakeClock(NOW - 3_000 * DAY)
    app = make_app(sqlite_store, clock=clock)
    papers = two_subjects(sqlite_store)
    reader = store_subscriber(sqlite_store, wishes=[make_interest("rain on roofs")])
    vote(app, reader, papers[0], MORE)
    clock.advance(3_000 * DAY_S)
    assert chosen(app, reader) == ["Rain on tin roofs"]


def test_a_paper_that_was_voted_on_is_not_shown_again(sqlite_store: Store) -> None:
    app = make_app(sqlite_store)
    (delivery,) = planned(app, ADA)
    ballot = offered(app, delivery, kind=LESS)
    feedback.cast(app, ballot)
    with sqlite_store.read() as conn:
        titles = library.titles_of(conn, [ballot.paper.id])
    assert titles[ballot.paper.id] not in chosen(app, member(sqlite_store, ADA))
