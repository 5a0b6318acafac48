"""Bodies as they come on bad days: a valid one with something done to it."""

import json
from typing import Any

from hypothesis import strategies as st

_NASTY_TEXT = ("", "\0", "\u202e", "\ud800", "<script>", "]]>", "&bogus;", "9" * 400, "x" * 5000)
_NASTY_VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 10**400, 1e308, [], {}, [[]], [None], {"a": 1}, *_NASTY_TEXT,
)  # fmt: skip
_NASTY_BYTES = (
    b"\xff\xfe", b"\0", b"<", b">", b"&", b'"', b"]]>", b"<!--", b"<![CDATA[", b"<!DOCTYPE x [",
    b"\xed\xa0\x80", b"<a><a><a>", b"</item>", b"&#0;", b"&#x110000;", b"\r",
    b"[" * 5000, b'{"a":' * 5000, b"<a>" * 5000,
)  # fmt: skip


def mutated(body: bytes) -> st.SearchStrategy[bytes]:
    """`body` cut off, with bytes changed, put in, left out or said twice, or in another coding."""
    place = st.integers(0, len(body))

    def cut(at: int) -> bytes:
        return body[:at]

    def put(at: int, what: bytes) -> bytes:
        return body[:at] + what + body[at:]

    def span(one: int, other: int, times: int) -> bytes:
        low, high = sorted((one, other))
        return body[:low] + body[low:high] * times + body[high:]

    def coded(name: str) -> bytes:
        return body.decode("utf-8", "replace").encode(name, "replace")

    return st.one_of(
        st.builds(cut, place),
        st.builds(put, place, st.sampled_from(_NASTY_BYTES) | st.binary(max_size=8)),
        st.builds(span, place, place, st.integers(0, 3)),
        st.builds(coded, st.sampled_from(("utf-16", "utf-32", "latin-1", "utf-7"))),
        st.binary(max_size=200),
    )


def mutated_json(value: Any) -> st.SearchStrategy[bytes]:
    """`value` as JSON in which one or two values, keys or branches are not what they should be."""
    places = list(_places(value))

    def changed(changes: list[tuple[int, Any]]) -> bytes:
        copy = json.loads(json.dumps(value))
        for number, nasty in changes:
            _put(copy, places[number], nasty)
        return json.dumps(copy).encode("utf-8", "surrogatepass")

    change = st.tuples(st.integers(0, len(places) - 1), st.sampled_from(_NASTY_VALUES))
    return st.lists(change, min_size=1, max_size=2).map(changed)


def _places(value: Any, path: tuple[Any, ...] = ()) -> Any:
    """The path of every value within."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in inner:
        yield (*path, key)
        if isinstance(one, dict | list):
            yield from _places(one, (*path, key))


def _put(value: Any, path: tuple[Any, ...], nasty: Any) -> None:
    for key in path[:-1]:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return  # another change has taken this branch away
    if isinstance(value, dict | list) and (
        isinstance(value, dict) or path[-1] in range(len(value))
    ):
        value[path[-1]] = nasty
