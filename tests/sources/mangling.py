"""Answers that came to harm: cut, with flipped bytes, or with values of the wrong kind."""

import json
from typing import Any

from hypothesis import strategies as st

_ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, -1, 0, 1.5, 10**30, float("nan"), "", "NA", "\ud800", "x" * 3000, [], {}, [[]]]
) | st.recursive(st.none(), lambda inner: st.lists(inner, max_size=2), max_leaves=20)


def mangled(body: bytes) -> st.SearchStrategy[bytes]:
    """Variants of a JSON body."""
    return st.one_of(_cut(body), _flipped(body), _swapped(body), _recoded(body))


def _cut(body: bytes) -> st.SearchStrategy[bytes]:
    return st.integers(0, len(body)).map(lambda end: body[:end])


@st.composite
def _flipped(draw: st.DrawFn, body: bytes) -> bytes:
    changed = bytearray(body)
    for _ in range(draw(st.integers(1, 8))):
        changed[draw(st.integers(0, len(body) - 1))] = draw(st.integers(0, 255))
    return bytes(changed)


@st.composite
def _swapped(draw: st.DrawFn, body: bytes) -> bytes:
    """Some values, however deep, in favour of odd ones."""
    whole = json.loads(body)
    for _ in range(draw(st.integers(1, 4))):
        place = whole
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            inner = place[key]
            if not isinstance(inner, dict | list) or not inner or draw(st.booleans()):
                place[key] = draw(_ODD)
                break
            place = inner
    return json.dumps(whole).encode()


def _recoded(body: bytes) -> st.SearchStrategy[bytes]:
    text = json.dumps(json.loads(body), ensure_ascii=False)
    codecs = ("utf-16", "utf-32", "utf-8-sig", "latin-1", "utf-7")
    return st.sampled_from(codecs).map(lambda codec: text.encode(codec, "replace"))
