"""What receivers ask of a sender of bulk mail, as far as this machine alone can tell.

The rules are those of Gmail and Yahoo (since February 2024) and of Microsoft (since May 2025).
"""

import ipaddress
import re
from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from digest.mail.identity import MailIdentity
from digest.mail.sign import DkimKey
from digest.mail.smtp import Probe, Security, SmtpConfig
from digest.pipeline.health import Check, fail, ok, warn

# Their DMARC policies have mail refused that others send in their name.
_FREE_MAIL = frozenset(
    {
        *("gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com"),
        *("yahoo.com", "ymail.com", "aol.com", "icloud.com", "me.com", "mac.com", "gmx.com"),
        *("gmx.net", "gmx.de", "web.de", "t-online.de", "proton.me", "protonmail.com", "mail.com"),
        *("mail.ru", "yandex.ru", "yandex.com", "qq.com", "163.com", "126.com", "zoho.com"),
        *("fastmail.com", "tutanota.com", "orange.fr", "free.fr", "libero.it", "naver.com"),
    }
)
_FREE_MAIL_ABROAD = re.compile(r"(?:yahoo|hotmail|outlook|live)\.(?:com?\.)?[a-z]{2}")
_RESERVED = ("test", "example", "invalid", "local", "internal")  # RFC 2606, RFC 6762, ICANN
_USUAL_RSA_BITS = 2048
_NO_REPLY = ("noreply", "no-reply", "donotreply", "do-not-reply")


def check_sender(identity: MailIdentity) -> list[Check]:
    """From, Reply-To, the address for returned mail, unsubscription, and the postal address."""
    return [
        _check_from(identity),
        _check_reply(identity),
        _check_bounces(identity),
        _check_one_click(identity),
        _check_postal_address(identity),
    ]


def _check_from(identity: MailIdentity) -> Check:
    name, domain = "sender.from", identity.domain
    todo = "set mail.from to an address of a domain that you own"
    last = domain.rpartition(".")[2]
    if "." not in domain or last in ("localhost", "localdomain"):
        return fail(name, f"{identity.from_address} means nothing beyond this machine", todo)
    if domain in _FREE_MAIL or _FREE_MAIL_ABROAD.fullmatch(domain):
        return fail(name, f"mail in the name of {domain} is refused unless {domain} sent it", todo)
    if last in _RESERVED:
        return warn(name, f"{domain} is no domain of the public Internet", todo)
    return ok(name, f"{identity.from_name} <{identity.from_address}>")


def _check_reply(identity: MailIdentity) -> Check:
    address = identity.reply_to or identity.from_address
    if address.partition("@")[0].lower() in _NO_REPLY:
        return warn(
            "sender.reply",
            f"answers go to {address}, which sounds as if nobody read it",
            "set mail.reply_to to a mailbox that somebody reads: Microsoft asks for it",
        )
    return ok("sender.reply", f"answers go to {address}")


def _check_bounces(identity: MailIdentity) -> Check:
    name, address = "sender.bounces", identity.bounce_address
    if not address:
        return warn(
            name,
            f"returned mail goes to {identity.from_address}, and does not say whom it was for",
            "set mail.bounce_address to a mailbox that takes any +extension",
        )
    domain = address.rpartition("@")[2].lower()
    if not is_aligned(domain, identity.domain):
        return warn(
            name,
            f"returned mail goes to {domain}, so SPF does not speak for {identity.domain}",
            f"choose an address at {identity.domain} or below",
        )
    return ok(name, f"returned mail goes to {address}, with an id of its own for each delivery")


def _check_one_click(identity: MailIdentity) -> Check:
    name, url = "sender.one_click", identity.base_url
    if url.startswith("https://"):
        return ok(name, f"one click unsubscribes, at {url}")
    return warn(
        name,
        f"{url} is not https: mails offer no one-click unsubscription, which Gmail and Yahoo want",
        "put a web server with a certificate in front, and set web.base_url to its address",
    )


def _check_postal_address(identity: MailIdentity) -> Check:
    if identity.postal_address:
        return ok("sender.postal_address", identity.postal_address)
    return warn(
        "sender.postal_address",
        "mails do not say where the sender can be found, as the law of many countries asks",
        "set mail.postal_address",
    )


def is_aligned(domain: str, from_domain: str) -> bool:
    """Whether DMARC takes one domain to speak for the other: equal, or one below the other.

    Two that only share a registered domain are aligned too (RFC 9989), which takes DNS to see.
    """
    one, other = domain.lower(), from_domain.lower()
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


# --- signatures -----------------------------------------------------------------------------------


def check_keys(keys: Sequence[DkimKey], from_domain: str) -> list[Check]:
    """The DKIM keys: strong enough, for the From domain, and what DNS must hold for each."""
    if not keys:
        return [
            warn(
                "dkim",
                "mails are not signed here: bulk mail without DKIM is refused",
                "set [dkim], unless the relay signs for the From domain",
            )
        ]
    found = [_check_key(key, from_domain) for key in keys]
    if not any(isinstance(key.private_key, RSAPrivateKey) for key in keys):
        found.append(
            warn(
                "dkim",
                "there is no RSA key: many receivers cannot verify Ed25519 yet",
                "add a key: openssl genrsa -out dkim.pem 2048",
            )
        )
    return found


def _check_key(key: DkimKey, from_domain: str) -> Check:
    name = f"dkim.{key.selector}"
    todo = f"DNS must hold: {key.dns_name} TXT {key.dns_record}"
    if not is_aligned(key.domain, from_domain):
        return warn(
            name,
            f"signs for {key.domain}, which does not speak for {from_domain}",
            "set dkim.domain",
        )
    if isinstance(key.private_key, RSAPrivateKey):
        bits = key.private_key.key_size
        if bits < _USUAL_RSA_BITS:
            return warn(name, f"an RSA key of {bits} bits is short", "make one of 2048 bits")
        return ok(name, f"signs for {key.domain}, RSA of {bits} bits", todo)
    return ok(name, f"signs for {key.domain}, Ed25519", todo)


# --- the relay ------------------------------------------------------------------------------------


def check_relay(probe: Probe, config: SmtpConfig) -> Check:
    """What a test connection to the relay found."""
    if probe.problem:
        return fail("smtp", probe.problem, "check [smtp]: host, port, security, username, password")
    facts = [
        probe.tls or "no TLS",
        f"logged in as {config.username}" if probe.logged_in else "no login",
        *(["pipelining"] if probe.pipelining else []),
        *([f"up to {probe.max_bytes / 1e6:.0f} MB"] if probe.max_bytes else []),
    ]
    what = f"{config.host}:{config.port} answers: {', '.join(facts)}"
    if config.security is Security.NONE and not is_this_machine(config.host):
        return warn("smtp", what, "set smtp.security to starttls or tls: mail crosses a network")
    return ok("smtp", what)


def is_this_machine(host: str) -> bool:
    """Whether a host is loopback, by name or address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() in ("localhost", "localhost.localdomain")
