"""A keyed hash is what the standard library's HMAC gives, whatever key and text."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.keyed_hash import KeyedHash


@pytest.mark.parametrize("name", ["sha1", "sha256"])
@given(key=st.binary(max_size=150), texts=st.lists(st.binary(max_size=300), max_size=3))
def test_it_is_hmac_for_one_text_after_the_other(name: str, key: bytes, texts: list[bytes]) -> None:
    keyed = KeyedHash(key, name)
    assert [keyed.digest(text) for text in texts] == [hmac.digest(key, t, name) for t in texts]
