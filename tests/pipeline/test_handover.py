"""For whom mail that is handed over is taken, and that each is handled once."""

import pytest

from digest.mail.identity import MailIdentity
from digest.pipeline.command_cases import Action
from digest.pipeline.handover import is_ours, take
from digest.store.engine import Store
from tests.builders import make_app
from tests.fakes import FakeMailer

IDENTITY = MailIdentity(
    from_name="Paper Digest",
    from_address="digest@papers.example.org",
    command_address="Commands@papers.example.org",
    bounce_address="bounces@bücher.example",
    base_url="https://papers.example.org",
)


@pytest.mark.parametrize(
    "address",
    [
        "commands@papers.example.org",
        "COMMANDS@Papers.Example.org",
        "commands+token.x@papers.example.org",
        "bounces+0123-abcd@bücher.example",
        "bounces+0123-abcd@xn--bcher-kva.example",
    ],
)
def test_commands_and_returned_mail_are_ours(address: str) -> None:
    assert is_ours(IDENTITY, address)


@pytest.mark.parametrize(
    "address",
    [
        "digest@papers.example.org",  # people answer to it, and people read it
        "commands@elsewhere.example",
        "commandsx@papers.example.org",
        "who+commands@papers.example.org",
        "commands",
        "",
        "@papers.example.org",
        "bounces@papers.example.org",
    ],
)
def test_whatever_else_is_at_our_domain_is_not(address: str) -> None:
    assert not is_ours(IDENTITY, address)


def test_without_a_bounce_address_mail_is_returned_to_from() -> None:
    identity = MailIdentity(from_name="", from_address="digest@example.org", base_url="")
    assert is_ours(identity, "digest@example.org")
    assert not is_ours(identity, "commands@example.org")


def test_a_mail_that_is_handed_over_twice_is_handled_once(sqlite_store: Store) -> None:
    app = make_app(sqlite_store, mailer=FakeMailer())
    raw = b"From: ada@example.net\r\nMessage-ID: <1@example.net>\r\n\r\nhelp\r\n"
    assert take(app, raw).action is Action.ANSWERED
    assert take(app, raw).kind == "repeated"
