"""The mails that people read: subject, text and HTML of each kind."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from markupsafe import Markup

from digest.core.editions import Card
from digest.core.interests import Interest, format_interest
from digest.core.messages import Content, MailKind
from digest.core.papers import Paper
from digest.core.subscribers import (
    CONFIRMATION_VALID_DAYS,
    Frequency,
    Preferences,
    zone_of,
)
from digest.mail.cards import card_facts
from digest.mail.identity import MailIdentity
from digest.mail.inline import hole, split
from digest.mail.prose import (
    breakable,
    clean,
    count,
    cut,
    is_right_to_left,
    long_date,
    not_a_link,
    without_reply_prefix,
    wrap,
)
from digest.mail.templates import Shell, Templates, inert
from digest.mail.view import (
    COMFORTABLE_HTML_BYTES,
    DigestPaper,
    DigestView,
    digest_values,
    fit,
    lead_title,
    reason_line,
)

SUBJECT_CHARS = 100
_NO_PAPERS = {"cards": "", "more": ""}
# What the sentence about papers left out may add to a digest, which is measured without it.
_MORE_BYTES = 1_000

_COMMON = ("from_name", "postal_address", "subject", "email")
_NAMES = {
    MailKind.DIGEST: (
        *("preheader", "headline", "date", "standfirst", "cards", "nothing"),
        *("widen", "more", "missing"),
        *("subscribed_on", "preferences_url", "browser_url", "unsubscribe_url"),
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
_EVERY = {
    Frequency.DAILY: "every day",
    Frequency.WEEKDAYS: "from Monday to Friday",
    Frequency.WEEKLY: "every Monday",
}


class Renderer:
    """Turns views into mails. Templates are compiled when first used and kept.

    `templates_dirs` hold a `mail/` folder each; a file in an earlier one stands before the same
    file in a later one. With `count_opened` titles lead to the page that counts, else to the
    paper itself. All methods raise ConfigError for a template that cannot be used.
    """

    def __init__(
        self,
        templates_dirs: Sequence[Path],
        identity: MailIdentity,
        *,
        own_words: bool = False,
        count_opened: bool = False,
    ) -> None:
        self._own_words = own_words
        self._count_opened = count_opened
        self._templates = Templates(templates_dirs)
        self._identity = identity
        self._shells: dict[MailKind, Shell] = {}

    def check(self) -> None:
        """Compiles every template now, so that a mistake shows before a mail is due."""
        for kind in MailKind:
            self._shell(kind)

    def card(self, paper: Paper) -> Card:
        """The paper as every digest of an edition shows it, with holes for what is personal:
        `position`, `reason` and `feedback`.

        Costs about 10 ms: made once per edition and paper. The same paper gives the same card.
        """
        facts = card_facts(paper, own_words=self._own_words)
        common = {
            "reason": hole("reason"),
            "position": hole("position"),
            "feedback": hole("feedback"),
            "url": f"{hole('feedback')}.open" if facts.url and self._count_opened else facts.url,
            "links": facts.links,
            "marks": facts.marks,
        }
        html = self._templates.markup(
            "mail/digest/card.html",
            {
                **common,
                "title": breakable(not_a_link(facts.title)),
                "authors": breakable(facts.authors),
                "facts": breakable(facts.facts),
                "tldr": breakable(not_a_link(facts.tldr)),
                # A number stays on the line of what it counts.
                "marks": facts.marks.replace(" ", "\u00a0").replace("·\u00a0", "· "),
                "rtl": is_right_to_left(facts.title),
            },
        )
        credits = ". ".join(filter(None, (facts.authors, facts.facts.replace(" · ", ". "))))
        text = self._templates.plain(
            "mail/digest/card.txt",
            {
                **common,
                "title": wrap(facts.title, indent="   ", first="    ").lstrip(),
                "credits": wrap(credits, indent="   "),
                "tldr": wrap(facts.tldr, indent="   "),
                "marks": wrap(facts.marks.replace(" · ", ", "), indent="   "),
            },
        )
        return Card(paper_id=paper.id, html=html.strip(), text=text.strip("\n"))

    def digest(self, view: DigestView) -> Content:
        """One person's digest: below what Gmail clips, always with the unsubscribe link.

        A digest too large for that loses summaries first, from the last paper up, then papers
        from the end, and says so.
        """
        shell = self._shell(MailKind.DIGEST)
        values = {**self._common_values(view.email), **digest_values(view), **_NO_PAPERS}
        room = SUBJECT_CHARS + 1 - len(shell.subject_line({**values, "title": "x"}))
        values["title"] = cut(lead_title(view), room)
        values["subject"] = shell.subject_line(values)
        return _with_papers(shell, values, view.papers)

    def confirmation(
        self,
        *,
        email: str,
        requested_at: datetime,
        via: str,
        confirm_url: str,
    ) -> Content:
        """The double opt-in request. `via` says how it was asked for: "on the web page".

        It quotes nothing of what was typed: whoever asked may be a stranger to the reader, who
        would have us carry his words to them.
        """
        ends = requested_at + timedelta(days=CONFIRMATION_VALID_DAYS)
        return self._letter(
            MailKind.CONFIRMATION,
            email=email,
            requested_at=f"{long_date(requested_at.date())} at {requested_at:%H:%M %Z}",
            via=via,
            confirm_url=confirm_url,
            by_reply="yes" if self._identity.command_address else "",
            expires_on=long_date(ends.date()),
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
        zone = zone_of(preferences.timezone)
        return self._letter(
            MailKind.WELCOME,
            email=email,
            schedule=f"Up to {count(preferences.max_papers, 'paper')} will reach you "
            f"{_EVERY[preferences.frequency]} at {preferences.at:%H:%M} "
            f"({preferences.timezone.replace('_', ' ')} time).",
            first=long_date(next_due_at.astimezone(zone).date()) if next_due_at else "",
            interests=_interests(interests),
            no_interests="" if interests else "yes",
            command_address=self._identity.command_address,
            preferences_url=preferences_url,
            unsubscribe_url=unsubscribe_url,
        )

    def goodbye(self, *, email: str, subscribe_url: str) -> Content:
        """The one line that says an unsubscription has been done."""
        return self._letter(MailKind.GOODBYE, email=email, subscribe_url=subscribe_url)

    def reply(self, *, subject: str, answer: str) -> Content:
        """The answer to a command by mail, text only. `subject` is that of the command mail."""
        title = cut(without_reply_prefix(clean(subject) or "your mail"), SUBJECT_CHARS - 4)
        lines = (clean(line) if line.strip() else "" for line in answer.splitlines())
        return self._letter(MailKind.REPLY, subject=title, answer="\n".join(lines))

    def _letter(self, kind: MailKind, *, email: str = "", subject: str = "", **own: str) -> Content:
        values = {**self._common_values(email), "subject": subject, **own}
        shell = self._shell(kind)
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

    def _shell(self, kind: MailKind) -> Shell:
        if kind not in self._shells:
            names = (*_COMMON, *_NAMES[kind])
            self._shells[kind] = self._templates.shell(kind, names, _REQUIRED[kind])
        return self._shells[kind]


def _with_papers(shell: Shell, values: dict[str, str], papers: Sequence[DigestPaper]) -> Content:
    full = [_html_card(paper) for paper in papers]
    frame_bytes = len(shell.fill(values).html.encode()) + _MORE_BYTES
    cards, shown = full, len(papers)
    if frame_bytes + sum(map(_html_bytes, full)) > COMFORTABLE_HTML_BYTES:
        brief = [_html_card(paper, without=("tldr",)) for paper in papers]
        plan = fit(tuple(map(_html_bytes, full)), tuple(map(_html_bytes, brief)), frame_bytes)
        shown = plan.shown
        cards = full[: plan.full] + brief[plan.full : shown]
    left = len(papers) - shown
    texts = (_text_card(paper, number) for number, paper in enumerate(papers[:shown], 1))
    more = f"{count(left, 'more paper')} did not fit into this mail." if left else ""
    return shell.fill(
        {
            **values,
            "cards": Markup("\n".join(cards)),  # noqa: S704 (escaped when each was filled)
            "more": more,
        },
        {"cards": "\n\n\n".join(texts)},
    )


def _html_card(paper: DigestPaper, without: Sequence[str] = ()) -> str:
    reason = reason_line(paper.reason)
    fragment = split(paper.card.html, markup=True)
    left_out = (*without, *(("reason",) if not reason else ()))
    values = {"reason": reason, "position": "", "feedback": paper.feedback_url}
    return inert(fragment.fill_from(values, left_out))


def _text_card(paper: DigestPaper, position: int) -> str:
    reason = reason_line(paper.reason)
    fragment = split(paper.card.text, markup=False)
    values = {"reason": reason, "position": str(position), "feedback": paper.feedback_url}
    return fragment.fill_from(values, () if reason else ("reason",)).strip("\n")


def _html_bytes(card: str) -> int:
    return len(card.encode()) + 1  # the line break between two cards


def _interests(interests: Sequence[Interest]) -> str:
    return "; ".join(format_interest(interest) for interest in interests)
