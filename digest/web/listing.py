"""Papers as a page lists them, and how the attention for one has grown."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from digest.core.editions import Edition
from digest.core.identifiers import PaperId
from digest.core.papers import Paper
from digest.mail.cards import CardFacts, card_facts, source_names
from digest.mail.reasons import why
from digest.pipeline import browse
from digest.store import editions, library
from digest.web.language import spoken

CHART_WIDTH, CHART_HEIGHT = 160, 32
_CHART_MARGIN = 3

# The source that counts a metric, where others only pass it on.
_PLACE_OF_METRIC = {"stars": "github"}

Reading = tuple[datetime, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One paper of a list; `reason` says why it trends, or is empty."""

    id: PaperId
    card: CardFacts
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How one signal of a paper went: (time, value) in order, and the same as SVG points."""

    name: str
    readings: tuple[Reading, ...]
    points: tuple[tuple[float, float], ...]


def entries(papers: Iterable[Paper], reasons: Mapping[PaperId, str] | None = None) -> list[Entry]:
    """In the order given."""
    reasons, wording = reasons or {}, spoken()
    return [
        Entry(
            id=paper.id,
            card=card_facts(paper, wording=wording),
            reason=why(reasons.get(paper.id, ""), wording).line,
        )
        for paper in papers
    ]


def edition_entries(conn: sa.Connection, edition: Edition, limit: int) -> list[Entry]:
    """The papers of an edition that trend most, best first."""
    top = editions.top(conn, edition.id, limit)
    papers = library.by_ids(conn, [candidate.paper_id for candidate in top])
    return entries(papers, {candidate.paper_id: candidate.trend_reason for candidate in top})


def courses(paper: Paper) -> list[Course]:
    """One for each source and metric, in alphabetical order of their names; of what is counted
    elsewhere than where it is told, that place's own where there is one."""
    series = browse.series(paper)
    found = [
        Course(name=_signal_name(*key), readings=tuple(readings), points=drawn(readings))
        for key, readings in series.items()
        if not _is_repeated(*key, series)
    ]
    return sorted(found, key=lambda course: course.name)


def _is_repeated(source: str, metric: str, series: Collection[tuple[str, str]]) -> bool:
    """Whether a source only passes on what the place where it is counted tells itself."""
    place = _PLACE_OF_METRIC.get(metric, source)
    return place != source and (place, metric) in series


def _signal_name(source: str, metric: str) -> str:
    """Upvotes on Hugging Face."""
    place = " ".join(source_names([_PLACE_OF_METRIC.get(metric, source)]))
    wording = spoken()
    name = wording.gettext(metric.replace("_", " ").capitalize())
    if not place:
        return name
    return wording.gettext("%(what)s on %(place)s") % {"what": name, "place": place}


def drawn(readings: Sequence[Reading]) -> tuple[tuple[float, float], ...]:
    """The readings as points (x, y) of a drawing: time to the right, value upwards from zero."""
    begin, end = readings[0][0], readings[-1][0]
    span_s = (end - begin).total_seconds() or 1.0
    top = max(value for _, value in readings) or 1.0
    width, height = CHART_WIDTH - 2 * _CHART_MARGIN, CHART_HEIGHT - 2 * _CHART_MARGIN
    return tuple(
        (
            round(_CHART_MARGIN + width * (at - begin).total_seconds() / span_s, 1),
            round(_CHART_MARGIN + height * (1 - max(value, 0.0) / top), 1),
        )
        for at, value in readings
    )
