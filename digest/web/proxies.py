"""Whom a request comes from, and under what path, when proxies stand in front."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from digest.core.errors import ConfigError

_Address = IPv4Address | IPv6Address
_Network = IPv4Network | IPv6Network


class BehindProxies:
    """Sets REMOTE_ADDR to the client that trusted proxies name, and takes the site's own path off.

    X-Forwarded-For is read from its end, where each proxy adds whom it answered: the first
    address that is not a trusted proxy is the client. What stands before it can be made up.
    """

    def __init__(
        self, application: WSGIApplication, *, trusted_proxies: Sequence[str], prefix: str = ""
    ) -> None:
        self._application = application
        self._trusted = parse_networks(trusted_proxies, "web.trusted_proxies")
        self._prefix = prefix.rstrip("/")

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        peer = environ.get("REMOTE_ADDR", "")
        environ["REMOTE_ADDR"] = self._client(peer, environ.get("HTTP_X_FORWARDED_FOR", ""))
        self._mount(environ)
        return self._application(environ, start_response)

    def _client(self, peer: str, forwarded_for: str) -> str:
        client = _parse(peer)
        if client is None:
            return peer
        for hop in reversed(forwarded_for.split(",")):
            if not self._trusts(client):
                break
            named = _parse(hop)
            if named is None:
                break
            client = named
        return str(client)

    def _trusts(self, address: _Address) -> bool:
        return any(address in network for network in self._trusted)

    def _mount(self, environ: WSGIEnvironment) -> None:
        """Makes links start with the path of the base URL, whether a proxy takes it off or not."""
        if not self._prefix:
            return
        environ["SCRIPT_NAME"] = self._prefix
        path = environ.get("PATH_INFO", "")
        if path == self._prefix or path.startswith(f"{self._prefix}/"):
            environ["PATH_INFO"] = path.removeprefix(self._prefix) or "/"


def parse_networks(entries: Sequence[str], key: str) -> tuple[_Network, ...]:
    """Raises ConfigError, under this key, with every entry that is neither address nor network."""
    networks, mistakes = [], []
    for entry in entries:
        try:
            networks.append(ip_network(entry.strip(), strict=False))
        except ValueError:
            mistakes.append(
                f"{key}: {entry!r} is not an address or network, e.g. 127.0.0.1 or 10.0.0.0/8"
            )
    if mistakes:
        raise ConfigError(mistakes)
    return tuple(networks)


def _parse(text: str) -> _Address | None:
    """An address, also as `192.0.2.1:5678` or `[2001:db8::1]:5678`; IPv4 in IPv6 is IPv4."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ip_address(bare)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
