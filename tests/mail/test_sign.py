import base64
import hashlib
import re
from pathlib import Path

import dkim
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.core.errors import ConfigError, InvalidInput
from digest.mail.letterhead import digest_headers
from digest.mail.sign import DkimKey, MessageSigner, PrivateKey, load_key, relaxed_body
from digest.mail.wire import compose
from tests.mail.builders import NOW, make_identity, make_mail

RSA = DkimKey(
    domain="papers.example.org",
    selector="r2026",
    private_key=rsa.generate_private_key(public_exponent=65537, key_size=2048),
)
ED = DkimKey(
    domain="papers.example.org",
    selector="e2026",
    private_key=ed25519.Ed25519PrivateKey.generate(),
)
HEADERS = digest_headers(
    make_identity(), unsubscribe_url="https://p.example/u/T", unsubscribe_token="T", campaign="c"
)
MESSAGE = compose(make_mail(headers=HEADERS), make_identity())

printable = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60)
bodies = st.lists(st.text(st.sampled_from("ab .\t=-"), max_size=12) | printable, max_size=12).map(
    lambda lines: "".join(f"{line}\r\n" for line in lines).encode()
)


def lookup(name: bytes, timeout: float = 5) -> bytes:
    records = {f"{key.dns_name}.": key.dns_record for key in (RSA, ED)}
    return records[name.decode()].encode()


def verified(message: bytes, number: int = 0) -> bool:
    """What dkimpy says; for Ed25519, where it needs another library, what it hashes is checked."""
    verifier = dkim.DKIM(message)
    fields = [f for f in verifier.headers if f[0].lower() == b"dkim-signature"]
    found = dkim.util.parse_tag_value(fields[number][1])
    if found[b"a"] == b"rsa-sha256":
        try:
            return bool(verifier.verify(idx=number, dnsfunc=lookup))
        except dkim.ValidationError:
            return False
    relaxed = dkim.CanonicalizationPolicy.from_c_value(found[b"c"])
    body_hash = hashlib.sha256(relaxed.canonicalize_body(verifier.body)).digest()
    head_hash = hashlib.sha256()
    names = [name.lower() for name in re.split(rb"\s*:\s*", found[b"h"])]
    headers = relaxed.canonicalize_headers(verifier.headers)
    dkim.hash_headers(head_hash, relaxed, headers, names, fields[number], found)
    try:
        public = ED.private_key.public_key()
        assert isinstance(public, ed25519.Ed25519PublicKey)
        public.verify(base64.b64decode(found[b"b"]), head_hash.digest())
    except InvalidSignature:
        return False
    return base64.b64decode(found[b"bh"]) == body_hash


def tags(message: bytes) -> dict[str, str]:
    head = message.split(b"\r\n\r\n")[0].decode()
    value = re.match(r"DKIM-Signature:((?:[^\r]|\r\n[ \t])*)", head)
    assert value
    pairs = (tag.split("=", 1) for tag in value[1].split(";"))
    return {name.strip(): re.sub(r"\s", "", text) for name, text in pairs}


@pytest.mark.parametrize("key", [RSA, ED], ids=["rsa", "ed25519"])
def test_a_signed_digest_verifies(key: DkimKey) -> None:
    assert verified(MessageSigner([key]).sign(MESSAGE, NOW))


def test_each_key_signs_and_each_signature_verifies() -> None:
    signed = MessageSigner([RSA, ED]).sign(MESSAGE, NOW)
    assert signed.endswith(MESSAGE)
    assert signed.count(b"DKIM-Signature:") == 2
    assert verified(signed, 0)
    assert verified(signed, 1)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    fields=st.lists(
        st.tuples(st.sampled_from(["From", "subject", "TO", "X-Other", "List-Id"]), printable),
        max_size=8,
    ),
    folds=st.sampled_from(["", "\r\n ", " \r\n\t "]),
    body=bodies,
)
def test_any_message_verifies(fields: list[tuple[str, str]], folds: str, body: bytes) -> None:
    head = "".join(f"{name}:{value}{folds}x\r\n" for name, value in fields)
    message = b"From: a@papers.example.org\r\n" + head.encode() + b"\r\n" + body
    assert verified(MessageSigner([ED]).sign(message, NOW))
    assert verified(MessageSigner([RSA]).sign(message, NOW))


def test_a_signature_covers_what_it_must_and_one_from_more() -> None:
    names = tags(MessageSigner([RSA]).sign(MESSAGE, NOW))["h"].split(":")
    assert names.count("from") == 2
    assert set(names) >= {
        *("to", "subject", "date", "message-id", "mime-version", "content-type", "reply-to"),
        *("list-id", "list-unsubscribe", "list-unsubscribe-post", "auto-submitted"),
    }


def test_a_signature_says_when_by_whom_and_over_all_of_the_body() -> None:
    found = tags(MessageSigner([RSA]).sign(MESSAGE, NOW))
    assert found["d"] == "papers.example.org"
    assert found["s"] == "r2026"
    assert found["c"] == "relaxed/relaxed"
    assert found["t"] == str(int(NOW.timestamp()))
    assert "l" not in found


@pytest.mark.parametrize(
    "change",
    [
        (b"Good morning", b"Good evening"),
        (b"Subject: Hello", b"Subject: Goodbye"),
        (b"From: ", b"From: Mallory <m@evil.example>\r\nFrom: "),
        (b"List-Unsubscribe-Post: ", b"X-Was: "),
    ],
)
def test_a_changed_message_does_not_verify(change: tuple[bytes, bytes]) -> None:
    signed = MessageSigner([RSA]).sign(MESSAGE, NOW)
    changed = signed.replace(*change, 1)
    assert changed != signed
    assert not verified(changed)


def test_refolded_headers_and_added_white_space_do_no_harm() -> None:
    signed = MessageSigner([RSA]).sign(MESSAGE, NOW)
    assert verified(signed.replace(b"Subject: Hello", b"SUBJECT:   Hello "))
    assert verified(signed + b"\r\n\r\n")


def test_signature_lines_are_short() -> None:
    signed = MessageSigner([RSA, ED]).sign(MESSAGE, NOW)
    head = signed.split(b"\r\nFrom:")[0]
    assert max(map(len, head.split(b"\r\n"))) <= 78


def test_the_same_message_and_moment_give_the_same_signature() -> None:
    signer = MessageSigner([RSA, ED])
    assert signer.sign(MESSAGE, NOW) == signer.sign(MESSAGE, NOW)


@pytest.mark.parametrize("body", [b"", b"\r\n\r\n", b"a", b"a\r\n\r\n", b" a \t b \r\n \r\n"])
def test_the_body_is_canonicalised_as_an_independent_implementation_does(body: bytes) -> None:
    assert relaxed_body(body) == dkim.canonicalization.Relaxed.canonicalize_body(body)


@pytest.mark.parametrize("message", [b"From: a\n\nx", b"From a\r\n\r\n", b"From: a\r\n", b""])
def test_what_is_no_message_cannot_be_signed(message: bytes) -> None:
    with pytest.raises(InvalidInput):
        MessageSigner([RSA]).sign(message, NOW)


def write_key(path: Path, key: PrivateKey | ec.EllipticCurvePrivateKey, password: str = "") -> Path:
    encryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    return path


def test_keys_are_read_from_pem_files(tmp_path: Path) -> None:
    for key in (RSA, ED):
        path = write_key(tmp_path / "k.pem", key.private_key)
        assert load_key(key.domain, key.selector, path).dns_record == key.dns_record


def test_the_dns_record_holds_the_public_key() -> None:
    assert RSA.dns_name == "r2026._domainkey.papers.example.org"
    assert RSA.dns_record.startswith("v=DKIM1; k=rsa; p=MII")
    assert len(base64.b64decode(ED.dns_record.partition("p=")[2])) == 32


def test_a_key_that_cannot_be_used_is_named_in_one_line(tmp_path: Path) -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    path = tmp_path / "key.pem"
    with pytest.raises(ConfigError, match=r"there is no file .*key\.pem"):
        load_key("e.org", "s", path)
    with pytest.raises(ConfigError, match="cannot read"):
        load_key("e.org", "s", tmp_path)
    path.write_text("hello")
    with pytest.raises(ConfigError, match="no private key in PEM form"):
        load_key("e.org", "s", path)
    with pytest.raises(ConfigError, match="neither an RSA nor an Ed25519 key"):
        load_key("e.org", "s", write_key(path, ec.generate_private_key(ec.SECP256R1())))
    with pytest.raises(ConfigError, match="is encrypted"):
        load_key("e.org", "s", write_key(path, weak, password="secret"))
    with pytest.raises(ConfigError, match=r"dkim\.selector"):
        load_key("e.org", "s; d=evil", write_key(path, weak))
    assert load_key("e.org", "s", write_key(path, weak)).algorithm == "rsa-sha256"
