"""JSON as it arrives on bad days: cut, flipped, of other types, deep, huge, in other encodings."""

import json
from typing import Any

from hypothesis import strategies as st

_ODD = st.sampled_from(
    [None, True, -1, 10**400, 1e308, "", "x" * 5000, "\ud800", [], {}, [[]], {"a": None}]
) | st.text(max_size=20)
_NESTED = [b"[" * 5000, b'{"a":' * 5000]


@st.composite
def damaged(draw: st.DrawFn, body: bytes) -> bytes:
    """`body`, valid JSON, with one kind of damage."""
    kind = draw(st.sampled_from(["cut", "flip", "types", "deep", "encoding"]))
    if kind == "cut":
        return body[: draw(st.integers(0, len(body)))]
    if kind == "flip":
        changed = bytearray(body)
        for _ in range(draw(st.integers(1, 5))):
            changed[draw(st.integers(0, len(body) - 1))] = draw(st.integers(0, 255))
        return bytes(changed)
    if kind == "types":
        value = json.loads(body)
        for _ in range(draw(st.integers(1, 4))):
            value = _swapped(draw, value)
        return json.dumps(value).encode()
    if kind == "deep":
        at = draw(st.integers(0, len(body)))
        return body[:at] + draw(st.sampled_from(_NESTED)) + body[at:]
    return body.decode().encode(draw(st.sampled_from(["utf-16", "utf-32", "utf-8-sig", "utf-7"])))


def _swapped(draw: st.DrawFn, value: Any) -> Any:
    """`value` with something in it, at any depth, replaced by something odd."""
    inside = (
        list(value)
        if isinstance(value, dict)
        else range(len(value or ()))
        if isinstance(value, list)
        else ()
    )
    if not inside or draw(st.integers(0, 5)) == 0:
        return draw(_ODD)
    place = draw(st.sampled_from(list(inside)))
    copied = value.copy()
    copied[place] = _swapped(draw, value[place])
    return copied
