"""Moments on file, each with papers and their readings before it: what a trend is measured on.

One JSON object a line: {"at", "papers": [{"id", "listed_at", "readings": [[time, metric, count],
…]}]}, times in ISO 8601 with their zone. Anything else in it is not looked at, least of all what
happened after the moment.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from digest.core.errors import InvalidInput
from digest.core.identifiers import PaperId
from digest.core.papers import Signal
from digest.ranking.trending import TrendPaper, trends

# Such files are made from the readings of this source, and its curves are used.
SOURCE = "huggingface"
_MOST_COUNTED = 1e12


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """`at` as it stands in the file and as time; the papers as they are named there."""

    name: str
    at: datetime
    papers: tuple[tuple[str, TrendPaper], ...]


def read_moments(lines: Iterable[tuple[str, str]]) -> Iterator[Moment]:
    """The moments in the order of the lines, each of which comes with its place. Raises
    `InvalidInput`, with the place, at the first line that is not of this form."""
    for place, line in lines:
        try:
            yield moment_of(json.loads(line))
        except InvalidInput as error:
            raise InvalidInput(f"{place}: {error}") from None
        except RecursionError:
            raise InvalidInput(f"{place}: not JSON: nested too deeply") from None
        except json.JSONDecodeError as error:
            why = f"{error.msg} at column {error.colno}"
            raise InvalidInput(f"{place}: not JSON: {why}") from None
        except ValueError as error:
            raise InvalidInput(f"{place}: not JSON: {error}") from None


def scores(moment: Moment) -> dict[str, float]:
    """The trend score of each paper among those of this moment, as the product gives it."""
    found = trends([paper for _, paper in moment.papers], now=moment.at)
    return {name: found[paper.paper_id].score for name, paper in moment.papers}


def moment_of(row: object) -> Moment:
    """The moment that such an object tells of. Raises `InvalidInput`."""
    name, papers = _value(row, "at"), _value(row, "papers")
    at = _time(name, '"at"')
    if not isinstance(papers, list):
        raise InvalidInput('"papers" is not a list')
    named = [(_name(_value(one, "id")), one) for one in papers]
    if len({name for name, _ in named}) < len(named):
        raise InvalidInput("two papers have the same id")
    return Moment(
        name=str(name),
        at=at,
        papers=tuple(
            (name, _paper(PaperId(place), name, one)) for place, (name, one) in enumerate(named)
        ),
    )


def _paper(paper_id: PaperId, name: str, row: object) -> TrendPaper:
    listed_at = _time(_value(row, "listed_at"), f'paper {name}: "listed_at"')
    readings = _value(row, "readings")
    if not isinstance(readings, list):
        raise InvalidInput(f'paper {name}: "readings" is not a list')
    return TrendPaper(
        paper_id=paper_id,
        appeared_at=listed_at,
        signals=tuple(_signal(name, reading) for reading in readings),
        listed_at={SOURCE: listed_at},
    )


def _signal(name: str, reading: object) -> Signal:
    match reading:
        case [at, str() as metric, int() | float() as count] if (
            not isinstance(count, bool) and 0 <= count <= _MOST_COUNTED
        ):
            moment = _time(at, f"paper {name}: the time of a reading")
            return Signal(source=SOURCE, metric=metric, at=moment, value=float(count))
    raise InvalidInput(f"paper {name}: a reading is not [time, metric, count]")


def _value(row: object, key: str) -> object:
    if not isinstance(row, dict):
        raise InvalidInput("not a JSON object where one belongs")
    if key not in row:
        raise InvalidInput(f'"{key}" is missing')
    return row[key]


def _name(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidInput('an "id" is not a text')
    return value


def _time(value: object, what: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        if moment is not None and moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):  # the first hours of the year 1 have no time in UTC
        pass
    raise InvalidInput(f"{what} is not a time with its zone")
