"""Mail that came back: bytes to what it says of whom; never raises."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from email.message import Message

from digest.core import returned as rules
from digest.core.bounces import BounceClass, Judgement, judge
from digest.core.inbound import InboundMail
from digest.core.notices import Told, split_copy, told_of
from digest.core.reports import (
    MAX_RECIPIENTS,
    Fields,
    ReportedRecipient,
    first,
    read_delivery_report,
    read_fields,
    read_groups,
    read_notification,
)
from digest.core.returned import FailedRecipient, ReturnedMail, ReturnKind, Signs
from digest.mail.detectors import recognised_failures
from digest.mail.mime import (
    BREAKS,
    MAX_MAIL_BYTES,
    MAX_TEXT_CHARS,
    RECIPIENT_HEADERS,
    addresses_in,
    header_fields,
    is_attachment,
    parsed,
    part_text,
    parts,
)
from digest.mail.plaintext import decode_text

_MAX_REASON_CHARS = 300
# The library takes these for mails, whatever encodes them: as text they are decoded like any.
_REPORTS = re.compile(
    rb"(?i)(^content-type:\s*)message/"
    rb"((?:global-)?delivery-status|feedback-report|(?:global-)?disposition-notification"
    rb"|global-headers)",
    re.MULTILINE,
)
_DELIVERY = ("text/x-delivery-status", "text/x-global-delivery-status")
_FEEDBACK = "text/x-feedback-report"
_RECEIPTS = ("text/x-disposition-notification", "text/x-global-disposition-notification")
_HEADERS_OF_COPY = ("text/rfc822-headers", "text/x-global-headers")
_COPIES = ("message/rfc822", "message/global", "message/partial")
_OWN_HEADERS = (*RECIPIENT_HEADERS, "from", "sender", "return-path", "reply-to")
_SENT_FROM = ("from", "sender", "return-path", "reply-to", "errors-to")
# Fields of reports that say under which envelope a mail was sent.
_ENVELOPE_FIELDS = ("original-mail-from", "original-envelope-id", "x-postfix-sender")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """A mail, taken apart. `notice` is what its writer says, `sent` the headers of what it brings
    back; `types` those of its parts, a machine's report among them being text."""

    mail: InboundMail
    types: frozenset[str]
    notice: str
    reports: str
    feedback: str
    sent: Fields


def read_returned(raw: bytes, mail: InboundMail) -> ReturnedMail:
    """What came back, if anything did, in the mail that `raw` is, and `mail` decoded.

    Never raises. Of more than 2 MB only the beginning is read.
    """
    taken = _take_apart(raw[:MAX_MAIL_BYTES], mail)
    return (
        _by_feedback(taken)
        or _by_notification(taken)
        or _by_report(taken)
        or _by_words(taken, raw[:MAX_MAIL_BYTES])
        or ReturnedMail(
            kind=ReturnKind.AUTO_REPLY if rules.is_auto_reply(mail) else ReturnKind.NONE
        )
    )


# --- taking apart -------------------------------------------------------------------------------


def _take_apart(raw: bytes, mail: InboundMail) -> _Taken:
    found = list(parts(parsed(_REPORTS.sub(rb"\1text/x-\2", raw))))
    types = [part.get_content_type() for part in found]
    words = _notice(found)
    if not words and not set(types).intersection((*_DELIVERY, _FEEDBACK)):
        words = decode_text(re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[-1], "")
    notice, copy = split_copy(words[:MAX_TEXT_CHARS])
    return _Taken(
        mail=mail,
        types=frozenset(types),
        notice=notice,
        reports="\n\n".join(_texts(found, _DELIVERY)),
        feedback="\n\n".join(_texts(found, (_FEEDBACK,))),
        sent=(*_sent(found), *_fields_of(copy)),
    )


def _texts(found: Iterable[Message], types: Sequence[str]) -> Iterator[str]:
    return (part_text(part) for part in found if part.get_content_type() in types)


def _notice(found: Sequence[Message]) -> str:
    """What stands before any report or copy, plain where there is a plain form of it."""
    shown = [part for part in found if not is_attachment(part)]
    plain = "\n".join(text for text in _texts(shown, ("text/plain",)) if text.strip())
    return plain or "\n".join(_texts(shown, ("text/html",))) or _first_words(found)


def _first_words(found: Sequence[Message]) -> str:
    """The text of a notice that calls itself an attachment, or stands before all parts."""
    preamble = found[0].preamble if found else None
    return "\n".join((*_texts(found, ("text/plain", "text/html")), preamble or ""))


def _sent(found: Iterable[Message]) -> Iterator[tuple[str, str]]:
    for part in found:
        kind = part.get_content_type()
        if kind in _HEADERS_OF_COPY:
            yield from _fields_of(part_text(part))
        elif kind in _COPIES:
            yield from _headers_of(part)


def _headers_of(part: Message) -> Iterator[tuple[str, str]]:
    """The headers of a mail that is a part, as the library has parsed it or as text."""
    try:
        inner = part.get_payload()
        if isinstance(inner, list) and inner and isinstance(inner[0], Message):
            yield from header_fields(inner[0])
        else:
            yield from _fields_of(part_text(part))
    except BREAKS:
        return


def _fields_of(text: str) -> Fields:
    """The headers with which the copy of a mail begins, perhaps below a line that announces it."""
    groups = read_groups(text)
    with_names = (group for group in groups[:3] if len(group) > 1)
    return next(with_names, ())


# --- complaints ---------------------------------------------------------------------------------


def _by_feedback(taken: _Taken) -> ReturnedMail | None:
    itself = "feedback-report" in taken.mail.value("content-type")
    fields = read_fields(taken.feedback or (taken.notice if itself else ""))
    kind = first(fields, "feedback-type").lower().partition(";")[0].strip()
    if kind or taken.feedback.strip():
        return _complaint(kind or "other", (*taken.sent, *_envelope(fields)))
    if rules.is_complaint(taken.mail, taken.notice, has_copy=bool(taken.sent)):
        return _complaint("abuse", taken.sent)
    return None


def _complaint(feedback: str, sent: Fields) -> ReturnedMail:
    kind = ReturnKind.NONE if feedback == "not-spam" else ReturnKind.COMPLAINT
    return ReturnedMail(kind=kind, feedback=feedback, sent=sent)


def _envelope(fields: Fields) -> Fields:
    return tuple((name, value) for name, value in fields if name in _ENVELOPE_FIELDS)


# --- Amazon SES ---------------------------------------------------------------------------------


def _by_notification(taken: _Taken) -> ReturnedMail | None:
    found = read_notification(taken.mail.text)
    if found is None:
        return None
    match found.kind:
        case "bounce":
            return _bounce(map(_reported, found.recipients), found.headers)
        case "complaint":
            return _complaint(found.feedback or "abuse", found.headers)
        case _:
            return ReturnedMail(kind=ReturnKind.NONE)


# --- reports ------------------------------------------------------------------------------------


def _by_report(taken: _Taken) -> ReturnedMail | None:
    """A report on delivery; one of mails that arrived is none of ours."""
    inline = taken.notice if _is_by_machine(taken.mail) else ""
    reported = read_delivery_report(taken.reports or inline)
    if not reported:
        return None
    failed = [each for each in reported if not each.arrived]
    if not failed:
        return ReturnedMail(kind=ReturnKind.NONE)
    told = _told(taken)
    recipients = [_with_words(each, taken, told, alone=len(failed) == 1) for each in failed]
    if not any(each.address for each in recipients):
        recipients = _for_nameless(taken, told, recipients[0])
    return _bounce(recipients, (*taken.sent, *_envelope(read_fields(taken.reports))))


def _is_by_machine(mail: InboundMail) -> bool:
    server = rules.is_from_server(mail) or rules.has_null_sender(mail)
    reports = mail.value("content-type").startswith("multipart/report")
    return server or reports or rules.speaks_of_failure(mail)


def _reported(each: ReportedRecipient) -> FailedRecipient:
    """A recipient as the fields of the report tell; one that is still being tried is no loss."""
    found = judge(each.diagnostic, each.status)
    bounce_class = BounceClass.HARD if each.dead and not found.sure else found.bounce_class
    return FailedRecipient(
        address=each.address,
        bounce_class=BounceClass.SOFT if each.delayed else bounce_class,
        status=found.status,
        reason=_line(each.diagnostic),
        delayed=each.delayed,
    )


def _with_words(
    each: ReportedRecipient, taken: _Taken, told: Sequence[Told], *, alone: bool
) -> FailedRecipient:
    """A recipient of a report; where its fields tell nothing, by what is said in words."""
    found = _reported(each)
    words = next((one.words for one in told if one.address.lower() == each.address.lower()), "")
    reason = found.reason or _line(words or taken.notice)
    if each.delayed or judge(each.diagnostic, each.status).sure:
        return replace(found, reason=reason)
    spoken = _spoken(words, taken, each.status, alone=alone)
    return replace(found, bounce_class=spoken.bounce_class, status=spoken.status, reason=reason)


def _for_nameless(
    taken: _Taken, told: Sequence[Told], found: FailedRecipient
) -> list[FailedRecipient]:
    """The recipients of a report that names nobody in a way that can be read."""
    by_words = [each.address for each in told]
    addresses = _named_failures(taken) or by_words or _only_one(_sent_to(taken))
    return [replace(found, address=address) for address in addresses] or [found]


# --- words --------------------------------------------------------------------------------------


def _by_words(taken: _Taken, raw: bytes) -> ReturnedMail | None:
    receipt = not taken.types.isdisjoint(_RECEIPTS)
    if receipt and not rules.is_rejecting_receipt(taken.notice):
        return None
    named, lower = _named_failures(taken), taken.notice.lower()
    known = [each for each in recognised_failures(raw) if each.lower() in lower]
    told = _told(taken, known)
    signs = Signs(
        failure=rules.mentions_failure(taken.notice),
        copy=bool(taken.sent),
        recognised=bool(known),
        names=bool(told),
        leads=any(each.leads for each in told),
    )
    if not named and not rules.is_bounce(taken.mail, signs):
        return None
    words = {each.address.lower(): each.words for each in told}
    addresses = named or [each.address for each in told] or _only_one(_sent_to(taken))
    if not addresses:
        found = _spoken("", taken, alone=True)
        return ReturnedMail(
            kind=ReturnKind.BOUNCE, bounce_class=found.bounce_class, sent=taken.sent
        )
    alone = len(addresses) == 1
    recipients = (
        _spoken_of(each, words.get(each.lower(), ""), taken, alone=alone) for each in addresses
    )
    return _bounce(recipients, taken.sent)


def _spoken_of(address: str, words: str, taken: _Taken, *, alone: bool) -> FailedRecipient:
    found = _spoken(words, taken, alone=alone)
    return FailedRecipient(
        address=address,
        bounce_class=found.bounce_class,
        status=found.status,
        reason=_line(words or taken.notice),
    )


def _spoken(words: str, taken: _Taken, status: str = "", *, alone: bool) -> Judgement:
    """What is said of somebody; where that tells nothing, all that is said, if of nobody else."""
    found = judge(words, status)
    if found.sure or not alone:
        return found
    whole = judge(taken.notice, status)
    return whole if whole.sure else judge(taken.mail.subject, status)


def _named_failures(taken: _Taken) -> list[str]:
    """Those that a server names in a header of its own."""
    return _addresses(taken.mail.values("x-failed-recipients"))


def _told(taken: _Taken, known: Sequence[str] = ()) -> list[Told]:
    own = {address.lower() for address in _addresses(_values(taken.mail.headers, _OWN_HEADERS))}
    own |= {address.lower() for address in _addresses(_values(taken.sent, _SENT_FROM))}
    return told_of(taken.notice, own, {each.lower() for each in _sent_to(taken)} - own, known)


def _sent_to(taken: _Taken) -> list[str]:
    """To whom the mail that came back was sent."""
    names = ("to", "x-original-to", "x-rcpt-to", "envelope-to", "delivered-to", "cc")
    return _addresses(_values(taken.sent, names))


def _only_one(addresses: list[str]) -> list[str]:
    return addresses if len(addresses) == 1 else []


def _values(headers: Fields, names: Sequence[str]) -> list[str]:
    return [value for wanted in names for name, value in headers if name == wanted]


def _addresses(values: Iterable[str]) -> list[str]:
    found = [address for address in addresses_in(values) if "@" in address]
    return list(dict.fromkeys(found))[:MAX_RECIPIENTS]


# --- both ---------------------------------------------------------------------------------------


def _bounce(failed: Iterable[FailedRecipient], sent: Fields) -> ReturnedMail:
    """A bounce of these recipients, each once, of whom some may have no address."""
    every = list(failed)
    unique = {each.address.lower(): each for each in reversed(every) if each.address}
    classes = {each.bounce_class for each in every}
    return ReturnedMail(
        kind=ReturnKind.BOUNCE,
        recipients=tuple(reversed(unique.values())),
        bounce_class=classes.pop() if len(classes) == 1 else BounceClass.SOFT,
        sent=sent,
    )


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MAX_REASON_CHARS else line[: _MAX_REASON_CHARS - 1] + "…"
