"""Quoted-printable (RFC 2045, 6.7) in pieces: encoded once, joined for each message.

Where a piece does not end its line, it ends with a soft line break, which decoders drop: the
pieces decoded are the texts joined. A body of such pieces is its own "relaxed" form (RFC 6376,
3.4.4), so that its hash needs no pass over white space.
"""

import binascii
import re

_LINE, _SOFT_BREAK = 76, b"=\r\n"
# Spaces before others and at the ends of lines, and tabs, are written as codes. For the encoder
# they are control characters, which `clean` leaves in no text: codes of the same length.
_HIDDEN_SPACE = re.compile(" (?=[ \n])")
_SPACE, _TAB = "\x01", "\x02"


def quoted(text: str) -> bytes:
    """`text` as lines of at most 76 octets, each ending with CRLF; \\n is a line end."""
    if text.isascii() and text.isprintable() and "=" not in text and "  " not in text:
        return _as_it_is(text.encode())
    shielded = _shielded(text)
    lines = shielded.replace("\n", "\r\n").encode()
    done = binascii.b2a_qp(lines, quotetabs=False, istext=True, header=False)
    if "\n" not in text:  # where no line ends with CRLF, soft line breaks are made without CR
        done = done.replace(b"\n", b"\r\n")
    elif b"\n.\r\n" in done:
        # The encoder minds a line that is a dot, but not one that a soft line break leaves.
        done = done.replace(b"\n.\r\n", b"\n=2E\r\n")
    if shielded is not text:
        done = done.replace(b"=01", b"=20").replace(b"=02", b"=09")
    return done if not text or text.endswith("\n") else _joinable(done)


def _as_it_is(text: bytes) -> bytes:
    """Text in which nothing is written as a code, with soft line breaks."""
    most = _LINE - 1
    if len(text) <= most:
        return text + _SOFT_BREAK if text else text
    if len(text) <= 2 * most:  # most links
        return b"%s=\r\n%s=\r\n" % (text[:most], text[most:])
    lines = [text[at : at + most] for at in range(0, len(text), most)]
    return _SOFT_BREAK.join((*lines, b""))


def _shielded(text: str) -> str:
    if ("  " not in text and " \n" not in text and "\t" not in text) or (
        _SPACE in text or _TAB in text
    ):
        return text
    return _HIDDEN_SPACE.sub(_SPACE, text).replace("\t", _TAB)


def _joinable(done: bytes) -> bytes:
    """Lines of which the last has no end, with a soft line break behind them."""
    if len(done) - done.rfind(b"\n") - 1 >= _LINE:
        last = 3 if done[-3:-2] == b"=" else 1
        done = done[:-last] + _SOFT_BREAK + done[-last:]
    return done + _SOFT_BREAK
