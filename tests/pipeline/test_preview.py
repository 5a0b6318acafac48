"""Looking without touching: the mail of a reader, and why they get it or not."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes

import pytest

from digest.core.deliveries import Accepted, Deferred, Rejected, SendOutcome, Unreachable
from digest.core.errors import NotFound
from digest.core.interests import Interest, InterestKind
from digest.core.papers import Reading
from digest.core.places import Place, Section
from digest.core.subscribers import Frequency, Preferences, Status
from digest.pipeline import membership
from digest.pipeline.app import App, WhenEmpty
from digest.pipeline.assemble import assemble
from digest.pipeline.deliver import deliver
from digest.pipeline.preview import explain, preview
from digest.pipeline.refresh import refresh
from digest.store.engine import Store
from tests.builders import (
    NOW,
    TODAY,
    make_app,
    make_interest,
    make_record,
    store_papers,
    store_records,
    store_subscriber,
)
from tests.fakes import FakeClock, FakeMailer, FakeSource
from tests.pipeline.world import everything, member, planned, set_status

ADA = "ada@a.example"
TOMORROW = TODAY + timedelta(days=1)


def answering(store: Store, outcome: SendOutcome) -> App:
    return make_app(store, mailer=FakeMailer(otherwise=outcome))


def sent(store: Store) -> App:
    app = answering(store, Accepted(250, "2.0.0 taken"))
    planned(app, ADA)
    deliver(app)
    return app


def test_a_preview_is_the_mail_that_would_be_sent(store: Store) -> None:
    app = make_app(store, mailer=FakeMailer())
    store_papers(store, 3)
    store_subscriber(store, email=ADA)
    shown = preview(app, ADA, TODAY)
    assemble(app, TODAY)
    deliver(app)
    assert isinstance(app.mailer, FakeMailer)
    real = message_from_bytes(app.mailer.taken[0][1])
    assert message_from_bytes(shown.message)["Subject"] == real["Subject"]
    assert "study 1" in shown.content.text


def test_the_preview_of_a_mail_that_was_made_is_that_mail(store: Store) -> None:
    app = sent(store)
    assert isinstance(app.mailer, FakeMailer)
    assert preview(app, "ADA@A.example", TODAY).message == app.mailer.taken[0][1]


def test_there_is_no_preview_of_a_mail_that_would_not_be_sent(sqlite_store: Store) -> None:
    store_papers(sqlite_store, 2)
    store_subscriber(sqlite_store, email=ADA)
    app = make_app(sqlite_store, min_papers=3)
    with pytest.raises(NotFound, match="at least 3 are wanted"):
        preview(app, ADA, TODAY)
    assemble(app, TODAY)
    with pytest.raises(NotFound, match="at least 3 are wanted"):
        preview(app, ADA, TODAY)


def test_an_empty_mail_can_be_previewed_where_one_would_be_sent(sqlite_store: Store) -> None:
    store_subscriber(sqlite_store, email=ADA)
    app = make_app(sqlite_store, when_empty=WhenEmpty.SEND)
    assert "Nothing new for you" in preview(app, ADA, TODAY).content.text


@pytest.mark.parametrize("look", [preview, explain])
def test_whom_nobody_knows_is_not_found(
    sqlite_store: Store, look: Callable[[App, str, date], object]
) -> None:
    with pytest.raises(NotFound, match=r"there is no subscriber nobody@a\.example"):
        look(make_app(sqlite_store), "nobody@a.example", TODAY)


@pytest.mark.parametrize("look", [preview, explain])
@pytest.mark.parametrize("day", [TODAY, TOMORROW])
def test_looking_changes_nothing(
    store: Store, look: Callable[[App, str, date], object], day: date
) -> None:
    app = sent(store)
    store_papers(store, 5)
    before = everything(store)
    look(app, ADA, day)
    assert everything(store) == before


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (Accepted(250, "ok"), "sent at 2026-03-20 12:00 UTC: 250 ok"),
        (
            Deferred(451, "4.7.1 greylisted"),
            "put off after 1 try, next at 2026-03-20 12:30 UTC: 451 4.7.1 greylisted",
        ),
        (
            Rejected(552, "5.2.2 full"),
            "failed (refused by the receiving server): 552 5.2.2 full",
        ),
        (Unreachable("mail:25 cannot be reached"), "queued: mail:25 cannot be reached"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_explain_says_what_came_of_a_mail(
    sqlite_store: Store, outcome: SendOutcome, reason: str
) -> None:
    app = answering(sqlite_store, outcome)
    planned(app, ADA)
    deliver(app)
    told = explain(app, ADA, TODAY)
    assert told.reasons == (reason,)
    assert len(told.papers) == 3
    assert dict(told.papers[0].parts)["relevance"] > 0


def test_explain_says_why_a_mail_was_cancelled(sqlite_store: Store) -> None:
    app = make_app(sqlite_store)
    planned(app, ADA)
    ada = member(sqlite_store, ADA)
    membership.unsubscribe(app, ada, membership.Origin(via="web"), say_goodbye=False)
    assert explain(app, ADA, TODAY).reasons == ("cancelled (unsubscribed)",)


def test_explain_says_why_a_mail_was_skipped(sqlite_store: Store) -> None:
    app = make_app(sqlite_store, min_papers=9)
    planned(app, ADA)
    assert explain(app, ADA, TODAY).reasons == (
        "skipped (3 of 3 papers are new to this reader and match, at least 9 are wanted)",
    )


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (Status.PENDING, "no mail: the subscription was never confirmed"),
        (Status.PAUSED, "no mail: the subscriber is paused"),
        (Status.UNSUBSCRIBED, "no mail: the subscriber is unsubscribed"),
        (Status.SUPPRESSED, "no mail: the subscriber is suppressed"),
    ],
)
def test_explain_says_why_nobody_is_mailed_in_each_status(
    sqlite_store: Store, status: Status, reason: str
) -> None:
    store_papers(sqlite_store, 2)
    store_subscriber(sqlite_store, email=ADA, status=status)
    assert explain(make_app(sqlite_store), ADA, TODAY).reasons == (reason,)


def test_explain_says_until_when_somebody_is_paused(sqlite_store: Store) -> None:
    app = make_app(sqlite_store)
    store_papers(sqlite_store, 2)
    ada = store_subscriber(sqlite_store, email=ADA)
    membership.pause(app, ada, NOW + timedelta(days=2))
    assert explain(app, ADA, TODAY).reasons == ("no mail: paused until 2026-03-22 12:00 UTC",)


def test_explain_tells_of_a_day_that_was_not_planned_yet(sqlite_store: Store) -> None:
    store_papers(sqlite_store, 2)
    store_subscriber(sqlite_store, email=ADA, next_due_at=NOW + timedelta(hours=1))
    told = explain(make_app(sqlite_store), ADA, TODAY)
    assert told.reasons == ("not planned yet: next due at 2026-03-20 13:00 UTC",)
    assert [one.title for one in told.papers] == [
        "Walking robots that plan ahead, study 1",
        "Walking robots that plan ahead, study 2",
    ]


def test_explain_says_what_each_paper_is_there_for(sqlite_store: Store) -> None:
    """Of a mail to come as of one that was made."""
    votes = (Reading(metric="upvotes", value=40),)
    popular = {"title": "Trade routes of the bronze age", "abstract": "Ships, tin and copper."}
    store_records(
        sqlite_store, [*map(make_record, (1, 2)), make_record(3, **popular, readings=votes)]
    )
    store_subscriber(sqlite_store, email=ADA)
    app = make_app(sqlite_store)
    before = explain(app, ADA, TODAY).papers
    assert [one.paper.place for one in before] == [Place.FITS, Place.FITS, Place.EVERYWHERE]
    assert before[-1].paper.reason.startswith("trending everywhere: ")
    assemble(app, TODAY)
    made = explain(app, ADA, TODAY).papers
    assert [one.paper for one in made] == [one.paper for one in before]
    assert made[-1].paper.section is Section.EVERYWHERE


def test_explain_tells_what_scores_of_a_mail_were_made_of_while_they_come_out_the_same(
    sqlite_store: Store,
) -> None:
    store_records(sqlite_store, [make_record(1), make_record(2)])
    ada = store_subscriber(sqlite_store, email=ADA)
    clock = FakeClock(NOW)
    app = make_app(sqlite_store, clock=clock)
    before = explain(app, ADA, TODAY).papers
    assemble(app, TODAY)
    clock.advance(3 * 86_400)
    made = explain(app, ADA, TODAY)
    assert [one.parts for one in made.papers] == [one.parts for one in before]
    assert len(dict(made.papers[0].parts)) > 3
    assert made.reasons == ("queued",)

    membership.change(app, ada, interests=[Interest(InterestKind.CATEGORY, "cs.LG")])
    changed = explain(app, ADA, TODAY)
    assert [one.paper for one in changed.papers] == [one.paper for one in made.papers]
    assert [list(dict(one.parts)) for one in changed.papers] == [["relevance", "trend"]] * 2
    assert changed.reasons[1:] == (
        "what the scores of 2 of 2 papers were made of is not known any more: "
        "interests, votes or papers have changed since",
    )


def test_papers_by_authors_whom_a_reader_follows_have_a_section(sqlite_store: Store) -> None:
    theirs = {"title": "Bronze", "abstract": "Ships, tin and copper.", "authors": ("Eve Fox",)}
    store_records(sqlite_store, [make_record(1), make_record(2, **theirs)])
    follows = Interest(InterestKind.AUTHOR, "Eve Fox", 1.0)
    store_subscriber(sqlite_store, email=ADA, wishes=(make_interest(), follows))
    app = make_app(sqlite_store)
    assemble(app, TODAY)
    found = {one.title: one.paper for one in explain(app, ADA, TODAY).papers}
    assert found.pop("Bronze").section is Section.AUTHORS
    assert [paper.section for paper in found.values()] == [Section.FOR_YOU]


def test_explain_says_what_is_missing_and_that_nothing_would_be_sent(sqlite_store: Store) -> None:
    store_subscriber(sqlite_store, email=ADA, next_due_at=NOW)
    app = make_app(sqlite_store, sources={"arxiv": FakeSource("arxiv", [ValueError()])})
    refresh(app)
    assert explain(app, ADA, TODAY).reasons == (
        "not planned yet: next due at 2026-03-20 12:00 UTC",
        "no paper appeared in the 7 days of this edition (arXiv could not be read)",
        "missing in this edition: arXiv could not be read",
    )


NOTHING_RAN = (
    "no mail was planned for this date: nothing was running when it was due, "
    "or the schedule was another one then"
)


def test_explain_says_that_no_mail_was_planned_for_a_day_gone_by(sqlite_store: Store) -> None:
    tokyo = Preferences(timezone="Asia/Tokyo")
    due = datetime(2026, 3, 20, 22, 30, tzinfo=UTC)  # in Tokyo it is the 21st
    store_subscriber(
        sqlite_store, email=ADA, preferences=tokyo, next_due_at=due, now=NOW - timedelta(days=9)
    )
    app = make_app(sqlite_store, sources={"arxiv": FakeSource("arxiv", [ValueError()])})
    refresh(app)
    assert explain(app, ADA, TODAY).reasons == (NOTHING_RAN,)
    assert "not planned yet" in explain(app, ADA, TOMORROW).reasons[0]


@pytest.mark.parametrize("min_papers", [1, 9])
def test_explain_tells_of_a_decision_what_was_missing_then(
    sqlite_store: Store, min_papers: int
) -> None:
    source = FakeSource("arxiv", [ValueError()])
    app = make_app(sqlite_store, min_papers=min_papers, sources={"arxiv": source})
    planned(app, ADA)
    refresh(app)
    told = explain(app, ADA, TODAY).reasons
    assert len(told) == 1
    assert "could not be read" in explain(app, ADA, TOMORROW).reasons[-1]


def test_explain_says_what_was_missing_of_a_day_on_which_nothing_was_sent(
    sqlite_store: Store,
) -> None:
    clock = FakeClock(NOW)
    source = FakeSource("arxiv", [ValueError()], [])
    app = make_app(sqlite_store, clock=clock, min_papers=9, sources={"arxiv": source})
    refresh(app)
    planned(app, ADA)
    store_subscriber(
        sqlite_store,
        7,
        email="bea@b.example",
        next_due_at=NOW + timedelta(days=1),
        now=NOW - timedelta(days=9),
    )
    clock.advance(86_400)
    refresh(app)
    missing = "missing in this edition: arXiv could not be read"
    skipped = explain(app, ADA, TODAY)
    assert skipped.delivery is not None
    assert skipped.reasons[1:] == (missing,)
    gone_by = explain(app, "bea@b.example", TODAY)
    assert gone_by.reasons == (NOTHING_RAN, missing)


@pytest.mark.parametrize(
    ("frequency", "days_ago", "said"),
    [
        (Frequency.WEEKLY, 9, "no mail: a weekly digest is not sent on a Friday"),
        (Frequency.DAILY, 0, "no mail: subscribed only at 2026-03-20 12:00 UTC, after it was due"),
    ],
)
def test_explain_says_why_no_mail_was_due(
    sqlite_store: Store, frequency: Frequency, days_ago: int, said: str
) -> None:
    store_subscriber(
        sqlite_store,
        email=ADA,
        preferences=Preferences(frequency=frequency),
        next_due_at=NOW + timedelta(days=3),
        now=NOW - timedelta(days=days_ago),
    )
    app = make_app(sqlite_store, sources={"arxiv": FakeSource("arxiv", [])})
    assert explain(app, ADA, TODAY).reasons == (said,)


def test_explain_keeps_what_was_missing_when_the_mail_was_made(sqlite_store: Store) -> None:
    clock = FakeClock(NOW)
    source = FakeSource("arxiv", [ValueError(), []])
    app = make_app(sqlite_store, clock=clock, sources={"arxiv": source})
    refresh(app)
    planned(app, ADA)
    clock.advance(86_400)
    refresh(app)
    assert explain(app, ADA, TODAY).reasons[1:] == (
        "missing in this edition: arXiv could not be read",
    )


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (Status.PENDING, "the subscription was never confirmed"),
        (Status.PAUSED, "the subscriber is paused"),
        (Status.UNSUBSCRIBED, "the subscriber is unsubscribed"),
    ],
)
def test_there_is_no_preview_for_whom_no_mail_would_be_made(
    sqlite_store: Store, status: Status, reason: str
) -> None:
    store_papers(sqlite_store, 2)
    store_subscriber(sqlite_store, email=ADA, status=status)
    with pytest.raises(NotFound, match=reason):
        preview(make_app(sqlite_store), ADA, TODAY)


def test_the_mail_of_somebody_who_has_left_can_still_be_looked_at(sqlite_store: Store) -> None:
    app = sent(sqlite_store)
    set_status(sqlite_store, ADA, Status.UNSUBSCRIBED)
    assert isinstance(app.mailer, FakeMailer)
    assert preview(app, ADA, TODAY).message == app.mailer.taken[0][1]
