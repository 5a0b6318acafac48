"""The plain way to make a digest: for each message Jinja2 renders the product's own templates,
premailer writes the styles into the whole, and `email.message` puts it on the wire.

The product's ways are held to it: `Renderer.digest` fills what was rendered before, and
`Renderer.print` what was encoded before; the mail is the same, after decoding byte for byte.
"""

from collections.abc import Callable, Mapping, Sequence
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from markupsafe import Markup
from premailer import Premailer

from digest.core.feedback import choice_path
from digest.core.messages import Content, MailKind
from digest.core.papers import Paper
from digest.mail.cards import card_facts
from digest.mail.identity import MailIdentity
from digest.mail.inline import inline
from digest.mail.personal import personal
from digest.mail.render import Renderer, read_values, shown_values
from digest.mail.sections import parts
from digest.mail.templates import GAP_BETWEEN_TAGS, PREVIEW_FILLER, Templates, empty, inert, wrapped
from digest.mail.theme import load_theme
from digest.mail.view import DigestPaper, DigestView
from digest.mail.wording import load_wording

_POLICY = SMTP.clone(max_line_length=76)


class PlainWay:
    """Makes digests that fit into a mail, in the language of each."""

    def __init__(self, folders: Sequence[Path], identity: MailIdentity) -> None:
        self._folders, self._identity = folders, identity
        self._renderer = Renderer(folders, identity)  # for the values around the papers alone
        self._templates: dict[str, _Templates] = {}

    def content(self, view: DigestView, papers: Sequence[Paper]) -> Content:
        """The digest of a view whose papers are these, in its order."""
        templates = self._speaking(view)
        sources = {id(said): paper for said, paper in zip(view.papers, papers, strict=True)}
        html: list[str] = []
        text: list[str] = []
        number = 0
        for part in parts(view.papers):
            if part.heading:
                heading = {"heading": templates.wording.gettext(part.heading)}
                html.append(templates.text("mail/digest/section.html", heading).strip())
                text.append(templates.text("mail/digest/section.txt", heading).strip("\n"))
            for said in part.papers:
                number += 1
                link = choice_path(view.feedback_base, said.position)
                cards = templates.card(said, sources[id(said)], number, link)
                html.append(cards[0].strip())
                text.append(cards[1].strip("\n"))
        values = self._renderer.digest_values(view)
        return Content(
            subject=values["subject"],
            text=wrapped(
                templates.text("mail/digest/body.txt", {**values, "cards": "\n\n\n".join(text)})
            ),
            html=templates.page({**values, "cards": Markup("\n".join(html))}),
        )

    def message(self, content: Content, headers: Mapping[str, str]) -> bytes:
        """A content on the wire, by the standard library alone."""
        message = EmailMessage(policy=_POLICY)
        for name, value in headers.items():
            message[name] = value
        message["Subject"] = content.subject
        message.set_content(content.text, cte="quoted-printable")
        message.add_alternative(content.html, subtype="html", cte="quoted-printable")
        return message.as_bytes()

    def _speaking(self, view: DigestView) -> "_Templates":
        if view.language not in self._templates:
            self._templates[view.language] = _Templates(self._folders, view)
        return self._templates[view.language]


class _Templates(Templates):
    def __init__(self, folders: Sequence[Path], view: DigestView) -> None:
        self.wording = load_wording(folders, view.language)
        super().__init__(folders, self.wording, load_theme(folders))
        self._without: frozenset[str] = frozenset()
        self._jinja.globals["when"] = self._when

    def _when(self, name: str, caller: Callable[[], str]) -> str:
        return Markup() if name in self._without else caller()

    def text(
        self, name: str, values: Mapping[str, object], without: frozenset[str] | None = None
    ) -> str:
        """A template rendered, without the sections named, else those whose value is empty."""
        self._without = empty(values) if without is None else without  # type: ignore[arg-type]
        return self._render(name, values)

    def card(self, said: DigestPaper, paper: Paper, number: int, link: str) -> tuple[str, str]:
        facts = card_facts(paper, wording=self.wording)
        mine = personal(said, self.wording)
        common: dict[str, object] = {
            "url": facts.url,
            "links": facts.links,
            "thumbnail": "",
            "feedback": link,
            "position": str(number),
        }
        shown = {**shown_values(facts, self.wording.language), **common, **mine.shown}
        read = {**read_values(facts), **common, **mine.read}
        return (
            self.text("mail/digest/card.html", shown, mine.shown_without),
            self.text("mail/digest/card.txt", read, mine.read_without),
        )

    def page(self, values: Mapping[str, object]) -> str:
        self._without = empty(values)  # type: ignore[arg-type]
        context = {"head_css": Markup(self._head_css), "filler": PREVIEW_FILLER, **values}
        html = inline(
            self._render(f"mail/{MailKind.DIGEST}/body.html", context),
            self._css,
            self._hooks,
            premailer=Premailer,  # as it comes
        )
        return inert(GAP_BETWEEN_TAGS.sub(">\n<", html))
