"""Bodies that should be JSON."""

import json
from typing import Any

from digest.core.errors import SourceMalformed
from digest.sources.text import clean

_WHY_CHARS = 120


def json_of(body: bytes, what: str) -> Any:
    """The JSON in a body; raises SourceMalformed, with `what` it should have been, for none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        why = clean(str(error), _WHY_CHARS)
        raise SourceMalformed(f"{what} is not readable JSON: {why}") from None


def json_object(body: bytes, what: str) -> dict[str, Any]:
    """The JSON object that a body is; raises SourceMalformed, with `what` it should have been."""
    value = json_of(body, what)
    if not isinstance(value, dict):
        raise SourceMalformed(f"{what} is no JSON object")
    return value
