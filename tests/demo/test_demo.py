"""The demo: the whole job on one machine, without a network."""

import base64
import re
import smtplib
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from flask import Flask

from digest.core.fetching import FetchRequest
from digest.demo.catcher import CaughtMail, caught_mails
from digest.demo.inbox import OpenedMail, inbox_site, open_mail, write_mails
from digest.demo.sample import SampleSource
from digest.demo.story import BASE_URL, READERS, Played, play
from digest.web.site import create_web

EVENING = datetime(2026, 3, 20, 21, tzinfo=UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def played(folder: Path) -> Iterator[Played]:
    with play(folder) as ended:
        yield ended


@pytest.fixture(scope="module")
def mails(played: Played) -> list[OpenedMail]:
    return [open_mail(mail) for mail in sorted(played.mails, key=lambda mail: mail.recipient)]


@pytest.fixture
def inbox(mails: list[OpenedMail]) -> Flask:
    return inbox_site(mails, "the sample")


def test_each_of_the_four_readers_gets_a_mail(played: Played, mails: list[OpenedMail]) -> None:
    assert [mail.recipient for mail in mails] == sorted(READERS)
    assert "bundled sample" in played.papers_from


def test_every_mail_is_whole_and_has_what_a_bulk_mail_must_have(mails: list[OpenedMail]) -> None:
    for mail in mails:
        parsed = message_from_bytes(mail.message, policy=policy.default)
        assert parsed.defects == []
        assert parsed["To"] == mail.recipient
        assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert parsed["DKIM-Signature"]
        assert mail.subject
        assert BASE_URL in mail.text
        assert f"{BASE_URL}/unsubscribe/" in mail.html
        assert 1 <= mail.html.count("<h2") <= 8


def test_readers_with_interests_of_their_own_get_papers_of_their_own(
    mails: list[OpenedMail],
) -> None:
    assert len({mail.subject for mail in mails}) == 4


def test_the_signatures_hold(folder: Path, mails: list[OpenedMail]) -> None:
    key = load_pem_private_key((folder / "dkim.pem").read_bytes(), None).public_key()
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(der)
    for mail in mails:
        assert dkim.verify(mail.message, dnsfunc=lambda *_, **__: record)


def test_the_mails_are_written_as_files_with_a_page_that_links_them(
    mails: list[OpenedMail], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    write_mails(mails, "the sample", out)
    write_mails(mails, "the sample", out)
    names = {mail.recipient.partition("@")[0] for mail in mails}
    expected = {f"{name}.{form}" for name in names for form in ("eml", "html", "txt")}
    assert {path.name for path in out.iterdir()} == expected | {"index.html"}
    assert (out / f"{mails[0].name}.eml").read_bytes() == mails[0].message
    page = (out / "index.html").read_text(encoding="utf-8")
    linked = set(re.findall(r'href="([^"]+)"', page))
    assert linked == expected
    assert all((out / name).exists() for name in linked)


def test_the_page_shows_every_mail_in_every_form(inbox: Flask, mails: list[OpenedMail]) -> None:
    web = inbox.test_client()
    page = web.get("/").text
    for mail in mails:
        assert mail.recipient in page
        for form in ("html", "txt", "eml"):
            answer = web.get(f"/{mail.name}.{form}")
            assert answer.status_code == 200
            answer.close()


def test_links_in_a_mail_lead_to_the_service_that_runs_beside(
    inbox: Flask, played: Played, mails: list[OpenedMail]
) -> None:
    html = inbox.test_client().get(f"/{mails[0].name}.html").text
    assert BASE_URL not in html
    service = create_web(played.app).test_client()
    for place in ("/preferences/", "/unsubscribe/", "/d/"):
        (link,) = set(re.findall(rf'href="({place}[^"#]+)', html))
        assert service.get(link).status_code == 200


@pytest.mark.parametrize("path", ["/nobody.html", "/ada.pdf", "/ada", "/../ada.html"])
def test_what_is_not_there_is_not_found(inbox: Flask, path: str) -> None:
    assert inbox.test_client().get(path).status_code == 404


def test_a_mail_with_no_html_is_opened_all_the_same() -> None:
    opened = open_mail(CaughtMail(recipient="a@b.example", message=b"Subject: Hi\r\n\r\nText\r\n"))
    assert (opened.subject, opened.text.strip(), opened.html) == ("Hi", "Text", "")


def test_the_catcher_chooses_its_own_port_and_is_gone_afterwards() -> None:
    with caught_mails() as (port, mails):
        with smtplib.SMTP("127.0.0.1", port) as smtp:
            smtp.sendmail("a@a.example", ["b@b.example", "c@c.example"], "Subject: x\r\n\r\n.dot")
        assert [mail.recipient for mail in mails] == ["b@b.example", "c@c.example"]
        assert mails[0].message.endswith(b".dot\r\n") or mails[0].message.endswith(b".dot")
    with pytest.raises(OSError):
        smtplib.SMTP("127.0.0.1", port)


# --- the sample -----------------------------------------------------------------------------------


def test_the_sample_comes_up_these_days_and_its_votes_rise() -> None:
    def votes(now: datetime) -> dict[str, float]:
        (page,) = SampleSource("huggingface", EVENING).fetch(FetchRequest(now=now))
        return {
            record.ids[0].value: reading.value
            for record in page.records
            for reading in record.readings
            if reading.metric == "upvotes"
        }

    early, late = votes(EVENING.replace(hour=5)), votes(EVENING)
    assert early.keys() <= late.keys()
    assert all(early[paper] <= late[paper] for paper in early)
    assert sum(early.values()) < sum(late.values())


@pytest.mark.parametrize("name", ["arxiv", "huggingface"])
def test_nothing_of_the_sample_is_from_the_future(name: str) -> None:
    (page,) = SampleSource(name, EVENING).fetch(FetchRequest(now=EVENING))
    assert page.records
    assert all(record.appeared_at <= EVENING for record in page.records)
    assert all(
        record.published_at is None or record.published_at <= EVENING for record in page.records
    )
