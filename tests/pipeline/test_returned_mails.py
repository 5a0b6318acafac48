"""Bounces and complaints: which count, and what they change."""

import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email import message_from_bytes

import pytest
import structlog.testing

from digest.core.deliveries import Accepted, DeliveryStatus, after
from digest.core.messages import MailKind
from digest.core.subscribers import Status, Subscriber
from digest.core.tokens import Purpose
from digest.mail import wire
from digest.pipeline import disclosure, links, membership, suppression
from digest.pipeline.app import App
from digest.pipeline.command_cases import Action, InboundReport
from digest.pipeline.deliver import deliver
from digest.pipeline.housekeeping import housekeeping
from digest.pipeline.inbound import process
from digest.pipeline.membership import Origin
from digest.store import bounces, claims, history, outbox
from digest.store import subscribers as members
from digest.store.engine import Store
from tests.builders import NOW, make_app, make_identity, make_new_delivery, store_subscriber
from tests.fakes import FakeClock, FakeMailer
from tests.pipeline.world import everything, member, planned, rows

ADA = "ada@reader.example"
S = DeliveryStatus


@dataclass
class Post:
    """A service that has sent digests, and the mails that come back of them."""

    app: App
    clock: FakeClock
    mailer: FakeMailer
    numbers: list[int] = field(default_factory=lambda: [0])

    @property
    def store(self) -> Store:
        return self.app.store

    def send(self, subscriber: Subscriber, at: datetime | None = None) -> str:
        """A digest that the relay took; its public id."""
        self.numbers[0] += 1
        new = make_new_delivery(subscriber.id, self.numbers[0])
        with self.store.write() as conn:
            outbox.enqueue(conn, [new], at or self.clock.now())
            (claimed,) = claims.claim(
                conn, now=self.clock.now(), limit=1, owner="o", lease_until=self.clock.now()
            )
            taken = after(claimed, Accepted(250, "ok"), at or self.clock.now())
            claims.save(conn, taken, "o")
        return new.public_id

    def return_path(self, public_id: str) -> str:
        signature = links.bounce_signature(self.app, public_id)
        return wire.envelope_sender(self.app.identity, public_id, signature)

    def process(self, raw: bytes) -> InboundReport:
        return process(self.app, raw)

    def bounce(self, public_id: str, status: str, **changes: str) -> InboundReport:
        return self.process(report(status, to=self.return_path(public_id), **changes))

    def status(self) -> Status:
        return member(self.store, ADA).status


def report(
    status: str,
    *,
    to: str = "bounces@digest.example",
    address: str = ADA,
    action: str = "failed",
    copy: str = "Subject: papers\n",
    diagnostic: str = "",
) -> bytes:
    said = f"Diagnostic-Code: smtp; {diagnostic}\n" if diagnostic else ""
    return (
        f"From: MAILER-DAEMON@relay.example\nTo: {to}\nSubject: Undelivered Mail\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="q"\n\n'
        "--q\nContent-Type: text/plain\n\nSorry.\n"
        "--q\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; relay.example\n\n"
        f"Final-Recipient: rfc822; {address}\nAction: {action}\nStatus: {status}\n{said}\n"
        f"--q\nContent-Type: text/rfc822-headers\n\n{copy}\n--q--\n"
    ).encode()


def complaint(feedback: str, *, fields: str = "", copy: str = "Subject: papers\n") -> bytes:
    return (
        "From: fbl@reader.example\nTo: bounces@digest.example\nSubject: complaint\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="q"\n\n'
        "--q\nContent-Type: text/plain\n\nA reader complained.\n"
        f"--q\nContent-Type: message/feedback-report\n\nFeedback-Type: {feedback}\n{fields}\n"
        f"--q\nContent-Type: message/rfc822\n\n{copy}\n\nTen papers.\n--q--\n"
    ).encode()


@pytest.fixture
def post(store: Store) -> Post:
    clock, mailer = FakeClock(NOW), FakeMailer()
    identity = make_identity(bounce_address="bounces@digest.example")
    return Post(make_app(store, clock=clock, mailer=mailer, identity=identity), clock, mailer)


@pytest.fixture
def ada(post: Post) -> Subscriber:
    return store_subscriber(post.store, 1, email=ADA)


def suppressed_by(post: Post) -> str | None:
    with post.store.read() as conn:
        return members.suppression_reason(conn, post.app.address_hash(ADA))


# --- bounces ------------------------------------------------------------------------------------


def test_a_hard_bounce_ends_the_mail_to_that_address(post: Post, ada: Subscriber) -> None:
    key = post.send(ada)
    found = post.bounce(key, "5.1.1", diagnostic="550 5.1.1 no such user")
    assert (found.kind, found.action, found.why) == ("bounce", Action.SUPPRESSED, "hard 5.1.1")
    assert found.changed
    (row,) = rows(post.store)
    assert (row.delivery.status, row.delivery.detail) == (
        S.BOUNCED,
        "came back: 550 5.1.1 no such user",
    )
    assert post.status() is Status.SUPPRESSED
    assert suppressed_by(post) == "bounce: 5.1.1"
    assert post.mailer.taken == []


def test_what_still_waits_for_a_dead_address_is_cancelled(post: Post, ada: Subscriber) -> None:
    key = post.send(ada)
    with post.store.write() as conn:
        outbox.enqueue(conn, [make_new_delivery(ada.id, 99)], NOW)
    post.bounce(key, "5.1.1")
    assert [row.delivery.status for row in rows(post.store)] == [S.BOUNCED, S.CANCELLED]


def test_a_soft_bounce_is_counted_and_the_reader_stays(post: Post, ada: Subscriber) -> None:
    found = post.bounce(post.send(ada), "5.2.2")
    assert (found.action, found.why, found.changed) == (Action.COUNTED, "soft 5.2.2", False)
    assert rows(post.store)[0].delivery.status is S.BOUNCED
    assert post.status() is Status.ACTIVE


def test_soft_bounces_over_many_days_end_the_mail(post: Post, ada: Subscriber) -> None:
    said = []
    for day in range(9):
        post.clock.set(NOW + timedelta(days=day))
        said.append(post.bounce(post.send(ada), "4.2.2").action)
    assert said[:8] == [Action.COUNTED] * 7 + [Action.SUPPRESSED]
    assert suppressed_by(post) == "bounce: nothing arrived for 7 days, 4.2.2"


def test_one_digest_that_arrives_ends_the_row_of_soft_bounces(post: Post, ada: Subscriber) -> None:
    for day in range(12):
        post.clock.set(NOW + timedelta(days=day))
        key = post.send(ada)
        if day != 6:
            post.bounce(key, "4.2.2")
    assert post.status() is Status.ACTIVE


def test_what_is_held_against_us_alarms_the_operator_and_spares_the_reader(
    post: Post, ada: Subscriber
) -> None:
    with structlog.testing.capture_logs() as logged:
        for day in range(12):
            post.clock.set(NOW + timedelta(days=day))
            found = post.bounce(post.send(ada), "5.7.1", diagnostic="554 5.7.1 spam")
    assert (found.action, found.why) == (Action.COUNTED, "policy 5.7.1")
    assert post.status() is Status.ACTIVE
    errors = [line["event"] for line in logged if line["log_level"] == "error"]
    assert errors == ["returned.refused_by_policy"] * 12
    assert rows(post.store)[0].delivery.status is S.BOUNCED


def test_a_warning_changes_nothing(post: Post, ada: Subscriber) -> None:
    found = post.bounce(post.send(ada), "4.4.1", action="delayed")
    assert (found.action, found.why) == (Action.NOTHING, "still being tried")
    assert rows(post.store)[0].delivery.status is S.SENT


def test_a_dead_address_behind_a_forwarding_one_ends_the_mail_when_it_stays_dead(
    post: Post, ada: Subscriber
) -> None:
    for day in range(8):
        assert post.status() is Status.ACTIVE
        post.clock.set(NOW + timedelta(days=day))
        post.bounce(post.send(ada), "5.1.1", address="ada@elsewhere.example")
    assert post.status() is Status.SUPPRESSED


def test_one_of_two_addresses_behind_a_forwarding_one_is_not_all(
    post: Post, ada: Subscriber
) -> None:
    raw = report("5.1.1", to=post.return_path(post.send(ada)), address="a@elsewhere.example")
    other = b"\nFinal-Recipient: rfc822; b@elsewhere.example\nAction: failed\nStatus: 4.2.2\n"
    assert (
        post.process(
            raw.replace(b"\n--q\nContent-Type: text/rfc", other + b"\n--q\nContent-Type: text/rfc")
        ).action
        is Action.COUNTED
    )
    assert post.status() is Status.ACTIVE


def test_the_worst_of_several_bounces_of_one_mail_is_kept(post: Post, ada: Subscriber) -> None:
    key = post.send(ada)
    actions = [post.bounce(key, status).action for status in ("4.2.2", "5.2.2", "5.1.1", "5.1.2")]
    assert actions == [Action.COUNTED, Action.NOTHING, Action.SUPPRESSED, Action.NOTHING]
    with post.store.read() as conn:
        (bounce,) = bounces.of_subscriber(conn, ada.id).values()
    assert (bounce.bounce_class, bounce.status) == ("hard", "5.1.1")


def test_a_bounce_that_is_faster_than_the_relays_answer_counts(post: Post, ada: Subscriber) -> None:
    new = make_new_delivery(ada.id, 7)
    with post.store.write() as conn:
        outbox.enqueue(conn, [new], NOW)
        claims.claim(conn, now=NOW, limit=1, owner="o", lease_until=NOW)
    assert post.bounce(new.public_id, "5.1.1").action is Action.SUPPRESSED


def test_who_was_let_in_again_is_not_shut_out_by_the_same_bounce(
    post: Post, ada: Subscriber
) -> None:
    key = post.send(ada)
    post.bounce(key, "5.1.1")
    suppression.unsuppress(post.app, ADA, "it works again")
    assert post.bounce(key, "5.1.2").action is Action.NOTHING
    assert post.status() is Status.UNSUBSCRIBED


def test_who_has_confirmed_again_begins_anew(post: Post, ada: Subscriber) -> None:
    """Neither a bounce of an earlier mail, nor a row of earlier ones, ends the mail again."""
    keys = []
    for day in range(9):
        post.clock.set(NOW + timedelta(days=day))
        keys.append(post.send(ada))
        if day > 0:
            post.bounce(keys[-1], "4.2.2")
    assert post.status() is Status.SUPPRESSED
    post.clock.set(NOW + timedelta(days=9))
    suppression.unsuppress(post.app, ADA, "there is room again")
    with post.store.write() as conn:
        members.set_status(conn, ada.id, Status.ACTIVE, confirmed_at=post.clock.now())
    late = post.bounce(keys[0], "5.1.1")
    assert (late.action, late.why) == (Action.NOTHING, "about a mail of before they confirmed")
    assert post.bounce(post.send(ada), "4.2.2").action is Action.COUNTED
    assert post.status() is Status.ACTIVE


def test_a_bounced_confirmation_mail_ends_the_request(post: Post) -> None:
    membership.request_subscription(post.app, ADA, (), Origin(via="web"))
    deliver(post.app)
    (envelope, _) = post.mailer.taken[0]
    assert post.process(report("5.1.1", to=envelope.sender)).action is Action.SUPPRESSED
    assert rows(post.store, kind=MailKind.CONFIRMATION)[0].delivery.status is S.BOUNCED


# --- which count --------------------------------------------------------------------------------


def test_the_mail_as_it_was_sent_names_itself_in_every_way(post: Post) -> None:
    """Sent by the service, returned to the envelope's sender or with its headers."""
    planned(post.app, ADA)
    deliver(post.app)
    ((envelope, message),) = post.mailer.taken
    headers = message.partition(b"\r\n\r\n")[0].decode().replace("\r\n", "\n") + "\n"
    own = f"Return-Path: <{envelope.sender}>\n"
    wrapped = own.replace("<", "<SRS0=x=y=digest.example=").replace("@digest", "@relay")
    named = f"Message-ID: {message_from_bytes(message)['Message-ID']}\n"
    for to, copy in (
        (envelope.sender, ""),
        (envelope.sender.upper(), ""),
        ("b@d.example", own),
        ("b@d.example", wrapped),
        ("b@d.example", named),
        ("b@d.example", headers),
    ):
        said = post.process(report("4.2.2", to=to, copy=copy + "Subject: x\n"))
        assert said.why in ("soft 4.2.2", "known before"), (to, copy)


@pytest.mark.parametrize(
    ("to", "copy"),
    [
        ("bounces@digest.example", "Subject: papers\n"),
        ("bounces+{key}-{forged}@digest.example", "Subject: papers\n"),
        ("bounces+{key}@digest.example", "Subject: papers\n"),
        ("bounces+{other}-{signature}@digest.example", "Subject: papers\n"),
        ("bounces@digest.example", "Message-ID: <{other}@digest.example>\n"),
        ("bounces@digest.example", "Message-ID: <{key}@elsewhere.example>\n"),
        (
            "bounces@digest.example",
            "List-Unsubscribe: <https://digest.example/unsubscribe/{token}>\n",
        ),
        ("bounces@digest.example", "Return-Path: <bounces+{key}-{forged}@digest.example>\n"),
    ],
)
def test_a_forged_bounce_changes_nothing(post: Post, ada: Subscriber, to: str, copy: str) -> None:
    key = post.send(ada)
    names = {
        "key": key,
        "other": f"{77:024x}",
        "signature": links.bounce_signature(post.app, key),
        "forged": "0" * 16,
        "token": post.app.tokens.sign(Purpose.UNSUBSCRIBE, ada.public_id),
    }
    before = everything(post.store)
    found = post.process(report("5.1.1", to=to.format(**names), copy=copy.format(**names)))
    assert (found.action, found.why) == (Action.NOTHING, "about no mail of ours")
    assert everything(post.store) | {"inbound_mails": ()} == before | {"inbound_mails": ()}


def test_a_token_in_the_words_of_a_mail_proves_nothing(post: Post, ada: Subscriber) -> None:
    raw = report("5.1.1").replace(b"Sorry.", post.return_path(post.send(ada)).encode())
    assert post.process(raw).action is Action.NOTHING


def test_a_bounce_of_a_mail_of_long_ago_changes_nothing(post: Post, ada: Subscriber) -> None:
    key = post.send(ada)
    post.clock.set(NOW + timedelta(days=20))
    found = post.bounce(key, "5.1.1")
    assert (found.action, found.why) == (Action.NOTHING, "about a mail of long ago")


def test_a_bounce_is_handled_once(post: Post, ada: Subscriber) -> None:
    raw = report("5.1.1", to=post.return_path(post.send(ada)))
    assert [post.process(raw).kind for _ in range(2)] == ["bounce", "repeated"]


def test_without_a_bounce_address_the_headers_that_come_back_count(post: Post) -> None:
    ada = store_subscriber(post.store, 1, email=ADA)
    key = post.send(ada)
    post.app = replace(post.app, identity=make_identity())
    copy = f"Message-ID: <{key}@digest.example>\nSubject: papers\n"
    assert post.process(report("5.1.1", to="digest@digest.example", copy=copy)).changed


# --- complaints ---------------------------------------------------------------------------------


@pytest.mark.parametrize("feedback", ["abuse", "fraud", "virus", "other", "a-new-one"])
def test_a_complaint_ends_the_mail_at_once(post: Post, ada: Subscriber, feedback: str) -> None:
    key = post.send(ada)
    path = f"Original-Mail-From: <{post.return_path(key)}>\n"
    found = post.process(complaint(feedback, fields=path))
    assert (found.kind, found.action) == ("complaint", Action.SUPPRESSED)
    assert suppressed_by(post) == "complaint"
    assert rows(post.store)[0].delivery.status is S.SENT
    with post.store.read() as conn:
        assert history.suppression_counts(conn, NOW)["complaint"] == 1


@pytest.mark.parametrize(
    "header", ["Message-ID: <{key}@digest.example>", "List-Unsubscribe: {link}"]
)
def test_a_complaint_without_addresses_is_still_told_apart(
    post: Post, ada: Subscriber, header: str
) -> None:
    key, token = post.send(ada), post.app.tokens.sign(Purpose.UNSUBSCRIBE, ada.public_id)
    link = f"<https://digest.example/unsubscribe/{token}>,\n <mailto:c@digest.example?subject=x>"
    found = post.process(complaint("abuse", copy=header.format(key=key, link=link)))
    assert found.action is Action.SUPPRESSED


def test_who_opts_out_has_left_and_may_come_back(post: Post, ada: Subscriber) -> None:
    copy = f"Message-ID: <{post.send(ada)}@digest.example>"
    assert post.process(complaint("opt-out", copy=copy)).action is Action.UNSUBSCRIBED
    assert (post.status(), suppressed_by(post)) == (Status.UNSUBSCRIBED, None)


def test_a_failed_signature_is_no_word_of_a_reader(post: Post, ada: Subscriber) -> None:
    copy = f"Message-ID: <{post.send(ada)}@digest.example>"
    with structlog.testing.capture_logs() as logged:
        assert post.process(complaint("auth-failure", copy=copy)).action is Action.NOTHING
    assert "returned.authentication_failed" in [line["event"] for line in logged]
    assert post.status() is Status.ACTIVE


def test_a_forged_complaint_changes_nothing(post: Post, ada: Subscriber) -> None:
    post.send(ada)
    fields = f"Original-Rcpt-To: {ADA}\nRemoval-Recipient: {ADA}\n"
    found = post.process(complaint("abuse", fields=fields))
    assert (found.action, found.why) == (Action.NOTHING, "about no mail of ours")


def test_a_complaint_outweighs_a_bounce(post: Post, ada: Subscriber) -> None:
    """Of those that bounced whoever asks anew may come back."""
    key = post.send(ada)
    post.bounce(key, "5.1.1")
    fields = f"Original-Mail-From: <{post.return_path(key)}>\n"
    assert post.process(complaint("abuse", fields=fields)).action is Action.SUPPRESSED
    assert suppressed_by(post) == "complaint"


def test_a_second_complaint_changes_nothing_more(post: Post, ada: Subscriber) -> None:
    post.send(ada)
    copy = f"Message-ID: <{post.send(ada)}@digest.example>"
    post.process(complaint("abuse", copy=copy))
    assert post.process(complaint("fraud", copy=copy)).why == "suppressed before"


# --- what is kept -------------------------------------------------------------------------------


def test_a_reader_is_told_what_came_back(post: Post, ada: Subscriber) -> None:
    post.send(ada)
    post.bounce(post.send(ada), "5.2.2")
    told = disclosure.disclosed(post.app, ada)["deliveries"]
    assert [(each["status"], each["bounce"]) for each in told] == [
        ("bounced", "soft 5.2.2"),
        ("sent", None),
    ]
    assert json.dumps(told)


def test_who_is_erased_takes_their_bounces_along(post: Post, ada: Subscriber) -> None:
    post.bounce(post.send(ada), "5.1.1", diagnostic=f"550 5.1.1 <{ADA}> unknown")
    suppression.erase(post.app, member(post.store, ADA))
    kept = everything(post.store)
    assert kept["bounces"] == []
    assert "ada@" not in repr(kept)


def test_bounces_go_with_their_deliveries_when_their_time_is_over(post: Post) -> None:
    planned(post.app, ADA)
    deliver(post.app)
    post.process(report("5.2.2", to=post.mailer.taken[0][0].sender))
    assert len(everything(post.store)["bounces"]) == 1
    post.clock.set(NOW + timedelta(days=400))
    housekeeping(post.app)
    assert everything(post.store)["bounces"] == []


def test_a_bounced_digest_stays_counted_as_one_that_was_planned(post: Post) -> None:
    planned(post.app, ADA)
    deliver(post.app)
    post.process(report("5.2.2", to=post.mailer.taken[0][0].sender))
    with post.store.read() as conn:
        (edition,) = history.edition_counts(conn, NOW.date() - timedelta(days=9))
    assert (edition.by_status, edition.planned) == ({S.BOUNCED: 1}, 1)
