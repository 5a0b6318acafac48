from collections.abc import Sequence

import pytest
from flask import Flask, request

from digest.web.proxies import BehindProxies


def client_of(
    peer: str, forwarded_for: str | None, trusted: Sequence[str] = ("10.0.0.0/8",)
) -> str:
    site = Flask("proxied")
    site.add_url_rule("/", view_func=lambda: request.remote_addr or "")
    site.wsgi_app = BehindProxies(  # type: ignore[method-assign]
        site.wsgi_app, trusted_proxies=trusted
    )
    headers = {} if forwarded_for is None else {"X-Forwarded-For": forwarded_for}
    return site.test_client().get("/", headers=headers, environ_base={"REMOTE_ADDR": peer}).text


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "client"),
    [
        ("192.0.2.1", None, "192.0.2.1"),
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", "198.51.100.7:4711", "198.51.100.7"),
        ("10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
        ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7"),
    ],
)
def test_the_client_is_the_last_address_that_is_no_trusted_proxy(
    peer: str, forwarded_for: str | None, client: str
) -> None:
    assert client_of(peer, forwarded_for) == client


def test_nobody_but_a_trusted_proxy_is_believed() -> None:
    assert client_of("192.0.2.1", "198.51.100.7") == "192.0.2.1"
    assert client_of("10.0.0.1", "198.51.100.7", trusted=()) == "10.0.0.1"


def test_what_a_client_puts_in_front_of_its_own_address_does_not_count() -> None:
    assert client_of("10.0.0.1", "203.0.113.9, 198.51.100.7") == "198.51.100.7"


@pytest.mark.parametrize("nonsense", ["", "unknown", "1.2.3", "_hidden, ", "[::1"])
def test_nonsense_leaves_the_proxy_as_the_client(nonsense: str) -> None:
    assert client_of("10.0.0.1", nonsense) in ("10.0.0.1", "::1")
