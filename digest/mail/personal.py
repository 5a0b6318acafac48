"""What a card says to one reader: why it is there, how well it matches, how it trends. Pure."""

import functools
from dataclasses import dataclass

from digest.core.places import Section
from digest.mail.forms import Holes, html_values
from digest.mail.prose import kept_together
from digest.mail.quoted import quoted
from digest.mail.reasons import why
from digest.mail.sections import STEPS, steps
from digest.mail.view import DigestPaper
from digest.mail.wording import Wording

_FULL, _EMPTY = "●", "○"


@dataclass(frozen=True, kw_only=True, eq=False)
class Personal:
    """The values of a card's personal holes, but for links and position, as they are shown and as
    they are read aloud; `without` are the sections that have nothing to say, of each part."""

    shown: dict[str, str]
    read: dict[str, str]
    shown_without: frozenset[str]
    read_without: frozenset[str]

    @functools.cached_property
    def encoded(self) -> Holes[bytes]:
        """What is shown, as HTML encoded for transfer; a position is not shown."""
        return Holes({name: quoted(value) for name, value in self._html.items()})

    @functools.cached_property
    def sizes(self) -> Holes[int]:
        """The bytes of what is shown, as HTML before it is encoded."""
        return Holes({name: len(value.encode()) for name, value in self._html.items()})

    @property
    def _html(self) -> dict[str, str]:
        return html_values({**self.shown, "position": ""})


def personal(paper: DigestPaper, wording: Wording) -> Personal:
    """What this paper says to its reader; the same for readers to whom it says the same."""
    marks = steps(paper.section, paper.relevance, paper.trend)
    return in_words(paper.reason, paper.section, *marks, wording)


# What is said to many readers; with all that is made of it some 3 kB each.
@functools.lru_cache(maxsize=4_096)
def in_words(reason: str, section: Section, match: int, trend: int, wording: Wording) -> Personal:
    """What a paper in a section says with so many steps."""
    everywhere = section is Section.EVERYWHERE
    said = why(reason, wording, heading_says_everywhere=everywhere)
    matches, trends = _counted(match, wording), _counted(trend, wording)
    aloud = {"match_aloud": matches, "trend_aloud": trends}
    shown = {
        "reason": kept_together(said.line),
        "match": _drawn(match),
        "trend": _drawn(trend),
        **aloud,
    }
    read = {
        "reason": _read_aloud(said.line, wording),
        "match": matches,
        "trend": trends,
        **aloud,
    }
    silent = frozenset(name for name, value in shown.items() if not value)
    return Personal(
        shown=shown,
        read=read,
        # A line of growth stands beside the votes, wherever they are said.
        shown_without=silent | said.counts | (set() if "votes" in said.counts else {"spark"}),
        read_without=silent | said.counts,
    )


def _drawn(steps: int) -> str:
    return _FULL * steps + _EMPTY * (STEPS - steps) if steps else ""


def _counted(steps: int, wording: Wording) -> str:
    of = wording.gettext("%(steps)s of %(most)s")
    return of % {"steps": steps, "most": STEPS} if steps else ""


def _read_aloud(reason: str, wording: Wording) -> str:
    """A reason without signs that are for the eye."""
    to = wording.gettext("to")
    return reason.replace(" · ", "; ").replace(" → ", f" {to} ")
