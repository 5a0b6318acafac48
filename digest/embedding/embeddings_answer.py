"""What an endpoint answers to `POST /v1/embeddings`, as OpenAI's API reference has it.

`{"data": [{"index": 0, "embedding": [0.1, …]}, …]}`, or with the embedding as base64 of float32
in little-endian order; an error is `{"error": {"message": "…"}}` or nearly so.
"""

import base64
import json
from typing import Any

import numpy as np

from digest.core.errors import EncoderUnavailable
from digest.embedding.encoder import Floats

_MOST_DIMENSIONS = 65_536
_SAID_CHARS = 200


def parse_embeddings(body: bytes, wanted: int) -> Floats:
    """The vectors in the order of the texts, (wanted, dimensions), not yet of length 1.

    Raises EncoderUnavailable, which completes "HOST ...", for anything else.
    """
    try:
        document = json.loads(body)
        entries = document["data"]
        placed = {int(entry.get("index", n)): entry for n, entry in enumerate(entries)}
        vectors = [_vector(placed[n]["embedding"]) for n in range(wanted)]
    except RecursionError:
        raise EncoderUnavailable("answered with nonsense instead of vectors") from None
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        raise EncoderUnavailable(f"answered without {wanted} vectors{_said(body)}") from None
    if len(entries) != wanted:
        raise EncoderUnavailable(f"answered {len(entries)} vectors to {wanted} texts")
    lengths = {len(vector) for vector in vectors}
    if len(lengths) != 1 or not 0 < min(lengths) <= _MOST_DIMENSIONS:
        raise EncoderUnavailable("answered with vectors that are not of one length")
    return np.stack(vectors)


def _vector(value: Any) -> Floats:
    if isinstance(value, str):
        return np.frombuffer(base64.b64decode(value, validate=True), "<f4")
    if not isinstance(value, list):
        raise ValueError("neither numbers nor base64")
    found = np.array(value)
    if found.ndim != 1 or found.dtype.kind not in "fi":
        raise ValueError("not a list of numbers")
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused as such
        return found.astype(np.float32)


def said(body: bytes) -> str:
    """What an answer says of an error, as one printable line; "" when it says nothing."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    for key in ("error", "detail", "message"):
        if isinstance(document, dict) and document.get(key):
            document = document[key]
    if isinstance(document, list | dict):
        return ""
    line = " ".join(str(document).split())
    return "".join(c for c in line if c.isprintable())[:_SAID_CHARS]


def _said(body: bytes) -> str:
    line = said(body)
    return f": {line}" if line else ""
