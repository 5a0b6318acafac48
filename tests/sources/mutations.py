"""Answers that went wrong on their way, or that somebody made to do harm."""

import json
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

_ODD_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.just(10**400),
    st.floats(),
    st.text(max_size=8),
    st.just("\ud800"),
    st.just("<script>" * 50),
    st.just([]),
    st.just({}),
    st.just([[[[[[[[1]]]]]]]]),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=4), st.integers(), max_size=3),
)


@st.composite
def mutated(draw: st.DrawFn, body: bytes) -> bytes:
    """`body`, a JSON document, cut short, with bytes flipped, in another encoding, or with some
    of its values replaced by values of any other type."""
    kind = draw(st.sampled_from(["cut", "flipped", "encoded", "replaced", "nested"]))
    if kind == "cut":
        return body[: draw(st.integers(0, len(body)))]
    if kind == "flipped":
        damaged = bytearray(body)
        for place in draw(st.lists(st.integers(0, len(body) - 1), min_size=1, max_size=8)):
            damaged[place] ^= draw(st.integers(1, 255))
        return bytes(damaged)
    if kind == "encoded":
        encoding = draw(st.sampled_from(["utf-16", "utf-32", "utf-8-sig", "cp037"]))
        return body.decode().encode(encoding, "replace")
    if kind == "nested":
        depth = draw(st.sampled_from([10, 5_000]))
        return b'{"results":' * depth + body + b"}" * depth
    document = json.loads(body)
    for _ in range(draw(st.integers(1, 4))):
        _replace(draw, document)
    return json.dumps(document).encode()


def _replace(draw: st.DrawFn, document: Any) -> None:
    """Walks down at random and puts an odd value where it ends."""
    while isinstance(document, dict | list) and document:
        places = list(document) if isinstance(document, dict) else list(range(len(document)))
        place = draw(st.sampled_from(places))
        if not isinstance(document[place], dict | list) or draw(st.integers(0, 3)) == 0:
            document[place] = deepcopy(draw(_ODD_VALUES))  # it may be changed next
            return
        document = document[place]
