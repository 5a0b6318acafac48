"""Mail that waits in an inbox: each handled once, and none lost, whatever breaks."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from digest.core.errors import InboxUnavailable, UnreadableMail
from digest.mail.maildir import Maildir
from digest.mail.render import Renderer
from digest.pipeline import inboxes
from digest.pipeline.app import App
from digest.pipeline.command_cases import Action, InboundReport
from digest.pipeline.inboxes import STEP, InboxPoll, process_inbox
from digest.pipeline.turns import Busy, turn
from digest.store.engine import Store, open_store
from tests.builders import TEMPLATES, make_app
from tests.fakes import FakeClock, FakeMailer

DOWN = InboxUnavailable("imap.example.org cannot be reached", "check mailbox.host")


def mail(body: str, number: int = 1, sender: str = "ada@example.net") -> bytes:
    head = f"From: {sender}\r\nTo: digest@example.org\r\nMessage-ID: <{number}@example.net>\r\n"
    return f"{head}Subject: {body}\r\n\r\n{body}\r\n".encode()


@dataclass
class FakeMail:
    """A mail whose reading and marking a test can break."""

    raw: bytes | Exception | None
    name: str = "1"
    became: list[str] = field(default_factory=list)
    at_mark: Callable[[], None] = lambda: None

    def read(self) -> bytes | None:
        if isinstance(self.raw, Exception):
            raise self.raw
        return self.raw

    def mark_handled(self) -> None:
        self.at_mark()
        self.became.append("handled")

    def set_aside(self) -> str:
        self.became.append("set aside")
        return "moved to Quarantine"


@dataclass
class FakeInbox:
    """Holds mails; while `trouble` is set it cannot be opened."""

    mails: list[FakeMail] = field(default_factory=list)
    trouble: InboxUnavailable | None = None
    opened_count: int = 0
    is_open: bool = False

    @contextmanager
    def opened(self) -> Iterator[list[FakeMail]]:
        self.opened_count += 1
        if self.trouble is not None:
            raise self.trouble
        self.is_open = True
        try:
            yield [one for one in self.mails if not one.became]
        finally:
            self.is_open = False

    def look(self) -> str:
        return f"{len(self.mails)} waiting"


@pytest.fixture
def app(sqlite_store: Store) -> App:
    return make_app(sqlite_store, mailer=FakeMailer(), clock=FakeClock())


def actions(reports: list[InboundReport]) -> list[Action]:
    return [report.action for report in reports]


# --- one look -------------------------------------------------------------------------------------


def test_a_maildir_is_emptied_in_order(app: App, tmp_path: Path) -> None:
    new = tmp_path / "Maildir" / "new"
    new.mkdir(parents=True)
    for number, raw in enumerate((mail("subscribe"), b"\xff\x00garbage", mail("help", 2))):
        (new / f"{number}.host").write_bytes(raw)
    maildir = Maildir(tmp_path / "Maildir")
    reports = process_inbox(app, maildir)
    assert [report.kind for report in reports] == ["subscribe", "ignored", "help"]
    seen = sorted(path.name for path in (tmp_path / "Maildir" / "cur").iterdir())
    assert seen == ["0.host:2,S", "1.host:2,S", "2.host:2,S"]
    assert process_inbox(app, maildir) == []


def test_a_mail_is_marked_only_when_what_came_of_it_is_stored(app: App) -> None:
    stored: list[InboundReport] = []
    waiting = FakeMail(mail("help"))
    waiting.at_mark = lambda: stored.append(inboxes.process(app, mail("help")))
    process_inbox(app, FakeInbox([waiting]))
    assert [report.kind for report in stored] == ["repeated"]


def test_a_mail_that_could_not_be_marked_is_not_obeyed_again(app: App) -> None:
    def lost() -> None:
        raise DOWN

    waiting = FakeMail(mail("help"), at_mark=lost)
    inbox = FakeInbox([waiting])
    assert actions(process_inbox(app, inbox)) == [Action.LEFT]
    waiting.at_mark = lambda: None
    (report,) = process_inbox(app, inbox)
    assert (report.kind, report.action, waiting.became) == ("repeated", Action.NOTHING, ["handled"])


class Stumbling(Renderer):
    """Breaks over every answer."""

    def reply(self, **_: object) -> None:  # type: ignore[override]
        raise RuntimeError("broken over ada@example.net")


def test_a_mail_that_breaks_is_set_aside_and_the_next_is_handled(app: App) -> None:
    app = replace(app, renderer=Stumbling([TEMPLATES], app.identity))
    inbox = FakeInbox([FakeMail(mail("help")), FakeMail(mail("subscribe", 2))])
    with capture_logs() as logs:
        reports = process_inbox(app, inbox)
    assert actions(reports) == [Action.QUARANTINED, Action.REQUESTED]
    assert reports[0].why == "RuntimeError; moved to Quarantine"
    assert [one.became for one in inbox.mails] == [["set aside"], ["handled"]]
    told = [log for log in logs if log["log_level"] != "debug"]
    assert "@" not in str(told)


def test_a_mail_that_cannot_be_had_is_set_aside_and_one_that_is_gone_is_no_mail(app: App) -> None:
    gone, broken, good = FakeMail(None), FakeMail(UnreadableMail("no")), FakeMail(mail("help"))
    assert actions(process_inbox(app, FakeInbox([gone, broken, good]))) == [
        Action.QUARANTINED,
        Action.ANSWERED,
    ]
    assert (gone.became, broken.became) == ([], ["set aside"])


def test_what_was_handled_before_the_inbox_went_away_stays_handled(app: App) -> None:
    inbox = FakeInbox([FakeMail(mail("help")), FakeMail(DOWN), FakeMail(mail("subscribe", 2))])
    reports = process_inbox(app, inbox)
    assert actions(reports) == [Action.ANSWERED, Action.LEFT]
    assert reports[-1].why == "imap.example.org cannot be reached; check mailbox.host"
    assert [one.became for one in inbox.mails] == [["handled"], [], []]
    assert not inbox.is_open


def test_while_the_database_cannot_be_used_the_mail_stays(app: App, tmp_path: Path) -> None:
    inbox = FakeInbox([FakeMail(mail("subscribe")), FakeMail(mail("help", 2))])
    empty = open_store(f"sqlite:///{tmp_path / 'empty.db'}")
    reports = process_inbox(replace(app, store=empty), inbox)
    empty.close()
    assert actions(reports) == [Action.LEFT]
    assert [one.became for one in inbox.mails] == [[], []]
    assert len(process_inbox(app, inbox)) == 2


def test_two_processes_do_not_read_one_inbox_at_once(app: App) -> None:
    other = replace(app, owner="another")
    with turn(other, STEP, lease_for=timedelta(minutes=1)), pytest.raises(Busy):
        process_inbox(app, FakeInbox([FakeMail(mail("help"))]))


def test_a_stop_leaves_the_rest_for_the_next_time(app: App) -> None:
    stop = threading.Event()
    inbox = FakeInbox([FakeMail(mail("help"), at_mark=stop.set), FakeMail(mail("subscribe", 2))])
    assert len(process_inbox(app, inbox, stop=stop)) == 1
    assert inbox.mails[1].became == []


# --- looking again and again ----------------------------------------------------------------------


def polled(app: App, inbox: FakeInbox) -> InboxPoll:
    return InboxPoll(app, inbox, timedelta(minutes=2), threading.Event())


def test_an_inbox_that_is_down_is_asked_more_and_more_rarely_up_to_an_hour(app: App) -> None:
    inbox = FakeInbox(trouble=DOWN)
    poll, asked_at = polled(app, inbox), []
    begin = app.clock.now()
    for minute in range(0, 300, 2):
        before = inbox.opened_count
        poll()
        if inbox.opened_count > before:
            asked_at.append(minute)
        app.clock.sleep(120)
    assert asked_at == [0, 4, 12, 28, 60, 120, 180, 240]
    assert app.clock.now() - begin == timedelta(minutes=300)


def test_when_it_is_back_it_is_read_as_often_as_before(app: App) -> None:
    inbox = FakeInbox(trouble=DOWN)
    poll = polled(app, inbox)
    with capture_logs() as logs:
        poll()
    assert [(log["event"], log.get("why", "")) for log in logs] == [
        ("inbound.left", str(DOWN)),
        ("inbound.resting", ""),
    ]
    inbox.trouble = None
    inbox.mails.append(FakeMail(mail("help")))
    app.clock.sleep(240)
    poll()
    assert inbox.mails[0].became == ["handled"]
    app.clock.sleep(120)
    poll()
    assert inbox.opened_count == 3


def test_a_database_in_trouble_is_no_reason_to_rest(app: App, tmp_path: Path) -> None:
    empty = open_store(f"sqlite:///{tmp_path / 'empty.db'}")
    inbox = FakeInbox([FakeMail(mail("help"))])
    poll = polled(replace(app, store=empty), inbox)
    poll()
    empty.close()
    assert poll._again_at is None


def test_while_another_process_is_at_it_nothing_is_done_and_nothing_is_wrong(app: App) -> None:
    inbox = FakeInbox([FakeMail(mail("help"))])
    with turn(replace(app, owner="another"), STEP, lease_for=timedelta(minutes=1)):
        polled(app, inbox)()
    assert inbox.opened_count == 0
