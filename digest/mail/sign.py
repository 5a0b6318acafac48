"""DKIM signatures (RFC 6376) with RSA and Ed25519 (RFC 8463), by `cryptography`.

Headers and body are canonicalised "relaxed/relaxed": refolding on the way does no harm.
"""

import base64
import binascii
import functools
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from digest.core.errors import ConfigError, InvalidInput

PrivateKey = RSAPrivateKey | Ed25519PrivateKey

_SIGNED = (
    *(b"from", b"to", b"subject", b"date", b"message-id", b"mime-version", b"content-type"),
    *(b"reply-to", b"in-reply-to", b"references", b"list-id", b"list-unsubscribe"),
    *(b"list-unsubscribe-post", b"auto-submitted"),
)
_MIN_RSA_BITS = 1024  # RFC 8301, 3.2; verifiers treat shorter keys as no signature
_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:(?:[^\r\n]|\r\n[ \t])*\r\n")
_WHITE = re.compile(rb"[ \t]+")
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class DkimKey:
    """A private key with the name under which DNS holds its public half."""

    domain: str
    selector: str
    private_key: PrivateKey

    @property
    def algorithm(self) -> str:
        return "rsa-sha256" if isinstance(self.private_key, RSAPrivateKey) else "ed25519-sha256"

    @property
    def dns_name(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def dns_record(self) -> str:
        """The TXT record that belongs at `dns_name` (RFC 6376, 3.6.1; RFC 8463, 4)."""
        public = self.private_key.public_key()
        if isinstance(self.private_key, RSAPrivateKey):
            kind, data = "rsa", public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        else:
            kind, data = "ed25519", public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return f"v=DKIM1; k={kind}; p={base64.b64encode(data).decode()}"


def load_key(domain: str, selector: str, path: Path) -> DkimKey:
    """The key in a PEM file. Raises ConfigError, one line, naming the file and what to do."""
    for value, what in ((domain, "domain"), (selector, "selector")):
        if not _LABEL.fullmatch(value):
            raise ConfigError([f"dkim.{what}: {value!r} is not a name that DNS can hold"])
    try:
        pem = path.read_bytes()
    except FileNotFoundError:
        raise ConfigError([f"dkim.private_key_file: there is no file {path}"]) from None
    except OSError as error:
        raise ConfigError(
            [f"dkim.private_key_file: cannot read {path}: {error.strerror}"]
        ) from None
    return DkimKey(domain=domain, selector=selector, private_key=_parsed(pem, path))


def _parsed(pem: bytes, path: Path) -> PrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError:
        problem = "is encrypted: give a key without a password"
    except (ValueError, UnsupportedAlgorithm):
        problem = "holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)"
    else:
        if isinstance(key, Ed25519PrivateKey):
            return key
        if isinstance(key, RSAPrivateKey) and key.key_size >= _MIN_RSA_BITS:
            return key
        problem = (
            f"is an RSA key of {key.key_size} bits: receivers ask for 1024 at least, 2048 is usual"
            if isinstance(key, RSAPrivateKey)
            else "is neither an RSA nor an Ed25519 key"
        )
    raise ConfigError([f"dkim.private_key_file: {path} {problem}"])


class MessageSigner:
    """Signs messages with each of its keys, the first on top."""

    def __init__(self, keys: Sequence[DkimKey]) -> None:
        self._keys = tuple(keys)

    def sign(self, message: bytes, at: datetime) -> bytes:
        """`message` with a DKIM-Signature for each key in front.

        The message has CRLF line ends; else InvalidInput is raised, as it could not be verified.
        The same message, moment and keys give the same bytes.
        """
        head, blank, body = message.partition(b"\r\n\r\n")
        if not blank:
            raise InvalidInput("a message without an empty line after its headers cannot be signed")
        return self.signatures(headers_of(head + b"\r\n"), relaxed_body(body), at) + message

    def signatures(self, headers: Sequence[bytes], relaxed: bytes, at: datetime) -> bytes:
        """The headers that `sign` puts in front: `headers` are those of the message, each with the
        line break that ends it, `relaxed` is the body in that form."""
        fields = [relaxed_header(header) for header in headers]
        body_hash = _base64(hashlib.sha256(relaxed).digest())
        return b"".join([_signature(key, fields, body_hash, at) for key in self._keys])


def headers_of(head: bytes) -> tuple[bytes, ...]:
    """The headers of a block that ends with CRLF, in order, each with its line breaks.

    Raises InvalidInput for a line that is no header.
    """
    found, end = [], 0
    for header in _FIELD.finditer(head):
        if header.start() != end:
            break
        found.append(header[0])
        end = header.end()
    if end != len(head):
        raise InvalidInput(f"this is no mail header: {head[end : end + 60]!r}")
    return tuple(found)


# Most headers of a mail are those of the mail before.
@functools.lru_cache(maxsize=1_024)
def relaxed_header(header: bytes) -> tuple[bytes, bytes]:
    """The name of a header in lower case, and the header in relaxed form (RFC 6376, 3.4.2)."""
    name, _, value = header.replace(b"\r\n", b"").replace(b"\t", b" ").partition(b":")
    while b"  " in value:
        value = value.replace(b"  ", b" ")
    name = name.rstrip(b" ").lower()
    return name, b"%s:%s\r\n" % (name, value.strip(b" "))


def relaxed_body(body: bytes) -> bytes:
    """RFC 6376, 3.4.4: runs of white space are one space, empty lines at the end are none."""
    squeezed = _WHITE.sub(b" ", body).replace(b" \r\n", b"\r\n").rstrip(b" ")
    if not squeezed.endswith(b"\r\n"):
        squeezed += b"\r\n"
    while squeezed.endswith(b"\r\n\r\n"):
        squeezed = squeezed[:-2]
    return b"" if squeezed == b"\r\n" else squeezed


def _signature(
    key: DkimKey, fields: Sequence[tuple[bytes, bytes]], body_hash: bytes, at: datetime
) -> bytes:
    order, names = _order(tuple([name for name, _ in fields]))
    start = _start(key.algorithm, key.domain, key.selector, int(at.timestamp()), names)
    tags = b"%s%s;\r\n b=" % (start, body_hash)
    signed = [fields[number][1] for number in order]
    signed.append(relaxed_header.__wrapped__(tags)[1].removesuffix(b"\r\n"))
    made = _base64(_signed(key.private_key, b"".join(signed)))
    lines = b"\r\n ".join([made[i : i + 72] for i in range(0, len(made), 72)])
    return b"%s%s\r\n" % (tags, lines)


# Mails of one kind have the same headers.
@functools.lru_cache(maxsize=64)
def _order(names: tuple[bytes, ...]) -> tuple[tuple[int, ...], str]:
    """The numbers of the headers that are signed, in order, and their names as the signature has
    them: folded, From once more than it is there, so that a second one added on the way breaks
    the signature."""
    # Where a name stands twice, verifiers take the last first (RFC 6376, 5.4.2).
    last_first = range(len(names) - 1, -1, -1)
    order = tuple(n for wanted in _SIGNED for n in last_first if names[n] == wanted)
    return order, _folded(b":".join([b"from", *(names[n] for n in order)]).decode())


# Digests of an edition are made at one moment.
@functools.lru_cache(maxsize=64)
def _start(algorithm: str, domain: str, selector: str, second: int, names: str) -> bytes:
    """A signature up to the hash of the body."""
    return (
        f"DKIM-Signature: v=1; a={algorithm}; c=relaxed/relaxed;\r\n"
        f" d={domain}; s={selector}; t={second};\r\n"
        f" h={names};\r\n"
        f" bh="
    ).encode()


def _folded(names: str) -> str:
    """Names with colons between them, on lines of at most 70 characters."""
    lines = [""]
    for name in names.split(":"):
        if len(lines[-1]) + len(name) > 68:
            lines.append("")
        lines[-1] += f"{name}:"
    return "\r\n ".join(lines).rstrip(":")


def _base64(data: bytes) -> bytes:
    return binascii.b2a_base64(data, newline=False)


def _signed(key: PrivateKey, data: bytes) -> bytes:
    if isinstance(key, RSAPrivateKey):
        return key.sign(data, PKCS1v15(), SHA256())
    # RFC 8463, 3: Ed25519 signs the SHA-256 of the data.
    return key.sign(hashlib.sha256(data).digest())
