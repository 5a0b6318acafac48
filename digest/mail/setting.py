"""What stands around the cards of a digest: encoded once for all readers who are told the same,
with holes for what is one reader's own."""

import functools
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, groupby
from typing import NamedTuple

from digest.mail.forms import (
    IN_TAG,
    CannotBeJoined,
    Line,
    Piece,
    html_values,
    is_html,
    markup_form,
    text_form,
)
from digest.mail.inline import Fragment
from digest.mail.quoted import quoted

_CARDS, _MORE = "cards", "more"
_READ, _SHOWN, _IN_TAG = range(3)


class Value(NamedTuple):
    """A value as text, as HTML, and as HTML in a tag: encoded, and its bytes before that."""

    encoded: tuple[bytes, bytes, bytes]
    sizes: tuple[int, int, int]


def value_of(text: str) -> Value:
    """A value in all ways that a digest may say it."""
    read, size = quoted(text), len(text if text.isascii() else text.encode())
    if is_html(text):
        return Value((read, read, read), (size, size, size))
    html = html_values({"": text})
    shown, in_tag = html[""], html.get(IN_TAG, html[""])
    sizes = (size, len(shown.encode()), len(in_tag.encode()))
    return Value((read, quoted(shown), quoted(in_tag)), sizes)


class _Hole(NamedTuple):
    """A place for a value, said in one of its ways."""

    name: str
    way: int


class Side(NamedTuple):
    """What stands on one side of the cards: pieces, and where in them holes and lines are."""

    pieces: tuple[bytes, ...]
    holes: tuple[tuple[int, str, int], ...]
    lines: tuple[tuple[int, Line], ...]

    def filled(self, own: Mapping[str, Value], texts: Mapping[str, str]) -> list[bytes]:
        """The pieces of a message with what is its reader's own: encoded, and for lines as text."""
        pieces = [*self.pieces]
        for place, name, way in self.holes:
            pieces[place] = own[name][0][way]
        for place, line in self.lines:
            pieces[place] = line.fill(texts)
        return pieces


class Around(NamedTuple):
    """What stands before and behind the cards, in the HTML and in the text."""

    before: Side
    behind: Side
    text_before: Side
    text_behind: Side


class Setting:
    """The frame of digests that say `values` around their cards, and leave out the sections named;
    what has no value here is one reader's own."""

    def __init__(
        self, html: Fragment, text: Fragment, values: Mapping[str, str], without: frozenset[str]
    ) -> None:
        self._html, self._text, self._without = html, text, without
        self._texts = values
        self._values = {name: value_of(value) for name, value in values.items()}
        bare = markup_form(html, without | {_CARDS, _MORE})
        holes = [_hole(hole) for hole in bare.holes]
        self._own_holes = [h for h in holes if h.name not in (*values, _CARDS, _MORE)]
        same = [hole for hole in holes if hole.name in values]
        self._same_bytes = bare.raw_bytes + _bytes(same, self._values)
        # Once for all papers, and for each number of those left out.
        self.around = functools.lru_cache(maxsize=32)(self._around)

    def bare_bytes(self, own: Mapping[str, Value]) -> int:
        """The bytes of the HTML without cards, before it is encoded."""
        return self._same_bytes + _bytes(self._own_holes, own)

    def _around(self, more: str) -> Around:
        """What stands around the cards; `more` says how many were left out, "" for none. Raises
        CannotBeJoined where they are not there once, as a piece."""
        without = self._without if more else self._without | {_MORE}
        html = markup_form(self._html, without, ended=True)
        text = text_form(self._text, without, ended=True)
        texts, values = {**self._texts, _MORE: more}, {**self._values, _MORE: value_of(more)}
        sides = [
            *_sides([_given(piece, texts, values, in_html=True) for piece in html.pieces]),
            *_sides([_given(piece, texts, values, in_html=False) for piece in text.pieces]),
        ]
        return Around(*sides)


def _bytes(holes: Iterable[_Hole], values: Mapping[str, Value]) -> int:
    return sum([values[name].sizes[way] for name, way in holes])


def _hole(name: str, *, in_html: bool = True) -> _Hole:
    if not in_html:
        return _Hole(name, _READ)
    return _Hole(name.removesuffix(IN_TAG), _IN_TAG if name.endswith(IN_TAG) else _SHOWN)


def _given(
    piece: Piece, texts: Mapping[str, str], values: Mapping[str, Value], *, in_html: bool
) -> bytes | Line | _Hole:
    """A piece with what all readers are told."""
    if isinstance(piece, bytes):
        return piece
    if isinstance(piece, Line):
        line = piece.given(texts)
        return line if line.holes else line.fill({})
    hole = _hole(piece, in_html=in_html)
    return values[hole.name].encoded[hole.way] if hole.name in values else hole


def _sides(pieces: Sequence[bytes | Line | _Hole]) -> tuple[Side, Side]:
    """What stands before and behind the cards."""
    cards = [isinstance(piece, _Hole) and piece.name == _CARDS for piece in pieces]
    in_lines = any(isinstance(piece, Line) and _CARDS in piece.holes for piece in pieces)
    if in_lines or cards.count(True) != 1:
        raise CannotBeJoined
    place = cards.index(True)
    return _side(pieces[:place]), _side(pieces[place + 1 :])


def _side(pieces: Iterable[bytes | Line | _Hole]) -> Side:
    """Pieces with those joined that are the same in all messages."""
    runs = groupby(pieces, lambda piece: isinstance(piece, bytes))
    joined = ([b"".join(run)] if still else run for still, run in runs)  # type: ignore[arg-type]
    placed = [*enumerate(chain.from_iterable(joined))]
    return Side(
        tuple(piece if isinstance(piece, bytes) else b"" for _, piece in placed),
        tuple((place, *piece) for place, piece in placed if isinstance(piece, _Hole)),
        tuple((place, piece) for place, piece in placed if isinstance(piece, Line)),
    )
