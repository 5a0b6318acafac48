"""One line of a mail as a command: a verb with nothing but courtesy around it.

"Could you please add me to the daily digest?" is a subscription; "Unsubscribe links are broken"
is none, because `links`, `are` and `broken` say something else. So a line that holds a
negation, a question or a topic of its own never acts by accident.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from digest.core.inbound import fold


class Verb(StrEnum):
    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    CONFIRM = "confirm"
    HELP = "help"
    YES = "yes"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Phrase:
    """`argument` is what follows the verb: a token, or the first interest."""

    verb: Verb
    argument: str = ""


_WORDS = {
    Verb.SUBSCRIBE: (
        "subscribe join abonnieren anmelden abonner inscrire suscribir suscribirme"
        " suscribirse iscrivimi inscrever aanmelden abonneren prenumerera subskrybuj"
    ),
    Verb.UNSUBSCRIBE: (
        "unsubscribe unsubscription unsub stop signoff leave cancel optout abmelden"
        " abbestellen kundigen austragen desabonner desinscrire baja cancelar disiscrivimi"
        " cancellami afmelden uitschrijven avregistrera avsluta wypisz"
    ),
    Verb.CONFIRM: "confirm confirmed bestatigen bestatige bestatigt confirmo confirme",
    Verb.HELP: "help info hilfe aide ayuda aiuto ajuda hulp commands ?",
    Verb.YES: (
        "yes yep yeah y ok okay sure agree agreed accept ja oui si sim da tak ano igen evet joo"
        " kylla d'accord はい 是 是的 确认 確認 同意 네 예 да נכון כן نعم"
    ),
    Verb.NO: "no nope nein non nao nee nej nie nem いいえ 不 아니요 нет לא لا",
}
_VERB_OF = {word: verb for verb, words in _WORDS.items() for word in fold(words).split()}
_COURTESY = frozenset(
    fold(
        "please pls plz kindly hi hello hey dear thanks thank thx you me us my now"
        " immediately asap again to for from of the this that these your our all any list"
        " lists digest digests paper papers daily mailing newsletter newsletters mail"
        " mails email emails e-mail e-mails updates update alerts service request address"
        " could can would will want like wish i i'd we it and do be get receive receiving"
        " getting sending sir madam team owner admin everybody everyone bitte danke hallo"
        " mich vom von der die das den ich mochte merci bonjour s'il vous plait m'abonner"
        " je veux voudrais la le les de gracias por favor quiero grazie obrigado"
    ).split()
)
# Expressions of several words, as the one word that says the same.
_IDIOMS = tuple(
    (re.compile(pattern), word)
    for pattern, word in (
        (r"\bun[- ]?subscri\w+\b", "unsubscribe"),
        (r"\bsubscription\b", "subscribe"),
        (r"\b(?:cancel|end|stop|terminate|quit)(?: \w+){0,2} (?:un)?subscribe\b", "unsubscribe"),
        (r"\b(?:opt|sign|take|remove|delete|drop|strike) (?:me )?(?:out|off)\b", "unsubscribe"),
        (r"\b(?:take|remove|delete|drop) (?:me|us|my (?:name|e-?mail|address|e-?mail address))\b",
         "unsubscribe"),
        (r"\b(?:add|sign|put|enroll?|register|include) (?:me|us)(?: up| on| in)?\b", "subscribe"),
        (r"\bsign up\b", "subscribe"),
        (r"\bno (?:more|longer)(?: want| wish)?\b", "stop"),
        (r"\bdarme de baja\b|\bdar de baja\b", "unsubscribe"),
        (r"\b(?:me desabonner|me desinscrire)\b", "unsubscribe"),
        (r"\bmelden? (?:sie )?mich (?:bitte )?ab\b", "unsubscribe"),
        (r"\bmelden? (?:sie )?mich (?:bitte )?an\b", "subscribe"),
    )
)  # fmt: skip


class Way(StrEnum):
    """What becomes of a topic that somebody names."""

    MORE = "more"
    LESS = "less"
    ADD = "add"
    REMOVE = "remove"


_WAYS = {
    **dict.fromkeys(("more", "mehr"), Way.MORE),
    **dict.fromkeys(("less", "fewer", "weniger"), Way.LESS),
    **dict.fromkeys(("add", "füge"), Way.ADD),
    **dict.fromkeys(("remove", "delete", "drop", "entferne"), Way.REMOVE),
}
# `more TOPIC` and its kin: more about graph learning, less papers on surveys, remove robotics.
_TASTE = re.compile(
    rf"(?is)^(?:(?:please|pls|bitte)[\s,]+)?(?P<word>{'|'.join(_WAYS)})(?:\s*:\s*|\s+)"
    r"(?:papers?\s+)?(?:(?:about|on|of|like|from|über|zu|von)\s+)?(?P<topic>\S.*)$"
)
# Where another topic begins in a line: "add robotics, remove drones".
BETWEEN_TASTES = re.compile(
    r"(?i)(?:\s*[,;.]|\s+(?:and|but|und|aber))\s+(?:(?:and|but|und|aber)\s+)?"
    rf"(?=(?:{'|'.join(_WAYS)})\s)"
)
_MOST_TOPIC_WORDS = 8
# Words of sentences, which no topic holds, and words that are no topic by themselves.
_OF_SENTENCES = frozenset(
    fold(
        "is are was were be been am have has had will would can could should must do does did"
        " i we you they it its this that these those which who whom because if but than then so"
        " to too also not no never without often frequent frequently later soon below above"
        " here attached ist sind war wird nicht oder wenn dass auch dazu davon unten"
    ).split()
)
_NO_TOPIC = frozenset(
    fold(
        "time times detail details information important importantly specific specifically"
        " precise precisely exactly infos informationen"
    ).split()
)
THANKS = re.compile(
    r"(?i)(?:[\s,.;:]+(?:(?:please|pls|thanks|thank you|bitte|danke)[\s,.;:]*)*|\s+hinzu)$"
)
_ADDRESS = re.compile(r"[^\s<>@]+@[^\s<>@]+")
_WORD = re.compile(r"[^\s.,;:!()\[\]<>\"“”«»*_-][^\s,;:!()\[\]<>\"“”«»*]*")
# What may stand around a word; a token itself may begin with a full stop.
_EDGES = re.compile(r"^[\[(<\"'“«*]+|[\])>\"'”»*,;:!.]+$")
_TOKEN = re.compile(r"(?=.*[\d.])\.?[A-Za-z0-9_-][\w.~-]{5,199}", re.ASCII)
_MOST_CHARS = 300
_REPLY_PREFIX = re.compile(
    r"^\s*(?:\[[^\]]{1,40}\]\s*)?(re|aw|sv|vs|antw|antwort|odp|rif|rv|ref|res|vb|回复|回覆|答复|返信|답장|"
    r"fwd?|wg|tr|enc|doorst|i|pd|转发|転送|전달)\s*(?:\[\d+\]|\(\d+\))?\s*[:：]",
    re.IGNORECASE,
)
_FORWARDS = frozenset(("fw", "fwd", "wg", "tr", "enc", "doorst", "i", "pd", "转发", "転送", "전달"))


def without_prefixes(subject: str) -> tuple[str, bool, bool]:
    """The subject without "Re:" and its kin; whether it was a reply; whether a forward."""
    is_reply = is_forward = False
    for _ in range(10):
        found = _REPLY_PREFIX.match(subject)
        if not found:
            break
        forward = found[1].lower() in _FORWARDS
        is_forward, is_reply = is_forward or forward, is_reply or not forward
        subject = subject[found.end() :]
    return subject.strip(), is_reply, is_forward


def read_phrase(line: str) -> Phrase | None:
    """The command that a line is; None when it says anything else besides, or nothing."""
    if len(line) > _MOST_CHARS:
        return None
    return _with_argument(line) or _plain(line)


@dataclass(frozen=True, slots=True)
class Taste:
    """A topic that somebody wants more of, or less, or among their interests, or not there."""

    way: Way
    topic: str


def read_taste(line: str) -> Taste | None:
    """The topic that a line names, and what is asked of it; None where it says anything else.

    "Less is more", "More details below" and "less mails please" name no topic.
    """
    found = _TASTE.match(line.strip()) if len(line) <= _MOST_CHARS else None
    if found is None or re.search(r"://|www\.|@|[?!]", line):
        return None
    topic = THANKS.sub("", found["topic"])
    named = re.sub(r"^\w+:", "", topic)  # "add not: surveys" is no sentence
    words = _bare_words(named)
    if is_sentence(named):
        return None
    if all(word in _COURTESY or word in _VERB_OF or word in _NO_TOPIC for word in words):
        return None
    return Taste(_WAYS[found["word"].casefold()], topic)


def is_sentence(line: str) -> bool:
    """Whether a line says too much to be a topic."""
    words = _bare_words(line)
    return len(words) > _MOST_TOPIC_WORDS or not _OF_SENTENCES.isdisjoint(words)


def _bare_words(line: str) -> list[str]:
    return [fold(word).rstrip(".'") for word in _WORD.findall(line)]


def is_courtesy(line: str) -> bool:
    """Whether a line greets, thanks, or is blank."""
    return len(line) <= _MOST_CHARS and all(word in _COURTESY for word in _folded_words(line))


def _plain(line: str) -> Phrase | None:
    verbs = [_VERB_OF.get(word) for word in _folded_words(line) if word not in _COURTESY]
    if None in verbs:
        return None
    kinds = {verb for verb in verbs if verb is not None}
    acting = kinds - {Verb.YES}
    if not kinds or len(acting) > 1:
        return None
    return Phrase(next(iter(acting or kinds)))


def _with_argument(line: str) -> Phrase | None:
    """`unsubscribe TOKEN`, `confirm TOKEN`, `subscribe graph neural networks`."""
    words = [_EDGES.sub("", word) for word in _ADDRESS.sub(" ", line).split()]
    wanted = [word for word in words if fold(word).strip(".?") not in _COURTESY]
    verb = _VERB_OF.get(fold(wanted[0]).rstrip(".")) if len(wanted) > 1 else None
    if (
        verb in (Verb.UNSUBSCRIBE, Verb.CONFIRM)
        and len(wanted) == 2
        and _TOKEN.fullmatch(wanted[1])
    ):
        return Phrase(verb, wanted[1])
    if verb is Verb.SUBSCRIBE and fold(words[0]) == "subscribe" and _is_topic(line):
        return Phrase(verb, _topic(line))
    return None


def _topic(line: str) -> str:
    """What follows `subscribe`, without `to` or `me to` in front."""
    rest = line.strip().split(None, 1)[1]
    return re.sub(r"(?i)^(?:(?:me|us|to|for|please|:|-)\s+)+", "", rest).strip(" .:-")


def _is_topic(line: str) -> bool:
    words = [fold(word).rstrip(".?") for word in _WORD.findall(line)][1:]
    says_more = any(_VERB_OF.get(word) is not None for word in words)
    denies = any(re.fullmatch(r"not|never|without|button|link|.+n't", word) for word in words)
    return not (says_more or denies or "?" in line or "!" in line or len(words) > 12)


def _folded_words(line: str) -> list[str]:
    text = _ADDRESS.sub(" ", fold(line))
    if text.strip() == "?":
        return ["?"]
    for pattern, word in _IDIOMS:
        text = pattern.sub(word, text)
    return [word.rstrip(".?'-_") for word in _WORD.findall(text) if word.strip(".?'-_")]
