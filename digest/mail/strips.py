"""Cards as strips: all that a card says to readers to whom it says the same, encoded, cut where its
links to judge the paper stand. A message puts its own link in between."""

import functools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from digest.core.feedback import choice_path
from digest.core.places import Section
from digest.mail.forms import IN_TAG, CannotBeJoined, Form, Holes, Line, markup_form, text_form
from digest.mail.inline import split
from digest.mail.personal import Personal, in_words
from digest.mail.quoted import quoted
from digest.mail.sections import steps
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


class Strip(NamedTuple):
    """A card, encoded: what stands before its first link, which is long and never copied before
    the message is, and what then stands between links and behind them, first nothing; of how many
    bytes all that was made, and how many links there are."""

    start: bytes
    rest: tuple[bytes, ...]
    raw_bytes: int
    links: int


class Told(NamedTuple):
    """A card as it is for all to whom it says the same: its forms, what it says, its strip, and
    that of its text, which has its number."""

    forms: CardForms
    said: Personal
    strip: Strip
    read: Strip


def told(papers: Sequence[DigestPaper], wording: Wording) -> list[Told]:
    """The cards of papers, in order, numbered from 1 on."""
    return [
        _told(card.html, card.text, reason, section, *steps(section, match, trend), number, wording)
        for number, (card, _, reason, _, section, match, trend) in enumerate(papers, 1)
    ]


# What is said to many readers, by each number that a card has in their digests.
@functools.lru_cache(maxsize=8_192)
def _told(
    html: str,
    text: str,
    reason: str,
    section: Section,
    match: int,
    trend: int,
    number: int,
    wording: Wording,
) -> Told:
    forms, said = _card_forms(html, text), in_words(reason, section, match, trend, wording)
    return Told(forms, said, _shown_strip(forms, said, ""), _read_strip(forms, said, number))


def links(papers: Sequence[DigestPaper], base: str) -> tuple[list[bytes], list[int]]:
    """The links to judge papers, encoded, and the bytes of each before that."""
    start, many = quoted(base), len(base.encode())
    ends = [_end(paper.position) for paper in papers]
    return [start + end for end, _ in ends], [many + size for _, size in ends]


@functools.lru_cache(maxsize=256)
def _end(position: int) -> tuple[bytes, int]:
    end = choice_path("", position)
    return quoted(end), len(end)


def measured(
    cards: Sequence[Told], link_bytes: Sequence[int], left_out: str
) -> tuple[list[Strip], list[int]]:
    """Cards as strips, and the bytes of each with its links and the line break behind it."""
    strips = [
        _shown_strip(card.forms, card.said, left_out) if left_out else card.strip for card in cards
    ]
    sizes = [
        raw_bytes + many * size + 1
        for (_, _, raw_bytes, many), size in zip(strips, link_bytes, strict=True)
    ]
    return strips, sizes


# What is said to many readers; 2 to 5 kB each.
@functools.lru_cache(maxsize=2_048)
def _shown_strip(forms: CardForms, said: Personal, left_out: str) -> Strip:
    form = forms.shown(said.shown_without, left_out)
    raw = form.raw_bytes + sum(said.sizes[h] for h in form.holes if not _is_link(h))
    return _strip(form, raw, said.encoded, {})


def _read_strip(forms: CardForms, said: Personal, number: int) -> Strip:
    """The text of a card with this number."""
    position = str(number)
    form = forms.read(said.read_without)
    values = {**said.read, "position": position}
    return _strip(form, 0, {"position": quoted(position)}, values)


def _strip(
    form: Form, raw_bytes: int, encoded: Mapping[str, bytes], values: Mapping[str, str]
) -> Strip:
    filled = form.fill(Holes({**encoded, _LINK: b""}), values)
    segments: list[list[bytes]] = [[]]
    for piece, content in zip(form.pieces, filled, strict=True):
        if isinstance(piece, str) and _is_link(piece):
            segments.append([])
        else:
            segments[-1].append(content)
    start, *rest = map(b"".join, segments)
    return Strip(start, (b"", *rest), raw_bytes, len(rest))


def _is_link(hole: str) -> bool:
    return hole.removesuffix(IN_TAG) == _LINK
