"""What machines report of a mail in fields: RFC 3464 and 6533 (delivery), RFC 5965 (complaints),
and the JSON of Amazon SES. Pure, from decoded text; never raises."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

Fields = tuple[tuple[str, str], ...]

MAX_RECIPIENTS = 1_000
_MAX_LINES = 10_000
_MAX_VALUE_CHARS = 4_000
_MAX_JSON_CHARS = 500_000
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]{0,60})[ \t]*:[ \t]*(.*)")
_STATUS = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])")
_ADDRESS = re.compile(
    r"[^\s<>()\[\]\"',;:@]{1,200}@(?:[^\s<>()\[\]\"',;:@.]{1,63}\.)+[^\s<>()\[\]\"',;:@.]{2,63}"
)
# RFC 3461, 4: what xtext must encode, and an at sign. Anything else may be a plus part: `ada+21@`.
_XTEXT = re.compile(r"\+(2B|3D|40)")
# RFC 6533, 3: any character of an internationalized address, where a server cannot write it.
_UNITEXT = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")
_SURROGATES = range(0xD800, 0xE000)
_CHARACTERS = range(0x20, 0x110000)
_ARRIVED = frozenset({"delivered", "relayed", "expanded"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedRecipient:
    """One recipient of a report. `address` is the one that the mail was sent to, where the report
    tells it, else where it ended, or ""; `action` is in lower case; `status` as `5.1.1` or "".
    `dead`: the reporter itself has found that the address takes no mail."""

    address: str
    action: str = ""
    status: str = ""
    diagnostic: str = ""
    dead: bool = False

    @property
    def arrived(self) -> bool:
        return self.action in _ARRIVED

    @property
    def delayed(self) -> bool:
        """Whether it is still being tried."""
        return self.action == "delayed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """What Amazon SES reports: `kind` in lower case (bounce, complaint, delivery, ...)."""

    kind: str
    recipients: tuple[ReportedRecipient, ...] = ()
    feedback: str = ""
    headers: Fields = ()


# --- fields -------------------------------------------------------------------------------------


def read_groups(text: str) -> list[Fields]:
    """The groups of fields, parted by blank lines; names in lower case, folded lines joined.

    Lines that are no fields are left out.
    """
    groups: list[list[tuple[str, str]]] = [[]]
    for line in text.split("\n")[:_MAX_LINES]:
        if not line.strip():
            groups.append([])
        elif line[0] in " \t" and groups[-1]:
            name, value = groups[-1][-1]
            if len(value) < _MAX_VALUE_CHARS:
                groups[-1][-1] = (name, f"{value} {line.strip()}"[:_MAX_VALUE_CHARS])
        elif found := _FIELD.match(line[:_MAX_VALUE_CHARS]):
            groups[-1].append((found[1].lower(), found[2].strip()))
    return [tuple(group) for group in groups if group]


def read_fields(text: str) -> Fields:
    """All fields of a text, whatever their groups."""
    return tuple(pair for group in read_groups(text) for pair in group)


def first(fields: Fields, *names: str) -> str:
    """The value of the first of these names that has one, or ""."""
    return next((value for name in names for key, value in fields if key == name and value), "")


# --- delivery -----------------------------------------------------------------------------------


def read_delivery_report(text: str) -> tuple[ReportedRecipient, ...]:
    """The recipients of a report on delivery, in order; none where it is no report."""
    groups = [piece for group in read_groups(text) for piece in _parted(group)]
    return tuple(filter(None, map(_recipient, groups[:MAX_RECIPIENTS])))


def _parted(group: Fields) -> Iterator[Fields]:
    """A group for each recipient, also where no blank line stands between them."""
    piece: list[tuple[str, str]] = []
    for name, value in group:
        if name == "final-recipient" and any(key == name for key, _ in piece):
            yield tuple(piece)
            piece = []
        piece.append((name, value))
    yield tuple(piece)


def _recipient(group: Fields) -> ReportedRecipient | None:
    names = ("original-recipient", "final-recipient")
    if not first(group, *names):
        return None
    addresses = (read_address(first(group, name)) for name in (*names, "x-actual-recipient"))
    action = re.match(r"[a-z]*", first(group, "action").lower())
    status = _STATUS.search(first(group, "status"))
    comment = re.search(r"\((.*)\)", first(group, "status"))
    diagnostic = re.sub(r"^[\w-]+ *; *", "", first(group, "diagnostic-code"))
    return ReportedRecipient(
        address=next(filter(None, addresses), ""),
        action=action[0] if action else "",
        status=status[0] if status else "",
        diagnostic=diagnostic or (comment[1] if comment else ""),
    )


def read_address(value: str) -> str:
    """The address of a typed field (`rfc822; ada@example.org`), decoded, or "".

    RFC 3461, 4 (xtext) and RFC 6533, 3 (utf-8).
    """
    kind, semicolon, rest = value.partition(";")
    text = rest if semicolon else value
    if kind.strip().lower() == "utf-8":
        text = _UNITEXT.sub(_character, text)
    found = _ADDRESS.search(_XTEXT.sub(_character, text))
    return found[0].strip(".") if found else ""


def _character(match: re.Match[str]) -> str:
    point = int(match[1], 16)
    return chr(point) if point in _CHARACTERS and point not in _SURROGATES else match[0]


# --- Amazon SES ---------------------------------------------------------------------------------


def read_notification(text: str) -> Notification | None:
    """The notification of Amazon SES in a mail of its notification service; None if there is none.

    https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html
    """
    document = _document(text)
    if isinstance(document.get("Message"), str):
        document = _document(document["Message"])
    kind = document.get("notificationType", document.get("eventType"))
    if not isinstance(kind, str):
        return None
    bounce, complaint = _object(document, "bounce"), _object(document, "complaint")
    dead = bounce.get("bounceType") == "Permanent"
    return Notification(
        kind=kind.lower(),
        recipients=tuple(_bounced(each, dead) for each in _objects(bounce, "bouncedRecipients")),
        feedback=_text(complaint, "complaintFeedbackType"),
        headers=_sent_headers(_object(document, "mail")),
    )


def _document(text: str) -> dict[str, Any]:
    """The object with which a text begins, also where a mail server has broken its long lines."""
    start = text.find("{")
    if start < 0 or text[:start].strip():
        return {}
    piece = text[start : start + _MAX_JSON_CHARS]
    for given in (piece, re.sub(r"!?\n ", "", piece), piece.replace("\n", "")):
        try:
            found, _ = json.JSONDecoder(strict=False).raw_decode(given)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            return found
    return {}


def _object(document: dict[str, Any], name: str) -> dict[str, Any]:
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def _objects(document: dict[str, Any], name: str) -> Sequence[dict[str, Any]]:
    found = document.get(name)
    listed = found[:MAX_RECIPIENTS] if isinstance(found, list) else []
    return [each for each in listed if isinstance(each, dict)]


def _text(document: dict[str, Any], name: str) -> str:
    found = document.get(name)
    return " ".join(found.split()) if isinstance(found, str) else ""


def _bounced(each: dict[str, Any], dead: bool) -> ReportedRecipient:
    status = _STATUS.search(_text(each, "status"))
    return ReportedRecipient(
        address=read_address(_text(each, "emailAddress")),
        action=_text(each, "action").lower(),
        status=status[0] if status else "",
        diagnostic=re.sub(r"^[\w-]+ *; *", "", _text(each, "diagnosticCode")),
        dead=dead,
    )


def _sent_headers(mail: dict[str, Any]) -> Fields:
    """The headers of the mail that is reported on, as far as the notification has them."""
    listed = _objects(mail, "headers")
    return tuple((_text(each, "name").lower(), _text(each, "value")) for each in listed)
