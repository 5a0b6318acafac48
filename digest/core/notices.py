"""Free text in which a server says that a mail did not arrive: whose, and in which words.

Pure. No server is known by its name here: what is read are the forms that notices share.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

_MAX_LINES = 4_000
_MAX_FOUND = 200
_MAX_LINE_CHARS = 1_000

ADDRESS = (
    r"[^\s<>()\[\]{}\"',;:|\\@]{1,100}@(?:[^\s<>()\[\]{}\"',;:|\\@./=]{1,63}\.)+[^\W\d_][\w-]{1,62}"
)
_ANY_ADDRESS = re.compile(ADDRESS)
# An address that begins a line, perhaps behind a reply code, and of which something is said after.
_LEADING = re.compile(
    r"^[\W_]{0,40}(?:\d{3}[ -](?:[245]\.\d{1,3}\.\d{1,3} )?)?(?:e?smtp:|rfc822;|mailto:)?"
    r"[<\"'(\[]{0,4}"
    rf"(?P<address>{ADDRESS})"
    r"[>\"')\]]*(?:\s*$|\s*[:;(,>]|\.\.\.|\s+-|\s{2,}|\t|\s*=(?:>|20)|\.?\s*$|\s+<)",
    re.IGNORECASE,
)
# An address that is named as one that was written to.
_NAMED = re.compile(
    r"(?:rcpt to|recipients?(?:\(s\))?(?: address| name)?|(?:addressed|delivered|deliver|delivery"
    r"|sent|send"
    r"|message|mail|e-?mail) (?:\w+ )?to|\bto|reach(?:ing)?|address|user|mailbox|account|for|alias"
    r"|(?:unknown|invalid|no such) \w+|宛先|収件人|\ban)"
    rf"(?:\s*[:=]\s*|\s+|(?=[<\"'(\[]))[<\"'(\[]*(?:smtp:|rfc822;|mailto:)?(?P<address>{ADDRESS})",
    re.IGNORECASE,
)
_COPY = re.compile(
    r"(?:^[\s>]*[-=_*#~+]{2,}.*\b(?:original|unsent|returned|undelivered|old|bounced|rejected|sent)"
    r" (?:message|mail|e-?mail|nachricht|text)"
    r"|^\W*(?:the |your )?(?:original|unsent|old|returned) (?:message|mail|e-?mail)"
    r"(?: \w+){0,3}\W*$"
    r"|^\W*(?:this|below|here|enclosed|included|attached|following|the following|what follows|a)\b"
    r"(?!.*\bnot\b).{0,40}\bcop(?:y|ies) of (?:the|your|my)"
    r"|^\W*.{0,20}\bheaders? (?:of|from) (?:the|your) .{0,20}(?:message|mail)"
    r"|^\W*(?:message|mail) (?:headers?|text|body) (?:\w+ )?follows?"
    r"|^\W*(?:start|begin(?:ning)?) of (?:returned|original|forwarded)"
    r"|^\W*your (?:message|mail) reads\b|^\W*mensaje original\b|^\W*ursprüngliche (?:nachricht"
    r"|mail)"
    r"|^\W*message d'origine\b|^\W*messaggio originale\b"
    r"|^(?:Received|Return-Path|DKIM-Signature|X-Original-To|Message-I[dD]): )",
    re.IGNORECASE,
)
# Lines that say what mail a notice is about: whom it was to is not whom it did not reach.
_TO, _SUBJECT = (re.compile(rf"^\s*(?:{name})\s*:", re.I) for name in ("to|cc", "subject"))
_NEAR = 3
_OFFICES = re.compile(
    r"(?:mailer-?daemon|post-?master|abuse|hostmaster|webmaster|help-?desk|support|no-?reply)@",
    re.IGNORECASE,
)


def split_copy(text: str) -> tuple[str, str]:
    """(what the server says, the copy of the mail that it returns below), either may be ""."""
    lines = text.split("\n")[:_MAX_LINES]
    for number, line in enumerate(lines):
        if _COPY.search(line[:300]) and any(each.strip() for each in lines[:number]):
            return "\n".join(lines[:number]), "\n".join(lines[number:])
    return "\n".join(lines), ""


@dataclass(frozen=True, slots=True)
class Told:
    """Whom a mail did not reach, and the lines in which that is told. `leads`: the address stands
    at the head of one of them."""

    address: str
    words: str
    leads: bool


def told_of(
    notice: str, own: Collection[str], sent_to: Collection[str], known: Sequence[str] = ()
) -> list[Told]:
    """Of whom a notice tells that a mail did not reach them, in order, each once.

    `own` are addresses that wrote, or that the notice itself is for, `sent_to` those of the mail
    that comes back, both in lower case; `known` are some of whom it is certain. Who stands in a
    place for recipients counts; where nobody does, who else is named and was written to; else
    anybody who is named.
    """
    lines = [line[:_MAX_LINE_CHARS] for line in notice.split("\n")[:_MAX_LINES]]
    placed = list(_placed(lines))
    chosen = [each for _, each in placed if _may_be(each, own, sent_to)]
    chosen.extend(known)
    if not chosen:
        named = [each for line in lines for each in _ANY_ADDRESS.findall(line)]
        written_to = [each for each in named if each.lower() in sent_to]
        chosen = written_to or [each for each in named if _may_be(each, own, sent_to)]
    unique: dict[str, str] = {}
    for each in chosen[:_MAX_FOUND]:
        unique.setdefault(each.lower(), each)
    in_place = {each.lower() for _, each in placed}
    mentioned = [
        (number, each)
        for number, line in enumerate(lines)
        for each in _ANY_ADDRESS.findall(line)
        if each.lower() not in in_place
    ]
    said = _said_of(lines, [*mentioned, *placed], set(unique))
    leading = {found["address"].lower() for found in map(_LEADING.match, lines) if found}
    return [Told(each, said.get(key, ""), key in leading) for key, each in unique.items()]


def _may_be(address: str, own: Collection[str], sent_to: Collection[str]) -> bool:
    lower = address.lower()
    return lower in sent_to or (lower not in own and not _OFFICES.match(lower))


def _placed(lines: list[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines):
        found = _LEADING.match(line) or _NAMED.search(line)
        if found and not _names_the_mail(lines, number):
            yield number, found["address"]


def _names_the_mail(lines: Sequence[str], number: int) -> bool:
    near = lines[max(number - _NEAR, 0) : number + _NEAR + 1]
    return _TO.match(lines[number]) is not None and any(map(_SUBJECT.match, near))


def _said_of(
    lines: list[str], placed: list[tuple[int, str]], wanted: Collection[str]
) -> dict[str, str]:
    """The lines from each of these addresses to the next."""
    starts = {number: each.lower() for number, each in placed if each.lower() in wanted}
    said: dict[str, list[str]] = {}
    current = ""
    for number, line in enumerate(lines):
        current = starts.get(number, current)
        if current:
            said.setdefault(current, []).append(line)
    return {address: "\n".join(told) for address, told in said.items()}
