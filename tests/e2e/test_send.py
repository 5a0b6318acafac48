"""What `digest send` touches and what it leaves alone."""

from digest.cli.options import parse_now
from digest.store import leases
from digest.store.engine import open_store
from tests.e2e.conftest import Service
from tests.e2e.test_day import a_week, subscribe_all


def test_a_mail_to_one_reader_lets_nobody_elses_go(service: Service) -> None:
    a_week(service)
    subscribe_all(service)
    service.ok("subscribers", "add", "eve@reader.example")
    report = service.json("send", "--to", "ben@reader.example")
    assert (report["planned"], report["sent"]) == (1, 1)
    assert [mail.recipient for mail in service.mails] == ["ben@reader.example"]
    waiting = service.json("deliveries", "list", "--status", "queued")
    assert [row["email"] for row in waiting] == ["eve@reader.example"]


def test_a_mail_to_one_reader_does_not_end_the_rest_of_the_outbox(service: Service) -> None:
    a_week(service)
    subscribe_all(service)
    store = open_store(f"sqlite:///{service.folder / 'digest.db'}")
    now = parse_now(service.now)
    with store.write() as conn:
        until = now.replace(hour=22)
        leases.acquire(conn, leases.OUTBOX_PAUSE, owner="breaker", now=now, until=until)
    store.close()
    code, _, err = service.run("send", "--to", "ben@reader.example")
    assert (code, service.mails) == (1, [])
    assert "the outbox rests" in err
    assert service.json("send", "--date", "2026-03-20")["sent"] == 4


def test_a_rehearsal_says_what_the_run_then_does(service: Service) -> None:
    a_week(service)
    for number, hour in enumerate(("07:00", "16:30", "20:00", "23:00")):
        address = f"reader{number}@reader.example"
        service.now = "2026-03-19T06:00:00Z"
        service.ok("subscribers", "add", address, "--at", hour, "--confirmed")
    service.now = "2026-03-20T21:00:00Z"
    before = service.json("deliveries", "list")
    rehearsed = service.json("send", "--dry-run")
    assert service.json("deliveries", "list") == before
    done = service.json("send")
    for count in ("planned", "skipped"):
        assert rehearsed[count] == done[count]
    assert (done["planned"], done["sent"]) == (2, 2)
    assert done["skipped"] == 5  # the slots of the day before, and this morning's


def test_sending_an_edition_again_does_not_rank_it_again(service: Service) -> None:
    a_week(service)
    subscribe_all(service)
    service.ok("send", "--date", "2026-03-20")
    _, _, err = service.run("--log-level", "info", "send", "--date", "2026-03-20")
    assert "assemble.finished" not in err
