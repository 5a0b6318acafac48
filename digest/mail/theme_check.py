"""What is wrong with a theme, found before anybody gets it."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from html.parser import HTMLParser
from itertools import product
from pathlib import Path

from digest.core.errors import ConfigError
from digest.core.messages import Content, MailKind
from digest.core.subscribers import Language
from digest.mail.prose import COLUMNS, columns
from digest.mail.render import Renderer
from digest.mail.sample import IDENTITY, MARKUP, sample_mails
from digest.mail.theme import FILE, Theme, load_theme

LEAST_CONTRAST = 4.5  # WCAG 2.2, 1.4.3
# What Gmail takes of a style sheet, and the HTML of digests of up to so many papers.
_MOST_STYLE_CHARS = 8_192
_MOST_BYTES = ((10, 80_000), (30, 100_000))
# Ink on what it lies on, in both schemes.
_PAIRS = (
    *product(("ink", "head", "soft", "accent", "link"), ("page",)),
    *product(("soft", "accent", "link"), ("tint",)),
    ("on_button", "button"),
)
_FORBIDDEN = frozenset(
    "script iframe object embed form input video audio canvas svg link base applet frame".split()
)
_VOID = frozenset(("br", "hr", "img", "meta"))
_LINK_LINE = re.compile(r"\s*\S.*: (?:https?://|mailto:)\S+|\s*(?:https?://|mailto:)\S+")


def problems(theme: Path, ours: Path) -> list[str]:
    """What is wrong with the theme of a folder, a line for each; empty when it can be used.

    Every kind of mail is made in every language, digests of 0 to 30 papers with odd texts among
    them, and looked at as mail programs would.
    """
    found = list(_strangers(theme, ours))
    try:
        renderer = Renderer([theme, ours], IDENTITY)
        renderer.check()
        found += _weak_contrasts(load_theme([theme, ours]))
        for language in Language:
            for name, content in sample_mails(renderer, language):
                found += (f"{name} ({language}): {line}" for line in _troubles(name, content))
    except ConfigError as error:
        found += error.mistakes
    return list(dict.fromkeys(found))


def _strangers(theme: Path, ours: Path) -> Iterator[str]:
    """Files that stand before none of ours: most often a name with a mistake in it."""
    known = [path.relative_to(ours).as_posix() for path in ours.rglob("*") if path.is_file()]
    known += [f"locales/{language}.po" for language in Language]
    for path in sorted(theme.rglob("*")):
        name = path.relative_to(theme).as_posix()
        is_template = path.is_file() and name.split("/")[0] in ("mail", "web", "locales")
        if (is_template or path.suffix == ".toml") and name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f", did you mean {near[0]}?" if near else ""
            yield f"{name}: no template includes this unless one of yours does{hint}"


def _weak_contrasts(theme: Theme) -> Iterator[str]:
    for scheme, colours in (("light", theme.light), ("dark", theme.dark)):
        for ink, ground in _PAIRS:
            found = contrast(colours[ink], colours[ground])
            if found < LEAST_CONTRAST:
                yield (
                    f"{FILE}: {scheme}.{ink} on {scheme}.{ground} has a contrast of {found:.1f}, "
                    f"at least {LEAST_CONTRAST} is needed to read it"
                )


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours such as #1d4f91, from 1 to 21 (WCAG 2.2)."""
    dark, light = sorted(map(_luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


# What carries a layout elsewhere, and is dropped by Word's engine and by some web mail.
_NOT_IN_OUTLOOK = re.compile(
    r"(?i)(?:^|;)\s*(?:display\s*:\s*(?:inline-)?(?:flex|grid)|position\s*:\s*\w+|float\s*:\s*\w+"
    r"|background-image\s*:)|\b(?:var|calc)\("
)


class _Page(HTMLParser):
    """The elements of a mail, what is linked and shown, and its style sheets."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.shown: list[str] = []
        self.style = ""
        self.balanced = True
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.balanced &= bool(self.open) and self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            self.style += data
        elif "head" not in self.open:
            self.shown.append(data)

    def attributes(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def links(self) -> set[str]:
        return {attributes.get("href", "") for attributes in self.attributes("a")}


def _troubles(name: str, content: Content) -> Iterator[str]:
    wide = (line for line in content.text.splitlines() if columns(line) > COLUMNS)
    if line := next((line for line in wide if not _LINK_LINE.fullmatch(line)), ""):
        yield f"a line of the text is wider than {COLUMNS} columns: {line[:40]}…"
    if name == MailKind.REPLY:
        return
    page = _Page(content.html)
    yield from _of_structure(page)
    yield from _of_styles(page)
    yield from _of_links(page, content.text)
    yield from _of_size(name, content.html)
    yield from _of_identity(page, content.text)
    if any(attributes.get("title") == "leak" for _, attributes in page.elements):
        yield f"text from outside is not escaped: {MARKUP[:30]}…"
    if "{{" in content.html or "{%" in content.html:
        yield "braces are left over in the HTML"


def _of_structure(page: _Page) -> Iterator[str]:
    tags = [tag for tag, _ in page.elements]
    if forbidden := sorted(_FORBIDDEN.intersection(tags)):
        yield f"mail programs drop or distrust {', '.join(forbidden)}"
    if any(name.startswith("on") for _, attributes in page.elements for name in attributes):
        yield "an attribute such as onclick runs in no mail program"
    if not page.balanced or page.open:
        yield "an element is not closed where it was opened"
    if tags.count("h1") != 1:
        yield f"there must be one h1, there are {tags.count('h1')}"
    if not all(a.get("role") == "presentation" for a in page.attributes("table")):
        yield 'a table for layout needs role="presentation"'
    if not any(a.get("lang") for a in page.attributes("html")) or "title" not in tags:
        yield "<html lang> and <title> are needed"
    if len(page.style) > _MOST_STYLE_CHARS or "url(" in page.style or "@import" in page.style:
        yield f"Gmail drops a style sheet with url() or of more than {_MOST_STYLE_CHARS} characters"
    for image in page.attributes("img"):
        if "alt" not in image or not image.get("width") or image.get("src", "")[:8] != "https://":
            yield "an image needs alt, width and an https address"


def _of_styles(page: _Page) -> Iterator[str]:
    styles = (attributes.get("style", "") for _, attributes in page.elements)
    if found := next(filter(None, map(_NOT_IN_OUTLOOK.search, styles)), None):
        yield f"Outlook does not know {found[0].strip(' ;')!r} in a style attribute"


def _of_links(page: _Page, text: str) -> Iterator[str]:
    for link in sorted(page.links):
        if not link.startswith(("https://", "mailto:")):
            yield f"a link leads to no https address: {link[:60]!r}"
        elif link not in text and not link.startswith("mailto:"):
            yield f"the text part lacks a link of the HTML: {link[:60]}"


def _of_size(name: str, html: str) -> Iterator[str]:
    size = int(name.removeprefix("digest of ")) if name.startswith("digest of ") else 0
    most = next(most for papers, most in _MOST_BYTES if size <= papers)
    if len(html.encode()) > most:
        yield f"{len(html.encode()):,} bytes of HTML are more than {most:,}: Gmail clips long mails"


def _of_identity(page: _Page, text: str) -> Iterator[str]:
    """Who sends, as the law asks, in both parts."""
    for part, said in (("HTML", " ".join(page.shown)), ("text", text)):
        if " ".join(IDENTITY.postal_address.split()) not in " ".join(said.split()):
            yield f"the {part} does not say the postal address"
