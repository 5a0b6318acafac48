"""What a refusal says about the address, the message, or us."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from digest.core import bounce_words

# Statuses of RFC 3463 and the registry begun by RFC 5248; not the middle of an IP address.
_STATUS = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?!\.?\d)")
# Bad addresses; 5.2.1, a disabled mailbox, is also said of mailboxes that are closed to us.
_NO_ADDRESS = re.compile(r"5\.1\.(?:1|2|3|6|10)")
_DISABLED = re.compile(r"5\.2\.1")
_HARD = re.compile(rf"{_NO_ADDRESS.pattern}|{_DISABLED.pattern}")
_FULL = re.compile(r"[45]\.(?:2\.2|2\.3|3\.4)")
_POLICY = re.compile(r"5\.7\.\d+")
# 5.1.0, any other trouble with an address, is said of either.
_OF_SENDER = re.compile(r"[45]\.1\.[78]")
_OF_ANY_ADDRESS = re.compile(r"5\.1\.0")
# A reply code that does not stand within a number, an address or a name of a server.
_LATER = re.compile(r"(?<![\w.\[#-])4[2-5]\d[ -]")
_NEVER = re.compile(r"(?<![\w.\[#-])5[05]\d[ -]")
# Where a directory server answers for all of a domain, this is how it says that nobody is there.
_NOT_IN_DIRECTORY = re.compile(r"5\.4\.1 (?:.{0,80} )?recipient address rejected: access denied")
# What an address or a link is named is no reason: `nosuchuser@example.org`.
_NAMES = re.compile(
    r"\bhttps?://\S*|<[^<>@\s]{0,200}@[^<>\s]{0,300}>|[^\s<>()\[\]\"',;:]{1,100}@[\w.-]{1,255}"
)
_MAX_REPLY_CHARS = 8_000


class BounceClass(StrEnum):
    """`hard`: the address is dead. `soft`: it may work later. `policy`: our fault, tell the
    operator; the subscriber is not to blame."""

    HARD = "hard"
    SOFT = "soft"
    POLICY = "policy"


class BounceEffect(StrEnum):
    """`suppressed`: it ended the mail to an active reader. `held`: it would have, but too many
    came back with it."""

    SUPPRESSED = "suppressed"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Judgement:
    """`status` is that of RFC 3463 that was given, the most telling one, or "". Not `sure` where
    nothing was said that tells: then it is soft, as a wrong suppression loses a reader."""

    bounce_class: BounceClass
    status: str = ""
    sure: bool = True


def statuses_in(text: str) -> list[str]:
    """The enhanced status codes that stand in a reply, in order."""
    return _STATUS.findall(text)


def judge(text: str, status: str = "") -> Judgement:
    """What a server's words, and the status that its report gives, mean for the recipient.

    What is said of the sender is never the recipient's fault. No room decides next, whatever the
    status; then a status that tells of the address, unless only blame stands beside it; what is
    for now, in words against any status; what is held against us, or not passed on for us; then
    what is said in words of people and hosts unknown.
    """
    plain = " ".join(_NAMES.sub(" <> ", text[:_MAX_REPLY_CHARS].lower()).split())
    given = [*statuses_in(plain), *([status] if status else [])]
    found = _class_of(plain, given)
    telling = _telling(given, found)
    return Judgement(found or BounceClass.SOFT, telling, sure=found is not None)


def _class_of(plain: str, given: list[str]) -> BounceClass | None:
    if bounce_words.SENDER.search(plain) or _any(_OF_SENDER, given):
        return BounceClass.POLICY
    if _any(_FULL, given) or bounce_words.NO_ROOM.search(plain):
        return BounceClass.SOFT
    if _NOT_IN_DIRECTORY.search(plain):
        return BounceClass.HARD
    nobody, blamed = tells_of_nobody(plain), bounce_words.BLAME.search(plain)
    may_change = _may_change(plain)
    if _any(_NO_ADDRESS, given) and (nobody or not blamed) and not may_change:
        return BounceClass.HARD
    if _is_for_now(plain, given):
        return BounceClass.SOFT
    if blamed or bounce_words.NO_RELAY.search(plain):
        return BounceClass.POLICY
    if nobody or (_any(_DISABLED, given) and not may_change):
        return BounceClass.HARD
    if _any(_POLICY, given) or _any(_OF_ANY_ADDRESS, given):
        return BounceClass.POLICY
    return BounceClass.SOFT if bounce_words.FOR_NOW.search(plain) else None


def tells_of_nobody(plain: str) -> bool:
    """Whether words say that nobody is there, and not that this may change."""
    found = (
        bounce_words.UNKNOWN_PERSON.search(plain)
        or bounce_words.UNKNOWN_HOST.search(plain)
        or bounce_words.UNAVAILABLE.search(plain)
    )
    return bool(found) and not _may_change(plain)


def _may_change(plain: str) -> bool:
    """Whether a server says that it may be otherwise soon, whatever status it gives."""
    return "temporar" in plain or "not found, try again" in plain


def _is_for_now(plain: str, given: list[str]) -> bool:
    passing = any(one.startswith("4") for one in given) or bool(_LATER.search(plain))
    final = any(one.startswith("5") for one in given) or bool(_NEVER.search(plain))
    return passing and not final


def _any(pattern: re.Pattern[str], given: list[str]) -> bool:
    return any(map(pattern.fullmatch, given))


def _telling(given: list[str], found: BounceClass | None) -> str:
    """Of several statuses the one that made the class, else the first that is no blank."""
    by_class = {BounceClass.HARD: _HARD, BounceClass.POLICY: _POLICY, BounceClass.SOFT: _FULL}
    made = [one for one in given if found and by_class[found].fullmatch(one)]
    told = [one for one in given if not one.endswith(".0.0")]
    return next(iter((*made, *told, *given)), "")


def classify_refusal(code: int, reply: str) -> BounceClass:
    """What an answer at RCPT or DATA means for the subscriber (RFC 5321, 4.2.3; RFC 3463).

    As `judge`; but words of unknown users count only in the answers that are given to them.
    """
    found = judge(reply)
    by_words = found.bounce_class is BounceClass.HARD and not _HARD.fullmatch(found.status)
    if by_words and code not in (550, 551, 553):
        return BounceClass.SOFT
    return found.bounce_class


# --- over days ----------------------------------------------------------------------------------

# Soft bounces end a subscription where so many digests in a row came back over so long a time.
SOFT_LIMIT, SOFT_OVER = 5, timedelta(days=7)
# Servers try for up to five days (RFC 5321, 4.5.4.1): what was sent since then may still come back.
SETTLED_AFTER = timedelta(days=6)


@dataclass(frozen=True, slots=True)
class Fate:
    """A digest that was sent, and what came back of it; None where nothing did."""

    sent_at: datetime
    bounce_class: BounceClass | None = None


def keeps_bouncing(fates: Sequence[Fate], now: datetime) -> bool:
    """Whether an address has taken nothing for so long that it counts as dead; pure.

    `fates` are those of one reader's digests, newest first. What is held against us counts neither
    way; one that stayed there ends the row, unless it may still come back.
    """
    row: list[datetime] = []
    for fate in fates:
        if fate.bounce_class is None:
            if row or now - fate.sent_at > SETTLED_AFTER:
                break
        elif fate.bounce_class is not BounceClass.POLICY:
            row.append(fate.sent_at)
    return len(row) >= SOFT_LIMIT and row[0] - row[-1] >= SOFT_OVER


# --- over many readers --------------------------------------------------------------------------

# A service that answers "no such user" of everybody is broken: Gmail was, for some hours of two
# days in December 2020. Readers who confirmed, and are let go once their address is dead, do not
# die by the dozen in a day: with 10 % hard bounces Amazon SES stops a sender, with 5 % it reviews
# one (docs.aws.amazon.com/ses, "Reputation metrics messages"). A list that was imported may have
# as many as that of dead addresses, which are to go. That the share tells something it takes some
# readers.
WAVE_READERS, WAVE_SHARE = 10, 0.1
# Nothing arrived for a week: that of half of all readers is said of us or the relay, not of them.
SILENCE_SHARE = 0.5
# Who is held back this long has had a digest since, even who has one a week.
HELD_FOR = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Toll:
    """Of the digests of a day that went to a domain, or to anybody: how many the relay took or
    refused, and how many of these came back in a way that counts."""

    tried: int
    bounced: int

    def is_wave(self, share: float = WAVE_SHARE) -> bool:
        """Whether so many came back that it is not the readers' addresses that are to blame."""
        return self.bounced >= WAVE_READERS and self.bounced > share * self.tried
