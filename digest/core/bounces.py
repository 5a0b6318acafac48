"""What a refusal says about the address, the message, or us."""

import re
from enum import StrEnum

# RFC 3463: 5.1.x addressing, 5.2.1 mailbox disabled; not the middle of an IP address.
_HARD = re.compile(r"(?<![\d.])5\.(?:1\.(?:1|2|3|6|10)|2\.1)(?!\.?\d)")
_POLICY = re.compile(
    r"(?i)(?<![\d.])5\.7\.\d+(?!\.?\d)|spam|blocked|blacklist|blocklist|dmarc|\bspf\b|dkim|reputation|policy"
)
_UNKNOWN_USER = re.compile(
    r"(?i)no such (?:user|recipient|mailbox)|user unknown|unknown (?:user|recipient|mailbox)"
    r"|does(?: not|n't) exist|recipient not found|invalid recipient|mailbox (?:not found|disabled)"
)


# What servers say of the sender, often in words that they use of recipients too (RFC 3463: 5.1.0
# and 5.1.7 to 5.1.8).
_SENDER = re.compile(
    r"(?i)(?<![\d.])5\.1\.[078](?!\.?\d)|sender(?: address)?\b.{0,40}\b(?:reject|refus|denied)"
)


class BounceClass(StrEnum):
    """`hard`: the address is dead. `soft`: it may work later. `policy`: our fault, tell the
    operator; the subscriber is not to blame."""

    HARD = "hard"
    SOFT = "soft"
    POLICY = "policy"


def classify_refusal(code: int, reply: str) -> BounceClass:
    """What a 5xx answer at RCPT or DATA means for the subscriber (RFC 5321, 4.2.3; RFC 3463).

    What is said of the sender is never the recipient's fault. An enhanced status decides where
    there is one; then policy words; then what servers that
    give no status say of unknown users. Anything unclear is soft: a wrong suppression loses a
    reader, a wrong retry costs one refusal.
    """
    if _SENDER.search(reply):
        return BounceClass.POLICY
    if _HARD.search(reply):
        return BounceClass.HARD
    if _POLICY.search(reply):
        return BounceClass.POLICY
    if code in (550, 551, 553) and _UNKNOWN_USER.search(reply):
        return BounceClass.HARD
    return BounceClass.SOFT
