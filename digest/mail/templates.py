"""Mail templates: Jinja2 read once, compiled to fragments whose holes a message fills."""

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError, select_autoescape
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from digest.core.errors import ConfigError
from digest.core.messages import Content, MailKind
from digest.mail.inline import Fragment, class_names, hole, inline, section, split
from digest.mail.prose import COLUMNS, columns, cut, wrap
from digest.mail.theme import Theme
from digest.mail.wording import Wording

# Keeps the first words of the body out of the preview line: invisible, but taking up its room.
PREVIEW_FILLER = "\u034f\u200c\u00a0" * 60
SUBJECT_CHARS = 100
_LINK_LINE = re.compile(r"\s*[^:]{0,60}: (?:https?://|mailto:)\S+")
MANY_BLANK_LINES = re.compile(r"\n{4,}")
GAP_BETWEEN_TAGS = re.compile(r">\s*\n\s*<")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """The compiled triple of one kind of mail; `html` is None where a kind is text only."""

    subject: Fragment
    text: Fragment
    html: Fragment | None

    def fill(self, values: Mapping[str, str], for_text: Mapping[str, str] | None = None) -> Content:
        """The mail with these values; a section whose value is empty is left out.

        `for_text` holds what the text part says in other words than the HTML.
        """
        without = empty(values)
        html = self.html.fill_from(values, without) if self.html else ""
        return Content(
            subject=self.subject_line(values),
            text=wrapped(self.text.fill_from({**values, **(for_text or {})}, without)),
            html=inert(html),
        )

    def subject_line(self, values: Mapping[str, str]) -> str:
        return _subject(self.subject, values)

    def titled(self, title: str, values: Mapping[str, str]) -> tuple[str, str]:
        """A title, cut so that the subject with it has at most SUBJECT_CHARS, and that subject."""
        return _titled(self.subject, title, *[values.get(name) for name in self.subject.names])


def _subject(fragment: Fragment, values: Mapping[str, str]) -> str:
    return fragment.fill_from(values, empty(values)).strip()


# Many readers have the same strongest paper, and as many others.
@functools.lru_cache(maxsize=4_096)
def _titled(fragment: Fragment, title: str, *given: str | None) -> tuple[str, str]:
    """`given` are the values of the fragment's names, None where there is none."""
    named = zip(fragment.names, given, strict=True)
    values = {name: value for name, value in named if value is not None}
    room = SUBJECT_CHARS + 1 - len(_subject(fragment, {**values, "title": "x"}))
    short = cut(title, room)
    return short, _subject(fragment, {**values, "title": short})


class Templates:
    """The templates of a project in one language, those in the first directory that has them.

    Every mistake in one of them is a ConfigError that names the file.
    """

    def __init__(self, directories: Sequence[Path], wording: Wording, theme: Theme) -> None:
        # A theme is somebody's text: it reaches nothing but what it is given, and no loop of it
        # goes on for ever.
        self._jinja = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader([str(directory) for directory in directories]),
            autoescape=select_autoescape(("html",)),  # subjects and text parts are no markup
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        self._jinja.install_gettext_translations(  # type: ignore[attr-defined]
            wording.translations, newstyle=True
        )
        self._jinja.globals.update(when=_when, theme=theme, language=wording.language.value)
        self._css = self._source("mail/inline.css")
        self._head_css = self._source("mail/head.css")
        self._hooks = class_names(self._head_css)

    def shell(self, kind: MailKind, names: Sequence[str], required: Sequence[str]) -> Shell:
        """The compiled templates of one kind, with a hole for each of `names`.

        Raises ConfigError for a broken template and for a body that leaves out a `required` name.
        """
        holes: dict[str, object] = {name: hole(name) for name in names}
        context = {"head_css": Markup(self._head_css), "filler": PREVIEW_FILLER, **holes}  # noqa: S704
        folder = f"mail/{kind.value}"
        has_html = f"{folder}/body.html" in self._jinja.list_templates(extensions=["html"])
        shell = Shell(
            subject=split(self._render(f"{folder}/subject.txt", context), markup=False),
            text=split(self._render(f"{folder}/body.txt", context), markup=False),
            html=split(self.markup(f"{folder}/body.html", context), markup=True)
            if has_html
            else None,
        )
        for body in filter(None, (shell.text, shell.html)):
            if missing := [name for name in required if name not in body.holes]:
                raise ConfigError([f"{folder}: a body has no {{{{ {missing[0]} }}}}"])
        return shell

    def markup(self, name: str, context: Mapping[str, object]) -> str:
        """An HTML template rendered, inlined and freed of the space between its tags."""
        html = inline(self._render(name, context), self._css, self._hooks)
        return GAP_BETWEEN_TAGS.sub(">\n<", html)

    def plain(self, name: str, context: Mapping[str, object]) -> str:
        return self._render(name, context)

    def _render(self, name: str, context: Mapping[str, object]) -> str:
        try:
            return self._jinja.get_template(name).render(context)
        except TemplateError as error:
            raise ConfigError(
                [f"template {name}: {error.message or type(error).__name__}"]
            ) from None
        except (RecursionError, MemoryError, OverflowError) as error:
            raise ConfigError(
                [f"template {name}: it includes itself, or counts too far ({type(error).__name__})"]
            ) from None
        except (KeyError, TypeError, ValueError) as error:  # what a translation is filled with
            raise ConfigError(
                [f"template {name}: {error!r} in a text or its translation"]
            ) from None

    def _source(self, name: str) -> str:
        return self._render(name, {})


def empty(values: Mapping[str, str]) -> frozenset[str]:
    """The names whose value is empty."""
    return frozenset(name for name, value in values.items() if not value)


def _when(name: str, caller: Callable[[], str]) -> Markup:
    """For `{% call when("x") %}…{% endcall %}`: what is left out where x is empty."""
    return Markup(section(name, caller()))  # noqa: S704 (Jinja has escaped what the caller holds)


def inert(html: str) -> str:
    """`html` without anything that a relay or a list server takes for a placeholder of its own.

    It looks the same: only braces and per cent signs of untrusted text are written as references.
    """
    return (
        html.replace("{{", "&#123;&#123;").replace("{%", "&#123;%").replace("%(", "&#37;(")
        if "{{" in html or "{%" in html or "%(" in html
        else html
    )


def wrapped(text: str) -> str:
    """`text` with paragraphs of at most 72 columns; lines that hold one link stay whole."""
    lines = (wrapped_line(line) for line in text.strip().split("\n"))
    return MANY_BLANK_LINES.sub("\n\n\n", "\n".join(lines)) + "\n"


def wrapped_line(line: str) -> str:
    """One line of `wrapped`."""
    if columns(line) <= COLUMNS or _LINK_LINE.fullmatch(line):
        return line.rstrip()
    body = line.lstrip()
    return wrap(body, indent=" " * (len(line) - len(body)))
