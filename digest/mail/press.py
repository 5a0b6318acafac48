"""Digests made of pieces that are encoded once for all readers: what `Renderer.digest` and
`wire.compose` make, after decoding byte for byte, at a hundredth of the cost."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from digest.mail.body import Body
from digest.mail.forms import Form, Holes, html_values, markup_form, text_form
from digest.mail.inline import split
from digest.mail.personal import Personal, personal
from digest.mail.quoted import quoted
from digest.mail.sections import COMFORTABLE_HTML_BYTES, Part, Sizes, parts, trim
from digest.mail.templates import Shell, empty
from digest.mail.view import DigestPaper
from digest.mail.wording import Wording

_CARDS = "cards"
_TEXT_GAP, _HTML_GAP = quoted("\n\n\n"), quoted("\n")
# Whose values are one reader's own; those of all others come again in the next message.
_OWN = frozenset(
    ("email", "browser_url", "pause_url", "preferences_url", "unsubscribe_url", "preheader")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """A digest's parts, encoded: lines of quoted-printable that end with CRLF."""

    subject: str
    text: bytes
    html: bytes


class _CardForms:
    """The forms of one card, made when they are first needed."""

    def __init__(self, html: str, text: str) -> None:
        self._html, self._text = split(html, markup=True), split(text, markup=False)
        self._shown: dict[tuple[frozenset[str], str], Form] = {}
        self._read: dict[frozenset[str], Form] = {}

    def shown(self, without: frozenset[str], left_out: str = "") -> Form:
        form = self._shown.get((without, left_out))
        if form is None:
            form = markup_form(self._html, without | {left_out})
            self._shown[without, left_out] = form
        return form

    def read(self, without: frozenset[str]) -> Form:
        form = self._read.get(without)
        if form is None:
            form = self._read[without] = text_form(self._text, without)
        return form


# The cards of a few editions; some 15 kB each.
_card_forms = functools.lru_cache(maxsize=2_048)(_CardForms)


class _Frame:
    """What stands around the cards where these sections are left out."""

    def __init__(self, shell: Shell, without: frozenset[str]) -> None:
        assert shell.html is not None
        self.html = markup_form(shell.html, without, ended=True)
        self.before, self.behind = self.html.around(_CARDS)
        text = text_form(shell.text, without, ended=True)
        self.text_before, self.text_behind = text.around(_CARDS)
        self.text_holes = [p for p in text.pieces if isinstance(p, str) and p != _CARDS]


class Press:
    """Prints digests in one language."""

    def __init__(self, shell: Shell, body: Body, wording: Wording) -> None:
        self._shell, self._body, self._wording = shell, body, wording
        self._frames: dict[frozenset[str], _Frame] = {}

    def print(self, values: Mapping[str, str], papers: Sequence[DigestPaper]) -> Printed:
        """A digest with at least one paper; `values` as for `Body.fill`, with its subject."""
        sections = parts(papers)
        ordered = [paper for part in sections for paper in part.papers]
        cards = [_card(paper, personal(paper, self._wording)) for paper in ordered]
        shown, sizes, same = _frame_values(values)
        html = self._frame(empty(values)).html
        bare_bytes = html.raw_bytes + sum([sizes[name] for name in html.holes])
        forms, left = self._fitting(cards, bare_bytes)
        filled = {**values, _CARDS: "cards", "more": self._body.more(left)}
        if left:
            shown.update(_frame_values({"more": filled["more"]})[0])
        frame = self._frame(empty(filled))
        read = {n: shown[n] if n in same else quoted(filled[n]) for n in frame.text_holes}
        if left:
            sections = parts(ordered[: len(forms)])
        return Printed(
            subject=values["subject"],
            text=b"".join(
                [
                    *frame.text_before.fill(read, filled),
                    *self._text(sections, cards),
                    *frame.text_behind.fill(read, filled),
                ]
            ),
            html=b"".join(
                [
                    *frame.before.fill(shown, filled),
                    *self._html(sections, cards, forms),
                    *frame.behind.fill(shown, filled),
                ]
            ),
        )

    def _frame(self, without: frozenset[str]) -> _Frame:
        frame = self._frames.get(without)
        if frame is None:
            frame = self._frames[without] = _Frame(self._shell, without)
        return frame

    def _fitting(self, cards: Sequence["_Card"], shell_bytes: int) -> tuple[list[Form], int]:
        """As `Body` does it: the forms of the cards that fit, and how many do not."""
        full, sizes = _measured(cards)
        frame_bytes = shell_bytes + self._body.frame_bytes
        if frame_bytes + sum(sizes) <= COMFORTABLE_HTML_BYTES:
            return full, 0
        (short, short_sizes), (brief, brief_sizes) = (
            _measured(cards, "rest"),
            _measured(cards, "tldr"),
        )
        plan = trim(
            [
                Sizes(full=a, short=b, brief=c)
                for a, b, c in zip(sizes, short_sizes, brief_sizes, strict=True)
            ],
            frame_bytes,
        )
        kept = [*full[: plan.full], *short[plan.full : plan.short], *brief[plan.short : plan.shown]]
        return kept, len(cards) - plan.shown

    def _html(
        self, sections: Sequence[Part], cards: Sequence["_Card"], forms: Sequence[Form]
    ) -> list[bytes]:
        pieces: list[bytes] = []
        number = 0
        for section in sections:
            if section.heading:
                pieces += (_quoted_again(self._body.heading(section.heading)), _HTML_GAP)
            for _ in section.papers:
                card = cards[number]
                holes = Holes(card.said.encoded, feedback=card.feedback)
                pieces += forms[number].fill(holes, {})
                pieces.append(_HTML_GAP)
                number += 1
        return pieces[:-1]

    def _text(self, sections: Sequence[Part], cards: Sequence["_Card"]) -> list[bytes]:
        pieces: list[bytes] = []
        number = 0
        for section in sections:
            if section.heading:
                pieces += (_quoted_again(self._body.text_heading(section.heading)), _TEXT_GAP)
            for _ in section.papers:
                card = cards[number]
                number += 1
                holes = {"feedback": card.feedback, "position": _quoted_again(str(number))}
                values = {**card.said.read, "position": str(number)}
                pieces += card.forms.read(card.said.read_without).fill(holes, values)
                pieces.append(_TEXT_GAP)
        return pieces[:-1]


@dataclass(frozen=True, slots=True)
class _Card:
    """A card of one message: its forms, what it says to the reader, and the link to judge it."""

    forms: _CardForms
    said: Personal
    feedback: bytes
    feedback_bytes: int

    def size(self, form: Form) -> int:
        """The bytes of the card and the line break behind it, before it is encoded."""
        sizes = Holes(self.said.sizes, feedback=self.feedback_bytes)
        return form.raw_bytes + sum([sizes[name] for name in form.holes]) + 1


def _card(paper: DigestPaper, said: Personal) -> _Card:
    forms = _card_forms(paper.card.html, paper.card.text)
    return _Card(forms, said, quoted(paper.feedback_url), len(paper.feedback_url))


def _measured(cards: Sequence[_Card], left_out: str = "") -> tuple[list[Form], list[int]]:
    forms = [card.forms.shown(card.said.shown_without, left_out) for card in cards]
    return forms, [card.size(form) for card, form in zip(cards, forms, strict=True)]


_quoted_again = functools.lru_cache(maxsize=4_096)(quoted)

_Shown = tuple[tuple[str, bytes, int, bool], ...]
"""A value as HTML under one name or two: encoded, its bytes before, and whether HTML says it as it
is."""


@functools.lru_cache(maxsize=4_096)
def _shown_again(name: str, value: str) -> _Shown:
    return tuple(
        (name, quoted(html), len(html.encode()), html == value)
        for name, html in html_values({name: value}).items()
    )


def _frame_values(values: Mapping[str, str]) -> tuple[Holes[bytes], Holes[int], set[str]]:
    """Values encoded, their bytes before that, and which of them HTML says as they are."""
    encoded, sizes = Holes[bytes](), Holes[int]()
    same: set[str] = set()
    for name, value in values.items():
        shown = (_shown_again.__wrapped__ if name in _OWN else _shown_again)(name, value)
        for key, piece, raw_bytes, is_same in shown:
            encoded[key], sizes[key] = piece, raw_bytes
            if is_same:
                same.add(key)
    return encoded, sizes, same
