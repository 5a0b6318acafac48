"""One day, as an operator and four readers live it, through real HTTP and real SMTP."""

import email
import email.policy
import re
from datetime import datetime

from werkzeug.test import TestResponse

from digest.demo.catcher import CaughtMail
from digest.settings import load_settings
from digest.web.site import create_web
from digest.wiring import SystemClock, build_app, build_store
from tests.e2e.conftest import Service

READERS = {
    "ada@reader.example": ("--interest", "diffusion policies for robot manipulation"),
    "ben@reader.example": ("--interest", "language model evaluation"),
    "chen@reader.example": ("--interest", "graph neural networks for molecules"),
    "dora@reader.example": (),
}


def subscribe_all(service: Service) -> None:
    for address, wishes in READERS.items():
        service.ok("subscribers", "add", address, *wishes, "--confirmed")


def a_week(service: Service) -> None:
    for day in ("2026-03-18", "2026-03-19", "2026-03-20"):
        service.world.publish(day)
    service.ok("fetch", "--since", "2026-03-18", "--until", "2026-03-20")


def text_of(mail: CaughtMail) -> str:
    message = email.message_from_bytes(mail.message, policy=email.policy.default)
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_every_reader_gets_papers_on_their_own_topic(service: Service) -> None:
    a_week(service)
    subscribe_all(service)
    report = service.json("send", "--date", "2026-03-20")
    assert (report["planned"], report["sent"], report["failed"]) == (4, 4, 0)
    texts = {mail.recipient: text_of(mail) for mail in service.mails}
    assert texts.keys() == READERS.keys()
    assert "robot manipulation" in texts["ada@reader.example"]
    assert "Graph neural networks for molecules" not in texts["ada@reader.example"]
    assert "language model reasoning" in texts["ben@reader.example"]
    assert "Graph neural networks for molecules" in texts["chen@reader.example"]
    assert len(re.findall(r"(?m)^Paper: |^   Paper: ", texts["dora@reader.example"])) == 10


def test_sending_again_sends_nothing_and_the_next_day_repeats_nothing(service: Service) -> None:
    a_week(service)
    subscribe_all(service)
    service.ok("send", "--date", "2026-03-20")
    assert service.json("send", "--date", "2026-03-20")["sent"] == 0
    assert len(service.mails) == 4
    service.world.publish("2026-03-21")
    service.now = "2026-03-21T21:00:00Z"
    service.ok("fetch", "--since", "2026-03-21", "--until", "2026-03-21")
    service.ok("send", "--date", "2026-03-21")
    rows = service.json("deliveries", "list")
    sent = [(row["email"], paper) for row in rows for paper in row["papers"]]
    assert len(sent) == len(set(sent))
    assert {row["edition"] for row in rows} == {"2026-03-20", "2026-03-21"}


def test_a_paper_that_both_sources_have_is_one_row(service: Service) -> None:
    a_week(service)
    rows = service.json("papers", "list", "--limit", "1000")
    ids = [row["ids"]["arxiv"] for row in rows]
    assert len(ids) == len(set(ids)) == 48
    assert sum(row["sources"] == ["arxiv", "huggingface"] for row in rows) == 24


def test_a_source_in_trouble_holds_nobody_up_and_loses_nothing(service: Service) -> None:
    service.world.publish("2026-03-20")
    subscribe_all(service)
    for fault, outcome in (("html", "failed"), ("cut", "failed"), ("503", "throttled")):
        service.world.faults["arxiv"] = fault
        code, _, err = service.run("fetch", "--since", "2026-03-20", "--until", "2026-03-20")
        assert code == 3, err
        status = {row["source"]: row for row in service.json("sources", "status")}
        assert status["arxiv"]["outcome"] == outcome
        assert status["arxiv"]["reason"]
        assert status["huggingface"]["outcome"] == "ok"
    assert service.json("send", "--date", "2026-03-20")["sent"] == 4
    assert "arXiv asked us to wait" in text_of(service.mails[0])
    service.world.faults.clear()
    service.now = "2026-03-21T09:00:00Z"
    service.ok("fetch", "--since", "2026-03-20", "--until", "2026-03-20")
    assert len(service.json("papers", "list", "--limit", "1000")) == 16


def test_a_stranger_becomes_a_reader_by_confirming_and_leaves_by_one_click(
    service: Service,
) -> None:
    a_week(service)
    service.ok("subscribers", "add", "eve@reader.example", "--interest", "video generation")
    assert service.json("send", "--date", "2026-03-20")["sent"] == 0
    confirmation = text_of(service.mails[0])
    token = re.search(r"https://digest\.example/confirm/(\S+)", confirmation)
    assert token is not None
    mail = service.folder / "confirm.eml"
    mail.write_bytes(
        b"From: eve@reader.example\r\nTo: commands@digest.example\r\nSubject: yes\r\n"
        b"Message-ID: <1@reader.example>\r\n\r\nconfirm " + token[1].encode() + b"\r\n"
    )
    assert "confirm" in service.ok("mailbox", "process", str(mail))
    assert service.json("subscribers", "show", "eve@reader.example")["status"] == "active"
    service.ok("send", "--date", "2026-03-20")
    digest = email.message_from_bytes(service.mails[-1].message, policy=email.policy.default)
    link = re.search(r"<https://digest\.example(/unsubscribe/\S+)>", digest["List-Unsubscribe"])
    assert link is not None
    assert digest["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    _post(service, link[1])
    assert service.json("subscribers", "show", "eve@reader.example")["status"] == "unsubscribed"


def _post(service: Service, path: str) -> None:
    assert open_page(service, path, "POST", {"List-Unsubscribe": "One-Click"}).status_code == 200


def open_page(
    service: Service, path: str, method: str = "GET", data: dict[str, str] | None = None
) -> TestResponse:
    """What the service's pages answer at this moment of its clock."""
    settings = load_settings(service.config, {})
    with build_store(settings) as store:
        clock = SystemClock(datetime.fromisoformat(service.now))
        site = create_web(build_app(settings, store, clock, {}))
        return site.test_client().open(path, method=method, data=data)


def test_a_vote_in_a_mail_changes_the_digest_of_the_next_day(service: Service) -> None:
    """Two readers want what trends; one of them presses the button below a paper on molecules."""
    with service.config.open("a", encoding="utf-8") as file:
        file.write("\n[ranking]\ndiversity = 0\n")  # these titles differ by their number alone
    a_week(service)
    for address in ("ada@reader.example", "ben@reader.example"):
        service.ok("subscribers", "add", address, "--confirmed")
    service.ok("send", "--date", "2026-03-20")
    mail = next(mail for mail in service.mails if mail.recipient == "ada@reader.example")
    cards = "\n".join(text_of(mail).splitlines()).split("\n\n\n")
    card = next(card for card in cards if "neural networks for molecules" in card)
    link = re.search(r"More like this: https://digest\.example(/feedback/\S+)", card)
    assert link is not None
    assert "More like this?" in open_page(service, link[1]).text
    assert service.json("subscribers", "show", "ada@reader.example")["feedback"]["more"] == 0
    assert "Noted: more like this" in open_page(service, link[1], "POST").text
    assert service.json("subscribers", "show", "ada@reader.example")["feedback"]["more"] == 1
    service.world.publish("2026-03-21")
    service.now = "2026-03-21T21:00:00Z"
    service.ok("fetch", "--since", "2026-03-21", "--until", "2026-03-21")
    for address in ("ada@reader.example", "ben@reader.example"):
        service.ok("subscribers", "edit", address, "--max-papers", "4")
    preview = service.ok(
        "preview", "ada@reader.example", "--date", "2026-03-21", "--format", "text"
    )
    assert preview.count("neural networks for molecules, part") >= 4
    service.ok("send", "--date", "2026-03-21")
    ada, ben = (
        text_of(next(m for m in service.mails[2:] if m.recipient == f"{name}@reader.example"))
        for name in ("ada", "ben")
    )
    papers = re.compile(r"(?m)^\d\. (.{20})")
    assert set(papers.findall(ada)) == {"Graph neural network"}
    assert set(papers.findall(ben)) != {"Graph neural network"}
    assert "which you voted for" in " ".join(ada.split())


def test_a_backup_brings_everything_back(service: Service) -> None:
    a_week(service)
    subscribe_all(service)
    service.ok("send", "--date", "2026-03-20")
    before = service.json("deliveries", "list")
    service.ok("db", "backup", str(service.folder / "backup.sqlite"))
    service.ok("subscribers", "erase", "ada@reader.example", "--yes")
    service.ok("db", "restore", str(service.folder / "backup.sqlite"), "--force")
    assert service.json("deliveries", "list") == before
    assert service.json("send", "--date", "2026-03-20")["sent"] == 0


def test_the_log_of_a_day_names_nobody(service: Service) -> None:
    a_week(service)
    subscribe_all(service)
    code, _, err = service.run("--log-level", "info", "send", "--date", "2026-03-20")
    assert code == 0
    assert "deliver.finished" in err
    assert "@reader.example" not in err
