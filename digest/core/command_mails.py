"""The command that a mail is: pure, from the decoded mail.

Only what its sender wrote counts; quoted text, signatures and footers never act. Whether the
sender is who they say is for the caller to find out.
"""

import difflib
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from digest.core.commands import (
    Ask,
    Change,
    Command,
    Confirm,
    Contradictory,
    Help,
    Ignored,
    Subscribe,
    Unknown,
    Unsubscribe,
)
from digest.core.inbound import InboundMail, bare, fold, is_report, looks_away, why_silent
from digest.core.interest_lists import (
    InterestList,
    read_interest_list,
    read_plain_list,
    without_bullet,
)
from digest.core.member_requests import Inquiry, Request, Timetable, read_request
from digest.core.phrases import (
    BETWEEN_TASTES,
    Phrase,
    Taste,
    Verb,
    is_courtesy,
    read_phrase,
    read_taste,
    without_prefixes,
)
from digest.core.replies import is_quoted, new_lines
from digest.core.speech import shares_of


@dataclass(frozen=True, slots=True)
class Reading:
    """The command of a mail; `silence` says why it must not be answered, "" when it may be."""

    command: Command
    silence: str = ""


# What TokenSigner signs with: HMAC-SHA1, 20 bytes in base64url.
_SIGNATURE_CHARS = 27
_UNSUBSCRIBE_BOXES = frozenset({"unsubscribe", "unsub", "u", "leave", "stop"})
_INTERESTS_LABEL = re.compile(r"(?i)^(?:my )?(?:interests?|topics?)\s*[:=]\s*")
_GREETING = re.compile(
    r"(?i)^(?:hi|hello|hey|dear|hallo|liebe[rs]?|sehr geehrte\w*|guten (?:tag|morgen)|bonjour|hola"
    r"|ciao|salve|ol[aá]|good (?:morning|afternoon|evening|day)|to whom)\b.{0,60}$"
)
_CLOSING = re.compile(
    r"(?i)^(?:thanks|thank you|many thanks|thx|cheers|(?:best|kind|warm|kindest)\b.{0,12}regards"
    r"|best(?=,|$)|regards|sincerely|yours"
    r"|mit freundlichen|(?:viele|liebe|beste) gr\w+|mfg|lg"
    r"|danke|merci|cordialement|gracias|saludos|un saludo|grazie|cordiali|obrigad[oa]"
    r"|(?:met )?vriend\w+)"
    r"(?!\w).{0,40}$"
)
_LINK = re.compile(r"(?i)https?://|www\.")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_SHORT_WORDS = 6
_COMMAND_WORDS = (
    *("subscribe", "unsubscribe", "stop", "confirm", "help", "pause", "resume", "interests"),
    *("daily", "weekdays", "weekly", "more", "less", "add", "remove", "export", "erase"),
)


def read_command(mail: InboundMail, own: Collection[str]) -> Reading:
    """What `mail` asks, and whether it may be answered.

    `own` are our addresses in lower case: mail from them is ignored, plus parts of addresses in
    their domains are tokens. An unsubscription with a token is read even from a mail that must
    not be answered: mail programs send such ones for their users (RFC 8058, RFC 2369 mailto).
    """
    silence = why_silent(mail, own)
    if not silence:
        return _by_person(mail, own)
    token = _automatic_unsubscription(mail, own)
    return Reading(Unsubscribe(token) if token else Ignored(silence), silence)


def _automatic_unsubscription(mail: InboundMail, own: Collection[str]) -> str:
    """The token of an unsubscription that a program sent, "" when it is anything else."""
    if is_report(mail) or looks_away(mail):
        return ""
    phrase = read_phrase(mail.subject)
    asks = phrase is not None and phrase.verb is Verb.UNSUBSCRIBE
    box, token = _plus_part(mail, own)
    if asks and phrase is not None and phrase.argument:
        return phrase.argument
    return token if asks or box in _UNSUBSCRIBE_BOXES else ""


def _plus_part(mail: InboundMail, own: Collection[str]) -> tuple[str, str]:
    """(mailbox, token) of the first of our addresses that has a plus part, or two ""."""
    domains = {address.rpartition("@")[2] for address in own}
    for recipient in mail.recipients:
        local, _, domain = recipient.rpartition("@")
        box, _, token = local.partition("+")
        if token and domain.lower() in domains and bare(recipient) != bare(mail.sender):
            return box.lower(), token
    return "", ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """A mail, taken apart: what subject and new text say, and what tokens come with it."""

    mail: InboundMail
    lines: tuple[str, ...]
    subject: Phrase | None
    body: Phrase | None
    is_reply: bool
    box: str
    plus_token: str

    @property
    def confirm_token(self) -> str:
        return self.plus_token or linked_token(self.mail.text, "confirm")


def _by_person(mail: InboundMail, own: Collection[str]) -> Reading:
    wish = _take_apart(mail, own)
    command = _contradiction(wish) or _confirmation(wish) or _plain_command(wish) or _request(wish)
    if command is not None:
        return Reading(command)
    if not wish.lines:
        why = "an empty answer" if wish.is_reply else "an empty mail"
        return Reading(Ignored(why) if wish.is_reply else Unknown(why))
    if all(map(is_courtesy, wish.lines)):
        return Reading(Ignored("nothing but courtesy"))
    return Reading(Unknown("not understood"), _why_not_helped(wish))


def _take_apart(mail: InboundMail, own: Collection[str]) -> _Wish:
    lines = tuple(new_lines(mail.text))
    subject, replies, forwards = without_prefixes(mail.subject)
    body = _body_phrase(lines)
    by_subject = read_phrase(subject)
    if (replies or forwards) and lines and body is None:
        by_subject = None  # an old subject over new words
    box, token = _plus_part(mail, own)
    return _Wish(
        mail=mail,
        lines=lines,
        subject=by_subject,
        body=body,
        is_reply=(replies or bool(mail.in_reply_to)) and not forwards,
        box=box,
        plus_token=token,
    )


def _body_phrase(lines: tuple[str, ...]) -> Phrase | None:
    """The command of the first line that is no greeting, or of the first two sentences."""
    content = [line for line in lines if line and (read_phrase(line) or not _GREETING.match(line))]
    if not content:
        return None
    if found := read_phrase(content[0]):
        return found
    sentences = _SENTENCE_END.split(" ".join(content[:6]))[:2]
    plain = (read_phrase(sentence) for sentence in sentences)
    # An argument counts on a line of its own only: prose begins with any word.
    return next((p for p in plain if p and not p.argument and p.verb in _ASKING), None)


_ASKING = frozenset({Verb.SUBSCRIBE, Verb.UNSUBSCRIBE, Verb.HELP})
_OPPOSED = frozenset({Verb.SUBSCRIBE, Verb.UNSUBSCRIBE})


def _contradiction(wish: _Wish) -> Command | None:
    said = {
        phrase.verb for phrase in (wish.subject, wish.body, *map(read_phrase, wish.lines)) if phrase
    }
    return Contradictory() if said >= _OPPOSED else None


def _confirmation(wish: _Wish) -> Command | None:
    """Confirmed is by an affirmative first line, an answer with nothing new, or `confirm TOKEN`."""
    body, subject = wish.body, wish.subject
    if body is not None and body.verb is Verb.CONFIRM and body.argument:
        return Confirm(body.argument)
    declined = body is not None and body.verb is Verb.NO
    affirmed = body is not None and body.verb in (Verb.YES, Verb.CONFIRM)
    if subject is not None and subject.verb is Verb.CONFIRM and subject.argument:
        return Ignored("declined") if declined else Confirm(subject.argument)
    token = wish.confirm_token
    if declined:
        return Ignored("declined")
    joins = token != "" and body is not None and body.verb is Verb.SUBSCRIBE and wish.is_reply
    silent_reply = (
        not wish.lines and wish.is_reply and (subject is None or subject.verb is Verb.CONFIRM)
    )
    if affirmed or joins or silent_reply or (wish.box == "confirm" and not wish.lines):
        return Confirm(token)
    return None


def _plain_command(wish: _Wish) -> Command | None:
    phrase = wish.body if wish.body and wish.body.verb in _ASKING else wish.subject or wish.body
    match phrase:
        case Phrase(Verb.SUBSCRIBE, argument):
            interests = "\n".join(filter(None, (argument, *_interest_lines(wish.lines))))
            return Subscribe(interests, _timetable(wish.lines))
        case Phrase(Verb.UNSUBSCRIBE, argument):
            given = (
                argument or wish.plus_token or linked_token("\n".join(wish.lines), "unsubscribe")
            )
            return Unsubscribe(given, linked_token(wish.mail.text, "unsubscribe"))
        case Phrase(Verb.HELP):
            return Help()
        case _:
            # A mail to unsubscribe+TOKEN is the mailto of List-Unsubscribe, whatever it says.
            if wish.box in _UNSUBSCRIBE_BOXES:
                return Unsubscribe(wish.plus_token)
            return None


def _request(wish: _Wish) -> Change | Ask | None:
    """What a member asks, on the first lines; else in a subject above nothing more."""
    lines = tuple(line for line in wish.lines if not _is_mere_talk(line))
    if not any(lines) and not wish.is_reply:
        lines = (without_prefixes(wish.mail.subject)[0],)
    wishes = tuple(_wishes_of(lines)) or _listed_below_subject(wish, lines)
    inquiry = next((one for one in wishes if isinstance(one, Inquiry)), None)
    if inquiry is not None:
        # To erase is asked alone, or not at all.
        alone = sum(map(bool, lines)) == 1
        return Ask(inquiry) if alone or inquiry is not Inquiry.ERASE else None
    changes = tuple(one for one in wishes if not isinstance(one, Inquiry))
    return Change(changes) if changes else None


def _is_mere_talk(line: str) -> bool:
    return bool(line) and _is_empty_talk(line) and not _wishes(line)


def _wishes_of(lines: Sequence[str]) -> Iterator[Taste | Request | InterestList]:
    """What line after line asks, up to the first that asks for nothing."""
    place = 0
    while place < len(lines):
        line = lines[place]
        below = (lines[number] for number in range(place + 1, len(lines)))
        if found := read_interest_list(line, takewhile(_may_go_on, below)):
            listed, taken = found
            yield listed
            place += taken
            continue
        wishes = _wishes(line)
        if line and not wishes:
            return
        yield from wishes
        place += 1


def _may_go_on(line: str) -> bool:
    """Whether a list of interests may hold a line: no farewell ends it, and no other request."""
    return not (_CLOSING.match(line) or _wishes(line) or (line and _is_own_command(line)))


def _listed_below_subject(wish: _Wish, lines: Sequence[str]) -> tuple[InterestList, ...]:
    subject = "" if wish.is_reply else without_prefixes(wish.mail.subject)[0]
    if read_request(subject) is not Inquiry.INTERESTS:
        return ()
    listed = read_plain_list(tuple(takewhile(_may_go_on, lines)))
    return (listed,) if listed is not None else ()


def _wishes(line: str) -> tuple[Taste | Request, ...]:
    """All that a line asks: "more robotics, less vision"."""
    if (request := read_request(line)) is not None:
        return (request,)
    for pieces in (shares_of(line), BETWEEN_TASTES.split(line)):
        tastes = tuple(taste for piece in pieces if (taste := read_taste(piece)) is not None)
        if len(tastes) == len(pieces):
            return tastes
    whole = read_taste(line)
    return (whole,) if whole is not None else ()


def _is_empty_talk(line: str) -> bool:
    return is_courtesy(line) or bool(_GREETING.match(line))


def _interest_lines(lines: tuple[str, ...]) -> Iterator[str]:
    """Lines that name interests: neither command, greeting nor what follows a closing."""
    for line in lines:
        if _CLOSING.match(line):
            return
        if _is_empty_talk(line) or _is_own_command(line) or read_request(line) is not None:
            continue
        yield _INTERESTS_LABEL.sub("", without_bullet(line)).strip()


def _timetable(lines: tuple[str, ...]) -> Timetable | None:
    requests = map(read_request, lines)
    return next((one for one in requests if isinstance(one, Timetable)), None)


def _is_own_command(line: str) -> bool:
    return any(read_phrase(part) is not None for part in (line, *_SENTENCE_END.split(line)))


def linked_token(text: str, page: str) -> str:
    """The token of the first link to a page of ours (`/confirm/TOKEN`) in `text`, or "".

    Finds it behind quote marks, broken over lines, and inside the links of mail scanners.
    """
    start = rf"(?:/|%2[fF]){page}(?:/|%2[fF])"
    flat = re.sub(r"=?\n[>|\s]*", "", text)
    whole = re.search(rf"{start}(\.?[\w-]+\.[\w-]{{{_SIGNATURE_CHARS}}})", flat, re.ASCII)
    loose = whole or re.search(rf"{start}([\w.~-]{{4,200}})", text, re.ASCII)
    return loose[1] if loose else ""


def _why_not_helped(wish: _Wish) -> str:
    """Why words that are no command get no answer: most of them were not meant for a program."""
    text = " ".join(wish.lines)
    if _LINK.search(text):
        return "a link, and no command"
    talks = wish.is_reply or any(map(is_quoted, wish.mail.text.split("\n")))
    return "conversation" if talks and not _resembles_command(wish.lines) else ""


def _resembles_command(lines: tuple[str, ...]) -> bool:
    """Whether a few words begin like a command: mistyped, or one that is not known here."""
    first = next((line for line in lines if line and not is_courtesy(line)), "")
    words = fold(first).split()
    near = difflib.get_close_matches(words[0].strip(" :,.!"), _COMMAND_WORDS, cutoff=0.8)
    return bool(near) and len(words) <= _SHORT_WORDS
