"""Whether the sender of a mail is who From says, by what our own server wrote (RFC 8601)."""

import re
from collections.abc import Collection, Iterable
from enum import StrEnum

_COMMENT = re.compile(r"\([^()]*\)")
_QUOTED = re.compile(r'"[^"]*"')
_RESULT = re.compile(r"\s*([a-z0-9-]+)\s*(?:/\s*\d+\s*)?=\s*([a-z]+)")
_PROPERTY = re.compile(r"\b(header\.(?:from|d|i))\s*=\s*@?([^\s;]+)")


class SenderProof(StrEnum):
    """`failed`: a check that the sender's domain asks for did not hold, so From is forged."""

    PROVEN = "proven"
    UNPROVEN = "unproven"
    FAILED = "failed"


def sender_proof(
    results: Iterable[str], sender: str, trusted_authserv_ids: Collection[str]
) -> SenderProof:
    """What the Authentication-Results headers `results` say of the address `sender`.

    A header counts as proof only when its authserv-id is trusted: anybody can write one. A
    failed DMARC check counts against the sender; without trusted servers any such header does,
    because a forged failure silences nobody but its forger. Two headers or results that differ
    prove nothing: one of them was smuggled in.
    """
    domain = sender.lower().rpartition("@")[2]
    trusted = {name.lower() for name in trusted_authserv_ids}
    read = [(name, stanzas) for name, stanzas in map(_read, results)]
    heard = [
        stanza for name, stanzas in read if not trusted or name in trusted for stanza in stanzas
    ]
    dmarc = [stanza for stanza in heard if stanza[0] == "dmarc"]
    if any(outcome == "fail" for _, outcome, _ in dmarc):
        return SenderProof.FAILED
    if not trusted or not domain:
        return SenderProof.UNPROVEN
    if dmarc:
        passed = all(
            outcome == "pass" and properties.get("header.from", domain) == domain
            for _, outcome, properties in dmarc
        )
    else:
        passed = any(
            method == "dkim" and outcome == "pass" and _aligned(properties, domain)
            for method, outcome, properties in heard
        )
    return SenderProof.PROVEN if passed else SenderProof.UNPROVEN


_Stanza = tuple[str, str, dict[str, str]]


def _read(header: str) -> tuple[str, list[_Stanza]]:
    """The authserv-id and each (method, result, properties), all in lower case."""
    plain = _QUOTED.sub('""', _COMMENT.sub(" ", header.lower()))
    server, *stanzas = plain.split(";")
    name = (server.split() or [""])[0]
    found = ((_RESULT.match(stanza), stanza) for stanza in stanzas)
    return name, [
        (result[1], result[2], dict(_PROPERTY.findall(stanza)))
        for result, stanza in found
        if result
    ]


def _aligned(properties: dict[str, str], domain: str) -> bool:
    """Whether the signing domain is the sender's or one above it (RFC 7489, 3.1.1, relaxed)."""
    signer = properties.get("header.d") or properties.get("header.i", "").rpartition("@")[2]
    return "." in signer and (domain == signer or domain.endswith(f".{signer}"))
