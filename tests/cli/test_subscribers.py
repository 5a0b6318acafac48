"""`digest subscribers`: a membership from its first day to its erasure, and whole lists at once."""

import csv
import io
import json
from contextlib import closing

import pytest

from digest.core.feedback import FeedbackKind
from digest.core.identifiers import PaperId
from digest.store import feedback
from digest.store import subscribers as members
from digest.store.engine import open_store
from tests.builders import NOW
from tests.cli.conftest import Operator
from tests.pipeline.world import hold_back

ADA, BEN, CARL = (f"{name}@reader.example" for name in ("ada", "ben", "carl"))
ROW = {
    *("email", "status", "created_at", "confirmed_at", "frequency", "at", "timezone"),
    *("max_papers", "dial", "language", "interests", "last_sent_at", "next_due_at", "paused_until"),
}


def status(operator: Operator, email: str = ADA) -> str:
    return str(operator.json("subscribers", "show", email)["status"])


def test_subscribers_come_as_rows(operator: Operator) -> None:
    rows = operator.json("subscribers", "list")
    assert [row["email"] for row in rows] == [ADA, BEN, CARL]
    assert all(row.keys() == ROW for row in rows)
    ada, ben, carl = rows
    assert (ada["frequency"], ada["at"], ada["timezone"]) == ("weekdays", "07:30", "UTC")
    assert ada["interests"] == [{"kind": "keyword", "value": "robot", "weight": 1.0}]
    assert (ben["dial"], ben["max_papers"]) == (0.5, 10)
    assert ben["last_sent_at"].startswith("2026-03-20T21:0")
    assert (carl["status"], carl["confirmed_at"], carl["last_sent_at"]) == ("pending", None, None)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--status", "pending"], [CARL]),
        (["--query", "BEN"], [BEN]),
        (["--query", "reader", "--limit", "2"], [ADA, BEN]),
        (["--status", "paused"], []),
    ],
)
def test_a_list_can_be_narrowed(operator: Operator, options: list[str], found: list[str]) -> None:
    rows = operator.json("subscribers", "list", *options)
    assert [row["email"] for row in rows] == found


def test_every_option_of_add_is_kept(operator: Operator) -> None:
    options = (
        "--interest agents --keyword transformer --exclude survey --category cs.CL "
        "--like 2603.02002 --frequency weekly --at 06:15 --timezone Europe/Berlin "
        "--max-papers 3 --dial 0.9 --language de"
    )
    address = "Dora@Reader.Example"
    operator.ok(
        *("subscribers", "add", address, *options.split(), "--author", "Kaiming He", "--confirmed")
    )
    row = operator.json("subscribers", "show", "dora@reader.example")
    assert row["email"] == "Dora@reader.example"
    assert (row["status"], row["frequency"], row["at"]) == ("active", "weekly", "06:15")
    assert (row["timezone"], row["max_papers"], row["dial"]) == ("Europe/Berlin", 3, 0.9)
    assert row["language"] == "de"
    kinds = {interest["kind"]: interest["value"] for interest in row["interests"]}
    assert kinds.pop("like") in ("2603.02002", "arxiv:2603.02002")
    assert kinds == {
        "text": "agents",
        "keyword": "transformer",
        "exclude": "survey",
        "category": "cs.CL",
        "author": "Kaiming He",
    }
    assert "author: Kaiming He" in operator.ok("subscribers", "show", address)


def test_without_confirmed_a_mail_is_queued_that_asks(operator: Operator) -> None:
    said = operator.ok("subscribers", "add", "eve@reader.example")
    assert "is asked to confirm" in said
    assert status(operator, "eve@reader.example") == "pending"
    (row,) = operator.json("deliveries", "list", "--email", "eve@reader.example")
    assert (row["kind"], row["status"], row["edition"]) == ("confirmation", "queued", None)


def test_edit_changes_what_is_named_and_nothing_else(operator: Operator) -> None:
    before = operator.json("subscribers", "show", ADA)
    operator.ok("subscribers", "edit", ADA, "--max-papers", "4", "--dial", "0")
    after = operator.json("subscribers", "show", ADA)
    assert after == before | {"max_papers": 4, "dial": 0.0}
    operator.ok("subscribers", "edit", ADA, "--author", "Bo Writer")
    interests = operator.json("subscribers", "show", ADA)["interests"]
    assert interests == [{"kind": "author", "value": "Bo Writer", "weight": 1.0}]


def test_a_pause_has_an_end_or_lasts_until_resumed(operator: Operator) -> None:
    operator.ok("subscribers", "pause", ADA, "--until", "2026-03-25")
    row = operator.json("subscribers", "show", ADA)
    assert (row["status"], row["paused_until"]) == ("paused", "2026-03-25T00:00:00Z")
    operator.ok("subscribers", "resume", ADA)
    assert status(operator) == "active"
    operator.ok("subscribers", "pause", ADA)
    assert operator.json("subscribers", "show", ADA)["paused_until"] is None
    operator.ok("subscribers", "resume", ADA)
    assert "not paused" in operator.refused("subscribers", "resume", ADA)


def test_a_member_can_leave_and_be_confirmed_again(operator: Operator) -> None:
    operator.ok("subscribers", "unsubscribe", ADA)
    operator.ok("subscribers", "unsubscribe", ADA)
    assert status(operator) == "unsubscribed"
    operator.ok("subscribers", "confirm", ADA)
    operator.ok("subscribers", "confirm", CARL)
    assert (status(operator), status(operator, CARL)) == ("active", "active")


def test_suppression_holds_until_it_is_lifted(operator: Operator) -> None:
    operator.ok("subscribers", "suppress", ADA, "--reason", "asked by phone")
    assert status(operator) == "suppressed"
    assert operator.json("subscribers", "show", ADA)["suppressed"] == "asked by phone"
    assert "nothing to confirm" in operator.refused("subscribers", "confirm", ADA)
    operator.ok("subscribers", "suppress", "trap@reader.example", "--reason", "spam trap")
    refused = operator.refused("subscribers", "add", "TRAP@reader.example")
    assert "is suppressed (spam trap)" in refused
    operator.ok("subscribers", "unsuppress", "trap@reader.example")
    operator.ok("subscribers", "unsuppress", ADA, "--reason", "asked again")
    assert status(operator) == "unsubscribed"
    assert "is not suppressed" in operator.refused("subscribers", "unsuppress", ADA)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (f"confirm {CARL}", f"{CARL} would be subscribed"),
        (f"pause {ADA} --until 2026-04-01", f"{ADA} would be paused until 2026-04-01"),
        (f"unsubscribe {ADA}", f"{ADA} would be unsubscribed"),
        (f"suppress {ADA}", f"{ADA} would be suppressed"),
        (f"erase {ADA}", f"{ADA} would be erased, and not be mailed again"),
    ],
)
def test_a_dry_run_says_what_would_happen_to_somebody_and_changes_nothing(
    operator: Operator, command: str, said: str
) -> None:
    before = operator.json("subscribers", "list")
    rows = operator.rows()
    assert operator.ok("subscribers", *command.split(), "--dry-run").strip() == said
    assert (operator.json("subscribers", "list"), operator.rows()) == (before, rows)


def test_a_dry_run_of_coming_back_changes_nothing_either(operator: Operator) -> None:
    operator.ok("subscribers", "pause", ADA)
    operator.ok("subscribers", "suppress", BEN)
    said = operator.ok("subscribers", "resume", ADA, "--dry-run")
    assert said == f"{ADA} would get the digest again\n"
    said = operator.ok("subscribers", "unsuppress", BEN, "--dry-run")
    assert said == f"{BEN} would be free to subscribe again\n"
    assert (status(operator, ADA), status(operator, BEN)) == ("paused", "suppressed")


def test_a_dry_run_is_refused_what_the_command_is_refused(operator: Operator) -> None:
    assert "cannot be paused" in operator.refused("subscribers", "pause", CARL, "--dry-run")
    assert "not paused" in operator.refused("subscribers", "resume", ADA, "--dry-run")
    assert "not suppressed" in operator.refused("subscribers", "unsuppress", ADA, "--dry-run")


def test_whoever_is_erased_is_gone_and_stays_away(operator: Operator) -> None:
    assert ADA not in operator.ok("subscribers", "erase", ADA, "--yes")
    assert "there is no subscriber" in operator.refused("subscribers", "show", ADA, code=1)
    assert operator.json("deliveries", "list", "--email", ADA) == []
    assert "is suppressed" in operator.refused("subscribers", "add", ADA)
    assert ADA.encode() not in (operator.folder / "digest.db").read_bytes()


# --- whole lists --------------------------------------------------------------------------------


def imported(operator: Operator, text: str, *options: str) -> tuple[int, str, str]:
    file = operator.folder / "readers.csv"
    file.write_text(text, encoding="utf-8", newline="")
    return operator.run("subscribers", "import", str(file), *options)


GOOD = (
    "\ufeffEmail,interests,frequency,dial\r\n"
    'eve@reader.example,"robots; graphs",weekly,0.4\r\n'
    f"{ADA},,,\r\n"
)


def test_a_file_brings_its_readers_with_what_they_want(operator: Operator) -> None:
    code, out, _ = imported(operator, GOOD, "--confirmed")
    assert (code, out.startswith("1 added, 1 were here already")) == (0, True)
    row = operator.json("subscribers", "show", "eve@reader.example")
    assert (row["status"], row["frequency"], row["dial"]) == ("active", "weekly", 0.4)
    assert [interest["value"] for interest in row["interests"]] == ["robots", "graphs"]


def test_the_counts_of_an_import_add_up(operator: Operator) -> None:
    text = f"email,status\n{ADA},\neve@reader.example,\nfay@reader.example,unsubscribed\n"
    code, out, _ = imported(operator, text, "--confirmed")
    said = "1 added, 1 were here already, 0 are suppressed, 1 have left by what the file says\n"
    assert (code, out) == (0, said)


def test_a_rehearsed_import_changes_nothing(operator: Operator) -> None:
    before = operator.rows()
    code, out, _ = imported(operator, GOOD, "--dry-run")
    assert (code, out.startswith("1 would be added")) == (0, True)
    assert operator.rows() == before


def test_one_bad_line_keeps_all_away_and_every_bad_line_is_named(operator: Operator) -> None:
    before = operator.rows()
    text = (
        "email,frequency,timezone\n"
        "eve@reader.example,daily,UTC\n"
        "nobody,daily,UTC\n"
        "fay@reader.example,hourly,UTC\n"
        "gus@reader.example,daily,Mars/Base\n"
    )
    code, out, err = imported(operator, text, "--confirmed")
    assert (code, out) == (2, "")
    assert [line.split(": ")[0].rpartition(", ")[2] for line in err.splitlines()] == [
        *("line 3", "line 4", "line 5"),
        "error",
    ]
    assert "nothing was imported: 3 lines are wrong" in err
    assert operator.rows() == before


def test_a_line_counts_once_however_much_is_wrong_with_it(operator: Operator) -> None:
    code, _, err = imported(operator, "mail,name\neve@reader.example,Eve\n")
    assert code == 2
    assert err.endswith("error: nothing was imported: 1 line is wrong\n")


def test_a_file_that_cannot_be_read_is_one_line(operator: Operator) -> None:
    file = operator.folder / "latin.csv"
    assert "cannot be read: No such file" in operator.refused("subscribers", "import", str(file))
    file.write_bytes("email,interests\neve@reader.example,Größe\n".encode("latin-1"))
    assert "save it as CSV in UTF-8" in operator.refused("subscribers", "import", str(file))


def test_a_file_may_come_by_a_pipe(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(GOOD.encode())))
    assert operator.ok("subscribers", "import", "-", "--confirmed").startswith("1 added")


def test_an_export_is_an_import_elsewhere(operator: Operator, fresh: Operator) -> None:
    exported = operator.ok("subscribers", "export")
    code, out, err = imported(fresh, exported, "--confirmed")
    assert (code, out.startswith("3 added")) == (0, True), err
    assert fresh.ok("subscribers", "export") == exported


def test_an_export_comes_as_csv_or_as_rows(operator: Operator) -> None:
    lines = list(csv.DictReader(io.StringIO(operator.ok("subscribers", "export"))))
    assert [(line["email"], line["keyword"]) for line in lines[:1]] == [(ADA, "robot")]
    rows = json.loads(operator.ok("subscribers", "export", "--format", "json"))
    listed = operator.json("subscribers", "list")
    assert rows == [row | {"feedback": [], "library": []} for row in listed]


# --- feedback -------------------------------------------------------------------------------------


def judge(operator: Operator, email: str, *said: FeedbackKind) -> None:
    """Somebody judges the first papers, one after the other."""
    store = open_store(f"sqlite:///{operator.folder / 'digest.db'}")
    with store.write() as conn:
        found = members.by_email(conn, email)
        assert found is not None
        for number, kind in enumerate(said, 1):
            feedback.record(conn, found.id, PaperId(number), kind, NOW)
    store.close()


def test_what_a_subscriber_said_of_papers_is_counted(operator: Operator) -> None:
    judge(operator, ADA, FeedbackKind.MORE, FeedbackKind.MORE, FeedbackKind.OPEN)
    shown = operator.json("subscribers", "show", ADA)
    assert shown["feedback"] == {"more": 2, "less": 0, "open": 1}
    assert "feedback      2 more, 0 less, 1 open\n" in operator.ok("subscribers", "show", ADA)


def test_what_was_said_is_in_the_export_as_json(operator: Operator) -> None:
    judge(operator, BEN, FeedbackKind.LESS)
    rows = json.loads(operator.ok("subscribers", "export", "--format", "json"))
    assert {row["email"]: row["feedback"] for row in rows} == {
        ADA: [],
        BEN: [{"kind": "less", "paper": 1, "at": "2026-03-20T12:00:00Z"}],
        CARL: [],
    }


def test_what_was_said_is_forgotten_alone_or_with_the_person(operator: Operator) -> None:
    judge(operator, ADA, FeedbackKind.MORE, FeedbackKind.LESS)
    judge(operator, BEN, FeedbackKind.MORE)
    before = operator.json("subscribers", "show", ADA)
    assert "2 votes" in operator.ok("subscribers", "edit", ADA, "--forget-feedback")
    after = operator.json("subscribers", "show", ADA)
    assert after == before | {"feedback": {"more": 0, "less": 0, "open": 0}}
    assert operator.rows()["feedback"] == 1
    operator.ok("subscribers", "erase", BEN, "--yes")
    assert operator.rows()["feedback"] == 0


def test_who_bounced_with_too_many_others_is_listed_dropped_or_suppressed(
    operator: Operator,
) -> None:
    assert "nobody is held back" in operator.ok("subscribers", "held")
    with closing(open_store(f"sqlite:///{operator.folder / 'digest.db'}")) as store:
        readers = [hold_back(store, number) for number in (101, 102)]
    (first, _) = operator.json("subscribers", "held")
    assert (first["email"], first["status"]) == (readers[0].email, "5.1.1")
    assert "held back    2" in operator.ok("stats")
    assert "choose one" in operator.refused("subscribers", "held", "--drop", "--suppress")
    args = ("subscribers", "held", "--domain", "Example.org", "--suppress")
    assert operator.ok(*args).strip() == "2 readers suppressed"
    assert operator.json("subscribers", "held", "--drop") == {"dropped": 0}
    assert status(operator, readers[0].email) == "suppressed"
