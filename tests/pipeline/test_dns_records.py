import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from digest.mail.identity import MailIdentity
from digest.mail.sign import DkimKey
from digest.pipeline.dns_records import check_dns, tags
from digest.pipeline.health import Check, Level
from tests.mail.nameserver import BROKEN, Zone, serving

KEY = DkimKey(
    domain="example.org",
    selector="digest",
    private_key=Ed25519PrivateKey.from_private_bytes(bytes(range(32))),
)
OTHER = DkimKey(
    domain="example.org",
    selector="digest",
    private_key=Ed25519PrivateKey.from_private_bytes(bytes(32)),
)
IDENTITY = MailIdentity(
    from_name="Paper Digest",
    from_address="digest@papers.example.org",
    bounce_address="bounces@bounce.papers.example.org",
    base_url="https://papers.example.org",
)
SOUND: Zone = {
    ("bounce.papers.example.org", "TXT"): ('"v=spf1 ip4:8.8.4.4 -all"', '"something else"'),
    ("digest._domainkey.example.org", "TXT"): (f'"{KEY.dns_record}"',),
    ("_dmarc.example.org", "TXT"): ('"v=DMARC1; p=quarantine; rua=mailto:d@example.org"',),
    ("papers.example.org", "MX"): ("10 mx.example.org.",),
    ("bounce.papers.example.org", "MX"): ("10 mx.example.org.",),
    ("relay.example.org", "A"): ("8.8.4.4",),
    ("4.4.8.8.in-addr.arpa", "PTR"): ("relay.example.org.",),
}


def checked(zone: Zone, host: str = "relay.example.org") -> dict[str, Check]:
    with serving(zone) as names:
        return {check.name: check for check in check_dns(names, IDENTITY, [KEY], host)}


def changed(name: str, kind: str, *texts: str) -> Zone:
    return {**SOUND, (name, kind): texts}


def test_a_domain_that_says_all_it_must_passes() -> None:
    found = checked(SOUND)
    assert {name: check.level for name, check in found.items()} == {
        "dns.spf": Level.OK,
        "dns.dkim.digest": Level.OK,
        "dns.dmarc": Level.OK,
        "dns.mx.papers.example.org": Level.OK,
        "dns.mx.bounce.papers.example.org": Level.OK,
        "dns.ptr": Level.OK,
    }


def test_a_domain_that_says_nothing_fails_and_is_told_what_to_publish() -> None:
    found = checked({("relay.example.org", "A"): ("8.8.4.4",)})
    failed = {name for name, check in found.items() if check.level is Level.FAIL}
    assert failed == set(found) - {"dns.ptr"}
    assert KEY.dns_record in found["dns.dkim.digest"].todo
    assert "_dmarc.papers.example.org" in found["dns.dmarc"].todo
    assert all(check.todo for check in found.values())


@pytest.mark.parametrize(
    ("texts", "what"),
    [
        (('"v=spf1 -all"', '"v=spf1 mx -all"'), "2 SPF records"),
        (('"v=spf1 mx +all"',), "lets anybody send"),
        (('"v=spf10 mx -all"',), "no SPF record"),
    ],
)
def test_an_spf_record_that_receivers_cannot_use_fails(texts: tuple[str, ...], what: str) -> None:
    found = checked(changed("bounce.papers.example.org", "TXT", *texts))["dns.spf"]
    assert found.level is Level.FAIL
    assert what in found.what


@pytest.mark.parametrize(
    ("record", "level", "what"),
    [
        (OTHER.dns_record, Level.FAIL, "another key"),
        ("v=DKIM1; k=ed25519; p=", Level.FAIL, "revoked"),
        (f"{KEY.dns_record}; t=s:y", Level.WARN, "only a test"),
        (KEY.dns_record.replace("; ", " ;").replace("p=", "p= "), Level.OK, "holds our key"),
        (KEY.dns_record.replace("k=ed25519", "k=rsa"), Level.FAIL, "another key"),
    ],
)
def test_the_key_in_dns_must_be_the_one_that_signs(record: str, level: Level, what: str) -> None:
    zone = changed("digest._domainkey.example.org", "TXT", f'"{record}"')
    found = checked(zone)["dns.dkim.digest"]
    assert (found.level, what in found.what) == (level, True)


def test_a_dmarc_record_without_reports_is_a_warning() -> None:
    found = checked(changed("_dmarc.example.org", "TXT", '"v=DMARC1; p=none"'))["dns.dmarc"]
    assert found.level is Level.WARN
    assert "rua" in found.todo


def test_the_nearest_dmarc_record_is_the_one_that_counts() -> None:
    nearer = ("_dmarc.papers.example.org", "TXT", '"v=DMARC1; p=none; rua=mailto:a@example.org"')
    assert checked(changed(*nearer))["dns.dmarc"].what.startswith("papers.example.org: ")


def test_a_null_mx_fails_and_a_mere_address_is_a_warning() -> None:
    null = checked(changed("papers.example.org", "MX", "0 ."))
    assert null["dns.mx.papers.example.org"].level is Level.FAIL
    zone = {key: texts for key, texts in SOUND.items() if key != ("papers.example.org", "MX")}
    bare = checked({**zone, ("papers.example.org", "A"): ("8.8.4.4",)})
    assert bare["dns.mx.papers.example.org"].level is Level.WARN


@pytest.mark.parametrize(
    ("zone", "what"),
    [
        (changed("4.4.8.8.in-addr.arpa", "PTR"), "has no PTR"),
        (changed("4.4.8.8.in-addr.arpa", "PTR", "host.example.net."), "host.example.net"),
        (changed("relay.example.org", "A", "10.0.0.7"), "not a public address"),
    ],
)
def test_a_relay_without_a_name_that_leads_back_is_a_warning(zone: Zone, what: str) -> None:
    found = checked(zone)["dns.ptr"]
    assert (found.level, what in found.what) == (Level.WARN, True)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "192.168.1.5"])
def test_a_private_relay_is_not_looked_up_and_cannot_be_judged(host: str) -> None:
    assert checked(SOUND, host)["dns.ptr"].level is Level.WARN


def test_a_relay_given_by_its_public_address_is_looked_up_by_it() -> None:
    assert checked(SOUND, "8.8.4.4")["dns.ptr"].level is Level.OK


def test_a_resolver_that_does_not_answer_is_a_warning_for_that_record_alone() -> None:
    found = checked(changed("bounce.papers.example.org", "TXT", *BROKEN))
    assert found["dns.spf"].level is Level.WARN
    assert found["dns.dmarc"].level is Level.OK


def test_a_tag_list_is_read_without_its_white_space() -> None:
    assert tags(" V=DKIM1;k = rsa; p=AB CD;; junk") == {"v": "DKIM1", "k": "rsa", "p": "ABCD"}
