"""Where a request may go: redirects must not reach into the network this program runs in."""

import ipaddress
import socket
from collections.abc import Callable, Sequence
from urllib.parse import urljoin

import httpx

from digest.core.errors import SourceUnavailable

# The IP addresses of a host name; raises OSError when it has none.
Resolve = Callable[[str], Sequence[str]]


def system_resolve(host: str) -> Sequence[str]:
    """What the system's resolver says."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple({str(address[0]) for *_, address in found})


def is_private(address: str) -> bool:
    """Whether an IP address is anything but a public unicast one, also when wrapped in IPv6."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if inner is not None:
            return is_private(str(inner))
    return not ip.is_global or ip.is_multicast


def redirect_target(
    location: str, *, current: httpx.URL, configured: httpx.URL, resolve: Resolve
) -> httpx.URL:
    """The URL that a redirect from `current` leads to.

    Raises SourceUnavailable when it must not be followed: no URL, from https to http, or from a
    public host, as configured, to a private, loopback or link-local address.
    """
    try:
        target = httpx.URL(urljoin(str(current), location.strip()))
    except (httpx.InvalidURL, ValueError):
        raise SourceUnavailable(f"{current.host} redirected to something that is no URL") from None
    if target.scheme not in ("http", "https") or not target.host:
        raise SourceUnavailable(f"{current.host} redirected to something that is no web address")
    if current.scheme == "https" and target.scheme == "http":
        raise SourceUnavailable(
            f"{current.host} redirected from https to http at {target.host}, which is not followed"
        )
    if target.host != configured.host and _leads_inside(target.host, configured.host, resolve):
        raise SourceUnavailable(
            f"{current.host} redirected to {target.host}, an address of a private network, "
            "which is not followed"
        )
    return target


def _leads_inside(target: str, configured: str, resolve: Resolve) -> bool:
    try:
        private = _any_private(target, resolve)
    except (OSError, ValueError):
        raise SourceUnavailable(f"a redirect leads to {target}, which cannot be found") from None
    if not private:
        return False
    try:
        return not _any_private(configured, resolve)
    except (OSError, ValueError):
        return True


def _any_private(host: str, resolve: Resolve) -> bool:
    return any(is_private(address) for address in resolve(host))
