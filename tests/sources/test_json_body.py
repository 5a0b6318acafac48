import pytest

from digest.core.errors import SourceMalformed
from digest.sources.json_body import json_object, json_of


def test_any_json_is_read_and_only_an_object_as_an_object() -> None:
    assert json_of(b"[1]", "the list") == [1]
    assert json_object(b'{"a": 1}', "the list") == {"a": 1}
    with pytest.raises(SourceMalformed, match=r"^the list is no JSON object$"):
        json_object(b"[1]", "the list")


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"[" * 100_000, b"9" * 5000, b"<p>"])
def test_what_is_no_json_is_one_short_line(body: bytes) -> None:
    with pytest.raises(SourceMalformed, match=r"^the list is not readable JSON: ") as raised:
        json_of(body, "the list")
    assert len(str(raised.value)) < 200
    assert "\n" not in str(raised.value)
