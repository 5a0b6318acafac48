"""The mails that people read: subject, text and HTML of each kind."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from digest.core.editions import Card
from digest.core.interests import Interest, format_interest
from digest.core.messages import Content, MailKind
from digest.core.papers import Paper
from digest.core.subscribers import (
    CONFIRMATION_VALID_DAYS,
    Frequency,
    Language,
    Preferences,
    zone_of,
)
from digest.mail.body import Body
from digest.mail.cards import CardFacts, card_facts, thumbnail_url
from digest.mail.identity import MailIdentity
from digest.mail.inline import hole
from digest.mail.press import Press, Printed
from digest.mail.prose import (
    breakable,
    clean,
    cut,
    is_english,
    is_right_to_left,
    kept_together,
    not_a_link,
    without_reply_prefix,
    wrap,
)
from digest.mail.templates import SUBJECT_CHARS, Shell, Templates
from digest.mail.theme import load_theme
from digest.mail.view import DigestView, digest_values, lead_title
from digest.mail.wording import Wording, load_wording, marked

_COMMON = ("from_name", "postal_address", "subject", "email")
_NAMES = {
    MailKind.DIGEST: (
        *("preheader", "headline", "date", "standfirst", "cards", "nothing"),
        *("widen", "more", "missing"),
        *("subscribed_on", "preferences_url", "pause_url", "browser_url", "unsubscribe_url"),
        *("title", "others", "day"),
    ),
    MailKind.CONFIRMATION: (*("requested_at", "via", "confirm_url", "by_reply", "expires_on"),),
    MailKind.WELCOME: (
        *("schedule", "first", "interests", "no_interests", "command_address"),
        *("preferences_url", "unsubscribe_url"),
    ),
    MailKind.GOODBYE: ("subscribe_url",),
    MailKind.REPLY: ("answer",),
}
_REQUIRED = {
    MailKind.DIGEST: ("cards", "unsubscribe_url"),
    MailKind.CONFIRMATION: ("confirm_url",),
    MailKind.WELCOME: ("unsubscribe_url",),
    MailKind.GOODBYE: (),
    MailKind.REPLY: ("answer",),
}
# What is known when a mail is filled, not when a card is rendered.
_PERSONAL = ("reason", "position", "feedback", "match", "match_aloud", "trend", "trend_aloud")
_SCHEDULES = {
    Frequency.DAILY: marked(
        "Up to %(papers)s will reach you every day at %(at)s (%(timezone)s time)."
    ),
    Frequency.WEEKDAYS: marked(
        "Up to %(papers)s will reach you from Monday to Friday at %(at)s (%(timezone)s time)."
    ),
    Frequency.WEEKLY: marked(
        "Up to %(papers)s will reach you every Monday at %(at)s (%(timezone)s time)."
    ),
}
VIA_WEB = marked("on the web page")
VIA_MAIL = marked("by mail")
VIA_OPERATOR = marked("through the operator of this service")


@dataclass(slots=True)
class _Speaker:
    """What is needed to speak one language; shells are compiled when first used."""

    wording: Wording
    templates: Templates
    shells: dict[MailKind, Shell] = field(default_factory=dict)
    body: Body = field(init=False)
    _press: Press | None = None

    def __post_init__(self) -> None:
        self.body = Body(self.templates, self.wording)

    @property
    def press(self) -> Press:
        if self._press is None:
            names = (*_COMMON, *_NAMES[MailKind.DIGEST])
            self._press = Press(self.shell(MailKind.DIGEST), self.body, self.wording, names)
        return self._press

    def shell(self, kind: MailKind) -> Shell:
        if kind not in self.shells:
            names = (*_COMMON, *_NAMES[kind])
            self.shells[kind] = self.templates.shell(kind, names, _REQUIRED[kind])
        return self.shells[kind]


class Renderer:
    """Turns views into mails. Templates are compiled when first used and kept.

    `templates_dirs` hold a `mail/` folder each, `theme.toml` and `locales/`; a file in an earlier
    one stands before the same file in a later one. With `count_opened` titles lead to the page
    that counts, else to the paper itself; with `thumbnails` papers have pictures, which a mail
    program may well not load. All methods raise ConfigError for a template, theme or
    catalogue that cannot be used.
    """

    def __init__(
        self,
        templates_dirs: Sequence[Path],
        identity: MailIdentity,
        *,
        own_words: bool = False,
        count_opened: bool = False,
        thumbnails: bool = False,
    ) -> None:
        self._own_words = own_words
        self._count_opened = count_opened
        self._thumbnails = thumbnails
        self._folders = tuple(templates_dirs)
        self._theme = load_theme(self._folders)
        self._identity = identity
        self._speakers: dict[Language, _Speaker] = {}
        self._speaker(Language.ENGLISH)

    def check(self) -> None:
        """Compiles every template now, so that a mistake shows before a mail is due."""
        for language in Language:
            for kind in MailKind:
                self._speaker(language).shell(kind)

    def card(self, paper: Paper, language: Language = Language.ENGLISH) -> Card:
        """The paper as every digest of an edition shows it in a language, with holes for what is
        personal: `position`, `reason`, `match`, `trend` and `feedback`; `match_aloud` and
        `trend_aloud` say in words what those draw.

        Costs about 4 ms: made once per edition, paper and language. The same paper gives the
        same card.
        """
        speaker = self._speaker(language)
        facts = card_facts(paper, own_words=self._own_words, wording=speaker.wording)
        common: dict[str, object] = {
            **{name: hole(name) for name in _PERSONAL},
            "url": f"{hole('feedback')}.open" if facts.url and self._count_opened else facts.url,
            "links": facts.links,
            "thumbnail": thumbnail_url(paper) if self._thumbnails else "",
        }
        html = speaker.templates.markup(
            "mail/digest/card.html", {**common, **shown_values(facts, language)}
        )
        text = speaker.templates.plain("mail/digest/card.txt", {**common, **read_values(facts)})
        return Card(paper_id=paper.id, language=language, html=html.strip(), text=text.strip("\n"))

    def digest(self, view: DigestView) -> Content:
        """One person's digest: below what Gmail clips, always with the unsubscribe link.

        A digest too large for that loses all but the first sentence of summaries, from the last
        paper up, then summaries, then papers from the end, and says so.
        """
        speaker = self._speaker(view.language)
        shell = speaker.shell(MailKind.DIGEST)
        return speaker.body.fill(shell, self.digest_values(view), view.papers, view.feedback_base)

    def print(self, view: DigestView) -> Printed | None:
        """`digest`, encoded for transfer, from pieces that all readers share: the same mail, after
        decoding byte for byte. None for a digest without papers, of which there are few, and for
        templates whose pieces cannot be joined."""
        if not view.papers:
            return None
        speaker = self._speaker(view.language)
        return speaker.press.print(self.digest_values(view), view.papers, view.feedback_base)

    def digest_values(self, view: DigestView) -> dict[str, str]:
        """What a digest says around its papers, by the names that templates know."""
        speaker = self._speaker(view.language)
        shell, wording = speaker.shell(MailKind.DIGEST), speaker.wording
        values = {
            **self._common_values(view.email),
            **digest_values(view, wording),
            "cards": "",
            "more": "",
        }
        values["title"], values["subject"] = shell.titled(lead_title(view, wording), values)
        return values

    def confirmation(
        self,
        *,
        email: str,
        requested_at: datetime,
        via: str,
        confirm_url: str,
        language: Language = Language.ENGLISH,
    ) -> Content:
        """The double opt-in request. `via` says how it was asked for: "on the web page".

        It quotes nothing of what was typed: whoever asked may be a stranger to the reader, who
        would have us carry his words to them.
        """
        wording = self._speaker(language).wording
        ends = requested_at + timedelta(days=CONFIRMATION_VALID_DAYS)
        requested = wording.gettext("%(day)s at %(time)s") % {
            "day": wording.long_date(requested_at.date()),
            "time": f"{requested_at:%H:%M %Z}",
        }
        return self._letter(
            MailKind.CONFIRMATION,
            language,
            email=email,
            requested_at=requested,
            via=wording.gettext(via),
            confirm_url=confirm_url,
            by_reply="yes" if self._identity.command_address else "",
            expires_on=wording.long_date(ends.date()),
        )

    def welcome(
        self,
        *,
        email: str,
        preferences: Preferences,
        interests: Sequence[Interest],
        next_due_at: datetime | None,
        preferences_url: str,
        unsubscribe_url: str,
    ) -> Content:
        """What somebody who has just confirmed has asked for, and where to change it."""
        wording = self._speaker(preferences.language).wording
        zone, most = zone_of(preferences.timezone), preferences.max_papers
        schedule = wording.gettext(_SCHEDULES[preferences.frequency]) % {
            "papers": wording.counted("%(count)s paper", "%(count)s papers", most),
            "at": f"{preferences.at:%H:%M}",
            "timezone": preferences.timezone.replace("_", " "),
        }
        return self._letter(
            MailKind.WELCOME,
            preferences.language,
            email=email,
            schedule=schedule,
            first=wording.long_date(next_due_at.astimezone(zone).date()) if next_due_at else "",
            interests=_interests(interests),
            no_interests="" if interests else "yes",
            command_address=self._identity.command_address,
            preferences_url=preferences_url,
            unsubscribe_url=unsubscribe_url,
        )

    def goodbye(
        self, *, email: str, subscribe_url: str, language: Language = Language.ENGLISH
    ) -> Content:
        """The one line that says an unsubscription has been done."""
        return self._letter(MailKind.GOODBYE, language, email=email, subscribe_url=subscribe_url)

    def wording(self, language: Language) -> Wording:
        """How mails in a language speak."""
        return self._speaker(language).wording

    def reply(self, *, subject: str, answer: str, language: Language = Language.ENGLISH) -> Content:
        """The answer to a command by mail, text only. `subject` is that of the command mail."""
        theirs = self._speaker(language).wording.gettext("your mail")
        title = cut(without_reply_prefix(clean(subject)) or theirs, SUBJECT_CHARS - 4)
        lines = (
            _indent(line) + clean(line) if line.strip() else "" for line in answer.splitlines()
        )
        return self._letter(MailKind.REPLY, language, subject=title, answer="\n".join(lines))

    def _letter(
        self, kind: MailKind, language: Language, *, email: str = "", subject: str = "", **own: str
    ) -> Content:
        values = {**self._common_values(email), "subject": subject, **own}
        shell = self._speaker(language).shell(kind)
        if not subject:
            values["subject"] = cut(shell.subject_line(values), SUBJECT_CHARS)
        content = shell.fill(values)
        return replace(content, subject=cut(content.subject, SUBJECT_CHARS))

    def _common_values(self, email: str) -> dict[str, str]:
        return {
            "from_name": self._identity.from_name,
            "postal_address": self._identity.postal_address,
            "email": email,
        }

    def _speaker(self, language: Language) -> _Speaker:
        if language not in self._speakers:
            wording = load_wording(self._folders, language)
            templates = Templates(self._folders, wording, self._theme)
            self._speakers[language] = _Speaker(wording, templates)
        return self._speakers[language]


def shown_values(facts: CardFacts, language: Language) -> dict[str, object]:
    """What a card shows: long words can break, and no domain in a text becomes a link."""
    foreign = language is not Language.ENGLISH and is_english(f"{facts.title} {facts.tldr}")
    return {
        "title": breakable(not_a_link(facts.title)),
        "authors": breakable(not_a_link(kept_together(facts.authors))),
        "facts": breakable(not_a_link(kept_together(facts.facts))),
        "lead": breakable(not_a_link(facts.lead)),
        "rest": breakable(not_a_link(facts.rest)),
        "votes": kept_together(facts.votes),
        "comments": kept_together(facts.comments),
        "others": kept_together(facts.others),
        "spark": facts.spark,
        "rtl": is_right_to_left(facts.title),
        "rtl_tldr": is_right_to_left(facts.tldr),
        "spoken": Language.ENGLISH.value if foreign else "",
    }


def read_values(facts: CardFacts) -> dict[str, object]:
    """What a card says as text, in lines of 72 columns."""
    said = (facts.authors, facts.facts.replace(" · ", ". "))
    return {
        "title": wrap(facts.title, indent="   ", first="    ").lstrip(),
        "credits": "\n".join(wrap(line, indent="   ") for line in said if line),
        "lead": wrap(facts.lead, indent="   "),
        "tldr": wrap(facts.tldr, indent="   "),
        "rest": facts.rest,
        "votes": facts.votes.replace(" · ", ", "),
        "comments": facts.comments,
        "others": facts.others.replace(" · ", ", "),
    }


def _indent(line: str) -> str:
    return " " * (len(line) - len(line.lstrip(" ")))


def _interests(interests: Sequence[Interest]) -> str:
    return "; ".join(format_interest(interest) for interest in interests)
