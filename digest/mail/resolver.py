"""Asking DNS what it says of a domain, by `dnspython`, with little patience."""

from collections.abc import Sequence

from dns.exception import DNSException
from dns.name import IDNA_2008_Practical, Name, from_text
from dns.rdata import Rdata
from dns.resolver import NXDOMAIN, NoAnswer, NoResolverConfiguration, Resolver
from dns.reversename import from_address

from digest.core.errors import DigestError


class DnsUnavailable(DigestError):
    """No answer, or one that says nothing: not the same as "there is no such record"."""

    code = "dns"


class DnsResolver:
    """Asks the machine's own resolvers, or `nameservers` (addresses) on `port`.

    Every answer is a tuple of text, empty where there is no such record; names are without
    the dot at the end. Raises DnsUnavailable when nobody answers within `timeout_s`.
    """

    def __init__(
        self, nameservers: Sequence[str] = (), *, port: int = 53, timeout_s: float = 5.0
    ) -> None:
        try:
            self._resolver = Resolver(configure=not nameservers)
        except NoResolverConfiguration as error:
            raise DnsUnavailable("this machine has no resolver configured") from error
        if nameservers:
            self._resolver.nameservers = list(nameservers)
            self._resolver.port = port
        self._timeout_s = timeout_s

    def txt(self, name: str) -> tuple[str, ...]:
        """The texts at a name, each joined from its pieces (RFC 7208, 3.3)."""
        return tuple(
            b"".join(record.strings).decode("utf-8", errors="replace")  # type: ignore[attr-defined]
            for record in self._records(_name(name), "TXT")
        )

    def mail_hosts(self, domain: str) -> tuple[str, ...]:
        """Who takes mail for a domain, most preferred first; "" alone is nobody (RFC 7505)."""
        records = self._records(_name(domain), "MX")
        ranked = sorted((r.preference, _host(r.exchange)) for r in records)  # type: ignore[attr-defined]
        return tuple(host for _, host in ranked)

    def addresses(self, host: str) -> tuple[str, ...]:
        """The IPv4 and IPv6 addresses of a host."""
        found = [
            record.address  # type: ignore[attr-defined]
            for kind in ("A", "AAAA")
            for record in self._records(_name(host), kind)
        ]
        return tuple(found)

    def host_names(self, address: str) -> tuple[str, ...]:
        """What an IP address is called (PTR)."""
        records = self._records(from_address(address), "PTR")
        return tuple(_host(record.target) for record in records)  # type: ignore[attr-defined]

    def _records(self, name: Name, kind: str) -> Sequence[Rdata]:
        try:
            return list(self._resolver.resolve(name, kind, lifetime=self._timeout_s))
        except (NXDOMAIN, NoAnswer):
            return ()
        except (DNSException, OSError) as error:
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise DnsUnavailable(f"no answer on {kind} of {name}: {reason}") from error


def _name(text: str) -> Name:
    try:
        return from_text(text, idna_codec=IDNA_2008_Practical)
    except DNSException as error:
        raise DnsUnavailable(f"{text!r} is not a name that DNS can hold") from error


def _host(name: Name) -> str:
    return name.to_text(omit_final_dot=True).lower().rstrip(".")
