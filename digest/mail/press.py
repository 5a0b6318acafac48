"""Digests made of pieces that are encoded once for all readers: what `Renderer.digest` and
`wire.compose` make, after decoding byte for byte. A theme whose templates put cards or links where
pieces cannot be joined is left to these two."""

import functools
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

from digest.mail.body import Body
from digest.mail.forms import ONE_READERS, CannotBeJoined
from digest.mail.quoted import quoted
from digest.mail.sections import Part, fitting, parts
from digest.mail.setting import Setting, Value, value_of
from digest.mail.strips import Strip, Told, links, measured, told
from digest.mail.templates import Shell
from digest.mail.view import DigestPaper
from digest.mail.wording import Wording

_TEXT_GAP, _HTML_GAP = quoted("\n\n\n"), quoted("\n")
# Values that many readers share, but in so many ways that settings are not made of them.
_MANY_READERS = ("subject", "title", "preheader", "standfirst", "subscribed_on")
_OWN = (*sorted(ONE_READERS), *_MANY_READERS)
_own = itemgetter(*_OWN)
_value_again = functools.lru_cache(maxsize=2_048)(value_of)


class Printed(NamedTuple):
    """A digest's parts, encoded: lines of quoted-printable that end with CRLF, in pieces. They are
    joined when all of the message is there."""

    subject: str
    text: Sequence[bytes]
    html: Sequence[bytes]


class Press:
    """Prints digests in one language; `names` are those of the holes that templates have."""

    def __init__(self, shell: Shell, body: Body, wording: Wording, names: Sequence[str]) -> None:
        self._shell, self._body, self._wording = shell, body, wording
        self._names = sorted({*names} - {*_OWN, "cards", "more"})
        self._same = itemgetter(*self._names)
        self._setting = functools.lru_cache(maxsize=256)(self._set)
        self._heading = functools.lru_cache(maxsize=32)(self._encoded_heading)

    def print(
        self, values: Mapping[str, str], papers: Sequence[DigestPaper], feedback_base: str
    ) -> Printed | None:
        """A digest with at least one paper; all as for `Body.fill`, with the subject among the
        values. None where the templates do not allow it."""
        try:
            return self._printed(values, papers, feedback_base)
        except CannotBeJoined:
            return None

    def _printed(
        self, values: Mapping[str, str], papers: Sequence[DigestPaper], feedback_base: str
    ) -> Printed:
        sections = parts(papers)
        ordered = [paper for part in sections for paper in part.papers]
        cards = told(ordered, self._wording)
        to_judge, link_bytes = links(ordered, feedback_base)
        own = _own_values(values)
        setting = self._setting(self._same(values), *map(bool, _own(values)))
        frame_bytes = setting.bare_bytes(own) + self._body.frame_bytes
        strips, left = fitting(functools.partial(measured, cards, link_bytes), frame_bytes)
        if left:
            sections = parts(ordered[: len(strips)])
        around = setting.around(self._body.more(left))
        html, text = self._pieces(sections, cards, strips, to_judge)
        before, behind, text_before, text_behind = [side.filled(own, values) for side in around]
        return Printed(
            subject=values["subject"],
            text=[*text_before, *text, *text_behind],
            html=[*before, *html, *behind],
        )

    def _set(self, same: Sequence[str], *own: bool) -> Setting:
        values = dict(zip(self._names, same, strict=True))
        said = {**values, **dict(zip(_OWN, own, strict=True))}
        without = frozenset(name for name in said if not said[name])
        assert self._shell.html is not None
        return Setting(self._shell.html, self._shell.text, values, without)

    def _pieces(
        self,
        sections: Sequence[Part],
        cards: Sequence[Told],
        strips: Sequence[Strip],
        links: Sequence[bytes],
    ) -> tuple[list[bytes], list[bytes]]:
        """The cards under their headings, as HTML and as text."""
        html: list[bytes] = []
        text: list[bytes] = []
        number = 0
        for section in sections:
            if section.heading:
                heading = self._heading(section.heading)
                html += (heading[0], _HTML_GAP)
                text += (heading[1], _TEXT_GAP)
            for _ in section.papers:
                shown, link, read = strips[number], links[number], cards[number].read
                number += 1
                html += (shown.start, link.join(shown.rest), _HTML_GAP)
                text += (read.start, link.join(read.rest), _TEXT_GAP)
        return html[:-1], text[:-1]

    def _encoded_heading(self, heading: str) -> tuple[bytes, bytes]:
        """A heading in the HTML and in the text."""
        return quoted(self._body.heading(heading)), quoted(self._body.text_heading(heading))


def _own_values(values: Mapping[str, str]) -> dict[str, Value]:
    own = {name: value_of(values[name]) for name in ONE_READERS}
    for name in _MANY_READERS:
        own[name] = _value_again(values[name])
    return own
