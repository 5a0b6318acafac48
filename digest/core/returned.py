"""What a mail that came in is: a bounce, a complaint, an automatic answer, or none of these.

Pure, from the decoded mail. A machine's report decides; without one, several signs must agree: a
person who writes about a bounce sends none.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from digest.core.bounces import BounceClass
from digest.core.inbound import InboundMail, looks_away
from digest.core.reports import Fields


class ReturnKind(StrEnum):
    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    AUTO_REPLY = "auto_reply"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedRecipient:
    """Whom a mail did not reach. `status` is that of RFC 3463, or ""; `reason` in words, one line.
    `delayed`: it is still being tried."""

    address: str
    bounce_class: BounceClass
    status: str = ""
    reason: str = ""
    delayed: bool = False

    @property
    def permanence(self) -> str:
        return "hard" if self.bounce_class is BounceClass.HARD else "soft"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnedMail:
    """What came back. `recipients` are those of a bounce, and may be none where it names nobody:
    then `bounce_class` is what it says all the same. `feedback` is the type of a complaint (RFC
    5965, 7.3). `sent` are headers of the mail of which it speaks, and the fields of the report
    that name its sender: whatever they hold, anybody can have written it."""

    kind: ReturnKind
    recipients: tuple[FailedRecipient, ...] = ()
    bounce_class: BounceClass = BounceClass.SOFT
    feedback: str = ""
    sent: Fields = ()


_SUBJECT = re.compile(
    r"undeliver|un-?deliverable|non-?deliver|not (?:be )?deliver|n[o']t (?:be )?(?:sent|deliver)"
    r"|deliver[a-z]{0,10} (?:\w+ )?(?:status|failure|failed|fail|report|problem|error|delay|notif"
    r"|has failed|unsuccess|expired)"
    r"|(?:failed|failure|unable|delayed|aborted|undelivered|could not).{0,30}(?:deliver|mail"
    r"|message|send)"
    r"|(?:mail|message|e-?mail|send(?:ing)?)(?: \w+){0,2} (?:failure|failed|error|delayed|rejected"
    r"|bounced|returned|undeliver)"
    r"|returned (?:mail|e-?mail|message|to sender)|return(?:ed|ing)?.{0,12} to (?:the )?sender"
    r"|failure (?:notice|report|notification)"
    r"|(?:user|host|mailbox|recipient|address|account)s? (?:is |was )?(?:unknown|not found|full"
    r"|unavailable|does not exist|over quota)"
    r"|unknown (?:user|recipient|address|host)|no such (?:user|address|mailbox)|invalid (?:user"
    r"|recipient|address)"
    r"|problems? (?:deliver|with delivery|sending)|non remis|échec (?:de )?(?:la )?(?:remise"
    r"|distribution|livraison)"
    r"|unzustellbar|nicht zugestellt|zustell(?:ung|fehler)|no (?:se )?(?:ha )?(?:podido )?entreg"
    r"|error de entrega"
    r"|mancato recapito|non recapitat|não entregue|falha na entrega|onbestelbaar"
    r"|kan inte levereras|недоставлен"
    r"|не доставлено|配信(?:不能|エラー|失敗)|送信(?:エラー|失敗)|エラーメール"
    r"|退信|投递失败|bounce"
)
_DAEMON = re.compile(
    r"^(?:mailer-?daemon|mail-?daemon|post[-_]?master|mdaemon|ndr|mail[-._]?(?:delivery|system"
    r"|daemon)"
    r"[a-z.-]*|microsoftexchange\w*)(?:[-+_.][^@]*)?@"
)
_DAEMON_NAME = re.compile(
    r"mail(?:er)?[ -](?:delivery|daemon)|mailer-daemon|post ?master|delivery (?:sub)?system"
    r"|(?:mail|system) administrator|^<>$|^[^@]*<>$"
)
_NOT_DELIVERED = re.compile(
    r"(?:could|can|was|were|did|has|have|be|is|are)(?: ?n[o']t|not)(?: \w+){0,3} (?:deliver|sent"
    r"|reach|process|accept|recei|forward)"
    r"|(?:un|not )able to (?:deliver|send|reach|relay|forward)|undeliver|non-?deliver|not deliver"
    r"|failed to (?:deliver|send|reach)"
    r"|deliver[a-z]{0,10} (?:\w+ ){0,8}(?:failed|failure|aborted|error|problem|unsuccessful"
    r"|has been delayed)"
    r"|(?:failed|failure|permanent(?: fatal)?|fatal|temporary|smtp|transmission) (?:delivery "
    r"|addresses|recipient|error|failure)"
    r"|(?:returned|bounced) (?:mail|message|to sender)|has been (?:returned|rejected|delayed"
    r"|bounced)"
    r"|(?:was|been) (?:automatically )?rejected|returning message|transcript of session"
    r"|mail ?box (?:\w+ )?full|over ?quota"
    r"|delivery attempts|no such user|unknown user|user unknown|does not exist"
    r"|error (?:description|detail|type)"
    r"|failure reasons?|did not receive|had problems|wasn't delivered|nicht zugestellt"
    r"|konnte nicht|n'a pas pu|pas été"
    r"|no (?:ha )?p[ou]d|não p[ôo]de|nao pode|non (?:è|e') stat|не может быть"
    r"|не удалось|配信できません|配送できません"
    r"|送信できません|届けられません|お届けでき|無法|无法|error occurred while trying to deliver"
)
_SUCCESS = re.compile(
    r"\((?:success|successful|relay|relayed|expanded)\)|successful(?:ly)? (?:mail )?(?:deliver"
    r"|relay)|delivery (?:was )?success"
    r"|return receipt|read receipt|^(?:read|gelesen|lu|leído|délivré|relayed|delivered)\s*:"
)
_ANSWER = re.compile(r"^\s*(?:(?:re|aw|sv|antw?|fwd?|fw|wg|tr|rv)(?:\[\d+\])?\s*:)")
_COMPLAINT_SUBJECT = re.compile(
    r"complaint about (?:a |your )?(?:message|e-?mail)|(?:abuse|spam) (?:report|complaint"
    r"|feedback)|feedback report"
    r"|e-?mail feedback"
)
_COMPLAINT_TEXT = re.compile(
    r"this is an? (?:\w+ )?(?:e-?mail )?(?:abuse|spam|complaint|opt-?out) (?:report|notification)"
    r"|email abuse report for"
    r"|(?:marked|reported|flagged) (?:\w+ ){0,4}as (?:spam|junk)|feedback loop"
)
_REJECTED_RECEIPT = re.compile(r"was automatically rejected|automatically rejected:")


def mentions_failure(text: str) -> bool:
    """Whether a text says that mail was not delivered."""
    return bool(_NOT_DELIVERED.search(" ".join(text[:20_000].lower().split())))


def reports_success(mail: InboundMail) -> bool:
    """Whether a subject tells that a mail arrived, or was read."""
    return bool(_SUCCESS.search(mail.subject.lower()))


def is_rejecting_receipt(text: str) -> bool:
    """Whether what looks like a receipt says that a mail was refused, as mail filters do."""
    return bool(_REJECTED_RECEIPT.search(text.lower()))


def is_from_server(mail: InboundMail) -> bool:
    """Whether a mail server wrote, as it calls itself."""
    senders = [value.strip().lower() for value in mail.values("from")]
    return any(map(_DAEMON_NAME.search, senders)) or bool(_DAEMON.match(mail.sender.lower()))


def has_null_sender(mail: InboundMail) -> bool:
    """Whether nobody is to answer, as of any bounce, and of other mail (RFC 5321, 4.5.5)."""
    names = ("return-path", "x-envelope-from", "x-env-sender", "envelope-from")
    return any(value.strip() == "<>" for name in names for value in mail.values(name))


def speaks_of_failure(mail: InboundMail) -> bool:
    """Whether the subject speaks as that of a bounce, and not of an answer to one."""
    subject = _subject(mail)
    return bool(_SUBJECT.search(subject)) and not _ANSWER.match(subject)


def _begins_with_failure(mail: InboundMail) -> bool:
    return bool(_SUBJECT.match(re.sub(r"^(?:\[[^]\[]{0,80}\]|\W)+", "", _subject(mail))))


def _subject(mail: InboundMail) -> str:
    return " ".join(mail.subject.lower().split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What is found in a mail without a report. `failure`: it says that mail did not arrive;
    `copy`: it brings a mail back; `recognised`: it has the form of a known server's; `names`:
    somebody stands in it who may be the one that was written to, `leads`: at the head of a line."""

    failure: bool
    copy: bool
    recognised: bool
    names: bool
    leads: bool


def is_bounce(mail: InboundMail, signs: Signs) -> bool:
    """Whether a mail without a report is a bounce: the less its sender tells, the more must."""
    subject = speaks_of_failure(mail)
    if reports_success(mail) or answers_by_itself(mail) or (looks_away(mail) and not subject):
        return False
    if is_from_server(mail):
        return subject or signs.failure or signs.recognised or signs.copy
    if has_null_sender(mail):
        told = signs.failure and (signs.copy or signs.leads)
        return signs.recognised or told or (subject and (signs.failure or signs.copy))
    if signs.recognised or signs.copy:
        shaped = signs.recognised or (signs.leads and not _ANSWER.match(_subject(mail)))
        return subject or (shaped and signs.failure)
    listed = any(name.startswith("list-") for name, _ in mail.headers)
    named = signs.leads or (signs.names and _begins_with_failure(mail))
    return subject and signs.failure and named and not listed


def is_complaint(mail: InboundMail, notice: str, *, has_copy: bool) -> bool:
    """Whether a mail without a report (RFC 5965) says that a reader complained."""
    said = " ".join(notice[:4_000].lower().split())
    by_subject = bool(_COMPLAINT_SUBJECT.search(mail.subject.lower()))
    by_text = bool(_COMPLAINT_TEXT.search(said))
    return not _ANSWER.match(mail.subject.lower()) and has_copy and (by_subject or by_text)


_AUTOMATIC_HEADERS = (
    *("x-autoreply", "x-auto-reply", "x-autoreply-from", "x-mail-autoreply", "autoreply"),
    *("x-autorespond", "x-autoresponder", "x-vacation", "x-auto-response"),
)


def answers_by_itself(mail: InboundMail) -> bool:
    """Whether a vacation or ticket program marks this mail as its answer (RFC 3834, 5)."""
    automatic = any(mail.value(name) not in ("", "no", "false") for name in _AUTOMATIC_HEADERS)
    precedence = {mail.value("precedence"), mail.value("x-precedence")}
    return automatic or not precedence.isdisjoint({"auto_reply", "auto-reply"})


def is_auto_reply(mail: InboundMail) -> bool:
    """Whether a program answered for its user; to be asked once it is no bounce."""
    submitted = mail.value("auto-submitted").partition(";")[0].strip()
    listed = any(name.startswith("list-") for name, _ in mail.headers)
    return (
        answers_by_itself(mail)
        or submitted == "auto-replied"
        or mail.value("x-apple-action") == "vacation"
        or (looks_away(mail) and not listed and not _SUBJECT.search(mail.subject.lower()))
    )
