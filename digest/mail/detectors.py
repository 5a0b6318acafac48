"""The forms of old and rare mail servers, as the library flufl.bounce knows them."""

from flufl.bounce._scan import _DETECTORS  # it has no public way to pass over one that raises

from digest.core.reports import read_address
from digest.mail.mime import parsed

# Its patterns take time with the square of a line's length; notices are short.
_MAX_BYTES = 64 * 1024
_MAX_LINE_BYTES = 300


def recognised_failures(raw: bytes) -> tuple[str, ...]:
    """The addresses of which a detector says that the mail `raw` tells of them, sorted.

    Whether for good is not taken from it: it takes nearly all failures for permanent.
    """
    short = b"\n".join(line[:_MAX_LINE_BYTES] for line in raw[:_MAX_BYTES].splitlines())
    message = parsed(short)
    for detector in _DETECTORS:
        try:
            passing, final = detector().process(message)
        except Exception:  # noqa: S112  # whatever a mail does to one, the others may know it
            continue
        if passing or final:
            found = (given.decode("utf-8", "replace") for given in (*final, *passing))
            return tuple(sorted(filter(None, map(read_address, found))))
    return ()
