"""Reading mail that came back: mails written to hold up whoever reads them, beside an ordinary
notice of the same size. A ratio that grows with the size means time that grows with its square,
and so a mailbox that anybody can stop."""

import json
import sys
from functools import partial

from benchmarks.measure import timed
from digest.mail.inbox import read_mail
from digest.mail.returned import read_returned

_HEAD = (
    "From: MAILER-DAEMON@mx.example.net\nTo: bounces@papers.example.org\n"
    "Subject: Undelivered mail: user unknown\n"
)
_ORDINARY = "<ada@reader.example>: 550 no such user here, said the server of the readers\n"
_LINES = {
    "letters": "a" * 70 + "\n",
    "letters_then_an_at": "a" * 900 + "@\n",
    "no_line_break": "a" * 1_000,
    "addresses": "<a@b.example>:\n",
    "round_brackets": "(" * 900 + "\n",
    "square_brackets": "[" * 70 + "\n",
    "apostrophes": "'" * 900 + "\n",
}
_FIELDS = {"ats": "@", "names": "a@b.example,", "brackets": "[", "open_names": "<a@"}


def main(kilobytes: int) -> None:
    size = kilobytes * 1_000
    plain = _seconds(_with_body(_ORDINARY, size))
    hostile = {
        **{name: _with_body(line, size) for name, line in _LINES.items()},
        **{f"headers_of_{name}": _with_fields(each, size) for name, each in _FIELDS.items()},
    }
    times = {name: round(_seconds(raw) / plain, 1) for name, raw in hostile.items()}
    print(
        json.dumps(
            {"kilobytes": kilobytes, "ordinary_ms": round(plain * 1e3, 1), "times_ordinary": times}
        )
    )


def _seconds(raw: bytes) -> float:
    return min(timed(partial(_read, raw)) for _ in range(3))


def _read(raw: bytes) -> None:
    read_returned(raw, read_mail(raw))


def _with_body(line: str, size: int) -> bytes:
    return f"{_HEAD}\nCould not be delivered.\n\n{line * (size // len(line))}\n".encode()


def _with_fields(piece: str, size: int) -> bytes:
    value = (piece * 8_000)[:8_000]
    field = f"To: {value}\nX-Failed-Recipients: {value}\n"
    return f"{field * (size // len(field))}{_HEAD}\nCould not be delivered.\n".encode()


if __name__ == "__main__":
    main(int(sys.argv[1]))
