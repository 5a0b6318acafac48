import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from digest.mail.sign import DkimKey, PrivateKey
from digest.mail.smtp import Probe, Security, SmtpConfig
from digest.pipeline.deliverability import check_keys, check_relay, check_sender, is_aligned
from digest.pipeline.health import Level
from tests.builders import make_identity

FULL = {
    "from_address": "digest@papers.example.org",
    "reply_to": "people@papers.example.org",
    "bounce_address": "bounces@papers.example.org",
    "postal_address": "Example Institute, 1 Example Street",
    "base_url": "https://papers.example.org",
}


def levels(**changes: str) -> dict[str, Level]:
    return {c.name: c.level for c in check_sender(make_identity(**{**FULL, **changes}))}


def test_a_sender_who_does_all_that_is_asked_passes() -> None:
    assert set(levels().values()) == {Level.OK}


@pytest.mark.parametrize(
    ("address", "level"),
    [
        ("digest@gmail.com", Level.FAIL),
        ("digest@yahoo.co.uk", Level.FAIL),
        ("digest@hotmail.fr", Level.FAIL),
        ("digest@localhost.localdomain", Level.FAIL),
        ("digest@lab.localhost", Level.FAIL),
        ("digest@digest.test", Level.WARN),
        ("digest@lab.internal", Level.WARN),
        ("digest@live.example.org", Level.OK),
        ("digest@outlook.example.org", Level.OK),
    ],
)
def test_the_from_domain_must_be_ones_own(address: str, level: Level) -> None:
    assert levels(from_address=address)["sender.from"] is level


@pytest.mark.parametrize(
    ("field", "value", "name"),
    [
        ("reply_to", "no-reply@papers.example.org", "sender.reply"),
        ("bounce_address", "", "sender.bounces"),
        ("bounce_address", "bounces@example.net", "sender.bounces"),
        ("base_url", "http://papers.example.org", "sender.one_click"),
        ("postal_address", "", "sender.postal_address"),
    ],
)
def test_what_receivers_or_the_law_ask_for_is_missed(field: str, value: str, name: str) -> None:
    changed = levels(**{field: value})
    assert {n for n, level in changed.items() if level is Level.WARN} == {name}


def test_domains_are_aligned_when_one_is_the_other_or_below_it() -> None:
    assert is_aligned("example.org", "Papers.Example.org")
    assert is_aligned("bounce.papers.example.org", "papers.example.org")
    assert not is_aligned("badexample.org", "example.org")


# --- keys -----------------------------------------------------------------------------------------


def make_key(private_key: PrivateKey, domain: str = "papers.example.org") -> DkimKey:
    return DkimKey(domain=domain, selector="s1", private_key=private_key)


RSA = make_key(generate_private_key(public_exponent=65537, key_size=2048))
ED25519 = make_key(Ed25519PrivateKey.from_private_bytes(bytes(32)))


def test_a_good_key_comes_with_the_record_that_dns_must_hold() -> None:
    (found,) = check_keys([RSA], "papers.example.org")
    assert found.level is Level.OK
    assert RSA.dns_name in found.todo
    assert RSA.dns_record in found.todo


def test_mail_that_is_not_signed_here_is_a_warning() -> None:
    (found,) = check_keys([], "papers.example.org")
    assert found.level is Level.WARN


def test_an_ed25519_key_alone_is_a_warning_and_beside_rsa_it_is_fine() -> None:
    alone = check_keys([ED25519], "papers.example.org")
    assert [check.level for check in alone] == [Level.OK, Level.WARN]
    both = check_keys([RSA, ED25519], "papers.example.org")
    assert [check.level for check in both] == [Level.OK, Level.OK]


def test_a_key_of_another_domain_or_a_short_one_is_a_warning() -> None:
    short = make_key(generate_private_key(public_exponent=65537, key_size=1024))
    assert check_keys([RSA], "example.net")[0].level is Level.WARN
    assert check_keys([short], "papers.example.org")[0].level is Level.WARN


# --- relay ----------------------------------------------------------------------------------------


def test_a_relay_that_cannot_be_used_fails_with_what_it_said() -> None:
    found = check_relay(
        Probe(problem="relay refuses the login: 535 no"), SmtpConfig(host="a", port=1)
    )
    assert found.level is Level.FAIL
    assert "535 no" in found.what


@pytest.mark.parametrize(
    ("host", "security", "level"),
    [
        ("localhost", Security.NONE, Level.OK),
        ("127.0.0.1", Security.NONE, Level.OK),
        ("relay.example.org", Security.NONE, Level.WARN),
        ("relay.example.org", Security.STARTTLS, Level.OK),
    ],
)
def test_mail_must_not_cross_a_network_in_clear(
    host: str, security: Security, level: Level
) -> None:
    config = SmtpConfig(host=host, port=25, security=security)
    assert check_relay(Probe(max_bytes=10_000_000), config).level is level
