"""Mail that comes in: who is believed, what changes, who is answered."""

import itertools
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

from digest.core.deliveries import Accepted, Delivery, SendOutcome, Unreachable
from digest.core.interest_changes import with_added, with_less, with_more, with_removed
from digest.core.interests import Interest, InterestKind
from digest.core.messages import Envelope, MailKind
from digest.core.subscribers import Language, Preferences, Status, Subscriber
from digest.core.tokens import Purpose
from digest.mail.identity import MailIdentity
from digest.mail.wording import load_wording
from digest.pipeline import answer_texts, answers, compose, membership, suppression
from digest.pipeline.app import App
from digest.pipeline.command_cases import Action, InboundReport
from digest.pipeline.inbound import process
from digest.store import arrivals, outbox
from digest.store import subscribers as members
from digest.store.arrivals import NewSubscriber
from digest.store.engine import open_store
from digest.store.tables import metadata
from tests.builders import TEMPLATES, make_app

NOW = datetime(2026, 3, 20, 9, 0, tzinfo=UTC)
COMMANDS = "commands@papers.example.org"
ORIGIN = membership.Origin(via="web")
OURS = ("mx.papers.example.org",)
PROVEN = b"Authentication-Results: mx.papers.example.org; dmarc=pass header.from=example.net\r\n"


ACCEPTED = Accepted(250, "ok")


@dataclass
class HandClock:
    moment: datetime = NOW

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass
class Relay:
    """Keeps what it is handed."""

    outcome: SendOutcome = ACCEPTED
    sent: list[tuple[Envelope, bytes]] = field(default_factory=list)

    @contextmanager
    def connection(self) -> Iterator["Relay"]:
        yield self

    def send(self, envelope: Envelope, message: bytes) -> SendOutcome:
        self.sent.append((envelope, message))
        return self.outcome


@dataclass
class World:
    app: App
    clock: HandClock
    relay: Relay
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def mail(
        self,
        body: str = "",
        *,
        subject: str = "",
        sender: str = "ada@example.net",
        to: str = COMMANDS,
        headers: bytes = b"",
    ) -> bytes:
        return (
            (
                f"Return-Path: <{sender}>\r\nFrom: Ada Bell <{sender}>\r\nTo: {to}\r\n"
                f"Subject: {subject}\r\nMessage-ID: <in{next(self.numbers)}@example.net>\r\n"
            ).encode()
            + headers
            + b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
            + body.encode()
        )

    def process(self, raw: bytes, trusted: tuple[str, ...] = OURS) -> InboundReport:
        return process(self.app, raw, trusted)

    def member(
        self,
        status: Status = Status.ACTIVE,
        email: str = "ada@example.net",
        language: Language = Language.ENGLISH,
    ) -> Subscriber:
        with self.app.store.write() as conn:
            new = NewSubscriber(
                public_id=self.app.new_id(),
                email=email,
                status=status,
                preferences=Preferences(language=language),
            )
            return arrivals.add(conn, new, self.clock.now())

    def found(self, email: str = "ada@example.net") -> Subscriber | None:
        with self.app.store.read() as conn:
            return members.by_email(conn, email)

    def found_member(self) -> Subscriber:
        found = self.found()
        assert found is not None
        return found

    def status(self, email: str = "ada@example.net") -> Status | None:
        found = self.found(email)
        return found.status if found else None

    def queued(self, kind: MailKind) -> list[Delivery]:
        with self.app.store.read() as conn:
            return [row.delivery for row in outbox.listed(conn, kind=kind)]

    def answers(self) -> list[Message]:
        return [message_from_bytes(message) for _, message in self.relay.sent]

    def asked(self, email: str = "ada@example.net") -> Message:
        """The confirmation mail that a request by web brings."""
        membership.request_subscription(self.app, email, (), ORIGIN)
        delivery = self.queued(MailKind.CONFIRMATION)[0]
        _, message = compose.load_letters(self.app, [delivery]).write(delivery)
        return message_from_bytes(message)

    def unsubscribe_token(self, subscriber: Subscriber) -> str:
        return self.app.tokens.sign(Purpose.UNSUBSCRIBE, subscriber.public_id)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    store = open_store(f"sqlite:///{tmp_path / 'digest.db'}")
    metadata.create_all(store.engine)
    clock, relay = HandClock(), Relay()
    identity = MailIdentity(
        from_name="Paper Digest",
        from_address="digest@papers.example.org",
        command_address=COMMANDS,
        base_url="https://papers.example.org",
    )
    app = make_app(store, clock=clock, mailer=relay, identity=identity)
    yield World(app, clock, relay)
    store.close()


def text_of(message: Message) -> str:
    part = message.get_payload(0) if message.is_multipart() else message
    assert isinstance(part, Message)
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


def quoted(message: Message) -> str:
    return "\n".join(f"> {line}" for line in text_of(message).splitlines())


# --- subscribe and confirm ----------------------------------------------------------------------


def test_a_subscription_by_mail_waits_for_its_confirmation_mail(world: World) -> None:
    report = world.process(world.mail("subscribe\ngraphs\nnot: surveys\n-- \nAda"))
    assert report.action is Action.REQUESTED
    found = world.found()
    assert found is not None
    assert found.status is Status.PENDING
    assert found.interests == (
        Interest(InterestKind.TEXT, "graphs"),
        Interest(InterestKind.EXCLUDE, "surveys"),
    )
    assert len(world.queued(MailKind.CONFIRMATION)) == 1
    assert world.relay.sent == []


def test_many_requests_bring_one_confirmation_mail_a_day(world: World) -> None:
    for _ in range(5):
        world.process(world.mail("subscribe"))
    assert len(world.queued(MailKind.CONFIRMATION)) == 1


def test_even_a_proven_sender_has_to_confirm(world: World) -> None:
    world.process(world.mail("subscribe", headers=PROVEN))
    assert world.status() is Status.PENDING


def test_lines_that_can_be_no_interest_are_left_out(world: World) -> None:
    world.process(world.mail("subscribe\n" + "x" * 600 + "\ngraphs"))
    found = world.found()
    assert found is not None
    assert [wish.value for wish in found.interests] == ["graphs"]


@pytest.mark.parametrize("words", ["", "yes", "Ja, bitte"])
def test_a_reply_to_the_confirmation_mail_confirms(world: World, words: str) -> None:
    request = world.asked()
    body = f"{words}\n\nOn Friday, Paper Digest <{COMMANDS}> wrote:\n{quoted(request)}"
    report = world.process(world.mail(body, subject=f"Re: {request['Subject']}"))
    assert report.action is Action.CONFIRMED
    assert world.status() is Status.ACTIVE
    assert len(world.queued(MailKind.WELCOME)) == 1


def test_a_reply_without_any_quotation_confirms_by_its_thread(world: World) -> None:
    request = world.asked()
    thread = f"In-Reply-To: {request['Message-ID']}\r\n".encode()
    report = world.process(world.mail("yes", subject="Re: x", headers=thread))
    assert report.action is Action.CONFIRMED


@pytest.mark.parametrize(
    ("words", "subject"),
    [
        ("no", "Re: confirm"),
        ("Who are you? I never asked for this.", "Re: confirm"),
        ("I am out of the office until Monday.", "Re: confirm"),
        ("", "Automatic reply: confirm"),
        ("Ticket 4711: your message has been received.", "Re: confirm"),
    ],
)
def test_other_answers_to_the_confirmation_mail_do_not_confirm(
    world: World, words: str, subject: str
) -> None:
    request = world.asked()
    thread = f"In-Reply-To: {request['Message-ID']}\r\n".encode()
    report = world.process(
        world.mail(f"{words}\n\n{quoted(request)}", subject=subject, headers=thread)
    )
    assert not report.changed
    assert world.status() is Status.PENDING


def test_a_forged_token_is_met_with_silence(world: World) -> None:
    world.asked()
    for body, subject in (("confirm NOSUCH.TOKEN1", ""), ("yes", "Re: x"), ("", "confirm abc.123")):
        assert world.process(world.mail(body, subject=subject)).action is Action.NOTHING
    assert world.status() is Status.PENDING
    assert world.relay.sent == []


def test_a_late_confirmation_is_told_how_to_start_anew(world: World) -> None:
    request = world.asked()
    world.clock.sleep(8 * 86_400)
    report = world.process(world.mail(f"yes\n{quoted(request)}", subject="Re: confirm"))
    assert report.action is Action.ANSWERED
    assert world.status() is Status.PENDING


# --- unsubscribe --------------------------------------------------------------------------------


def test_a_token_in_the_subject_unsubscribes_at_once_and_silently(world: World) -> None:
    token = world.unsubscribe_token(world.member())
    headers = b"Auto-Submitted: auto-generated\r\n"
    report = world.process(world.mail(subject=f"unsubscribe {token}", headers=headers))
    assert report.action is Action.UNSUBSCRIBED
    assert world.status() is Status.UNSUBSCRIBED
    assert world.queued(MailKind.GOODBYE) == []
    assert world.relay.sent == []


def test_a_token_in_the_address_unsubscribes_even_from_a_null_sender(world: World) -> None:
    token = world.unsubscribe_token(world.member())
    raw = world.mail("Sent by a mail program.", to=f"unsubscribe+{token}@papers.example.org")
    raw = raw.replace(b"Return-Path: <ada@example.net>", b"Return-Path: <>")
    assert world.process(raw).action is Action.UNSUBSCRIBED


def test_a_quoted_token_counts_only_for_the_address_it_was_made_for(world: World) -> None:
    token = world.unsubscribe_token(world.member())
    body = f"stop\n\n> https://papers.example.org/unsubscribe/{token}"
    assert not world.process(world.mail(body, sender="bob@example.net")).changed
    assert world.process(world.mail(body)).action is Action.UNSUBSCRIBED
    assert len(world.queued(MailKind.GOODBYE)) == 1


def test_a_trusted_server_proves_the_sender(world: World) -> None:
    world.member()
    assert world.process(world.mail("stop", headers=PROVEN)).action is Action.UNSUBSCRIBED


@pytest.mark.parametrize("trusted", [(), ("other.example.org",)])
def test_a_server_that_is_not_trusted_proves_nothing(
    world: World, trusted: tuple[str, ...]
) -> None:
    world.member()
    report = world.process(world.mail("stop", headers=PROVEN), trusted)
    assert report.action is Action.ANSWERED
    assert world.status() is Status.ACTIVE


def test_an_unproven_member_gets_a_link_once_an_hour(world: World) -> None:
    subscriber = world.member()
    reports = [world.process(world.mail("unsubscribe")) for _ in range(3)]
    assert [report.action for report in reports] == [
        Action.ANSWERED,
        Action.NOTHING,
        Action.NOTHING,
    ]
    assert world.status() is Status.ACTIVE
    (answer,) = world.answers()
    assert f"/unsubscribe/{world.unsubscribe_token(subscriber)}" in text_of(answer)
    world.clock.sleep(3601)
    assert world.process(world.mail("unsubscribe")).action is Action.ANSWERED


@pytest.mark.parametrize("status", [None, Status.UNSUBSCRIBED, Status.SUPPRESSED])
def test_whoever_is_no_member_gets_no_answer_to_stop(world: World, status: Status | None) -> None:
    if status:
        world.member(status)
    assert world.process(world.mail("stop")).action is Action.NOTHING
    assert world.relay.sent == []


def test_a_forged_sender_is_met_with_silence(world: World) -> None:
    world.member()
    forged = b"Authentication-Results: mx.papers.example.org; dmarc=fail\r\n"
    faked = b"Authentication-Results: mx.evil.example; dmarc=pass header.from=example.net\r\n"
    for body in ("unsubscribe", "help", "subscribe", "what?"):
        for trusted in (OURS, ()):
            report = world.process(world.mail(body, headers=forged + faked), trusted)
            assert report.action is Action.NOTHING
    assert world.status() is Status.ACTIVE
    assert world.relay.sent == []


# --- answers ------------------------------------------------------------------------------------


def test_help_is_answered_to_the_sender_alone_and_marked_as_automatic(world: World) -> None:
    raw = world.mail("help", subject="Buy pills", headers=b"Reply-To: v@victim.example\r\n")
    assert world.process(raw).action is Action.ANSWERED
    ((envelope, message),) = world.relay.sent
    answer = message_from_bytes(message)
    assert envelope == Envelope(sender="", recipient="ada@example.net")
    assert answer["To"] == "ada@example.net"
    assert answer["Auto-Submitted"] == "auto-replied"
    assert answer["In-Reply-To"] == answer["References"] == "<in1@example.net>"
    assert answer["X-Loop"] == COMMANDS
    assert answer["Reply-To"] == COMMANDS
    assert answer["Subject"] == "Re: help"
    assert "subscribe" in text_of(answer)
    assert world.found() is None


def test_an_answer_of_ours_that_comes_back_is_ignored(world: World) -> None:
    world.process(world.mail("help"))
    ((_, message),) = world.relay.sent
    report = world.process(message)
    assert (report.kind, report.action) == ("auto_reply", Action.NOTHING)


def test_a_mail_without_message_id_is_answered_and_known_again(world: World) -> None:
    raw = b"From: ada@example.net\r\nSubject: help\r\n\r\n"
    assert world.process(raw).action is Action.ANSWERED
    assert world.answers()[0]["Auto-Submitted"] == "auto-replied"
    assert world.process(raw).kind == "repeated"


def test_an_unknown_word_gets_help_three_times_a_day_at_most(world: World) -> None:
    actions = []
    for _ in range(5):
        actions.append(world.process(world.mail("sbscribe")).action)
        world.clock.sleep(3700)
    assert actions == [Action.ANSWERED] * 3 + [Action.NOTHING] * 2


def test_forged_senders_without_end_cause_few_mails(world: World) -> None:
    for number in range(210):
        world.process(world.mail("help", sender=f"p{number}@example.net"))
    assert len(world.relay.sent) == 200
    world.clock.sleep(3601)
    assert world.process(world.mail("help")).action is Action.ANSWERED


def test_a_suppressed_address_is_never_answered(world: World) -> None:
    suppression.suppress(world.app, "ada@example.net", "complaint")
    assert world.process(world.mail("help")).action is Action.NOTHING
    assert not world.relay.sent


def test_whom_bounces_suppressed_comes_back_by_mail(world: World) -> None:
    reader = world.member()
    with world.app.store.write() as conn:
        suppression.suppress_in(world.app, conn, reader.email, "bounce: 5.1.1", NOW)
    assert world.process(world.mail("subscribe")).action is Action.REQUESTED
    assert world.found_member().status is Status.PENDING


def test_a_member_who_subscribes_again_is_shown_the_preferences(world: World) -> None:
    world.member()
    assert world.process(world.mail("subscribe")).action is Action.ANSWERED
    assert "/preferences/" in text_of(world.answers()[0])


def test_an_answer_that_is_lost_does_not_fail_the_mail(world: World) -> None:
    world.relay.outcome = Unreachable("no route")
    assert world.process(world.mail("help")).action is Action.NOTHING


@pytest.mark.parametrize(
    "header",
    [b"Precedence: bulk", b"Auto-Submitted: auto-replied", b"List-Id: <talk.example>"],
)
def test_automatic_mail_changes_and_answers_nothing(world: World, header: bytes) -> None:
    for body in ("subscribe", "help", "stop", "hello?"):
        report = world.process(world.mail(body, headers=header + b"\r\n" + PROVEN))
        assert (report.kind in ("ignored", "auto_reply"), report.action) == (True, Action.NOTHING)
    assert world.found() is None
    assert world.relay.sent == []


# --- once, and one after the other --------------------------------------------------------------


def test_a_mail_is_handled_once_whatever_way_it_comes(world: World) -> None:
    raw = world.mail("help")
    assert world.process(raw).action is Action.ANSWERED
    world.clock.sleep(7200)
    again = world.process(b"Received: by another.example\r\n" + raw)
    assert (again.kind, again.action) == ("repeated", Action.NOTHING)


def test_a_report_tells_no_address(world: World) -> None:
    world.member()
    for body in ("help", "stop", "subscribe", "yes", "\x00", "confirm x.1"):
        assert "@" not in world.process(world.mail(body)).why


# --- recordings ---------------------------------------------------------------------------------


@pytest.mark.recordings
@pytest.mark.skipif("DIGEST_RECORDINGS" not in os.environ, reason="DIGEST_RECORDINGS is not set")
def test_recorded_mails_are_never_wrongly_answered_nor_obeyed(world: World) -> None:
    folder = Path(os.environ["DIGEST_RECORDINGS"]) / "inbound"
    addresses = {
        "command_address": "cmd@digest.example.org",
        "from_address": "d@digest.example.org",
    }
    app = replace(world.app, identity=replace(world.app.identity, **addresses))
    world.member()
    for line in (folder / "labels.tsv").read_text().splitlines()[1:]:
        name, _, answered, acted, *_ = line.split("\t")
        before = len(world.relay.sent)
        report = process(app, (folder / name).read_bytes(), ("mta.digest.example.org",))
        assert answered != "no" or len(world.relay.sent) == before, name
        assert acted != "no" or not report.changed, name
        world.clock.sleep(86_400)


# --- more and less ------------------------------------------------------------------------------


def wishes(world: World) -> list[tuple[str, str, float]]:
    found = world.found()
    assert found is not None
    return [(wish.kind.value, wish.value, wish.weight) for wish in found.interests]


def test_a_proven_member_says_of_what_they_want_more_and_less(world: World) -> None:
    world.member()
    report = world.process(world.mail("more graph limits\nless surveys", headers=PROVEN))
    assert (report.kind, report.action, report.changed) == ("change", Action.CHANGED, True)
    assert wishes(world) == [("text", "graph limits", 1.0), ("exclude", "surveys", 1.0)]
    (answer,) = world.answers()
    assert answer["To"] == "ada@example.net"
    assert "“graph limits” is one of your interests now." in text_of(answer)
    assert "not: surveys" in text_of(answer)
    world.process(world.mail("more graph limits", headers=PROVEN))
    assert wishes(world)[0] == ("text", "graph limits", 2.0)


def test_answers_speak_the_language_of_the_member(world: World) -> None:
    world.member(language=Language.GERMAN)
    world.process(world.mail("more graph limits\nless surveys", headers=PROVEN))
    world.clock.moment += timedelta(hours=2)
    world.process(world.mail("help"))
    changed, helped = map(text_of, world.answers())
    assert "„graph limits“ gehört jetzt zu Ihren Themen." in changed
    assert "„surveys“ erwähnen, fehlen von nun an." in changed
    assert "Dieses Postfach liest ein Programm." in helped
    assert "\r\nunsubscribe (oder stop)\r\n    Beendet alles.\r\n" in helped


@pytest.mark.parametrize("topic", ["graph limits", "50 % off %(x)s", "a “quoted” word"])
def test_all_that_is_said_of_a_wish_has_a_form_that_is_translated(topic: str) -> None:
    said = set()
    interests: tuple[Interest, ...] = ()
    ways = (with_removed, *[with_more] * 5, *[with_less] * 7, with_more, with_added, with_added)
    for change in ways:
        interests, sentences = change(interests, topic)
        said.update(sentences)
    wording = load_wording([TEMPLATES], Language.GERMAN)
    told = {answer_texts.change_text(sentence, wording) for sentence in said}
    assert len(told) == len(answer_texts.CHANGES) == 10
    assert not told & said
    assert all(topic in sentence for sentence in told)


def test_a_reply_to_a_mail_of_ours_is_proof_enough(world: World) -> None:
    request = world.asked()
    delivery = world.queued(MailKind.CONFIRMATION)[0]
    membership.confirm(
        world.app,
        membership.confirmation_token(world.app, world.found_member(), delivery.created_at),
        ORIGIN,
    )
    thread = f"In-Reply-To: {request['Message-ID']}\r\n".encode()
    report = world.process(world.mail("more graph limits", subject="Re: hello", headers=thread))
    assert report.action is Action.CHANGED
    assert wishes(world) == [("text", "graph limits", 1.0)]


def test_whoever_is_not_proven_changes_nothing_and_the_member_gets_a_link(world: World) -> None:
    world.member()
    report = world.process(world.mail("more graph limits"))
    assert report.action is Action.ANSWERED
    assert wishes(world) == []
    (answer,) = world.answers()
    assert "/preferences/" in text_of(answer)
    assert "nothing was done" in " ".join(text_of(answer).split())


def test_a_forged_sender_a_stranger_and_whoever_left_get_no_answer(world: World) -> None:
    forged = b"Authentication-Results: mx.papers.example.org; dmarc=fail\r\n"
    world.member()
    assert world.process(world.mail("more x", headers=forged)).action is Action.NOTHING
    stranger = world.mail("more graphs", sender="eve@example.net")
    assert world.process(stranger).why == "no member"
    world.member(Status.UNSUBSCRIBED, "ben@example.net")
    gone = world.mail("more graphs", sender="ben@example.net", headers=PROVEN)
    assert world.process(gone).why == "no member"
    assert world.relay.sent == []


def test_interests_come_and_go_by_name_and_the_answer_lists_them(world: World) -> None:
    world.member()
    added = world.mail("add graph limits, protein folding\nadd not: surveys", headers=PROVEN)
    assert world.process(added).action is Action.CHANGED
    assert [value for _, value, _ in wishes(world)] == [
        "graph limits",
        "protein folding",
        "surveys",
    ]
    world.process(world.mail("Remove Graph Limits and surveys, please", headers=PROVEN))
    assert [value for _, value, _ in wishes(world)] == ["protein folding"]
    asked = world.process(world.mail("", subject="interests", headers=PROVEN))
    assert (asked.kind, asked.action) == ("interests", Action.ANSWERED)
    told = text_of(world.answers()[-1])
    assert "- protein folding" in told
    assert "every day at 07:30 (UTC)" in told


def test_a_member_states_all_of_their_interests(world: World) -> None:
    world.member()
    world.process(world.mail("add drones\nadd not: surveys", headers=PROVEN))
    report = world.process(world.mail("interests: graph limits; robots", headers=PROVEN))
    assert (report.kind, report.action) == ("interests", Action.CHANGED)
    values = [value for _, value, _ in wishes(world)]
    assert sorted(values) == ["graph limits", "robots", "surveys"]
    told = " ".join(text_of(world.answers()[-1]).split())
    assert "“drones” is none of your interests any more." in told
    unproven = world.process(world.mail("interests: none"))
    assert (unproven.kind, unproven.changed) == ("interests", False)
    assert len(wishes(world)) == 3


# --- timetable, pause, one's own data -------------------------------------------------------------


def test_a_member_changes_how_often_and_when(world: World) -> None:
    world.member()
    report = world.process(world.mail("Weekly, please\nat 9:15 Europe/Berlin", headers=PROVEN))
    assert (report.kind, report.action) == ("change", Action.CHANGED)
    member = world.found_member()
    preferences = member.preferences
    assert (preferences.frequency.value, f"{preferences.at:%H:%M}") == ("weekly", "09:15")
    assert member.next_due_at == datetime(2026, 3, 23, 8, 15, tzinfo=UTC)
    assert "on Mondays at 09:15 (Europe/Berlin)" in " ".join(text_of(world.answers()[0]).split())


def test_a_member_pauses_and_comes_back(world: World) -> None:
    world.member()
    world.process(world.mail("pause 14 days", headers=PROVEN))
    paused = world.found_member()
    assert (paused.status, paused.paused_until) == (Status.PAUSED, NOW + timedelta(days=14))
    assert "until Friday, 3 April 2026" in " ".join(text_of(world.answers()[0]).split())
    world.process(world.mail("add graph limits", headers=PROVEN))
    assert world.found_member().status is Status.PAUSED
    world.process(world.mail("resume", headers=PROVEN))
    back = world.found_member()
    assert (back.status, back.paused_until) == (Status.ACTIVE, None)
    assert len(world.answers()) == 3  # whoever is proven need not wait an hour for each


def test_all_of_a_mail_is_done_or_nothing(world: World) -> None:
    before = world.member()
    report = world.process(
        world.mail("add graph limits\npause\nat 7:30 Mars/Phobos", headers=PROVEN)
    )
    assert (report.action, report.why) == (Action.ANSWERED, "what cannot be")
    assert world.found_member() == before
    assert "is not a time zone" in " ".join(text_of(world.answers()[0]).split())


def test_nobody_gets_active_without_confirming(world: World) -> None:
    world.member(Status.PENDING)
    for wish in ("resume", "pause", "weekly"):
        world.process(world.mail(wish, headers=PROVEN))
    member = world.found_member()
    assert member.status is Status.PENDING
    assert member.next_due_at is None
    assert "before you confirm" in " ".join(text_of(world.answers()[-1]).split())


def test_a_copy_of_what_is_kept_comes_as_a_link_to_the_member_alone(world: World) -> None:
    member = world.member()
    report = world.process(world.mail("export", headers=PROVEN))
    assert (report.kind, report.action) == ("export", Action.ANSWERED)
    token = re.search(r"/export/(\S+)", text_of(world.answers()[0]))
    assert token is not None
    assert membership.bearer(world.app, Purpose.EXPORT, token[1]) == member


def test_erasing_removes_the_person_and_says_so_once(world: World) -> None:
    world.member()
    report = world.process(world.mail("erase", headers=PROVEN))
    assert (report.kind, report.action, report.changed) == ("erase", Action.ERASED, True)
    assert world.found() is None
    (answer,) = world.answers()
    assert "All that was kept of you is erased" in text_of(answer)
    assert "/preferences/" not in text_of(answer)
    assert world.process(world.mail("erase", headers=PROVEN)).why == "no member"
    assert len(world.answers()) == 1


@pytest.mark.parametrize("status", [Status.UNSUBSCRIBED, Status.SUPPRESSED])
def test_whoever_has_left_may_have_what_is_kept_of_them_and_have_it_erased(
    world: World, status: Status
) -> None:
    world.member(status)
    assert world.process(world.mail("interests", headers=PROVEN)).why == "no member"
    assert world.process(world.mail("erase")).why == "no member"
    assert world.process(world.mail("export", headers=PROVEN)).action is Action.ANSWERED
    assert world.process(world.mail("erase", headers=PROVEN)).action is Action.ERASED
    assert world.found() is None


@pytest.mark.parametrize("wish", ["erase", "export", "interests", "pause", "weekly", "remove x"])
def test_nothing_is_done_or_shown_for_whoever_is_not_proven(world: World, wish: str) -> None:
    before = world.member()
    assert world.process(world.mail(wish)).action is Action.ANSWERED
    assert world.found_member() == before
    (answer,) = world.answers()
    assert answer["To"] == "ada@example.net"
    assert "nothing was done" in " ".join(text_of(answer).split())
    assert "/export/" not in text_of(answer)


def test_nobody_is_erased_by_a_forger_to_whom_a_digest_was_passed_on(world: World) -> None:
    member = world.member()
    token = world.app.tokens.sign(Purpose.UNSUBSCRIBE, member.public_id)
    quoted = f"\n\n> Unsubscribe: https://papers.example.org/unsubscribe/{token}\n"
    forged = b"Authentication-Results: mx.papers.example.org; dmarc=fail\r\n"
    report = world.process(world.mail("erase" + quoted, subject="Re: papers", headers=forged))
    assert (report.action, report.why) == (Action.NOTHING, "the sender is forged")
    assert world.found_member() == member
    erased = world.process(world.mail("erase" + quoted, subject="Re: papers"))
    assert erased.action is Action.ERASED


def test_erase_beside_other_words_is_not_obeyed(world: World) -> None:
    before = world.member()
    for text in ("erase\nthe second paper from my list, I have read it", "weekly\nerase"):
        assert not world.process(world.mail(text, headers=PROVEN)).changed
    assert world.found_member() == before


def test_two_programs_do_not_answer_each_other_for_ever(world: World) -> None:
    world.member()
    for _ in range(30):
        world.process(world.mail("interests", headers=PROVEN))
    assert len(world.answers()) == answers.PROVEN_ANSWERS_PER_DAY


def test_a_timetable_may_come_with_the_request_to_subscribe(world: World) -> None:
    world.process(world.mail("subscribe\ngraph limits\nweekly at 8:00 Europe/Berlin"))
    asked = world.found_member()
    assert [wish.value for wish in asked.interests] == ["graph limits"]
    assert (asked.preferences.frequency.value, asked.preferences.timezone) == (
        "weekly",
        "Europe/Berlin",
    )


def test_more_than_can_be_kept_changes_nothing_and_says_so(world: World) -> None:
    world.member()
    long = " ".join(["x" * 99] * 2)
    report = world.process(world.mail(f"more graphs\nmore a; {long}", headers=PROVEN))
    assert (report.action, wishes(world)) == (Action.ANSWERED, [])
    assert "Nothing was changed" in text_of(world.answers()[0])
