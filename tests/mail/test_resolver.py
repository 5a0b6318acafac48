import socket

import pytest

from digest.mail.resolver import DnsResolver, DnsUnavailable
from tests.mail.nameserver import BROKEN, serving


def test_a_text_record_is_joined_from_its_pieces() -> None:
    long = '"v=DKIM1; k=rsa; p=' + "A" * 200 + '" "' + "B" * 200 + '"'
    with serving({("s._domainkey.example.org", "TXT"): (long,)}) as names:
        (text,) = names.txt("s._domainkey.example.org")
    assert text == "v=DKIM1; k=rsa; p=" + "A" * 200 + "B" * 200


def test_mail_hosts_come_in_order_of_preference() -> None:
    zone = {("example.org", "MX"): ("20 second.example.org.", "10 first.example.org.")}
    with serving(zone) as names:
        assert names.mail_hosts("example.org") == ("first.example.org", "second.example.org")


def test_a_null_mx_is_one_host_without_a_name() -> None:
    with serving({("example.org", "MX"): ("0 .",)}) as names:
        assert names.mail_hosts("example.org") == ("",)


def test_a_host_has_its_addresses_of_both_kinds_and_they_have_its_name() -> None:
    zone = {
        ("mx.example.org", "A"): ("192.0.2.7",),
        ("mx.example.org", "AAAA"): ("2001:db8::7",),
        ("7.2.0.192.in-addr.arpa", "PTR"): ("mx.example.org.",),
    }
    with serving(zone) as names:
        assert names.addresses("mx.example.org") == ("192.0.2.7", "2001:db8::7")
        assert names.host_names("192.0.2.7") == ("mx.example.org",)


def test_no_such_name_and_no_such_record_are_both_an_empty_answer() -> None:
    with serving({("example.org", "A"): ("192.0.2.7",)}) as names:
        assert names.txt("example.org") == ()
        assert names.txt("nowhere.example.org") == ()


def test_a_name_outside_ascii_is_asked_for_as_registries_write_it() -> None:
    with serving({("xn--strae-oqa.example", "A"): ("192.0.2.7",)}) as names:
        assert names.addresses("straße.example") == ("192.0.2.7",)


def test_a_server_that_fails_is_not_taken_for_a_missing_record() -> None:
    with (
        serving({("example.org", "TXT"): BROKEN}) as names,
        pytest.raises(DnsUnavailable, match=r"no answer on TXT of example\.org"),
    ):
        names.txt("example.org")


def test_silence_ends_after_the_time_given_to_it() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        names = DnsResolver(["127.0.0.1"], port=silent.getsockname()[1], timeout_s=0.05)
        with pytest.raises(DnsUnavailable):
            names.txt("example.org")


def test_what_cannot_be_a_name_is_said_so() -> None:
    with serving({}) as names, pytest.raises(DnsUnavailable, match="not a name"):
        names.txt("a" * 70 + ".example.org")
