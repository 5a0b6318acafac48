"""DKIM signatures (RFC 6376) with RSA and Ed25519 (RFC 8463), by `cryptography`.

Headers and body are canonicalised "relaxed/relaxed": refolding on the way does no harm.
"""

import base64
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
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:((?:[^\r\n]|\r\n[ \t])*)\r\n")
_FOLD = re.compile(rb"\r\n(?=[ \t])")
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
        return self.signatures(head + b"\r\n", relaxed_body(body), at) + message

    def signatures(self, head: bytes, relaxed: bytes, at: datetime) -> bytes:
        """The headers that `sign` puts in front: `head` is the header block without the empty line
        that ends it, `relaxed` the body in that form."""
        fields = header_fields(head)
        body_hash = base64.b64encode(hashlib.sha256(relaxed).digest()).decode()
        return b"".join(_signature(key, fields, body_hash, at) for key in self._keys)


def header_fields(head: bytes) -> tuple[tuple[bytes, bytes], ...]:
    """Names and raw values of a header block that ends with CRLF, in order.

    Raises InvalidInput for a line that is no header.
    """
    fields, end = [], 0
    for found in _FIELD.finditer(head):
        if found.start() != end:
            break
        fields.append((found[1], found[2]))
        end = found.end()
    if end != len(head):
        raise InvalidInput(f"this is no mail header: {head[end : end + 60]!r}")
    return tuple(fields)


# Most headers of a mail are those of the mail before.
@functools.lru_cache(maxsize=1_024)
def relaxed_header(name: bytes, value: bytes) -> bytes:
    """RFC 6376, 3.4.2, without the line break at the end."""
    unfolded = _WHITE.sub(b" ", _FOLD.sub(b"", value)).strip(b" \t")
    return name.lower() + b":" + unfolded


def relaxed_body(body: bytes) -> bytes:
    """RFC 6376, 3.4.4: runs of white space are one space, empty lines at the end are none."""
    squeezed = _WHITE.sub(b" ", body).replace(b" \r\n", b"\r\n").rstrip(b" ")
    if not squeezed.endswith(b"\r\n"):
        squeezed += b"\r\n"
    while squeezed.endswith(b"\r\n\r\n"):
        squeezed = squeezed[:-2]
    return b"" if squeezed == b"\r\n" else squeezed


def _signature(
    key: DkimKey, fields: Sequence[tuple[bytes, bytes]], body_hash: str, at: datetime
) -> bytes:
    # Where a name stands twice, verifiers take the last first (RFC 6376, 5.4.2).
    by_name: dict[bytes, list[tuple[bytes, bytes]]] = {}
    for field in reversed(fields):
        by_name.setdefault(field[0].lower(), []).append(field)
    signed = [field for wanted in _SIGNED for field in by_name.get(wanted, ())]
    # From once more than it is there: a second one added on the way breaks the signature.
    names = [b"from", *(name.lower() for name, _ in signed)]
    tags = (
        f"v=1; a={key.algorithm}; c=relaxed/relaxed;\r\n"
        f" d={key.domain}; s={key.selector}; t={int(at.timestamp())};\r\n"
        f" h={_folded(b':'.join(names).decode())};\r\n"
        f" bh={body_hash};\r\n b="
    )
    canonical = [relaxed_header(name, value) + b"\r\n" for name, value in signed]
    canonical.append(relaxed_header(b"dkim-signature", f" {tags}".encode()))
    made = base64.b64encode(_signed(key.private_key, b"".join(canonical))).decode()
    lines = "\r\n ".join(made[i : i + 72] for i in range(0, len(made), 72))
    return f"DKIM-Signature: {tags}{lines}\r\n".encode()


@functools.lru_cache(maxsize=64)
def _folded(names: str) -> str:
    """Names with colons between them, on lines of at most 70 characters."""
    lines = [""]
    for name in names.split(":"):
        if len(lines[-1]) + len(name) > 68:
            lines.append("")
        lines[-1] += f"{name}:"
    return "\r\n ".join(lines).rstrip(":")


def _signed(key: PrivateKey, data: bytes) -> bytes:
    if isinstance(key, RSAPrivateKey):
        return key.sign(data, PKCS1v15(), SHA256())
    # RFC 8463, 3: Ed25519 signs the SHA-256 of the data.
    return key.sign(hashlib.sha256(data).digest())
