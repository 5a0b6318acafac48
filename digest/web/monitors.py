"""Who may read the metrics: figures of a business, though none of a person."""

import hmac
from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Request

from digest.web.proxies import parse_networks

# Whatever one of these names was passed on by somebody, and does not come from this machine itself.
_PASSED_ON = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")
_OF_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


class Monitors:
    """Allows requests from some networks, and those that bring a token, where there is one.

    A network counts by the address that trusted proxies name. Loopback stands for programs of this
    machine that ask directly: who is passed on by a proxy here, or follows a name that leads here
    from elsewhere, is none of them. Raises ConfigError for what is neither address nor network.
    """

    def __init__(self, networks: Sequence[str] = (), token: str = "") -> None:
        self._networks = parse_networks(networks, "web.metrics_from")
        self._token = token.encode()

    @property
    def take_a_token(self) -> bool:
        return bool(self._token)

    def allow(self, request: Request) -> bool:
        return self._brings_the_token(request) or self._is_near(request)

    def _brings_the_token(self, request: Request) -> bool:
        given = request.authorization
        if not self._token or given is None or given.type != "bearer" or given.token is None:
            return False
        return hmac.compare_digest(given.token.encode(), self._token)

    def _is_near(self, request: Request) -> bool:
        try:
            address = ip_address(request.remote_addr or "")
        except ValueError:
            return False
        if not any(address in network for network in self._networks):
            return False
        return not address.is_loopback or _is_direct(request)


def _is_direct(request: Request) -> bool:
    named = urlsplit(f"//{request.host}").hostname
    return named in _OF_THIS_MACHINE and not any(name in request.headers for name in _PASSED_ON)
