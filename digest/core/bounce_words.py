"""What mail servers say, in words, where they do not say it by a status (RFC 3463).

Each pattern is searched for in lower case text whose addresses and links are taken out, one line
of single spaces.
"""

import re


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


_PERSON = (
    r"(?:users?|recipients?|mail ?box(?:es)?|accounts?|address(?:es|ees?)?|e-?mail(?: address"
    r"| account)?"
    r"|customer|subscriber|alias|in-?box|log-?in|user-?id|username|person|local[ -]part"
    r"|destination)"
)
_GONE = (
    r"(?:unknown|unrecogni[sz]ed|invalid|non-?existent|nonexistant|disabled|inactive|deactivated"
    r"|discontinued|terminated|deleted|removed|closed|cancel+ed|suspended|expired|undeliverable"
    r"|no longer|mis-?spelled"
    r"|(?:not|n't|cannot|can ?not) (?:\w+ ){0,2}?(?:known|found|exist|valid|listed|recogni[sz]ed"
    r"|active"
    r"|registered|local))"
)
_NO_GOOD = (
    r"(?:unknown|invalid|illegal|bad|non-?existent|inactive|disabled|undeliverable"
    r"|un-?rout(?:e)?able"
    r"|obsolete|unregistered|incorrect|wrong|expired|deactivated|deleted|terminated)"
)

# Nobody is at this address, or nobody any more.
UNKNOWN_PERSON = _any_of(
    rf"\b{_PERSON}\b.{{0,60}}?\b{_GONE}",
    rf"\b{_NO_GOOD}[ _-](?:(?:or|local|virtual|e-?mail|to|smtp) )?(?:(?:final )?\w+ )?{_PERSON}\b",
    r"\bno such (?:\w+ )?(?:person|name|local|address|alias|mail ?drop|member|group|list|customer)",
    rf"\bno such (?:\w+ )?{_PERSON}\b",
    rf"\bno (?:valid|matching|known|mapping for) {_PERSON}\b",
    rf"\bno {_PERSON} (?:\w+ )?(?:here|found|exists|available for|(?:by|with|of) (?:that|this)"
    r"|named)",
    rf"\b(?:there is|have|has) no (?:such )?{_PERSON}\b",
    rf"\bnot (?:\w+ ){{0,3}}{_PERSON}\b",
    r"\b(?:does|do|did) ?(?:not|n't) (?:seem to )?(?:exist|have an? (?:\S+ )?(?:account|mailbox))",
    r"\b(?:not|n't) (?:be )?found (?:in|at|on) (?:the |this |our )?(?:\w+ )?(?:server|directory"
    r"|domain|system|table)",
    r"\bnot (?:\w+ )?(?:listed|found) in\b.{0,60}\b(?:book|directory|table|list|database)",
    r"\bno longer (?:\w+ )?(?:exist|valid|active|available|in (?:use|service)|with|employ|work"
    r"|on (?:this|our))",
    r"\bno ?(?:one|body) (?:here )?(?:by|with|of) (?:that|this)|\bdoes(?: not|n't) live here",
    r"\bnot our customer|\bhas (?:been )?(?:moved|left)\b|recipientnotfound|recipnotfound",
    r"\bnot a (?:known|valid|local|registered)\b|\bunable to find (?:the )?(?:\w+ )?" + _PERSON,
    r"\bcould ?(?:not|n't) (?:be )?(?:find|found|identif|locate|resolve)\w*.{0,30}"
    rf"\b(?:{_PERSON}|user|name)\b",
    rf"\b{_PERSON} could ?(?:not|n't) be (?:found|identified|located|resolved)",
    r"does not have a final e-?mail delivery point|\bcheck\b.{0,40}\baddress(?:es)? (?:is"
    r"|are) correct",
    r"(?:is|was|were)(?:n't| not) found at\b",
    r"\binconnue?\b|n'existe (?:pas|plus)|desconocid|no existe|não existe|nao existe|inexistente"
    r"|unbekannt|ung(?:ue|ü)ltige[rs]? (?:empf|adress|mailadress)|existiert nicht|nicht bekannt"
    r"|sconosciut|non esiste|inesistente|onbekend|bestaat niet"
    r"|ukendt|okänd|ukjent|tuntematon|nieznany|nie istnieje|неизвест|не существует|не найден",
    r"存在し(?:ない|ません)|見つかり(?:ません|ませんでした)|宛先不明|不存在|无此用户|查无此",
)

# RFC 5321 says this with 550 of an address where nobody is, with 450 of one that is busy.
UNAVAILABLE = re.compile(
    r"\b(?:55[013]|5\.\d\.\d{1,3})\b.{0,80}"
    r"\b(?:mail ?box|recipient|user|address|account) (?:is )?(?:un|not )available"
)

# There is no such domain, or it takes no mail at all (RFC 7505).
UNKNOWN_HOST = _any_of(
    r"\b(?:hosts?|domain)(?: name)?\b.{0,60}?(?:unknown|(?:not|n't) (?:be )?(?:found|resolve)"
    r"|(?:not|n't) exist"
    r"|non-?exist|invalid|not valid|unresolvable)",
    r"\b(?:unknown|no such|non-?existent|bad|invalid|illegal|can(?:'t|not) (?:find"
    r"|resolve)(?: the)?"
    r"|could(?:n't| not) find any) (?:mail |destination )?(?:host|domain)",
    r"\bun-?rout(?:e)?able\b|nxdomain|name or service not known|\bnull ?mx\b|no smtp service",
    r"\b(?:host|domain|server) (?:\S+ )?(?:does not|doesn't|never) (?:accept"
    r"|receive)s? (?:any )?e?-?mail",
    r"point to non-?existent hosts|\bnot a valid (?:\w+ )?domain|\bno (?:mx|dns) (?:records?|entry"
    r"|entries|found)\b",
)

# The mailbox has no room, or not for this mail, or not for so many at a time.
NO_ROOM = _any_of(
    r"\breceiving (?:e-?)?mail (?:too quickly|at a rate)",
    r"\bquota\b|over ?quota|\bmail ?box (?:\S+ ){0,4}?full\b|full mail ?box",
    r"\b(?:in-?box|account|folder|maildir|storage|user|recipient|address)\S* (?:\S+ ){0,4}?full\b",
    r"exceed\w*.{0,60}\b(?:storage|space|limit|size|allocat\w+|capacity)|\bstorage limit"
    r"|\bover (?:the |its )?limit",
    r"(?:\bnot|n't|insufficient|out of|enough|\bno)\b.{0,30}\b(?:space|storage|room)\b"
    r"|\bdisk (?:is )?full",
    r"too (?:much mail|many (?:messages|mails) (?:on|in) (?:\w+ )?(?:server|mail ?box|in-?box)\b)"
    r"|message.{0,20}too (?:large|big|long)|message size|size limit"
    r"|mail ?box (?:is )?too large",
    r"\bpleine?\b|\bvoll\b|\bllen[ao]\b|\bpien[ao]\b|переполнен|容量|いっぱい|一杯|已满|超出",
)

# What is held against us, or against the mail: nobody but the operator can change it.
BLAME = _any_of(
    r"\bspam|\bblock(?:ed|ing)?\b|\b(?:black|block|deny) ?-?list|dnsbl|\brbl\b|dmarc|\bspf\b|dkim",
    r"reputation|\bpolic(?:y|ies)\b|unsolicited|unauthenticated|\bbanned\b|\bmalware|\bphish"
    r"|access denied",
    r"rate.?limit|throttl|too many (?:messages|connections|e?-?mails|recipients)"
    r"|\bbulk (?:e-?)?mail",
    r"reverse dns|\bptr\b|\bcontent (?:\w+ )?(?:reject|filter|denied)|message content"
    r"|not authori[sz]ed",
    r"(?:contain|infected|found|detected)\w*.{0,40}\bvirus|\bvirus(?:es)? (?:\w+ )?(?:found"
    r"|detected)|will not accept delivery",
)

_HEADERS_OF_SENDER = r"(?:from|return[ -]?path|reply-?to)"

# What servers say of the sender, often in words that they use of recipients too.
SENDER = _any_of(
    rf"\b(?:sender(?:'?s)?|{_HEADERS_OF_SENDER}|your)(?: e-?mail)? (?:address|mail ?box|domain"
    rf"|header)\b[^<>]{{0,20}}?\b{_GONE}",
    rf"\b{_NO_GOOD} (?:sender|address in (?:the )?{_HEADERS_OF_SENDER})\b",
    r"\b(?:address|mail ?box|domain) of (?:the )?sender",
    r"\bsender(?: address| verif\w+)?\b.{0,40}\b(?:reject|refus|denied|fail)"
    r"|\bsender(?:'s)? domain",
    r"\b(?:helo|ehlo)\b.{0,30}\b(?:not|invalid|reject|bad|unknown"
    r"|must)",
    r"\b(?:reply to|after|response to|during) (?:the )?mail from",
)

# Passed on for others, perhaps: our own relay says this, too, where we may not use it.
NO_RELAY = _any_of(
    r"\brelay(?:ing)?\b.{0,40}\b(?:denied|not permitted|prohibited|not allowed|refused)",
    r"\b(?:not|unable|n't)\b.{0,30}\brelay|\binsecure mail relay|rcpthosts",
)

# It may be otherwise soon.
FOR_NOW = _any_of(
    r"temporar|try (?:your mail )?(?:again )?later|will (?:be )?(?:retr|keep|continue)"
    r"|\btimed? ?-?out\b",
    r"retry timeout|did not complete|gr[ae]y-?list|still being retried|connection (?:refused|reset"
    r"|lost)",
    r"\bbusy\b|no route to host|network (?:is )?unreachable|too many hops|\bmail loop"
    r"|expired after",
)
