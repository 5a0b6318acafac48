"""Cards as strips: all that a card says to readers to whom it says the same, encoded, cut where its
links to judge the paper stand. A message puts its own link in between."""

import functools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from digest.mail.forms import IN_TAG, CannotBeJoined, Form, Holes, Line, markup_form, text_form
from digest.mail.inline import split
from digest.mail.personal import Personal, personal
from digest.mail.quoted import quoted
from digest.mail.view import DigestPaper
from digest.mail.wording import Wording

_LINK = "feedback"


class CardForms:
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
        if any(isinstance(piece, Line) and _LINK in piece.holes for piece in form.pieces):
            raise CannotBeJoined
        return form


# The cards of a few editions; some 15 kB each.
_card_forms = functools.lru_cache(maxsize=2_048)(CardForms)


class Told(NamedTuple):
    """A card of one message: its forms, what it says to the reader, and the link to judge it,
    encoded, and the bytes of that before."""

    forms: CardForms
    said: Personal
    link: bytes
    link_bytes: int


def told(papers: Sequence[DigestPaper], wording: Wording) -> list[Told]:
    """The papers of a message as cards, in order."""
    # The links differ in what stands behind their last full stop.
    base, encoded = "", b""
    cards: list[Told] = []
    for paper in papers:
        link = paper.feedback_url
        start, _, place = link.rpartition(".")
        if start != base:
            base, encoded = start, quoted(start)
        forms = _card_forms(paper.card.html, paper.card.text)
        said = personal(paper, wording)
        cards.append(Told(forms, said, encoded + _quoted_again(f".{place}"), len(link)))
    return cards


_quoted_again = functools.lru_cache(maxsize=4_096)(quoted)


class Strip(NamedTuple):
    """What stands around the links of a card, encoded, and the bytes of all that before."""

    segments: tuple[bytes, ...]
    raw_bytes: int


def measured(cards: Sequence[Told], left_out: str) -> tuple[list[Strip], list[int]]:
    """The cards as strips, and the bytes of each and of the line break behind it."""
    strips = [_shown_strip(forms, said, left_out) for forms, said, _, _ in cards]
    sizes = [
        strip.raw_bytes + (len(strip.segments) - 1) * card.link_bytes + 1
        for card, strip in zip(cards, strips, strict=True)
    ]
    return strips, sizes


# What is said to many readers; 2 to 5 kB each.
@functools.lru_cache(maxsize=2_048)
def _shown_strip(forms: CardForms, said: Personal, left_out: str) -> Strip:
    form = forms.shown(said.shown_without, left_out)
    raw = form.raw_bytes + sum(said.sizes[h] for h in form.holes if not _is_link(h))
    return Strip(_segments(form, said.encoded, {}), raw)


@functools.lru_cache(maxsize=2_048)
def read_strip(forms: CardForms, said: Personal, number: int) -> tuple[bytes, ...]:
    """What stands around the links in the text of a card with this number."""
    position = str(number)
    form = forms.read(said.read_without)
    return _segments(form, {"position": quoted(position)}, {**said.read, "position": position})


def _segments(
    form: Form, encoded: Mapping[str, bytes], values: Mapping[str, str]
) -> tuple[bytes, ...]:
    filled = form.fill(Holes({**encoded, _LINK: b""}), values)
    segments: list[list[bytes]] = [[]]
    for piece, content in zip(form.pieces, filled, strict=True):
        if isinstance(piece, str) and _is_link(piece):
            segments.append([])
        else:
            segments[-1].append(content)
    return tuple(map(b"".join, segments))


def _is_link(hole: str) -> bool:
    return hole.removesuffix(IN_TAG) == _LINK
