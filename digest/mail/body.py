"""The papers of one digest between its head and its foot."""

import functools
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from digest.core.feedback import choice_path
from digest.core.messages import Content
from digest.mail.inline import hole, split
from digest.mail.personal import personal
from digest.mail.sections import HEADINGS, fitting, parts
from digest.mail.templates import Shell, Templates, inert
from digest.mail.view import DigestPaper
from digest.mail.wording import Wording

# What the sentence about papers left out may add to a digest, which is measured without it.
_MORE_BYTES = 1_000


class Body:
    """Fills a digest's shell with its papers: sections, cards, and what makes them fit."""

    def __init__(self, templates: Templates, wording: Wording) -> None:
        self._wording = wording
        holes = {"heading": hole("heading")}
        self._html_heading = split(templates.markup("mail/digest/section.html", holes), markup=True)
        self._text_heading = split(templates.plain("mail/digest/section.txt", holes), markup=False)
        # What is added to the bytes of the shell before cards are measured.
        headings = sum(len(self.heading(heading).encode()) for heading in HEADINGS.values())
        self.frame_bytes = headings + _MORE_BYTES

    def fill(
        self,
        shell: Shell,
        values: Mapping[str, str],
        papers: Sequence[DigestPaper],
        feedback_base: str,
    ) -> Content:
        """The mail with as many papers as fit, and a line that counts the others."""
        ordered = [paper for part in parts(papers) for paper in part.papers]
        frame_bytes = len(shell.fill(values).html.encode()) + self.frame_bytes
        cards, left = fitting(
            functools.partial(self._measured, ordered, feedback_base), frame_bytes
        )
        shown = ordered[: len(cards)]
        filled = {
            **values,
            "cards": Markup(self._html(shown, cards)),  # noqa: S704 (escaped when filled)
            "more": self.more(left),
        }
        return shell.fill(filled, {"cards": self._text(shown, feedback_base)})

    def _measured(
        self, ordered: Sequence[DigestPaper], feedback_base: str, left_out: str
    ) -> tuple[list[str], list[int]]:
        cards = [self._card(paper, feedback_base, (left_out,)) for paper in ordered]
        return cards, list(map(_bytes, cards))

    def _html(self, shown: Sequence[DigestPaper], cards: Sequence[str]) -> str:
        pieces, number = [], 0
        for part in parts(shown):
            if part.heading:
                pieces.append(self.heading(part.heading))
            pieces += cards[number : number + len(part.papers)]
            number += len(part.papers)
        return "\n".join(pieces)

    def _text(self, ordered: Sequence[DigestPaper], feedback_base: str) -> str:
        pieces, number = [], 0
        for part in parts(ordered):
            if part.heading:
                pieces.append(self.text_heading(part.heading))
            for paper in part.papers:
                number += 1
                pieces.append(self._text_card(paper, feedback_base, number))
        return "\n\n\n".join(pieces)

    def more(self, left: int) -> str:
        """How many papers are left out, in words; "" for none."""
        if not left:
            return ""
        return self._wording.counted(
            "%(count)s more paper did not fit into this mail.",
            "%(count)s more papers did not fit into this mail.",
            left,
        )

    def heading(self, heading: str) -> str:
        """The heading of a section in the HTML part."""
        return inert(self._html_heading.fill_from({"heading": self._wording.gettext(heading)}))

    def text_heading(self, heading: str) -> str:
        """The heading of a section in the text part."""
        said = {"heading": self._wording.gettext(heading)}
        return self._text_heading.fill_from(said).strip("\n")

    def _card(self, paper: DigestPaper, feedback_base: str, left_out: Sequence[str]) -> str:
        said = personal(paper, self._wording)
        link = choice_path(feedback_base, paper.position)
        values = {**said.shown, "position": "", "feedback": link}
        without = said.shown_without.union(left_out)
        return inert(split(paper.card.html, markup=True).fill_from(values, without))

    def _text_card(self, paper: DigestPaper, feedback_base: str, position: int) -> str:
        said = personal(paper, self._wording)
        link = choice_path(feedback_base, paper.position)
        values = {**said.read, "position": str(position), "feedback": link}
        fragment = split(paper.card.text, markup=False)
        return fragment.fill_from(values, said.read_without).strip("\n")


def _bytes(card: str) -> int:
    return len(card.encode()) + 1  # the line break between two cards
