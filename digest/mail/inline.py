"""Mail templates compiled once: CSS inlined by premailer, personal places left open as holes.

A hole is U+E000 name U+E001; what stands between the marks `+name` and `-name` is a section that
can be left out. Both characters are for private use and `clean` takes them out of everything that
comes from outside, so nothing untrusted can open a hole.
"""

import functools
import logging
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import lxml.html
from lxml import etree
from markupsafe import Markup, escape
from premailer import Premailer

from digest.core.errors import ConfigError

_OPEN, _CLOSE = "\ue000", "\ue001"
_MARK = re.compile(f"{_OPEN}([^{_OPEN}{_CLOSE}]*){_CLOSE}")
_CLASS_IN_CSS = re.compile(r"\.([A-Za-z][\w-]*)")
_DOCUMENT = re.compile(r"(?i)\s*<!doctype")
_OPTIONS: Mapping[str, Any] = {
    "disable_leftover_css": True,
    "disable_validation": True,  # cssutils does not know mso-* properties
    "disable_basic_attributes": ["align", "bgcolor", "height", "valign", "width"],
    "allow_network": False,
    "cssutils_logging_level": logging.CRITICAL,
}


def hole(name: str) -> str:
    """The mark of a place that is filled per message."""
    return f"{_OPEN}{name}{_CLOSE}"


def section(name: str, content: str) -> str:
    """`content` between the marks of a section, which may be left out of a message."""
    return f"{_OPEN}+{name}{_CLOSE}{content}{_OPEN}-{name}{_CLOSE}"


@dataclass(frozen=True, slots=True)
class _Section:
    name: str
    pieces: "tuple[_Piece, ...]"


@dataclass(frozen=True, slots=True)
class Hole:
    """A place that is filled per message; `in_tag` in the value of an attribute."""

    name: str
    in_tag: bool = False

    @property
    def mark(self) -> str:
        return hole(self.name)


_Piece = str | Hole | _Section


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fragment:
    """A compiled piece of mail, split at its marks. `markup` says whether values are escaped;
    `names` are those of its holes and sections, in order."""

    pieces: tuple[_Piece, ...]
    markup: bool
    holes: frozenset[str]
    names: tuple[str, ...]

    def fill(self, values: Mapping[str, str], without: Collection[str] = ()) -> str:
        """The text with every hole filled and the sections named in `without` left out.

        In markup, values are escaped unless they are `markupsafe.Markup`. Raises ConfigError
        for a hole that is given no value and for a value that has no hole.
        """
        if unknown := values.keys() - self.holes:
            raise ConfigError([f"the template has no place for {', '.join(sorted(unknown))}"])
        try:
            return "".join(self._filled(self.pieces, values, without))
        except KeyError as missing:
            raise ConfigError([f"nothing was given for {missing.args[0]} in a template"]) from None

    def fill_from(self, values: Mapping[str, str], without: Collection[str] = ()) -> str:
        """As `fill`, from values of which the template may leave some unused."""
        return self.fill({name: values[name] for name in self.holes & values.keys()}, without)

    def flat(self, without: Collection[str]) -> tuple[str | Hole, ...]:
        """Text and holes in order, without the sections named."""
        return tuple(_flat(self.pieces, without))

    def _filled(
        self, pieces: tuple[_Piece, ...], values: Mapping[str, str], without: Collection[str]
    ) -> Iterator[str]:
        for piece in pieces:
            match piece:
                case str():
                    yield piece
                case Hole(name, in_tag):
                    yield escaped(values[name], in_tag=in_tag) if self.markup else values[name]
                case _Section(name, inner) if name not in without:
                    yield from self._filled(inner, values, without)


def _flat(pieces: tuple[_Piece, ...], without: Collection[str]) -> Iterator[str | Hole]:
    for piece in pieces:
        if not isinstance(piece, _Section):
            yield piece
        elif piece.name not in without:
            yield from _flat(piece.pieces, without)


def escaped(value: str, *, in_tag: bool) -> str:
    """`value` as HTML, as lxml writes it, unless it is `markupsafe.Markup`. Attributes stand in
    double quotes: lxml has written them so."""
    if isinstance(value, Markup):
        return str(value)
    text = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;") if in_tag else text


@functools.lru_cache(maxsize=1024)
def split(marked: str, *, markup: bool) -> Fragment:
    """A fragment from text with marks. Raises ConfigError where sections do not nest."""
    stack: list[tuple[str, list[_Piece]]] = [("", [])]
    holes, sections = set(), set()
    in_tag = False
    # With one group in the pattern, every second piece is the inside of a mark.
    for number, piece in enumerate(_MARK.split(marked)):
        pieces = stack[-1][1]
        if not number % 2:
            if piece:
                pieces.append(piece)
            if "<" in piece or ">" in piece:
                in_tag = markup and piece.rfind("<") > piece.rfind(">")
        elif piece.startswith("+"):
            stack.append((piece[1:], []))
        elif piece.startswith("-"):
            name, inner = stack.pop()
            if name != piece[1:] or not stack:
                raise ConfigError([f"the section {piece[1:]} of a template ends where none began"])
            stack[-1][1].append(_Section(name, tuple(inner)))
            sections.add(name)
        else:
            holes.add(piece)
            pieces.append(Hole(piece, in_tag))
    if len(stack) > 1:
        raise ConfigError([f"the section {stack[-1][0]} of a template does not end"])
    return Fragment(
        pieces=tuple(stack[0][1]),
        markup=markup,
        holes=frozenset(holes),
        names=tuple(sorted(holes | sections)),
    )


def class_names(css: str) -> frozenset[str]:
    """The classes that a style sheet speaks of."""
    return frozenset(_CLASS_IN_CSS.findall(css))


_Rules = tuple[list[tuple[Any, ...]], list[Any]]


class Inliner(Premailer):  # type: ignore[misc]
    """Premailer, which would read the rules of a style sheet anew for every card: nine tenths of
    its time, where all cards have the same one."""

    def _parse_style_rules(self, css_body: str, ruleset_index: int) -> _Rules:
        rules, leftover = _rules_of(css_body, ruleset_index)
        return list(rules), list(leftover)


@functools.lru_cache(maxsize=16)
def _rules_of(css: str, index: int) -> _Rules:
    rules: _Rules = Premailer("", **_OPTIONS)._parse_style_rules(css, index)
    return rules


def inline(
    source: str,
    css: str,
    keep_classes: Collection[str] = (),
    *,
    premailer: Callable[..., Premailer] = Inliner,
) -> str:
    """`source`, a document or a fragment of HTML, with `css` written into its style attributes.

    Marks survive, in attributes too. A `<style data-premailer="ignore">` in the head stays as it
    is. Classes are dropped, they have done their work, except `keep_classes`.
    """
    shielded, marks, stand_in = _shielded(source)
    is_document = bool(_DOCUMENT.match(shielded))
    root = (
        lxml.html.document_fromstring(shielded)
        if is_document
        else lxml.html.fragment_fromstring(shielded, create_parent="div")
    )
    premailer(root, css_text=css, **_OPTIONS).transform()
    _drop_classes(root, keep_classes)
    text = _document(root) if is_document else _inner(root)
    return re.sub(rf"{stand_in}(\d+)x", lambda found: marks[int(found[1])], text)


def _shielded(source: str) -> tuple[str, list[str], str]:
    """The source with its marks as plain ASCII words, which no HTML writer percent-encodes."""
    stand_in = "hole"
    while stand_in in source:
        stand_in += "o"
    marks: list[str] = []

    def shield(found: re.Match[str]) -> str:
        marks.append(found[0])
        return f"{stand_in}{len(marks) - 1}x"

    return _MARK.sub(shield, source), marks, stand_in


def _drop_classes(root: lxml.html.HtmlElement, kept: Collection[str]) -> None:
    for element in root.iter(etree.Element):
        names = element.attrib.pop("class", "").split()
        if hooks := [name for name in names if name in kept]:
            element.set("class", " ".join(hooks))


def _document(root: lxml.html.HtmlElement) -> str:
    return str(lxml.html.tostring(root, encoding="unicode", doctype="<!DOCTYPE html>"))


def _inner(root: lxml.html.HtmlElement) -> str:
    inner = "".join(lxml.html.tostring(child, encoding="unicode") for child in root)
    return str(escape(root.text or "")) + inner
