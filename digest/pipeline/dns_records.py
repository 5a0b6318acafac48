"""What DNS must say of a sender, and whether it does: SPF, DKIM, DMARC, MX, PTR."""

import ipaddress
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from digest.mail.identity import MailIdentity
from digest.mail.resolver import DnsUnavailable
from digest.mail.sign import DkimKey
from digest.pipeline.deliverability import is_this_machine
from digest.pipeline.health import Check, fail, ok, warn


class Names(Protocol):
    """DNS as it is asked here; see `digest.mail.resolver.DnsResolver` for what is promised."""

    def txt(self, name: str) -> tuple[str, ...]: ...

    def mail_hosts(self, domain: str) -> tuple[str, ...]: ...

    def addresses(self, host: str) -> tuple[str, ...]: ...

    def host_names(self, address: str) -> tuple[str, ...]: ...


def check_dns(
    names: Names, identity: MailIdentity, keys: Sequence[DkimKey], relay_host: str
) -> list[Check]:
    """One check for each record; a resolver that does not answer is a warning, not a failure."""
    envelope_domain = (identity.bounce_address or identity.from_address).rpartition("@")[2]
    mailboxes = (identity.from_address, identity.reply_to, identity.bounce_address)
    mail_domains = dict.fromkeys(address.rpartition("@")[2] for address in mailboxes if address)
    asked: dict[str, Callable[[], Check]] = {
        "dns.spf": partial(_check_spf, names, envelope_domain),
        **{f"dns.dkim.{key.selector}": partial(_check_key, names, key) for key in keys},
        "dns.dmarc": partial(_check_dmarc, names, identity.domain),
        **{f"dns.mx.{domain}": partial(_check_mx, names, domain) for domain in mail_domains},
        "dns.ptr": partial(_check_ptr, names, relay_host),
    }
    return [_answered(name, check) for name, check in asked.items()]


def _answered(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except DnsUnavailable as error:
        return warn(name, str(error), "try again, or look at this machine's resolver")


# --- SPF ------------------------------------------------------------------------------------------


def _check_spf(names: Names, domain: str) -> Check:
    """RFC 7208, 4.5: exactly one record, which does not let everybody send."""
    found = [text for text in names.txt(domain) if text.lower().split(" ")[0] == "v=spf1"]
    if not found:
        return fail(
            "dns.spf",
            f"{domain} has no SPF record",
            f'publish TXT at {domain}: "v=spf1 … -all", naming the hosts that send for it',
        )
    if len(found) > 1:
        return fail("dns.spf", f"{domain} has {len(found)} SPF records", "merge them into one")
    if {"all", "+all"} & set(found[0].lower().split()):
        return fail("dns.spf", f"{found[0]} lets anybody send", "end it with ~all or -all")
    return ok(
        "dns.spf", f"{domain}: {found[0]}", "it must cover the addresses the relay sends from"
    )


# --- DKIM -----------------------------------------------------------------------------------------


def _check_key(names: Names, key: DkimKey) -> Check:
    """RFC 6376, 3.6.1: the record at the selector holds the public half of our key."""
    name, todo = f"dns.dkim.{key.selector}", f"publish TXT at {key.dns_name}: {key.dns_record}"
    records = [tags(text) for text in names.txt(key.dns_name)]
    records = [record for record in records if "p" in record]
    if not records:
        return fail(name, f"{key.dns_name} holds no key", todo)
    ours = tags(key.dns_record)
    for record in records:
        if (record.get("k", "rsa"), record["p"]) == (ours["k"], ours["p"]):
            if "y" in record.get("t", "").split(":"):
                return warn(name, "the record says it is only a test (t=y)", "remove t=y from it")
            return ok(name, f"{key.dns_name} holds our key")
    if not any(record["p"] for record in records):
        return fail(name, f"the key at {key.dns_name} is revoked (p= is empty)", todo)
    return fail(name, f"{key.dns_name} holds another key than ours", todo)


def tags(record: str) -> dict[str, str]:
    """A `tag=value; …` list (RFC 6376, 3.2) without its white space; tags in lower case."""
    pairs = (part.partition("=") for part in record.split(";"))
    return {tag.strip().lower(): "".join(value.split()) for tag, equals, value in pairs if equals}


# --- DMARC ----------------------------------------------------------------------------------------


def _check_dmarc(names: Names, domain: str) -> Check:
    """RFC 9989: the record of the domain, or of the nearest above it that has one."""
    for place in _and_above(domain):
        texts = (text for text in names.txt(f"_dmarc.{place}") if text.startswith("v=DMARC1"))
        record = next(texts, None)
        if record is None:
            continue
        found = tags(record)
        if "rua" not in found:
            return warn(
                "dns.dmarc",
                f"{place}: {record}, which asks for no reports",
                "add rua=mailto:ADDRESS, to hear who sends in your name",
            )
        return ok("dns.dmarc", f"{place}: {record}")
    return fail(
        "dns.dmarc",
        f"neither {domain} nor a domain above it has a DMARC record",
        f'publish TXT at _dmarc.{domain}: "v=DMARC1; p=none; rua=mailto:ADDRESS"',
    )


def _and_above(domain: str) -> list[str]:
    """The domain and those above it, down to two labels: at most eight (RFC 9989)."""
    labels = domain.split(".")
    shorter = [".".join(labels[i:]) for i in range(1, len(labels) - 1)]
    return [domain, *shorter[-7:]]


# --- MX and PTR -----------------------------------------------------------------------------------


def _check_mx(names: Names, domain: str) -> Check:
    """RFC 5321, 5.1 and RFC 7505: whether mail to a domain has somewhere to go."""
    name, hosts = f"dns.mx.{domain}", names.mail_hosts(domain)
    todo = f"publish an MX record for {domain}: answers and returned mail go there"
    if hosts == ("",):
        return fail(name, f"{domain} takes no mail (null MX)", todo)
    if hosts:
        return ok(name, f"{domain}: {', '.join(hosts)}")
    if names.addresses(domain):
        return warn(name, f"{domain} has no MX, only an address, which some refuse", todo)
    return fail(name, f"{domain} has neither MX nor address", todo)


def _check_ptr(names: Names, relay_host: str) -> Check:
    """RFC 8601, 2.7.3 (iprev): the relay's addresses have names that lead back to them."""
    todo = "have whoever owns the address set its PTR to the relay's name, and that name to it"
    found = _relay_addresses(names, relay_host)
    public = [address for address in found if ipaddress.ip_address(address).is_global]
    if found and not public:
        return warn(
            "dns.ptr",
            f"{relay_host} is not a public address: which one receivers see cannot be told here",
            "make sure the address that mail leaves from has a PTR, and that name the address",
        )
    if not public:
        return fail("dns.ptr", f"{relay_host} has no address", "check smtp.host")
    for address in public:
        called = names.host_names(address)
        if not called:
            return warn("dns.ptr", f"{address} of {relay_host} has no PTR", todo)
        if not any(address in names.addresses(host) for host in called):
            return warn("dns.ptr", f"{address} is called {called[0]}, which is not {address}", todo)
    return ok("dns.ptr", f"{relay_host}: {', '.join(public)} and back")


def _relay_addresses(names: Names, host: str) -> tuple[str, ...]:
    if is_this_machine(host):
        return ("127.0.0.1",)
    try:
        return (str(ipaddress.ip_address(host)),)
    except ValueError:
        return names.addresses(host)
