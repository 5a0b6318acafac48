"""The papers of one digest between its head and its foot."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from digest.core.messages import Content
from digest.core.places import Section
from digest.mail.inline import hole, split
from digest.mail.prose import kept_together
from digest.mail.reasons import why
from digest.mail.sections import (
    COMFORTABLE_HTML_BYTES,
    HEADINGS,
    STEPS,
    Sizes,
    parts,
    relevance_steps,
    trend_steps,
    trim,
)
from digest.mail.templates import Shell, Templates, inert
from digest.mail.view import DigestPaper
from digest.mail.wording import Wording

# What the sentence about papers left out may add to a digest, which is measured without it.
_MORE_BYTES = 1_000
_FULL, _EMPTY = "●", "○"


class Body:
    """Fills a digest's shell with its papers: sections, cards, and what makes them fit."""

    def __init__(self, templates: Templates, wording: Wording) -> None:
        self._wording = wording
        holes = {"heading": hole("heading")}
        self._html_heading = split(templates.markup("mail/digest/section.html", holes), markup=True)
        self._text_heading = split(templates.plain("mail/digest/section.txt", holes), markup=False)

    def fill(
        self, shell: Shell, values: Mapping[str, str], papers: Sequence[DigestPaper]
    ) -> Content:
        """The mail with as many papers as fit, and a line that counts the others."""
        ordered = [paper for part in parts(papers) for paper in part.papers]
        cards, left = self._fitting(ordered, len(shell.fill(values).html.encode()))
        more = self._wording.counted(
            "%(count)s more paper did not fit into this mail.",
            "%(count)s more papers did not fit into this mail.",
            left,
        )
        shown = ordered[: len(cards)]
        filled = {
            **values,
            "cards": Markup(self._html(shown, cards)),  # noqa: S704 (escaped when filled)
            "more": more if left else "",
        }
        return shell.fill(filled, {"cards": self._text(shown)})

    def _fitting(self, ordered: Sequence[DigestPaper], shell_bytes: int) -> tuple[list[str], int]:
        """The cards that a mail holds, trimmed where they must be, and how many are left out."""
        cards = [self._card(paper) for paper in ordered]
        headings = sum(len(self._heading(heading).encode()) for heading in HEADINGS.values())
        frame_bytes = shell_bytes + headings + _MORE_BYTES
        if frame_bytes + sum(map(_bytes, cards)) <= COMFORTABLE_HTML_BYTES:
            return cards, 0
        short = [self._card(paper, ("rest",)) for paper in ordered]
        brief = [self._card(paper, ("tldr",)) for paper in ordered]
        sizes = [
            Sizes(full=_bytes(a), short=_bytes(b), brief=_bytes(c))
            for a, b, c in zip(cards, short, brief, strict=True)
        ]
        plan = trim(sizes, frame_bytes)
        kept = [
            *cards[: plan.full],
            *short[plan.full : plan.short],
            *brief[plan.short : plan.shown],
        ]
        return kept, len(ordered) - plan.shown

    def _html(self, shown: Sequence[DigestPaper], cards: Sequence[str]) -> str:
        pieces, number = [], 0
        for part in parts(shown):
            if part.heading:
                pieces.append(self._heading(part.heading))
            pieces += cards[number : number + len(part.papers)]
            number += len(part.papers)
        return "\n".join(pieces)

    def _text(self, ordered: Sequence[DigestPaper]) -> str:
        pieces, number = [], 0
        for part in parts(ordered):
            if part.heading:
                heading = {"heading": self._wording.gettext(part.heading)}
                pieces.append(self._text_heading.fill_from(heading).strip("\n"))
            for paper in part.papers:
                number += 1
                pieces.append(self._text_card(paper, number))
        return "\n\n\n".join(pieces)

    def _heading(self, heading: str) -> str:
        return inert(self._html_heading.fill_from({"heading": self._wording.gettext(heading)}))

    def _card(self, paper: DigestPaper, left_out: Sequence[str] = ()) -> str:
        said = why(
            paper.reason,
            self._wording,
            heading_says_everywhere=paper.section is Section.EVERYWHERE,
        )
        match, trend = relevance_steps(paper), trend_steps(paper)
        values = {
            "reason": kept_together(said.line),
            "position": "",
            "feedback": paper.feedback_url,
            "match": _FULL * match + _EMPTY * (STEPS - match) if match else "",
            "trend": _FULL * trend + _EMPTY * (STEPS - trend) if trend else "",
        }
        without = {*left_out, *(name for name in ("reason", "match", "trend") if not values[name])}
        without.add("votes" if said.counts else "spark")
        return inert(split(paper.card.html, markup=True).fill_from(values, without))

    def _text_card(self, paper: DigestPaper, position: int) -> str:
        said = why(
            paper.reason,
            self._wording,
            heading_says_everywhere=paper.section is Section.EVERYWHERE,
        )
        match, trend = relevance_steps(paper), trend_steps(paper)
        values = {
            "reason": _read_aloud(said.line, self._wording),
            "position": str(position),
            "feedback": paper.feedback_url,
            "match": self._steps(match),
            "trend": self._steps(trend),
        }
        without = [name for name in ("reason", "match", "trend") if not values[name]]
        if said.counts:
            without.append("votes")
        fragment = split(paper.card.text, markup=False)
        return fragment.fill_from(values, without).strip("\n")

    def _steps(self, steps: int) -> str:
        of = self._wording.gettext("%(steps)s of %(most)s")
        return of % {"steps": steps, "most": STEPS} if steps else ""


def _read_aloud(reason: str, wording: Wording) -> str:
    """A reason without signs that are for the eye."""
    to = wording.gettext("to")
    return reason.replace(" · ", "; ").replace(" → ", f" {to} ")


def _bytes(card: str) -> int:
    return len(card.encode()) + 1  # the line break between two cards
