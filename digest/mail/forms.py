"""Pieces of mail with their holes, encoded for transfer once: a message fills and joins them."""

import functools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from digest.mail.inline import Fragment, Hole, escaped
from digest.mail.prose import COLUMNS, columns
from digest.mail.quoted import quoted
from digest.mail.templates import MANY_BLANK_LINES, inert, wrapped_line

# A line that holds a link and nothing behind it is never wrapped (`templates.wrapped`).
_LINK_STARTS = re.compile(r"\s*[^:]{0,60}: ")
_LINK_HOLE = re.compile(r"feedback|\w+_url")
_MARK = re.compile("\ue000([^\ue000\ue001]*)\ue001")
# A reader's own word that a line takes for one of its own, and what stands for each letter of it:
# one of a script that nobody has written since the Bronze Age, as wide as they are.
_WORD = re.compile(r"\w[\w.+@-]{,38}", re.ASCII)
_BLANK, _BLANKS = "\U00010380", re.compile("\U00010380+")
# No digest has more papers than two digits count.
_POSITION, _POSITION_COLUMNS = "position", 2
_CARDS = "cards"
IN_TAG = '"'
# What one reader alone is told is not kept for the next.
ONE_READERS = frozenset(("email", "browser_url", "pause_url", "preferences_url", "unsubscribe_url"))


class CannotBeJoined(Exception):
    """A template has its cards or its links to judge a paper in a place of their own making."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text that is wrapped when it is filled: words and names of holes in turn, words
    first, and what ends it."""

    parts: tuple[str, ...]
    end: str

    def fill(self, values: Mapping[str, str]) -> bytes:
        """The line, encoded."""
        said = [values[p] if n % 2 else p for n, p in enumerate(self.parts)]
        places = _own_places(self.parts)
        if not places:
            return _line("".join(said), self.end)
        own = [said[place] for place in places]
        if all(map(_WORD.fullmatch, own)):
            lengths = tuple(map(len, own))
            for place, length in zip(places, lengths, strict=True):
                said[place] = _BLANK * length
            if around := _laid("".join(said), self.end, lengths):
                return around[0] + b"".join(
                    [quoted(w) + r for w, r in zip(own, around[1:], strict=True)]
                )
            for place, word in zip(places, own, strict=True):
                said[place] = word
        return _line.__wrapped__("".join(said), self.end)

    def given(self, values: Mapping[str, str]) -> "Line":
        """The line with those of its holes filled that have a value."""
        parts = list(self.parts[:1])
        for name, words in zip(self.parts[1::2], self.parts[2::2], strict=True):
            if name in values:
                parts[-1] += values[name] + words
            else:
                parts += [name, words]
        return Line(tuple(parts), self.end)

    @property
    def holes(self) -> tuple[str, ...]:
        return self.parts[1::2]


@functools.lru_cache(maxsize=8_192)
def _line(text: str, end: str) -> bytes:
    return quoted(wrapped_line(text) + end)


@functools.lru_cache(maxsize=256)
def _own_places(parts: tuple[str, ...]) -> tuple[int, ...]:
    """Where a line says what one reader alone is told."""
    return tuple(n for n in range(1, len(parts), 2) if parts[n] in ONE_READERS)


# Where a line breaks depends on how long a reader's own words are: not on which they are.
@functools.lru_cache(maxsize=4_096)
def _laid(text: str, end: str, lengths: tuple[int, ...]) -> tuple[bytes, ...]:
    """A line with blanks for a reader's own words of these lengths, encoded: what stands around
    them; nothing where two of them touch or a line breaks within one."""
    line = wrapped_line(text) + end
    if tuple(map(len, _BLANKS.findall(line))) != lengths:
        return ()
    return tuple(map(quoted, _BLANKS.split(line)))


_Value = TypeVar("_Value")


class Holes(dict[str, _Value]):
    """What holes are filled with, by name: in a tag the same as outside, where nothing else is
    there for it."""

    def __missing__(self, name: str) -> _Value:
        if not name.endswith(IN_TAG):
            raise KeyError(name)
        return self[name.removesuffix(IN_TAG)]


def is_html(value: str) -> bool:
    """Whether HTML says a value as it is, and no relay takes it for a placeholder."""
    # Six searches for a byte take a third of the time of one for a class.
    return not (
        "&" in value or "<" in value or ">" in value or '"' in value or "{" in value or "%" in value
    )


def html_values(values: Mapping[str, str]) -> dict[str, str]:
    """Values as HTML, also for holes in tags where that is something else."""
    shown = dict(values)
    for name, value in values.items():
        if is_html(value):
            continue
        shown[name] = inert(escaped(value, in_tag=False))
        if IN_TAG in value:
            shown[name + IN_TAG] = inert(escaped(value, in_tag=True))
    return shown


Piece = bytes | str | Line


@dataclass(frozen=True, slots=True)
class Form:
    """Encoded pieces and the names of holes between them; that of a hole in a tag ends with a
    double quote, for what it is filled with must have none. `raw_bytes` is the size of the text
    alone before it was encoded, in UTF-8; `holes` are all holes, each as often as it is there."""

    pieces: tuple[Piece, ...]
    raw_bytes: int
    holes: tuple[str, ...]

    def fill(self, encoded: Mapping[str, bytes], values: Mapping[str, str]) -> list[bytes]:
        """The pieces of a message: holes from `encoded`, lines from `values`."""
        return [
            piece
            if type(piece) is bytes
            else encoded[piece]
            if type(piece) is str
            else piece.fill(values)  # type: ignore[union-attr]
            for piece in self.pieces
        ]


def markup_form(fragment: Fragment, without: Collection[str], *, ended: bool = False) -> Form:
    """A fragment of HTML without the sections named; `ended` gives it the end of its last line."""
    turns = list(_in_turn(fragment.flat(without)))
    if ended:
        last, name = turns.pop() if not turns[-1][1] else ("", "")
        turns.append((last.rstrip("\r\n") + "\n", name))
    texts = [(inert(text), name) for text, name in turns]
    pieces = [piece for text, name in texts for piece in (quoted(text), name) if piece]
    return Form(
        tuple(pieces),
        sum(len(text.encode()) for text, _ in texts),
        tuple(name for _, name in texts if name),
    )


def text_form(fragment: Fragment, without: Collection[str], *, ended: bool = False) -> Form:
    """A fragment of the text part without the sections named, wrapped as `templates.wrapped` would
    after filling; `ended` gives it the end of its last line."""
    marked = "".join(p.mark if isinstance(p, Hole) else p for p in fragment.flat(without))
    marked = marked.strip() if ended else marked.strip("\n")
    lines = [line if "\ue000" in line else wrapped_line(line) for line in marked.split("\n")]
    joined = MANY_BLANK_LINES.sub("\n\n\n", "\n".join(lines)) + ("\n" if ended else "")
    pieces: list[Piece] = []
    still: list[str] = []
    for line in joined.splitlines(keepends=True):
        if "\ue000" not in line:
            still.append(line)
            continue
        pieces += [*_encoded(still), *_live(line)]
        still.clear()
    pieces += _encoded(still)
    return Form(tuple(pieces), 0, ())


def _encoded(lines: Sequence[str]) -> list[bytes]:
    return [quoted("".join(lines))] if lines else []


def _live(line: str) -> Iterator[Piece]:
    """A line with holes: as pieces where filling it cannot make it wrap, else to be wrapped."""
    body = line.rstrip("\n")
    end = line[len(body) :]
    parts = _MARK.split(body)
    if not _stays_whole(parts):
        yield Line(tuple(parts), end)
        return
    for number, part in enumerate(parts):
        if number % 2:
            yield part
        elif text := part + (end if number == len(parts) - 1 else ""):
            yield quoted(text)


def _stays_whole(parts: Sequence[str]) -> bool:
    if len(parts) != 3:
        return False
    before, name, behind = parts
    if name == _CARDS:
        return True
    if name == _POSITION:
        return not before and columns(behind) + _POSITION_COLUMNS <= COLUMNS
    is_link = _LINK_HOLE.fullmatch(name) and _LINK_STARTS.fullmatch(before)
    return bool(is_link) and not re.search(r"\s", behind)


def _in_turn(pieces: Sequence[str | Hole]) -> Iterator[tuple[str, str]]:
    """Text and the name of the hole behind it, which is empty at the end."""
    text = ""
    for piece in pieces:
        if isinstance(piece, Hole):
            yield text, piece.name + IN_TAG * piece.in_tag
            text = ""
        else:
            text += piece
    yield text, ""
