"""What the ranking and the sources say, in the reader's language.

Reasons are written down in English when a digest is planned; here their sentences are known by
their form. One of a form that is not known stays as it is.
"""

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass

from digest.mail.prose import clean, cut
from digest.mail.wording import Wording, marked, marked_plural

REASON_CHARS = 160
_BETWEEN = " · "
_EVERYWHERE = "trending everywhere: "
_COUNT = r"(?P<count>[\d,]+)"

_NOUNS = {
    "votes": marked_plural("%(count)s vote", "%(count)s votes"),
    "points": marked_plural("%(count)s point", "%(count)s points"),
    "likes": marked_plural("%(count)s like", "%(count)s likes"),
    "comments": marked_plural("%(count)s comment", "%(count)s comments"),
    "stars": marked_plural("%(count)s star", "%(count)s stars"),
    "GitHub stars": marked_plural("%(count)s GitHub star", "%(count)s GitHub stars"),
    "citations": marked_plural("%(count)s citation", "%(count)s citations"),
}
_NOUN = "|".join(f"{noun}|{noun[:-1]}" for noun in sorted(_NOUNS, key=len, reverse=True))

# Each form, and the message that says it with the groups of the form.
_FORMS = tuple(
    (re.compile(pattern), message)
    for pattern, message in (
        (r"to explore: (?P<rest>.+)", marked("to explore: %(rest)s")),
        (r"trending everywhere: (?P<rest>.+)", marked("trending everywhere: %(rest)s")),
        (r"matches (?P<what>“.+”) of (?P<wish>“.+”)", marked("matches %(what)s of %(wish)s")),
        (r"matches (?P<what>“.+”)", marked("matches %(what)s")),
        (r"close in meaning to (?P<what>“.+”)", marked("close in meaning to %(what)s")),
        (r"by (?P<name>.+), an author you follow", marked("by %(name)s, an author you follow")),
        (
            r"by (?P<name>.+), maybe an author you follow",
            marked("by %(name)s, maybe an author you follow"),
        ),
        (r"like (?P<what>“.+”), which you liked", marked("like %(what)s, which you liked")),
        (r"like (?P<what>“.+”), which you voted for", marked("like %(what)s, which you voted for")),
        (r"like (?P<what>“.+”), which you opened", marked("like %(what)s, which you opened")),
        (r"like (?P<what>“.+”), in your library", marked("like %(what)s, in your library")),
        (r"established: (?P<rest>.+)", marked("established: %(rest)s")),
        (r"(?P<rest>.+), the most in (?P<area>\S+)", marked("%(rest)s, the most in %(area)s")),
        (r"rising: (?P<rest>.+) since yesterday", marked("rising: %(rest)s since yesterday")),
        (r"rising: (?P<rest>.+) in (?P<n>\d+) h", marked("rising: %(rest)s in %(n)s h")),
        (r"rising: (?P<rest>.+) in (?P<n>\d+) days", marked("rising: %(rest)s in %(n)s days")),
        (r"(?P<n>\d+) days old, no votes yet", marked("%(n)s days old, no votes yet")),
        (r"new on (?P<source>.+)", marked("new on %(source)s")),
        (r"new", marked("new")),
        (r"in (?P<category>.+)", marked("in %(category)s")),
        (r"(?P<source>.+) could not be read", marked("%(source)s could not be read")),
        (r"(?P<source>.+) asked us to wait", marked("%(source)s asked us to wait")),
        (
            r"(?P<source>.+) could only be read in part",
            marked("%(source)s could only be read in part"),
        ),
        (r"(?P<source>.+) oddly listed nothing", marked("%(source)s oddly listed nothing")),
    )
)
_STOOD_IN = re.compile(r"(?P<trouble>.+); (?P<other>[^;]+) stood in")
_COUNTED = re.compile(
    rf"(?:(?P<before>[\d,]+) → )?{_COUNT} (?P<noun>{_NOUN})(?: on (?P<where>.+))?"
)
_QUOTED = re.compile("“([^”]*)”")
_BETWEEN_QUOTED = re.compile("(?<=”), (?=“)")
# What a card need not count again where its reason does, by the name of the card's section.
_COUNTS = {
    "votes": re.compile(r"[\d,]+ (?:vote|point|like)s?\b"),
    "comments": re.compile(r"[\d,]+ comments?\b"),
    "stars": re.compile(r"[\d,]+ (?:GitHub )?stars?\b"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why a paper is in a digest, as a line; `counts` is what it says the number of: "votes",
    "comments", "stars"."""

    line: str
    counts: frozenset[str]


@functools.lru_cache(maxsize=8192)
def why(reason: str, wording: Wording, *, heading_says_everywhere: bool = False) -> Why:
    """A reason as a line: clean, cut, with a capital. What a heading says is not said again."""
    tidy = clean(reason)
    if heading_says_everywhere:
        tidy = tidy.removeprefix(_EVERYWHERE)
    said = _BETWEEN.join(_said(part, wording) for part in tidy.split(_BETWEEN))
    line = cut(_quoted(said, wording), REASON_CHARS)
    own = _QUOTED.sub("", tidy)
    return Why(
        line=line[:1].upper() + line[1:],
        counts=frozenset(name for name, form in _COUNTS.items() if form.search(own)),
    )


def trouble(line: str, wording: Wording) -> str:
    """What a source did not give, as a sentence without its full stop."""
    tidy = clean(line).rstrip(".")
    if found := _STOOD_IN.fullmatch(tidy):
        message = wording.gettext("%(trouble)s; %(other)s stood in")
        return message % {"trouble": _said(found["trouble"], wording), "other": found["other"]}
    return _said(tidy, wording)


def _said(part: str, wording: Wording) -> str:
    """One sentence in the language; sentences inside it, too."""
    for form, message in _FORMS:
        if found := form.fullmatch(part):
            values = found.groupdict()
            if "rest" in values:
                values["rest"] = _said(values["rest"], wording)
            if what := values.get("what"):
                values["what"] = wording.listed(_BETWEEN_QUOTED.split(what))
            return wording.gettext(message) % values
    return _counted(part, wording)


def _quoted(line: str, wording: Wording) -> str:
    """A line with the quotation marks of the language."""
    marks = wording.gettext("“%(quoted)s”")
    return _QUOTED.sub(lambda found: marks % {"quoted": found[1]}, line)


def _counted(part: str, wording: Wording) -> str:
    found = _COUNTED.fullmatch(part)
    if found is None:
        return part
    noun = found["noun"]
    number: Callable[[str], int] = lambda digits: int(digits.replace(",", ""))  # noqa: E731
    counted = wording.counted(
        *_NOUNS[noun if noun in _NOUNS else f"{noun}s"], number(found["count"])
    )
    if found["before"]:
        counted = f"{wording.number(number(found['before']))} → {counted}"
    if found["where"]:
        counted = wording.gettext("%(counted)s on %(place)s") % {
            "counted": counted,
            "place": found["where"],
        }
    return counted
