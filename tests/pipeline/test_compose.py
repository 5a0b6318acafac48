"""From rows to mails: links that work, copies that last, bytes that never change."""

from email import message_from_bytes, policy

import pytest
import sqlalchemy as sa

from digest.core.feedback import choice_path
from digest.core.messages import MailKind
from digest.core.subscribers import Language, Preferences, Status
from digest.core.tokens import Granted, Purpose
from digest.pipeline import links, membership
from digest.pipeline.app import WhenEmpty
from digest.pipeline.assemble import assemble
from digest.pipeline.compose import digest_copy, load_letters
from digest.store import outbox
from digest.store.engine import Store
from digest.store.tables import cards, delivery_papers
from tests.builders import NOW, TODAY, make_app, make_identity, store_subscriber
from tests.pipeline.world import deliveries, member, planned

ADA = "ada@a.example"
WEB = membership.Origin(via="web")


def subject_of(url: str, app_tokens: object, purpose: Purpose) -> object:
    return app_tokens.read(purpose, url.rpartition("/")[2], NOW)  # type: ignore[attr-defined]


def test_each_link_of_a_digest_carries_a_token_for_its_own_purpose(sqlite_store: Store) -> None:
    app = make_app(sqlite_store)
    ada = store_subscriber(sqlite_store, email=ADA)
    made = {
        Purpose.UNSUBSCRIBE: (links.unsubscribe_url(app, ada), ada.public_id),
        Purpose.PREFERENCES: (links.preferences_url(app, ada), ada.public_id),
        Purpose.READ: (links.copy_url(app, "d1"), "d1"),
    }
    for purpose, (url, subject) in made.items():
        assert url.startswith("https://digest.example/")
        assert ADA not in url
        assert subject_of(url, app.tokens, purpose) == Granted(subject)


def test_a_digest_names_its_reader_its_links_and_the_one_click_header(
    sqlite_store: Store,
) -> None:
    app = make_app(sqlite_store)
    (delivery,) = planned(app, ADA)
    envelope, message = load_letters(app, [delivery]).write(delivery)
    parsed = message_from_bytes(message, policy=policy.default)
    assert (envelope.recipient, parsed["To"]) == (ADA, ADA)
    assert links.unsubscribe_url(app, member(sqlite_store, ADA)) in parsed["List-Unsubscribe"]
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_bounces_come_back_to_an_address_of_the_delivery_alone(sqlite_store: Store) -> None:
    identity = make_identity(bounce_address="bounces@digest.example")
    app = make_app(sqlite_store, identity=identity)
    first, second = planned(app, ADA, "ben@b.example")
    letters = load_letters(app, [first, second])
    senders = [letters.write(delivery)[0].sender for delivery in (first, second)]
    assert len(set(senders)) == 2
    for delivery, sender in zip((first, second), senders, strict=True):
        assert delivery.public_id in sender
        assert links.bounce_signature(app, delivery.public_id) in sender


def test_the_same_rows_give_the_same_bytes(store: Store) -> None:
    app = make_app(store)
    (delivery,) = planned(app, ADA)
    again = make_app(store)
    assert load_letters(app, [delivery]).write(delivery) == load_letters(again, [delivery]).write(
        delivery
    )


def test_each_reader_is_written_to_in_their_language_to_the_last_try(sqlite_store: Store) -> None:
    app = make_app(sqlite_store)
    german = Preferences(language=Language.GERMAN)
    store_subscriber(sqlite_store, 7, email="ben@b.example", preferences=german)
    by_email = {member(sqlite_store, "ben@b.example").id: "ben"}
    planned(app, ADA)
    found = {by_email.get(one.subscriber_id, "ada"): one for one in deliveries(sqlite_store)}
    contents = {name: load_letters(app, [one]).content(one) for name, one in found.items()}
    assert 'lang="en"' in contents["ada"].html
    assert 'lang="de"' in contents["ben"].html
    assert "Unsubscribe: https://" in contents["ada"].text
    assert "Abmelden: https://" in contents["ben"].text
    ben = member(sqlite_store, "ben@b.example")
    membership.change(app, ben, preferences=Preferences(), interests=None)
    assert load_letters(app, [found["ben"]]).content(found["ben"]) == contents["ben"]


@pytest.mark.parametrize("kind", [MailKind.CONFIRMATION, MailKind.WELCOME, MailKind.GOODBYE])
def test_every_letter_of_the_membership_can_be_written(sqlite_store: Store, kind: MailKind) -> None:
    app = make_app(sqlite_store)
    membership.request_subscription(app, ADA, (), WEB)
    membership.activate(app, member(sqlite_store, ADA), WEB)
    membership.unsubscribe(app, member(sqlite_store, ADA), WEB, say_goodbye=True)
    (delivery,) = deliveries(sqlite_store, kind)
    _, message = load_letters(app, [delivery]).write(delivery)
    assert message_from_bytes(message)["Auto-Submitted"] == "auto-generated"


def test_a_reply_to_a_confirmation_goes_to_the_mailbox_that_reads_commands(
    sqlite_store: Store,
) -> None:
    app = make_app(sqlite_store, identity=make_identity(command_address="do@digest.example"))
    membership.request_subscription(app, ADA, (), WEB)
    (delivery,) = deliveries(sqlite_store, MailKind.CONFIRMATION)
    _, message = load_letters(app, [delivery]).write(delivery)
    assert message_from_bytes(message)["Reply-To"] == "do@digest.example"


def test_the_links_to_judge_papers_are_those_of_the_stored_places(sqlite_store: Store) -> None:
    app = make_app(sqlite_store)
    (delivery,) = planned(app, ADA)
    base = links.feedback_base(app, delivery.public_id)
    content = load_letters(app, [delivery]).content(delivery)
    with sqlite_store.write() as conn:
        order = [paper.paper_id for paper in outbox.papers_of(conn, [delivery.id])[delivery.id]]
        conn.execute(sa.delete(delivery_papers).where(delivery_papers.c.paper_id == order[0]))
    again = load_letters(app, [delivery]).content(delivery)
    for position in range(3):
        url = f"{choice_path(base, position)}.more"
        assert url in content.html
        assert url in content.text
        assert (url in again.html) is (position > 0)


# --- copies ---------------------------------------------------------------------------------------


def test_a_copy_is_what_the_reader_got(sqlite_store: Store) -> None:
    app = make_app(sqlite_store)
    (delivery,) = planned(app, ADA)
    content = load_letters(app, [delivery]).content(delivery)
    assert digest_copy(app, delivery.public_id) == content.html


def test_a_copy_whose_card_is_lost_is_made_anew(store: Store) -> None:
    app = make_app(store)
    (delivery,) = planned(app, ADA)
    before = digest_copy(app, delivery.public_id)
    with store.write() as conn:
        conn.execute(sa.delete(cards).where(cards.c.paper_id == 1))
    assert digest_copy(app, delivery.public_id) == before


def test_an_empty_digest_has_a_copy_too(sqlite_store: Store) -> None:
    app = make_app(sqlite_store, when_empty=WhenEmpty.SEND)
    (delivery,) = planned(app, ADA, papers=0)
    copy = digest_copy(app, delivery.public_id)
    assert copy is not None
    assert "Nothing new for you" in copy


def test_there_is_no_copy_of_what_was_never_made(sqlite_store: Store) -> None:
    app = make_app(sqlite_store)
    store_subscriber(sqlite_store, email=ADA)
    assemble(app, TODAY)
    membership.request_subscription(app, "ben@b.example", (), WEB)
    (skipped,) = deliveries(sqlite_store)
    (confirmation,) = deliveries(sqlite_store, MailKind.CONFIRMATION)
    assert digest_copy(app, skipped.public_id) is None
    assert digest_copy(app, confirmation.public_id) is None
    assert digest_copy(app, "nothing") is None


def test_the_copy_of_somebody_who_left_can_still_be_read(sqlite_store: Store) -> None:
    app = make_app(sqlite_store)
    (delivery,) = planned(app, ADA)
    membership.unsubscribe(app, member(sqlite_store, ADA), WEB, say_goodbye=False)
    assert member(sqlite_store, ADA).status is Status.UNSUBSCRIBED
    assert digest_copy(app, delivery.public_id) is not None
