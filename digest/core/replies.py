"""What a person wrote themselves: a mail's text without quotes, signature and legal footers."""

import re

from digest.core.inbound import fold

# "On Monday, Ada wrote:" as mail programs of many languages say it; it may run over three lines.
_WROTE = (
    r"wrote|writes|schrieb|schrieben|a ecrit|escribio|ha scritto|escreveu|schreef|skrev|kirjoitti"
    r"|pisze|napisał|napisala|napsal|irta|yazdi|scris|пишет|написал|написав|εγραψε"
)
_ATTRIBUTION = re.compile(
    rf"(?s)^(?:[^\n]{{0,300}}\n){{0,2}}?[^\n]{{0,300}}\b(?:{_WROTE})\b[^\n]{{0,200}}:\s*$"
)
_ATTRIBUTION_START = re.compile(
    r"(?:on|am|le|el|il|em|op|den|dne|w dniu|в|пн|вт|ср|чт|пт|сб|вс)\b.{0,60}\d"
    r"|\d{4}[-/.年]|.{0,120}<.+@"
)
_CJK_ATTRIBUTION = re.compile(r".{0,200}(?:写道|寫道|のメール|님이 작성|wrote)\s*[:：]?\s*$")
_SEPARATOR = re.compile(
    r"[-_*=]{2,}\s*(?:original|forwarded|ursprungliche|weitergeleitete|message|mensaje|messaggio"
    r"|oorspronkelijk|oprindelig|доставленное|исходное|元のメッセージ|原始邮件|reply above)"
    r"|begin forwarded message:|anfang der weitergeleiteten|[_=]{10,}\s*$"
)
_HEADER_FROM = re.compile(
    r"\W*(?:from|von|de|da|van|fran|fra|od|от|从|差出人|发件人|寄件者|보낸 사람|lahettaja"
    r"|gonderen)\W*[:：]"
)
_HEADER_OTHER = re.compile(
    r"\W*(?:sent|date|to|subject|gesendet|datum|an|betreff|envoye|a|objet|enviado|fecha|para|asunto"
    r"|inviato|data|oggetto|verzonden|aan|onderwerp|skickat|till|amne|sendt|til|emne|отправлено|кому"
    r"|тема|送信日時|宛先|件名|发送时间|收件人|主题|보낸 날짜|받는 사람)\W*[:：]"
)
_SIGNATURE = re.compile(
    r"--\s*$|—\s*$|sent (?:from|via|with) |get outlook for |envoye (?:de|depuis) "
    r"|enviado (?:desde|do) |inviato da|verzonden (?:vanaf|met)"
    r"|von mein(?:em|er) .{1,40} gesendet|gesendet (?:mit|von) "
    r"|diese nachricht wurde von |skickat fran |sendt fra |отправлено (?:с|из) "
    r"|.{1,30}から送信|发自我的"
)
_DISCLAIMER = re.compile(
    r"[*\s]*(?:confidential|disclaimer|legal notice|privileged|caution:|warning:|important notice"
    r"|this (?:e-?mail|message|communication|transmission)\b|the information (?:contained )?in this"
    r"|if you (?:are not|have received|no longer|wish to unsub)|to unsubscribe"
    r"|please consider the env"
    r"|diese e-?mail|diese nachricht|ce (?:message|courriel)|este (?:mensaje|correo|e-?mail)"
    r"|questo messaggio|\[external|external sender)"
)
_PGP_BEGIN = "-----BEGIN PGP SIGNED MESSAGE-----"
_PGP_END = "-----BEGIN PGP SIGNATURE-----"
_MOST_LINES = 2_000


def new_lines(text: str) -> list[str]:
    """The lines a person added, without blank ones at either end.

    What stands above the first quotation counts. Where nothing does, what stands below the
    last line marked with `>`, after a blank line, counts: some people answer there.
    """
    lines = _signed_text(text.split("\n")[:_MOST_LINES])
    end = next((n for n in range(len(lines)) if _starts_quote(lines, n)), len(lines))
    above = _own_words(lines[:end])
    return above if above or end == len(lines) else _own_words(_below_quotes(lines))


def _signed_text(lines: list[str]) -> list[str]:
    """What is between the armour of an inline signature (RFC 4880, 7), else all."""
    start = next((n for n, line in enumerate(lines) if line.strip() == _PGP_BEGIN), None)
    if start is None:
        return lines
    body = lines[start + 1 :]
    while body and re.match(r"(?:Hash|Charset|Comment|NotDashEscaped):", body[0]):
        body = body[1:]
    end = next((n for n, line in enumerate(body) if line.strip() == _PGP_END), len(body))
    return [line.removeprefix("- ") for line in body[:end]]


def _starts_quote(lines: list[str], at: int) -> bool:
    line = fold(lines[at]).strip()
    if not line:
        return False
    if is_quoted(line) or _SEPARATOR.match(line) or _CJK_ATTRIBUTION.fullmatch(line):
        return True
    if _HEADER_FROM.match(line):
        following = [fold(other).strip() for other in lines[at + 1 : at + 6]]
        return any(map(_HEADER_OTHER.match, following))
    return _is_attribution(lines, at, line)


def is_quoted(line: str) -> bool:
    """Whether a line is marked as somebody else's."""
    return line.lstrip().startswith((">", "|", "»"))


def _is_attribution(lines: list[str], at: int, line: str) -> bool:
    if not _ATTRIBUTION_START.match(line):
        return False
    joined = [fold(other).strip() for other in lines[at : at + 3]]
    if any(_ATTRIBUTION.match("\n".join(joined[: n + 1])) for n in range(len(joined))):
        return True
    following = next((other for other in lines[at + 1 : at + 4] if other.strip()), "")
    return line.endswith(":") and is_quoted(following)


def _own_words(lines: list[str]) -> list[str]:
    """`lines` up to a signature or a legal footer, trimmed."""
    folded = (fold(line).strip() for line in lines)
    end = next((n for n, line in enumerate(folded) if _ends_text(line)), len(lines))
    kept = [line.strip() for line in lines[:end]]
    while kept and not kept[-1]:
        kept.pop()
    while kept and not kept[0]:
        kept.pop(0)
    return kept


def _ends_text(line: str) -> bool:
    return bool(
        _SIGNATURE.match(line) or _DISCLAIMER.match(line) or re.fullmatch(r"[*_=~#]{5,}", line)
    )


def _below_quotes(lines: list[str]) -> list[str]:
    quoted = [n for n, line in enumerate(lines) if is_quoted(line)]
    if not quoted or quoted[-1] + 1 >= len(lines) or lines[quoted[-1] + 1].strip():
        return []  # a quoted line that was wrapped is no answer
    return lines[quoted[-1] + 1 :]
