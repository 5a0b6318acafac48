"""Digests made of pieces that are encoded once for all readers: what `Renderer.digest` and
`wire.compose` make, after decoding byte for byte. A theme whose templates put cards or links where
pieces cannot be joined is left to these two."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from digest.mail.body import Body
from digest.mail.forms import IN_TAG, Form, Holes, Line, html_values, markup_form, text_form
from digest.mail.inline import split
from digest.mail.personal import Personal, personal
from digest.mail.quoted import quoted
from digest.mail.sections import Part, fitting, parts
from digest.mail.templates import Shell, empty
from digest.mail.view import DigestPaper
from digest.mail.wording import Wording

_CARDS, _LINK = "cards", "feedback"
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


class _CannotBeJoined(Exception):
    """A template has its cards or its links to judge a paper in a place of their own making."""


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
        if any(isinstance(piece, Line) and _LINK in piece.parts[1::2] for piece in form.pieces):
            raise _CannotBeJoined
        return form


# The cards of a few editions; some 15 kB each.
_card_forms = functools.lru_cache(maxsize=2_048)(_CardForms)


class _Frame:
    """What stands around the cards where these sections are left out."""

    def __init__(self, shell: Shell, without: frozenset[str]) -> None:
        assert shell.html is not None
        self.html = markup_form(shell.html, without, ended=True)
        self._text = text_form(shell.text, without, ended=True)
        self.text_holes = [p for p in self._text.pieces if isinstance(p, str) and p != _CARDS]

    @functools.cached_property
    def around(self) -> tuple[Form, Form, Form, Form]:
        """What stands before and behind the cards, of the HTML and of the text."""
        if any(form.pieces.count(_CARDS) != 1 for form in (self.html, self._text)):
            raise _CannotBeJoined
        return (*self.html.around(_CARDS), *self._text.around(_CARDS))


class Press:
    """Prints digests in one language."""

    def __init__(self, shell: Shell, body: Body, wording: Wording) -> None:
        self._shell, self._body, self._wording = shell, body, wording
        self._frames: dict[frozenset[str], _Frame] = {}
        self._headings: dict[str, bytes] = {}
        self._text_headings: dict[str, bytes] = {}

    def print(self, values: Mapping[str, str], papers: Sequence[DigestPaper]) -> Printed | None:
        """A digest with at least one paper; `values` as for `Body.fill`, with its subject. None
        where the templates do not allow it."""
        try:
            return self._printed(values, papers)
        except _CannotBeJoined:
            return None

    def _printed(self, values: Mapping[str, str], papers: Sequence[DigestPaper]) -> Printed:
        sections = parts(papers)
        ordered = [paper for part in sections for paper in part.papers]
        cards = _cards(ordered, self._wording)
        around, bare = _frame_values(values), empty(values)
        shown, html = around.encoded, self._frame(bare).html
        bare_bytes = html.raw_bytes + sum([around.sizes[name] for name in html.holes])
        strips, left = fitting(
            functools.partial(_measured, cards), bare_bytes + self._body.frame_bytes
        )
        filled = {**values, _CARDS: "cards", "more": self._body.more(left)}
        if left:
            shown.update(_Values({"more": filled["more"]}).encoded)
        frame = self._frame(bare - ({_CARDS, "more"} if left else {_CARDS}))
        read = {
            name: shown[name] if name in around.same else quoted(filled[name])
            for name in frame.text_holes
        }
        if left:
            sections = parts(ordered[: len(strips)])
        before, behind, text_before, text_behind = frame.around
        return Printed(
            subject=values["subject"],
            text=b"".join(
                [
                    *text_before.fill(read, filled),
                    *self._text(sections, cards),
                    *text_behind.fill(read, filled),
                ]
            ),
            html=b"".join(
                [
                    *before.fill(shown, filled),
                    *self._html(sections, cards, strips),
                    *behind.fill(shown, filled),
                ]
            ),
        )

    def _frame(self, without: frozenset[str]) -> _Frame:
        frame = self._frames.get(without)
        if frame is None:
            frame = self._frames[without] = _Frame(self._shell, without)
        return frame

    def _html(
        self, sections: Sequence[Part], cards: Sequence["_Card"], strips: Sequence["_Strip"]
    ) -> list[bytes]:
        pieces: list[bytes] = []
        number = 0
        for section in sections:
            if section.heading:
                pieces += (self._heading(section.heading), _HTML_GAP)
            for _ in section.papers:
                pieces += (cards[number].feedback.join(strips[number].segments), _HTML_GAP)
                number += 1
        return pieces[:-1]

    def _text(self, sections: Sequence[Part], cards: Sequence["_Card"]) -> list[bytes]:
        pieces: list[bytes] = []
        number = 0
        for section in sections:
            if section.heading:
                pieces += (self._text_heading(section.heading), _TEXT_GAP)
            for _ in section.papers:
                card = cards[number]
                number += 1
                read = _read_strip(card.forms, card.said, number)
                pieces += (card.feedback.join(read), _TEXT_GAP)
        return pieces[:-1]

    def _heading(self, heading: str) -> bytes:
        if heading not in self._headings:
            self._headings[heading] = quoted(self._body.heading(heading))
        return self._headings[heading]

    def _text_heading(self, heading: str) -> bytes:
        if heading not in self._text_headings:
            self._text_headings[heading] = quoted(self._body.text_heading(heading))
        return self._text_headings[heading]


@dataclass(frozen=True, slots=True)
class _Card:
    """A card of one message: its forms, what it says to the reader, and the link to judge it."""

    forms: _CardForms
    said: Personal
    feedback: bytes
    feedback_bytes: int


def _cards(papers: Sequence[DigestPaper], wording: Wording) -> list[_Card]:
    # The links differ in what stands behind their last full stop.
    base, encoded = "", b""
    cards: list[_Card] = []
    for paper in papers:
        link = paper.feedback_url
        start, _, place = link.rpartition(".")
        if start != base:
            base, encoded = start, quoted(start)
        forms = _card_forms(paper.card.html, paper.card.text)
        said = personal(paper, wording)
        cards.append(_Card(forms, said, encoded + _quoted_again(f".{place}"), len(link)))
    return cards


@dataclass(frozen=True, slots=True)
class _Strip:
    """A card that says all to its reader but where its links to judge it lead: the segments between
    them, encoded, and the bytes of all segments before that."""

    segments: tuple[bytes, ...]
    raw_bytes: int


def _measured(cards: Sequence[_Card], left_out: str) -> tuple[list[_Strip], list[int]]:
    """The cards as strips, and the bytes of each and of the line break behind it."""
    strips = [_shown_strip(card.forms, card.said, left_out) for card in cards]
    sizes = [
        strip.raw_bytes + (len(strip.segments) - 1) * card.feedback_bytes + 1
        for card, strip in zip(cards, strips, strict=True)
    ]
    return strips, sizes


# What is said to many readers; 2 to 5 kB each.
@functools.lru_cache(maxsize=2_048)
def _shown_strip(forms: _CardForms, said: Personal, left_out: str) -> _Strip:
    form = forms.shown(said.shown_without, left_out)
    raw = form.raw_bytes + sum(said.sizes[h] for h in form.holes if not _is_link(h))
    return _Strip(_segments(form, said.encoded, {}), raw)


@functools.lru_cache(maxsize=2_048)
def _read_strip(forms: _CardForms, said: Personal, number: int) -> tuple[bytes, ...]:
    position = str(number)
    form = forms.read(said.read_without)
    return _segments(form, {"position": quoted(position)}, {**said.read, "position": position})


def _segments(
    form: Form, encoded: Mapping[str, bytes], values: Mapping[str, str]
) -> tuple[bytes, ...]:
    segments: list[list[bytes]] = [[]]
    for piece in form.pieces:
        if isinstance(piece, str) and _is_link(piece):
            segments.append([])
        else:
            segments[-1] += Form((piece,), 0, ()).fill(encoded, values)
    return tuple(map(b"".join, segments))


def _is_link(hole: str) -> bool:
    return hole.removesuffix(IN_TAG) == _LINK


_quoted_again = functools.lru_cache(maxsize=4_096)(quoted)


class _Values:
    """Values as HTML, encoded, and their bytes before that, by the names of holes; `same` are those
    that HTML says as they are."""

    def __init__(self, values: Mapping[str, str]) -> None:
        shown = html_values(values)
        self.encoded = Holes({name: quoted(html) for name, html in shown.items()})
        self.sizes = Holes({name: len(html.encode()) for name, html in shown.items()})
        self.same = {name for name, value in values.items() if shown[name] == value}

    def and_of(self, one_readers: "_Values") -> "_Values":
        both = _Values({})
        both.encoded = Holes(self.encoded | one_readers.encoded)
        both.sizes = Holes(self.sizes | one_readers.sizes)
        both.same = self.same | one_readers.same
        return both


@functools.lru_cache(maxsize=1_024)
def _shared(*values: tuple[str, str]) -> _Values:
    return _Values(dict(values))


def _frame_values(values: Mapping[str, str]) -> _Values:
    own = {name: value for name, value in values.items() if name in _OWN}
    return _shared(*(one for one in values.items() if one[0] not in _OWN)).and_of(_Values(own))
