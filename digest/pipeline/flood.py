"""What strangers can make us do: how often a network may ask, and how much mail a domain gets."""

from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

import sqlalchemy as sa

from digest.pipeline.app import App
from digest.store import subscribers as members

_FORM = "form"
_DOMAIN = "confirmation-domain"
_WITHIN = timedelta(hours=1)
# One customer of a provider gets a /64 at least (RFC 6177), and can use any address of it.
_ONE_CUSTOMER_BITS = 64


def network_of(ip: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 around an IPv6 address."""
    try:
        address = ip_address(ip.partition("%")[0])
    except ValueError:
        return ip
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(ip_network((address, _ONE_CUSTOMER_BITS), strict=False))
    return str(getattr(address, "ipv4_mapped", None) or address)


def is_too_much(app: App, conn: sa.Connection, ip: str, address: str, now: datetime) -> bool:
    """Whether this request is one too many for its network or for the domain it names.

    Each request that is let through counts, whatever the address is to us: otherwise the limit
    would tell who is a member. `ip` is "" for requests that come by mail, which are limited there.
    """
    rules = app.rules
    domain = address.rpartition("@")[2].lower()
    limits = [(_DOMAIN, app.address_hash(domain), rules.confirmations_per_domain_per_hour)]
    if ip:
        limits.append((_FORM, app.address_hash(network_of(ip)), rules.subscribe_per_hour))
    for scope, key, limit in limits:
        if members.attempts_since(conn, scope, key, now - _WITHIN) >= limit:
            return True
    for scope, key, _ in limits:
        members.record_attempt(conn, scope, key, now)
    return False
